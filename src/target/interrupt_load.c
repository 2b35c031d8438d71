/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/interrupt_inside.h"
#include "target/interrupt_program.h"

/* Each step says whether it was done, and if not, by errno why. */

static bool create_area(struct pyro_interrupt_kernel *kernel)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct pyro_interrupt_area),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};
	struct stat namespace;
	void *area;

	if (stat("/proc/self/ns/pid", &namespace) != 0)
		return false;
	kernel->map_fd = pyro_bpf(BPF_MAP_CREATE, &attr);
	if (kernel->map_fd < 0)
		return false;
	area = mmap(NULL, sizeof(*kernel->area), PROT_READ | PROT_WRITE, MAP_SHARED, kernel->map_fd,
		    0);
	if (area == MAP_FAILED)
		return false;
	kernel->area = area;
	kernel->area->namespace_dev = namespace.st_dev;
	kernel->area->namespace_ino = namespace.st_ino;
	return true;
}

/* The kernel calls a function back only if it is told its type. */
static int load_types(void)
{
	union bpf_attr attr = {
		.btf = (uintptr_t)pyro_interrupt_program_types,
		.btf_size = sizeof(pyro_interrupt_program_types),
	};

	return pyro_bpf(BPF_BTF_LOAD, &attr);
}

/* The registers of a thread take a kernel that describes its own types: one built without them
 * refuses what asks for these. */
static void leave_out_registers(struct bpf_insn *call)
{
	if (call->code == (BPF_JMP | BPF_CALL) && call->src_reg == 0 &&
	    (call->imm == BPF_FUNC_get_current_task_btf || call->imm == BPF_FUNC_task_pt_regs))
		*call = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K};
}

static bool load_instructions(struct pyro_interrupt_kernel *kernel, enum bpf_prog_type type)
{
	static const char license[] = "Dual BSD/GPL"; /* as the kernel spells it */
	struct bpf_insn code[PYRO_COUNT(pyro_interrupt_program)];
	const int types_fd = load_types();
	union bpf_attr attr = {
		.prog_type = type,
		.insn_cnt = PYRO_COUNT(pyro_interrupt_program),
		.insns = (uintptr_t)code,
		.license = (uintptr_t)license,
		.prog_btf_fd = (uint32_t)types_fd,
		.func_info = (uintptr_t)pyro_interrupt_program_functions,
		.func_info_rec_size = sizeof(pyro_interrupt_program_functions[0]),
		.func_info_cnt = PYRO_COUNT(pyro_interrupt_program_functions),
	};
	int errnum;

	_Static_assert(sizeof(code) == sizeof(pyro_interrupt_program), "one word each");
	_Static_assert(sizeof(pyro_interrupt_program_functions[0]) == sizeof(struct bpf_func_info),
		       "as the kernel has it");
	if (types_fd < 0)
		return false;
	memcpy(code, pyro_interrupt_program, sizeof(code));
	for (size_t i = 0; i < PYRO_COUNT(pyro_interrupt_program_area); i++) {
		struct bpf_insn *load = &code[pyro_interrupt_program_area[i]];

		load[1].imm = load[0].imm; /* the offset in the area */
		load[0].imm = kernel->map_fd;
		load[0].src_reg = BPF_PSEUDO_MAP_VALUE;
	}
	for (size_t i = 0; i < PYRO_COUNT(code) && !kernel->native; i++)
		leave_out_registers(&code[i]);
	kernel->fd = pyro_bpf(BPF_PROG_LOAD, &attr);
	errnum = errno;
	close(types_fd);
	errno = errnum;
	return kernel->fd >= 0;
}

bool pyro_interrupt_kernel_load(struct pyro_interrupt_kernel *kernel, enum bpf_prog_type type,
				bool native)
{
	int errnum;

	*kernel = (struct pyro_interrupt_kernel){.map_fd = -1, .fd = -1, .native = native};
	if (create_area(kernel)) {
		if (native && load_instructions(kernel, type))
			return true;
		kernel->native = false;
		if (load_instructions(kernel, type))
			return true;
	}
	errnum = errno;
	pyro_interrupt_kernel_unload(kernel);
	errno = errnum;
	return false;
}

void pyro_interrupt_kernel_unload(struct pyro_interrupt_kernel *kernel)
{
	if (kernel->area)
		munmap(kernel->area, sizeof(*kernel->area));
	if (kernel->map_fd >= 0)
		close(kernel->map_fd);
	if (kernel->fd >= 0)
		close(kernel->fd);
	*kernel = (struct pyro_interrupt_kernel){.map_fd = -1, .fd = -1};
}

static struct pyro_interrupt_trail as_trail(const struct pyro_trail *trail)
{
	struct pyro_interrupt_trail as = {
		.head = trail->head,
		.via = trail->indirect ? trail->via + 1 : 0,
		.next = trail->next,
		.end = trail->end,
		.size = trail->size,
		.limit = trail->limit < PYRO_INTERRUPT_LINKS ? trail->limit : PYRO_INTERRUPT_LINKS,
		.object = trail->object,
		.object_mask = trail->object_mask,
		.object_size = trail->object_size,
		.kind = trail->kind,
		.kinds = trail->kinds,
		.pointed_count = trail->pointed_count,
		.pointed_from = trail->pointed_from,
		.pointed_size = trail->pointed_size,
		.pointed_unset = trail->pointed_unset,
		.pointed_more = trail->pointed_more,
		.block = trail->block,
		.block_size = trail->block_size < PYRO_INTERRUPT_SPAN ? trail->block_size
								      : PYRO_INTERRUPT_SPAN,
		.version = trail->versioned ? trail->version + 1 : 0,
	};

	_Static_assert(sizeof(as.pointed) == sizeof(trail->pointed), "the same number of them");
	memcpy(as.pointed, trail->pointed, sizeof(as.pointed));
	return as;
}

void pyro_interrupt_request(struct pyro_interrupt_area *area, int tid,
			    const struct pyro_interrupt_wanted *wanted)
{
	uint32_t at = 0, i = 0;

	for (; i < wanted->span_count && i < PYRO_INTERRUPT_WISHES; i++) {
		const struct pyro_span *span = &wanted->spans[i];

		if (at >= PYRO_INTERRUPT_BYTES || span->size > PYRO_INTERRUPT_SPAN)
			break;
		area->wishes[i] = (struct pyro_interrupt_span){
			.addr = span->addr, .at = at, .size = (uint32_t)span->size};
		/* Aligned, so that the copies stay quick. */
		at += ((uint32_t)span->size + 15) & ~15u;
	}
	area->wish_count = i;
	area->wish_bytes = at;
	area->trail_count = 0;
	for (i = 0; i < wanted->trail_count && i < PYRO_INTERRUPT_TRAILS; i++)
		area->trails[area->trail_count++] = as_trail(&wanted->trails[i]);
	area->tid = (unsigned int)tid;
	area->stack_pages = wanted->stack_pages;
	area->register_bytes = wanted->registers ? 8 * PYRO_REGISTER_WORDS : 0;
	area->sp = PYRO_REGISTER_SP;
	area->kernel_bytes = wanted->kernel_bytes;
	area->entry = wanted->entry;
}

bool pyro_interrupt_requested(struct pyro_interrupt_area *area,
			      const struct pyro_interrupt_wanted *wanted)
{
	if (area->wish_count != wanted->span_count || area->trail_count != wanted->trail_count ||
	    area->stack_pages != wanted->stack_pages)
		return false;
	for (size_t i = 0; i < wanted->span_count; i++) {
		if (area->wishes[i].addr != wanted->spans[i].addr ||
		    area->wishes[i].size != wanted->spans[i].size)
			return false;
	}
	for (size_t i = 0; i < wanted->trail_count; i++) {
		struct pyro_interrupt_trail trail = as_trail(&wanted->trails[i]);

		/* That is only for speed: it counts from now on, even if the program runs. */
		area->trails[i].block = trail.block;
		area->trails[i].block_size = trail.block_size;
		if (memcmp(&area->trails[i], &trail, sizeof(trail)) != 0)
			return false;
	}
	return true;
}

enum pyro_rc pyro_interrupt_serve(const struct pyro_interrupt_area *area,
				  const struct pyro_interrupt_wanted *wanted, size_t *ret_done,
				  pyro_reader_found *found, void *context)
{
	const struct pyro_interrupt_slot *slot = pyro_interrupt_oldest(area);

	for (size_t i = 0; i < slot->wishes_read && i < area->wish_count; i++) {
		memcpy(wanted->spans[i].into, slot->data + area->wishes[i].at,
		       wanted->spans[i].size);
		*ret_done = i + 1;
	}
	for (size_t i = 0; i < slot->span_count && i < PYRO_INTERRUPT_SPANS; i++)
		found(context, slot->spans[i].addr, slot->data + slot->spans[i].at,
		      slot->spans[i].size);
	return *ret_done == wanted->span_count ? PYRO_RC_OK : PYRO_RC_FAULT;
}
