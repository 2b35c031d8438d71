/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_SCOPE_H
#define PYRO_REPORT_SCOPE_H

#include "profile/aggregate.h"
#include "report/report.h"

/** What the shares of a report are of, decided once per report. A program of one thread spends its
 *  own time, running or waiting, and both matter. In a program of many threads most of them wait
 *  for work most of the time; there the time that counts is the time that threads run, and what
 *  they wait for is told thread by thread. */
struct pyro_scope {
	struct pyro_profile *profile;        /**< borrowed */
	enum pyro_report_metric metric;      /**< as asked for; TIME is resolved by `weight` */
	enum pyro_report_metric weight;      /**< what rows are weighed by: never TIME */
	const char *noun;                    /**< what tracks are: "thread" or "task" */
	uint32_t track;                      /**< the one thread it is about; PYRO_NONE: all */
	bool of_run;                         /**< shares are of the run's length */
	uint64_t base_ns;                    /**< 100 % */
	uint64_t run_ns;                     /**< length of the run */
	struct pyro_aggregate *everything;   /**< all threads, unfolded */
	struct pyro_aggregate *shown;        /**< what rows are made of */
	struct pyro_values all, all_outside; /**< of all threads */
	struct pyro_values whole, outside;   /**< of what is shown */
	struct pyro_rows threads;            /**< by time run, most first */
	struct pyro_rows processes;
	size_t idle; /**< threads that hardly ever ran, when others did */
};

/** @stacks_matching: see struct pyro_aggregate_options. To be closed whatever the result. */
enum pyro_rc pyro_scope_open(struct pyro_profile *profile, const struct pyro_report_view *view,
			     const char *stacks_matching, struct pyro_scope *ret_scope,
			     struct pyro_err *err) PYRO_NODISCARD;
void pyro_scope_close(struct pyro_scope *scope);

/** What @values weigh, in ns. */
uint64_t pyro_scope_value(enum pyro_report_metric weight, const struct pyro_values *values);
/** The share that @part has of 100 %. May exceed 1 where threads ran at the same time. */
struct pyro_share pyro_scope_share(const struct pyro_scope *scope, const struct pyro_values *part);
/** The share of @whole that @part has in @weight. */
struct pyro_share pyro_scope_part(enum pyro_report_metric weight, const struct pyro_values *part,
				  const struct pyro_values *whole);
/** What 100 % is of, where it is not the run: "processor time", "all threads' waiting". */
void pyro_scope_of(const struct pyro_scope *scope, struct pyro_buf *buf);
/** "of the run (4.21 s)", "of 33.1 s of processor time", … */
void pyro_scope_base_text(const struct pyro_scope *scope, const struct pyro_report_look *look,
			  struct pyro_buf *buf);
/** The metric that @weight is. */
enum pyro_metric pyro_scope_metric(enum pyro_report_metric weight);
/** Rows of @scope->shown, sorted and cut to the view; rows that weigh nothing are left out. Their
 *  number before the limit in *ret_found (may be NULL). Errors: NOMEM, USAGE. */
enum pyro_rc pyro_scope_rows(const struct pyro_scope *scope, const struct pyro_report_view *view,
			     size_t limit, struct pyro_rows *ret_rows, size_t *ret_found,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
