/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/metrics.h"

#include <string.h>

static const struct pyro_metric_info metrics[] = {
#define METRIC_ROW(suffix, name, unit, meaning) [PYRO_METRIC_##suffix] = {name, unit, meaning},
	PYRO_METRIC_MAP(METRIC_ROW)
#undef METRIC_ROW
};

static const struct pyro_reason_info reasons[] = {
#define REASON_ROW(suffix, name, metric, text)                                                     \
	[PYRO_REASON_##suffix] = {name, text, PYRO_METRIC_##metric},
	PYRO_REASON_MAP(REASON_ROW)
#undef REASON_ROW
};

const struct pyro_reason_info *pyro_reason_info(enum pyro_reason reason)
{
	if ((unsigned)reason >= PYRO_REASON_COUNT || reason == PYRO_REASON_NONE)
		return NULL;
	return &reasons[reason];
}

const struct pyro_metric_info *pyro_metric_info(enum pyro_metric metric)
{
	if ((unsigned)metric >= PYRO_METRIC_COUNT)
		return NULL;
	return &metrics[metric];
}

enum pyro_metric pyro_metric_by_name(const char *name)
{
	for (unsigned i = 0; i < PYRO_METRIC_COUNT; i++)
		if (strcmp(metrics[i].name, name) == 0)
			return (enum pyro_metric)i;
	return PYRO_METRIC_COUNT;
}
