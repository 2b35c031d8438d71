/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_AGGREGATE_H
#define PYRO_PROFILE_AGGREGATE_H

#include "profile/places.h"
#include "profile/profile.h"
#include "profile/stats.h"

/** What a profile adds up to: chosen, folded and ready to be asked. Every report, viewer and format
 *  asks the same object, so that they agree. The profile is borrowed and must not change
 *  meanwhile. Not thread-safe. */
struct pyro_aggregate;

/** What is counted. Zero-initialise with PYRO_AGGREGATE_ALL. */
struct pyro_aggregate_options {
	/** These @total_count totals, borrowed, of tracks and stacks of the profile, such as those
	 * of a stretch of time (profile/recent.h). NULL: all that the profile has. */
	const struct pyro_total *totals;
	size_t total_count;
	/** POSIX extended regular expression: only stacks with a frame whose function name or file
	 *  (as shown, or as the program has it) contains a match. NULL: all. */
	const char *stacks_matching;
	/** Of the profile as it is now, borrowed; NULL: made anew. */
	const struct pyro_places *places;
	uint32_t track;   /**< only this track; PYRO_NONE: all */
	uint32_t process; /**< only this process; PYRO_NONE: all */
	/** Only totals in which this metric is not 0; PYRO_METRIC_COUNT: all. */
	enum pyro_metric having;
	/** Library frames are left out and what they took is credited to the line of the user's own
	 *  code that called them. Stacks without any own code stay as they are. */
	bool fold_library;
};

#define PYRO_AGGREGATE_ALL                                                                         \
	((struct pyro_aggregate_options){                                                          \
		.track = PYRO_NONE,                                                                \
		.process = PYRO_NONE,                                                              \
		.having = PYRO_METRIC_COUNT,                                                       \
	})

/** Errors: NOMEM; USAGE if the expression does not compile. */
enum pyro_rc pyro_aggregate_create(const struct pyro_profile *profile,
				   const struct pyro_aggregate_options *options,
				   struct pyro_aggregate **ret_aggregate,
				   struct pyro_err *err) PYRO_NODISCARD;
void pyro_aggregate_destroy(struct pyro_aggregate *aggregate);
/** Borrowed. */
const struct pyro_places *pyro_aggregate_places(const struct pyro_aggregate *aggregate);
/** True if there are library frames that count to a line of the user's own. */
bool pyro_aggregate_folded(const struct pyro_aggregate *aggregate);

/** What something gathered, in each metric's unit. */
struct pyro_values {
	uint64_t of[PYRO_METRIC_COUNT];
	double wall_squared; /**< see struct pyro_total */
	double cpu_squared;
};

void pyro_values_add(struct pyro_values *to, const struct pyro_values *more);

/** Everything chosen: the 100 % of every share. Includes @ret_outside (may be NULL): what threads
 *  gathered outside of Python code, which no row holds but those of threads and processes. */
void pyro_aggregate_whole(const struct pyro_aggregate *aggregate, struct pyro_values *ret_whole,
			  struct pyro_values *ret_outside);

/** The share of @whole that @part has of @metric, with its 95 % interval. For metrics other than
 *  wall and cpu the wall's number of samples is taken. */
struct pyro_share pyro_values_share(const struct pyro_values *part, const struct pyro_values *whole,
				    enum pyro_metric metric);

enum pyro_group {
	PYRO_GROUP_FUNCTION,
	PYRO_GROUP_LINE, /**< line of a function */
	PYRO_GROUP_FILE,
	PYRO_GROUP_MODULE,
	PYRO_GROUP_THREAD,
	PYRO_GROUP_PROCESS,
	PYRO_GROUP_COUNT
};
/** "function", "line", …; NULL out of range. */
const char *pyro_group_name(enum pyro_group group);
/** PYRO_GROUP_COUNT if there is none of that name. */
enum pyro_group pyro_group_by_name(const char *name);

/** One row of a table. Texts are not escaped; they live as long as the aggregate. Which of the
 *  indices are set depends on the group; the others are PYRO_NONE. */
struct pyro_row {
	const char *name;  /**< function, file, module, thread or process as people write it */
	const char *place; /**< file as shown; "" where there is none */
	uint32_t function; /**< function, line */
	uint32_t file;     /**< string index; function, line, file */
	int32_t line;      /**< line: the line; function: its first line; else 0 */
	uint32_t track;    /**< thread */
	uint32_t process;  /**< thread, process */
	uint32_t task;     /**< of live views alone: see report/live.h */
	bool library;      /**< of the standard library or a package */
	struct pyro_values self;  /**< while it ran itself */
	struct pyro_values total; /**< with all it called; counted once per stack under recursion */
};

struct pyro_rows {
	struct pyro_row *rows;
	size_t count;
};

struct pyro_rows_options {
	enum pyro_group group;
	enum pyro_metric metric; /**< sorted by it, largest first; ties by name, file and line */
	bool by_total;           /**< sort by total; else by self, then total */
	/** POSIX extended regular expression that name or place must contain; NULL: all. Shares
	 *  are not changed by it. */
	const char *matching;
	/** Rows kept after sorting; 0: all. */
	size_t limit;
};

/** Rows in which anything was gathered. Errors: NOMEM, USAGE (expression). */
enum pyro_rc pyro_aggregate_rows(const struct pyro_aggregate *aggregate,
				 const struct pyro_rows_options *options,
				 struct pyro_rows *ret_rows, struct pyro_err *err) PYRO_NODISCARD;
void pyro_rows_deinit(struct pyro_rows *rows);

/** Who called @function (callers) or whom it called (callees), as rows of functions. A row's total
 *  is what the function took when called by that caller (or what that callee took under it), each
 *  once per stack; its self is the part with the function (callee) itself on top. A caller row of
 *  function PYRO_NONE and name "" stands for "called by nobody: a root". Sorted by total of
 *  @metric. Errors: NOMEM. */
enum pyro_rc pyro_aggregate_callers(const struct pyro_aggregate *aggregate, uint32_t function,
				    enum pyro_metric metric, struct pyro_rows *ret_rows,
				    struct pyro_err *err) PYRO_NODISCARD;
enum pyro_rc pyro_aggregate_callees(const struct pyro_aggregate *aggregate, uint32_t function,
				    enum pyro_metric metric, struct pyro_rows *ret_rows,
				    struct pyro_err *err) PYRO_NODISCARD;

/** Lines of one file that gathered anything, in the order of lines, for annotated source. Several
 *  functions on one line are one row (name of the one with the most total wall).
 *  @file is a string index. Errors: NOMEM. */
enum pyro_rc pyro_aggregate_source(const struct pyro_aggregate *aggregate, uint32_t file,
				   struct pyro_rows *ret_rows, struct pyro_err *err) PYRO_NODISCARD;

/** A node of the merged call tree. Node 0 is the root of all and stands for the program. Children
 *  follow their parent in the array and are sorted by total, largest first. */
struct pyro_node {
	uint32_t parent;       /**< node; PYRO_NONE for node 0 */
	uint32_t first_child;  /**< PYRO_NONE if none */
	uint32_t next_sibling; /**< PYRO_NONE if last */
	uint32_t depth;        /**< 0 for node 0 */
	uint32_t function;     /**< PYRO_NONE for node 0 */
	int32_t line;          /**< 0 unless by line */
	struct pyro_values self;
	struct pyro_values total;
};

struct pyro_tree {
	struct pyro_node *nodes; /**< in depth-first order: a subtree is a contiguous run */
	size_t count;
};

/** The stacks merged from the root on, by function or (@by_line) by line of function. Node 0's self
 *  is what was gathered outside of Python code. Errors: NOMEM. */
enum pyro_rc pyro_aggregate_tree(const struct pyro_aggregate *aggregate, bool by_line,
				 enum pyro_metric metric, struct pyro_tree *ret_tree,
				 struct pyro_err *err) PYRO_NODISCARD;
void pyro_tree_deinit(struct pyro_tree *tree);

#endif
