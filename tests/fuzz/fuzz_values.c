/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of one thread's frames over captured images with bytes changed: changed_image.h;
 * the last byte chooses the thread. Whatever they say, names and values are text of a bounded size.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "changed_image.h"
#include "cpython/values.h"

#define MAX_FRAMES 16 /* what is further out is of the library */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pyro_raw_stack *stack;
static struct pyro_frame_place *places;
static uint8_t choice;

static void check_text(const char *text, size_t limit)
{
	const size_t size = strlen(text);
	size_t at = 0;

	if (size > limit)
		abort();
	while (at < size) {
		const uint32_t point = pyro_utf8_decode(text, size, &at);

		if (point < 0x20 || point == 0x7f || pyro_utf8_is_active(point))
			abort();
	}
}

static void check_frame(struct pyro_values *values, const struct pyro_frame_place *place)
{
	struct pyro_frame_locals found;

	if (pyro_values_frame(values, place, &found) != PYRO_RC_OK)
		abort(); /* images do not go away */
	if (found.count > PYRO_MAX_FRAME_LOCALS)
		abort();
	for (size_t i = 0; i < found.count; i++) {
		check_text(found.locals[i].name, PYRO_MAX_VALUE_NAME * (size_t)12);
		check_text(found.locals[i].value, PYRO_MAX_VALUE_TEXT + (size_t)8192);
	}
}

static void read_thread(struct pyro_python *python, struct pyro_values *values)
{
	const struct pyro_look *look;

	if (pyro_python_look(python, &look) != PYRO_RC_OK || look->thread_count == 0 ||
	    pyro_python_stack(python, &look->threads[choice % look->thread_count], stack) !=
		    PYRO_RC_OK)
		return;
	pyro_python_places(python, stack, places);
	pyro_python_settle(python, false);
	for (size_t i = 0; i < stack->count && i < MAX_FRAMES; i++)
		check_frame(values, &places[i]);
}

static void read_image(struct pyro_reader *reader, const struct pyro_python_origin *origin)
{
	struct pyro_values *values = NULL;
	struct pyro_python *python;

	if (pyro_python_create(reader, origin, &python, NULL) != PYRO_RC_OK)
		return;
	if (pyro_values_create(python, &values) == PYRO_RC_OK)
		read_thread(python, values);
	pyro_values_destroy(values);
	pyro_python_destroy(python);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!stack) {
		stack = calloc(1, sizeof(*stack));
		places = calloc(PYRO_MAX_STACK_DEPTH, sizeof(*places));
	}
	if (size == 0)
		return 0;
	choice = data[size - 1];
	changed_image("locals", data, size - 1, read_image);
	return 0;
}
