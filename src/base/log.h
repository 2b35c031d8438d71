/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_LOG_H
#define PYRO_BASE_LOG_H

/** The library says nothing by itself. Debug lines go to stderr when PYROMETER_DEBUG is set in the
 *  environment; the level is the only mutable global of the project. */
enum pyro_log_level {
	PYRO_LOG_SILENT,
	PYRO_LOG_DEBUG
};

void pyro_log_set_level(enum pyro_log_level level);
void pyro_log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
