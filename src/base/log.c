/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum pyro_log_level current = PYRO_LOG_SILENT;

void pyro_log_set_level(enum pyro_log_level level)
{
	current = level;
}

void pyro_log_debug(const char *format, ...)
{
	va_list args;

	if (current < PYRO_LOG_DEBUG)
		return;
	va_start(args, format);
	fputs("pyrometer: debug: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}
