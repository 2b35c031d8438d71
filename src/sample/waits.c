/* SPDX-License-Identifier: Apache-2.0 */
/* Why threads are off their processors. A thread's system call is read once where it was found
 * blocked anew; as long as it has not run since, it waits for the same. What its files are called
 * is found out after the look, when nobody waits for us. */
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/limits.h"
#include "sample/probe_parts.h"
#include "target/procfs.h"
#include "target/socket.h"

/* Beside the two that a thread needs where /proc is the witness, and those of the rings. */
#define MAX_FILES 256
/* Looking up a socket reads tables of all sockets: at most one part in so many of our time. */
#define SOCKET_PAUSE 50
/* ... but for what was not used of that before, from so long ago on: the connections of a program
 * that has just begun should have their names at once. */
#define SOCKET_CREDIT_NS (2 * PYRO_NS_PER_S)
/* They change while they are read, and may lack one that is there. */
#define SOCKET_TRIES 3

static const uint8_t reasons[PYRO_WAIT_COUNT] = {
	[PYRO_WAIT_RUNS] = PYRO_SAMPLE_WAITS_OTHER,  [PYRO_WAIT_LOCK] = PYRO_SAMPLE_WAITS_LOCK,
	[PYRO_WAIT_FILE] = PYRO_SAMPLE_WAITS_IO,     [PYRO_WAIT_PIPE] = PYRO_SAMPLE_WAITS_IO,
	[PYRO_WAIT_TERMINAL] = PYRO_SAMPLE_WAITS_IO, [PYRO_WAIT_SOCKET] = PYRO_SAMPLE_WAITS_NET,
	[PYRO_WAIT_EVENTS] = PYRO_SAMPLE_WAITS_NET,  [PYRO_WAIT_SLEEP] = PYRO_SAMPLE_WAITS_SLEEP,
	[PYRO_WAIT_CHILD] = PYRO_SAMPLE_WAITS_OTHER, [PYRO_WAIT_SIGNAL] = PYRO_SAMPLE_WAITS_OTHER,
	[PYRO_WAIT_FAULT] = PYRO_SAMPLE_WAITS_OTHER, [PYRO_WAIT_OTHER] = PYRO_SAMPLE_WAITS_OTHER,
};

/* ---- objects ---- */

/* The number of what has the @hash, if it was given one; else the next one. */
static bool find_object(const struct pyro_probe *probe, uint64_t hash, uint32_t *ret_object)
{
	uint64_t number = probe->objects.count;
	const bool known = pyro_map_get(&probe->objects, hash, &number);

	*ret_object = (uint32_t)number;
	return known;
}

/* Tells the recorder of what has the @hash; PYRO_NO_OBJECT if that cannot be. */
static uint32_t announce(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t hash,
			 struct pyro_message *message, const char *text, size_t size)
{
	message->kind = PYRO_MESSAGE_OBJECT;
	message->process = probe->number;
	(void)find_object(probe, hash, &message->u.object.object);
	if (!pyro_probe_put(shared, message, text, size) ||
	    pyro_map_put(&probe->objects, hash, message->u.object.object))
		return PYRO_NO_OBJECT;
	return message->u.object.object;
}

static uint64_t hash_of(enum pyro_wait_kind kind, uint64_t what)
{
	return pyro_hash_pair((uint64_t)kind, what);
}

/* The number by which the target or the kernel knows it; 0: none. */
static uint64_t number_of(const struct pyro_wait *wait)
{
	return wait->addr ? wait->addr : wait->inode ? wait->inode : (uint64_t)wait->child;
}

static struct pyro_message plain_message(const struct pyro_wait *wait)
{
	return (struct pyro_message){.u.object = {.thread = UINT32_MAX,
						  .stack = PYRO_NO_STACK,
						  .kind = pyro_wait_name(wait->kind),
						  .reason = reasons[wait->kind]}};
}

/* A lock, a process and a pipe have a number for a name; a socket's was found out before. */
static uint32_t plain_object(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			     const struct pyro_wait *wait)
{
	const uint64_t number = number_of(wait);
	struct pyro_message message = plain_message(wait);
	struct pyro_buf text PYRO_CLEANUP(pyro_buf_deinit);
	uint32_t object;

	pyro_buf_init(&text, PYRO_MAX_NAME);
	if (!number)
		return PYRO_NO_OBJECT;
	if (find_object(probe, hash_of(wait->kind, number), &object))
		return object;
	if (wait->kind == PYRO_WAIT_SOCKET)
		return PYRO_NO_OBJECT;
	if (wait->inode)
		pyro_buf_add_format(&text, "pipe:[%" PRIu64 "]", wait->inode);
	else
		pyro_wait_object(probe->pid, wait, &text);
	return announce(probe, shared, hash_of(wait->kind, number), &message, text.data, text.size);
}

/* Who has the GIL, and what for, as far as it was looked at in this moment: it comes first. */
static uint32_t holder_object(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			      const struct pyro_probe_thread *waiter, const struct pyro_gil *gil)
{
	struct pyro_message message = {.u.object = {.stack = PYRO_NO_STACK,
						    .kind = "gil",
						    .reason = PYRO_SAMPLE_WAITS_GIL}};
	const size_t index = pyro_python_thread_of(probe->python, gil->last_holder);
	const struct pyro_probe_thread *holder = NULL;
	uint32_t object;
	uint64_t hash;

	for (size_t i = 0; i < probe->awake_count && !holder && gil->addr; i++) {
		if (probe->awake[i]->index == index && index != SIZE_MAX)
			holder = probe->awake[i];
	}
	if (!holder || holder == waiter)
		return PYRO_NO_OBJECT;
	/* Its places may be many: half of the room is for all else. */
	if (holder->visited == probe->moment && holder->holds_gil &&
	    probe->objects.count < probe->objects.limit / 2)
		message.u.object.stack = holder->stack;
	message.u.object.thread = holder->number;
	hash = hash_of(PYRO_WAIT_COUNT, pyro_hash_pair(holder->number, message.u.object.stack));
	return find_object(probe, hash, &object) ? object
						 : announce(probe, shared, hash, &message, NULL, 0);
}

/* ---- reasons ---- */

/* Opening the file costs several times what reading it does, so some stay open. */
static bool read_syscall(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			 struct pyro_probe_thread *thread, struct pyro_thread_syscall *ret_call)
{
	bool known;

	if (thread->syscall_fd < 0) {
		if (pyro_thread_syscall_open(probe->pid, thread->tid, &thread->syscall_fd, NULL))
			return false;
		shared->files++;
	}
	known = !pyro_thread_syscall_read(thread->syscall_fd, ret_call);
	if (shared->files > MAX_FILES)
		pyro_roster_close(thread, shared);
	return known;
}

static void set(struct pyro_probe_thread *thread, uint8_t reason, uint32_t object)
{
	thread->reason = reason;
	thread->object = object;
}

/* What is waited for with that stack, for when a wait is over before it is read. Waits for the GIL
 * do not count: they come at any place where another wait ends. */
static void remember(struct pyro_probe *probe, const struct pyro_probe_thread *thread)
{
	uint64_t known;

	if (pyro_map_get(&probe->habits, thread->stack, &known) && known == thread->reason)
		return;
	/* Without room for it, such a wait stays without a reason. */
	(void)!pyro_map_put(&probe->habits, thread->stack, thread->reason);
}

/* Where nothing else was ever seen to be waited for, it is the GIL, if that is with another. */
static void recall(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		   struct pyro_probe_thread *thread, const struct pyro_gil *gil)
{
	uint64_t reason;

	if (pyro_map_get(&probe->habits, thread->stack, &reason))
		set(thread, (uint8_t)reason, PYRO_NO_OBJECT);
	else if (gil->addr && gil->locked && probe->thread_count > 1)
		set(thread, PYRO_SAMPLE_WAITS_GIL, holder_object(probe, shared, thread, gil));
	else
		set(thread, PYRO_SAMPLE_WAITS_OTHER, PYRO_NO_OBJECT);
}

static void name_later(struct pyro_probe *probe, struct pyro_probe_thread *thread)
{
	for (size_t i = 0; i < probe->unnamed_count; i++) {
		if (probe->unnamed[i] == thread)
			return;
	}
	if (probe->unnamed_count < PYRO_PROBE_UNNAMED)
		probe->unnamed[probe->unnamed_count++] = thread;
}

/* Waits for a socket may be too brief to look it up in one of them. Those that are waited for again
 * and again come first: some live for one wait only. */
static void keep_for_later(struct pyro_probe *probe, const struct pyro_wait *wait)
{
	size_t least = 0;

	if (wait->kind != PYRO_WAIT_SOCKET || !wait->inode)
		return;
	for (size_t i = 0; i < probe->socket_count; i++) {
		if (probe->sockets[i].inode == wait->inode) {
			probe->sockets[i].waits++;
			return;
		}
		if (probe->sockets[i].waits < probe->sockets[least].waits)
			least = i;
	}
	if (probe->socket_count < PYRO_COUNT(probe->sockets))
		least = probe->socket_count++;
	probe->sockets[least].inode = wait->inode;
	probe->sockets[least].waits = 1;
	probe->sockets[least].tries = 0;
}

void pyro_waits_find(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread, const struct pyro_gil *gil, bool waited)
{
	const bool asleep = thread->since == PYRO_SCHED_BLOCKED;
	const uint64_t slices = thread->kernel->slices;
	struct pyro_thread_syscall call;

	set(thread, PYRO_SAMPLE_RUNS, PYRO_NO_OBJECT);
	if (!asleep && thread->state != PYRO_SCHED_BLOCKED)
		return;
	if (waited) {
		set(thread, PYRO_SAMPLE_WAITS_GIL, holder_object(probe, shared, thread, gil));
		return;
	}
	if (!asleep || !read_syscall(probe, shared, thread, &call) ||
	    pyro_sched_has_run(shared->sched, thread->kernel, slices)) {
		recall(probe, shared, thread, gil); /* it woke meanwhile */
		return;
	}
	/* What it waited for has come, and now it waits for a processor: the kernel has no record
	 * of that. */
	if (call.number == -2) {
		set(thread, PYRO_SAMPLE_WAITS_CPU, PYRO_NO_OBJECT);
		return;
	}
	if (call.number == SYS_futex && call.args[0] >= gil->wait_low &&
	    call.args[0] < gil->wait_high) {
		set(thread, PYRO_SAMPLE_WAITS_GIL, holder_object(probe, shared, thread, gil));
		return;
	}
	pyro_wait_find(probe->pid, &call, probe->reader, &thread->wait);
	set(thread, reasons[thread->wait.kind], plain_object(probe, shared, &thread->wait));
	remember(probe, thread);
	if (thread->wait.fd < 0 || thread->object != PYRO_NO_OBJECT)
		return;
	name_later(probe, thread);
	keep_for_later(probe, &thread->wait);
}

/* ---- names ---- */

void pyro_waits_forget(struct pyro_probe *probe, const struct pyro_probe_thread *thread)
{
	for (size_t i = 0; i < probe->unnamed_count; i++) {
		if (probe->unnamed[i] != thread)
			continue;
		probe->unnamed[i] = probe->unnamed[--probe->unnamed_count];
		return;
	}
}

/* The look that found the thread waiting is likely to be in its ledger still. */
static void name_last_look(struct pyro_probe_thread *thread)
{
	struct pyro_ledger_entry *last =
		thread->ledger.count ? &thread->ledger.entries[thread->ledger.count - 1] : NULL;

	if (last && last->reason == thread->reason && last->stack == thread->stack)
		last->object = thread->object;
}

/* What the sockets are between. It takes a while, so we go where we are in nobody's way. */
static void look_up(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		    struct pyro_socket *sockets)
{
	const uint64_t now_ns = pyro_clock_now();
	uint64_t spent_ns;

	pyro_seat_leave(&shared->seat, shared->seat.cpu);
	spent_ns = pyro_clock_thread_cpu();
	pyro_sockets_find(probe->pid, sockets, probe->socket_count);
	spent_ns = pyro_clock_thread_cpu() - spent_ns;
	if (now_ns > probe->object_ns + SOCKET_CREDIT_NS)
		probe->object_ns = now_ns - SOCKET_CREDIT_NS;
	probe->object_ns += spent_ns * SOCKET_PAUSE;
}

/* All that are kept for it: then the next wait for one has a name. */
static bool name_sockets(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			 uint64_t now_ns)
{
	const struct pyro_wait wait = {.kind = PYRO_WAIT_SOCKET};
	struct pyro_socket sockets[PYRO_PROBE_UNNAMED];
	const size_t count = probe->socket_count;

	if (!count || now_ns < probe->object_ns)
		return false;
	for (size_t i = 0; i < count; i++) {
		sockets[i] = (struct pyro_socket){.inode = probe->sockets[i].inode};
		pyro_buf_init(&sockets[i].text, PYRO_MAX_PATH);
	}
	look_up(probe, shared, sockets);
	probe->socket_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct pyro_message message = plain_message(&wait);

		if (!sockets[i].found && ++probe->sockets[i].tries < SOCKET_TRIES)
			probe->sockets[probe->socket_count++] = probe->sockets[i];
		else
			(void)announce(probe, shared, hash_of(PYRO_WAIT_SOCKET, sockets[i].inode),
				       &message, sockets[i].text.data, sockets[i].text.size);
		pyro_buf_deinit(&sockets[i].text);
	}
	return true;
}

/* False: not now. */
static bool name_file(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread)
{
	struct pyro_message message = {.u.object = {.thread = UINT32_MAX,
						    .stack = PYRO_NO_STACK,
						    .kind = pyro_wait_name(thread->wait.kind),
						    .reason = reasons[thread->wait.kind]}};
	struct pyro_buf text PYRO_CLEANUP(pyro_buf_deinit);
	char link[PYRO_MAX_PATH];
	uint32_t object;
	uint64_t hash;

	pyro_buf_init(&text, PYRO_MAX_PATH);
	if (!pyro_wait_link(probe->pid, thread->wait.fd, link, sizeof(link)) ||
	    pyro_sched_has_run(shared->sched, thread->kernel, thread->slices))
		return true; /* it may be another file by now */
	hash = hash_of(thread->wait.kind, thread->wait.inode ? thread->wait.inode
							     : pyro_hash_bytes(link, strlen(link)));
	if (!find_object(probe, hash, &object)) {
		if (thread->wait.kind == PYRO_WAIT_SOCKET)
			return false; /* it is looked up in its turn */
		pyro_buf_add_text(&text, link);
		object = announce(probe, shared, hash, &message, text.data, text.size);
	}
	thread->object = object;
	name_last_look(thread);
	return true;
}

bool pyro_probe_name_objects(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			     uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < probe->unnamed_count; i++) {
		struct pyro_probe_thread *thread = probe->unnamed[i];
		const bool over = !thread->kernel || thread->reason == PYRO_SAMPLE_WAITS_GIL ||
				  thread->since != PYRO_SCHED_BLOCKED || thread->wait.fd < 0 ||
				  thread->object != PYRO_NO_OBJECT;

		if (!over && !name_file(probe, shared, thread))
			probe->unnamed[kept++] = thread;
	}
	probe->unnamed_count = kept;
	return name_sockets(probe, shared, now_ns);
}
