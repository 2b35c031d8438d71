/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/chunk.h"

#include "base/limits.h"
#include "capture/chunk_flags.h"

/* Columns of one builder never come near this: PYRO_CHUNK_MAX_RECORDS times a few varints. */
#define COLUMN_LIMIT (32u << 20)

void pyro_chunk_init(struct pyro_chunk_builder *builder)
{
	*builder = (struct pyro_chunk_builder){0};
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		pyro_buf_init(&builder->columns[i], COLUMN_LIMIT);
}

void pyro_chunk_deinit(struct pyro_chunk_builder *builder)
{
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		pyro_buf_deinit(&builder->columns[i]);
}

void pyro_chunk_restart(struct pyro_chunk_builder *builder)
{
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		pyro_buf_reset(&builder->columns[i]);
	builder->records = 0;
	builder->samples = 0;
	builder->guess_us[false] = builder->guess_us[true] = 0;
}

void pyro_chunk_release(struct pyro_chunk_builder *builder)
{
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		pyro_buf_deinit(&builder->columns[i]);
	pyro_chunk_restart(builder);
}

static uint8_t flags_of(const struct pyro_capture_sample *sample)
{
	return (uint8_t)((sample->on_cpu ? PYRO_CHUNK_ON_CPU : 0) |
			 (sample->holds_gil ? PYRO_CHUNK_HOLDS_GIL : 0) |
			 (sample->reason ? PYRO_CHUNK_REASON : 0) |
			 ((unsigned)sample->proof << PYRO_CHUNK_PROOF_SHIFT));
}

/* Rounds @ns to us, taking the guess where it is less than 1 us off, and carries the rest to the
 * next sample: guesses cost nothing to store, and sums stay within 1 us. */
static uint64_t quantise(uint64_t ns, uint64_t guess_us, int64_t *carry)
{
	if (ns > INT64_MAX / 4)
		ns = INT64_MAX / 4;
	int64_t exact = (int64_t)ns + *carry;
	int64_t off = exact - (int64_t)(guess_us * 1000);
	if (off > -1000 && off < 1000) {
		*carry = off;
		return guess_us;
	}
	int64_t us = exact <= 0 ? 0 : (exact + 500) / 1000;
	*carry = exact - us * 1000;
	return (uint64_t)us;
}

static void put_record(struct pyro_buf *columns, const struct pyro_chunk_record *record)
{
	uint8_t flags = record->flags;
	uint64_t guess = flags & PYRO_CHUNK_ON_CPU ? record->wall_us : 0;
	if (record->wall_us == record->guess_us)
		flags |= PYRO_CHUNK_SAME_WALL;
	if (record->run)
		flags |= PYRO_CHUNK_RUN;
	pyro_buf_add_char(&columns[PYRO_CHUNK_FLAGS], (char)flags);
	pyro_buf_add_varint(&columns[PYRO_CHUNK_TIMES], record->delta_us);
	pyro_buf_add_varint(&columns[PYRO_CHUNK_STACKS],
			    record->stack == PYRO_NONE ? 0 : (uint64_t)record->stack + 1);
	if (!(flags & PYRO_CHUNK_SAME_WALL))
		pyro_buf_add_varint_signed(&columns[PYRO_CHUNK_WALLS],
					   (int64_t)(record->wall_us - record->guess_us));
	pyro_buf_add_varint_signed(&columns[PYRO_CHUNK_CPUS], (int64_t)(record->cpu_us - guess));
	if (record->reason)
		pyro_buf_add_char(&columns[PYRO_CHUNK_REASONS], (char)record->reason);
	if (record->run) {
		uint64_t span = record->last_us - record->at_us;
		struct pyro_buf *runs = &columns[PYRO_CHUNK_RUNS];
		pyro_buf_add_varint(runs, record->run);
		pyro_buf_add_varint(runs, span);
		pyro_buf_add_varint_signed(runs, (int64_t)(record->run_wall_us - span));
	}
}

static enum pyro_rc columns_status(const struct pyro_chunk_builder *builder)
{
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		if (pyro_buf_status(&builder->columns[i]) != PYRO_RC_OK)
			return PYRO_RC_NOMEM;
	return PYRO_RC_OK;
}

static bool continues(const struct pyro_chunk_record *last, const struct pyro_chunk_record *next)
{
	return !(next->flags & PYRO_CHUNK_ON_CPU) && next->flags == last->flags &&
	       next->reason == last->reason && next->stack == last->stack && next->cpu_us == 0 &&
	       last->cpu_us == 0 && last->run + 1 < PYRO_CHUNK_MAX_RUN;
}

enum pyro_rc pyro_chunk_add(struct pyro_chunk_builder *builder,
			    const struct pyro_capture_sample *sample)
{
	uint64_t at_us = sample->at_ns / 1000;
	if (builder->records >= PYRO_CHUNK_MAX_RECORDS)
		return PYRO_RC_LIMIT;
	if (at_us < builder->to_us)
		at_us = builder->to_us;
	if (builder->samples == 0)
		builder->from_us = at_us;
	struct pyro_chunk_record next = {
		.at_us = at_us,
		.last_us = at_us,
		.delta_us = builder->samples == 0 ? 0 : at_us - builder->to_us,
		.guess_us = builder->guess_us[sample->on_cpu],
		.stack = sample->stack,
		.flags = flags_of(sample),
		.reason = (uint8_t)sample->reason,
	};
	next.wall_us = quantise(sample->wall_ns, next.guess_us, &builder->wall_carry_ns);
	next.cpu_us =
		quantise(sample->cpu_ns, sample->on_cpu ? next.wall_us : 0, &builder->cpu_carry_ns);
	if (builder->records > 0 && continues(&builder->last, &next)) {
		builder->last.run++;
		builder->last.run_wall_us += next.wall_us;
		builder->last.last_us = at_us;
	} else {
		if (builder->records > 0)
			put_record(builder->columns, &builder->last);
		builder->last = next;
		builder->guess_us[sample->on_cpu] = next.wall_us;
		builder->records++;
	}
	builder->samples++;
	builder->to_us = at_us;
	return columns_status(builder);
}

size_t pyro_chunk_bytes(const struct pyro_chunk_builder *builder)
{
	size_t bytes = 0;
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		bytes += builder->columns[i].capacity;
	return bytes;
}

enum pyro_rc pyro_chunk_encode(struct pyro_chunk_builder *builder, struct pyro_buf *out)
{
	size_t before[PYRO_CHUNK_COLUMNS];
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		before[i] = builder->columns[i].size;
	if (builder->records > 0)
		put_record(builder->columns, &builder->last);
	enum pyro_rc rc = columns_status(builder);
	pyro_buf_add_varint(out, builder->records);
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++)
		pyro_buf_add_varint(out, builder->columns[i].size);
	for (int i = 0; i < PYRO_CHUNK_COLUMNS; i++) {
		pyro_buf_add(out, builder->columns[i].data, builder->columns[i].size);
		/* The open record goes on: take back what was written of it. */
		builder->columns[i].size = before[i];
	}
	return rc != PYRO_RC_OK ? rc : pyro_buf_status(out);
}
