/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_GATHER_H
#define PYRO_FORMAT_GATHER_H

#include "base/buf.h"
#include "base/map.h"
#include "format/formats.h"
#include "profile/table.h"

/* What a reader of another tool's samples meets, sample by sample, becomes a profile at the end:
 * only then is it known which events there are, how much time a sample stands for, and which thread
 * belongs to which process. 32 bytes are kept of each sample. */

/** One thread of the file. */
struct pyro_gather_thread {
	int32_t tid;
	int32_t pid;      /**< 0: not known; it is then a process of its own */
	uint32_t name;    /**< string: the last one seen; PYRO_NONE: none */
	uint32_t samples; /**< of the event that is taken */
	uint32_t track;   /**< PYRO_NONE until finished, and if it has no samples */
};

/** What made the samples: a clock, or a counter. */
struct pyro_gather_event {
	uint32_t name; /**< string */
	bool clock;    /**< its periods are ns of processor time */
	uint64_t samples;
};

struct pyro_gather_sample {
	uint64_t at_ns;     /**< on any clock; from the start of the first when finished */
	uint64_t weight_ns; /**< the period, until finished */
	uint32_t thread;    /**< a track when finished */
	uint32_t stack;
	uint32_t event;        /**< its place in the file when finished */
	enum pyro_metric part; /**< of the processor's time, as PYRO_METRIC_CPU_PYTHON */
};

struct pyro_gather {
	struct pyro_profile *profile; /**< borrowed */
	struct pyro_table threads;
	struct pyro_table events;
	struct pyro_table samples;
	struct pyro_map thread_by_tid;
};

void pyro_gather_init(struct pyro_gather *gather, struct pyro_profile *profile);
void pyro_gather_deinit(struct pyro_gather *gather);

/** The thread of that id, made if there is none. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_gather_thread(struct pyro_gather *gather, int32_t tid,
				uint32_t *ret_thread) PYRO_NODISCARD;
/** Lives until the next thread is made. NULL out of range. */
struct pyro_gather_thread *pyro_gather_thread_get(const struct pyro_gather *gather,
						  uint32_t thread);
/** The event of that name, made if there is none. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_gather_event(struct pyro_gather *gather, const char *name, size_t size,
			       bool clock, uint32_t *ret_event) PYRO_NODISCARD;
/** Takes one sample, in any order. Errors: NOMEM, LIMIT, FORMAT (an index that does not exist). */
enum pyro_rc pyro_gather_sample(struct pyro_gather *gather,
				const struct pyro_gather_sample *sample) PYRO_NODISCARD;

/** Chooses the event whose samples count, a clock before all others and else the most frequent one;
 *  gives each sample its time; and fills the profile with processes, tracks and totals. Samples of
 * a clock weigh their period, others the median gap between the samples of their thread. What was
 *  chosen, and what not, is added to @notes in sentences, and to the facts. Errors: NOMEM, LIMIT.
 */
enum pyro_rc pyro_gather_finish(struct pyro_gather *gather, struct pyro_buf *notes) PYRO_NODISCARD;
/** The samples, track by track, in time order. @gather is borrowed and finished. */
struct pyro_sample_source pyro_gather_source(struct pyro_gather *gather);

#endif
