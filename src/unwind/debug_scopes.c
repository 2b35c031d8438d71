/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/debug_scopes.h"

#include <dwarf.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/map.h"

enum {
	MAX_UNITS = 1 << 18,
	MAX_FUNCTIONS = 1 << 22,
	MAX_RANGES = 1 << 20, /* of one unit's functions, or of one function's calls */
	MAX_DEPTH = 256
};

/* A stretch of code of a function, or of a call that is inlined. */
struct range {
	uint64_t start;
	uint64_t end;
	Dwarf_Off die;
};

struct ranges {
	struct range *list;
	size_t count;
	size_t capacity;
};

struct ranges_list {
	struct ranges *list;
	size_t count;
	size_t capacity;
	struct pyro_map by_die;
};

struct pyro_debug_scopes {
	struct ranges_list units;     /* of each unit its functions, by address */
	struct ranges_list functions; /* of each function its inlined calls, outer before inner */
};

static bool add(struct ranges *ranges, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (start >= end)
			continue;
		if (ranges->count == ranges->capacity) {
			const size_t capacity = ranges->capacity ? 2 * ranges->capacity : 16;
			struct range *list;

			if (ranges->count >= MAX_RANGES)
				return false;
			list = reallocarray(ranges->list, capacity, sizeof(*list));
			if (!list)
				return false;
			ranges->list = list;
			ranges->capacity = capacity;
		}
		ranges->list[ranges->count++] =
			(struct range){.start = start, .end = end, .die = dwarf_dieoffset(die)};
	}
	return true;
}

/* What a walk does with a DIE by its tag: keep its code, look below it, or neither. */
enum {
	KEEP = 1,
	ENTER = 2
};

static int in_unit(int tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
		return KEEP;
	case DW_TAG_namespace:
	case DW_TAG_module:
		return ENTER;
	default:
		return 0;
	}
}

static int in_function(int tag)
{
	switch (tag) {
	case DW_TAG_inlined_subroutine:
		return KEEP | ENTER;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return ENTER;
	default:
		return 0;
	}
}

static bool walk(struct ranges *ranges, Dwarf_Die *parent, int (*what)(int tag), unsigned int depth)
{
	Dwarf_Die child;

	if (depth == MAX_DEPTH || dwarf_child(parent, &child) != 0)
		return true;
	do {
		const int todo = what(dwarf_tag(&child));

		if (todo & KEEP && !add(ranges, &child))
			return false;
		if (todo & ENTER && !walk(ranges, &child, what, depth + 1))
			return false;
	} while (dwarf_siblingof(&child, &child) == 0);
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* The ranges below a DIE, found at the first need. NULL without memory. */
static const struct ranges *below(struct ranges_list *known, Dwarf_Die *die, int (*what)(int tag))
{
	const Dwarf_Off offset = dwarf_dieoffset(die);
	struct ranges found = {.list = NULL};
	uint64_t at;

	if (pyro_map_get(&known->by_die, offset, &at))
		return &known->list[at];
	if (known->count == known->capacity) {
		const size_t capacity = known->capacity ? 2 * known->capacity : 64;
		struct ranges *list = reallocarray(known->list, capacity, sizeof(*list));

		if (!list)
			return NULL;
		known->list = list;
		known->capacity = capacity;
	}
	if (!walk(&found, die, what, 0) ||
	    pyro_map_put(&known->by_die, offset, known->count) != PYRO_RC_OK) {
		free(found.list);
		return NULL;
	}
	known->list[known->count] = found;
	return &known->list[known->count++];
}

static void free_all(struct ranges_list *known)
{
	for (size_t i = 0; i < known->count; i++)
		free(known->list[i].list);
	free(known->list);
	pyro_map_deinit(&known->by_die);
}

enum pyro_rc pyro_debug_scopes_create(struct pyro_debug_scopes **ret_scopes)
{
	struct pyro_debug_scopes *scopes = calloc(1, sizeof(*scopes));

	if (!scopes)
		return PYRO_RC_NOMEM;
	pyro_map_init(&scopes->units.by_die, MAX_UNITS);
	pyro_map_init(&scopes->functions.by_die, MAX_FUNCTIONS);
	*ret_scopes = scopes;
	return PYRO_RC_OK;
}

void pyro_debug_scopes_destroy(struct pyro_debug_scopes *scopes)
{
	if (!scopes)
		return;
	free_all(&scopes->units);
	free_all(&scopes->functions);
	free(scopes);
}

static const struct range *at_or_before(const struct ranges *ranges, uint64_t addr)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (ranges->list[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &ranges->list[low - 1] : NULL;
}

/* The unit's functions in order of address; they do not overlap, other than where one is there
 * twice. */
static const struct ranges *functions_of(struct pyro_debug_scopes *scopes, Dwarf_Die *unit)
{
	const size_t before = scopes->units.count;
	const struct ranges *functions = below(&scopes->units, unit, in_unit);

	if (functions && functions->count && scopes->units.count != before)
		qsort(functions->list, functions->count, sizeof(*functions->list), by_start);
	return functions;
}

size_t pyro_debug_scopes_find(struct pyro_debug_scopes *scopes, Dwarf_Die *unit, uint64_t addr,
			      Dwarf_Die *calls, size_t max)
{
	const struct ranges *functions = functions_of(scopes, unit), *inlined;
	const struct range *function = functions ? at_or_before(functions, addr) : NULL;
	Dwarf *dwarf = dwarf_cu_getdwarf(unit->cu);
	Dwarf_Die die;
	size_t count = 0;

	if (!function || addr >= function->end || !dwarf_offdie(dwarf, function->die, &die))
		return 0;
	inlined = below(&scopes->functions, &die, in_function);
	for (size_t i = inlined ? inlined->count : 0; i > 0 && count < max; i--) {
		const struct range *call = &inlined->list[i - 1];

		if (addr >= call->start && addr < call->end &&
		    dwarf_offdie(dwarf, call->die, &calls[count]))
			count++;
	}
	if (count < max)
		calls[count++] = die;
	return count;
}
