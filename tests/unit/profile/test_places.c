/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile/places.h"

static const struct {
	const char *file;
	enum pyro_place_kind kind;
	const char *display;
	const char *module;
} expected[] = {
	{"/home/ada/shop/shop.py", PYRO_PLACE_OWN, "shop.py", "shop"},
	{"/home/ada/shop/web/__init__.py", PYRO_PLACE_OWN, "web/__init__.py", "web"},
	{"/home/ada/shop/web/views.py", PYRO_PLACE_OWN, "web/views.py", "web.views"},
	{"/home/ada/shopping/a.py", PYRO_PLACE_OWN, "/home/ada/shopping/a.py", "a"},
	{"web/views.py", PYRO_PLACE_OWN, "web/views.py", "web.views"},
	{"./run.py", PYRO_PLACE_OWN, "./run.py", "run"},
	{"/usr/lib/python3.11/json/decoder.py", PYRO_PLACE_STANDARD, "json/decoder.py",
	 "json.decoder"},
	{"/opt/py/lib/python3.13t/threading.py", PYRO_PLACE_STANDARD, "threading.py", "threading"},
	{"/usr/lib64/python3.9/os.py", PYRO_PLACE_STANDARD, "os.py", "os"},
	{"/usr/lib/python3.8/lib-dynload/_json.so", PYRO_PLACE_STANDARD, "_json.so", "_json.so"},
	{"/usr/lib/python313.zip/json/tool.py", PYRO_PLACE_STANDARD, "json/tool.py", "json.tool"},
	{"<frozen importlib._bootstrap>", PYRO_PLACE_STANDARD, "<frozen importlib._bootstrap>",
	 "importlib._bootstrap"},
	{"/home/ada/shop/.venv/lib/python3.13/site-packages/django/db/models.py",
	 PYRO_PLACE_PACKAGE, "django/db/models.py", "django.db.models"},
	{"/home/ada/shop/.venv/bin/gunicorn", PYRO_PLACE_PACKAGE, ".venv/bin/gunicorn",
	 ".venv.bin.gunicorn"},
	{".venv/bin/flask", PYRO_PLACE_PACKAGE, ".venv/bin/flask", ".venv.bin.flask"},
	{"./../shop/.venv/bin/uvicorn", PYRO_PLACE_PACKAGE, "./../shop/.venv/bin/uvicorn",
	 "shop..venv.bin.uvicorn"},
	{"/home/ada/shop/../env/lib/python3.13/site-packages/celery/app.py", PYRO_PLACE_PACKAGE,
	 "celery/app.py", "celery.app"},
	{"../env/bin/celery", PYRO_PLACE_PACKAGE, "../env/bin/celery", "env.bin.celery"},
	{"../../../../bin/flask", PYRO_PLACE_OWN, "../../../../bin/flask", "bin.flask"},
	{"/usr/bin/black", PYRO_PLACE_PACKAGE, "/usr/bin/black", "black"},
	{"/home/ada/bin/mine", PYRO_PLACE_OWN, "/home/ada/bin/mine", "mine"},
	{"/home/ada/shop/bin/mine.py", PYRO_PLACE_OWN, "bin/mine.py", "bin.mine"},
	{"/usr/lib/python3/dist-packages/six.py", PYRO_PLACE_PACKAGE, "six.py", "six"},
	{"/home/ada/lib/python3.x/mine.py", PYRO_PLACE_OWN, "/home/ada/lib/python3.x/mine.py",
	 "mine"},
	{"/home/ada/my-site-packages/a.py", PYRO_PLACE_OWN, "/home/ada/my-site-packages/a.py", "a"},
	{"/usr/lib/libz.so.1", PYRO_PLACE_NATIVE, "libz.so.1", "libz.so.1"},
	{"[kernel]", PYRO_PLACE_KERNEL, "[kernel]", "[kernel]"},
	{"[ext4]", PYRO_PLACE_KERNEL, "[ext4]", "[ext4]"},
	{"<string>", PYRO_PLACE_NOWHERE, "<string>", "<string>"},
	{"", PYRO_PLACE_NOWHERE, "", ""},
	{"/", PYRO_PLACE_OWN, "/", ""},
	{"..", PYRO_PLACE_OWN, "..", "."},
};

static void files_have_places(void **state)
{
	struct pyro_profile *p = NULL;
	struct pyro_places *places = NULL;
	uint32_t files[PYRO_COUNT(expected)];
	uint32_t name;
	(void)state;
	assert_int_equal(pyro_profile_create(&p, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_profile_meta_set(p, "cwd", "/home/ada/shop/"), PYRO_RC_OK);
	assert_int_equal(pyro_profile_string(p, "a name", 6, &name), PYRO_RC_OK);
	for (size_t i = 0; i < PYRO_COUNT(expected); i++) {
		uint32_t function;
		const char *file = expected[i].file;
		assert_int_equal(pyro_profile_string(p, file, strlen(file), &files[i]), PYRO_RC_OK);
		const struct pyro_function row = {
			.name = name,
			.file = files[i],
			.first_line = 1,
			.kind = expected[i].kind == PYRO_PLACE_NATIVE   ? PYRO_FUNCTION_NATIVE
				: expected[i].kind == PYRO_PLACE_KERNEL ? PYRO_FUNCTION_KERNEL
									: PYRO_FUNCTION_PYTHON,
		};
		assert_int_equal(pyro_profile_function(p, &row, &function), PYRO_RC_OK);
	}
	assert_int_equal(pyro_places_create(p, &places, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < PYRO_COUNT(expected); i++) {
		const struct pyro_place *place = pyro_places_get(places, files[i]);
		print_message("%s\n", expected[i].file);
		assert_int_equal(place->kind, expected[i].kind);
		assert_string_equal(place->display, expected[i].display);
		assert_string_equal(place->module, expected[i].module);
		/* There are files of the user's own: code without one is a library's making. */
		assert_int_equal(place->library, expected[i].kind != PYRO_PLACE_OWN);
	}
	assert_string_equal(pyro_places_get(places, name)->display, "");
	assert_int_equal(pyro_places_get(places, 10000)->kind, PYRO_PLACE_NOWHERE);
	pyro_places_destroy(places);
	pyro_profile_destroy(p);
}

/* Which of these files are libraries' in a profile of @command that has no others. */
static void check_libraries(const char *command, const char *const files[], const bool library[],
			    size_t count)
{
	struct pyro_function function = {0};
	struct pyro_places *places;
	struct pyro_profile *p;
	uint32_t ids[8], index;

	assert_true(count <= PYRO_COUNT(ids));
	assert_int_equal(pyro_profile_create(&p, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_profile_meta_set(p, "command", command), PYRO_RC_OK);
	assert_int_equal(pyro_profile_string(p, "f", 1, &function.name), PYRO_RC_OK);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(pyro_profile_string(p, files[i], strlen(files[i]), &ids[i]),
				 PYRO_RC_OK);
		function.file = ids[i];
		assert_int_equal(pyro_profile_function(p, &function, &index), PYRO_RC_OK);
	}
	assert_int_equal(pyro_places_create(p, &places, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pyro_places_get(places, ids[i])->library, library[i]);
	pyro_places_destroy(places);
	pyro_profile_destroy(p);
}

static void code_without_a_file_is_own_where_nothing_else_is(void **state)
{
	static const char *const files[] = {"<made>", "/usr/lib/python3.11/json/decoder.py"};
	static const bool library[] = {false, true};

	(void)state;
	check_libraries("python3 -c x", files, library, PYRO_COUNT(files));
}

static void what_is_typed_is_own_and_what_is_made_is_not(void **state)
{
	static const char *const files[] = {"<stdin>", "<string>", "<ipython-input-3-1a2b>",
					    "<class 'networkx.utils.argmap'> compilation 22",
					    "/venv/lib/python3.11/site-packages/networkx/x.py"};
	static const bool library[] = {false, false, false, true, true};

	(void)state;
	check_libraries("python3 -c x", files, library, PYRO_COUNT(files));
}

static void what_a_module_starts_by_its_code_is_not_typed(void **state)
{
	static const char *const files[] = {"<string>", "/venv/lib/python3.11/site-packages/x/y.py",
					    "<stdin>"};
	static const bool library[] = {true, true, false};
	static const bool of_code[] = {false, true, false};

	(void)state;
	check_libraries("python3 -X dev -m pytest -n 2", files, library, PYRO_COUNT(files));
	check_libraries("python3 -c x -m y", files, of_code, PYRO_COUNT(files));
}

static void without_a_working_directory(void **state)
{
	struct pyro_profile *p = NULL;
	struct pyro_places *places = NULL;
	uint32_t file;
	uint32_t function;
	(void)state;
	assert_int_equal(pyro_profile_create(&p, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_profile_string(p, "/srv/app.py", 11, &file), PYRO_RC_OK);
	assert_int_equal(
		pyro_profile_function(
			p, &(struct pyro_function){.name = file, .file = file, .first_line = 1},
			&function),
		PYRO_RC_OK);
	assert_int_equal(pyro_places_create(p, &places, NULL), PYRO_RC_OK);
	assert_string_equal(pyro_places_get(places, file)->display, "/srv/app.py");
	assert_string_equal(pyro_places_get(places, file)->module, "app");
	pyro_places_destroy(places);
	pyro_profile_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_have_places),
		cmocka_unit_test(without_a_working_directory),
		cmocka_unit_test(code_without_a_file_is_own_where_nothing_else_is),
		cmocka_unit_test(what_is_typed_is_own_and_what_is_made_is_not),
		cmocka_unit_test(what_a_module_starts_by_its_code_is_not_typed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
