/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample/snapshot.h"
#include "sample/stop.h"
#include "target/thread.h"

#define MARKS 700 /* more than a page of them */
#define MARK  0x5079726f6d657465

struct stage {
	volatile uint64_t *place; /* shared with the child: where its marks lie */
	struct pyro_reader *reader;
	struct pyro_snapshot *snapshot;
	int pipe[2];
	pid_t child;
};

/* The sanitizer would keep the marks beside the stack. */
static __attribute__((noinline, no_sanitize_address)) void child_lives(const struct stage *stage,
								       bool waits)
{
	volatile uint64_t marks[MARKS];
	char byte;

	for (size_t i = 0; i < MARKS; i++)
		marks[i] = MARK + i;
	*stage->place = (uint64_t)(uintptr_t)marks;
	for (;;) {
		if (waits)
			(void)!read(stage->pipe[0], &byte, 1);
		marks[0] = MARK;
	}
}

static void set_up(struct stage *stage, bool waits)
{
	memset(stage, 0, sizeof(*stage));
	assert_int_equal(pipe(stage->pipe), 0);
	stage->place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(stage->place, MAP_FAILED);
	stage->snapshot = calloc(1, sizeof(*stage->snapshot));
	assert_non_null(stage->snapshot);
	assert_int_equal(pyro_kernel_create(&stage->snapshot->kernel, NULL), PYRO_RC_OK);
	stage->child = fork();
	assert_true(stage->child >= 0);
	if (!stage->child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child_lives(stage, waits);
	}
	while (!*stage->place)
		usleep(1000);
	assert_int_equal(pyro_live_reader_create(stage->child, &stage->reader, NULL), PYRO_RC_OK);
}

static void end(struct stage *stage)
{
	kill(stage->child, SIGKILL);
	waitpid(stage->child, NULL, 0);
}

static void tear_down(struct stage *stage)
{
	pyro_reader_destroy(stage->reader);
	pyro_kernel_destroy(stage->snapshot->kernel);
	free(stage->snapshot);
	munmap((void *)stage->place, 4096);
	close(stage->pipe[0]);
	close(stage->pipe[1]);
}

static void check_marks(const struct stage *stage)
{
	const struct pyro_snapshot *snapshot = stage->snapshot;
	const uint64_t marks = *stage->place;

	assert_true(marks >= snapshot->stack_addr);
	assert_true(snapshot->stack_size <= PYRO_INTERRUPT_STACK);
	assert_true(snapshot->stack_size >= marks - snapshot->stack_addr + 8 * MARKS);
	for (size_t i = 0; i < MARKS; i++) {
		uint64_t mark;

		memcpy(&mark, snapshot->stack + (marks - snapshot->stack_addr) + 8 * i, 8);
		assert_int_equal(mark, MARK + i);
	}
}

static void a_stopped_thread_shows_all(void **state)
{
	struct stage stage;

	set_up(&stage, false);
	if (pyro_stop_thread(stage.child) != PYRO_RC_OK) {
		end(&stage);
		tear_down(&stage);
		print_message("skipped: threads cannot be stopped here\n");
		skip();
	}
	pyro_snapshot_take_stopped(stage.snapshot, stage.child, stage.reader);
	pyro_stop_release(stage.child);
	assert_int_equal(stage.snapshot->kind, PYRO_SNAPSHOT_WHOLE);
	assert_false(stage.snapshot->in_kernel);
	/* In the kernel it does nothing but stop for us. */
	assert_int_equal(stage.snapshot->within.count, 0);
	assert_true(stage.snapshot->word_count >= 20);
	check_marks(&stage);
	/* It is not stopped any more. */
	pyro_snapshot_take_stopped(stage.snapshot, stage.child, stage.reader);
	assert_int_equal(stage.snapshot->kind, PYRO_SNAPSHOT_EMPTY);
	end(&stage);
	tear_down(&stage);
}

/* Whether the kernel does that for it. */
static bool does(const struct pyro_snapshot *snapshot, const char *wanted)
{
	for (size_t i = 0; i < snapshot->within.count; i++) {
		const char *name =
			pyro_kernel_name(snapshot->kernel, snapshot->within.functions[i]);

		if (strstr(name, wanted))
			return true;
	}
	return false;
}

static void a_waiting_thread_shows_where(void **state)
{
	struct stage stage;
	bool waits = false;

	set_up(&stage, true);
	for (int tries = 0; tries < 5000 && !waits; tries++) {
		pyro_snapshot_take_waiting(stage.snapshot, stage.child, stage.child, stage.reader);
		waits = stage.snapshot->kind == PYRO_SNAPSHOT_CALL;
		usleep(1000);
	}
	assert_true(waits);
	assert_true(stage.snapshot->in_kernel);
	assert_int_not_equal(stage.snapshot->pc, 0);
	check_marks(&stage);
	assert_true(does(stage.snapshot, "pipe_read [kernel]"));
	/* Not where it is not wanted, and nothing stays of it. */
	pyro_kernel_destroy(stage.snapshot->kernel);
	stage.snapshot->kernel = NULL;
	pyro_snapshot_take_waiting(stage.snapshot, stage.child, stage.child, stage.reader);
	assert_int_equal(stage.snapshot->kind, PYRO_SNAPSHOT_CALL);
	assert_int_equal(stage.snapshot->within.count, 0);
	end(&stage);
	pyro_snapshot_take_waiting(stage.snapshot, stage.child, stage.child, stage.reader);
	assert_int_equal(stage.snapshot->kind, PYRO_SNAPSHOT_EMPTY);
	tear_down(&stage);
}

static void a_running_thread_shows_nothing(void **state)
{
	struct stage stage;

	set_up(&stage, false);
	pyro_snapshot_take_waiting(stage.snapshot, stage.child, stage.child, stage.reader);
	assert_int_equal(stage.snapshot->kind, PYRO_SNAPSHOT_EMPTY);
	end(&stage);
	tear_down(&stage);
}

/* Of a core the registers are kept, and the stack stays where it is. */
static void what_is_stored_stays_there(void **state)
{
	static struct pyro_snapshot snapshot;
	struct user_regs_struct registers = {0};
	struct pyro_reader reader = {.readv = NULL};

	(void)state;
#if defined(__x86_64__)
	registers.rsp = 0x7ffe0000;
	registers.rip = 0x400010;
	registers.orig_rax = (unsigned long long)-1;
#else
	registers.sp = 0x7ffe0000;
	registers.pc = 0x400010;
#endif
	snapshot.stack_size = 12;
	pyro_snapshot_take_stored(&snapshot, &registers, sizeof(registers), &reader);
	assert_int_equal(snapshot.kind, PYRO_SNAPSHOT_WHOLE);
	assert_int_equal(snapshot.word_count, sizeof(registers) / sizeof(uint64_t));
	assert_memory_equal(snapshot.words, &registers, sizeof(registers));
	assert_int_equal(snapshot.stack_addr, 0x7ffe0000);
	assert_int_equal(snapshot.stack_size, 0);
	assert_ptr_equal(snapshot.rest, &reader);
	assert_false(snapshot.in_kernel);
	/* The next one has nothing of it. */
	pyro_snapshot_take_waiting(&snapshot, (int)getpid(), -1, &reader);
	assert_int_equal(snapshot.kind, PYRO_SNAPSHOT_EMPTY);
	assert_null(snapshot.rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stopped_thread_shows_all),
		cmocka_unit_test(a_waiting_thread_shows_where),
		cmocka_unit_test(a_running_thread_shows_nothing),
		cmocka_unit_test(what_is_stored_stays_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
