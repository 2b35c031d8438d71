/* SPDX-License-Identifier: Apache-2.0 */
#include "record/intake.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "record/intake_tasks.h"
#include "record/natives.h"
#include "sample/message.h"
#include "sample/sampler.h"

/* A list from the sampler's small numbers to the profile's. */
struct numbers {
	uint32_t *items;
	size_t capacity;
};

struct process {
	uint32_t index;               /* in the profile */
	struct numbers codes;         /* code number to function */
	struct pyro_natives *natives; /* names for machine code; NULL: there is none, or none can
					 be had */
	struct numbers stacks;        /* stack number to stack */
	struct numbers objects;       /* object number to object */
	struct pyro_intake_tasks tasks;
};

struct pyro_intake {
	struct pyro_profile *profile;
	struct pyro_capture_writer *writer;
	struct pyro_alive *alive;
	uint64_t start_ns;
	struct process *processes;
	size_t process_capacity;
	struct numbers threads; /* thread number to track */
	char python[64];
	enum pyro_rc failed;
};

#define MAX_NUMBER         (1u << 26)
#define MAX_PROCESS_NUMBER (1u << 22)

static enum pyro_rc numbers_set(struct numbers *numbers, uint32_t number, uint32_t value)
{
	if (number >= MAX_NUMBER)
		return PYRO_RC_LIMIT;
	if (number >= numbers->capacity) {
		size_t capacity = numbers->capacity ? numbers->capacity : 64;
		uint32_t *items;

		while (capacity <= number)
			capacity *= 2;
		items = reallocarray(numbers->items, capacity, sizeof(*items));
		if (!items)
			return PYRO_RC_NOMEM;
		for (size_t i = numbers->capacity; i < capacity; i++)
			items[i] = PYRO_NONE;
		numbers->items = items;
		numbers->capacity = capacity;
	}
	numbers->items[number] = value;
	return PYRO_RC_OK;
}

static uint32_t numbers_get(const struct numbers *numbers, uint32_t number)
{
	return number < numbers->capacity ? numbers->items[number] : PYRO_NONE;
}

enum pyro_rc pyro_intake_create(struct pyro_profile *profile, struct pyro_capture_writer *writer,
				struct pyro_alive *alive, uint64_t start_ns,
				struct pyro_intake **ret_intake)
{
	struct pyro_intake *intake = calloc(1, sizeof(*intake));

	if (!intake)
		return PYRO_RC_NOMEM;
	intake->profile = profile;
	intake->writer = writer;
	intake->alive = alive;
	intake->start_ns = start_ns;
	*ret_intake = intake;
	return PYRO_RC_OK;
}

static void forget_process(struct process *process)
{
	pyro_natives_destroy(process->natives);
	process->natives = NULL;
	free(process->codes.items);
	free(process->stacks.items);
	free(process->objects.items);
	pyro_intake_tasks_deinit(&process->tasks);
	process->codes = process->stacks = process->objects = (struct numbers){0};
}

void pyro_intake_destroy(struct pyro_intake *intake)
{
	if (!intake)
		return;
	for (size_t i = 0; i < intake->process_capacity; i++)
		forget_process(&intake->processes[i]);
	free(intake->processes);
	free(intake->threads.items);
	free(intake);
}

const char *pyro_intake_python(const struct pyro_intake *intake)
{
	return intake->python;
}

static uint64_t since_start(const struct pyro_intake *intake, uint64_t at_ns)
{
	return pyro_clock_since(intake->start_ns, at_ns);
}

static struct process *process_of(struct pyro_intake *intake, const struct pyro_message *message)
{
	if (message->process >= intake->process_capacity ||
	    intake->processes[message->process].index == PYRO_NONE)
		return NULL;
	return &intake->processes[message->process];
}

static enum pyro_rc grow_processes(struct pyro_intake *intake, uint32_t number)
{
	size_t capacity = intake->process_capacity ? intake->process_capacity : 8;
	struct process *processes;

	if (number < intake->process_capacity)
		return PYRO_RC_OK;
	if (number >= MAX_PROCESS_NUMBER)
		return PYRO_RC_LIMIT;
	while (capacity <= number)
		capacity *= 2;
	processes = reallocarray(intake->processes, capacity, sizeof(*processes));
	if (!processes)
		return PYRO_RC_NOMEM;
	for (size_t i = intake->process_capacity; i < capacity; i++)
		processes[i] = (struct process){.index = PYRO_NONE};
	intake->processes = processes;
	intake->process_capacity = capacity;
	return PYRO_RC_OK;
}

static enum pyro_rc text(struct pyro_intake *intake, const char *string, uint32_t *ret_string)
{
	return pyro_profile_string(intake->profile, string, strlen(string), ret_string);
}

static uint32_t parent_index(const struct pyro_intake *intake, int pid)
{
	/* The newest process of that id: ids are given again. */
	struct pyro_profile_counts counts;

	pyro_profile_counts(intake->profile, &counts);
	for (uint32_t i = counts.processes; pid && i-- > 0;) {
		if (pyro_profile_process_get(intake->profile, i)->pid == pid)
			return i;
	}
	return PYRO_NONE;
}

/* Without them there are no frames of machine code. */
static void name_natives(struct pyro_intake *intake, struct process *process)
{
	const int pid = pyro_profile_process_get(intake->profile, process->index)->pid;

	if (pyro_natives_create(pid, intake->profile, &process->natives, NULL))
		process->natives = NULL;
}

static enum pyro_rc take_process(struct pyro_intake *intake, const struct pyro_message *message,
				 size_t command_size)
{
	struct pyro_process_info info = {
		.pid = message->u.process_info.pid,
		.start_ns = since_start(intake, message->u.process_info.at_ns),
	};
	char python[96];
	enum pyro_rc rc = grow_processes(intake, message->process);

	if (rc)
		return rc;
	snprintf(python, sizeof(python), "CPython %s%s", message->u.process_info.version_text,
		 message->u.process_info.free_threaded ? " free-threaded" : "");
	if (!intake->python[0])
		snprintf(intake->python, sizeof(intake->python), "%s",
			 message->u.process_info.version_text);
	info.parent = parent_index(intake, message->u.process_info.parent);
	rc = pyro_profile_string(intake->profile, (const char *)(message + 1), command_size,
				 &info.command);
	if (!rc)
		rc = text(intake, python, &info.python);
	if (!rc)
		rc = pyro_profile_process(intake->profile, &info,
					  &intake->processes[message->process].index);
	if (rc)
		return rc;
	pyro_intake_tasks_init(&intake->processes[message->process].tasks);
	/* Now, while it is there. */
	if (message->u.process_info.native)
		name_natives(intake, &intake->processes[message->process]);
	return PYRO_RC_OK;
}

static enum pyro_rc take_process_end(struct pyro_intake *intake, const struct pyro_message *message)
{
	struct process *process = process_of(intake, message);

	pyro_sampler_release(message->u.process_info.owner);
	if (!process)
		return PYRO_RC_OK;
	pyro_profile_process_get(intake->profile, process->index)->end_ns =
		since_start(intake, message->u.process_info.at_ns);
	if (intake->alive)
		pyro_alive_remove_process(intake->alive, process->index);
	forget_process(process);
	return PYRO_RC_OK;
}

static enum pyro_rc take_thread(struct pyro_intake *intake, const struct pyro_message *message,
				size_t name_size)
{
	const struct process *process = process_of(intake, message);
	struct pyro_track track = {
		.tid = message->u.thread.tid,
		.main = message->u.thread.main,
		.start_ns = since_start(intake, message->u.thread.at_ns),
	};
	uint32_t index;
	enum pyro_rc rc;

	if (!process)
		return PYRO_RC_OK;
	track.process = process->index;
	rc = track.main ? text(intake, "MainThread", &track.name)
			: pyro_profile_string(intake->profile, (const char *)(message + 1),
					      name_size, &track.name);
	if (!rc)
		rc = pyro_profile_track(intake->profile, &track, &index);
	return rc ? rc : numbers_set(&intake->threads, message->u.thread.thread, index);
}

static enum pyro_rc take_thread_name(struct pyro_intake *intake, const struct pyro_message *message,
				     size_t name_size)
{
	const uint32_t track = numbers_get(&intake->threads, message->u.thread.thread);
	uint32_t name;
	enum pyro_rc rc;

	if (track == PYRO_NONE)
		return PYRO_RC_OK;
	rc = pyro_profile_string(intake->profile, (const char *)(message + 1), name_size, &name);
	if (!rc)
		pyro_profile_track_get(intake->profile, track)->name = name;
	return rc;
}

static enum pyro_rc take_thread_end(struct pyro_intake *intake, const struct pyro_message *message)
{
	const uint32_t index = numbers_get(&intake->threads, message->u.thread.thread);
	struct pyro_track *track;

	if (index == PYRO_NONE)
		return PYRO_RC_OK;
	track = pyro_profile_track_get(intake->profile, index);
	track->end_ns = since_start(intake, message->u.thread.at_ns);
	track->wall_ns = track->end_ns > track->start_ns ? track->end_ns - track->start_ns : 0;
	if (message->u.thread.exact) {
		track->exact_cpu = true;
		track->cpu_ns = message->u.thread.run_ns;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc take_code(struct pyro_intake *intake, const struct pyro_message *message)
{
	struct process *process = process_of(intake, message);
	struct pyro_function function = {.first_line = message->u.code.first_line};
	uint32_t index;
	enum pyro_rc rc;

	if (!process)
		return PYRO_RC_OK;
	rc = text(intake, message->u.code.qualname, &function.name);
	if (!rc)
		rc = text(intake, message->u.code.file, &function.file);
	if (!rc)
		rc = pyro_profile_function(intake->profile, &function, &index);
	return rc ? rc : numbers_set(&process->codes, message->u.code.code, index);
}

/* Of the program, or of the kernel. */
static enum pyro_rc take_native(struct pyro_intake *intake, const struct pyro_message *message,
				size_t name_size)
{
	struct process *process = process_of(intake, message);
	char name[PYRO_MAX_PATH];

	if (!process)
		return PYRO_RC_OK;
	/* What failed may work by now. Numbers count from the first. */
	if (!process->natives && message->u.native.code == PYRO_NATIVE_CODE)
		name_natives(intake, process);
	if (!process->natives)
		return PYRO_RC_OK;
	snprintf(name, sizeof(name), "%.*s",
		 (int)(name_size < sizeof(name) ? name_size : sizeof(name) - 1),
		 (const char *)(message + 1));
	if (message->kind == PYRO_MESSAGE_KERNEL)
		return pyro_natives_add_kernel(process->natives, name);
	return pyro_natives_add(process->natives, message->u.native.pc, message->u.native.addr,
				name);
}

static enum pyro_rc add_python(struct pyro_intake *intake, const struct process *process,
			       const struct pyro_message_frame *from, uint32_t *stack)
{
	const struct pyro_frame frame = {
		.function = numbers_get(&process->codes, from->code),
		.line = from->line,
	};
	uint32_t index;
	enum pyro_rc rc = pyro_profile_frame(intake->profile, &frame, &index);

	return rc ? rc : pyro_profile_stack(intake->profile, *stack, index, stack);
}

/* With what was inlined there. */
static enum pyro_rc add_native(struct pyro_intake *intake, const struct process *process,
			       const struct pyro_message_frame *from, uint32_t *stack)
{
	size_t count = 0;
	const uint32_t *frames =
		process->natives ? pyro_natives_frames(process->natives,
						       from->code & ~PYRO_NATIVE_CODE, &count)
				 : NULL;
	enum pyro_rc rc = PYRO_RC_OK;

	while (count-- > 0 && frames && !rc)
		rc = pyro_profile_stack(intake->profile, *stack, frames[count], stack);
	return rc;
}

static enum pyro_rc take_stack(struct pyro_intake *intake, const struct pyro_message *message,
			       const struct pyro_message_frame *frames, size_t frames_size)
{
	struct process *process = process_of(intake, message);
	uint32_t stack = PYRO_NONE, above = PYRO_NONE;

	if (message->u.stack.count > frames_size / sizeof(*frames))
		return PYRO_RC_FORMAT;
	if (!process)
		return PYRO_RC_OK;
	for (uint32_t i = message->u.stack.count; i-- > 0;) {
		if (i == message->u.stack.root)
			above = stack;
		enum pyro_rc rc = frames[i].code & PYRO_NATIVE_CODE
					  ? add_native(intake, process, &frames[i], &stack)
					  : add_python(intake, process, &frames[i], &stack);

		if (rc == PYRO_RC_LIMIT && stack != PYRO_NONE)
			break; /* the leaf side of what is too deep is left out */
		if (rc)
			return rc;
	}
	if (message->u.stack.root != PYRO_NO_ROOT)
		pyro_intake_tasks_own(&process->tasks, stack, above);
	return numbers_set(&process->stacks, message->u.stack.stack, stack);
}

static enum pyro_rc take_task(struct pyro_intake *intake, const struct pyro_message *message,
			      size_t name_size)
{
	struct process *process = process_of(intake, message);
	struct pyro_task_group task = {0};
	enum pyro_rc rc;

	if (!process)
		return PYRO_RC_OK;
	task.process = process->index;
	task.track = numbers_get(&intake->threads, message->u.task.thread);
	task.function = numbers_get(&process->codes, message->u.task.code);
	rc = pyro_profile_string(intake->profile, (const char *)(message + 1), name_size,
				 &task.name);
	return rc ? rc
		  : pyro_intake_tasks_add(&process->tasks, intake->profile, message->u.task.task,
					  &task);
}

static enum pyro_rc take_task_time(struct pyro_intake *intake, const struct pyro_message *message)
{
	struct process *process = process_of(intake, message);

	if (!process)
		return PYRO_RC_OK;
	return pyro_intake_tasks_time(&process->tasks, intake->profile, message,
				      numbers_get(&process->stacks, message->u.task_time.stack),
				      numbers_get(&process->stacks, message->u.task_time.prefix));
}

static enum pyro_rc take_tasks_at(struct pyro_intake *intake, uint32_t process,
				  const struct pyro_message *message)
{
	const struct pyro_alive_looks looks = {
		.process = process,
		.at_ns = since_start(intake, message->u.tasks_at.at_ns),
		.sure_ns = since_start(intake, message->u.tasks_at.sure_ns),
		.unseen = message->u.tasks_at.unseen,
	};

	return pyro_alive_looked(intake->alive, &looks);
}

static enum pyro_rc take_task_now(struct pyro_intake *intake, const struct pyro_message *message,
				  size_t name_size)
{
	struct process *process = process_of(intake, message);

	if (!process || !intake->alive)
		return PYRO_RC_OK;
	if (message->kind == PYRO_MESSAGE_TASK_GONE) {
		pyro_alive_remove(intake->alive, process->index, message->u.task_now.number);
		return PYRO_RC_OK;
	}
	if (message->kind == PYRO_MESSAGE_TASKS_AT)
		return take_tasks_at(intake, process->index, message);
	return pyro_intake_tasks_now(
		&process->tasks, intake->profile, intake->alive, message, name_size, process->index,
		numbers_get(&process->stacks, message->u.task_now.stack), intake->start_ns);
}

/* What each reason of a sample is in the profile. */
static const enum pyro_reason reasons[PYRO_SAMPLE_REASONS] = {
	[PYRO_SAMPLE_RUNS] = PYRO_REASON_NONE,
	[PYRO_SAMPLE_WAITS_CPU] = PYRO_REASON_READY,
	[PYRO_SAMPLE_WAITS_GIL] = PYRO_REASON_GIL,
	[PYRO_SAMPLE_WAITS_LOCK] = PYRO_REASON_LOCK,
	[PYRO_SAMPLE_WAITS_IO] = PYRO_REASON_IO,
	[PYRO_SAMPLE_WAITS_NET] = PYRO_REASON_NET,
	[PYRO_SAMPLE_WAITS_SLEEP] = PYRO_REASON_SLEEP,
	[PYRO_SAMPLE_WAITS_OTHER] = PYRO_REASON_OTHER,
};

static enum pyro_reason reason_of(uint8_t reason)
{
	return reason < PYRO_SAMPLE_REASONS ? reasons[reason] : PYRO_REASON_OTHER;
}

/* Where the stack was last seen, if it is one. */
static uint32_t frame_of(const struct pyro_intake *intake, uint32_t stack)
{
	const struct pyro_stack *row =
		stack == PYRO_NONE ? NULL : pyro_profile_stack_get(intake->profile, stack);

	return row ? row->frame : PYRO_NONE;
}

/* More kinds of things than a profile holds are waited for without a name. */
static enum pyro_rc unless_full(enum pyro_rc rc)
{
	return rc == PYRO_RC_LIMIT ? PYRO_RC_OK : rc;
}

static enum pyro_rc take_object(struct pyro_intake *intake, const struct pyro_message *message,
				size_t name_size)
{
	struct process *process = process_of(intake, message);
	const struct pyro_reason_info *reason =
		pyro_reason_info(reason_of(message->u.object.reason));
	struct pyro_object object = {.track = PYRO_NONE};
	uint32_t index;
	enum pyro_rc rc;

	if (!process || !reason)
		return PYRO_RC_OK;
	object.metric = reason->metric;
	object.track = numbers_get(&intake->threads, message->u.object.thread);
	object.frame = frame_of(intake, numbers_get(&process->stacks, message->u.object.stack));
	rc = text(intake, message->u.object.kind, &object.kind);
	if (!rc)
		rc = pyro_profile_string(intake->profile, (const char *)(message + 1), name_size,
					 &object.name);
	if (!rc)
		rc = pyro_profile_object(intake->profile, &object, &index);
	if (!rc)
		rc = numbers_set(&process->objects, message->u.object.object, index);
	return unless_full(rc);
}

static enum pyro_rc take_wait(struct pyro_intake *intake, const struct process *process,
			      const struct pyro_capture_sample *sample,
			      const struct pyro_message *message)
{
	const struct pyro_waited waited = {
		.track = sample->track,
		.stack = sample->stack,
		.object = numbers_get(&process->objects, message->u.sample.object),
		.ns = sample->wall_ns,
		.samples = message->u.sample.looks,
	};

	if (waited.object == PYRO_NONE || !sample->reason)
		return PYRO_RC_OK;
	return unless_full(pyro_profile_wait(intake->profile, &waited));
}

/* What each proof of a sample is in the file, and what counts it there. */
static const struct {
	enum pyro_proof stored;
	size_t counter;
} proofs[PYRO_SAMPLE_PROOFS] = {
#define PROOF(name, count)                                                                         \
	[PYRO_SAMPLE_##name] = {PYRO_PROOF_##name, offsetof(struct pyro_quality, count)}
	PROOF(INTERRUPT, proof_interrupt), PROOF(SWITCH, proof_switch), PROOF(PROC, proof_proc),
	PROOF(STOP, proof_stop),           PROOF(STILL, proof_still),   PROOF(SAME, proof_same),
	PROOF(REREAD, proof_reread),       PROOF(NONE, proof_none),
#undef PROOF
};

static enum pyro_sample_proof proof_of(const struct pyro_message *message)
{
	return message->u.sample.proof < PYRO_SAMPLE_PROOFS
		       ? (enum pyro_sample_proof)message->u.sample.proof
		       : PYRO_SAMPLE_NONE;
}

static void count_sample(struct pyro_quality *quality, const struct pyro_message *message)
{
	const uint64_t looks = message->u.sample.looks;
	const enum pyro_sample_proof proof = proof_of(message);

	*(uint64_t *)(void *)((char *)quality + proofs[proof].counter) += looks;
	quality->samples += looks;
	if (proof < PYRO_SAMPLE_REREAD)
		quality->proved += looks;
	else
		quality->unproved += looks;
	switch (message->u.sample.on_cpu ? message->u.sample.part.told : PYRO_SAMPLE_TOLD_NOT) {
	case PYRO_SAMPLE_TOLD_STACK:
		quality->parts_stack += looks;
		break;
	case PYRO_SAMPLE_TOLD_POINTER:
		quality->parts_pointer += looks;
		break;
	case PYRO_SAMPLE_TOLD_PROC:
		quality->parts_proc += looks;
		break;
	}
	quality->truncated += message->u.sample.truncated ? looks : 0;
	quality->partial += message->u.sample.partial ? looks : 0;
}

/* What part of the processor's time it was. */
static const enum pyro_metric runs_in[] = {
	[PYRO_SAMPLE_IN_PYTHON] = PYRO_METRIC_CPU_PYTHON,
	[PYRO_SAMPLE_IN_NATIVE] = PYRO_METRIC_CPU_NATIVE,
	[PYRO_SAMPLE_IN_SYSTEM] = PYRO_METRIC_CPU_SYSTEM,
};

static enum pyro_rc take_sample(struct pyro_intake *intake, const struct pyro_message *message)
{
	const struct process *process = process_of(intake, message);
	const uint32_t track = numbers_get(&intake->threads, message->u.sample.thread);
	uint64_t values[PYRO_METRIC_COUNT] = {0};
	struct pyro_capture_sample sample = {
		.at_ns = since_start(intake, message->u.sample.at_ns),
		.track = track,
		.wall_ns = message->u.sample.wall_ns,
		.cpu_ns = message->u.sample.cpu_ns,
		.on_cpu = message->u.sample.on_cpu,
		.holds_gil = message->u.sample.holds_gil,
		.reason = reason_of(message->u.sample.reason),
		.proof = proofs[proof_of(message)].stored,
	};
	const struct pyro_reason_info *reason;
	unsigned int part;
	enum pyro_rc rc;

	if (!process || track == PYRO_NONE)
		return PYRO_RC_OK;
	sample.stack = numbers_get(&process->stacks, message->u.sample.stack);
	count_sample(pyro_profile_quality(intake->profile), message);
	values[PYRO_METRIC_WALL] = sample.wall_ns;
	values[PYRO_METRIC_CPU] = sample.cpu_ns;
	values[PYRO_METRIC_GIL_HELD] = sample.holds_gil ? sample.wall_ns : 0;
	/* Where it ran, what is not processor time was the switching to it. */
	reason = pyro_reason_info(sample.reason ? sample.reason : PYRO_REASON_READY);
	if (reason && sample.wall_ns > sample.cpu_ns)
		values[reason->metric] = sample.wall_ns - sample.cpu_ns;
	part = message->u.sample.part.in;
	if (part && part < PYRO_COUNT(runs_in))
		values[runs_in[part]] = sample.cpu_ns;
	values[PYRO_METRIC_SAMPLES] = message->u.sample.looks;
	rc = pyro_profile_add(intake->profile, track, sample.stack, values);
	if (!rc)
		rc = take_wait(intake, process, &sample, message);
	if (rc || !intake->writer)
		return rc;
	return pyro_capture_writer_sample(intake->writer, &sample);
}

static enum pyro_rc take(struct pyro_intake *intake, const struct pyro_message *message,
			 size_t size)
{
	switch (message->kind) {
	case PYRO_MESSAGE_PROCESS:
		return take_process(intake, message, size - sizeof(*message));
	case PYRO_MESSAGE_PROCESS_END:
		return take_process_end(intake, message);
	case PYRO_MESSAGE_THREAD:
		return take_thread(intake, message, size - sizeof(*message));
	case PYRO_MESSAGE_THREAD_NAME:
		return take_thread_name(intake, message, size - sizeof(*message));
	case PYRO_MESSAGE_THREAD_END:
		return take_thread_end(intake, message);
	case PYRO_MESSAGE_CODE:
		return take_code(intake, message);
	case PYRO_MESSAGE_NATIVE:
	case PYRO_MESSAGE_KERNEL:
		return take_native(intake, message, size - sizeof(*message));
	case PYRO_MESSAGE_STACK:
		return take_stack(intake, message, (const struct pyro_message_frame *)(message + 1),
				  size - sizeof(*message));
	case PYRO_MESSAGE_OBJECT:
		return take_object(intake, message, size - sizeof(*message));
	case PYRO_MESSAGE_SAMPLE:
		return take_sample(intake, message);
	case PYRO_MESSAGE_TASK:
		return take_task(intake, message, size - sizeof(*message));
	case PYRO_MESSAGE_TASK_TIME:
		return take_task_time(intake, message);
	case PYRO_MESSAGE_TASK_NOW:
	case PYRO_MESSAGE_TASK_GONE:
	case PYRO_MESSAGE_TASKS_AT:
		return take_task_now(intake, message, size - sizeof(*message));
	default:
		return PYRO_RC_FORMAT;
	}
}

enum pyro_rc pyro_intake_drain(struct pyro_intake *intake, struct pyro_queue *queue)
{
	const struct pyro_message *message;
	size_t size;

	while ((message = pyro_queue_peek(queue, &size))) {
		enum pyro_rc rc = PYRO_RC_OK;

		/* After a failure only what must be freed is still looked at. */
		if (size < sizeof(*message))
			rc = PYRO_RC_FORMAT;
		else if (!intake->failed)
			rc = take(intake, message, size);
		else if (message->kind == PYRO_MESSAGE_PROCESS_END)
			rc = take_process_end(intake, message);
		if (rc && !intake->failed)
			intake->failed = rc;
		pyro_queue_drop(queue);
	}
	return intake->failed;
}
