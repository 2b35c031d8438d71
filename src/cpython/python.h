/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_PYTHON_H
#define PYRO_CPYTHON_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/limits.h"
#include "target/reader.h"

/** Where an interpreter lies in a process and which it is: all the decoder needs to start. Found
 *  by cpython/locate.h in a live process; stored in an image; inherited across fork. */
struct pyro_python_origin {
	uint64_t runtime_addr; /**< address of _PyRuntime in the target */
	uint32_t version;      /**< PY_VERSION_HEX, e.g. 0x030b07f0 */
	bool free_threaded;
	char version_text[64]; /**< e.g. "3.11.7" or "3.15.0b1" */
};

/** The GIL of one interpreter (shared by all before 3.12), as read in one look. `last_holder` keeps
 *  naming the thread that let go of it until another takes it; `switch_number` counts changes of
 *  holder. So while both stay the same, no thread other than `last_holder` has run Python code. */
struct pyro_gil {
	uint64_t addr;        /**< of the struct in the target */
	uint64_t last_holder; /**< thread state address, 0 if never held */
	uint64_t switch_number;
	bool locked;
	uint64_t wait_low;  /**< a thread in futex(2) on an address in [wait_low, wait_high) */
	uint64_t wait_high; /**< waits for this GIL; both 0 if unknown */
};

/** A state that a thread has in an interpreter. In a process with one interpreter that is a thread.
 *  Else a thread has several, and may be in several interpreters at a time, one entered from
 * another: one of its states stands for it, its host. */
struct pyro_thread {
	uint64_t addr;      /**< of the PyThreadState in the target */
	uint64_t interp;    /**< of its PyInterpreterState */
	uint32_t gil;       /**< index into pyro_look.gils */
	uint32_t interp_id; /**< 0 is the main interpreter */
	uint64_t pthread;   /**< thread_id: the pthread_t */
	uint64_t native_id; /**< kernel thread id in the target's pid namespace; before 3.11 found
			       by way of the pthread_t; 0 if unknown */
	uint64_t top;  /**< current frame (3.8 to 3.10, 3.13+) or cframe (3.11, 3.12); 0: none */
	size_t host;   /**< the state that stands for its thread: a place in the look, its own if
			    that is this one. The oldest, of the outermost interpreter */
	bool main;     /**< the main thread of its interpreter */
	bool attached; /**< free-threaded builds: runs Python code now; else: holds its GIL */
};

/** One look at who is there. Arrays belong to the pyro_python and live until the next look. */
struct pyro_look {
	const struct pyro_thread *threads;
	size_t thread_count;
	const struct pyro_gil *gils;
	size_t gil_count;
	bool collecting; /**< the main interpreter is collecting garbage */
	bool finalizing;
	bool nested;  /**< there are or were several interpreters, which threads go into and come
			 out of between looks */
	bool changed; /**< the set of threads is not that of the look before */
	uint64_t generation; /**< counts such changes */
};

struct pyro_raw_frame {
	uint32_t code;   /**< id for pyro_python_code */
	uint32_t offset; /**< byte offset of the current instruction in the code; UINT32_MAX:
			    unknown */
	int32_t line; /**< filled by pyro_python_stack_lines; 0 before, and where there is none */
};

/** A stack, leaf first. Allocated once by the caller (it is large) and used again and again. */
struct pyro_raw_stack {
	struct pyro_raw_frame frames[PYRO_MAX_STACK_DEPTH];
	/** The frame was called by C code: with it, one activation of the interpreter's loop began,
	 *  that runs all frames from it leafward to the next such. */
	bool entries[PYRO_MAX_STACK_DEPTH];
	size_t count;
	bool truncated; /**< the root side is missing: deeper than PYRO_MAX_STACK_DEPTH */
	bool partial;   /**< a frame could not be read or was being set up; the rest is there */
};

/** A code object, copied. Lives until the pyro_python is destroyed. Text is UTF-8, NUL-terminated,
 *  never NULL, as the target has it (escape before showing). */
struct pyro_code {
	const char *name;
	const char *qualname; /**< equals name before 3.11 */
	const char *file;
	int32_t first_line;
	bool coroutine; /**< of an async def, or of a generator that is used as one */
};

struct pyro_python_counts {
	uint64_t reads; /**< readv calls */
	uint64_t bytes;
	uint64_t faults;       /**< reads that failed */
	uint64_t codes;        /**< code objects decoded */
	uint64_t codes_reused; /**< addresses found to hold another code object than before */
};

/** The decoder of one interpreter process. Not thread-safe. Allocates in the sampling loop only for
 *  threads and code objects it meets for the first time. */
struct pyro_python;

/** @reader is borrowed and must outlive the result. Validates the offsets once. Errors:
 *  UNSUPPORTED (the message names the version and those supported), NOTREADY (runtime not
 *  initialised yet: try again), FORMAT (offsets make no sense), FAULT, GONE, PERM. */
enum pyro_rc pyro_python_create(struct pyro_reader *reader, const struct pyro_python_origin *origin,
				struct pyro_python **ret_python,
				struct pyro_err *err) PYRO_NODISCARD;
void pyro_python_destroy(struct pyro_python *python);
const struct pyro_python_origin *pyro_python_origin(const struct pyro_python *python);
/** Borrowed. */
struct pyro_reader *pyro_python_reader(const struct pyro_python *python);

/** Reads the GILs and every thread state, by one batched read when the set of threads is that of
 *  the last look. Errors: TORN (the list changed while walked: look again), FAULT, GONE, PERM. */
enum pyro_rc pyro_python_look(struct pyro_python *python,
			      const struct pyro_look **ret_look) PYRO_NODISCARD;
/** Reads GIL @gil of the last look once more: the "after" of a proof. */
enum pyro_rc pyro_python_gil(struct pyro_python *python, uint32_t gil,
			     struct pyro_gil *ret_gil) PYRO_NODISCARD;
/** Reads thread @thread of the last look, which is a host, and its GIL afresh: what a sampler does
 *  first inside a freeze. What its stack is likely to need comes with the same read, for a
 *  pyro_python_stack that follows at once; with a reader that can follow trails it is all of it, of
 *  the same moment. Of a thread that is in several interpreters, `gil`, `interp_id` and `attached`,
 *  and *ret_gil, are of the innermost. Errors: TORN when the memory is no longer that thread, SHORT
 *  (the trails did not bring what tells in which interpreters it is). */
enum pyro_rc pyro_python_thread(struct pyro_python *python, size_t thread, struct pyro_gil *ret_gil,
				struct pyro_thread *ret_thread) PYRO_NODISCARD;
/** Reads the stack of @thread as it stands, with every code object on it identified from the same
 *  moment (an address that now holds another code object is noticed). Right after
 *  pyro_python_thread it is the whole stack of that thread, through all interpreters that it is in;
 *  else what the state itself has of it. Consistent only if the caller proves that the thread stood
 *  still. Lines are not filled. Errors: as pyro_python_look, SHORT (the trails did not bring all of
 *  it). */
enum pyro_rc pyro_python_stack(struct pyro_python *python, const struct pyro_thread *thread,
			       struct pyro_raw_stack *stack) PYRO_NODISCARD;
/** Ends a pyro_python_stack: with @proved, code objects first seen in it are kept; without, they
 *  are read again next time, since they may be torn. */
void pyro_python_settle(struct pyro_python *python, bool proved);
/** Takes what seldom changes, once it was read in this @epoch, to be the same until that changes:
 *  code objects, the frame that C code first called from, and that a thread without company shares
 *  its GIL with nobody, so that *ret_gil of pyro_python_thread stays empty. 0, as it is at first:
 *  never. For samples that claim no proof. */
void pyro_python_trust(struct pyro_python *python, uint32_t epoch);
/** Fills the line of every frame, from copies; reads nothing from the target. */
void pyro_python_stack_lines(struct pyro_python *python, struct pyro_raw_stack *stack);
/** Whether the innermost frame of @stack, the last one that was read, is at an instruction that
 * calls a function: so what runs on top of it is that function, if it is no Python. Reads it where
 * it is now, which does not change. False where it cannot be read. */
bool pyro_python_leaf_calls(struct pyro_python *python, const struct pyro_raw_stack *stack);
/** Where frame @frame of the last stack that was read is in the target: it tells one activation of
 * a function from another. 0 if there is none. */
uint64_t pyro_python_frame_addr(const struct pyro_python *python, size_t frame);
/** NULL for an id that was never given out. */
const struct pyro_code *pyro_python_code(const struct pyro_python *python, uint32_t code);

/** The thread of the last look that the state at @addr is of, by the place of its host; SIZE_MAX:
 *  there is no such state. Of a state that any thread may enter, the one that was last seen in it.
 */
size_t pyro_python_thread_of(const struct pyro_python *python, uint64_t addr);
/** Whether thread @thread of the last look, a host, may be the one that the state at @addr is of:
 * so that who was last to hold the GIL is another thread only if it is not. */
bool pyro_python_may_be(const struct pyro_python *python, size_t thread, uint64_t addr);

/** Names that Python's threading module gave, by thread state of the last look: calls @each for
 *  every one found. Best effort, bounded, not for every sample. */
void pyro_python_thread_names(struct pyro_python *python,
			      void (*each)(void *context, uint64_t pthread, const char *name),
			      void *context);

void pyro_python_counts(const struct pyro_python *python, struct pyro_python_counts *ret_counts);

/** The versions read, for messages: "CPython 3.8 to 3.15". */
const char *pyro_python_supported(void);

#endif
