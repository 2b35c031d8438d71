/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_VIEW_UNPACK_H
#define PYRO_TESTS_VIEW_UNPACK_H

#include "base/buf.h"
#include "view/view.h"

/* What the tests of src/view share. */

/** A sink that appends to the struct pyro_buf that is its context. */
enum pyro_rc sink_to_buf(void *context, const void *bytes, size_t size, struct pyro_err *err);
/** Appends what the data elements of @page hold, base64 and gzip undone; fails the test if they are
 *  not whole. Returns the number of elements. */
size_t unpack_page(const struct pyro_buf *page, struct pyro_buf *ret_data);
/** Finds section @name of unpacked data; fails the test if there is none. */
struct pyro_cursor find_section(const struct pyro_buf *data, const char *name);

#endif
