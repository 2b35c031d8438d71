/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

static void commas_come_by_themselves(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 4096);
	pyro_json_open(&buf, NULL, '{');
	pyro_json_text(&buf, "text", "a\"[");
	pyro_json_text(&buf, "none", NULL);
	pyro_json_bytes(&buf, "part", "some", 2);
	pyro_json_null(&buf, "null");
	pyro_json_number(&buf, "zero", 0);
	pyro_json_number(&buf, "most", UINT64_MAX);
	pyro_json_signed(&buf, "more", 10);
	pyro_json_signed(&buf, "least", INT64_MIN);
	pyro_json_bool(&buf, "yes", true);
	pyro_json_open(&buf, "empty", '[');
	pyro_json_close(&buf, ']');
	pyro_json_open(&buf, "list", '[');
	pyro_json_open(&buf, NULL, '{');
	pyro_json_close(&buf, '}');
	pyro_json_open(&buf, NULL, '[');
	pyro_json_text(&buf, NULL, "{");
	pyro_json_bool(&buf, NULL, false);
	pyro_json_close(&buf, ']');
	pyro_json_close(&buf, ']');
	pyro_json_key(&buf, "own");
	pyro_buf_add_text(&buf, "0.5");
	pyro_json_close(&buf, '}');
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
	assert_string_equal(buf.data,
			    "{\"text\":\"a\\\"[\",\"none\":null,\"part\":\"so\",\"null\":null,"
			    "\"zero\":0,\"most\":18446744073709551615,\"more\":10,"
			    "\"least\":-9223372036854775808,\"yes\":true,\"empty\":[],"
			    "\"list\":[{},[\"{\",false]],\"own\":0.5}");
	pyro_buf_deinit(&buf);
}

static void lines_change_nothing(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 4096);
	pyro_json_open(&buf, NULL, '[');
	pyro_json_line(&buf);
	pyro_json_number(&buf, NULL, 1);
	pyro_json_line(&buf);
	pyro_json_open(&buf, NULL, '{');
	pyro_json_line(&buf);
	pyro_json_number(&buf, "two", 2);
	pyro_json_close(&buf, '}');
	pyro_json_line(&buf);
	pyro_json_number(&buf, NULL, 3);
	pyro_json_close(&buf, ']');
	assert_string_equal(buf.data, "[\n1,\n{\n\"two\":2},\n3]");
	pyro_buf_deinit(&buf);
}

/* Also by who lays JSON out to be read. */
static void blanks_change_nothing(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 4096);
	pyro_buf_add_text(&buf, "{\"one\": ");
	pyro_json_number(&buf, NULL, 1);
	pyro_buf_add_text(&buf, ", \"two\": ");
	pyro_json_text(&buf, NULL, " ");
	pyro_json_text(&buf, "three", "");
	pyro_json_close(&buf, '}');
	assert_string_equal(buf.data, "{\"one\": 1, \"two\": \" \",\"three\":\"\"}");
	pyro_buf_deinit(&buf);
}

static void what_is_too_long_fails(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 8);
	pyro_json_open(&buf, NULL, '{');
	pyro_json_text(&buf, "a", "long enough");
	pyro_json_close(&buf, '}');
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_NOMEM);
	pyro_buf_deinit(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_come_by_themselves),
		cmocka_unit_test(lines_change_nothing),
		cmocka_unit_test(blanks_change_nothing),
		cmocka_unit_test(what_is_too_long_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
