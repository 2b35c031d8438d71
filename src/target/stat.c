/* SPDX-License-Identifier: Apache-2.0 */
#include "target/stat.h"

#include <limits.h>
#include <string.h>

#include "target/procfs.h"

/* Numbers of proc(5). */
enum {
	FIELD_STATE = 3,
	FIELD_PARENT = 4,
	FIELD_UTIME = 14,
	FIELD_STIME = 15,
	FIELD_THREADS = 20,
	FIELD_START = 22,
	FIELD_CPU = 39
};

static bool signed_field(const char **at, const char *end, bool *ret_negative, uint64_t *ret_value)
{
	*ret_negative = *at < end && **at == '-';
	if (*ret_negative)
		(*at)++;
	return pyro_procfs_decimal(at, end, ret_value);
}

bool pyro_stat_parse(const char *text, size_t size, struct pyro_stat *ret_stat)
{
	struct pyro_stat stat = {.cpu = -1};
	const char *const end = text + size;
	const char *at = text;
	const char *close = memrchr(text, ')', size);
	uint64_t value;
	int field = FIELD_PARENT;

	if (!pyro_procfs_decimal(&at, end, &value) || value > INT_MAX)
		return false;
	stat.id = (int)value;
	if (!close || end - at < 2 || at[0] != ' ' || at[1] != '(' || close < at + 2)
		return false;
	stat.comm = at + 2;
	stat.comm_size = (size_t)(close - stat.comm);
	at = close + 1;
	if (end - at < 3 || at[0] != ' ')
		return false;
	stat.state = at[1];
	at += 2;
	for (; at < end && *at == ' ' && field <= FIELD_CPU; field++) {
		bool negative;

		at++;
		if (!signed_field(&at, end, &negative, &value))
			break;
		switch (field) {
		case FIELD_PARENT:
			stat.parent = negative || value > INT_MAX ? 0 : (int)value;
			break;
		case FIELD_UTIME:
			stat.utime = value;
			break;
		case FIELD_STIME:
			stat.stime = value;
			break;
		case FIELD_THREADS:
			stat.threads = negative || value > INT64_MAX ? 0 : (int64_t)value;
			break;
		case FIELD_START:
			stat.start_ticks = value;
			break;
		case FIELD_CPU:
			stat.cpu = negative || value > INT_MAX ? -1 : (int)value;
			break;
		default:
			break;
		}
	}
	if (field <= FIELD_START)
		return false;
	*ret_stat = stat;
	return true;
}
