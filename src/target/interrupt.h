/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_INTERRUPT_H
#define PYRO_TARGET_INTERRUPT_H

#include "target/kernel.h"
#include "target/reader.h"

/** Reads the memory of a thread that runs, while the kernel interrupts its processor for that: the
 *  thread stands still, for as long as a read takes, and nobody is switched to. A small program
 *  does it in the kernel and follows pointers there (interrupt.bpf.c). Not thread-safe. */
struct pyro_interrupt;

/** Loads the program and tries it. @registers: false to do without those of threads, as where the
 *  kernel does not describe its own types. Errors: PERM (takes root, or CAP_BPF with CAP_PERFMON),
 *  UNSUPPORTED (the kernel is older than 5.17 or was built without), NOMEM. */
enum pyro_rc pyro_interrupt_create(bool registers, struct pyro_interrupt **ret_interrupt,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. Readers made with it must be gone. */
void pyro_interrupt_destroy(struct pyro_interrupt *interrupt);

/** A reader that follows trails by @interrupt while that is aimed, and reads by @reader, which it
 *  takes over. Errors: NOMEM, and @reader is destroyed. */
enum pyro_rc pyro_interrupt_reader_create(struct pyro_interrupt *interrupt,
					  struct pyro_reader *reader,
					  struct pyro_reader **ret_reader) PYRO_NODISCARD;

/** Until it is lowered, readers made of @interrupt for the process of thread @tid can follow: once,
 *  interrupting that thread on processor @cpu, which must not be the caller's. */
void pyro_interrupt_aim(struct pyro_interrupt *interrupt, int cpu, int tid);
/** Ends that. False if the thread did not run there, so that nothing was read. *ret_held_ns: for
 *  how long it stood still. When it began to is not to be had; half of the time until the program
 *  ran counts. */
bool pyro_interrupt_lower(struct pyro_interrupt *interrupt, uint64_t *ret_held_ns);

/** What a read brought of the thread beside memory. */
struct pyro_interrupt_native {
	const uint64_t *words; /**< its registers, as in the kernel's struct pt_regs: those with
				  which it came into the kernel, by a system call or interrupted */
	size_t word_count;
	bool in_kernel;      /**< it was in a system call, a fault, or an interrupt by others */
	uint64_t stack_addr; /**< the stack pointer */
	const uint8_t *stack;
	size_t stack_size;
	const uint64_t *kernel; /**< addresses in the kernel, for pyro_kernel_at: what it did when
				     it was interrupted, and nothing of the interrupt itself */
	size_t kernel_count;    /**< 0: it was interrupted outside, or that is not known */
};
/** Has reads bring that as well from now on, with as much of the stack as is there and no more than
 *  about @stack_size bytes (at most 32 KiB). Not while the timer runs. False if this kernel does
 * not give registers. */
bool pyro_interrupt_want_native(struct pyro_interrupt *interrupt, size_t stack_size);
/** Has them bring what the kernel was doing as well, from now on. Not while the timer runs; after
 *  pyro_kernel_load of @kernel, which is not kept. */
void pyro_interrupt_want_kernel(struct pyro_interrupt *interrupt, const struct pyro_kernel *kernel);
/** After a follow, until it is lowered: what came with it. False if nothing did. */
bool pyro_interrupt_native(const struct pyro_interrupt *interrupt,
			   struct pyro_interrupt_native *ret_native);

/** The same by the clock: while a thread runs, the kernel interrupts it ever so often by itself and
 *  keeps what it reads, up to 16 moments of it. So nobody need wake up for each. This makes it
 *  ready, once, which takes some milliseconds and may be done beside everything else. */
void pyro_interrupt_timer_prepare(struct pyro_interrupt *interrupt);
/** The next follow of a reader made of @interrupt says what is to be read, and returns TORN. Not
 *  while the timer runs. Errors: NOTREADY (not prepared), UNSUPPORTED (the kernel refused). */
enum pyro_rc pyro_interrupt_timer_order(struct pyro_interrupt *interrupt) PYRO_NODISCARD;
/** Begins, after an order: every @period_ns of the processor time of thread @tid. Errors: GONE,
 * PERM, IO. */
enum pyro_rc pyro_interrupt_timer_start(struct pyro_interrupt *interrupt, int tid,
					uint64_t period_ns) PYRO_NODISCARD;
/** Goes on by another period, which begins now. */
void pyro_interrupt_timer_pace(struct pyro_interrupt *interrupt, uint64_t period_ns);
/** Ends; what is kept stays. */
void pyro_interrupt_timer_stop(struct pyro_interrupt *interrupt);
/** After an order. The next follow takes what was read at *ret_at_ns, the oldest that is kept; what
 * it wants must be what was ordered, else it returns TORN. False if nothing is kept.
 * pyro_interrupt_lower ends it, and that is no longer kept. */
bool pyro_interrupt_timer_aim(struct pyro_interrupt *interrupt, uint64_t *ret_at_ns);
/** After an order: moments since the timer began for which there was no room. */
uint64_t pyro_interrupt_timer_dropped(const struct pyro_interrupt *interrupt);
/** Holds the timer, as long as its user is stopped. From any thread. */
void pyro_interrupt_timer_pause(struct pyro_interrupt *interrupt, bool pause);

#endif
