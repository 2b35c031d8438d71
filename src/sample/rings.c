/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/rings.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

/* 128 KiB hold some 4,000 switches: 20 ms of the busiest processor between two drains. An ordinary
 * user may lock 516 KiB per processor (perf_event_mlock_kb). */
#define RING_PAGES     32u
#define RING_PAGES_MIN 4u

#ifndef PERF_RECORD_MISC_SWITCH_OUT_PREEMPT
#define PERF_RECORD_MISC_SWITCH_OUT_PREEMPT (1 << 14)
#endif

struct ring {
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	uint64_t size; /* of data, a power of two */
	uint64_t tail;
	int fd; /* the event that owns the ring; further events write into it */
	int cpu;
};

struct pyro_rings {
	struct ring *rings;
	size_t count;
	int *fds; /* further events, kept open as long as they shall report */
	size_t fd_count;
	size_t fd_capacity;
	size_t page_size;
};

/* The tail that sample_id_all puts behind each record, for our sample_type. */
struct sample_id {
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, reserved;
};

/* Until it is told when to strike first. */
#define NEVER_NS (1ull << 50)

static int open_with(struct perf_event_attr *attr, int tid, int cpu)
{
	attr->type = PERF_TYPE_SOFTWARE;
	attr->size = sizeof(*attr);
	attr->sample_type |= PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
	attr->exclude_kernel = 1;
	attr->exclude_hv = 1;
	attr->sample_id_all = 1;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
	return (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int open_event(int tid, int cpu, bool inherit)
{
	struct perf_event_attr attr = {
		.config = PERF_COUNT_SW_DUMMY,
		.inherit = inherit,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.context_switch = 1,
	};

	return open_with(&attr, tid, cpu);
}

static int open_clock(int tid, int cpu)
{
	struct perf_event_attr attr = {
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_type = PERF_SAMPLE_IP,
		.sample_period = NEVER_NS,
	};

	return open_with(&attr, tid, cpu);
}

static enum pyro_rc explain(struct pyro_err *err, int errnum, int tid)
{
	switch (errnum) {
	case ESRCH:
		return pyro_err_set(err, PYRO_RC_GONE, "thread %d has ended", tid);
	case EACCES:
	case EPERM:
		return pyro_err_set(err, PYRO_RC_PERM,
				    "the kernel's switch records are not allowed here. Try: sysctl "
				    "kernel.perf_event_paranoid=2");
	case EMFILE:
	case ENFILE:
		return pyro_err_set_errno(err, PYRO_RC_LIMIT, errnum,
					  "too few file descriptors for switch records");
	default:
		return pyro_err_set_errno(err, PYRO_RC_UNSUPPORTED, errnum,
					  "no switch records from this kernel");
	}
}

/* The processors that are online, from sysfs: "0-3,8". */
static size_t online_cpus(int *cpus, size_t room)
{
	char text[4096];
	size_t count = 0, size;
	char *at = text;
	FILE *file = fopen("/sys/devices/system/cpu/online", "re");

	if (!file)
		return 0;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	while (*at >= '0' && *at <= '9') {
		long first = strtol(at, &at, 10);
		long last = *at == '-' ? strtol(at + 1, &at, 10) : first;

		for (; first <= last && count < room; first++)
			cpus[count++] = (int)first;
		if (*at == ',')
			at++;
	}
	return count;
}

enum pyro_rc pyro_rings_create(struct pyro_rings **ret_rings, struct pyro_err *err)
{
	struct pyro_rings *rings;
	int cpus[1024];
	size_t count = online_cpus(cpus, PYRO_COUNT(cpus));
	int probe;

	if (!count)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "the list of online processors cannot be read");
	/* One event on ourselves tells whether it is allowed at all. */
	probe = open_event(0, cpus[0], true);
	if (probe < 0)
		return explain(err, errno, 0);
	close(probe);
	rings = calloc(1, sizeof(*rings));
	if (!rings)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	rings->rings = calloc(count, sizeof(*rings->rings));
	if (!rings->rings) {
		free(rings);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	rings->count = count;
	rings->page_size = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < count; i++) {
		rings->rings[i].cpu = cpus[i];
		rings->rings[i].fd = -1;
	}
	*ret_rings = rings;
	return PYRO_RC_OK;
}

void pyro_rings_destroy(struct pyro_rings *rings)
{
	if (!rings)
		return;
	for (size_t i = 0; i < rings->fd_count; i++)
		close(rings->fds[i]);
	for (size_t i = 0; i < rings->count; i++) {
		struct ring *ring = &rings->rings[i];

		if (ring->page)
			munmap(ring->page, ring->size + rings->page_size);
		if (ring->fd >= 0)
			close(ring->fd);
	}
	free(rings->fds);
	free(rings->rings);
	free(rings);
}

static int map_ring(struct pyro_rings *rings, struct ring *ring, int fd)
{
	for (size_t pages = RING_PAGES; pages >= RING_PAGES_MIN; pages /= 2) {
		size_t size = pages * rings->page_size;
		void *page = mmap(NULL, size + rings->page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				  fd, 0);

		if (page == MAP_FAILED)
			continue;
		ring->page = page;
		ring->data = (const uint8_t *)page + rings->page_size;
		ring->size = size;
		ring->tail = 0;
		ring->fd = fd;
		return 0;
	}
	return -1;
}

static enum pyro_rc keep_fd(struct pyro_rings *rings, int fd)
{
	if (rings->fd_count == rings->fd_capacity) {
		size_t capacity = rings->fd_capacity ? rings->fd_capacity * 2 : 32;
		int *fds = reallocarray(rings->fds, capacity, sizeof(*fds));

		if (!fds)
			return PYRO_RC_NOMEM;
		rings->fds = fds;
		rings->fd_capacity = capacity;
	}
	rings->fds[rings->fd_count++] = fd;
	return PYRO_RC_OK;
}

/* A thread takes one descriptor per processor; the soft limit is a default, not a wish. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Opens the event of @tid on one processor and leads it into that processor's ring. */
static enum pyro_rc follow_on(struct pyro_rings *rings, struct ring *ring, int tid, bool inherit,
			      struct pyro_err *err)
{
	PYRO_AUTO_CLOSE int fd = open_event(tid, ring->cpu, inherit);

	if (fd < 0 && errno == EMFILE) {
		raise_descriptor_limit();
		fd = open_event(tid, ring->cpu, inherit);
	}
	/* A processor that went offline has nothing to report. */
	if (fd < 0)
		return errno == ENODEV ? PYRO_RC_OK : explain(err, errno, tid);
	if (!ring->page) {
		if (map_ring(rings, ring, fd) < 0)
			return pyro_err_set_errno(err, PYRO_RC_LIMIT, errno,
						  "no memory may be locked for switch records");
		(void)PYRO_TAKE_FD(fd);
		return PYRO_RC_OK;
	}
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) < 0)
		return explain(err, errno, tid);
	if (keep_fd(rings, fd))
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	(void)PYRO_TAKE_FD(fd);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_rings_follow(struct pyro_rings *rings, int tid, bool inherit,
			       struct pyro_err *err)
{
	const size_t fd_count = rings->fd_count;

	for (size_t i = 0; i < rings->count; i++) {
		enum pyro_rc rc = follow_on(rings, &rings->rings[i], tid, inherit, err);

		if (!rc)
			continue;
		/* All processors or none: half a thread's records would lie. An event that owns a
		 * ring stays, since others write there. */
		while (rings->fd_count > fd_count)
			close(rings->fds[--rings->fd_count]);
		return rc;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_rings_clock_open(struct pyro_rings *rings, int tid, int cpu, int *ret_fd)
{
	PYRO_AUTO_CLOSE int fd = -1;
	const struct ring *ring = NULL;

	for (size_t i = 0; i < rings->count; i++) {
		if (rings->rings[i].cpu == cpu && rings->rings[i].page)
			ring = &rings->rings[i];
	}
	if (!ring)
		return PYRO_RC_NOTREADY;
	fd = open_clock(tid, cpu);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) < 0)
		return explain(NULL, errno, tid);
	*ret_fd = PYRO_TAKE_FD(fd);
	return PYRO_RC_OK;
}

bool pyro_ring_clock_set(int fd, uint64_t period_ns)
{
	return ioctl(fd, PERF_EVENT_IOC_PERIOD, &period_ns) == 0;
}

void pyro_ring_clock_run(int fd, bool run)
{
	ioctl(fd, run ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

static void copy_out(const struct ring *ring, uint64_t at, void *into, size_t size)
{
	const uint64_t offset = at & (ring->size - 1);
	const size_t first = size < ring->size - offset ? size : (size_t)(ring->size - offset);

	memcpy(into, ring->data + offset, first);
	memcpy((uint8_t *)into + first, ring->data, size - first);
}

/* Records are small; a larger one (there is none for our event) is skipped by its size. */
struct record {
	struct perf_event_header header;
	union {
		struct {
			uint32_t pid, ppid, tid, ptid;
			uint64_t time;
		} task;
		struct {
			uint32_t pid, tid;
		} comm;
		struct {
			uint64_t id, lost;
		} lost;
		struct {
			uint64_t pc;
		} at;
		uint8_t bytes[120];
	} u;
};

static bool decode(const struct record *record, const struct ring *ring,
		   struct pyro_ring_event *event)
{
	struct sample_id id = {0};

	if (record->header.size >= sizeof(record->header) + sizeof(id))
		memcpy(&id, (const uint8_t *)record + record->header.size - sizeof(id), sizeof(id));
	*event = (struct pyro_ring_event){
		.pid = (int)id.pid,
		.tid = (int)id.tid,
		.cpu = ring->cpu,
		.at_ns = id.time,
	};
	switch (record->header.type) {
	case PERF_RECORD_SWITCH:
		if (record->header.misc & PERF_RECORD_MISC_SWITCH_OUT) {
			event->kind = PYRO_RING_OUT;
			event->preempted =
				record->header.misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
		} else {
			event->kind = PYRO_RING_IN;
		}
		return true;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		event->kind =
			record->header.type == PERF_RECORD_FORK ? PYRO_RING_FORK : PYRO_RING_EXIT;
		event->pid = (int)record->u.task.pid;
		event->tid = (int)record->u.task.tid;
		event->parent = (int)record->u.task.ppid;
		event->parent_tid = (int)record->u.task.ptid;
		return true;
	case PERF_RECORD_COMM:
		if (!(record->header.misc & PERF_RECORD_MISC_COMM_EXEC))
			return false;
		event->kind = PYRO_RING_EXEC;
		event->pid = (int)record->u.comm.pid;
		event->tid = (int)record->u.comm.tid;
		return true;
	case PERF_RECORD_SAMPLE: /* what is behind the pc looks like what is behind the others */
		event->kind = PYRO_RING_AT;
		event->pc = record->u.at.pc;
		return true;
	case PERF_RECORD_LOST:
		event->kind = PYRO_RING_LOST;
		event->lost = record->u.lost.lost;
		return true;
	default:
		return false;
	}
}

static void drain_ring(struct ring *ring,
		       void (*each)(void *context, const struct pyro_ring_event *event),
		       void *context)
{
	const uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);

	while (ring->tail < head) {
		struct pyro_ring_event event;
		struct record record;

		copy_out(ring, ring->tail, &record.header, sizeof(record.header));
		if (record.header.size < sizeof(record.header) ||
		    record.header.size > head - ring->tail) {
			/* Not possible from a sane kernel; start afresh rather than loop. */
			ring->tail = head;
			break;
		}
		if (record.header.size <= sizeof(record)) {
			copy_out(ring, ring->tail, &record, record.header.size);
			if (decode(&record, ring, &event))
				each(context, &event);
		}
		ring->tail += record.header.size;
	}
	__atomic_store_n(&ring->page->data_tail, ring->tail, __ATOMIC_RELEASE);
}

void pyro_rings_drain(struct pyro_rings *rings,
		      void (*each)(void *context, const struct pyro_ring_event *event),
		      void *context)
{
	for (size_t i = 0; i < rings->count; i++) {
		if (rings->rings[i].page)
			drain_ring(&rings->rings[i], each, context);
	}
}

bool pyro_rings_quiet(const struct pyro_rings *rings)
{
	for (size_t i = 0; i < rings->count; i++) {
		const struct ring *ring = &rings->rings[i];

		if (ring->page &&
		    __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE) != ring->tail)
			return false;
	}
	return true;
}
