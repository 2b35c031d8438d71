/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PROGRAM_H
#define PYRO_CLI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

/** What `run` is to start. */
struct pyro_program {
	char **argv;      /**< NULL-terminated; the array is owned, the words are borrowed */
	const char *name; /**< what to call the program: "shop.py", "pytest"; borrowed */
};

/** The interpreter of the virtual environment that the executable was started in by its path, as
 *  "venv/bin/pyrometer" (@invoked, as typed). False if it was found in PATH, where the interpreter
 * is then to be found as well, or lies in no environment. */
bool pyro_program_environment(const char *invoked, char *ret_path, size_t capacity) PYRO_NODISCARD;
/** From what was typed after the options of `run`: a script, "-m MODULE", "-c CODE" or any command,
 *  with its arguments. Scripts, modules and code are given to @interpreter (NULL: python3, as PATH
 *  has it). A word is a script if it names a file that ends in .py, a folder, or a file that is
 *  neither executable nor a command in PATH. Errors: NOTARGET (there is no such file or command),
 *  CANNOTEXEC (it cannot be read, or is a folder that is no program), NOMEM. */
enum pyro_rc pyro_program_parse(const char *const *operands, size_t count, const char *interpreter,
				struct pyro_program *ret_program,
				struct pyro_err *err) PYRO_NODISCARD;
void pyro_program_deinit(struct pyro_program *program);

#endif
