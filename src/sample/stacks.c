/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks by number: what is on them is announced to the recorder once. */
#include <string.h>

#include "sample/probe_parts.h"

/* What failed may work in a while: it is tried again, ever more seldom. */
bool pyro_stacks_has_native(struct pyro_probe *probe)
{
	const struct pyro_space space = pyro_space_live(probe->pid, probe->reader);

	if (probe->native)
		return true;
	probe->native_asked++;
	if ((probe->native_asked & (probe->native_asked - 1)) != 0)
		return false;
	if (pyro_native_create(&space, &probe->native, NULL))
		probe->native = NULL;
	return probe->native;
}

bool pyro_stacks_announce(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint32_t id)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_CODE, .process = probe->number};
	const struct pyro_code *code;
	uint64_t known;

	if (pyro_map_get(&probe->codes, id, &known))
		return true;
	code = pyro_python_code(probe->python, id);
	if (!code)
		return false;
	message.u.code.code = id;
	message.u.code.first_line = code->first_line;
	message.u.code.qualname = code->qualname;
	message.u.code.file = code->file;
	return pyro_probe_put(shared, &message, NULL, 0) && !pyro_map_put(&probe->codes, id, 1);
}

/* In the place of a module's number. */
#define KERNEL UINT32_MAX

static uint64_t native_key(const struct pyro_native_frame *frame)
{
	return pyro_hash_pair(frame->module, frame->addr);
}

/* The number of what has the @key: the next one for what is not announced yet. */
static uint32_t native_number(const struct pyro_probe *probe, uint64_t key, bool *ret_known)
{
	uint64_t number = probe->natives.count;

	*ret_known = pyro_map_get(&probe->natives, key, &number);
	return (uint32_t)number | PYRO_NATIVE_CODE;
}

/* Tells the recorder what the next number is. */
static bool put_native(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t key,
		       struct pyro_message *message, const char *text)
{
	return pyro_probe_put(shared, message, text, strlen(text)) &&
	       !pyro_map_put(&probe->natives, key, message->u.native.code & ~PYRO_NATIVE_CODE);
}

static bool announce_native(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			    const struct pyro_native_frame *frame, uint32_t *ret_number)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_NATIVE, .process = probe->number};
	const struct pyro_module *module =
		pyro_modules_get(pyro_native_modules(probe->native), frame->module);
	const char *path = module ? module->path : "";
	bool known;

	*ret_number = native_number(probe, native_key(frame), &known);
	if (known)
		return true;
	message.u.native.code = *ret_number;
	message.u.native.addr = frame->addr;
	message.u.native.pc = pyro_native_frame_at(frame);
	return put_native(probe, shared, native_key(frame), &message, path);
}

static bool announce_kernel(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			    uint32_t function, uint32_t *ret_number)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_KERNEL, .process = probe->number};
	const uint64_t key = pyro_hash_pair(KERNEL, function);
	bool known;

	*ret_number = native_number(probe, key, &known);
	if (known)
		return true;
	message.u.native.code = *ret_number;
	return put_native(probe, shared, key, &message,
			  pyro_kernel_name(shared->freeze.snapshot->kernel, function));
}

/* False if there is no room to tell of one that is new. */
static bool announce_merged(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			    const struct pyro_merged_frame *from, uint32_t *ret_number)
{
	return from->kind == PYRO_MERGED_KERNEL
		       ? announce_kernel(probe, shared,
					 shared->freeze.snapshot->within.functions[from->at],
					 ret_number)
		       : announce_native(probe, shared,
					 &pyro_native_stack(probe->native)->frames[from->at],
					 ret_number);
}

/* The frames of the last stack read go to `shared->frames`, machine code among them. */
static bool list_merged(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			const struct pyro_merged *merged, size_t *ret_count, uint32_t *root)
{
	const uint32_t python_root = *root;
	size_t count = 0;

	*root = PYRO_NO_ROOT;
	for (; count < merged->count && count < PYRO_MAX_STACK_DEPTH; count++) {
		const struct pyro_merged_frame *from = &merged->frames[count];
		struct pyro_message_frame *to = &shared->frames[count];

		*to = (struct pyro_message_frame){0};
		if (from->kind != PYRO_MERGED_PYTHON) {
			if (!announce_merged(probe, shared, from, &to->code))
				return false;
			continue;
		}
		if (from->at == python_root)
			*root = (uint32_t)count;
		to->code = shared->stack->frames[from->at].code;
		to->line = shared->stack->frames[from->at].line;
	}
	*ret_count = count;
	return true;
}

static void list_python(struct pyro_probe_shared *shared)
{
	for (size_t i = 0; i < shared->stack->count; i++) {
		shared->frames[i].code = shared->stack->frames[i].code;
		shared->frames[i].line = shared->stack->frames[i].line;
	}
}

/* Who is in a system call is in the kernel, also where that does not show what it does. */
static void count_fit(struct pyro_probe_shared *shared, const struct pyro_merged *merged)
{
	const struct pyro_snapshot *snapshot = shared->freeze.snapshot;
	const bool kernel = merged->count && merged->frames[0].kind == PYRO_MERGED_KERNEL;

	shared->kernel += kernel;
	shared->kernel_unseen += merged->fit != PYRO_MERGE_NONE && snapshot->in_kernel && !kernel;
	shared->merged += merged->fit != PYRO_MERGE_NONE;
	shared->cut += merged->fit == PYRO_MERGE_CUT;
	shared->unmerged += merged->fit == PYRO_MERGE_NONE;
}

/* False if machine code is not known, or not wanted. */
static bool list_native(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			size_t *ret_count, uint32_t *root)
{
	const struct pyro_snapshot *snapshot = shared->freeze.snapshot;
	const struct pyro_merged *merged;

	if (!shared->freeze.native)
		return false;
	if (!pyro_stacks_has_native(probe) || snapshot->kind == PYRO_SNAPSHOT_EMPTY) {
		shared->unmerged++;
		return false;
	}
	merged = pyro_native_merge(probe->native, snapshot, shared->stack);
	pyro_native_refresh(probe->native);
	count_fit(shared, merged);
	return list_merged(probe, shared, merged, ret_count, root);
}

/* Threads that wait and the recorder keep the numbers given so far: a full table begins anew, and
 * what it knew is announced again, under another number, where it comes again. */
static uint32_t give_number(struct pyro_probe *probe, uint64_t hash)
{
	const uint32_t number = probe->next_stack++;

	if (pyro_map_put(&probe->stacks, hash, number) == PYRO_RC_LIMIT) {
		pyro_map_clear(&probe->stacks);
		pyro_map_clear(&probe->habits);
		pyro_map_clear(&probe->told);
	}
	return number;
}

uint32_t pyro_stacks_number_frames(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				   size_t count, uint32_t root)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_STACK, .process = probe->number};
	uint64_t hash, number;

	if (!count)
		return PYRO_NO_STACK;
	hash = pyro_hash_bytes(shared->frames, count * sizeof(*shared->frames));
	if (pyro_map_get(&probe->stacks, hash, &number))
		return (uint32_t)number;
	for (size_t i = 0; i < count; i++) {
		const uint32_t code = shared->frames[i].code;

		if (!(code & PYRO_NATIVE_CODE) && !pyro_stacks_announce(probe, shared, code))
			return PYRO_NO_STACK;
	}
	message.u.stack.stack = probe->next_stack;
	message.u.stack.count = (uint32_t)count;
	message.u.stack.root = root;
	if (!pyro_probe_put(shared, &message, shared->frames, count * sizeof(*shared->frames)))
		return PYRO_NO_STACK;
	return give_number(probe, hash);
}

uint32_t pyro_stacks_number(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const uint32_t root = pyro_async_root(probe, shared);
	uint32_t merged_root = root;
	size_t count = shared->stack->count;

	pyro_python_stack_lines(probe->python, shared->stack);
	if (list_native(probe, shared, &count, &merged_root))
		return pyro_stacks_number_frames(probe, shared, count, merged_root);
	list_python(shared);
	return pyro_stacks_number_frames(probe, shared, count, root);
}
