/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "record/record.h"
#include "support/scratch.h"
#include "support/targets.h"

/* The interpreter itself: what is called python3 may be a script that starts it. */
static char python[4096];
static struct scratch scratch;
static int home = -1;

static int find_python(void **state)
{
	const char *const argv[] = {"python3", "-c", "import sys; print(sys.executable)", NULL};
	struct target target;

	home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0 || !target_start(&target, argv))
		return -1;
	snprintf(python, sizeof(python), "%.4095s", target.line);
	target_stop(&target);
	return 0;
}

static int enter(void **state)
{
	scratch_make(&scratch, "capture.pyro");
	return chdir(scratch.directory);
}

static int leave(void **state)
{
	const int back = fchdir(home);

	scratch_remove(&scratch);
	return back;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static bool exists(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0;
}

static bool appears(const char *path)
{
	for (int i = 0; i < 2000 && !exists(path); i++)
		nap(10);
	return exists(path);
}

/* Records @program, a text for python -c. */
static enum pyro_rc record(char *program, const char *path, enum pyro_proof_method proof,
			   struct pyro_record_result *result, struct pyro_err *err)
{
	char *argv[] = {python, (char[]){"-S"}, (char[]){"-E"}, (char[]){"-c"}, program, NULL};
	const struct pyro_record_options options = {
		.argv = argv,
		.path = path,
		.name = "/srv/my shop.py",
		.sampler = {.hz_max = 1000, .proof = proof, .children = true},
	};

	return pyro_record(&options, result, err);
}

/* The same in a process of its own, which ends with the program's status. */
static int start_recorder(char *program, const char *path)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		static struct pyro_record_result result;

		if (record(program, path, PYRO_PROOF_AUTO, &result, NULL))
			_exit(100);
		_exit(WIFEXITED(result.wait_status) ? WEXITSTATUS(result.wait_status) : 101);
	}
	return pid;
}

static int status_of(int pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void end_result(struct pyro_record_result *result)
{
	pyro_profile_destroy(result->profile);
	result->profile = NULL;
}

static struct pyro_record_result result;

static void keeps_the_exit_status_and_names_the_capture(void **state)
{
	char program[] = "import sys, time; time.sleep(0.6); sys.exit(7)";
	struct pyro_capture_reader *reader;
	struct pyro_profile_counts counts;
	struct pyro_err err = {0};
	sigset_t before, after;
	char name[64];

	sigprocmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(record(program, NULL, PYRO_PROOF_AUTO, &result, &err), PYRO_RC_OK);
	assert_true(WIFEXITED(result.wait_status));
	assert_int_equal(WEXITSTATUS(result.wait_status), 7);
	assert_true(result.target_ended);
	assert_false(result.interrupted);
	assert_int_equal(result.trouble.rc, PYRO_RC_OK);
	snprintf(name, sizeof(name), "my_shop-%s.pyro",
		 pyro_profile_meta_get(result.profile, "pid"));
	assert_string_equal(result.path, name);
	assert_true(result.size > 0);
	pyro_profile_counts(result.profile, &counts);
	assert_int_equal(counts.processes, 1);
	assert_true(pyro_profile_quality(result.profile)->samples > 0);
	assert_true(pyro_profile_duration(result.profile) >= 50 * PYRO_NS_PER_MS);
	end_result(&result);
	/* The file is whole and says the same. */
	assert_int_equal(pyro_capture_reader_create(name, &reader, &err), PYRO_RC_OK);
	assert_true(pyro_capture_reader_complete(reader));
	pyro_capture_reader_destroy(reader);
	/* Nothing of ours stays changed. */
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < NSIG; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void tells_of_the_signal(void **state)
{
	char program[] = "import os; os.kill(os.getpid(), 15)";

	assert_int_equal(record(program, "a.pyro", PYRO_PROOF_AUTO, &result, NULL), PYRO_RC_OK);
	assert_true(WIFSIGNALED(result.wait_status));
	assert_int_equal(WTERMSIG(result.wait_status), SIGTERM);
	assert_string_equal(result.path, "a.pyro");
	end_result(&result);
}

/* Every stop for a read shows to whoever waits for the program: its end must still get through. */
static void every_proof_keeps_the_exit_status(void **state)
{
	char program[] =
		"import time, sys\n"
		"end = time.time() + 0.6\n"
		"while time.time() < end: sum(range(100))\n"
		"sys.exit(5)";

	for (int proof = PYRO_PROOF_BY_PROC; proof <= PYRO_PROOF_BY_NONE; proof++) {
		assert_int_equal(
			record(program, NULL, (enum pyro_proof_method)proof, &result, NULL),
			PYRO_RC_OK);
		assert_true(WIFEXITED(result.wait_status));
		assert_int_equal(WEXITSTATUS(result.wait_status), 5);
		assert_true(pyro_profile_quality(result.profile)->samples > 0);
		end_result(&result);
	}
}

static void never_writes_over_a_file(void **state)
{
	char program[] = "open('ran', 'w')";
	struct pyro_err err = {0};
	char text[8] = "";
	int fd = open("mine.pyro", O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_int_equal(record(program, "mine.pyro", PYRO_PROOF_AUTO, &result, &err),
			 PYRO_RC_EXISTS);
	assert_null(result.profile);
	assert_non_null(strstr(err.message, "mine.pyro"));
	/* The program was not started, and the file is what it was. */
	assert_false(exists("ran"));
	fd = open("mine.pyro", O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	close(fd);
	assert_string_equal(text, "mine");
	/* Nor through a link to nowhere. */
	assert_int_equal(symlink("elsewhere", "link.pyro"), 0);
	assert_int_not_equal(record(program, "link.pyro", PYRO_PROOF_AUTO, &result, &err),
			     PYRO_RC_OK);
	assert_false(exists("elsewhere"));
	assert_false(exists("ran"));
}

static void leaves_nothing_of_a_program_that_is_not_there(void **state)
{
	char *argv[] = {(char[]){"no-such-program-here"}, NULL};
	const struct pyro_record_options options = {
		.argv = argv,
		.path = "capture.pyro",
		.sampler = {.hz_max = 100},
	};
	struct pyro_err err = {0};

	assert_int_equal(pyro_record(&options, &result, &err), PYRO_RC_NOTARGET);
	assert_non_null(strstr(err.message, "no-such-program-here"));
	assert_false(exists("capture.pyro"));
	assert_null(result.profile);
}

static void refuses_a_directory_that_it_may_not_write(void **state)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){"exit 0"}, NULL};
		const struct pyro_record_options options = {
			.argv = argv,
			.path = "closed/capture.pyro",
			.sampler = {.hz_max = 100},
		};
		struct pyro_err err = {0};
		enum pyro_rc rc;

		if (mkdir("closed", 0500) || chmod(".", 0755))
			_exit(90);
		if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
			_exit(91);
		/* Changing the user hides a process; one that was started so is not hidden. */
		prctl(PR_SET_DUMPABLE, 1);
		rc = pyro_record(&options, &result, &err);
		_exit(rc == PYRO_RC_PERM && strstr(err.message, "closed/capture.pyro") ? 0
		      : rc                                                             ? 92
										       : 93);
	}
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(rmdir("closed"), 0);
}

/* No room from the start: an error at once, and the program does not run. */
static void no_room_is_an_error_at_once(void **state)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit limit = {4096, 4096};
		char program[] = "open('ran', 'w')";
		struct pyro_err err = {0};
		enum pyro_rc rc;

		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &limit);
		rc = record(program, "capture.pyro", PYRO_PROOF_AUTO, &result, &err);
		_exit(rc == PYRO_RC_FULL ? 0 : 90 + (int)rc);
	}
	assert_int_equal(status_of(pid), 0);
	assert_false(exists("ran"));
	assert_false(exists("capture.pyro"));
}

/* No room later: the recording stops, what it holds stays good, and the program runs to its end. */
static void a_disk_that_fills_up_ends_the_recording_only(void **state)
{
	char program[] =
		"import os, time\n"
		"open('ready', 'w').close()\n"
		"while not os.path.exists('go'): time.sleep(0.005)\n"
		"source = '\\n'.join('def f%d(): time.sleep(0.0005)' % i for i in range(900))\n"
		"exec(source)\n"
		"for i in range(900): globals()['f%d' % i]()\n"
		"os._exit(9)\n";
	struct pyro_capture_reader *reader;
	struct rlimit limit;
	struct stat file;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGXFSZ, SIG_DFL);
		if (record(program, "capture.pyro", PYRO_PROOF_AUTO, &result, NULL))
			_exit(90);
		if (result.trouble.rc != PYRO_RC_FULL)
			_exit(91);
		_exit(WIFEXITED(result.wait_status) ? WEXITSTATUS(result.wait_status) : 92);
	}
	assert_true(appears("ready"));
	assert_int_equal(stat("capture.pyro", &file), 0);
	limit.rlim_cur = limit.rlim_max = (rlim_t)file.st_size;
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
	close(open("go", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(status_of(pid), 9);
	assert_int_equal(pyro_capture_reader_create("capture.pyro", &reader, NULL), PYRO_RC_OK);
	pyro_capture_reader_destroy(reader);
}

/* What we ignore for ourselves is not ignored in the program. */
static void the_program_has_our_signals_as_they_were(void **state)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
			(char[]){"grep -E 'Sig(Ign|Blk)' /proc/self/status >signals"}, NULL};
	const struct pyro_record_options options = {
		.argv = argv,
		.path = "capture.pyro",
		.sampler = {.hz_max = 100},
	};
	unsigned long long blocked, ignored;
	struct sigaction action;
	char text[256] = "";
	int fd;

	signal(SIGXFSZ, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pyro_record(&options, &result, NULL), PYRO_RC_OK);
	signal(SIGPIPE, SIG_DFL);
	end_result(&result);
	fd = open("signals", O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	blocked = strtoull(strchr(text, ':') + 1, NULL, 16);
	ignored = strtoull(strrchr(text, ':') + 1, NULL, 16);
	assert_true(blocked == 0);
	assert_false(ignored >> (SIGXFSZ - 1) & 1);
	assert_false(ignored >> (SIGPIPE - 1) & 1);
	sigaction(SIGXFSZ, NULL, &action);
	assert_true(action.sa_handler == SIG_DFL);
}

/* Ends with the number of SIGINTs that it got. */
static char count_interrupts[] =
	"import os, signal, time\n"
	"count = 0\n"
	"def on(*_):\n"
	"    global count\n"
	"    count += 1\n"
	"signal.signal(signal.SIGINT, on)\n"
	"open('ready', 'w').close()\n"
	"end = time.time() + 10\n"
	"while not count and time.time() < end: time.sleep(0.005)\n"
	"end = time.time() + 0.3\n"
	"while time.time() < end: time.sleep(0.005)\n"
	"os._exit(count)\n";

static void a_signal_to_us_is_for_the_program(void **state)
{
	const int pid = start_recorder(count_interrupts, "capture.pyro");

	assert_true(appears("ready"));
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(status_of(pid), 1);
}

/* The terminal sends Ctrl-C to the whole group: once is enough. */
static void a_signal_from_the_terminal_reaches_the_program_once(void **state)
{
	int master;
	const pid_t pid = forkpty(&master, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (pid == 0) {
		if (record(count_interrupts, "capture.pyro", PYRO_PROOF_AUTO, &result, NULL))
			_exit(100);
		_exit(WIFEXITED(result.wait_status) ? WEXITSTATUS(result.wait_status) : 101);
	}
	assert_true(appears("ready"));
	assert_int_equal(write(master, "\003", 1), 1);
	assert_int_equal(status_of(pid), 1);
	close(master);
}

static const char endless[] =
	"def main():\n"
	"    print('ready', flush=True)\n"
	"    while True: sum(range(50))\n"
	"main()\n";

static void start_endless(struct target *target)
{
	const char *const argv[] = {python, "-S", "-E", "-c", endless, NULL};

	assert_true(target_start(target, argv));
}

static void attaches_for_as_long_as_asked(void **state)
{
	struct pyro_record_options options = {
		.duration_ns = 200 * PYRO_NS_PER_MS,
		.sampler = {.hz_max = 500},
	};
	struct pyro_err err = {0};
	struct target target;
	char name[64];

	start_endless(&target);
	options.pid = target.pid;
	assert_int_equal(pyro_record(&options, &result, &err), PYRO_RC_OK);
	assert_false(result.target_ended);
	assert_false(result.interrupted);
	assert_int_equal(result.trouble.rc, PYRO_RC_OK);
	assert_true(pyro_profile_duration(result.profile) >= 200 * PYRO_NS_PER_MS);
	assert_true(pyro_profile_duration(result.profile) < 5 * PYRO_NS_PER_S);
	assert_true(pyro_profile_quality(result.profile)->samples > 0);
	assert_string_equal(pyro_profile_meta_get(result.profile, "mode"), "attach");
	snprintf(name, sizeof(name), "-%d.pyro", target.pid);
	assert_non_null(strstr(result.path, name));
	assert_int_equal(strncmp(result.path, "python", 6), 0);
	end_result(&result);
	/* It goes on. */
	assert_int_equal(waitpid(target.pid, NULL, WNOHANG), 0);
	target_stop(&target);
}

static void attached_ends_with_its_target(void **state)
{
	struct pyro_record_options options = {.path = "capture.pyro", .sampler = {.hz_max = 500}};
	struct target target;
	pid_t killer;

	start_endless(&target);
	options.pid = target.pid;
	killer = fork();
	if (killer == 0) {
		/* Killed before the recording begins, there would be nothing to record. */
		for (int i = 0; i < 5000 && access("capture.pyro", F_OK) != 0; i++)
			nap(1);
		nap(100);
		kill(target.pid, SIGKILL);
		_exit(0);
	}
	assert_int_equal(pyro_record(&options, &result, NULL), PYRO_RC_OK);
	assert_true(result.target_ended);
	end_result(&result);
	assert_int_equal(status_of(killer), 0);
	target_stop(&target);
}

static void attached_ends_at_an_interrupt(void **state)
{
	struct pyro_record_options options = {.path = "capture.pyro", .sampler = {.hz_max = 500}};
	struct target target;
	pid_t pid;

	start_endless(&target);
	options.pid = target.pid;
	pid = fork();
	if (pid == 0) {
		if (pyro_record(&options, &result, NULL))
			_exit(90);
		_exit(result.interrupted && !result.target_ended ? 0 : 91);
	}
	assert_true(appears("capture.pyro"));
	kill(pid, SIGINT);
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(waitpid(target.pid, NULL, WNOHANG), 0);
	target_stop(&target);
}

static void attaches_to_nothing_else(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo ready; kill -STOP $$", NULL};
	struct pyro_record_options options = {.path = "capture.pyro", .sampler = {.hz_max = 500}};
	struct pyro_err err = {0};
	struct target target;

	assert_true(target_start(&target, argv));
	options.pid = target.pid;
	assert_int_equal(pyro_record(&options, &result, &err), PYRO_RC_NOTPYTHON);
	assert_true(err.message[0]);
	target_stop(&target);
	err.message[0] = '\0';
	assert_int_equal(pyro_record(&options, &result, &err), PYRO_RC_GONE);
	assert_true(err.message[0]);
	assert_false(exists("capture.pyro"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(keeps_the_exit_status_and_names_the_capture),
		CASE(tells_of_the_signal),
		CASE(every_proof_keeps_the_exit_status),
		CASE(never_writes_over_a_file),
		CASE(leaves_nothing_of_a_program_that_is_not_there),
		CASE(refuses_a_directory_that_it_may_not_write),
		CASE(no_room_is_an_error_at_once),
		CASE(a_disk_that_fills_up_ends_the_recording_only),
		CASE(the_program_has_our_signals_as_they_were),
		CASE(a_signal_to_us_is_for_the_program),
		CASE(a_signal_from_the_terminal_reaches_the_program_once),
		CASE(attaches_for_as_long_as_asked),
		CASE(attached_ends_with_its_target),
		CASE(attached_ends_at_an_interrupt),
		CASE(attaches_to_nothing_else),
	};

	return cmocka_run_group_tests(tests, find_python, NULL);
}
