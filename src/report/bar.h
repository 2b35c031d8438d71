/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_BAR_H
#define PYRO_REPORT_BAR_H

#include "report/text.h"

/** The two parts of a bar in text: solid for running, shaded for waiting. */
struct pyro_bar {
	char running[256];
	char waiting[256];
};

/** A bar of at most @width (1 to 60) columns, for @running and @waiting as parts of @full. Solid
 *  ends in eighths of a column where there is unicode; anything above 0 shows. */
void pyro_bar_draw(const struct pyro_report_look *look, double running, double waiting, double full,
		   size_t width, struct pyro_bar *ret_bar);

#endif
