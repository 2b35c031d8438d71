/* SPDX-License-Identifier: Apache-2.0 */
#include "target/interrupt.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/interrupt_area.h"
#include "target/interrupt_program.h"

enum stage {
	STAGE_AT_REST, /* reads are no business of ours */
	STAGE_AIMED,   /* the next one is */
	STAGE_READ,    /* it has been done */
};

struct pyro_interrupt {
	struct pyro_interrupt_area *area; /* shared with the program */
	int map_fd;
	int program_fd;
	enum stage stage;
	enum pyro_interrupt_result result;
	int cpu;
	uint64_t held_ns;
};

struct interrupt_reader {
	struct pyro_reader reader;
	struct pyro_interrupt *interrupt;
	struct pyro_reader *inner;
};

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* ---- making ---- */

/* Each step says whether it was done, and if not, by errno why. */

static bool create_area(struct pyro_interrupt *interrupt)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct pyro_interrupt_area),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};
	void *area;

	interrupt->map_fd = bpf(BPF_MAP_CREATE, &attr);
	if (interrupt->map_fd < 0)
		return false;
	area = mmap(NULL, sizeof(*interrupt->area), PROT_READ | PROT_WRITE, MAP_SHARED,
		    interrupt->map_fd, 0);
	if (area == MAP_FAILED)
		return false;
	interrupt->area = area;
	return true;
}

static bool load_program(struct pyro_interrupt *interrupt)
{
	static const char license[] = "Dual BSD/GPL"; /* as the kernel spells it */
	struct bpf_insn program[PYRO_COUNT(pyro_interrupt_program)];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insn_cnt = PYRO_COUNT(pyro_interrupt_program),
		.insns = (uintptr_t)program,
		.license = (uintptr_t)license,
	};

	_Static_assert(sizeof(program) == sizeof(pyro_interrupt_program), "one word each");
	memcpy(program, pyro_interrupt_program, sizeof(program));
	for (size_t i = 0; i < PYRO_COUNT(pyro_interrupt_program_area); i++) {
		struct bpf_insn *load = &program[pyro_interrupt_program_area[i]];

		load[1].imm = load[0].imm; /* the offset in the area */
		load[0].imm = interrupt->map_fd;
		load[0].src_reg = BPF_PSEUDO_MAP_VALUE;
	}
	interrupt->program_fd = bpf(BPF_PROG_LOAD, &attr);
	return interrupt->program_fd >= 0;
}

/* Runs the program on @cpu. False if the kernel does not do that. */
static bool interrupt_once(struct pyro_interrupt *interrupt, int cpu)
{
	union bpf_attr attr = {.test = {
				       .prog_fd = (uint32_t)interrupt->program_fd,
				       .flags = BPF_F_TEST_RUN_ON_CPU,
				       .cpu = (uint32_t)cpu,
			       }};

	return bpf(BPF_PROG_TEST_RUN, &attr) == 0;
}

/* On our own thread, which tells whether it can be done at all. */
static bool try_program(struct pyro_interrupt *interrupt)
{
	struct pyro_interrupt_area *area = interrupt->area;
	const uint64_t probe = 0x5079726f;
	struct stat namespace;
	uint64_t copy = 0;
	cpu_set_t before, here;
	int cpu, errnum;

	if (stat("/proc/self/ns/pid", &namespace) != 0)
		return false;
	area->namespace_dev = namespace.st_dev;
	area->namespace_ino = namespace.st_ino;
	area->tid = (unsigned int)syscall(SYS_gettid);
	area->count = 1;
	area->spans[0] = (struct pyro_interrupt_span){.addr = (uintptr_t)&probe, .size = 8};
	/* It must not go to another processor in between. */
	cpu = sched_getcpu();
	if (cpu < 0 || sched_getaffinity(0, sizeof(before), &before) != 0)
		return false;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	(void)sched_setaffinity(0, sizeof(here), &here);
	errnum = interrupt_once(interrupt, cpu) ? 0 : errno;
	(void)sched_setaffinity(0, sizeof(before), &before);
	memcpy(&copy, area->data, sizeof(copy));
	if (!errnum && (area->found != area->tid || !area->spans[0].read || copy != probe))
		errnum = EOPNOTSUPP;
	errno = errnum;
	return !errnum;
}

static enum pyro_rc explain(int errnum, struct pyro_err *err)
{
	if (errnum == EPERM || errnum == EACCES)
		return pyro_err_set(err, PYRO_RC_PERM,
				    "may not read by interrupts: that takes root, or CAP_BPF and "
				    "CAP_PERFMON. Try: sudo, or --proof switch");
	return pyro_err_set_errno(err, PYRO_RC_UNSUPPORTED, errnum,
				  "this kernel does not read by interrupts (5.10 and newer do, "
				  "built with CONFIG_BPF_EVENTS). Try: --proof switch");
}

enum pyro_rc pyro_interrupt_create(struct pyro_interrupt **ret_interrupt, struct pyro_err *err)
{
	struct pyro_interrupt *interrupt = calloc(1, sizeof(*interrupt));

	if (!interrupt)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	interrupt->map_fd = interrupt->program_fd = -1;
	if (!create_area(interrupt) || !load_program(interrupt) || !try_program(interrupt)) {
		const enum pyro_rc rc = explain(errno, err);
		pyro_interrupt_destroy(interrupt);
		return rc;
	}
	*ret_interrupt = interrupt;
	return PYRO_RC_OK;
}

void pyro_interrupt_destroy(struct pyro_interrupt *interrupt)
{
	if (!interrupt)
		return;
	if (interrupt->area)
		munmap(interrupt->area, sizeof(*interrupt->area));
	if (interrupt->map_fd >= 0)
		close(interrupt->map_fd);
	if (interrupt->program_fd >= 0)
		close(interrupt->program_fd);
	free(interrupt);
}

/* ---- reading ---- */

void pyro_interrupt_aim(struct pyro_interrupt *interrupt, int cpu, int tid)
{
	interrupt->stage = STAGE_AIMED;
	interrupt->result = PYRO_INTERRUPT_MISSED;
	interrupt->held_ns = 0;
	interrupt->cpu = cpu;
	interrupt->area->tid = (unsigned int)tid;
}

enum pyro_interrupt_result pyro_interrupt_lower(struct pyro_interrupt *interrupt,
						uint64_t *ret_held_ns)
{
	interrupt->stage = STAGE_AT_REST;
	*ret_held_ns = interrupt->held_ns;
	return interrupt->result;
}

/* False if it is more than there is room for. */
static bool write_wishes(struct pyro_interrupt_area *area, const struct pyro_span *spans,
			 size_t count)
{
	uint32_t at = 0;

	if (count > PYRO_INTERRUPT_SPANS)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (at >= PYRO_INTERRUPT_BYTES || spans[i].size > PYRO_INTERRUPT_SPAN)
			return false;
		area->spans[i] = (struct pyro_interrupt_span){
			.addr = spans[i].addr, .at = at, .size = (uint32_t)spans[i].size};
		/* Aligned, so that the copies stay quick. */
		at += ((uint32_t)spans[i].size + 15) & ~15u;
	}
	area->count = (uint32_t)count;
	return true;
}

/* From what the interrupt brought. */
static bool find(const struct pyro_interrupt_area *area, const struct pyro_span *span)
{
	for (uint32_t i = 0; i < area->count; i++) {
		const struct pyro_interrupt_span *had = &area->spans[i];

		if (!had->read || span->addr < had->addr || span->size > had->size ||
		    span->addr - had->addr > had->size - span->size)
			continue;
		memcpy(span->into, area->data + had->at + (span->addr - had->addr), span->size);
		return true;
	}
	return false;
}

static enum pyro_rc read_by_interrupt(struct pyro_interrupt *interrupt,
				      const struct pyro_span *spans, size_t count, size_t *ret_done)
{
	struct pyro_interrupt_area *area = interrupt->area;
	const uint64_t begin_ns = pyro_clock_now();

	interrupt->stage = STAGE_READ;
	*ret_done = 0;
	area->count = 0;
	area->found = 0;
	if (!write_wishes(area, spans, count)) {
		interrupt->result = PYRO_INTERRUPT_SHORT;
		return PYRO_RC_TORN;
	}
	if (!interrupt_once(interrupt, interrupt->cpu) || area->found != area->tid)
		return PYRO_RC_TORN;
	interrupt->result = PYRO_INTERRUPT_WHOLE;
	interrupt->held_ns = (area->begin_ns - begin_ns) / 2 + (pyro_clock_now() - area->begin_ns);
	for (size_t i = 0; i < count; i++) {
		if (!area->spans[i].read)
			return PYRO_RC_FAULT;
		memcpy(spans[i].into, area->data + area->spans[i].at, spans[i].size);
		*ret_done = i + 1;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc interrupt_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				    size_t count, size_t *ret_done)
{
	const struct interrupt_reader *by = (const struct interrupt_reader *)reader;
	struct pyro_interrupt *interrupt = by->interrupt;
	size_t done = 0, rest = 0;
	enum pyro_rc rc;

	if (interrupt->stage == STAGE_AIMED)
		return read_by_interrupt(interrupt, spans, count, ret_done);
	while (interrupt->stage == STAGE_READ && done < count &&
	       find(interrupt->area, &spans[done]))
		done++;
	*ret_done = done;
	if (done == count)
		return PYRO_RC_OK;
	if (interrupt->stage == STAGE_READ && interrupt->result == PYRO_INTERRUPT_WHOLE)
		interrupt->result = PYRO_INTERRUPT_SHORT;
	rc = pyro_reader_readv(by->inner, spans + done, count - done, &rest);
	*ret_done = done + rest;
	return rc;
}

static void interrupt_reader_destroy(struct pyro_reader *reader)
{
	struct interrupt_reader *by = (struct interrupt_reader *)reader;

	pyro_reader_destroy(by->inner);
	free(by);
}

enum pyro_rc pyro_interrupt_reader_create(struct pyro_interrupt *interrupt,
					  struct pyro_reader *reader,
					  struct pyro_reader **ret_reader)
{
	struct interrupt_reader *by = calloc(1, sizeof(*by));

	if (!by) {
		pyro_reader_destroy(reader);
		return PYRO_RC_NOMEM;
	}
	by->reader.readv = interrupt_readv;
	by->reader.destroy = interrupt_reader_destroy;
	by->interrupt = interrupt;
	by->inner = reader;
	*ret_reader = &by->reader;
	return PYRO_RC_OK;
}
