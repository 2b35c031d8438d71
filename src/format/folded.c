/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each stack: frames from the root to the leaf with ';' between them, a blank, and a
 * whole number. Tools take the number as it is, so it is time in microseconds: fine enough that
 * nothing is lost by rounding, and "flamegraph.pl --countname us" says it right. */
#include <string.h>

#include "base/escape.h"
#include "base/limits.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/track.h"
#include "profile/aggregate.h"

#define NS_PER_US 1000

struct folder {
	const struct pyro_profile *profile;
	const struct pyro_format_options *options;
	const struct pyro_places *places;
	struct pyro_format_out *out;
	struct pyro_buf path;    /* the frames down to the node at hand */
	struct pyro_buf offsets; /* size_t: where the frame of each depth begins in it */
	uint64_t rest_ns;        /* of rounding, carried on so that the sum stays right */
};

/* A name as a part of a line: no control characters, none of the two that mean something. */
static void add_name(struct pyro_buf *path, const char *text)
{
	size_t from = path->size;

	pyro_escape_terminal(path, text, strlen(text));
	for (size_t i = from; i < path->size; i++) {
		if (path->data[i] == ';')
			path->data[i] = ',';
	}
}

static void add_frame(struct folder *folder, uint32_t function_index, int32_t line)
{
	const struct pyro_function *function =
		pyro_profile_function_get(folder->profile, function_index);
	const char *name =
		function ? pyro_profile_string_get(folder->profile, function->name, NULL) : NULL;
	const struct pyro_place *place;

	add_name(&folder->path, name && *name ? name : "?");
	if (!function)
		return;
	place = pyro_places_get(folder->places, function->file);
	if (!*place->display)
		return;
	pyro_buf_add_text(&folder->path, " (");
	add_name(&folder->path, place->display);
	if (folder->options->by_line && line > 0)
		pyro_buf_add_format(&folder->path, ":%d", line);
	pyro_buf_add_char(&folder->path, ')');
}

/* Cuts the path back to what is above @depth, and begins the frame of that depth. */
static enum pyro_rc begin_frame(struct folder *folder, uint32_t depth)
{
	size_t at = depth * sizeof(size_t);
	size_t start;

	if (folder->path.failed || folder->offsets.failed)
		return pyro_err_set(folder->out->err, PYRO_RC_NOMEM, "out of memory");
	if (folder->offsets.size < at)
		return pyro_err_set(folder->out->err, PYRO_RC_FORMAT,
				    "the call tree skips a generation");
	if (folder->offsets.size > at) {
		memcpy(&start, folder->offsets.data + at, sizeof(start));
		folder->path.size = start;
		folder->path.data[start] = '\0';
	}
	folder->offsets.size = at;
	start = folder->path.size;
	pyro_buf_add(&folder->offsets, &start, sizeof(start));
	if (folder->path.size > 0)
		pyro_buf_add_char(&folder->path, ';');
	return PYRO_RC_OK;
}

static enum pyro_rc write_weight(struct folder *folder, uint64_t ns)
{
	uint64_t sum = ns + folder->rest_ns;

	if (ns == 0)
		return PYRO_RC_OK;
	folder->rest_ns = sum % NS_PER_US;
	if (sum < NS_PER_US)
		return PYRO_RC_OK;
	if (folder->path.failed)
		return pyro_err_set(folder->out->err, PYRO_RC_NOMEM, "out of memory");
	pyro_buf_add(&folder->out->text, folder->path.data, folder->path.size);
	pyro_buf_add_format(&folder->out->text, " %llu\n", (unsigned long long)(sum / NS_PER_US));
	return pyro_format_out_settle(folder->out);
}

static enum pyro_rc write_tree(struct folder *folder, const struct pyro_tree *tree, uint32_t base)
{
	const enum pyro_metric metric = folder->options->metric;

	for (size_t i = 0; i < tree->count; i++) {
		const struct pyro_node *node = &tree->nodes[i];
		enum pyro_rc rc;

		if (i == 0 && node->self.of[metric] == 0)
			continue;
		/* Node 0 stands for the program; its own time has no frame to hang on. */
		rc = begin_frame(folder, i == 0 ? base : base + node->depth - 1);
		if (rc)
			return rc;
		if (i == 0)
			pyro_buf_add_text(&folder->path, "(outside Python)");
		else
			add_frame(folder, node->function, node->line);
		rc = write_weight(folder, node->self.of[metric]);
		if (rc)
			return rc;
	}
	return PYRO_RC_OK;
}

/* All tracks together, or one. */
static enum pyro_rc write_tracks(struct folder *folder, uint32_t track, uint32_t base)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_aggregate *aggregate = NULL;
	struct pyro_tree tree;
	enum pyro_rc rc;

	options.track = track;
	rc = pyro_aggregate_create(folder->profile, &options, &aggregate, folder->out->err);
	if (rc)
		return rc;
	rc = pyro_aggregate_tree(aggregate, folder->options->by_line, folder->options->metric,
				 &tree, folder->out->err);
	if (rc == PYRO_RC_OK) {
		folder->places = pyro_aggregate_places(aggregate);
		rc = write_tree(folder, &tree, base);
		pyro_tree_deinit(&tree);
	}
	pyro_aggregate_destroy(aggregate);
	return rc;
}

static enum pyro_rc write_thread(struct folder *folder, uint32_t index)
{
	/* The getter hands out a changeable track; it is only read here. */
	struct pyro_profile *profile = (struct pyro_profile *)folder->profile;
	const struct pyro_track *track = pyro_profile_track_get(profile, index);
	const struct pyro_process_info *process =
		track ? pyro_profile_process_get(profile, track->process) : NULL;
	struct pyro_buf name;
	enum pyro_rc rc = begin_frame(folder, 0);

	if (rc)
		return rc;
	pyro_buf_add_format(&folder->path, "process %d", process ? process->pid : 0);
	rc = begin_frame(folder, 1);
	if (rc)
		return rc;
	pyro_buf_init(&name, PYRO_MAX_NAME * 8);
	if (track)
		pyro_format_track_name(&name, profile, track);
	add_name(&folder->path, name.data ? name.data : "thread");
	folder->path.failed |= name.failed;
	pyro_buf_deinit(&name);
	return write_tracks(folder, index, 2);
}

enum pyro_rc pyro_folded_write(const struct pyro_profile *profile,
			       const struct pyro_sample_source *source,
			       const struct pyro_format_options *options,
			       const struct pyro_format_sink *sink, struct pyro_err *err)
{
	struct pyro_format_out out;
	struct folder folder = {.profile = profile, .options = options, .out = &out};
	struct pyro_profile_counts counts;
	enum pyro_rc rc = PYRO_RC_OK;

	(void)source; /* totals are enough */
	pyro_format_out_init(&out, sink, err);
	pyro_buf_init(&folder.path, (size_t)PYRO_MAX_STACK_DEPTH * (PYRO_MAX_NAME + 64) * 4);
	pyro_buf_init(&folder.offsets, (size_t)(PYRO_MAX_STACK_DEPTH + 8) * sizeof(size_t));
	pyro_profile_counts(profile, &counts);
	if (!options->threads)
		rc = write_tracks(&folder, PYRO_NONE, 0);
	for (uint32_t i = 0; options->threads && rc == PYRO_RC_OK && i < counts.tracks; i++)
		rc = write_thread(&folder, i);
	if (rc == PYRO_RC_OK)
		rc = pyro_format_out_flush(&out);
	pyro_buf_deinit(&folder.offsets);
	pyro_buf_deinit(&folder.path);
	pyro_format_out_deinit(&out);
	return rc;
}
