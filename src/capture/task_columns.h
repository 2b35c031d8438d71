/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_TASK_COLUMNS_H
#define PYRO_CAPTURE_TASK_COLUMNS_H

#include "profile/metrics.h"

/** The metrics that stand in the table task_totals, in the order of their columns there, behind the
 *  first six. */
static const enum pyro_metric pyro_task_columns[] = {
	PYRO_METRIC_SAMPLES,    PYRO_METRIC_WALL,       PYRO_METRIC_CPU,
	PYRO_METRIC_CPU_PYTHON, PYRO_METRIC_CPU_NATIVE, PYRO_METRIC_CPU_SYSTEM,
	PYRO_METRIC_READY,      PYRO_METRIC_GIL_WAIT,   PYRO_METRIC_WAIT_LOCK,
	PYRO_METRIC_WAIT_IO,    PYRO_METRIC_WAIT_NET,   PYRO_METRIC_WAIT_SLEEP,
	PYRO_METRIC_WAIT_OTHER,
};

#define PYRO_TASK_COLUMNS_FIRST 6

#endif
