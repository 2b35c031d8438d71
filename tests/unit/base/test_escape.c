/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"
#include "base/utf8.h"

typedef void (*escape_fn)(struct pyro_buf *buf, const char *text, size_t size);

static void check_bytes(escape_fn escape, const char *text, size_t size, const char *expected)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	escape(&buf, text, size);
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
	assert_string_equal(buf.data ? buf.data : "", expected);
	pyro_buf_deinit(&buf);
}

static void check(escape_fn escape, const char *text, const char *expected)
{
	check_bytes(escape, text, strlen(text), expected);
}

static void terminal_shows_controls(void **state)
{
	check(pyro_escape_terminal, "plain d\303\266 \344\270\255 \360\237\230\200",
	      "plain d\303\266 \344\270\255 \360\237\230\200");
	check(pyro_escape_terminal, "a\nb\tc\rd", "a\\nb\\tc\\x0dd");
	check(pyro_escape_terminal, "\033]0;x\007", "\\x1b]0;x\\x07");
	check_bytes(pyro_escape_terminal, "\0", 1, "\\x00");
	check(pyro_escape_terminal, "\177\302\200\302\237", "\\x7f\\x80\\x9f");
	check(pyro_escape_terminal, "\302\240", "\302\240");
	/* Not UTF-8: a lone C1 byte is no CSI any more. */
	check(pyro_escape_terminal, "\2332J", "\357\277\2752J");
	check(pyro_escape_terminal, "\342\200\256\342\201\246", "\\u{202e}\\u{2066}");
	check(pyro_escape_terminal, "\342\200\250\342\200\251", "\\u{2028}\\u{2029}");
	check(pyro_escape_terminal, "\330\234\342\200\217\357\273\277",
	      "\\u{061c}\\u{200f}\\u{feff}");
}

/* Whatever goes in: nothing a terminal acts on comes out. */
static void terminal_is_safe_for_every_point(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	for (uint32_t point = 0; point < 0x11000; point++) {
		char text[4];
		const size_t size = pyro_utf8_encode(point, text);

		pyro_buf_reset(&buf);
		pyro_escape_terminal(&buf, text, size);
		for (size_t at = 0; at < buf.size;) {
			const uint32_t out = pyro_utf8_decode(buf.data, buf.size, &at);

			assert_true(out >= 0x20 && (out < 0x7f || out >= 0xa0));
			assert_false(out >= 0x2028 && out <= 0x202e);
			assert_false(out >= 0x2066 && out <= 0x2069);
			assert_false(out == 0x200e || out == 0x200f || out == 0x61c);
		}
		assert_true(buf.size > 0);
	}
	pyro_buf_deinit(&buf);
}

static void html_has_no_markup(void **state)
{
	check(pyro_escape_html, "<a href=\"x\" b='y'>&amp;</a>",
	      "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
	check(pyro_escape_html, "a\nb\tc", "a\nb\tc");
	check(pyro_escape_html, "\001\033", "\357\277\275\357\277\275");
	check_bytes(pyro_escape_html, "\0", 1, "\357\277\275");
	check(pyro_escape_html, "\300\274script", "\357\277\275\357\277\275script");
}

static void json_is_json_and_safe_in_a_script(void **state)
{
	check(pyro_escape_json, "plain d\303\266rf", "plain d\303\266rf");
	check(pyro_escape_json, "\"\\\n\t\001\177", "\\\"\\\\\\n\\u0009\\u0001\\u007f");
	check_bytes(pyro_escape_json, "a\0b", 3, "a\\u0000b");
	check(pyro_escape_json, "</script>", "<\\/script>");
	check(pyro_escape_json, "a/b </", "a/b <\\/");
	check(pyro_escape_json, "<lambda>", "<lambda>");
	/* "<!--" and "<script" together would keep "</script>" from ending the script. */
	check(pyro_escape_json, "<!--<script>", "\\u003c!--<script>");
	check(pyro_escape_json, "\342\200\250\342\200\251", "\\u2028\\u2029");
	check(pyro_escape_json, "\377\355\240\200",
	      "\357\277\275\357\277\275\357\277\275\357\277\275");
}

static void a_full_buffer_is_told(void **state)
{
	const escape_fn escapes[] = {pyro_escape_terminal, pyro_escape_html, pyro_escape_json};

	for (size_t i = 0; i < PYRO_COUNT(escapes); i++) {
		struct pyro_buf buf;

		pyro_buf_init(&buf, 5);
		escapes[i](&buf, "\001\001\001\001", 4);
		assert_int_equal(pyro_buf_status(&buf), PYRO_RC_NOMEM);
		assert_true(buf.size <= 5);
		pyro_buf_deinit(&buf);
	}
}

static size_t columns(const char *text)
{
	return pyro_escape_columns(text, strlen(text));
}

static void columns_are_what_a_terminal_uses(void **state)
{
	assert_int_equal(columns(""), 0);
	assert_int_equal(columns("abc"), 3);
	assert_int_equal(columns("d\303\266rf"), 4);
	assert_int_equal(columns("o\314\210"), 1); /* o and a combining mark */
	assert_int_equal(columns("\344\270\255\346\226\207"), 4);
	assert_int_equal(columns("\360\237\230\200"), 2);
	assert_int_equal(columns("\377"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_shows_controls),
		cmocka_unit_test(terminal_is_safe_for_every_point),
		cmocka_unit_test(html_has_no_markup),
		cmocka_unit_test(json_is_json_and_safe_in_a_script),
		cmocka_unit_test(a_full_buffer_is_told),
		cmocka_unit_test(columns_are_what_a_terminal_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
