/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_profile.h"

#include <string.h>

#define MS 1000000ull

static const struct {
	const char *name;
	const char *file;
	int32_t first_line;
} functions[SAMPLE_FUNCTION_COUNT] = {
	[SAMPLE_MODULE] = {"<module>", "/home/ada/shop/shop.py", 1},
	[SAMPLE_MAIN] = {"main", "/home/ada/shop/shop.py", 100},
	[SAMPLE_PRICE] = {"Cart.price", "/home/ada/shop/shop.py", 80},
	[SAMPLE_FIB] = {"fib", "/home/ada/shop/shop.py", 20},
	[SAMPLE_DUMPS] = {"dumps", "/usr/lib/python3.13/json/__init__.py", 183},
	[SAMPLE_ENCODE] = {"JSONEncoder.encode", "/usr/lib/python3.13/json/encoder.py", 183},
	[SAMPLE_GET] = {"Session.get",
			"/home/ada/shop/.venv/lib/python3.13/site-packages/requests/sessions.py",
			500},
	[SAMPLE_HOSTILE] = {SAMPLE_HOSTILE_NAME, SAMPLE_HOSTILE_FILE, 1},
	[SAMPLE_BOOTSTRAP] = {"Thread._bootstrap", "/usr/lib/python3.13/threading.py", 1000},
	[SAMPLE_RUN] = {"Thread.run", "/usr/lib/python3.13/threading.py", 980},
	[SAMPLE_FLUSH] = {"flush", "/home/ada/shop/worker/queue.py", 30},
};

struct step {
	int function;
	int32_t line;
};

static const struct phase {
	uint32_t track;
	unsigned samples;
	bool running;
	enum pyro_reason reason;
	int depth;
	struct step steps[5]; /* root first */
} phases[] = {
	{0,
	 300,
	 true,
	 PYRO_REASON_NONE,
	 3,
	 {{SAMPLE_MODULE, 120}, {SAMPLE_MAIN, 105}, {SAMPLE_PRICE, 88}}},
	{0,
	 200,
	 true,
	 PYRO_REASON_NONE,
	 5,
	 {{SAMPLE_MODULE, 120},
	  {SAMPLE_MAIN, 106},
	  {SAMPLE_FIB, 22},
	  {SAMPLE_FIB, 22},
	  {SAMPLE_FIB, 21}}},
	{0,
	 150,
	 true,
	 PYRO_REASON_NONE,
	 4,
	 {{SAMPLE_MODULE, 120}, {SAMPLE_MAIN, 107}, {SAMPLE_DUMPS, 231}, {SAMPLE_ENCODE, 200}}},
	{0,
	 100,
	 false,
	 PYRO_REASON_NET,
	 3,
	 {{SAMPLE_MODULE, 120}, {SAMPLE_MAIN, 108}, {SAMPLE_GET, 510}}},
	{0,
	 50,
	 true,
	 PYRO_REASON_NONE,
	 3,
	 {{SAMPLE_MODULE, 120}, {SAMPLE_MAIN, 109}, {SAMPLE_HOSTILE, 1}}},
	{0, 20, true, PYRO_REASON_NONE, 0, {{0, 0}}},
	{1,
	 100,
	 true,
	 PYRO_REASON_NONE,
	 3,
	 {{SAMPLE_BOOTSTRAP, 1014}, {SAMPLE_RUN, 994}, {SAMPLE_FLUSH, 31}}},
	{1,
	 300,
	 false,
	 PYRO_REASON_GIL,
	 3,
	 {{SAMPLE_BOOTSTRAP, 1014}, {SAMPLE_RUN, 994}, {SAMPLE_FLUSH, 31}}},
	{1,
	 60,
	 true,
	 PYRO_REASON_NONE,
	 5,
	 {{SAMPLE_BOOTSTRAP, 1014},
	  {SAMPLE_RUN, 994},
	  {SAMPLE_FLUSH, 33},
	  {SAMPLE_DUMPS, 231},
	  {SAMPLE_ENCODE, 202}}},
	{2, 40, true, PYRO_REASON_NONE, 2, {{SAMPLE_MODULE, 120}, {SAMPLE_PRICE, 90}}},
};

static const uint32_t track_samples[] = {820, 460, 40};

static enum pyro_rc add_string(struct pyro_profile *p, const char *text, uint32_t *ret)
{
	return pyro_profile_string(p, text, strlen(text), ret);
}

static enum pyro_rc phase_stack(struct pyro_profile *p, const struct phase *phase, uint32_t *ret)
{
	*ret = PYRO_NONE;
	for (int i = 0; i < phase->depth; i++) {
		uint32_t index;
		struct pyro_frame frame = {(uint32_t)phase->steps[i].function,
					   phase->steps[i].line};
		enum pyro_rc rc = pyro_profile_frame(p, &frame, &index);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_stack(p, *ret, index, ret);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc fill_functions(struct pyro_profile *p)
{
	for (int i = 0; i < SAMPLE_FUNCTION_COUNT; i++) {
		uint32_t index;
		struct pyro_function function = {.first_line = functions[i].first_line};
		enum pyro_rc rc = add_string(p, functions[i].name, &function.name);
		if (rc == PYRO_RC_OK)
			rc = add_string(p, functions[i].file, &function.file);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_function(p, &function, &index);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc fill_tracks(struct pyro_profile *p)
{
	static const char *const names[] = {"MainThread", "worker-1", "MainThread"};
	static const int32_t tids[] = {4127, 4129, 4130};
	struct pyro_process_info process = {.pid = 4127, .parent = PYRO_NONE, .end_ns = 820 * MS};
	uint32_t index;
	enum pyro_rc rc = add_string(p, "python shop.py --orders 5000", &process.command);
	if (rc == PYRO_RC_OK)
		rc = add_string(p, "CPython 3.13.0", &process.python);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_process(p, &process, &index);
	process.pid = 4130;
	process.parent = 0;
	process.end_ns = 40 * MS;
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_process(p, &process, &index);
	for (uint32_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(names); i++) {
		struct pyro_track track = {
			.process = i / 2,
			.tid = tids[i],
			.main = i != 1,
			.end_ns = track_samples[i] * MS,
			.wall_ns = track_samples[i] * MS,
			.cpu_ns = (i == 0   ? 720
				   : i == 1 ? 160
					    : 40) *
				  MS,
		};
		rc = add_string(p, names[i], &track.name);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_track(p, &track, &index);
	}
	return rc;
}

static enum pyro_rc fill_samples(struct pyro_profile *p)
{
	for (size_t i = 0; i < PYRO_COUNT(phases); i++) {
		uint32_t stack;
		uint64_t values[PYRO_METRIC_COUNT] = {0};
		enum pyro_rc rc = phase_stack(p, &phases[i], &stack);
		values[PYRO_METRIC_WALL] = MS;
		values[PYRO_METRIC_CPU] = phases[i].running ? MS : 0;
		values[PYRO_METRIC_GIL_HELD] = phases[i].running ? MS : 0;
		values[PYRO_METRIC_SAMPLES] = 1;
		if (pyro_reason_info(phases[i].reason))
			values[pyro_reason_info(phases[i].reason)->metric] = MS;
		for (unsigned n = 0; rc == PYRO_RC_OK && n < phases[i].samples; n++)
			rc = pyro_profile_add(p, phases[i].track, stack, values);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

/* What the two phases that wait wait for: the second half of each has no name. */
static enum pyro_rc fill_waits(struct pyro_profile *p)
{
	for (size_t i = 0; i < PYRO_COUNT(phases); i++) {
		const bool gil = phases[i].reason == PYRO_REASON_GIL;
		struct pyro_object object = {.track = PYRO_NONE, .frame = PYRO_NONE};
		struct pyro_waited waited = {.track = phases[i].track};
		if (!pyro_reason_info(phases[i].reason))
			continue;
		waited.samples = phases[i].samples / 2;
		waited.ns = waited.samples * MS;
		object.metric = pyro_reason_info(phases[i].reason)->metric;
		enum pyro_rc rc = phase_stack(p, &phases[i], &waited.stack);
		if (rc == PYRO_RC_OK)
			rc = add_string(p, gil ? "gil" : "socket", &object.kind);
		if (rc == PYRO_RC_OK)
			rc = add_string(p, gil ? "" : "10.0.3.7:443 from 10.0.3.2:60122",
					&object.name);
		if (rc == PYRO_RC_OK && gil) {
			uint32_t stack;
			rc = phase_stack(p, &phases[0], &stack);
			object.track = 0;
			object.frame = pyro_profile_stack_get(p, stack)->frame;
		}
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_object(p, &object, &waited.object);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_wait(p, &waited);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc fill_facts(struct pyro_profile *p)
{
	static const char *const facts[][2] = {
		{"command", "python shop.py --orders 5000"},
		{"cwd", "/home/ada/shop"},
		{"python", "CPython 3.13.0"},
		{"host", "elm"},
		{"kernel", "Linux 6.1.0"},
		{"rate_hz", "1000"},
		{"start", "2026-03-01T12:00:00Z"},
	};
	for (size_t i = 0; i < PYRO_COUNT(facts); i++) {
		enum pyro_rc rc = pyro_profile_meta_set(p, facts[i][0], facts[i][1]);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	struct pyro_quality *quality = pyro_profile_quality(p);
	quality->ticks_due = quality->ticks_taken = 820;
	quality->samples = quality->proved = 1320;
	quality->proof_switch = 920;
	quality->proof_same = 400;
	quality->held_ns = 3 * MS;
	quality->recorder_cpu_ns = 20 * MS;
	pyro_profile_set_duration(p, 820 * MS);
	return PYRO_RC_OK;
}

struct pyro_profile *sample_profile_create(void)
{
	struct pyro_profile *p = NULL;
	if (pyro_profile_create(&p, NULL) != PYRO_RC_OK)
		return NULL;
	if (fill_functions(p) == PYRO_RC_OK && fill_tracks(p) == PYRO_RC_OK &&
	    fill_samples(p) == PYRO_RC_OK && fill_waits(p) == PYRO_RC_OK &&
	    fill_facts(p) == PYRO_RC_OK)
		return p;
	pyro_profile_destroy(p);
	return NULL;
}

/* The stack of a phase, found again by walking: the profile is not changed by looking. */
static uint32_t find_stack(const struct pyro_profile *p, const struct phase *phase)
{
	struct pyro_profile_counts counts;
	pyro_profile_counts(p, &counts);
	uint32_t parent = PYRO_NONE;
	for (int i = 0; i < phase->depth; i++) {
		uint32_t found = PYRO_NONE;
		for (uint32_t s = 0; s < counts.stacks && found == PYRO_NONE; s++) {
			const struct pyro_stack *stack = pyro_profile_stack_get(p, s);
			const struct pyro_frame *frame = pyro_profile_frame_get(p, stack->frame);
			if (stack->parent == parent &&
			    frame->function == (uint32_t)phase->steps[i].function &&
			    frame->line == phase->steps[i].line)
				found = s;
		}
		parent = found;
	}
	return parent;
}

void sample_profile_moments(const struct pyro_profile *profile,
			    void (*each)(void *context, const struct sample_moment *moment),
			    void *context)
{
	uint32_t stacks[PYRO_COUNT(phases)];
	for (size_t i = 0; i < PYRO_COUNT(phases); i++)
		stacks[i] = find_stack(profile, &phases[i]);
	for (unsigned tick = 0; tick < track_samples[0]; tick++) {
		unsigned start[PYRO_COUNT(track_samples)] = {0};
		for (size_t i = 0; i < PYRO_COUNT(phases); i++) {
			const struct phase *phase = &phases[i];
			unsigned from = start[phase->track];
			start[phase->track] += phase->samples;
			if (tick < from || tick >= from + phase->samples)
				continue;
			struct sample_moment moment = {
				.at_ns = (tick + 1) * MS,
				.track = phase->track,
				.stack = stacks[i],
				.running = phase->running,
				.reason = phase->reason,
			};
			each(context, &moment);
		}
	}
}
