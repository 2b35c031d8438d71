/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "child.h"
#include "cpython/locate.h"
#include "fake.h"
#include "sample/freeze.h"
#include "support/targets.h"

#define READS 300
/* Each read may be refused now and then, where somebody else wants the processor too. */
#define MAX_ATTEMPTS 3000

/* Calls of well under a microsecond, in two chains: parts of both in one stack never were. */
static const char program[] =
	"import threading\n"
	"def a3(): return 3\n"
	"def a2(): return a3()\n"
	"def a1(): return a2()\n"
	"def b4(): return 4\n"
	"def b3(): return b4()\n"
	"def b2(): return b3()\n"
	"def b1(): return b2()\n"
	"def sleeper(): threading.Event().wait()\n"
	"def work():\n"
	"    while True:\n"
	"        a1()\n"
	"        b1()\n"
	"threading.Thread(target=sleeper, daemon=True).start()\n"
	"print('ready', flush=True)\n"
	"work()\n";

struct stage {
	struct target target;
	struct pyro_reader *reader;
	struct pyro_python *python;
	struct pyro_sched *sched;
	struct pyro_seat seat;
	struct pyro_freeze freeze;
	const struct pyro_look *look;
};

static struct interpreters interpreters;
static struct pyro_raw_stack stack, scratch;

static void nap(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static void start_python(struct target *target)
{
	const struct interpreter *python = interpreters_find(&interpreters, "3.11");
	const char *const arguments[] = {"-S", "-E", "-c", program, NULL};
	const char *const argv[] = {"python3", "-S", "-E", "-c", program, NULL};

	assert_true(python ? interpreter_start(python, target, arguments)
			   : target_start(target, argv));
}

static void set_up(struct stage *stage, enum pyro_proof_method method)
{
	const enum pyro_sched_source source =
		method <= PYRO_PROOF_BY_SWITCH ? PYRO_SCHED_RINGS : PYRO_SCHED_PROC;
	struct pyro_python_origin origin;
	struct pyro_err err = {0};
	enum pyro_rc rc;

	*stage = (struct stage){0};
	if ((method == PYRO_PROOF_BY_INTERRUPT &&
	     pyro_interrupt_create(true, &stage->freeze.interrupt, &err)) ||
	    pyro_sched_create(source, NULL, NULL, &stage->sched, &err)) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	start_python(&stage->target);
	assert_int_equal(pyro_live_reader_create(stage->target.pid, &stage->reader, &err), 0);
	if (stage->freeze.interrupt)
		assert_int_equal(pyro_interrupt_reader_create(stage->freeze.interrupt,
							      stage->reader, &stage->reader),
				 0);
	assert_int_equal(pyro_python_locate(stage->target.pid, stage->reader, &origin, &err), 0);
	assert_int_equal(pyro_python_create(stage->reader, &origin, &stage->python, &err), 0);
	assert_int_equal(pyro_sched_follow_running(stage->sched, stage->target.pid, &err), 0);
	do
		rc = pyro_python_look(stage->python, &stage->look);
	while (rc == PYRO_RC_TORN);
	assert_int_equal(rc, PYRO_RC_OK);
	assert_int_equal(stage->look->thread_count, 2);
	pyro_seat_init(&stage->seat);
	stage->freeze = (struct pyro_freeze){
		.method = method,
		.interrupt = stage->freeze.interrupt,
		.sched = stage->sched,
		.seat = &stage->seat,
		.scratch = &scratch,
	};
}

static void tear_down(struct stage *stage)
{
	sched_setaffinity(0, sizeof(stage->seat.allowed), &stage->seat.allowed);
	target_stop(&stage->target);
	pyro_python_destroy(stage->python);
	pyro_reader_destroy(stage->reader);
	pyro_interrupt_destroy(stage->freeze.interrupt);
	pyro_sched_destroy(stage->sched);
}

static size_t index_of(const struct stage *stage, bool main)
{
	for (size_t i = 0; i < stage->look->thread_count; i++) {
		if (stage->look->threads[i].main == main)
			return i;
	}
	fail();
	return 0;
}

/* One read, as a sampler does it. */
static enum pyro_rc read_thread(struct stage *stage, size_t index, bool holder,
				struct pyro_freeze_view *view)
{
	const int tid = (int)stage->look->threads[index].native_id;
	struct pyro_sched_thread *kernel;

	pyro_sched_update(stage->sched);
	kernel = pyro_sched_thread(stage->sched, stage->target.pid, tid);
	assert_non_null(kernel);
	if (stage->freeze.method == PYRO_PROOF_BY_INTERRUPT)
		pyro_seat_leave(&stage->seat, kernel->cpu);
	assert_int_equal(pyro_sched_refresh(stage->sched, kernel), PYRO_RC_OK);
	return pyro_freeze_read(&stage->freeze, stage->python, index, kernel, holder, &stack, view);
}

static const char *name_at(const struct stage *stage, size_t from_root)
{
	const struct pyro_code *code;

	if (from_root >= stack.count)
		return "";
	code = pyro_python_code(stage->python, stack.frames[stack.count - 1 - from_root].code);
	return code ? code->name : "?";
}

/* <module>, work, then one of the chains so far as it was followed. */
static bool possible(const struct stage *stage)
{
	const char *const chain = name_at(stage, 2);

	if (stack.count > 0 && strcmp(name_at(stage, 0), "<module>") != 0)
		return false;
	if (stack.count > 1 && strcmp(name_at(stage, 1), "work") != 0)
		return false;
	if (stack.count > 2 + (chain[0] == 'a' ? 3u : 4u))
		return false;
	for (size_t i = 2; i < stack.count; i++) {
		const char *name = name_at(stage, i);

		if ((name[0] != 'a' && name[0] != 'b') || name[0] != chain[0] ||
		    name[1] != (char)('1' + (i - 2)) || name[2])
			return false;
	}
	return stack.count > 0;
}

/* How many stacks of the main thread were proved by what. All of them are possible. */
struct tally {
	size_t by[PYRO_SAMPLE_PROOFS];
	size_t deep;
};

static void read_main(struct stage *stage, size_t count, struct tally *ret_tally)
{
	const size_t main = index_of(stage, true);
	size_t reads = 0;

	*ret_tally = (struct tally){0};
	for (size_t attempts = 0; reads < count && attempts < MAX_ATTEMPTS; attempts++) {
		struct pyro_freeze_view view;
		const enum pyro_rc rc = read_thread(stage, main, true, &view);

		nap(200 + (long)(attempts * 37 % 200));
		if (rc)
			continue;
		reads++;
		ret_tally->deep += stack.count > 2;
		assert_in_range(view.proof, 0, PYRO_SAMPLE_PROOFS - 1);
		ret_tally->by[view.proof]++;
		/* It went on at once. */
		if (view.proof == PYRO_SAMPLE_INTERRUPT)
			assert_true(view.slices == UINT64_MAX);
		assert_true(view.thread.main);
		if (!possible(stage))
			fail_msg("%zu frames: %s %s %s %s %s %s", stack.count, name_at(stage, 0),
				 name_at(stage, 1), name_at(stage, 2), name_at(stage, 3),
				 name_at(stage, 4), name_at(stage, 5));
	}
	assert_int_equal(reads, count);
	/* It was not the same stack over and over. */
	assert_true(ret_tally->deep > count / 10);
}

static void proves(enum pyro_proof_method method, enum pyro_sample_proof proof)
{
	struct stage stage;
	struct tally tally;

	set_up(&stage, method);
	read_main(&stage, READS, &tally);
	/* Now and then it happens to wait (for its output, for the GIL). */
	assert_int_equal(tally.by[proof] + tally.by[PYRO_SAMPLE_STILL], READS);
	tear_down(&stage);
}

/* Where it has come to our processor it is held by that; where it needs more than was foreseen, we
 * go to its own. */
static void interrupts_prove(void **state)
{
	struct stage stage;
	struct tally tally;
	size_t proved = 0;

	set_up(&stage, PYRO_PROOF_BY_INTERRUPT);
	if (stage.seat.allowed_count < 2) {
		print_message("skipped: it takes two processors\n");
		tear_down(&stage);
		skip();
	}
	read_main(&stage, 5 * READS, &tally);
	for (int proof = PYRO_SAMPLE_INTERRUPT; proof <= PYRO_SAMPLE_STILL; proof++)
		proved += tally.by[proof];
	assert_int_equal(proved, 5 * READS);
	/* On a busy machine it waits, or shares our processor, for most of the time. */
	assert_true(tally.by[PYRO_SAMPLE_INTERRUPT] > 0);
	assert_true(stage.freeze.held_ns > tally.by[PYRO_SAMPLE_INTERRUPT] * 500);
	tear_down(&stage);
}

static void switch_records_prove(void **state)
{
	proves(PYRO_PROOF_BY_SWITCH, PYRO_SAMPLE_SWITCH);
}

static void proc_proves(void **state)
{
	proves(PYRO_PROOF_BY_PROC, PYRO_SAMPLE_PROC);
}

static void stopping_proves(void **state)
{
	proves(PYRO_PROOF_BY_STOP, PYRO_SAMPLE_STOP);
}

/* Without a proof the stack may be anything; it must only say so. */
static void labels(enum pyro_proof_method method, enum pyro_sample_proof proof)
{
	struct stage stage;
	size_t main, reads = 0;

	set_up(&stage, method);
	main = index_of(&stage, true);
	for (size_t attempts = 0; reads < 50 && attempts < MAX_ATTEMPTS; attempts++) {
		struct pyro_freeze_view view;
		const enum pyro_rc rc = read_thread(&stage, main, true, &view);

		nap(100);
		if (rc)
			continue;
		reads++;
		assert_int_equal(view.proof, proof);
		assert_true(view.slices == UINT64_MAX);
	}
	assert_int_equal(reads, 50);
	tear_down(&stage);
}

static void rereading_is_no_proof(void **state)
{
	labels(PYRO_PROOF_BY_REREAD, PYRO_SAMPLE_REREAD);
}

static void reading_once_is_no_proof(void **state)
{
	labels(PYRO_PROOF_BY_NONE, PYRO_SAMPLE_NONE);
}

static bool on_stack(const struct stage *stage, const char *name)
{
	for (size_t i = 0; i < stack.count; i++) {
		if (strcmp(name_at(stage, i), name) == 0)
			return true;
	}
	return false;
}

/* The program says that it has begun before its thread has fallen asleep. */
static void wait_until_blocked(struct stage *stage, size_t index)
{
	struct pyro_freeze_view view = {.state = PYRO_SCHED_RUNNING};

	for (int i = 0; i < 5000 && view.state != PYRO_SCHED_BLOCKED; i++) {
		nap(1000);
		(void)read_thread(stage, index, false, &view);
	}
}

static void a_sleeper_is_still(enum pyro_proof_method method)
{
	struct stage stage;
	size_t sleeper;
	uint64_t slices = 0;

	set_up(&stage, method);
	sleeper = index_of(&stage, false);
	wait_until_blocked(&stage, sleeper);
	stage.freeze.torn = 0;
	stage.seat.moves = 0;
	for (int i = 0; i < 20; i++) {
		struct pyro_freeze_view view;

		assert_int_equal(read_thread(&stage, sleeper, false, &view), PYRO_RC_OK);
		assert_int_equal(view.proof, PYRO_SAMPLE_STILL);
		assert_int_equal(view.state, PYRO_SCHED_BLOCKED);
		assert_true(on_stack(&stage, "sleeper"));
		assert_false(on_stack(&stage, "work"));
		if (i)
			assert_true(view.slices == slices);
		slices = view.slices;
		nap(200);
	}
	assert_int_equal(stage.freeze.torn, 0);
	assert_int_equal(stage.seat.moves, 0);
	tear_down(&stage);
}

static void a_sleeper_is_still_by_records(void **state)
{
	a_sleeper_is_still(PYRO_PROOF_BY_SWITCH);
}

static void a_sleeper_is_still_by_proc(void **state)
{
	a_sleeper_is_still(PYRO_PROOF_BY_PROC);
}

/* Whatever the method: a thread that has ended is gone, and nothing hangs. */
static void an_ended_target_is_gone(void **state)
{
	const enum pyro_proof_method methods[] = {PYRO_PROOF_BY_PROC, PYRO_PROOF_BY_STOP,
						  PYRO_PROOF_BY_REREAD, PYRO_PROOF_BY_NONE};

	for (size_t i = 0; i < PYRO_COUNT(methods); i++) {
		struct pyro_sched_thread *kernel;
		struct pyro_freeze_view view;
		struct stage stage;
		size_t main;

		set_up(&stage, methods[i]);
		main = index_of(&stage, true);
		kernel = pyro_sched_thread(stage.sched, stage.target.pid, stage.target.pid);
		assert_non_null(kernel);
		assert_int_equal(pyro_sched_refresh(stage.sched, kernel), PYRO_RC_OK);
		target_stop(&stage.target);
		assert_int_equal(pyro_freeze_read(&stage.freeze, stage.python, main, kernel, true,
						  &stack, &view),
				 PYRO_RC_GONE);
		tear_down(&stage);
	}
}

/* Memory in which a generator without a caller is the current frame, as between two stores. It gets
 * its caller once a read was thrown away, if ever: @torn is NULL for never. */
static struct half_stored {
	enum pyro_rc (*readv)(struct pyro_reader *reader, const struct pyro_span *spans,
			      size_t count, size_t *ret_done);
	uint64_t frame, entry; /* C code, called by its caller, resumes it */
	const uint64_t *torn;
} half_stored;

static enum pyro_rc read_half_stored(struct pyro_reader *reader, const struct pyro_span *spans,
				     size_t count, size_t *ret_done)
{
	struct fake *fake = (struct fake *)reader;

	if (half_stored.torn && *half_stored.torn)
		fake_put(fake, half_stored.frame + fake->layout.fr_previous, half_stored.entry, 8);
	return half_stored.readv(reader, spans, count, ret_done);
}

/* A stack that stays partial is handed on without a proof, and one that becomes whole with it. */
static void a_half_stored_stack_is_read_later(void **state)
{
	static const uint8_t locations[] = {0x80 | 10 << 3 | 1, 0, 0};
	const struct fake_code code = {"f", "f", "f.py", 10, locations, sizeof(locations), 6, 7};

	for (int whole = 0; whole < 2; whole++) {
		struct fake *fake = fake_create(12, false);
		const uint64_t addr = fake_code(fake, &code);
		struct pyro_freeze freeze = {.method = PYRO_PROOF_BY_PROC, .scratch = &scratch};
		struct pyro_sched_thread *kernel;
		struct pyro_freeze_view view;
		const struct pyro_look *look;
		struct pyro_python *python;
		struct pyro_seat seat;
		uint64_t caller;
		int go;
		const int pid = child_start(NULL, &go);

		caller = fake_frame(fake, 0, addr, 0, 0);
		half_stored.entry = fake_frame(fake, caller, 0, 0, 3);
		half_stored.frame = fake_frame(fake, 0, addr, 0, 1);
		fake_cframe_below(fake, fake_thread(fake, 0x1000, 11, half_stored.frame), caller);
		assert_int_equal(pyro_python_create(&fake->reader, &fake->origin, &python, NULL),
				 0);
		assert_int_equal(pyro_python_look(python, &look), 0);
		half_stored.readv = fake->reader.readv;
		half_stored.torn = whole ? &freeze.torn : NULL;
		fake->reader.readv = read_half_stored;
		assert_int_equal(
			pyro_sched_create(PYRO_SCHED_PROC, NULL, NULL, &freeze.sched, NULL), 0);
		pyro_seat_init(&seat);
		freeze.seat = &seat;
		kernel = pyro_sched_thread(freeze.sched, pid, pid);
		assert_non_null(kernel);
		do {
			nap(1000);
			assert_int_equal(pyro_sched_refresh(freeze.sched, kernel), 0);
		} while (kernel->state != PYRO_SCHED_BLOCKED);

		assert_int_equal(pyro_freeze_read(&freeze, python, 0, kernel, false, &stack, &view),
				 0);
		assert_int_equal(freeze.torn, whole ? 1 : 3);
		assert_int_equal(stack.partial, !whole);
		assert_int_equal(stack.count, whole ? 2 : 1);
		assert_int_equal(view.proof, whole ? PYRO_SAMPLE_STILL : PYRO_SAMPLE_NONE);

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(go);
		pyro_sched_destroy(freeze.sched);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

static int load(void **state)
{
	interpreters_load(&interpreters);
	return 0;
}

static int unload(void **state)
{
	interpreters_deinit(&interpreters);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupts_prove),
		cmocka_unit_test(switch_records_prove),
		cmocka_unit_test(proc_proves),
		cmocka_unit_test(stopping_proves),
		cmocka_unit_test(rereading_is_no_proof),
		cmocka_unit_test(reading_once_is_no_proof),
		cmocka_unit_test(a_sleeper_is_still_by_records),
		cmocka_unit_test(a_sleeper_is_still_by_proc),
		cmocka_unit_test(an_ended_target_is_gone),
		cmocka_unit_test(a_half_stored_stack_is_read_later),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
