/* SPDX-License-Identifier: Apache-2.0 */
#include "report/bar.h"

#include <math.h>
#include <string.h>

static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

static size_t put(char *into, size_t at, const char *sign)
{
	size_t size = strlen(sign);
	memcpy(into + at, sign, size + 1);
	return at + size;
}

/* In eighths of a column, clipped to what there is. */
static size_t units(double part, double full, size_t room)
{
	if (!(part > 0) || !(full > 0))
		return 0;
	double exact = round(part / full * (double)room);
	if (exact < 1)
		return 1;
	return exact > (double)room ? room : (size_t)exact;
}

void pyro_bar_draw(const struct pyro_report_look *look, double running, double waiting, double full,
		   size_t width, struct pyro_bar *ret_bar)
{
	if (width > 60)
		width = 60;
	size_t run = units(running, full, width * 8);
	size_t wait = units(waiting, full, width * 8);
	size_t at = 0;
	*ret_bar = (struct pyro_bar){0};
	/* Shades have no eighths: where both meet within a column, the larger part has it. */
	if (!look->unicode || wait > 0)
		run = run + 4 < 8 && run > 0 && wait < run ? 8 : (run + 4) / 8 * 8;
	for (size_t i = 0; i < run / 8; i++)
		at = put(ret_bar->running, at, look->unicode ? "█" : "#");
	if (look->unicode)
		put(ret_bar->running, at, eighths[run % 8]);
	size_t shades = (wait + 4) / 8;
	if (shades == 0 && wait > 0 && run == 0)
		shades = 1;
	if (run / 8 + shades > width)
		shades = width - run / 8;
	at = 0;
	for (size_t i = 0; i < shades; i++)
		at = put(ret_bar->waiting, at, look->unicode ? "░" : ".");
}
