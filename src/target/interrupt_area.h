/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PYRO_TARGET_INTERRUPT_AREA_H
#define PYRO_TARGET_INTERRUPT_AREA_H

/* What the program in the kernel and its caller share. No header of either side is included. */

#define PYRO_INTERRUPT_WISHES  256
#define PYRO_INTERRUPT_TRAILS  2
#define PYRO_INTERRUPT_LINKS   1024u /**< the most that are followed of a trail */
#define PYRO_INTERRUPT_POINTED 3
#define PYRO_INTERRUPT_MET     512u /**< a power of two */
#define PYRO_INTERRUPT_SPANS   1024u
#define PYRO_INTERRUPT_SPAN    16384u /**< the most bytes of one span */
#define PYRO_INTERRUPT_BYTES   65536u
#define PYRO_INTERRUPT_SLOTS   16u /**< a power of two */
#define PYRO_INTERRUPT_WORDS   40u /**< of registers; more than any machine has */
#define PYRO_INTERRUPT_PAGE    4096u
#define PYRO_INTERRUPT_STACK   32768u /**< the most bytes of a stack: a power of two */
#define PYRO_INTERRUPT_KERNEL  96u    /**< addresses kept of the kernel's own stack */

struct pyro_interrupt_span {
	unsigned long long addr;
	unsigned int at; /**< where it lies in `data`: below PYRO_INTERRUPT_BYTES */
	unsigned int size;
};

/** struct pyro_trail; every offset is below PYRO_INTERRUPT_SPAN. */
struct pyro_interrupt_trail {
	unsigned long long head;
	unsigned long long end;
	unsigned int via; /**< 0: not so, else 1 + the offset */
	unsigned int next;
	unsigned int size;
	unsigned int limit;
	unsigned long long object_mask;
	unsigned int object;
	unsigned int object_size;
	unsigned int kind;
	unsigned int kinds;
	unsigned int pointed[PYRO_INTERRUPT_POINTED];
	unsigned int pointed_count;
	unsigned int pointed_from;
	unsigned int pointed_size;
	unsigned int pointed_unset;
	unsigned int pointed_more;
	unsigned int version; /**< 0: not so, else 1 + the offset */
	unsigned int block_size;
	unsigned long long block;
};

/** What was read in one moment. */
struct pyro_interrupt_slot {
	unsigned long long begin_ns; /**< CLOCK_MONOTONIC */
	unsigned long long end_ns;
	unsigned int wishes_read;                           /**< up to the first that cannot be */
	unsigned int span_count;                            /**< met on the trails */
	unsigned int used;                                  /**< of `data` */
	unsigned int stack_size;                            /**< of `stack` */
	unsigned long long registers_read;                  /**< 0: they were not */
	unsigned long long registers[PYRO_INTERRUPT_WORDS]; /**< as in struct pt_regs */
	unsigned char stack[PYRO_INTERRUPT_STACK + PYRO_INTERRUPT_PAGE]; /**< from sp on */
	unsigned long long entry; /**< what the thread's latest entry into the kernel left on its
				     stack there; 0: not known */
	long long kernel_bytes;   /**< of `kernel`; negative: it was not to be had */
	unsigned long long kernel[PYRO_INTERRUPT_KERNEL]; /**< where the kernel was, leaf first */
	struct pyro_interrupt_span spans[PYRO_INTERRUPT_SPANS];
	unsigned char data[PYRO_INTERRUPT_BYTES + 2 * PYRO_INTERRUPT_SPAN];
};

struct pyro_interrupt_area {
	unsigned long long namespace_dev; /**< the PID namespace in which threads are named */
	unsigned long long namespace_ino;
	unsigned int tid; /**< the thread that must be interrupted, else nothing is read */
	unsigned int wish_count;
	unsigned int trail_count;
	unsigned int wish_bytes;     /**< of `data`, which the wishes take */
	unsigned int stack_pages;    /**< of the thread's stack that are read at most */
	unsigned int register_bytes; /**< of its registers; 0: not wanted, and no stack either */
	unsigned int sp;             /**< which word of these is the stack pointer */
	unsigned int kernel_bytes;   /**< wanted of where the kernel was */
	unsigned long long entry;    /**< that of our interrupt; 0: not known */
	struct pyro_interrupt_span wishes[PYRO_INTERRUPT_WISHES];
	struct pyro_interrupt_trail trails[PYRO_INTERRUPT_TRAILS];
	unsigned long long tail; /**< slots that the caller is done with, since the beginning */
	/* out */
	unsigned long long head;    /**< slots that were filled */
	unsigned long long dropped; /**< moments for which none was free */
	unsigned long long run;     /**< counts them all */
	struct {
		unsigned long long addr;
		unsigned long long run;
	} met[PYRO_INTERRUPT_MET]; /**< what was read already, by a hash of the address */
	struct pyro_interrupt_slot slots[PYRO_INTERRUPT_SLOTS];
};

#endif
