/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_INTERRUPT_H
#define PYRO_TARGET_INTERRUPT_H

#include "target/reader.h"

/** Reads the memory of a thread that runs, while the kernel interrupts its processor for that: the
 *  thread stands still, for as long as a read takes, and nobody is switched to. A small program
 *  does it in the kernel (interrupt.bpf.c). Not thread-safe. */
struct pyro_interrupt;

/** What became of the reads since pyro_interrupt_aim. */
enum pyro_interrupt_result {
	PYRO_INTERRUPT_WHOLE,  /**< all that was read is of one moment in which the thread stood */
	PYRO_INTERRUPT_MISSED, /**< it did not run there; nothing was read */
	PYRO_INTERRUPT_SHORT,  /**< more was asked for afterwards, and read as it was by then */
};

/** Loads the program and tries it. Errors: PERM (takes root, or CAP_BPF with CAP_PERFMON),
 *  UNSUPPORTED (the kernel is older than 5.10 or was built without), NOMEM. */
enum pyro_rc pyro_interrupt_create(struct pyro_interrupt **ret_interrupt,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. Readers made with it must be gone. */
void pyro_interrupt_destroy(struct pyro_interrupt *interrupt);

/** A reader that reads by @interrupt what that is aimed at, and all else by @reader, which it takes
 *  over. Errors: NOMEM, and @reader is destroyed. */
enum pyro_rc pyro_interrupt_reader_create(struct pyro_interrupt *interrupt,
					  struct pyro_reader *reader,
					  struct pyro_reader **ret_reader) PYRO_NODISCARD;

/** The next call of a reader, made of @interrupt for the process of thread @tid, interrupts that
 *  thread on processor @cpu, which must not be the caller's. What later calls want is taken from
 *  what that one brought, where it is there. */
void pyro_interrupt_aim(struct pyro_interrupt *interrupt, int cpu, int tid);
/** Ends that. *ret_held_ns: for how long the thread stood still, if it did. When it began to is not
 *  to be had; half of the time until the program ran counts. */
enum pyro_interrupt_result pyro_interrupt_lower(struct pyro_interrupt *interrupt,
						uint64_t *ret_held_ns);

#endif
