/* SPDX-License-Identifier: Apache-2.0 */
#include "report/headline.h"

#include <string.h>

#include "base/escape.h"
#include "report/bar.h"
#include "report/quality.h"
#include "report/text.h"
#include "report/units.h"
#include "report/waits.h"

#define TEXT_BYTES  65536
#define DIVIDE_WIDE 10

static const char *base_name(const char *path, size_t size)
{
	const char *name = path;
	for (size_t i = 0; i < size; i++)
		if (path[i] == '/')
			name = path + i + 1;
	return name;
}

static const char *next_word(const char *command)
{
	command += strcspn(command, " ");
	return command + strspn(command, " ");
}

/* Past the interpreter and its options, up to a script, -m or -c; all of it if nothing follows. */
static const char *skip_interpreter(const char *command)
{
	const char *name = base_name(command, strcspn(command, " "));
	if (strncmp(name, "python", 6) != 0)
		return command;
	const char *at = next_word(command);
	while (at[0] == '-' && at[1] != '\0' && !strchr("mc-", at[1])) {
		bool has_value = strchr("XW", at[1]) && (at[2] == ' ' || at[2] == '\0');
		at = next_word(at);
		if (has_value)
			at = next_word(at);
	}
	return *at ? at : command;
}

void pyro_headline_command(const char *command, const struct pyro_report_look *look,
			   struct pyro_buf *buf)
{
	command = skip_interpreter(command);
	pyro_text_name(buf, look,
		       command[0] == '-' ? command : base_name(command, strcspn(command, " ")));
}

void pyro_headline_program(struct pyro_profile *profile, const struct pyro_report_look *look,
			   struct pyro_buf *buf)
{
	const char *command = pyro_profile_meta_get(profile, "command");
	const struct pyro_process_info *first = pyro_profile_process_get(profile, 0);
	if (!command && first)
		command = pyro_profile_string_get(profile, first->command, NULL);
	pyro_headline_command(command && *command ? command : "(unknown program)", look, buf);
}

static void add_item(struct pyro_buf *line, struct pyro_buf *item)
{
	if (item->failed)
		line->failed = true;
	if (item->size > 0) {
		if (line->size > 0)
			pyro_buf_add_text(line, PYRO_MARK_DOT);
		pyro_text_item(line, item->data);
	}
	pyro_buf_reset(item);
}

static void add_python(struct pyro_profile *profile, const struct pyro_report_look *look,
		       struct pyro_buf *item)
{
	struct pyro_profile_counts counts;
	uint32_t python = PYRO_NONE;
	bool several = false;
	pyro_profile_counts(profile, &counts);
	for (uint32_t i = 0; i < counts.processes; i++) {
		const struct pyro_process_info *process = pyro_profile_process_get(profile, i);
		const char *name = pyro_profile_string_get(profile, process->python, NULL);
		if (!name || !*name)
			continue;
		several = several || (python != PYRO_NONE && python != process->python);
		python = python == PYRO_NONE ? process->python : python;
	}
	const char *name = python == PYRO_NONE ? pyro_profile_meta_get(profile, "python")
					       : pyro_profile_string_get(profile, python, NULL);
	if (name)
		pyro_text_name(item, look, name);
	if (several)
		pyro_buf_add_text(item, " and others");
}

/* ", 14 tasks, 3 threads" */
static void add_tracks(struct pyro_buf *item, struct pyro_profile *profile, uint32_t count)
{
	uint32_t tasks = 0;
	for (uint32_t i = 0; i < count; i++)
		tasks += pyro_profile_track_get(profile, i)->task;
	if (tasks > 0) {
		pyro_buf_add_text(item, ", ");
		pyro_units_plural(item, tasks, "task");
	}
	if (count > tasks || count == 0) {
		pyro_buf_add_text(item, ", ");
		pyro_units_plural(item, count - tasks, "thread");
	}
}

void pyro_headline_print(const struct pyro_scope *scope, const struct pyro_report_look *look,
			 struct pyro_buf *buf)
{
	const struct pyro_quality *quality = pyro_profile_quality(scope->profile);
	struct pyro_profile_counts counts;
	struct pyro_buf line;
	struct pyro_buf item;
	double overhead;
	pyro_profile_counts(scope->profile, &counts);
	pyro_buf_init(&line, TEXT_BYTES);
	pyro_buf_init(&item, TEXT_BYTES);

	struct pyro_buf program;
	pyro_buf_init(&program, TEXT_BYTES);
	pyro_headline_program(scope->profile, look, &program);
	pyro_buf_add_text(&item, PYRO_MARK_BOLD);
	if (program.failed)
		buf->failed = true;
	else
		pyro_text_fit(&item, look, program.data ? program.data : "",
			      pyro_text_width(look) / 2, PYRO_CUT_MIDDLE);
	pyro_buf_deinit(&program);
	pyro_buf_add_text(&item, PYRO_MARK_END "  ");
	pyro_units_duration(&item, scope->run_ns);
	add_item(&line, &item);
	add_python(scope->profile, look, &item);
	add_item(&line, &item);
	pyro_units_plural(&item, counts.processes, "process");
	add_tracks(&item, scope->profile, counts.tracks);
	add_item(&line, &item);
	pyro_units_plural(&item, quality->samples, "sample");
	if (quality->samples > 0) {
		pyro_buf_add_text(&item, ", ");
		pyro_quality_short(quality, &item);
	}
	add_item(&line, &item);
	if (pyro_quality_overhead(scope->profile, &overhead)) {
		pyro_buf_add_text(&item, "overhead ");
		pyro_units_percent(&item, overhead);
		add_item(&line, &item);
	}
	if (line.failed || item.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "", line.data);
	pyro_buf_deinit(&line);
	pyro_buf_deinit(&item);
}

/* "  ████████░░░░  " */
static void add_lead(struct pyro_buf *lead, const struct pyro_report_look *look, double running,
		     double waiting, double full)
{
	struct pyro_bar bar;
	pyro_buf_add_text(lead, "  ");
	if (pyro_text_width(look) < 60)
		return;
	pyro_bar_draw(look, running, waiting, full, DIVIDE_WIDE, &bar);
	pyro_buf_add_format(lead,
			    PYRO_MARK_RUNNING "%s" PYRO_MARK_END PYRO_MARK_WAITING
					      "%s" PYRO_MARK_END "  ",
			    bar.running, bar.waiting);
	size_t drawn = pyro_escape_columns(bar.running, strlen(bar.running)) +
		       pyro_escape_columns(bar.waiting, strlen(bar.waiting));
	pyro_text_spaces(lead, drawn < DIVIDE_WIDE ? DIVIDE_WIDE - drawn : 0);
}

/* "WHAT 38 %AFTER", after a comma unless it is the first. */
static void add_percent(struct pyro_buf *line, const char *what, double share, const char *after)
{
	struct pyro_buf item;
	pyro_buf_init(&item, 1024);
	pyro_buf_add_text(&item, what);
	pyro_units_percent(&item, share);
	pyro_buf_add_text(&item, after);
	if (line->size > 0)
		pyro_buf_add_text(line, ", ");
	pyro_text_item(line, item.data ? item.data : "");
	line->failed = line->failed || item.failed;
	pyro_buf_deinit(&item);
}

/* " (python 44, native 22, system 5)" of @base, where it is known what ran; with "about", where
 * that is an estimate. */
static void add_parts(struct pyro_buf *line, const struct pyro_values *values, double base,
		      const struct pyro_quality *quality)
{
	static const struct {
		const char *name;
		enum pyro_metric metric;
	} parts[] = {{"python", PYRO_METRIC_CPU_PYTHON},
		     {"native", PYRO_METRIC_CPU_NATIVE},
		     {"system", PYRO_METRIC_CPU_SYSTEM}};
	const double cpu = (double)values->of[PYRO_METRIC_CPU];
	double known = 0;
	bool any = false;
	for (size_t i = 0; i < PYRO_COUNT(parts); i++)
		known += (double)values->of[parts[i].metric];
	/* Of a small part of it nothing follows for the rest. */
	if (base <= 0 || known < cpu / 2)
		return;
	struct pyro_buf item;
	pyro_buf_init(&item, 1024);
	for (size_t i = 0; i < PYRO_COUNT(parts); i++) {
		const double share = (double)values->of[parts[i].metric] / known * cpu / base;
		if (share < 0.005)
			continue;
		pyro_buf_add_format(&item, "%s%s %.0f", any ? ", " : "", parts[i].name,
				    share * 100);
		any = true;
	}
	if (any && !item.failed)
		pyro_buf_add_format(line, " (%s%s)",
				    pyro_quality_parts_estimated(quality) ? "about " : "",
				    item.data);
	line->failed = line->failed || item.failed;
	pyro_buf_deinit(&item);
}

/* ", waiting 30 % (GIL 23, lock 5)" */
static void add_waiting(struct pyro_buf *line, const struct pyro_values *values)
{
	const double wall = (double)values->of[PYRO_METRIC_WALL];
	const double wait = (double)values->of[PYRO_METRIC_WAIT] / wall;
	if (wait < 0.0005)
		return;
	add_percent(line, "waiting ", wait, "");
	struct pyro_buf item;
	pyro_buf_init(&item, 1024);
	pyro_waits_add(&item, values, wall);
	if (item.size > 0)
		pyro_buf_add_format(line, " (%s)", item.data);
	line->failed = line->failed || item.failed;
	pyro_buf_deinit(&item);
}

static void add_outside(struct pyro_buf *line, double outside, double base)
{
	if (base > 0 && outside / base >= 0.01)
		add_percent(line, "", outside / base, " outside Python");
}

static void finish(struct pyro_buf *buf, const struct pyro_report_look *look, struct pyro_buf *lead,
		   struct pyro_buf *line)
{
	if (lead->failed || line->failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, lead->data, line->data ? line->data : "");
	pyro_buf_deinit(lead);
	pyro_buf_deinit(line);
}

/* One thread: all of its time is either running or waiting. */
static void divide_one(const struct pyro_scope *scope, const struct pyro_report_look *look,
		       struct pyro_buf *buf)
{
	struct pyro_buf lead;
	struct pyro_buf line;
	double wall = (double)scope->whole.of[PYRO_METRIC_WALL];
	double cpu = (double)scope->whole.of[PYRO_METRIC_CPU];
	double wait = (double)scope->whole.of[PYRO_METRIC_WAIT];
	if (wall <= 0)
		return;
	pyro_buf_init(&lead, 4096);
	pyro_buf_init(&line, 4096);
	add_lead(&lead, look, cpu, wait, wall);
	add_percent(&line, PYRO_MARK_BOLD "running ", cpu / wall, PYRO_MARK_END);
	add_parts(&line, &scope->whole, wall, pyro_profile_quality(scope->profile));
	add_waiting(&line, &scope->whole);
	add_outside(&line, (double)scope->outside.of[PYRO_METRIC_WALL], wall);
	finish(buf, look, &lead, &line);
}

/* How much of the run threads ran, together. */
static void divide_run(const struct pyro_scope *scope, const struct pyro_report_look *look,
		       struct pyro_buf *buf)
{
	double cpu = (double)scope->all.of[PYRO_METRIC_CPU];
	double run = (double)scope->run_ns;
	struct pyro_buf lead;
	struct pyro_buf line;
	struct pyro_buf item;
	pyro_buf_init(&lead, 4096);
	pyro_buf_init(&line, 4096);
	pyro_buf_init(&item, 1024);
	add_lead(&lead, look, cpu, 0, cpu > run ? cpu : run);
	if (scope->of_run) {
		add_percent(&line, PYRO_MARK_BOLD "running ", cpu / run,
			    " of the run" PYRO_MARK_END);
		add_parts(&line, &scope->all, run, pyro_profile_quality(scope->profile));
	} else {
		pyro_buf_add_text(&item, PYRO_MARK_BOLD "running ");
		pyro_units_duration(&item, scope->all.of[PYRO_METRIC_CPU]);
		pyro_buf_add_text(&item, PYRO_MARK_END);
		add_item(&line, &item);
		pyro_buf_add_text(&item, ", ");
		pyro_units_decimal(&item, cpu / run, 1);
		pyro_buf_add_text(&item, " processors busy");
		pyro_text_item(&line, item.data ? item.data : "");
	}
	add_outside(&line, (double)scope->all_outside.of[PYRO_METRIC_CPU], (double)scope->base_ns);
	line.failed = line.failed || item.failed;
	pyro_buf_deinit(&item);
	finish(buf, look, &lead, &line);
}

/* What the threads did with their time, those aside that only ever waited. */
static void divide_threads(const struct pyro_scope *scope, const struct pyro_report_look *look,
			   struct pyro_buf *buf)
{
	struct pyro_values sum = {0};
	size_t busy = scope->threads.count - scope->idle;
	/* The idle ones ran least, so they are the last. */
	for (size_t i = 0; i < busy; i++) {
		for (unsigned j = 0; j < PYRO_METRIC_COUNT; j++)
			sum.of[j] += scope->threads.rows[i].total.of[j];
	}
	const double wall = (double)sum.of[PYRO_METRIC_WALL];
	const double cpu = (double)sum.of[PYRO_METRIC_CPU];
	const double wait = (double)sum.of[PYRO_METRIC_WAIT];
	if (wall <= 0)
		return;
	struct pyro_buf lead;
	struct pyro_buf line;
	struct pyro_buf item;
	pyro_buf_init(&lead, 4096);
	pyro_buf_init(&line, 4096);
	pyro_buf_init(&item, 1024);
	add_lead(&lead, look, cpu, wait, wall);
	pyro_units_plural(&item, busy, scope->noun);
	pyro_buf_add_text(&item, ": running ");
	pyro_units_percent(&item, cpu / wall);
	add_item(&line, &item);
	add_waiting(&line, &sum);
	if (scope->idle > 0) {
		pyro_buf_add_text(&line, "; ");
		pyro_units_count(&item, scope->idle);
		pyro_buf_add_text(&item, " idle");
		pyro_text_item(&line, item.data ? item.data : "");
	}
	line.failed = line.failed || item.failed;
	pyro_buf_deinit(&item);
	finish(buf, look, &lead, &line);
}

void pyro_headline_divide(const struct pyro_scope *scope, const struct pyro_report_look *look,
			  struct pyro_buf *buf)
{
	if (scope->threads.count == 0 || scope->run_ns == 0)
		return;
	if (scope->track != PYRO_NONE) {
		divide_one(scope, look, buf);
		return;
	}
	divide_run(scope, look, buf);
	divide_threads(scope, look, buf);
}
