/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/debug_info.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include "unwind/debug_image.h"
#include "unwind/debug_scopes.h"

enum {
	MAX_UNITS = 1 << 18,
	MAX_RANGES = 1 << 20
};

/* Code of one compilation unit; many compilers write no table of these (.debug_aranges). */
struct range {
	uint64_t start;
	uint64_t end;
	Dwarf_Off unit;
};

struct pyro_debug_info {
	struct pyro_debug_image image;
	Elf *elf;
	Dwarf *dwarf;
	struct pyro_debug_scopes *scopes;
	Dwarf_Aranges *table; /* .debug_aranges, which need not have all; NULL: there is none */
	struct range *ranges; /* of all units, in order of address; once the table has failed */
	bool searched;
	size_t count;
	size_t capacity;
};

static bool add_range(struct pyro_debug_info *info, uint64_t start, uint64_t end, Dwarf_Off unit)
{
	if (start == 0 || start >= end)
		return true;
	if (info->count == info->capacity) {
		const size_t capacity = info->capacity ? 2 * info->capacity : 256;
		struct range *ranges;

		if (info->count == MAX_RANGES)
			return false;
		ranges = reallocarray(info->ranges, capacity, sizeof(*ranges));
		if (!ranges)
			return false;
		info->ranges = ranges;
		info->capacity = capacity;
	}
	info->ranges[info->count++] = (struct range){.start = start, .end = end, .unit = unit};
	return true;
}

static bool add_unit(struct pyro_debug_info *info, Dwarf_Off offset)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	Dwarf_Die unit;

	/* A split unit's code is described in a file of its own. */
	if (!dwarf_offdie(info->dwarf, offset, &unit) || dwarf_tag(&unit) != DW_TAG_compile_unit)
		return true;
	while ((at = dwarf_ranges(&unit, at, &base, &start, &end)) > 0) {
		if (!add_range(info, start, end, offset))
			return false;
	}
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void find_ranges(struct pyro_debug_info *info)
{
	Dwarf_Off at = 0, next;
	size_t header, units = 0;

	while (dwarf_nextcu(info->dwarf, at, &next, &header, NULL, NULL, NULL) == 0) {
		if (next <= at || units++ == MAX_UNITS || !add_unit(info, at + header))
			break;
		at = next;
	}
	if (info->count)
		qsort(info->ranges, info->count, sizeof(*info->ranges), by_start);
}

enum pyro_rc pyro_debug_info_create(int fd, struct pyro_debug_info **ret_info)
{
	struct pyro_debug_info *info;
	enum pyro_rc rc;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return PYRO_RC_UNSUPPORTED;
	info = calloc(1, sizeof(*info));
	if (!info)
		return PYRO_RC_NOMEM;
	rc = pyro_debug_image_create(fd, &info->image);
	if (rc == PYRO_RC_OK) {
		info->elf = elf_memory(info->image.data, info->image.size);
		info->dwarf = info->elf ? dwarf_begin_elf(info->elf, DWARF_C_READ, NULL) : NULL;
		rc = info->dwarf ? PYRO_RC_OK : PYRO_RC_FORMAT;
	}
	if (rc == PYRO_RC_OK && dwarf_getaranges(info->dwarf, &info->table, NULL) != 0)
		info->table = NULL;
	if (rc == PYRO_RC_OK)
		rc = pyro_debug_scopes_create(&info->scopes);
	if (rc == PYRO_RC_OK)
		*ret_info = info;
	else
		pyro_debug_info_destroy(info);
	return rc;
}

void pyro_debug_info_destroy(struct pyro_debug_info *info)
{
	if (!info)
		return;
	if (info->dwarf)
		dwarf_end(info->dwarf);
	if (info->elf)
		elf_end(info->elf);
	pyro_debug_scopes_destroy(info->scopes);
	pyro_debug_image_deinit(&info->image);
	free(info->ranges);
	free(info);
}

static const struct range *find_range(const struct pyro_debug_info *info, uint64_t addr)
{
	size_t low = 0, high = info->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (info->ranges[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low && addr < info->ranges[low - 1].end ? &info->ranges[low - 1] : NULL;
}

/* The unit that has the code at @addr. */
static bool find_unit(struct pyro_debug_info *info, uint64_t addr, Dwarf_Die *unit)
{
	Dwarf_Arange *row =
		info->table ? dwarf_getarange_addr(info->table, (Dwarf_Addr)addr) : NULL;
	const struct range *range;
	Dwarf_Off offset;

	if (row && dwarf_getarangeinfo(row, NULL, NULL, &offset) == 0)
		return dwarf_offdie(info->dwarf, offset, unit);
	if (!info->searched)
		find_ranges(info);
	info->searched = true;
	range = find_range(info, addr);
	return range && dwarf_offdie(info->dwarf, range->unit, unit);
}

/* The name that the linker knows, which tells more than the plain one. */
static void name_function(Dwarf_Die *die, struct pyro_debug_place *place)
{
	static const unsigned int linkage[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
	Dwarf_Attribute attribute;

	for (size_t i = 0; i < PYRO_COUNT(linkage); i++) {
		if (dwarf_attr_integrate(die, linkage[i], &attribute)) {
			place->function = dwarf_formstring(&attribute);
			if (place->function)
				return;
		}
	}
	if (dwarf_attr_integrate(die, DW_AT_name, &attribute))
		place->function = dwarf_formstring(&attribute);
}

/* Where the inlined function @die was called from. */
static void call_site(Dwarf_Die *die, Dwarf_Files *files, struct pyro_debug_place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	*place = (struct pyro_debug_place){.function = NULL};
	if (files && dwarf_attr(die, DW_AT_call_file, &attribute) &&
	    dwarf_formudata(&attribute, &value) == 0)
		place->file = dwarf_filesrc(files, value, NULL, NULL);
	if (dwarf_attr(die, DW_AT_call_line, &attribute) &&
	    dwarf_formudata(&attribute, &value) == 0 && value <= UINT32_MAX)
		place->line = (uint32_t)value;
}

static size_t find_calls(struct pyro_debug_scopes *scopes, Dwarf_Die *unit, uint64_t addr,
			 struct pyro_debug_place places[PYRO_DEBUG_PLACES])
{
	Dwarf_Die calls[PYRO_DEBUG_PLACES];
	Dwarf_Files *files = NULL;
	const size_t count = pyro_debug_scopes_find(scopes, unit, addr, calls, PYRO_COUNT(calls));

	if (dwarf_getsrcfiles(unit, &files, NULL) != 0)
		files = NULL;
	for (size_t i = 0; i < count; i++) {
		name_function(&calls[i], &places[i]);
		if (i + 1 < count)
			call_site(&calls[i], files, &places[i + 1]);
	}
	return count;
}

size_t pyro_debug_info_find(struct pyro_debug_info *info, uint64_t addr,
			    struct pyro_debug_place places[PYRO_DEBUG_PLACES])
{
	Dwarf_Line *line;
	Dwarf_Die unit;
	size_t count;
	int number;

	if (!find_unit(info, addr, &unit))
		return 0;
	places[0] = (struct pyro_debug_place){.function = NULL};
	line = dwarf_getsrc_die(&unit, addr);
	if (line) {
		places[0].file = dwarf_linesrc(line, NULL, NULL);
		if (dwarf_lineno(line, &number) == 0 && number > 0)
			places[0].line = (uint32_t)number;
	}
	count = find_calls(info->scopes, &unit, addr, places);
	return count ? count : places[0].file != NULL;
}
