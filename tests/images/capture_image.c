/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an image of a standing process: the parts that the decoder touches while it looks at every
 * thread, and no others; or, with --locals, while it reads the variables of every frame as well.
 *   capture_image [--locals] PID FILE [OLD NEW]...
 * replaces OLD by NEW, of the same length, in what it captures: paths of the machine it runs on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "cpython/locate.h"
#include "cpython/values.h"
#include "target/image.h"

/* What is captured around every read. Whole pages would be twice as much. */
#define GRAIN 1024u

/* Reads through another reader and notes the grains. */
struct recorder {
	struct pyro_reader reader;
	struct pyro_reader *live;
	struct pyro_map grains;
};

static enum pyro_rc record_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				 size_t count, size_t *ret_done)
{
	struct recorder *recorder = (struct recorder *)reader;
	const enum pyro_rc rc = pyro_reader_readv(recorder->live, spans, count, ret_done);

	for (size_t i = 0; i < *ret_done; i++) {
		if (spans[i].size == 0)
			continue;
		for (uint64_t grain = spans[i].addr / GRAIN;
		     grain <= (spans[i].addr + spans[i].size - 1) / GRAIN; grain++) {
			if (pyro_map_put(&recorder->grains, grain, 1) != PYRO_RC_OK)
				return PYRO_RC_NOMEM;
		}
	}
	return rc;
}

static void ignore_name(void *context, uint64_t pthread, const char *name)
{
	(void)context;
	(void)pthread;
	(void)name;
}

static enum pyro_rc read_locals(struct pyro_python *python, const struct pyro_raw_stack *stack)
{
	static struct pyro_frame_place places[PYRO_MAX_STACK_DEPTH];
	struct pyro_values *values;
	enum pyro_rc rc = pyro_values_create(python, &values);

	pyro_python_places(python, stack, places);
	for (size_t i = 0; rc == PYRO_RC_OK && i < stack->count; i++) {
		struct pyro_frame_locals found;

		rc = pyro_values_frame(values, &places[i], &found);
	}
	pyro_values_destroy(values);
	return rc;
}

/* Everything a test of the image will do. */
static enum pyro_rc look_at_all(struct recorder *recorder, const struct pyro_python_origin *origin,
				bool locals, struct pyro_err *err)
{
	struct pyro_raw_stack *stack = calloc(1, sizeof(*stack));
	struct pyro_python *python = NULL;
	const struct pyro_look *look;
	enum pyro_rc rc;

	if (!stack)
		return PYRO_RC_NOMEM;
	rc = pyro_python_create(&recorder->reader, origin, &python, err);
	/* Twice: the second time there are caches to check. */
	for (int i = 0; i < 2 && rc == PYRO_RC_OK; i++) {
		rc = pyro_python_look(python, &look);
		for (size_t j = 0; rc == PYRO_RC_OK && j < look->thread_count; j++) {
			rc = pyro_python_stack(python, &look->threads[j], stack);
			pyro_python_settle(python, true);
			if (rc == PYRO_RC_OK && locals)
				rc = read_locals(python, stack);
		}
		if (rc == PYRO_RC_OK)
			pyro_python_thread_names(python, ignore_name, NULL);
	}
	pyro_python_destroy(python);
	free(stack);
	return rc;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void replace(char *data, size_t size, const char *old, const char *new)
{
	const size_t length = strlen(old);
	char *at = data;

	while ((at = memmem(at, size - (size_t)(at - data), old, length))) {
		memcpy(at, new, length);
		at += length;
	}
}

/* The grains as few segments, their bytes behind one another in *ret_data. */
static enum pyro_rc read_grains(struct recorder *recorder, struct pyro_image_segment **ret_segments,
				size_t *ret_count, char **ret_data, size_t *ret_size)
{
	const size_t grains = recorder->grains.count;
	uint64_t *addrs = calloc(grains + 1, sizeof(*addrs)), key, value;
	struct pyro_image_segment *segments = calloc(grains + 1, sizeof(*segments));
	char *data = calloc(grains + 1, GRAIN);
	size_t at = 0, count = 0, i = 0;

	if (!addrs || !segments || !data)
		return PYRO_RC_NOMEM;
	while (pyro_map_next(&recorder->grains, &at, &key, &value))
		addrs[i++] = key * GRAIN;
	qsort(addrs, grains, sizeof(*addrs), compare);
	for (i = 0; i < grains; i++) {
		enum pyro_rc rc =
			pyro_reader_read(recorder->live, addrs[i], data + i * GRAIN, GRAIN);

		if (rc != PYRO_RC_OK)
			return rc;
		if (i > 0 && addrs[i] == addrs[i - 1] + GRAIN)
			segments[count - 1].size += GRAIN;
		else
			segments[count++] =
				(struct pyro_image_segment){addrs[i], GRAIN, data + i * GRAIN};
	}
	free(addrs);
	*ret_segments = segments;
	*ret_count = count;
	*ret_data = data;
	*ret_size = grains * GRAIN;
	return PYRO_RC_OK;
}

static enum pyro_rc write_file(const char *path, const struct pyro_buf *buf)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	size_t done = 0;

	while (fd >= 0 && done < buf->size) {
		const ssize_t put = write(fd, buf->data + done, buf->size - done);

		if (put < 0 && errno != EINTR)
			break;
		done += put > 0 ? (size_t)put : 0;
	}
	if (fd < 0 || close(fd) != 0 || done < buf->size)
		return PYRO_RC_IO;
	return PYRO_RC_OK;
}

static enum pyro_rc capture(int pid, const char *path, bool locals, char **replacements,
			    size_t count, struct pyro_err *err)
{
	struct recorder recorder = {.reader = {.readv = record_readv}};
	struct pyro_python_origin origin;
	struct pyro_image_segment *segments = NULL;
	struct pyro_image_meta meta = {0};
	size_t segment_count, size;
	struct pyro_buf buf;
	char *data = NULL;
	enum pyro_rc rc = pyro_live_reader_create(pid, &recorder.live, err);

	if (rc != PYRO_RC_OK)
		return rc;
	pyro_map_init(&recorder.grains, PYRO_IMAGE_MAX_BODY / GRAIN);
	pyro_buf_init(&buf, PYRO_IMAGE_MAX_BODY);
	rc = pyro_python_locate(pid, recorder.live, &origin, err);
	if (rc == PYRO_RC_OK)
		rc = look_at_all(&recorder, &origin, locals, err);
	if (rc == PYRO_RC_OK)
		rc = read_grains(&recorder, &segments, &segment_count, &data, &size);
	if (rc == PYRO_RC_OK) {
		meta.runtime_addr = origin.runtime_addr;
		meta.version = origin.version;
		meta.free_threaded = origin.free_threaded;
		memcpy(meta.version_text, origin.version_text, sizeof(meta.version_text));
		for (size_t i = 0; i + 1 < count; i += 2)
			replace(data, size, replacements[i], replacements[i + 1]);
		rc = pyro_image_pack(&meta, segments, segment_count, &buf, err);
	}
	if (rc == PYRO_RC_OK) {
		rc = write_file(path, &buf);
		printf("CPython %s: %zu KiB, %zu segments, %zu bytes\n", meta.version_text,
		       size / 1024, segment_count, buf.size);
	}
	free(segments);
	free(data);
	pyro_buf_deinit(&buf);
	pyro_map_deinit(&recorder.grains);
	pyro_reader_destroy(recorder.live);
	return rc;
}

int main(int argc, char **argv)
{
	struct pyro_err err = {.message = "cannot capture"};
	enum pyro_rc rc;
	bool locals = false;
	char *end;

	if (argc > 1 && strcmp(argv[1], "--locals") == 0) {
		locals = true;
		argc--;
		argv++;
	}
	if (argc < 3 || argc % 2 == 0) {
		fputs("usage: capture_image [--locals] PID FILE [OLD NEW]...\n", stderr);
		return 64;
	}
	for (int i = 3; i < argc; i += 2) {
		if (argv[i][0] == 0 || strlen(argv[i]) != strlen(argv[i + 1])) {
			fputs("capture_image: OLD and NEW must be of one length\n", stderr);
			return 64;
		}
	}
	rc = capture((int)strtol(argv[1], &end, 10), argv[2], locals, argv + 3, (size_t)(argc - 3),
		     &err);
	if (rc != PYRO_RC_OK)
		fprintf(stderr, "capture_image: %s: %s\n", err.message, pyro_rc_text(rc));
	return pyro_rc_exit_status(rc);
}
