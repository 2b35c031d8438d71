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

struct pyro_interrupt {
	struct pyro_interrupt_area *area; /* shared with the program */
	int map_fd;
	int program_fd;
	int cpu;
	bool aimed;
	bool hit;
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

/* The kernel calls a function back only if it is told its type. */
static int load_types(void)
{
	union bpf_attr attr = {
		.btf = (uintptr_t)pyro_interrupt_program_types,
		.btf_size = sizeof(pyro_interrupt_program_types),
	};

	return bpf(BPF_BTF_LOAD, &attr);
}

static bool load_program(struct pyro_interrupt *interrupt)
{
	static const char license[] = "Dual BSD/GPL"; /* as the kernel spells it */
	struct bpf_insn program[PYRO_COUNT(pyro_interrupt_program)];
	const int types_fd = load_types();
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insn_cnt = PYRO_COUNT(pyro_interrupt_program),
		.insns = (uintptr_t)program,
		.license = (uintptr_t)license,
		.prog_btf_fd = (uint32_t)types_fd,
		.func_info = (uintptr_t)pyro_interrupt_program_functions,
		.func_info_rec_size = sizeof(pyro_interrupt_program_functions[0]),
		.func_info_cnt = PYRO_COUNT(pyro_interrupt_program_functions),
	};
	int errnum;

	_Static_assert(sizeof(program) == sizeof(pyro_interrupt_program), "one word each");
	_Static_assert(sizeof(pyro_interrupt_program_functions[0]) == sizeof(struct bpf_func_info),
		       "as the kernel has it");
	if (types_fd < 0)
		return false;
	memcpy(program, pyro_interrupt_program, sizeof(program));
	for (size_t i = 0; i < PYRO_COUNT(pyro_interrupt_program_area); i++) {
		struct bpf_insn *load = &program[pyro_interrupt_program_area[i]];

		load[1].imm = load[0].imm; /* the offset in the area */
		load[0].imm = interrupt->map_fd;
		load[0].src_reg = BPF_PSEUDO_MAP_VALUE;
	}
	interrupt->program_fd = bpf(BPF_PROG_LOAD, &attr);
	errnum = errno;
	close(types_fd);
	errno = errnum;
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
	const struct {
		uint64_t next, mark;
	} probe = {0, 0x5079726f};
	const uint64_t head = (uintptr_t)&probe;
	struct stat namespace;
	uint64_t copy = 0;
	cpu_set_t before, here;
	int cpu, errnum;

	if (stat("/proc/self/ns/pid", &namespace) != 0)
		return false;
	area->namespace_dev = namespace.st_dev;
	area->namespace_ino = namespace.st_ino;
	area->tid = (unsigned int)syscall(SYS_gettid);
	area->trail_count = 1;
	area->trails[0] = (struct pyro_interrupt_trail){
		.head = (uintptr_t)&head, .size = sizeof(probe), .limit = 2};
	/* It must not go to another processor in between. */
	cpu = sched_getcpu();
	if (cpu < 0 || sched_getaffinity(0, sizeof(before), &before) != 0)
		return false;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	(void)sched_setaffinity(0, sizeof(here), &here);
	errnum = interrupt_once(interrupt, cpu) ? 0 : errno;
	(void)sched_setaffinity(0, sizeof(before), &before);
	memcpy(&copy, area->data + sizeof(copy), sizeof(copy));
	if (!errnum && (area->found != area->tid || area->span_count != 1 || copy != probe.mark))
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
				  "this kernel does not read by interrupts (5.17 and newer do, "
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
	interrupt->aimed = true;
	interrupt->hit = false;
	interrupt->held_ns = 0;
	interrupt->cpu = cpu;
	interrupt->area->tid = (unsigned int)tid;
}

bool pyro_interrupt_lower(struct pyro_interrupt *interrupt, uint64_t *ret_held_ns)
{
	interrupt->aimed = false;
	*ret_held_ns = interrupt->held_ns;
	return interrupt->hit;
}

/* As many as there is room for. */
static void write_wishes(struct pyro_interrupt_area *area, const struct pyro_span *spans,
			 size_t count)
{
	uint32_t at = 0, i = 0;

	for (; i < count && i < PYRO_INTERRUPT_WISHES; i++) {
		if (at >= PYRO_INTERRUPT_BYTES || spans[i].size > PYRO_INTERRUPT_SPAN)
			break;
		area->wishes[i] = (struct pyro_interrupt_span){
			.addr = spans[i].addr, .at = at, .size = (uint32_t)spans[i].size};
		/* Aligned, so that the copies stay quick. */
		at += ((uint32_t)spans[i].size + 15) & ~15u;
	}
	area->wish_count = i;
	area->wish_bytes = at;
}

static struct pyro_interrupt_trail as_trail(const struct pyro_trail *trail)
{
	struct pyro_interrupt_trail as = {
		.head = trail->head,
		.via = trail->indirect ? trail->via + 1 : 0,
		.next = trail->next,
		.size = trail->size,
		.limit = trail->limit < PYRO_INTERRUPT_LINKS ? trail->limit : PYRO_INTERRUPT_LINKS,
		.object = trail->object,
		.object_mask = trail->object_mask,
		.object_size = trail->object_size,
		.pointed_count = trail->pointed_count,
		.pointed_from = trail->pointed_from,
		.pointed_size = trail->pointed_size,
		.pointed_unset = trail->pointed_unset,
		.pointed_more = trail->pointed_more,
		.version = trail->versioned ? trail->version + 1 : 0,
	};

	_Static_assert(sizeof(as.pointed) == sizeof(trail->pointed), "the same number of them");
	memcpy(as.pointed, trail->pointed, sizeof(as.pointed));
	return as;
}

static bool interrupt_can_follow(const struct pyro_reader *reader)
{
	return ((const struct interrupt_reader *)reader)->interrupt->aimed;
}

static enum pyro_rc interrupt_follow(struct pyro_reader *reader, const struct pyro_span *spans,
				     size_t count, size_t *ret_done,
				     const struct pyro_trail *trails, size_t trail_count,
				     pyro_reader_found *found, void *context)
{
	struct pyro_interrupt *interrupt = ((struct interrupt_reader *)reader)->interrupt;
	struct pyro_interrupt_area *area = interrupt->area;
	const uint64_t begin_ns = pyro_clock_now();

	*ret_done = 0;
	interrupt->aimed = false;
	area->found = 0;
	write_wishes(area, spans, count);
	area->trail_count = 0;
	for (size_t i = 0; i < trail_count && i < PYRO_INTERRUPT_TRAILS; i++)
		area->trails[area->trail_count++] = as_trail(&trails[i]);
	if (!interrupt_once(interrupt, interrupt->cpu) || area->found != area->tid)
		return PYRO_RC_TORN;
	interrupt->hit = true;
	interrupt->held_ns = (area->begin_ns - begin_ns) / 2 + (pyro_clock_now() - area->begin_ns);
	for (size_t i = 0; i < area->wishes_read && i < area->wish_count; i++) {
		memcpy(spans[i].into, area->data + area->wishes[i].at, spans[i].size);
		*ret_done = i + 1;
	}
	for (size_t i = 0; i < area->span_count && i < PYRO_INTERRUPT_SPANS; i++)
		found(context, area->spans[i].addr, area->data + area->spans[i].at,
		      area->spans[i].size);
	return *ret_done == count ? PYRO_RC_OK : PYRO_RC_FAULT;
}

static enum pyro_rc interrupt_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				    size_t count, size_t *ret_done)
{
	return pyro_reader_readv(((struct interrupt_reader *)reader)->inner, spans, count,
				 ret_done);
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
	by->reader.can_follow = interrupt_can_follow;
	by->reader.follow = interrupt_follow;
	by->reader.destroy = interrupt_reader_destroy;
	by->interrupt = interrupt;
	by->inner = reader;
	*ret_reader = &by->reader;
	return PYRO_RC_OK;
}
