/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_TEXT_H
#define PYRO_REPORT_TEXT_H

#include "base/buf.h"
#include "report/look.h"

/* Text for a terminal: names made safe, cut to fit, styled, wrapped. */

/** Colour means something: amber is running, blue is waiting, bold is what matters, dim is what
 *  can be passed over. */
enum pyro_ink {
	PYRO_INK_PLAIN,
	PYRO_INK_BOLD,
	PYRO_INK_DIM,
	PYRO_INK_RUNNING,
	PYRO_INK_WAITING,
};

/** Where a text that is too long loses characters: names never at their end. */
enum pyro_cut {
	PYRO_CUT_MIDDLE, /**< names: "Checkout…total" */
	PYRO_CUT_FRONT,  /**< paths: "…/views.py:61" */
	PYRO_CUT_END,    /**< lines of source, which are no names */
};

/** Signs with their plain stand-ins. */
struct pyro_signs {
	const char *ellipsis;
	const char *dot; /**< between items of a line */
	const char *plus_minus;
	const char *arrow;
	const char *tree_tee, *tree_last, *tree_bar;
};
const struct pyro_signs *pyro_text_signs(const struct pyro_report_look *look);

/** Width of the look, with its default. */
size_t pyro_text_width(const struct pyro_report_look *look);

/** An untrusted name, safe for a terminal; without unicode as ASCII. */
void pyro_text_name(struct pyro_buf *buf, const struct pyro_report_look *look, const char *name);
/** Safe text in at most @width columns. */
void pyro_text_fit(struct pyro_buf *buf, const struct pyro_report_look *look, const char *text,
		   size_t width, enum pyro_cut cut);
/** @text in @style; empty texts leave no trace. */
void pyro_text_styled(struct pyro_buf *buf, const struct pyro_report_look *look,
		      enum pyro_ink style, const char *text);
/** A piece of styled text in one style. */
struct pyro_span {
	enum pyro_ink ink;
	const char *text;
	size_t size;
};
/** Reads back what this room has styled: the next piece of one line, from **@at on, which is moved
 *  past it; @ink carries the style from piece to piece, PLAIN at first. False at the line's end:
 *  then *@at is past its newline, or at the NUL. */
bool pyro_text_next_span(const char **at, enum pyro_ink *ink, struct pyro_span *ret_span);
void pyro_text_spaces(struct pyro_buf *buf, size_t count);

/* Marks inside a paragraph. Names are escaped, so they cannot hold them. */
#define PYRO_MARK_BOLD    "\x02"
#define PYRO_MARK_DIM     "\x04"
#define PYRO_MARK_RUNNING "\x0e"
#define PYRO_MARK_WAITING "\x0f"
#define PYRO_MARK_END     "\x03"
#define PYRO_MARK_SPACE   "\x1f" /**< a space at which no line breaks */
#define PYRO_MARK_DOT     "\x06" /**< between items: "  ·  ", or the end of the line */

/** Wraps safe @text at its spaces. The first line starts after @lead, which is written as it is;
 *  the others are indented by the columns of @lead. Ends with a newline. */
void pyro_text_paragraph(struct pyro_buf *buf, const struct pyro_report_look *look,
			 const char *lead, const char *text);
/** @text with its spaces made unbreakable, to be one item of a paragraph. */
void pyro_text_item(struct pyro_buf *buf, const char *text);

#endif
