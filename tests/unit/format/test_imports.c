/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "text_source.h"

static void test_table_is_whole(void **state)
{
	for (const struct pyro_import *import = pyro_imports; import->name; import++) {
		assert_true(*import->description);
		assert_true(*import->lacks);
		assert_non_null(import->recognise);
		assert_non_null(import->read);
		if (import[1].name)
			assert_true(strcmp(import->name, import[1].name) < 0);
	}
}

static void test_facts(void **state)
{
	struct pyro_imported imported;
	const struct pyro_import *import =
		text_source_import("py 1/1 1.0: 5 cpu-clock:\n\t1 f (/x)\n\n", &imported);

	assert_string_equal(import->name, "perf-script");
	assert_string_equal(pyro_profile_meta_get(imported.profile, "mode"), "convert");
	assert_string_equal(pyro_profile_meta_get(imported.profile, "imported_from"),
			    "perf-script");
	assert_string_equal(pyro_profile_meta_get(imported.profile, "imported_lacks"),
			    import->lacks);
	assert_non_null(
		strstr(pyro_profile_meta_get(imported.profile, "imported_notes"), "cpu-clock"));
	pyro_imported_deinit(&imported);
}

/* What no reader knows is refused with what it begins with. */
static void test_unknown(void **state)
{
	static const char binary[] =
		"\x7f"
		"ELF\0\1\2\3";

	assert_non_null(strstr(text_source_refusal("a;b 5\n", 6, PYRO_RC_FORMAT), "\"a;b 5\""));
	assert_non_null(
		strstr(text_source_refusal("PERFILE2h\0", 10, PYRO_RC_FORMAT), "perf script"));
	assert_non_null(strstr(text_source_refusal("", 0, PYRO_RC_FORMAT), "nothing in it"));
	assert_non_null(
		strstr(text_source_refusal(binary, sizeof(binary), PYRO_RC_FORMAT), "\"?ELF\""));
}

static void test_failing_source(void **state)
{
	struct text_source bytes = {.text = "py 1 1.0: 5 cycles:\n", .size = 20, .fail_at = 1};
	const struct pyro_input_source source = {&bytes, text_source_read};
	const struct pyro_import *import;
	struct pyro_imported imported;

	assert_int_equal(pyro_import_read(&source, &import, &imported, NULL), PYRO_RC_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_failing_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
