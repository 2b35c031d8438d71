/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_INTAKE_TASKS_H
#define PYRO_RECORD_INTAKE_TASKS_H

#include "base/map.h"
#include "profile/alive.h"
#include "profile/profile.h"
#include "sample/message.h"

/** The tasks of one process on their way from the sampler's numbers to a profile. */
struct pyro_intake_tasks {
	struct pyro_map index;  /**< task number to group */
	struct pyro_map above;  /**< stack to what is rootward of the task on it, + 1; 0: nothing */
	struct pyro_map joined; /**< stack and those that await it to the logical stack */
};

void pyro_intake_tasks_init(struct pyro_intake_tasks *tasks);
void pyro_intake_tasks_deinit(struct pyro_intake_tasks *tasks);
/** Says that what is on @stack is a task but for @above, the event loop and all: PYRO_NONE for
 *  nothing. */
void pyro_intake_tasks_own(struct pyro_intake_tasks *tasks, uint32_t stack, uint32_t above);
/** Takes in PYRO_MESSAGE_TASK. Errors: as pyro_profile_task. */
enum pyro_rc pyro_intake_tasks_add(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
				   uint32_t number,
				   const struct pyro_task_group *group) PYRO_NODISCARD;
/** Takes in PYRO_MESSAGE_TASK_TIME of @stack, and of @prefix below it. Errors: as
 *  pyro_profile_task_add. */
enum pyro_rc pyro_intake_tasks_time(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
				    const struct pyro_message *message, uint32_t stack,
				    uint32_t prefix) PYRO_NODISCARD;

/** Takes in PYRO_MESSAGE_TASK_NOW of @process of the profile, with the task's stack and its name.
 *  @start_ns counts as 0. Errors: as pyro_profile_stack; NOMEM. */
enum pyro_rc pyro_intake_tasks_now(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
				   struct pyro_alive *alive, const struct pyro_message *message,
				   size_t name_size, uint32_t process, uint32_t stack,
				   uint64_t start_ns) PYRO_NODISCARD;

#endif
