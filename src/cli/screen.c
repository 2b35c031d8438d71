/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

/* The functions rather than macros that would hide what they evaluate. */
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#define NCURSES_OPAQUE   1
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "base/utf8.h"
#include "cli/terminal.h"
#include "report/text.h"

/* How long after Esc the rest of a key's sequence may come. */
#define ESCAPE_MS 25

enum pair {
	PAIR_RUNNING = 1,
	PAIR_WAITING
};

struct pyro_screen {
	SCREEN *screen;
	FILE *keys; /* where keys come from; stdin or ours */
	bool unicode;
	bool colour;
};

/* ---- taking over ---- */

static bool locale_is_utf8(const char *name)
{
	return setlocale(LC_CTYPE, name) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ncurses writes what the locale has. The names that people have in their environment are often not
 * installed where they log in: any that writes UTF-8 does. */
static bool take_locale(bool wanted)
{
	if (wanted &&
	    (locale_is_utf8("") || locale_is_utf8("C.UTF-8") || locale_is_utf8("en_US.UTF-8")))
		return true;
	setlocale(LC_CTYPE, "C");
	return false;
}

/* After newterm: whether the terminal can be written to at a place. */
static bool can_draw(void)
{
	const char *move = tigetstr("cup");

	/* NULL: it has none; (char *)-1: that is no text at all. */
	return move && move != (const char *)-1;
}

static FILE *open_keys(void)
{
	int fd;
	FILE *file;

	if (isatty(STDIN_FILENO))
		return stdin;
	fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	file = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (fd >= 0 && !file)
		close(fd);
	return file;
}

static void close_keys(FILE *keys)
{
	if (keys && keys != stdin)
		fclose(keys);
}

/* Terminals differ in what arrows send in the mode that ncurses asks for, whatever terminfo says.
 */
static void define_arrows(void)
{
	static const struct {
		const char *sent;
		int key;
	} arrows[] = {
		{"\033[A", KEY_UP},   {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT},
		{"\033[D", KEY_LEFT}, {"\033[H", KEY_HOME}, {"\033[F", KEY_END},
		{"\033OA", KEY_UP},   {"\033OB", KEY_DOWN}, {"\033OC", KEY_RIGHT},
		{"\033OD", KEY_LEFT}, {"\033OH", KEY_HOME}, {"\033OF", KEY_END},
	};

	for (size_t i = 0; i < PYRO_COUNT(arrows); i++)
		define_key(arrows[i].sent, arrows[i].key);
}

static void set_up(struct pyro_screen *screen, bool colour)
{
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	define_arrows();
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	screen->colour = colour && has_colors() && start_color() == OK;
	if (!screen->colour)
		return;
	use_default_colors();
	init_pair(PAIR_RUNNING, COLOR_YELLOW, -1);
	init_pair(PAIR_WAITING, COLOR_BLUE, -1);
}

enum pyro_rc pyro_screen_open(struct pyro_screen **ret_screen, struct pyro_err *err)
{
	const char *term = getenv("TERM");
	struct pyro_terminal terminal;
	struct pyro_screen *screen = calloc(1, sizeof(*screen));

	if (!screen)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	pyro_terminal_look(STDOUT_FILENO, &terminal);
	screen->keys = open_keys();
	if (!screen->keys) {
		free(screen);
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "there is no terminal for keys");
	}
	screen->unicode = take_locale(terminal.unicode);
	screen->screen = newterm(NULL, stdout, screen->keys);
	if (!screen->screen || !can_draw()) {
		pyro_screen_close(screen);
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "nothing can be drawn on a terminal of type \"%.64s\"",
				    term ? term : "");
	}
	set_up(screen, terminal.colour);
	*ret_screen = screen;
	return PYRO_RC_OK;
}

/* Output that was stopped (Ctrl-S) would keep us from leaving: without flow control it goes on. */
static void let_go_on(void)
{
	struct termios modes;

	if (tcgetattr(STDOUT_FILENO, &modes) != 0)
		return;
	modes.c_iflag &= ~(tcflag_t)IXON;
	tcsetattr(STDOUT_FILENO, TCSANOW, &modes);
}

void pyro_screen_close(struct pyro_screen *screen)
{
	if (!screen)
		return;
	/* In the background too, the terminal is put in order rather than us stopped. */
	signal(SIGTTOU, SIG_IGN);
	if (screen->screen) {
		let_go_on();
		endwin();
		delscreen(screen->screen);
	}
	close_keys(screen->keys);
	free(screen);
}

/* ---- drawing ---- */

void pyro_screen_look(const struct pyro_screen *screen, struct pyro_report_look *ret_look)
{
	int lines, columns;

	getmaxyx(stdscr, lines, columns);
	*ret_look = (struct pyro_report_look){
		.columns = columns > 0 ? (unsigned)columns : 1,
		.lines = lines > 0 ? (unsigned)lines : 1,
		.colour = true,
		.unicode = screen->unicode,
	};
}

static attr_t attributes(const struct pyro_screen *screen, enum pyro_ink ink, bool chosen)
{
	const attr_t base = chosen ? A_REVERSE : A_NORMAL;

	switch (ink) {
	case PYRO_INK_BOLD:
		return base | A_BOLD;
	case PYRO_INK_DIM:
		return chosen ? base : base | A_DIM;
	case PYRO_INK_RUNNING:
		return screen->colour ? base | (attr_t)COLOR_PAIR(PAIR_RUNNING) : base;
	case PYRO_INK_WAITING:
		return screen->colour ? base | (attr_t)COLOR_PAIR(PAIR_WAITING) : base;
	default:
		return base;
	}
}

/* Puts the text at @x and returns where it ends. Where the C library would give a character another
 * width than we did, all that follows it would move: a question mark stands for it. */
static int put_text(int y, int x, const char *text, size_t size)
{
	wchar_t wide[512];
	int count = 0, from = x;

	for (size_t at = 0; at < size;) {
		const uint32_t point = pyro_utf8_decode(text, size, &at);
		const int columns = (int)pyro_utf8_columns(point);

		if (wcwidth((wchar_t)point) == columns) {
			wide[count++] = (wchar_t)point;
		} else {
			for (int i = 0; i < columns; i++)
				wide[count++] = L'?';
		}
		x += columns;
		if (count + 2 >= (int)PYRO_COUNT(wide) || at >= size) {
			mvaddnwstr(y, from, wide, count);
			count = 0;
			from = x;
		}
	}
	return x;
}

/* Returns where the next line begins. */
static const char *put_line(const struct pyro_screen *screen, int y, const char *at, bool chosen)
{
	enum pyro_ink ink = PYRO_INK_PLAIN;
	struct pyro_span span;
	int x = 0;

	if (chosen) {
		attrset((int)A_REVERSE);
		mvhline(y, 0, ' ', COLS);
	}
	while (pyro_text_next_span(&at, &ink, &span)) {
		attrset((int)attributes(screen, span.ink, chosen));
		x = put_text(y, x, span.text, span.size);
	}
	return at;
}

void pyro_screen_draw(struct pyro_screen *screen, const struct pyro_live_screen *lines)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	const char *at = lines->text.data;

	if (!at || poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
		return;
	erase();
	for (int y = 0; *at && y < LINES; y++)
		at = put_line(screen, y, at, lines->chosen == (size_t)y);
	attrset((int)A_NORMAL);
	refresh();
}

void pyro_screen_forget(struct pyro_screen *screen)
{
	clearok(curscr, TRUE);
}

void pyro_screen_resize(struct pyro_screen *screen)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
		return;
	resizeterm(size.ws_row, size.ws_col);
	pyro_screen_forget(screen);
}

void pyro_screen_suspend(struct pyro_screen *screen)
{
	def_prog_mode();
	endwin();
}

void pyro_screen_resume(struct pyro_screen *screen)
{
	reset_prog_mode();
	pyro_screen_resize(screen);
	refresh();
}

/* ---- keys ---- */

static const struct {
	wint_t curses;
	uint32_t key;
} special[] = {
	{KEY_UP, PYRO_KEY_UP},         {KEY_DOWN, PYRO_KEY_DOWN},
	{KEY_PPAGE, PYRO_KEY_PAGE_UP}, {KEY_NPAGE, PYRO_KEY_PAGE_DOWN},
	{KEY_HOME, PYRO_KEY_HOME},     {KEY_END, PYRO_KEY_END},
	{KEY_LEFT, PYRO_KEY_LEFT},     {KEY_RIGHT, PYRO_KEY_RIGHT},
	{KEY_BTAB, PYRO_KEY_BACK_TAB}, {KEY_BACKSPACE, PYRO_KEY_BACKSPACE},
	{KEY_ENTER, PYRO_KEY_ENTER},
};

bool pyro_screen_key(struct pyro_screen *screen, uint32_t *ret_key)
{
	wint_t key;
	const int kind = get_wch(&key);

	if (kind == ERR)
		return false;
	*ret_key = key;
	if (kind != KEY_CODE_YES)
		return true;
	*ret_key = 0; /* one that means nothing here */
	for (size_t i = 0; i < PYRO_COUNT(special); i++) {
		if (special[i].curses == key)
			*ret_key = special[i].key;
	}
	return true;
}

int pyro_screen_fd(const struct pyro_screen *screen)
{
	return fileno(screen->keys);
}
