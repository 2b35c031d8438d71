/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "target/wait.h"

/* What the children wait on. Made before them, so both sides know it. */
static int pipes[2][2], pair[2], listener, event, epoll, many_pipes[20][2];
static uint32_t word;
static char lock_path[] = "/tmp/pyrometer-wait-XXXXXX";
static int lock_fd, terminal = -1, terminal_slave = -1;

static void do_futex(void)
{
	syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
}

static void do_read_pipe(void)
{
	char c;

	(void)!read(pipes[0][0], &c, 1);
}

static void do_write_pipe(void)
{
	static const char zeros[65536];

	while (write(pipes[1][1], zeros, sizeof(zeros)) > 0)
		;
}

static void do_recv(void)
{
	char c;

	recv(pair[0], &c, 1, 0);
}

static void do_read_socket(void)
{
	char c;

	(void)!read(pair[0], &c, 1);
}

static void do_accept(void)
{
	accept(listener, NULL, NULL);
}

static void do_read_event(void)
{
	uint64_t count;

	(void)!read(event, &count, sizeof(count));
}

static void do_read_terminal(void)
{
	char c;

	(void)!read(terminal_slave, &c, 1);
}

static void do_poll_one(void)
{
	struct pollfd polled[] = {{.fd = -1}, {.fd = pair[0], .events = POLLIN}};

	poll(polled, 2, -1);
}

static void do_poll_pipes(void)
{
	struct pollfd polled[] = {{.fd = pipes[0][0], .events = POLLIN},
				  {.fd = many_pipes[0][0], .events = POLLIN}};

	poll(polled, 2, 1000000);
}

static void do_poll_mixed(void)
{
	struct pollfd polled[] = {{.fd = pipes[0][0], .events = POLLIN},
				  {.fd = pair[0], .events = POLLIN}};

	poll(polled, 2, -1);
}

static void do_poll_many(void)
{
	struct pollfd polled[20];

	for (size_t i = 0; i < 20; i++)
		polled[i] = (struct pollfd){.fd = many_pipes[i][0], .events = POLLIN};
	poll(polled, 20, -1);
}

static void do_poll_none(void)
{
	poll(NULL, 0, 1000000);
}

static void do_select_one(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipes[0][0], &set);
	select(pipes[0][0] + 1, &set, NULL, NULL, NULL);
}

static void do_select_many(void)
{
	fd_set set;
	int highest = 0;

	FD_ZERO(&set);
	for (size_t i = 0; i < 20; i++) {
		FD_SET(many_pipes[i][0], &set);
		if (many_pipes[i][0] > highest)
			highest = many_pipes[i][0];
	}
	select(highest + 1, &set, NULL, NULL, NULL);
}

static void do_select_none(void)
{
	struct timeval time = {.tv_sec = 1000};

	select(0, NULL, NULL, NULL, &time);
}

static void do_epoll(void)
{
	struct epoll_event events[4];

	epoll_wait(epoll, events, 4, -1);
}

static void do_nanosleep(void)
{
	const struct timespec time = {.tv_sec = 1000};

	syscall(SYS_nanosleep, &time, NULL);
}

static void do_clock_nanosleep(void)
{
	const struct timespec time = {.tv_sec = 1000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static void do_timed_futex(void)
{
	const struct timespec time = {.tv_sec = 1000};

	syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &time, NULL, 0);
}

static void do_waitpid(void)
{
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	waitpid(-1, NULL, 0);
}

static void do_waitid(void)
{
	const pid_t child = fork();
	siginfo_t info;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	waitid(P_PID, (id_t)child, &info, WEXITED);
}

static void do_sigwait(void)
{
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &got);
}

static void do_flock(void)
{
	const int fd = open(lock_path, O_RDONLY | O_CLOEXEC);

	flock(fd, LOCK_EX);
}

static const struct way {
	const char *name;
	void (*wait)(void);
	enum pyro_wait_kind kind;
	uint32_t many;
	bool stopped; /* and sent on: it waits on by another call */
	const char *object;
} ways[] = {
	{"futex", do_futex, PYRO_WAIT_LOCK, 0, false, "0x"},
	{"a timed futex", do_timed_futex, PYRO_WAIT_LOCK, 0, true, "0x"},
	{"a pipe to read", do_read_pipe, PYRO_WAIT_PIPE, 0, false, ""},
	{"a pipe to write", do_write_pipe, PYRO_WAIT_PIPE, 0, false, ""},
	{"recv", do_recv, PYRO_WAIT_SOCKET, 0, false, "unix socket"},
	{"a socket to read", do_read_socket, PYRO_WAIT_SOCKET, 0, false, "unix socket"},
	{"accept", do_accept, PYRO_WAIT_SOCKET, 0, false, "127.0.0.1:"},
	{"an event", do_read_event, PYRO_WAIT_EVENTS, 0, false, ""},
	{"the terminal", do_read_terminal, PYRO_WAIT_TERMINAL, 0, false, "/dev/pts/"},
	{"poll of one", do_poll_one, PYRO_WAIT_SOCKET, 1, false, "unix socket"},
	{"poll of pipes", do_poll_pipes, PYRO_WAIT_PIPE, 2, true, "2 files"},
	{"poll of two kinds", do_poll_mixed, PYRO_WAIT_EVENTS, 2, false, "2 files"},
	{"poll of many", do_poll_many, PYRO_WAIT_EVENTS, 20, false, "20 files"},
	{"poll of none", do_poll_none, PYRO_WAIT_SLEEP, 0, true, ""},
	{"select of one", do_select_one, PYRO_WAIT_PIPE, 1, false, ""},
	{"select of many", do_select_many, PYRO_WAIT_EVENTS, 20, false, "20 files"},
	{"select of none", do_select_none, PYRO_WAIT_SLEEP, 0, false, ""},
	{"epoll", do_epoll, PYRO_WAIT_EVENTS, 2, false, "2 files"},
	{"nanosleep", do_nanosleep, PYRO_WAIT_SLEEP, 0, true, ""},
	{"clock_nanosleep", do_clock_nanosleep, PYRO_WAIT_SLEEP, 0, true, ""},
	{"any child", do_waitpid, PYRO_WAIT_CHILD, 0, false, ""},
	{"a child", do_waitid, PYRO_WAIT_CHILD, 0, false, ""},
	{"a signal", do_sigwait, PYRO_WAIT_SIGNAL, 0, false, ""},
	{"pause", (void (*)(void))pause, PYRO_WAIT_SIGNAL, 0, false, ""},
	{"a file's lock", do_flock, PYRO_WAIT_FILE, 0, false, "/tmp/pyrometer-wait-"},
};

static int set_up(void **state)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event wanted = {.events = EPOLLIN};

	(void)state;
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(pipe(many_pipes[i]), 0);
	assert_int_equal(pipe(pipes[0]) | pipe(pipes[1]), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	event = eventfd(0, 0);
	assert_true(event >= 0);
	epoll = epoll_create1(0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &wanted), 0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0][0], &wanted), 0);
	lock_fd = mkstemp(lock_path);
	assert_int_equal(flock(lock_fd, LOCK_EX), 0);
	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0)
		terminal_slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(lock_path);
	return 0;
}

/* Once it waits in the kernel: RC_PERM where that cannot be seen. */
static enum pyro_rc call_of(int pid, bool restarted, struct pyro_thread_syscall *ret_call)
{
	enum pyro_rc rc;
	int fd;

	rc = pyro_thread_syscall_open(pid, pid, &fd, NULL);
	for (int i = 0; i < 1000 && !rc; i++) {
		rc = pyro_thread_syscall_read(fd, ret_call);
		if (rc || (ret_call->number >= 0 &&
			   (!restarted || ret_call->number == SYS_restart_syscall)))
			break;
		usleep(5000);
	}
	close(fd);
	return rc;
}

static pid_t start(const struct way *way)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			way->wait();
	}
	return pid;
}

/* A call on the way to the one that it waits in may be met first. */
static enum pyro_rc find(pid_t pid, bool restarted, struct pyro_reader *reader,
			 const struct way *way, struct pyro_wait *ret_wait)
{
	struct pyro_thread_syscall call;
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_wait = (struct pyro_wait){.kind = PYRO_WAIT_COUNT};
	for (int i = 0; i < 200 && !rc; i++) {
		rc = call_of(pid, restarted, &call);
		if (rc)
			break;
		pyro_wait_find(pid, &call, reader, ret_wait);
		if (ret_wait->kind == way->kind)
			break;
		usleep(5000);
	}
	return rc;
}

static enum pyro_rc check_way(const struct way *way)
{
	struct pyro_buf object PYRO_CLEANUP(pyro_buf_deinit);
	struct pyro_reader *reader = NULL;
	const pid_t pid = start(way);
	struct pyro_wait wait = {0}, again = {0};
	enum pyro_rc rc;

	pyro_buf_init(&object, PYRO_MAX_PATH);
	assert_int_equal(pyro_live_reader_create(pid, &reader, NULL), PYRO_RC_OK);
	rc = find(pid, false, reader, way, &wait);
	if (!rc)
		pyro_wait_object(pid, &wait, &object);
	if (!rc && way->stopped) {
		kill(pid, SIGSTOP);
		waitpid(pid, NULL, WUNTRACED);
		kill(pid, SIGCONT);
		rc = find(pid, true, reader, way, &again);
	}
	pyro_reader_destroy(reader);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (rc == PYRO_RC_PERM)
		return rc;
	if (rc || wait.kind != way->kind || wait.many != way->many ||
	    (way->stopped && again.kind != wait.kind) ||
	    strncmp(object.size ? object.data : "", way->object, strlen(way->object)) != 0)
		fail_msg("%s: seen to wait in call %lld for %s, %u files, \"%s\"; sent on: %s",
			 way->name, (long long)wait.call, pyro_wait_name(wait.kind), wait.many,
			 object.size ? object.data : "",
			 way->stopped ? pyro_wait_name(again.kind) : "-");
	return rc;
}

static void test_tells_what_children_wait_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(ways); i++) {
		if (ways[i].wait == do_read_terminal && terminal_slave < 0) {
			print_message("no terminal to be had: not tried\n");
			continue;
		}
		if (check_way(&ways[i]) == PYRO_RC_PERM) {
			print_message("skipped: system calls cannot be read here\n");
			skip();
		}
	}
}

static void test_names_its_objects(void **state)
{
	struct pyro_buf object PYRO_CLEANUP(pyro_buf_deinit);
	const struct pyro_thread_syscall futex = {.number = SYS_futex, .args = {0x7f01}};
	const struct pyro_thread_syscall waits = {.number = SYS_wait4, .args = {4711}};
	const struct pyro_thread_syscall group = {.number = SYS_wait4, .args = {(uint64_t)-4711}};
	const struct pyro_thread_syscall waitid_of = {.number = SYS_waitid, .args = {P_PID, 4712}};
	const struct pyro_thread_syscall waitid_all = {.number = SYS_waitid, .args = {P_ALL, 4712}};
	struct pyro_wait wait;

	(void)state;
	pyro_buf_init(&object, PYRO_MAX_PATH);
	pyro_wait_find((int)getpid(), &futex, NULL, &wait);
	assert_int_equal(wait.addr, 0x7f01);
	pyro_wait_object((int)getpid(), &wait, &object);
	assert_string_equal(object.data, "0x7f01");
	pyro_buf_reset(&object);
	pyro_wait_find((int)getpid(), &waits, NULL, &wait);
	pyro_wait_object((int)getpid(), &wait, &object);
	assert_string_equal(object.data, "4711");
	pyro_wait_find((int)getpid(), &group, NULL, &wait);
	assert_int_equal(wait.child, 0);
	pyro_wait_find((int)getpid(), &waitid_of, NULL, &wait);
	assert_int_equal(wait.child, 4712);
	pyro_wait_find((int)getpid(), &waitid_all, NULL, &wait);
	assert_int_equal(wait.child, 0);
}

/* No file, no memory to read, calls that nobody knows, operands that make no sense. */
static void test_what_cannot_be_known(void **state)
{
	static const struct {
		struct pyro_thread_syscall call;
		enum pyro_wait_kind kind;
	} cases[] = {
		{{.number = -2}, PYRO_WAIT_RUNS},
		{{.number = -1}, PYRO_WAIT_FAULT},
		{{.number = 99999}, PYRO_WAIT_OTHER},
		{{.number = INT64_MIN}, PYRO_WAIT_OTHER},
		{{.number = SYS_read, .args = {1 << 20}}, PYRO_WAIT_FILE},
		{{.number = SYS_recvfrom, .args = {UINT64_MAX}}, PYRO_WAIT_SOCKET},
		{{.number = SYS_ppoll, .args = {16, 2}}, PYRO_WAIT_EVENTS},
		{{.number = SYS_ppoll, .args = {16, UINT64_MAX}}, PYRO_WAIT_EVENTS},
		{{.number = SYS_pselect6, .args = {UINT64_MAX, 16}}, PYRO_WAIT_EVENTS},
		{{.number = SYS_pselect6, .args = {UINT64_MAX}}, PYRO_WAIT_SLEEP},
		{{.number = SYS_epoll_pwait, .args = {UINT64_MAX}}, PYRO_WAIT_EVENTS},
	};
	struct pyro_reader *reader;

	(void)state;
	assert_int_equal(pyro_live_reader_create((int)getpid(), &reader, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_buf object PYRO_CLEANUP(pyro_buf_deinit);
		struct pyro_wait wait;

		pyro_buf_init(&object, PYRO_MAX_PATH);
		pyro_wait_find((int)getpid(), &cases[i].call, NULL, &wait);
		assert_int_equal(wait.kind, cases[i].kind);
		pyro_wait_find((int)getpid(), &cases[i].call, reader, &wait);
		assert_int_equal(wait.kind, cases[i].kind);
		pyro_wait_object((int)getpid(), &wait, &object);
		assert_false(object.failed);
	}
	pyro_reader_destroy(reader);
}

static void test_every_kind_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < PYRO_WAIT_COUNT; i++) {
		assert_non_null(pyro_wait_text((enum pyro_wait_kind)i));
		assert_null(strchr(pyro_wait_name((enum pyro_wait_kind)i), ' '));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(pyro_wait_name((enum pyro_wait_kind)i),
						pyro_wait_name((enum pyro_wait_kind)j));
	}
	assert_string_equal(pyro_wait_name((enum pyro_wait_kind)1000), "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tells_what_children_wait_for),
		cmocka_unit_test(test_names_its_objects),
		cmocka_unit_test(test_what_cannot_be_known),
		cmocka_unit_test(test_every_kind_has_words),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
