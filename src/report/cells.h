/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_CELLS_H
#define PYRO_REPORT_CELLS_H

#include "report/scope.h"
#include "report/table.h"

/* The cells that tables of functions, lines, callers and trees have in common. */

#define PYRO_BAR_WIDTH 8

/** "38 %" of @share, then in a cell of its own "±2"; of nothing just "0 %". */
void pyro_cells_share(struct pyro_report_table *table, enum pyro_ink ink,
		      const struct pyro_share *share);
/** "38 %" of @share alone. */
void pyro_cells_only_share(struct pyro_report_table *table, enum pyro_ink ink,
			   const struct pyro_share *share);
/** "38 %"; an empty cell for nothing at all. */
void pyro_cells_percent(struct pyro_report_table *table, enum pyro_ink ink, double share);
/** @values' running and waiting as parts of @full_ns. */
void pyro_cells_bar(struct pyro_report_table *table, enum pyro_report_metric weight,
		    const struct pyro_values *values, uint64_t full_ns);
/** An untrusted name; @dim for what matters less. */
void pyro_cells_name(struct pyro_report_table *table, enum pyro_ink ink, const char *name);
/** "shop.py:88", dim; empty without a file. */
void pyro_cells_place(struct pyro_report_table *table, const char *place, int32_t line);
/** The same as text. */
void pyro_cells_place_text(struct pyro_buf *buf, const struct pyro_report_look *look,
			   const char *place, int32_t line);

#endif
