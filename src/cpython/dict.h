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
	size_t total; /**< entries that there are, deleted ones included; `count` of them are here
		       */
};

void pyro_items_deinit(struct pyro_items *items);

/* All of these reset @window. They read a few kilobytes and take some microseconds: not for every
 * sample. Errors: FAULT (unreadable or no dict), NOMEM, GONE, PERM. */

/** Items of the dict at @addr, in whichever of its forms. */
enum pyro_rc pyro_dict_load(struct pyro_window *window, const struct pyro_layout *layout,
			    uint64_t addr, struct pyro_items *ret_items) PYRO_NODISCARD;
/** The same, but only of the @limit entries from @first on, however many there are. An entry that
 *  was deleted has the value 0. */
enum pyro_rc pyro_dict_load_some(struct pyro_window *window, const struct pyro_layout *layout,
				 uint64_t addr, size_t first, size_t limit,
				 struct pyro_items *ret_items) PYRO_NODISCARD;
/** Attributes of the instance at @addr: its dict, or the values that it holds in place of one. */
enum pyro_rc pyro_attributes_load(struct pyro_window *window, const struct pyro_layout *layout,
				  uint64_t addr, struct pyro_items *ret_items) PYRO_NODISCARD;
/** The value under the ASCII key @name. Errors: also NOTFOUND. */
enum pyro_rc pyro_items_find(struct pyro_window *window, const struct pyro_layout *layout,
			     const struct pyro_items *items, const char *name,
			     uint64_t *ret_value) PYRO_NODISCARD;
/** The word that lies before an int's digits: how many digits, and whether it is below zero. */
uint64_t pyro_int_size(const struct pyro_layout *layout, uint64_t word, bool *ret_negative);
/** The int object at @addr, if it is not negative and fits. */
enum pyro_rc pyro_int_read(struct pyro_window *window, const struct pyro_layout *layout,
			   uint64_t addr, uint64_t *ret_value) PYRO_NODISCARD;

#endif
