/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_STAT_H
#define PYRO_TARGET_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The fields we use of a "stat" file of proc(5), of a process or of a thread. */
struct pyro_stat {
	int id;
	char state;
	int parent;
	uint64_t utime; /**< clock ticks in user space */
	uint64_t stime; /**< clock ticks in the kernel */
	int64_t threads;
	uint64_t start_ticks; /**< clock ticks after boot */
	int cpu;          /**< field 39: the processor last run on; -1 if the file ends before */
	const char *comm; /**< into the text, not NUL-terminated, any bytes */
	size_t comm_size;
};

/** Parses a stat file. The name in parentheses is the target's and may hold anything, also ") R 1":
 *  it ends at the last parenthesis. False when the text is not of that form. */
bool pyro_stat_parse(const char *text, size_t size, struct pyro_stat *ret_stat);

#endif
