/* SPDX-License-Identifier: Apache-2.0 */
#include "support/task_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/logical.h"

#define MS      1000000ull
#define LOOK_MS 10

enum function {
	MODULE,
	LOOP,
	MAIN,
	WORK,
	FETCH,
	PRICE,
	RUN,
	READ
};

static const struct {
	const char *name, *file;
	int32_t first_line;
} functions[] = {
	[MODULE] = {"<module>", "/home/ada/shop/serve.py", 1},
	[LOOP] = {"BaseEventLoop.run_forever", "/usr/lib/python3.13/asyncio/base_events.py", 630},
	[MAIN] = {"main", "/home/ada/shop/serve.py", 75},
	[WORK] = {"work", "/home/ada/shop/serve.py", 27},
	[FETCH] = {"fetch", "/home/ada/shop/serve.py", 18},
	[PRICE] = {"price", "/home/ada/shop/serve.py", 10},
	[RUN] = {"Thread.run", "/usr/lib/python3.13/threading.py", 980},
	[READ] = {"read", "/home/ada/shop/serve.py", 48},
};

struct step {
	enum function function;
	int32_t line;
};

/* Of a track or a group of tasks. */
struct part {
	uint32_t of;
	unsigned int ms;
	enum pyro_metric metric; /* CPU: running; else it waits */
	const char *wait;        /* of tasks */
	unsigned int depth;
	struct step steps[4]; /* root first */
};

static const struct part threads[] = {
	{0, 6000, PYRO_METRIC_WAIT_NET, "", 2, {{MODULE, 90}, {LOOP, 640}}},
	{0, 500, PYRO_METRIC_CPU, "", 2, {{MODULE, 90}, {LOOP, 640}}},
	{0, 3000, PYRO_METRIC_CPU, "", 4, {{MODULE, 90}, {LOOP, 640}, {WORK, 31}, {PRICE, 12}}},
	{0, 500, PYRO_METRIC_GIL_WAIT, "", 4, {{MODULE, 90}, {LOOP, 640}, {WORK, 33}, {PRICE, 12}}},
	{1, 4000, PYRO_METRIC_WAIT_IO, "", 2, {{RUN, 994}, {READ, 50}}},
};

static const struct part tasks[] = {
	{0, 2000, PYRO_METRIC_CPU, "", 3, {{MAIN, 80}, {WORK, 31}, {PRICE, 12}}},
	{0, 500, PYRO_METRIC_GIL_WAIT, "", 3, {{MAIN, 80}, {WORK, 33}, {PRICE, 12}}},
	{0, 60000, PYRO_METRIC_WAIT_OTHER, "a queue", 2, {{MAIN, 80}, {WORK, 29}}},
	{0, 17500, PYRO_METRIC_WAIT_SLEEP, "sleeping", 3, {{MAIN, 80}, {WORK, 30}, {FETCH, 20}}},
	{1, 1000, PYRO_METRIC_CPU, "", 3, {{MAIN, 80}, {WORK, 31}, {PRICE, 12}}},
	{1, 9000, PYRO_METRIC_WAIT_OTHER, "a queue", 2, {{MAIN, 80}, {WORK, 29}}},
	{2, 10000, PYRO_METRIC_WAIT_OTHER, "tasks", 1, {{MAIN, 80}}},
};

/* Without memory a test has nothing to say. */
static void must(enum pyro_rc rc)
{
	if (rc == PYRO_RC_OK)
		return;
	fprintf(stderr, "task_profile: %s\n", pyro_rc_text(rc));
	exit(1);
}

static uint32_t text(struct pyro_profile *p, const char *string)
{
	uint32_t index;

	must(pyro_profile_string(p, string, strlen(string), &index));
	return index;
}

static uint32_t stack_of(struct pyro_profile *p, const struct part *part)
{
	uint32_t stack = PYRO_NONE;

	for (unsigned int i = 0; i < part->depth; i++) {
		const struct pyro_frame frame = {(uint32_t)part->steps[i].function,
						 part->steps[i].line};
		uint32_t index;

		must(pyro_profile_frame(p, &frame, &index));
		must(pyro_profile_stack(p, stack, index, &stack));
	}
	return stack;
}

static void values_of(const struct part *part, uint64_t values[PYRO_METRIC_COUNT])
{
	memset(values, 0, PYRO_METRIC_COUNT * sizeof(*values));
	values[PYRO_METRIC_WALL] = part->ms * MS;
	values[part->metric] = part->ms * MS;
	if (part->metric == PYRO_METRIC_CPU)
		values[PYRO_METRIC_GIL_HELD] = part->ms * MS;
	values[PYRO_METRIC_SAMPLES] = part->ms / LOOK_MS;
}

/* Of its looks. */
static double squared(const struct part *part)
{
	return (double)part->ms / LOOK_MS * (LOOK_MS * (double)MS) * (LOOK_MS * (double)MS);
}

static void add_places(struct pyro_profile *p)
{
	const struct pyro_process_info process = {
		.pid = 4127,
		.parent = PYRO_NONE,
		.command = text(p, "python serve.py"),
		.python = text(p, "CPython 3.13.0"),
		.end_ns = 10000 * MS,
	};
	static const char *const names[] = {"MainThread", "asyncio_0"};
	uint32_t index;

	for (size_t i = 0; i < PYRO_COUNT(functions); i++) {
		const struct pyro_function function = {
			.name = text(p, functions[i].name),
			.file = text(p, functions[i].file),
			.first_line = functions[i].first_line,
		};

		must(pyro_profile_function(p, &function, &index));
	}
	must(pyro_profile_process(p, &process, &index));
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		const struct pyro_track track = {
			.tid = 4127 + (int32_t)i,
			.name = text(p, names[i]),
			.main = i == 0,
			.end_ns = process.end_ns,
			.wall_ns = (i ? 4000 : 10000) * MS,
			.cpu_ns = (i ? 0 : 3500) * MS,
		};

		must(pyro_profile_track(p, &track, &index));
	}
}

static void add_facts(struct pyro_profile *p)
{
	struct pyro_quality *quality = pyro_profile_quality(p);

	must(pyro_profile_meta_set(p, "command", "python serve.py"));
	must(pyro_profile_meta_set(p, "cwd", "/home/ada/shop"));
	must(pyro_profile_meta_set(p, "python", "CPython 3.13.0"));
	quality->ticks_due = quality->ticks_taken = 1000;
	quality->samples = quality->proved = quality->proof_switch = 1400;
	quality->held_ns = 20 * MS;
	quality->recorder_cpu_ns = 100 * MS;
	pyro_profile_set_duration(p, 10000 * MS);
}

static uint32_t add_group(struct pyro_profile *p, const char *name, enum function function,
			  uint64_t count)
{
	const struct pyro_task_group group = {
		.name = text(p, name), .function = (uint32_t)function, .tasks = count};
	uint32_t index;

	must(pyro_profile_task(p, &group, &index));
	return index;
}

static void add_task(struct pyro_profile *p, const struct part *part, uint32_t group)
{
	struct pyro_task_total total = {
		.task = group,
		.stack = stack_of(p, part),
		.wait = text(p, part->wait),
		.wall_squared = squared(part),
	};

	values_of(part, total.values);
	if (part->metric == PYRO_METRIC_CPU)
		total.cpu_squared = total.wall_squared;
	must(pyro_profile_task_add(p, &total));
}

static struct pyro_profile *by_threads(void)
{
	struct pyro_profile *p;

	must(pyro_profile_create(&p, NULL));
	add_places(p);
	add_facts(p);
	for (size_t i = 0; i < PYRO_COUNT(threads); i++) {
		struct pyro_total total = {
			.track = threads[i].of,
			.stack = stack_of(p, &threads[i]),
			.wall_squared = squared(&threads[i]),
		};

		values_of(&threads[i], total.values);
		if (threads[i].metric == PYRO_METRIC_CPU)
			total.cpu_squared = total.wall_squared;
		must(pyro_profile_add_total(p, &total));
	}
	return p;
}

struct pyro_profile *task_profile_create(void)
{
	struct pyro_profile *p = by_threads();

	(void)add_group(p, "", WORK, 8);
	(void)add_group(p, "first", WORK, 1);
	(void)add_group(p, "", MAIN, 1);
	for (size_t i = 0; i < PYRO_COUNT(tasks); i++)
		add_task(p, &tasks[i], tasks[i].of);
	return p;
}

static struct pyro_profile *make_logical(struct pyro_profile *p)
{
	struct pyro_profile *logical;

	must(pyro_logical_create(p, &logical, NULL));
	pyro_profile_destroy(p);
	return logical;
}

struct pyro_profile *task_profile_logical(void)
{
	return make_logical(task_profile_create());
}

struct pyro_profile *task_profile_many(unsigned int count)
{
	struct pyro_profile *p = by_threads();

	for (unsigned int i = 0; i < count; i++) {
		const struct part part = {0,         i + 1, PYRO_METRIC_WAIT_OTHER,
					  "a queue", 2,     {{MAIN, 80}, {WORK, 29}}};
		char name[32];

		snprintf(name, sizeof(name), "worker %u", i);
		add_task(p, &part, add_group(p, name, WORK, 1));
	}
	return make_logical(p);
}
