/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "target/core.h"

#if defined(__x86_64__)

static struct pyro_thread_syscall call_of(uint64_t orig_rax, int64_t rax)
{
	struct user_regs_struct registers = {
		.orig_rax = orig_rax,
		.rax = (uint64_t)rax,
		.rdi = 1,
		.rsi = 2,
		.rdx = 3,
		.r10 = 4,
		.r8 = 5,
		.r9 = 6,
		.rip = 0x1000,
		.rsp = 0x2000,
		.fs_base = 0x3000,
	};
	struct pyro_core_thread thread = {.tid = 1};
	struct pyro_thread_syscall call;

	memcpy(thread.registers, &registers, sizeof(registers));
	assert_int_equal(pyro_core_thread_pthread(&thread), 0x3000);
	pyro_core_thread_syscall(&thread, &call);
	assert_int_equal(call.pc, 0x1000);
	assert_int_equal(call.sp, 0x2000);
	return call;
}

static void test_a_call_that_was_cut_short(void **state)
{
	static const int64_t results[] = {-EINTR, -512, -513, -514, -516};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(results); i++) {
		const struct pyro_thread_syscall call = call_of(SYS_futex, results[i]);

		assert_int_equal(call.number, SYS_futex);
		for (uint64_t j = 0; j < 6; j++)
			assert_int_equal(call.args[j], j + 1);
	}
}

static void test_no_call(void **state)
{
	(void)state;
	/* It came into the kernel in another way. */
	assert_int_equal(call_of(UINT64_MAX, -512).number, -2);
	/* It came back, or was about to. */
	assert_int_equal(call_of(SYS_tgkill, 0).number, -2);
	assert_int_equal(call_of(SYS_futex, -EAGAIN).number, -2);
	assert_int_equal(call_of(SYS_futex, -515).number, -2);
}

#else

static void test_a_call_that_was_cut_short(void **state)
{
	(void)state;
	skip(); /* what registers say of calls is known on x86-64 */
}

static void test_no_call(void **state)
{
	const struct pyro_core_thread thread = {.tid = 1};
	struct pyro_thread_syscall call;

	(void)state;
	pyro_core_thread_syscall(&thread, &call);
	assert_int_equal(call.number, -2);
	assert_int_equal(pyro_core_thread_pthread(&thread), 0);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_that_was_cut_short),
		cmocka_unit_test(test_no_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
