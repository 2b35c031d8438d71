/* SPDX-License-Identifier: Apache-2.0 */
#include "report/moment_locals.h"

#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "report/text.h"

#define LEAD  "      " /* further in than the frame */
#define LINES 3        /* of one variable: JSON has the rest */
#define BYTES 65536

static void add_note(const struct pyro_report_look *look, struct pyro_buf *buf, const char *text)
{
	struct pyro_buf line;

	pyro_buf_init(&line, BYTES);
	pyro_buf_add_format(&line, PYRO_MARK_DIM "%s" PYRO_MARK_END, text);
	pyro_text_paragraph(buf, look, LEAD, line.data ? line.data : "");
	buf->failed |= line.failed;
	pyro_buf_deinit(&line);
}

static void add_local(const struct pyro_moment_local *local, const struct pyro_report_look *look,
		      struct pyro_buf *buf)
{
	const size_t width = pyro_text_width(look);
	const size_t room = width > 2 * strlen(LEAD) ? width - strlen(LEAD) : strlen(LEAD);
	struct pyro_buf text, fitted;

	pyro_buf_init(&text, BYTES);
	pyro_buf_init(&fitted, BYTES);
	pyro_text_name(&text, look, local->name);
	pyro_buf_add_text(&text, " = ");
	pyro_text_name(&text, look, local->value);
	/* A little less, as lines end before they are full. */
	pyro_text_fit(&fitted, look, text.data ? text.data : "", room * LINES - room / 2,
		      PYRO_CUT_END);
	pyro_text_paragraph(buf, look, LEAD, fitted.data ? fitted.data : "");
	buf->failed |= text.failed || fitted.failed;
	pyro_buf_deinit(&text);
	pyro_buf_deinit(&fitted);
}

void pyro_moment_locals_text(const struct pyro_moment_frame *frame,
			     const struct pyro_report_look *look, struct pyro_buf *buf)
{
	for (size_t i = 0; i < frame->local_count; i++)
		add_local(&frame->locals[i], look, buf);
	if (frame->left_out) {
		struct pyro_buf line;

		pyro_buf_init(&line, 128);
		pyro_buf_add_format(&line, "and %zu more", frame->left_out);
		add_note(look, buf, line.data ? line.data : "");
		pyro_buf_deinit(&line);
	}
	if (frame->changed && frame->local_count == 0)
		add_note(look, buf, "it was left before its variables could be read");
	else if (frame->changed)
		add_note(look, buf, "it changed while its variables were read");
	if (frame->unreadable)
		add_note(look, buf, "some of its variables could not be read");
}

void pyro_moment_locals_json(const struct pyro_moment_frame *frame, struct pyro_buf *buf)
{
	pyro_json_open(buf, "locals", '[');
	for (size_t i = 0; i < frame->local_count; i++) {
		pyro_json_open(buf, NULL, '{');
		pyro_json_text(buf, "name", frame->locals[i].name);
		pyro_json_text(buf, "kind", frame->locals[i].kind);
		pyro_json_text(buf, "value", frame->locals[i].value);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_json_number(buf, "locals_left_out", frame->left_out);
	pyro_json_bool(buf, "locals_changed", frame->changed);
	pyro_json_bool(buf, "locals_unreadable", frame->unreadable);
}

uint64_t pyro_moment_locals_hash(const struct pyro_moment_thread *thread)
{
	uint64_t hash = thread->frames ? 1 : 0;

	for (size_t i = 0; thread->frames && i < thread->frame_count; i++) {
		const struct pyro_moment_frame *frame = &thread->frames[i];

		hash = pyro_hash_pair(hash, (uint64_t)frame->changed << 1 |
						    (uint64_t)frame->unreadable |
						    (uint64_t)frame->left_out << 2);
		for (size_t j = 0; j < frame->local_count; j++) {
			const struct pyro_moment_local *local = &frame->locals[j];

			hash = pyro_hash_pair(hash,
					      pyro_hash_bytes(local->name, strlen(local->name)));
			hash = pyro_hash_pair(hash,
					      pyro_hash_bytes(local->value, strlen(local->value)));
		}
	}
	return hash;
}
