/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "golden.h"

void golden_check_lines(const char *name, const struct pyro_report_look *look,
			const struct pyro_buf *buf)
{
	struct pyro_buf line;
	pyro_buf_init(&line, 1 << 20);
	for (size_t i = 0; i < buf->size; i++) {
		unsigned char c = (unsigned char)buf->data[i];
		if (c == 0x1b) {
			assert_true(look->colour);
			size_t code = strspn(buf->data + i + 1, "[0123456789");
			assert_int_equal(buf->data[i + 1 + code], 'm');
			i += code + 1;
		} else if (c == '\n') {
			size_t columns = pyro_escape_columns(line.data ? line.data : "", line.size);
			if (columns > look->columns)
				fail_msg("%s: %zu columns: %s", name, columns, line.data);
			if (line.size > 0)
				assert_int_not_equal(line.data[line.size - 1], ' ');
			pyro_buf_reset(&line);
		} else {
			assert_true(c >= 0x20 && c != 0x7f);
			assert_true(look->unicode || c < 0x80);
			pyro_buf_add_char(&line, (char)c);
		}
	}
	assert_int_equal(line.size, 0);
	pyro_buf_deinit(&line);
}

static void read_golden(const char *path, struct pyro_buf *buf)
{
	char part[4096];
	size_t got;
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("%s is missing: write it with PYROMETER_WRITE_GOLDEN=1", path);
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		pyro_buf_add(buf, part, got);
	fclose(file);
}

static void write_golden(const char *path, const struct pyro_buf *buf)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(buf->data, 1, buf->size, file), buf->size);
	assert_int_equal(fclose(file), 0);
}

void golden_compare(const char *name, const struct pyro_buf *buf)
{
	struct pyro_buf golden;
	char path[512];

	snprintf(path, sizeof(path), GOLDEN_FOLDER "/%s", name);
	if (getenv("PYROMETER_WRITE_GOLDEN"))
		write_golden(path, buf);
	pyro_buf_init(&golden, 1 << 24);
	read_golden(path, &golden);
	if (golden.size != buf->size || memcmp(golden.data, buf->data, buf->size) != 0)
		fail_msg("%s differs:\n%s", path, buf->data);
	pyro_buf_deinit(&golden);
}
