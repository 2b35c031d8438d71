/* SPDX-License-Identifier: Apache-2.0 */
#include "changed_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/image.h"

#define FIRST       8
#define VERSIONS    8
#define CHANGE      13 /* bytes: kind, place, value */
#define MAX_CHANGES 64

static struct pyro_reader *images[VERSIONS];

struct change {
	uint8_t *at;
	uint8_t old[8];
	size_t width;
};

static void load(const char *kind)
{
	char path[4096];

	for (int i = 0; i < VERSIONS; i++) {
		struct pyro_err err;

		snprintf(path, sizeof(path), "%s/%s-3.%d.img", PYRO_IMAGES, kind, FIRST + i);
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

static void make(const struct pyro_image_segment *segments, size_t count, const uint8_t *data,
		 struct change *change)
{
	uint64_t addr, value;
	uint32_t at;
	size_t room;

	memcpy(&at, data + 1, 4);
	memcpy(&value, data + 5, 8);
	if (data[0] & 1) /* an address inside */
		(void)place(segments, count, value, &value, &room);
	change->at = place(segments, count, data[0] & 2 ? at & ~7u : at, &addr, &room);
	change->width = room < 8 ? room : 8;
	memcpy(change->old, change->at, change->width);
	memcpy(change->at, &value, change->width);
}

void changed_image(const char *kind, const uint8_t *data, size_t size,
		   void (*use)(struct pyro_reader *reader, const struct pyro_python_origin *origin))
{
	const struct pyro_image_segment *segments;
	const struct pyro_image_meta *meta;
	struct change changes[MAX_CHANGES];
	struct pyro_python_origin origin;
	struct pyro_reader *reader;
	size_t count, made = 0;

	if (!images[0])
		load(kind);
	if (size < 1)
		return;
	reader = images[data[0] % VERSIONS];
	segments = pyro_image_reader_segments(reader, &count);
	meta = pyro_image_reader_meta(reader);
	for (size_t i = 1; i + CHANGE <= size && made < MAX_CHANGES; i += CHANGE)
		make(segments, count, data + i, &changes[made++]);
	origin = (struct pyro_python_origin){
		.runtime_addr = meta->runtime_addr,
		.version = meta->version,
		.free_threaded = meta->free_threaded,
	};
	use(reader, &origin);
	while (made-- > 0)
		memcpy(changes[made].at, changes[made].old, changes[made].width);
}
