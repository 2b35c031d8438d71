/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "messages.h"
#include "sample/sampler.h"
#include "support/targets.h"

#define STOP_NS (10 * PYRO_NS_PER_S)

static struct messages messages;
/* The interpreter itself: what is called python3 may be a script that starts it. */
static char python[4096];

static int find_python(void **state)
{
	const char *const argv[] = {"python3", "-c", "import sys; print(sys.executable)", NULL};
	struct target target;

	if (!target_start(&target, argv))
		return -1;
	snprintf(python, sizeof(python), "%.4095s", target.line);
	target_stop(&target);
	return 0;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static struct pyro_sampler *make(enum pyro_proof_method proof, bool children, size_t queue_size)
{
	const struct pyro_sampler_options options = {
		.hz_max = 1000,
		.proof = proof,
		.children = children,
	};
	struct pyro_sampler *sampler;
	struct pyro_err err = {0};

	messages_init(&messages, queue_size);
	if (pyro_sampler_create(&options, messages.queue, &sampler, &err)) {
		messages_deinit(&messages);
		print_message("skipped: %s\n", err.message);
		skip();
	}
	return sampler;
}

static void destroy(struct pyro_sampler *sampler)
{
	pyro_sampler_destroy(sampler);
	messages_deinit(&messages);
}

/* Python, forked and waiting for a byte before it executes. */
static int prepare(const char *program, int *ret_go)
{
	int go[2];
	pid_t pid;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *const argv[] = {python, "-S", "-E", "-c", program, NULL};
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(go[0]);
	*ret_go = go[1];
	return pid;
}

struct run {
	int pid;
	int status;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t cpu_ns;
};

/* Runs @program to its end under @sampler and takes all that is said. */
static struct run run_program(struct pyro_sampler *sampler, const char *program)
{
	struct rusage usage;
	siginfo_t info = {0};
	struct run run = {0};
	int go;

	run.pid = prepare(program, &go);
	run.start_ns = pyro_clock_now();
	assert_int_equal(pyro_sampler_add_new(sampler, run.pid, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_sampler_start(sampler, NULL), PYRO_RC_OK);
	assert_int_equal(write(go, "", 1), 1);
	close(go);
	/* Looks before it takes: a stop for a read is for the sampler to see. */
	while (waitid(P_PID, (id_t)run.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       (info.si_pid != run.pid || info.si_code == CLD_TRAPPED)) {
		messages_drain(&messages);
		nap(1);
	}
	assert_int_equal(wait4(run.pid, &run.status, 0, &usage), run.pid);
	run.end_ns = pyro_clock_now();
	run.cpu_ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * PYRO_NS_PER_S +
		     (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
	for (int i = 0; i < 5000 && !pyro_sampler_idle(sampler); i++) {
		messages_drain(&messages);
		nap(1);
	}
	assert_true(pyro_sampler_idle(sampler));
	assert_true(pyro_sampler_stop(sampler, STOP_NS));
	messages_drain(&messages);
	return run;
}

static void assert_close(const char *what, uint64_t sum, uint64_t whole)
{
	if (sum > whole + PYRO_NS_PER_MS || whole > sum + PYRO_NS_PER_MS)
		fail_msg("%s: samples say %llu, the end %llu", what, (unsigned long long)sum,
			 (unsigned long long)whole);
}

/* What holds of every thread of every recording. */
static void everything_adds_up(void)
{
	for (size_t i = 0; i < messages.thread_count; i++) {
		const struct messages_thread *thread = &messages.threads[i];

		if (!thread->tid) /* what threads ran that were never seen in Python */
			continue;
		assert_true(thread->ended);
		assert_true(thread->end_ns >= thread->start_ns);
		assert_close("wall", thread->wall_ns, thread->end_ns - thread->start_ns);
		assert_close("cpu", thread->cpu_ns, thread->run_ns);
	}
	for (size_t i = 0; i < MESSAGES_PROCESSES; i++)
		assert_int_equal(messages.processes[i].known, messages.processes[i].ended);
}

static const char half_and_half[] =
	"import time\n"
	"def busy():\n"
	"    end = time.thread_time() + 0.15\n"
	"    while time.thread_time() < end:\n"
	"        sum(range(50))\n"
	"def rest():\n"
	"    time.sleep(0.15)\n"
	"busy()\n"
	"rest()\n";

static void times_are_right(enum pyro_proof_method method)
{
	struct pyro_sampler *sampler = make(method, true, 1 << 20);
	const struct run run = run_program(sampler, half_and_half);
	const uint32_t process = messages_process(&messages, run.pid);
	const struct messages_thread *thread = messages_main_thread(&messages, process);
	struct pyro_sampler_counts counts;

	assert_true(WIFEXITED(run.status) && WEXITSTATUS(run.status) == 0);
	assert_int_equal(messages.process_count, 1);
	assert_int_equal(thread->tid, run.pid);
	assert_non_null(strstr(messages.processes[process].command, python));
	assert_int_equal(strncmp(messages.processes[process].version, "3.", 2), 0);
	everything_adds_up();
	/* Its life lies within the moments at which we saw it begin and end. */
	assert_true(thread->start_ns >= run.start_ns);
	assert_true(thread->wall_ns >= 300 * PYRO_NS_PER_MS);
	assert_true(thread->wall_ns <= run.end_ns - run.start_ns + PYRO_NS_PER_S);
	assert_true(thread->cpu_ns <= run.cpu_ns + 20 * PYRO_NS_PER_MS);
	assert_true(thread->cpu_ns >= 120 * PYRO_NS_PER_MS);
	pyro_sampler_counts(sampler, &counts);
	/* Each kind of time went where it was spent, if others left us the processor to see it. */
	if (counts.ticks_taken > counts.ticks_due / 5 * 4) {
		assert_true(messages_wall(&messages, process, "rest") >= 60 * PYRO_NS_PER_MS);
		assert_true(messages_cpu(&messages, process, "rest") <= 60 * PYRO_NS_PER_MS);
		assert_true(messages_cpu(&messages, process, "busy") >= 60 * PYRO_NS_PER_MS);
		assert_true(messages_cpu(&messages, process, "busy") <= 250 * PYRO_NS_PER_MS);
	}
	assert_true(counts.samples > 0);
	assert_true(counts.ticks_taken > 0);
	assert_int_equal(counts.queue_lost, 0);
	assert_int_equal(counts.samples, thread->looks);
	assert_int_equal(pyro_sampler_trouble(sampler)->rc, PYRO_RC_OK);
	destroy(sampler);
}

static void times_are_right_by_interrupts(void **state)
{
	times_are_right(PYRO_PROOF_BY_INTERRUPT);
}

static void times_are_right_by_records(void **state)
{
	times_are_right(PYRO_PROOF_BY_SWITCH);
}

static void times_are_right_by_proc(void **state)
{
	times_are_right(PYRO_PROOF_BY_PROC);
}

/* Threads that wait for one thing each, until the first has slept. */
static const char waiting[] =
	"import os, socket, threading, time\n"
	"inlet, outlet = os.pipe()\n"
	"near, far = socket.socketpair()\n"
	"lock = threading.Lock()\n"
	"lock.acquire()\n"
	"def sleeps():\n"
	"    time.sleep(0.4)\n"
	"    os.write(outlet, b'x')\n"
	"    far.send(b'x')\n"
	"    lock.release()\n"
	"def reads(): os.read(inlet, 1)\n"
	"def receives(): near.recv(1)\n"
	"def locks(): lock.acquire()\n"
	"threads = [threading.Thread(target=f) for f in (sleeps, reads, receives, locks)]\n"
	"for thread in threads: thread.start()\n"
	"for thread in threads: thread.join()\n";

static bool has_object(const struct messages_process *process, const char *kind, const char *name)
{
	for (size_t i = 0; i < MESSAGES_OBJECTS && process->objects[i].known; i++) {
		if (strcmp(process->objects[i].kind, kind) == 0 &&
		    strncmp(process->objects[i].name, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

/* Threads, not the main one, that hardly ever waited for anything else. After it, they need the GIL
 * and a processor. */
static size_t count_waiting(enum pyro_sample_reason reason)
{
	size_t count = 0;

	for (size_t i = 0; i < messages.thread_count; i++) {
		const struct messages_thread *thread = &messages.threads[i];
		const uint64_t off = thread->looks - thread->reasons[PYRO_SAMPLE_RUNS] -
				     thread->reasons[PYRO_SAMPLE_WAITS_GIL] -
				     thread->reasons[PYRO_SAMPLE_WAITS_CPU];

		count += !thread->main && off >= 20 && thread->reasons[reason] * 10 >= off * 9;
	}
	return count;
}

/* Not the line of those that were never in Python, such as the sanitizer's own. */
static size_t count_python(void)
{
	size_t count = 0;

	for (size_t i = 0; i < messages.thread_count; i++)
		count += messages.threads[i].tid != 0;
	return count;
}

static void waits_have_reasons(enum pyro_proof_method method)
{
	static const struct {
		enum pyro_sample_reason reason;
		const char *kind;
		const char *name;
	} expected[] = {
		{PYRO_SAMPLE_WAITS_SLEEP, NULL, NULL},
		{PYRO_SAMPLE_WAITS_IO, "pipe", "pipe:["},
		{PYRO_SAMPLE_WAITS_NET, "socket", "unix socket"},
		{PYRO_SAMPLE_WAITS_LOCK, "lock", "0x"},
	};
	struct pyro_sampler *sampler = make(method, true, 1 << 20);
	const struct run run = run_program(sampler, waiting);
	const uint32_t process = messages_process(&messages, run.pid);

	everything_adds_up();
	assert_int_equal(count_python(), 1 + PYRO_COUNT(expected));
	for (size_t i = 0; i < PYRO_COUNT(expected); i++) {
		assert_int_equal(count_waiting(expected[i].reason), 1);
		if (expected[i].kind)
			assert_true(has_object(&messages.processes[process], expected[i].kind,
					       expected[i].name));
	}
	destroy(sampler);
}

static void waits_have_reasons_by_interrupts(void **state)
{
	waits_have_reasons(PYRO_PROOF_BY_INTERRUPT);
}

static void waits_have_reasons_by_records(void **state)
{
	waits_have_reasons(PYRO_PROOF_BY_SWITCH);
}

static void waits_have_reasons_by_proc(void **state)
{
	waits_have_reasons(PYRO_PROOF_BY_PROC);
}

static void every_method_says_what_it_is(void **state)
{
	static const struct {
		enum pyro_proof_method method;
		enum pyro_sample_proof proof;
		const char *name;
	} rows[] = {
		{PYRO_PROOF_BY_STOP, PYRO_SAMPLE_STOP, "stop"},
		{PYRO_PROOF_BY_REREAD, PYRO_SAMPLE_REREAD, "reread"},
		{PYRO_PROOF_BY_NONE, PYRO_SAMPLE_NONE, "none"},
	};

	for (size_t i = 0; i < PYRO_COUNT(rows); i++) {
		struct pyro_sampler *sampler = make(rows[i].method, true, 1 << 20);

		assert_int_equal(pyro_sampler_method(sampler), rows[i].method);
		assert_string_equal(pyro_proof_method_name(rows[i].method), rows[i].name);
		run_program(sampler, half_and_half);
		everything_adds_up();
		assert_true(messages.looks[rows[i].proof] > 20);
		destroy(sampler);
	}
	assert_string_equal(pyro_proof_method_name((enum pyro_proof_method)99), "unknown");
}

/* A fork that goes on in the same program, one that runs another Python, and one that runs
 * something else. */
static const char family[] =
	"import os, sys, time\n"
	"def spin():\n"
	"    end = time.monotonic() + 0.9\n"
	"    while time.monotonic() < end:\n"
	"        sum(range(50))\n"
	"def child():\n"
	"    spin()\n"
	"    os._exit(0)\n"
	"if not os.fork():\n"
	"    child()\n"
	"if not os.fork():\n"
	"    os.execv(sys.executable, ['python', '-S', '-E', '-c', 'import time\\n"
	"def other(): time.sleep(0.9)\\n"
	"other()'])\n"
	"if not os.fork():\n"
	"    os.execv('/bin/true', ['true'])\n"
	"for _ in range(3):\n"
	"    os.wait()\n"
	"spin()\n";

static void children_are_followed(enum pyro_proof_method method)
{
	struct pyro_sampler *sampler = make(method, true, 1 << 20);
	const struct run run = run_program(sampler, family);
	const uint32_t first = messages_process(&messages, run.pid);
	size_t forked = 0, executed = 0;

	everything_adds_up();
	/* Between fork and exec it is the parent's program: a process if it was sampled there. */
	assert_in_range(messages.process_count, 3, 5);
	assert_int_equal(messages.processes[first].parent, 0);
	assert_true(messages_wall(&messages, first, "spin") > 50 * PYRO_NS_PER_MS);
	for (uint32_t i = 0; i < MESSAGES_PROCESSES; i++) {
		if (!messages.processes[i].known || i == first)
			continue;
		assert_int_equal(messages.processes[i].parent, run.pid);
		forked += messages_wall(&messages, i, "child") > 30 * PYRO_NS_PER_MS;
		executed += messages_wall(&messages, i, "other") > 30 * PYRO_NS_PER_MS;
		/* Its life did not begin with its parent's. */
		assert_true(messages.processes[i].start_ns > messages.processes[first].start_ns);
	}
	assert_int_equal(forked, 1);
	assert_int_equal(executed, 1);
	destroy(sampler);
}

static void children_are_followed_by_records(void **state)
{
	children_are_followed(PYRO_PROOF_BY_SWITCH);
}

static void children_are_followed_by_proc(void **state)
{
	children_are_followed(PYRO_PROOF_BY_PROC);
}

static void children_can_be_left_out(void **state)
{
	struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, false, 1 << 20);
	const struct run run = run_program(sampler, family);

	everything_adds_up();
	assert_int_equal(messages.process_count, 1);
	messages_process(&messages, run.pid);
	destroy(sampler);
}

static const char endless[] =
	"import threading, time\n"
	"def worker():\n"
	"    while True: time.sleep(0.001)\n"
	"def main():\n"
	"    print('ready', flush=True)\n"
	"    while True: sum(range(50))\n"
	"threading.Thread(target=worker, name='helper', daemon=True).start()\n"
	"main()\n";

static void attach(struct pyro_sampler *sampler, struct target *target)
{
	const char *const argv[] = {python, "-S", "-E", "-c", endless, NULL};
	struct pyro_err err = {0};

	assert_true(target_start(target, argv));
	assert_int_equal(pyro_sampler_add_running(sampler, target->pid, &err), PYRO_RC_OK);
	assert_int_equal(pyro_sampler_start(sampler, NULL), PYRO_RC_OK);
}

static void drain_for(long ms)
{
	for (long i = 0; i < ms; i += 5) {
		nap(5);
		messages_drain(&messages);
	}
}

static void stopping_leaves_the_target_alone(void **state)
{
	struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, true, 1 << 20);
	struct target target;
	uint32_t process;
	bool named = false;

	attach(sampler, &target);
	drain_for(200);
	assert_false(pyro_sampler_idle(sampler));
	assert_true(pyro_sampler_stop(sampler, STOP_NS));
	messages_drain(&messages);
	process = messages_process(&messages, target.pid);
	everything_adds_up();
	assert_true(messages.thread_count >= 2);
	assert_true(messages_wall(&messages, process, "main") > 50 * PYRO_NS_PER_MS);
	assert_true(messages_wall(&messages, process, "worker") > 50 * PYRO_NS_PER_MS);
	for (size_t i = 0; i < messages.thread_count; i++)
		named = named || strcmp(messages.threads[i].name, "helper") == 0;
	assert_true(named);
	destroy(sampler);
	assert_int_equal(waitpid(target.pid, NULL, WNOHANG), 0);
	target_stop(&target);
}

static void a_target_may_end_at_any_time(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, true, 1 << 20);
		struct target target;
		int pid;

		attach(sampler, &target);
		pid = target.pid;
		/* Killed at once, it may never have been sampled; later, it must have been. */
		for (int j = 0; i && j < 5000 && !messages_has_process(&messages, pid); j++)
			drain_for(1);
		drain_for(17 * i);
		target_stop(&target);
		for (int j = 0; j < 1000 && !pyro_sampler_idle(sampler); j++)
			drain_for(5);
		assert_true(pyro_sampler_idle(sampler));
		assert_true(pyro_sampler_stop(sampler, STOP_NS));
		messages_drain(&messages);
		if (i) {
			messages_process(&messages, pid);
			everything_adds_up();
		}
		destroy(sampler);
	}
}

/* Nobody takes anything for a while: what does not fit is counted, and what was said holds. */
static void a_full_queue_loses_and_counts(void **state)
{
	for (int drained = 0; drained < 2; drained++) {
		struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, true, 4096);
		struct pyro_sampler_counts counts;
		struct target target;

		attach(sampler, &target);
		for (int i = 0; i < 100; i++) {
			nap(50);
			pyro_sampler_counts(sampler, &counts);
			if (counts.queue_lost)
				break;
			if (drained && i == 0)
				messages_drain(&messages);
		}
		if (drained)
			target_stop(&target);
		nap(40);
		assert_true(pyro_sampler_stop(sampler, STOP_NS));
		pyro_sampler_counts(sampler, &counts);
		assert_true(counts.queue_lost > 0);
		/* What is in the queue points to text that lives until the sampler is destroyed. */
		messages_drain(&messages);
		assert_true(messages.taken > 0);
		assert_int_equal(messages.process_count, 1);
		destroy(sampler);
		if (!drained)
			target_stop(&target);
	}
}

/* A queue that has room again carries on where it was. */
static void a_queue_that_was_full_recovers(void **state)
{
	struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, true, 4096);
	struct target target;
	uint64_t taken;
	int pid;

	attach(sampler, &target);
	pid = target.pid;
	nap(100);
	messages_drain(&messages);
	taken = messages.taken;
	for (int i = 0; i < 100 && messages.taken <= taken + 5; i++)
		drain_for(50);
	assert_true(messages.taken > taken + 5);
	target_stop(&target);
	for (int i = 0; i < 1000 && !pyro_sampler_idle(sampler); i++)
		drain_for(5);
	assert_true(pyro_sampler_idle(sampler));
	assert_true(pyro_sampler_stop(sampler, STOP_NS));
	messages_drain(&messages);
	assert_true(messages.processes[messages_process(&messages, pid)].ended);
	destroy(sampler);
}

static void what_cannot_be_read_is_said(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo ready; kill -STOP $$", NULL};
	struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, true, 1 << 16);
	struct pyro_err err = {0};
	struct target target;

	assert_true(target_start(&target, argv));
	assert_int_equal(pyro_sampler_add_running(sampler, target.pid, &err), PYRO_RC_NOTPYTHON);
	assert_true(err.message[0]);
	/* Never started: it ends all the same. */
	assert_true(pyro_sampler_stop(sampler, STOP_NS));
	destroy(sampler);
	sampler = make(PYRO_PROOF_AUTO, true, 1 << 16);
	const int pid = target.pid;

	target_stop(&target);
	assert_int_not_equal(pyro_sampler_add_running(sampler, pid, &err), PYRO_RC_OK);
	destroy(sampler);
	pyro_sampler_destroy(NULL);
}

/* A program that is no Python ends, and nothing was said of it. */
static void others_are_left_unsaid(void **state)
{
	struct pyro_sampler *sampler = make(PYRO_PROOF_AUTO, true, 1 << 16);
	int go, pid = prepare("import os; os.execv('/bin/true', ['true'])", &go);

	assert_int_equal(pyro_sampler_add_new(sampler, pid, NULL), PYRO_RC_OK);
	close(go); /* it never executes anything */
	assert_int_equal(pyro_sampler_start(sampler, NULL), PYRO_RC_OK);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 1000 && !pyro_sampler_idle(sampler); i++)
		drain_for(5);
	assert_true(pyro_sampler_stop(sampler, STOP_NS));
	messages_drain(&messages);
	assert_int_equal(messages.taken, 0);
	destroy(sampler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_right_by_interrupts),
		cmocka_unit_test(times_are_right_by_records),
		cmocka_unit_test(times_are_right_by_proc),
		cmocka_unit_test(waits_have_reasons_by_interrupts),
		cmocka_unit_test(waits_have_reasons_by_records),
		cmocka_unit_test(waits_have_reasons_by_proc),
		cmocka_unit_test(every_method_says_what_it_is),
		cmocka_unit_test(children_are_followed_by_records),
		cmocka_unit_test(children_are_followed_by_proc),
		cmocka_unit_test(children_can_be_left_out),
		cmocka_unit_test(stopping_leaves_the_target_alone),
		cmocka_unit_test(a_target_may_end_at_any_time),
		cmocka_unit_test(a_full_queue_loses_and_counts),
		cmocka_unit_test(a_queue_that_was_full_recovers),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(others_are_left_unsaid),
	};

	return cmocka_run_group_tests(tests, find_python, NULL);
}
