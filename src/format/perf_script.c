/* SPDX-License-Identifier: Apache-2.0 */
/* The text of "perf script": a line that says of which thread and when, the frames below it from
 * the leaf on, a blank line. Without chains the frame is in the line itself. */
#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "format/imports.h"
#include "format/perf_stack.h"

struct script {
	struct pyro_imported *imported;
	struct pyro_perf_stack stack;
	struct pyro_gather_sample sample;
	bool open;    /* there is a sample at hand */
	bool in_line; /* its only frame is from the line itself */
	uint64_t bad, first_bad;
	char bad_text[96];
	uint64_t idle; /* samples of processors that did nothing */
	uint64_t python;
};

/* Periods of these are ns of processor time; anything else counts something. */
static bool is_clock(const struct pyro_perf_text *event)
{
	static const char *const clocks[] = {"cpu-clock", "task-clock"};

	for (size_t i = 0; i < PYRO_COUNT(clocks); i++) {
		if (strlen(clocks[i]) == event->size &&
		    memcmp(clocks[i], event->text, event->size) == 0)
			return true;
	}
	return false;
}

/* What "perf script --header" says of the recording, and which fact that is here. */
static enum pyro_rc take_comment(struct script *script, const struct pyro_input_line *line)
{
	static const struct {
		const char *perf, *fact;
	} known[] = {
		{"hostname", "host"},
		{"os release", "kernel"},
		{"cpudesc", "cpu_model"},
		{"nrcpus online", "cpu_count"},
		{"captured on", "start"},
		{"cmdline", "perf_command"},
		{"perf version", "perf_version"},
	};
	const char *key = line->text + strspn(line->text, "# ");
	const char *colon = strstr(key, " : ");
	size_t size;

	if (!colon)
		return PYRO_RC_OK;
	size = (size_t)(colon - key);
	while (size > 0 && key[size - 1] == ' ')
		size--;
	for (size_t i = 0; i < PYRO_COUNT(known); i++) {
		if (strlen(known[i].perf) == size && memcmp(known[i].perf, key, size) == 0)
			return pyro_profile_meta_set(script->imported->profile, known[i].fact,
						     colon + strlen(" : "));
	}
	return PYRO_RC_OK;
}

static void take_bad(struct script *script, const struct pyro_input *input,
		     const struct pyro_input_line *line)
{
	if (script->bad++ > 0)
		return;
	script->first_bad = input->line;
	snprintf(script->bad_text, sizeof(script->bad_text), "%s", line->text);
}

/* The thread, with what the line knows of it. */
static enum pyro_rc take_thread(struct script *script, const struct pyro_perf_head *head)
{
	struct pyro_imported *imported = script->imported;
	struct pyro_gather_thread *thread;
	size_t size = head->comm.size < PYRO_MAX_NAME ? head->comm.size : PYRO_MAX_NAME;
	enum pyro_rc rc = pyro_gather_thread(&imported->gather, head->tid, &script->sample.thread);

	if (rc)
		return rc;
	thread = pyro_gather_thread_get(&imported->gather, script->sample.thread);
	if (head->pid)
		thread->pid = head->pid;
	return pyro_profile_string(imported->profile, head->comm.text, size, &thread->name);
}

static enum pyro_rc end_sample(struct script *script)
{
	struct pyro_gather *gather = &script->imported->gather;
	struct pyro_quality *quality = pyro_profile_quality(script->imported->profile);
	struct pyro_gather_thread *thread;
	enum pyro_rc rc;

	if (!script->open)
		return PYRO_RC_OK;
	script->open = false;
	rc = pyro_perf_stack_settle(&script->stack, script->imported->profile,
				    &script->sample.stack);
	if (rc)
		return rc;
	script->sample.part = pyro_perf_stack_part(&script->stack);
	/* The map of a process names it, which tells threads from processes where nothing else
	 * does. */
	thread = pyro_gather_thread_get(gather, script->sample.thread);
	if (!thread->pid)
		thread->pid = script->stack.map_pid;
	quality->truncated += script->stack.cut;
	quality->partial += script->stack.partial;
	script->python += script->stack.python;
	return pyro_gather_sample(gather, &script->sample);
}

/* Records of the kernel tell which threads are whose, and what was lost. */
static enum pyro_rc take_record(struct script *script, const struct pyro_perf_text *record)
{
	static const char lost[] = "PERF_RECORD_LOST lost ";
	struct pyro_gather *gather = &script->imported->gather;
	int32_t pid, tid;
	uint32_t thread;
	enum pyro_rc rc;

	if (record->size >= sizeof(lost) - 1 && memcmp(record->text, lost, sizeof(lost) - 1) == 0)
		pyro_profile_quality(script->imported->profile)->lost_records +=
			strtoul(record->text + sizeof(lost) - 1, NULL, 10);
	if (!pyro_perf_record_threads(record, &pid, &tid) || tid == 0)
		return PYRO_RC_OK;
	rc = pyro_gather_thread(gather, tid, &thread);
	if (rc == PYRO_RC_OK)
		pyro_gather_thread_get(gather, thread)->pid = pid;
	return rc;
}

static enum pyro_rc begin_sample(struct script *script, const struct pyro_perf_head *head)
{
	struct pyro_perf_frame frame;
	enum pyro_rc rc = end_sample(script);

	if (rc)
		return rc;
	if (head->record)
		return take_record(script, &head->rest);
	if (head->tid == 0) {
		script->idle++;
		return PYRO_RC_OK;
	}
	pyro_perf_stack_reset(&script->stack);
	script->sample.at_ns = head->at_ns;
	script->sample.weight_ns = head->period;
	script->open = true;
	rc = take_thread(script, head);
	if (rc == PYRO_RC_OK)
		rc = pyro_gather_event(&script->imported->gather, head->event.text,
				       head->event.size, is_clock(&head->event),
				       &script->sample.event);
	if (rc)
		return rc;
	script->in_line = head->rest.size > 0 &&
			  pyro_perf_frame_parse(head->rest.text, head->rest.size, &frame) &&
			  frame.file.size > 0;
	return script->in_line ? pyro_perf_stack_add(&script->stack, &frame) : PYRO_RC_OK;
}

static enum pyro_rc take_frame(struct script *script, const struct pyro_perf_frame *frame)
{
	if (script->in_line)
		pyro_perf_stack_reset(&script->stack);
	script->in_line = false;
	return script->open ? pyro_perf_stack_add(&script->stack, frame) : PYRO_RC_OK;
}

/* "  shop.c:88", which "-F +srcline" puts below a frame. */
static bool is_source(const struct pyro_input_line *line)
{
	const char *colon = strrchr(line->text, ':');

	return colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static enum pyro_rc take_line(struct script *script, const struct pyro_input *input,
			      const struct pyro_input_line *line)
{
	const char first = line->text[0];
	struct pyro_perf_head head;
	struct pyro_perf_frame frame;

	if (memchr(line->text, '\0', line->size)) {
		take_bad(script, input, line);
		return PYRO_RC_OK;
	}
	if (line->text[strspn(line->text, " \t")] == '\0')
		return end_sample(script);
	if (first == '#')
		return take_comment(script, line);
	/* Frames are indented by a tab; names of threads may be padded with blanks. */
	if (first != '\t' && pyro_perf_head_parse(line->text, line->size, &head))
		return begin_sample(script, &head);
	if (first == '\t' || first == ' ') {
		if (pyro_perf_frame_parse(line->text, line->size, &frame))
			return take_frame(script, &frame);
		if (is_source(line))
			return PYRO_RC_OK;
	}
	take_bad(script, input, line);
	return PYRO_RC_OK;
}

static void add_notes(const struct script *script, struct pyro_buf *notes)
{
	if (script->idle)
		pyro_buf_add_format(notes, " Of idle processors, passed over: %" PRIu64 ".",
				    script->idle);
	if (script->bad)
		pyro_buf_add_format(notes,
				    " Lines that make no sense, passed over: %" PRIu64
				    ", the first is line %" PRIu64 ".",
				    script->bad, script->first_bad);
	if (!script->python)
		pyro_buf_add_text(notes,
				  " No stack has a frame of Python: was the program run with "
				  "\"python -X perf\"?");
}

static enum pyro_rc read_lines(struct script *script, struct pyro_input *input,
			       struct pyro_err *err)
{
	struct pyro_input_line line;
	enum pyro_rc rc;

	for (;;) {
		rc = pyro_input_next_line(input, &line, err);
		if (rc == PYRO_RC_NOTFOUND)
			break;
		if (rc)
			return rc;
		rc = take_line(script, input, &line);
		if (rc)
			goto failed;
	}
	rc = end_sample(script);
	if (rc)
		goto failed;
	if (script->imported->gather.samples.count == 0 && script->bad)
		return pyro_err_set(err, PYRO_RC_FORMAT,
				    "no sample of \"perf script\" in it: line %" PRIu64
				    " is none: \"%s\"",
				    script->first_bad, script->bad_text);
	if (script->imported->gather.samples.count == 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "no sample of \"perf script\" in it");
	rc = pyro_gather_finish(&script->imported->gather, &script->imported->notes);
	if (rc == PYRO_RC_OK)
		return rc;
failed:
	return pyro_err_set(err, rc, "line %" PRIu64 ": %s", input->line, pyro_rc_text(rc));
}

bool pyro_perf_script_recognise(const char *head, size_t size)
{
	enum {
		MAX_OTHER = 16
	};
	struct pyro_perf_head ignored;
	int others = 0;

	/* Nothing else is likely to have a line like that so early. */
	for (const char *at = head, *end; size > 0 && others < MAX_OTHER; at = end + 1) {
		const size_t left = size - (size_t)(at - head);

		end = memchr(at, '\n', left);
		if (!end)
			end = at + left;
		if (*at != '#' && end > at) {
			if (pyro_perf_head_parse(at, (size_t)(end - at), &ignored))
				return true;
			others++;
		}
		if ((size_t)(end - head) + 1 >= size)
			break;
	}
	return false;
}

enum pyro_rc pyro_perf_script_read(struct pyro_input *input, struct pyro_imported *imported,
				   struct pyro_err *err)
{
	struct script script = {.imported = imported};
	enum pyro_rc rc;

	pyro_perf_stack_init(&script.stack);
	rc = read_lines(&script, input, err);
	if (rc == PYRO_RC_OK)
		add_notes(&script, &imported->notes);
	pyro_perf_stack_deinit(&script.stack);
	return rc;
}
