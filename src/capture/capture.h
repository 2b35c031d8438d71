/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_CAPTURE_H
#define PYRO_CAPTURE_CAPTURE_H

#include "profile/profile.h"

/** One sample as it lies in a chunk of its track, in time order. */
struct pyro_capture_sample {
	uint64_t at_ns; /**< on the recording's clock (0 = its start); stored to the microsecond */
	uint32_t track;
	uint32_t stack;   /**< PYRO_NONE: the thread ran no Python code */
	uint64_t wall_ns; /**< stored to the microsecond; the totals are exact */
	uint64_t cpu_ns;
	bool on_cpu;
	bool holds_gil;
	enum pyro_reason reason; /**< why it was off its processor; NONE: it was not, or unknown */
	enum pyro_proof proof;
};

/** Writes a capture while it is recorded. The file is created 0600, never through a link, never
 * over an existing one. What was flushed survives the death of the recorder. */
struct pyro_capture_writer;

/** @profile is borrowed. Errors: EXISTS, IO, PERM, FULL: the message names the path and what to
 *  try. */
enum pyro_rc pyro_capture_writer_create(const char *path, struct pyro_profile *profile,
					struct pyro_capture_writer **ret_writer,
					struct pyro_err *err) PYRO_NODISCARD;
/** Queues one sample; cheap, no I/O. Its total is added to the profile by the caller. */
enum pyro_rc pyro_capture_writer_sample(struct pyro_capture_writer *writer,
					const struct pyro_capture_sample *sample) PYRO_NODISCARD;
/** Writes all that is new in the profile, the samples queued, changed totals, processes, tracks,
 * meta and quality, in one transaction. Call at least once a second. Errors: FULL, IO: the file
 * still opens and holds what was flushed before; later calls return the same error. */
enum pyro_rc pyro_capture_writer_flush(struct pyro_capture_writer *writer,
				       struct pyro_err *err) PYRO_NODISCARD;
/** Copies all that was flushed to a new capture at @path, complete and of its own, which is made as
 *  a capture is. @between is called now and then meanwhile. Errors: as of create; nothing is left
 *  then, and the writer goes on. */
enum pyro_rc pyro_capture_writer_copy(struct pyro_capture_writer *writer, const char *path,
				      void (*between)(void *context), void *context,
				      struct pyro_err *err) PYRO_NODISCARD;
/** Flushes, marks the capture complete, closes. The writer is destroyed whatever the result. */
enum pyro_rc pyro_capture_writer_finish(struct pyro_capture_writer *writer,
					struct pyro_err *err) PYRO_NODISCARD;
/** Closes without finishing. Takes NULL. */
void pyro_capture_writer_destroy(struct pyro_capture_writer *writer);

/** Reads a capture, complete or cut off. Nothing in the file is trusted. */
struct pyro_capture_reader;

/** Errors: NOTFOUND, PERM, IO, FORMAT (not a capture, or damaged: says which), NEWER (names both
 *  schema versions). */
enum pyro_rc pyro_capture_reader_create(const char *path, struct pyro_capture_reader **ret_reader,
					struct pyro_err *err) PYRO_NODISCARD;
void pyro_capture_reader_destroy(struct pyro_capture_reader *reader);
/** Everything but the samples, as a new profile that the caller destroys. */
enum pyro_rc pyro_capture_reader_profile(struct pyro_capture_reader *reader,
					 struct pyro_profile **ret_profile,
					 struct pyro_err *err) PYRO_NODISCARD;
/** Every sample, track by track, in time order within a track. Stops at the first error of @each.
 */
enum pyro_rc pyro_capture_reader_samples(
	struct pyro_capture_reader *reader,
	enum pyro_rc (*each)(void *context, const struct pyro_capture_sample *sample),
	void *context, struct pyro_err *err) PYRO_NODISCARD;
/** False if the recorder did not finish it: all but the last second is there. */
bool pyro_capture_reader_complete(const struct pyro_capture_reader *reader);

#endif
