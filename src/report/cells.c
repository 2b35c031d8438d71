/* SPDX-License-Identifier: Apache-2.0 */
#include "report/cells.h"

#include "report/bar.h"
#include "report/units.h"

#define CELL_BYTES 65536

void pyro_cells_only_share(struct pyro_report_table *table, enum pyro_ink ink,
			   const struct pyro_share *share)
{
	struct pyro_buf text;
	pyro_buf_init(&text, CELL_BYTES);
	pyro_units_share(&text, share);
	pyro_report_table_take(table, ink, &text);
}

void pyro_cells_share(struct pyro_report_table *table, enum pyro_ink ink,
		      const struct pyro_share *share)
{
	struct pyro_buf text;
	pyro_cells_only_share(table, share->share > 0 ? ink : PYRO_INK_DIM, share);
	if (share->share <= 0) {
		pyro_report_table_cell(table, PYRO_INK_DIM, "");
		return;
	}
	pyro_buf_init(&text, CELL_BYTES);
	pyro_units_margin(&text, share, pyro_text_signs(table->look)->plus_minus);
	pyro_report_table_take(table, PYRO_INK_DIM, &text);
}

void pyro_cells_percent(struct pyro_report_table *table, enum pyro_ink ink, double share)
{
	struct pyro_buf text;
	pyro_buf_init(&text, CELL_BYTES);
	if (share > 0)
		pyro_units_percent(&text, share);
	pyro_report_table_take(table, ink, &text);
}

void pyro_cells_bar(struct pyro_report_table *table, enum pyro_report_metric weight,
		    const struct pyro_values *values, uint64_t full_ns)
{
	struct pyro_bar bar;
	double value = (double)pyro_scope_value(weight, values);
	double waiting = weight == PYRO_REPORT_CPU || weight == PYRO_REPORT_GIL ? 0
			 : weight == PYRO_REPORT_WALL
				 ? (double)pyro_scope_value(PYRO_REPORT_WAIT, values)
				 : value;
	pyro_bar_draw(table->look, value - waiting, waiting, (double)full_ns, PYRO_BAR_WIDTH, &bar);
	pyro_report_table_cell(table, PYRO_INK_RUNNING, bar.running);
	pyro_report_table_more(table, PYRO_INK_WAITING, bar.waiting);
}

void pyro_cells_name(struct pyro_report_table *table, enum pyro_ink ink, const char *name)
{
	struct pyro_buf text;
	pyro_buf_init(&text, CELL_BYTES);
	pyro_text_name(&text, table->look, name);
	pyro_report_table_take(table, ink, &text);
}

void pyro_cells_place_text(struct pyro_buf *buf, const struct pyro_report_look *look,
			   const char *place, int32_t line)
{
	if (place[0] == '\0')
		return;
	pyro_text_name(buf, look, place);
	if (line > 0)
		pyro_buf_add_format(buf, ":%d", (int)line);
}

void pyro_cells_place(struct pyro_report_table *table, const char *place, int32_t line)
{
	struct pyro_buf text;
	pyro_buf_init(&text, CELL_BYTES);
	pyro_cells_place_text(&text, table->look, place, line);
	pyro_report_table_take(table, PYRO_INK_DIM, &text);
}
