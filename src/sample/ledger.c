/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/ledger.h"

bool pyro_ledger_enter(struct pyro_ledger *ledger, const struct pyro_ledger_entry *entry)
{
	ledger->entries[ledger->count++] = *entry;
	return ledger->count < PYRO_LEDGER_ENTRIES;
}

/* Takes from @left what falls to @looks of the @of looks that are still to get theirs: what one
 * gets too little by rounding is for the next, and the last takes the rest. */
static uint64_t take(uint64_t *left, uint64_t looks, uint64_t of)
{
	uint64_t part = *left / of * looks + *left % of * looks / of;

	*left -= part;
	return part;
}

static void share(struct pyro_ledger *ledger, enum pyro_sched_state state, uint64_t *wall_ns,
		  uint64_t *cpu_ns)
{
	uint64_t looks = 0;

	for (uint32_t i = 0; i < ledger->count; i++)
		if (ledger->entries[i].state == state)
			looks += ledger->entries[i].looks;
	for (uint32_t i = 0; i < ledger->count && looks; i++) {
		struct pyro_ledger_entry *entry = &ledger->entries[i];

		if (entry->state != state)
			continue;
		entry->wall_ns = take(wall_ns, entry->looks, looks);
		entry->cpu_ns = take(cpu_ns, entry->looks, looks);
		looks -= entry->looks;
	}
}

void pyro_ledger_share(struct pyro_ledger *ledger)
{
	uint64_t wall_ns = ledger->running_ns + ledger->switching_ns;
	uint64_t none = 0;

	share(ledger, PYRO_SCHED_RUNNING, &wall_ns, &ledger->running_ns);
	ledger->switching_ns = wall_ns - ledger->running_ns;
	share(ledger, PYRO_SCHED_READY, &ledger->ready_ns, &none);
	share(ledger, PYRO_SCHED_BLOCKED, &ledger->blocked_ns, &none);
}

static void add_rest(struct pyro_ledger *ledger, const struct pyro_ledger_entry *like,
		     uint64_t wall_ns, uint64_t cpu_ns)
{
	struct pyro_ledger_entry *rest = &ledger->entries[ledger->count];

	if (!wall_ns)
		return;
	*rest = *like;
	rest->looks = 0;
	rest->wall_ns = wall_ns;
	rest->cpu_ns = cpu_ns;
	ledger->count++;
}

void pyro_ledger_close(struct pyro_ledger *ledger, const struct pyro_ledger_entry *running,
		       const struct pyro_ledger_entry *waiting)
{
	pyro_ledger_share(ledger);
	add_rest(ledger, running, ledger->running_ns + ledger->switching_ns + ledger->ready_ns,
		 ledger->running_ns);
	add_rest(ledger, waiting, ledger->blocked_ns, 0);
	ledger->running_ns = ledger->switching_ns = ledger->ready_ns = ledger->blocked_ns = 0;
}
