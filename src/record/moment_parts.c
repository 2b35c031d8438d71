/* SPDX-License-Identifier: Apache-2.0 */
#include "record/moment_parts.h"

#include <string.h>

static enum pyro_rc add_text(struct pyro_profile *profile, const char *text, uint32_t *ret_string)
{
	return pyro_profile_string(profile, text, strlen(text), ret_string);
}

enum pyro_rc pyro_moment_add_frame(struct pyro_moment *moment, const struct pyro_python *python,
				   const struct pyro_raw_frame *raw, uint32_t *stack)
{
	struct pyro_profile *profile = moment->profile;
	static const struct pyro_code unknown = {.name = "?", .qualname = "?", .file = ""};
	const struct pyro_code *code = pyro_python_code(python, raw->code);
	struct pyro_function function = {.name = 0};
	struct pyro_frame frame = {.line = raw->line};
	uint32_t index;
	enum pyro_rc rc;

	code = code ? code : &unknown;
	function.first_line = code->first_line;
	rc = add_text(profile, code->qualname, &function.name);
	if (!rc)
		rc = add_text(profile, code->file, &function.file);
	if (!rc)
		rc = pyro_profile_function(profile, &function, &frame.function);
	if (!rc)
		rc = pyro_profile_frame(profile, &frame, &index);
	return rc ? rc : pyro_profile_stack(profile, *stack, index, stack);
}

enum pyro_rc pyro_moment_add_stack(struct pyro_moment *moment, const struct pyro_python *python,
				   const struct pyro_raw_frame *frames, size_t count,
				   uint32_t *ret_stack)
{
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_stack = PYRO_NONE;
	for (size_t i = count; i-- > 0 && !rc;)
		rc = pyro_moment_add_frame(moment, python, &frames[i], ret_stack);
	return rc;
}

enum pyro_rc pyro_moment_frames(struct pyro_moment *moment, struct pyro_python *python,
				struct pyro_moment_native *native, struct pyro_raw_stack *stack,
				struct pyro_moment_thread *thread)
{
	pyro_python_stack_lines(python, stack);
	thread->truncated = stack->truncated;
	thread->partial = stack->partial;
	return native ? pyro_moment_native_take(native, python, stack, thread)
		      : pyro_moment_add_stack(moment, python, stack->frames, stack->count,
					      &thread->stack);
}

struct naming {
	struct pyro_moment *moment;
	struct pyro_map *names;
};

static void on_name(void *context, uint64_t pthread, const char *name)
{
	const struct naming *naming = context;
	const char *kept = pyro_moment_text(naming->moment, name);

	/* Without memory it has the kernel's name. */
	if (pyro_map_put(naming->names, pthread, (uint64_t)(uintptr_t)kept))
		return;
}

void pyro_moment_names(struct pyro_moment *moment, struct pyro_python *python,
		       struct pyro_map *names)
{
	struct naming naming = {moment, names};

	pyro_python_thread_names(python, on_name, &naming);
}

const char *pyro_moment_name(const struct pyro_map *names, uint64_t pthread)
{
	uint64_t name;

	return pyro_map_get(names, pthread, &name) ? (const char *)(uintptr_t)name : NULL;
}
