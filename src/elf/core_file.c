/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/core_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "elf/elf_file.h"

#define FIRST_PAGE 4096
#define ID_TEXT    (2 * PYRO_ELF_BUILD_ID_SIZE + 1)

struct build_id {
	uint8_t bytes[PYRO_ELF_BUILD_ID_SIZE];
	size_t size; /* 0: it has none, or that cannot be told */
};

static void format_id(const struct build_id *id, char text[ID_TEXT])
{
	text[0] = 0;
	for (size_t i = 0; i < id->size; i++)
		snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
}

static void read_id(struct pyro_elf *elf, struct build_id *id)
{
	if (pyro_elf_build_id(elf, id->bytes, &id->size) != PYRO_RC_OK)
		id->size = 0;
}

/* The mapping with the beginning of the file, or NULL. */
static const struct pyro_mapping *first_of(const struct pyro_core *core,
					   const struct pyro_mapping *file)
{
	const struct pyro_maps *maps = pyro_core_maps(core);

	for (size_t i = 0; i < maps->count; i++) {
		if (maps->items[i].offset == 0 && pyro_mapping_same_file(&maps->items[i], file))
			return &maps->items[i];
	}
	return NULL;
}

/* True as well where the core has nothing to compare: it left out the headers of objects. */
static bool same_page(struct pyro_core *core, const struct pyro_mapping *first, int fd)
{
	uint8_t mapped[FIRST_PAGE], page[FIRST_PAGE];
	ssize_t size;

	if (!first || pyro_reader_read(pyro_core_reader(core), first->start, mapped, FIRST_PAGE) !=
			      PYRO_RC_OK)
		return true;
	size = pread(fd, page, FIRST_PAGE, 0);
	return size > 0 && memcmp(mapped, page, (size_t)size) == 0;
}

/* Whether the file @fd is the one that the core maps at @first. */
static enum pyro_rc compare(struct pyro_core *core, const struct pyro_mapping *first, int fd,
			    struct pyro_err *err)
{
	struct pyro_elf *file = NULL, *mapped = NULL;
	struct build_id ours = {.size = 0}, theirs = {.size = 0};
	char text[2][ID_TEXT];
	enum pyro_rc rc = pyro_elf_create_from_fd(fd, &file, err);

	if (rc != PYRO_RC_OK)
		return rc;
	read_id(file, &ours);
	pyro_elf_destroy(file);
	if (first && pyro_elf_create_from_memory(pyro_core_reader(core), first->start, &mapped,
						 NULL) == PYRO_RC_OK) {
		read_id(mapped, &theirs);
		pyro_elf_destroy(mapped);
	}
	if (ours.size && theirs.size) {
		if (ours.size == theirs.size && memcmp(ours.bytes, theirs.bytes, ours.size) == 0)
			return PYRO_RC_OK;
		format_id(&ours, text[0]);
		format_id(&theirs, text[1]);
		return pyro_err_set(err, PYRO_RC_NOTFOUND,
				    "not the file that was mapped: its build id is %s, that was %s",
				    text[0], text[1]);
	}
	if (same_page(core, first, fd))
		return PYRO_RC_OK;
	return pyro_err_set(err, PYRO_RC_NOTFOUND,
			    "not the file that was mapped: it begins in another way");
}

static enum pyro_rc open_path(const char *path, int *ret_fd, struct pyro_err *err)
{
	PYRO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return pyro_err_set_errno(err, errno == EACCES ? PYRO_RC_PERM : PYRO_RC_NOTFOUND,
					  errno, "cannot open it");
	*ret_fd = PYRO_TAKE_FD(fd);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_core_file_open(struct pyro_core *core, const struct pyro_core_places *places,
				 const struct pyro_mapping *mapping, struct pyro_err *err)
{
	PYRO_AUTO_CLOSE int fd = -1;
	char below[2 * PYRO_MAX_PATH];
	const char *path = mapping->path;
	enum pyro_rc rc;

	if (pyro_core_supplied(core, mapping) >= 0)
		return PYRO_RC_OK;
	if (mapping->inode == 0 || path[0] != '/')
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "no file is mapped there");
	if (places->exe && strcmp(path, pyro_core_exe(core)) == 0) {
		path = places->exe;
	} else if (places->root) {
		if (snprintf(below, sizeof(below), "%s%s", places->root, path) >=
		    (int)sizeof(below))
			return pyro_err_set(err, PYRO_RC_LIMIT, "the path of %s is too long", path);
		path = below;
	}
	rc = open_path(path, &fd, err);
	if (rc == PYRO_RC_OK)
		rc = compare(core, first_of(core, mapping), fd, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_core_supply(core, mapping, PYRO_TAKE_FD(fd));
	return rc == PYRO_RC_OK ? rc : pyro_err_prefix(err, rc, "%s", path);
}

static void open_asked(void *context, struct pyro_core *core, const struct pyro_mapping *mapping)
{
	(void)!pyro_core_file_open(core, context, mapping, NULL);
}

void pyro_core_file_open_all(struct pyro_core *core, const struct pyro_core_places *places)
{
	pyro_core_ask(core, open_asked, (void *)places);
}
