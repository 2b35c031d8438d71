/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "record/moment_parts.h"
#include "support/core_build.h"

#define CODE 0x400000
#define PID  4127

static struct pyro_moment *died(int signal, int code, uint64_t addr, int sender, uint64_t pc)
{
	static const struct core_build_file files[] = {
		{CODE, CODE + 0x1000, 0, "/usr/lib/libfast.so"}};
	struct pyro_moment *moment = NULL;
	struct pyro_core *core = NULL;
	struct core_build build;

	core_build_init(&build);
	core_build_thread(&build, PID + 1, signal, pc);
	core_build_process(&build, PID, "python", "python");
	core_build_signal(&build, signal, code, addr, sender);
	core_build_thread(&build, PID, 0, 0x10);
	core_build_files(&build, files, 1);
	core_build_load(&build, CODE, 0x1000, PF_R | PF_X, NULL, 0);
	core_build_finish(&build);
	assert_int_equal(core_build_open(&build, build.file.size, &core, NULL), PYRO_RC_OK);
	core_build_deinit(&build);
	assert_int_equal(pyro_moment_create(&moment, NULL), PYRO_RC_OK);
	pyro_moment_take_death(moment, core);
	pyro_core_close(core);
	return moment;
}

static void test_why(void **state)
{
	static const struct {
		int signal, code, sender;
		uint64_t addr;
		const char *name, *cause;
		bool has_fault;
	} deaths[] = {
		{SIGSEGV, SEGV_MAPERR, 0, 0, "SIGSEGV", "no memory at 0x0", true},
		{SIGSEGV, SEGV_ACCERR, 0, 0x10, "SIGSEGV",
		 "memory that it had no right to, at 0x10", true},
		{SIGSEGV, SI_KERNEL, 0, 0, "SIGSEGV", "a general protection fault", false},
		{SIGBUS, BUS_ADRERR, 0, 0x2000, "SIGBUS",
		 "memory that its file does not reach, at 0x2000", true},
		{SIGFPE, FPE_INTDIV, 0, CODE, "SIGFPE", "a division by zero at 0x400000", true},
		{SIGABRT, SI_TKILL, PID, 0, "SIGABRT", "sent by itself", false},
		{SIGQUIT, SI_USER, 1, 0, "SIGQUIT", "sent by process 1", false},
		/* For a reason that has no words here. */
		{SIGILL, 99, 0, 0x30, "SIGILL", "", true},
	};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(deaths); i++) {
		struct pyro_moment *moment = died(deaths[i].signal, deaths[i].code, deaths[i].addr,
						  deaths[i].sender, CODE + 0x20);

		assert_string_equal(moment->signal, deaths[i].name);
		assert_string_equal(moment->cause, deaths[i].cause);
		assert_int_equal(moment->has_fault, deaths[i].has_fault);
		if (moment->has_fault)
			assert_int_equal(moment->fault, deaths[i].addr);
		assert_int_equal(moment->pc, CODE + 0x20);
		assert_string_equal(moment->pc_file, "/usr/lib/libfast.so");
		pyro_moment_destroy(moment);
	}
}

static void test_where(void **state)
{
	struct pyro_moment *moment = died(SIGSEGV, SEGV_MAPERR, 0x1234, 0, 0x1234);

	(void)state;
	/* It jumped to where nothing is. */
	assert_int_equal(moment->pc, 0x1234);
	assert_string_equal(moment->pc_file, "");
	pyro_moment_destroy(moment);
	/* What a debugger takes a picture of lives on. */
	moment = died(SIGSTOP, SI_USER, 0, 1, CODE);
	assert_string_equal(moment->signal, "");
	assert_string_equal(moment->cause, "");
	assert_int_equal(moment->pc, 0);
	pyro_moment_destroy(moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
