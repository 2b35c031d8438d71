/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/processes.h"

#include "base/clock.h"
#include "base/limits.h"
#include "target/process.h"

/* Where the kernel sends no news of processes: how often we ask. */
#define POLL_EVERY_NS (10 * PYRO_NS_PER_MS)
/* Where it does, how often we ask nevertheless. */
#define GONE_EVERY_NS (100 * PYRO_NS_PER_MS)
/* Reads that fail this often in a row: the program is another one, or has torn its interpreter
 * down. */
#define MAX_FAILURES 20

void pyro_processes_init(struct pyro_processes *processes,
			 const struct pyro_sampler_options *options,
			 struct pyro_probe_shared *shared)
{
	processes->options = options;
	processes->shared = shared;
}

void pyro_processes_on_news(void *context, const struct pyro_sched_news *news)
{
	struct pyro_processes *processes = context;

	if (processes->news_count < PYRO_PROCESSES_NEWS)
		processes->news[processes->news_count++] = *news;
	else
		processes->news_lost = true;
}

static void destroy(struct pyro_probe *probe)
{
	pyro_probe_deinit(probe);
	free(probe);
}

void pyro_processes_deinit(struct pyro_processes *processes)
{
	for (size_t i = 0; i < processes->count; i++)
		destroy(processes->items[i]);
	free(processes->items);
}

static struct pyro_probe *find(struct pyro_processes *processes, int pid)
{
	for (size_t i = 0; i < processes->count; i++) {
		if (processes->items[i]->pid == pid &&
		    processes->items[i]->state != PYRO_PROBE_ENDED)
			return processes->items[i];
	}
	return NULL;
}

struct pyro_probe *pyro_processes_add(struct pyro_processes *processes, int pid, int parent,
				      uint64_t start_ns)
{
	struct pyro_probe *probe;

	if (processes->count >= PYRO_MAX_PROCESSES)
		return NULL;
	if (processes->count == processes->capacity) {
		size_t capacity = processes->capacity ? processes->capacity * 2 : 8;
		struct pyro_probe **probes =
			reallocarray(processes->items, capacity, sizeof(struct pyro_probe *));

		if (!probes)
			return NULL;
		processes->items = probes;
		processes->capacity = capacity;
	}
	probe = malloc(sizeof(*probe));
	if (!probe)
		return NULL;
	pyro_probe_init(probe, pid, parent, processes->next_number++, start_ns,
			processes->options->hz_max, processes->options->budget);
	processes->items[processes->count++] = probe;
	return probe;
}

void pyro_processes_join(struct pyro_processes *processes, int pid, uint64_t now_ns)
{
	if (find(processes, pid) ||
	    pyro_sched_follow_running(processes->shared->sched, pid, NULL) != PYRO_RC_OK)
		return;
	pyro_processes_add(processes, pid, 0, now_ns);
}

void pyro_processes_end(struct pyro_processes *processes, struct pyro_probe *probe, uint64_t now_ns)
{
	pyro_timed_end(probe, processes->shared);
	if (probe->trouble.rc && !probe->announced)
		processes->trouble = probe->trouble;
	processes->due += probe->rate.due;
	processes->late += probe->rate.late;
	probe->rate.due = probe->rate.late = 0;
	if (!pyro_probe_end(probe, processes->shared, now_ns))
		return; /* stays in the list until the queue has room */
	for (size_t i = 0; i < processes->count; i++) {
		if (processes->items[i] == probe)
			processes->items[i] = processes->items[--processes->count];
	}
	destroy(probe);
}

static void on_fork(struct pyro_processes *processes, int pid, int parent_pid, uint64_t at_ns)
{
	const int forked_by = parent_pid;
	const struct pyro_probe *parent = find(processes, parent_pid);
	struct pyro_probe *probe;
	struct pyro_python_origin origin;
	bool inherit;

	if (!processes->options->children || find(processes, pid))
		return;
	/* A shell in between is no process of ours: its child is its parent's. */
	while (parent && !parent->announced && parent->parent) {
		parent_pid = parent->parent;
		parent = find(processes, parent_pid);
	}
	/* Found by asking, it may have executed something else already. */
	inherit = parent && parent->pid == forked_by && parent->state == PYRO_PROBE_READING &&
		  pyro_sched_source(processes->shared->sched) == PYRO_SCHED_RINGS;
	if (inherit)
		origin = parent->origin;
	probe = pyro_processes_add(processes, pid, parent_pid, at_ns);
	if (!probe)
		return;
	/* Without news from the kernel it was found some time after it began. */
	probe->born = pyro_sched_source(processes->shared->sched) == PYRO_SCHED_RINGS;
	if (!inherit)
		return;
	pyro_probe_inherit(probe, &origin, processes->shared);
	/* That is what it was when it was forked, whatever it has executed since. */
	probe->found_ns = at_ns;
}

static void on_exec(struct pyro_processes *processes, int pid, uint64_t at_ns)
{
	struct pyro_probe *probe = find(processes, pid);
	const struct pyro_sched_thread *kernel;
	int parent;

	/* What was found after that is the new program already. */
	if (!probe || (probe->state == PYRO_PROBE_READING && at_ns <= probe->found_ns))
		return;
	if (probe->state == PYRO_PROBE_SEEKING && !probe->announced) {
		probe->seek_ns = 0;
		probe->tries = 0;
	} else {
		parent = probe->parent;
		pyro_processes_end(processes, probe, at_ns);
		probe = pyro_processes_add(processes, pid, parent, at_ns);
		if (!probe)
			return;
	}
	kernel = pyro_sched_thread(processes->shared->sched, pid, pid);
	probe->start_ns = at_ns;
	probe->born = true;
	probe->start_run_ns = kernel ? pyro_sched_run_ns(kernel, at_ns) : 0;
}

void pyro_processes_handle(struct pyro_processes *processes)
{
	for (size_t i = 0; i < processes->news_count; i++) {
		const struct pyro_sched_news *news = &processes->news[i];
		struct pyro_probe *probe = find(processes, news->pid);

		switch (news->kind) {
		case PYRO_SCHED_PROCESS_FORKED:
			on_fork(processes, news->pid, news->parent, news->at_ns);
			break;
		case PYRO_SCHED_PROCESS_EXEC:
			on_exec(processes, news->pid, news->at_ns);
			break;
		case PYRO_SCHED_THREAD_BEGAN:
			if (probe) {
				probe->look_due = true;
				probe->burst = 8;
			}
			break;
		case PYRO_SCHED_THREAD_ENDED:
			if (!probe)
				pyro_sched_forget(processes->shared->sched, news->tid);
			else if (news->tid == news->pid)
				probe->exit_ns = news->at_ns;
			else
				pyro_probe_thread_ended(probe, processes->shared, news->tid);
			break;
		}
	}
	processes->news_count = 0;
}

void pyro_processes_poll(struct pyro_processes *processes, uint64_t now_ns)
{
	if (now_ns < processes->poll_ns)
		return;
	processes->poll_ns = now_ns + POLL_EVERY_NS;
	if (pyro_sched_source(processes->shared->sched) == PYRO_SCHED_RINGS &&
	    !processes->news_lost)
		return;
	processes->news_lost = false;
	for (size_t i = 0; i < processes->count && processes->options->children; i++) {
		struct pyro_tids children;
		const int pid = processes->items[i]->pid;

		if (processes->items[i]->state == PYRO_PROBE_ENDED ||
		    pyro_process_children(pid, &children, NULL))
			continue;
		for (size_t j = 0; j < children.count; j++) {
			struct pyro_process_facts facts;

			if (find(processes, children.items[j]) ||
			    pyro_process_facts(children.items[j], &facts, NULL) ||
			    facts.state == 'Z')
				continue;
			on_fork(processes, children.items[j], pid, now_ns);
		}
		pyro_tids_deinit(&children);
	}
}

/* Asking costs as much as a look at a stack, and the kernel tells of most ends. */
static bool is_gone(const struct pyro_processes *processes, struct pyro_probe *probe,
		    uint64_t now_ns)
{
	if (pyro_sched_source(processes->shared->sched) == PYRO_SCHED_RINGS && !probe->exit_ns &&
	    !probe->failures && now_ns < probe->gone_ns)
		return false;
	probe->gone_ns = now_ns + GONE_EVERY_NS;
	return pyro_process_gone(probe->pid);
}

void pyro_processes_sweep(struct pyro_processes *processes, uint64_t now_ns)
{
	for (size_t i = processes->count; i-- > 0;) {
		struct pyro_probe *probe = processes->items[i];
		const int pid = probe->pid, parent = probe->parent;

		if (probe->state == PYRO_PROBE_ENDED) {
			pyro_processes_end(processes, probe, now_ns);
		} else if (is_gone(processes, probe, now_ns)) {
			pyro_processes_end(processes, probe,
					   probe->exit_ns ? probe->exit_ns : now_ns);
		} else if (probe->state == PYRO_PROBE_READING && !probe->exit_ns &&
			   probe->failures > MAX_FAILURES) {
			pyro_processes_end(processes, probe, now_ns);
			pyro_processes_add(processes, pid, parent, now_ns);
		}
	}
}
