/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/interrupt.h"
#include "target/interrupt_area.h"

#define PAGE  4096u
#define READS 500

/* What the child counts in. Each pair is equal, or the first one ahead by one, at any moment at
 * which the child is held; it goes from one to the other in some nanoseconds. */
struct counters {
	volatile uint64_t first;
	volatile uint64_t second;
};

struct stage {
	struct pyro_interrupt *interrupt;
	struct pyro_reader *reader;
	struct counters *counters; /* the child has them at the same address */
	uint8_t *filled;           /* two pages of 0, 1, 2, ..., and one that cannot be read */
	int cpu;                   /* where the child runs */
	pid_t child;
};

static cpu_set_t allowed; /* of this process, before a test pins it */

static uint64_t address(const volatile void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void count_for_ever(struct stage *stage)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(stage->cpu);
	for (size_t i = 0; i < 2 * PAGE; i++)
		stage->filled[i] = (uint8_t)i;
	for (;;) {
		stage->counters->first++;
		stage->counters->second++;
	}
}

static void set_up(struct stage *stage)
{
	struct pyro_err err = {0};
	void *pages;
	int cpus[2] = {-1, -1};

	*stage = (struct stage){.cpu = -1};
	assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	for (int cpu = 0, found = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	}
	if (cpus[1] < 0) {
		print_message("skipped: it takes two processors\n");
		skip();
	}
	if (pyro_interrupt_create(&stage->interrupt, &err)) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	stage->cpu = cpus[1];
	pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	stage->counters = pages;
	stage->filled = (uint8_t *)pages + PAGE;
	assert_int_equal(munmap(stage->filled + (size_t)2 * PAGE, PAGE), 0);
	stage->child = fork();
	assert_true(stage->child >= 0);
	if (!stage->child)
		count_for_ever(stage);
	pin(cpus[0]);
	assert_int_equal(pyro_live_reader_create(stage->child, &stage->reader, &err), PYRO_RC_OK);
	assert_int_equal(
		pyro_interrupt_reader_create(stage->interrupt, stage->reader, &stage->reader),
		PYRO_RC_OK);
	for (uint64_t count = 0; count < 1000;)
		assert_int_equal(pyro_reader_read(stage->reader, address(&stage->counters->first),
						  &count, 8),
				 PYRO_RC_OK);
}

static void tear_down(struct stage *stage)
{
	kill(stage->child, SIGKILL);
	waitpid(stage->child, NULL, 0);
	pyro_reader_destroy(stage->reader);
	pyro_interrupt_destroy(stage->interrupt);
	munmap(stage->counters, PAGE + (size_t)2 * PAGE);
}

static enum pyro_interrupt_result lower(struct stage *stage)
{
	uint64_t held_ns;

	return pyro_interrupt_lower(stage->interrupt, &held_ns);
}

/* Other processes and the kernel's own threads want that processor now and then. */
static enum pyro_rc aim_and_read(struct stage *stage, const struct pyro_span *spans, size_t count,
				 size_t *ret_done)
{
	enum pyro_rc rc = PYRO_RC_TORN;

	for (int i = 0; i < 5000 && rc == PYRO_RC_TORN; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
		pyro_interrupt_aim(stage->interrupt, stage->cpu, stage->child);
		rc = pyro_reader_readv(stage->reader, spans, count, ret_done);
	}
	return rc;
}

static void the_thread_stands_still(void **state)
{
	struct stage stage;
	uint64_t first, second, before = 0, held_ns;
	size_t done, progress = 0;

	(void)state;
	set_up(&stage);
	for (int i = 0; i < READS; i++) {
		const struct pyro_span spans[] = {
			{address(&stage.counters->second), &second, 8},
			{address(&stage.counters->first), &first, 8},
		};

		assert_int_equal(aim_and_read(&stage, spans, 2, &done), PYRO_RC_OK);
		assert_int_equal(done, 2);
		assert_int_equal(pyro_interrupt_lower(stage.interrupt, &held_ns),
				 PYRO_INTERRUPT_WHOLE);
		assert_in_range(held_ns, 100, 1000000000);
		assert_in_range(first - second, 0, 1);
		assert_true(first >= before);
		progress += first > before;
		before = first;
	}
	/* Two in a row may leave it no time to go on. */
	assert_true(progress > READS / 10);
	tear_down(&stage);
}

static void who_does_not_run_there_is_missed(void **state)
{
	struct stage stage;
	uint64_t value;
	const struct timespec long_enough = {.tv_nsec = 20000000};

	(void)state;
	set_up(&stage);
	const struct pyro_span span = {address(&stage.counters->first), &value, 8};
	size_t done = 1;

	pyro_interrupt_aim(stage.interrupt, stage.cpu, getpid());
	assert_int_equal(pyro_reader_readv(stage.reader, &span, 1, &done), PYRO_RC_TORN);
	assert_int_equal(done, 0);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_MISSED);

	/* No such processor. */
	pyro_interrupt_aim(stage.interrupt, 1000000, stage.child);
	assert_int_equal(pyro_reader_readv(stage.reader, &span, 1, &done), PYRO_RC_TORN);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_MISSED);

	kill(stage.child, SIGSTOP);
	nanosleep(&long_enough, NULL);
	pyro_interrupt_aim(stage.interrupt, stage.cpu, stage.child);
	assert_int_equal(pyro_reader_readv(stage.reader, &span, 1, &done), PYRO_RC_TORN);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_MISSED);
	/* At rest it is read as ever. */
	assert_int_equal(pyro_reader_readv(stage.reader, &span, 1, &done), PYRO_RC_OK);
	tear_down(&stage);
}

static void later_reads_find_what_came(void **state)
{
	struct stage stage;
	uint8_t page[PAGE], piece[64];
	size_t done;

	(void)state;
	set_up(&stage);
	const struct pyro_span whole = {address(stage.filled), page, sizeof(page)};
	const struct pyro_span part = {address(stage.filled) + 100, piece, sizeof(piece)};
	const struct pyro_span beyond[] = {part, {address(stage.filled) + PAGE, page, 8}};

	assert_int_equal(aim_and_read(&stage, &whole, 1, &done), PYRO_RC_OK);
	for (size_t i = 0; i < sizeof(page); i++)
		assert_int_equal(page[i], (uint8_t)i);
	assert_int_equal(pyro_reader_readv(stage.reader, &part, 1, &done), PYRO_RC_OK);
	assert_int_equal(piece[63], (uint8_t)163);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_WHOLE);

	assert_int_equal(aim_and_read(&stage, &whole, 1, &done), PYRO_RC_OK);
	memset(piece, 0, sizeof(piece));
	assert_int_equal(pyro_reader_readv(stage.reader, beyond, 2, &done), PYRO_RC_OK);
	assert_int_equal(done, 2);
	assert_int_equal(piece[0], 100);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_SHORT);
	tear_down(&stage);
}

/* A guess that cannot be read costs nothing but itself. */
static void the_unreadable_is_left_out(void **state)
{
	struct stage stage;
	uint8_t into[3][16];
	size_t done;

	(void)state;
	set_up(&stage);
	const struct pyro_span spans[] = {
		{address(stage.filled), into[0], 16},
		{address(stage.filled) + 2 * PAGE - 8, into[1], 16}, /* half of it is not there */
		{address(stage.filled) + 32, into[2], 16},
	};

	assert_int_equal(aim_and_read(&stage, spans, 3, &done), PYRO_RC_FAULT);
	assert_int_equal(done, 1);
	assert_int_equal(pyro_reader_readv(stage.reader, spans + 2, 1, &done), PYRO_RC_OK);
	assert_int_equal(into[2][0], 32);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_WHOLE);
	tear_down(&stage);
}

static void too_much_is_refused(void **state)
{
	static uint8_t into[PYRO_INTERRUPT_SPAN + 1];
	static struct pyro_span many[PYRO_INTERRUPT_SPANS + 1];
	struct stage stage;
	size_t done;

	(void)state;
	set_up(&stage);
	const struct pyro_span large = {address(stage.filled), into, sizeof(into)};

	pyro_interrupt_aim(stage.interrupt, stage.cpu, stage.child);
	assert_int_equal(pyro_reader_readv(stage.reader, &large, 1, &done), PYRO_RC_TORN);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_SHORT);
	for (size_t i = 0; i < PYRO_INTERRUPT_SPANS + 1; i++)
		many[i] = (struct pyro_span){address(stage.filled) + i, into + i, 1};
	pyro_interrupt_aim(stage.interrupt, stage.cpu, stage.child);
	assert_int_equal(pyro_reader_readv(stage.reader, many, PYRO_INTERRUPT_SPANS + 1, &done),
			 PYRO_RC_TORN);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_SHORT);
	/* As many as there may be, and as many bytes. */
	assert_int_equal(aim_and_read(&stage, many, PYRO_INTERRUPT_SPANS, &done), PYRO_RC_OK);
	assert_int_equal(into[PYRO_INTERRUPT_SPANS - 1], PYRO_INTERRUPT_SPANS - 1);
	for (size_t i = 0; i < PYRO_INTERRUPT_SPANS; i++)
		many[i] = (struct pyro_span){address(stage.filled), into, 2 * PAGE};
	assert_int_equal(aim_and_read(&stage, many, PYRO_INTERRUPT_BYTES / (2 * PAGE), &done),
			 PYRO_RC_OK);
	pyro_interrupt_aim(stage.interrupt, stage.cpu, stage.child);
	assert_int_equal(
		pyro_reader_readv(stage.reader, many, PYRO_INTERRUPT_BYTES / (2 * PAGE) + 1, &done),
		PYRO_RC_TORN);
	assert_int_equal(lower(&stage), PYRO_INTERRUPT_SHORT);
	tear_down(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_thread_stands_still),
		cmocka_unit_test(who_does_not_run_there_is_missed),
		cmocka_unit_test(later_reads_find_what_came),
		cmocka_unit_test(the_unreadable_is_left_out),
		cmocka_unit_test(too_much_is_refused),
	};

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 1;
	return cmocka_run_group_tests_name("target/interrupt", tests, NULL, NULL);
}
