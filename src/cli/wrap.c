/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"

void pyro_wrap_blanks(struct pyro_buf *buf, size_t count)
{
	while (count-- > 0)
		pyro_buf_add_char(buf, ' ');
}

void pyro_wrap_add(struct pyro_buf *buf, const char *text, size_t at, size_t indent, size_t width)
{
	bool first = true;

	while (*text) {
		size_t size = strcspn(text, " \n");
		size_t columns = pyro_escape_columns(text, size);

		if (size == 0 && *text == '\n') {
			pyro_buf_add_char(buf, '\n');
			text++;
			first = true;
			if (*text == ' ')
				size = strcspn(text, "\n");
			if (*text && *text != '\n')
				pyro_wrap_blanks(buf, indent);
			if (size) {
				pyro_buf_add(buf, text, size);
				text += size;
			}
			at = indent;
			continue;
		}
		if (size == 0) {
			text++;
			continue;
		}
		if (!first && at + 1 + columns > width) {
			pyro_buf_add_char(buf, '\n');
			pyro_wrap_blanks(buf, indent);
			at = indent;
			first = true;
		}
		if (!first) {
			pyro_buf_add_char(buf, ' ');
			at++;
		}
		pyro_buf_add(buf, text, size);
		at += columns;
		text += size;
		first = false;
	}
}
