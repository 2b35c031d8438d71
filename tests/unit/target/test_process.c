/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/targets.h"
#include "target/process.h"

static pid_t start_pausing_child(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool holds(const struct pyro_tids *tids, int id)
{
	for (size_t i = 0; i < tids->count; i++) {
		if (tids->items[i] == id)
			return true;
	}
	return false;
}

static void test_facts_of_this_process(void **state)
{
	struct pyro_process_facts facts;

	(void)state;
	prctl(PR_SET_NAME, "a) R 1 (b");
	assert_int_equal(pyro_process_facts((int)getpid(), &facts, NULL), PYRO_RC_OK);
	assert_int_equal(facts.pid, getpid());
	assert_int_equal(facts.parent, getppid());
	assert_int_equal(facts.state, 'R');
	assert_int_equal(facts.uid, geteuid());
	assert_int_equal(facts.threads, 1);
	assert_string_equal(facts.comm, "a) R 1 (b");
	assert_true(facts.start_ticks > 0);
	assert_int_equal(facts.start_ticks, pyro_process_start((int)getpid()));
	assert_false(pyro_process_gone((int)getpid()));
	assert_int_equal(pyro_process_facts(0x3fffffff, &facts, NULL), PYRO_RC_GONE);
	assert_true(pyro_process_gone(0x3fffffff));
	assert_int_equal(pyro_process_start(0x3fffffff), 0);
}

static void test_a_name_cannot_fake_a_status_line(void **state)
{
	struct pyro_process_facts facts;

	(void)state;
	prctl(PR_SET_NAME, "x\nUid:\t7\t7\t7");
	assert_int_equal(pyro_process_facts((int)getpid(), &facts, NULL), PYRO_RC_OK);
	assert_int_equal(facts.uid, geteuid());
	assert_string_equal(facts.comm, "x\nUid:\t7\t7\t7");
	prctl(PR_SET_NAME, "test");
}

static void test_zombies_are_there_and_gone(void **state)
{
	struct pyro_process_facts facts;
	const pid_t pid = start_pausing_child();
	siginfo_t info;

	(void)state;
	assert_false(pyro_process_gone(pid));
	assert_false(pyro_thread_gone(pid, pid));
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pyro_process_facts(pid, &facts, NULL), PYRO_RC_OK);
	assert_int_equal(facts.state, 'Z');
	assert_true(pyro_process_gone(pid));
	assert_true(pyro_thread_gone(pid, pid));
	waitpid(pid, NULL, 0);
	assert_int_equal(pyro_process_facts(pid, &facts, NULL), PYRO_RC_GONE);
}

static void test_paths_and_command(void **state)
{
	static const char *const argv[] = {
		"sh", "-c", "echo ready; kill -STOP $$; : it\\'s", "a b", "", "c=d", NULL};
	char path[4096], expected[4096];
	struct target target;
	struct pyro_buf buf;

	(void)state;
	assert_int_equal(pyro_process_exe((int)getpid(), path, sizeof(path), NULL), PYRO_RC_OK);
	assert_non_null(strstr(path, "test_target_process"));
	assert_int_equal(pyro_process_cwd((int)getpid(), path, sizeof(path), NULL), PYRO_RC_OK);
	assert_string_equal(path, getcwd(expected, sizeof(expected)));
	assert_int_equal(pyro_process_root((int)getpid(), path, sizeof(path), NULL), PYRO_RC_OK);
	pyro_buf_init(&buf, 4096);
	assert_true(target_start(&target, argv));
	assert_int_equal(pyro_process_command(target.pid, &buf, NULL), PYRO_RC_OK);
	target_stop(&target);
	assert_string_equal(buf.data,
			    "sh -c 'echo ready; kill -STOP $$; : it\\'\\''s' 'a b' '' c=d");
	pyro_buf_deinit(&buf);
}

static void test_lists_children(void **state)
{
	const pid_t one = start_pausing_child(), two = start_pausing_child();
	struct pyro_tids pids;

	(void)state;
	assert_int_equal(pyro_process_children((int)getpid(), &pids, NULL), PYRO_RC_OK);
	assert_true(holds(&pids, one));
	assert_true(holds(&pids, two));
	assert_false(holds(&pids, (int)getpid()));
	pyro_tids_deinit(&pids);
	assert_int_equal(pyro_process_children(one, &pids, NULL), PYRO_RC_OK);
	assert_int_equal(pids.count, 0);
	pyro_tids_deinit(&pids);
	end(one);
	end(two);
	assert_int_equal(pyro_process_children(one, &pids, NULL), PYRO_RC_GONE);
}

static pthread_barrier_t barrier;

static void *wait_with_a_name(void *context)
{
	int *tid = context;

	*tid = (int)gettid();
	prctl(PR_SET_NAME, "worker \xff) S");
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_lists_threads_with_their_names(void **state)
{
	enum {
		COUNT = 5
	};
	pthread_t threads[COUNT];
	int ids[COUNT], id = 0;
	struct pyro_tids tids;
	char comm[64];

	(void)state;
	pthread_barrier_init(&barrier, NULL, COUNT + 1);
	for (int i = 0; i < COUNT; i++)
		pthread_create(&threads[i], NULL, wait_with_a_name, &ids[i]);
	pthread_barrier_wait(&barrier);
	assert_int_equal(pyro_process_tids((int)getpid(), &tids, NULL), PYRO_RC_OK);
	assert_int_equal(tids.count, COUNT + 1);
	for (int i = 0; i < COUNT; i++) {
		assert_true(holds(&tids, ids[i]));
		pyro_thread_comm((int)getpid(), ids[i], comm, sizeof(comm));
		assert_string_equal(comm, "worker \xff) S");
		assert_int_equal(pyro_thread_ns_tid((int)getpid(), ids[i], &id, NULL), PYRO_RC_OK);
		assert_int_equal(pyro_process_tid_from_ns((int)getpid(), id, &id, NULL),
				 PYRO_RC_OK);
		assert_int_equal(id, ids[i]);
	}
	pyro_tids_deinit(&tids);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(pyro_process_tid_from_ns((int)getpid(), 0x3fffffff, &id, NULL),
			 PYRO_RC_NOTFOUND);
	pyro_thread_comm((int)getpid(), 0x3fffffff, comm, sizeof(comm));
	assert_string_equal(comm, "");
}

static void test_ids_of_another_pid_namespace(void **state)
{
	static const char *const argv[] = {
		"unshare", "--user", "--map-root-user",           "--pid", "--fork", "--kill-child",
		"sh",      "-c",     "echo ready; exec sleep 60", NULL};
	static const char *const as_root[] = {"unshare",
					      "--pid",
					      "--fork",
					      "--kill-child",
					      "sh",
					      "-c",
					      "echo ready; exec sleep 60",
					      NULL};
	struct pyro_process_facts facts;
	struct pyro_tids pids;
	struct target target;
	int tid = 0;

	(void)state;
	if (!target_start(&target, geteuid() == 0 ? as_root : argv)) {
		print_message("skipped: no new pid namespaces here\n");
		skip();
	}
	assert_int_equal(pyro_process_children(target.pid, &pids, NULL), PYRO_RC_OK);
	assert_int_equal(pids.count, 1);
	assert_int_equal(pyro_process_facts(pids.items[0], &facts, NULL), PYRO_RC_OK);
	assert_true(facts.own_pids);
	assert_int_equal(facts.ns_pid, 1);
	assert_int_equal(pyro_process_tid_from_ns(pids.items[0], 1, &tid, NULL), PYRO_RC_OK);
	assert_int_equal(tid, pids.items[0]);
	assert_int_equal(pyro_process_tid_from_ns(pids.items[0], pids.items[0], &tid, NULL),
			 PYRO_RC_NOTFOUND);
	kill(pids.items[0], SIGKILL);
	pyro_tids_deinit(&pids);
	target_stop(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_of_this_process),
		cmocka_unit_test(test_a_name_cannot_fake_a_status_line),
		cmocka_unit_test(test_zombies_are_there_and_gone),
		cmocka_unit_test(test_paths_and_command),
		cmocka_unit_test(test_lists_children),
		cmocka_unit_test(test_lists_threads_with_their_names),
		cmocka_unit_test(test_ids_of_another_pid_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
