/* SPDX-License-Identifier: Apache-2.0 */
#include "target/socket.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/limits.h"
#include "target/procfs.h"

#define MAX_TABLE ((size_t)16 << 20) /* a hundred thousand sockets */

/* The quick ones first: for those of TCP the kernel goes through a table that is made for as many
 * connections as the machine could have, which takes it milliseconds. */
static const struct table {
	const char *name;
	bool inet;
} tables[] = {
	{"net/unix", false}, {"net/udp", true},  {"net/udp6", true},
	{"net/tcp", true},   {"net/tcp6", true},
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

/* The one with this number that is still looked for. */
static struct pyro_socket *wanted(struct pyro_socket *sockets, size_t count, uint64_t inode)
{
	for (size_t i = 0; i < count; i++) {
		if (sockets[i].inode == inode && !sockets[i].found)
			return &sockets[i];
	}
	return NULL;
}

/* "  0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 1000 0 4711 …" */
static void inet_line(const char *at, const char *end, struct pyro_socket *sockets, size_t count)
{
	struct pyro_socket *socket;
	struct end here, there;
	uint64_t number;

	skip_field(&at, end);
	if (!parse_end(&at, end, &here) || !parse_end(&at, end, &there))
		return;
	for (int i = 0; i < 6; i++)
		skip_field(&at, end);
	skip_blanks(&at, end);
	if (!pyro_procfs_decimal(&at, end, &number) || !(socket = wanted(sockets, count, number)))
		return;
	if (there.port) {
		add_end(&there, &socket->text);
		pyro_buf_add_text(&socket->text, " from ");
	}
	add_end(&here, &socket->text);
	socket->found = true;
}

/* "0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/x" */
static void unix_line(const char *at, const char *end, struct pyro_socket *sockets, size_t count)
{
	struct pyro_socket *socket;
	uint64_t number;

	for (int i = 0; i < 6; i++)
		skip_field(&at, end);
	skip_blanks(&at, end);
	if (!pyro_procfs_decimal(&at, end, &number) || !(socket = wanted(sockets, count, number)))
		return;
	skip_blanks(&at, end);
	if (at < end)
		pyro_buf_add(&socket->text, at, (size_t)(end - at));
	else
		pyro_buf_add_text(&socket->text, "unix socket");
	socket->found = true;
}

void pyro_sockets_find_in(const char *table, size_t size, bool inet, struct pyro_socket *sockets,
			  size_t count)
{
	const char *at = table, *end = table + size;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (!line_end)
			line_end = end;
		if (inet)
			inet_line(at, line_end, sockets, count);
		else
			unix_line(at, line_end, sockets, count);
		at = line_end < end ? line_end + 1 : end;
	}
}

static bool all_found(const struct pyro_socket *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!sockets[i].found)
			return false;
	}
	return true;
}

void pyro_sockets_find(int pid, struct pyro_socket *sockets, size_t count)
{
	struct pyro_buf text PYRO_CLEANUP(pyro_buf_deinit);

	pyro_buf_init(&text, MAX_TABLE);
	for (size_t i = 0; i < PYRO_COUNT(tables) && !all_found(sockets, count); i++) {
		pyro_buf_reset(&text);
		if (pyro_procfs_read_all(pid, tables[i].name, &text, NULL, NULL) == PYRO_RC_OK)
			pyro_sockets_find_in(text.data, text.size, tables[i].inet, sockets, count);
	}
}

void pyro_socket_add_text(int pid, const char *link, struct pyro_buf *buf)
{
	static const char head[] = "socket:[";
	const char *at = link + sizeof(head) - 1, *end = link + strlen(link);
	struct pyro_socket socket = {.found = false};

	if (strncmp(link, head, sizeof(head) - 1) != 0 ||
	    !pyro_procfs_decimal(&at, end, &socket.inode))
		return;
	pyro_buf_init(&socket.text, PYRO_MAX_PATH);
	pyro_sockets_find(pid, &socket, 1);
	if (socket.text.size)
		pyro_buf_add(buf, socket.text.data, socket.text.size);
	pyro_buf_deinit(&socket.text);
}
