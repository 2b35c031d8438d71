/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "target/socket.h"

static const char inet[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
	"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
	"0 "
	"11 1 0000000000000000 100 0 0 10 0\n"
	"   1: 0100007F:1F90 0200007F:EADA 01 00000000:00000000 00:00000000 00000000     0        "
	"0 "
	"4711 1 0000000000000000 100 0 0 10 0\n"
	"   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
	"0 "
	"12 1 0000000000000000 100 0 0 10 0\n"
	"   3: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:EADA 01 "
	"00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000\n"
	"   4: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000200007F:0051 01 "
	"00000000:00000000 00:00000000 00000000     0        0 14 1 0000000000000000";

static const char local[] =
	"Num       RefCount Protocol Flags    Type St Inode Path\n"
	"0000000000000000: 00000002 00000000 00010000 0001 01  21 /run/my socket\n"
	"0000000000000000: 00000003 00000000 00000000 0001 03 22\n"
	"0000000000000000: 00000003 00000000 00000000 0001 03 23 @abstract";

static void check(const char *table, bool is_inet, uint64_t inode, const char *want)
{
	struct pyro_socket socket = {.inode = inode};

	pyro_buf_init(&socket.text, PYRO_MAX_PATH);
	pyro_sockets_find_in(table, strlen(table), is_inet, &socket, 1);
	assert_int_equal(socket.found, want != NULL);
	assert_string_equal(socket.text.size ? socket.text.data : "", want ? want : "");
	pyro_buf_deinit(&socket.text);
}

static void test_finds_both_ends(void **state)
{
	(void)state;
	check(inet, true, 4711, "127.0.0.2:60122 from 127.0.0.1:8080");
	check(inet, true, 11, "127.0.0.1:8080");
	check(inet, true, 12, "*:80");
	check(inet, true, 13, "[::1]:60122 from [::1]:8080");
	check(inet, true, 14, "127.0.0.2:81 from 127.0.0.1:8080");
	check(inet, true, 0, NULL);
	check(inet, true, 471, NULL);
}

static void test_finds_paths(void **state)
{
	(void)state;
	check(local, false, 21, "/run/my socket");
	check(local, false, 22, "unix socket");
	check(local, false, 23, "@abstract");
	check(local, false, 2, NULL);
}

/* Several at once, over tables; what is found is not looked for again. */
static void test_finds_all(void **state)
{
	struct pyro_socket sockets[] = {{.inode = 23}, {.inode = 12}, {.inode = 99}, {.inode = 11}};
	const char *const want[] = {"@abstract", "*:80", "", "127.0.0.1:8080"};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(sockets); i++)
		pyro_buf_init(&sockets[i].text, PYRO_MAX_PATH);
	for (int times = 0; times < 2; times++) {
		pyro_sockets_find_in(inet, strlen(inet), true, sockets, PYRO_COUNT(sockets));
		pyro_sockets_find_in(local, strlen(local), false, sockets, PYRO_COUNT(sockets));
	}
	for (size_t i = 0; i < PYRO_COUNT(sockets); i++) {
		assert_int_equal(sockets[i].found, i != 2);
		assert_string_equal(sockets[i].text.size ? sockets[i].text.data : "", want[i]);
		pyro_buf_deinit(&sockets[i].text);
	}
}

/* Each end of the table: nothing is found behind it, nothing read. */
static void test_cut_tables(void **state)
{
	(void)state;
	for (size_t size = 0; size < strlen(inet); size++) {
		struct pyro_socket socket = {.inode = 14};
		char *copy = test_malloc(size + 1);

		pyro_buf_init(&socket.text, PYRO_MAX_PATH);
		memcpy(copy, inet, size);
		pyro_sockets_find_in(copy, size, true, &socket, 1);
		pyro_sockets_find_in(copy, size, false, &socket, 1);
		assert_false(socket.text.failed);
		pyro_buf_deinit(&socket.text);
		test_free(copy);
	}
}

/* What the kernel says of sockets of our own. */
static void check_own(int fd, const char *want)
{
	struct pyro_buf buf PYRO_CLEANUP(pyro_buf_deinit);
	char name[32], target[64];
	ssize_t size;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	size = readlink(name, target, sizeof(target) - 1);
	assert_true(size > 0);
	target[size] = 0;
	pyro_buf_init(&buf, PYRO_MAX_PATH);
	pyro_socket_add_text((int)getpid(), target, &buf);
	assert_string_equal(buf.size ? buf.data : "", want);
}

static void test_sockets_of_this_process(void **state)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(addr);
	const int listens = socket(AF_INET, SOCK_STREAM, 0);
	const int asks = socket(AF_INET, SOCK_STREAM, 0);
	const int named = socket(AF_UNIX, SOCK_STREAM, 0);
	const int plain = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in there;
	char want[128];

	(void)state;
	assert_int_equal(bind(listens, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listens, 1), 0);
	assert_int_equal(getsockname(listens, (struct sockaddr *)&addr, &size), 0);
	snprintf(want, sizeof(want), "127.0.0.1:%u", ntohs(addr.sin_port));
	check_own(listens, want);
	assert_int_equal(connect(asks, (struct sockaddr *)&addr, sizeof(addr)), 0);
	size = sizeof(there);
	assert_int_equal(getsockname(asks, (struct sockaddr *)&there, &size), 0);
	snprintf(want, sizeof(want), "127.0.0.1:%u from 127.0.0.1:%u", ntohs(addr.sin_port),
		 ntohs(there.sin_port));
	check_own(asks, want);
	snprintf(path.sun_path + 1, sizeof(path.sun_path) - 1, "pyrometer-%d", (int)getpid());
	assert_int_equal(bind(named, (struct sockaddr *)&path,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					  strlen(path.sun_path + 1))),
			 0);
	snprintf(want, sizeof(want), "@pyrometer-%d", (int)getpid());
	check_own(named, want);
	assert_int_equal(bind(plain, (struct sockaddr *)&addr, sizeof(addr)), 0);
	snprintf(want, sizeof(want), "127.0.0.1:%u", ntohs(addr.sin_port));
	check_own(plain, want);
	close(listens);
	close(asks);
	close(named);
	close(plain);
}

static void test_other_links_say_nothing(void **state)
{
	struct pyro_buf buf PYRO_CLEANUP(pyro_buf_deinit);

	(void)state;
	pyro_buf_init(&buf, PYRO_MAX_PATH);
	pyro_socket_add_text((int)getpid(), "/tmp/socket:[1]", &buf);
	pyro_socket_add_text((int)getpid(), "socket:[x]", &buf);
	pyro_socket_add_text((int)getpid(), "sock", &buf);
	pyro_socket_add_text((int)getpid(), "", &buf);
	assert_int_equal(buf.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_both_ends),
		cmocka_unit_test(test_finds_paths),
		cmocka_unit_test(test_finds_all),
		cmocka_unit_test(test_cut_tables),
		cmocka_unit_test(test_sockets_of_this_process),
		cmocka_unit_test(test_other_links_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
