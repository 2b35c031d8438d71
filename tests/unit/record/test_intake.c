/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/intake.h"
#include "sample/message.h"
#include "support/scratch.h"

#define START 1000000u

static struct scratch scratch;
static struct pyro_profile *profile;
static struct pyro_capture_writer *writer;
static struct pyro_queue *queue;
static struct pyro_intake *intake;
static struct pyro_alive *alive;

static int set_up(void **state)
{
	scratch_make(&scratch, "capture.pyro");
	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_writer_create(scratch.path, profile, &writer, NULL),
			 PYRO_RC_OK);
	assert_int_equal(pyro_queue_create(1 << 20, &queue), PYRO_RC_OK);
	assert_int_equal(pyro_alive_create(&alive), PYRO_RC_OK);
	assert_int_equal(pyro_intake_create(profile, writer, alive, START, &intake), PYRO_RC_OK);
	return 0;
}

static int tear_down(void **state)
{
	pyro_intake_destroy(intake);
	pyro_alive_destroy(alive);
	pyro_queue_destroy(queue);
	pyro_capture_writer_destroy(writer);
	pyro_profile_destroy(profile);
	scratch_remove(&scratch);
	return 0;
}

static void put(const struct pyro_message *message, const void *tail, size_t size)
{
	assert_true(pyro_queue_put(queue, message, sizeof(*message), tail, size));
}

static void put_process(uint32_t process, int pid, int parent)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_PROCESS, .process = process};

	message.u.process_info.pid = pid;
	message.u.process_info.parent = parent;
	message.u.process_info.at_ns = START + 10;
	message.u.process_info.version_text = "3.13.0";
	put(&message, "python shop.py", 14);
}

static void put_process_end(uint32_t process)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_PROCESS_END, .process = process};

	message.u.process_info.at_ns = START + 5000;
	put(&message, NULL, 0);
}

static void put_thread(uint32_t process, uint32_t thread, bool main, const char *name)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_THREAD, .process = process};

	message.u.thread.thread = thread;
	message.u.thread.tid = 70 + (int)thread % 1000;
	message.u.thread.main = main;
	message.u.thread.at_ns = START + 20;
	put(&message, name, strlen(name));
}

static void put_named(enum pyro_message_kind kind, uint32_t process, uint32_t thread,
		      const char *name)
{
	struct pyro_message message = {.kind = (uint16_t)kind, .process = process};

	message.u.thread.thread = thread;
	message.u.thread.at_ns = START + 4020;
	message.u.thread.run_ns = 3000;
	message.u.thread.exact = true;
	put(&message, name, strlen(name));
}

static void put_code(uint32_t process, uint32_t code, const char *name)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_CODE, .process = process};

	message.u.code.code = code;
	message.u.code.first_line = 3;
	message.u.code.qualname = name;
	message.u.code.file = "shop.py";
	put(&message, NULL, 0);
}

static void put_stack(uint32_t process, uint32_t stack, const struct pyro_message_frame *frames,
		      uint32_t count, uint32_t said)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_STACK, .process = process};

	message.u.stack.stack = stack;
	message.u.stack.count = said;
	message.u.stack.root = PYRO_NO_ROOT;
	put(&message, frames, count * sizeof(*frames));
}

/* One that a task begins on, at frame @root. */
static void put_task_stack(uint32_t stack, const struct pyro_message_frame *frames, uint32_t count,
			   uint32_t root)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_STACK};

	message.u.stack.stack = stack;
	message.u.stack.count = count;
	message.u.stack.root = root;
	put(&message, frames, count * sizeof(*frames));
}

static void put_task(uint32_t task, uint32_t thread, uint32_t code, const char *name)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_TASK};

	message.u.task.task = task;
	message.u.task.thread = thread;
	message.u.task.code = code;
	put(&message, name, strlen(name));
}

static void put_task_time(uint32_t task, uint32_t stack, uint32_t prefix, bool ran, uint8_t reason)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_TASK_TIME};

	message.u.task_time.task = task;
	message.u.task_time.stack = stack;
	message.u.task_time.prefix = prefix;
	message.u.task_time.ran = ran;
	message.u.task_time.reason = reason;
	message.u.task_time.wall_ns = 500;
	message.u.task_time.cpu_ns = ran ? 500 : 0;
	message.u.task_time.looks = 1;
	message.u.task_time.began = 2;
	put(&message, NULL, 0);
}

static void put_sample(uint32_t process, uint32_t thread, uint32_t stack, uint8_t proof)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_SAMPLE, .process = process};

	message.u.sample.at_ns = START + 2000;
	message.u.sample.wall_ns = 1000;
	message.u.sample.cpu_ns = 600;
	message.u.sample.thread = thread;
	message.u.sample.stack = stack;
	message.u.sample.looks = 2;
	message.u.sample.proof = proof;
	message.u.sample.holds_gil = true;
	message.u.sample.on_cpu = true;
	put(&message, NULL, 0);
}

static const struct pyro_message_frame pair[] = {{.code = 1, .line = 5}, {.code = 0, .line = 9}};

static const char *text_of(uint32_t string)
{
	return pyro_profile_string_get(profile, string, NULL);
}

static void what_is_said_is_in_the_profile(void **state)
{
	const struct pyro_process_info *process;
	const struct pyro_total *total;
	const struct pyro_track *track;
	const struct pyro_stack *leaf;
	struct pyro_profile_counts counts;

	put_process(0, 7, 0);
	put_thread(0, 0, true, "python");
	put_code(0, 0, "main");
	put_code(0, 1, "work");
	put_stack(0, 0, pair, 2, 2);
	put_sample(0, 0, 0, PYRO_SAMPLE_SWITCH);
	put_sample(0, 0, 0, PYRO_SAMPLE_REREAD);
	put_thread(0, 1, false, "python");
	put_named(
		PYRO_MESSAGE_THREAD_NAME, 0, 1,
		"worker-1 of the pool that answers requests for pictures of storefronts by night");
	put_named(PYRO_MESSAGE_THREAD_END, 0, 0, "");
	put_process_end(0);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	assert_int_equal(pyro_queue_used(queue), 0);
	assert_string_equal(pyro_intake_python(intake), "3.13.0");
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.functions, 2);
	assert_int_equal(counts.stacks, 2);
	assert_int_equal(counts.tracks, 2);
	assert_int_equal(counts.totals, 1);
	process = pyro_profile_process_get(profile, 0);
	assert_int_equal(process->pid, 7);
	assert_int_equal(process->start_ns, 10);
	assert_int_equal(process->end_ns, 5000);
	assert_string_equal(text_of(process->command), "python shop.py");
	assert_string_equal(text_of(process->python), "CPython 3.13.0");
	track = pyro_profile_track_get(profile, 0);
	assert_string_equal(text_of(track->name), "MainThread");
	assert_int_equal(track->wall_ns, 4000);
	assert_int_equal(track->cpu_ns, 3000);
	assert_true(track->exact_cpu);
	assert_string_equal(
		text_of(pyro_profile_track_get(profile, 1)->name),
		"worker-1 of the pool that answers requests for pictures of storefronts by night");
	/* Frames come leaf first and are stored root first. */
	total = pyro_profile_total_get(profile, 0);
	assert_int_equal(total->values[PYRO_METRIC_WALL], 2000);
	assert_int_equal(total->values[PYRO_METRIC_CPU], 1200);
	assert_int_equal(total->values[PYRO_METRIC_GIL_HELD], 2000);
	assert_int_equal(total->values[PYRO_METRIC_SAMPLES], 4);
	leaf = pyro_profile_stack_get(profile, total->stack);
	assert_int_equal(pyro_profile_frame_get(profile, leaf->frame)->line, 5);
	assert_int_not_equal(leaf->parent, PYRO_NONE);
	assert_int_equal(pyro_profile_quality(profile)->samples, 4);
	assert_int_equal(pyro_profile_quality(profile)->proved, 2);
	assert_int_equal(pyro_profile_quality(profile)->unproved, 2);
	assert_int_equal(pyro_profile_quality(profile)->proof_switch, 2);
	assert_int_equal(pyro_profile_quality(profile)->proof_reread, 2);
}

static void put_object(uint32_t object, uint32_t thread, uint32_t stack, const char *kind,
		       uint8_t reason, const char *name)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_OBJECT};

	message.u.object.object = object;
	message.u.object.thread = thread;
	message.u.object.stack = stack;
	message.u.object.kind = kind;
	message.u.object.reason = reason;
	put(&message, name, strlen(name));
}

static void put_wait(uint8_t reason, uint32_t object)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_SAMPLE};

	message.u.sample.at_ns = START + 2000;
	message.u.sample.wall_ns = 500;
	message.u.sample.looks = 3;
	message.u.sample.reason = reason;
	message.u.sample.object = object;
	put(&message, NULL, 0);
}

static void waits_are_metrics_and_rows_by_object(void **state)
{
	static const uint8_t reasons[] = {
		PYRO_SAMPLE_WAITS_CPU,   PYRO_SAMPLE_WAITS_GIL,   PYRO_SAMPLE_WAITS_LOCK,
		PYRO_SAMPLE_WAITS_IO,    PYRO_SAMPLE_WAITS_NET,   PYRO_SAMPLE_WAITS_SLEEP,
		PYRO_SAMPLE_WAITS_OTHER, PYRO_SAMPLE_WAITS_OTHER,
	};
	const struct pyro_object *object;
	const struct pyro_total *total;
	struct pyro_profile_counts counts;
	uint64_t sum = 0;

	put_process(0, 7, 0);
	put_thread(0, 0, true, "python");
	put_thread(0, 1, false, "python");
	put_code(0, 0, "main");
	put_code(0, 1, "work");
	put_stack(0, 0, pair, 2, 2);
	put_object(0, 1, 0, "gil", PYRO_SAMPLE_WAITS_GIL, "");
	put_object(1, UINT32_MAX, UINT32_MAX, "socket", PYRO_SAMPLE_WAITS_NET, "a from b");
	put_object(2, 77, 77, "lock", 99, "0x1"); /* what nobody knows is a wait like any other */
	put_object(3, 0, 0, "none", PYRO_SAMPLE_RUNS, "");
	for (size_t i = 0; i < sizeof(reasons); i++)
		put_wait(reasons[i], PYRO_NO_OBJECT);
	put_wait(PYRO_SAMPLE_WAITS_GIL, 0);
	put_wait(PYRO_SAMPLE_WAITS_NET, 1);
	put_wait(PYRO_SAMPLE_WAITS_NET, 1);
	put_wait(PYRO_SAMPLE_WAITS_NET, 4711);
	put_sample(0, 0, 0, PYRO_SAMPLE_SWITCH);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.objects, 3);
	assert_int_equal(counts.waits, 2);
	object = pyro_profile_object_get(profile, 0);
	assert_int_equal(object->metric, PYRO_METRIC_GIL_WAIT);
	assert_int_equal(object->track, 1);
	assert_int_equal(pyro_profile_frame_get(profile, object->frame)->line, 5);
	object = pyro_profile_object_get(profile, 1);
	assert_string_equal(text_of(object->kind), "socket");
	assert_string_equal(text_of(object->name), "a from b");
	assert_int_equal(object->track, PYRO_NONE);
	assert_int_equal(object->frame, PYRO_NONE);
	assert_int_equal(pyro_profile_object_get(profile, 2)->metric, PYRO_METRIC_WAIT_OTHER);
	assert_int_equal(pyro_profile_wait_get(profile, 1)->ns, 1000);
	assert_int_equal(pyro_profile_wait_get(profile, 1)->samples, 6);
	total = pyro_profile_total_get(profile, 0);
	assert_int_equal(total->values[PYRO_METRIC_WAIT_NET], 2000);
	assert_int_equal(total->values[PYRO_METRIC_WAIT_OTHER], 1000);
	assert_int_equal(total->values[PYRO_METRIC_READY], 500 + 400);
	for (int i = PYRO_REASON_NONE + 1; i < PYRO_REASON_COUNT; i++)
		sum += total->values[pyro_reason_info((enum pyro_reason)i)->metric];
	assert_int_equal(sum, total->values[PYRO_METRIC_WAIT]);
	assert_int_equal(sum + total->values[PYRO_METRIC_CPU], total->values[PYRO_METRIC_WALL]);
}

static void numbers_are_of_their_process(void **state)
{
	struct pyro_profile_counts counts;

	for (uint32_t process = 0; process < 20; process++) {
		put_process(process, 7 + (int)process, process ? 7 : 0);
		put_thread(process, process, true, "x");
		put_code(process, 0, process % 2 ? "odd" : "even");
		put_code(process, 1, "work");
		put_stack(process, 0, pair, 2, 2);
		put_sample(process, process, 0, PYRO_SAMPLE_SWITCH);
	}
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.processes, 20);
	assert_int_equal(counts.functions, 3);
	assert_int_equal(counts.totals, 20);
	assert_int_equal(pyro_profile_process_get(profile, 0)->parent, PYRO_NONE);
	assert_int_equal(pyro_profile_process_get(profile, 19)->parent, 0);
}

/* Where a message was refused, what refers to it comes all the same. */
static void what_was_not_announced_is_left_out(void **state)
{
	struct pyro_profile_counts counts;

	put_thread(3, 0, true, "x");
	put_code(3, 0, "f");
	put_stack(3, 0, pair, 2, 2);
	put_sample(3, 0, 0, PYRO_SAMPLE_SWITCH);
	put_named(PYRO_MESSAGE_THREAD_NAME, 3, 0, "x");
	put_named(PYRO_MESSAGE_THREAD_END, 3, 0, "");
	put_process_end(3);
	put_process_end(UINT32_MAX);
	put_sample(UINT32_MAX, UINT32_MAX, UINT32_MAX, PYRO_SAMPLE_SWITCH);
	put_named(PYRO_MESSAGE_THREAD_END, 0, UINT32_MAX, "");
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.processes, 0);
	assert_int_equal(counts.tracks, 0);
	assert_int_equal(counts.totals, 0);
	/* A known process with an unknown thread, and with an unknown stack. */
	put_process(0, 7, 0);
	put_sample(0, 5, 0, PYRO_SAMPLE_SWITCH);
	put_thread(0, 0, true, "x");
	put_sample(0, 0, 77, PYRO_SAMPLE_SWITCH);
	put_sample(0, 0, UINT32_MAX, 255);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.totals, 1);
	assert_int_equal(pyro_profile_total_get(profile, 0)->stack, PYRO_NONE);
}

/* After the end of a process its numbers mean nothing any more. */
static void the_dead_are_not_mixed_up(void **state)
{
	put_process(0, 7, 0);
	put_thread(0, 0, true, "x");
	put_code(0, 0, "main");
	put_code(0, 1, "work");
	put_stack(0, 0, pair, 2, 2);
	put_process_end(0);
	put_process_end(0);
	put_sample(0, 0, 0, PYRO_SAMPLE_SWITCH);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	assert_int_equal(pyro_profile_total_get(profile, 0)->stack, PYRO_NONE);
}

/* Fails with @expected, and for good; the queue is emptied all the same. */
static void fails_with(enum pyro_rc expected)
{
	put_process(1, 8, 0);
	assert_int_equal(pyro_intake_drain(intake, queue), expected);
	assert_int_equal(pyro_queue_used(queue), 0);
	put_process_end(1);
	assert_int_equal(pyro_intake_drain(intake, queue), expected);
	assert_int_equal(pyro_queue_used(queue), 0);
}

static void a_huge_process_number_is_an_error(void **state)
{
	put_process(UINT32_MAX, 7, 0);
	fails_with(PYRO_RC_LIMIT);
}

static void a_huge_thread_number_is_an_error(void **state)
{
	put_process(0, 7, 0);
	put_thread(0, UINT32_MAX, true, "x");
	fails_with(PYRO_RC_LIMIT);
}

static void a_huge_code_number_is_an_error(void **state)
{
	put_process(0, 7, 0);
	put_code(0, UINT32_MAX, "f");
	fails_with(PYRO_RC_LIMIT);
}

static void a_huge_stack_number_is_an_error(void **state)
{
	put_process(0, 7, 0);
	put_code(0, 0, "f");
	put_code(0, 1, "g");
	put_stack(0, UINT32_MAX, pair, 2, 2);
	fails_with(PYRO_RC_LIMIT);
}

static void frames_of_unknown_code_are_an_error(void **state)
{
	put_process(0, 7, 0);
	put_stack(0, 0, pair, 2, 2);
	fails_with(PYRO_RC_FORMAT);
}

static void frames_that_are_not_there_are_an_error(void **state)
{
	put_process(0, 7, 0);
	put_code(0, 0, "f");
	put_code(0, 1, "g");
	put_stack(0, 0, pair, 2, UINT32_MAX);
	fails_with(PYRO_RC_FORMAT);
}

static void half_a_message_is_an_error(void **state)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_PROCESS_END};

	assert_true(pyro_queue_put(queue, &message, 8, NULL, 0));
	fails_with(PYRO_RC_FORMAT);
}

static void a_message_of_no_kind_is_an_error(void **state)
{
	const struct pyro_message message = {.kind = 999};

	put(&message, NULL, 0);
	fails_with(PYRO_RC_FORMAT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static uint32_t depth_of(uint32_t stack)
{
	return pyro_profile_stack_get(profile, stack)->depth;
}

static const char *root_of(uint32_t stack)
{
	const struct pyro_stack *at = pyro_profile_stack_get(profile, stack);

	while (at->parent != PYRO_NONE)
		at = pyro_profile_stack_get(profile, at->parent);
	return text_of(pyro_profile_function_get(
			       profile, pyro_profile_frame_get(profile, at->frame)->function)
			       ->name);
}

/* The task's part of the thread's stack, on top of the task that awaits it. */
static void stacks_of_tasks_are_logical(void **state)
{
	const struct pyro_message_frame thread[] = {{2, 7}, {1, 5}, {0, 9}};
	const struct pyro_message_frame parent[] = {{3, 4}};
	struct pyro_profile_counts counts;

	put_process(0, 42, 0);
	put_thread(0, 0, true, "");
	put_code(0, 0, "run_forever");
	put_code(0, 1, "handler");
	put_code(0, 2, "query");
	put_code(0, 3, "main");
	put_task_stack(0, thread, 3, 1);
	put_task_stack(1, parent, 1, PYRO_NO_ROOT);
	put_task(0, 0, 1, "");
	put_task(1, 9999, 1, "first"); /* of a thread that is not known */
	put_task_time(0, 0, UINT32_MAX, true, PYRO_SAMPLE_RUNS);
	put_task_time(0, 0, 1, true, PYRO_SAMPLE_RUNS);
	put_task_time(0, 0, 1, true, PYRO_SAMPLE_RUNS);
	put_task_time(0, 1, UINT32_MAX, false, PYRO_SAMPLE_WAITS_SLEEP);
	put_task_time(7, 1, UINT32_MAX, false, PYRO_SAMPLE_WAITS_SLEEP);  /* no such task */
	put_task_time(0, 77, UINT32_MAX, false, PYRO_SAMPLE_WAITS_SLEEP); /* no such stack */
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.tasks, 2);
	assert_int_equal(counts.task_totals, 3);
	assert_int_equal(pyro_profile_task_get(profile, 0)->tasks, 8);
	assert_int_equal(pyro_profile_task_get(profile, 1)->track, PYRO_NONE);
	for (size_t i = 0; i < counts.task_totals; i++) {
		const struct pyro_task_total *total = pyro_profile_task_total_get(profile, i);

		assert_string_equal(root_of(total->stack), i == 0 ? "handler" : "main");
		assert_int_equal(depth_of(total->stack), i == 0 ? 2 : i == 1 ? 3 : 1);
		assert_int_equal(total->values[PYRO_METRIC_WALL], i == 1 ? 1000 : 500);
		assert_int_equal(total->values[PYRO_METRIC_WAIT_SLEEP], i == 2 ? 500 : 0);
	}
	(void)state;
}

static void put_task_now(uint32_t number, uint32_t task, uint32_t stack, uint8_t state,
			 const char *name)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_TASK_NOW};

	message.u.task_now.number = number;
	message.u.task_now.task = task;
	message.u.task_now.stack = stack;
	message.u.task_now.state = state;
	message.u.task_now.wait = state == PYRO_SAMPLE_TASK_WAITS; /* asleep */
	message.u.task_now.began_ns = START + 100;
	message.u.task_now.since_ns = START + 200;
	message.u.task_now.seen_ns = START + 300;
	message.u.task_now.cpu_ns = 40;
	message.u.task_now.known = !name;
	put(&message, name, name ? strlen(name) : 0);
}

static void put_tasks(enum pyro_message_kind kind, uint32_t number)
{
	struct pyro_message message = {.kind = (uint16_t)kind};

	if (kind == PYRO_MESSAGE_TASK_GONE) {
		message.u.task_now.number = number;
	} else {
		message.u.tasks_at.at_ns = START + 900;
		message.u.tasks_at.sure_ns = START + 700;
		message.u.tasks_at.unseen = 12;
	}
	put(&message, NULL, 0);
}

static const struct pyro_alive_row *alive_of(const struct pyro_alive_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (strcmp(rows->rows[i].name, name) == 0)
			return &rows->rows[i];
	}
	fail_msg("no task %s", name);
	return NULL;
}

/* Tasks one by one are not of the profile: they are there as long as they live. */
static void those_that_live_are_told_apart(void **state)
{
	const struct pyro_message_frame thread[] = {{1, 5}, {0, 9}};
	const struct pyro_message_frame suspended[] = {{2, 7}, {1, 4}};
	struct pyro_alive_rows rows;
	const struct pyro_alive_row *row;
	struct pyro_profile_counts before, after;

	put_process(0, 42, 0);
	put_thread(0, 0, true, "");
	put_code(0, 0, "run_forever");
	put_code(0, 1, "handler");
	put_code(0, 2, "query");
	put_task_stack(0, thread, 2, 0);
	put_task_stack(1, suspended, 2, PYRO_NO_ROOT);
	put_task(0, 0, 1, "");
	put_task_now(3, 0, 0, PYRO_SAMPLE_TASK_BLOCKS, "Task-4");
	put_task_now(5, 0, 1, PYRO_SAMPLE_TASK_READY, "Task-6");
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	pyro_profile_counts(profile, &before);
	put_task_now(5, 0, 1, PYRO_SAMPLE_TASK_WAITS, NULL);
	put_task_now(6, 0, 77, PYRO_SAMPLE_TASK_WAITS, "somewhere"); /* no such stack */
	put_task_now(7, 9, 1, PYRO_SAMPLE_TASK_WAITS, "of none");    /* no such group */
	put_task_now(8, 0, 1, 99, "of no state");
	put_task_now(9, 0, 1, PYRO_SAMPLE_TASK_READY, NULL); /* was not told of before */
	put_tasks(PYRO_MESSAGE_TASKS_AT, 0);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	assert_int_equal(pyro_alive_take(alive, 0, 1000, &rows), PYRO_RC_OK);
	assert_int_equal(rows.count, 3);
	assert_int_equal(rows.unseen, 12);
	row = alive_of(&rows, "Task-4");
	assert_int_equal(row->task.state, PYRO_ALIVE_BLOCKING);
	assert_int_equal(depth_of(row->task.stack), 1); /* without the event loop */
	assert_string_equal(root_of(row->task.stack), "handler");
	assert_string_equal(row->task.wait, "");
	assert_int_equal(row->running_ns, 40);
	assert_int_equal(row->waiting_ns, 900 - 100 - 40);
	assert_int_equal(row->lasted_ns, 700 - 200);
	row = alive_of(&rows, "Task-6");
	assert_int_equal(row->task.state, PYRO_ALIVE_WAITING);
	assert_string_equal(row->task.wait, "sleeping");
	assert_int_equal(depth_of(row->task.stack), 2);
	assert_int_equal(alive_of(&rows, "somewhere")->task.stack, PYRO_NONE);
	pyro_alive_rows_deinit(&rows);
	/* A server's names are without end. */
	pyro_profile_counts(profile, &after);
	assert_int_equal(after.strings, before.strings);
	put_tasks(PYRO_MESSAGE_TASK_GONE, 5);
	put_tasks(PYRO_MESSAGE_TASK_GONE, 55);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	assert_int_equal(pyro_alive_count(alive), 2);
	put_process_end(0);
	assert_int_equal(pyro_intake_drain(intake, queue), PYRO_RC_OK);
	assert_int_equal(pyro_alive_count(alive), 0);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_said_is_in_the_profile),
		CASE(stacks_of_tasks_are_logical),
		CASE(those_that_live_are_told_apart),
		CASE(waits_are_metrics_and_rows_by_object),
		CASE(numbers_are_of_their_process),
		CASE(what_was_not_announced_is_left_out),
		CASE(the_dead_are_not_mixed_up),
		CASE(a_huge_process_number_is_an_error),
		CASE(a_huge_thread_number_is_an_error),
		CASE(a_huge_code_number_is_an_error),
		CASE(a_huge_stack_number_is_an_error),
		CASE(frames_of_unknown_code_are_an_error),
		CASE(frames_that_are_not_there_are_an_error),
		CASE(half_a_message_is_an_error),
		CASE(a_message_of_no_kind_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
