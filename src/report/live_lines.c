/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/escape.h"
#include "report/bar.h"
#include "report/headline.h"
#include "report/live_inside.h"
#include "report/quality.h"
#include "report/units.h"

/* The lines around the rows of a live view. */

#define TEXT_BYTES 65536
#define BAR_WIDE   10
#define GAP        5 /* columns of "  ·  " */
/* Below this width words are left out. */
#define WIDE 70

void live_line_begin(struct live_line *line, const struct pyro_report_look *look,
		     struct pyro_buf *buf)
{
	*line = (struct live_line){.look = look, .buf = buf};
}

void live_line_item(struct live_line *line, enum pyro_ink ink, const char *text)
{
	const size_t width = pyro_text_width(line->look);
	const size_t columns = pyro_escape_columns(text, strlen(text));
	struct pyro_buf cut;

	if (!text[0] || (line->any && line->used + GAP + columns > width))
		return;
	if (line->any) {
		pyro_text_spaces(line->buf, 2);
		pyro_text_styled(line->buf, line->look, PYRO_INK_DIM,
				 pyro_text_signs(line->look)->dot);
		pyro_text_spaces(line->buf, 2);
		line->used += GAP;
	}
	pyro_buf_init(&cut, TEXT_BYTES);
	pyro_text_fit(&cut, line->look, text, width, PYRO_CUT_MIDDLE);
	if (cut.failed)
		line->buf->failed = true;
	else
		pyro_text_styled(line->buf, line->look, ink, cut.data ? cut.data : "");
	line->used += columns < width ? columns : width;
	line->any = true;
	pyro_buf_deinit(&cut);
}

void live_line_end(struct live_line *line)
{
	pyro_buf_add_char(line->buf, '\n');
}

/* An item of what was put together in @text, which is emptied. */
static void take_item(struct live_line *line, enum pyro_ink ink, struct pyro_buf *text)
{
	if (text->failed)
		line->buf->failed = true;
	else
		live_line_item(line, ink, text->data ? text->data : "");
	pyro_buf_reset(text);
}

/* ---- what there is ---- */

/* How many processes it is about, and the one if it is one; PYRO_NONE if there was none yet. */
static size_t count_processes(const struct pyro_live *live, uint32_t *ret_one)
{
	const struct pyro_rows *seen = &live->scope.processes;
	struct pyro_profile_counts counts;

	*ret_one = live->choice.process;
	if (*ret_one != PYRO_NONE)
		return 1;
	pyro_profile_counts(live->profile, &counts);
	if (counts.processes > 0)
		*ret_one = seen->count == 1 ? seen->rows[0].process : counts.processes - 1;
	return seen->count > 0 ? seen->count : counts.processes;
}

static void add_program(const struct pyro_live *live, struct live_line *line, struct pyro_buf *item)
{
	uint32_t one;
	const size_t count = count_processes(live, &one);
	const struct pyro_process_info *process = pyro_profile_process_get(live->profile, one);
	struct pyro_buf name;

	if (!process) {
		live_line_item(line, PYRO_INK_BOLD, "no Python process yet");
		return;
	}
	if (count > 1) {
		pyro_units_plural(item, count, "process");
		take_item(line, PYRO_INK_BOLD, item);
		return;
	}
	pyro_buf_init(&name, TEXT_BYTES);
	pyro_headline_command(pyro_profile_string_get(live->profile, process->command, NULL),
			      line->look, &name);
	pyro_text_fit(item, line->look, name.data ? name.data : "", pyro_text_width(line->look) / 2,
		      PYRO_CUT_MIDDLE);
	pyro_buf_deinit(&name);
	take_item(line, PYRO_INK_BOLD, item);
	pyro_buf_add_format(item, "%d%s", (int)process->pid, process->end_ns ? " ended" : "");
	take_item(line, PYRO_INK_PLAIN, item);
}

static void add_python(const struct pyro_live *live, struct live_line *line, struct pyro_buf *item)
{
	uint32_t one;
	const size_t count = count_processes(live, &one);
	const struct pyro_process_info *process = pyro_profile_process_get(live->profile, one);

	if (count > 1 || !process)
		return;
	pyro_text_name(item, line->look,
		       pyro_profile_string_get(live->profile, process->python, NULL));
	take_item(line, PYRO_INK_PLAIN, item);
}

static void add_span(const struct pyro_live *live, struct live_line *line, struct pyro_buf *item)
{
	const uint64_t span_ns = live->stretch.end_ns - live->stretch.begin_ns;

	if (span_ns == 0)
		return;
	pyro_buf_add_text(item, live->choice.since_start ? "all " : "last ");
	pyro_units_duration(item, span_ns);
	take_item(line, PYRO_INK_PLAIN, item);
}

static void add_threads(const struct pyro_live *live, struct live_line *line, struct pyro_buf *item)
{
	const struct pyro_rows *threads = &live->scope.threads;
	size_t count = 0;

	for (size_t i = 0; i < threads->count; i++)
		count += live->choice.process == PYRO_NONE ||
			 live->choice.process == threads->rows[i].process;
	if (count == 0)
		return;
	pyro_units_plural(item, count, "thread");
	take_item(line, PYRO_INK_PLAIN, item);
}

static void add_tasks(const struct pyro_live *live, struct live_line *line, struct pyro_buf *item)
{
	const size_t count = live_count_tasks(live);

	if (count == 0)
		return;
	pyro_units_plural(item, count, "task");
	take_item(line, PYRO_INK_PLAIN, item);
}

/* What matters more comes first: there may be no room for the rest. */
static void first_line(const struct pyro_live *live, const struct pyro_report_look *look,
		       struct pyro_buf *buf)
{
	struct live_line line;
	struct pyro_buf item;

	pyro_buf_init(&item, TEXT_BYTES);
	live_line_begin(&line, look, buf);
	add_program(live, &line, &item);
	add_span(live, &line, &item);
	if (live->paused)
		live_line_item(&line, PYRO_INK_BOLD, "paused");
	add_python(live, &line, &item);
	add_threads(live, &line, &item);
	add_tasks(live, &line, &item);
	live_line_end(&line);
	pyro_buf_deinit(&item);
}

/* ---- running, waiting, the GIL ---- */

static void add_share(struct live_line *line, enum pyro_ink ink, const char *before, uint64_t ns,
		      uint64_t of_ns, const char *after)
{
	const double share = of_ns ? (double)ns / (double)of_ns : 0;
	struct pyro_buf item;

	if (share < 0.0005)
		return;
	pyro_buf_init(&item, 1024);
	pyro_buf_add_text(&item, before);
	pyro_units_percent(&item, share);
	pyro_buf_add_text(&item, after);
	take_item(line, ink, &item);
	pyro_buf_deinit(&item);
}

/* What a thread, or what tasks wait for, what they wait for longest first. */
static void add_reasons(struct live_line *line, const struct pyro_values *values, bool tasks,
			uint64_t base_ns)
{
	bool said[PYRO_REASON_COUNT] = {false};

	for (int i = PYRO_REASON_NONE + 1; i < PYRO_REASON_COUNT; i++) {
		const enum pyro_reason reason = live_reason(values, said);
		const struct pyro_reason_info *info = pyro_reason_info(reason);
		char before[64];

		if (!info)
			return;
		said[reason] = true;
		snprintf(before, sizeof(before), "%s ",
			 tasks && reason == PYRO_REASON_READY ? "for their loop" : info->text);
		add_share(line, PYRO_INK_PLAIN, before, values->of[info->metric], base_ns, "");
	}
}

/* What the one thread does, or all together; waiting that is not for the GIL is for one thread
 * alone to say: idle threads wait all the time. */
static void second_line(const struct pyro_live *live, const struct pyro_report_look *look,
			struct pyro_buf *buf)
{
	const struct pyro_scope *scope = &live->scope;
	const bool one = scope->track != PYRO_NONE || live_of_tasks(live);
	const struct pyro_values *values = one ? &scope->whole : &scope->all;
	const uint64_t base_ns = scope->base_ns;
	const uint64_t cpu_ns = values->of[PYRO_METRIC_CPU];
	const uint64_t wait_ns = one ? pyro_scope_value(PYRO_REPORT_WAIT, values) : 0;
	const uint64_t full_ns = cpu_ns + wait_ns > base_ns ? cpu_ns + wait_ns : base_ns;
	struct live_line line;

	live_line_begin(&line, look, buf);
	if (pyro_text_width(look) >= 60 && full_ns > 0) {
		struct pyro_bar bar;
		size_t drawn;

		pyro_bar_draw(look, (double)cpu_ns, (double)wait_ns, (double)full_ns, BAR_WIDE,
			      &bar);
		drawn = pyro_escape_columns(bar.running, strlen(bar.running)) +
			pyro_escape_columns(bar.waiting, strlen(bar.waiting));
		pyro_text_styled(buf, look, PYRO_INK_RUNNING, bar.running);
		pyro_text_styled(buf, look, PYRO_INK_WAITING, bar.waiting);
		pyro_text_spaces(buf, BAR_WIDE + 2 - drawn);
		line.used = BAR_WIDE + 2;
	}
	add_share(&line, PYRO_INK_BOLD, "running ", cpu_ns, base_ns, "");
	add_share(&line, PYRO_INK_PLAIN, "waiting ", wait_ns, base_ns, "");
	if (one)
		add_reasons(&line, values, live_of_tasks(live), base_ns);
	else
		add_share(&line, PYRO_INK_PLAIN, "waiting for the GIL ",
			  values->of[PYRO_METRIC_GIL_WAIT], base_ns, "");
	if (scope->processes.count == 1 || live->choice.process != PYRO_NONE)
		add_share(&line, PYRO_INK_PLAIN, "GIL held ", values->of[PYRO_METRIC_GIL_HELD],
			  base_ns, "");
	add_share(&line, PYRO_INK_PLAIN, "",
		  one ? scope->outside.of[PYRO_METRIC_WALL] : scope->outside.of[PYRO_METRIC_CPU],
		  base_ns, " outside Python");
	live_line_end(&line);
}

/* ---- how it is known ---- */

static void third_line(const struct pyro_live *live, const struct pyro_report_look *look,
		       struct pyro_buf *buf)
{
	const struct pyro_quality *quality = pyro_profile_quality(live->profile);
	const uint64_t run_ns = pyro_profile_duration(live->profile);
	struct live_line line;
	struct pyro_buf item;
	double overhead;

	pyro_buf_init(&item, 4096);
	live_line_begin(&line, look, buf);
	pyro_units_plural(&item, live->scope.all.of[PYRO_METRIC_SAMPLES], "sample");
	if (quality->samples > 0) {
		pyro_buf_add_text(&item, ", ");
		pyro_quality_short(quality, &item);
	}
	take_item(&line, PYRO_INK_DIM, &item);
	if (pyro_quality_overhead(live->profile, &overhead)) {
		pyro_buf_add_text(&item, "overhead ");
		pyro_units_percent(&item, overhead);
		take_item(&line, PYRO_INK_DIM, &item);
	}
	if (run_ns > 0 && quality->recorder_cpu_ns > 0) {
		pyro_buf_add_text(&item, "pyrometer ");
		pyro_units_percent(&item, (double)quality->recorder_cpu_ns / (double)run_ns);
		pyro_buf_add_text(&item, " CPU");
		take_item(&line, PYRO_INK_DIM, &item);
	}
	if (quality->missed > 0) {
		pyro_units_count(&item, quality->missed);
		pyro_buf_add_text(&item, " missed");
		take_item(&line, PYRO_INK_DIM, &item);
	}
	live_line_end(&line);
	pyro_buf_deinit(&item);
}

void live_headline(struct pyro_live *live, const struct pyro_report_look *look, size_t most,
		   struct pyro_buf *buf)
{
	static void (*const lines[])(const struct pyro_live *, const struct pyro_report_look *,
				     struct pyro_buf *) = {first_line, second_line, third_line};

	for (size_t i = 0; i < PYRO_COUNT(lines) && i < most; i++)
		lines[i](live, look, buf);
}

/* ---- what is chosen ---- */

static void add_base(const struct pyro_live *live, const struct pyro_report_look *look,
		     struct pyro_buf *item)
{
	static const char *const of[] = {
		[PYRO_REPORT_WALL] = "one thread's time",
		[PYRO_REPORT_CPU] = "one processor",
		[PYRO_REPORT_GIL] = "one thread's time, holding the GIL",
		[PYRO_REPORT_WAIT] = "one thread's time, waiting",
		[PYRO_REPORT_GIL_WAIT] = "one thread's time, waiting for the GIL",
		[PYRO_REPORT_LOCK] = "one thread's time, waiting for locks",
		[PYRO_REPORT_IO] = "one thread's time, waiting for files and pipes",
		[PYRO_REPORT_NET] = "one thread's time, waiting for the network",
		[PYRO_REPORT_SLEEP] = "one thread's time, asleep",
	};
	const struct pyro_scope *scope = &live->scope;
	const struct pyro_track *track = pyro_profile_track_get(live->profile, scope->track);

	pyro_buf_add_text(item, "% of ");
	if (live_view(live)->tasks || (live_of_tasks(live) && scope->weight == PYRO_REPORT_WALL)) {
		pyro_buf_add_text(item, "one task's time");
	} else if (track && scope->weight == PYRO_REPORT_WALL && !live_view(live)->whole) {
		pyro_text_name(item, look,
			       pyro_profile_string_get(live->profile, track->name, NULL));
		pyro_buf_add_text(item, "'s time");
	} else if (live_view(live)->whole) {
		pyro_buf_add_text(item, of[PYRO_REPORT_WALL]);
	} else {
		pyro_buf_add_text(item, of[scope->weight]);
	}
}

/* "functions", "lines of fetch", "each task of handler", "stack of Task-17". */
static void add_view(const struct pyro_live *live, const struct pyro_report_look *look,
		     struct pyro_buf *item)
{
	const struct pyro_live_choice *choice = &live->choice;
	const struct pyro_alive_row *task = live_chosen_task(live);
	const struct pyro_function *function =
		pyro_profile_function_get(live->profile, choice->function);

	pyro_buf_add_text(item, live_view(live)->name);
	if (choice->view == PYRO_LIVE_STACK) {
		pyro_buf_add_text(item, " of ");
		pyro_text_name(item, look, task ? task->name : "a task");
	} else if (function && !live_view(live)->whole) {
		pyro_buf_add_text(item, " of ");
		pyro_text_name(item, look,
			       pyro_profile_string_get(live->profile, function->name, NULL));
	}
	if (!live_view(live)->ordered)
		pyro_buf_add_format(item, " by %s%s", pyro_live_order_name(choice->order),
				    choice->reversed ? ", least first" : "");
}

/* Where there are very many, it takes a while to see every one. */
static void add_unseen(const struct pyro_live *live, struct live_line *line, struct pyro_buf *item)
{
	const struct pyro_alive_rows *alive = &live->stretch.alive;

	if (!live_view(live)->tasks || alive->unseen == 0)
		return;
	pyro_units_count(item, alive->count);
	pyro_buf_add_text(item, " of ");
	pyro_units_count(item, alive->count + alive->unseen);
	pyro_buf_add_text(item, " seen so far");
	take_item(line, PYRO_INK_BOLD, item);
}

/* The thread or the tasks that it is about. */
static void add_owner(const struct pyro_live *live, const struct pyro_report_look *look,
		      struct live_line *line, struct pyro_buf *item)
{
	const struct pyro_track *track = pyro_profile_track_get(live->profile, live->choice.track);

	if (live_of_tasks(live)) {
		pyro_buf_add_text(item, "in ");
		pyro_text_name(item, look, live_kind_name(live));
		take_item(line, PYRO_INK_PLAIN, item);
	} else if (track) {
		pyro_buf_add_text(item, "in ");
		pyro_text_name(item, look,
			       pyro_profile_string_get(live->profile, track->name, NULL));
		take_item(line, PYRO_INK_PLAIN, item);
	}
}

void live_caption(struct pyro_live *live, const struct pyro_report_look *look, struct pyro_buf *buf)
{
	const struct pyro_live_choice *choice = &live->choice;
	const struct pyro_alive_row *task = live_chosen_task(live);
	struct live_line line;
	struct pyro_buf item;

	pyro_buf_init(&item, TEXT_BYTES);
	live_line_begin(&line, look, buf);
	add_view(live, look, &item);
	take_item(&line, PYRO_INK_BOLD, &item);
	if (choice->filter[0] || live->typing) {
		pyro_buf_add_text(&item, "/");
		pyro_text_name(&item, look, choice->filter);
		take_item(&line, PYRO_INK_BOLD, &item);
	}
	add_unseen(live, &line, &item);
	if (choice->view == PYRO_LIVE_STACK && task) {
		live_task_state(task, pyro_text_width(look) < WIDE, &item);
		take_item(&line, PYRO_INK_WAITING, &item);
	}
	add_owner(live, look, &line, &item);
	if (!live_view(live)->ordered)
		add_base(live, look, &item);
	take_item(&line, PYRO_INK_DIM, &item);
	if (live_is_split(live))
		live_line_item(&line, PYRO_INK_DIM, "by thread");
	if (choice->unfold && !live_view(live)->whole)
		live_line_item(&line, PYRO_INK_DIM, "library apart");
	live_line_end(&line);
	pyro_buf_deinit(&item);
}
