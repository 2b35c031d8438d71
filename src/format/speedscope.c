/* SPDX-License-Identifier: Apache-2.0 */
/* https://www.speedscope.app/file-format-schema.json. Frames are shared; a track is a "sampled"
 * profile: an array of stacks and, after it, an array of weights. Both are streamed: the stacks as
 * they come, the weights from a compact list kept until the thread ends. Moments that follow each
 * other with the same stack become one, which the format's readers do anyway. */
#include "base/json.h"
#include "base/limits.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/track.h"
#include "profile/places.h"

#define MAX_WEIGHTS (1u << 30)

struct scope {
	struct pyro_profile *profile;
	const struct pyro_format_options *options;
	const struct pyro_places *places;
	struct pyro_format_out *out;
	struct pyro_profile_counts counts;
	struct pyro_buf weights; /* varints */
	uint32_t *frames;        /* the stack at hand, leaf first */
	uint32_t track;          /* PYRO_NONE before the first */
	uint64_t samples_written;
	uint64_t start_ns;
	uint64_t sum_ns;
	uint32_t stack; /* of the moments gathered and not yet written */
	uint64_t weight_ns;
};

static void add_frame(struct scope *scope, const struct pyro_function *function, int32_t line)
{
	struct pyro_buf *text = &scope->out->text;
	const char *name = pyro_profile_string_get(scope->profile, function->name, NULL);
	const struct pyro_place *place = pyro_places_get(scope->places, function->file);

	pyro_json_line(text);
	pyro_json_open(text, NULL, '{');
	pyro_json_text(text, "name", name ? name : "?");
	if (*place->display)
		pyro_json_text(text, "file", place->display);
	if (line > 0)
		pyro_json_signed(text, "line", line);
	pyro_json_close(text, '}');
}

/* By function the frames' indices are those of functions, by line those of frames. */
static enum pyro_rc write_frames(struct scope *scope)
{
	uint32_t count = scope->options->by_line ? scope->counts.frames : scope->counts.functions;

	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_frame *frame = NULL;
		const struct pyro_function *function;
		enum pyro_rc rc;

		if (scope->options->by_line)
			frame = pyro_profile_frame_get(scope->profile, i);
		function = pyro_profile_function_get(scope->profile, frame ? frame->function : i);
		if (!function)
			return pyro_err_set(scope->out->err, PYRO_RC_FORMAT,
					    "a frame names a function that does not exist");
		add_frame(scope, function, frame ? frame->line : function->first_line);
		rc = pyro_format_out_settle(scope->out);
		if (rc)
			return rc;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc write_stack(struct scope *scope)
{
	struct pyro_buf *text = &scope->out->text;
	size_t depth = 0;
	uint32_t next = scope->stack;

	while (next != PYRO_NONE) {
		const struct pyro_stack *stack = pyro_profile_stack_get(scope->profile, next);
		const struct pyro_frame *frame =
			stack ? pyro_profile_frame_get(scope->profile, stack->frame) : NULL;

		/* Parents come before their children, so a walk that follows this ends. */
		if (!frame || depth >= PYRO_MAX_STACK_DEPTH ||
		    (stack->parent != PYRO_NONE && stack->parent >= next))
			return pyro_err_set(scope->out->err, PYRO_RC_FORMAT,
					    "stack %u is malformed", scope->stack);
		scope->frames[depth++] = scope->options->by_line ? stack->frame : frame->function;
		next = stack->parent;
	}
	pyro_json_line(text);
	pyro_json_open(text, NULL, '[');
	while (depth-- > 0)
		pyro_json_number(text, NULL, scope->frames[depth]);
	pyro_json_close(text, ']');
	scope->samples_written++;
	return PYRO_RC_OK;
}

static enum pyro_rc settle_moment(struct scope *scope)
{
	enum pyro_rc rc;

	if (scope->weight_ns == 0)
		return PYRO_RC_OK;
	rc = write_stack(scope);
	if (rc)
		return rc;
	pyro_buf_add_varint(&scope->weights, scope->weight_ns);
	scope->sum_ns += scope->weight_ns;
	scope->weight_ns = 0;
	if (pyro_buf_status(&scope->weights))
		return pyro_err_set(scope->out->err, PYRO_RC_LIMIT,
				    "a thread has too many samples for a speedscope file");
	return pyro_format_out_settle(scope->out);
}

static enum pyro_rc begin_track(struct scope *scope, const struct pyro_format_sample *sample)
{
	struct pyro_buf *text = &scope->out->text;
	const struct pyro_track *track = pyro_profile_track_get(scope->profile, sample->track);
	const struct pyro_process_info *process;
	struct pyro_buf name;

	if (!track)
		return pyro_err_set(scope->out->err, PYRO_RC_FORMAT,
				    "a sample belongs to thread %u, which does not exist",
				    sample->track);
	process = pyro_profile_process_get(scope->profile, track->process);
	pyro_buf_init(&name, PYRO_MAX_NAME * 8);
	if (process && scope->counts.processes > 1)
		pyro_buf_add_format(&name, "process %d: ", process->pid);
	pyro_format_track_name(&name, scope->profile, track);
	pyro_json_line(text);
	pyro_json_open(text, NULL, '{');
	pyro_json_text(text, "type", "sampled");
	pyro_json_text(text, "name", name.data ? name.data : "thread");
	pyro_json_text(text, "unit", "nanoseconds");
	pyro_json_open(text, "samples", '[');
	pyro_buf_deinit(&name);

	scope->track = sample->track;
	scope->samples_written = 0;
	scope->sum_ns = 0;
	scope->start_ns = 0;
	/* A part of the time has no place on the clock. */
	if (scope->options->metric == PYRO_METRIC_WALL && sample->at_ns > sample->wall_ns)
		scope->start_ns = sample->at_ns - sample->wall_ns;
	pyro_buf_reset(&scope->weights);
	return PYRO_RC_OK;
}

static enum pyro_rc end_track(struct scope *scope)
{
	struct pyro_buf *text = &scope->out->text;
	struct pyro_cursor cursor;
	enum pyro_rc rc;

	if (scope->track == PYRO_NONE)
		return PYRO_RC_OK;
	rc = settle_moment(scope);
	if (rc)
		return rc;
	pyro_json_close(text, ']');
	pyro_json_line(text);
	pyro_json_open(text, "weights", '[');
	pyro_cursor_init(&cursor, scope->weights.data, scope->weights.size);
	for (uint64_t i = 0; i < scope->samples_written; i++) {
		pyro_json_number(text, NULL, pyro_cursor_varint(&cursor));
		rc = pyro_format_out_settle(scope->out);
		if (rc)
			return rc;
	}
	pyro_json_close(text, ']');
	pyro_json_number(text, "startValue", scope->start_ns);
	pyro_json_number(text, "endValue", scope->start_ns + scope->sum_ns);
	pyro_json_close(text, '}');
	scope->track = PYRO_NONE;
	return PYRO_RC_OK;
}

/* What of the metric one sample has. */
static uint64_t weigh(enum pyro_metric metric, const struct pyro_format_sample *sample)
{
	const struct pyro_reason_info *reason = pyro_reason_info(sample->reason);
	const uint64_t off_ns =
		sample->wall_ns > sample->cpu_ns ? sample->wall_ns - sample->cpu_ns : 0;

	switch (metric) {
	case PYRO_METRIC_WALL:
		return sample->wall_ns;
	case PYRO_METRIC_CPU:
		return sample->cpu_ns;
	case PYRO_METRIC_GIL_HELD:
		return sample->holds_gil ? sample->wall_ns : 0;
	case PYRO_METRIC_WAIT:
		return off_ns;
	default:
		return reason && reason->metric == metric ? off_ns : 0;
	}
}

static enum pyro_rc take_sample(void *context, const struct pyro_format_sample *sample)
{
	struct scope *scope = context;
	uint64_t weight_ns = weigh(scope->options->metric, sample);
	enum pyro_rc rc = PYRO_RC_OK;

	if (weight_ns == 0)
		return PYRO_RC_OK;
	if (sample->track != scope->track) {
		rc = end_track(scope);
		if (rc == PYRO_RC_OK)
			rc = begin_track(scope, sample);
	} else if (sample->stack != scope->stack) {
		rc = settle_moment(scope);
	}
	if (rc)
		return rc;
	scope->stack = sample->stack;
	scope->weight_ns += weight_ns;
	return PYRO_RC_OK;
}

static enum pyro_rc write_all(struct scope *scope, const struct pyro_sample_source *source)
{
	struct pyro_buf *text = &scope->out->text;
	const char *command = pyro_profile_meta_get(scope->profile, "command");
	enum pyro_rc rc;

	pyro_json_open(text, NULL, '{');
	pyro_json_text(text, "$schema", "https://www.speedscope.app/file-format-schema.json");
	pyro_json_line(text);
	pyro_json_text(text, "exporter", "pyrometer");
	pyro_json_line(text);
	pyro_json_text(text, "name", command ? command : "pyrometer");
	pyro_json_line(text);
	pyro_json_number(text, "activeProfileIndex", 0);
	pyro_json_line(text);
	pyro_json_open(text, "shared", '{');
	pyro_json_open(text, "frames", '[');
	rc = write_frames(scope);
	if (rc)
		return rc;
	pyro_json_close(text, ']');
	pyro_json_close(text, '}');
	pyro_json_line(text);
	pyro_json_open(text, "profiles", '[');
	rc = source->samples(source->context, take_sample, scope, scope->out->err);
	if (rc == PYRO_RC_OK)
		rc = end_track(scope);
	if (rc)
		return rc;
	pyro_json_close(text, ']');
	pyro_json_close(text, '}');
	pyro_buf_add_char(text, '\n');
	return pyro_format_out_flush(scope->out);
}

enum pyro_rc pyro_speedscope_write(const struct pyro_profile *profile,
				   const struct pyro_sample_source *source,
				   const struct pyro_format_options *options,
				   const struct pyro_format_sink *sink, struct pyro_err *err)
{
	struct pyro_format_out out;
	struct pyro_places *places = NULL;
	/* The getters of tracks and processes hand out changeable ones; they are only read here. */
	struct scope scope = {
		.profile = (struct pyro_profile *)profile,
		.options = options,
		.out = &out,
		.track = PYRO_NONE,
		.stack = PYRO_NONE,
	};
	enum pyro_rc rc = pyro_places_create(profile, &places, err);

	if (rc)
		return rc;
	scope.places = places;
	pyro_profile_counts(profile, &scope.counts);
	pyro_format_out_init(&out, sink, err);
	pyro_buf_init(&scope.weights, MAX_WEIGHTS);
	scope.frames = calloc(PYRO_MAX_STACK_DEPTH, sizeof(*scope.frames));
	if (scope.frames)
		rc = write_all(&scope, source);
	else
		rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	free(scope.frames);
	pyro_buf_deinit(&scope.weights);
	pyro_format_out_deinit(&out);
	pyro_places_destroy(places);
	return rc;
}
