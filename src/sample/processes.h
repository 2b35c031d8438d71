/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_PROCESSES_H
#define PYRO_SAMPLE_PROCESSES_H

#include "sample/probe.h"
#include "sample/sampler.h"

#define PYRO_PROCESSES_NEWS 4096

/** A tree of processes: a probe for each, and who joins and leaves it. */
struct pyro_processes {
	const struct pyro_sampler_options *options;
	struct pyro_probe_shared *shared;
	struct pyro_probe **items;
	size_t count;
	size_t capacity;
	uint32_t next_number;
	struct pyro_sched_news news[PYRO_PROCESSES_NEWS];
	size_t news_count; /**< that are not handled yet */
	bool news_lost;
	uint64_t poll_ns;
	uint64_t due, late; /**< looks of probes that have ended */
	struct pyro_err trouble;
};

/** Both arguments must outlive @processes, which is all zeroes. */
void pyro_processes_init(struct pyro_processes *processes,
			 const struct pyro_sampler_options *options,
			 struct pyro_probe_shared *shared);
/** Frees the probes, without a word to the recorder. */
void pyro_processes_deinit(struct pyro_processes *processes);

/** Keeps what the kernel tells, for pyro_processes_handle: the callback of pyro_sched_create, whose
 *  context is a struct pyro_processes. */
void pyro_processes_on_news(void *context, const struct pyro_sched_news *news);
/** Processes that began, executed something or ended, by the news. */
void pyro_processes_handle(struct pyro_processes *processes);
/** Where there are no news, or some were lost: asks for children now and then. */
void pyro_processes_poll(struct pyro_processes *processes, uint64_t now_ns);
/** Ends the probes whose process has ended, or whose memory is not that of their interpreter any
 *  more. */
void pyro_processes_sweep(struct pyro_processes *processes, uint64_t now_ns);

/** One probe more; NULL if there are too many, or no memory. */
struct pyro_probe *pyro_processes_add(struct pyro_processes *processes, int pid, int parent,
				      uint64_t start_ns);
/** The same for process @pid, which runs, with all its threads; nothing for one that has a probe or
 *  cannot be followed. */
void pyro_processes_join(struct pyro_processes *processes, int pid, uint64_t now_ns);
/** Tells the recorder of the end of @probe. It stays until the queue has room for that. */
void pyro_processes_end(struct pyro_processes *processes, struct pyro_probe *probe,
			uint64_t now_ns);

#endif
