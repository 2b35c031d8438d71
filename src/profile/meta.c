/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "profile/inside.h"

static struct pyro_profile_fact *find(const struct pyro_profile *p, const char *key)
{
	for (size_t i = 0; i < p->meta.count; i++) {
		struct pyro_profile_fact *fact = pyro_table_at(&p->meta, i);
		if (strcmp(fact->key, key) == 0)
			return fact;
	}
	return NULL;
}

enum pyro_rc pyro_profile_meta_set(struct pyro_profile *p, const char *key, const char *value)
{
	PYRO_AUTO_FREE char *copy = strdup(value);
	if (!copy)
		return PYRO_RC_NOMEM;
	struct pyro_profile_fact *known = find(p, key);
	if (known) {
		free(known->value);
		known->value = PYRO_TAKE_POINTER(copy);
		return PYRO_RC_OK;
	}
	struct pyro_profile_fact fact = {.key = strdup(key), .value = copy};
	if (!fact.key)
		return PYRO_RC_NOMEM;
	enum pyro_rc rc = pyro_table_push(&p->meta, &fact);
	if (rc != PYRO_RC_OK) {
		free(fact.key);
		return rc;
	}
	copy = NULL;
	return PYRO_RC_OK;
}

const char *pyro_profile_meta_get(const struct pyro_profile *p, const char *key)
{
	const struct pyro_profile_fact *fact = find(p, key);
	return fact ? fact->value : NULL;
}

bool pyro_profile_meta_next(const struct pyro_profile *p, size_t *at, const char **ret_key,
			    const char **ret_value)
{
	const struct pyro_profile_fact *fact = pyro_table_at(&p->meta, *at);
	if (!fact)
		return false;
	(*at)++;
	*ret_key = fact->key;
	*ret_value = fact->value;
	return true;
}

void pyro_profile_meta_deinit(struct pyro_profile *p)
{
	for (size_t i = 0; i < p->meta.count; i++) {
		struct pyro_profile_fact *fact = pyro_table_at(&p->meta, i);
		free(fact->key);
		free(fact->value);
	}
	pyro_table_deinit(&p->meta);
}
