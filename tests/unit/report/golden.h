/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_REPORT_GOLDEN_H
#define PYRO_TESTS_REPORT_GOLDEN_H

#include "base/buf.h"
#include "report/look.h"

/* Whole reports against kept files. With PYROMETER_WRITE_GOLDEN=1 in the environment the files are
 * written anew instead: then read the difference before you keep it. */

/** Fails unless @buf is what the file @name of tests/golden/report holds. */
void golden_compare(const char *name, const struct pyro_buf *buf);
/** Whatever the names are: no line is wider than asked for, none ends in a space, nothing but our
 *  own colours and newlines is a control character, and without unicode all is ASCII. */
void golden_check_lines(const char *name, const struct pyro_report_look *look,
			const struct pyro_buf *buf);

#endif
