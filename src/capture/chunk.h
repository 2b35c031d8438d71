/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_CHUNK_H
#define PYRO_CAPTURE_CHUNK_H

#include "base/buf.h"
#include "capture/capture.h"

/* The samples of a stretch of one track, column by column: docs/capture.md, "chunks". */

#define PYRO_CHUNK_ENCODING    2         /**< version of the columns below */
#define PYRO_CHUNK_FULL        8192      /**< records after which a flush begins a new chunk */
#define PYRO_CHUNK_MAX_RECORDS (1 << 20) /**< records that may come before a flush */
#define PYRO_CHUNK_MAX_RUN     1000      /**< samples that may share one record */

enum pyro_chunk_column {
	PYRO_CHUNK_FLAGS,
	PYRO_CHUNK_TIMES,
	PYRO_CHUNK_STACKS,
	PYRO_CHUNK_WALLS,
	PYRO_CHUNK_CPUS,
	PYRO_CHUNK_RUNS,
	PYRO_CHUNK_REASONS, /**< since encoding 2 */
	PYRO_CHUNK_COLUMNS
};

/** A record being gathered: one sample, or a run of idle ones that differ in time alone. */
struct pyro_chunk_record {
	uint64_t delta_us; /**< since the sample before it */
	uint64_t at_us;    /**< of its first sample */
	uint64_t wall_us;  /**< of its first sample */
	uint64_t guess_us; /**< what its wall is stored against */
	uint64_t cpu_us;
	uint64_t run_wall_us; /**< of its other samples together */
	uint64_t last_us;     /**< of its last sample */
	uint32_t run;         /**< other samples */
	uint32_t stack;
	uint8_t flags;
	uint8_t reason;
};

/** Gathers samples of one track. All zero is not enough: init. */
struct pyro_chunk_builder {
	struct pyro_buf columns[PYRO_CHUNK_COLUMNS];
	struct pyro_chunk_record last; /**< still open: a run may go on */
	uint32_t records;              /**< `last` included */
	uint64_t samples;
	uint64_t from_us;
	uint64_t to_us;
	uint64_t guess_us[2];  /**< wall of the last record off and on a processor */
	int64_t wall_carry_ns; /**< what rounding to us left over: sums stay right */
	int64_t cpu_carry_ns;
};

void pyro_chunk_init(struct pyro_chunk_builder *builder);
void pyro_chunk_deinit(struct pyro_chunk_builder *builder);
/** Begins the next chunk of the track: empties the columns, keeps memory and clock. */
void pyro_chunk_restart(struct pyro_chunk_builder *builder);
/** Frees the columns' memory; otherwise as restart. */
void pyro_chunk_release(struct pyro_chunk_builder *builder);
/** A sample earlier than the one before it is taken as at the same time. Errors: NOMEM; LIMIT when
 *  full. */
enum pyro_rc pyro_chunk_add(struct pyro_chunk_builder *builder,
			    const struct pyro_capture_sample *sample) PYRO_NODISCARD;
/** Bytes of memory that the columns take. */
size_t pyro_chunk_bytes(const struct pyro_chunk_builder *builder);
/** Appends the unpacked form to @out; the builder can go on afterwards. Errors: NOMEM. */
enum pyro_rc pyro_chunk_encode(struct pyro_chunk_builder *builder,
			       struct pyro_buf *out) PYRO_NODISCARD;

/** What the row of a chunk says of it. */
struct pyro_chunk_head {
	uint32_t track;
	uint64_t from_us;
	uint64_t to_us;
	uint64_t samples;
	uint32_t stacks; /**< stacks that exist: ids must be lower */
	uint32_t encoding;
};

/** Calls @each for every sample of the unpacked form. Nothing in @data is trusted. Errors: FORMAT,
 * also for an encoding that is not known; what @each returns, which stops. */
enum pyro_rc pyro_chunk_decode(const struct pyro_chunk_head *head, const void *data, size_t size,
			       enum pyro_rc (*each)(void *context,
						    const struct pyro_capture_sample *sample),
			       void *context) PYRO_NODISCARD;

#endif
