/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_DICT_H
#define PYRO_CPYTHON_DICT_H

#include "cpython/layout.h"
#include "cpython/window.h"

#define PYRO_MAX_DICT 65536 /* entries looked at */

/** The items of a dict or the attributes of an instance: addresses of keys and values. */
struct pyro_items {
	struct pyro_item {
		uint64_t key;
		uint64_t value;
	} * items;
	size_t count;
};

void pyro_items_deinit(struct pyro_items *items);

/* All of these reset @window. They read a few kilobytes and take some microseconds: not for every
 * sample. Errors: FAULT (unreadable or no dict), NOMEM, GONE, PERM. */

/** Items of the dict at @addr, in whichever of its forms. */
enum pyro_rc pyro_dict_load(struct pyro_window *window, const struct pyro_layout *layout,
			    uint64_t addr, struct pyro_items *ret_items) PYRO_NODISCARD;
/** Attributes of the instance at @addr: its dict, or the values that it holds in place of one. */
enum pyro_rc pyro_attributes_load(struct pyro_window *window, const struct pyro_layout *layout,
				  uint64_t addr, struct pyro_items *ret_items) PYRO_NODISCARD;
/** The value under the ASCII key @name. Errors: also NOTFOUND. */
enum pyro_rc pyro_items_find(struct pyro_window *window, const struct pyro_layout *layout,
			     const struct pyro_items *items, const char *name,
			     uint64_t *ret_value) PYRO_NODISCARD;
/** The int object at @addr, if it is not negative and fits. */
enum pyro_rc pyro_int_read(struct pyro_window *window, const struct pyro_layout *layout,
			   uint64_t addr, uint64_t *ret_value) PYRO_NODISCARD;

#endif
