/* SPDX-License-Identifier: Apache-2.0 */
/* To 3.9 nothing on the C stack says which thread runs code in an interpreter, and its state may
 * name another (nest.c). But the frame from which it was entered is at a call of run_string(), of
 * _xxsubinterpreters, and has that function on its stack of values, with the interpreter's id
 * behind it. The values that a frame has done with stay where they were, above those in use: so the
 * lowest one counts, and if there is one in two frames, neither does. */
#include "cpython/decoder.h"

#define NAME       "run_string"
#define MAX_VALUES 512 /* of one frame */
#define LONG_FLAG  (1u << 24)
#define TUPLE_FLAG (1u << 26)
/* Its arguments: the id, the code, and what is shared. CALL_FUNCTION_EX has them in a tuple. */
#define LEAST_ARGUMENTS  2
#define MOST_ARGUMENTS   3
#define CALL_FUNCTION_EX 142

static enum pyro_rc read_u64(struct pyro_python *python, uint64_t addr, uint64_t *ret_value)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_window_get(&python->window, addr, 8, &bytes);

	*ret_value = rc == PYRO_RC_OK ? pyro_bytes_u64(bytes, 0) : 0;
	return rc;
}

/* Whether the frame is at an instruction that may call it. */
static enum pyro_rc is_at_call(struct pyro_python *python, struct pyro_bytes frame, bool *ret_calls)
{
	const struct pyro_layout *l = &python->layout;
	const uint32_t at = pyro_bytes_u32(frame, l->fr_instr);
	struct pyro_bytes instruction;
	uint8_t opcode, arguments;
	uint64_t code;
	enum pyro_rc rc;

	*ret_calls = false;
	if (at >= PYRO_MAX_CODE_UNITS)
		return PYRO_RC_OK;
	rc = read_u64(python, pyro_bytes_u64(frame, l->fr_code) + l->co_code, &code);
	if (rc == PYRO_RC_OK)
		rc = pyro_window_get(&python->window, code + l->by_data + at, 2, &instruction);
	if (rc != PYRO_RC_OK)
		return rc;
	opcode = pyro_bytes_u8(instruction, 0);
	arguments = pyro_bytes_u8(instruction, 1);
	*ret_calls = opcode == CALL_FUNCTION_EX ||
		     (pyro_opcode_calls(l->minor, opcode) && arguments >= LEAST_ARGUMENTS &&
		      arguments <= MOST_ARGUMENTS);
	return PYRO_RC_OK;
}

/* Copies the frame's values. */
static enum pyro_rc read_values(struct pyro_python *python, struct pyro_bytes frame,
				uint64_t values[MAX_VALUES], size_t *ret_count)
{
	const struct pyro_layout *l = &python->layout;
	const uint64_t code = pyro_bytes_u64(frame, l->fr_code);
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_window_get(&python->window, code + l->co_stacksize, 4, &bytes);

	if (rc != PYRO_RC_OK)
		return rc;
	*ret_count = pyro_bytes_u32(bytes, 0);
	if (*ret_count > MAX_VALUES)
		*ret_count = MAX_VALUES;
	rc = pyro_window_get(&python->window, pyro_bytes_u64(frame, l->fr_values), *ret_count * 8,
			     &bytes);
	if (rc == PYRO_RC_OK)
		memcpy(values, bytes.data, *ret_count * 8);
	return rc;
}

/* The lowest of the values that is that function; @count: none is. Reads garbage where a value is
 * something else, which no name comes of. */
static enum pyro_rc find_function(struct pyro_python *python, const uint64_t *values, size_t count,
				  size_t *ret_at)
{
	const uint32_t builtin_def = python->layout.builtin_def;
	struct pyro_window *window = &python->window;
	enum pyro_rc rc;

	*ret_at = count;
	for (size_t i = 0; i < count; i++)
		pyro_window_plan(window, values[i] + builtin_def, 8);
	rc = pyro_window_fetch(window);
	for (size_t i = 0; i < count && rc == PYRO_RC_OK; i++)
		pyro_window_plan(window, pyro_window_u64(window, values[i] + builtin_def), 8);
	if (rc == PYRO_RC_OK)
		rc = pyro_window_fetch(window);
	for (size_t i = 0; i < count && rc == PYRO_RC_OK; i++) {
		const uint64_t def = pyro_window_u64(window, values[i] + builtin_def);

		pyro_window_plan(window, pyro_window_u64(window, def), sizeof(NAME));
	}
	if (rc == PYRO_RC_OK)
		rc = pyro_window_fetch(window);
	for (size_t i = 0; i < count && *ret_at == count && rc == PYRO_RC_OK; i++) {
		const uint64_t def = pyro_window_u64(window, values[i] + builtin_def);
		const struct pyro_bytes name =
			pyro_window_find(window, pyro_window_u64(window, def), sizeof(NAME));

		if (name.data && memcmp(name.data, NAME, sizeof(NAME)) == 0)
			*ret_at = i;
	}
	return rc;
}

static enum pyro_rc flags_of(struct pyro_python *python, uint64_t object, uint64_t *ret_flags)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t type;
	enum pyro_rc rc = read_u64(python, object + l->ob_type, &type);

	return rc == PYRO_RC_OK ? read_u64(python, type + l->ty_flags, ret_flags) : rc;
}

/* The id that an argument is: an int, or an InterpreterID, which has one. What is called with all
 * its arguments in a tuple has it there. */
static enum pyro_rc read_id(struct pyro_python *python, uint64_t object, uint64_t *ret_id)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t flags = 0, size;
	enum pyro_rc rc = flags_of(python, object, &flags);

	if (rc == PYRO_RC_OK && flags & TUPLE_FLAG) {
		rc = read_u64(python, object + l->tuple_items, &object);
		if (rc == PYRO_RC_OK)
			rc = flags_of(python, object, &flags);
	}
	if (rc != PYRO_RC_OK)
		return rc;
	if (!(flags & LONG_FLAG))
		return read_u64(python, object + l->ob_type + 8, ret_id);
	rc = read_u64(python, object + l->long_digits - 8, &size);
	if (rc == PYRO_RC_OK)
		rc = read_u64(python, object + l->long_digits, ret_id);
	*ret_id = size == 1 ? (uint32_t)*ret_id : UINT64_MAX;
	return rc;
}

/* Errors: also FAULT. */
static enum pyro_rc find_call(struct pyro_python *python, uint64_t frame, bool *ret_calls,
			      uint64_t *ret_interp)
{
	uint64_t values[MAX_VALUES];
	struct pyro_bytes bytes;
	size_t count, at;
	bool calls;
	enum pyro_rc rc = pyro_window_get(&python->window, frame, python->frame_read, &bytes);

	if (rc == PYRO_RC_OK)
		rc = is_at_call(python, bytes, &calls);
	if (rc != PYRO_RC_OK || !calls)
		return rc;
	rc = read_values(python, bytes, values, &count);
	if (rc == PYRO_RC_OK)
		rc = find_function(python, values, count, &at);
	if (rc != PYRO_RC_OK || at + 1 >= count)
		return rc;
	rc = read_id(python, values[at + 1], ret_interp);
	*ret_calls = rc == PYRO_RC_OK;
	return rc;
}

enum pyro_rc pyro_nest_called(struct pyro_python *python, uint64_t frame, bool *ret_calls,
			      uint64_t *ret_interp)
{
	enum pyro_rc rc;

	*ret_calls = false;
	rc = find_call(python, frame, ret_calls, ret_interp);
	/* What cannot be read makes no call of this kind. */
	return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
}
