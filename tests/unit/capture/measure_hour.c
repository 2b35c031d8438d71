/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an hour of one thread at 1 kHz (or the number of samples given) as the recorder would, and
 * prints what it took: measure_hour FILE [SAMPLES]. The program that it makes up has about 2000
 * distinct stacks, up to 30 deep, of which few are hot; it dwells, moves to a neighbour or goes
 * elsewhere; it waits a tenth of the time. Moments are jittered by half a period each way. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "capture/capture.h"

#define STACKS 2000

static uint64_t seed = 88172645463325252ull;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double uniform(void)
{
	return (double)(draw() >> 11) / 9007199254740992.0;
}

/* A tree of calls: most stacks continue a recent one. */
static enum pyro_rc grow_stacks(struct pyro_profile *p, uint32_t *leaves)
{
	char text[96];
	uint32_t made = 0;
	enum pyro_rc rc = PYRO_RC_OK;
	while (rc == PYRO_RC_OK && made < STACKS) {
		uint32_t parent = made && uniform() < 0.999 ? leaves[draw() % made] : PYRO_NONE;
		const struct pyro_stack *below = pyro_profile_stack_get(p, parent);
		struct pyro_function function = {.first_line = 10};
		struct pyro_frame frame;
		uint32_t index;
		if (below && below->depth > 30)
			continue;
		unsigned id = (unsigned)(draw() % 700);
		snprintf(text, sizeof(text), "Class%u.method_%u", id % 90, id);
		rc = pyro_profile_string(p, text, strlen(text), &function.name);
		snprintf(text, sizeof(text), "/home/ada/project/package_%u/module_%u.py", id % 9,
			 id % 60);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_string(p, text, strlen(text), &function.file);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_function(p, &function, &frame.function);
		frame.line = 10 + (int32_t)(draw() % 30);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_frame(p, &frame, &index);
		if (rc == PYRO_RC_OK)
			rc = pyro_profile_stack(p, parent, index, &leaves[made]);
		made++;
	}
	return rc;
}

static enum pyro_rc set_up(struct pyro_profile *p, uint32_t *leaves)
{
	struct pyro_process_info process = {.pid = 1, .parent = PYRO_NONE};
	struct pyro_track track = {.tid = 1, .main = true};
	uint32_t index;
	enum pyro_rc rc = pyro_profile_string(p, "python app.py", 13, &process.command);
	process.python = track.name = process.command;
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_process(p, &process, &index);
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_track(p, &track, &index);
	return rc == PYRO_RC_OK ? grow_stacks(p, leaves) : rc;
}

static uint32_t next_stack(uint32_t at)
{
	double kind = uniform();
	if (kind < 0.35)
		return at;
	if (kind < 0.65)
		return (uint32_t)((at + draw() % 9) % STACKS);
	return (uint32_t)(STACKS * pow(uniform(), 4)); /* few are hot */
}

static enum pyro_rc record(struct pyro_capture_writer *w, struct pyro_profile *p,
			   const uint32_t *leaves, long samples, struct pyro_err *err)
{
	uint64_t at = 0;
	uint64_t flushed = 0;
	uint32_t stack = 0;
	enum pyro_rc rc = PYRO_RC_OK;
	for (long i = 0; rc == PYRO_RC_OK && i < samples; i++) {
		uint64_t step = 500000 + draw() % 1000000;
		bool idle = (i / 1000) % 10 == 9;
		uint64_t off = uniform() < 0.1 ? draw() % 60000 : 0;
		if (!idle || i % 1000 == 0)
			stack = next_stack(stack);
		at += step;
		struct pyro_capture_sample sample = {
			.at_ns = at,
			.stack = leaves[stack],
			.wall_ns = step,
			.cpu_ns = idle ? 0 : step - off,
			.on_cpu = !idle,
			.holds_gil = !idle,
			.proof = idle ? PYRO_PROOF_SAME : PYRO_PROOF_SWITCH,
		};
		uint64_t values[PYRO_METRIC_COUNT] = {
			[PYRO_METRIC_WALL] = step,
			[PYRO_METRIC_CPU] = sample.cpu_ns,
			[PYRO_METRIC_GIL_HELD] = idle ? 0 : step,
			[PYRO_METRIC_SAMPLES] = 1,
		};
		rc = pyro_profile_add(p, 0, leaves[stack], values);
		if (rc == PYRO_RC_OK)
			rc = pyro_capture_writer_sample(w, &sample);
		if (rc == PYRO_RC_OK && at - flushed > PYRO_NS_PER_S / 2) {
			rc = pyro_capture_writer_flush(w, err);
			flushed = at;
		}
	}
	return rc;
}

int main(int argc, char **argv)
{
	static uint32_t leaves[STACKS];
	struct pyro_err err = {0};
	struct pyro_profile *p = NULL;
	struct pyro_capture_writer *w = NULL;
	struct rusage usage;
	struct stat st;
	if (argc < 2) {
		fputs("usage: measure_hour FILE [SAMPLES]\n", stderr);
		return 64;
	}
	long samples = argc > 2 ? strtol(argv[2], NULL, 10) : 3600000;
	enum pyro_rc rc = pyro_profile_create(&p, &err);
	if (rc == PYRO_RC_OK)
		rc = set_up(p, leaves);
	if (rc == PYRO_RC_OK)
		rc = pyro_capture_writer_create(argv[1], p, &w, &err);
	uint64_t before = pyro_clock_process_cpu();
	if (rc == PYRO_RC_OK)
		rc = record(w, p, leaves, samples, &err);
	getrusage(RUSAGE_SELF, &usage);
	if (rc == PYRO_RC_OK)
		rc = pyro_capture_writer_finish(w, &err);
	if (rc != PYRO_RC_OK || stat(argv[1], &st) != 0) {
		fprintf(stderr, "%s: %s\n", pyro_rc_name(rc), err.message);
		return 1;
	}
	printf("%ld samples: file %.2f MB (%.2f bytes a sample), peak memory %.1f MB, "
	       "%.2f us of cpu a sample\n",
	       samples, (double)st.st_size / 1e6, (double)st.st_size / (double)samples,
	       (double)usage.ru_maxrss / 1e3,
	       (double)(pyro_clock_process_cpu() - before) / 1e3 / (double)samples);
	pyro_profile_destroy(p);
	return 0;
}
