/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_TEXTS_H
#define PYRO_CPYTHON_TEXTS_H

#include "cpython/codes.h"
#include "cpython/unicode.h"

#define PYRO_MAX_TEXTS (1u << 16)

/* The strings of code objects, by address: names are shared, so each is compared once a stack. */

/** Copies the string at @addr, whose characters must have been read. Errors: FAULT (no string
 *  there), NOMEM, LIMIT. */
enum pyro_rc pyro_texts_add(struct pyro_codes *codes, const struct pyro_window *window,
			    const struct pyro_layout *layout, uint64_t addr, size_t limit,
			    uint32_t *ret_text) PYRO_NODISCARD;
/** Makes @trail bring what proves any string that its objects point to. */
void pyro_texts_trail(const struct pyro_layout *layout, struct pyro_trail *trail);
/** Whether @text, which has just been read late, is what the sealed window shows. */
bool pyro_texts_is_still(const struct pyro_codes *codes, const struct pyro_window *window,
			 const struct pyro_layout *layout, uint32_t text);
/** Plans what proves that @text still is what it was. */
void pyro_texts_plan(struct pyro_codes *codes, struct pyro_window *window,
		     const struct pyro_layout *layout, uint32_t text);
/** Whether it is, in this stack. */
bool pyro_texts_is_same(struct pyro_codes *codes, const struct pyro_window *window,
			const struct pyro_layout *layout, uint32_t text);

#endif
