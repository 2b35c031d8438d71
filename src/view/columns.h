/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_COLUMNS_H
#define PYRO_VIEW_COLUMNS_H

#include "base/buf.h"
#include "view/files.h"

/* The data of a page: the magic "PYROVIEW" and a version, then sections, each a name of four
 * letters, the varint size of its body and the body. Numbers are varints (LEB128, signed ones
 * zigzag), column after column, so that gzip finds likeness; a reader needs no table to skip a
 * section that it does not know. In the order they are written, with n the varint that leads:
 *
 *   meta  JSON, see view/facts.h
 *   strs  n, sizes, bytes: UTF-8 texts
 *   file  n; string; kind (enum pyro_place_kind); string shown to people, as size and bytes
 *   func  n; string of the name; file; first line (signed)
 *   fram  n; function; line (signed)
 *   stak  n; index minus parent, 0 at a root; frame
 *   totl  n; track (signed difference from the row before); stack + 1, 0 without Python code
 *         (signed difference); a column per metric of meta's "metrics"; then the squares of wall
 *         and of cpu as little-endian 32-bit floats
 *   srcs  n; then each source as file, size, bytes
 *   done  empty: the data is whole */

#define PYRO_VIEW_MAGIC       "PYROVIEW"
#define PYRO_VIEW_VERSION     1
#define PYRO_VIEW_MAX_SECTION (1u << 31) /**< bytes of one section */

/** Each appends the body of a section. Failure is kept in @buf, see pyro_buf_status(). */
void pyro_view_columns_strings(struct pyro_buf *buf, const struct pyro_profile *profile);
void pyro_view_columns_files(struct pyro_buf *buf, const struct pyro_view_files *files);
void pyro_view_columns_functions(struct pyro_buf *buf, const struct pyro_profile *profile,
				 const struct pyro_view_files *files);
void pyro_view_columns_frames(struct pyro_buf *buf, const struct pyro_profile *profile);
void pyro_view_columns_stacks(struct pyro_buf *buf, const struct pyro_profile *profile);
void pyro_view_columns_totals(struct pyro_buf *buf, const struct pyro_profile *profile);

#endif
