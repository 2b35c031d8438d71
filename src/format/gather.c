/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gather.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"

#define NS_PER_MS 1000000ull
/* No sampler is slower, and the sum of all samples stays a number. */
#define MAX_WEIGHT_NS (100000 * NS_PER_MS)
/* Of a sample that is alone in its file, where nothing says how much time it stands for. */
#define LONE_NS NS_PER_MS

void pyro_gather_init(struct pyro_gather *gather, struct pyro_profile *profile)
{
	*gather = (struct pyro_gather){.profile = profile};
	pyro_table_init(&gather->threads, sizeof(struct pyro_gather_thread),
			PYRO_MAX_IMPORT_THREADS);
	pyro_table_init(&gather->events, sizeof(struct pyro_gather_event), PYRO_MAX_IMPORT_EVENTS);
	pyro_table_init(&gather->samples, sizeof(struct pyro_gather_sample),
			PYRO_MAX_IMPORT_SAMPLES);
	pyro_map_init(&gather->thread_by_tid, PYRO_MAX_IMPORT_THREADS);
}

void pyro_gather_deinit(struct pyro_gather *gather)
{
	pyro_table_deinit(&gather->threads);
	pyro_table_deinit(&gather->events);
	pyro_table_deinit(&gather->samples);
	pyro_map_deinit(&gather->thread_by_tid);
}

enum pyro_rc pyro_gather_thread(struct pyro_gather *gather, int32_t tid, uint32_t *ret_thread)
{
	const struct pyro_gather_thread thread = {
		.tid = tid, .name = PYRO_NONE, .track = PYRO_NONE};
	uint64_t found;
	enum pyro_rc rc;

	if (pyro_map_get(&gather->thread_by_tid, (uint32_t)tid, &found)) {
		*ret_thread = (uint32_t)found;
		return PYRO_RC_OK;
	}
	rc = pyro_table_push(&gather->threads, &thread);
	if (rc)
		return rc;
	rc = pyro_map_put(&gather->thread_by_tid, (uint32_t)tid, gather->threads.count - 1);
	if (rc)
		gather->threads.count--;
	else
		*ret_thread = (uint32_t)(gather->threads.count - 1);
	return rc;
}

struct pyro_gather_thread *pyro_gather_thread_get(const struct pyro_gather *gather, uint32_t thread)
{
	return pyro_table_at(&gather->threads, thread);
}

enum pyro_rc pyro_gather_event(struct pyro_gather *gather, const char *name, size_t size,
			       bool clock, uint32_t *ret_event)
{
	struct pyro_gather_event event = {.clock = clock};
	enum pyro_rc rc = pyro_profile_string(gather->profile, name, size, &event.name);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < gather->events.count; i++) {
		const struct pyro_gather_event *known = pyro_table_at(&gather->events, i);

		if (known->name == event.name) {
			*ret_event = i;
			return PYRO_RC_OK;
		}
	}
	rc = pyro_table_push(&gather->events, &event);
	if (rc == PYRO_RC_OK)
		*ret_event = (uint32_t)(gather->events.count - 1);
	return rc;
}

enum pyro_rc pyro_gather_sample(struct pyro_gather *gather, const struct pyro_gather_sample *sample)
{
	struct pyro_gather_event *event = pyro_table_at(&gather->events, sample->event);
	enum pyro_rc rc;

	if (!event || sample->thread >= gather->threads.count ||
	    (unsigned)sample->part >= PYRO_METRIC_COUNT ||
	    (sample->stack != PYRO_NONE && !pyro_profile_stack_get(gather->profile, sample->stack)))
		return PYRO_RC_FORMAT;
	rc = pyro_table_push(&gather->samples, sample);
	if (rc == PYRO_RC_OK)
		event->samples++;
	return rc;
}

static uint32_t choose_event(const struct pyro_gather *gather)
{
	uint32_t chosen = PYRO_NONE;
	const struct pyro_gather_event *best = NULL;

	for (uint32_t i = 0; i < gather->events.count; i++) {
		const struct pyro_gather_event *event = pyro_table_at(&gather->events, i);

		if (event->samples == 0)
			continue;
		if (!best || event->clock > best->clock ||
		    (event->clock == best->clock && event->samples > best->samples)) {
			best = event;
			chosen = i;
		}
	}
	return chosen;
}

/* The others would count the same time once more. */
static void keep_event(struct pyro_gather *gather, uint32_t event)
{
	struct pyro_gather_sample *samples = gather->samples.rows;
	size_t kept = 0;

	for (size_t i = 0; i < gather->samples.count; i++) {
		if (samples[i].event != event)
			continue;
		samples[kept] = samples[i];
		samples[kept].event = (uint32_t)kept;
		pyro_gather_thread_get(gather, samples[kept++].thread)->samples++;
	}
	gather->samples.count = kept;
}

static int by_time(const void *left, const void *right)
{
	const struct pyro_gather_sample *a = left, *b = right;

	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->event < b->event ? -1 : a->event > b->event;
}

static int by_size(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static uint64_t median(uint64_t *gaps, size_t count)
{
	if (count == 0)
		return 0;
	qsort(gaps, count, sizeof(*gaps), by_size);
	return gaps[count / 2] < MAX_WEIGHT_NS ? gaps[count / 2] : MAX_WEIGHT_NS;
}

/* Counters count while the thread runs, so the usual gap between two samples is the time that one
 * stands for; larger gaps are those in which it waited. */
static enum pyro_rc weigh_by_gaps(struct pyro_gather *gather)
{
	struct pyro_gather_sample *samples = gather->samples.rows;
	const size_t count = gather->samples.count;
	PYRO_AUTO_FREE uint64_t *gaps = malloc((count + 1) * sizeof(*gaps));
	size_t gap_count = 0;
	uint64_t usual;

	if (!gaps)
		return PYRO_RC_NOMEM;
	for (size_t from = 0, to; from < count; from = to) {
		const size_t first = gap_count;
		uint64_t weight;

		for (to = from + 1; to < count && samples[to].thread == samples[from].thread;
		     to++) {
			if (samples[to].at_ns > samples[to - 1].at_ns)
				gaps[gap_count++] = samples[to].at_ns - samples[to - 1].at_ns;
		}
		weight = median(gaps + first, gap_count - first);
		for (size_t i = from; i < to; i++)
			samples[i].weight_ns = weight;
	}
	/* Threads that have no gaps are weighed as the others are. */
	usual = median(gaps, gap_count);
	for (size_t i = 0; i < count; i++) {
		if (samples[i].weight_ns == 0)
			samples[i].weight_ns = usual ? usual : LONE_NS;
	}
	return PYRO_RC_OK;
}

/* False if a sample has no period. */
static bool weigh_by_periods(struct pyro_gather *gather)
{
	struct pyro_gather_sample *samples = gather->samples.rows;

	for (size_t i = 0; i < gather->samples.count; i++) {
		if (samples[i].weight_ns == 0)
			return false;
		if (samples[i].weight_ns > MAX_WEIGHT_NS)
			samples[i].weight_ns = MAX_WEIGHT_NS;
	}
	return true;
}

/* Lets time begin with the first sample. */
static void shift_times(struct pyro_gather *gather)
{
	struct pyro_gather_sample *samples = gather->samples.rows;
	uint64_t start = UINT64_MAX, end = 0;

	for (size_t i = 0; i < gather->samples.count; i++) {
		const uint64_t begin = samples[i].at_ns > samples[i].weight_ns
					       ? samples[i].at_ns - samples[i].weight_ns
					       : 0;

		if (begin < start)
			start = begin;
	}
	for (size_t i = 0; i < gather->samples.count; i++) {
		samples[i].at_ns -= start;
		if (samples[i].at_ns > end)
			end = samples[i].at_ns;
	}
	pyro_profile_set_duration(gather->profile, end);
}

/* Of the process's first thread if that is known, else of any. */
static uint32_t command_of(const struct pyro_gather *gather,
			   const struct pyro_gather_thread *thread)
{
	uint64_t found;

	if (pyro_map_get(&gather->thread_by_tid, (uint32_t)thread->pid, &found)) {
		const struct pyro_gather_thread *first =
			pyro_gather_thread_get(gather, (uint32_t)found);

		if (first->name != PYRO_NONE)
			return first->name;
	}
	return thread->name;
}

static enum pyro_rc add_track(struct pyro_gather *gather, struct pyro_gather_thread *thread,
			      struct pyro_map *process_by_pid, uint32_t none)
{
	struct pyro_track track = {.tid = thread->tid};
	uint64_t found;
	enum pyro_rc rc = PYRO_RC_OK;

	if (thread->pid == 0)
		thread->pid = thread->tid;
	if (thread->name == PYRO_NONE)
		thread->name = none;
	track.main = thread->tid == thread->pid;
	track.name = thread->name;
	if (!pyro_map_get(process_by_pid, (uint32_t)thread->pid, &found)) {
		const struct pyro_process_info process = {
			.pid = thread->pid,
			.parent = PYRO_NONE,
			.command = command_of(gather, thread),
			.python = none,
			.start_ns = UINT64_MAX,
		};
		uint32_t index;

		rc = pyro_profile_process(gather->profile, &process, &index);
		found = index;
		if (rc == PYRO_RC_OK)
			rc = pyro_map_put(process_by_pid, (uint32_t)thread->pid, found);
	}
	if (rc == PYRO_RC_OK) {
		track.process = (uint32_t)found;
		rc = pyro_profile_track(gather->profile, &track, &thread->track);
	}
	return rc;
}

static enum pyro_rc add_tracks(struct pyro_gather *gather)
{
	struct pyro_map process_by_pid;
	uint32_t none;
	enum pyro_rc rc = pyro_profile_string(gather->profile, "", 0, &none);

	pyro_map_init(&process_by_pid, PYRO_MAX_IMPORT_THREADS);
	for (uint32_t i = 0; rc == PYRO_RC_OK && i < gather->threads.count; i++) {
		struct pyro_gather_thread *thread = pyro_gather_thread_get(gather, i);

		if (thread->samples > 0)
			rc = add_track(gather, thread, &process_by_pid, none);
	}
	pyro_map_deinit(&process_by_pid);
	return rc;
}

static void extend(uint64_t *start_ns, uint64_t *end_ns, const struct pyro_gather_sample *sample)
{
	const uint64_t begin =
		sample->at_ns > sample->weight_ns ? sample->at_ns - sample->weight_ns : 0;

	if (begin < *start_ns)
		*start_ns = begin;
	if (sample->at_ns > *end_ns)
		*end_ns = sample->at_ns;
}

static enum pyro_rc add_totals(struct pyro_gather *gather)
{
	struct pyro_profile *profile = gather->profile;
	struct pyro_gather_sample *samples = gather->samples.rows;
	uint32_t last = PYRO_NONE;

	for (size_t i = 0; i < gather->samples.count; i++) {
		struct pyro_gather_sample *sample = &samples[i];
		uint64_t values[PYRO_METRIC_COUNT] = {
			[PYRO_METRIC_WALL] = sample->weight_ns,
			[PYRO_METRIC_CPU] = sample->weight_ns,
			[PYRO_METRIC_SAMPLES] = 1,
		};
		struct pyro_process_info *process;
		struct pyro_track *track;
		enum pyro_rc rc;

		sample->thread = pyro_gather_thread_get(gather, sample->thread)->track;
		values[sample->part] = sample->weight_ns;
		track = pyro_profile_track_get(profile, sample->thread);
		process = pyro_profile_process_get(profile, track->process);
		if (sample->thread != last)
			track->start_ns = UINT64_MAX;
		last = sample->thread;
		extend(&track->start_ns, &track->end_ns, sample);
		extend(&process->start_ns, &process->end_ns, sample);
		track->wall_ns += sample->weight_ns;
		track->cpu_ns += sample->weight_ns;
		rc = pyro_profile_add(profile, sample->thread, sample->stack, values);
		if (rc)
			return rc;
	}
	pyro_profile_quality(profile)->samples += gather->samples.count;
	pyro_profile_quality(profile)->unproved += gather->samples.count;
	pyro_profile_quality(profile)->proof_none += gather->samples.count;
	return PYRO_RC_OK;
}

/* The program is the process that took most: others may have been there before it. */
static enum pyro_rc name_program(const struct pyro_gather *gather)
{
	struct pyro_profile *profile = gather->profile;
	struct pyro_profile_counts counts;
	PYRO_AUTO_FREE uint64_t *took = NULL;
	uint32_t program = 0;

	pyro_profile_counts(profile, &counts);
	took = calloc(counts.processes + 1ul, sizeof(*took));
	if (!took)
		return PYRO_RC_NOMEM;
	for (uint32_t i = 0; i < counts.tracks; i++) {
		const struct pyro_track *track = pyro_profile_track_get(profile, i);

		took[track->process] += track->cpu_ns;
		if (took[track->process] > took[program])
			program = track->process;
	}
	return pyro_profile_meta_set(
		profile, "command",
		pyro_profile_string_get(profile,
					pyro_profile_process_get(profile, program)->command, NULL));
}

static void add_name(struct pyro_buf *notes, const struct pyro_gather *gather,
		     const struct pyro_gather_event *event)
{
	const char *name = pyro_profile_string_get(gather->profile, event->name, NULL);

	pyro_buf_add_text(notes, *name ? name : "an event without a name");
}

static enum pyro_rc tell(const struct pyro_gather *gather, uint32_t chosen, bool periods,
			 struct pyro_buf *notes)
{
	const struct pyro_gather_event *taken = pyro_table_at(&gather->events, chosen);
	bool several = false;
	enum pyro_rc rc;

	pyro_buf_add_text(notes, "Samples are of ");
	add_name(notes, gather, taken);
	pyro_buf_add_text(notes, periods ? " and weigh their period."
					 : " and weigh the median gap between those of their "
					   "thread.");
	for (uint32_t i = 0; i < gather->events.count; i++) {
		const struct pyro_gather_event *event = pyro_table_at(&gather->events, i);

		if (i == chosen || event->samples == 0)
			continue;
		pyro_buf_add_text(notes, several ? ", " : " Left out: ");
		several = true;
		pyro_buf_add_format(notes, "%" PRIu64 " of ", event->samples);
		add_name(notes, gather, event);
	}
	if (several)
		pyro_buf_add_char(notes, '.');
	rc = pyro_profile_meta_set(gather->profile, "event",
				   pyro_profile_string_get(gather->profile, taken->name, NULL));
	if (rc == PYRO_RC_OK)
		rc = pyro_profile_meta_set(gather->profile, "weights",
					   periods ? "period" : "median gap");
	return rc;
}

enum pyro_rc pyro_gather_finish(struct pyro_gather *gather, struct pyro_buf *notes)
{
	const uint32_t chosen = choose_event(gather);
	bool periods;
	enum pyro_rc rc = PYRO_RC_OK;

	if (chosen == PYRO_NONE)
		return PYRO_RC_OK;
	keep_event(gather, chosen);
	qsort(gather->samples.rows, gather->samples.count, sizeof(struct pyro_gather_sample),
	      by_time);
	periods =
		((const struct pyro_gather_event *)pyro_table_at(&gather->events, chosen))->clock &&
		weigh_by_periods(gather);
	if (!periods)
		rc = weigh_by_gaps(gather);
	if (rc == PYRO_RC_OK) {
		shift_times(gather);
		rc = add_tracks(gather);
	}
	if (rc == PYRO_RC_OK)
		rc = add_totals(gather);
	if (rc == PYRO_RC_OK)
		rc = name_program(gather);
	return rc == PYRO_RC_OK ? tell(gather, chosen, periods, notes) : rc;
}

static enum pyro_rc give(void *context, pyro_format_sample_fn *each, void *each_context,
			 struct pyro_err *err)
{
	const struct pyro_gather *gather = context;
	const struct pyro_gather_sample *samples = gather->samples.rows;
	enum pyro_rc rc = PYRO_RC_OK;

	(void)err; /* there are no errors of its own */
	for (size_t i = 0; rc == PYRO_RC_OK && i < gather->samples.count; i++) {
		const struct pyro_format_sample sample = {
			.at_ns = samples[i].at_ns,
			.track = samples[i].thread,
			.stack = samples[i].stack,
			.wall_ns = samples[i].weight_ns,
			.cpu_ns = samples[i].weight_ns,
		};

		rc = each(each_context, &sample);
	}
	return rc;
}

struct pyro_sample_source pyro_gather_source(struct pyro_gather *gather)
{
	return (struct pyro_sample_source){.context = gather, .samples = give};
}
