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
	volatile uint64_t stack; /* where the child's marks lie */
};

#define MARKS 700 /* more than a page of them, on the stack */
#define MARK  0x5079726f6d657465

/* What a trail leads to: links, each with an object, which has a name. */
struct object {
	uint64_t unused;
	uint64_t name;
	volatile uint64_t count; /* of the first: counted as well */
};

struct link {
	uint64_t object; /* with bits set that are no address: the last, and a number from 56 on */
	uint64_t next;
};

#define LINKS 1500 /* more than are followed */

struct chain {
	uint64_t head; /* of the links, in turn */
	uint64_t outer;
	struct link links[LINKS];
	struct object objects[2];
	uint64_t names[2][2];
};

/* What was met on a trail. */
struct met {
	uint64_t addr[2 * LINKS];
	uint64_t size[2 * LINKS];
	uint64_t first_count; /* of the first object */
	size_t count;
	const struct chain *chain;
};

struct stage {
	struct pyro_interrupt *interrupt;
	struct pyro_reader *reader;
	struct counters *counters; /* the child has them at the same address, as all of these */
	struct chain *chain;
	struct met met;
	uint8_t *filled; /* two pages of 0, 1, 2, ..., and one that cannot be read */
	int cpu;         /* where the child runs */
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

/* The sanitizer would keep the marks beside the stack. */
static __attribute__((no_sanitize_address)) void count_for_ever(struct stage *stage)
{
	volatile uint64_t marks[MARKS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(stage->cpu);
	for (size_t i = 0; i < 2 * PAGE; i++)
		stage->filled[i] = (uint8_t)i;
	for (size_t i = 0; i < MARKS; i++)
		marks[i] = MARK + i;
	stage->counters->stack = address(marks);
	for (;;) {
		stage->counters->first++;
		stage->chain->objects[0].count++;
		stage->counters->second++;
	}
}

/* Objects take turns; the second one's name is the first one's too. */
static void make_chain(struct chain *chain)
{
	chain->head = address(&chain->links[0]);
	chain->outer = address(&chain->head);
	for (size_t i = 0; i < LINKS; i++)
		chain->links[i] = (struct link){
			.object = (uint64_t)(i % 256) << 56 | address(&chain->objects[i % 2]) | 1,
			.next = i + 1 < LINKS ? address(&chain->links[i + 1]) : 0,
		};
	chain->objects[0].name = chain->objects[1].name = address(chain->names[1]);
}

static void set_up_with(struct stage *stage, bool registers)
{
	struct pyro_err err = {0};
	void *pages;
	int cpus[2] = {-1, -1};

	memset(stage, 0, sizeof(*stage));
	stage->cpu = -1;
	assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	for (int cpu = 0, found = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	}
	if (cpus[1] < 0) {
		print_message("skipped: it takes two processors\n");
		skip();
	}
	if (pyro_interrupt_create(registers, &stage->interrupt, &err)) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	stage->cpu = cpus[1];
	pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	stage->counters = pages;
	stage->chain = mmap(NULL, sizeof(*stage->chain), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(stage->chain, MAP_FAILED);
	make_chain(stage->chain);
	stage->met.chain = stage->chain;
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

static void set_up(struct stage *stage)
{
	set_up_with(stage, true);
}

static void tear_down(struct stage *stage)
{
	kill(stage->child, SIGKILL);
	waitpid(stage->child, NULL, 0);
	pyro_reader_destroy(stage->reader);
	pyro_interrupt_destroy(stage->interrupt);
	munmap(stage->counters, PAGE + (size_t)2 * PAGE);
	munmap(stage->chain, sizeof(*stage->chain));
}

static bool lower(struct stage *stage)
{
	uint64_t held_ns;

	return pyro_interrupt_lower(stage->interrupt, &held_ns);
}

static void on_found(void *context, uint64_t addr, const void *data, size_t size)
{
	struct met *met = context;

	assert_in_range(met->count, 0, 2 * LINKS - 1);
	if (addr == address(&met->chain->objects[0]))
		memcpy(&met->first_count, (const uint8_t *)data + offsetof(struct object, count),
		       8);
	met->addr[met->count] = addr;
	met->size[met->count++] = size;
}

static enum pyro_rc follow(struct stage *stage, const struct pyro_span *spans, size_t count,
			   size_t *ret_done, const struct pyro_trail *trails, size_t trail_count)
{
	stage->met.count = 0;
	assert_true(pyro_reader_can_follow(stage->reader));
	return stage->reader->follow(stage->reader, spans, count, ret_done, trails, trail_count,
				     on_found, &stage->met);
}

/* Other processes and the kernel's own threads want that processor now and then. */
static enum pyro_rc aim_and_follow(struct stage *stage, const struct pyro_span *spans, size_t count,
				   size_t *ret_done, const struct pyro_trail *trails,
				   size_t trail_count)
{
	enum pyro_rc rc = PYRO_RC_TORN;

	for (int i = 0; i < 5000 && rc == PYRO_RC_TORN; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
		pyro_interrupt_aim(stage->interrupt, stage->cpu, stage->child);
		rc = follow(stage, spans, count, ret_done, trails, trail_count);
	}
	return rc;
}

static struct pyro_trail whole_trail(const struct stage *stage)
{
	return (struct pyro_trail){
		.head = address(&stage->chain->head),
		.next = offsetof(struct link, next),
		.size = sizeof(struct link),
		.limit = 3,
		.object = offsetof(struct link, object),
		.object_mask = UINT64_MAX >> 8 & ~(uint64_t)7,
		.object_size = sizeof(struct object),
		.pointed = {offsetof(struct object, name)},
		.pointed_count = 1,
		.pointed_from = 8,
		.pointed_size = 8,
	};
}

static void stands_still(struct stage *stage)
{
	uint64_t first, second, before = 0, held_ns;
	size_t done, progress = 0;

	for (int i = 0; i < READS; i++) {
		const struct pyro_trail trail = whole_trail(stage);
		const struct pyro_span spans[] = {
			{address(&stage->counters->second), &second, 8},
			{address(&stage->counters->first), &first, 8},
		};

		assert_int_equal(aim_and_follow(stage, spans, 2, &done, &trail, 1), PYRO_RC_OK);
		assert_int_equal(done, 2);
		assert_true(pyro_interrupt_lower(stage->interrupt, &held_ns));
		assert_in_range(held_ns, 100, 1000000000);
		assert_in_range(first - second, 0, 1);
		assert_in_range(first - stage->met.first_count, 0, 1);
		assert_in_range(stage->met.first_count - second, 0, 1);
		assert_true(first >= before);
		progress += first > before;
		before = first;
	}
	/* Two in a row may leave it no time to go on. */
	assert_true(progress > READS / 10);
}

static void the_thread_stands_still(void **state)
{
	struct stage stage;

	(void)state;
	set_up(&stage);
	stands_still(&stage);
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

	assert_false(pyro_reader_can_follow(stage.reader));
	pyro_interrupt_aim(stage.interrupt, stage.cpu, getpid());
	assert_int_equal(follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_TORN);
	assert_int_equal(done, 0);
	assert_false(lower(&stage));

	/* No such processor. */
	pyro_interrupt_aim(stage.interrupt, 1000000, stage.child);
	assert_int_equal(follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_TORN);
	assert_false(lower(&stage));

	kill(stage.child, SIGSTOP);
	nanosleep(&long_enough, NULL);
	pyro_interrupt_aim(stage.interrupt, stage.cpu, stage.child);
	assert_int_equal(follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_TORN);
	/* Once for each time that it is aimed. */
	assert_false(pyro_reader_can_follow(stage.reader));
	assert_false(lower(&stage));
	assert_int_equal(pyro_reader_readv(stage.reader, &span, 1, &done), PYRO_RC_OK);
	tear_down(&stage);
}

/* The words of struct pt_regs that are the pc. */
#if defined(__x86_64__)
#define PC_WORD 16
#else
#define PC_WORD 32
#endif

static void registers_and_stack_come_with_it(void **state)
{
	struct stage stage;
	uint64_t first, marks;
	size_t done, in_kernel = 0;

	(void)state;
	set_up(&stage);
	if (!pyro_interrupt_want_native(stage.interrupt, 16384)) {
		tear_down(&stage);
		print_message("skipped: this kernel gives no registers\n");
		skip();
	}
	assert_int_equal(pyro_reader_read(stage.reader, address(&stage.counters->stack), &marks, 8),
			 PYRO_RC_OK);
	for (int i = 0; i < READS; i++) {
		const struct pyro_span span = {address(&stage.counters->first), &first, 8};
		struct pyro_interrupt_native native;
		uint64_t mark;

		assert_int_equal(aim_and_follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_OK);
		assert_true(pyro_interrupt_native(stage.interrupt, &native));
		assert_in_range(native.words[PC_WORD], (uint64_t)(uintptr_t)count_for_ever,
				(uint64_t)(uintptr_t)count_for_ever + 4096);
		in_kernel += native.in_kernel;
		assert_in_range(native.stack_size, sizeof(uint64_t) * MARKS, 16384);
		assert_in_range(marks, native.stack_addr, native.stack_addr + PAGE);
		for (size_t at = 0; at < MARKS; at++) {
			memcpy(&mark, native.stack + (marks - native.stack_addr) + 8 * at, 8);
			assert_int_equal(mark, MARK + at);
		}
		assert_true(lower(&stage));
		assert_false(pyro_interrupt_native(stage.interrupt, &native));
	}
	/* Now and then the kernel is at another interrupt's work. */
	assert_in_range(in_kernel, 0, READS / 10);
	/* Without a stack, they come alone. */
	assert_true(pyro_interrupt_want_native(stage.interrupt, 0));
	const struct pyro_span span = {address(&stage.counters->first), &first, 8};
	struct pyro_interrupt_native native;

	assert_int_equal(aim_and_follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_OK);
	assert_true(pyro_interrupt_native(stage.interrupt, &native));
	assert_int_equal(native.stack_size, 0);
	assert_in_range(native.words[PC_WORD], (uint64_t)(uintptr_t)count_for_ever,
			(uint64_t)(uintptr_t)count_for_ever + 4096);
	assert_true(lower(&stage));
	tear_down(&stage);
}

/* Asked for more than there is, it is what there is. */
static void a_stack_ends_where_it_ends(void **state)
{
	struct stage stage;
	struct pyro_interrupt_native native;
	uint64_t first;
	size_t done;

	(void)state;
	set_up(&stage);
	const struct pyro_span span = {address(&stage.counters->first), &first, 8};

	if (!pyro_interrupt_want_native(stage.interrupt, SIZE_MAX)) {
		tear_down(&stage);
		print_message("skipped: this kernel gives no registers\n");
		skip();
	}
	assert_int_equal(aim_and_follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_OK);
	assert_true(pyro_interrupt_native(stage.interrupt, &native));
	assert_in_range(native.stack_size, PAGE, PYRO_INTERRUPT_STACK);
	/* In pages, from the second on. */
	assert_int_equal((native.stack_addr + native.stack_size) % PAGE, 0);
	assert_true(lower(&stage));
	tear_down(&stage);
}

static void trails_are_followed(void **state)
{
	struct stage stage;
	size_t done;

	(void)state;
	set_up(&stage);
	struct chain *chain = stage.chain;
	struct pyro_trail trails[2] = {whole_trail(&stage), whole_trail(&stage)};
	const uint64_t expected[] = {
		/* a link, its object, and that one's name: each once */
		address(&chain->links[0]),
		address(&chain->objects[0]),
		address(&chain->names[1][1]),
		address(&chain->links[1]),
		address(&chain->objects[1]),
		address(&chain->links[2]),
		/* the second trail: links only, by way of a pointer to a pointer */
		address(&chain->links[0]),
		address(&chain->links[1]),
	};
	const uint64_t sizes[] = {16, 24, 8, 16, 24, 16, 16, 16};

	trails[1].head = address(&chain->outer);
	trails[1].indirect = true;
	trails[1].object_size = 0;
	trails[1].limit = 2;
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, trails, 2), PYRO_RC_OK);
	assert_true(lower(&stage));
	assert_int_equal(stage.met.count, 8);
	assert_memory_equal(stage.met.addr, expected, sizeof(expected));
	assert_memory_equal(stage.met.size, sizes, sizeof(sizes));

	/* To where the program ends. */
	trails[1].limit = 100000;
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, trails + 1, 1), PYRO_RC_OK);
	assert_int_equal(stage.met.count, PYRO_INTERRUPT_LINKS);
	tear_down(&stage);
}

static void some_links_have_no_object_and_one_is_the_end(void **state)
{
	struct stage stage;
	size_t done;

	(void)state;
	set_up(&stage);
	const struct chain *chain = stage.chain;
	struct pyro_trail trail = whole_trail(&stage);
	const uint64_t expected[] = {
		address(&chain->links[0]),    address(&chain->objects[0]),
		address(&chain->names[1][1]), address(&chain->links[1]),
		address(&chain->links[2]),
	};

	trail.kind = offsetof(struct link, object) + 7;
	trail.kinds = 1;
	trail.limit = 100;
	trail.end = address(&chain->links[3]);
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_OK);
	assert_true(lower(&stage));
	assert_int_equal(stage.met.count, PYRO_COUNT(expected));
	assert_memory_equal(stage.met.addr, expected, sizeof(expected));
	tear_down(&stage);
}

static void trails_end_where_nothing_is(void **state)
{
	struct stage stage;
	size_t done;

	(void)state;
	set_up(&stage);
	struct pyro_trail trail = whole_trail(&stage);

	trail.head = address(stage.filled) + 2 * PAGE; /* is not there */
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_OK);
	assert_int_equal(stage.met.count, 0);
	trail.head = address(stage.filled); /* leads nowhere */
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_OK);
	assert_int_equal(stage.met.count, 0);
	/* Offsets that a trail must not have: nothing is followed from there. */
	trail = whole_trail(&stage);
	trail.next = trail.object = 1u << 20;
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_OK);
	assert_int_equal(stage.met.count, 1);
	trail.size = 1u << 20;
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_OK);
	assert_int_equal(stage.met.count, 0);
	tear_down(&stage);
}

static void wishes_end_at_the_unreadable(void **state)
{
	struct stage stage;
	uint8_t into[3][16];
	size_t done;

	(void)state;
	set_up(&stage);
	const struct pyro_span spans[] = {
		{address(stage.filled) + 100, into[0], 16},
		{address(stage.filled) + 2 * PAGE - 8, into[1], 16}, /* half of it is not there */
		{address(stage.filled) + 32, into[2], 16},
	};

	assert_int_equal(aim_and_follow(&stage, spans, 3, &done, NULL, 0), PYRO_RC_FAULT);
	assert_int_equal(done, 1);
	assert_int_equal(into[0][15], 115);
	assert_true(lower(&stage));
	tear_down(&stage);
}

static void no_more_is_read_than_there_is_room_for(void **state)
{
	static uint8_t into[PYRO_INTERRUPT_SPAN + 1];
	static struct pyro_span many[PYRO_INTERRUPT_WISHES + 1];
	struct stage stage;
	size_t done;

	(void)state;
	set_up(&stage);
	const struct pyro_span large = {address(stage.filled), into, sizeof(into)};

	assert_int_equal(aim_and_follow(&stage, &large, 1, &done, NULL, 0), PYRO_RC_FAULT);
	assert_int_equal(done, 0);
	for (size_t i = 0; i < PYRO_INTERRUPT_WISHES + 1; i++)
		many[i] = (struct pyro_span){address(stage.filled) + i, into + i, 1};
	assert_int_equal(aim_and_follow(&stage, many, PYRO_INTERRUPT_WISHES + 1, &done, NULL, 0),
			 PYRO_RC_FAULT);
	assert_int_equal(done, PYRO_INTERRUPT_WISHES);
	assert_int_equal(into[PYRO_INTERRUPT_WISHES - 1], PYRO_INTERRUPT_WISHES - 1);
	for (size_t i = 0; i < PYRO_INTERRUPT_WISHES; i++)
		many[i] = (struct pyro_span){address(stage.filled), into, PAGE};
	assert_int_equal(
		aim_and_follow(&stage, many, PYRO_INTERRUPT_BYTES / PAGE + 1, &done, NULL, 0),
		PYRO_RC_FAULT);
	assert_int_equal(done, PYRO_INTERRUPT_BYTES / PAGE);
	tear_down(&stage);
}

#define PERIOD_NS 1000000

static void let_pass(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Readings of the timer, up to @most, each checked. Returns how many there were. */
static size_t take_kept(struct stage *stage, const struct pyro_trail *trail, size_t most)
{
	uint64_t first, second, at_ns, held_ns, before_ns = 0;
	const struct pyro_span spans[] = {
		{address(&stage->counters->second), &second, 8},
		{address(&stage->counters->first), &first, 8},
	};
	size_t taken = 0, done;

	while (taken < most && pyro_interrupt_timer_aim(stage->interrupt, &at_ns)) {
		assert_int_equal(follow(stage, spans, 2, &done, trail, 1), PYRO_RC_OK);
		assert_true(pyro_interrupt_lower(stage->interrupt, &held_ns));
		assert_in_range(held_ns, 100, 1000000000);
		assert_true(at_ns > before_ns);
		assert_in_range(first - second, 0, 1);
		assert_in_range(first - stage->met.first_count, 0, 1);
		assert_int_equal(stage->met.count, 6);
		before_ns = at_ns;
		taken++;
	}
	return taken;
}

static void order(struct stage *stage, const struct pyro_trail *trail)
{
	uint64_t value;
	const struct pyro_span spans[] = {
		{address(&stage->counters->second), &value, 8},
		{address(&stage->counters->first), &value, 8},
	};
	size_t done;

	assert_int_equal(pyro_interrupt_timer_order(stage->interrupt), PYRO_RC_OK);
	assert_int_equal(follow(stage, spans, 2, &done, trail, 1), PYRO_RC_TORN);
	assert_false(lower(stage));
}

static void a_timer_reads_by_itself(void **state)
{
	struct stage stage;
	uint64_t at_ns;
	size_t taken = 0, done;

	(void)state;
	set_up(&stage);
	struct pyro_trail trail = whole_trail(&stage);

	assert_int_equal(pyro_interrupt_timer_order(stage.interrupt), PYRO_RC_NOTREADY);
	pyro_interrupt_timer_prepare(stage.interrupt);
	order(&stage, &trail);
	assert_false(pyro_interrupt_timer_aim(stage.interrupt, &at_ns));
	assert_int_equal(pyro_interrupt_timer_dropped(stage.interrupt), 0);
	assert_int_equal(pyro_interrupt_timer_start(stage.interrupt, stage.child, PERIOD_NS),
			 PYRO_RC_OK);
	/* On a busy machine the child runs less than the clock. */
	for (int i = 0; i < 2000 && taken < 50; i++) {
		let_pass(5);
		taken += take_kept(&stage, &trail, 50);
	}
	assert_true(taken >= 50);

	/* Nobody takes what is kept: what there is no room for is counted. */
	const uint64_t dropped = pyro_interrupt_timer_dropped(stage.interrupt) + 5;

	for (int i = 0; i < 2000 && pyro_interrupt_timer_dropped(stage.interrupt) < dropped; i++)
		let_pass(5);
	assert_true(pyro_interrupt_timer_dropped(stage.interrupt) >= dropped);
	/* At once works beside it. */
	assert_int_equal(aim_and_follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_OK);
	assert_true(lower(&stage));

	pyro_interrupt_timer_pause(stage.interrupt, true);
	assert_int_equal(take_kept(&stage, &trail, 100), PYRO_INTERRUPT_SLOTS);
	let_pass(50);
	assert_int_equal(take_kept(&stage, &trail, 100), 0);
	pyro_interrupt_timer_pause(stage.interrupt, false);
	pyro_interrupt_timer_pace(stage.interrupt, PERIOD_NS / 4);
	for (int i = 0; i < 2000 && !pyro_interrupt_timer_aim(stage.interrupt, &at_ns); i++)
		let_pass(5);

	/* What was not ordered is not there. */
	trail.limit = 2;
	assert_int_equal(follow(&stage, NULL, 0, &done, &trail, 1), PYRO_RC_TORN);
	assert_false(lower(&stage));
	trail.limit = 3;
	pyro_interrupt_timer_stop(stage.interrupt);
	take_kept(&stage, &trail, 100);
	let_pass(20);
	assert_int_equal(take_kept(&stage, &trail, 100), 0);
	tear_down(&stage);
}

/* A kernel that does not describe its own types takes the program without what needs them. */
static void registers_alone_are_missing_without_types(void **state)
{
	struct stage stage;
	struct pyro_interrupt_native native;
	uint64_t first;
	size_t done, taken = 0;

	(void)state;
	set_up_with(&stage, false);
	const struct pyro_span span = {address(&stage.counters->first), &first, 8};
	const struct pyro_trail trail = whole_trail(&stage);

	assert_false(pyro_interrupt_want_native(stage.interrupt, 16384));
	stands_still(&stage);
	assert_int_equal(aim_and_follow(&stage, &span, 1, &done, NULL, 0), PYRO_RC_OK);
	assert_false(pyro_interrupt_native(stage.interrupt, &native));
	assert_true(lower(&stage));

	pyro_interrupt_timer_prepare(stage.interrupt);
	order(&stage, &trail);
	assert_int_equal(pyro_interrupt_timer_start(stage.interrupt, stage.child, PERIOD_NS),
			 PYRO_RC_OK);
	for (int i = 0; i < 2000 && taken < 5; i++) {
		let_pass(5);
		taken += take_kept(&stage, &trail, 5);
	}
	assert_true(taken >= 5);
	pyro_interrupt_timer_stop(stage.interrupt);
	tear_down(&stage);
}

static void a_timer_wants_a_thread(void **state)
{
	struct stage stage;

	(void)state;
	set_up(&stage);
	const struct pyro_trail trail = whole_trail(&stage);

	kill(stage.child, SIGKILL);
	waitpid(stage.child, NULL, 0);
	pyro_interrupt_timer_prepare(stage.interrupt);
	order(&stage, &trail);
	assert_int_equal(pyro_interrupt_timer_start(stage.interrupt, stage.child, PERIOD_NS),
			 PYRO_RC_GONE);
	pyro_interrupt_timer_stop(stage.interrupt);
	tear_down(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_thread_stands_still),
		cmocka_unit_test(who_does_not_run_there_is_missed),
		cmocka_unit_test(registers_and_stack_come_with_it),
		cmocka_unit_test(a_stack_ends_where_it_ends),
		cmocka_unit_test(trails_are_followed),
		cmocka_unit_test(some_links_have_no_object_and_one_is_the_end),
		cmocka_unit_test(trails_end_where_nothing_is),
		cmocka_unit_test(wishes_end_at_the_unreadable),
		cmocka_unit_test(no_more_is_read_than_there_is_room_for),
		cmocka_unit_test(a_timer_reads_by_itself),
		cmocka_unit_test(registers_alone_are_missing_without_types),
		cmocka_unit_test(a_timer_wants_a_thread),
	};

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 1;
	return cmocka_run_group_tests_name("target/interrupt", tests, NULL, NULL);
}
