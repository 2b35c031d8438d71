/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#define MS 1000000ull

static enum pyro_rc add_string(struct pyro_profile *p, const char *text, uint32_t *ret)
{
	return pyro_profile_string(p, text, strlen(text), ret);
}

enum pyro_rc stage_add(struct pyro_profile *p, uint32_t track, const struct stage_frame *frames,
		       size_t depth, unsigned samples, bool running, enum pyro_reason reason)
{
	uint32_t stack = PYRO_NONE;
	enum pyro_rc rc = PYRO_RC_OK;
	for (size_t i = 0; i < depth && rc == PYRO_RC_OK; i++) {
		struct pyro_function function = {.first_line = frames[i].first_line};
		struct pyro_frame frame = {.line = frames[i].line};
		uint32_t index = 0;
		rc = add_string(p, frames[i].name, &function.name);
		if (rc == PYRO_RC_OK)
			rc = add_string(p, frames[i].file, &function.file);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_function(p, &function, &frame.function);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_frame(p, &frame, &index);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_stack(p, stack, index, &stack);
	}
	uint64_t values[PYRO_METRIC_COUNT] = {
		[PYRO_METRIC_WALL] = MS,
		[PYRO_METRIC_CPU] = running ? MS : 0,
		[PYRO_METRIC_GIL_HELD] = running ? MS : 0,
		[PYRO_METRIC_SAMPLES] = 1,
	};
	if (pyro_reason_info(reason))
		values[pyro_reason_info(reason)->metric] = MS;
	struct pyro_quality *quality = pyro_profile_quality(p);
	quality->samples += samples;
	quality->proved += samples;
	quality->proof_switch += samples;
	while (samples-- > 0 && rc == PYRO_RC_OK)
		rc = pyro_profile_add(p, track, stack, values);
	return rc;
}

static enum pyro_rc add_process(struct pyro_profile *p, int32_t pid, const char *command,
				uint64_t end_ns, uint32_t *ret_process)
{
	struct pyro_process_info process = {
		.pid = pid, .parent = pid == 100 ? PYRO_NONE : 0, .end_ns = end_ns};
	enum pyro_rc rc = add_string(p, command, &process.command);
	if (rc == PYRO_RC_OK)
		rc = add_string(p, "CPython 3.12.1", &process.python);
	return rc == PYRO_RC_OK ? pyro_profile_process(p, &process, ret_process) : rc;
}

static enum pyro_rc add_track(struct pyro_profile *p, uint32_t process, int32_t tid,
			      const char *name, bool main, uint64_t wall_ns)
{
	uint32_t track;
	struct pyro_track row = {.process = process,
				 .tid = tid,
				 .main = main,
				 .end_ns = wall_ns,
				 .wall_ns = wall_ns};
	enum pyro_rc rc = add_string(p, name, &row.name);
	return rc == PYRO_RC_OK ? pyro_profile_track(p, &row, &track) : rc;
}

/* A profile of one process, @ms long. */
static struct pyro_profile *begin(const char *command, uint64_t ms)
{
	struct pyro_profile *p = NULL;
	uint32_t process;
	if (pyro_profile_create(&p, NULL) != PYRO_RC_OK)
		return NULL;
	pyro_profile_set_duration(p, ms * MS);
	if (pyro_profile_meta_set(p, "cwd", "/home/ada/app") == PYRO_RC_OK &&
	    add_process(p, 100, command, ms * MS, &process) == PYRO_RC_OK)
		return p;
	pyro_profile_destroy(p);
	return NULL;
}

static struct pyro_profile *done(struct pyro_profile *p, enum pyro_rc rc)
{
	if (rc == PYRO_RC_OK)
		return p;
	pyro_profile_destroy(p);
	return NULL;
}

#define OWN(name, first, line)                                                                     \
	{                                                                                          \
		name, "/home/ada/app/fetch.py", first, line                                        \
	}
#define LIBRARY(name, first, line)                                                                 \
	{                                                                                          \
		name, "/usr/lib/python3.12/socket.py", first, line                                 \
	}
#define IMPORTING(name, first, line)                                                               \
	{                                                                                          \
		name, "<frozen importlib._bootstrap>", first, line                                 \
	}
#define ADD(p, track, samples, running, reason, ...)                                               \
	stage_add(p, track, (const struct stage_frame[]){__VA_ARGS__},                             \
		  PYRO_COUNT(((const struct stage_frame[]){__VA_ARGS__})), samples, running,       \
		  reason)

struct pyro_profile *stage_empty(void)
{
	return begin("python3 nothing.py", 3);
}

struct pyro_profile *stage_one_sample(void)
{
	struct pyro_profile *p = begin("python3 /opt/tools/short.py", 1);
	if (!p)
		return NULL;
	enum pyro_rc rc = add_track(p, 0, 100, "MainThread", true, MS);
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 1, true, PYRO_REASON_NONE, OWN("<module>", 1, 3));
	return done(p, rc);
}

struct pyro_profile *stage_waiting(void)
{
	struct pyro_profile *p = begin("/usr/bin/python3.12 -X dev fetch.py", 1000);
	if (!p)
		return NULL;
	enum pyro_rc rc = add_track(p, 0, 100, "MainThread", true, 1000 * MS);
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 300, true, PYRO_REASON_NONE, OWN("<module>", 1, 40),
			 OWN("parse", 20, 22));
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 500, false, PYRO_REASON_NET, OWN("<module>", 1, 41),
			 OWN("fetch", 10, 12), LIBRARY("SocketIO.readinto", 700, 708));
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 150, true, PYRO_REASON_NONE, OWN("<module>", 1, 2),
			 IMPORTING("_find_and_load", 1349, 1360),
			 IMPORTING("_call_with_frames_removed", 480, 488));
	if (rc == PYRO_RC_OK)
		rc = stage_add(p, 0, NULL, 0, 50, true, false);
	return done(p, rc);
}

struct pyro_profile *stage_threads(unsigned idle)
{
	struct pyro_profile *p = begin("python3 pool.py --workers 4", 1000);
	if (!p)
		return NULL;
	enum pyro_rc rc = add_track(p, 0, 100, "MainThread", true, 1000 * MS);
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 1000, false, PYRO_REASON_LOCK, OWN("<module>", 1, 50),
			 OWN("join_all", 30, 33));
	for (unsigned i = 1; i <= 4 && rc == PYRO_RC_OK; i++) {
		char name[32];
		snprintf(name, sizeof(name), "worker-%u", i);
		rc = add_track(p, 0, 100 + (int32_t)i, name, false, 1000 * MS);
		if (rc == PYRO_RC_OK)
			rc = ADD(p, i, 250, true, PYRO_REASON_NONE, OWN("work", 60, 64));
		if (rc == PYRO_RC_OK)
			rc = ADD(p, i, 750, false, PYRO_REASON_GIL, OWN("work", 60, 64));
	}
	for (unsigned i = 0; i < idle && rc == PYRO_RC_OK; i++) {
		char name[32];
		snprintf(name, sizeof(name), "idle-%u", i + 1);
		rc = add_track(p, 0, 200 + (int32_t)i, name, false, 1000 * MS);
		if (rc == PYRO_RC_OK)
			rc = ADD(p, 5 + i, 1000, false, PYRO_REASON_LOCK, OWN("take", 70, 71));
	}
	return done(p, rc);
}

struct pyro_profile *stage_processes(unsigned count)
{
	struct pyro_profile *p = begin("python3 -m crunch", 1000);
	if (!p)
		return NULL;
	enum pyro_rc rc = add_track(p, 0, 100, "MainThread", true, 1000 * MS);
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 950, false, PYRO_REASON_OTHER, OWN("<module>", 1, 50));
	if (rc == PYRO_RC_OK)
		rc = ADD(p, 0, 50, true, PYRO_REASON_NONE, OWN("<module>", 1, 51));
	for (unsigned i = 1; i <= count && rc == PYRO_RC_OK; i++) {
		uint32_t process = 0;
		char command[64];
		snprintf(command, sizeof(command), "python3 crunch.py --part %u", i);
		rc = add_process(p, 100 + (int32_t)i, command, 100 * MS, &process);
		if (rc == PYRO_RC_OK)
			rc = add_track(p, process, 100 + (int32_t)i, "MainThread", true, 100 * MS);
		if (rc == PYRO_RC_OK)
			rc = ADD(p, i, 100, true, PYRO_REASON_NONE, OWN("<module>", 1, 52),
				 OWN("Part.crunch", 80, 80 + (int32_t)(i % 3)));
	}
	return done(p, rc);
}

struct pyro_profile *stage_names(void)
{
	static const char *const names[] = {
		"価格を計算する",
		"prix_total_e\xcc\x81tendu",
		"\xe2\x80\xaegnirts\xd7\x90",
		"\x1b]0;owned\x07\x1b[2J",
		"cut\xff\xfe\xc3",
		"line\nbreak\ttab",
		"<lambda>",
		("Shop.Checkout.Basket.with_a_name_that_goes_on_and_on_and_never_seems_to_stop_"
		 "until_"
		 "it."
		 "finally_ends_here"),
	};
	struct pyro_profile *p = begin("python3 '名前 \x1b[31m.py'", 800);
	if (!p)
		return NULL;
	enum pyro_rc rc = add_track(p, 0, 100, "Main\x1b[0mThread\n", true, 800 * MS);
	for (size_t i = 0; i < PYRO_COUNT(names) && rc == PYRO_RC_OK; i++) {
		struct stage_frame frame = {names[i],
					    i % 2 ? "/home/ada/app/データ/読み込み.py"
						  : "/home/ada/app/a\x1b[1mb;c.py",
					    (int32_t)i + 1, (int32_t)i + 2};
		rc = stage_add(p, 0, &frame, 1, 100, true, false);
	}
	return done(p, rc);
}

struct pyro_profile *stage_deep(void)
{
	static struct stage_frame frames[3000];
	static char names[PYRO_COUNT(frames)][16];
	struct pyro_profile *p = begin("python3 deep.py", 200);
	if (!p)
		return NULL;
	enum pyro_rc rc = add_track(p, 0, 100, "MainThread", true, 200 * MS);
	for (size_t i = 0; i < PYRO_COUNT(frames); i++)
		frames[i] = (struct stage_frame)OWN("dive", 5, 6);
	if (rc == PYRO_RC_OK)
		rc = stage_add(p, 0, frames, PYRO_COUNT(frames), 100, true, false);
	for (size_t i = 0; i < PYRO_COUNT(frames); i++) {
		snprintf(names[i], sizeof(names[i]), "step_%zu", i);
		frames[i].name = names[i];
	}
	if (rc == PYRO_RC_OK)
		rc = stage_add(p, 0, frames, PYRO_COUNT(frames), 100, true, false);
	return done(p, rc);
}
