/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program that the kernel runs on the processor of a thread that it interrupts for it: copies
 * what is asked for of that thread's memory, and what the pointers in it lead to.
 * tools/kernel-program makes interrupt_program.h of it, which is what gets built. */
#include "target/interrupt_area.h"

#define NOWHERE PYRO_INTERRUPT_BYTES

#define PROGRAM __attribute__((section("program"), used, noinline))
#define INLINE  static inline __attribute__((always_inline))
/* Of two numbers: the kernel looks at it once, not at each call. */
#define APART PROGRAM

/* Makes the compiler compare and use one and the same register: else it compares a copy, and the
 * kernel does not see that what is used is bounded. */
#define SAME(value) __asm__("" : "+r"(value))

struct thread_ids {
	unsigned int tid; /* the kernel calls it pid */
	unsigned int pid; /* and this tgid */
};

/* Where a trail has led to. */
struct walk {
	unsigned long long addr;
	unsigned long long block; /* where the trail's lies in the data */
	unsigned long long trail; /* its number */
};

/* By their numbers in linux/bpf.h. */
static unsigned long long (*const ktime_get_ns)(void) = (void *)5;
static long (*const get_stack)(void *context, void *into, unsigned int size,
			       unsigned long long flags) = (void *)67;
static long (*const probe_read_user)(void *into, unsigned int size, const void *from) = (void *)112;
static long (*const get_ns_current_pid_tgid)(unsigned long long dev, unsigned long long ino,
					     struct thread_ids *ids,
					     unsigned int size) = (void *)120;
static long (*const probe_read_kernel)(void *into, unsigned int size,
				       const void *from) = (void *)113;
/* The loader leaves these two out where the kernel has no types of its own to go by. */
static void *(*const get_current_task_btf)(void) = (void *)158;
static void *(*const task_pt_regs)(void *task) = (void *)175;
static long (*const loop)(unsigned int times, void *step, void *context,
			  unsigned long long flags) = (void *)181;

struct pyro_interrupt_area area;

PROGRAM static long read_wish(unsigned int index, void *context);
APART unsigned long long read_stack_page(unsigned long long addr, unsigned long long size);
APART unsigned long long bring(unsigned long long addr, unsigned long long size);
PROGRAM static long follow_link(unsigned int index, struct walk *walk);

INLINE struct pyro_interrupt_slot *slot(void)
{
	return &area.slots[area.head & (PYRO_INTERRUPT_SLOTS - 1)];
}

/* Where the kernel was, by way of what it does now, if that is not all. The word below the
 * registers that a thread came into the kernel with says by which entry: if it came by this very
 * interrupt it was outside before. To find that out by looking takes 2 us. */
INLINE void read_kernel(void *context, const unsigned char *registers)
{
	unsigned long long size = area.kernel_bytes, entry = 0;

	if (probe_read_kernel(&entry, sizeof(entry), registers - sizeof(entry)))
		return;
	slot()->entry = entry;
	SAME(size);
	if (!size || size > sizeof(slot()->kernel) || entry == area.entry)
		return;
	slot()->kernel_bytes = get_stack(context, slot()->kernel, size, 0);
}

/* The registers that the thread came into the kernel with, and its stack from there. */
INLINE void read_native(void *context)
{
	unsigned long long size = area.register_bytes, word = area.sp, addr;
	const void *registers = task_pt_regs(get_current_task_btf());

	SAME(size);
	SAME(word);
	if (size > sizeof(slot()->registers) || word >= PYRO_INTERRUPT_WORDS ||
	    probe_read_kernel(slot()->registers, size, registers))
		return;
	slot()->registers_read = 1;
	read_kernel(context, registers);
	addr = slot()->registers[word];
#pragma clang loop unroll(disable)
	for (unsigned int i = 0; i < PYRO_INTERRUPT_STACK / PYRO_INTERRUPT_PAGE; i++) {
		/* The first may be a part of one: what is behind it need not be there. */
		const unsigned long long rest =
			PYRO_INTERRUPT_PAGE - (addr & (PYRO_INTERRUPT_PAGE - 1));

		if (i >= area.stack_pages || read_stack_page(addr, rest))
			break;
		addr += rest;
	}
}

PROGRAM int read_interrupted(void *context)
{
	struct thread_ids ids = {0};

	if (get_ns_current_pid_tgid(area.namespace_dev, area.namespace_ino, &ids, sizeof(ids)) ||
	    ids.tid != area.tid)
		return 0;
	if (area.head - area.tail >= PYRO_INTERRUPT_SLOTS) {
		area.dropped++;
		return 0;
	}
	slot()->begin_ns = ktime_get_ns();
	slot()->wishes_read = 0;
	slot()->span_count = 0;
	slot()->used = area.wish_bytes;
	slot()->stack_size = 0;
	slot()->registers_read = 0;
	slot()->kernel_bytes = 0;
	slot()->entry = 0;
	area.run++;
	if (area.register_bytes)
		read_native(context);
	loop(area.wish_count, read_wish, &ids, 0);
#pragma clang loop unroll(disable)
	for (unsigned int i = 0; i < PYRO_INTERRUPT_TRAILS; i++) {
		const struct pyro_interrupt_trail *trail = &area.trails[i];
		struct walk walk = {.trail = i, .block = NOWHERE};

		if (i >= area.trail_count ||
		    probe_read_user(&walk.addr, sizeof(walk.addr), (void *)trail->head))
			break;
		if (trail->via && probe_read_user(&walk.addr, sizeof(walk.addr),
						  (void *)(walk.addr + trail->via - 1)))
			break;
		if (trail->block_size)
			walk.block = bring(trail->block, trail->block_size);
		loop(trail->limit, follow_link, &walk, 0);
	}
	slot()->end_ns = ktime_get_ns();
	/* After all that is in it. */
	__sync_fetch_and_add(&area.head, 1);
	return 0;
}

/* Copies what comes next of the stack. Returns 1 if it cannot be. */
APART unsigned long long read_stack_page(unsigned long long addr, unsigned long long size)
{
	struct pyro_interrupt_slot *into = slot();
	unsigned long long at = into->stack_size;

	SAME(at);
	SAME(size);
	if (at >= PYRO_INTERRUPT_STACK || size > PYRO_INTERRUPT_PAGE ||
	    probe_read_user(into->stack + at, size, (void *)addr))
		return 1;
	into->stack_size = at + size;
	return 0;
}

/* Copies one span more. Returns where it lies in the data, NOWHERE if it cannot be. */
APART unsigned long long bring(unsigned long long addr, unsigned long long size)
{
	struct pyro_interrupt_slot *into = slot();
	unsigned long long count = into->span_count, at = into->used;

	SAME(count);
	SAME(at);
	SAME(size);
	if (count >= PYRO_INTERRUPT_SPANS || at >= PYRO_INTERRUPT_BYTES ||
	    size > PYRO_INTERRUPT_SPAN)
		return NOWHERE;
	if (probe_read_user(into->data + at, size, (void *)addr))
		return NOWHERE;
	into->spans[count].addr = addr;
	into->spans[count].at = at;
	into->spans[count].size = size;
	into->span_count = count + 1;
	/* Aligned, so that the copies stay quick. */
	into->used = at + ((size + 15) & ~15ull);
	return at;
}

/* One of the places that were asked for. Returns 1 to end. */
PROGRAM static long read_wish(unsigned int index, void *context)
{
	unsigned long long i = index, at, size;

	(void)context;
	SAME(i);
	if (i >= PYRO_INTERRUPT_WISHES)
		return 1;
	at = area.wishes[i].at;
	size = area.wishes[i].size;
	if (at >= PYRO_INTERRUPT_BYTES || size > PYRO_INTERRUPT_SPAN ||
	    probe_read_user(slot()->data + at, size, (void *)area.wishes[i].addr))
		return 1;
	slot()->wishes_read = i + 1;
	return 0;
}

INLINE unsigned long long word_in(unsigned long long at, unsigned long long offset)
{
	SAME(at);
	SAME(offset);
	if (at >= PYRO_INTERRUPT_BYTES || offset >= PYRO_INTERRUPT_SPAN)
		return 0;
	return *(unsigned long long *)(slot()->data + at + offset);
}

/* False if @addr was met before in this run. */
INLINE int meet(unsigned long long addr)
{
	const unsigned long long slot = (addr >> 4 ^ addr >> 13) & (PYRO_INTERRUPT_MET - 1);

	if (area.met[slot].addr == addr && area.met[slot].run == area.run)
		return 0;
	area.met[slot].addr = addr;
	area.met[slot].run = area.run;
	return 1;
}

APART unsigned long long bring_pointed(unsigned long long number, unsigned long long addr)
{
	const struct pyro_interrupt_trail *trail;
	const unsigned long long to_page_end = 4096 - (addr & 4095);
	unsigned long long at;

	SAME(number);
	if (number >= PYRO_INTERRUPT_TRAILS || !addr || !meet(addr))
		return 0;
	trail = &area.trails[number];
	at = bring(addr + trail->pointed_from, trail->pointed_size);
	/* The next page may not be there. */
	if (~word_in(at, trail->pointed_unset) == 0 &&
	    bring(addr, trail->pointed_more) == NOWHERE && to_page_end < trail->pointed_more)
		bring(addr, to_page_end);
	return 0;
}

APART unsigned long long bring_object(unsigned long long number, unsigned long long addr)
{
	const struct pyro_interrupt_trail *trail;
	unsigned long long at;

	SAME(number);
	if (number >= PYRO_INTERRUPT_TRAILS || !addr || !meet(addr))
		return 0;
	trail = &area.trails[number];
	at = bring(addr, trail->object_size);
	if (trail->version && (unsigned int)word_in(at, trail->version - 1ull))
		return 0;
#pragma clang loop unroll(full)
	for (unsigned int i = 0; i < PYRO_INTERRUPT_POINTED; i++) {
		if (i >= trail->pointed_count)
			break;
		bring_pointed(number, word_in(at, trail->pointed[i]));
	}
	return 0;
}

/* One step on a trail. Returns 1 at its end. */
PROGRAM static long follow_link(unsigned int index, struct walk *walk)
{
	const struct pyro_interrupt_trail *trail;
	unsigned long long at, number = walk->trail;

	(void)index;
	SAME(number);
	if (number >= PYRO_INTERRUPT_TRAILS || !walk->addr)
		return 1;
	trail = &area.trails[number];
	if (walk->addr == trail->end)
		return 1;
	at = walk->addr - trail->block;
	if (walk->block != NOWHERE && at < trail->block_size &&
	    trail->block_size - at >= trail->size)
		at += walk->block;
	else
		at = bring(walk->addr, trail->size);
	if (at == NOWHERE)
		return 1;
	if (trail->object_size &&
	    (!trail->kinds || (unsigned char)word_in(at, trail->kind) < trail->kinds))
		bring_object(number, word_in(at, trail->object) & trail->object_mask);
	walk->addr = word_in(at, trail->next);
	return 0;
}
