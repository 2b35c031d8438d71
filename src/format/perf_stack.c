/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf_stack.h"

#include <string.h>

#include "base/libc.h"
#include "base/limits.h"
#include "profile/glue.h"

enum kind {
	NOTHING,
	PYTHON,
	LOOP,    /* one run of the interpreter's loop */
	GLUE,    /* leads from one to another */
	UNKNOWN, /* code of a file that has no name for it */
	NATIVE   /* the kernel's too */
};

/* Offsets in the text, which moves while it grows. */
struct perf_frame {
	uint32_t name, name_size;
	uint32_t file, file_size;
	enum kind kind;
	bool inlined;
};

#define TEXT_BYTES ((size_t)PYRO_MAX_STACK_DEPTH * (PYRO_MAX_NAME + PYRO_MAX_PATH))

void pyro_perf_stack_init(struct pyro_perf_stack *stack)
{
	*stack = (struct pyro_perf_stack){.python = false};
	pyro_buf_init(&stack->frames, PYRO_MAX_STACK_DEPTH * sizeof(struct perf_frame));
	pyro_buf_init(&stack->text, TEXT_BYTES);
}

void pyro_perf_stack_deinit(struct pyro_perf_stack *stack)
{
	pyro_buf_deinit(&stack->frames);
	pyro_buf_deinit(&stack->text);
}

void pyro_perf_stack_reset(struct pyro_perf_stack *stack)
{
	pyro_buf_reset(&stack->frames);
	pyro_buf_reset(&stack->text);
	stack->map_pid = 0;
	stack->python = stack->cut = stack->partial = false;
}

static bool begins(const struct pyro_perf_text *text, const char *start)
{
	const size_t size = strlen(start);

	return text->size >= size && memcmp(text->text, start, size) == 0;
}

static struct pyro_perf_text last_part(const struct pyro_perf_text *path)
{
	const char *slash = memrchr(path->text, '/', path->size);

	if (!slash)
		return *path;
	return (struct pyro_perf_text){.text = slash + 1,
				       .size = (size_t)(path->text + path->size - slash) - 1};
}

/* "[kernel.kallsyms]" or a vmlinux, and of its modules "[xfs]" or the file. */
static bool is_kernel(const struct pyro_perf_text *file)
{
	static const char *const others[] = {"[vdso]", "[vsyscall]", "[heap]", "[stack", "[anon"};
	const struct pyro_perf_text name = last_part(file);

	for (size_t i = 0; i < PYRO_COUNT(others); i++) {
		if (begins(file, others[i]))
			return false;
	}
	return begins(file, "[") || begins(&name, "vmlinux") ||
	       memmem(name.text, name.size, ".ko", 3);
}

static bool is_interpreter(const struct pyro_perf_text *file)
{
	const struct pyro_perf_text name = last_part(file);

	return begins(&name, "libpython") || begins(&name, "python");
}

/* Whether @file may have functions of the interpreter or of the C library under their names: both,
 * or an executable that holds them, but no other library and not the kernel. */
static bool may_have_glue(const struct pyro_perf_text *file)
{
	const struct pyro_perf_text name = last_part(file);

	return pyro_libc_is(file->text, file->size) || begins(&name, "libpython") ||
	       (!begins(file, "[") && !is_kernel(file) && !memmem(name.text, name.size, ".so", 3));
}

static enum kind kind_of(const struct pyro_perf_frame *frame)
{
	char name[PYRO_MAX_NAME];

	if (!frame->known)
		return UNKNOWN;
	if (frame->name.size >= sizeof(name) || !may_have_glue(&frame->file))
		return NATIVE;
	memcpy(name, frame->name.text, frame->name.size);
	name[frame->name.size] = '\0';
	if (pyro_glue_is_loop(name))
		return LOOP;
	return pyro_glue_is(name) ? GLUE : NATIVE;
}

static uint32_t add_text(struct pyro_perf_stack *stack, const struct pyro_perf_text *text,
			 size_t max, uint32_t *ret_size)
{
	const size_t at = stack->text.size;

	*ret_size = (uint32_t)(text->size < max ? text->size : max);
	pyro_buf_add(&stack->text, text->text, *ret_size);
	return (uint32_t)at;
}

enum pyro_rc pyro_perf_stack_add(struct pyro_perf_stack *stack, const struct pyro_perf_frame *frame)
{
	struct perf_frame added = {.inlined = frame->inlined};
	struct pyro_perf_text name = frame->name, file = frame->file;

	if (stack->frames.size / sizeof(added) == PYRO_MAX_STACK_DEPTH) {
		stack->cut = true;
		return PYRO_RC_OK;
	}
	if (frame->known && pyro_perf_python_parse(&frame->name, &name, &file)) {
		added.kind = PYTHON;
		stack->python = true;
		if (!stack->map_pid)
			stack->map_pid = pyro_perf_map_pid(&frame->file);
	} else {
		added.kind = kind_of(frame);
	}
	added.name = add_text(stack, &name, PYRO_MAX_NAME, &added.name_size);
	added.file = add_text(stack, &file, PYRO_MAX_PATH, &added.file_size);
	pyro_buf_add(&stack->frames, &added, sizeof(added));
	if (pyro_buf_status(&stack->text) || pyro_buf_status(&stack->frames))
		return PYRO_RC_NOMEM;
	return PYRO_RC_OK;
}

static enum pyro_rc intern(struct pyro_profile *profile, enum kind kind,
			   const struct pyro_perf_text *name, const struct pyro_perf_text *file,
			   uint32_t *ret_frame)
{
	struct pyro_function function = {.kind = kind == PYTHON    ? PYRO_FUNCTION_PYTHON
						 : is_kernel(file) ? PYRO_FUNCTION_KERNEL
								   : PYRO_FUNCTION_NATIVE};
	struct pyro_frame frame = {.line = 0};
	enum pyro_rc rc = pyro_profile_string(profile, name->text, name->size, &function.name);

	if (rc == PYRO_RC_OK)
		rc = pyro_profile_string(profile, file->text, file->size, &function.file);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_function(profile, &function, &frame.function);
	return rc == PYRO_RC_OK ? pyro_profile_frame(profile, &frame, ret_frame) : rc;
}

/* The kernel itself has one name, whether perf had its symbols from it or from a file. */
static struct pyro_perf_text file_text(const struct pyro_perf_stack *stack,
				       const struct perf_frame *frame)
{
	static const char kernel[] = "[kernel]";
	const struct pyro_perf_text file = {stack->text.data + frame->file, frame->file_size};
	const struct pyro_perf_text name = last_part(&file);

	return begins(&file, "[kernel.") || begins(&name, "vmlinux")
		       ? (struct pyro_perf_text){kernel, sizeof(kernel) - 1}
		       : file;
}

static void frame_text(const struct pyro_perf_stack *stack, const struct perf_frame *frame,
		       struct pyro_perf_text *ret_name, struct pyro_perf_text *ret_file)
{
	static const char unknown[] = "[unknown]";

	*ret_name = (struct pyro_perf_text){stack->text.data + frame->name, frame->name_size};
	*ret_file = file_text(stack, frame);
	if (frame->kind == UNKNOWN)
		*ret_name = (struct pyro_perf_text){unknown, sizeof(unknown) - 1};
}

/* Whether a frame on top of one of the kind @below says anything. */
static bool tells(const struct pyro_perf_stack *stack, enum kind kind, enum kind below,
		  const struct pyro_perf_text *file)
{
	switch (kind) {
	case LOOP:
		/* Without a frame of Python to belong to it is one whose name is not known. */
		return below != PYTHON && below != LOOP;
	case GLUE:
		return false;
	case UNKNOWN:
		/* A stripped interpreter is glue for the most part, and there is no telling. */
		return file->size > 0 && !(stack->python && is_interpreter(file));
	default:
		return true;
	}
}

enum pyro_metric pyro_perf_stack_part(const struct pyro_perf_stack *stack)
{
	const struct perf_frame *leaf = (const struct perf_frame *)stack->frames.data;
	struct pyro_perf_text name, file;

	if (stack->frames.size == 0)
		return PYRO_METRIC_CPU_NATIVE;
	frame_text(stack, leaf, &name, &file);
	if (is_kernel(&file))
		return PYRO_METRIC_CPU_SYSTEM;
	if (leaf->kind == PYTHON || leaf->kind == LOOP ||
	    (stack->python && !tells(stack, leaf->kind, PYTHON, &file)))
		return PYRO_METRIC_CPU_PYTHON;
	return PYRO_METRIC_CPU_NATIVE;
}

enum pyro_rc pyro_perf_stack_settle(struct pyro_perf_stack *stack, struct pyro_profile *profile,
				    uint32_t *ret_stack)
{
	const struct perf_frame *frames = (const struct perf_frame *)stack->frames.data;
	const size_t count = stack->frames.size / sizeof(*frames);
	struct pyro_perf_text name, file, outer_file = {.text = ""};
	uint32_t result = PYRO_NONE, last = PYRO_NONE, frame;
	enum kind below = NOTHING;
	size_t from = count;
	enum pyro_rc rc;

	/* What started the first frame of Python says nothing. */
	while (stack->python && frames[from - 1].kind != PYTHON)
		from--;
	for (size_t i = from; i-- > 0;) {
		const enum kind kind = frames[i].kind;

		frame_text(stack, &frames[i], &name, &file);
		if (frames[i].inlined && file.size == 0)
			file = outer_file;
		outer_file = file;
		stack->partial |= kind == UNKNOWN && file.size == 0;
		if (!tells(stack, kind, below, &file))
			continue;
		rc = intern(profile, kind, &name, &file, &frame);
		if (rc)
			return rc;
		/* Several addresses without a name, one after the other, are one riddle. */
		if (kind == UNKNOWN && frame == last)
			continue;
		rc = pyro_profile_stack(profile, result, frame, &result);
		if (rc)
			return rc;
		last = frame;
		below = kind;
	}
	/* Nothing is left: then where it was, whatever that is. */
	if (result == PYRO_NONE && count > 0) {
		frame_text(stack, &frames[0], &name, &file);
		rc = intern(profile, frames[0].kind, &name, &file, &frame);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_stack(profile, PYRO_NONE, frame, &result);
		if (rc)
			return rc;
	}
	*ret_stack = result;
	return PYRO_RC_OK;
}
