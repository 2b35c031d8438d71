/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "cli/options.h"
#include "cli/suggest.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit number_units[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}, {NULL, 0}};
static const struct unit percent_units[] = {{"", 1}, {"%", 1}, {"percent", 1}, {NULL, 0}};
static const struct unit rate_units[] = {
	{"", 1}, {"hz", 1}, {"k", 1e3}, {"khz", 1e3}, {"mhz", 1e6}, {NULL, 0},
};
static const struct unit duration_units[] = {
	{"", 1},   {"us", 1e-6}, {"ms", 1e-3}, {"s", 1},     {"sec", 1},
	{"m", 60}, {"min", 60},  {"h", 3600},  {"d", 86400}, {NULL, 0},
};

static void skip_spaces(const char **at)
{
	while (**at == ' ')
		(*at)++;
}

/* Decimal digits with at most one point and nothing else: no sign, exponent, hex, "inf" or locale,
 * all of which strtod() would take. */
static bool read_decimal(const char **at, double *ret_value)
{
	double value = 0;
	double scale = 1;
	unsigned int digits = 0;
	bool fraction = false;

	for (;; (*at)++) {
		if (isdigit((unsigned char)**at)) {
			if (++digits > 18)
				return false;
			value = value * 10 + (**at - '0');
			if (fraction)
				scale *= 10;
		} else if (**at == '.' && !fraction) {
			fraction = true;
		} else {
			break;
		}
	}
	*ret_value = value / scale;
	return digits > 0;
}

static bool read_unit(const char **at, const struct unit *units, double *ret_factor)
{
	size_t size = 0;

	skip_spaces(at);
	while (isalpha((unsigned char)(*at)[size]) || (*at)[size] == '%')
		size++;
	for (const struct unit *unit = units; unit->name; unit++) {
		if (strlen(unit->name) != size || strncasecmp(unit->name, *at, size) != 0)
			continue;
		*at += size;
		*ret_factor = unit->factor;
		return true;
	}
	return false;
}

/* One number with a unit or, where @several, a sum of them, each with its unit: 1m30s. */
static bool read_quantity(const char *text, const struct unit *units, bool several,
			  double *ret_value)
{
	double sum = 0;
	unsigned int parts = 0;

	skip_spaces(&text);
	while (*text) {
		const char *start;
		double value;
		double factor;

		if (parts++ > 0 && !several)
			return false;
		if (!read_decimal(&text, &value))
			return false;
		start = text;
		if (!read_unit(&text, units, &factor))
			return false;
		if (parts > 1 && text == start)
			return false;
		sum += value * factor;
		skip_spaces(&text);
	}
	*ret_value = sum;
	return parts > 0;
}

static const char *unit_suffix(enum pyro_option_kind kind)
{
	switch (kind) {
	case PYRO_OPTION_PERCENT:
		return " %";
	case PYRO_OPTION_RATE:
		return " Hz";
	case PYRO_OPTION_DURATION:
		return " s";
	default:
		return "";
	}
}

static enum pyro_rc check_range(const struct pyro_option *option, const char *text, double value,
				struct pyro_err *err)
{
	const char *suffix = unit_suffix(option->kind);

	if (value < option->min)
		return pyro_err_set(err, PYRO_RC_USAGE, "--%s %s: too small. Try: %.9g%s or more",
				    option->name, text, option->min, suffix);
	if (option->max > 0 && value > option->max)
		return pyro_err_set(err, PYRO_RC_USAGE, "--%s %s: too large. Try: %.9g%s or less",
				    option->name, text, option->max, suffix);
	return PYRO_RC_OK;
}

static enum pyro_rc read_choice(const struct pyro_option *option, const char *text,
				struct pyro_option_value *value, struct pyro_err *err)
{
	struct pyro_suggest suggest;
	char list[256] = "";
	size_t used = 0;

	pyro_suggest_init(&suggest, text);
	for (size_t i = 0; option->choices[i]; i++) {
		if (strcmp(option->choices[i], text) == 0) {
			value->number = i;
			value->real = (double)i;
			return PYRO_RC_OK;
		}
		pyro_suggest_try(&suggest, option->choices[i]);
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 i ? ", " : "", option->choices[i]);
	}
	if (suggest.best)
		return pyro_err_set(err, PYRO_RC_USAGE, "--%s %.64s: did you mean %s? (one of: %s)",
				    option->name, text, suggest.best, list);
	return pyro_err_set(err, PYRO_RC_USAGE, "--%s %.64s: not one of: %s", option->name, text,
			    list);
}

static enum pyro_rc read_real(const struct pyro_option *option, const char *text,
			      const struct unit *units, const char *examples,
			      struct pyro_option_value *value, struct pyro_err *err)
{
	enum pyro_rc rc;

	if (!read_quantity(text, units, option->kind == PYRO_OPTION_DURATION, &value->real))
		return pyro_err_set(err, PYRO_RC_USAGE, "--%s %.64s: not %s", option->name, text,
				    examples);
	rc = check_range(option, text, value->real, err);
	if (rc)
		return rc;
	/* Below what a uint64_t holds: 584 years of ns. */
	if (value->real > 1.8e10)
		return pyro_err_set(err, PYRO_RC_USAGE, "--%s %.64s: too large", option->name,
				    text);
	value->number = (uint64_t)value->real;
	if (option->kind == PYRO_OPTION_DURATION)
		value->number = (uint64_t)llround(value->real * 1e6) * (PYRO_NS_PER_S / 1000000);
	if (option->kind == PYRO_OPTION_NUMBER && value->real != floor(value->real))
		return pyro_err_set(err, PYRO_RC_USAGE, "--%s %.64s: not a whole number",
				    option->name, text);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_option_read(const struct pyro_option *option, const char *text,
			      struct pyro_option_value *ret_value, struct pyro_err *err)
{
	*ret_value = (struct pyro_option_value){.given = true, .text = text};
	switch (option->kind) {
	case PYRO_OPTION_NUMBER:
		return read_real(option, text, number_units, "a number. Try: 20", ret_value, err);
	case PYRO_OPTION_PERCENT:
		return read_real(option, text, percent_units, "a percentage. Try: 2%", ret_value,
				 err);
	case PYRO_OPTION_RATE:
		return read_real(option, text, rate_units, "a rate. Try: 100 or 1kHz", ret_value,
				 err);
	case PYRO_OPTION_DURATION:
		return read_real(option, text, duration_units, "a time. Try: 10s, 500ms or 5m",
				 ret_value, err);
	case PYRO_OPTION_CHOICE:
		return read_choice(option, text, ret_value, err);
	case PYRO_OPTION_PATH:
		if (!*text)
			return pyro_err_set(err, PYRO_RC_USAGE,
					    "--%s: the file name is empty. Try: --%s FILE",
					    option->name, option->name);
		return PYRO_RC_OK;
	default:
		return PYRO_RC_OK;
	}
}
