/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_PACK_H
#define PYRO_VIEW_PACK_H

#include "view/view.h"

/** Turns a stream of bytes into elements of a page: gzip, then base64, cut into
 *  `<script type="text/plain" class="pyro-data">` elements, because engines are slow with one
 *  string of hundreds of megabytes. Base64 holds no character that means something in HTML. */
struct pyro_view_pack;

/** @sink is borrowed. Errors: NOMEM. */
enum pyro_rc pyro_view_pack_create(const struct pyro_view_sink *sink,
				   struct pyro_view_pack **ret_pack,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Errors: those of the sink. */
enum pyro_rc pyro_view_pack_add(struct pyro_view_pack *pack, const void *bytes, size_t size,
				struct pyro_err *err) PYRO_NODISCARD;
/** Ends the stream and closes the last element. */
enum pyro_rc pyro_view_pack_finish(struct pyro_view_pack *pack,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_view_pack_destroy(struct pyro_view_pack *pack);

#endif
