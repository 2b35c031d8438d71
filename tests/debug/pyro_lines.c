/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes line tables. Each line of standard input holds the minor version, the first line, the
 * bytes of instructions and the table in hexadecimal ("-": empty); each line of standard output the
 * line of every other offset. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/lines.h"

static unsigned int digit(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
}

int main(void)
{
	static char hex[4 << 20];
	static uint8_t table[2 << 20];
	unsigned int minor, bytes;
	int first;

	while (scanf("%u %d %u %4194303s", &minor, &first, &bytes, hex) == 4) {
		const size_t size = hex[0] == '-' ? 0 : strlen(hex) / 2;
		struct pyro_line_run *runs = calloc(pyro_lines_bound(size), sizeof(*runs));
		size_t count;

		if (!runs)
			return 1;
		for (size_t i = 0; i < size; i++)
			table[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
		count = pyro_lines_decode(minor, table, size, first, runs);
		for (unsigned int at = 0; at < bytes; at += 2)
			printf("%d ", pyro_lines_find(runs, count, first, at));
		printf("\n");
		free(runs);
	}
	return 0;
}
