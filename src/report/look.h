/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_LOOK_H
#define PYRO_REPORT_LOOK_H

#include <stdbool.h>

/** What the place that shows a report can do. Decided by the caller: this room never looks at the
 *  environment and never prints. */
struct pyro_report_look {
	unsigned columns; /**< width; 0 counts as 80. Nothing is wider, if it is 20 or more */
	unsigned lines;   /**< height that a summary should fit; 0 counts as 30 */
	bool colour;      /**< ANSI styles may be used */
	bool unicode;     /**< UTF-8 may be written; else ASCII only, names escaped */
};

#endif
