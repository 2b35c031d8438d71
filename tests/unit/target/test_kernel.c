/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/kernel.h"

static struct pyro_kernel *kernel;
static struct pyro_kernel_stack stack;

static int set_up(void **state)
{
	stack.count = 7;
	return pyro_kernel_create(&kernel, NULL) ? -1 : 0;
}

static int tear_down(void **state)
{
	pyro_kernel_destroy(kernel);
	return 0;
}

/* The names, leaf first, with a comma between. */
static void check(const char *expected)
{
	char text[8192] = "";

	for (size_t i = 0; i < stack.count; i++) {
		strncat(text, i ? ", " : "", sizeof(text) - 1 - strlen(text));
		strncat(text, pyro_kernel_name(kernel, stack.functions[i]),
			sizeof(text) - 1 - strlen(text));
	}
	assert_string_equal(text, expected);
}

static void parse(const char *text)
{
	pyro_kernel_stack_parse(kernel, text, strlen(text), &stack);
}

static void who_waits_has_names(void **state)
{
	parse("[<0>] futex_wait_queue+0x66/0x90\n"
	      "[<0>] ext4_file_read_iter+0x4c/0x120 [ext4]\n"
	      "[<0>] do_syscall_64+0x71/0x280\n"
	      "[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e\n");
	check("futex_wait_queue [kernel], ext4_file_read_iter [ext4], do_syscall_64 [kernel], "
	      "entry_SYSCALL_64_after_hwframe [kernel]");
	/* As older ones write it. */
	parse("[<ffffffff81234567>] do_futex+0x1/0x2\n[<ffffffffffffffff>] 0xffffffffffffffff\n");
	check("do_futex [kernel]");
	/* The same function has the same number. */
	parse("[<0>] a+0x1/0x2\n[<0>] b+0x1/0x2\n[<0>] a+0x9/0xa\n");
	assert_int_equal(stack.functions[0], stack.functions[2]);
	assert_int_not_equal(stack.functions[0], stack.functions[1]);
	assert_null(pyro_kernel_name(kernel, 100));
}

static void a_leaf_alone_has_one(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {{"hrtimer_nanosleep", "hrtimer_nanosleep [kernel]"},
		     {"__x64_sys_pause", "__x64_sys_pause [kernel]"},
		     {"0", ""},
		     {"18446744071585439744", ""},
		     {"", ""},
		     {"no name", ""},
		     {"a[b", "a[b [kernel]"}};

	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		pyro_kernel_wchan_parse(kernel, cases[i].text, strlen(cases[i].text), &stack);
		check(cases[i].name);
	}
}

/* No address is ever taken for a name. */
static void nonsense_has_none(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"[<0>] name+0x1/0x2", /* its end is missing */
		"[<0>] 0xffffffff81234567\n",
		"[<0>] 0xffffffff81234567+0x1/0x2\n",
		"[<0>] name\n",
		"[<0>] +0x1/0x2\n",
		"name+0x1/0x2\n",
		"0>] name+0x1/0x2\n",
		">] x\n",
		"[<0>]\n",
	};

	for (size_t i = 0; i < PYRO_COUNT(texts); i++) {
		parse(texts[i]);
		check("");
	}
	parse("[<0>] 0xffffffff81234567\n[<0>] name+0x1/0x2\nrest");
	check("name [kernel]");
}

static void long_ones_are_cut(void **state)
{
	const size_t lines = PYRO_MAX_KERNEL_STACK + 10, size = 1 << 20;
	char *text = calloc(1, size);

	assert_non_null(text);
	for (size_t i = 0, at = 0; i < lines; i++)
		at += (size_t)snprintf(text + at, size - at, "[<0>] f%zu+0x1/0x2\n", i);
	parse(text);
	assert_int_equal(stack.count, PYRO_MAX_KERNEL_STACK);
	assert_string_equal(pyro_kernel_name(kernel, stack.functions[0]), "f0 [kernel]");
	/* A name that is longer than any. */
	memset(text, 'x', size - 1);
	memcpy(text, "[<0>] ", 6);
	memcpy(text + size / 2, "+0x1/0x2\n", 9);
	parse(text);
	check("");
	free(text);
}

static bool has(const char *part)
{
	for (size_t i = 0; i < stack.count; i++) {
		if (strstr(pyro_kernel_name(kernel, stack.functions[i]), part))
			return true;
	}
	return false;
}

/* Of a child that does nothing but wait, by a call of its own or by poll. */
static bool sees_a_child_wait(void)
{
	const pid_t child = fork();
	bool slept = false, one, gone;

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	for (int i = 0; i < 1000 && !slept && child > 0; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		pyro_kernel_waiting(kernel, child, child, &stack);
		slept = has("sys_pause") || has("poll");
	}
	one = pyro_kernel_shows_stacks(kernel) || stack.count == 1;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	pyro_kernel_waiting(kernel, child, child, &stack);
	gone = stack.count == 0;
	return slept && one && gone;
}

static void who_waits_is_seen(void **state)
{
	assert_true(sees_a_child_wait());
}

/* By an ordinary user; in a process of its own, as it cannot be taken back. */
static void of_an_ordinary_user_the_leaf_is(void **state)
{
	int status = -1;
	const pid_t user = fork();

	if (!user) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		/* So that we may look at those that we start. */
		prctl(PR_SET_DUMPABLE, 1);
		pyro_kernel_destroy(kernel);
		if (pyro_kernel_create(&kernel, NULL) || pyro_kernel_shows_stacks(kernel))
			_exit(3);
		_exit(sees_a_child_wait() ? 0 : 4);
	}
	waitpid(user, &status, 0);
	assert_int_equal(status, 0);
}

static uint64_t start_of(const char *name)
{
	uint64_t start = 0, end;

	assert_true(pyro_kernel_find(kernel, name, &start, &end));
	return start;
}

/* The leaf, and what was interrupted, are where they are; of all others the call is meant, which
 * may be the last that a function does. */
static void addresses_have_names(void **state)
{
	struct pyro_err err = {0};

	if (pyro_kernel_load(kernel, &err)) {
		pyro_kernel_at(kernel, (const uint64_t[]){UINT64_MAX - 4096, 4096}, 2, &stack);
		check("");
		print_message("skipped: %s\n", err.message);
		skip();
	}
	const uint64_t read = start_of("vfs_read"), fault = start_of("handle_mm_fault");
	uint64_t after, start;

	assert_true(pyro_kernel_find(kernel, "vfs_write", &start, &after));
	pyro_kernel_at(kernel, (const uint64_t[]){read, after, fault + 1}, 3, &stack);
	check("vfs_read [kernel], vfs_write [kernel], handle_mm_fault [kernel]");
	pyro_kernel_at(kernel, (const uint64_t[]){4096, read + 1, 0}, 3, &stack);
	check("vfs_read [kernel]");
	pyro_kernel_at(kernel, NULL, 0, &stack);
	check("");
#if defined(__x86_64__)
	const uint64_t entry = start_of("asm_exc_page_fault");

	pyro_kernel_at(kernel, (const uint64_t[]){fault, entry + 1, read, fault + 1}, 4, &stack);
	check("handle_mm_fault [kernel], asm_exc_page_fault [kernel], vfs_read [kernel], "
	      "handle_mm_fault [kernel]");
#endif
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(who_waits_has_names),
		TEST(nonsense_has_none),
		TEST(long_ones_are_cut),
		TEST(who_waits_is_seen),
		TEST(of_an_ordinary_user_the_leaf_is),
		TEST(a_leaf_alone_has_one),
		TEST(addresses_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
