/* SPDX-License-Identifier: Apache-2.0 */
#include "stage_tasks.h"

#include <stdio.h>
#include <string.h>

#include "stage.h"

#define MS 1000000ull
#define S  (1000 * MS)

#define EVIL_NAME                                                                                  \
	"\x1b[2J\xe2\x80\xae"                                                                      \
	"evil"

enum {
	MAIN,
	HANDLER,
	CLEANER,
	BRIEF,
	EVIL,
	GROUPS
};

/* What is being made; the first error is kept. */
struct making {
	struct pyro_profile *profile;
	struct pyro_alive *alive;
	enum pyro_rc rc;
	uint32_t groups[GROUPS];
	uint32_t number;
};

static const struct stage_frame loop[] = {
	{"<module>", "/home/ada/app/serve.py", 1, 90},
	{"Runner.run", "/usr/lib/python3.12/asyncio/runners.py", 100, 118},
};
static const struct stage_frame in_main = {"main", "/home/ada/app/serve.py", 80, 88};
static const struct stage_frame in_handler = {"handler", "/home/ada/app/serve.py", 20, 25};
static const struct stage_frame in_fetch = {"Pool.fetch", "/home/ada/app/db.py", 30, 33};
static const struct stage_frame in_read = {"StreamReader.read",
					   "/usr/lib/python3.12/asyncio/streams.py", 600, 612};
static const struct stage_frame in_parse = {"parse", "/home/ada/app/serve.py", 40, 44};
static const struct stage_frame in_sweep = {"sweep", "/home/ada/app/cache.py", 5, 9};
static const struct stage_frame in_flush = {"flush", "/home/ada/app/cache.py", 20, 21};
static const struct stage_frame in_brief = {"brief", "/home/ada/app/serve.py", 60, 61};
static const struct stage_frame in_worker = {"worker", "/home/ada/app/jobs.py", 10, 12};

static uint32_t string(struct making *making, const char *text)
{
	uint32_t index = 0;

	if (!making->rc)
		making->rc = pyro_profile_string(making->profile, text, strlen(text), &index);
	return index;
}

static uint32_t function(struct making *making, const struct stage_frame *of)
{
	const struct pyro_function row = {.name = string(making, of->name),
					  .file = string(making, of->file),
					  .first_line = of->first_line};
	uint32_t index = 0;

	if (!making->rc)
		making->rc = pyro_profile_function(making->profile, &row, &index);
	return index;
}

/* Root first. */
static uint32_t stack(struct making *making, const struct stage_frame *const frames[], size_t depth)
{
	uint32_t at = PYRO_NONE;

	for (size_t i = 0; i < depth; i++) {
		const struct pyro_frame row = {function(making, frames[i]), frames[i]->line};
		uint32_t frame = 0;

		if (!making->rc)
			making->rc = pyro_profile_frame(making->profile, &row, &frame);
		if (!making->rc)
			making->rc = pyro_profile_stack(making->profile, at, frame, &at);
	}
	return at;
}

#define STACK(making, ...)                                                                         \
	stack(making, (const struct stage_frame *const[]){__VA_ARGS__},                            \
	      sizeof((const struct stage_frame *const[]){__VA_ARGS__}) / sizeof(void *))

static void group(struct making *making, int which, const char *name,
		  const struct stage_frame *coroutine)
{
	const struct pyro_task_group row = {.name = string(making, name),
					    .function = function(making, coroutine)};

	if (!making->rc)
		making->rc = pyro_profile_task(making->profile, &row, &making->groups[which]);
}

static void did(struct making *making, int which, uint32_t at, const char *wait,
		enum pyro_metric what, uint64_t ms)
{
	struct pyro_task_total total = {
		.task = making->groups[which], .stack = at, .wait = string(making, wait)};

	total.values[PYRO_METRIC_WALL] = ms * MS;
	total.values[what] = ms * MS;
	total.values[PYRO_METRIC_SAMPLES] = 10;
	total.wall_squared = (double)(ms * MS) * (double)(ms * MS) / 10;
	if (!making->rc)
		making->rc = pyro_profile_task_add(making->profile, &total);
}

static void lives(struct making *making, int which, const char *name, struct pyro_alive_task task)
{
	task.number = making->number++;
	task.group = making->groups[which];
	task.seen_ns = 1900 * MS;
	if (!task.wait)
		task.wait = "";
	if (!making->rc)
		making->rc = pyro_alive_put(making->alive, &task, name, strlen(name));
}

static void make_thread(struct making *making)
{
	const struct pyro_process_info process = {.pid = 100,
						  .parent = PYRO_NONE,
						  .command = string(making, "python3 serve.py"),
						  .python = string(making, "CPython 3.12.1")};
	const struct pyro_track track = {
		.tid = 100, .main = true, .name = string(making, "MainThread"), .wall_ns = 2 * S};
	const struct stage_frame running[] = {loop[0], loop[1], in_handler, in_parse};
	uint32_t index;

	pyro_profile_set_duration(making->profile, 2 * S);
	if (!making->rc)
		making->rc = pyro_profile_meta_set(making->profile, "cwd", "/home/ada/app");
	if (!making->rc)
		making->rc = pyro_profile_process(making->profile, &process, &index);
	if (!making->rc)
		making->rc = pyro_profile_track(making->profile, &track, &index);
	if (!making->rc)
		making->rc = stage_add(making->profile, 0, running, 4, 400, true, PYRO_REASON_NONE);
	if (!making->rc)
		making->rc = stage_add(making->profile, 0, loop, 2, 1600, false, PYRO_REASON_NET);
}

static void make_handlers(struct making *making, unsigned tasks)
{
	const uint32_t waiting = STACK(making, &in_main, &in_handler, &in_fetch, &in_read);
	const uint32_t begin = STACK(making, &in_main, &in_handler);
	char name[32];

	group(making, HANDLER, "", &in_handler);
	did(making, HANDLER, STACK(making, &in_handler, &in_parse), "", PYRO_METRIC_CPU, 300);
	did(making, HANDLER, begin, "", PYRO_METRIC_READY, 150);
	did(making, HANDLER, waiting, "a socket", PYRO_METRIC_WAIT_NET, 1900ull * (tasks - 1));
	lives(making, HANDLER, "Task-10",
	      (struct pyro_alive_task){.stack = STACK(making, &in_handler, &in_parse),
				       .state = PYRO_ALIVE_RUNNING,
				       .since_ns = 1700 * MS,
				       .cpu_ns = 300 * MS});
	lives(making, HANDLER, "Task-11",
	      (struct pyro_alive_task){.stack = begin,
				       .state = PYRO_ALIVE_READY,
				       .since_ns = 1850 * MS,
				       .ready_ns = 150 * MS});
	for (unsigned i = 2; i < tasks; i++) {
		snprintf(name, sizeof(name), "Task-%u", 10 + i);
		lives(making, HANDLER, name,
		      (struct pyro_alive_task){.stack = waiting,
					       .state = PYRO_ALIVE_WAITING,
					       .wait = "a socket",
					       .since_ns = (1000 + 10ull * (i % 80)) * MS});
	}
}

static void make_others(struct making *making)
{
	const uint32_t awaiting = STACK(making, &in_main);
	const uint32_t blocking = STACK(making, &in_sweep, &in_flush);

	group(making, MAIN, "", &in_main);
	did(making, MAIN, awaiting, "tasks", PYRO_METRIC_WAIT_OTHER, 1900);
	lives(making, MAIN, "Task-1",
	      (struct pyro_alive_task){.stack = awaiting,
				       .state = PYRO_ALIVE_WAITING,
				       .wait = "tasks",
				       .before = true});
	group(making, CLEANER, "cache cleaner", &in_sweep);
	did(making, CLEANER, blocking, "", PYRO_METRIC_WAIT_SLEEP, 300);
	lives(making, CLEANER, "cache cleaner",
	      (struct pyro_alive_task){.stack = blocking,
				       .state = PYRO_ALIVE_BLOCKING,
				       .began_ns = 1600 * MS,
				       .since_ns = 1600 * MS});
	group(making, BRIEF, "", &in_brief);
	did(making, BRIEF, STACK(making, &in_brief), "", PYRO_METRIC_CPU, 100);
	did(making, BRIEF, STACK(making, &in_brief), "sleeping", PYRO_METRIC_WAIT_SLEEP, 500);
	group(making, EVIL, EVIL_NAME, &in_worker);
	did(making, EVIL, STACK(making, &in_worker), "a future", PYRO_METRIC_WAIT_OTHER, 1000);
	lives(making, EVIL, EVIL_NAME,
	      (struct pyro_alive_task){.stack = STACK(making, &in_worker),
				       .state = PYRO_ALIVE_WAITING,
				       .wait = "a future",
				       .began_ns = 900 * MS,
				       .since_ns = 900 * MS});
}

struct pyro_profile *stage_many_tasks(struct pyro_alive **ret_alive, unsigned tasks,
				      uint64_t unseen)
{
	const struct pyro_alive_looks looks = {
		.at_ns = 1900 * MS, .sure_ns = 1900 * MS, .unseen = unseen};
	struct making making = {.rc = PYRO_RC_OK};

	making.rc = pyro_profile_create(&making.profile, NULL);
	if (!making.rc)
		making.rc = pyro_alive_create(&making.alive);
	if (!making.rc) {
		make_thread(&making);
		make_handlers(&making, tasks);
		make_others(&making);
	}
	if (!making.rc)
		making.rc = pyro_alive_looked(making.alive, &looks);
	if (making.rc) {
		pyro_profile_destroy(making.profile);
		pyro_alive_destroy(making.alive);
		return NULL;
	}
	*ret_alive = making.alive;
	return making.profile;
}

struct pyro_profile *stage_tasks(struct pyro_alive **ret_alive)
{
	return stage_many_tasks(ret_alive, 37, 0);
}

void stage_tasks_end(struct pyro_alive *alive)
{
	pyro_alive_remove(alive, 0, 0);
	pyro_alive_remove(alive, 0, 2);
}
