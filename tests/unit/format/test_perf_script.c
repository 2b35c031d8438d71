/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "fixture.h"
#include "text_source.h"

/* The whole of a file beside the golden ones; the caller frees it. */
static char *read_text(const char *name)
{
	char path[512];
	char *text = calloc(1, 1 << 20);
	FILE *file;

	snprintf(path, sizeof(path), "%s/format/%s.txt", PYRO_GOLDEN, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static void fold(struct pyro_imported *imported, struct pyro_buf *buf)
{
	const struct pyro_sample_source source = pyro_gather_source(&imported->gather);
	const struct pyro_format_options options = {.metric = PYRO_METRIC_CPU, .threads = true};
	const struct pyro_format_sink sink = {buf, fixture_write};

	pyro_buf_init(buf, 1 << 20);
	assert_int_equal(pyro_folded_write(imported->profile, &source, &options, &sink, NULL),
			 PYRO_RC_OK);
	pyro_buf_add_format(buf, "\n%s\n", imported->notes.data);
}

/* perf-jit: 3.13 with -X perf_jit and unwound; perf-map: a stripped 3.15 with -X perf, by frame
 * pointers; perf-variants: what perf may print besides. */
static void test_golden(void **state)
{
	static const char *const names[] = {"perf-jit", "perf-map", "perf-variants"};

	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		PYRO_AUTO_FREE char *text = read_text(names[i]);
		struct pyro_imported imported;
		struct pyro_buf buf;
		char golden[64];

		text_source_import(text, &imported);
		fold(&imported, &buf);
		snprintf(golden, sizeof(golden), "%s.folded", names[i]);
		fixture_assert_golden(&buf, golden);
		pyro_buf_deinit(&buf);
		pyro_imported_deinit(&imported);
	}
}

static void test_facts_and_counts(void **state)
{
	PYRO_AUTO_FREE char *text = read_text("perf-variants");
	struct pyro_imported imported;
	const struct pyro_quality *quality;
	struct pyro_profile_counts counts;
	uint64_t parts[PYRO_METRIC_COUNT] = {0};

	text_source_import(text, &imported);
	quality = pyro_profile_quality(imported.profile);
	assert_int_equal(quality->samples, 6);
	assert_int_equal(quality->lost_records, 12);
	assert_int_equal(quality->partial, 1);
	assert_string_equal(pyro_profile_meta_get(imported.profile, "host"), "harbour");
	assert_string_equal(pyro_profile_meta_get(imported.profile, "command"), "python3");
	assert_string_equal(pyro_profile_meta_get(imported.profile, "perf_command"),
			    "/usr/bin/perf record -F 999 -g python3 -X perf shop.py");
	pyro_profile_counts(imported.profile, &counts);
	assert_int_equal(counts.processes, 1);
	assert_int_equal(counts.tracks, 2);
	for (size_t i = 0; i < counts.totals; i++) {
		for (size_t k = 0; k < PYRO_METRIC_COUNT; k++)
			parts[k] += pyro_profile_total_get(imported.profile, i)->values[k];
	}
	assert_int_equal(parts[PYRO_METRIC_CPU], 6000000);
	assert_int_equal(parts[PYRO_METRIC_CPU_SYSTEM], 1000000);
	assert_int_equal(parts[PYRO_METRIC_CPU_PYTHON], 1000000);
	assert_int_equal(parts[PYRO_METRIC_CPU_NATIVE], 4000000);
	pyro_imported_deinit(&imported);
}

/* Functions of Python are Python's, in their file; all else is machine code. */
static void test_kinds(void **state)
{
	PYRO_AUTO_FREE char *text = read_text("perf-map");
	struct pyro_imported imported;
	struct pyro_profile_counts counts;
	unsigned python = 0;

	text_source_import(text, &imported);
	pyro_profile_counts(imported.profile, &counts);
	for (uint32_t i = 0; i < counts.functions; i++) {
		const struct pyro_function *function =
			pyro_profile_function_get(imported.profile, i);
		const char *file = pyro_profile_string_get(imported.profile, function->file, NULL);

		python += function->kind == PYRO_FUNCTION_PYTHON;
		assert_int_equal(function->kind == PYRO_FUNCTION_PYTHON, !!strstr(file, ".py"));
	}
	assert_true(python > 8);
	pyro_imported_deinit(&imported);
}

static void test_garbage(void **state)
{
	static const char text[] =
		"# a comment\n\nnonsense\npy 1 1.0: PERF_RECORD_EXIT(1:1)\nmore\n";
	const char *message = text_source_refusal(text, sizeof(text) - 1, PYRO_RC_FORMAT);

	assert_non_null(strstr(message, "line 3"));
	assert_non_null(strstr(message, "\"nonsense\""));
}

/* One that is deeper than any may be is cut at its root. */
static void test_deep(void **state)
{
	const unsigned depth = PYRO_MAX_STACK_DEPTH + 100;
	struct pyro_imported imported;
	struct pyro_profile_counts counts;
	struct pyro_buf text;

	pyro_buf_init(&text, 1 << 20);
	pyro_buf_add_text(&text, "py 1 1.0: 5 cpu-clock:\n");
	for (unsigned i = 0; i < depth; i++)
		pyro_buf_add_format(&text, "\t%x f%u (/x)\n", i, i);
	text_source_import(text.data, &imported);
	pyro_profile_counts(imported.profile, &counts);
	assert_int_equal(counts.stacks, PYRO_MAX_STACK_DEPTH);
	assert_int_equal(pyro_profile_quality(imported.profile)->truncated, 1);
	pyro_imported_deinit(&imported);
	pyro_buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden), cmocka_unit_test(test_facts_and_counts),
		cmocka_unit_test(test_kinds),  cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
