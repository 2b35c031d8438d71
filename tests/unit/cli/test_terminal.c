/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/terminal.h"

static int open_terminal(unsigned short columns, unsigned short lines)
{
	const struct winsize size = {.ws_col = columns, .ws_row = lines};
	int ours, theirs;

	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, &size), 0);
	return theirs;
}

static int clean(void **state)
{
	static const char *const names[] = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES",
					    "LC_ALL",   "LC_CTYPE",    "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
	return setenv("TERM", "xterm", 1);
}

static struct pyro_terminal look(int fd)
{
	struct pyro_terminal terminal;

	pyro_terminal_look(fd, &terminal);
	return terminal;
}

static void test_size(void **state)
{
	int terminal = open_terminal(123, 45);
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_true(look(terminal).tty);
	assert_false(look(pipes[1]).tty);
	assert_int_equal(look(terminal).width, 123);
	assert_int_equal(look(terminal).height, 45);
	assert_int_equal(look(pipes[1]).width, 80);
	assert_int_equal(look(pipes[1]).height, 0);
	setenv("COLUMNS", "40", 1);
	assert_int_equal(look(terminal).width, 40);
	assert_int_equal(look(pipes[1]).width, 40);
	setenv("COLUMNS", "1", 1);
	assert_int_equal(look(terminal).width, 20);
	setenv("COLUMNS", "forty", 1);
	assert_int_equal(look(terminal).width, 123);
	setenv("COLUMNS", "99999999999999999999", 1);
	assert_int_equal(look(terminal).width, 123);
	assert_int_equal(look(open_terminal(0, 0)).width, 123 - 43);
}

static void test_colour(void **state)
{
	int terminal = open_terminal(80, 24);
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_true(look(terminal).colour);
	assert_false(look(pipes[1]).colour);
	setenv("FORCE_COLOR", "1", 1);
	assert_true(look(pipes[1]).colour);
	setenv("NO_COLOR", "1", 1);
	assert_false(look(pipes[1]).colour);
	assert_false(look(terminal).colour);
	setenv("NO_COLOR", "", 1);
	unsetenv("FORCE_COLOR");
	assert_true(look(terminal).colour);
	setenv("TERM", "dumb", 1);
	assert_false(look(terminal).colour);
	unsetenv("TERM");
	assert_false(look(terminal).colour);
}

static void test_unicode(void **state)
{
	assert_false(look(1).unicode);
	setenv("LANG", "de_DE.UTF-8", 1);
	assert_true(look(1).unicode);
	setenv("LC_CTYPE", "C", 1);
	assert_false(look(1).unicode);
	setenv("LC_ALL", "C.utf8", 1);
	assert_true(look(1).unicode);
}

static void test_styles_vanish_without_colour(void **state)
{
	struct pyro_terminal terminal = {.colour = false};

	assert_string_equal(pyro_terminal_style(&terminal, PYRO_STYLE_BAD), "");
	terminal.colour = true;
	assert_int_equal(pyro_terminal_style(&terminal, PYRO_STYLE_BAD)[0], '\033');
	assert_string_equal(pyro_terminal_style(&terminal, PYRO_STYLE_PLAIN), "\033[0m");
}

/* A closed stream is filled for us and stays closed for the programs that we start. */
static void test_closed_streams_are_guarded(void **state)
{
	int kept = fcntl(STDIN_FILENO, F_DUPFD, 10);

	close(STDIN_FILENO);
	pyro_terminal_guard_streams();
	assert_true(fcntl(STDIN_FILENO, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(STDIN_FILENO, "x", 1), -1);
	dup2(kept, STDIN_FILENO);
	close(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_size, clean),
		cmocka_unit_test_setup(test_colour, clean),
		cmocka_unit_test_setup(test_unicode, clean),
		cmocka_unit_test_setup(test_styles_vanish_without_colour, clean),
		cmocka_unit_test_setup(test_closed_streams_are_guarded, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
