/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/quality.h"

#include <string.h>

static const struct pyro_quality_info fields[] = {
#define QUALITY_ROW(name, meaning) {#name, meaning, offsetof(struct pyro_quality, name)},
	PYRO_QUALITY_MAP(QUALITY_ROW)
#undef QUALITY_ROW
};

static const char *const proof_names[] = {
#define PROOF_NAME(suffix, name, meaning) [PYRO_PROOF_##suffix] = name,
	PYRO_PROOF_MAP(PROOF_NAME)
#undef PROOF_NAME
};

static const char *const proof_meanings[] = {
#define PROOF_MEANING(suffix, name, meaning) [PYRO_PROOF_##suffix] = meaning,
	PYRO_PROOF_MAP(PROOF_MEANING)
#undef PROOF_MEANING
};

const char *pyro_proof_name(enum pyro_proof proof)
{
	return (unsigned)proof < PYRO_PROOF_COUNT ? proof_names[proof] : NULL;
}

const char *pyro_proof_meaning(enum pyro_proof proof)
{
	return (unsigned)proof < PYRO_PROOF_COUNT ? proof_meanings[proof] : NULL;
}

size_t pyro_quality_field_count(void)
{
	return PYRO_COUNT(fields);
}

const struct pyro_quality_info *pyro_quality_field(size_t index)
{
	return index < PYRO_COUNT(fields) ? &fields[index] : NULL;
}

uint64_t pyro_quality_get(const struct pyro_quality *quality, size_t index)
{
	uint64_t value = 0;
	if (index < PYRO_COUNT(fields))
		memcpy(&value, (const char *)quality + fields[index].offset, sizeof(value));
	return value;
}

bool pyro_quality_set(struct pyro_quality *quality, const char *name, uint64_t value)
{
	for (size_t i = 0; i < PYRO_COUNT(fields); i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		memcpy((char *)quality + fields[i].offset, &value, sizeof(value));
		return true;
	}
	return false;
}
