/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "format/perf_lines.h"

static void is(const struct pyro_perf_text *text, const char *expected)
{
	char copy[256];

	assert_true(text->size < sizeof(copy));
	memcpy(copy, text->text, text->size);
	copy[text->size] = '\0';
	assert_string_equal(copy, expected);
}

static const struct {
	const char *line;
	const char *comm;
	int32_t pid, tid;
	uint64_t at_ns, period;
	const char *event, *rest;
} heads[] = {
	{"python3.12 13667 68848.196712:    2004008 cpu-clock:ppp: ", "python3.12", 0, 13667,
	 68848196712000, 2004008, "cpu-clock", ""},
	{"python3 4127/4130 [001] 5.123456789:     250000 task-clock:u:", "python3", 4127, 4130,
	 5123456789, 250000, "task-clock", ""},
	{"         python3  4127 [000]  1.000001:          1 cycles:  ffff81 main+0x5 (/bin/x)",
	 "python3", 0, 4127, 1000001000, 1, "cycles", "ffff81 main+0x5 (/bin/x)"},
	{"other; [kworker] 12 thread 4130 1.5: 7 cpu_core/cycles/P: ", "other; [kworker] 12 thread",
	 0, 4130, 1500000000, 7, "cycles", ""},
	{":4127  4127     1.000000: cycles:", ":4127", 0, 4127, 1000000000, 0, "cycles", ""},
	{"py 1/2 [003] U  1.000000: sched:sched_switch: prev_comm=a prev_pid=2", "py", 1, 2,
	 1000000000, 0, "sched:sched_switch", "prev_comm=a prev_pid=2"},
	{"py 2 1.000000: ", "py", 0, 2, 1000000000, 0, "", ""},
	{"swapper     0 [000]  9.000000:    1000000 cpu-clock:", "swapper", 0, 0, 9000000000,
	 1000000, "cpu-clock", ""},
	{"py 2 1.000000: 18446744073709551615 cpu/event=0x3c,umask=0x0/u: ", "py", 0, 2, 1000000000,
	 UINT64_MAX, "event=0x3c,umask=0x0", ""},
};

static void test_heads(void **state)
{
	for (size_t i = 0; i < PYRO_COUNT(heads); i++) {
		struct pyro_perf_head head;

		print_message("%s\n", heads[i].line);
		assert_true(pyro_perf_head_parse(heads[i].line, strlen(heads[i].line), &head));
		is(&head.comm, heads[i].comm);
		assert_int_equal(head.pid, heads[i].pid);
		assert_int_equal(head.tid, heads[i].tid);
		assert_int_equal(head.at_ns, heads[i].at_ns);
		assert_int_equal(head.period, heads[i].period);
		is(&head.event, heads[i].event);
		is(&head.rest, heads[i].rest);
		assert_false(head.record);
	}
}

static void test_no_heads(void **state)
{
	static const char *const lines[] = {
		"",
		"main;work 12",
		"python3 4127 cpu-clock:",
		"python3 4127 1.5",
		"python3 4127 1.5;",
		"python3 1.5: 7 cycles:",
		"python3 99999999999 1.5: 7 cycles:",
		"python3 4127 99999999999.5: 7 cycles:",
		"python3 4127 1.0123456789: 7 cycles:",
		"python3 4127/ 1.5: 7 cycles:",
		"	 7f00 py::work:/srv/a.py+0xa (/tmp/perf-1.map)",
	};

	for (size_t i = 0; i < PYRO_COUNT(lines); i++) {
		struct pyro_perf_head head;

		if (pyro_perf_head_parse(lines[i], strlen(lines[i]), &head))
			fail_msg("taken for a sample: %s", lines[i]);
	}
}

static const struct {
	const char *line, *name, *file;
	bool known, inlined;
} frames[] = {
	{"\t          174423 PySlice_New+0x3 (/opt/lib/libpython3.13.so.1.0)", "PySlice_New",
	 "/opt/lib/libpython3.13.so.1.0", true, false},
	{"\t           f0130 _PyObject_VectorcallTstate+0x50 (inlined)",
	 "_PyObject_VectorcallTstate", "", true, true},
	{"\t 7f1e py::Order.<locals>.<lambda>:/srv/a (1) b.py+0xa (/tmp/perf-4127.map)",
	 "py::Order.<locals>.<lambda>:/srv/a (1) b.py", "/tmp/perf-4127.map", true, false},
	{"\tffffffff816f5c5c filldir64+0x2c ([kernel.kallsyms])", "filldir64", "[kernel.kallsyms]",
	 true, false},
	{"\t               0 [unknown] ([unknown])", "[unknown]", "", false, false},
	{"\t          1ca85e [unknown] (/usr/bin/python3.15)", "[unknown]", "/usr/bin/python3.15",
	 false, false},
	{"\t 12 ns::f(int (*)(char), A<(B)1>)+0x4 (/srv/lib x.so (deleted))",
	 "ns::f(int (*)(char), A<(B)1>)", "/srv/lib x.so (deleted)", true, false},
	{"\t 12 f+0x4 (/srv/libx.so+0x1f4)", "f", "/srv/libx.so", true, false},
	{"\t 12 operator() (/srv/libx.so)", "operator()", "/srv/libx.so", true, false},
	{"\t 12 list_sort", "list_sort", "", true, false},
	{"\tadd (/srv/libx.so)", "add", "/srv/libx.so", true, false},
	{"        7f00 add (/srv/libx.so)", "add", "/srv/libx.so", true, false},
	{"\t 7f00", "", "", false, false},
};

static void test_frames(void **state)
{
	for (size_t i = 0; i < PYRO_COUNT(frames); i++) {
		struct pyro_perf_frame frame;

		print_message("%s\n", frames[i].line);
		assert_true(pyro_perf_frame_parse(frames[i].line, strlen(frames[i].line), &frame));
		is(&frame.name, frames[i].name);
		is(&frame.file, frames[i].file);
		assert_int_equal(frame.known, frames[i].known);
		assert_int_equal(frame.inlined, frames[i].inlined);
	}
}

static void test_no_frames(void **state)
{
	static const char *const lines[] = {"",      "\t",       "\t)",         "\tx)",
					    "\t())", "\tf(int)", "  shop.c:88", "\tlist_sort"};

	for (size_t i = 0; i < PYRO_COUNT(lines); i++) {
		struct pyro_perf_frame frame;

		if (pyro_perf_frame_parse(lines[i], strlen(lines[i]), &frame))
			fail_msg("taken for a frame: %s", lines[i]);
	}
}

static struct pyro_perf_text text_of(const char *text)
{
	return (struct pyro_perf_text){.text = text, .size = strlen(text)};
}

static void test_python(void **state)
{
	static const char *const others[] = {"",           "py::",      "py::f",
					     "py:::/a.py", "list_sort", "xpy::f:/a.py"};
	struct pyro_perf_text name = text_of("py::C.<locals>.f:<frozen a:b>"), function, file;

	assert_true(pyro_perf_python_parse(&name, &function, &file));
	is(&function, "C.<locals>.f");
	is(&file, "<frozen a:b>");
	name = text_of("py::f:");
	assert_true(pyro_perf_python_parse(&name, &function, &file));
	is(&file, "");
	for (size_t i = 0; i < PYRO_COUNT(others); i++) {
		name = text_of(others[i]);
		assert_false(pyro_perf_python_parse(&name, &function, &file));
	}
}

static void test_maps(void **state)
{
	static const struct {
		const char *file;
		int32_t pid;
	} maps[] = {
		{"/tmp/perf-4127.map", 4127},
		{"perf-4127.map", 4127},
		{"/tmp/jitted-4127-12.so", 4127},
		{"/x/jit-4127.dump", 4127},
		{"/tmp/perf-.map", 0},
		{"/tmp/perf-99999999999.map", 0},
		{"/tmp/perf-12.data", 0},
		{"/tmp/perf-4127", 0},
		{"", 0},
		{"/", 0},
	};

	for (size_t i = 0; i < PYRO_COUNT(maps); i++) {
		struct pyro_perf_text file = text_of(maps[i].file);

		assert_int_equal(pyro_perf_map_pid(&file), maps[i].pid);
	}
}

static void test_records(void **state)
{
	static const struct {
		const char *line;
		int32_t pid, tid;
	} records[] = {
		{"py 4127 1.0: PERF_RECORD_MMAP2 4127/4130: [0x5(0x1000) @ 0 08:01 5/9 0]: r-xp /a",
		 4127, 4130},
		{"py 4127 1.0: PERF_RECORD_COMM exec: python3:4127/4127", 4127, 4127},
		{"py 4127 1.0: PERF_RECORD_FORK(4128:4131):(4127:4127)", 4128, 4131},
		{"py 4127 1.0: PERF_RECORD_LOST lost 12", 0, 0},
	};

	for (size_t i = 0; i < PYRO_COUNT(records); i++) {
		struct pyro_perf_head head;
		int32_t pid = 0, tid = 0;

		assert_true(pyro_perf_head_parse(records[i].line, strlen(records[i].line), &head));
		assert_true(head.record);
		assert_int_equal(pyro_perf_record_threads(&head.rest, &pid, &tid),
				 records[i].pid != 0);
		assert_int_equal(pid, records[i].pid);
		assert_int_equal(tid, records[i].tid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),   cmocka_unit_test(test_no_heads),
		cmocka_unit_test(test_frames),  cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_python),  cmocka_unit_test(test_maps),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
