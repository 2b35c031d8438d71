/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/loop.h"

#include <string.h>

#include "elf/elf_functions.h"
#include "unwind/cfi.h"

enum {
	MAX_PIECES = 16,     /* found by jumps */
	MAX_NAMED = 1024,    /* found by name: 3.14 has 240 handlers */
	MAX_PIECE = 1 << 19, /* bytes */
	MAX_LOOKUPS = 8192,  /* of places jumped to */
	MAX_OTHERS = 512,    /* ranges that turned out to be something else */
	MIN_ENTRY = 16
};

static const char symbol_name[] = "_PyEval_EvalFrameDefault";

const char *pyro_code_kind_name(enum pyro_code_kind kind)
{
	static const char *const names[PYRO_CODE_KINDS] = {
		[PYRO_CODE_NATIVE] = "native", [PYRO_CODE_INTERPRETER] = "interpreter",
		[PYRO_CODE_LOOP] = "loop",     [PYRO_CODE_LOOP_PART] = "loop-part",
		[PYRO_CODE_VDSO] = "vdso",     [PYRO_CODE_JIT] = "jit",
	};

	return (unsigned int)kind < PYRO_CODE_KINDS ? names[kind] : "unknown";
}

struct ranges {
	struct pyro_cfi_range items[MAX_OTHERS];
	size_t count;
};

struct search {
	struct ranges pieces;
	struct ranges others;
	size_t lookups;
};

static bool is_in(const struct pyro_cfi_range *ranges, size_t count, uint64_t addr)
{
	for (size_t i = 0; i < count; i++) {
		if (addr >= ranges[i].start && addr < ranges[i].end)
			return true;
	}
	return false;
}

/* The code of a piece; NULL if it cannot be had. The caller frees it. */
static uint8_t *read_code(struct pyro_elf *elf, const struct pyro_cfi_range *range)
{
	const uint64_t size = range->end - range->start;
	uint8_t *code;

	if (size == 0 || size > MAX_PIECE)
		return NULL;
	code = malloc(size);
	if (code && pyro_elf_read(elf, range->start, code, size) != PYRO_RC_OK) {
		free(code);
		return NULL;
	}
	return code;
}

/* Whether code in @range jumps into the middle of one of the pieces. */
static bool jumps_back(struct pyro_elf *elf, const struct pyro_machine *machine,
		       const struct pyro_cfi_range *range, const struct ranges *pieces)
{
	PYRO_AUTO_FREE uint8_t *code = read_code(elf, range);
	uint64_t target;
	size_t at = 0;

	while (code &&
	       machine->next_jump(code, range->end - range->start, range->start, &at, &target)) {
		for (size_t i = 0; i < pieces->count; i++) {
			if (target > pieces->items[i].start && target < pieces->items[i].end)
				return true;
		}
	}
	return false;
}

static void follow_jumps(struct pyro_elf *elf, const struct pyro_machine *machine,
			 const struct pyro_cfi_range *from, struct search *search)
{
	struct ranges *pieces = &search->pieces, *others = &search->others;
	PYRO_AUTO_FREE struct pyro_cfi_row *row = malloc(sizeof(*row));
	PYRO_AUTO_FREE uint8_t *code = read_code(elf, from);
	uint64_t target;
	size_t at = 0;

	while (row && code &&
	       machine->next_jump(code, from->end - from->start, from->start, &at, &target)) {
		struct pyro_cfi_range range;

		if (is_in(pieces->items, pieces->count, target) ||
		    is_in(others->items, others->count, target))
			continue;
		if (search->lookups++ == MAX_LOOKUPS || pieces->count == MAX_PIECES ||
		    others->count == MAX_OTHERS)
			return; /* no interpreter is like that */
		if (pyro_cfi_find(elf, machine, target, &range, row) != PYRO_RC_OK ||
		    pyro_cfi_row_is_entry(row, machine)) /* a call in the place of a return */
			continue;
		if (jumps_back(elf, machine, &range, pieces))
			pieces->items[pieces->count++] = range;
		else
			others->items[others->count++] = range;
	}
}

static enum pyro_rc add_piece(struct pyro_loop *loop, uint64_t start, uint64_t end,
			      enum pyro_code_kind kind)
{
	if (loop->count == MAX_PIECES + MAX_NAMED || start >= end)
		return PYRO_RC_OK;
	if (!loop->pieces) {
		loop->pieces = calloc(MAX_PIECES + MAX_NAMED, sizeof(*loop->pieces));
		if (!loop->pieces)
			return PYRO_RC_NOMEM;
	}
	loop->pieces[loop->count++] =
		(struct pyro_loop_piece){.start = start, .end = end, .kind = kind};
	return PYRO_RC_OK;
}

/* "….cold" is a piece of the function; "….part.0" and the like are called by it. */
static bool kind_by_name(const char *name, enum pyro_code_kind *ret_kind)
{
	const size_t size = sizeof(symbol_name) - 1;

	if (strncmp(name, "_TAIL_CALL_", 11) == 0) {
		*ret_kind = PYRO_CODE_LOOP_PART;
		return true;
	}
	if (strncmp(name, symbol_name, size) != 0 || name[size] != '.')
		return false;
	*ret_kind = strstr(name, ".cold") && !strstr(name, ".part") ? PYRO_CODE_LOOP
								    : PYRO_CODE_LOOP_PART;
	return true;
}

static enum pyro_rc add_named(struct pyro_elf *elf, struct pyro_loop *loop)
{
	struct pyro_elf_functions functions PYRO_CLEANUP(pyro_elf_functions_deinit) = {
		.items = NULL};
	enum pyro_rc rc = pyro_elf_functions_add(&functions, elf);

	if (rc != PYRO_RC_OK) /* a broken table only lacks names */
		return rc == PYRO_RC_NOMEM ? rc : PYRO_RC_OK;
	for (size_t i = 0; i < functions.count && rc == PYRO_RC_OK; i++) {
		const struct pyro_elf_function *function = &functions.items[i];
		enum pyro_code_kind kind;

		if (kind_by_name(functions.names + function->name, &kind) &&
		    function->size <= UINT64_MAX - function->addr &&
		    pyro_loop_kind(loop, function->addr) != PYRO_CODE_LOOP)
			rc = add_piece(loop, function->addr, function->addr + function->size, kind);
	}
	return rc;
}

static int by_start(const void *left, const void *right)
{
	const struct pyro_loop_piece *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

enum pyro_rc pyro_loop_find(struct pyro_elf *elf, const struct pyro_machine *machine, bool deep,
			    struct pyro_loop *ret_loop)
{
	PYRO_AUTO_FREE struct search *search = calloc(1, sizeof(*search));
	struct pyro_loop loop = {.pieces = NULL};
	struct ranges *pieces;
	struct pyro_elf_symbol symbol;
	enum pyro_rc rc = pyro_elf_dynamic_symbol(elf, symbol_name, &symbol);

	if (rc != PYRO_RC_OK && deep)
		rc = pyro_elf_table_symbol(elf, symbol_name, &symbol);
	if (rc != PYRO_RC_OK)
		return rc == PYRO_RC_NOMEM ? rc : PYRO_RC_NOTFOUND;
	if (!search)
		return PYRO_RC_NOMEM;
	pieces = &search->pieces;
	/* What the tables say of the function, or else the symbol. */
	if (pyro_cfi_range(elf, symbol.value, &pieces->items[0]) != PYRO_RC_OK) {
		const uint64_t room = UINT64_MAX - symbol.value;
		const uint64_t size = symbol.size < MIN_ENTRY ? MIN_ENTRY : symbol.size;

		pieces->items[0] = (struct pyro_cfi_range){
			symbol.value, symbol.value + (size < room ? size : room)};
	}
	pieces->count = 1;
	for (size_t i = 0; i < pieces->count && rc == PYRO_RC_OK; i++) {
		const struct pyro_cfi_range from = pieces->items[i];

		follow_jumps(elf, machine, &from, search);
		rc = add_piece(&loop, from.start, from.end, PYRO_CODE_LOOP);
	}
	if (rc == PYRO_RC_OK)
		rc = add_named(elf, &loop);
	if (rc != PYRO_RC_OK) {
		pyro_loop_deinit(&loop);
		return rc;
	}
	if (loop.count)
		qsort(loop.pieces, loop.count, sizeof(*loop.pieces), by_start);
	*ret_loop = loop;
	return PYRO_RC_OK;
}

void pyro_loop_deinit(struct pyro_loop *loop)
{
	free(loop->pieces);
	*loop = (struct pyro_loop){.pieces = NULL};
}

enum pyro_code_kind pyro_loop_kind(const struct pyro_loop *loop, uint64_t addr)
{
	for (size_t i = 0; i < loop->count; i++) {
		if (addr >= loop->pieces[i].start && addr < loop->pieces[i].end)
			return loop->pieces[i].kind;
	}
	return PYRO_CODE_INTERPRETER;
}
