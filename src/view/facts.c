/* SPDX-License-Identifier: Apache-2.0 */
#include "view/facts.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "profile/quality.h"

static const char *base_name(const char *path, size_t size)
{
	const char *slash = memrchr(path, '/', size);

	return slash ? slash + 1 : path;
}

const char *pyro_view_facts_title(const struct pyro_profile *profile,
				  const struct pyro_view_options *options)
{
	const char *command = pyro_profile_meta_get(profile, "command");
	const char *name;
	size_t word;

	if (options->title)
		return options->title;
	if (!command || !command[0])
		return "a recording";
	word = strcspn(command, " ");
	name = base_name(command, word);
	if (strncmp(name, "python", 6) == 0 && command[word] == ' ' && command[word + 1] != '\0') {
		command += word + 1;
		name = base_name(command, strcspn(command, " "));
	}
	return command[0] == '-' ? command : name;
}

static void add_text(struct pyro_buf *buf, const char *text, size_t size)
{
	pyro_buf_add_char(buf, '"');
	pyro_escape_json(buf, text, size);
	pyro_buf_add_char(buf, '"');
}

static void add_key(struct pyro_buf *buf, const char *key, bool first)
{
	if (!first)
		pyro_buf_add_char(buf, ',');
	add_text(buf, key, strlen(key));
	pyro_buf_add_char(buf, ':');
}

static void add_text_of(struct pyro_buf *buf, const char *key, const char *text, bool first)
{
	add_key(buf, key, first);
	add_text(buf, text, strlen(text));
}

static void add_string_of(struct pyro_buf *buf, const char *key, const struct pyro_profile *profile,
			  uint32_t string)
{
	size_t size = 0;
	const char *text = pyro_profile_string_get(profile, string, &size);

	add_key(buf, key, false);
	add_text(buf, text ? text : "", text ? size : 0);
}

static void add_processes(struct pyro_buf *buf, const struct pyro_profile *profile, uint32_t count)
{
	/* The getters of processes, tracks and quality let their callers change what they return;
	 * nothing is changed here. */
	struct pyro_profile *p = (struct pyro_profile *)profile;

	add_key(buf, "processes", false);
	pyro_buf_add_char(buf, '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_process_info *process = pyro_profile_process_get(p, i);

		pyro_buf_add_format(buf, "%s{\"pid\":%" PRId32 ",\"parent\":", i ? "," : "",
				    process->pid);
		if (process->parent == PYRO_NONE)
			pyro_buf_add_text(buf, "null");
		else
			pyro_buf_add_format(buf, "%" PRIu32, process->parent);
		add_string_of(buf, "command", profile, process->command);
		add_string_of(buf, "python", profile, process->python);
		pyro_buf_add_format(buf, ",\"start\":%" PRIu64 ",\"end\":%" PRIu64 "}",
				    process->start_ns, process->end_ns);
	}
	pyro_buf_add_char(buf, ']');
}

static void add_tracks(struct pyro_buf *buf, const struct pyro_profile *profile, uint32_t count)
{
	struct pyro_profile *p = (struct pyro_profile *)profile;

	add_key(buf, "tracks", false);
	pyro_buf_add_char(buf, '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_track *track = pyro_profile_track_get(p, i);

		pyro_buf_add_format(buf, "%s{\"process\":%" PRIu32 ",\"tid\":%" PRId32,
				    i ? "," : "", track->process, track->tid);
		add_string_of(buf, "name", profile, track->name);
		pyro_buf_add_format(buf, ",\"main\":%s,\"start\":%" PRIu64 ",\"end\":%" PRIu64,
				    track->main ? "true" : "false", track->start_ns, track->end_ns);
		pyro_buf_add_format(
			buf, ",\"wall\":%" PRIu64 ",\"cpu\":%" PRIu64 ",\"exact_cpu\":%s}",
			track->wall_ns, track->cpu_ns, track->exact_cpu ? "true" : "false");
	}
	pyro_buf_add_char(buf, ']');
}

static void add_left_out(struct pyro_buf *buf, const struct pyro_profile *profile,
			 const struct pyro_view_sources *sources)
{
	pyro_buf_add_char(buf, '[');
	for (size_t i = 0; i < sources->left_out_count; i++) {
		const struct pyro_view_left_out *left = &sources->left_out[i];
		size_t size = 0;
		const char *file = pyro_profile_string_get(profile, left->string, &size);

		pyro_buf_add_text(buf, i ? ",{\"file\":" : "{\"file\":");
		add_text(buf, file, size);
		add_text_of(buf, "why", left->why, false);
		pyro_buf_add_char(buf, '}');
	}
	pyro_buf_add_char(buf, ']');
}

void pyro_view_facts_json(struct pyro_buf *buf, const struct pyro_profile *profile,
			  const struct pyro_view_options *options,
			  const struct pyro_view_sources *sources)
{
	const struct pyro_quality *quality = pyro_profile_quality((struct pyro_profile *)profile);
	struct pyro_profile_counts counts;
	const char *key, *value;
	size_t at = 0;

	pyro_profile_counts(profile, &counts);
	pyro_buf_add_char(buf, '{');
	add_text_of(buf, "version", PYRO_VERSION, true);
	add_text_of(buf, "title", pyro_view_facts_title(profile, options), false);
	add_key(buf, "duration", false);
	pyro_buf_add_format(buf, "%" PRIu64, pyro_profile_duration(profile));
	add_key(buf, "incomplete", false);
	pyro_buf_add_text(buf, options->incomplete ? "true" : "false");
	add_key(buf, "facts", false);
	pyro_buf_add_char(buf, '{');
	for (bool first = true; pyro_profile_meta_next(profile, &at, &key, &value); first = false)
		add_text_of(buf, key, value, first);
	pyro_buf_add_char(buf, '}');
	add_processes(buf, profile, counts.processes);
	add_tracks(buf, profile, counts.tracks);
	add_key(buf, "metrics", false);
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		pyro_buf_add_format(buf, "%c\"%s\"", i ? ',' : '[',
				    pyro_metric_info((enum pyro_metric)i)->name);
	pyro_buf_add_char(buf, ']');
	add_key(buf, "quality", false);
	for (size_t i = 0; i < pyro_quality_field_count(); i++)
		pyro_buf_add_format(buf, "%c\"%s\":%" PRIu64, i ? ',' : '{',
				    pyro_quality_field(i)->name, pyro_quality_get(quality, i));
	pyro_buf_add_char(buf, '}');
	add_key(buf, "sources_asked", false);
	pyro_buf_add_text(buf, options->sources ? "true" : "false");
	add_key(buf, "left_out", false);
	add_left_out(buf, profile, sources);
	pyro_buf_add_char(buf, '}');
}
