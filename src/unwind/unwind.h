/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_UNWIND_H
#define PYRO_UNWIND_UNWIND_H

#include "base/limits.h"
#include "unwind/modules.h"
#include "unwind/registers.h"
#include "unwind/stack_memory.h"

/** How a frame was found, the surest way first. */
enum pyro_frame_source {
	PYRO_FRAME_REGISTERS, /**< the thread's own registers: the leaf */
	PYRO_FRAME_TABLE,     /**< by its callee's unwind table */
	PYRO_FRAME_CODE,      /**< its callee has none, but its code says how it returns */
	PYRO_FRAME_POINTER,   /**< by the frame pointer, which its callee may not have kept */
	PYRO_FRAME_GUESS,     /**< the nearest word on the stack that a call left there: may be
				   wrong, and what is rootward of it too */
	PYRO_FRAME_SOURCES
};

/** One frame of machine code. */
struct pyro_native_frame {
	uint64_t pc;     /**< where it goes on: of all but the leaf and what a signal interrupted it
			      is the address that the call returns to */
	uint64_t addr;   /**< for names: within the instruction that runs, without the load bias of
			      `module`, whose file's addresses are meant; of code in no file as it is
			  */
	uint64_t sp;     /**< while it waits for its callee */
	uint64_t cfa;    /**< sp before it was called; 0 if unknown */
	uint32_t module; /**< for pyro_modules_get */
	uint8_t kind;    /**< enum pyro_code_kind */
	uint8_t source;  /**< enum pyro_frame_source */
	bool returns;    /**< pc is a return address */
	bool signal;     /**< the kernel made it to deliver a signal; its caller was interrupted */
};

/** Where in memory the instruction is that runs, or that made the call. */
static inline uint64_t pyro_native_frame_at(const struct pyro_native_frame *frame)
{
	return frame->pc - (frame->returns ? 1 : 0);
}

/** Why a stack has no more frames. All but the first say that its root side is missing. */
#define PYRO_STACK_END_MAP(X)                                                                      \
	X(COMPLETE, "complete", "the outermost frame was reached")                                 \
	X(NO_CODE, "no-code", "the return address leads to no code")                               \
	X(NO_RULE, "no-rule", "no table, frame pointer or code tells who called")                  \
	X(BAD_TABLE, "bad-table", "the unwind table makes no sense")                               \
	X(UNKNOWN, "unknown-register", "a register is needed that is not known")                   \
	X(UNREADABLE, "unreadable", "the stack's memory is not there")                             \
	X(NO_PROGRESS, "no-progress", "the caller's frame would not lie above")                    \
	X(TOO_DEEP, "too-deep", "more frames than are kept")

enum pyro_stack_end {
#define PYRO_STACK_END_ENUM(suffix, name, text) PYRO_STACK_END_##suffix,
	PYRO_STACK_END_MAP(PYRO_STACK_END_ENUM)
#undef PYRO_STACK_END_ENUM
};

/** Short names for JSON and counters, and what an end means in words. Static storage. */
const char *pyro_stack_end_name(enum pyro_stack_end end);
const char *pyro_stack_end_text(enum pyro_stack_end end);
const char *pyro_frame_source_name(enum pyro_frame_source source);

/** A stack, leaf first. Allocated once by the caller (it is large) and used again and again. */
struct pyro_native_stack {
	struct pyro_native_frame frames[PYRO_MAX_STACK_DEPTH];
	size_t count;
	enum pyro_stack_end end;
	uint64_t end_pc; /**< the pc that could not be gone on from */
};

struct pyro_unwind_counts {
	uint64_t stacks;
	uint64_t frames;
	uint64_t looked_up; /**< addresses met for the first time */
	uint64_t refreshes;
};

/** Unwinds the stacks of one process. In steady state it allocates nothing and reads nothing but
 *  stacks: what the tables say of an address is kept. Not thread-safe. */
struct pyro_unwinder;

/** For a process of the own machine's kind. The reader of @space reads what objects are in memory
 * alone, and code that is in no object. Errors: UNSUPPORTED (this machine), GONE, PERM, IO, NOMEM.
 */
enum pyro_rc pyro_unwinder_create(const struct pyro_space *space,
				  struct pyro_unwinder **ret_unwinder,
				  struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_unwinder_destroy(struct pyro_unwinder *unwinder);
struct pyro_modules *pyro_unwinder_modules(struct pyro_unwinder *unwinder);
const struct pyro_machine *pyro_unwinder_machine(const struct pyro_unwinder *unwinder);

/** The stack of a thread with @registers, as it is in @memory, whose reader may be NULL. Consistent
 *  only if the thread stood still while these were taken, and while the reader reads. Never fails:
 * a stack always has its leaf, unless the pc lies in no code, and a reason for its end. */
void pyro_unwinder_unwind(struct pyro_unwinder *unwinder, const struct pyro_registers *registers,
			  struct pyro_stack_memory *memory, struct pyro_native_stack *stack);
/** True if stacks led to code that was not there when the mappings were last read: refresh, at a
 *  moment that costs nobody time. What is in no mapping then either asks ever more seldom. */
bool pyro_unwinder_is_stale(const struct pyro_unwinder *unwinder);
/** Reads the mappings again. After an exec of the target, destroy and create instead. Errors: GONE,
 *  PERM, IO, NOMEM, LIMIT. */
enum pyro_rc pyro_unwinder_refresh(struct pyro_unwinder *unwinder) PYRO_NODISCARD;

/** What kind of code is at the absolute address @pc. NATIVE if there is none. */
enum pyro_code_kind pyro_unwinder_kind(struct pyro_unwinder *unwinder, uint64_t pc);

void pyro_unwinder_counts(const struct pyro_unwinder *unwinder,
			  struct pyro_unwind_counts *ret_counts);

#endif
