/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "stand.h"

void stand_set(struct stand *stand, struct pyro_alive *alive, struct pyro_profile *profile)
{
	assert_non_null(profile);
	stand->profile = profile;
	stand->alive = alive;
	assert_int_equal(pyro_recent_create(profile, alive, PYRO_LIVE_LONGEST, &stand->recent),
			 PYRO_RC_OK);
	pyro_live_init(&stand->live, profile, stand->recent, &PYRO_LIVE_CHOICE);
	pyro_live_screen_init(&stand->screen);
	assert_int_equal(pyro_live_refresh(&stand->live, 2 * S, NULL), PYRO_RC_OK);
}

void stand_clear(struct stand *stand)
{
	pyro_live_screen_deinit(&stand->screen);
	pyro_live_deinit(&stand->live);
	pyro_recent_destroy(stand->recent);
	pyro_alive_destroy(stand->alive);
	pyro_profile_destroy(stand->profile);
}

void stand_press(struct stand *stand, uint32_t key)
{
	switch (pyro_live_key(&stand->live, key)) {
	case PYRO_LIVE_RENEW:
		assert_int_equal(pyro_live_refresh(&stand->live, 2 * S, NULL), PYRO_RC_OK);
		break;
	case PYRO_LIVE_RESET:
		assert_int_equal(pyro_live_reset(&stand->live, NULL), PYRO_RC_OK);
		break;
	case PYRO_LIVE_ARRANGE:
		assert_int_equal(pyro_live_arrange(&stand->live, NULL), PYRO_RC_OK);
		break;
	default:
		break;
	}
}

void stand_draw(struct stand *stand, const struct pyro_report_look *look)
{
	const struct pyro_live_screen *screen = &stand->screen;
	size_t lines = 0, marked = SIZE_MAX;

	assert_int_equal(pyro_live_draw(&stand->live, look, &stand->screen, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < screen->text.size; i++) {
		if (screen->text.data[i] == '>' && (i == 0 || screen->text.data[i - 1] == '\n'))
			marked = lines;
		lines += screen->text.data[i] == '\n';
	}
	assert_int_equal(lines, look->lines);
	if (look->lines >= 8)
		assert_int_equal(screen->chosen, marked);
}

bool stand_shows(struct stand *stand, const char *text)
{
	const struct pyro_report_look look = {80, 24, false, true};

	stand_draw(stand, &look);
	return strstr(stand->screen.text.data, text) != NULL;
}

void stand_check(const char *name, const struct pyro_report_look *look, const struct pyro_buf *buf)
{
	char file[64];

	golden_check_lines(name, look, buf);
	snprintf(file, sizeof(file), "%s.txt", name);
	golden_compare(file, buf);
}
