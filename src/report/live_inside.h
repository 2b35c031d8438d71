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

struct live_view {
	const char *name;
	enum pyro_group group;
	const struct live_column *columns;
	size_t column_count;
	enum pyro_live_view inner; /**< what Enter shows of a row; PYRO_LIVE_VIEWS: nothing */
	bool whole;                /**< rows are of all threads' whole time, not of code */
};
const struct live_view *live_view(const struct pyro_live *live);

/** What @row is sorted by and shows, as a share of one thread's time; 0 for the name. */
double live_value(const struct pyro_live *live, enum pyro_live_order order,
		  const struct pyro_row *row);

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
