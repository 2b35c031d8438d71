/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "target/interrupt_inside.h"

/* To find out what an interrupt takes beside the program: this many, this far apart. */
#define TRIES          9
#define TRY_PERIOD_NS  100000
#define TRY_TIMEOUT_NS (20 * PYRO_NS_PER_MS)
/* Until it is known. */
#define AROUND_NS 5000

/* Interrupts every @period_ns of the processor time of @tid, 0: our own thread. -1: cannot. */
static int open_event(const struct pyro_interrupt_kernel *kernel, int tid, uint64_t period_ns)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = period_ns,
		.disabled = 1,
	};
	const int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int errnum;

	if (fd < 0)
		return -1;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, kernel->fd) == 0)
		return fd;
	errnum = errno;
	close(fd);
	errno = errnum;
	return -1;
}

static int compare_times(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A virtual machine pays for the timer as well as for the interrupt: we interrupt ourselves, and
 * see the clock jump. */
static uint64_t time_around(struct pyro_interrupt_kernel *kernel)
{
	struct pyro_interrupt_area *area = kernel->area;
	const struct pyro_interrupt_wanted nothing = {0};
	const uint64_t until_ns = pyro_clock_now() + TRY_TIMEOUT_NS;
	const int fd = open_event(kernel, 0, TRY_PERIOD_NS);
	uint64_t before_ns, now_ns, times[TRIES];
	size_t count = 0;

	if (fd < 0)
		return AROUND_NS;
	pyro_interrupt_request(area, (int)syscall(SYS_gettid), &nothing);
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	now_ns = pyro_clock_now();
	while (count < TRIES && now_ns < until_ns) {
		before_ns = now_ns;
		now_ns = pyro_clock_now();
		if (!pyro_interrupt_filled(area))
			continue;
		const struct pyro_interrupt_slot *slot = pyro_interrupt_oldest(area);

		if (slot->begin_ns > before_ns && slot->end_ns < now_ns)
			times[count++] = now_ns - before_ns - (slot->end_ns - slot->begin_ns);
		area->tail++;
	}
	close(fd);
	area->tail = area->head;
	qsort(times, count, sizeof(*times), compare_times);
	return count ? times[count / 2] : AROUND_NS;
}

void pyro_interrupt_timer_prepare(struct pyro_interrupt *interrupt)
{
	enum pyro_interrupt_timer_state state = PYRO_INTERRUPT_TIMER_REFUSED;

	if (pyro_interrupt_kernel_load(&interrupt->timed, BPF_PROG_TYPE_PERF_EVENT,
				       interrupt->once.native)) {
		interrupt->around_ns = time_around(&interrupt->timed);
		state = PYRO_INTERRUPT_TIMER_READY;
	}
	atomic_store(&interrupt->timer_state, state);
}

enum pyro_rc pyro_interrupt_timer_order(struct pyro_interrupt *interrupt)
{
	switch (atomic_load(&interrupt->timer_state)) {
	case PYRO_INTERRUPT_TIMER_READY:
		interrupt->aim = PYRO_INTERRUPT_ORDERS;
		return PYRO_RC_OK;
	case PYRO_INTERRUPT_TIMER_REFUSED:
		return PYRO_RC_UNSUPPORTED;
	default:
		return PYRO_RC_NOTREADY;
	}
}

enum pyro_rc pyro_interrupt_timer_start(struct pyro_interrupt *interrupt, int tid,
					uint64_t period_ns)
{
	struct pyro_interrupt_area *area = interrupt->timed.area;
	int fd;

	area->tid = (unsigned int)tid;
	area->tail = area->head;
	area->dropped = 0;
	fd = open_event(&interrupt->timed, tid, period_ns);
	if (fd < 0)
		return errno == ESRCH ? PYRO_RC_GONE : errno == EACCES ? PYRO_RC_PERM : PYRO_RC_IO;
	pthread_mutex_lock(&interrupt->lock);
	interrupt->event_fd = fd;
	if (!interrupt->paused)
		ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	pthread_mutex_unlock(&interrupt->lock);
	return PYRO_RC_OK;
}

void pyro_interrupt_timer_pace(struct pyro_interrupt *interrupt, uint64_t period_ns)
{
	ioctl(interrupt->event_fd, PERF_EVENT_IOC_PERIOD, &period_ns);
}

void pyro_interrupt_timer_stop(struct pyro_interrupt *interrupt)
{
	pthread_mutex_lock(&interrupt->lock);
	if (interrupt->event_fd >= 0)
		close(interrupt->event_fd);
	interrupt->event_fd = -1;
	pthread_mutex_unlock(&interrupt->lock);
}

bool pyro_interrupt_timer_aim(struct pyro_interrupt *interrupt, uint64_t *ret_at_ns)
{
	const struct pyro_interrupt_area *area = interrupt->timed.area;
	const struct pyro_interrupt_slot *slot;

	if (!pyro_interrupt_filled(area))
		return false;
	slot = pyro_interrupt_oldest(area);
	*ret_at_ns = slot->begin_ns;
	interrupt->aim = PYRO_INTERRUPT_KEPT;
	interrupt->kept = true;
	interrupt->held_ns = slot->end_ns - slot->begin_ns + interrupt->around_ns;
	return true;
}

enum pyro_rc pyro_interrupt_timer_follow(struct pyro_interrupt *interrupt,
					 enum pyro_interrupt_aim aim,
					 const struct pyro_interrupt_wanted *wanted,
					 size_t *ret_done, pyro_reader_found *found, void *context)
{
	struct pyro_interrupt_area *area = interrupt->timed.area;

	if (aim == PYRO_INTERRUPT_ORDERS)
		pyro_interrupt_request(area, 0, wanted);
	if (aim == PYRO_INTERRUPT_ORDERS || !pyro_interrupt_requested(area, wanted))
		return PYRO_RC_TORN;
	interrupt->hit = true;
	interrupt->served = pyro_interrupt_oldest(area);
	return pyro_interrupt_serve(area, wanted, ret_done, found, context);
}

uint64_t pyro_interrupt_timer_dropped(const struct pyro_interrupt *interrupt)
{
	return interrupt->timed.area->dropped;
}

void pyro_interrupt_timer_pause(struct pyro_interrupt *interrupt, bool pause)
{
	pthread_mutex_lock(&interrupt->lock);
	interrupt->paused = pause;
	if (interrupt->event_fd >= 0)
		ioctl(interrupt->event_fd, pause ? PERF_EVENT_IOC_DISABLE : PERF_EVENT_IOC_ENABLE,
		      0);
	pthread_mutex_unlock(&interrupt->lock);
}
