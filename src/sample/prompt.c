/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/prompt.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Wake-ups that are so late tell of processors that are all wanted. If one of eight is, those to
 * come take one. */
#define LATE_NS     300000
#define LATE_WEIGHT 8
#define LATE_MOST   16
#define CROWDED     64

/* A short slice, where the kernel knows it (6.12), and the highest priority, where we may. But the
 * ordinary class sees to fairness, until the next clock tick if need be. */
static void ask_for_turns(bool often)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = 48, .nice = -20, .runtime = 100000};

	if (often && syscall(SYS_sched_setattr, 0, &attr, 0) == 0)
		return;
	attr.nice = getpriority(PRIO_PROCESS, 0);
	/* An older kernel refuses the slice: its own wake-up rules must do. */
	(void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static bool ask_to_preempt(void)
{
	const struct sched_param lowest = {.sched_priority = 1};

	return sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

void pyro_prompt_init(struct pyro_prompt *prompt, bool preempts, bool often)
{
	const bool real_time = preempts && ask_to_preempt();

	*prompt = (struct pyro_prompt){.may_preempt = real_time, .preempts = real_time};
	if (!real_time)
		ask_for_turns(often);
}

/* Without priority we may be kept from any processor until whoever has it lets go of it: then looks
 * would be taken where that is, not anywhere. */
void pyro_prompt_woke(struct pyro_prompt *prompt, uint64_t late_ns)
{
	if (prompt->crowded)
		prompt->crowded--;
	else if (prompt->preempts)
		return;
	else if (late_ns > LATE_NS)
		prompt->late += LATE_WEIGHT;
	else if (prompt->late)
		prompt->late--;
	if (prompt->late > LATE_MOST) {
		prompt->late = 0;
		prompt->crowded = CROWDED;
	}
}

void pyro_prompt_set(struct pyro_prompt *prompt, bool preempts)
{
	preempts |= prompt->crowded > 0;
	if (!prompt->may_preempt || prompt->preempts == preempts)
		return;
	if (!preempts)
		ask_for_turns(true);
	prompt->preempts = preempts && ask_to_preempt();
}

int pyro_prompt_hurry(void)
{
	const int policy = sched_getscheduler(0);

	/* Who has such a priority already is left with it. */
	if (policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -1;
	return ask_to_preempt() ? policy : -1;
}

void pyro_prompt_relax(int policy)
{
	const struct sched_param none = {.sched_priority = 0};

	if (policy >= 0)
		(void)sched_setscheduler(0, policy, &none);
}
