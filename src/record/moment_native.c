/* SPDX-License-Identifier: Apache-2.0 */
#include "record/moment_native.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "record/moment_parts.h"
#include "record/natives.h"
#include "sample/native.h"

struct pyro_moment_native {
	struct pyro_moment *moment;
	struct pyro_native *native;
	struct pyro_natives *names;
	struct pyro_map known; /* address of code, or kernel_key, to a number in `names` */
	struct pyro_snapshot snapshot;
};

enum pyro_rc pyro_moment_native_create(const struct pyro_space *space, struct pyro_moment *moment,
				       struct pyro_moment_native **ret_native, struct pyro_err *err)
{
	struct pyro_moment_native *native = calloc(1, sizeof(*native));
	enum pyro_rc rc;

	if (!native)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	native->moment = moment;
	pyro_map_init(&native->known, PYRO_MAX_PROFILE_ROWS);
	rc = pyro_native_create(space, &native->native, err);
	if (!rc)
		rc = pyro_natives_create_of(pyro_native_modules(native->native), moment->profile,
					    &native->names, err);
	if (!rc)
		rc = pyro_kernel_create(&native->snapshot.kernel, err);
	if (rc) {
		pyro_moment_native_destroy(native);
		return rc;
	}
	*ret_native = native;
	return PYRO_RC_OK;
}

void pyro_moment_native_destroy(struct pyro_moment_native *native)
{
	if (!native)
		return;
	pyro_natives_destroy(native->names);
	pyro_native_destroy(native->native);
	pyro_kernel_destroy(native->snapshot.kernel);
	pyro_map_deinit(&native->known);
	free(native);
}

struct pyro_snapshot *pyro_moment_native_snapshot(struct pyro_moment_native *native)
{
	return native ? &native->snapshot : NULL;
}

static enum pyro_rc number_of(struct pyro_moment_native *native,
			      const struct pyro_native_frame *frame, uint64_t *ret_number)
{
	const uint64_t pc = pyro_native_frame_at(frame);
	const struct pyro_module *module =
		pyro_modules_get(pyro_native_modules(native->native), frame->module);
	enum pyro_rc rc;

	if (pyro_map_get(&native->known, pc, ret_number))
		return PYRO_RC_OK;
	*ret_number = native->known.count;
	rc = pyro_natives_add(native->names, pc, frame->addr, module ? module->path : "");
	return rc ? rc : pyro_map_put(&native->known, pc, *ret_number);
}

/* No program has code at such an address. */
static uint64_t kernel_key(uint32_t function)
{
	return UINT64_MAX - function;
}

static enum pyro_rc number_of_kernel(struct pyro_moment_native *native, uint32_t function,
				     uint64_t *ret_number)
{
	enum pyro_rc rc;

	if (pyro_map_get(&native->known, kernel_key(function), ret_number))
		return PYRO_RC_OK;
	*ret_number = native->known.count;
	rc = pyro_natives_add_kernel(native->names,
				     pyro_kernel_name(native->snapshot.kernel, function));
	return rc ? rc : pyro_map_put(&native->known, kernel_key(function), *ret_number);
}

/* A frame that is not Python's. */
static enum pyro_rc add_native(struct pyro_moment_native *native,
			       const struct pyro_merged_frame *frame, uint32_t *stack)
{
	const uint32_t *frames;
	size_t count = 0;
	uint64_t number;
	enum pyro_rc rc =
		frame->kind == PYRO_MERGED_KERNEL
			? number_of_kernel(native, native->snapshot.within.functions[frame->at],
					   &number)
			: number_of(native, &pyro_native_stack(native->native)->frames[frame->at],
				    &number);

	if (rc)
		return rc;
	frames = pyro_natives_frames(native->names, (uint32_t)number, &count);
	while (frames && count-- > 0 && !rc)
		rc = pyro_profile_stack(native->moment->profile, *stack, frames[count], stack);
	return rc;
}

enum pyro_rc pyro_moment_native_take(struct pyro_moment_native *native,
				     const struct pyro_python *python,
				     const struct pyro_raw_stack *stack,
				     struct pyro_moment_thread *thread)
{
	const struct pyro_merged *merged =
		pyro_native_merge(native->native, &native->snapshot, stack);
	uint32_t at = PYRO_NONE;
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = merged->count; i-- > 0 && !rc;) {
		const struct pyro_merged_frame *from = &merged->frames[i];

		rc = from->kind == PYRO_MERGED_PYTHON
			     ? pyro_moment_add_frame(native->moment, python,
						     &stack->frames[from->at], &at)
			     : add_native(native, from, &at);
	}
	/* What is deeper than a profile holds is left out at the leaf. */
	if (rc == PYRO_RC_LIMIT && at != PYRO_NONE)
		rc = PYRO_RC_OK;
	pyro_native_refresh(native->native);
	thread->stack = at;
	return rc;
}

enum pyro_rc pyro_moment_native_say(struct pyro_moment_native *native)
{
	const struct pyro_modules *modules = native ? pyro_native_modules(native->native) : NULL;
	const struct pyro_module *module;
	enum pyro_rc rc = PYRO_RC_OK;

	for (uint32_t i = 0; native && (module = pyro_modules_get(modules, i)) && !rc; i++) {
		if (module->problem)
			rc = pyro_moment_add_file(native->moment, module->path, module->problem);
	}
	return rc;
}
