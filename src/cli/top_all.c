/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/pythons.h"
#include "cli/top.h"

#define SCAN_EVERY_NS (2 * PYRO_NS_PER_S)
/* A process that is no Python may execute one, which gives it another name, or load one, soon after
 * it began if ever. */
#define LOOKS    3
#define MAX_SEEN (1 << 22)

void pyro_top_all_init(struct pyro_top_all *all)
{
	*all = (struct pyro_top_all){.scan_ns = 0};
	pyro_map_init(&all->seen, MAX_SEEN);
}

void pyro_top_all_deinit(struct pyro_top_all *all)
{
	pyro_map_deinit(&all->seen);
}

struct scan {
	struct pyro_top_all *all;
	struct pyro_watch *watch;
};

/* Whether a closer look at it is due. */
static bool is_due(struct pyro_top_all *all, const struct pyro_process_facts *facts, uint64_t key,
		   uint64_t *ret_looks)
{
	const uint64_t name = pyro_hash_bytes(facts->comm, strlen(facts->comm)) << 8;
	uint64_t before;

	if (!pyro_map_get(&all->seen, key, &before) || before >> 8 != name >> 8) {
		*ret_looks = name;
		return true;
	}
	*ret_looks = before + 1;
	return (before & 0xff) < LOOKS;
}

static enum pyro_rc look(void *context, int pid, struct pyro_err *err)
{
	struct scan *scan = context;
	struct pyro_process_facts facts;
	struct pyro_python_found found;
	uint64_t key, looks;

	if (pyro_process_facts(pid, &facts, NULL))
		return PYRO_RC_OK;
	key = pyro_hash_pair((uint64_t)pid, facts.start_ticks);
	if (!is_due(scan->all, &facts, key, &looks))
		return PYRO_RC_OK;
	if (pyro_pythons_look(&facts, &found) == PYRO_PYTHON_YES) {
		/* There is no more to find out. */
		looks |= 0xff;
		if (!found.readable)
			scan->all->refused++;
		else if (!pyro_watch_offer(scan->watch, pid))
			return PYRO_RC_OK; /* many at once: it is looked at again */
	}
	if (pyro_map_put(&scan->all->seen, key, looks))
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	return PYRO_RC_OK;
}

enum pyro_rc pyro_top_all_scan(struct pyro_top_all *all, struct pyro_watch *watch,
			       bool *ret_refused, struct pyro_err *err)
{
	const uint64_t now_ns = pyro_clock_now();
	const size_t refused = all->refused;
	struct scan scan = {all, watch};
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_refused = false;
	if (now_ns < all->scan_ns)
		return PYRO_RC_OK;
	/* What is gone is forgotten with all the rest, from time to time. */
	if (all->seen.count > 2 * PYRO_MAX_PROCESSES)
		pyro_map_clear(&all->seen);
	rc = pyro_pythons_each(look, &scan, err);
	all->scan_ns = now_ns + SCAN_EVERY_NS;
	*ret_refused = all->refused > refused;
	return rc;
}
