/* SPDX-License-Identifier: Apache-2.0 */
#include "format/formats.h"

#include <string.h>

const struct pyro_format pyro_formats[] = {
	{
		.name = "folded",
		.suffixes = {".folded", ".collapsed"},
		.description =
			"folded stacks, weights in microseconds; for flamegraph.pl, inferno, "
			"speedscope",
		.lost = "the order of time, intervals, what was waited for; threads only with "
			"--threads, "
			"lines only with --by line",
		.write = pyro_folded_write,
	},
	{
		.name = "speedscope",
		.suffixes = {".speedscope.json", ".speedscope"},
		.description = "JSON for www.speedscope.app, a profile for each thread or task",
		.lost = "intervals, what was waited for, how samples were proved; lines only with "
			"--by "
			"line",
		.write = pyro_speedscope_write,
	},
	{.name = NULL},
};

const struct pyro_format *pyro_format_find(const char *name)
{
	for (const struct pyro_format *format = pyro_formats; format->name; format++) {
		if (strcmp(format->name, name) == 0)
			return format;
	}
	return NULL;
}

static bool ends_with(const char *path, const char *suffix)
{
	size_t path_size = strlen(path);
	size_t size = strlen(suffix);

	return path_size > size && strcmp(path + path_size - size, suffix) == 0;
}

bool pyro_format_has_suffix(const struct pyro_format *format, const char *path)
{
	for (size_t i = 0; i < PYRO_COUNT(format->suffixes) && format->suffixes[i]; i++) {
		if (ends_with(path, format->suffixes[i]))
			return true;
	}
	return false;
}

const struct pyro_format *pyro_format_by_path(const char *path)
{
	for (const struct pyro_format *format = pyro_formats; format->name; format++) {
		if (pyro_format_has_suffix(format, path))
			return format;
	}
	return NULL;
}
