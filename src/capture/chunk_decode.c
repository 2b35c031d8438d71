/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/chunk.h"
#include "capture/chunk_flags.h"

/* Times past this (292 years in us) would overflow ns: no recording has them. */
#define MAX_US (INT64_MAX / 1000)

struct decoder {
	const struct pyro_chunk_head *head;
	struct pyro_cursor columns[PYRO_CHUNK_COLUMNS];
	uint64_t at_us;
	uint64_t samples;
	uint64_t walls_us[2]; /* of the last record off and on a processor */
	enum pyro_rc (*each)(void *context, const struct pyro_capture_sample *sample);
	void *context;
};

static bool add_signed(uint64_t base, int64_t change, uint64_t *ret)
{
	int64_t sum;
	if (base > MAX_US || __builtin_add_overflow((int64_t)base, change, &sum) || sum < 0 ||
	    sum > MAX_US)
		return false;
	*ret = (uint64_t)sum;
	return true;
}

static bool advance(struct decoder *d, uint64_t us)
{
	if (us > MAX_US || d->at_us > MAX_US - us)
		return false;
	d->at_us += us;
	return d->at_us <= d->head->to_us;
}

/* The other samples of a run, spread evenly over its time and wall. */
static enum pyro_rc give_run(struct decoder *d, struct pyro_capture_sample *sample)
{
	struct pyro_cursor *runs = &d->columns[PYRO_CHUNK_RUNS];
	uint64_t run = pyro_cursor_varint(runs);
	uint64_t span = pyro_cursor_varint(runs);
	int64_t wall_off = pyro_cursor_varint_signed(runs);
	uint64_t start = d->at_us;
	uint64_t wall;
	if (runs->failed || run == 0 || run >= PYRO_CHUNK_MAX_RUN || !advance(d, span) ||
	    !add_signed(span, wall_off, &wall) || run > d->head->samples - d->samples)
		return PYRO_RC_FORMAT;
	/* Split by quotient and remainder: products of hostile numbers would overflow. */
	uint64_t given = 0;
	for (uint64_t i = 1; i <= run; i++) {
		uint64_t upto = wall / run * i + wall % run * i / run;
		sample->at_ns = (start + span / run * i + span % run * i / run) * 1000;
		sample->wall_ns = (upto - given) * 1000;
		given = upto;
		enum pyro_rc rc = d->each(d->context, sample);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	d->samples += run;
	return PYRO_RC_OK;
}

static enum pyro_rc give_record(struct decoder *d)
{
	struct pyro_cursor *columns = d->columns;
	uint8_t flags = pyro_cursor_u8(&columns[PYRO_CHUNK_FLAGS]);
	uint64_t delta = pyro_cursor_varint(&columns[PYRO_CHUNK_TIMES]);
	uint64_t stack = pyro_cursor_varint(&columns[PYRO_CHUNK_STACKS]);
	const bool on_cpu = flags & PYRO_CHUNK_ON_CPU;
	uint64_t wall = d->walls_us[on_cpu];
	uint64_t cpu;
	unsigned reason = PYRO_REASON_NONE;
	unsigned proof = (flags & PYRO_CHUNK_PROOF_MASK) >> PYRO_CHUNK_PROOF_SHIFT;
	if (stack > d->head->stacks || proof >= PYRO_PROOF_COUNT || !advance(d, delta) ||
	    d->samples >= d->head->samples)
		return PYRO_RC_FORMAT;
	if (!(flags & PYRO_CHUNK_SAME_WALL) &&
	    !add_signed(wall, pyro_cursor_varint_signed(&columns[PYRO_CHUNK_WALLS]), &wall))
		return PYRO_RC_FORMAT;
	if (!add_signed(on_cpu ? wall : 0, pyro_cursor_varint_signed(&columns[PYRO_CHUNK_CPUS]),
			&cpu))
		return PYRO_RC_FORMAT;
	if (flags & PYRO_CHUNK_REASON)
		reason = d->head->encoding > 1 ? pyro_cursor_u8(&columns[PYRO_CHUNK_REASONS])
					       : PYRO_REASON_GIL;
	if (reason >= PYRO_REASON_COUNT)
		return PYRO_RC_FORMAT;
	d->walls_us[on_cpu] = wall;
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		if (columns[i].failed)
			return PYRO_RC_FORMAT;
	struct pyro_capture_sample sample = {
		.at_ns = d->at_us * 1000,
		.track = d->head->track,
		.stack = stack ? (uint32_t)(stack - 1) : PYRO_NONE,
		.wall_ns = wall * 1000,
		.cpu_ns = cpu * 1000,
		.on_cpu = on_cpu,
		.holds_gil = flags & PYRO_CHUNK_HOLDS_GIL,
		.reason = (enum pyro_reason)reason,
		.proof = (enum pyro_proof)proof,
	};
	enum pyro_rc rc = d->each(d->context, &sample);
	if (rc != PYRO_RC_OK)
		return rc;
	d->samples++;
	return flags & PYRO_CHUNK_RUN ? give_run(d, &sample) : PYRO_RC_OK;
}

enum pyro_rc pyro_chunk_decode(const struct pyro_chunk_head *head, const void *data, size_t size,
			       enum pyro_rc (*each)(void *context,
						    const struct pyro_capture_sample *sample),
			       void *context)
{
	struct decoder d = {.head = head, .at_us = head->from_us, .each = each, .context = context};
	struct pyro_cursor all;
	const int stored = head->encoding > 1 ? PYRO_CHUNK_COLUMNS : PYRO_CHUNK_REASONS;
	uint64_t sizes[PYRO_CHUNK_COLUMNS] = {0};
	if (head->encoding < 1 || head->encoding > PYRO_CHUNK_ENCODING)
		return PYRO_RC_FORMAT;
	pyro_cursor_init(&all, data, size);
	uint64_t records = pyro_cursor_varint(&all);
	for (int i = 0; i < stored; i++)
		sizes[i] = pyro_cursor_varint(&all);
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++) {
		const void *column = pyro_cursor_bytes(&all, sizes[i]);
		if (all.failed)
			return PYRO_RC_FORMAT;
		pyro_cursor_init(&d.columns[i], column, sizes[i]);
	}
	if (all.at != size || records > PYRO_CHUNK_MAX_RECORDS || head->from_us > head->to_us ||
	    head->to_us > MAX_US)
		return PYRO_RC_FORMAT;
	for (uint64_t i = 0; i < records; i++) {
		enum pyro_rc rc = give_record(&d);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		if (d.columns[i].at != d.columns[i].size)
			return PYRO_RC_FORMAT;
	return d.samples == head->samples && d.at_us == head->to_us ? PYRO_RC_OK : PYRO_RC_FORMAT;
}
