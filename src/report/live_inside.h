/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_LIVE_INSIDE_H
#define PYRO_REPORT_LIVE_INSIDE_H

#include "report/live.h"
#include "report/table.h"

/* What the files of a live view share. */

/** A column of a view: how it looks, what it sorts by (PYRO_LIVE_ORDERS: nothing), what it shows.
 */
struct live_column {
	struct pyro_report_column look;
	enum pyro_live_order order;
	void (*put)(struct pyro_live *live, struct pyro_report_table *table,
		    const struct pyro_row *row);
};

/** The looks of a column of shares, that is left out as the @drops-th last. */
#define LIVE_NUMBER(heading, drops)                                                                \
	{                                                                                          \
		.title = heading, .right = true, .rank = drops, .steady = 6                        \
	}

/** A column for the place of what the column before it has put, left out likewise. */
#define LIVE_PLACE(drops)                                                                          \
	{                                                                                          \
		{.cut = PYRO_CUT_FRONT, .least = 12, .rank = drops}, PYRO_LIVE_ORDERS, NULL        \
	}

struct live_view {
	const char *name;
	const char *by;        /**< what a row is, in JSON */
	enum pyro_group group; /**< where it is one of the profile's */
	const struct live_column *columns;
	size_t column_count;
	enum pyro_live_view inner; /**< what Enter shows of a row; PYRO_LIVE_VIEWS: nothing */
	enum pyro_live_order then; /**< decides where rows are equal in the order chosen */
	bool whole;                /**< rows are of all of a thread's or task's time, not of code */
	bool tasks;                /**< rows are tasks */
	bool ordered;              /**< rows stand as they were found */
	/** Adds the rows to `live->rows`; NULL: they are made of stacks. Errors: NOMEM. */
	enum pyro_rc (*find)(struct pyro_live *live);
};
const struct live_view *live_view(const struct pyro_live *live);
/** Where the order chosen is none of the view's, it becomes that of its first column. */
void live_fit_order(struct pyro_live *live);
/** What tells @row from others. */
struct pyro_live_id live_id(const struct pyro_live *live, const struct pyro_row *row);
/** Cells of columns that several views have. */
void live_put_running(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row);
void live_put_waiting(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row);
void live_put_name(struct pyro_live *live, struct pyro_report_table *table,
		   const struct pyro_row *row);
void live_put_place(struct pyro_live *live, struct pyro_report_table *table,
		    const struct pyro_row *row);
/** A cell with an untrusted name, behind the id of its process where there are several. */
void live_put_owned(struct pyro_live *live, struct pyro_report_table *table, uint32_t process,
		    enum pyro_ink ink, const char *name);
/** live.c: whether rows are apart by thread. */
bool live_is_split(const struct pyro_live *live);
/** live.c: rows of threads or processes. */
enum pyro_rc live_find_lives(struct pyro_live *live);

/* live_tasks.c: the rows of views of tasks, and what is chosen of them. */
/** Whether it is the tasks chosen that are shown, and not threads. */
bool live_of_tasks(const struct pyro_live *live);
/** Makes `live->kind_totals`. Errors: NOMEM. */
enum pyro_rc live_take_kind(struct pyro_live *live);
/** The group of the tasks, or the task, that @row is. */
const struct pyro_task_group *live_group(const struct pyro_live *live, const struct pyro_row *row);
/** What tells it from others, wherever it is: a number. */
uint64_t live_task_id(const struct pyro_live *live, const struct pyro_row *row);
/** The coroutine that the tasks of @row begin with; "" where rows are no tasks. */
const char *live_coroutine(const struct pyro_live *live, const struct pyro_row *row);
/** live_value() where rows are tasks. */
double live_task_value(const struct pyro_live *live, enum pyro_live_order order,
		       const struct pyro_row *row);
/** How many tasks live in the processes shown. */
size_t live_count_tasks(const struct pyro_live *live);
/** 100 % where tasks are shown: the time of the one that was there for the longest, ns. */
uint64_t live_task_base(const struct pyro_live *live);
/** Of the tasks chosen: their own name, or that of their coroutine. */
const char *live_kind_name(const struct pyro_live *live);
/** The task chosen; NULL: it lives no longer. */
const struct pyro_alive_row *live_chosen_task(const struct pyro_live *live);
/** Why there are no tasks to show. */
const char *live_no_tasks(const struct pyro_live *live);
/** What is known of the group that @row is; NULL: it is one task. */
const struct pyro_live_kind *live_kind(const struct pyro_live *live, const struct pyro_row *row);
/** The one task that @row is. */
const struct pyro_alive_row *live_alive(const struct pyro_live *live, const struct pyro_row *row);
/** Rows of those that count as one, of each that lives, of the frames of one. Errors: NOMEM. */
enum pyro_rc live_find_kinds(struct pyro_live *live);
enum pyro_rc live_find_each(struct pyro_live *live);
enum pyro_rc live_find_frames(struct pyro_live *live);

/* live_task_views.c */
extern const struct live_view live_view_tasks, live_view_each_task, live_view_stack;
/** "waiting for a socket for 3.21 s"; @brief: "a socket 3.21 s". */
void live_task_state(const struct pyro_alive_row *row, bool brief, struct pyro_buf *buf);

/** What @row is sorted by and shows, as a share of one thread's time; 0 for the name. */
double live_value(const struct pyro_live *live, enum pyro_live_order order,
		  const struct pyro_row *row);

/** The same of any time. */
double live_part(const struct pyro_live *live, uint64_t ns);

/** What @values waited for longest, of the reasons that are not in @without (may be NULL);
 *  PYRO_REASON_NONE if for nothing. */
enum pyro_reason live_reason(const struct pyro_values *values,
			     const bool without[PYRO_REASON_COUNT]);

/** What there is to see, above the rows: @most lines at most. */
void live_headline(struct pyro_live *live, const struct pyro_report_look *look, size_t most,
		   struct pyro_buf *buf);
/** "functions by self, % of MainThread's time". */
void live_caption(struct pyro_live *live, const struct pyro_report_look *look,
		  struct pyro_buf *buf);
/** The last line: what is typed, what there is to say, or the keys that matter. */
void live_footer(struct pyro_live *live, const struct pyro_report_look *look, struct pyro_buf *buf);
/** What each key does, in @most lines at most. */
void live_help(const struct pyro_report_look *look, size_t most, struct pyro_buf *buf);

/** A line of items that stand two spaces and a dot apart, and of which those are left out for which
 *  there is no room. */
struct live_line {
	const struct pyro_report_look *look;
	struct pyro_buf *buf;
	size_t used;
	bool any; /**< there is an item, after which a dot may stand */
};
void live_line_begin(struct live_line *line, const struct pyro_report_look *look,
		     struct pyro_buf *buf);
/** Safe @text; the first item is cut rather than left out. */
void live_line_item(struct live_line *line, enum pyro_ink ink, const char *text);
void live_line_end(struct live_line *line);

#endif
