/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/unwind.h"

#include <inttypes.h>
#include <string.h>

#include "unwind/known.h"
#include "unwind/step.h"

enum {
	PAGE = 4096,
	MAX_SEARCHED = 32 << 10, /* words of one stack searched for return addresses */
	MAX_NOWHERE = 4096,      /* pages without code that are remembered */
	MAX_SIGNALS = 16 /* frames of signals on one stack: they may lead to another stack */
};

struct pyro_unwinder {
	const struct pyro_machine *machine;
	struct pyro_modules *modules;
	struct pyro_known known;
	struct pyro_map nowhere; /* pages that were in no mapping: how often they were met */
	bool stale;
	struct pyro_unwind_counts counts;
};

static const struct {
	const char *name;
	const char *text;
} ends[] = {
#define PYRO_STACK_END_ROW(suffix, name, text) {name, text},
	PYRO_STACK_END_MAP(PYRO_STACK_END_ROW)
#undef PYRO_STACK_END_ROW
};

const char *pyro_stack_end_name(enum pyro_stack_end end)
{
	return (unsigned int)end < PYRO_COUNT(ends) ? ends[end].name : "unknown";
}

const char *pyro_stack_end_text(enum pyro_stack_end end)
{
	return (unsigned int)end < PYRO_COUNT(ends) ? ends[end].text : "unknown end";
}

const char *pyro_frame_source_name(enum pyro_frame_source source)
{
	static const char *const names[PYRO_FRAME_SOURCES] = {
		[PYRO_FRAME_REGISTERS] = "registers", [PYRO_FRAME_TABLE] = "table",
		[PYRO_FRAME_CODE] = "code",           [PYRO_FRAME_POINTER] = "pointer",
		[PYRO_FRAME_GUESS] = "guess",
	};

	return (unsigned int)source < PYRO_FRAME_SOURCES ? names[source] : "unknown";
}

enum pyro_rc pyro_unwinder_create(const struct pyro_space *space,
				  struct pyro_unwinder **ret_unwinder, struct pyro_err *err)
{
	const struct pyro_machine *machine = pyro_machine_own();
	struct pyro_unwinder *unwinder;
	enum pyro_rc rc;

	if (!machine)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "native stacks are read on x86-64 and aarch64 only");
	unwinder = calloc(1, sizeof(*unwinder));
	if (!unwinder)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	unwinder->machine = machine;
	rc = pyro_modules_create(space, machine, &unwinder->modules, err);
	if (rc != PYRO_RC_OK) {
		free(unwinder);
		return rc;
	}
	pyro_known_init(&unwinder->known, unwinder->modules, machine);
	pyro_map_init(&unwinder->nowhere, MAX_NOWHERE);
	*ret_unwinder = unwinder;
	return PYRO_RC_OK;
}

void pyro_unwinder_destroy(struct pyro_unwinder *unwinder)
{
	if (!unwinder)
		return;
	pyro_known_deinit(&unwinder->known);
	pyro_map_deinit(&unwinder->nowhere);
	pyro_modules_destroy(unwinder->modules);
	free(unwinder);
}

struct pyro_modules *pyro_unwinder_modules(struct pyro_unwinder *unwinder)
{
	return unwinder->modules;
}

const struct pyro_machine *pyro_unwinder_machine(const struct pyro_unwinder *unwinder)
{
	return unwinder->machine;
}

/* Asks for the mappings when a page is met that is in none, and ever more seldom if it still is. */
static void note_nowhere(struct pyro_unwinder *unwinder, uint64_t pc)
{
	uint64_t times = 0;

	if (pc < PAGE)
		return;
	(void)pyro_map_get(&unwinder->nowhere, pc / PAGE, &times);
	times++;
	if (unwinder->nowhere.count == MAX_NOWHERE)
		pyro_map_clear(&unwinder->nowhere);
	if (pyro_map_put(&unwinder->nowhere, pc / PAGE, times) == PYRO_RC_OK &&
	    (times & (times - 1)) == 0)
		unwinder->stale = true;
}

/* What is in a mapping now is new again should it go. */
static void forget_found(struct pyro_unwinder *unwinder)
{
	uint64_t found[64], page, times;
	size_t count, at;

	do {
		count = at = 0;
		while (count < PYRO_COUNT(found) &&
		       pyro_map_next(&unwinder->nowhere, &at, &page, &times)) {
			if (pyro_modules_has(unwinder->modules, page * PAGE))
				found[count++] = page;
		}
		for (size_t i = 0; i < count; i++)
			pyro_map_remove(&unwinder->nowhere, found[i]);
	} while (count == PYRO_COUNT(found));
}

bool pyro_unwinder_is_stale(const struct pyro_unwinder *unwinder)
{
	return unwinder->stale;
}

enum pyro_rc pyro_unwinder_refresh(struct pyro_unwinder *unwinder)
{
	bool moved = false;
	enum pyro_rc rc = pyro_modules_refresh(unwinder->modules, &moved);

	if (rc != PYRO_RC_OK)
		return rc;
	unwinder->counts.refreshes++;
	unwinder->stale = false;
	forget_found(unwinder);
	if (moved)
		pyro_known_forget(&unwinder->known);
	return PYRO_RC_OK;
}

/* Adds the frame that @registers are of. False if there is no code. */
static bool add_frame(struct pyro_native_stack *stack, const struct pyro_known_pc *known,
		      const struct pyro_registers *registers, uint64_t lookup, uint64_t sp,
		      enum pyro_frame_source source)
{
	if (stack->count == PYRO_MAX_STACK_DEPTH)
		return false;
	stack->frames[stack->count++] = (struct pyro_native_frame){
		.pc = registers->pc,
		.addr = lookup - known->bias,
		.sp = sp,
		.module = known->module,
		.kind = known->kind,
		.source = (uint8_t)source,
		.returns = lookup != registers->pc,
	};
	return true;
}

/* Whether going on from @before to @after can come to an end: up the stack, always. */
static bool is_progress(const struct pyro_machine *machine, const struct pyro_registers *before,
			const struct pyro_registers *after, bool leaf, size_t signals)
{
	const uint64_t from = before->value[machine->sp], to = after->value[machine->sp];

	if (signals)
		return signals <= MAX_SIGNALS;
	/* A leaf function need not touch the stack where a register has the return address. */
	return to > from || (leaf && machine->link != machine->pc && to == from);
}

static enum pyro_stack_end walk(struct pyro_unwinder *unwinder, struct pyro_registers *registers,
				struct pyro_stack_memory *memory, struct pyro_native_stack *stack)
{
	const struct pyro_machine *machine = unwinder->machine;
	enum pyro_frame_source source = PYRO_FRAME_REGISTERS;
	bool returned = false; /* pc is a return address */
	struct pyro_step step = {.words_left = MAX_SEARCHED};
	size_t signals = 0;

	for (;;) {
		const uint64_t lookup = registers->pc - (returned ? 1 : 0);
		const struct pyro_known_pc *known;
		struct pyro_native_frame *frame;
		enum pyro_stack_end end;

		if (registers->pc == 0 && stack->count)
			return PYRO_STACK_END_COMPLETE; /* what starts threads pushes it */
		known = pyro_known_find(&unwinder->known, lookup);
		if (!known) {
			note_nowhere(unwinder, lookup);
			return PYRO_STACK_END_NO_CODE;
		}
		if (!add_frame(stack, known, registers, lookup, registers->value[machine->sp],
			       source))
			return PYRO_STACK_END_TOO_DEEP;
		frame = &stack->frames[stack->count - 1];
		step.returned = returned;
		end = pyro_step(&unwinder->known, known, registers, memory, &step);
		frame->signal = step.signal;
		if (end != PYRO_STACK_END_COMPLETE || step.outermost)
			return end;
		signals += step.signal;
		if (!is_progress(machine, registers, &step.caller, stack->count == 1,
				 step.signal ? signals : 0))
			return PYRO_STACK_END_NO_PROGRESS;
		frame->cfa = step.cfa;
		source = step.source;
		returned = !step.signal;
		*registers = step.caller;
	}
}

void pyro_unwinder_unwind(struct pyro_unwinder *unwinder, const struct pyro_registers *registers,
			  struct pyro_stack_memory *memory, struct pyro_native_stack *stack)
{
	struct pyro_registers now = *registers;

	stack->count = 0;
	stack->end = walk(unwinder, &now, memory, stack);
	stack->end_pc = now.pc;
	unwinder->counts.stacks++;
	unwinder->counts.frames += stack->count;
}

enum pyro_code_kind pyro_unwinder_kind(struct pyro_unwinder *unwinder, uint64_t pc)
{
	return pyro_known_kind(&unwinder->known, pc);
}

void pyro_unwinder_counts(const struct pyro_unwinder *unwinder,
			  struct pyro_unwind_counts *ret_counts)
{
	*ret_counts = unwinder->counts;
	ret_counts->looked_up = unwinder->known.looked_up;
}
