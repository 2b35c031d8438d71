/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_PROFILE_H
#define PYRO_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "profile/metrics.h"

/** The model that recorder, capture, reports, formats and viewer share. Everything is interned and
 *  named by a small index that never changes and counts up from 0, so that a writer can store what
 *  was added since it last looked. Not thread-safe. */
struct pyro_profile;

#define PYRO_NONE UINT32_MAX /**< "no such thing", for every kind of index */

/** What a function is written in; stored by number. */
enum pyro_function_kind {
	PYRO_FUNCTION_PYTHON,
	PYRO_FUNCTION_NATIVE, /**< machine code: its file is its source, or else the module it is in
			       */
	PYRO_FUNCTION_KINDS
};

struct pyro_function {
	uint32_t name; /**< string: qualified name where known ("Class.method"), else the name */
	uint32_t file; /**< string: as the program has it; "" if none */
	int32_t first_line; /**< 0 if unknown */
	enum pyro_function_kind kind;
};

struct pyro_frame {
	uint32_t function;
	int32_t line; /**< 0 if unknown */
};

/** A node of the tree of stacks: the stack of @parent with @frame called on top of it. */
struct pyro_stack {
	uint32_t parent; /**< PYRO_NONE at a root */
	uint32_t frame;
	uint32_t depth; /**< 1 at a root */
};

struct pyro_process_info {
	int32_t pid;
	uint32_t parent;   /**< process index, PYRO_NONE for the first */
	uint32_t command;  /**< string: argv joined for people */
	uint32_t python;   /**< string: e.g. "CPython 3.13.0" */
	uint64_t start_ns; /**< on the recording's clock, 0 = its start */
	uint64_t end_ns;
};

/** One line of time: a thread; in a logical profile also the tasks that count as one. */
struct pyro_track {
	uint32_t process;
	int32_t tid;   /**< of tasks: the thread that runs their loop; 0: not known */
	uint32_t name; /**< string */
	bool main;
	bool task;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t wall_ns; /**< lifetime while recorded: what the samples' wall must add up to */
	uint64_t cpu_ns;  /**< exact, from the kernel, where exact_cpu; else from samples */
	bool exact_cpu;
};

/** What one (track, stack) has gathered. */
struct pyro_total {
	uint32_t track;
	uint32_t stack;
	uint64_t values[PYRO_METRIC_COUNT];
	double wall_squared; /**< sum over samples of (wall in ns)^2: for effective sample counts */
	double cpu_squared;
};

/** What threads wait for. */
struct pyro_object {
	enum pyro_metric metric; /**< that of the reason: waits for it are part of that metric */
	uint32_t kind;           /**< string: one word, "lock", "socket", "gil" */
	uint32_t name;           /**< string: as the system has it; "" if it has none */
	uint32_t track;          /**< that holds it; PYRO_NONE: not known */
	uint32_t frame;          /**< where that is meanwhile; PYRO_NONE: not known */
};

/** How long one (track, stack) waited for one object. */
struct pyro_waited {
	uint32_t track;
	uint32_t stack; /**< PYRO_NONE: no Python code */
	uint32_t object;
	uint64_t ns;
	uint64_t samples;
};

/** Tasks of asyncio that count as one: of one coroutine function in one event loop, and of one name
 *  if somebody gave them one. */
struct pyro_task_group {
	uint32_t process;
	uint32_t track;    /**< the thread that runs the loop; PYRO_NONE: not known */
	uint32_t name;     /**< string: "" if they have none of their own */
	uint32_t function; /**< the coroutine that they begin with */
	uint64_t tasks;    /**< how many different ones were seen in looks at all tasks */
};

/** What tasks did at one place: on a thread's stack, or suspended there. The stack is the logical
 *  one: theirs, and below it those of the tasks that await them. */
struct pyro_task_total {
	uint32_t task;
	uint32_t stack;
	uint32_t wait; /**< string: what they await, "a lock"; "" for those that run or are to */
	uint64_t values[PYRO_METRIC_COUNT];
	double wall_squared; /**< as in pyro_total */
	double cpu_squared;
};

/** How a sample was proved consistent; stored by name. */
#define PYRO_PROOF_MAP(X)                                                                          \
	X(SWITCH, "switch", "frozen; the kernel's switch records show it did not run")             \
	X(PROC, "proc", "frozen; /proc shows it did not run")                                      \
	X(STOP, "stop", "the thread was stopped for the read")                                     \
	X(STILL, "still", "the thread did not hold the GIL, or was off the processor")             \
	X(SAME, "same", "unchanged since an earlier proved read: the thread has not run")          \
	X(REREAD, "reread", "two successive reads agree: no proof")                                \
	X(NONE, "none", "read once: no proof")                                                     \
	X(INTERRUPT, "interrupt", "read while the processor of the thread was interrupted")

enum pyro_proof {
#define PYRO_PROOF_ENUM(suffix, name, meaning) PYRO_PROOF_##suffix,
	PYRO_PROOF_MAP(PYRO_PROOF_ENUM)
#undef PYRO_PROOF_ENUM
	PYRO_PROOF_COUNT
};
const char *pyro_proof_name(enum pyro_proof proof);
const char *pyro_proof_meaning(enum pyro_proof proof);

/** What the recording says of itself. Every field is stored by its name. */
#define PYRO_QUALITY_MAP(X)                                                                        \
	X(ticks_due, "sampling moments that were due")                                             \
	X(ticks_taken, "sampling moments that were kept")                                          \
	X(ticks_late, "moments skipped because the sampler fell behind")                           \
	X(samples, "samples of threads")                                                           \
	X(proved, "of them proved consistent")                                                     \
	X(unproved, "of them kept without a proof")                                                \
	X(missed, "samples given up: not consistent after all tries")                              \
	X(torn, "reads thrown away and tried again")                                               \
	X(truncated, "stacks cut at the depth limit")                                              \
	X(partial, "stacks with a frame that could not be read")                                   \
	X(faults, "reads of the target that failed")                                               \
	X(moves, "moves of the sampler to another processor")                                      \
	X(held_ns, "time the target's threads were held by sampling")                              \
	X(recorder_cpu_ns, "processor time of the recorder")                                       \
	X(lost_records, "kernel records lost")                                                     \
	X(code_reuse, "addresses found to hold a new code object")                                 \
	X(proof_interrupt, "samples proved by interrupting the thread's processor")                \
	X(proof_switch, "samples proved by switch records")                                        \
	X(proof_proc, "samples proved by /proc")                                                   \
	X(proof_stop, "samples proved by stopping the thread")                                     \
	X(proof_still, "samples of threads that stood still anyway")                               \
	X(proof_same, "samples of threads that had not run since the last")                        \
	X(proof_reread, "samples read twice")                                                      \
	X(proof_none, "samples read once")                                                         \
	X(native_merged, "stacks with their machine code")                                         \
	X(native_cut, "of them: the root side of the machine code is missing")                     \
	X(native_unmerged, "stacks without: it was not to be had, or did not fit")                 \
	X(task_looks, "looks at suspended asyncio tasks")                                          \
	X(task_dropped, "of them given up: the threads that run them did not stand still")         \
	X(task_skipped, "tasks left to a later look: there were too many")                         \
	X(task_unread, "tasks that could not be read")                                             \
	X(task_samples, "samples of threads that ran tasks")                                       \
	X(task_unjoined, "of them without a proof of which task awaits theirs, if any")            \
	X(parts_stack, "samples whose machine code says if Python, native or system ran")          \
	X(parts_pointer, "samples of which the instruction pointer says it: an estimate")          \
	X(parts_proc, "samples of which the Python instruction and /proc say it: an estimate")

struct pyro_quality {
#define PYRO_QUALITY_FIELD(name, meaning) uint64_t name;
	PYRO_QUALITY_MAP(PYRO_QUALITY_FIELD)
#undef PYRO_QUALITY_FIELD
};

enum pyro_rc pyro_profile_create(struct pyro_profile **ret_profile,
				 struct pyro_err *err) PYRO_NODISCARD;
void pyro_profile_destroy(struct pyro_profile *profile);

/* Adding: finds or creates, never duplicates. Errors: NOMEM, LIMIT (a cap of base/limits.h, such as
 * PYRO_MAX_STACK_DEPTH); FORMAT for an index that does not exist. */
enum pyro_rc pyro_profile_string(struct pyro_profile *profile, const char *text, size_t size,
				 uint32_t *ret_string) PYRO_NODISCARD;
enum pyro_rc pyro_profile_function(struct pyro_profile *profile,
				   const struct pyro_function *function,
				   uint32_t *ret_function) PYRO_NODISCARD;
enum pyro_rc pyro_profile_frame(struct pyro_profile *profile, const struct pyro_frame *frame,
				uint32_t *ret_frame) PYRO_NODISCARD;
enum pyro_rc pyro_profile_stack(struct pyro_profile *profile, uint32_t parent, uint32_t frame,
				uint32_t *ret_stack) PYRO_NODISCARD;
/** Processes and tracks are not deduplicated: each call adds one. */
enum pyro_rc pyro_profile_process(struct pyro_profile *profile,
				  const struct pyro_process_info *process,
				  uint32_t *ret_process) PYRO_NODISCARD;
enum pyro_rc pyro_profile_track(struct pyro_profile *profile, const struct pyro_track *track,
				uint32_t *ret_track) PYRO_NODISCARD;
/** Adds one sample's @values to the total of (track, stack), which is marked as changed, and their
 *  squares. @stack may be PYRO_NONE: the thread ran no Python code. */
enum pyro_rc pyro_profile_add(struct pyro_profile *profile, uint32_t track, uint32_t stack,
			      const uint64_t values[PYRO_METRIC_COUNT]) PYRO_NODISCARD;
/** Adds a whole total, as stored in a file or taken from another profile; its squares too. */
enum pyro_rc pyro_profile_add_total(struct pyro_profile *profile,
				    const struct pyro_total *total) PYRO_NODISCARD;
enum pyro_rc pyro_profile_object(struct pyro_profile *profile, const struct pyro_object *object,
				 uint32_t *ret_object) PYRO_NODISCARD;
/** Adds to what the (track, stack) waited for the object. The sums of the totals are not touched:
 *  not all that is waited for has a name. */
enum pyro_rc pyro_profile_wait(struct pyro_profile *profile,
			       const struct pyro_waited *waited) PYRO_NODISCARD;
/** Adds a group of tasks: each call adds one. */
enum pyro_rc pyro_profile_task(struct pyro_profile *profile, const struct pyro_task_group *task,
			       uint32_t *ret_task) PYRO_NODISCARD;
/** Adds to what (task, stack, wait) has gathered. */
enum pyro_rc pyro_profile_task_add(struct pyro_profile *profile,
				   const struct pyro_task_total *total) PYRO_NODISCARD;
/** A named fact about the recording ("command", "host", "kernel", "rate", …); replaces. */
enum pyro_rc pyro_profile_meta_set(struct pyro_profile *profile, const char *key,
				   const char *value) PYRO_NODISCARD;

/* Looking. Pointers live until the next addition of the same kind. NULL out of range. */
const char *pyro_profile_string_get(const struct pyro_profile *profile, uint32_t string,
				    size_t *ret_size);
const struct pyro_function *pyro_profile_function_get(const struct pyro_profile *profile,
						      uint32_t function);
const struct pyro_frame *pyro_profile_frame_get(const struct pyro_profile *profile, uint32_t frame);
const struct pyro_stack *pyro_profile_stack_get(const struct pyro_profile *profile, uint32_t stack);
struct pyro_process_info *pyro_profile_process_get(struct pyro_profile *profile, uint32_t process);
struct pyro_track *pyro_profile_track_get(struct pyro_profile *profile, uint32_t track);
const struct pyro_total *pyro_profile_total_get(const struct pyro_profile *profile, size_t total);
const struct pyro_object *pyro_profile_object_get(const struct pyro_profile *profile,
						  uint32_t object);
const struct pyro_waited *pyro_profile_wait_get(const struct pyro_profile *profile, size_t wait);
struct pyro_task_group *pyro_profile_task_get(struct pyro_profile *profile, uint32_t task);
const struct pyro_task_total *pyro_profile_task_total_get(const struct pyro_profile *profile,
							  size_t total);
/** Value of a fact, or NULL. */
const char *pyro_profile_meta_get(const struct pyro_profile *profile, const char *key);
bool pyro_profile_meta_next(const struct pyro_profile *profile, size_t *at, const char **ret_key,
			    const char **ret_value);
struct pyro_quality *pyro_profile_quality(struct pyro_profile *profile);
/** Length of the recording in ns. */
uint64_t pyro_profile_duration(const struct pyro_profile *profile);
void pyro_profile_set_duration(struct pyro_profile *profile, uint64_t ns);

struct pyro_profile_counts {
	uint32_t strings, functions, frames, stacks, processes, tracks, objects;
	uint32_t tasks;
	size_t totals;
	size_t waits;
	size_t task_totals;
};
void pyro_profile_counts(const struct pyro_profile *profile, struct pyro_profile_counts *ret);

/** Totals changed since they were last taken: calls @each for every one and clears the marks. Stops
 *  at the first error, which it returns; the rest stays marked. */
enum pyro_rc pyro_profile_take_changed(struct pyro_profile *profile,
				       enum pyro_rc (*each)(void *context, size_t total),
				       void *context) PYRO_NODISCARD;
/** The same for waits. */
enum pyro_rc pyro_profile_take_waits(struct pyro_profile *profile,
				     enum pyro_rc (*each)(void *context, size_t wait),
				     void *context) PYRO_NODISCARD;
/** The same for what tasks gathered. */
enum pyro_rc pyro_profile_take_task_totals(struct pyro_profile *profile,
					   enum pyro_rc (*each)(void *context, size_t total),
					   void *context) PYRO_NODISCARD;

#endif
