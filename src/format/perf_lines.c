/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf_lines.h"

#include <string.h>

#include "base/cleanup.h"

#define NS_PER_S    1000000000ull
#define MAX_SECONDS 1000000000ull /* over thirty years: of a clock that began at some boot */

/* What is left of a line. */
struct rest {
	const char *at;
	const char *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool skip_blanks(struct rest *rest)
{
	const char *start = rest->at;

	while (rest->at < rest->end && is_blank(*rest->at))
		rest->at++;
	return rest->at > start;
}

static bool skip(struct rest *rest, char c)
{
	if (rest->at == rest->end || *rest->at != c)
		return false;
	rest->at++;
	return true;
}

/* A whole number up to @max; nothing is taken if there is none. */
static bool take_number(struct rest *rest, uint64_t max, uint64_t *ret_number)
{
	const char *at = rest->at;
	uint64_t number = 0;

	while (at < rest->end && is_digit(*at)) {
		const uint64_t digit = (uint64_t)(*at - '0');

		if (digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
		at++;
	}
	if (at == rest->at)
		return false;
	rest->at = at;
	*ret_number = number;
	return true;
}

static bool take_id(struct rest *rest, int32_t *ret_id)
{
	uint64_t number;

	if (!take_number(rest, INT32_MAX, &number))
		return false;
	*ret_id = (int32_t)number;
	return true;
}

/* "68848.196712:", or with --ns nine digits. */
static bool take_time(struct rest *rest, uint64_t *ret_ns)
{
	uint64_t seconds, part, unit = NS_PER_S;
	const char *digits;

	if (!take_number(rest, MAX_SECONDS, &seconds) || !skip(rest, '.'))
		return false;
	digits = rest->at;
	if (!take_number(rest, NS_PER_S, &part) || rest->at - digits > 9)
		return false;
	for (ptrdiff_t i = 0; i < rest->at - digits; i++)
		unit /= 10;
	*ret_ns = seconds * NS_PER_S + part * unit;
	return skip(rest, ':') && (rest->at == rest->end || is_blank(*rest->at));
}

/* "[001]" and, with "-F +misc", a few letters may stand before the time. */
static void pass_place(struct rest *rest)
{
	enum {
		MAX_LETTERS = 6
	};
	struct rest try = *rest;
	uint64_t number;
	int letters = 0;

	if (skip(&try, '[') && take_number(&try, INT32_MAX, &number) && skip(&try, ']') &&
	    skip_blanks(&try))
		*rest = try;
	try = *rest;
	while (try.at < try.end && letters <= MAX_LETTERS &&
	       ((*try.at >= 'A' && *try.at <= 'Z') || (*try.at >= 'a' && *try.at <= 'z'))) {
		try.at++;
		letters++;
	}
	if (letters <= MAX_LETTERS && skip_blanks(&try))
		*rest = try;
}

/* From the ids of process and thread to the time: what no name of a thread is likely to hold. */
static bool take_middle(struct rest *rest, struct pyro_perf_head *head)
{
	int32_t id;

	head->pid = 0;
	if (!take_id(rest, &head->tid))
		return false;
	if (skip(rest, '/')) {
		if (!take_id(rest, &id))
			return false;
		head->pid = head->tid;
		head->tid = id;
	}
	if (!skip_blanks(rest))
		return false;
	pass_place(rest);
	return take_time(rest, &head->at_ns);
}

static struct pyro_perf_text trim(const char *from, const char *to)
{
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	return (struct pyro_perf_text){.text = from, .size = (size_t)(to - from)};
}

/* "cpu-clock:ppp" and "cpu_core/cycles/P" are "cpu-clock" and "cycles"; "sched:sched_switch" is all
 * a name. */
static struct pyro_perf_text event_name(struct pyro_perf_text event)
{
	static const char modifiers[] = "ukhIGHpPSDWebR";
	const char *slash = memchr(event.text, '/', event.size);
	size_t size = event.size;

	if (slash) {
		const char *start = slash + 1;
		const char *end = event.text + event.size;
		const char *next = memchr(start, '/', (size_t)(end - start));

		if (next && next > start)
			return (struct pyro_perf_text){.text = start,
						       .size = (size_t)(next - start)};
		return event;
	}
	while (size > 0 && event.text[size - 1] && strchr(modifiers, event.text[size - 1]))
		size--;
	if (size > 1 && size < event.size && event.text[size - 1] == ':')
		event.size = size - 1;
	return event;
}

/* "   1000000 cpu-clock:ppp: REST": the period and the event are there or not. */
static void take_event(struct rest *rest, struct pyro_perf_head *head)
{
	static const char record[] = "PERF_RECORD_";
	struct rest try;
	const char *start;

	skip_blanks(rest);
	try = *rest;
	if (take_number(&try, UINT64_MAX, &head->period) && skip_blanks(&try))
		*rest = try;
	else
		head->period = 0;
	head->record = (size_t)(rest->end - rest->at) >= sizeof(record) - 1 &&
		       memcmp(rest->at, record, sizeof(record) - 1) == 0;
	start = rest->at;
	try = *rest;
	while (try.at < try.end && !is_blank(*try.at))
		try.at++;
	if (!head->record && try.at - start > 1 && try.at[-1] == ':') {
		head->event = event_name((struct pyro_perf_text){
			.text = start, .size = (size_t)(try.at - start) - 1});
		*rest = try;
	}
	head->rest = trim(rest->at, rest->end);
}

bool pyro_perf_head_parse(const char *text, size_t size, struct pyro_perf_head *ret_head)
{
	struct pyro_perf_head head = {.event = {.text = text}};

	for (size_t i = 1; i < size; i++) {
		struct rest rest = {.at = text + i, .end = text + size};

		if (!is_digit(text[i]) || !is_blank(text[i - 1]) || !take_middle(&rest, &head))
			continue;
		head.comm = trim(text, text + i);
		take_event(&rest, &head);
		*ret_head = head;
		return true;
	}
	return false;
}

/* The '(' that the ')' at the end belongs to; both the names of functions and those of files may
 * have some of their own. NULL if there is none, or nothing of a blank before it. */
static const char *open_of(const char *from, const char *end)
{
	size_t depth = 0;

	for (const char *at = end; at > from; at--) {
		if (at[-1] == ')')
			depth++;
		else if (at[-1] == '(' && --depth == 0)
			return at - 1 > from && is_blank(at[-2]) ? at - 1 : NULL;
	}
	return NULL;
}

static bool ends_with(const char *from, const char *end, const char *tail)
{
	const size_t size = strlen(tail);

	return (size_t)(end - from) >= size && memcmp(end - size, tail, size) == 0;
}

/* "+0x1f" at the end. */
static const char *before_offset(const char *from, const char *end)
{
	const char *at = end;

	while (at > from && is_hex(at[-1]))
		at--;
	if (at < end && at - from > 3 && at[-1] == 'x' && at[-2] == '0' && at[-3] == '+')
		return at - 3;
	return end;
}

/* Whether the line begins with an address, which is passed. */
static bool pass_address(const char **from, const char *end)
{
	const char *at = *from;

	while (at < end && is_hex(*at))
		at++;
	/* A name may be spelled with those letters too; a file follows it. */
	if (at == *from || (at < end && !is_blank(*at)))
		return false;
	while (at < end && is_blank(*at))
		at++;
	if (at < end && *at == '(')
		return false;
	*from = at;
	return true;
}

bool pyro_perf_frame_parse(const char *text, size_t size, struct pyro_perf_frame *ret_frame)
{
	static const char inlined[] = " (inlined)", unknown[] = "[unknown]";
	struct pyro_perf_frame frame = {.file = {.text = text}};
	struct pyro_perf_text line = trim(text, text + size);
	const char *from = line.text, *end = from + line.size, *open = NULL;
	const bool addressed = pass_address(&from, end);

	frame.inlined = ends_with(from, end, inlined);
	if (frame.inlined)
		end -= sizeof(inlined) - 1;
	if (end > from && end[-1] == ')')
		open = open_of(from, end);
	if (open) {
		const char *close = before_offset(open + 1, end - 1);

		frame.file = trim(open + 1, close);
		end = open;
	} else if (!addressed) {
		return false;
	}
	frame.name = trim(from, end);
	frame.name.size =
		(size_t)(before_offset(frame.name.text, frame.name.text + frame.name.size) -
			 frame.name.text);
	frame.known = frame.name.size > 0 &&
		      !(frame.name.size == sizeof(unknown) - 1 &&
			memcmp(frame.name.text, unknown, sizeof(unknown) - 1) == 0);
	if (frame.file.size == sizeof(unknown) - 1 &&
	    memcmp(frame.file.text, unknown, sizeof(unknown) - 1) == 0)
		frame.file.size = 0;
	*ret_frame = frame;
	return true;
}

bool pyro_perf_python_parse(const struct pyro_perf_text *name, struct pyro_perf_text *ret_function,
			    struct pyro_perf_text *ret_file)
{
	static const char prefix[] = "py::";
	const size_t start = sizeof(prefix) - 1;
	const char *colon;

	if (name->size <= start || memcmp(name->text, prefix, start) != 0)
		return false;
	/* Files may have more of them; the names of functions have none. */
	colon = memchr(name->text + start, ':', name->size - start);
	if (!colon || colon == name->text + start)
		return false;
	*ret_function = (struct pyro_perf_text){.text = name->text + start,
						.size = (size_t)(colon - name->text) - start};
	*ret_file = (struct pyro_perf_text){.text = colon + 1,
					    .size = name->size - (size_t)(colon - name->text) - 1};
	return true;
}

int32_t pyro_perf_map_pid(const struct pyro_perf_text *file)
{
	static const struct {
		const char *start, *after;
	} kinds[] = {{"perf-", ".map"}, {"jitted-", "-"}, {"jit-", ".dump"}};
	const char *slash = memrchr(file->text, '/', file->size);
	const char *name = slash ? slash + 1 : file->text;
	const char *end = file->text + file->size;
	int32_t pid;

	for (size_t i = 0; i < PYRO_COUNT(kinds); i++) {
		const size_t start = strlen(kinds[i].start), after = strlen(kinds[i].after);
		struct rest rest = {.at = name + start, .end = end};

		if ((size_t)(end - name) > start && memcmp(name, kinds[i].start, start) == 0 &&
		    take_id(&rest, &pid) && (size_t)(end - rest.at) >= after &&
		    memcmp(rest.at, kinds[i].after, after) == 0)
			return pid;
	}
	return 0;
}

/* "PERF_RECORD_COMM exec: python3:4127/4127", "PERF_RECORD_FORK(4127:4130):(4127:4127)". */
bool pyro_perf_record_threads(const struct pyro_perf_text *record, int32_t *ret_pid,
			      int32_t *ret_tid)
{
	const char *end = record->text + record->size;

	for (const char *at = record->text + 1; at < end; at++) {
		struct rest rest = {.at = at, .end = end};
		const char between = at[-1] == '(' ? ':' : '/';
		int32_t pid, tid;

		if (is_digit(*at) && !is_digit(at[-1]) && strchr(" :(", at[-1]) &&
		    take_id(&rest, &pid) && skip(&rest, between) && take_id(&rest, &tid)) {
			*ret_pid = pid;
			*ret_tid = tid;
			return true;
		}
	}
	return false;
}
