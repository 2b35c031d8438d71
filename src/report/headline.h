/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_HEADLINE_H
#define PYRO_REPORT_HEADLINE_H

#include "report/scope.h"

/** What was run, as people name it: the command without the path of the interpreter. Safe text. */
void pyro_headline_program(struct pyro_profile *profile, const struct pyro_report_look *look,
			   struct pyro_buf *buf);

/** Program, length, interpreter, processes and threads, samples, overhead. */
void pyro_headline_print(const struct pyro_scope *scope, const struct pyro_report_look *look,
			 struct pyro_buf *buf);

/** How the run divides into running and waiting, and over threads. */
void pyro_headline_divide(const struct pyro_scope *scope, const struct pyro_report_look *look,
			  struct pyro_buf *buf);

#endif
