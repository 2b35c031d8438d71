/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "record/launch.h"

static sigset_t current_mask(void)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return mask;
}

static enum pyro_rc start(char *const *argv, struct pyro_launch *launch, struct pyro_err *err)
{
	const sigset_t mask = current_mask();

	assert_int_equal(pyro_launch_prepare(argv, &mask, launch, err), PYRO_RC_OK);
	return pyro_launch_go(launch, argv[0], err);
}

static void runs_the_program(void **state)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 7"}, NULL};
	struct pyro_launch launch;
	int status;

	assert_int_equal(start(argv, &launch, NULL), PYRO_RC_OK);
	assert_int_equal(waitpid(launch.pid, &status, 0), launch.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void waits_for_the_word(void **state)
{
	char *argv[] = {(char[]){"true"}, NULL};
	const sigset_t mask = current_mask();
	struct pyro_launch launch;
	siginfo_t info = {0};

	assert_int_equal(pyro_launch_prepare(argv, &mask, &launch, NULL), PYRO_RC_OK);
	usleep(50000);
	assert_int_equal(waitid(P_PID, (id_t)launch.pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	assert_int_equal(info.si_pid, 0);
	pyro_launch_cancel(&launch);
	assert_int_equal(kill(launch.pid, 0), -1);
}

static void names_a_program_that_is_not_there(void **state)
{
	char *argv[] = {(char[]){"no-such-program-here"}, NULL};
	struct pyro_launch launch;
	struct pyro_err err;

	assert_int_equal(start(argv, &launch, &err), PYRO_RC_NOTARGET);
	assert_non_null(strstr(err.message, "no-such-program-here"));
	assert_int_equal(kill(launch.pid, 0), -1);
}

static void names_a_file_that_is_no_program(void **state)
{
	char path[] = "/tmp/pyro-launch-XXXXXX";
	char *argv[] = {path, NULL};
	struct pyro_launch launch;
	struct pyro_err err;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
	assert_int_equal(start(argv, &launch, &err), PYRO_RC_CANNOTEXEC);
	assert_non_null(strstr(err.message, path));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_the_program),
		cmocka_unit_test(waits_for_the_word),
		cmocka_unit_test(names_a_program_that_is_not_there),
		cmocka_unit_test(names_a_file_that_is_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
