/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_MESSAGES_H
#define PYRO_TESTS_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "sample/message.h"
#include "sample/queue.h"

/* Takes what the sampler says, as the recorder does, and checks its promises on the way: everything
 * is announced before it is used, once, and nothing comes after the end. */

#define MESSAGES_PROCESSES 16
#define MESSAGES_THREADS   64
#define MESSAGES_CODES     4096
#define MESSAGES_STACKS    4096
#define MESSAGES_DEPTH     64
#define MESSAGES_OBJECTS   4096
#define MESSAGES_TASKS     64
#define MESSAGES_ALIVE     128

struct messages_stack {
	bool known;
	uint32_t count;
	struct pyro_message_frame frames[MESSAGES_DEPTH]; /**< the leaf's side */
	uint64_t wall_ns;
	uint64_t cpu_ns;
};

struct messages_object {
	bool known;
	uint8_t reason;
	uint32_t thread;
	uint32_t stack;
	char kind[16];
	char name[64];
};

struct messages_task {
	bool known;
	char name[64];
	uint32_t code;
	uint64_t ran_ns;
	uint64_t suspended_ns;
	uint64_t joined_ns; /**< of what it ran: with those that await it */
	uint32_t stack;     /**< where it was suspended last */
	uint32_t began;
	uint8_t wait;
};

/** One task, as last told. */
struct messages_alive {
	bool lives;
	char name[64];
	uint32_t task; /**< the group */
	uint32_t stack;
	uint8_t state;
	uint8_t wait;
	bool before;
	uint64_t began_ns;
	uint64_t since_ns;
	uint64_t seen_ns;
	uint64_t cpu_ns;
	uint64_t ready_ns;
	unsigned told; /**< times */
};

struct messages_process {
	bool known;
	bool ended;
	int pid;
	int parent;
	uint64_t start_ns;
	uint64_t end_ns;
	char command[256];
	char version[64];
	char *codes[MESSAGES_CODES]; /**< names, NULL: not announced */
	struct messages_stack stacks[MESSAGES_STACKS];
	struct messages_object objects[MESSAGES_OBJECTS];
	struct messages_task tasks[MESSAGES_TASKS];
	struct messages_alive alive[MESSAGES_ALIVE]; /**< by number */
	unsigned gone;                               /**< tasks that ended */
	uint64_t tasks_at_ns, tasks_sure_ns, tasks_unseen;
};

struct messages_thread {
	bool known;
	bool ended;
	uint32_t process;
	int tid;
	bool main;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t wall_ns; /**< sum of its samples */
	uint64_t cpu_ns;
	uint64_t run_ns;
	uint64_t looks;
	uint64_t reasons[PYRO_SAMPLE_REASONS]; /**< of these */
	char name[64];
};

struct messages {
	struct pyro_queue *queue;
	struct messages_process *processes;
	size_t process_count;
	struct messages_thread threads[MESSAGES_THREADS];
	size_t thread_count;
	uint64_t looks[PYRO_SAMPLE_PROOFS];
	uint64_t taken;
};

/** @size: of the queue. */
void messages_init(struct messages *messages, size_t size);
void messages_deinit(struct messages *messages);
/** Takes all that waits; fails the test if a promise is broken. */
void messages_drain(struct messages *messages);
/* Whether the process was announced. */
bool messages_has_process(const struct messages *messages, int pid);
/** The number of the process with that pid; fails the test if there is none. */
uint32_t messages_process(const struct messages *messages, int pid);
/** The main thread of that process; fails the test if there is none. */
struct messages_thread *messages_main_thread(struct messages *messages, uint32_t process);
/** The task of that name, or without one, whose coroutine is @code; fails the test if there is
 * none. */
const struct messages_task *messages_task(const struct messages *messages, uint32_t process,
					  const char *name, const char *code);
/** The task of that name that lives; fails the test if there is none. */
const struct messages_alive *messages_alive(const struct messages *messages, uint32_t process,
					    const char *name);
/** Wall and processor time of the stacks of @process with function @name on them. */
uint64_t messages_wall(const struct messages *messages, uint32_t process, const char *name);
uint64_t messages_cpu(const struct messages *messages, uint32_t process, const char *name);

#endif
