/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/text.h"

static struct pyro_buf buf;
static const struct pyro_report_look plain = {.columns = 20};
static const struct pyro_report_look rich = {.columns = 20, .unicode = true, .colour = true};
static const struct pyro_report_look quiet = {.columns = 20, .unicode = true};

#define CHECK(call, text)                                                                          \
	do {                                                                                       \
		pyro_buf_reset(&buf);                                                              \
		call;                                                                              \
		assert_string_equal(buf.data ? buf.data : "", text);                               \
	} while (0)

static void test_fit_keeps_the_end(void **state)
{
	CHECK(pyro_text_fit(&buf, &rich, "short", 5, PYRO_CUT_MIDDLE), "short");
	CHECK(pyro_text_fit(&buf, &rich, "Checkout.total", 10, PYRO_CUT_MIDDLE), "Che….total");
	CHECK(pyro_text_fit(&buf, &rich, "shop/views.py:61", 9, PYRO_CUT_FRONT), "…ws.py:61");
	CHECK(pyro_text_fit(&buf, &plain, "shop/views.py:61", 9, PYRO_CUT_FRONT), "..s.py:61");
	CHECK(pyro_text_fit(&buf, &rich, "return price * 2", 9, PYRO_CUT_END), "return p…");
	CHECK(pyro_text_fit(&buf, &rich, "abcdef", 1, PYRO_CUT_MIDDLE), "f");
	CHECK(pyro_text_fit(&buf, &rich, "abcdef", 0, PYRO_CUT_MIDDLE), "");
}

static void test_fit_counts_columns(void **state)
{
	/* Wide characters take two columns and are not split; marks stay with their letter. */
	CHECK(pyro_text_fit(&buf, &rich, "価格を計算", 10, PYRO_CUT_FRONT), "価格を計算");
	CHECK(pyro_text_fit(&buf, &rich, "価格を計算", 6, PYRO_CUT_FRONT), "…計算");
	CHECK(pyro_text_fit(&buf, &rich, "abe\xcc\x81z", 2, PYRO_CUT_FRONT), "…z");
	CHECK(pyro_text_fit(&buf, &rich, "abe\xcc\x81z", 3, PYRO_CUT_FRONT), "…e\xcc\x81z");
}

static void test_names_are_safe(void **state)
{
	CHECK(pyro_text_name(&buf, &rich, "a\x1b[31m\n\xff"), "a\\x1b[31m\\n\xef\xbf\xbd");
	CHECK(pyro_text_name(&buf, &plain, "pr\xc3\xa9"), "pr\\u{00e9}");
}

static void test_styles(void **state)
{
	CHECK(pyro_text_styled(&buf, &rich, PYRO_INK_BOLD, "x"), "\033[1mx\033[0m");
	CHECK(pyro_text_styled(&buf, &rich, PYRO_INK_BOLD, ""), "");
	CHECK(pyro_text_styled(&buf, &plain, PYRO_INK_BOLD, "x"), "x");
}

static void test_paragraph_wraps(void **state)
{
	CHECK(pyro_text_paragraph(&buf, &quiet, "1  ", "one two three four five"),
	      "1  one two three\n   four five\n");
	CHECK(pyro_text_paragraph(&buf, &quiet, "",
				  "fits" PYRO_MARK_DOT "in" PYRO_MARK_DOT "three"),
	      "fits  ·  in\nthree\n");
	pyro_buf_reset(&buf);
	pyro_text_item(&buf, "not to be split");
	assert_string_equal(buf.data,
			    "not\x1fto\x1f"
			    "be\x1fsplit");
	CHECK(pyro_text_paragraph(&buf, &quiet, "",
				  "a b c 38" PYRO_MARK_SPACE "%" PYRO_MARK_SPACE "±2 of it x"),
	      "a b c 38 % ±2 of it\nx\n");
	CHECK(pyro_text_paragraph(&buf, &quiet, "", "an_identifier_that_is_longer_than_all"),
	      "an_ide…nger_than_all\n");
}

static void test_styles_end_with_their_line(void **state)
{
	CHECK(pyro_text_paragraph(&buf, &rich, "",
				  PYRO_MARK_DIM "one two three four five" PYRO_MARK_END),
	      "\033[2mone two three four\033[0m\n\033[2mfive\033[0m\n");
}

/* What is styled is read back piece by piece, line by line. */
static void test_spans(void **state)
{
	enum pyro_ink ink = PYRO_INK_PLAIN;
	struct pyro_span span;
	const char *at;

	pyro_buf_reset(&buf);
	pyro_buf_add_text(&buf, "a ");
	for (int i = PYRO_INK_BOLD; i <= PYRO_INK_WAITING; i++)
		pyro_text_styled(&buf, &rich, (enum pyro_ink)i, "x");
	pyro_buf_add_text(&buf, "\n\nend \033[95munknown");
	at = buf.data;
	assert_true(pyro_text_next_span(&at, &ink, &span));
	assert_int_equal(span.ink, PYRO_INK_PLAIN);
	assert_int_equal(span.size, 2);
	for (int i = PYRO_INK_BOLD; i <= PYRO_INK_WAITING; i++) {
		assert_true(pyro_text_next_span(&at, &ink, &span));
		assert_int_equal(span.ink, i);
		assert_int_equal(span.size, 1);
		assert_int_equal(*span.text, 'x');
	}
	assert_false(pyro_text_next_span(&at, &ink, &span));
	assert_int_equal(ink, PYRO_INK_PLAIN);
	assert_false(pyro_text_next_span(&at, &ink, &span));
	/* A sequence that is none of ours is no text; a text that ends is an end. */
	assert_true(pyro_text_next_span(&at, &ink, &span));
	assert_int_equal(span.size, 4);
	assert_true(pyro_text_next_span(&at, &ink, &span));
	assert_int_equal(span.ink, PYRO_INK_PLAIN);
	assert_int_equal(span.size, 7);
	assert_false(pyro_text_next_span(&at, &ink, &span));
	assert_int_equal(*at, '\0');
	at = "\033[9";
	assert_false(pyro_text_next_span(&at, &ink, &span));
	assert_int_equal(*at, '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit_keeps_the_end),
		cmocka_unit_test(test_fit_counts_columns),
		cmocka_unit_test(test_names_are_safe),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_paragraph_wraps),
		cmocka_unit_test(test_styles_end_with_their_line),
		cmocka_unit_test(test_spans),
	};
	pyro_buf_init(&buf, 4096);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	pyro_buf_deinit(&buf);
	return failed;
}
