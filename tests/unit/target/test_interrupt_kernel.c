/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel does for a thread that is interrupted, and nothing of the interrupt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/interrupt_inside.h"

#define LOOKS     300
#define TIMED     100
#define PERIOD_NS 1000000
#define BLOCK     ((size_t)1 << 20)

/* What the child does all the time. */
enum deed {
	COUNTS, /* nothing that takes a kernel */
	READS,  /* in a system call */
	FAULTS, /* by touching memory that is new */
};

struct stage {
	struct pyro_interrupt *interrupt;
	struct pyro_kernel *kernel;
	struct pyro_reader *reader;
	int cpu;  /* where the child runs */
	int here; /* who looks runs there */
	pid_t child;
	bool names; /* of what the kernel does are asked for */
};

static cpu_set_t allowed; /* of this process, before a test pins it */

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void touch_new_memory(void)
{
	uint8_t *memory =
		mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t at = 0; memory != MAP_FAILED && at < BLOCK; at += 4096)
		((volatile uint8_t *)memory)[at] = 1;
	if (memory != MAP_FAILED)
		munmap(memory, BLOCK);
}

static void do_for_ever(enum deed deed, int cpu)
{
	static uint8_t block[BLOCK];
	const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	volatile uint64_t count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	for (;;) {
		switch (deed) {
		case COUNTS:
			count++;
			break;
		case READS:
			if (read(zero, block, sizeof(block)) != sizeof(block))
				_exit(1);
			break;
		case FAULTS:
			touch_new_memory();
			break;
		}
	}
}

static void skip_for(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

static void find_processors(int cpus[2])
{
	assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	cpus[0] = cpus[1] = -1;
	for (int cpu = 0, found = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	}
}

static void tear_down(struct stage *stage)
{
	if (stage->child > 0) {
		kill(stage->child, SIGKILL);
		waitpid(stage->child, NULL, 0);
	}
	pyro_reader_destroy(stage->reader);
	pyro_interrupt_destroy(stage->interrupt);
	pyro_kernel_destroy(stage->kernel);
}

/* How interrupts come in is found out while a second processor is free for that. */
static void make_interrupt(struct stage *stage)
{
	struct pyro_err err = {0};

	for (int i = 0; i < 100 && !(stage->interrupt && stage->interrupt->entry); i++) {
		pyro_interrupt_destroy(stage->interrupt);
		stage->interrupt = NULL;
		if (pyro_interrupt_create(true, &stage->interrupt, &err)) {
			tear_down(stage);
			skip_for(err.message);
		}
	}
}

static void set_up(struct stage *stage, enum deed deed, bool names)
{
	struct pyro_err err = {0};
	int cpus[2];

	*stage = (struct stage){.child = -1, .names = names};
	find_processors(cpus);
	if (cpus[1] < 0)
		skip_for("it takes two processors");
	assert_int_equal(pyro_kernel_create(&stage->kernel, NULL), PYRO_RC_OK);
	if (names && pyro_kernel_load(stage->kernel, &err)) {
		tear_down(stage);
		skip_for(err.message);
	}
	make_interrupt(stage);
	if (!pyro_interrupt_want_native(stage->interrupt, 4096)) {
		tear_down(stage);
		skip_for("this kernel gives no registers");
	}
	assert_true(stage->interrupt->entry);
	if (names)
		pyro_interrupt_want_kernel(stage->interrupt, stage->kernel);
	stage->cpu = cpus[1];
	stage->child = fork();
	assert_true(stage->child >= 0);
	if (!stage->child)
		do_for_ever(deed, stage->cpu);
	stage->here = cpus[0];
	pin(stage->here);
	assert_int_equal(pyro_live_reader_create(stage->child, &stage->reader, &err), PYRO_RC_OK);
	assert_int_equal(
		pyro_interrupt_reader_create(stage->interrupt, stage->reader, &stage->reader),
		PYRO_RC_OK);
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

static void ignore(void *context, uint64_t addr, const void *data, size_t size)
{
	(void)context;
	(void)addr;
	(void)data;
	(void)size;
}

static enum pyro_rc follow(struct stage *stage)
{
	size_t done;

	return stage->reader->follow(stage->reader, NULL, 0, &done, NULL, 0, ignore, NULL);
}

static bool has(const struct stage *stage, const struct pyro_kernel_stack *stack, const char *part)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (strstr(pyro_kernel_name(stage->kernel, stack->functions[i]), part))
			return true;
	}
	return false;
}

/* Of the interrupts that we send, and of those of our timer. */
static void check_nothing_of_ours(const struct stage *stage, const struct pyro_kernel_stack *stack)
{
	static const char *const ours[] = {
		"bpf_prog_test_run",    "read_interrupted", "flush_smp_call_function_queue",
		"sysvec_call_function", "perf_swevent_",    "hrtimer_interrupt",
	};

	for (size_t i = 0; i < PYRO_COUNT(ours); i++) {
		if (!has(stage, stack, ours[i]))
			continue;
		for (size_t at = 0; at < stack->count; at++)
			print_message("%s\n",
				      pyro_kernel_name(stage->kernel, stack->functions[at]));
		fail_msg("%s is ours", ours[i]);
	}
}

/* How many of the looks found what is looked for. */
struct tally {
	size_t looks;
	size_t empty;
	size_t found;
	size_t in_kernel;
	const char *wanted;
};

static void count(struct stage *stage, struct tally *tally)
{
	struct pyro_interrupt_native native;
	struct pyro_kernel_stack stack = {.count = 0};

	assert_true(pyro_interrupt_native(stage->interrupt, &native));
	if (stage->names)
		pyro_kernel_at(stage->kernel, native.kernel, native.kernel_count, &stack);
	else
		assert_int_equal(native.kernel_count, 0);
	check_nothing_of_ours(stage, &stack);
	/* Who is in a system call is in the kernel. */
	if (stage->names && native.in_kernel)
		assert_true(stack.count > 0);
	tally->looks++;
	tally->empty += stack.count == 0;
	tally->in_kernel += native.in_kernel;
	tally->found += has(stage, &stack, tally->wanted);
}

static struct tally look_at_once(struct stage *stage, const char *wanted)
{
	struct tally tally = {.wanted = wanted};
	uint64_t held_ns;

	for (int i = 0; i < 100 * LOOKS && tally.looks < LOOKS; i++) {
		pyro_interrupt_aim(stage->interrupt, stage->cpu, stage->child);
		if (follow(stage) == PYRO_RC_OK)
			count(stage, &tally);
		(void)pyro_interrupt_lower(stage->interrupt, &held_ns);
		nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
	}
	assert_int_equal(tally.looks, LOOKS);
	return tally;
}

static struct tally look_by_timer(struct stage *stage, const char *wanted)
{
	struct tally tally = {.wanted = wanted};
	uint64_t at_ns, held_ns;

	pyro_interrupt_timer_prepare(stage->interrupt);
	assert_int_equal(pyro_interrupt_timer_order(stage->interrupt), PYRO_RC_OK);
	assert_int_equal(follow(stage), PYRO_RC_TORN);
	(void)pyro_interrupt_lower(stage->interrupt, &held_ns);
	assert_int_equal(pyro_interrupt_timer_start(stage->interrupt, stage->child, PERIOD_NS),
			 PYRO_RC_OK);
	for (int i = 0; i < 10000 && tally.looks < TIMED; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		while (pyro_interrupt_timer_aim(stage->interrupt, &at_ns)) {
			assert_int_equal(follow(stage), PYRO_RC_OK);
			count(stage, &tally);
			assert_true(pyro_interrupt_lower(stage->interrupt, &held_ns));
		}
	}
	pyro_interrupt_timer_stop(stage->interrupt);
	assert_true(tally.looks >= TIMED);
	return tally;
}

/* What the kernel does meanwhile on its own account, as after another interrupt, is little. */
static void outside_there_is_nothing(void **state)
{
	struct stage stage;
	struct tally tally;

	(void)state;
	set_up(&stage, COUNTS, true);
	tally = look_at_once(&stage, "read_zero");
	assert_in_range(tally.empty, LOOKS - LOOKS / 10, LOOKS);
	assert_int_equal(tally.found, 0);
	assert_in_range(tally.in_kernel, 0, LOOKS / 10);
	tally = look_by_timer(&stage, "read_zero");
	assert_in_range(tally.empty, tally.looks - tally.looks / 10, tally.looks);
	assert_int_equal(tally.found, 0);
	tear_down(&stage);
}

/* A sanitizer's own work between two calls is a third of it. */
static void check_calls(const struct tally *tally)
{
	assert_in_range(tally->in_kernel, tally->looks / 3, tally->looks);
	assert_in_range(tally->found, tally->in_kernel - tally->in_kernel / 10, tally->looks);
}

static void a_call_is_seen_from_within(void **state)
{
	struct stage stage;
	struct tally tally;

	(void)state;
	set_up(&stage, READS, true);
	tally = look_at_once(&stage, "vfs_read [kernel]");
	check_calls(&tally);
	tally = look_by_timer(&stage, "vfs_read [kernel]");
	check_calls(&tally);
	tear_down(&stage);
}

static void a_fault_is_seen_from_within(void **state)
{
	struct stage stage;
	struct tally tally;

	(void)state;
	set_up(&stage, FAULTS, true);
	/* The rest is in munmap, and in between. */
	tally = look_at_once(&stage, "handle_mm_fault");
	assert_in_range(tally.found, LOOKS / 5, LOOKS);
	tally = look_by_timer(&stage, "handle_mm_fault");
	assert_in_range(tally.found, tally.looks / 5, tally.looks);
	tear_down(&stage);
}

/* Who does not ask for names, as they may not be had, is told that it was in the kernel. */
static void check_without_names(enum deed deed, size_t least_percent, size_t most_percent)
{
	struct stage stage;
	struct tally tally;

	set_up(&stage, deed, false);
	tally = look_at_once(&stage, "");
	assert_in_range(100 * tally.in_kernel, least_percent * tally.looks,
			most_percent * tally.looks);
	tally = look_by_timer(&stage, "");
	assert_in_range(100 * tally.in_kernel, least_percent * tally.looks,
			most_percent * tally.looks);
	tear_down(&stage);
}

static void without_names_it_is_told_apart(void **state)
{
	(void)state;
	check_without_names(COUNTS, 0, 10);
	check_without_names(READS, 34, 100);
	check_without_names(FAULTS, 20, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_there_is_nothing),
		cmocka_unit_test(a_call_is_seen_from_within),
		cmocka_unit_test(a_fault_is_seen_from_within),
		cmocka_unit_test(without_names_it_is_told_apart),
	};

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 1;
	return cmocka_run_group_tests_name("target/interrupt_kernel", tests, NULL, NULL);
}
