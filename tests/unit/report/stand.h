/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_REPORT_STAND_H
#define PYRO_TESTS_REPORT_STAND_H

#include "report/live.h"

/* A live view of a profile, as somebody works with it. */

#define S 1000000000ull

struct stand {
	struct pyro_profile *profile;
	struct pyro_recent *recent;
	struct pyro_alive *alive;
	struct pyro_live live;
	struct pyro_live_screen screen;
};

/** All of @profile was gathered in the last 2 s. Both are destroyed with the stand; @alive may be
 *  NULL. */
void stand_set(struct stand *stand, struct pyro_alive *alive, struct pyro_profile *profile);
void stand_clear(struct stand *stand);
/** Does what the key asks for. */
void stand_press(struct stand *stand, uint32_t key);
/** Draws: a screen is as high as its look, and the chosen line is where the mark is. */
void stand_draw(struct stand *stand, const struct pyro_report_look *look);
/** Whether @text is on a screen of 80 columns. */
bool stand_shows(struct stand *stand, const char *text);
/** Compares with a golden file, and checks every line of it. */
void stand_check(const char *name, const struct pyro_report_look *look, const struct pyro_buf *buf);

#endif
