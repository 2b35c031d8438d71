/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_SCREEN_H
#define PYRO_CLI_SCREEN_H

#include "base/err.h"
#include "report/live.h"

/** The whole terminal, by ncurses: lines are put on it and keys come from it. There is one at most.
 *  The caller takes all signals itself, blocked: none is handled here. */
struct pyro_screen;

/** Takes the terminal of stdout over; keys come from stdin, or from /dev/tty if that is no
 *  terminal. Errors: UNSUPPORTED if TERM names nothing that can be drawn on, or there is nowhere
 *  that keys come from. */
enum pyro_rc pyro_screen_open(struct pyro_screen **ret_screen, struct pyro_err *err) PYRO_NODISCARD;
/** Leaves the terminal as it was. Takes NULL. */
void pyro_screen_close(struct pyro_screen *screen);

/** Width, height and what can be shown now. Styles are always wanted: where there are no colours,
 *  the others remain. */
void pyro_screen_look(const struct pyro_screen *screen, struct pyro_report_look *ret_look);
/** Puts the lines on the terminal, unless it takes nothing at the moment (Ctrl-S). */
void pyro_screen_draw(struct pyro_screen *screen, const struct pyro_live_screen *lines);
/** The next key that was pressed. False: none. */
bool pyro_screen_key(struct pyro_screen *screen, uint32_t *ret_key);
/** To be polled for keys. */
int pyro_screen_fd(const struct pyro_screen *screen);
/** The terminal has another size now: SIGWINCH. */
void pyro_screen_resize(struct pyro_screen *screen);
/** Before and after the process is stopped (Ctrl-Z). */
void pyro_screen_suspend(struct pyro_screen *screen);
void pyro_screen_resume(struct pyro_screen *screen);
/** Everything is drawn anew next time, whatever was there. */
void pyro_screen_forget(struct pyro_screen *screen);

#endif
