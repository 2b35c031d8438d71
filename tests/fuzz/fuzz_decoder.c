/* SPDX-License-Identifier: Apache-2.0 */
/* The whole decoder over captured images with bytes changed: the first byte chooses the version,
 * then each change is a place and what is written there, a number or an address inside the image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/python.h"
#include "support/follower.h"
#include "target/image.h"

#define FIRST       8
#define VERSIONS    8
#define CHANGE      13 /* bytes: kind, place, value */
#define MAX_CHANGES 64
#define MAX_THREADS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pyro_reader *images[VERSIONS];
static struct pyro_raw_stack *stack;
static bool loaded;

static void load(void)
{
	char path[4096];

	loaded = true;
	stack = calloc(1, sizeof(*stack));
	for (int i = 0; i < VERSIONS; i++) {
		struct pyro_err err;

		snprintf(path, sizeof(path), "%s/cpython-3.%d.img", PYRO_IMAGES, FIRST + i);
		if (pyro_image_reader_create(path, &images[i], &err) != PYRO_RC_OK) {
			fprintf(stderr, "%s\n", err.message);
			abort(); /* fuzzing nothing must not look like success */
		}
	}
}

/* The byte of the image at position @at of all its segments together. */
static uint8_t *place(const struct pyro_image_segment *segments, size_t count, uint64_t at,
		      uint64_t *ret_addr, size_t *ret_room)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += segments[i].size;
	at %= total;
	for (size_t i = 0; i < count; i++) {
		if (at < segments[i].size) {
			*ret_addr = segments[i].addr + at;
			*ret_room = (size_t)(segments[i].size - at);
			return (uint8_t *)(uintptr_t)segments[i].data + at;
		}
		at -= segments[i].size;
	}
	abort();
}

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

static void decode(struct pyro_reader *reader)
{
	const struct pyro_image_meta *meta = pyro_image_reader_meta(reader);
	struct pyro_python_origin origin = {
		.runtime_addr = meta->runtime_addr,
		.version = meta->version,
		.free_threaded = meta->free_threaded,
	};
	struct pyro_python *python;
	const struct pyro_look *look;
	struct follower follower;

	follower_init(&follower, reader);
	if (pyro_python_create(&follower.reader, &origin, &python, NULL) != PYRO_RC_OK)
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
	const struct pyro_image_segment *segments;
	struct {
		uint8_t *at;
		uint8_t old[8];
		size_t width;
	} changes[MAX_CHANGES];
	struct pyro_reader *reader;
	size_t count, made = 0;

	if (!loaded)
		load();
	if (size < 1)
		return 0;
	reader = images[data[0] % VERSIONS];
	segments = pyro_image_reader_segments(reader, &count);
	for (size_t i = 1; i + CHANGE <= size && made < MAX_CHANGES; i += CHANGE) {
		uint64_t addr, value;
		uint32_t at;
		size_t room;

		memcpy(&at, data + i + 1, 4);
		memcpy(&value, data + i + 5, 8);
		if (data[i] & 1) /* an address inside */
			(void)place(segments, count, value, &value, &room);
		changes[made].at =
			place(segments, count, data[i] & 2 ? at & ~7u : at, &addr, &room);
		changes[made].width = room < 8 ? room : 8;
		memcpy(changes[made].old, changes[made].at, changes[made].width);
		memcpy(changes[made].at, &value, changes[made].width);
		made++;
	}
	decode(reader);
	while (made-- > 0)
		memcpy(changes[made].at, changes[made].old, changes[made].width);
	return 0;
}
