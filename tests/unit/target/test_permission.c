/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/targets.h"
#include "target/permission.h"
#include "target/reader.h"

#define NOBODY 65534

/* What another user is told of process @pid, in a child, as lines of a pipe. */
static void ask_as_user(int pid, uid_t uid, struct pyro_err *ret_err)
{
	struct pyro_err err = {0};
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	const pid_t child = fork();

	if (child == 0) {
		struct pyro_reader *reader = NULL;

		if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
			_exit(1);
		(void)!pyro_live_reader_create(pid, &reader, &err);
		_exit(write(fds[1], &err, sizeof(err)) != sizeof(err));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], ret_err, sizeof(*ret_err)), sizeof(*ret_err));
	close(fds[0]);
	waitpid(child, NULL, 0);
}

static void test_names_the_other_user_and_the_command(void **state)
{
	static const char *const argv[] = {"sh", "-c", "echo ready; exec sleep 60", NULL};
	char expected[256];
	struct target target;
	struct pyro_err err;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can become somebody else\n");
		skip();
	}
	assert_true(target_start(&target, argv));
	ask_as_user(target.pid, NOBODY, &err);
	snprintf(expected, sizeof(expected),
		 "cannot read process %d: it belongs to user root. Try: sudo pyrometer attach %d",
		 target.pid, target.pid);
	target_stop(&target);
	assert_int_equal(err.rc, PYRO_RC_PERM);
	assert_string_equal(err.message, expected);
}

static void test_sees_what_is_not_dumpable(void **state)
{
	struct pyro_err err;
	int fds[2];
	char c;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can become somebody else\n");
		skip();
	}
	assert_int_equal(pipe(fds), 0);
	const pid_t pid = fork();

	if (pid == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) != 0 || write(fds[1], "x", 1) != 1)
			_exit(1); /* a change of user leaves it undumpable */
		pause();
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	ask_as_user(pid, NOBODY, &err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(err.rc, PYRO_RC_PERM);
	assert_non_null(strstr(err.message, "not to be read"));
	assert_non_null(strstr(err.message, "Try: sudo pyrometer attach"));
}

static void test_names_the_command_given(void **state)
{
	struct pyro_err err = {0};
	enum pyro_rc rc;

	(void)state;
	rc = pyro_process_explain_permission((int)getppid(), "dump", &err);
	assert_int_equal(rc, PYRO_RC_PERM);
	assert_null(strchr(err.message, '\n'));
	assert_non_null(strstr(err.message, "Try: "));
	if (geteuid() != 0)
		assert_non_null(strstr(err.message, "sudo pyrometer dump"));
	assert_int_equal(pyro_process_explain_permission(0x3fffffff, NULL, &err), PYRO_RC_GONE);
	assert_int_equal(pyro_process_explain_permission((int)getppid(), NULL, NULL), PYRO_RC_PERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_the_other_user_and_the_command),
		cmocka_unit_test(test_sees_what_is_not_dumpable),
		cmocka_unit_test(test_names_the_command_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
