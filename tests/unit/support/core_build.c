/* SPDX-License-Identifier: Apache-2.0 */
#include "support/core_build.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <unistd.h>

#define LIMIT (1 << 24)

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#define PC          16 /* rip, in the order of struct user_regs_struct */
#else
#define OWN_MACHINE EM_AARCH64
#define PC          32
#endif

void core_build_init(struct core_build *build)
{
	memset(build, 0, sizeof(*build));
	pyro_buf_init(&build->notes, LIMIT);
	pyro_buf_init(&build->memory, LIMIT);
	pyro_buf_init(&build->file, LIMIT);
	memcpy(build->header.e_ident, ELFMAG, SELFMAG);
	build->header.e_ident[EI_CLASS] = ELFCLASS64;
	build->header.e_ident[EI_DATA] = ELFDATA2LSB;
	build->header.e_ident[EI_VERSION] = EV_CURRENT;
	build->header.e_type = ET_CORE;
	build->header.e_machine = OWN_MACHINE;
	build->header.e_version = EV_CURRENT;
	build->header.e_phoff = sizeof(Elf64_Ehdr);
	build->header.e_ehsize = sizeof(Elf64_Ehdr);
	build->header.e_phentsize = sizeof(Elf64_Phdr);
}

void core_build_deinit(struct core_build *build)
{
	pyro_buf_deinit(&build->notes);
	pyro_buf_deinit(&build->memory);
	pyro_buf_deinit(&build->file);
}

static void add_padding(struct pyro_buf *buf, size_t to)
{
	while (buf->size % to != 0)
		pyro_buf_add_char(buf, 0);
}

void core_build_note(struct core_build *build, uint32_t type, const void *body, size_t size)
{
	const Elf64_Nhdr head = {.n_namesz = 5, .n_descsz = (Elf64_Word)size, .n_type = type};

	pyro_buf_add(&build->notes, &head, sizeof(head));
	pyro_buf_add(&build->notes, "CORE\0\0\0", 8);
	pyro_buf_add(&build->notes, body, size);
	add_padding(&build->notes, 4);
}

void core_build_thread(struct core_build *build, int tid, int signal, uint64_t pc)
{
	struct elf_prstatus status = {.pr_cursig = (short)signal, .pr_pid = tid};

	status.pr_reg[PC] = pc;
	core_build_note(build, NT_PRSTATUS, &status, sizeof(status));
}

void core_build_process(struct core_build *build, int pid, const char *name, const char *command)
{
	struct elf_prpsinfo info = {.pr_pid = pid, .pr_uid = 1000};

	memcpy(info.pr_fname, name, strnlen(name, sizeof(info.pr_fname)));
	memcpy(info.pr_psargs, command, strnlen(command, sizeof(info.pr_psargs)));
	core_build_note(build, NT_PRPSINFO, &info, sizeof(info));
}

void core_build_signal(struct core_build *build, int signal, int code, uint64_t addr, int sender)
{
	siginfo_t info = {.si_signo = signal, .si_code = code};

	if (sender)
		info.si_pid = sender;
	else
		info.si_addr = (void *)(uintptr_t)addr; /* NOLINT(performance-no-int-to-ptr) */
	core_build_note(build, NT_SIGINFO, &info, sizeof(info));
}

void core_build_vector(struct core_build *build, uint64_t phdrs)
{
	const uint64_t entries[] = {AT_PAGESZ, 4096, AT_PHDR, phdrs, AT_NULL, 0};

	core_build_note(build, NT_AUXV, entries, sizeof(entries));
}

void core_build_files(struct core_build *build, const struct core_build_file *files, size_t count)
{
	const uint64_t head[] = {count, 4096};
	struct pyro_buf body;

	pyro_buf_init(&body, LIMIT);
	pyro_buf_add(&body, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		const uint64_t place[] = {files[i].start, files[i].end, files[i].page};

		pyro_buf_add(&body, place, sizeof(place));
	}
	for (size_t i = 0; i < count; i++)
		pyro_buf_add(&body, files[i].path, strlen(files[i].path) + 1);
	core_build_note(build, NT_FILE, body.data, body.size);
	pyro_buf_deinit(&body);
}

void core_build_load(struct core_build *build, uint64_t addr, uint64_t size, uint32_t flags,
		     const void *data, size_t dumped)
{
	build->loads[build->load_count++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_offset = build->memory.size,
		.p_vaddr = addr,
		.p_filesz = dumped,
		.p_memsz = size,
		.p_align = 4096,
	};
	pyro_buf_add(&build->memory, data, dumped);
}

size_t core_build_finish(struct core_build *build)
{
	const size_t notes = sizeof(Elf64_Ehdr) + (build->load_count + 1) * sizeof(Elf64_Phdr);
	const Elf64_Phdr note = {
		.p_type = PT_NOTE, .p_offset = notes, .p_filesz = build->notes.size, .p_align = 4};

	pyro_buf_reset(&build->file);
	build->header.e_phnum = (Elf64_Half)(build->load_count + 1);
	pyro_buf_add(&build->file, &build->header, sizeof(build->header));
	pyro_buf_add(&build->file, &note, sizeof(note));
	for (size_t i = 0; i < build->load_count; i++) {
		Elf64_Phdr load = build->loads[i];

		load.p_offset += notes + build->notes.size;
		pyro_buf_add(&build->file, &load, sizeof(load));
	}
	pyro_buf_add(&build->file, build->notes.data, build->notes.size);
	pyro_buf_add(&build->file, build->memory.data, build->memory.size);
	return notes;
}

enum pyro_rc core_build_open(const struct core_build *build, size_t size,
			     struct pyro_core **ret_core, struct pyro_err *err)
{
	const int fd = memfd_create("core", MFD_CLOEXEC);

	if (fd < 0 || write(fd, build->file.data, size) != (ssize_t)size)
		return pyro_err_set(err, PYRO_RC_IO, "the test cannot make its file");
	return pyro_core_open_take(fd, ret_core, err);
}
