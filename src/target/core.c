/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "target/core_inside.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#error "registers in core files of this architecture are not known"
#endif

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{EM_386, "x86"},         {EM_X86_64, "x86-64"}, {EM_ARM, "32-bit Arm"},
	{EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"},  {EM_PPC64, "POWER"},
	{EM_S390, "s390x"},
};

/* systemd-coredump and others pack what they keep. */
static const struct {
	uint8_t magic[6];
	size_t size;
	const char *name;
	const char *command;
} packings[] = {
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd", "zstd -d"},
	{{0x04, 0x22, 0x4d, 0x18}, 4, "lz4", "lz4 -d"},
	{{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "xz", "xz -dk"},
	{{0x1f, 0x8b}, 2, "gzip", "gzip -dk"},
};

static const char *machine_name(unsigned machine)
{
	for (size_t i = 0; i < PYRO_COUNT(machines); i++) {
		if (machines[i].machine == machine)
			return machines[i].name;
	}
	return "an unknown machine";
}

enum pyro_rc pyro_core_pread(int fd, uint64_t offset, void *into, size_t size)
{
	size_t done = 0;

	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return PYRO_RC_SHORT;
	while (done < size) {
		const ssize_t got =
			pread(fd, (char *)into + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return PYRO_RC_IO;
		if (got == 0)
			return PYRO_RC_SHORT;
		done += (size_t)got;
	}
	return PYRO_RC_OK;
}

/* Reads as much of [addr, addr + size) as lies in one place; 0: there is nothing at @addr. */
static size_t read_part(struct pyro_core *core, uint64_t addr, void *into, size_t size)
{
	const struct pyro_mapping *mapping = pyro_maps_find(&core->maps, addr);
	struct pyro_core_load *load;
	uint64_t at, left;
	enum pyro_rc rc;

	if (!mapping)
		return 0;
	load = &core->loads[mapping - core->maps.items];
	at = addr - mapping->start;
	if (at < load->dumped) {
		left = at < load->here ? load->here - at : 0;
		size = size < left ? size : left;
		rc = size ? pyro_core_pread(core->fd, load->offset + at, into, size)
			  : PYRO_RC_SHORT;
	} else {
		left = mapping->end - addr;
		size = size < left ? size : left;
		if (load->fd < 0 && mapping->inode && core->ask && !load->asked) {
			load->asked = true;
			core->ask(core->context, core, mapping);
		}
		if (load->fd < 0 || mapping->offset > UINT64_MAX - at)
			return 0;
		rc = pyro_core_pread(load->fd, mapping->offset + at, into, size);
	}
	return rc == PYRO_RC_OK ? size : 0;
}

/* A read may go on from one mapping into the next where they touch. */
static enum pyro_rc core_readv(struct pyro_reader *reader, const struct pyro_span *spans,
			       size_t count, size_t *ret_done)
{
	struct pyro_core *core = (struct pyro_core *)reader;

	for (*ret_done = 0; *ret_done < count; (*ret_done)++) {
		const struct pyro_span *span = &spans[*ret_done];
		size_t done = 0;

		while (done < span->size) {
			const size_t part =
				span->addr > UINT64_MAX - done
					? 0
					: read_part(core, span->addr + done,
						    (char *)span->into + done, span->size - done);

			if (part == 0)
				return PYRO_RC_FAULT;
			done += part;
		}
	}
	return PYRO_RC_OK;
}

/* The reader is the core's own part: it goes with the core. */
static void core_destroy(struct pyro_reader *reader)
{
	(void)reader;
}

static enum pyro_rc refuse_other_formats(const uint8_t *ident, struct pyro_err *err)
{
	for (size_t i = 0; i < PYRO_COUNT(packings); i++) {
		if (memcmp(ident, packings[i].magic, packings[i].size) == 0)
			return pyro_err_set(err, PYRO_RC_FORMAT,
					    "packed by %s. Try: %s, and what that makes of it",
					    packings[i].name, packings[i].command);
	}
	return pyro_err_set(err, PYRO_RC_FORMAT, "not a core file");
}

static enum pyro_rc check_header(const Elf64_Ehdr *header, uint64_t size, struct pyro_err *err)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return refuse_other_formats(header->e_ident, err);
	if (size < sizeof(*header))
		return pyro_err_set(err, PYRO_RC_FORMAT,
				    "a core file of %" PRIu64 " bytes: it was cut short", size);
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "of a 32-bit program");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "of a big-endian machine");
	if (header->e_type != ET_CORE)
		return pyro_err_set(err, PYRO_RC_FORMAT,
				    "not a core file but an ELF file of type %u: a program or a "
				    "library",
				    header->e_type);
	if (header->e_machine != OWN_MACHINE)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "of a program for %s (machine %u); this pyrometer reads cores "
				    "of %s",
				    machine_name(header->e_machine), header->e_machine,
				    machine_name(OWN_MACHINE));
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return pyro_err_set(err, PYRO_RC_FORMAT, "a core file with segments of %u bytes",
				    header->e_phentsize);
	return PYRO_RC_OK;
}

/* Beyond 65534 segments their number stands in the first section. */
static enum pyro_rc count_segments(const struct pyro_core *core, const Elf64_Ehdr *header,
				   size_t *ret_count, struct pyro_err *err)
{
	Elf64_Shdr section;

	*ret_count = header->e_phnum;
	if (header->e_phnum == PN_XNUM) {
		if (pyro_core_pread(core->fd, header->e_shoff, &section, sizeof(section)) !=
		    PYRO_RC_OK)
			return pyro_err_set(err, PYRO_RC_FORMAT,
					    "a core file that does not say how many segments it "
					    "has: it was cut short");
		*ret_count = section.sh_info;
	}
	if (*ret_count > PYRO_MAX_CORE_LOADS)
		return pyro_err_set(err, PYRO_RC_LIMIT, "%zu segments, over %d", *ret_count,
				    PYRO_MAX_CORE_LOADS);
	return PYRO_RC_OK;
}

static enum pyro_rc load_segments(struct pyro_core *core, Elf64_Phdr **ret_segments,
				  size_t *ret_count, struct pyro_err *err)
{
	PYRO_AUTO_FREE Elf64_Phdr *segments = NULL;
	Elf64_Ehdr header = {0};
	size_t count = 0;
	enum pyro_rc rc;

	rc = pyro_core_pread(core->fd, 0, &header,
			     core->size < sizeof(header) ? core->size : sizeof(header));
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "cannot read it");
	rc = check_header(&header, core->size, err);
	if (rc == PYRO_RC_OK)
		rc = count_segments(core, &header, &count, err);
	if (rc != PYRO_RC_OK)
		return rc;
	if (count == 0 || header.e_phoff > core->size ||
	    count > (core->size - header.e_phoff) / sizeof(*segments))
		return pyro_err_set(err, PYRO_RC_FORMAT,
				    "a core file of %" PRIu64
				    " bytes, which ends before its %zu "
				    "segments are named: it was cut short",
				    core->size, count);
	segments = calloc(count, sizeof(*segments));
	if (!segments)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for %zu segments", count);
	rc = pyro_core_pread(core->fd, header.e_phoff, segments, count * sizeof(*segments));
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "cannot read its segments");
	*ret_segments = PYRO_TAKE_POINTER(segments);
	*ret_count = count;
	return PYRO_RC_OK;
}

static enum pyro_rc load(struct pyro_core *core, struct pyro_err *err)
{
	PYRO_AUTO_FREE Elf64_Phdr *segments = NULL;
	struct stat st;
	size_t count = 0;
	enum pyro_rc rc;

	if (fstat(core->fd, &st) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return pyro_err_set(err, PYRO_RC_FORMAT, "not a regular file");
	core->size = (uint64_t)st.st_size;
	if (core->size == 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "it is empty");
	rc = load_segments(core, &segments, &count, err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < count; i++) {
		if (segments[i].p_type == PT_NOTE)
			rc = pyro_core_notes(core, segments[i].p_offset, segments[i].p_filesz, err);
	}
	return rc == PYRO_RC_OK ? pyro_core_space(core, segments, count, err) : rc;
}

enum pyro_rc pyro_core_open_take(int fd, struct pyro_core **ret_core, struct pyro_err *err)
{
	struct pyro_core *core = calloc(1, sizeof(*core));
	enum pyro_rc rc;

	if (!core) {
		close(fd);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	core->reader.readv = core_readv;
	core->reader.destroy = core_destroy;
	core->fd = fd;
	rc = load(core, err);
	if (rc != PYRO_RC_OK)
		pyro_core_close(core);
	else
		*ret_core = core;
	return rc;
}

enum pyro_rc pyro_core_open(const char *path, struct pyro_core **ret_core, struct pyro_err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum pyro_rc rc;

	if (fd < 0) {
		rc = errno == ENOENT   ? PYRO_RC_NOTFOUND
		     : errno == EACCES ? PYRO_RC_PERM
				       : PYRO_RC_IO;
		return pyro_err_set_errno(err, rc, errno, "%s", path);
	}
	rc = pyro_core_open_take(fd, ret_core, err);
	return rc == PYRO_RC_OK ? rc : pyro_err_prefix(err, rc, "%s", path);
}

void pyro_core_close(struct pyro_core *core)
{
	if (!core)
		return;
	for (size_t i = 0; i < core->fd_count; i++)
		close(core->fds[i]);
	free(core->fds);
	free(core->files);
	free(core->loads);
	free(core->threads);
	pyro_maps_deinit(&core->maps);
	close(core->fd);
	free(core);
}

struct pyro_reader *pyro_core_reader(struct pyro_core *core)
{
	return &core->reader;
}

const struct pyro_core_facts *pyro_core_facts(const struct pyro_core *core)
{
	return &core->facts;
}

const struct pyro_core_thread *pyro_core_threads(const struct pyro_core *core, size_t *ret_count)
{
	*ret_count = core->thread_count;
	return core->threads;
}

const struct pyro_maps *pyro_core_maps(const struct pyro_core *core)
{
	return &core->maps;
}

const char *pyro_core_exe(const struct pyro_core *core)
{
	const struct pyro_mapping *mapping = pyro_maps_find(&core->maps, core->phdrs_addr);

	if (!mapping || mapping->inode == 0)
		mapping = pyro_maps_find(&core->maps, core->entry_addr);
	return mapping && mapping->inode ? mapping->path : "";
}

enum pyro_rc pyro_core_supply(struct pyro_core *core, const struct pyro_mapping *mapping, int fd)
{
	int *fds = realloc(core->fds, (core->fd_count + 1) * sizeof(*fds));

	if (!fds) {
		close(fd);
		return PYRO_RC_NOMEM;
	}
	core->fds = fds;
	core->fds[core->fd_count++] = fd;
	for (size_t i = 0; i < core->maps.count; i++) {
		if (pyro_mapping_same_file(&core->maps.items[i], mapping))
			core->loads[i].fd = fd;
	}
	return PYRO_RC_OK;
}

void pyro_core_ask(struct pyro_core *core,
		   void (*ask)(void *context, struct pyro_core *core,
			       const struct pyro_mapping *mapping),
		   void *context)
{
	core->ask = ask;
	core->context = context;
}

int pyro_core_supplied(const struct pyro_core *core, const struct pyro_mapping *mapping)
{
	return core->loads[mapping - core->maps.items].fd;
}
