/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_KERNEL_H
#define PYRO_TARGET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/limits.h"

/** The functions of the kernel that were met on stacks, by number. Addresses of the kernel are
 *  secrets: none of them leaves this, only names do. Not thread-safe. */
struct pyro_kernel;

/** What the kernel does for a thread: the numbers of functions, leaf first. */
struct pyro_kernel_stack {
	uint32_t functions[PYRO_MAX_KERNEL_STACK];
	size_t count;
};

/** Finds out how much the kernel shows of threads that wait. Errors: NOMEM. */
enum pyro_rc pyro_kernel_create(struct pyro_kernel **ret_kernel,
				struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_kernel_destroy(struct pyro_kernel *kernel);

/** Whether that is all of their stacks, which takes CAP_SYS_ADMIN, or their leaves alone. */
bool pyro_kernel_shows_stacks(const struct pyro_kernel *kernel);
/** What a thread does there that waits, as far as that is shown: all, its leaf, or nothing. No
 *  allocation but for functions that are met for the first time. Source: stack, else wchan, of
 *  /proc/PID/task/TID. */
void pyro_kernel_waiting(struct pyro_kernel *kernel, int pid, int tid,
			 struct pyro_kernel_stack *stack);
/** Parses the text of such a file. */
void pyro_kernel_stack_parse(struct pyro_kernel *kernel, const char *text, size_t size,
			     struct pyro_kernel_stack *stack);
void pyro_kernel_wchan_parse(struct pyro_kernel *kernel, const char *text, size_t size,
			     struct pyro_kernel_stack *stack);

/** Has the kernel's functions found by address from now on: reads all their names, which takes some
 *  ten ms. Errors: as pyro_kallsyms_load. */
enum pyro_rc pyro_kernel_load(struct pyro_kernel *kernel, struct pyro_err *err) PYRO_NODISCARD;
/** After that: pyro_kallsyms_find. */
bool pyro_kernel_find(const struct pyro_kernel *kernel, const char *name, uint64_t *ret_start,
		      uint64_t *ret_end);
/** What it did at the @count addresses @pcs, leaf first: the leaf is where it was interrupted, all
 *  others are where calls return to. Functions that have no name are left out. */
void pyro_kernel_at(struct pyro_kernel *kernel, const uint64_t *pcs, size_t count,
		    struct pyro_kernel_stack *stack);

/** Function @number: its name, a blank, and its module in brackets: "vfs_read [kernel]". NULL for a
 *  number that was never given. Lives as long as @kernel. */
const char *pyro_kernel_name(const struct pyro_kernel *kernel, uint32_t number);

#endif
