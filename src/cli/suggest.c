/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <string.h>

#define MAX_LETTERS 63

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t pyro_suggest_distance(const char *a, const char *b)
{
	size_t rows[3][MAX_LETTERS + 1];
	size_t a_size = strnlen(a, MAX_LETTERS);
	size_t b_size = strnlen(b, MAX_LETTERS);

	/* rows[i % 3][j]: distance between the first i letters of a and the first j of b. */
	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t *now = rows[i % 3];
		const size_t *last = rows[(i + 2) % 3];
		const size_t *older = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t changed = a[i - 1] != b[j - 1];

			now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + changed);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return rows[a_size % 3][b_size];
}

void pyro_suggest_init(struct pyro_suggest *suggest, const char *typed)
{
	suggest->typed = typed;
	suggest->best = NULL;
	/* One mistake in a short word, two from five letters on: more is another word. */
	suggest->distance = strnlen(typed, MAX_LETTERS) / 5 + 2;
}

void pyro_suggest_try(struct pyro_suggest *suggest, const char *name)
{
	size_t typed_size = strnlen(suggest->typed, MAX_LETTERS);
	size_t distance = pyro_suggest_distance(suggest->typed, name);

	/* A beginning of three letters or more means that name, however long the rest. */
	if (typed_size >= 3 && strncmp(suggest->typed, name, typed_size) == 0)
		distance = 1;
	if (distance < suggest->distance) {
		suggest->distance = distance;
		suggest->best = name;
	}
}
