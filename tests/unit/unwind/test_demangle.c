/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "unwind/demangle.h"

static void test_names(void **state)
{
	static const char *const cases[][2] = {
		{"_ZN3foo3barEi", "foo::bar"},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi",
		 "std::vector<int, std::allocator<int> >::push_back"},
		{"_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"},
		{"_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_"
		 "str17h0123456789abcdefE",
		 "<alloc::string::String as core::fmt::Write>::write_str"},
		{"_RNvCs15kBYyAo9fc_7mycrate3foo", "mycrate::foo"},
		{"_RNvMCs15kBYyAo9fc_7mycrateNtB2_3Foo3bar", "<mycrate::Foo>::bar"},
		{"__pyx_f_6uvloop_4loop_4Loop__run", "uvloop.loop.Loop._run"},
		{"__pyx_pw_6uvloop_4loop_4Loop_45run_until_complete",
		 "uvloop.loop.Loop.run_until_complete"},
		{"__pyx_pf_1m_3Bar___init__", "m.Bar.__init__"},
		{"__pyx_gb_1m_10generator1", "m.generator1"},
		{"__pyx_fuse_0_1__pyx_f_1m_sum", "m.sum"},
	};
	struct pyro_buf buf;

	(void)state;
	pyro_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pyro_buf_reset(&buf);
		assert_true(pyro_demangle(cases[i][0], &buf));
		assert_string_equal(buf.data, cases[i][1]);
	}
	pyro_buf_deinit(&buf);
}

static void test_other_names_are_left(void **state)
{
	static const char *const others[] = {"",
					     "main",
					     "_Z",
					     "_ZN",
					     "_R",
					     "_Znonsense!",
					     "_PyEval_EvalFrameDefault",
					     "_RNvC",
					     "__pyx_f_",
					     "__pyx_f_1m_",
					     "__pyx_f_m",
					     "__pyx_pw_1m_12",
					     "__pyx_fuse_0",
					     "__pyx_f_99999999999999999999m_f",
					     "__pyx_tp_new_1m_Bar"};
	struct pyro_buf buf;

	(void)state;
	pyro_buf_init(&buf, 1 << 20);
	pyro_buf_add_text(&buf, "before ");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(pyro_demangle(others[i], &buf));
		assert_string_equal(buf.data, "before ");
	}
	pyro_buf_deinit(&buf);
}

/* Each argument is the pair of the one before with itself: 2^60 of them. */
static void test_names_that_grow_without_bounds(void **state)
{
	struct pyro_buf name, buf;

	(void)state;
	pyro_buf_init(&name, 1 << 16);
	pyro_buf_init(&buf, 1 << 20);
	pyro_buf_add_text(&name, "_Z1fI1pIiiES0_IS1_S1_E");
	for (int i = 2; i < 34; i++) {
		const char c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];

		pyro_buf_add_format(&name, "S0_IS%c_S%c_E", c, c);
	}
	pyro_buf_add_text(&name, "Evv");
	(void)pyro_demangle(name.data, &buf);
	assert_true(buf.size <= 64 * 1024);
	/* Deep, and long. */
	pyro_buf_reset(&name);
	pyro_buf_add_text(&name, "_Z1f");
	for (int i = 0; i < 8000; i++)
		pyro_buf_add_char(&name, 'P');
	pyro_buf_add_char(&name, 'i');
	(void)pyro_demangle(name.data, &buf);
	pyro_buf_reset(&name);
	pyro_buf_add_text(&name, "_RNvC");
	for (int i = 0; i < 20000; i++)
		pyro_buf_add_text(&name, "B_");
	(void)pyro_demangle(name.data, &buf);
	pyro_buf_deinit(&name);
	pyro_buf_deinit(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_other_names_are_left),
		cmocka_unit_test(test_names_that_grow_without_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
