/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a page for the tests of the viewer: write_page KIND OUT, KIND one of
 *   sample   the sample profile; its sources are not on this machine
 *   sources  a profile of two files of FOLDER: write_page sources OUT FOLDER
 *   deep     recursion to the limit of stacks
 *   parts    one that ran 71 % of its time: Python 44, native 22, system 5
 *   large    a tree of a million nodes
 *   empty    nothing recorded */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "support/sample_profile.h"
#include "support/task_profile.h"
#include "view/view.h"

#define MS 1000000ull

static enum pyro_rc to_file(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	if (fwrite(bytes, 1, size, context) != size)
		return pyro_err_set(err, PYRO_RC_IO, "cannot write the page");
	return PYRO_RC_OK;
}

static enum pyro_rc add_function(struct pyro_profile *p, const char *name, const char *file,
				 int32_t line, uint32_t *ret_function)
{
	struct pyro_function function = {.first_line = line};
	enum pyro_rc rc = pyro_profile_string(p, name, strlen(name), &function.name);

	if (rc == PYRO_RC_OK)
		rc = pyro_profile_string(p, file, strlen(file), &function.file);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_function(p, &function, ret_function);
	return rc;
}

static enum pyro_rc add_call(struct pyro_profile *p, uint32_t function, int32_t line,
			     uint32_t *stack)
{
	uint32_t frame;
	enum pyro_rc rc = pyro_profile_frame(
		p, &(struct pyro_frame){.function = function, .line = line}, &frame);

	return rc == PYRO_RC_OK ? pyro_profile_stack(p, *stack, frame, stack) : rc;
}

static enum pyro_rc add_time(struct pyro_profile *p, uint32_t stack, uint64_t wall, uint64_t cpu)
{
	uint64_t values[PYRO_METRIC_COUNT] = {0};

	values[PYRO_METRIC_WALL] = wall;
	values[PYRO_METRIC_CPU] = cpu;
	values[PYRO_METRIC_SAMPLES] = 1;
	return pyro_profile_add(p, 0, stack, values);
}

static enum pyro_rc add_thread(struct pyro_profile *p)
{
	struct pyro_process_info process = {.pid = 7, .parent = PYRO_NONE, .end_ns = 1000 * MS};
	struct pyro_track track = {.tid = 7, .main = true, .wall_ns = 1000 * MS};
	uint32_t index;
	enum pyro_rc rc = pyro_profile_string(p, "python test.py", 14, &process.command);

	if (rc == PYRO_RC_OK)
		rc = pyro_profile_string(p, "CPython 3.12.1", 14, &process.python);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_process(p, &process, &index);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_string(p, "MainThread", 10, &track.name);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_track(p, &track, &index);
	pyro_profile_set_duration(p, 1000 * MS);
	return rc;
}

/* A tree of a million nodes, 20 deep, over 3000 functions, made by a fixed generator. */
static enum pyro_rc fill_large(struct pyro_profile *p)
{
	static uint32_t functions[3000];
	static uint32_t recent[4096];
	struct pyro_profile_counts counts;
	uint64_t random = 42;
	enum pyro_rc rc = add_thread(p);

	for (unsigned i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(functions); i++) {
		static const char *const folders[] = {"/srv/app", "/usr/lib/python3.12",
						      "/srv/lib/python3.12/site-packages/pkg"};
		char name[64], file[96];

		snprintf(name, sizeof(name), "Worker%u.step_%u", i % 97, i);
		snprintf(file, sizeof(file), "%s/module%u.py", folders[i % 3], i % 301);
		rc = add_function(p, name, file, (int32_t)(i % 700 + 1), &functions[i]);
	}
	for (unsigned i = 0; i < PYRO_COUNT(recent); i++)
		recent[i] = PYRO_NONE;
	do {
		uint32_t stack, at;
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		at = (uint32_t)(random >> 33) % PYRO_COUNT(recent);
		stack = recent[at];
		if (stack != PYRO_NONE && pyro_profile_stack_get(p, stack)->depth >= 20)
			stack = PYRO_NONE;
		if (rc == PYRO_RC_OK)
			rc = add_call(p, functions[(random >> 20) % PYRO_COUNT(functions)],
				      (int32_t)((random >> 44) % 40 + 1), &stack);
		if (rc == PYRO_RC_OK)
			rc = add_time(p, stack, MS + (random >> 50), (random >> 63) ? MS : 0);
		recent[(random >> 12) % PYRO_COUNT(recent)] = stack;
		pyro_profile_counts(p, &counts);
	} while (rc == PYRO_RC_OK && counts.stacks < 1000000);
	return rc;
}

static enum pyro_rc fill_deep(struct pyro_profile *p)
{
	uint32_t down, other, stack = PYRO_NONE;
	enum pyro_rc rc = add_thread(p);

	if (rc == PYRO_RC_OK)
		rc = add_function(p, "down", "/srv/deep.py", 1, &down);
	if (rc == PYRO_RC_OK)
		rc = add_function(p, "other", "/srv/deep.py", 9, &other);
	for (int i = 0; rc == PYRO_RC_OK && i < PYRO_MAX_STACK_DEPTH; i++)
		rc = add_call(p, i % 2 ? other : down, i % 2 ? 10 : 2, &stack);
	if (rc == PYRO_RC_OK)
		rc = add_time(p, stack, 10 * MS, 10 * MS);
	return rc;
}

static enum pyro_rc fill_sources(struct pyro_profile *p, const char *folder)
{
	static const struct {
		const char *name, *file;
		int32_t first, line;
		unsigned self;
	} rows[] = {
		{"<module>", "shop.py", 1, 21, 1},
		{"Cart.price", "shop.py", 8, 11, 60},
		{"slow", "notes.txt", 1, 1, 5},
		{"missing", "gone.py", 1, 3, 4},
	};
	uint32_t stack = PYRO_NONE;
	enum pyro_rc rc = add_thread(p);

	if (rc == PYRO_RC_OK)
		rc = pyro_profile_meta_set(p, "cwd", folder);
	for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(rows); i++) {
		uint32_t function;

		rc = add_function(p, rows[i].name, rows[i].file, rows[i].first, &function);
		if (rc == PYRO_RC_OK)
			rc = add_call(p, function, rows[i].line, &stack);
		for (unsigned n = 0; rc == PYRO_RC_OK && n < rows[i].self; n++)
			rc = add_time(p, stack, 10 * MS, 10 * MS);
	}
	return rc;
}

/* A function of each kind of file. */
static enum pyro_rc fill_kinds(struct pyro_profile *p)
{
	static const struct {
		const char *name, *file;
	} rows[] = {
		{"own", "/srv/shop.py"},
		{"standard", "/usr/lib/python3.12/json/decoder.py"},
		{"package", "/usr/lib/python3/dist-packages/six.py"},
		{"native", "/usr/lib/libz.so.1"},
		{"nowhere", "<string>"},
	};
	enum pyro_rc rc = add_thread(p);

	for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(rows); i++) {
		uint32_t index, stack = PYRO_NONE;

		rc = add_function(p, rows[i].name, rows[i].file, 1, &index);
		if (rc == PYRO_RC_OK && strcmp(rows[i].name, "native") == 0) {
			struct pyro_function native = *pyro_profile_function_get(p, index);

			native.kind = PYRO_FUNCTION_NATIVE;
			rc = pyro_profile_function(p, &native, &index);
		}
		if (rc == PYRO_RC_OK)
			rc = add_call(p, index, 1, &stack);
		if (rc == PYRO_RC_OK)
			rc = add_time(p, stack, 10 * MS, 10 * MS);
	}
	return rc;
}

static enum pyro_rc fill_parts(struct pyro_profile *p)
{
	const uint64_t values[PYRO_METRIC_COUNT] = {
		[PYRO_METRIC_WALL] = 1000 * MS,      [PYRO_METRIC_CPU] = 710 * MS,
		[PYRO_METRIC_CPU_PYTHON] = 440 * MS, [PYRO_METRIC_CPU_NATIVE] = 220 * MS,
		[PYRO_METRIC_CPU_SYSTEM] = 50 * MS,  [PYRO_METRIC_SAMPLES] = 100,
	};
	struct pyro_quality *quality = pyro_profile_quality(p);
	uint32_t function, stack = PYRO_NONE;
	enum pyro_rc rc = add_thread(p);

	quality->native_merged = 1200;
	quality->native_cut = 3;
	quality->native_unmerged = 1;
	quality->parts_stack = 10;
	quality->parts_pointer = 70;
	quality->parts_proc = 20;
	if (rc == PYRO_RC_OK)
		rc = add_function(p, "price", "/srv/shop.py", 1, &function);
	if (rc == PYRO_RC_OK)
		rc = add_call(p, function, 2, &stack);
	return rc == PYRO_RC_OK ? pyro_profile_add(p, 0, stack, values) : rc;
}

int main(int argc, char **argv)
{
	struct pyro_view_options options = {.sources = true};
	struct pyro_profile *profile = NULL;
	struct pyro_err err = {0};
	enum pyro_rc rc = PYRO_RC_OK;
	FILE *out = argc >= 3 ? fopen(argv[2], "wb") : NULL;

	if (!out) {
		fprintf(stderr,
			"usage: write_page sample|tasks|sources|deep|kinds|parts|large|empty OUT "
			"[FOLDER]\n");
		return 64;
	}
	if (strcmp(argv[1], "sample") == 0)
		profile = sample_profile_create();
	else if (strcmp(argv[1], "tasks") == 0)
		profile = task_profile_logical();
	else if (pyro_profile_create(&profile, &err) != PYRO_RC_OK)
		profile = NULL;
	if (!profile)
		return 1;
	if (strcmp(argv[1], "large") == 0)
		rc = fill_large(profile);
	else if (strcmp(argv[1], "deep") == 0)
		rc = fill_deep(profile);
	else if (strcmp(argv[1], "kinds") == 0)
		rc = fill_kinds(profile);
	else if (strcmp(argv[1], "parts") == 0)
		rc = fill_parts(profile);
	else if (strcmp(argv[1], "sources") == 0 && argc == 4)
		rc = fill_sources(profile, argv[3]);
	else if (strcmp(argv[1], "empty") == 0)
		rc = add_thread(profile);
	if (rc == PYRO_RC_OK)
		rc = pyro_view_write(profile, &options,
				     &(struct pyro_view_sink){.write = to_file, .context = out},
				     &err);
	pyro_profile_destroy(profile);
	if (fclose(out) != 0 || rc != PYRO_RC_OK) {
		fprintf(stderr, "write_page: %s\n", err.message);
		return 1;
	}
	return 0;
}
