/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/alive.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/map.h"
#include "profile/table.h"

/* Moments of a task's past that are kept; when there are more, every other one goes, so that the
 * latest are the densest. */
#define POINTS 32

/* What a task had done at some moment. */
struct point {
	uint64_t at_ns;
	uint64_t cpu_ns;
	uint64_t ready_ns;
};

struct member {
	struct pyro_alive_task task;
	uint64_t id;
	char *name;
	size_t name_size;
	struct point *points; /* NULL: it has done nothing yet but wait */
	size_t point_count;
};

struct pyro_alive {
	struct pyro_table members;
	struct pyro_map by_key;  /* process and number to member */
	struct pyro_table looks; /* struct pyro_alive_looks */
	uint64_t next_id;
	uint64_t advanced_ns;
};

static const char *const state_names[PYRO_ALIVE_STATES] = {
	[PYRO_ALIVE_RUNNING] = "running",
	[PYRO_ALIVE_BLOCKING] = "blocking",
	[PYRO_ALIVE_READY] = "ready",
	[PYRO_ALIVE_WAITING] = "waiting",
};

const char *pyro_alive_state_name(enum pyro_alive_state state)
{
	return (unsigned)state < PYRO_ALIVE_STATES ? state_names[state] : NULL;
}

enum pyro_rc pyro_alive_create(struct pyro_alive **ret_alive)
{
	struct pyro_alive *alive = calloc(1, sizeof(*alive));

	if (!alive)
		return PYRO_RC_NOMEM;
	pyro_table_init(&alive->members, sizeof(struct member), PYRO_MAX_ALIVE);
	pyro_map_init(&alive->by_key, PYRO_MAX_ALIVE);
	pyro_table_init(&alive->looks, sizeof(struct pyro_alive_looks), PYRO_MAX_PROCESSES);
	*ret_alive = alive;
	return PYRO_RC_OK;
}

static struct member *member_at(const struct pyro_alive *alive, size_t index)
{
	return pyro_table_at(&alive->members, index);
}

static void free_member(struct member *member)
{
	free(member->name);
	free(member->points);
}

void pyro_alive_destroy(struct pyro_alive *alive)
{
	if (!alive)
		return;
	for (size_t i = 0; i < alive->members.count; i++)
		free_member(member_at(alive, i));
	pyro_table_deinit(&alive->members);
	pyro_map_deinit(&alive->by_key);
	pyro_table_deinit(&alive->looks);
	free(alive);
}

size_t pyro_alive_count(const struct pyro_alive *alive)
{
	return alive->members.count;
}

/* ---- who lives ---- */

static uint64_t key_of(uint32_t process, uint32_t number)
{
	return (uint64_t)process << 32 | number;
}

static enum pyro_rc add(struct pyro_alive *alive, const struct pyro_alive_task *task,
			const char *name, size_t name_size)
{
	struct member member = {.task = *task, .id = alive->next_id + 1, .name_size = name_size};
	enum pyro_rc rc;

	member.name = malloc(name_size + 1);
	if (!member.name)
		return PYRO_RC_NOMEM;
	memcpy(member.name, name, name_size);
	member.name[name_size] = '\0';
	rc = pyro_map_put(&alive->by_key, key_of(task->process, task->number),
			  alive->members.count);
	if (!rc)
		rc = pyro_table_push(&alive->members, &member);
	if (rc) {
		pyro_map_remove(&alive->by_key, key_of(task->process, task->number));
		free(member.name);
		return rc;
	}
	alive->next_id++;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_alive_put(struct pyro_alive *alive, const struct pyro_alive_task *task,
			    const char *name, size_t name_size)
{
	uint64_t at;

	/* Under the number of one of whose end nobody told, there is another. */
	if (name)
		pyro_alive_remove(alive, task->process, task->number);
	if (name)
		return add(alive, task, name, name_size);
	if (pyro_map_get(&alive->by_key, key_of(task->process, task->number), &at))
		member_at(alive, (size_t)at)->task = *task;
	return PYRO_RC_OK;
}

/* The last one takes the place of the one that goes. */
static void remove_at(struct pyro_alive *alive, size_t index)
{
	struct member *member = member_at(alive, index);
	const struct member *last = member_at(alive, alive->members.count - 1);

	pyro_map_remove(&alive->by_key, key_of(member->task.process, member->task.number));
	free_member(member);
	if (member != last) {
		*member = *last;
		/* A key that is there takes another value without room being needed. */
		(void)!pyro_map_put(&alive->by_key,
				    key_of(member->task.process, member->task.number), index);
	}
	alive->members.count--;
}

void pyro_alive_remove(struct pyro_alive *alive, uint32_t process, uint32_t number)
{
	uint64_t at;

	if (pyro_map_get(&alive->by_key, key_of(process, number), &at))
		remove_at(alive, (size_t)at);
}

static struct pyro_alive_looks *looks_at(const struct pyro_alive *alive, uint32_t process)
{
	struct pyro_alive_looks *looks = alive->looks.rows;

	for (size_t i = 0; i < alive->looks.count; i++) {
		if (looks[i].process == process)
			return &looks[i];
	}
	return NULL;
}

void pyro_alive_remove_process(struct pyro_alive *alive, uint32_t process)
{
	struct pyro_alive_looks *looks = looks_at(alive, process), *all = alive->looks.rows;

	for (size_t i = alive->members.count; i-- > 0;) {
		if (member_at(alive, i)->task.process == process)
			remove_at(alive, i);
	}
	if (looks)
		*looks = all[--alive->looks.count];
}

enum pyro_rc pyro_alive_looked(struct pyro_alive *alive, const struct pyro_alive_looks *looks)
{
	struct pyro_alive_looks *before = looks_at(alive, looks->process);

	if (!before)
		return pyro_table_push(&alive->looks, looks);
	*before = *looks;
	return PYRO_RC_OK;
}

/* ---- what they did ---- */

static struct point origin_of(const struct member *member)
{
	return (struct point){.at_ns = member->task.began_ns};
}

static struct point last_of(const struct member *member)
{
	return member->point_count ? member->points[member->point_count - 1] : origin_of(member);
}

/* Every other one goes; the last stays. */
static void thin(struct member *member)
{
	size_t kept = 0;

	for (size_t i = 1; i < member->point_count; i += 2)
		member->points[kept++] = member->points[i];
	member->point_count = kept;
}

static void push(struct member *member, const struct point *point)
{
	if (member->point_count == POINTS)
		thin(member);
	member->points[member->point_count++] = *point;
}

static enum pyro_rc note(struct member *member, uint64_t before_ns, uint64_t now_ns)
{
	const struct pyro_alive_task *task = &member->task;
	const struct point now = {now_ns, task->cpu_ns, task->ready_ns};
	struct point last = last_of(member);

	if (last.cpu_ns == now.cpu_ns && last.ready_ns == now.ready_ns)
		return PYRO_RC_OK;
	if (!member->points)
		member->points = calloc(POINTS, sizeof(*member->points));
	if (!member->points)
		return PYRO_RC_NOMEM;
	/* Until then nothing had changed. */
	if (last.at_ns < before_ns) {
		last.at_ns = before_ns;
		push(member, &last);
	}
	push(member, &now);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_alive_advance(struct pyro_alive *alive, uint64_t now_ns)
{
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; !rc && i < alive->members.count; i++)
		rc = note(member_at(alive, i), alive->advanced_ns, now_ns);
	alive->advanced_ns = now_ns;
	return rc;
}

static uint64_t between(uint64_t before, uint64_t after, double part)
{
	return after > before ? before + (uint64_t)((double)(after - before) * part) : before;
}

/* What it had done at @at_ns, as if evenly from one point to the next. */
static struct point course_at(const struct member *member, uint64_t at_ns)
{
	struct point before = origin_of(member);
	double part;

	if (at_ns <= before.at_ns)
		return before;
	for (size_t i = 0; i < member->point_count; i++) {
		const struct point *after = &member->points[i];

		if (after->at_ns <= at_ns) {
			before = *after;
			continue;
		}
		part = (double)(at_ns - before.at_ns) / (double)(after->at_ns - before.at_ns);
		before.cpu_ns = between(before.cpu_ns, after->cpu_ns, part);
		before.ready_ns = between(before.ready_ns, after->ready_ns, part);
		break;
	}
	return before;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nobody knows what it did after it was last looked at. */
static void fill(const struct pyro_alive *alive, const struct member *member, uint64_t begin_ns,
		 uint64_t end_ns, struct pyro_alive_row *row)
{
	const struct pyro_alive_task *task = &member->task;
	const struct point before = course_at(member, begin_ns);
	const uint64_t from_ns = task->began_ns > begin_ns ? task->began_ns : begin_ns;
	const struct pyro_alive_looks *looks = looks_at(alive, task->process);
	uint64_t left_ns;

	if (looks)
		end_ns = least(end_ns, looks->at_ns);
	left_ns = pyro_clock_since(from_ns, end_ns);
	row->task = *task;
	row->id = member->id;
	row->lasted_ns = pyro_clock_since(task->since_ns, task->seen_ns);
	if (looks && looks->sure_ns > task->seen_ns)
		row->lasted_ns = pyro_clock_since(task->since_ns, looks->sure_ns);
	/* What is told of late may be of before. */
	row->running_ns = least(left_ns, task->cpu_ns - least(task->cpu_ns, before.cpu_ns));
	left_ns -= row->running_ns;
	row->ready_ns = least(left_ns, task->ready_ns - least(task->ready_ns, before.ready_ns));
	row->waiting_ns = left_ns - row->ready_ns;
}

enum pyro_rc pyro_alive_take(const struct pyro_alive *alive, uint64_t begin_ns, uint64_t end_ns,
			     struct pyro_alive_rows *ret_rows)
{
	const size_t count = alive->members.count;
	struct pyro_alive_rows rows = {.count = count};
	size_t size = 1;

	for (size_t i = 0; i < count; i++)
		size += member_at(alive, i)->name_size + 1;
	rows.rows = calloc(count + 1, sizeof(*rows.rows));
	rows.names = malloc(size);
	if (!rows.rows || !rows.names) {
		pyro_alive_rows_deinit(&rows);
		return PYRO_RC_NOMEM;
	}
	for (size_t i = 0; i < alive->looks.count; i++)
		rows.unseen += ((const struct pyro_alive_looks *)alive->looks.rows)[i].unseen;
	size = 0;
	for (size_t i = 0; i < count; i++) {
		const struct member *member = member_at(alive, i);

		fill(alive, member, begin_ns, end_ns, &rows.rows[i]);
		rows.rows[i].name = memcpy(rows.names + size, member->name, member->name_size + 1);
		size += member->name_size + 1;
	}
	*ret_rows = rows;
	return PYRO_RC_OK;
}

void pyro_alive_rows_deinit(struct pyro_alive_rows *rows)
{
	free(rows->rows);
	free(rows->names);
	*rows = (struct pyro_alive_rows){.count = 0};
}
