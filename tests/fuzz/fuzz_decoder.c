/* SPDX-License-Identifier: Apache-2.0 */
/* The whole decoder over captured images with bytes changed: changed_image.h. */
#include <stdlib.h>
#include <string.h>

#include "changed_image.h"
#include "support/follower.h"

#define MAX_THREADS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pyro_raw_stack *stack;

static void check_stack(struct pyro_python *python)
{
	if (stack->count > PYRO_MAX_STACK_DEPTH)
		abort();
	pyro_python_stack_lines(python, stack);
	for (size_t i = 0; i < stack->count; i++) {
		const struct pyro_code *code = pyro_python_code(python, stack->frames[i].code);

		if (!code || strlen(code->name) > PYRO_MAX_NAME ||
		    strlen(code->qualname) > PYRO_MAX_NAME || strlen(code->file) > PYRO_MAX_PATH)
			abort();
	}
}

static void ignore_name(void *context, uint64_t pthread, const char *name)
{
	(void)context;
	(void)pthread;
	if (strlen(name) > PYRO_MAX_NAME)
		abort();
}

static void decode(struct pyro_reader *reader, const struct pyro_python_origin *origin)
{
	struct pyro_python *python;
	const struct pyro_look *look;
	struct follower follower;

	follower_init(&follower, reader);
	if (pyro_python_create(&follower.reader, origin, &python, NULL) != PYRO_RC_OK)
		return;
	/* Each time without trails and with them. */
	for (int again = 0; again < 4; again++) {
		if (pyro_python_look(python, &look) != PYRO_RC_OK)
			break;
		for (size_t i = 0; i < look->thread_count && i < MAX_THREADS; i++) {
			struct pyro_thread thread;
			struct pyro_gil gil;

			follower.armed = again % 2;
			if (pyro_python_thread(python, i, &gil, &thread) == PYRO_RC_OK &&
			    pyro_python_stack(python, &thread, stack) == PYRO_RC_OK)
				check_stack(python);
			pyro_python_settle(python, again >= 2);
		}
	}
	pyro_python_thread_names(python, ignore_name, NULL);
	pyro_python_destroy(python);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!stack)
		stack = calloc(1, sizeof(*stack));
	changed_image("cpython", data, size, decode);
	return 0;
}
