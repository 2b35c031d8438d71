/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_MAPS_H
#define PYRO_TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum pyro_mapping_flags {
	PYRO_MAPPING_READ = 1,
	PYRO_MAPPING_WRITE = 2,
	PYRO_MAPPING_EXEC = 4,
	PYRO_MAPPING_SHARED = 8,
	PYRO_MAPPING_DELETED = 16, /**< the kernel marked the file " (deleted)" */
};

/** One mapping of a target's address space: [start, end). */
struct pyro_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /**< of `start` in the file; 0 when there is none */
	uint64_t inode;  /**< 0 when there is no file */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t flags;
	const char *path; /**< any bytes but NUL, as the kernel shows them to us, without its
			       " (deleted)"; "[heap]" and the like; "" if anonymous. Never NULL. */
};

/** The address space of a process, in order of address. Zeroed is empty. */
struct pyro_maps {
	struct pyro_mapping *items;
	size_t count;
	bool truncated; /**< there were more than PYRO_MAX_MAPS lines */
	char *text;     /**< what the paths point into */
};

/** Reads /proc/PID/maps. A zombie and a kernel thread have none: OK with count 0. Source: the
 *  kernel, not atomically: mappings that change meanwhile may be missed or be seen twice. Errors:
 *  GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_maps_load(int pid, struct pyro_maps *ret_maps,
			    struct pyro_err *err) PYRO_NODISCARD;
/** Parses text of that form. Lines that make no sense are left out. Errors: NOMEM. */
enum pyro_rc pyro_maps_parse(const char *text, size_t size, struct pyro_maps *ret_maps,
			     struct pyro_err *err) PYRO_NODISCARD;
void pyro_maps_deinit(struct pyro_maps *maps);
/** Sets the path, of @size bytes with a NUL behind them, and the flag that the kernel's "
 * (deleted)" stands for, which is cut off. */
void pyro_mapping_set_path(struct pyro_mapping *mapping, char *path, size_t size);

/** The mapping that holds @addr, or NULL. */
const struct pyro_mapping *pyro_maps_find(const struct pyro_maps *maps, uint64_t addr);
/** True when both map the same file. */
bool pyro_mapping_same_file(const struct pyro_mapping *a, const struct pyro_mapping *b);

#endif
