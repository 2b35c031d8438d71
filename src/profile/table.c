/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/table.h"

#include <string.h>

void pyro_table_init(struct pyro_table *table, size_t row_size, size_t limit)
{
	*table = (struct pyro_table){.row_size = row_size, .limit = limit};
}

void pyro_table_deinit(struct pyro_table *table)
{
	free(table->rows);
	*table = (struct pyro_table){0};
}

static enum pyro_rc grow(struct pyro_table *table)
{
	/* By half: doubling would leave up to half of a long recording's memory unused. */
	size_t capacity = table->capacity < 16 ? 16 : table->capacity + table->capacity / 2;
	if (capacity > table->limit)
		capacity = table->limit;
	if (capacity > SIZE_MAX / table->row_size)
		return PYRO_RC_NOMEM;
	void *rows = realloc(table->rows, capacity * table->row_size);
	if (!rows)
		return PYRO_RC_NOMEM;
	table->rows = rows;
	table->capacity = capacity;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_table_push(struct pyro_table *table, const void *row)
{
	if (table->count >= table->limit)
		return PYRO_RC_LIMIT;
	if (table->count == table->capacity) {
		enum pyro_rc rc = grow(table);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	memcpy((char *)table->rows + table->count * table->row_size, row, table->row_size);
	table->count++;
	return PYRO_RC_OK;
}

void *pyro_table_at(const struct pyro_table *table, size_t index)
{
	if (index >= table->count)
		return NULL;
	return (char *)table->rows + index * table->row_size;
}
