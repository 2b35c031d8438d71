/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "record/moment_inside.h"

static enum pyro_rc add_text(struct pyro_profile *profile, const char *text, uint32_t *ret_string)
{
	return pyro_profile_string(profile, text, strlen(text), ret_string);
}

static enum pyro_rc add_frame(struct pyro_profile *profile, const struct pyro_python *python,
			      const struct pyro_raw_frame *raw, uint32_t *stack)
{
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
		rc = add_frame(moment->profile, python, &frames[i], ret_stack);
	return rc;
}
