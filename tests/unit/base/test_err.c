/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/utf8.h"

static void carries_what_it_was_told(void **state)
{
	struct pyro_err err;

	assert_int_equal(pyro_err_set(&err, PYRO_RC_LIMIT, "%d of %s", 3, "them"), PYRO_RC_LIMIT);
	assert_int_equal(err.rc, PYRO_RC_LIMIT);
	assert_int_equal(err.errnum, 0);
	assert_int_equal(err.addr, 0);
	assert_string_equal(err.message, "3 of them");
	assert_int_equal(pyro_err_set_errno(&err, PYRO_RC_IO, ENOENT, "cannot open %s", "x"),
			 PYRO_RC_IO);
	assert_int_equal(err.errnum, ENOENT);
	assert_string_equal(err.message, "cannot open x: No such file or directory");
	assert_int_equal(pyro_err_set_addr(&err, PYRO_RC_FAULT, 0xfeedf00dull, "no frame"),
			 PYRO_RC_FAULT);
	assert_true(err.addr == 0xfeedf00dull);
	/* Nothing is left of the one before. */
	assert_int_equal(err.errnum, 0);
}

static void nobody_need_listen(void **state)
{
	assert_int_equal(pyro_err_set(NULL, PYRO_RC_IO, "%d", 1), PYRO_RC_IO);
	assert_int_equal(pyro_err_set_errno(NULL, PYRO_RC_IO, EIO, "x"), PYRO_RC_IO);
	assert_int_equal(pyro_err_set_addr(NULL, PYRO_RC_IO, 1, "x"), PYRO_RC_IO);
	assert_int_equal(pyro_err_prefix(NULL, PYRO_RC_IO, "x"), PYRO_RC_IO);
}

static void context_comes_first(void **state)
{
	struct pyro_err err;

	pyro_err_set_errno(&err, PYRO_RC_IO, EIO, "cannot read");
	assert_int_equal(pyro_err_prefix(&err, PYRO_RC_IO, "process %d", 7), PYRO_RC_IO);
	assert_string_equal(err.message, "process 7: cannot read: Input/output error");
	assert_int_equal(err.errnum, EIO);
	/* The message may be its own argument. */
	pyro_err_set(&err, PYRO_RC_FORMAT, "again, %s", err.message);
	assert_string_equal(err.message, "again, process 7: cannot read: Input/output error");
}

static void assert_printable(const struct pyro_err *err)
{
	const size_t size = strnlen(err->message, sizeof(err->message));

	assert_true(size < sizeof(err->message));
	for (size_t at = 0; at < size;) {
		const size_t from = at;
		const uint32_t point = pyro_utf8_decode(err->message, size, &at);

		assert_true(point >= 0x20 && (point < 0x7f || point >= 0xa0));
		assert_false(point >= 0x202a && point <= 0x202e);
		/* The replacement stands for itself or for broken bytes: there are none left. */
		if (point == PYRO_UTF8_REPLACEMENT)
			assert_int_equal(at - from, 3);
	}
}

static void no_control_character_gets_through(void **state)
{
	static const char *const hostile[] = {
		"\033[2Jred",
		"a\nb\r\tc",
		"\177",
		"\302\233"
		"2J", /* C1: CSI */
		"\233"
		"2J",
		"\342\200\256txt",  /* right-to-left override */
		"\342\200\250next", /* line separator */
		"\355\240\200",
		"caf\351",
		"\360\237\230",
		"\300\200",
	};

	for (size_t i = 0; i < PYRO_COUNT(hostile); i++) {
		struct pyro_err err;

		pyro_err_set(&err, PYRO_RC_IO, "no file '%s' here", hostile[i]);
		assert_printable(&err);
		assert_non_null(strstr(err.message, "' here"));
		pyro_err_prefix(&err, PYRO_RC_IO, "in %s", hostile[i]);
		assert_printable(&err);
		assert_non_null(strstr(err.message, "' here"));
	}
}

static void other_scripts_stay_readable(void **state)
{
	struct pyro_err err;

	pyro_err_set(&err, PYRO_RC_IO, "keine Datei 'd\303\266rf\342\202\254\360\237\230\200'");
	assert_string_equal(err.message, "keine Datei 'd\303\266rf\342\202\254\360\237\230\200'");
}

/* Cut at 511 bytes, wherever that falls in a character or a part. */
static void long_messages_are_cut(void **state)
{
	char text[PYRO_ERR_MESSAGE_SIZE * 2];

	for (size_t size = PYRO_ERR_MESSAGE_SIZE - 8; size < PYRO_ERR_MESSAGE_SIZE + 8; size++) {
		struct pyro_err err;

		memset(text, 'a', size);
		memcpy(text + size - 4, "\360\237\230\200", 5);
		pyro_err_set(&err, PYRO_RC_IO, "%s", text);
		assert_printable(&err);
		assert_int_equal(strlen(err.message), size < 512 ? size : 511);
		pyro_err_set_errno(&err, PYRO_RC_IO, ENOENT, "%s", text);
		assert_printable(&err);
		assert_int_equal(strlen(err.message), 511);
		pyro_err_set(&err, PYRO_RC_IO, "cause");
		pyro_err_prefix(&err, PYRO_RC_IO, "%s", text);
		assert_printable(&err);
		assert_int_equal(strlen(err.message), 511);
		pyro_err_set(&err, PYRO_RC_IO, "%s", text);
		pyro_err_prefix(&err, PYRO_RC_IO, "context");
		assert_printable(&err);
		assert_memory_equal(err.message, "context: aaa", 12);
		assert_int_equal(strlen(err.message), 511);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_what_it_was_told),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(context_comes_first),
		cmocka_unit_test(no_control_character_gets_through),
		cmocka_unit_test(other_scripts_stay_readable),
		cmocka_unit_test(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
