/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_MOMENT_PAGE_H
#define PYRO_REPORT_MOMENT_PAGE_H

/* What the files share that show a moment for people. */

#include "profile/moment.h"
#include "profile/places.h"
#include "report/look.h"

struct pyro_moment_page {
	const struct pyro_moment *moment;
	const struct pyro_report_look *look;
	struct pyro_buf *buf;
	struct pyro_places *places;
	size_t function_width;
	size_t indent; /**< columns before a frame */
};

/** The frames of @stack, a line for each. */
void pyro_moment_page_stack(struct pyro_moment_page *page, uint32_t stack);
/** A remark below them. */
void pyro_moment_page_note(struct pyro_moment_page *page, const char *text);
/** Tasks below each other; what is deeper starts again at the left. */
#define PYRO_MOMENT_LEVELS 8
/** moment_tasks.c: the columns that tasks on @level are away from the left. */
size_t pyro_moment_page_margin(const struct pyro_moment_page *page, size_t level);
/** moment_tasks.c: the tasks of asyncio, each below the one that awaits it, and the greenlets.
 *  Errors: NOMEM. */
enum pyro_rc pyro_report_moment_tasks(struct pyro_moment_page *page) PYRO_NODISCARD;

#endif
