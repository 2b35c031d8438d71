/* SPDX-License-Identifier: Apache-2.0 */
/* Prints every Python stack of a process once, read without stopping it:
 *   pyro-stack [--json] PID
 *   pyro-stack --bench COUNT PID     times look, thread, stack, lines; prints microseconds
 *   pyro-stack --watch COUNT PID     prints the stacks of a running target, proved by nothing
 *   pyro-stack --stopped COUNT PID   stops the target for each look, so that the stacks are exact
 */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "cpython/locate.h"
#include "cpython/python.h"
#include "target/process.h"

#define ATTEMPTS 50

struct names {
	struct {
		uint64_t pthread;
		char name[256];
	} items[512];
	size_t count;
};

static void add_name(void *context, uint64_t pthread, const char *name)
{
	struct names *names = context;

	if (names->count == PYRO_COUNT(names->items))
		return;
	names->items[names->count].pthread = pthread;
	snprintf(names->items[names->count].name, sizeof(names->items[0].name), "%s", name);
	names->count++;
}

static const char *name_of(const struct names *names, uint64_t pthread)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->items[i].pthread == pthread)
			return names->items[i].name;
	}
	return "";
}

static void print_json_text(const char *text)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	pyro_escape_json(&buf, text, strlen(text));
	printf("\"%s\"", buf.data ? buf.data : "");
	pyro_buf_deinit(&buf);
}

static void print_json(struct pyro_python *python, const struct pyro_thread *thread, bool first,
		       const struct names *names, const struct pyro_raw_stack *stack)
{
	printf("%s{\"native_id\": %" PRIu64 ", \"pthread\": %" PRIu64
	       ", \"main\": %s, \"attached\": %s, \"interp\": %u, \"truncated\": %s, "
	       "\"partial\": %s, \"name\": ",
	       first ? "" : ",\n", thread->native_id, thread->pthread,
	       thread->main ? "true" : "false", thread->attached ? "true" : "false",
	       thread->interp_id, stack->truncated ? "true" : "false",
	       stack->partial ? "true" : "false");
	print_json_text(name_of(names, thread->pthread));
	printf(", \"frames\": [");
	for (size_t j = 0; j < stack->count; j++) {
		const struct pyro_code *code = pyro_python_code(python, stack->frames[j].code);

		printf("%s[", j ? ", " : "");
		print_json_text(code->name);
		printf(", ");
		print_json_text(code->qualname);
		printf(", ");
		print_json_text(code->file);
		printf(", %d, %d]", code->first_line, stack->frames[j].line);
	}
	printf("]}");
}

static void print_text(struct pyro_python *python, const struct pyro_thread *thread,
		       const struct names *names, const struct pyro_raw_stack *stack)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 24);
	pyro_buf_add_format(&buf, "thread %" PRIu64 "%s%s interpreter %u \"", thread->native_id,
			    thread->main ? " main" : "", thread->attached ? " holds the GIL" : "",
			    thread->interp_id);
	pyro_escape_terminal(&buf, name_of(names, thread->pthread),
			     strlen(name_of(names, thread->pthread)));
	pyro_buf_add_format(&buf, "\"%s%s\n", stack->truncated ? " truncated" : "",
			    stack->partial ? " partial" : "");
	for (size_t j = 0; j < stack->count; j++) {
		const struct pyro_code *code = pyro_python_code(python, stack->frames[j].code);

		pyro_buf_add_text(&buf, "    ");
		pyro_escape_terminal(&buf, code->qualname, strlen(code->qualname));
		pyro_buf_add_text(&buf, "  ");
		pyro_escape_terminal(&buf, code->file, strlen(code->file));
		pyro_buf_add_format(&buf, ":%d\n", stack->frames[j].line);
	}
	fputs(buf.data ? buf.data : "", stdout);
	pyro_buf_deinit(&buf);
}

static enum pyro_rc print_once(struct pyro_python *python, struct pyro_raw_stack *stack, bool json)
{
	static struct names names;
	const struct pyro_look *look;
	struct pyro_thread thread;
	struct pyro_gil gil;
	enum pyro_rc rc = PYRO_RC_TORN;
	bool first = true;

	names.count = 0;
	pyro_python_thread_names(python, add_name, &names);
	for (int i = 0; i < ATTEMPTS && rc == PYRO_RC_TORN; i++)
		rc = pyro_python_look(python, &look);
	if (rc != PYRO_RC_OK)
		return rc;
	if (json)
		printf("{\"collecting\": %s, \"finalizing\": %s, \"threads\": [",
		       look->collecting ? "true" : "false", look->finalizing ? "true" : "false");
	for (size_t i = 0; i < look->thread_count; i++) {
		if (look->threads[i].host != i)
			continue;
		rc = PYRO_RC_TORN;
		for (int j = 0; j < ATTEMPTS && rc != PYRO_RC_OK && rc != PYRO_RC_GONE; j++) {
			rc = pyro_python_thread(python, i, &gil, &thread);
			if (rc == PYRO_RC_OK)
				rc = pyro_python_stack(python, &thread, stack);
			pyro_python_settle(python, rc == PYRO_RC_OK);
		}
		if (rc != PYRO_RC_OK)
			return rc;
		pyro_python_stack_lines(python, stack);
		if (json)
			print_json(python, &thread, first, &names, stack);
		else
			print_text(python, &thread, &names, stack);
		first = false;
	}
	if (json)
		printf("]}\n");
	return PYRO_RC_OK;
}

static int compare_ns(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_times(const char *what, uint64_t *times, size_t count)
{
	if (count == 0)
		return;
	qsort(times, count, sizeof(*times), compare_ns);
	printf("%-8s best %6.2f  median %6.2f  90%% %6.2f us\n", what, (double)times[0] / 1e3,
	       (double)times[count / 2] / 1e3, (double)times[count * 9 / 10] / 1e3);
}

static enum pyro_rc bench(struct pyro_python *python, struct pyro_raw_stack *stack, size_t count)
{
	uint64_t *times[4] = {0};
	struct pyro_python_counts before, after;
	const struct pyro_look *look;
	size_t done = 0, depth = 0, partial = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; i < 4; i++)
		times[i] = calloc(count, sizeof(uint64_t));
	pyro_python_counts(python, &before);
	for (size_t i = 0; i < count && rc != PYRO_RC_GONE; i++) {
		uint64_t at[5];
		struct pyro_thread thread;
		struct pyro_gil gil;

		at[0] = pyro_clock_now();
		rc = pyro_python_look(python, &look);
		if (rc != PYRO_RC_OK || look->thread_count == 0)
			continue;
		at[1] = pyro_clock_now();
		rc = pyro_python_thread(python, look->thread_count - 1, &gil, &thread);
		at[2] = pyro_clock_now();
		if (rc == PYRO_RC_OK)
			rc = pyro_python_stack(python, &thread, stack);
		at[3] = pyro_clock_now();
		pyro_python_settle(python, rc == PYRO_RC_OK);
		if (rc != PYRO_RC_OK)
			continue;
		pyro_python_stack_lines(python, stack);
		at[4] = pyro_clock_now();
		for (size_t j = 0; j < 4; j++)
			times[j][done] = at[j + 1] - at[j];
		depth += stack->count;
		partial += stack->partial;
		done++;
	}
	pyro_python_counts(python, &after);
	printf("%zu of %zu, mean depth %.1f, partial %zu, reads %.2f a sample, bytes %.0f, faults "
	       "%" PRIu64 ", codes %" PRIu64 ", reused %" PRIu64 "\n",
	       done, count, done ? (double)depth / (double)done : 0, partial,
	       (double)(after.reads - before.reads) / (double)count,
	       (double)(after.bytes - before.bytes) / (double)count, after.faults - before.faults,
	       after.codes, after.codes_reused);
	print_times("look", times[0], done);
	print_times("thread", times[1], done);
	print_times("stack", times[2], done);
	print_times("lines+", times[3], done);
	for (size_t i = 0; i < 4; i++)
		free(times[i]);
	return PYRO_RC_OK;
}

/* Waits until every thread stands; the first to stop is not the last. */
static void stop(int pid)
{
	struct pyro_process_facts facts;

	kill(pid, SIGSTOP);
	for (int i = 0; i < 10000; i++) {
		if (pyro_process_facts(pid, &facts, NULL) != PYRO_RC_OK || facts.state == 'T')
			return;
		sched_yield();
	}
}

static enum pyro_rc watch(struct pyro_python *python, struct pyro_raw_stack *stack, size_t count,
			  int pid, bool stopped)
{
	const struct pyro_look *look;
	struct pyro_python_counts counts;

	for (size_t i = 0; i < count; i++) {
		struct pyro_thread thread;
		struct pyro_gil gil;
		enum pyro_rc rc;

		if (stopped) {
			kill(pid, SIGCONT);
			usleep((useconds_t)(i * 7919 % 700));
			stop(pid);
		}
		rc = pyro_python_look(python, &look);

		for (size_t j = 0; rc == PYRO_RC_OK && j < look->thread_count; j++) {
			if (look->threads[j].host != j)
				continue;
			rc = pyro_python_thread(python, j, &gil, &thread);
			if (rc == PYRO_RC_OK)
				rc = pyro_python_stack(python, &thread, stack);
			pyro_python_settle(python, stopped);
			if (rc != PYRO_RC_OK)
				break;
			pyro_python_stack_lines(python, stack);
			for (size_t k = stack->count; k > 0; k--) {
				const struct pyro_code *code =
					pyro_python_code(python, stack->frames[k - 1].code);

				printf("%s:%s:%d%s", code->name, code->file,
				       stack->frames[k - 1].line, k > 1 ? ";" : "");
			}
			printf("%s\n", stack->partial ? " (partial)" : "");
		}
		if (rc == PYRO_RC_GONE)
			return rc;
	}
	if (stopped)
		kill(pid, SIGCONT);
	pyro_python_counts(python, &counts);
	fprintf(stderr, "%" PRIu64 " code objects, %" PRIu64 " addresses used again\n",
		counts.codes, counts.codes_reused);
	return PYRO_RC_OK;
}

int main(int argc, char **argv)
{
	struct pyro_python_origin origin;
	struct pyro_reader *reader = NULL;
	struct pyro_python *python = NULL;
	struct pyro_raw_stack *stack = calloc(1, sizeof(*stack));
	struct pyro_err err = {0};
	enum pyro_rc rc;
	int pid;

	if (argc < 2 || !stack) {
		fprintf(stderr,
			"usage: pyro-stack [--json | --bench COUNT | --watch COUNT | --stopped "
			"COUNT]"
			" PID\n");
		free(stack);
		return 64;
	}
	pid = (int)strtol(argv[argc - 1], NULL, 10);
	rc = pyro_live_reader_create(pid, &reader, &err);
	if (rc == PYRO_RC_OK)
		rc = pyro_python_locate(pid, reader, &origin, &err);
	if (rc == PYRO_RC_OK)
		rc = pyro_python_create(reader, &origin, &python, &err);
	if (rc == PYRO_RC_OK && argc == 4 && strcmp(argv[1], "--bench") == 0)
		rc = bench(python, stack, strtoul(argv[2], NULL, 10));
	else if (rc == PYRO_RC_OK && argc == 4 && strcmp(argv[1], "--watch") == 0)
		rc = watch(python, stack, strtoul(argv[2], NULL, 10), pid, false);
	else if (rc == PYRO_RC_OK && argc == 4 && strcmp(argv[1], "--stopped") == 0)
		rc = watch(python, stack, strtoul(argv[2], NULL, 10), pid, true);
	else if (rc == PYRO_RC_OK)
		rc = print_once(python, stack, strcmp(argv[1], "--json") == 0);
	if (rc != PYRO_RC_OK)
		fprintf(stderr, "pyro-stack: %s%s%s\n", pyro_rc_text(rc),
			err.message[0] ? ": " : "", err.message);
	pyro_python_destroy(python);
	pyro_reader_destroy(reader);
	free(stack);
	return pyro_rc_exit_status(rc);
}
