/* SPDX-License-Identifier: Apache-2.0 */
#include "view/facts.h"

#include <string.h>

#include "base/json.h"
#include "profile/logical.h"
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

static void add_string(struct pyro_buf *buf, const char *name, const struct pyro_profile *profile,
		       uint32_t string)
{
	size_t size = 0;
	const char *text = pyro_profile_string_get(profile, string, &size);

	pyro_json_bytes(buf, name, text ? text : "", text ? size : 0);
}

static void add_processes(struct pyro_buf *buf, const struct pyro_profile *profile, uint32_t count)
{
	/* The getters of processes, tracks and quality let their callers change what they return;
	 * nothing is changed here. */
	struct pyro_profile *p = (struct pyro_profile *)profile;

	pyro_json_open(buf, "processes", '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_process_info *process = pyro_profile_process_get(p, i);

		pyro_json_open(buf, NULL, '{');
		pyro_json_signed(buf, "pid", process->pid);
		if (process->parent == PYRO_NONE)
			pyro_json_null(buf, "parent");
		else
			pyro_json_number(buf, "parent", process->parent);
		add_string(buf, "command", profile, process->command);
		add_string(buf, "python", profile, process->python);
		pyro_json_number(buf, "start", process->start_ns);
		pyro_json_number(buf, "end", process->end_ns);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
}

static void add_tracks(struct pyro_buf *buf, const struct pyro_profile *profile, uint32_t count)
{
	struct pyro_profile *p = (struct pyro_profile *)profile;

	pyro_json_open(buf, "tracks", '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_track *track = pyro_profile_track_get(p, i);

		pyro_json_open(buf, NULL, '{');
		pyro_json_number(buf, "process", track->process);
		pyro_json_signed(buf, "tid", track->tid);
		add_string(buf, "name", profile, track->name);
		pyro_json_bool(buf, "main", track->main);
		pyro_json_bool(buf, "task", track->task);
		pyro_json_number(buf, "start", track->start_ns);
		pyro_json_number(buf, "end", track->end_ns);
		pyro_json_number(buf, "wall", track->wall_ns);
		pyro_json_number(buf, "cpu", track->cpu_ns);
		pyro_json_bool(buf, "exact_cpu", track->exact_cpu);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
}

static void add_left_out(struct pyro_buf *buf, const struct pyro_profile *profile,
			 const struct pyro_view_sources *sources)
{
	pyro_json_open(buf, "left_out", '[');
	for (size_t i = 0; i < sources->left_out_count; i++) {
		pyro_json_open(buf, NULL, '{');
		add_string(buf, "file", profile, sources->left_out[i].string);
		pyro_json_text(buf, "why", sources->left_out[i].why);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
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
	pyro_json_open(buf, NULL, '{');
	pyro_json_text(buf, "version", PYRO_VERSION);
	pyro_json_text(buf, "title", pyro_view_facts_title(profile, options));
	pyro_json_number(buf, "duration", pyro_profile_duration(profile));
	pyro_json_bool(buf, "incomplete", options->incomplete);
	pyro_json_open(buf, "facts", '{');
	while (pyro_profile_meta_next(profile, &at, &key, &value)) {
		if (strcmp(key, PYRO_LOGICAL_FACT) != 0) /* said by the noun */
			pyro_json_text(buf, key, value);
	}
	pyro_json_close(buf, '}');
	pyro_json_text(buf, "noun", pyro_logical_noun(profile));
	add_processes(buf, profile, counts.processes);
	add_tracks(buf, profile, counts.tracks);
	pyro_json_open(buf, "metrics", '[');
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		pyro_json_text(buf, NULL, pyro_metric_info((enum pyro_metric)i)->name);
	pyro_json_close(buf, ']');
	pyro_json_open(buf, "quality", '{');
	for (size_t i = 0; i < pyro_quality_field_count(); i++)
		pyro_json_number(buf, pyro_quality_field(i)->name, pyro_quality_get(quality, i));
	pyro_json_close(buf, '}');
	pyro_json_bool(buf, "sources_asked", options->sources);
	add_left_out(buf, profile, sources);
	pyro_json_close(buf, '}');
}
