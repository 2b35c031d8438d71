/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_READER_H
#define PYRO_TARGET_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** One piece of a target's memory: where it lies there and where it goes here. A remote address is
 *  an integer, never a pointer. */
struct pyro_span {
	uint64_t addr;
	void *into;
	size_t size;
};

/** The seam between those who decode a target's memory and where that memory comes from: a live
 *  process, a captured image, later a core file or the own process. Implementations embed it. */
struct pyro_reader {
	/** Reads spans in order and stops at the first that cannot be read whole; *ret_done (never
	 *  NULL) says how many were read whole. PYRO_RC_OK when all were. Errors: FAULT (an address
	 *  is not mapped), GONE (the process ended), PERM. Never blocks beyond the read itself,
	 *  allocates nothing: fit for the sampling loop. */
	enum pyro_rc (*readv)(struct pyro_reader *reader, const struct pyro_span *spans,
			      size_t count, size_t *ret_done);
	void (*destroy)(struct pyro_reader *reader);
};

static inline enum pyro_rc pyro_reader_readv(struct pyro_reader *reader,
					     const struct pyro_span *spans, size_t count,
					     size_t *ret_done)
{
	return reader->readv(reader, spans, count, ret_done);
}

/** Reads @size bytes at @addr, all or nothing. */
PYRO_NODISCARD static inline enum pyro_rc pyro_reader_read(struct pyro_reader *reader,
							   uint64_t addr, void *into, size_t size)
{
	const struct pyro_span span = {.addr = addr, .into = into, .size = size};
	size_t done;

	return reader->readv(reader, &span, 1, &done);
}

/** Takes NULL. */
static inline void pyro_reader_destroy(struct pyro_reader *reader)
{
	if (reader)
		reader->destroy(reader);
}

/** Memory of the live process @pid by process_vm_readv. */
enum pyro_rc pyro_live_reader_create(int pid, struct pyro_reader **ret_reader,
				     struct pyro_err *err) PYRO_NODISCARD;

/** Memory captured in an image file (format: src/target/image.h). The same decoder runs over it. */
enum pyro_rc pyro_image_reader_create(const char *path, struct pyro_reader **ret_reader,
				      struct pyro_err *err) PYRO_NODISCARD;

#endif
