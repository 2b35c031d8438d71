/* SPDX-License-Identifier: Apache-2.0 */
#include <lzma.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "elf/elf_functions.h"
#include "elf/elf_internal.h"

/* .gnu_debugdata: an object file with nothing but a symbol table, packed by xz. */

enum {
	MAX_PACKED = 64 << 20,
	MAX_UNPACKED = 256 << 20,
	MAX_WORK = 128 << 20, /* memory that unpacking may take */
	STEP = 1 << 20
};

static enum pyro_rc unpack(const uint8_t *packed, size_t size, struct pyro_buf *unpacked)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret ret;

	if (lzma_stream_decoder(&stream, MAX_WORK, 0) != LZMA_OK)
		return PYRO_RC_NOMEM;
	stream.next_in = packed;
	stream.avail_in = size;
	do {
		char *room = pyro_buf_reserve(unpacked, STEP);

		if (!room) {
			lzma_end(&stream);
			return PYRO_RC_LIMIT;
		}
		stream.next_out = (uint8_t *)room;
		stream.avail_out = STEP;
		ret = lzma_code(&stream, LZMA_FINISH);
		unpacked->size += STEP - stream.avail_out;
	} while (ret == LZMA_OK);
	lzma_end(&stream);
	return ret == LZMA_STREAM_END ? PYRO_RC_OK : PYRO_RC_FORMAT;
}

static enum pyro_rc add_bytes(struct pyro_elf_functions *functions, const struct pyro_buf *bytes)
{
	PYRO_AUTO_CLOSE int fd = memfd_create("debugdata", MFD_CLOEXEC);
	struct pyro_elf *elf = NULL;
	enum pyro_rc rc;

	if (fd < 0 || pwrite(fd, bytes->data, bytes->size, 0) != (ssize_t)bytes->size)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_create_from_fd(fd, &elf, NULL);
	if (rc == PYRO_RC_OK)
		rc = pyro_elf_functions_add(functions, elf);
	pyro_elf_destroy(elf);
	return rc;
}

enum pyro_rc pyro_elf_functions_add_packed(struct pyro_elf_functions *functions,
					   struct pyro_elf *elf)
{
	PYRO_AUTO_FREE uint8_t *packed = NULL;
	struct pyro_buf unpacked PYRO_CLEANUP(pyro_buf_deinit);
	struct pyro_elf_section section;
	enum pyro_rc rc;

	pyro_buf_init(&unpacked, MAX_UNPACKED);
	rc = pyro_elf_section(elf, ".gnu_debugdata", &section);
	if (rc != PYRO_RC_OK)
		return rc;
	if (section.size > MAX_PACKED)
		return PYRO_RC_LIMIT;
	if (section.offset > elf->file_size || section.size > elf->file_size - section.offset)
		return PYRO_RC_SHORT;
	packed = malloc(section.size ? section.size : 1);
	if (!packed)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read_offset(elf, section.offset, packed, section.size);
	if (rc == PYRO_RC_OK)
		rc = unpack(packed, section.size, &unpacked);
	return rc == PYRO_RC_OK ? add_bytes(functions, &unpacked) : rc;
}
