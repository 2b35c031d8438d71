/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_QUALITY_H
#define PYRO_PROFILE_QUALITY_H

#include "profile/profile.h"

/** One counter of struct pyro_quality, for whoever stores or shows them all. */
struct pyro_quality_info {
	const char *name;
	const char *meaning;
	size_t offset; /**< of its uint64_t in struct pyro_quality */
};

size_t pyro_quality_field_count(void);
/** NULL out of range. Static storage. */
const struct pyro_quality_info *pyro_quality_field(size_t index);
/** 0 out of range. */
uint64_t pyro_quality_get(const struct pyro_quality *quality, size_t index);
/** False if no counter has that name. */
bool pyro_quality_set(struct pyro_quality *quality, const char *name, uint64_t value);

#endif
