/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cpython/locate.h"
#include "support/targets.h"

/* Says where the runtime is, as the dynamic linker sees it, and waits. */
static const char program[] =
	"import ctypes, sys, time\n"
	"name = ctypes.c_char.in_dll(ctypes.pythonapi, '_PyRuntime')\n"
	"print(hex(ctypes.addressof(name)), sys.hexversion, flush=True)\n"
	"time.sleep(60)\n";

static struct interpreters interpreters;
static char folder[64];

static int load(void **state)
{
	(void)state;
	interpreters_load(&interpreters);
	snprintf(folder, sizeof(folder), "/tmp/pyro-locate-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	interpreters_deinit(&interpreters);
	return rmdir(folder);
}

static enum pyro_rc locate(int pid, struct pyro_python_origin *ret_origin, struct pyro_err *err)
{
	struct pyro_reader *reader = NULL;
	enum pyro_rc rc = pyro_live_reader_create(pid, &reader, err);

	if (rc == PYRO_RC_OK)
		rc = pyro_python_locate(pid, reader, ret_origin, err);
	pyro_reader_destroy(reader);
	return rc;
}

/* The target's own word against ours. */
static void check(const struct target *target)
{
	struct pyro_python_origin origin;
	struct pyro_err err = {0};
	const enum pyro_rc rc = locate(target->pid, &origin, &err);
	char *end;

	if (rc != PYRO_RC_OK)
		print_message("%s: %s\n", pyro_rc_name(rc), err.message);
	assert_int_equal(rc, PYRO_RC_OK);
	assert_int_equal(origin.runtime_addr, strtoull(target->line, &end, 16));
	assert_int_equal(origin.version, strtoull(end, NULL, 10));
	assert_false(origin.free_threaded);
}

static void start(const struct interpreter *interpreter, struct target *target)
{
	static const char *const arguments[] = {"-S", "-c", program, NULL};

	if (!interpreter_start(interpreter, target, arguments)) {
		print_message("%s does not start\n", interpreter->argv[0]);
		fail();
	}
}

static void test_every_interpreter(void **state)
{
	struct pyro_python_origin origin;

	(void)state;
	if (interpreters.count == 0) {
		print_message("skipped: no interpreters (tools/interpreters --setup)\n");
		skip();
	}
	for (size_t i = 0; i < interpreters.count; i++) {
		struct target target;

		start(&interpreters.items[i], &target);
		check(&target);
		assert_int_equal(locate(target.pid, &origin, NULL), PYRO_RC_OK);
		assert_string_equal(origin.version_text, interpreters.items[i].full);
		target_stop(&target);
	}
}

static bool run(const char *const *argv)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* The statically linked interpreter of the distribution, under another name, without its sections,
 * and deleted while it runs. */
static void test_a_stripped_copy_under_another_name(void **state)
{
	char copy[128];
	const char *const cp[] = {"cp", "/usr/bin/python3.11", copy, NULL};
	const char *const no_symbols[] = {"strip", copy, NULL};
	const char *const argv[] = {copy, "-S", "-c", program, NULL};
	struct target target;

	(void)state;
	snprintf(copy, sizeof(copy), "%s/shop", folder);
	if (access(cp[1], X_OK) != 0 || !run(cp)) {
		print_message("skipped: no %s\n", cp[1]);
		skip();
	}
	assert_true(run(no_symbols));
	assert_true(target_start(&target, argv));
	check(&target);
	assert_int_equal(unlink(copy), 0);
	check(&target); /* deleted */
	target_stop(&target);
	/* Nor a table of sections. */
	assert_true(run(cp));
	const int fd = open(copy, O_WRONLY | O_CLOEXEC);
	const char zeros[8] = {0};

	assert_int_equal(pwrite(fd, zeros, 8, 40), 8); /* e_shoff */
	assert_int_equal(pwrite(fd, zeros, 4, 60), 4); /* e_shnum, e_shstrndx */
	close(fd);
	assert_true(target_start(&target, argv));
	check(&target);
	target_stop(&target);
	unlink(copy);
}

/* The interpreter of a version in this root; without one the test is skipped. */
static const struct interpreter *find(const char *version)
{
	const struct interpreter *found = interpreters_find(&interpreters, version);

	if (!found) {
		print_message("skipped: no CPython %s in this root\n", version);
		skip();
	}
	return found;
}

/* The library of an interpreter, deleted while it runs. */
static void test_a_deleted_shared_library(void **state)
{
	const struct interpreter *interpreter = find("3.9");
	char command[1024], library[128];
	struct target target;

	(void)state;
	snprintf(library, sizeof(library), "%s/libs", folder);
	snprintf(command, sizeof(command),
		 "lib=$(ldd '%s' | awk '/libpython/ {print $3}'); [ -f \"$lib\" ] || exit 1; "
		 "mkdir '%s' && cp \"$lib\" '%s' && LD_PRELOAD='%s'/$(basename \"$lib\") "
		 "LD_LIBRARY_PATH='%s' exec '%s' -S -c \"$0\"",
		 interpreter->argv[0], library, library, library, library, interpreter->argv[0]);
	const char *const argv[] = {"sh", "-c", command, program, NULL};
	const char *const rm[] = {"rm", "-r", library, NULL};

	if (!target_start(&target, argv)) {
		print_message("skipped: %s is not shared\n", interpreter->argv[0]);
		run(rm);
		skip();
	}
	assert_true(run(rm));
	check(&target);
	target_stop(&target);
}

static void test_a_virtual_environment(void **state)
{
	const struct interpreter *interpreter = find("3.12");
	char link[128];
	const char *const argv[] = {link, "-S", "-c", program, NULL};
	struct target target;

	(void)state;
	snprintf(link, sizeof(link), "%s/python", folder);
	assert_int_equal(symlink(interpreter->argv[0], link), 0);
	assert_true(target_start(&target, argv));
	check(&target);
	target_stop(&target);
	unlink(link);
}

static void test_another_mount_namespace(void **state)
{
	static const char *const argv[] = {"unshare",
					   "--mount",
					   "sh",
					   "-c",
					   "mount -t tmpfs none /usr/local/share && cp "
					   "/usr/bin/python3.11 /usr/local/share/app && exec "
					   "/usr/local/share/app -S -c \"$0\"",
					   program,
					   NULL};
	struct target target;

	(void)state;
	if (geteuid() != 0 || access("/usr/bin/python3.11", X_OK) != 0 ||
	    !target_start(&target, argv)) {
		print_message("skipped: needs root and /usr/bin/python3.11\n");
		skip();
	}
	check(&target);
	target_stop(&target);
}

/* As an ordinary user: no map_files, and for a deleted library only its memory is left. */
static void test_as_an_ordinary_user(void **state)
{
	static const char *const argv[] = {
		"setpriv",
		"--reuid=65534",
		"--regid=65534",
		"--clear-groups",
		"--",
		"sh",
		"-c",
		"d=$(mktemp -d) && cp /usr/bin/python3.11 $d/app && { (sleep 1; rm -r $d) & } && "
		"exec $d/app -S -c \"$0\"",
		program,
		NULL};
	struct pyro_python_origin origin = {0};
	struct target target;
	int status = -1;

	(void)state;
	if (geteuid() != 0 || access("/usr/bin/python3.11", X_OK) != 0 ||
	    !target_start(&target, argv)) {
		print_message("skipped: needs root, setpriv and /usr/bin/python3.11\n");
		skip();
	}
	for (int i = 0; i < 2; i++) {
		const pid_t pid = fork();

		if (pid == 0) {
			if (setresgid(65534, 65534, 65534) != 0 ||
			    setresuid(65534, 65534, 65534) != 0)
				_exit(99);
			enum pyro_rc rc = locate(target.pid, &origin, NULL);

			_exit(rc != PYRO_RC_OK                                         ? (int)rc
			      : origin.runtime_addr == strtoull(target.line, NULL, 16) ? 0
										       : 98);
		}
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
		sleep(i == 0 ? 2 : 0); /* then it is deleted */
	}
	target_stop(&target);
}

static void test_what_is_no_python(void **state)
{
	static const char *const argv[] = {"sh", "-c", "echo ready; kill -STOP $$", NULL};
	struct pyro_python_origin origin;
	struct pyro_err err = {0};
	struct target target;
	siginfo_t info;

	(void)state;
	assert_true(target_start(&target, argv));
	assert_int_equal(locate(target.pid, &origin, &err), PYRO_RC_NOTPYTHON);
	assert_non_null(strstr(err.message, "is not a Python program"));
	struct pyro_reader *reader = NULL;

	assert_int_equal(pyro_live_reader_create(target.pid, &reader, NULL), PYRO_RC_OK);
	kill(target.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)target.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pyro_python_locate(target.pid, reader, &origin, &err), PYRO_RC_GONE);
	const int pid = target.pid;

	target_stop(&target);
	assert_int_equal(pyro_python_locate(pid, reader, &origin, &err), PYRO_RC_GONE);
	pyro_reader_destroy(reader);
}

/* From the first moment on: never "not Python", and in the end found. */
static void test_a_process_that_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < interpreters.count; i++) {
		const struct interpreter *interpreter = &interpreters.items[i];
		struct pyro_python_origin origin;
		struct pyro_err err = {0};
		enum pyro_rc rc = PYRO_RC_NOTREADY;
		int fds[2];
		char c;

		if (interpreter->in_root)
			continue;
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		const pid_t pid = fork();

		if (pid == 0) {
			execl(interpreter->argv[0], interpreter->argv[0], "-S", "-c",
			      "import time; time.sleep(60)", (char *)NULL);
			_exit(127);
		}
		close(fds[1]);
		assert_int_equal(read(fds[0], &c, 1), 0); /* closed by the exec */
		close(fds[0]);
		for (int tries = 0; tries < 100000 && rc == PYRO_RC_NOTREADY; tries++)
			rc = locate(pid, &origin, &err);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (rc != PYRO_RC_OK)
			print_message("%s: %s\n", interpreter->full, err.message);
		assert_int_equal(rc, PYRO_RC_OK);
		assert_string_equal(origin.version_text, interpreter->full);
	}
}

static void test_is_quick(void **state)
{
	struct pyro_python_origin origin;
	struct pyro_reader *reader = NULL;
	struct target target;
	uint64_t best = UINT64_MAX;

	(void)state;
	if (interpreters.count == 0) {
		print_message("skipped: no interpreters (tools/interpreters --setup)\n");
		skip();
	}
	start(&interpreters.items[0], &target);
	assert_int_equal(pyro_live_reader_create(target.pid, &reader, NULL), PYRO_RC_OK);
	for (int i = 0; i < 10; i++) {
		const uint64_t begin = pyro_clock_thread_cpu();

		assert_int_equal(pyro_python_locate(target.pid, reader, &origin, NULL), PYRO_RC_OK);
		const uint64_t spent = pyro_clock_thread_cpu() - begin;

		best = spent < best ? spent : best;
	}
	pyro_reader_destroy(reader);
	target_stop(&target);
	print_message("located in %lu us of CPU\n", (unsigned long)(best / 1000));
	assert_true(best < 20 * PYRO_NS_PER_MS); /* room for slow machines and sanitizers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_interpreter),
		cmocka_unit_test(test_a_stripped_copy_under_another_name),
		cmocka_unit_test(test_a_deleted_shared_library),
		cmocka_unit_test(test_a_virtual_environment),
		cmocka_unit_test(test_another_mount_namespace),
		cmocka_unit_test(test_as_an_ordinary_user),
		cmocka_unit_test(test_what_is_no_python),
		cmocka_unit_test(test_a_process_that_starts),
		cmocka_unit_test(test_is_quick),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
