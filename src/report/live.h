/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_LIVE_H
#define PYRO_REPORT_LIVE_H

#include "profile/recent.h"
#include "report/scope.h"
#include "report/tasks.h"

/* A view of a profile that grows: what it shows, as lines of text, and what keys do to it. Nothing
 * here knows a terminal: `cli/screen.h` draws the lines and brings the keys. */

/** What a row is. Their names, columns and what Enter does on them: live_views.c. */
enum pyro_live_view {
	PYRO_LIVE_FUNCTIONS,
	PYRO_LIVE_LINES,
	PYRO_LIVE_THREADS,
	PYRO_LIVE_PROCESSES,
	PYRO_LIVE_TASKS,     /**< those of asyncio that count as one: docs/async.md */
	PYRO_LIVE_EACH_TASK, /**< one that lives now */
	PYRO_LIVE_STACK,     /**< a frame of the one task that is chosen, the innermost first */
	PYRO_LIVE_VIEWS
};
/** "functions", …; NULL out of range. */
const char *pyro_live_view_name(enum pyro_live_view view);

/** What rows have and can be sorted by. 100 % of each is one thread, or one task, during all of the
 *  time shown: several together have more. */
enum pyro_live_order {
	PYRO_LIVE_SELF,    /**< by the metric chosen: itself */
	PYRO_LIVE_TOTAL,   /**< the same, with all that was called */
	PYRO_LIVE_RUNNING, /**< itself, on a processor */
	PYRO_LIVE_WAITING, /**< itself, off it */
	PYRO_LIVE_HELD,    /**< holding the GIL */
	PYRO_LIVE_GIL,     /**< waiting for the GIL */
	PYRO_LIVE_NAME,
	PYRO_LIVE_READY,  /**< tasks: until their loop comes to them; no part of waiting then */
	PYRO_LIVE_COUNT,  /**< tasks: how many live */
	PYRO_LIVE_LASTED, /**< tasks: for how long it has been where it is, ns; the longest of them
			   */
	PYRO_LIVE_ORDERS
};
/** "self", "total", …; NULL out of range. */
const char *pyro_live_order_name(enum pyro_live_order order);

#define PYRO_LIVE_FILTER  128
#define PYRO_LIVE_LONGEST (300ull * 1000000000) /**< the longest window, ns */

/** What somebody chose to see. PYRO_NONE: not one of them but all. */
struct pyro_live_choice {
	enum pyro_live_view view;
	enum pyro_report_metric metric;
	enum pyro_live_order order;
	bool reversed;
	uint64_t span_ns; /**< of the window */
	bool since_start; /**< all since the start instead */
	bool unfold;      /**< library code apart from the lines that called it */
	bool split;       /**< a function or line once for each thread */
	uint32_t process;
	uint32_t track;
	uint32_t function;
	uint32_t kind;                 /**< group of tasks */
	uint64_t task;                 /**< PYRO_LIVE_STACK: which, by its pyro_alive_row.id */
	char filter[PYRO_LIVE_FILTER]; /**< what names or places must contain, in either case */
};

#define PYRO_LIVE_CHOICE                                                                           \
	((struct pyro_live_choice){                                                                \
		.span_ns = 10ull * 1000000000,                                                     \
		.process = PYRO_NONE,                                                              \
		.track = PYRO_NONE,                                                                \
		.function = PYRO_NONE,                                                             \
		.kind = PYRO_NONE,                                                                 \
	})

#define PYRO_LIVE_BACK   8
#define PYRO_LIVE_NOTICE 256

/** What names a row as long as rows come and go. */
struct pyro_live_id {
	uint32_t function, track, process;
	int32_t line;
	uint64_t task;
};

/** What is known of a group of tasks. */
struct pyro_live_kind {
	struct pyro_tasks_row row; /**< in the time shown */
	size_t alive;              /**< at its end */
	uint64_t lasted_ns;        /**< that one of these has been where it is, the longest */
	bool before;               /**< or even longer */
};

/** A live view. Its fields are for the files of this room and for tests. Not thread-safe. */
struct pyro_live {
	struct pyro_profile *profile; /**< borrowed */
	struct pyro_recent *recent;   /**< borrowed */
	struct pyro_live_choice choice;
	struct pyro_live_choice back[PYRO_LIVE_BACK]; /**< where Esc leads */
	size_t back_count;
	bool paused;
	bool help;
	bool typing;                   /**< the filter is being typed */
	char before[PYRO_LIVE_FILTER]; /**< the filter before that */
	char notice[PYRO_LIVE_NOTICE]; /**< safe text; "": none */
	uint64_t notice_until_ns;
	uint32_t ended; /**< processes known to have ended */

	/* What is shown. */
	struct pyro_stretch stretch;
	struct pyro_places *places;
	struct pyro_scope scope; /**< weight, base, whole, threads and processes; no aggregate */
	/** Of the view, sorted and filtered. `task` is of PYRO_LIVE_TASKS the group, of
	 *  PYRO_LIVE_EACH_TASK the row of `stretch.alive`. */
	struct pyro_rows rows;
	struct pyro_live_kind *kinds;   /**< PYRO_LIVE_TASKS: by group; else NULL */
	struct pyro_total *kind_totals; /**< of the group chosen, as of a thread; else NULL */
	size_t kind_total_count;
	uint64_t held_ns, gil_ns; /**< what all threads held the GIL and waited for it */

	/* Where somebody looks. */
	size_t chosen;            /**< row */
	bool follow;              /**< the choice stays with its row, not with its place */
	struct pyro_live_id id;   /**< of that row */
	size_t top;               /**< first row on the screen */
	size_t page;              /**< rows that the screen holds, as last drawn */
	uint64_t last_advance_ns; /**< when the recent past last took something in */
};

/** @recent is that of @profile; both are borrowed. Sorts by the first column of the view if that
 * has none of the order chosen. */
void pyro_live_init(struct pyro_live *live, struct pyro_profile *profile,
		    struct pyro_recent *recent, const struct pyro_live_choice *choice);
void pyro_live_deinit(struct pyro_live *live);

/** The profile has grown until @now_ns, on its own clock: takes that into the recent past and,
 * unless paused, shows it. Errors: NOMEM. */
enum pyro_rc pyro_live_refresh(struct pyro_live *live, uint64_t now_ns,
			       struct pyro_err *err) PYRO_NODISCARD;
/** Shows what is chosen, after a key or a change of `choice`. Errors: NOMEM. */
enum pyro_rc pyro_live_arrange(struct pyro_live *live, struct pyro_err *err) PYRO_NODISCARD;
/** All has ended: chooses what is left to see, all since the start; of tasks, none of which lives
 * any more, what those of a kind did together. To be followed by a refresh. */
void pyro_live_sum_up(struct pyro_live *live);
/** All that was gathered so far is forgotten. Errors: NOMEM. */
enum pyro_rc pyro_live_reset(struct pyro_live *live, struct pyro_err *err) PYRO_NODISCARD;

/** Lines to draw; they stay within the look. */
struct pyro_live_screen {
	struct pyro_buf text; /**< lines, each with its newline; styled if the look has colour */
	size_t chosen;        /**< the line that is chosen, SIZE_MAX if none */
};
void pyro_live_screen_init(struct pyro_live_screen *screen);
void pyro_live_screen_deinit(struct pyro_live_screen *screen);

/** Exactly look->lines lines. Errors: NOMEM. */
enum pyro_rc pyro_live_draw(struct pyro_live *live, const struct pyro_report_look *look,
			    struct pyro_live_screen *screen, struct pyro_err *err) PYRO_NODISCARD;
/** The same without anything to operate, with @limit rows at most (0: all), to be printed. Errors:
 *  NOMEM. */
enum pyro_rc pyro_live_print(struct pyro_live *live, const struct pyro_report_look *look,
			     size_t limit, struct pyro_buf *buf,
			     struct pyro_err *err) PYRO_NODISCARD;
/** One JSON object in one line; docs/report-json.md describes it. Errors: NOMEM. */
enum pyro_rc pyro_live_json(struct pyro_live *live, uint64_t unix_ns, size_t limit,
			    struct pyro_buf *buf, struct pyro_err *err) PYRO_NODISCARD;

/** Keys that are no characters. Characters are their code points. */
enum pyro_live_key {
	PYRO_KEY_UP = 0x110000,
	PYRO_KEY_DOWN,
	PYRO_KEY_PAGE_UP,
	PYRO_KEY_PAGE_DOWN,
	PYRO_KEY_HOME,
	PYRO_KEY_END,
	PYRO_KEY_LEFT,
	PYRO_KEY_RIGHT,
	PYRO_KEY_BACK_TAB,
	PYRO_KEY_TAB = '\t',
	PYRO_KEY_ENTER = '\n',
	PYRO_KEY_ESCAPE = 0x1b,
	PYRO_KEY_BACKSPACE = 0x7f,
};

/** What is to be done after a key. */
enum pyro_live_want {
	PYRO_LIVE_NOTHING,
	PYRO_LIVE_DRAW,    /**< pyro_live_draw */
	PYRO_LIVE_ARRANGE, /**< pyro_live_arrange, then draw */
	PYRO_LIVE_RENEW,   /**< pyro_live_refresh, then draw: another stretch of time */
	PYRO_LIVE_RESET,   /**< pyro_live_reset, then draw */
	PYRO_LIVE_QUIT,
};
enum pyro_live_want pyro_live_key(struct pyro_live *live, uint32_t key);

#endif
