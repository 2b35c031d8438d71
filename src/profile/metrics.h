/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_METRICS_H
#define PYRO_PROFILE_METRICS_H

#include <stddef.h>

/** Everything that hangs on a stack: enum suffix, name, unit, meaning. A new metric is a row here.
 *  The order is that of stored ids: append only. */
#define PYRO_METRIC_MAP(X)                                                                         \
	X(WALL, "wall", "ns", "time on a thread's clock, running or not")                          \
	X(CPU, "cpu", "ns", "time on a processor")                                                 \
	X(GIL_HELD, "gil_held", "ns", "time holding the global interpreter lock")                  \
	X(GIL_WAIT, "gil_wait", "ns", "time waiting for the global interpreter lock")              \
	X(SAMPLES, "samples", "1", "samples taken")

enum pyro_metric {
#define PYRO_METRIC_ENUM(suffix, name, unit, meaning) PYRO_METRIC_##suffix,
	PYRO_METRIC_MAP(PYRO_METRIC_ENUM)
#undef PYRO_METRIC_ENUM
	PYRO_METRIC_COUNT
};

struct pyro_metric_info {
	const char *name;
	const char *unit;
	const char *meaning;
};

/** NULL if @metric is out of range. Static storage. */
const struct pyro_metric_info *pyro_metric_info(enum pyro_metric metric);
/** PYRO_METRIC_COUNT if there is none of that name. */
enum pyro_metric pyro_metric_by_name(const char *name);

#endif
