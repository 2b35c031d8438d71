/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"

#include <ctype.h>
#include <string.h>

#include "base/escape.h"
#include "cli/terminal.h"

void pyro_show_look(int fd, struct pyro_report_look *ret_look)
{
	struct pyro_terminal terminal;

	pyro_terminal_look(fd, &terminal);
	*ret_look = (struct pyro_report_look){
		.columns = terminal.width,
		.lines = terminal.height,
		.colour = terminal.colour,
		.unicode = terminal.unicode,
	};
}

enum pyro_rc pyro_show_buf(const struct pyro_buf *buf, FILE *stream, struct pyro_err *err)
{
	enum pyro_rc rc = pyro_buf_status(buf);

	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	if (buf->size > 0)
		fwrite(buf->data, 1, buf->size, stream);
	return PYRO_RC_OK;
}

void pyro_show_shell_word(struct pyro_buf *buf, const char *word)
{
	bool plain = *word != '\0';

	for (const char *c = word; *c && plain; c++)
		plain = isalnum((unsigned char)*c) || strchr("_-./,:=+@%", *c) || *c & 0x80;
	if (plain) {
		pyro_escape_terminal(buf, word, strlen(word));
		return;
	}
	pyro_buf_add_char(buf, '\'');
	for (; *word; word += strcspn(word, "'")) {
		if (*word == '\'') {
			pyro_buf_add_text(buf, "'\\''");
			word++;
		}
		pyro_escape_terminal(buf, word, strcspn(word, "'"));
	}
	pyro_buf_add_char(buf, '\'');
}
