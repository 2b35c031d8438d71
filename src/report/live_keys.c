/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "report/live_inside.h"
#include "report/units.h"

/* What keys do to a live view. Help and footer are made of the same table. */

#define SECOND 1000000000ull

static const uint64_t spans[] = {1 * SECOND,  2 * SECOND,  5 * SECOND,   10 * SECOND,
				 30 * SECOND, 60 * SECOND, 120 * SECOND, PYRO_LIVE_LONGEST};

/* ---- moving ---- */

static enum pyro_live_want move_to(struct pyro_live *live, size_t row)
{
	if (live->rows.count == 0)
		return PYRO_LIVE_NOTHING;
	live->chosen = row < live->rows.count ? row : live->rows.count - 1;
	/* At the top stays at the top, whoever is there. */
	live->follow = live->chosen > 0;
	live->id = live_id(live, &live->rows.rows[live->chosen]);
	return PYRO_LIVE_DRAW;
}

static enum pyro_live_want move_by(struct pyro_live *live, size_t rows, bool up)
{
	if (up)
		return move_to(live, live->chosen > rows ? live->chosen - rows : 0);
	return move_to(live, live->chosen + rows);
}

static enum pyro_live_want up(struct pyro_live *live)
{
	return move_by(live, 1, true);
}

static enum pyro_live_want down(struct pyro_live *live)
{
	return move_by(live, 1, false);
}

static enum pyro_live_want page_up(struct pyro_live *live)
{
	return move_by(live, live->page ? live->page : 1, true);
}

static enum pyro_live_want page_down(struct pyro_live *live)
{
	return move_by(live, live->page ? live->page : 1, false);
}

static enum pyro_live_want first(struct pyro_live *live)
{
	return move_to(live, 0);
}

static enum pyro_live_want last(struct pyro_live *live)
{
	return move_to(live, SIZE_MAX);
}

static void to_top(struct pyro_live *live)
{
	live->chosen = live->top = 0;
	live->follow = false;
}

/* ---- views ---- */

void live_fit_order(struct pyro_live *live)
{
	const struct live_view *view = live_view(live);

	for (size_t i = 0; i < view->column_count; i++) {
		if (live->choice.order != PYRO_LIVE_ORDERS &&
		    view->columns[i].order == live->choice.order)
			return;
	}
	live->choice.order = view->columns[0].order;
	live->choice.reversed = false;
}

static enum pyro_live_want show(struct pyro_live *live, enum pyro_live_view view)
{
	const bool was_whole = live_view(live)->whole;

	live->help = false;
	live->choice.view = view;
	live->choice.function = PYRO_NONE;
	if (was_whole != live_view(live)->whole) {
		live->choice.order = live_view(live)->columns[0].order;
		live->choice.reversed = false;
	}
	live_fit_order(live);
	to_top(live);
	return PYRO_LIVE_ARRANGE;
}

static enum pyro_live_want functions(struct pyro_live *live)
{
	return show(live, PYRO_LIVE_FUNCTIONS);
}

static enum pyro_live_want lines(struct pyro_live *live)
{
	return show(live, PYRO_LIVE_LINES);
}

static enum pyro_live_want threads(struct pyro_live *live)
{
	return show(live, PYRO_LIVE_THREADS);
}

static enum pyro_live_want processes(struct pyro_live *live)
{
	return show(live, PYRO_LIVE_PROCESSES);
}

static enum pyro_live_want tasks(struct pyro_live *live)
{
	return show(live, PYRO_LIVE_TASKS);
}

/* Views after that of tasks are further into it. */
static enum pyro_live_want turn(struct pyro_live *live, unsigned by)
{
	const enum pyro_live_view view = live->choice.view;
	const unsigned at = view > PYRO_LIVE_TASKS ? PYRO_LIVE_TASKS : view;

	return show(live, (enum pyro_live_view)((at + by) % (PYRO_LIVE_TASKS + 1)));
}

static enum pyro_live_want next_view(struct pyro_live *live)
{
	return turn(live, 1);
}

static enum pyro_live_want previous_view(struct pyro_live *live)
{
	return turn(live, PYRO_LIVE_TASKS);
}

/* What belongs to @row of the view @of, and nothing else. */
static void choose(struct pyro_live *live, enum pyro_live_view of, const struct pyro_row *row)
{
	struct pyro_live_choice *choice = &live->choice;

	if (of == PYRO_LIVE_TASKS) {
		choice->kind = row->task;
		return;
	}
	if (of == PYRO_LIVE_EACH_TASK) {
		choice->kind = live->stretch.alive.rows[row->task].task.group;
		choice->task = live->stretch.alive.rows[row->task].id;
		return;
	}
	choice->function = row->function;
	if (row->process != PYRO_NONE)
		choice->process = row->process;
	if (row->track == PYRO_NONE)
		return;
	choice->track = row->track;
	choice->kind = PYRO_NONE;
}

/* Into the chosen row: the lines of a function, the functions of a thread, the threads of a
 * process, each task of a coroutine, the stack of a task. */
static enum pyro_live_want enter(struct pyro_live *live)
{
	const enum pyro_live_view inner = live_view(live)->inner;
	const struct pyro_row *row;
	struct pyro_row chosen;

	if (inner == PYRO_LIVE_VIEWS || live->chosen >= live->rows.count)
		return PYRO_LIVE_NOTHING;
	row = &live->rows.rows[live->chosen];
	chosen = *row;
	if (live->back_count == PYRO_LIVE_BACK) {
		memmove(live->back, live->back + 1, sizeof(live->back) - sizeof(live->back[0]));
		live->back_count--;
	}
	live->back[live->back_count++] = live->choice;
	show(live, inner);
	live->choice.filter[0] = '\0';
	choose(live, live->back[live->back_count - 1].view, &chosen);
	return PYRO_LIVE_ARRANGE;
}

/* Back to where Enter came from; else to all there is. */
static enum pyro_live_want back(struct pyro_live *live)
{
	struct pyro_live_choice *choice = &live->choice;

	if (live->help) {
		live->help = false;
		return PYRO_LIVE_DRAW;
	}
	if (live->back_count > 0) {
		const struct pyro_live_choice *to = &live->back[--live->back_count];
		const bool renew =
			to->since_start != choice->since_start || to->span_ns != choice->span_ns;

		*choice = *to;
		to_top(live);
		return renew ? PYRO_LIVE_RENEW : PYRO_LIVE_ARRANGE;
	}
	choice->filter[0] = '\0';
	choice->function = choice->track = choice->process = choice->kind = PYRO_NONE;
	choice->task = 0;
	to_top(live);
	return PYRO_LIVE_ARRANGE;
}

/* ---- order ---- */

static enum pyro_live_want order_next(struct pyro_live *live, bool left)
{
	const struct live_view *view = live_view(live);
	size_t at = 0;

	if (view->ordered)
		return PYRO_LIVE_NOTHING;
	while (at + 1 < view->column_count && view->columns[at].order != live->choice.order)
		at++;
	do
		at = (at + (left ? view->column_count - 1 : 1)) % view->column_count;
	while (view->columns[at].order == PYRO_LIVE_ORDERS);
	live->choice.order = view->columns[at].order;
	return PYRO_LIVE_ARRANGE;
}

static enum pyro_live_want order_left(struct pyro_live *live)
{
	return order_next(live, true);
}

static enum pyro_live_want order_right(struct pyro_live *live)
{
	return order_next(live, false);
}

static enum pyro_live_want reverse(struct pyro_live *live)
{
	live->choice.reversed = !live->choice.reversed;
	return PYRO_LIVE_ARRANGE;
}

/* ---- what is counted ---- */

static enum pyro_live_want next_metric(struct pyro_live *live)
{
	live->choice.metric =
		(enum pyro_report_metric)((live->choice.metric + 1) % PYRO_REPORT_METRIC_COUNT);
	return PYRO_LIVE_ARRANGE;
}

static enum pyro_live_want since_start(struct pyro_live *live)
{
	live->choice.since_start = !live->choice.since_start;
	return PYRO_LIVE_RENEW;
}

static enum pyro_live_want shorter(struct pyro_live *live)
{
	size_t at = PYRO_COUNT(spans) - 1;

	while (at > 0 && spans[at] >= live->choice.span_ns)
		at--;
	live->choice.span_ns = spans[at];
	live->choice.since_start = false;
	return PYRO_LIVE_RENEW;
}

static enum pyro_live_want longer(struct pyro_live *live)
{
	size_t at = 0;

	while (at + 1 < PYRO_COUNT(spans) && spans[at] <= live->choice.span_ns)
		at++;
	live->choice.span_ns = spans[at];
	live->choice.since_start = false;
	return PYRO_LIVE_RENEW;
}

static enum pyro_live_want unfold(struct pyro_live *live)
{
	live->choice.unfold = !live->choice.unfold;
	return PYRO_LIVE_ARRANGE;
}

static enum pyro_live_want split(struct pyro_live *live)
{
	if (live->choice.view == PYRO_LIVE_TASKS)
		return show(live, PYRO_LIVE_EACH_TASK);
	if (live->choice.view == PYRO_LIVE_EACH_TASK)
		return tasks(live);
	live->choice.split = !live->choice.split;
	return PYRO_LIVE_ARRANGE;
}

static enum pyro_live_want type_filter(struct pyro_live *live)
{
	live->help = false;
	live->typing = true;
	memcpy(live->before, live->choice.filter, sizeof(live->before));
	return PYRO_LIVE_DRAW;
}

static enum pyro_live_want hold(struct pyro_live *live)
{
	live->paused = !live->paused;
	return live->paused ? PYRO_LIVE_DRAW : PYRO_LIVE_RENEW;
}

static enum pyro_live_want reset(struct pyro_live *live)
{
	return PYRO_LIVE_RESET;
}

static enum pyro_live_want help(struct pyro_live *live)
{
	live->help = !live->help;
	return PYRO_LIVE_DRAW;
}

static enum pyro_live_want quit(struct pyro_live *live)
{
	return PYRO_LIVE_QUIT;
}

/* ---- the table ---- */

static const struct live_key {
	uint32_t keys[2];
	const char *shown; /* in help and footer; NULL: said with the key before */
	const char *does;
	const char *hint; /* for the footer, NULL if not there */
	enum pyro_live_want (*act)(struct pyro_live *live);
} keys[] = {
	{{'q', 'Q'}, "q", "leave", "q quit", quit},
	{{'?', 'h'}, "?", "this help", "? help", help},
	{{PYRO_KEY_ENTER, '\r'},
	 "Enter",
	 "into the row: a function's lines, a thread's functions, a task's stack",
	 "Enter open",
	 enter},
	{{PYRO_KEY_ESCAPE, PYRO_KEY_BACKSPACE},
	 "Esc",
	 "back, and to all threads",
	 "Esc back",
	 back},
	{{'/', 0}, "/", "only names and files with a text", "/ filter", type_filter},
	{{' ', 0}, "Space", "hold what is shown; sampling goes on", "Space hold", hold},
	{{'<', PYRO_KEY_LEFT}, "< >", "sort by another column", "<> sort", order_left},
	{{'>', PYRO_KEY_RIGHT}, NULL, NULL, NULL, order_right},
	{{'r', 0}, "r", "least first", NULL, reverse},
	{{'1', 'f'}, "1", "functions", "1-5 views", functions},
	{{'2', 'l'}, "2", "lines", NULL, lines},
	{{'3', 't'}, "3", "threads", NULL, threads},
	{{'4', 'p'}, "4", "processes", NULL, processes},
	{{'5', 'T'}, "5", "tasks of asyncio", NULL, tasks},
	{{PYRO_KEY_TAB, 0}, "Tab", "next view", NULL, next_view},
	{{PYRO_KEY_BACK_TAB, 0}, NULL, NULL, NULL, previous_view},
	{{'s', 0}, "s", "all since the start, or the last seconds", "s since start", since_start},
	{{'[', '-'}, "[ ]", "a shorter or longer time", "[] time", shorter},
	{{']', '+'}, NULL, NULL, NULL, longer},
	{{'m', 0}, "m", "what counts: time, wall, cpu, wait, gil_wait", "m metric", next_metric},
	{{'a', 0}, "a", "library code apart from what called it", "a library", unfold},
	{{'d', 0}, "d", "each thread, or each task, apart; or together", "d apart", split},
	{{'z', 0}, "z", "forget all and start anew", "z reset", reset},
	{{PYRO_KEY_UP, 'k'}, "Up Dn", "choose a row; PgUp, PgDn, Home and End too", NULL, up},
	{{PYRO_KEY_DOWN, 'j'}, NULL, NULL, NULL, down},
	{{PYRO_KEY_PAGE_UP, 'b'}, NULL, NULL, NULL, page_up},
	{{PYRO_KEY_PAGE_DOWN, 0}, NULL, NULL, NULL, page_down},
	{{PYRO_KEY_HOME, 'g'}, NULL, NULL, NULL, first},
	{{PYRO_KEY_END, 'G'}, NULL, NULL, NULL, last},
};

/* ---- typing ---- */

static void drop_last(char *text)
{
	size_t size = strlen(text);

	while (size > 0 && ((unsigned char)text[size - 1] & 0xc0) == 0x80)
		size--;
	text[size > 0 ? size - 1 : 0] = '\0';
}

static enum pyro_live_want type(struct pyro_live *live, uint32_t key)
{
	char *filter = live->choice.filter;
	const size_t size = strlen(filter);
	char bytes[4];
	size_t more;

	switch (key) {
	case PYRO_KEY_ENTER:
	case '\r':
		live->typing = false;
		return PYRO_LIVE_DRAW;
	case PYRO_KEY_ESCAPE:
		live->typing = false;
		memcpy(filter, live->before, sizeof(live->before));
		return PYRO_LIVE_ARRANGE;
	case PYRO_KEY_BACKSPACE:
	case '\b':
		drop_last(filter);
		return PYRO_LIVE_ARRANGE;
	case 'U' - '@':
		filter[0] = '\0';
		return PYRO_LIVE_ARRANGE;
	default:
		break;
	}
	if (key > 0x10ffff || pyro_utf8_is_active(key))
		return PYRO_LIVE_NOTHING;
	more = pyro_utf8_encode(key, bytes);
	if (size + more >= PYRO_LIVE_FILTER)
		return PYRO_LIVE_NOTHING;
	memcpy(filter + size, bytes, more);
	filter[size + more] = '\0';
	to_top(live);
	return PYRO_LIVE_ARRANGE;
}

enum pyro_live_want pyro_live_key(struct pyro_live *live, uint32_t key)
{
	if (live->typing)
		return type(live, key);
	for (size_t i = 0; key && i < PYRO_COUNT(keys); i++) {
		if (keys[i].keys[0] == key || keys[i].keys[1] == key)
			return keys[i].act(live);
	}
	return PYRO_LIVE_NOTHING;
}

/* ---- what is said of keys ---- */

void live_help(const struct pyro_report_look *look, size_t most, struct pyro_buf *buf)
{
	const size_t width = pyro_text_width(look);

	for (size_t i = 0; i < PYRO_COUNT(keys) && most > 0; i++) {
		if (!keys[i].shown)
			continue;
		pyro_text_spaces(buf, 2);
		pyro_text_styled(buf, look, PYRO_INK_BOLD, keys[i].shown);
		pyro_text_spaces(buf, 7 - strlen(keys[i].shown));
		pyro_text_fit(buf, look, keys[i].does, width > 9 ? width - 9 : 1, PYRO_CUT_END);
		pyro_buf_add_char(buf, '\n');
		most--;
	}
}

static void add_prompt(const struct pyro_live *live, const struct pyro_report_look *look,
		       struct pyro_buf *buf)
{
	struct pyro_buf text;

	pyro_buf_init(&text, 4096);
	pyro_buf_add_text(&text, "/");
	pyro_text_name(&text, look, live->choice.filter);
	pyro_buf_add_text(&text, "_");
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_fit(buf, look, text.data, pyro_text_width(look), PYRO_CUT_FRONT);
	pyro_buf_deinit(&text);
	pyro_buf_add_char(buf, '\n');
}

void live_footer(struct pyro_live *live, const struct pyro_report_look *look, struct pyro_buf *buf)
{
	const size_t width = pyro_text_width(look);
	size_t used = 0;

	if (live->typing) {
		add_prompt(live, look, buf);
		return;
	}
	if (live->notice[0]) {
		struct pyro_buf text;

		pyro_buf_init(&text, 4096);
		pyro_text_fit(&text, look, live->notice, width, PYRO_CUT_MIDDLE);
		pyro_text_styled(buf, look, PYRO_INK_BOLD, text.data ? text.data : "");
		pyro_buf_deinit(&text);
		pyro_buf_add_char(buf, '\n');
		return;
	}
	for (size_t i = 0; i < PYRO_COUNT(keys); i++) {
		const size_t size = keys[i].hint ? strlen(keys[i].hint) : 0;

		if (size == 0 || used + (used ? 2 : 0) + size > width)
			continue;
		pyro_text_spaces(buf, used ? 2 : 0);
		pyro_text_styled(buf, look, PYRO_INK_DIM, keys[i].hint);
		used += (used ? 2 : 0) + size;
	}
	pyro_buf_add_char(buf, '\n');
}
