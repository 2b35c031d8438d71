/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cpython/locate.h"
#include "support/core_build.h"

#define PAGE    4096
#define DATA    0x200000
#define RUNTIME (DATA + 70000) /* beyond the first window of the search */

static const struct pyro_core_places places = {NULL, "/nonexistent"};

/* What a core has of an interpreter whose file is gone: its data, at the beginning of which words
 * stand that are no runtime. */
static void make(struct core_build *build, const char *path, uint64_t version, bool named)
{
	const struct core_build_file files[] = {
		{0x100000, 0x101000, 0, path},
		{DATA, DATA + 20 * PAGE, 1, path},
	};
	static uint8_t data[20 * PAGE];
	const uint64_t runtime[] = {version, 1};

	memset(data, 0, sizeof(data));
	memcpy(data, "xdebugpy", 8);
	memcpy(data + 804, "xdebugpy", 8); /* not at the address of a word */
	memcpy(data + RUNTIME - DATA, "xdebugpy", 8);
	memcpy(data + RUNTIME - DATA + 8, runtime, sizeof(runtime));
	core_build_init(build);
	core_build_thread(build, 1, 0, 0);
	if (named)
		core_build_files(build, files, 2);
	core_build_vector(build, 0x100040);
	core_build_load(build, 0x100000, PAGE, PF_R | PF_X, NULL, 0);
	core_build_load(build, DATA, sizeof(data), PF_R | PF_W, data, sizeof(data));
	core_build_finish(build);
}

static enum pyro_rc locate(const struct core_build *build, size_t size,
			   struct pyro_python_origin *ret_origin, struct pyro_err *err)
{
	struct pyro_core *core = NULL;
	enum pyro_rc rc;

	*err = (struct pyro_err){0};
	assert_int_equal(core_build_open(build, size, &core, err), PYRO_RC_OK);
	rc = pyro_python_locate_core(core, &places, ret_origin, err);
	pyro_core_close(core);
	return rc;
}

static void test_by_memory_alone(void **state)
{
	struct pyro_python_origin origin;
	struct core_build build;
	struct pyro_err err;

	(void)state;
	for (int named = 0; named < 2; named++) {
		make(&build, "/opt/app", 0x030e02f0, named);
		assert_int_equal(locate(&build, build.file.size, &origin, &err), PYRO_RC_OK);
		assert_int_equal(origin.runtime_addr, RUNTIME);
		assert_int_equal(origin.version, 0x030e02f0);
		assert_true(origin.free_threaded);
		assert_string_equal(origin.version_text, "3.14.2");
		core_build_deinit(&build);
	}
}

static void test_says_what_is_missing(void **state)
{
	struct pyro_python_origin origin;
	struct core_build build;
	struct pyro_err err;

	(void)state;
	/* No version that has such a table. */
	make(&build, "/opt/app", 0x030b02f0, true);
	assert_int_equal(locate(&build, build.file.size, &origin, &err), PYRO_RC_NOTFOUND);
	assert_string_equal(err.message,
			    "the interpreter cannot be found without its file: "
			    "/nonexistent/opt/app: cannot open it: No such file or directory. Try: "
			    "--exe FILE, or --root FOLDER, where the program's files are");
	core_build_deinit(&build);
	make(&build, "/opt/app", 0x030b02f0, false);
	assert_int_equal(locate(&build, build.file.size, &origin, &err), PYRO_RC_NOTFOUND);
	assert_non_null(strstr(err.message, "it does not name the files that were mapped"));
	core_build_deinit(&build);
	/* Cut short before the runtime. */
	make(&build, "/opt/app", 0x030e02f0, true);
	assert_int_equal(locate(&build, build.file.size - 4 * PAGE, &origin, &err),
			 PYRO_RC_NOTFOUND);
	core_build_deinit(&build);
}

static void test_other_programs(void **state)
{
	struct pyro_python_origin origin;
	struct core_build build;
	struct pyro_err err;

	(void)state;
	core_build_init(&build);
	core_build_files(&build, (struct core_build_file[]){{DATA, DATA + PAGE, 0, "/tmp/data"}},
			 1);
	core_build_load(&build, DATA, PAGE, PF_R, NULL, 0);
	core_build_finish(&build);
	assert_int_equal(locate(&build, build.file.size, &origin, &err), PYRO_RC_NOTPYTHON);
	assert_string_equal(err.message,
			    "this was not a Python program: none of its 0 files holds "
			    "an interpreter");
	core_build_deinit(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_memory_alone),
		cmocka_unit_test(test_says_what_is_missing),
		cmocka_unit_test(test_other_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
