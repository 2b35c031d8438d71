/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_LOOP_H
#define PYRO_UNWIND_LOOP_H

#include "elf/elf_file.h"
#include "unwind/registers.h"

/* CPython's evaluation loop as machine code. The symbol _PyEval_EvalFrameDefault is kept even in
 * stripped files, but compilers cut the function in pieces and name only one: in Debian's 3.14 and
 * 3.15 the named piece has about 1 KB and the loop itself, 80 KB, lies among what is seldom run. */

/** What a piece of code is to a stack of Python. */
enum pyro_code_kind {
	PYRO_CODE_NATIVE,
	PYRO_CODE_INTERPRETER, /**< of the interpreter, but not its loop */
	PYRO_CODE_LOOP,        /**< each frame of it is one entry of the interpreter's loop */
	PYRO_CODE_LOOP_PART, /**< runs on behalf of the loop's frame that is its caller (builds with
				  tail calls): no entry of its own */
	PYRO_CODE_VDSO,
	PYRO_CODE_JIT, /**< made at run time: in no file */
	PYRO_CODE_KINDS
};

/** Short name for JSON and tests, e.g. "loop". Static storage. */
const char *pyro_code_kind_name(enum pyro_code_kind kind);

struct pyro_loop_piece {
	uint64_t start; /**< without bias */
	uint64_t end;
	enum pyro_code_kind kind; /**< LOOP or LOOP_PART */
};

/** The pieces of one object. Zeroed: it has no interpreter. */
struct pyro_loop {
	struct pyro_loop_piece *pieces;
	size_t count;
};

/** Looks for the loop in @elf. @deep: also where only a slow search finds the symbol. From there
 *  it follows jumps: what is jumped into the middle of, with a frame already set up, and jumps back
 *  in the same way, is a piece of the same function. What symbols know of other pieces is added.
 *  Errors: NOTFOUND (no interpreter there), NOMEM. */
enum pyro_rc pyro_loop_find(struct pyro_elf *elf, const struct pyro_machine *machine, bool deep,
			    struct pyro_loop *ret_loop) PYRO_NODISCARD;
void pyro_loop_deinit(struct pyro_loop *loop);
/** The kind of the code at @addr of an object that has the loop. */
enum pyro_code_kind pyro_loop_kind(const struct pyro_loop *loop, uint64_t addr);

#endif
