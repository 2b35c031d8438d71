/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "support/targets.h"
#include "target/reader.h"

static struct pyro_reader *reader_of(int pid)
{
	struct pyro_reader *reader = NULL;
	struct pyro_err err = {0};

	assert_int_equal(pyro_live_reader_create(pid, &reader, &err), PYRO_RC_OK);
	return reader;
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void test_reads_more_spans_than_one_call_takes(void **state)
{
	enum {
		COUNT = 3 * IOV_MAX + 7
	};
	static uint32_t source[COUNT], copy[COUNT];
	static struct pyro_span spans[COUNT];
	struct pyro_reader *reader = reader_of((int)getpid());
	size_t done = 0;

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		source[i] = (uint32_t)(i * 2654435761u);
		/* In reverse, so that order is seen to be kept. */
		spans[i] = (struct pyro_span){address(&source[COUNT - 1 - i]), &copy[i], 4};
	}
	assert_int_equal(pyro_reader_readv(reader, spans, COUNT, &done), PYRO_RC_OK);
	assert_int_equal(done, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(copy[i], source[COUNT - 1 - i]);
	pyro_reader_destroy(reader);
}

static void test_stops_at_the_first_span_not_read_whole(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pyro_reader *reader = reader_of((int)getpid());
	char into[64];
	size_t done = 99;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	memset(pages, 7, page);
	assert_int_equal(munmap(pages + page, page), 0);
	const struct pyro_span spans[] = {
		{address(pages), into, 8},
		{address(pages) + page - 8, into + 8, 8},
		{address(pages) + page - 4, into + 16, 8}, /* half of it is gone */
		{address(pages), into + 24, 8},
	};

	assert_int_equal(pyro_reader_readv(reader, spans, 4, &done), PYRO_RC_FAULT);
	assert_int_equal(done, 2);
	/* The very first one. */
	assert_int_equal(pyro_reader_readv(reader, spans + 2, 2, &done), PYRO_RC_FAULT);
	assert_int_equal(done, 0);
	/* At a batch's edge: the failing span begins a call of its own. */
	enum {
		COUNT = IOV_MAX + 1
	};
	static struct pyro_span many[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		many[i] = spans[i == IOV_MAX ? 2 : 0];
	assert_int_equal(pyro_reader_readv(reader, many, COUNT, &done), PYRO_RC_FAULT);
	assert_int_equal(done, IOV_MAX);
	munmap(pages, page);
	pyro_reader_destroy(reader);
}

static void test_impossible_addresses_are_faults(void **state)
{
	static const uint64_t addrs[] = {0, 1, UINT64_MAX, UINT64_MAX - 7, 1ull << 63, 1ull << 47};
	struct pyro_reader *reader = reader_of((int)getpid());
	char into[16];
	size_t done;

	(void)state;
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++)
		assert_int_equal(pyro_reader_read(reader, addrs[i], into, 16), PYRO_RC_FAULT);
	const struct pyro_span huge = {address(into), into, (size_t)1 << 40};

	assert_int_equal(pyro_reader_readv(reader, &huge, 1, &done), PYRO_RC_FAULT);
	assert_int_equal(done, 0);
	/* Nothing asked for is nothing wrong. */
	const struct pyro_span empty = {0, into, 0};

	assert_int_equal(pyro_reader_readv(reader, &empty, 1, &done), PYRO_RC_OK);
	assert_int_equal(done, 1);
	assert_int_equal(pyro_reader_readv(reader, NULL, 0, &done), PYRO_RC_OK);
	pyro_reader_destroy(reader);
}

static void test_an_ended_process_is_gone(void **state)
{
	static uint64_t value = 42;
	struct pyro_reader *reader;
	uint64_t copy = 0;
	const pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	reader = reader_of(pid);
	assert_int_equal(pyro_reader_read(reader, address(&value), &copy, 8), PYRO_RC_OK);
	assert_int_equal(copy, 42);
	kill(pid, SIGKILL);
	/* A zombie first, then nothing at all. */
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pyro_reader_read(reader, address(&value), &copy, 8), PYRO_RC_GONE);
	struct pyro_reader *second = NULL;
	struct pyro_err err = {0};

	assert_int_equal(pyro_live_reader_create(pid, &second, &err), PYRO_RC_GONE);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(pyro_reader_read(reader, address(&value), &copy, 8), PYRO_RC_GONE);
	assert_int_equal(pyro_live_reader_create(pid, &second, &err), PYRO_RC_GONE);
	assert_non_null(strstr(err.message, "no process"));
	assert_null(second);
	pyro_reader_destroy(reader);
}

static void *outlive_the_first_thread(void *context)
{
	(void)context;
	pause();
	return NULL;
}

/* Waits until the first thread has ended and left the others behind: at most 20 s. */
static bool first_thread_ended(int pid)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 2000; i++) {
		FILE *file = fopen(path, "re");
		const size_t size = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
		const char *name_end;

		if (file)
			fclose(file);
		text[size] = 0;
		name_end = strrchr(text, ')');
		if (name_end && strncmp(name_end, ") Z", 3) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void test_memory_outlives_the_first_thread(void **state)
{
	static uint64_t value = 43;
	uint64_t copy = 0;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	const pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;
		char c;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Not before there is a reader. */
		if (pthread_create(&thread, NULL, outlive_the_first_thread, NULL) != 0 ||
		    read(fds[0], &c, 1) != 1)
			_exit(1);
		syscall(SYS_exit, 0); /* this thread alone */
	}
	struct pyro_reader *reader = reader_of(pid);

	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_true(first_thread_ended(pid));
	assert_int_equal(pyro_reader_read(reader, address(&value), &copy, 8), PYRO_RC_OK);
	assert_int_equal(copy, 43);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(pyro_reader_read(reader, address(&value), &copy, 8), PYRO_RC_GONE);
	pyro_reader_destroy(reader);
	close(fds[0]);
	close(fds[1]);
}

static void test_kernel_threads_have_no_memory(void **state)
{
	struct pyro_reader *reader = NULL;
	struct pyro_err err = {0};
	char comm[32] = {0};
	FILE *file = fopen("/proc/2/comm", "re");

	(void)state;
	if (!file || !fgets(comm, sizeof(comm), file) || strcmp(comm, "kthreadd\n") != 0) {
		if (file)
			fclose(file);
		print_message("skipped: no kernel threads in sight\n");
		skip();
	}
	fclose(file);
	assert_int_not_equal(pyro_live_reader_create(2, &reader, &err), PYRO_RC_OK);
	assert_null(reader);
	assert_true(err.rc == PYRO_RC_NOTPYTHON || err.rc == PYRO_RC_PERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_more_spans_than_one_call_takes),
		cmocka_unit_test(test_stops_at_the_first_span_not_read_whole),
		cmocka_unit_test(test_impossible_addresses_are_faults),
		cmocka_unit_test(test_an_ended_process_is_gone),
		cmocka_unit_test(test_memory_outlives_the_first_thread),
		cmocka_unit_test(test_kernel_threads_have_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
