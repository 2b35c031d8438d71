/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "base/limits.h"
#include "support/core_build.h"

static struct pyro_core *open_core(struct core_build *build)
{
	struct pyro_core *core = NULL;
	struct pyro_err err = {0};

	core_build_finish(build);
	if (core_build_open(build, build->file.size, &core, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	return core;
}

/* As the kernel writes them: the thread that the signal was for comes first. */
static void test_threads_and_last_words(void **state)
{
	const struct pyro_core_thread *threads;
	const struct pyro_core_facts *facts;
	struct core_build build;
	struct pyro_core *core;
	size_t count;

	(void)state;
	core_build_init(&build);
	core_build_thread(&build, 4002, SIGSEGV, 0x1234);
	core_build_process(&build, 4001, "python3", "python3 serve.py ");
	core_build_signal(&build, SIGSEGV, SEGV_MAPERR, 0xdead0, 0);
	core_build_thread(&build, 4001, SIGSEGV, 0x5678);
	core = open_core(&build);
	facts = pyro_core_facts(core);
	assert_int_equal(facts->pid, 4001);
	assert_int_equal(facts->uid, 1000);
	assert_int_equal(facts->signal, SIGSEGV);
	assert_int_equal(facts->signal_code, SEGV_MAPERR);
	assert_true(facts->has_fault_addr);
	assert_int_equal(facts->fault_addr, 0xdead0);
	assert_int_equal(facts->sender, 0);
	assert_string_equal(facts->name, "python3");
	assert_string_equal(facts->command, "python3 serve.py");
	assert_false(facts->has_files);
	threads = pyro_core_threads(core, &count);
	assert_int_equal(count, 2);
	assert_int_equal(threads[0].tid, 4002);
	assert_int_equal(threads[1].tid, 4001);
#if defined(__x86_64__)
	assert_int_equal(threads[0].registers[16], 0x1234);
#endif
	pyro_core_close(core);
	core_build_deinit(&build);
}

static void test_a_signal_that_was_sent(void **state)
{
	const struct pyro_core_facts *facts;
	struct core_build build;
	struct pyro_core *core;

	(void)state;
	core_build_init(&build);
	core_build_thread(&build, 7, SIGABRT, 0);
	core_build_signal(&build, SIGABRT, SI_TKILL, 0, 7);
	core = open_core(&build);
	facts = pyro_core_facts(core);
	assert_int_equal(facts->signal, SIGABRT);
	assert_int_equal(facts->sender, 7);
	assert_false(facts->has_fault_addr);
	pyro_core_close(core);
	core_build_deinit(&build);
}

/* As debuggers write them: of a process that lives on, with one signal for each thread. */
static void test_a_picture_of_the_living(void **state)
{
	struct core_build build;
	struct pyro_core *core;
	size_t count;

	(void)state;
	core_build_init(&build);
	core_build_process(&build, 9, "a name of sixteen bytes", "");
	core_build_thread(&build, 9, SIGSTOP, 0);
	core_build_signal(&build, SIGSTOP, SI_USER, 0, 1);
	core_build_thread(&build, 10, 0, 0);
	core_build_signal(&build, SIGSEGV, SEGV_MAPERR, 1, 0);
	core = open_core(&build);
	assert_int_equal(pyro_core_facts(core)->signal, 0);
	assert_int_equal(pyro_core_facts(core)->sender, 0);
	assert_string_equal(pyro_core_facts(core)->name, "a name of sixtee");
	(void)pyro_core_threads(core, &count);
	assert_int_equal(count, 2);
	pyro_core_close(core);
	core_build_deinit(&build);
}

/* Notes of other writers, too small ones, and sizes that lie. */
static void test_leaves_out_what_makes_no_sense(void **state)
{
	static const uint64_t many[] = {UINT64_MAX / 24, 4096, 1, 2, 3};
	const Elf64_Nhdr lying = {.n_namesz = 5, .n_descsz = UINT32_MAX, .n_type = NT_PRSTATUS};
	struct core_build build;
	struct pyro_core *core;
	size_t count, others;

	(void)state;
	core_build_init(&build);
	core_build_note(&build, NT_PRSTATUS, "short", 5);
	core_build_note(&build, NT_FILE, many, sizeof(many));
	core_build_note(&build, NT_AUXV, many, sizeof(many));
	core_build_note(&build, 0x12345, "", 0);
	others = build.notes.size + sizeof(Elf64_Nhdr);
	core_build_thread(&build, 3, 0, 0);
	core_build_thread(&build, 4, 0, 0);
	memcpy(build.notes.data + others, "CARE", 4); /* somebody else's */
	pyro_buf_add(&build.notes, &lying, sizeof(lying));
	pyro_buf_add(&build.notes, "CORE\0\0\0", 8);
	core = open_core(&build);
	assert_int_equal(pyro_core_threads(core, &count)[0].tid, 4);
	assert_int_equal(count, 1);
	assert_false(pyro_core_facts(core)->has_files);
	pyro_core_close(core);
	core_build_deinit(&build);
}

static void test_caps_threads(void **state)
{
	struct core_build build;
	struct pyro_core *core;
	size_t count;

	(void)state;
	core_build_init(&build);
	for (int i = 0; i < PYRO_MAX_THREADS + 3; i++)
		core_build_thread(&build, i + 1, 0, 0);
	core = open_core(&build);
	(void)pyro_core_threads(core, &count);
	assert_int_equal(count, PYRO_MAX_THREADS);
	pyro_core_close(core);
	core_build_deinit(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_and_last_words),
		cmocka_unit_test(test_a_signal_that_was_sent),
		cmocka_unit_test(test_a_picture_of_the_living),
		cmocka_unit_test(test_leaves_out_what_makes_no_sense),
		cmocka_unit_test(test_caps_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
