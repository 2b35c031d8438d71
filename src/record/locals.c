/* SPDX-License-Identifier: Apache-2.0 */
#include "record/locals.h"

#include <stdlib.h>

#include "cpython/values.h"

struct pyro_locals {
	struct pyro_python *python;
	struct pyro_values *values;
	struct pyro_frame_place places[PYRO_MAX_STACK_DEPTH];
};

enum pyro_rc pyro_locals_create(struct pyro_python *python, struct pyro_locals **ret_locals)
{
	struct pyro_locals *locals = calloc(1, sizeof(*locals));
	enum pyro_rc rc = locals ? pyro_values_create(python, &locals->values) : PYRO_RC_NOMEM;

	if (rc) {
		pyro_locals_destroy(locals);
		return rc;
	}
	locals->python = python;
	*ret_locals = locals;
	return PYRO_RC_OK;
}

void pyro_locals_destroy(struct pyro_locals *locals)
{
	if (!locals)
		return;
	pyro_values_destroy(locals->values);
	free(locals);
}

static enum pyro_rc keep(const struct pyro_frame_locals *found, struct pyro_moment *moment,
			 struct pyro_moment_frame *frame)
{
	struct pyro_moment_local *locals =
		pyro_arena_alloc(&moment->arena, (found->count + 1) * sizeof(*locals));

	if (!locals)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < found->count; i++)
		locals[i] = (struct pyro_moment_local){
			.name = pyro_moment_text(moment, found->locals[i].name),
			.value = pyro_moment_text(moment, found->locals[i].value),
			.kind = pyro_local_kind_name(found->locals[i].kind),
		};
	*frame = (struct pyro_moment_frame){
		.locals = locals,
		.local_count = found->count,
		.left_out = found->left_out,
		.changed = found->changed,
		.unreadable = found->unreadable,
	};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_locals_take(struct pyro_locals *locals, const struct pyro_raw_stack *stack,
			      struct pyro_moment *moment, struct pyro_moment_thread *thread)
{
	struct pyro_moment_frame *frames;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!locals)
		return PYRO_RC_OK;
	frames = pyro_arena_alloc(&moment->arena, (stack->count + 1) * sizeof(*frames));
	if (!frames)
		return PYRO_RC_NOMEM;
	pyro_python_places(locals->python, stack, locals->places);
	for (size_t i = 0; i < stack->count && !rc; i++) {
		struct pyro_frame_locals found;

		rc = pyro_values_frame(locals->values, &locals->places[i], &found);
		if (!rc)
			rc = keep(&found, moment, &frames[i]);
	}
	if (rc)
		return rc;
	thread->frames = frames;
	thread->frame_count = stack->count;
	return PYRO_RC_OK;
}
