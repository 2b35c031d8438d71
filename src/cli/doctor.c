/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/terminal.h"
#include "cli/wrap.h"
#include "cpython/python.h"

#define MAX_TEXT   (16 << 20)
#define MAX_MEMORY (16 << 20)
#define MAX_WIDTH  80
#define NARROW     60
#define TITLE_SIZE 26

struct page {
	struct pyro_buf *buf;
	const struct pyro_terminal *terminal;
	size_t width;
};

static const char *method_text(enum pyro_proof_method method)
{
	switch (method) {
	case PYRO_PROOF_BY_INTERRUPT:
		return "by interrupting the processor of the running thread, without stopping it";
	case PYRO_PROOF_BY_SWITCH:
		return "by the kernel's switch records, without stopping anything";
	case PYRO_PROOF_BY_PROC:
		return "by /proc, without stopping anything";
	case PYRO_PROOF_BY_STOP:
		return "by stopping the running thread for each read";
	default:
		return "not proved, but read twice";
	}
}

/* ---- for people ---- */

static void styled(struct page *page, enum pyro_style style, const char *text)
{
	pyro_buf_add_text(page->buf, pyro_terminal_style(page->terminal, style));
	pyro_buf_add_text(page->buf, text);
	pyro_buf_add_text(page->buf, pyro_terminal_style(page->terminal, PYRO_STYLE_PLAIN));
}

static void heading(struct page *page, const char *text)
{
	pyro_buf_add_char(page->buf, '\n');
	styled(page, PYRO_STYLE_HEAD, text);
	pyro_buf_add_char(page->buf, '\n');
}

static void mark(struct page *page, enum pyro_check_result result)
{
	static const struct {
		const char *unicode;
		const char *ascii;
		enum pyro_style style;
	} marks[] = {
		[PYRO_CHECK_GOOD] = {"✓", "+", PYRO_STYLE_GOOD},
		[PYRO_CHECK_LIMITED] = {"!", "!", PYRO_STYLE_WARN},
		[PYRO_CHECK_BAD] = {"✗", "x", PYRO_STYLE_BAD},
		[PYRO_CHECK_INFO] = {"·", "-", PYRO_STYLE_FAINT},
	};

	pyro_buf_add_text(page->buf, "  ");
	styled(page, marks[result].style,
	       page->terminal->unicode ? marks[result].unicode : marks[result].ascii);
	pyro_buf_add_char(page->buf, ' ');
}

/* A marked title and, beside or under it, what is to be said of it. */
static void item(struct page *page, enum pyro_check_result result, const char *title,
		 const char *text)
{
	size_t column = page->width < NARROW ? 6 : 4 + TITLE_SIZE;
	size_t at = 4 + strlen(title);

	mark(page, result);
	pyro_buf_add_text(page->buf, title);
	if (!*text) {
		pyro_buf_add_char(page->buf, '\n');
		return;
	}
	if (at + 1 > column) {
		pyro_buf_add_char(page->buf, '\n');
		at = 0;
	}
	pyro_wrap_blanks(page->buf, column - at);
	pyro_wrap_add(page->buf, text, column, column, page->width);
	pyro_buf_add_char(page->buf, '\n');
}

static void add_verdict(struct page *page, const struct pyro_doctor *doctor)
{
	char text[160];

	heading(page, "In short");
	item(page, doctor->run_works ? PYRO_CHECK_GOOD : PYRO_CHECK_BAD, "pyrometer run",
	     doctor->run_works ? "works" : "does not work: see below");
	item(page, doctor->attach_works ? PYRO_CHECK_GOOD : PYRO_CHECK_BAD, "pyrometer attach",
	     doctor->attach_works ? "works" : "does not work: see below");
	snprintf(text, sizeof(text), "%s (%s)", method_text(doctor->method),
		 pyro_proof_method_name(doctor->method));
	item(page, doctor->method <= PYRO_PROOF_BY_PROC ? PYRO_CHECK_GOOD : PYRO_CHECK_LIMITED,
	     "Samples are proved", text);
}

static void add_checks(struct page *page, const struct pyro_doctor *doctor)
{
	heading(page, "This machine");
	for (size_t i = 0; i < doctor->check_count; i++) {
		const struct pyro_check *check = &doctor->checks[i];

		item(page, check->result, check->title, check->found);
	}
}

static void add_remedies(struct page *page, const struct pyro_doctor *doctor)
{
	bool any = false;

	for (size_t i = 0; i < doctor->check_count; i++) {
		const struct pyro_check *check = &doctor->checks[i];

		if (!*check->remedy)
			continue;
		if (!any)
			heading(page, "What to do");
		any = true;
		item(page, check->result, check->title, check->remedy);
	}
}

/* The command without the folder of its program, which says least in the room there is. */
static const char *short_command(const char *command)
{
	size_t word = strcspn(command, " '\"");
	const char *slash = memrchr(command, '/', word);

	return slash && (size_t)(slash - command) + 1 < word ? slash + 1 : command;
}

/* As much of the command as there is room for, escaped first: a cut escape shows what it was. */
static void add_command(struct page *page, const char *command, size_t width)
{
	struct pyro_buf text;
	size_t columns = 0;
	size_t at = 0;

	pyro_buf_init(&text, MAX_TEXT);
	pyro_escape_terminal(&text, command, strlen(command));
	while (at < text.size) {
		size_t size = 1;
		size_t wide;

		while (at + size < text.size &&
		       ((unsigned char)text.data[at + size] & 0xc0) == 0x80)
			size++;
		wide = pyro_escape_columns(text.data + at, size);
		if (columns + wide > width)
			break;
		columns += wide;
		at += size;
	}
	if (page->terminal->unicode || at == 0)
		pyro_buf_add(page->buf, text.data ? text.data : "", at);
	for (size_t i = 0; !page->terminal->unicode && i < at; i++)
		pyro_buf_add_char(page->buf,
				  (unsigned char)text.data[i] < 0x80 ? text.data[i] : '?');
	pyro_buf_deinit(&text);
}

static void add_python(struct page *page, const struct pyro_doctor_python *python)
{
	bool narrow = page->width < NARROW;
	char title[128];

	mark(page, python->readable ? PYRO_CHECK_GOOD : PYRO_CHECK_BAD);
	snprintf(title, sizeof(title), "%7d  %-10s ", python->pid,
		 *python->version ? python->version : "?");
	pyro_buf_add_text(page->buf, title);
	if (!narrow) {
		snprintf(title, sizeof(title), "%-10.10s ", python->user);
		pyro_buf_add_text(page->buf, title);
	}
	add_command(page, short_command(python->command), page->width - (narrow ? 24 : 35));
	pyro_buf_add_char(page->buf, '\n');
	if (python->readable || !*python->reason)
		return;
	pyro_wrap_blanks(page->buf, narrow ? 6 : 13);
	pyro_wrap_add(page->buf, python->reason, narrow ? 6 : 13, narrow ? 6 : 13, page->width);
	pyro_buf_add_char(page->buf, '\n');
}

static void add_pythons(struct page *page, const struct pyro_doctor *doctor)
{
	char text[192];

	heading(page, "Python programs running now");
	if (doctor->python_count == 0)
		item(page, PYRO_CHECK_INFO, "none", "");
	for (size_t i = 0; i < doctor->python_count; i++)
		add_python(page, &doctor->pythons[i]);
	snprintf(text, sizeof(text), "Supported: %s.", pyro_python_supported());
	if (doctor->hidden)
		snprintf(text, sizeof(text), "Supported: %s. %zu more %s not be looked into%s",
			 pyro_python_supported(), doctor->hidden,
			 doctor->hidden == 1 ? "process could" : "processes could",
			 geteuid() == 0 ? "." : "; root may: sudo pyrometer doctor");
	pyro_buf_add_text(page->buf, "  ");
	pyro_wrap_add(page->buf, text, 2, 2, page->width);
	pyro_buf_add_char(page->buf, '\n');
}

static void add_page(struct pyro_buf *buf, const struct pyro_doctor *doctor)
{
	struct pyro_terminal terminal;
	struct page page = {.buf = buf, .terminal = &terminal};

	pyro_terminal_look(STDOUT_FILENO, &terminal);
	page.width = terminal.width < MAX_WIDTH ? terminal.width : MAX_WIDTH;
	pyro_buf_add_text(buf, "pyrometer " PYRO_VERSION "\n");
	pyro_wrap_add(buf, doctor->system, 0, 2, page.width);
	pyro_buf_add_char(buf, '\n');
	add_verdict(&page, doctor);
	add_checks(&page, doctor);
	add_pythons(&page, doctor);
	add_remedies(&page, doctor);
}

/* ---- for programs ---- */

static void add_json(struct pyro_buf *buf, const struct pyro_doctor *doctor)
{
	static const char *const results[] = {
		[PYRO_CHECK_GOOD] = "good",
		[PYRO_CHECK_LIMITED] = "limited",
		[PYRO_CHECK_BAD] = "bad",
		[PYRO_CHECK_INFO] = "info",
	};

	pyro_json_open(buf, NULL, '{');
	pyro_json_text(buf, "version", PYRO_VERSION);
	pyro_json_text(buf, "system", doctor->system);
	pyro_json_bool(buf, "run", doctor->run_works);
	pyro_json_bool(buf, "attach", doctor->attach_works);
	pyro_json_text(buf, "proof", pyro_proof_method_name(doctor->method));
	pyro_json_text(buf, "supported", pyro_python_supported());
	pyro_json_line(buf);
	pyro_json_open(buf, "checks", '[');
	for (size_t i = 0; i < doctor->check_count; i++) {
		const struct pyro_check *check = &doctor->checks[i];

		pyro_json_line(buf);
		pyro_json_open(buf, NULL, '{');
		pyro_json_text(buf, "name", check->name);
		pyro_json_text(buf, "result", results[check->result]);
		pyro_json_text(buf, "found", check->found);
		pyro_json_text(buf, "remedy", check->remedy);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_json_line(buf);
	pyro_json_open(buf, "processes", '[');
	for (size_t i = 0; i < doctor->python_count; i++) {
		const struct pyro_doctor_python *python = &doctor->pythons[i];

		pyro_json_line(buf);
		pyro_json_open(buf, NULL, '{');
		pyro_json_signed(buf, "pid", python->pid);
		pyro_json_bool(buf, "readable", python->readable);
		pyro_json_text(buf, "python", python->version);
		pyro_json_text(buf, "user", python->user);
		pyro_json_text(buf, "command", python->command);
		pyro_json_text(buf, "reason", python->reason);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_json_line(buf);
	pyro_json_number(buf, "hidden_processes", doctor->hidden);
	pyro_json_close(buf, '}');
	pyro_buf_add_char(buf, '\n');
}

int pyro_cmd_doctor(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_doctor doctor = {.method = PYRO_PROOF_AUTO};
	struct pyro_buf buf;
	enum pyro_rc rc;

	pyro_arena_init(&doctor.arena, MAX_MEMORY);
	pyro_buf_init(&buf, MAX_TEXT);
	rc = pyro_doctor_machine(&doctor, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_doctor_pythons(&doctor, err);
	if (rc == PYRO_RC_OK) {
		if (pyro_args_flag(args, "json"))
			add_json(&buf, &doctor);
		else
			add_page(&buf, &doctor);
		rc = pyro_show_buf(&buf, stdout, err);
	}
	pyro_buf_deinit(&buf);
	free(doctor.pythons);
	pyro_arena_deinit(&doctor.arena);
	if (rc)
		return pyro_rc_exit_status(rc);
	return doctor.run_works || doctor.attach_works ? 0 : 1;
}
