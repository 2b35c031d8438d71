/* SPDX-License-Identifier: Apache-2.0 */
#include "target/socket.h"

#include <arpa/inet.h>
#include <string.h>

#include "target/procfs.h"

#define MAX_TABLE ((size_t)16 << 20) /* a hundred thousand sockets */

static const struct table {
	const char *name;
	bool inet;
} tables[] = {
	{"net/tcp", true}, {"net/tcp6", true}, {"net/unix", false},
	{"net/udp", true}, {"net/udp6", true},
};

/* The kernel prints an address as its 32-bit words in the order of the machine, and the port as a
 * number. */
struct end {
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint32_t words[4];
	} addr;
	int family;
	unsigned int port;
};

static bool skip(const char **at, const char *end, char what)
{
	if (*at == end || **at != what)
		return false;
	(*at)++;
	return true;
}

static void skip_blanks(const char **at, const char *end)
{
	while (*at < end && **at == ' ')
		(*at)++;
}

static void skip_field(const char **at, const char *end)
{
	skip_blanks(at, end);
	while (*at < end && **at != ' ')
		(*at)++;
}

static bool hex_word(const char **at, const char *end, uint32_t *ret_word)
{
	const char *word_end = *at + 8;
	uint64_t value;

	if (end - *at < 8 || !pyro_procfs_hex(at, word_end, &value) || *at != word_end)
		return false;
	*ret_word = (uint32_t)value;
	return true;
}

static bool parse_end(const char **at, const char *end, struct end *ret_end)
{
	size_t words = 0;
	uint64_t port;

	skip_blanks(at, end);
	*ret_end = (struct end){.family = AF_INET};
	while (words < 4 && *at < end && **at != ':') {
		if (!hex_word(at, end, &ret_end->addr.words[words++]))
			return false;
	}
	if ((words != 1 && words != 4) || !skip(at, end, ':') || !pyro_procfs_hex(at, end, &port) ||
	    port > UINT16_MAX)
		return false;
	if (words == 4)
		ret_end->family = AF_INET6;
	ret_end->port = (unsigned int)port;
	return true;
}

static bool is_any(const struct end *end)
{
	return !end->addr.words[0] && !end->addr.words[1] && !end->addr.words[2] &&
	       !end->addr.words[3];
}

static void add_end(const struct end *end, struct pyro_buf *buf)
{
	const bool mapped = end->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&end->addr.v6);
	const int family = mapped ? AF_INET : end->family;
	char text[INET6_ADDRSTRLEN];

	if (is_any(end))
		pyro_buf_add_char(buf, '*');
	else if (inet_ntop(family, &end->addr.words[mapped ? 3 : 0], text, sizeof(text)))
		pyro_buf_add_format(buf, family == AF_INET6 ? "[%s]" : "%s", text);
	pyro_buf_add_format(buf, ":%u", end->port);
}

/* "  0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 1000 0 4711 …" */
static bool inet_line(const char *at, const char *end, uint64_t inode, struct pyro_buf *buf)
{
	struct end here, there;
	uint64_t number;

	skip_field(&at, end);
	if (!parse_end(&at, end, &here) || !parse_end(&at, end, &there))
		return false;
	for (int i = 0; i < 6; i++)
		skip_field(&at, end);
	skip_blanks(&at, end);
	if (!pyro_procfs_decimal(&at, end, &number) || number != inode)
		return false;
	if (there.port) {
		add_end(&there, buf);
		pyro_buf_add_text(buf, " from ");
	}
	add_end(&here, buf);
	return true;
}

/* "0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/x" */
static bool unix_line(const char *at, const char *end, uint64_t inode, struct pyro_buf *buf)
{
	uint64_t number;

	for (int i = 0; i < 6; i++)
		skip_field(&at, end);
	skip_blanks(&at, end);
	if (!pyro_procfs_decimal(&at, end, &number) || number != inode)
		return false;
	skip_blanks(&at, end);
	if (at < end)
		pyro_buf_add(buf, at, (size_t)(end - at));
	else
		pyro_buf_add_text(buf, "unix socket");
	return true;
}

bool pyro_socket_find(const char *table, size_t size, bool inet, uint64_t inode,
		      struct pyro_buf *buf)
{
	const char *at = table, *end = table + size;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (!line_end)
			line_end = end;
		if (inet ? inet_line(at, line_end, inode, buf)
			 : unix_line(at, line_end, inode, buf))
			return true;
		at = line_end < end ? line_end + 1 : end;
	}
	return false;
}

void pyro_socket_add_text(int pid, const char *link, struct pyro_buf *buf)
{
	static const char head[] = "socket:[";
	const char *at = link + sizeof(head) - 1, *end = link + strlen(link);
	struct pyro_buf text PYRO_CLEANUP(pyro_buf_deinit);
	uint64_t inode;

	pyro_buf_init(&text, MAX_TABLE);
	if (strncmp(link, head, sizeof(head) - 1) != 0 || !pyro_procfs_decimal(&at, end, &inode))
		return;
	for (size_t i = 0; i < PYRO_COUNT(tables); i++) {
		pyro_buf_reset(&text);
		if (pyro_procfs_read_all(pid, tables[i].name, &text, NULL, NULL) == PYRO_RC_OK &&
		    pyro_socket_find(text.data, text.size, tables[i].inet, inode, buf))
			return;
	}
}
