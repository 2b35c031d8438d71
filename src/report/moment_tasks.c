/* SPDX-License-Identifier: Apache-2.0 */
/* The tasks of a moment, for people. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "report/moment_page.h"
#include "report/text.h"
#include "report/units.h"

#define TEXT_BYTES 65536
#define INDENT     2
#define NAMED      3 /* tasks of a group */

/* One kind of tasks: those of asyncio, or greenlets. */
struct sheet {
	struct pyro_moment_page *page;
	const struct pyro_moment_tasks *tasks;
	const char *word;
	bool *shown;
	uint32_t *next; /* member of a group to the next one */
	size_t margin;  /* columns before the frames of threads */
};

/* Tasks at one level that do the same in the same place: a list of them, each with the next. */
struct group {
	uint32_t first, last;
	size_t count;
};

size_t pyro_moment_page_margin(const struct pyro_moment_page *page, size_t level)
{
	const size_t most = pyro_text_width(page->look) / 5;

	return level * INDENT < most ? level * INDENT : most;
}

/* ---- one group ---- */

static void add_name(struct sheet *sheet, struct pyro_buf *line, uint32_t at)
{
	const char *name = sheet->tasks->tasks[at].name;

	pyro_buf_add_text(line, PYRO_MARK_BOLD);
	pyro_text_name(line, sheet->page->look, *name ? name : "?");
	pyro_buf_add_text(line, PYRO_MARK_END);
}

/* Some of its names; of those that have one name, as greenlets of a class do, how many. */
static void add_names(struct sheet *sheet, struct pyro_buf *line, const struct group *group)
{
	const struct pyro_moment_task *tasks = sheet->tasks->tasks;
	const bool same = group->count > 1 && strcmp(tasks[group->first].name,
						     tasks[sheet->next[group->first]].name) == 0;
	const size_t most = same ? 1 : group->count < NAMED ? group->count : NAMED;
	uint32_t at = group->first;

	if (same) {
		pyro_units_count(line, group->count);
		pyro_buf_add_text(line, " ");
	}
	for (size_t named = 0; named < most; named++, at = sheet->next[at]) {
		pyro_buf_add_text(line, named ? ", " : "");
		add_name(sheet, line, at);
	}
	if (!same && group->count > most) {
		pyro_buf_add_text(line, " and ");
		pyro_units_count(line, group->count - most);
		pyro_buf_add_text(line, " more");
	}
	pyro_buf_add_text(line, "  ");
}

static const char *thread_name(const struct pyro_moment *moment, int tid)
{
	for (size_t i = 0; i < moment->thread_count; i++) {
		if (moment->threads[i].tid == tid)
			return moment->threads[i].name;
	}
	return NULL;
}

/* Whether the class of what is waited for says more than the words. */
static bool tells_more(const struct pyro_moment_task *task)
{
	return *task->type && task->type[0] != '_' &&
	       (strcmp(task->wait, "future") == 0 || strcmp(task->wait, "object") == 0);
}

static void add_state(struct sheet *sheet, struct pyro_buf *line,
		      const struct pyro_moment_task *task)
{
	const char *thread = thread_name(sheet->page->moment, task->tid);

	if (task->state == PYRO_MOMENT_TASK_RUNNING) {
		pyro_buf_add_text(line, PYRO_MARK_RUNNING "running" PYRO_MARK_END);
	} else if (task->state == PYRO_MOMENT_TASK_READY) {
		pyro_buf_add_text(line, "ready");
	} else {
		pyro_buf_add_text(line, PYRO_MARK_WAITING);
		if (strcmp(task->wait, "sleep") == 0)
			pyro_buf_add_text(line, task->wait_text);
		else if (*task->wait_text)
			pyro_buf_add_format(line, "waiting for %s", task->wait_text);
		else
			pyro_buf_add_text(line, "suspended");
		pyro_buf_add_text(line, PYRO_MARK_END);
		if (tells_more(task)) {
			pyro_buf_add_text(line, ": ");
			pyro_text_name(line, sheet->page->look, task->type);
		}
	}
	if (thread) {
		pyro_buf_add_text(line, PYRO_MARK_DOT);
		pyro_text_name(line, sheet->page->look, thread);
	}
	if (task->interpreter)
		pyro_buf_add_format(line, PYRO_MARK_DOT "interpreter %u", task->interpreter);
}

static void add_group(struct sheet *sheet, const struct group *group, size_t level)
{
	struct pyro_moment_page *page = sheet->page;
	const struct pyro_moment_task *task = &sheet->tasks->tasks[group->first];
	struct pyro_buf line, lead;

	pyro_buf_add_char(page->buf, '\n');
	pyro_buf_init(&line, TEXT_BYTES);
	pyro_buf_init(&lead, TEXT_BYTES);
	pyro_text_spaces(&lead, pyro_moment_page_margin(page, level));
	add_names(sheet, &line, group);
	add_state(sheet, &line, task);
	if (line.failed || lead.failed)
		page->buf->failed = true;
	else
		pyro_text_paragraph(page->buf, page->look, lead.data ? lead.data : "", line.data);
	pyro_buf_deinit(&line);
	pyro_buf_deinit(&lead);
	page->indent = sheet->margin + pyro_moment_page_margin(page, level);
	pyro_moment_page_stack(page, task->stack);
	if (task->partial)
		pyro_moment_page_note(page, "a frame is missing: it could not be read");
	if (task->moving)
		pyro_moment_page_note(page, "not proved: it ran while its frames were read");
	page->indent = sheet->margin;
}

/* ---- who awaits whom ---- */

static uint64_t key_of(const struct pyro_moment_task *task)
{
	const uint64_t flags = (uint64_t)task->state | (uint64_t)task->partial << 2 |
			       (uint64_t)task->moving << 3 | (uint64_t)task->interpreter << 32;
	const uint64_t texts = pyro_hash_pair(pyro_hash_bytes(task->wait, strlen(task->wait)),
					      pyro_hash_bytes(task->type, strlen(task->type)));

	return pyro_hash_pair(pyro_hash_pair(flags, task->stack),
			      pyro_hash_pair(texts, (uint64_t)task->tid));
}

static enum pyro_rc add_level(struct sheet *sheet, const uint32_t *members, size_t count,
			      size_t level);

/* The tasks that those of a group await and that were not shown yet, below it. */
static enum pyro_rc add_awaited(struct sheet *sheet, const struct group *group, size_t level)
{
	const struct pyro_moment_tasks *tasks = sheet->tasks;
	uint32_t *below PYRO_AUTO_FREE = NULL;
	uint32_t at = group->first;
	size_t count = 0, most = 0;

	for (size_t i = 0; i < group->count; i++, at = sheet->next[at])
		most += tasks->tasks[at].awaited_count;
	if (most == 0 || level == PYRO_MOMENT_LEVELS)
		return PYRO_RC_OK;
	below = calloc(most, sizeof(*below));
	if (!below)
		return PYRO_RC_NOMEM;
	at = group->first;
	for (size_t i = 0; i < group->count; i++, at = sheet->next[at]) {
		const struct pyro_moment_task *task = &tasks->tasks[at];

		for (uint32_t j = 0; j < task->awaited_count; j++) {
			const uint32_t awaited = tasks->awaited[task->first_awaited + j];

			if (sheet->shown[awaited])
				continue;
			sheet->shown[awaited] = true;
			below[count++] = awaited;
		}
	}
	return add_level(sheet, below, count, level + 1);
}

/* @members are marked as shown already. */
static enum pyro_rc add_level(struct sheet *sheet, const uint32_t *members, size_t count,
			      size_t level)
{
	struct group *groups PYRO_AUTO_FREE = calloc(count + 1, sizeof(*groups));
	struct pyro_map known PYRO_CLEANUP(pyro_map_deinit);
	size_t group_count = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	pyro_map_init(&known, count + 1);
	if (!groups)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < count && !rc; i++) {
		const uint64_t key = key_of(&sheet->tasks->tasks[members[i]]);
		uint64_t at;

		if (pyro_map_get(&known, key, &at)) {
			sheet->next[groups[at].last] = members[i];
			groups[at].last = members[i];
			groups[at].count++;
			continue;
		}
		groups[group_count] = (struct group){members[i], members[i], 1};
		rc = pyro_map_put(&known, key, group_count++);
	}
	for (size_t i = 0; i < group_count && !rc; i++) {
		add_group(sheet, &groups[i], level);
		rc = add_awaited(sheet, &groups[i], level);
	}
	return rc;
}

/* Those that nobody awaits; then, of those that await each other in a circle, or too deep below
 * each other, the first that was not shown yet. */
static enum pyro_rc add_all(struct sheet *sheet)
{
	const struct pyro_moment_tasks *tasks = sheet->tasks;
	uint32_t *roots PYRO_AUTO_FREE = calloc(tasks->count + 1, sizeof(*roots));
	size_t count = 0;
	enum pyro_rc rc;

	if (!roots)
		return PYRO_RC_NOMEM;
	for (uint32_t i = 0; i < tasks->count; i++) {
		if (tasks->tasks[i].awaiter_count)
			continue;
		roots[count++] = i;
		sheet->shown[i] = true;
	}
	rc = add_level(sheet, roots, count, 0);
	for (uint32_t i = 0; i < tasks->count && !rc; i++) {
		if (sheet->shown[i])
			continue;
		sheet->shown[i] = true;
		rc = add_level(sheet, &i, 1, 0);
	}
	return rc;
}

static void add_count(struct pyro_buf *line, size_t count, const char *word)
{
	if (!count)
		return;
	pyro_buf_add_text(line, PYRO_MARK_DOT);
	pyro_units_count(line, count);
	pyro_buf_add_format(line, " %s", word);
}

/* "12 tasks  ·  1 running  ·  ..." */
static void add_head(struct sheet *sheet)
{
	static const char *const states[] = {
		[PYRO_MOMENT_TASK_RUNNING] = "running",
		[PYRO_MOMENT_TASK_READY] = "ready",
		[PYRO_MOMENT_TASK_WAITING] = "waiting",
	};
	struct pyro_moment_page *page = sheet->page;
	const struct pyro_moment_tasks *tasks = sheet->tasks;
	size_t counts[PYRO_COUNT(states)] = {0};
	struct pyro_buf line;

	for (size_t i = 0; i < tasks->count; i++)
		counts[tasks->tasks[i].state]++;
	pyro_buf_init(&line, TEXT_BYTES);
	pyro_buf_add_text(&line, PYRO_MARK_BOLD);
	pyro_units_plural(&line, tasks->count, sheet->word);
	pyro_buf_add_text(&line, PYRO_MARK_END);
	for (size_t i = 0; i < PYRO_COUNT(states); i++)
		add_count(&line, counts[i], states[i]);
	add_count(&line, tasks->unread, "could not be read");
	if (tasks->incomplete)
		pyro_buf_add_text(&line, PYRO_MARK_DOT
				  "some may be missing: they changed while they "
				  "were read");
	if (*tasks->error) {
		pyro_buf_add_text(&line, PYRO_MARK_DOT);
		pyro_text_name(&line, page->look, tasks->error);
	}
	pyro_buf_add_char(page->buf, '\n');
	if (line.failed)
		page->buf->failed = true;
	else
		pyro_text_paragraph(page->buf, page->look, "", line.data);
	pyro_buf_deinit(&line);
}

static enum pyro_rc add_sheet(struct pyro_moment_page *page, const struct pyro_moment_tasks *tasks,
			      const char *word)
{
	bool *shown PYRO_AUTO_FREE = calloc(tasks->count + 1, sizeof(*shown));
	uint32_t *next PYRO_AUTO_FREE = calloc(tasks->count + 1, sizeof(*next));
	struct sheet sheet = {page, tasks, word, shown, next, page->indent};

	if (!shown || !next)
		return PYRO_RC_NOMEM;
	add_head(&sheet);
	return add_all(&sheet);
}

enum pyro_rc pyro_report_moment_tasks(struct pyro_moment_page *page)
{
	const struct pyro_moment_tasks *greenlets = &page->moment->greenlets;
	enum pyro_rc rc = add_sheet(page, &page->moment->tasks, "task");

	/* Few programs have any. */
	if (!rc && (greenlets->count || greenlets->unread || *greenlets->error))
		rc = add_sheet(page, greenlets, "greenlet");
	return rc;
}
