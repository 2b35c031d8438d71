/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef PYRO_TARGET_INTERRUPT_AREA_H
#define PYRO_TARGET_INTERRUPT_AREA_H

/* What the program in the kernel and its caller share. No header of either side is included. */

#define PYRO_INTERRUPT_SPANS 256
#define PYRO_INTERRUPT_SPAN  16384u /**< the most bytes of one span */
#define PYRO_INTERRUPT_BYTES 131072u

struct pyro_interrupt_span {
	unsigned long long addr;
	unsigned int at; /**< where it goes in `data`: below PYRO_INTERRUPT_BYTES */
	unsigned int size;
	unsigned int read; /**< out: 1 if it was read whole */
	unsigned int unused;
};

struct pyro_interrupt_area {
	unsigned long long namespace_dev; /**< the PID namespace in which threads are named */
	unsigned long long namespace_ino;
	unsigned int tid; /**< the thread that must be interrupted, else nothing is read */
	unsigned int count;
	unsigned int found; /**< out: the thread that was */
	unsigned int unused;
	unsigned long long begin_ns; /**< out: CLOCK_MONOTONIC */
	struct pyro_interrupt_span spans[PYRO_INTERRUPT_SPANS];
	unsigned char data[PYRO_INTERRUPT_BYTES + PYRO_INTERRUPT_SPAN];
};

#endif
