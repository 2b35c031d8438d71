/* SPDX-License-Identifier: Apache-2.0 */
/* What every thread of a process does at one moment, for people. */
#include "report/moment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/limits.h"
#include "base/map.h"
#include "profile/places.h"
#include "report/cells.h"
#include "report/headline.h"
#include "report/moment_locals.h"
#include "report/moment_page.h"
#include "report/text.h"
#include "report/units.h"

#define TEXT_BYTES    65536
#define INDENT        4
#define FUNCTION_MOST 44
#define PLACE_LEAST   12
#define NAME_LEAST    12
#define NAMED         3 /* threads of a group */

/* Threads that do the same in the same place. */
struct group {
	size_t first; /* thread */
	size_t count;
	size_t named;
	size_t members[NAMED];
	uint64_t least_ns, most_ns; /* they have waited for so long */
	bool one_object;            /* all wait for the same */
};

/* ---- who does the same ---- */

static uint64_t key_of(const struct pyro_moment_thread *thread)
{
	const uint64_t flags = (uint64_t)thread->python | (uint64_t)thread->runs << 1 |
			       (uint64_t)thread->holds_gil << 2 | (uint64_t)thread->unread << 3 |
			       (uint64_t)thread->truncated << 4 | (uint64_t)thread->partial << 5 |
			       (uint64_t)thread->proved << 6 | (uint64_t)thread->killed << 7 |
			       (uint64_t)thread->interpreter << 32;

	return pyro_hash_pair(pyro_hash_pair(pyro_hash_pair(flags, thread->stack),
					     pyro_moment_locals_hash(thread)),
			      pyro_hash_bytes(thread->wait, strlen(thread->wait)));
}

static void join(const struct pyro_moment *moment, struct group *group, size_t at)
{
	const struct pyro_moment_thread *thread = &moment->threads[at];
	const struct pyro_moment_thread *first = &moment->threads[group->first];

	if (group->named < NAMED)
		group->members[group->named++] = at;
	if (thread->wait_ns < group->least_ns)
		group->least_ns = thread->wait_ns;
	if (thread->wait_ns > group->most_ns)
		group->most_ns = thread->wait_ns;
	group->one_object &= strcmp(thread->object, first->object) == 0;
	group->count++;
}

/* The main thread is nobody else's company. */
static enum pyro_rc find_groups(struct pyro_moment_page *page, struct group *groups, size_t *count)
{
	const struct pyro_moment *moment = page->moment;
	struct pyro_map known PYRO_CLEANUP(pyro_map_deinit);
	enum pyro_rc rc = PYRO_RC_OK;

	pyro_map_init(&known, PYRO_MAX_THREADS);
	*count = 0;
	for (size_t i = 0; i < moment->thread_count && !rc; i++) {
		const struct pyro_moment_thread *thread = &moment->threads[i];
		uint64_t group;

		if (thread->main || !pyro_map_get(&known, key_of(thread), &group)) {
			group = (*count)++;
			groups[group] = (struct group){
				.first = i, .least_ns = UINT64_MAX, .one_object = true};
			if (!thread->main)
				rc = pyro_map_put(&known, key_of(thread), group);
		}
		join(moment, &groups[group], i);
	}
	return rc;
}

/* ---- what it says ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_threads(struct pyro_buf *line, size_t count)
{
	struct pyro_buf item;

	pyro_buf_init(&item, 64);
	pyro_units_plural(&item, count, "thread");
	pyro_text_item(line, item.data ? item.data : "");
	pyro_buf_deinit(&item);
}

/* Which signal it died of, where and why. */
static void add_death(struct pyro_moment_page *page, struct pyro_buf *line)
{
	const struct pyro_moment *moment = page->moment;

	pyro_buf_add_format(line, "killed by %s", moment->signal);
	if (moment->thread_count && moment->threads[0].killed) {
		pyro_buf_add_text(line, " in ");
		pyro_text_name(line, page->look,
			       *moment->threads[0].name ? moment->threads[0].name : "?");
	}
	if (*moment->cause)
		pyro_buf_add_format(line, ": %s", moment->cause);
	pyro_buf_add_text(line, PYRO_MARK_DOT);
	if (!moment->pc)
		return;
	pyro_buf_add_format(line, "pc 0x%" PRIx64, moment->pc);
	if (*moment->pc_file) {
		pyro_buf_add_text(line, " in ");
		pyro_text_name(line, page->look, base_name(moment->pc_file));
	}
	pyro_buf_add_text(line, PYRO_MARK_DOT);
}

/* Code without names, and why. */
static void add_files(struct pyro_moment_page *page)
{
	for (size_t i = 0; i < page->moment->file_count; i++) {
		const struct pyro_moment_file *file = &page->moment->files[i];
		struct pyro_buf line;

		pyro_buf_init(&line, TEXT_BYTES);
		pyro_buf_add_text(&line, "code of ");
		pyro_text_name(&line, page->look, base_name(file->path));
		pyro_buf_add_text(&line, " has no names: ");
		pyro_text_name(&line, page->look, file->why);
		page->buf->failed |= line.failed;
		pyro_moment_page_note(page, line.data ? line.data : "");
		pyro_buf_deinit(&line);
	}
}

static void add_process(struct pyro_moment_page *page)
{
	const struct pyro_moment *moment = page->moment;
	struct pyro_buf line;

	pyro_buf_init(&line, TEXT_BYTES);
	pyro_buf_add_format(&line, PYRO_MARK_BOLD "%sprocess %d" PYRO_MARK_END "  ",
			    *moment->core ? "core of " : "", moment->pid);
	pyro_headline_command(moment->command, page->look, &line);
	pyro_buf_add_format(&line, PYRO_MARK_DOT "CPython %s%s" PYRO_MARK_DOT, moment->version,
			    moment->free_threaded ? " free-threaded" : "");
	if (!*moment->core) {
		pyro_buf_add_text(&line, "up ");
		pyro_units_duration(&line, moment->up_ns);
		pyro_buf_add_text(&line, PYRO_MARK_DOT);
	}
	if (*moment->signal)
		add_death(page, &line);
	add_threads(&line, moment->thread_count);
	if (moment->collecting)
		pyro_buf_add_text(&line, PYRO_MARK_DOT "collecting garbage");
	if (moment->finalizing)
		pyro_buf_add_text(&line, PYRO_MARK_DOT "shutting down");
	if (moment->stops) {
		pyro_buf_add_text(&line, PYRO_MARK_DOT "stopped ");
		pyro_units_plural(&line, moment->stops, "thread");
		pyro_buf_add_text(&line, " for ");
		pyro_units_duration(&line, moment->stopped_ns);
	}
	if (moment->lost) {
		pyro_buf_add_text(&line, PYRO_MARK_DOT "cut short: ");
		pyro_units_bytes(&line, moment->lost);
		pyro_buf_add_text(&line, " are missing");
	}
	if (line.failed)
		page->buf->failed = true;
	else
		pyro_text_paragraph(page->buf, page->look, "", line.data);
	pyro_buf_deinit(&line);
}

/* Who holds the GIL that @thread waits for; NULL: nobody, or it is not known. */
static const struct pyro_moment_thread *holder_of(const struct pyro_moment *moment,
						  const struct pyro_moment_thread *thread)
{
	for (size_t i = 0; i < moment->thread_count; i++) {
		const struct pyro_moment_thread *other = &moment->threads[i];

		if (other->holds_gil && other->interpreter == thread->interpreter)
			return other;
	}
	return NULL;
}

static void add_so_far(struct pyro_buf *line, const struct group *group)
{
	struct pyro_buf item;

	pyro_buf_init(&item, 256);
	pyro_units_duration(&item, group->most_ns);
	pyro_buf_add_text(&item, group->least_ns < group->most_ns ? " at most" : " so far");
	pyro_buf_add_text(line, ", ");
	pyro_text_item(line, item.data ? item.data : "");
	line->failed |= item.failed;
	pyro_buf_deinit(&item);
}

static void add_waiting(struct pyro_moment_page *page, struct pyro_buf *line,
			const struct group *group)
{
	const struct pyro_moment_thread *thread = &page->moment->threads[group->first];
	const struct pyro_moment_thread *holder = NULL;

	pyro_buf_add_text(line, PYRO_MARK_WAITING);
	if (strcmp(thread->wait, "sleep") == 0)
		pyro_buf_add_text(line, "sleeping");
	else
		pyro_buf_add_format(line, "waiting for %s", thread->wait_text);
	pyro_buf_add_text(line, PYRO_MARK_END);
	if (strcmp(thread->wait, "gil") == 0)
		holder = holder_of(page->moment, thread);
	if (holder) {
		pyro_buf_add_text(line, " that ");
		pyro_text_name(line, page->look, holder->name);
		pyro_buf_add_text(line, " holds");
	}
	if (*thread->object && group->one_object) {
		pyro_buf_add_text(line, ": ");
		pyro_text_name(line, page->look, thread->object);
	}
	if (thread->holds_gil)
		pyro_buf_add_text(line, ", holding the GIL");
	if (group->most_ns)
		add_so_far(line, group);
}

static void add_state(struct pyro_moment_page *page, struct pyro_buf *line,
		      const struct group *group)
{
	const struct pyro_moment_thread *thread = &page->moment->threads[group->first];

	if (thread->killed)
		pyro_buf_add_format(line, PYRO_MARK_RUNNING "killed by %s%s" PYRO_MARK_END,
				    page->moment->signal,
				    thread->holds_gil ? ", holds the GIL" : "");
	else if (!thread->runs)
		add_waiting(page, line, group);
	else
		pyro_buf_add_format(line, PYRO_MARK_RUNNING "running%s" PYRO_MARK_END,
				    thread->holds_gil ? ", holds the GIL" : "");
	if (thread->interpreter)
		pyro_buf_add_format(line, PYRO_MARK_DOT "interpreter %u", thread->interpreter);
}

static void add_names(struct pyro_moment_page *page, struct pyro_buf *line,
		      const struct group *group)
{
	for (size_t i = 0; i < group->named; i++) {
		const struct pyro_moment_thread *thread = &page->moment->threads[group->members[i]];

		pyro_buf_add_text(line, i ? ", " PYRO_MARK_BOLD : PYRO_MARK_BOLD);
		pyro_text_name(line, page->look, *thread->name ? thread->name : "?");
		pyro_buf_add_format(line,
				    PYRO_MARK_END PYRO_MARK_DIM PYRO_MARK_SPACE "%d" PYRO_MARK_END,
				    thread->tid);
	}
	if (group->count > group->named) {
		pyro_buf_add_text(line, " and ");
		pyro_units_count(line, group->count - group->named);
		pyro_buf_add_text(line, " more");
	}
	pyro_buf_add_text(line, "  ");
}

/* ---- frames ---- */

static const struct pyro_function *function_at(const struct pyro_moment *moment, uint32_t stack,
					       const struct pyro_frame **ret_frame)
{
	const struct pyro_stack *node = pyro_profile_stack_get(moment->profile, stack);

	*ret_frame = node ? pyro_profile_frame_get(moment->profile, node->frame) : NULL;
	return *ret_frame ? pyro_profile_function_get(moment->profile, (*ret_frame)->function)
			  : NULL;
}

void pyro_moment_page_note(struct pyro_moment_page *page, const char *text)
{
	struct pyro_buf line, lead;

	pyro_buf_init(&lead, TEXT_BYTES);
	pyro_text_spaces(&lead, page->indent);
	pyro_buf_init(&line, TEXT_BYTES);
	pyro_buf_add_format(&line, PYRO_MARK_DIM "%s" PYRO_MARK_END, text);
	pyro_text_paragraph(page->buf, page->look, lead.data ? lead.data : "",
			    line.data ? line.data : "");
	pyro_buf_deinit(&lead);
	page->buf->failed |= line.failed;
	pyro_buf_deinit(&line);
}

static void add_frame(struct pyro_moment_page *page, uint32_t stack, size_t times)
{
	const size_t width = pyro_text_width(page->look);
	const size_t wide = INDENT + page->function_width;
	/* Places stay in one column, however far the frames are from the left. */
	const size_t columns = wide > page->indent + NAME_LEAST ? wide - page->indent : NAME_LEAST;
	const size_t left = page->indent + columns + 2;
	const struct pyro_frame *frame;
	const struct pyro_function *function = function_at(page->moment, stack, &frame);
	const struct pyro_place *place;
	struct pyro_buf name, where, fitted;

	if (!function)
		return;
	place = pyro_places_get(page->places, function->file);
	pyro_buf_init(&name, TEXT_BYTES);
	pyro_buf_init(&where, TEXT_BYTES);
	pyro_buf_init(&fitted, TEXT_BYTES);
	pyro_text_name(&name, page->look,
		       pyro_profile_string_get(page->moment->profile, function->name, NULL));
	pyro_cells_place_text(&where, page->look, place->display, frame->line);
	if (times > 1)
		pyro_buf_add_format(&where, " (%zu times)", times);
	pyro_text_fit(&fitted, page->look, name.data ? name.data : "", columns, PYRO_CUT_MIDDLE);
	pyro_text_spaces(page->buf, page->indent);
	pyro_text_styled(page->buf, page->look, place->library ? PYRO_INK_DIM : PYRO_INK_PLAIN,
			 fitted.data ? fitted.data : "");
	if (where.size) {
		pyro_text_spaces(
			page->buf,
			columns + 2 -
				pyro_escape_columns(fitted.data ? fitted.data : "", fitted.size));
		pyro_buf_reset(&fitted);
		pyro_text_fit(&fitted, page->look, where.data,
			      width > left + PLACE_LEAST ? width - left : PLACE_LEAST,
			      PYRO_CUT_FRONT);
		pyro_text_styled(page->buf, page->look, PYRO_INK_DIM,
				 fitted.data ? fitted.data : "");
	}
	pyro_buf_add_char(page->buf, '\n');
	page->buf->failed |= name.failed || where.failed || fitted.failed;
	pyro_buf_deinit(&name);
	pyro_buf_deinit(&where);
	pyro_buf_deinit(&fitted);
}

static bool is_python(const struct pyro_moment *moment, uint32_t stack)
{
	const struct pyro_frame *frame;
	const struct pyro_function *function = function_at(moment, stack, &frame);

	return function && function->kind == PYRO_FUNCTION_PYTHON;
}

/* The innermost frame first; a function that calls itself from one line stands there once, unless
 * its variables are shown: @locals of @count frames. */
static void add_stack(struct pyro_moment_page *page, uint32_t stack,
		      const struct pyro_moment_frame *locals, size_t count)
{
	const struct pyro_stack *node = pyro_profile_stack_get(page->moment->profile, stack);
	uint32_t at = stack;
	size_t shown = 0;

	while (node) {
		const uint32_t frame = node->frame;
		const uint32_t first = at;
		size_t times = 0;

		do {
			at = node->parent;
			node = pyro_profile_stack_get(page->moment->profile, at);
			times++;
		} while (node && node->frame == frame && !locals);
		add_frame(page, first, times);
		if (shown < count && is_python(page->moment, first))
			pyro_moment_locals_text(&locals[shown++], page->look, page->buf);
	}
}

void pyro_moment_page_stack(struct pyro_moment_page *page, uint32_t stack)
{
	add_stack(page, stack, NULL, 0);
}

static void add_frames(struct pyro_moment_page *page, const struct pyro_moment_thread *thread)
{
	add_stack(page, thread->stack, thread->frames, thread->frame_count);
	if (thread->truncated)
		pyro_moment_page_note(page, "outer frames are left out: there are too many");
	if (thread->partial)
		pyro_moment_page_note(page, "a frame is missing: it could not be read");
	if (thread->unread)
		pyro_moment_page_note(page, *page->moment->core
						    ? "its frames could not be read"
						    : "its frames could not be read while it ran");
	else if (!thread->proved && thread->stack != PYRO_NONE)
		pyro_moment_page_note(page, "not proved: it ran while its frames were read");
	if (thread->python && !thread->unread && thread->stack == PYRO_NONE)
		pyro_moment_page_note(page, "no Python frame");
}

static void add_group(struct pyro_moment_page *page, const struct group *group)
{
	const struct pyro_moment_thread *thread = &page->moment->threads[group->first];
	struct pyro_buf line;

	pyro_buf_add_char(page->buf, '\n');
	pyro_buf_init(&line, TEXT_BYTES);
	add_names(page, &line, group);
	add_state(page, &line, group);
	if (!thread->python)
		pyro_buf_add_text(&line, ", not in Python");
	if (line.failed)
		page->buf->failed = true;
	else
		pyro_text_paragraph(page->buf, page->look, "", line.data);
	pyro_buf_deinit(&line);
	add_frames(page, thread);
}

/* Places line up below each other if functions have room to be told apart. */
static void find_width(struct pyro_moment_page *page)
{
	const size_t half = pyro_text_width(page->look) / 2;
	const size_t most = half < FUNCTION_MOST ? half : FUNCTION_MOST;
	struct pyro_profile_counts counts;

	pyro_profile_counts(page->moment->profile, &counts);
	for (uint32_t i = 0; i < counts.functions && page->function_width < most; i++) {
		const struct pyro_function *function =
			pyro_profile_function_get(page->moment->profile, i);
		struct pyro_buf name;
		size_t columns;

		pyro_buf_init(&name, TEXT_BYTES);
		pyro_text_name(
			&name, page->look,
			pyro_profile_string_get(page->moment->profile, function->name, NULL));
		columns = pyro_escape_columns(name.data ? name.data : "", name.size);
		if (columns > page->function_width)
			page->function_width = columns < most ? columns : most;
		pyro_buf_deinit(&name);
	}
	if (page->moment->tasks.awaited_count) {
		page->function_width += pyro_moment_page_margin(page, PYRO_MOMENT_LEVELS);
		if (page->function_width > most)
			page->function_width = most;
	}
}

enum pyro_rc pyro_report_moment(const struct pyro_moment *moment,
				const struct pyro_report_look *look, struct pyro_buf *buf,
				struct pyro_err *err)
{
	struct pyro_moment_page page = {
		.moment = moment, .look = look, .buf = buf, .indent = INDENT};
	struct group *groups PYRO_AUTO_FREE = calloc(moment->thread_count + 1, sizeof(*groups));
	size_t count = 0;
	enum pyro_rc rc = pyro_places_create(moment->profile, &page.places, err);

	if (!rc)
		rc = groups ? find_groups(&page, groups, &count) : PYRO_RC_NOMEM;
	if (!rc) {
		find_width(&page);
		add_process(&page);
		add_files(&page);
		for (size_t i = 0; i < count; i++)
			add_group(&page, &groups[i]);
		rc = moment->async ? pyro_report_moment_tasks(&page) : PYRO_RC_OK;
	}
	if (!rc)
		rc = pyro_buf_status(buf);
	pyro_places_destroy(page.places);
	return rc;
}
