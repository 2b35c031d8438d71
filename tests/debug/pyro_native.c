/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the native stacks of a process, each thread stopped for it, as JSON:
 *   pyro-native PID
 *   pyro-native --blocked PID        as if nothing but pc and sp were known, and without stopping
 *   pyro-native --copied PID         from a copied piece of each stack, with no reader
 *   pyro-native --bench COUNT PID    times the unwinder: cold, warm, and the names
 */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/escape.h"
#include "sample/stop.h"
#include "target/process.h"
#include "target/thread.h"
#include "unwind/symbols.h"
#include "unwind/unwind.h"

enum mode {
	STOPPED,
	BLOCKED,
	COPIED,
	BENCH
};

enum {
	COPY = 1 << 18
};

struct run {
	enum mode mode;
	int pid;
	long rounds;
	struct pyro_reader *reader;
	struct pyro_unwinder *unwinder;
	struct pyro_symbols *symbols;
	struct pyro_stack_memory memory;
	struct pyro_native_stack stack;
	uint8_t copy[COPY];
};

static void print_text(const char *text)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	pyro_escape_json(&buf, text, strlen(text));
	printf("\"%s\"", buf.data ? buf.data : "");
	pyro_buf_deinit(&buf);
}

static void print_frame(struct run *run, const struct pyro_native_frame *frame)
{
	const struct pyro_symbol *symbol;

	printf("{\"pc\": %" PRIu64 ", \"kind\": \"%s\", \"source\": \"%s\", \"signal\": %s, ",
	       frame->pc, pyro_code_kind_name((enum pyro_code_kind)frame->kind),
	       pyro_frame_source_name((enum pyro_frame_source)frame->source),
	       frame->signal ? "true" : "false");
	printf("\"names\": [");
	if (pyro_symbols_find(run->symbols, frame->module, frame->addr, &symbol) == PYRO_RC_OK) {
		for (size_t i = 0; i < symbol->count; i++) {
			printf("%s[", i ? ", " : "");
			print_text(symbol->names[i].function);
			printf(", ");
			print_text(symbol->names[i].file ? symbol->names[i].file : "");
			printf(", %u]", symbol->names[i].line);
		}
		printf("], \"named\": %s, \"module\": ", symbol->named ? "true" : "false");
		print_text(symbol->module);
	} else {
		printf("], \"named\": false, \"module\": \"\"");
	}
	printf("}");
}

static void print_stack(struct run *run, int tid, bool first)
{
	printf("%s{\"tid\": %d, \"end\": \"%s\", \"frames\": [", first ? "" : ",\n", tid,
	       pyro_stack_end_name(run->stack.end));
	for (size_t i = 0; i < run->stack.count; i++) {
		printf("%s", i ? ",\n  " : "");
		print_frame(run, &run->stack.frames[i]);
	}
	printf("]}");
}

static bool stopped_registers(int tid, struct pyro_registers *ret_registers)
{
	uint64_t words[64];
	struct iovec vector = {.iov_base = words, .iov_len = sizeof(words)};

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vector) == 0 &&
	       pyro_registers_from_kernel(pyro_machine_own(), words, vector.iov_len,
					  ret_registers) == PYRO_RC_OK;
}

static bool blocked_registers(int pid, int tid, struct pyro_registers *ret_registers)
{
	struct pyro_thread_syscall call;
	PYRO_AUTO_CLOSE int fd = -1;

	if (pyro_thread_syscall_open(pid, tid, &fd, NULL) != PYRO_RC_OK ||
	    pyro_thread_syscall_read(fd, &call) != PYRO_RC_OK || !call.sp)
		return false;
	pyro_registers_from_syscall(pyro_machine_own(), call.pc, call.sp, ret_registers);
	return true;
}

/* As much of the stack as there is, up to the size of the copy. */
static size_t copy_stack(struct run *run, uint64_t sp)
{
	size_t size = 0;

	while (size < COPY) {
		const size_t step = 4096 - (sp + size) % 4096;
		const size_t want = step < COPY - size ? step : COPY - size;

		if (pyro_reader_read(run->reader, sp + size, run->copy + size, want) != PYRO_RC_OK)
			break;
		size += want;
	}
	return size;
}

static void unwind(struct run *run, const struct pyro_registers *registers)
{
	const uint64_t sp = registers->value[pyro_machine_own()->sp];

	if (run->mode == COPIED)
		pyro_stack_memory_init(&run->memory, sp, run->copy, copy_stack(run, sp), NULL);
	else
		pyro_stack_memory_init(&run->memory, 0, NULL, 0, run->reader);
	pyro_unwinder_unwind(run->unwinder, registers, &run->memory, &run->stack);
	if (!pyro_unwinder_is_stale(run->unwinder) ||
	    pyro_unwinder_refresh(run->unwinder) != PYRO_RC_OK)
		return;
	pyro_stack_memory_forget(&run->memory);
	pyro_unwinder_unwind(run->unwinder, registers, &run->memory, &run->stack);
}

static void bench(struct run *run, const struct pyro_registers *registers)
{
	const uint64_t sp = registers->value[pyro_machine_own()->sp];
	const size_t copied = copy_stack(run, sp);
	uint64_t at[6], frames = 0;

	at[0] = pyro_clock_now();
	unwind(run, registers);
	at[1] = pyro_clock_now();
	for (long i = 0; i < run->rounds; i++) {
		pyro_stack_memory_init(&run->memory, sp, run->copy, copied, NULL);
		pyro_unwinder_unwind(run->unwinder, registers, &run->memory, &run->stack);
		frames += run->stack.count;
	}
	at[2] = pyro_clock_now();
	for (long i = 0; i < run->rounds; i++) {
		pyro_stack_memory_init(&run->memory, 0, NULL, 0, run->reader);
		pyro_unwinder_unwind(run->unwinder, registers, &run->memory, &run->stack);
	}
	at[3] = pyro_clock_now();
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < run->stack.count; i++) {
			const struct pyro_symbol *symbol;

			(void)!pyro_symbols_find(run->symbols, run->stack.frames[i].module,
						 run->stack.frames[i].addr, &symbol);
		}
		at[4 + round] = pyro_clock_now();
	}
	if (!frames || !run->stack.count)
		return;
	printf("%zu frames (%s): cold %.1f us, warm %.0f ns a frame copied, %.0f read; "
	       "names cold %.0f us, warm %.0f ns a frame\n",
	       run->stack.count, pyro_stack_end_name(run->stack.end), (double)(at[1] - at[0]) / 1e3,
	       (double)(at[2] - at[1]) / (double)frames, (double)(at[3] - at[2]) / (double)frames,
	       (double)(at[4] - at[3]) / 1e3, (double)(at[5] - at[4]) / (double)run->stack.count);
}

static bool look(struct run *run, int tid, bool first)
{
	struct pyro_registers registers;
	bool done = false;

	if (run->mode == BLOCKED) {
		if (!blocked_registers(run->pid, tid, &registers))
			return false;
		unwind(run, &registers);
		print_stack(run, tid, first);
		return true;
	}
	if (pyro_stop_thread(tid) != PYRO_RC_OK)
		return false;
	if (stopped_registers(tid, &registers)) {
		if (run->mode == BENCH)
			bench(run, &registers);
		else
			unwind(run, &registers);
		done = run->mode != BENCH;
	}
	pyro_stop_release(tid);
	if (done)
		print_stack(run, tid, first);
	return done;
}

static enum pyro_rc create_unwinder(struct run *run, struct pyro_err *err)
{
	const struct pyro_space space = pyro_space_live(run->pid, run->reader);

	return pyro_unwinder_create(&space, &run->unwinder, err);
}

static int looks(struct run *run)
{
	struct pyro_tids tids;
	struct pyro_err err;
	bool first = true;

	if (pyro_live_reader_create(run->pid, &run->reader, &err) != PYRO_RC_OK ||
	    create_unwinder(run, &err) != PYRO_RC_OK ||
	    pyro_process_tids(run->pid, &tids, &err) != PYRO_RC_OK) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	if (pyro_symbols_create(pyro_unwinder_modules(run->unwinder), PYRO_DEBUG_TRUSTED,
				&run->symbols) != PYRO_RC_OK)
		return 1;
	if (run->mode != BENCH)
		printf("[");
	for (size_t i = 0; i < tids.count; i++)
		first &= !look(run, tids.items[i], first);
	if (run->mode != BENCH)
		printf("]\n");
	pyro_tids_deinit(&tids);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const options[] = {[STOPPED] = "",
					      [BLOCKED] = "--blocked",
					      [COPIED] = "--copied",
					      [BENCH] = "--bench"};
	struct run *run = calloc(1, sizeof(*run));
	int status, at = 1;

	if (!run || argc < 2)
		return 64;
	for (size_t i = 1; i < PYRO_COUNT(options); i++) {
		if (strcmp(argv[1], options[i]) == 0) {
			run->mode = (enum mode)i;
			at = 2;
		}
	}
	if (run->mode == BENCH && argc > 3)
		run->rounds = strtol(argv[at++], NULL, 10);
	if (at >= argc)
		return 64;
	run->pid = (int)strtol(argv[at], NULL, 10);
	status = looks(run);
	pyro_symbols_destroy(run->symbols);
	pyro_unwinder_destroy(run->unwinder);
	pyro_reader_destroy(run->reader);
	free(run);
	return status;
}
