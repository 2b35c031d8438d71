/* SPDX-License-Identifier: Apache-2.0 */
#include "target/interrupt.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "target/interrupt_inside.h"

struct interrupt_reader {
	struct pyro_reader reader;
	struct pyro_interrupt *interrupt;
	struct pyro_reader *inner;
};

/* ---- making ---- */

bool pyro_interrupt_once(struct pyro_interrupt *interrupt, int cpu)
{
	union bpf_attr attr = {.test = {
				       .prog_fd = (uint32_t)interrupt->once.fd,
				       .flags = BPF_F_TEST_RUN_ON_CPU,
				       .cpu = (uint32_t)cpu,
			       }};

	interrupt->once.area->tail = interrupt->once.area->head;
	return pyro_bpf(BPF_PROG_TEST_RUN, &attr) == 0;
}

/* On our own thread, which tells whether it can be done at all. */
static bool try_program(struct pyro_interrupt *interrupt)
{
	const struct pyro_interrupt_slot *slot;
	const struct {
		uint64_t next, mark;
	} probe = {0, 0x5079726f};
	const uint64_t head = (uintptr_t)&probe;
	const struct pyro_trail trail = {
		.head = (uintptr_t)&head, .size = sizeof(probe), .limit = 2};
	const struct pyro_interrupt_wanted wanted = {.trails = &trail, .trail_count = 1};
	uint64_t copy = 0;
	cpu_set_t before, here;
	int cpu, errnum;

	pyro_interrupt_request(interrupt->once.area, (int)syscall(SYS_gettid), &wanted);
	/* It must not go to another processor in between. */
	cpu = sched_getcpu();
	if (cpu < 0 || sched_getaffinity(0, sizeof(before), &before) != 0)
		return false;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	(void)sched_setaffinity(0, sizeof(here), &here);
	errnum = pyro_interrupt_once(interrupt, cpu) ? 0 : errno;
	(void)sched_setaffinity(0, sizeof(before), &before);
	slot = pyro_interrupt_oldest(interrupt->once.area);
	memcpy(&copy, slot->data + sizeof(copy), sizeof(copy));
	if (!errnum && (!pyro_interrupt_filled(interrupt->once.area) || slot->span_count != 1 ||
			copy != probe.mark))
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

enum pyro_rc pyro_interrupt_create(bool registers, struct pyro_interrupt **ret_interrupt,
				   struct pyro_err *err)
{
	struct pyro_interrupt *interrupt = calloc(1, sizeof(*interrupt));

	if (!interrupt)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	interrupt->event_fd = -1;
	pthread_mutex_init(&interrupt->lock, NULL);
	if (!pyro_interrupt_kernel_load(&interrupt->once, BPF_PROG_TYPE_RAW_TRACEPOINT,
					registers) ||
	    !try_program(interrupt)) {
		const enum pyro_rc rc = explain(errno, err);
		pyro_interrupt_destroy(interrupt);
		return rc;
	}
	if (interrupt->once.native)
		pyro_interrupt_find_entry(interrupt);
	*ret_interrupt = interrupt;
	return PYRO_RC_OK;
}

void pyro_interrupt_destroy(struct pyro_interrupt *interrupt)
{
	if (!interrupt)
		return;
	pyro_interrupt_timer_stop(interrupt);
	if (interrupt->timed.area)
		pyro_interrupt_kernel_unload(&interrupt->timed);
	if (interrupt->once.area)
		pyro_interrupt_kernel_unload(&interrupt->once);
	pthread_mutex_destroy(&interrupt->lock);
	free(interrupt);
}

/* ---- reading ---- */

void pyro_interrupt_aim(struct pyro_interrupt *interrupt, int cpu, int tid)
{
	interrupt->aim = PYRO_INTERRUPT_AT_ONCE;
	interrupt->cpu = cpu;
	interrupt->tid = tid;
}

bool pyro_interrupt_lower(struct pyro_interrupt *interrupt, uint64_t *ret_held_ns)
{
	const bool hit = interrupt->hit;

	*ret_held_ns = interrupt->held_ns;
	if (interrupt->kept)
		interrupt->timed.area->tail++;
	interrupt->aim = PYRO_INTERRUPT_AT_REST;
	interrupt->served = NULL;
	interrupt->kept = interrupt->hit = false;
	interrupt->held_ns = 0;
	return hit;
}

bool pyro_interrupt_want_native(struct pyro_interrupt *interrupt, size_t stack_size)
{
	if (stack_size > PYRO_INTERRUPT_STACK)
		stack_size = PYRO_INTERRUPT_STACK;
	if (!interrupt->once.native || !PYRO_REGISTER_WORDS)
		return false;
	interrupt->registers = true;
	interrupt->stack_pages =
		(uint32_t)((stack_size + PYRO_INTERRUPT_PAGE - 1) / PYRO_INTERRUPT_PAGE);
	return true;
}

/* How the interrupts that we send come in: to kernels for x86-64 and AArch64, with and without
 * FRED, and under Xen. */
static const char *const entries[PYRO_INTERRUPT_ENTRIES] = {
	"asm_sysvec_call_function_single",
	"asm_sysvec_call_function",
	"asm_fred_entrypoint_kernel",
	"asm_fred_entrypoint_user",
	"asm_sysvec_xen_hvm_callback",
	"asm_exc_xen_hypervisor_callback",
	"el1h_64_irq",
	"el0t_64_irq",
};

void pyro_interrupt_want_kernel(struct pyro_interrupt *interrupt, const struct pyro_kernel *kernel)
{
	interrupt->kernel = interrupt->registers;
	interrupt->entry_count = 0;
	for (size_t i = 0; i < PYRO_COUNT(entries); i++) {
		struct pyro_interrupt_code *entry = &interrupt->entries[interrupt->entry_count];

		interrupt->entry_count +=
			pyro_kernel_find(kernel, entries[i], &entry->start, &entry->end);
	}
}

static bool is_entry(const struct pyro_interrupt *interrupt, uint64_t pc)
{
	for (size_t i = 0; i < interrupt->entry_count; i++) {
		if (pc - interrupt->entries[i].start <
		    interrupt->entries[i].end - interrupt->entries[i].start)
			return true;
	}
	return false;
}

/* A timer's interrupt is told by the kernel what it interrupted. Of one that we sent, the program
 * is seen from within: leafward of where it came in is the interrupt itself. */
static void leave_out_interrupt(const struct pyro_interrupt *interrupt,
				struct pyro_interrupt_native *native)
{
	size_t at = 0;

	while (at < native->kernel_count && !is_entry(interrupt, native->kernel[at]))
		at++;
	at += at < native->kernel_count;
	native->kernel += at;
	native->kernel_count -= at;
}

/* In a system call the registers say so. In a fault, or in an interrupt by others, the timer is
 * told by the kernel, and of what we send, the way in differs. */
static bool was_in_kernel(const struct pyro_interrupt *interrupt,
			  const struct pyro_interrupt_slot *slot)
{
	if (pyro_interrupt_in_call(slot))
		return true;
	if (interrupt->kept)
		return slot->kernel_bytes > 0;
	return interrupt->entry && slot->entry && slot->entry != interrupt->entry;
}

bool pyro_interrupt_native(const struct pyro_interrupt *interrupt,
			   struct pyro_interrupt_native *ret_native)
{
	const struct pyro_interrupt_slot *slot = interrupt->served;

	if (!slot || !slot->registers_read || slot->stack_size > PYRO_INTERRUPT_STACK)
		return false;
	*ret_native = (struct pyro_interrupt_native){
		.words = (const uint64_t *)slot->registers,
		.word_count = PYRO_REGISTER_WORDS,
		.in_kernel = was_in_kernel(interrupt, slot),
		.stack_addr = slot->registers[PYRO_REGISTER_SP],
		.stack = slot->stack,
		.stack_size = slot->stack_size,
		.kernel = (const uint64_t *)slot->kernel,
	};
	if (interrupt->kernel && slot->kernel_bytes > 0 &&
	    (size_t)slot->kernel_bytes <= sizeof(slot->kernel))
		ret_native->kernel_count = (size_t)slot->kernel_bytes / sizeof(slot->kernel[0]);
	if (!interrupt->kept)
		leave_out_interrupt(interrupt, ret_native);
	ret_native->in_kernel |= ret_native->kernel_count > 0;
	return true;
}

static enum pyro_rc follow_at_once(struct pyro_interrupt *interrupt,
				   const struct pyro_interrupt_wanted *wanted, size_t *ret_done,
				   pyro_reader_found *found, void *context)
{
	struct pyro_interrupt_area *area = interrupt->once.area;
	const uint64_t begin_ns = pyro_clock_now();
	uint64_t reached_ns;

	pyro_interrupt_request(area, interrupt->tid, wanted);
	if (!pyro_interrupt_once(interrupt, interrupt->cpu) || !pyro_interrupt_filled(area))
		return PYRO_RC_TORN;
	interrupt->hit = true;
	interrupt->served = pyro_interrupt_oldest(area);
	reached_ns = pyro_interrupt_oldest(area)->begin_ns;
	interrupt->held_ns = (reached_ns - begin_ns) / 2 + (pyro_clock_now() - reached_ns);
	return pyro_interrupt_serve(area, wanted, ret_done, found, context);
}

static bool interrupt_can_follow(const struct pyro_reader *reader)
{
	return ((const struct interrupt_reader *)reader)->interrupt->aim != PYRO_INTERRUPT_AT_REST;
}

/* A timer's first word tells whether it was in the kernel at all. */
static uint32_t kernel_bytes(const struct pyro_interrupt *interrupt, enum pyro_interrupt_aim aim)
{
	if (interrupt->kernel)
		return sizeof(((struct pyro_interrupt_slot *)NULL)->kernel);
	return aim == PYRO_INTERRUPT_AT_ONCE ? 0 : sizeof(uint64_t);
}

static enum pyro_rc interrupt_follow(struct pyro_reader *reader, const struct pyro_span *spans,
				     size_t count, size_t *ret_done,
				     const struct pyro_trail *trails, size_t trail_count,
				     pyro_reader_found *found, void *context)
{
	struct pyro_interrupt *interrupt = ((struct interrupt_reader *)reader)->interrupt;
	const enum pyro_interrupt_aim aim = interrupt->aim;
	const struct pyro_interrupt_wanted wanted = {
		.spans = spans,
		.span_count = count,
		.trails = trails,
		.trail_count = trail_count,
		.registers = interrupt->registers,
		.stack_pages = interrupt->stack_pages,
		.kernel_bytes = kernel_bytes(interrupt, aim),
		.entry = interrupt->entry,
	};

	*ret_done = 0;
	interrupt->aim = PYRO_INTERRUPT_AT_REST;
	if (aim == PYRO_INTERRUPT_AT_ONCE)
		return follow_at_once(interrupt, &wanted, ret_done, found, context);
	return pyro_interrupt_timer_follow(interrupt, aim, &wanted, ret_done, found, context);
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
