/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIN_WIDTH     20
#define MAX_SIZE      1000
#define DEFAULT_WIDTH 80

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool wants_unicode(void)
{
	const char *locale = environment("LC_ALL");

	if (!locale)
		locale = environment("LC_CTYPE");
	if (!locale)
		locale = environment("LANG");
	/* By name, not by setlocale(): small systems lack the locales that their users name. */
	return locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

static bool wants_colour(bool tty)
{
	const char *term = environment("TERM");
	const char *force = environment("FORCE_COLOR");

	if (environment("NO_COLOR"))
		return false;
	if (force && strcmp(force, "0") != 0)
		return true;
	return tty && term && strcmp(term, "dumb") != 0;
}

/* A whole number of the environment, 0 if there is none in [1, MAX_SIZE]. */
static unsigned int environment_number(const char *name)
{
	const char *text = environment(name);
	unsigned int number = 0;

	for (; text && isdigit((unsigned char)*text) && number <= MAX_SIZE; text++)
		number = number * 10 + (unsigned int)(*text - '0');
	return text && *text == '\0' && number <= MAX_SIZE ? number : 0;
}

static void look_size(int fd, struct pyro_terminal *terminal)
{
	struct winsize size = {0};

	if (terminal->tty && ioctl(fd, TIOCGWINSZ, &size) != 0)
		size = (struct winsize){0};
	terminal->width = environment_number("COLUMNS");
	if (terminal->width == 0)
		terminal->width = size.ws_col ? size.ws_col : DEFAULT_WIDTH;
	if (terminal->width < MIN_WIDTH)
		terminal->width = MIN_WIDTH;
	if (terminal->width > MAX_SIZE)
		terminal->width = MAX_SIZE;
	terminal->height = environment_number("LINES");
	if (terminal->height == 0)
		terminal->height = size.ws_row;
}

void pyro_terminal_look(int fd, struct pyro_terminal *ret_terminal)
{
	ret_terminal->tty = isatty(fd);
	ret_terminal->colour = wants_colour(ret_terminal->tty);
	ret_terminal->unicode = wants_unicode();
	look_size(fd, ret_terminal);
}

const char *pyro_terminal_style(const struct pyro_terminal *terminal, enum pyro_style style)
{
	static const char *const sequences[] = {
		[PYRO_STYLE_PLAIN] = "\033[0m", [PYRO_STYLE_HEAD] = "\033[1m",
		[PYRO_STYLE_FAINT] = "\033[2m", [PYRO_STYLE_GOOD] = "\033[32m",
		[PYRO_STYLE_WARN] = "\033[33m", [PYRO_STYLE_BAD] = "\033[31m",
	};

	return terminal->colour ? sequences[style] : "";
}

void pyro_terminal_guard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number, which is this one. Read-only: writing to a stream that
		 * was closed stays the error that it is. */
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			return;
	}
}

static void end_quietly(int number)
{
	(void)number;
	_exit(0);
}

void pyro_terminal_end_on_closed_pipe(void)
{
	const struct sigaction action = {.sa_handler = end_quietly};

	sigaction(SIGPIPE, &action, NULL);
}

void pyro_terminal_ignore_closed_pipes(void)
{
	signal(SIGPIPE, SIG_IGN);
}

enum pyro_rc pyro_terminal_flush(struct pyro_err *err)
{
	struct pollfd end = {.fd = STDOUT_FILENO};
	int errnum = ferror(stdout) ? EIO : 0;

	if (fflush(stdout) != 0)
		errnum = errno;
	if (errnum == 0 || errnum == EPIPE)
		return PYRO_RC_OK;
	/* An earlier write failed and took its errno along: ask the pipe whether it is closed. */
	if (errnum == EIO && poll(&end, 1, 0) == 1 && (end.revents & POLLERR))
		return PYRO_RC_OK;
	return pyro_err_set_errno(err, errnum == ENOSPC ? PYRO_RC_FULL : PYRO_RC_IO, errnum,
				  "cannot write to standard output");
}
