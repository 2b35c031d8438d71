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
	struct pyro_buf buf PYRO_CLEANUP(pyro_buf_deinit);

	pyro_buf_init(&buf, PYRO_MAX_PATH);
	assert_int_equal(pyro_socket_find(table, strlen(table), is_inet, inode, &buf),
			 want != NULL);
	assert_string_equal(buf.size ? buf.data : "", want ? want : "");
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

/* Each end of the table: nothing is found behind it, nothing read. */
static void test_cut_tables(void **state)
{
	struct pyro_buf buf PYRO_CLEANUP(pyro_buf_deinit);

	(void)state;
	pyro_buf_init(&buf, PYRO_MAX_PATH);
	for (size_t size = 0; size < strlen(inet); size++) {
		char *copy = test_malloc(size + 1);

		memcpy(copy, inet, size);
		(void)pyro_socket_find(copy, size, true, 14, &buf);
		(void)pyro_socket_find(copy, size, false, 14, &buf);
		test_free(copy);
	}
	assert_false(buf.failed);
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
		cmocka_unit_test(test_cut_tables),
		cmocka_unit_test(test_sockets_of_this_process),
		cmocka_unit_test(test_other_links_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
