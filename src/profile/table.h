/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_TABLE_H
#define PYRO_PROFILE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** A growing array of equal rows, the same for every kind of thing the model interns. */
struct pyro_table {
	void *rows;
	size_t row_size;
	size_t count;
	size_t capacity;
	size_t limit; /**< rows at most */
};

void pyro_table_init(struct pyro_table *table, size_t row_size, size_t limit);
void pyro_table_deinit(struct pyro_table *table);
/** Copies @row to the end. Errors: NOMEM, LIMIT; nothing changes then. */
enum pyro_rc pyro_table_push(struct pyro_table *table, const void *row) PYRO_NODISCARD;
/** NULL out of range. Lives until the next push. */
void *pyro_table_at(const struct pyro_table *table, size_t index);

#endif
