/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_DECODER_H
#define PYRO_CPYTHON_DECODER_H

/* What the files of this room share and nobody else sees: the state behind struct pyro_python. */

#include "base/arena.h"
#include "base/map.h"
#include "cpython/codes.h"
#include "cpython/layout.h"
#include "cpython/python.h"
#include "cpython/window.h"

/** From this owner on a frame belongs to the interpreter, not to Python code; 3.12 on. */
#define PYRO_OWNER_SHIM 3
/** The bits of a frame's pointer to its code, a tagged _PyStackRef from 3.14 on, that are an
 *  address. */
#define PYRO_CODE_MASK (~(uint64_t)7)

/** An interpreter as last seen. */
struct pyro_interp {
	uint64_t addr;
	uint64_t next;
	uint64_t threads_head;
	uint32_t id;
	uint32_t gil;
};

/** What the next stack of a thread is likely to need: read at once, used if still true. */
struct pyro_hint {
	uint64_t chunk;    /**< the data stack chunk in use, as last read of the thread state */
	uint64_t data_top; /**< end of the newest frame on the data stack, read with `chunk` */
	uint64_t base;     /**< the frame below all others, or 0 */
	uint64_t bottom;   /**< the interpreter's own frame that the last stack ended at, or 0 */
	uint64_t high;     /**< end of the highest frame seen in it of late */
	uint64_t top;      /**< where the last stack began: struct pyro_thread */
	uint64_t cframe_below; /**< the last cframe below the top one */
	uint64_t *frames;      /**< addresses of frames outside the data stack, seen of late */
	uint8_t *ages;         /**< stacks since each was last seen */
	uint32_t frame_count;
	uint32_t frame_capacity;
	uint32_t codes[PYRO_HINT_CODES];    /**< slots of the code objects of the last stacks */
	uint8_t code_ages[PYRO_HINT_CODES]; /**< stacks since each was last seen */
	uint32_t code_count;
	uint64_t generation;   /**< code_object_generation in the last stack */
	bool generation_still; /**< it was the same in the stack before */
	uint32_t epoch;        /**< that of the last stack */
	uint64_t cframe; /**< the newest, as last read of the thread state; 0: there is none */
	size_t sibling;  /**< nested: another state of the same host; SIZE_MAX: no more */
	size_t caller;   /**< nested, to 3.9: the state that waits for code in this one */
	bool idle;       /**< nested: no frames, in the last look */
};

/** nest.c: a state that a thread is in. */
struct pyro_nest_state {
	struct pyro_thread state;
	uint64_t place; /**< where on the C stack the loop was last entered in it; 0: not known */
};

/** Where one thread is, as pyro_python_thread saw it. */
struct pyro_nest {
	struct pyro_nest_state states[PYRO_MAX_INTERPRETERS]; /**< those with frames, innermost
								 first */
	size_t count;
	bool mixed; /**< the outermost was entered again from an inner one: its frames are not all
		       below */
	size_t candidates[PYRO_MAX_INTERPRETERS]; /**< states that it may be in: places in the
						     look */
	size_t candidate_count;
};

/** Work space of pyro_python_stack. */
struct pyro_walk {
	uint64_t thread; /**< thread state, 0: nothing to learn from */
	/* Where frames lie, their code objects and what they execute: in the end those of the
	 * stack's frames come first, in its order. */
	uint64_t addrs[PYRO_MAX_STACK_DEPTH];
	uint64_t code_addrs[PYRO_MAX_STACK_DEPTH];
	uint64_t instrs[PYRO_MAX_STACK_DEPTH];
	int32_t tlbcs[PYRO_MAX_STACK_DEPTH];
	uint32_t slots[PYRO_MAX_STACK_DEPTH];
	bool entries[PYRO_MAX_STACK_DEPTH]; /**< called by C code */
	size_t first; /**< those of the state that is walked begin here; before are others' */
	size_t count;
	uint64_t outside[PYRO_MAX_STACK_DEPTH]; /**< frames that no data stack chunk holds */
	size_t outside_count;
	uint64_t chunk;      /**< the chunk that the walk is in */
	uint64_t chunk_size; /**< 0: its head was not read yet */
	uint64_t high;
	uint64_t generation;
	uint64_t bottom;       /**< as in the hint */
	uint64_t cframe_below; /**< the cframe that the newest one was put on; 0: none */
	uint64_t frame_below;  /**< its current frame: what the newest entry frame must lead to */
	bool entered;          /**< that was checked */
	uint64_t upper;  /**< the last frame on the data stack before the newest entry; 0: none */
	uint64_t lower;  /**< the first one behind it; 0: none */
	size_t lower_at; /**< where that is in `slots` */
	bool crossed;    /**< the newest entry was passed */
	bool truncated;
	bool partial;
	struct {
		uint64_t addr;
		uint32_t stamp;
	} seen[2 * PYRO_MAX_STACK_DEPTH]; /**< set of `outside`, for learning */
	uint32_t stamp;
};

struct pyro_python {
	struct pyro_reader *reader;
	struct pyro_python_origin origin;
	struct pyro_layout layout;
	struct pyro_window window;
	uint32_t thread_read; /**< bytes read of a thread state */
	uint32_t frame_read;
	uint32_t code_read;

	struct pyro_look look;
	struct pyro_thread *threads;
	struct pyro_hint *hints; /**< one for each of `threads` */
	size_t thread_capacity;
	struct pyro_interp interps[PYRO_MAX_INTERPRETERS];
	struct pyro_gil gils[PYRO_MAX_INTERPRETERS];
	size_t interp_count;
	struct pyro_map thread_index; /**< thread state address to index */
	uint32_t pthread_tid; /**< where struct pthread keeps the tid; PYRO_ABSENT: unknown */
	bool nested; /**< there are or were several interpreters; what follows is of them */
	struct pyro_map hosts;                     /**< thread, by what names it, to its host */
	size_t roamers[2 * PYRO_MAX_INTERPRETERS]; /**< states that any thread may enter */
	size_t roamer_count;
	struct pyro_nest nest;
	bool looked;
	bool moved; /**< in the last look a thread state had got another pthread_t */

	struct pyro_codes codes;
	struct pyro_walk walk;
	uint64_t ahead;       /**< the thread state whose stack was fetched with it; 0: none */
	uint32_t ahead_round; /**< of the window, by which that is over */
};

/** Bytes at which @offset of 8 bytes ends. */
static inline uint32_t pyro_end_of(uint32_t offset, uint32_t so_far)
{
	return offset != PYRO_ABSENT && offset + 8 > so_far ? offset + 8 : so_far;
}

/** opcodes.c: whether @opcode of 3.@minor calls a function. */
bool pyro_opcode_calls(uint32_t minor, uint8_t opcode);
/** True if what seldom changes was read in this epoch, and need not be again. */
static inline bool pyro_hint_trusted(const struct pyro_python *python, const struct pyro_hint *hint)
{
	return hint && python->codes.epoch && hint->epoch == python->codes.epoch;
}

/** threads.c: makes the layout fit the process where another patch release moved something, and
 *  finds out whether the interpreter is ready. Errors: NOTREADY, FORMAT, FAULT, GONE, PERM. */
enum pyro_rc pyro_threads_settle_layout(struct pyro_python *python,
					struct pyro_err *err) PYRO_NODISCARD;
void pyro_threads_deinit(struct pyro_python *python);
/** What a state says when read as @bytes: fills in @thread, which is known from a look. @by_status:
 *  also whether it is attached; else its GIL says that. */
void pyro_threads_decode(const struct pyro_python *python, struct pyro_bytes bytes, bool by_status,
			 struct pyro_thread *thread);
/** The bytes of state @thread in the window. False if it is no longer that state. */
bool pyro_threads_find(const struct pyro_python *python, size_t thread,
		       struct pyro_bytes *ret_bytes);
/** Keeps what @bytes say of the next stack of state @thread. */
void pyro_threads_note(struct pyro_python *python, size_t thread, struct pyro_bytes bytes);
/** Takes GIL @gil, which was planned, from the window. Errors: TORN. */
enum pyro_rc pyro_threads_gil(struct pyro_python *python, uint32_t gil,
			      struct pyro_gil *ret_gil) PYRO_NODISCARD;
/** A state that names the thread on whose C stack @addr lies, by its place in the look: the oldest.
 *  SIZE_MAX: there is none. */
size_t pyro_threads_on_stack(const struct pyro_python *python, uint64_t addr);
/** The hint of the thread state at @addr; NULL for one that the last look did not show. */
struct pyro_hint *pyro_threads_hint(struct pyro_python *python, uint64_t addr);
/** frames.c: plans what the next stack of a thread is likely to need. */
void pyro_frames_plan(struct pyro_python *python, const struct pyro_thread *thread,
		      const struct pyro_hint *hint);
/** frames.c: where on the C stack the loop was last entered in @state, by its top; 3.13 on.
 *  *ret_place: 0 if that cannot be read. Errors: SHORT, GONE, PERM. */
enum pyro_rc pyro_frames_entry(struct pyro_python *python, const struct pyro_thread *state,
			       uint64_t *ret_place) PYRO_NODISCARD;
/** nest.c: whether any thread may enter state @thread, whatever thread it names. */
bool pyro_nest_roams(const struct pyro_python *python, size_t thread);
/** After a look: which states are of one thread. Errors: NOMEM. */
enum pyro_rc pyro_nest_find(struct pyro_python *python) PYRO_NODISCARD;
/** Plans to read thread @host, in all its interpreters. */
void pyro_nest_plan(struct pyro_python *python, size_t host);
/** What that read says of it, for pyro_python_thread; keeps for pyro_python_stack where it is.
 *  Errors: as pyro_python_thread. */
enum pyro_rc pyro_nest_take(struct pyro_python *python, size_t host, struct pyro_gil *ret_gil,
			    struct pyro_thread *ret_thread) PYRO_NODISCARD;
/** nest_calls.c, to 3.9: whether the frame at @frame, the newest of its state, waits for code that
 *  it has run in another interpreter, and in which. Errors: SHORT, GONE, PERM. */
enum pyro_rc pyro_nest_called(struct pyro_python *python, uint64_t frame, bool *ret_calls,
			      uint64_t *ret_interp) PYRO_NODISCARD;
/** frames.c: the byte offset of the instruction of a frame of the code object at @code, of which
 * @slot is known; UINT32_MAX for a frame that has not started, or (*ret_sane is false) makes no
 * sense. */
enum pyro_rc pyro_frames_offset(struct pyro_python *python, uint64_t code, uint32_t slot,
				uint64_t instr, int32_t tlbc, uint32_t *ret_offset,
				bool *ret_sane) PYRO_NODISCARD;
/** frames.c: draws from the last stack what to expect of the next. Outside of the freeze. */
void pyro_frames_learn(struct pyro_python *python);
/** native.c: fills native ids by way of the pthread_t, before 3.11. */
void pyro_native_ids(struct pyro_python *python);
/** The same without a read of its own: in a process that was just forked the id is the parent's for
 *  a moment, and nothing else changes when it becomes its own. Planned with a look, and taken from
 *  it. */
void pyro_native_ids_plan(struct pyro_python *python);
void pyro_native_ids_update(struct pyro_python *python);

#endif
