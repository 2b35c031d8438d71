/* SPDX-License-Identifier: Apache-2.0 */
#include "report/units.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"

/* Three significant digits of value / unit, cut not rounded up to the next unit: the caller chose
 * the unit so that 1 <= value / unit < 1000, or the unit is the largest. */
static void add_three_digits(struct pyro_buf *buf, uint64_t value, uint64_t unit)
{
	uint64_t whole = value / unit;
	uint64_t rest = value % unit;
	if (whole >= 100 || unit == 1)
		pyro_buf_add_format(buf, "%" PRIu64, whole);
	else if (whole >= 10)
		pyro_buf_add_format(buf, "%" PRIu64 ".%" PRIu64, whole, rest / (unit / 10));
	else
		pyro_buf_add_format(buf, "%" PRIu64 ".%02" PRIu64, whole, rest / (unit / 100));
}

void pyro_units_duration(struct pyro_buf *buf, uint64_t ns)
{
	uint64_t seconds = ns / PYRO_NS_PER_S;
	if (ns < 1000) {
		pyro_buf_add_format(buf, "%" PRIu64 " ns", ns);
	} else if (ns < PYRO_NS_PER_MS) {
		add_three_digits(buf, ns, 1000);
		pyro_buf_add_text(buf, " us");
	} else if (ns < PYRO_NS_PER_S) {
		add_three_digits(buf, ns, PYRO_NS_PER_MS);
		pyro_buf_add_text(buf, " ms");
	} else if (seconds < 60) {
		add_three_digits(buf, ns, PYRO_NS_PER_S);
		pyro_buf_add_text(buf, " s");
	} else if (seconds < 3600) {
		pyro_buf_add_format(buf, "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
				    seconds % 60);
	} else {
		pyro_units_count(buf, seconds / 3600);
		pyro_buf_add_format(buf, " h %" PRIu64 " min", seconds / 60 % 60);
	}
}

void pyro_units_bytes(struct pyro_buf *buf, uint64_t bytes)
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t unit = 1;
	size_t name = 0;
	while (bytes / unit >= 1000 && name + 1 < PYRO_COUNT(names)) {
		unit *= 1000;
		name++;
	}
	uint64_t whole = bytes / unit;
	if (unit == 1 || whole >= 10)
		pyro_buf_add_format(buf, "%" PRIu64, whole);
	else
		pyro_buf_add_format(buf, "%" PRIu64 ".%" PRIu64, whole, bytes % unit / (unit / 10));
	pyro_buf_add_format(buf, " %s", names[name]);
}

void pyro_units_count(struct pyro_buf *buf, uint64_t count)
{
	uint64_t unit = 1;
	while (count / unit >= 1000)
		unit *= 1000;
	pyro_buf_add_format(buf, "%" PRIu64, count / unit);
	while (unit > 1) {
		count %= unit;
		unit /= 1000;
		pyro_buf_add_format(buf, ",%03" PRIu64, count / unit);
	}
}

void pyro_units_plural(struct pyro_buf *buf, uint64_t count, const char *noun)
{
	size_t size = strlen(noun);
	pyro_units_count(buf, count);
	pyro_buf_add_format(buf, " %s", noun);
	if (count != 1)
		pyro_buf_add_text(buf, size > 0 && (noun[size - 1] == 's' || noun[size - 1] == 'h')
					       ? "es"
					       : "s");
}

void pyro_units_decimal(struct pyro_buf *buf, double value, unsigned decimals)
{
	uint64_t unit = 1;
	for (unsigned i = 0; i < decimals && i < 6; i++)
		unit *= 10;
	if (!(value >= -1e9))
		value = -1e9;
	if (value > 1e9)
		value = 1e9;
	int64_t scaled = llround(value * (double)unit);
	if (scaled < 0) {
		pyro_buf_add_char(buf, '-');
		scaled = -scaled;
	}
	pyro_buf_add_format(buf, "%" PRIu64, (uint64_t)scaled / unit);
	if (unit > 1)
		pyro_buf_add_format(buf, ".%0*" PRIu64, (int)(decimals < 6 ? decimals : 6),
				    (uint64_t)scaled % unit);
}

static void add_percent(struct pyro_buf *buf, double percent, bool fine)
{
	if (percent > 0 && percent < 0.05) {
		pyro_buf_add_text(buf, "<0.1 %");
		return;
	}
	if (percent >= 999.5 && percent < 1e12)
		pyro_units_count(buf, (uint64_t)llround(percent));
	else
		pyro_units_decimal(buf, percent, fine && percent < 9.95 && percent > 0 ? 1 : 0);
	pyro_buf_add_text(buf, " %");
}

void pyro_units_percent(struct pyro_buf *buf, double share)
{
	add_percent(buf, share * 100, true);
}

/* With a decimal, if the share is small and known well enough for it. */
static bool is_fine(const struct pyro_share *share)
{
	return share->share < 0.0995 && pyro_share_margin(share) < 0.01;
}

void pyro_units_share(struct pyro_buf *buf, const struct pyro_share *share)
{
	double percent = share->share * 100;
	bool fine = is_fine(share);
	if (!fine && percent > 0 && percent < 0.5)
		pyro_buf_add_text(buf, "<1 %");
	else
		add_percent(buf, percent, fine);
}

void pyro_units_margin(struct pyro_buf *buf, const struct pyro_share *share, const char *plus_minus)
{
	double points = pyro_share_margin(share) * 100;
	pyro_buf_add_text(buf, plus_minus);
	/* Rounded up: the interval shown must not be narrower than the one that is known. */
	if (is_fine(share))
		pyro_units_decimal(buf, fmax(ceil(points * 10 - 1e-9) / 10, 0.1), 1);
	else
		pyro_units_decimal(buf, fmax(ceil(points - 1e-9), 1), 0);
}
