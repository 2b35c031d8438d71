/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_INTERRUPT_INSIDE_H
#define PYRO_TARGET_INTERRUPT_INSIDE_H

/* What the files of reading by interrupt share: interrupt.c (at once, and the reader),
 * interrupt_timer.c (by the clock), interrupt_load.c (the program in the kernel). */

#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/interrupt.h"
#include "target/interrupt_area.h"

/** Code of the kernel: [start, end). */
struct pyro_interrupt_code {
	uint64_t start;
	uint64_t end;
};

/* Ways for interrupts into the kernel. */
#define PYRO_INTERRUPT_ENTRIES 8

/** What is to be read, as a reader's follow has it. */
struct pyro_interrupt_wanted {
	const struct pyro_span *spans;
	size_t span_count;
	const struct pyro_trail *trails;
	size_t trail_count;
	bool registers;        /**< of the thread */
	uint32_t stack_pages;  /**< of its stack, with them */
	uint32_t kernel_bytes; /**< with them as well, of where the kernel was */
	uint64_t entry;        /**< as struct pyro_interrupt has it */
};

/* What the kernel keeps of a thread's registers: the words of struct pt_regs, and which of them are
 * the stack pointer and the number of the system call (its low half), negative where it did not
 * come by one. */
#if defined(__x86_64__)
#define PYRO_REGISTER_WORDS 21
#define PYRO_REGISTER_SP    19
#define PYRO_REGISTER_CALL  15
#elif defined(__aarch64__)
#define PYRO_REGISTER_WORDS 36
#define PYRO_REGISTER_SP    31
#define PYRO_REGISTER_CALL  35
#else
#define PYRO_REGISTER_WORDS 0
#define PYRO_REGISTER_SP    0
#define PYRO_REGISTER_CALL  0
#endif

/** A program that has been given to the kernel, and the memory shared with it. */
struct pyro_interrupt_kernel {
	struct pyro_interrupt_area *area; /**< NULL: there is none */
	int map_fd;
	int fd;
	bool native; /**< it can have registers and stack */
};

enum pyro_interrupt_aim {
	PYRO_INTERRUPT_AT_REST,
	PYRO_INTERRUPT_AT_ONCE, /**< the next follow interrupts */
	PYRO_INTERRUPT_ORDERS,  /**< ... says what the timer is to read */
	PYRO_INTERRUPT_KEPT,    /**< ... takes what the timer has read */
};

enum pyro_interrupt_timer_state {
	PYRO_INTERRUPT_TIMER_UNKNOWN, /**< not prepared yet */
	PYRO_INTERRUPT_TIMER_READY,
	PYRO_INTERRUPT_TIMER_REFUSED,
};

struct pyro_interrupt {
	enum pyro_interrupt_aim aim;
	int cpu;
	int tid;
	bool hit;
	bool registers; /**< that reads bring with them */
	uint32_t stack_pages;
	bool kernel;    /**< ... where the kernel was */
	uint64_t entry; /**< what an interrupt of ours leaves in a slot's `entry`; 0: not known */
	struct pyro_interrupt_code entries[PYRO_INTERRUPT_ENTRIES];
	size_t entry_count;
	const struct pyro_interrupt_slot *served; /**< by the last follow; NULL: none */
	bool kept;                                /**< aimed at the oldest slot of the timer */
	uint64_t held_ns;
	struct pyro_interrupt_kernel once;
	struct pyro_interrupt_kernel timed;
	_Atomic enum pyro_interrupt_timer_state timer_state;
	pthread_mutex_t lock; /**< for the two below, which a pause uses */
	int event_fd;         /**< -1: no timer runs */
	bool paused;
	uint64_t around_ns; /**< what an interrupt of the timer takes beside the program */
};

static inline int pyro_bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/** Whether its registers say that the thread was in a system call. */
static inline bool pyro_interrupt_in_call(const struct pyro_interrupt_slot *slot)
{
	return (int32_t)slot->registers[PYRO_REGISTER_CALL] >= 0;
}

/** Runs the program on @cpu, when nothing is kept. False if the kernel does not do that. */
bool pyro_interrupt_once(struct pyro_interrupt *interrupt, int cpu);
/** interrupt_entry.c: finds out the entry, in less than a millisecond where another processor is
 *  free for that. */
void pyro_interrupt_find_entry(struct pyro_interrupt *interrupt);

/** Gives the kernel the program as one of @type, which has registers if @native and the kernel do.
 *  False, with errno, where it does not take it. */
bool pyro_interrupt_kernel_load(struct pyro_interrupt_kernel *kernel, enum bpf_prog_type type,
				bool native);
void pyro_interrupt_kernel_unload(struct pyro_interrupt_kernel *kernel);

/** Says what is to be read of thread @tid; of the spans, as many as there is room for. Not while
 *  the program can run. */
void pyro_interrupt_request(struct pyro_interrupt_area *area, int tid,
			    const struct pyro_interrupt_wanted *wanted);
/** Whether @wanted is what was said last. */
bool pyro_interrupt_requested(struct pyro_interrupt_area *area,
			      const struct pyro_interrupt_wanted *wanted);
/** Hands out what the oldest slot has of it. Errors as the reader's follow. */
enum pyro_rc pyro_interrupt_serve(const struct pyro_interrupt_area *area,
				  const struct pyro_interrupt_wanted *wanted, size_t *ret_done,
				  pyro_reader_found *found, void *context);
static inline const struct pyro_interrupt_slot *
pyro_interrupt_oldest(const struct pyro_interrupt_area *area)
{
	return &area->slots[area->tail % PYRO_INTERRUPT_SLOTS];
}
/** Slots that are filled and not done with. */
static inline uint64_t pyro_interrupt_filled(const struct pyro_interrupt_area *area)
{
	return __atomic_load_n(&area->head, __ATOMIC_ACQUIRE) - area->tail;
}

/** interrupt_timer.c: the reader's follow, with such an @aim. */
enum pyro_rc pyro_interrupt_timer_follow(struct pyro_interrupt *interrupt,
					 enum pyro_interrupt_aim aim,
					 const struct pyro_interrupt_wanted *wanted,
					 size_t *ret_done, pyro_reader_found *found, void *context);

#endif
