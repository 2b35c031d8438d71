/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_REPORT_H
#define PYRO_REPORT_REPORT_H

#include "base/buf.h"
#include "profile/aggregate.h"
#include "profile/profile.h"
#include "report/look.h"

/* Reports for a terminal and as JSON. Each writes to the end of a buffer of the caller's, which
 * prints it; nothing here prints, and only pyro_report_source() reads a file. Names are escaped.
 * Errors of all: NOMEM, and what is said with each. The profile is only looked at. */

/** What the shares are of. */
enum pyro_report_metric {
	/** What suits the program. If one thread does nearly all the work: that thread's time,
	 *  running and waiting. Else: the time that threads ran, as a share of the run, or of all
	 *  processor time if that is more. Threads that only wait thus hide nothing. */
	PYRO_REPORT_TIME,
	PYRO_REPORT_WALL,     /**< of all threads' time, running or not */
	PYRO_REPORT_CPU,      /**< of all processor time */
	PYRO_REPORT_GIL,      /**< of all time holding the GIL */
	PYRO_REPORT_WAIT,     /**< of all time off the processor */
	PYRO_REPORT_GIL_WAIT, /**< of all time waiting for the GIL */
	PYRO_REPORT_LOCK,     /**< … for locks */
	PYRO_REPORT_IO,       /**< … for files, pipes and the terminal */
	PYRO_REPORT_NET,      /**< … for sockets and events */
	PYRO_REPORT_SLEEP,    /**< … asleep */
	PYRO_REPORT_METRIC_COUNT
};
/** "time", "wall", "cpu", "gil", "wait", "gil_wait", "lock", "io", "net", "sleep"; NULL out of
 *  range. */
const char *pyro_report_metric_name(enum pyro_report_metric metric);
/** PYRO_REPORT_METRIC_COUNT if there is none of that name. */
enum pyro_report_metric pyro_report_metric_by_name(const char *name);

enum pyro_report_sort {
	PYRO_REPORT_BY_SELF,
	PYRO_REPORT_BY_TOTAL,
	PYRO_REPORT_BY_NAME
};

/** Which part of a profile a report shows. Zero-initialised: all that matters. */
struct pyro_report_view {
	enum pyro_report_metric metric;
	enum pyro_report_sort sort;
	enum pyro_group group; /**< rows only */
	const char *filter;    /**< POSIX extended expression on names and places; NULL: all */
	size_t limit;          /**< rows or lines of a tree at most; 0: as suits; SIZE_MAX: all */
	bool unfold;           /**< library code apart from the lines that called it */
	bool incomplete;       /**< the recorder did not finish the capture: said in the report */
};

/** What ends `run` and `attach` and starts `report`: fits look->lines, if those are 20 or more. */
enum pyro_rc pyro_report_summary(struct pyro_profile *profile, const struct pyro_report_view *view,
				 const struct pyro_report_look *look, struct pyro_buf *buf,
				 struct pyro_err *err) PYRO_NODISCARD;

/** A table of view->group. Errors: USAGE (filter). */
enum pyro_rc pyro_report_rows(struct pyro_profile *profile, const struct pyro_report_view *view,
			      const struct pyro_report_look *look, struct pyro_buf *buf,
			      struct pyro_err *err) PYRO_NODISCARD;

/** The merged call tree; what is too small to show is counted. With a filter: only stacks with a
 *  frame that matches. Errors: USAGE (filter). */
enum pyro_rc pyro_report_tree(struct pyro_profile *profile, const struct pyro_report_view *view,
			      const struct pyro_report_look *look, struct pyro_buf *buf,
			      struct pyro_err *err) PYRO_NODISCARD;

/** Who called @name, or whom it called (@callees): for each function of that name. A name matches
 *  in full, or from its last dot on ("price" finds Cart.price). Errors: NOTFOUND: the message
 *  has the nearest names. */
enum pyro_rc pyro_report_callers(struct pyro_profile *profile, const struct pyro_report_view *view,
				 const char *name, bool callees,
				 const struct pyro_report_look *look, struct pyro_buf *buf,
				 struct pyro_err *err) PYRO_NODISCARD;

/** The source of @file with each line's shares beside it. @file is a file of the profile, as the
 *  program has it, as reports show it, or its last parts ("views.py"). Opened only if it is a
 *  regular file within PYRO_MAX_SOURCE_FILE; if it cannot be read the lines stand without text.
 *  Errors: NOTFOUND; USAGE if several files match. */
enum pyro_rc pyro_report_source(struct pyro_profile *profile, const struct pyro_report_view *view,
				const char *file, const struct pyro_report_look *look,
				struct pyro_buf *buf, struct pyro_err *err) PYRO_NODISCARD;

/** What the JSON holds beside the facts that are always there. */
enum pyro_report_json_part {
	PYRO_REPORT_JSON_ROWS,
	PYRO_REPORT_JSON_TREE,
	PYRO_REPORT_JSON_CALLERS,
	PYRO_REPORT_JSON_CALLEES,
	PYRO_REPORT_JSON_SOURCE,
};

/** One JSON object and a newline; docs/report-json.md describes it. @what names the function or
 *  file of callers, callees and source. Errors: as above. */
enum pyro_rc pyro_report_json(struct pyro_profile *profile, const struct pyro_report_view *view,
			      enum pyro_report_json_part part, const char *what,
			      struct pyro_buf *buf, struct pyro_err *err) PYRO_NODISCARD;

#endif
