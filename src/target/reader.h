/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_READER_H
#define PYRO_TARGET_READER_H

#include <stdbool.h>
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

#define PYRO_TRAIL_POINTED 3

/** A chain of structures to follow, each of which may point to an object, which may point to others
 *  in turn. All offsets are in bytes and small: below 4096. An object, and what it points to, is
 *  read once, however many links point there. */
struct pyro_trail {
	uint64_t head; /**< address of the pointer to the first link */
	bool indirect; /**< that leads to a structure which has the pointer, at `via` */
	uint32_t via;
	uint32_t next;                        /**< in a link: the pointer to the next; 0 ends it, */
	uint64_t end;                         /**< ... and so does this, which is not read */
	uint32_t size;                        /**< bytes read of a link */
	uint32_t limit;                       /**< links at most */
	uint64_t block;                       /**< where many of them lie: read whole, at first */
	uint32_t block_size;                  /**< 0: there is no such place */
	uint32_t object;                      /**< in a link: the pointer to its object */
	uint64_t object_mask;                 /**< bits of that pointer which are an address */
	uint32_t object_size;                 /**< bytes read of it; 0: of no interest */
	uint32_t kind;                        /**< in a link: the byte that tells its kind ... */
	uint32_t kinds;                       /**< ... from this one on without one; 0: none is */
	uint32_t pointed[PYRO_TRAIL_POINTED]; /**< in an object: pointers to more */
	uint32_t pointed_count;
	uint32_t pointed_from;  /**< read of those from here ... */
	uint32_t pointed_size;  /**< ... this much ... */
	uint32_t pointed_unset; /**< ... and where the 8 bytes here in it are all ones ... */
	uint32_t pointed_more;  /**< ... so much of it, from its beginning */
	bool versioned;         /**< of an object where the 4 bytes at `version` are not 0, ... */
	uint32_t version;       /**< ... nothing that it points to is read */
};

/** What was met on a trail. @data lives as long as the call. */
typedef void pyro_reader_found(void *context, uint64_t addr, const void *data, size_t size);

/** The seam between those who decode a target's memory and where that memory comes from: a live
 *  process, a captured image, a core file, later the own process. Implementations embed it. */
struct pyro_reader {
	/** Reads spans in order and stops at the first that cannot be read whole; *ret_done (never
	 *  NULL) says how many were read whole. PYRO_RC_OK when all were. Errors: FAULT (an address
	 *  is not mapped), GONE (the process ended), PERM. Never blocks beyond the read itself,
	 *  allocates nothing: fit for the sampling loop. */
	enum pyro_rc (*readv)(struct pyro_reader *reader, const struct pyro_span *spans,
			      size_t count, size_t *ret_done);
	/** NULL, or: whether `follow` can be called now. */
	bool (*can_follow)(const struct pyro_reader *reader);
	/** As readv, and follows trails from there, all in one moment: nothing of it changes
	 *  meanwhile. Where a trail cannot be read further it ends. Errors: as readv, TORN (there
	 *  was no such moment, nothing was read). */
	enum pyro_rc (*follow)(struct pyro_reader *reader, const struct pyro_span *spans,
			       size_t count, size_t *ret_done, const struct pyro_trail *trails,
			       size_t trail_count, pyro_reader_found *found, void *context);
	void (*destroy)(struct pyro_reader *reader);
};

static inline enum pyro_rc pyro_reader_readv(struct pyro_reader *reader,
					     const struct pyro_span *spans, size_t count,
					     size_t *ret_done)
{
	return reader->readv(reader, spans, count, ret_done);
}

static inline bool pyro_reader_can_follow(const struct pyro_reader *reader)
{
	return reader->can_follow && reader->can_follow(reader);
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
