/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/match.h"

#include "profile/aggregate_inside.h"

enum pyro_rc pyro_match_compile(regex_t *ret_regex, const char *expression, struct pyro_err *err)
{
	char text[128];
	int code = regcomp(ret_regex, expression, REG_EXTENDED | REG_NOSUB);
	if (code == 0)
		return PYRO_RC_OK;
	regerror(code, ret_regex, text, sizeof(text));
	return pyro_err_set(err, code == REG_ESPACE ? PYRO_RC_NOMEM : PYRO_RC_USAGE,
			    "\"%.200s\" is not a regular expression: %s. Try: a plain word, or "
			    "\\ before special characters",
			    expression, text);
}

bool pyro_match_text(const regex_t *regex, const char *text)
{
	return regexec(regex, text, 0, NULL, 0) == 0;
}

enum pyro_rc pyro_match_functions(const struct pyro_profile *profile,
				  const struct pyro_places *places, const char *expression,
				  bool **ret_matches, struct pyro_err *err)
{
	regex_t regex;
	struct pyro_profile_counts counts;
	pyro_profile_counts(profile, &counts);
	enum pyro_rc rc = pyro_match_compile(&regex, expression, err);
	if (rc != PYRO_RC_OK)
		return rc;
	bool *matches = calloc((size_t)counts.functions + 1, sizeof(*matches));
	for (uint32_t i = 0; matches && i < counts.functions; i++) {
		const struct pyro_function *function = pyro_profile_function_get(profile, i);
		const char *name = pyro_profile_string_get(profile, function->name, NULL);
		const char *file = pyro_profile_string_get(profile, function->file, NULL);
		matches[i] =
			pyro_match_text(&regex, name) || pyro_match_text(&regex, file) ||
			pyro_match_text(&regex, pyro_places_get(places, function->file)->display);
	}
	regfree(&regex);
	if (!matches)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	*ret_matches = matches;
	return PYRO_RC_OK;
}
