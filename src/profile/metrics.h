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
	X(SAMPLES, "samples", "1", "samples taken")                                                \
	X(READY, "ready", "ns", "time waiting for a processor")                                    \
	X(WAIT_LOCK, "wait_lock", "ns", "time waiting for a lock")                                 \
	X(WAIT_IO, "wait_io", "ns", "time waiting for a file, a pipe or the terminal")             \
	X(WAIT_NET, "wait_net", "ns", "time waiting for a socket, or for any of several events")   \
	X(WAIT_SLEEP, "wait_sleep", "ns", "time asleep")                                           \
	X(WAIT_OTHER, "wait_other", "ns", "time waiting for anything else")                        \
	X(WAIT, "wait", "ns", "time off the processor: wall less cpu")                             \
	X(CPU_PYTHON, "cpu_python", "ns",                                                          \
	  "of cpu, where that was looked at: by Python's instructions")                            \
	X(CPU_NATIVE, "cpu_native", "ns",                                                          \
	  "likewise: in functions that Python called, and other machine code")                     \
	X(CPU_SYSTEM, "cpu_system", "ns", "likewise: in system calls")

enum pyro_metric {
#define PYRO_METRIC_ENUM(suffix, name, unit, meaning) PYRO_METRIC_##suffix,
	PYRO_METRIC_MAP(PYRO_METRIC_ENUM)
#undef PYRO_METRIC_ENUM
	PYRO_METRIC_COUNT
};

/** Why a thread was off its processor: enum suffix, one word, its metric, in words: "waits
 *  …". wall = cpu + the metrics of all reasons, where the reasons were recorded. The order is that
 *  in stored samples: append only. */
#define PYRO_REASON_MAP(X)                                                                         \
	X(READY, "processor", READY, "for a processor")                                            \
	X(GIL, "gil", GIL_WAIT, "for the GIL")                                                     \
	X(LOCK, "lock", WAIT_LOCK, "for locks")                                                    \
	X(IO, "io", WAIT_IO, "for files and pipes")                                                \
	X(NET, "net", WAIT_NET, "for the network")                                                 \
	X(SLEEP, "sleep", WAIT_SLEEP, "asleep")                                                    \
	X(OTHER, "other", WAIT_OTHER, "for something else")

enum pyro_reason {
	PYRO_REASON_NONE, /**< it was not; or nobody knows: an earlier version recorded it */
#define PYRO_REASON_ENUM(suffix, name, metric, text) PYRO_REASON_##suffix,
	PYRO_REASON_MAP(PYRO_REASON_ENUM)
#undef PYRO_REASON_ENUM
	PYRO_REASON_COUNT
};

struct pyro_reason_info {
	const char *name;
	const char *text;
	enum pyro_metric metric;
};

/** NULL for NONE and out of range. Static storage. */
const struct pyro_reason_info *pyro_reason_info(enum pyro_reason reason);

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
