/* SPDX-License-Identifier: Apache-2.0 */
/* What part of running a sample is: Python's, native or the system's. */
#include <string.h>

#include "base/clock.h"
#include "base/libc.h"
#include "sample/probe_parts.h"

/* Time in the kernel comes in steps of 10 ms, and is guessed by a clock of some 4 ms before: so
 * much of it may be out of step with the samples. */
#define SLACK_NS (int64_t)(50 * PYRO_NS_PER_MS)

/* What the interpreter does there it does for itself. */
static bool is_of_system(const struct pyro_module *module)
{
	return module && (module->kind == PYRO_MODULE_VDSO ||
			  pyro_libc_is(module->path, strlen(module->path)));
}

static bool is_loop(enum pyro_code_kind kind)
{
	return kind == PYRO_CODE_LOOP || kind == PYRO_CODE_LOOP_PART;
}

/* True if nothing but the interpreter is at work on top of its loop. */
static bool is_interpreter(const struct pyro_probe *probe, const struct pyro_native_stack *native)
{
	for (size_t i = 0; i < native->count; i++) {
		const struct pyro_native_frame *frame = &native->frames[i];

		if (is_loop(frame->kind))
			return true;
		if (frame->kind != PYRO_CODE_INTERPRETER &&
		    !is_of_system(
			    pyro_modules_get(pyro_native_modules(probe->native), frame->module)))
			return false;
	}
	return false;
}

/* Whether Python is at an instruction that calls. Others may take its place, made for what it has
 * been seen to call, but no other kind. */
static bool leaf_calls(struct pyro_probe *probe, const struct pyro_raw_stack *stack)
{
	uint64_t key, calls;

	if (!stack->count)
		return true;
	key = pyro_hash_pair(stack->frames[0].code, stack->frames[0].offset);
	if (pyro_map_get(&probe->calls, key, &calls))
		return calls;
	calls = pyro_python_leaf_calls(probe->python, stack);
	(void)!pyro_map_put(&probe->calls, key, calls);
	return calls;
}

/* Additions and look-ups are what Python's instructions do, though functions of the interpreter do
 * it for them. What an instruction calls is not. */
static uint8_t by_stack(struct pyro_probe *probe, const struct pyro_snapshot *snapshot,
			const struct pyro_raw_stack *stack)
{
	const struct pyro_native_stack *native = pyro_native_stack(probe->native);

	if (!native->count)
		return PYRO_SAMPLE_IN_UNKNOWN;
	if (snapshot->in_kernel)
		return PYRO_SAMPLE_IN_SYSTEM;
	if (is_loop(native->frames[0].kind))
		return PYRO_SAMPLE_IN_PYTHON;
	return is_interpreter(probe, native) && !leaf_calls(probe, stack) ? PYRO_SAMPLE_IN_PYTHON
									  : PYRO_SAMPLE_IN_NATIVE;
}

/* By the pc alone, where that has come with the stack: what it is part of is not known then, but
 * for the instruction that Python is at. */
static uint8_t by_pointer(struct pyro_probe *probe, const struct pyro_snapshot *snapshot,
			  const struct pyro_raw_stack *stack)
{
	const struct pyro_module *module;
	enum pyro_code_kind kind;

	if (snapshot->in_kernel)
		return PYRO_SAMPLE_IN_SYSTEM;
	if (!pyro_native_kind(probe->native, snapshot, &kind, &module))
		return PYRO_SAMPLE_IN_UNKNOWN;
	if (is_loop(kind))
		return PYRO_SAMPLE_IN_PYTHON;
	if (kind != PYRO_CODE_INTERPRETER && !is_of_system(module))
		return PYRO_SAMPLE_IN_NATIVE;
	return leaf_calls(probe, stack) ? PYRO_SAMPLE_IN_NATIVE : PYRO_SAMPLE_IN_PYTHON;
}

struct pyro_sample_part pyro_parts_of(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				      bool running)
{
	const struct pyro_snapshot *snapshot = shared->freeze.snapshot;
	const struct pyro_raw_stack *stack = shared->stack;
	struct pyro_sample_part part = {PYRO_SAMPLE_IN_UNKNOWN, PYRO_SAMPLE_TOLD_NOT};

	if (probe->native && snapshot && shared->freeze.native) {
		part.told = PYRO_SAMPLE_TOLD_STACK;
		if (snapshot->kind != PYRO_SNAPSHOT_EMPTY)
			part.in = by_stack(probe, snapshot, stack);
	} else if (probe->native && snapshot &&
		   (snapshot->kind == PYRO_SNAPSHOT_AT || snapshot->kind == PYRO_SNAPSHOT_WHOLE)) {
		part.told = PYRO_SAMPLE_TOLD_POINTER;
		part.in = by_pointer(probe, snapshot, stack);
	}
	if (part.in || !running)
		return part;
	part.told = PYRO_SAMPLE_TOLD_PROC;
	part.in = leaf_calls(probe, stack) ? PYRO_SAMPLE_IN_CALL : PYRO_SAMPLE_IN_PYTHON;
	return part;
}

/* What program counters have told of a stack whose leaf calls: how often it was native code, in the
 * upper half, and how often the system, in the lower. */
#define NATIVE_ONCE (1ull << 32)
#define SYSTEM_ONCE 1ull
/* So many of them say more than /proc does. */
#define TOLD_ENOUGH 4u

static void learn(struct pyro_probe *probe, const struct pyro_ledger_entry *entry)
{
	uint64_t told = 0;

	if (entry->part.told != PYRO_SAMPLE_TOLD_POINTER || entry->part.in == PYRO_SAMPLE_IN_PYTHON)
		return;
	(void)!pyro_map_get(&probe->told, entry->stack, &told);
	told += entry->part.in == PYRO_SAMPLE_IN_SYSTEM ? SYSTEM_ONCE : NATIVE_ONCE;
	(void)!pyro_map_put(&probe->told, entry->stack, told);
}

/* A sample of which nothing but the call is known is what others of its stack were, by chance as
 * often as they. */
static void draw(struct pyro_probe *probe, struct pyro_ledger_entry *entry)
{
	uint64_t told, native, system;

	if (entry->part.in != PYRO_SAMPLE_IN_CALL ||
	    !pyro_map_get(&probe->told, entry->stack, &told))
		return;
	native = told / NATIVE_ONCE;
	system = told % NATIVE_ONCE;
	if (native + system < TOLD_ENOUGH)
		return;
	probe->drawn = pyro_hash_pair(probe->drawn, entry->at_ns);
	entry->part.in = probe->drawn % (native + system) < native ? PYRO_SAMPLE_IN_NATIVE
								   : PYRO_SAMPLE_IN_SYSTEM;
	entry->part.told = PYRO_SAMPLE_TOLD_POINTER;
}

/* False if /proc does not say. */
static bool take_system(struct pyro_probe_thread *thread, int64_t *ret_more)
{
	uint64_t system_ns;

	if (!thread->kernel || pyro_sched_system_ns(thread->kernel, &system_ns) != PYRO_RC_OK)
		return false;
	*ret_more =
		system_ns > thread->system_seen ? (int64_t)(system_ns - thread->system_seen) : 0;
	thread->system_seen += (uint64_t)*ret_more;
	return true;
}

void pyro_parts_begin(struct pyro_probe_thread *thread)
{
	int64_t earlier;

	(void)take_system(thread, &earlier);
}

/* Gives time in the kernel that is owed, down to @keep, to samples that say @in by no evidence. */
static void pay(struct pyro_probe_thread *thread, uint8_t in, int64_t keep)
{
	for (uint32_t i = 0; i < thread->ledger.count; i++) {
		struct pyro_ledger_entry *entry = &thread->ledger.entries[i];
		const int64_t cpu_ns = (int64_t)entry->cpu_ns;

		if (entry->state != PYRO_SCHED_RUNNING || entry->part.in != in ||
		    entry->part.told != PYRO_SAMPLE_TOLD_PROC ||
		    thread->system_owed - keep < cpu_ns / 2)
			continue;
		entry->part.in = PYRO_SAMPLE_IN_SYSTEM;
		thread->system_owed -= cpu_ns;
	}
}

static int64_t at_most(int64_t value, int64_t bound)
{
	return value > bound ? bound : value < -bound ? -bound : value;
}

void pyro_parts_settle(struct pyro_probe_thread *thread)
{
	bool asks = false;
	int64_t more;

	for (uint32_t i = 0; i < thread->ledger.count; i++) {
		struct pyro_ledger_entry *entry = &thread->ledger.entries[i];

		if (entry->state != PYRO_SCHED_RUNNING)
			continue;
		if (!entry->part.in) /* no look found it running */
			entry->part = (struct pyro_sample_part){PYRO_SAMPLE_IN_CALL,
								PYRO_SAMPLE_TOLD_PROC};
		if (thread->probe) {
			learn(thread->probe, entry);
			draw(thread->probe, entry);
		}
		if (entry->part.in == PYRO_SAMPLE_IN_SYSTEM)
			thread->system_owed -= (int64_t)entry->cpu_ns;
		asks |= entry->part.told == PYRO_SAMPLE_TOLD_PROC;
	}
	if (!asks)
		return;
	if (take_system(thread, &more)) {
		thread->system_owed += more;
		pay(thread, PYRO_SAMPLE_IN_CALL, 0);
		pay(thread, PYRO_SAMPLE_IN_PYTHON, SLACK_NS);
		thread->system_owed = at_most(thread->system_owed, 2 * SLACK_NS);
	}
	for (uint32_t i = 0; i < thread->ledger.count; i++) {
		if (thread->ledger.entries[i].part.in == PYRO_SAMPLE_IN_CALL)
			thread->ledger.entries[i].part.in = PYRO_SAMPLE_IN_NATIVE;
	}
}
