/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_TOP_H
#define PYRO_CLI_TOP_H

#include "base/map.h"
#include "record/watch.h"

/** `top --all`: who is there that may be watched, asked now and then. */
struct pyro_top_all {
	struct pyro_map seen; /**< process and its start: what it was called, how often looked at */
	uint64_t scan_ns;     /**< when to ask next */
	size_t refused;       /**< Python processes that may not be read */
};

void pyro_top_all_init(struct pyro_top_all *all);
void pyro_top_all_deinit(struct pyro_top_all *all);
/** Offers the processes that are new to @watch. *ret_refused: some were found just now that may not
 *  be read. Errors: NOMEM, IO. */
enum pyro_rc pyro_top_all_scan(struct pyro_top_all *all, struct pyro_watch *watch,
			       bool *ret_refused, struct pyro_err *err) PYRO_NODISCARD;

#endif
