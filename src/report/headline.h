/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_HEADLINE_H
#define PYRO_REPORT_HEADLINE_H

#include "report/scope.h"

/** A command line as people name it: without the interpreter and without folders. Safe text. */
void pyro_headline_command(const char *command, const struct pyro_report_look *look,
			   struct pyro_buf *buf);

/** What was recorded, in those words. */
void pyro_headline_program(struct pyro_profile *profile, const struct pyro_report_look *look,
			   struct pyro_buf *buf);

/** Program, length, interpreter, processes and threads, samples, overhead. */
void pyro_headline_print(const struct pyro_scope *scope, const struct pyro_report_look *look,
			 struct pyro_buf *buf);

/** How the run divides into running and waiting, and over threads. */
void pyro_headline_divide(const struct pyro_scope *scope, const struct pyro_report_look *look,
			  struct pyro_buf *buf);

#endif
