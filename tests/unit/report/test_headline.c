/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/headline.h"

static void test_commands(void **state)
{
	static const char *const cases[][2] = {
		{"python shop.py --orders 5000", "shop.py --orders 5000"},
		{"/usr/bin/python3.11 -X dev -W error -u /srv/app/run.py", "run.py"},
		{"python3 -m http.server 8000", "-m http.server 8000"},
		{"python3 -c import\x1b[2J x", "-c import\\x1b[2J x"},
		{"python3", "python3"},
		{"/usr/bin/python3 -V", "python3 -V"},
		{"/opt/bin/gunicorn shop:app", "gunicorn shop:app"},
		{"", ""},
	};
	const struct pyro_report_look look = {.columns = 80};
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_buf buf;
		pyro_buf_init(&buf, 4096);
		pyro_headline_command(cases[i][0], &look, &buf);
		assert_string_equal(buf.data ? buf.data : "", cases[i][1]);
		pyro_buf_deinit(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
