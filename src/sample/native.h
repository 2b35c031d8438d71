/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_NATIVE_H
#define PYRO_SAMPLE_NATIVE_H

#include "sample/merge.h"
#include "sample/snapshot.h"

/** The machine code on the stacks of one process: what a snapshot shows, with the frames of Python
 *  where they belong. Not thread-safe. */
struct pyro_native;

/** Errors: UNSUPPORTED (not on this kind of machine), GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_native_create(const struct pyro_space *space, struct pyro_native **ret_native,
				struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_native_destroy(struct pyro_native *native);

/** The stack that @snapshot shows with @python in it, which is of the same moment, and what the
 *  kernel does on top; of an empty snapshot, Python's frames alone. Lives until the next call. */
const struct pyro_merged *pyro_native_merge(struct pyro_native *native,
					    const struct pyro_snapshot *snapshot,
					    const struct pyro_raw_stack *python);
/** What kind of code is at the pc of the snapshot, and in which module. False if the snapshot is
 *  empty, or that module is to be opened first: pyro_native_open. */
bool pyro_native_kind(struct pyro_native *native, const struct pyro_snapshot *snapshot,
		      enum pyro_code_kind *ret_kind, const struct pyro_module **ret_module);
/** Whether a module is to be opened, as pyro_native_kind asked for it. */
bool pyro_native_is_asked(const struct pyro_native *native);
/** Opens it: when nobody is held up by that. */
void pyro_native_open(struct pyro_native *native);
/** What the native frames of the last one are. */
const struct pyro_native_stack *pyro_native_stack(const struct pyro_native *native);
/** For names: pyro_symbols_create. Borrowed. */
struct pyro_modules *pyro_native_modules(struct pyro_native *native);
/** Takes in code that was not there before, if there was any: when nobody is held up by that. */
void pyro_native_refresh(struct pyro_native *native);

#endif
