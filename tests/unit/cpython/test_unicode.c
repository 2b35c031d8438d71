/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cpython/unicode.h"
#include "fake.h"

static struct fake *fake;
static struct pyro_window window;

/* The text at @addr, or NULL. */
static const char *text_of(uint64_t addr, size_t limit, struct pyro_buf *buf)
{
	struct pyro_string string;

	pyro_buf_reset(buf);
	pyro_window_reset(&window);
	pyro_string_plan(&window, &fake->layout, addr);
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	if (!pyro_string_head(&window, &fake->layout, addr, limit, &string))
		return NULL;
	pyro_string_plan_text(&window, &string);
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	if (!pyro_string_utf8(&window, &string, limit, buf))
		return NULL;
	return buf->data ? buf->data : "";
}

static void run(uint32_t minor, bool free_threaded)
{
	static const uint8_t latin[] = {'c', 'a', 'f', 0xe9};
	static const uint16_t two[] = {0x51fd, 0x6570, 0xd800, 0xdc80, 'x', 0};
	static const uint32_t four[] = {0x1f600, 'a', 0x110000, 0xe9};
	struct pyro_buf buf;
	char name[600];
	uint64_t addr;

	fake = fake_create(minor, free_threaded);
	pyro_buf_init(&buf, 1 << 16);
	assert_int_equal(pyro_window_init(&window, &fake->reader), PYRO_RC_OK);
	assert_string_equal(text_of(fake_ascii(fake, "plain"), 100, &buf), "plain");
	assert_string_equal(text_of(fake_ascii(fake, ""), 100, &buf), "");
	assert_string_equal(text_of(fake_string(fake, latin, 4, 1, false, 1), 100, &buf), "café");
	/* Surrogates and NUL have no UTF-8 here. */
	assert_string_equal(text_of(fake_string(fake, two, 6, 2, false, 1), 100, &buf),
			    "函数\xef\xbf\xbd\xef\xbf\xbdx\xef\xbf\xbd");
	assert_string_equal(text_of(fake_string(fake, four, 4, 4, false, 1), 100, &buf),
			    "\xf0\x9f\x98\x80"
			    "a\xef\xbf\xbd"
			    "é");
	/* Cut, but no character in two. */
	assert_string_equal(text_of(fake_string(fake, two, 2, 2, false, 1), 5, &buf), "函");
	memset(name, 'n', sizeof(name));
	name[599] = '\0';
	assert_string_equal(text_of(fake_ascii(fake, name), 1000, &buf), name);
	assert_int_equal(strlen(text_of(fake_ascii(fake, name), 100, &buf)), 100);
	/* Around the end of a page. */
	for (uint32_t gap = 0; gap < 80; gap += 16) {
		fake->used = (fake->used + 8191) / 4096 * 4096 - 16 - gap;
		assert_string_equal(text_of(fake_ascii(fake, "boundary"), 100, &buf), "boundary");
	}
	/* No kind, a length beyond all measure, not mapped. */
	addr = fake_ascii(fake, "x");
	fake_put(fake, addr + fake->layout.str_length, UINT64_MAX, 8);
	assert_null(text_of(addr, 100, &buf));
	addr = fake_ascii(fake, "x");
	fake_put(fake, addr + fake->layout.str_state, 0, 4);
	if (fake->layout.str_wide == PYRO_ABSENT) /* else a legacy string without characters */
		assert_null(text_of(addr, 100, &buf));
	assert_null(text_of(0, 100, &buf));
	assert_null(text_of(UINT64_MAX - 8, 100, &buf));
	pyro_window_deinit(&window);
	pyro_buf_deinit(&buf);
}

static void test_all_kinds(void **state)
{
	(void)state;
	for (uint32_t minor = 8; minor <= 12; minor++) {
		run(minor, false);
		fake_destroy(fake);
	}
	run(14, false);
	fake_destroy(fake);
	run(14, true);
	fake_destroy(fake);
}

/* PyUnicode_FromUnicode and its like, to 3.11: the characters lie elsewhere, in wchar_t at first.
 */
static void test_legacy(void **state)
{
	static const uint32_t wide[] = {0x51fd, 'a'};
	struct pyro_buf buf;

	(void)state;
	for (uint32_t minor = 8; minor <= 11; minor++) {
		fake = fake_create(minor, false);
		const struct pyro_layout *l = &fake->layout;
		const uint64_t addr = fake_alloc(fake, 128), text = fake_alloc(fake, 16);

		pyro_buf_init(&buf, 1 << 16);
		assert_int_equal(pyro_window_init(&window, &fake->reader), PYRO_RC_OK);
		memcpy(fake_at(fake, text), wide, sizeof(wide));
		fake_put(fake, addr + l->str_wide, text, 8);
		fake_put(fake, addr + l->str_compact - 8, 2, 8); /* wstr_length */
		assert_string_equal(text_of(addr, 100, &buf), "函a");
		/* Made ready: data.any, of 4-byte characters. */
		fake_put(fake, addr + l->str_length, 2, 8);
		fake_put(fake, addr + l->str_state, 4u << 2 | 1u << 7, 4);
		fake_put(fake, addr + l->str_compact, text, 8);
		assert_string_equal(text_of(addr, 100, &buf), "函a");
		pyro_window_deinit(&window);
		pyro_buf_deinit(&buf);
		fake_destroy(fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_legacy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
