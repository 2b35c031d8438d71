/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_SNAPSHOT_H
#define PYRO_SAMPLE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"
#include "target/interrupt.h"
#include "target/interrupt_area.h"
#include "target/kernel.h"
#include "target/reader.h"

/** What there is to know of a thread's registers. */
enum pyro_snapshot_kind {
	PYRO_SNAPSHOT_EMPTY, /**< nothing */
	PYRO_SNAPSHOT_AT,    /**< pc alone, and that only unless `in_kernel` */
	PYRO_SNAPSHOT_CALL,  /**< it waits in the kernel: stack pointer and pc alone */
	PYRO_SNAPSHOT_WHOLE  /**< all registers */
};

/** A thread's registers and its stack, at a moment at which it stood still: what it takes to unwind
 *  it afterwards. Allocated once by the caller (it is large). */
struct pyro_snapshot {
	enum pyro_snapshot_kind kind;
	bool in_kernel; /**< it was in a system call, or, unless it was stopped, in a
			     fault or an interrupt */
	uint64_t words[PYRO_INTERRUPT_WORDS]; /**< WHOLE: as in the kernel's struct pt_regs */
	size_t word_count;
	uint64_t pc;         /**< AT, CALL */
	uint64_t stack_addr; /**< the stack pointer */
	size_t stack_size;   /**< of `stack`, from there on; as much as there is */
	uint8_t stack[PYRO_INTERRUPT_STACK];
	struct pyro_reader *rest; /**< what is not in `stack` may be read still; NULL: it may not */
	struct pyro_kernel *kernel;      /**< knows what the kernel does; set by the caller; NULL:
					      that is not wanted */
	struct pyro_kernel_stack within; /**< what it does for the thread at that moment, as far as
					      it shows that; nothing outside */
};

/* Each empties @snapshot first, and leaves it so where it fails. The thread stands still. */

/** From what a read by interrupt brought. */
void pyro_snapshot_take_interrupted(struct pyro_snapshot *snapshot,
				    const struct pyro_interrupt *interrupt);
/** Of a thread that this one has stopped. */
void pyro_snapshot_take_stopped(struct pyro_snapshot *snapshot, int tid,
				struct pyro_reader *reader);
/** Of a thread in a core: @registers are @size bytes of its NT_PRSTATUS. Its stack stays there. */
void pyro_snapshot_take_stored(struct pyro_snapshot *snapshot, const void *registers, size_t size,
			       struct pyro_reader *reader);
/** Of a thread that waits in the kernel. */
void pyro_snapshot_take_waiting(struct pyro_snapshot *snapshot, int pid, int tid,
				struct pyro_reader *reader);

#endif
