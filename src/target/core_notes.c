/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <signal.h>
#include <string.h>

#include "base/limits.h"
#include "target/core_inside.h"

/* Notes of the kernel (fs/binfmt_elf.c) and of debuggers. A name of 5 bytes, "CORE" with its NUL,
 * marks those that matter here; all are padded to 4 bytes. */

#define MAX_AUXV 8192

struct note {
	uint64_t offset; /* of its body */
	uint32_t size;
};

/* What the kernel does by default on these is to write a core. A debugger that takes a picture of a
 * process that lives on shows another signal, or none. */
static const int deadly[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
			     SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};

static void set_signal(struct pyro_core *core, int signal)
{
	for (size_t i = 0; i < PYRO_COUNT(deadly); i++) {
		if (deadly[i] == signal)
			core->facts.signal = signal;
	}
}

static enum pyro_rc read_status(struct pyro_core *core, const struct note *note)
{
	struct elf_prstatus status;
	struct pyro_core_thread *thread;
	enum pyro_rc rc = pyro_core_pread(core->fd, note->offset, &status, sizeof(status));

	if (rc != PYRO_RC_OK || core->thread_count == PYRO_MAX_THREADS)
		return rc;
	if (core->thread_count == core->thread_capacity) {
		const size_t capacity = core->thread_capacity ? 2 * core->thread_capacity : 16;

		thread = realloc(core->threads, capacity * sizeof(*thread));
		if (!thread)
			return PYRO_RC_NOMEM;
		core->threads = thread;
		core->thread_capacity = capacity;
	}
	/* The first is the one that the core is written for. */
	if (core->thread_count == 0 && !core->facts.signal)
		set_signal(core, status.pr_cursig);
	thread = &core->threads[core->thread_count++];
	thread->tid = status.pr_pid;
	memcpy(thread->registers, &status.pr_reg, sizeof(thread->registers));
	return PYRO_RC_OK;
}

static enum pyro_rc read_process(struct pyro_core *core, const struct note *note)
{
	struct elf_prpsinfo info;
	struct pyro_core_facts *facts = &core->facts;
	enum pyro_rc rc = pyro_core_pread(core->fd, note->offset, &info, sizeof(info));
	size_t size;

	if (rc != PYRO_RC_OK)
		return rc;
	facts->pid = info.pr_pid > 0 ? info.pr_pid : 0;
	facts->uid = info.pr_uid;
	memcpy(facts->name, info.pr_fname, sizeof(info.pr_fname));
	memcpy(facts->command, info.pr_psargs, sizeof(info.pr_psargs));
	/* The kernel ends each argument with a blank, the last as well. */
	size = strlen(facts->command);
	while (size > 0 && facts->command[size - 1] == ' ')
		facts->command[--size] = 0;
	return PYRO_RC_OK;
}

/* Debuggers write one for each thread: the first counts. */
static enum pyro_rc read_signal(struct pyro_core *core, const struct note *note)
{
	struct pyro_core_facts *facts = &core->facts;
	siginfo_t info;
	enum pyro_rc rc;

	if (core->thread_count > 1)
		return PYRO_RC_OK;
	rc = pyro_core_pread(core->fd, note->offset, &info, sizeof(info));
	if (rc != PYRO_RC_OK)
		return rc;
	set_signal(core, info.si_signo);
	facts->signal_code = info.si_code;
	if (facts->signal != info.si_signo)
		return PYRO_RC_OK;
	if (info.si_code == SI_USER || info.si_code == SI_QUEUE || info.si_code == SI_TKILL)
		facts->sender = info.si_pid > 0 ? info.si_pid : 0;
	facts->has_fault_addr = info.si_code > 0 && info.si_code != SI_KERNEL &&
				(info.si_signo == SIGSEGV || info.si_signo == SIGBUS ||
				 info.si_signo == SIGILL || info.si_signo == SIGFPE);
	if (facts->has_fault_addr)
		facts->fault_addr = (uint64_t)(uintptr_t)info.si_addr;
	return PYRO_RC_OK;
}

static enum pyro_rc read_vector(struct pyro_core *core, const struct note *note)
{
	uint64_t entries[MAX_AUXV / sizeof(uint64_t)];
	const size_t size = note->size < MAX_AUXV ? note->size : MAX_AUXV;
	enum pyro_rc rc = pyro_core_pread(core->fd, note->offset, entries, size);

	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = 0; i + 1 < size / sizeof(*entries) && entries[i] != AT_NULL; i += 2) {
		if (entries[i] == AT_PHDR)
			core->phdrs_addr = entries[i + 1];
		else if (entries[i] == AT_ENTRY)
			core->entry_addr = entries[i + 1];
		else if (entries[i] == AT_SYSINFO_EHDR)
			core->vdso_addr = entries[i + 1];
	}
	return PYRO_RC_OK;
}

/* Two words, count and size of a page; three words for each mapping, its start, its end and its
 * place in the file in pages; their paths. */
static enum pyro_rc parse_files(struct pyro_core *core, const char *text, size_t size)
{
	uint64_t head[2], count;
	const char *words, *end = text + size;
	char *path;

	if (size < sizeof(head))
		return PYRO_RC_OK;
	memcpy(head, text, sizeof(head));
	words = text + sizeof(head);
	count = head[0];
	if (count > PYRO_MAX_CORE_LOADS || count > (size - sizeof(head)) / 24 || count == 0)
		return PYRO_RC_OK;
	core->files = calloc(count, sizeof(*core->files));
	if (!core->files)
		return PYRO_RC_NOMEM;
	path = core->maps.text + sizeof(head) + count * 24;
	for (uint64_t i = 0; i < count && path < end; i++) {
		const size_t length = strnlen(path, (size_t)(end - path));
		struct pyro_mapping named = {0};
		uint64_t place[3];

		memcpy(place, words + i * sizeof(place), sizeof(place));
		pyro_mapping_set_path(&named, path, length);
		path += length + 1;
		if (place[0] >= place[1] || (head[1] && place[2] > UINT64_MAX / head[1]))
			continue;
		core->files[core->file_count++] = (struct pyro_core_file){
			.start = place[0],
			.end = place[1],
			.offset = place[2] * head[1],
			.path = named.path,
			.flags = named.flags,
		};
	}
	core->facts.has_files = core->file_count > 0;
	return PYRO_RC_OK;
}

static enum pyro_rc read_files(struct pyro_core *core, const struct note *note)
{
	enum pyro_rc rc;

	if (core->maps.text || note->size > PYRO_MAX_CORE_FILES)
		return PYRO_RC_OK;
	core->maps.text = malloc((size_t)note->size + 1);
	if (!core->maps.text)
		return PYRO_RC_NOMEM;
	rc = pyro_core_pread(core->fd, note->offset, core->maps.text, note->size);
	if (rc != PYRO_RC_OK)
		return rc;
	core->maps.text[note->size] = 0;
	return parse_files(core, core->maps.text, note->size);
}

static const struct {
	uint32_t type;
	uint32_t least; /* bytes of its body; the rest is not read */
	enum pyro_rc (*read)(struct pyro_core *core, const struct note *note);
} kinds[] = {
	{NT_PRSTATUS, sizeof(struct elf_prstatus), read_status},
	{NT_PRPSINFO, sizeof(struct elf_prpsinfo), read_process},
	{NT_SIGINFO, sizeof(siginfo_t), read_signal},
	{NT_AUXV, 2 * sizeof(uint64_t), read_vector},
	{NT_FILE, 2 * sizeof(uint64_t), read_files},
};

enum pyro_rc pyro_core_notes(struct pyro_core *core, uint64_t offset, uint64_t size,
			     struct pyro_err *err)
{
	struct {
		Elf64_Nhdr note;
		char name[8];
	} head;
	uint64_t end;

	if (offset > core->size)
		return PYRO_RC_OK;
	end = size < core->size - offset ? offset + size : core->size;
	for (size_t i = 0; i < PYRO_MAX_CORE_NOTES && end - offset >= sizeof(head); i++) {
		uint64_t name, body;
		enum pyro_rc rc = pyro_core_pread(core->fd, offset, &head, sizeof(head));

		name = ((uint64_t)head.note.n_namesz + 3) / 4 * 4;
		body = ((uint64_t)head.note.n_descsz + 3) / 4 * 4;
		offset += sizeof(head.note);
		if (rc != PYRO_RC_OK || name > end - offset ||
		    head.note.n_descsz > end - offset - name)
			break;
		for (size_t j = 0; j < PYRO_COUNT(kinds) && rc == PYRO_RC_OK; j++) {
			const struct note note = {offset + name, head.note.n_descsz};

			if (head.note.n_namesz == 5 && memcmp(head.name, "CORE", 5) == 0 &&
			    kinds[j].type == head.note.n_type && note.size >= kinds[j].least)
				rc = kinds[j].read(core, &note);
		}
		if (rc == PYRO_RC_NOMEM)
			return pyro_err_set(err, rc, "out of memory for its notes");
		if (body > end - offset - name)
			break;
		offset += name + body;
	}
	return PYRO_RC_OK;
}
