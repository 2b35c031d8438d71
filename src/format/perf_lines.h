/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_PERF_LINES_H
#define PYRO_FORMAT_PERF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lines of "perf script" (Linux tools/perf/builtin-script.c), each by itself. Which fields
 * there are is the choice of who ran it, and names may hold anything, so a line is read from what
 * cannot be mistaken: the time in its middle, the parentheses at its end. */

/** Bytes of a line. */
struct pyro_perf_text {
	const char *text;
	size_t size;
};

/** "python3 4127/4130 [001] 68848.196712:    1000000 cpu-clock:ppp: REST". */
struct pyro_perf_head {
	struct pyro_perf_text comm;
	int32_t pid; /**< 0: not said */
	int32_t tid;
	uint64_t at_ns;
	uint64_t period;             /**< 0: not said */
	struct pyro_perf_text event; /**< without unit and modifiers: "cpu-clock"; "" if not said */
	struct pyro_perf_text rest;  /**< a frame, where there are no chains; or whatever it is */
	bool record; /**< no sample but a record of the kernel, "PERF_RECORD_…", which is the rest
		      */
};

/** "        7f1ebbcd040a py::work:/srv/shop.py+0xa (/tmp/perf-4127.map)", leaf first. */
struct pyro_perf_frame {
	struct pyro_perf_text name; /**< without the offset */
	struct pyro_perf_text file; /**< "" if not said */
	bool known;                 /**< the name is one */
	bool inlined;               /**< into the next frame, whose file is its own */
};

/** False if it is none. What is set points into @text, which ends with a NUL. */
bool pyro_perf_head_parse(const char *text, size_t size, struct pyro_perf_head *ret_head);
bool pyro_perf_frame_parse(const char *text, size_t size, struct pyro_perf_frame *ret_frame);
/** "py::Order.price:/srv/shop.py", CPython's name for what it makes for each of its functions:
 *  splits it. False if it is another name. */
bool pyro_perf_python_parse(const struct pyro_perf_text *name, struct pyro_perf_text *ret_function,
			    struct pyro_perf_text *ret_file);
/** The process that wrote the map or jitdump that @file is, in whatever folder; 0 if it is none. */
int32_t pyro_perf_map_pid(const struct pyro_perf_text *file);
/** Which thread is whose, as "PERF_RECORD_MMAP2 4127/4130: …" and its like say. */
bool pyro_perf_record_threads(const struct pyro_perf_text *record, int32_t *ret_pid,
			      int32_t *ret_tid);

#endif
