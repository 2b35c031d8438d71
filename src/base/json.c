/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"

static void quoted(struct pyro_buf *buf, const char *text)
{
	pyro_buf_add_char(buf, '"');
	pyro_escape_json(buf, text, strlen(text));
	pyro_buf_add_char(buf, '"');
}

/* What stands before tells whether this is the first: no value ends like that. */
static void separate(struct pyro_buf *buf)
{
	size_t end = buf->size;

	while (end > 0 && buf->data[end - 1] == '\n')
		end--;
	if (end > 0 && !strchr("{[:,", buf->data[end - 1]))
		pyro_buf_add_char(buf, ',');
}

void pyro_json_line(struct pyro_buf *buf)
{
	separate(buf);
	pyro_buf_add_char(buf, '\n');
}

void pyro_json_key(struct pyro_buf *buf, const char *name)
{
	separate(buf);
	if (!name)
		return;
	quoted(buf, name);
	pyro_buf_add_char(buf, ':');
}

void pyro_json_open(struct pyro_buf *buf, const char *name, char bracket)
{
	pyro_json_key(buf, name);
	pyro_buf_add_char(buf, bracket);
}

void pyro_json_close(struct pyro_buf *buf, char bracket)
{
	pyro_buf_add_char(buf, bracket);
}

void pyro_json_text(struct pyro_buf *buf, const char *name, const char *value)
{
	pyro_json_key(buf, name);
	if (value)
		quoted(buf, value);
	else
		pyro_buf_add_text(buf, "null");
}

void pyro_json_number(struct pyro_buf *buf, const char *name, uint64_t value)
{
	pyro_json_key(buf, name);
	pyro_buf_add_format(buf, "%" PRIu64, value);
}

void pyro_json_signed(struct pyro_buf *buf, const char *name, int64_t value)
{
	pyro_json_key(buf, name);
	pyro_buf_add_format(buf, "%" PRId64, value);
}

void pyro_json_bool(struct pyro_buf *buf, const char *name, bool value)
{
	pyro_json_key(buf, name);
	pyro_buf_add_text(buf, value ? "true" : "false");
}
