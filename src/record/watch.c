/* SPDX-License-Identifier: Apache-2.0 */
#include "record/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "record/facts.h"
#include "record/intake.h"
#include "record/join.h"
#include "target/process.h"

/* The sampler fills 72 bytes a sample: this holds some seconds of 10 kHz, and a quarter of one of
 * what one thread can be read at most. */
#define QUEUE_SIZE (4u << 20)
/* Found this full, the queue is to be drained more often, before it is full. */
#define QUEUE_BUSY (QUEUE_SIZE / 16)
/* A target can make a read of its memory block for ever: then we go without the sampler. */
#define STOP_WAIT_NS (2 * PYRO_NS_PER_S)

struct pyro_watch {
	struct pyro_record_options options;
	struct pyro_profile *profile;
	struct pyro_alive *alive; /* where tasks are told of one by one */
	struct pyro_queue *queue;
	struct pyro_sampler *sampler;
	struct pyro_intake *intake; /* from the start on */
	uint64_t start_ns;
	int pid;   /* the first that was added */
	bool hung; /* the sampler's thread was left behind, with all that it uses */
};

enum pyro_rc pyro_watch_create(const struct pyro_record_options *options,
			       struct pyro_watch **ret_watch, struct pyro_err *err)
{
	struct pyro_watch *watch = calloc(1, sizeof(*watch));
	enum pyro_rc rc;

	if (!watch)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	watch->options = *options;
	rc = pyro_profile_create(&watch->profile, err);
	if (!rc && options->sampler.each && pyro_alive_create(&watch->alive))
		rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	if (!rc && pyro_queue_create(QUEUE_SIZE, &watch->queue))
		rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	if (!rc)
		rc = pyro_sampler_create(&options->sampler, watch->queue, &watch->sampler, err);
	if (rc)
		pyro_watch_destroy(watch);
	else
		*ret_watch = watch;
	return rc;
}

bool pyro_watch_stop(struct pyro_watch *watch)
{
	if (watch->sampler && !watch->hung)
		watch->hung = !pyro_sampler_stop(watch->sampler, STOP_WAIT_NS);
	return !watch->hung;
}

void pyro_watch_destroy(struct pyro_watch *watch)
{
	if (!watch)
		return;
	/* Otherwise both are leaked on purpose: the sampler's thread still uses them. */
	if (pyro_watch_stop(watch)) {
		/* What the sampler handed over is freed as it is taken. */
		if (watch->intake && pyro_intake_drain(watch->intake, watch->queue))
			pyro_log_debug("what was said last is lost");
		pyro_queue_destroy(watch->queue);
		pyro_sampler_destroy(watch->sampler);
	}
	pyro_intake_destroy(watch->intake);
	pyro_alive_destroy(watch->alive);
	pyro_profile_destroy(watch->profile);
	free(watch);
}

static void added(struct pyro_watch *watch, int pid)
{
	if (!watch->pid)
		watch->pid = pid;
}

enum pyro_rc pyro_watch_add_new(struct pyro_watch *watch, int pid, struct pyro_err *err)
{
	added(watch, pid);
	return pyro_sampler_add_new(watch->sampler, pid, err);
}

enum pyro_rc pyro_watch_add(struct pyro_watch *watch, int pid, const char *command,
			    struct pyro_err *err)
{
	enum pyro_rc rc = pyro_join_running(watch->sampler, pid, command, err);

	if (rc)
		return rc;
	added(watch, pid);
	if (watch->options.sampler.children)
		pyro_join_children(watch->sampler, pid);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_watch_start(struct pyro_watch *watch, struct pyro_capture_writer *writer,
			      struct pyro_err *err)
{
	enum pyro_rc rc = PYRO_RC_OK;

	/* Without one to begin with there is nothing that could be said of all. */
	if (watch->pid)
		rc = pyro_facts_begin(watch->profile, &watch->options, watch->pid,
				      pyro_sampler_method(watch->sampler));
	watch->start_ns = pyro_clock_now();
	if (!rc)
		rc = pyro_intake_create(watch->profile, writer, watch->alive, watch->start_ns,
					&watch->intake);
	if (rc)
		return pyro_err_set(err, rc, "%s", pyro_rc_text(rc));
	return pyro_sampler_start(watch->sampler, err);
}

bool pyro_watch_offer(struct pyro_watch *watch, int pid)
{
	return pyro_sampler_offer(watch->sampler, pid);
}

enum pyro_rc pyro_watch_drain(struct pyro_watch *watch, bool *ret_busy, struct pyro_err *err)
{
	const uint64_t at_ns = pyro_watch_elapsed(watch);
	enum pyro_rc rc;

	*ret_busy = pyro_queue_used(watch->queue) >= QUEUE_BUSY;
	rc = pyro_intake_drain(watch->intake, watch->queue);
	if (!rc && !watch->hung)
		rc = pyro_facts_update(watch->profile, watch->sampler, at_ns,
				       pyro_intake_python(watch->intake));
	return rc ? pyro_err_set(err, rc, "%s", pyro_rc_text(rc)) : PYRO_RC_OK;
}

struct pyro_profile *pyro_watch_profile(struct pyro_watch *watch)
{
	return watch->profile;
}

struct pyro_alive *pyro_watch_alive(struct pyro_watch *watch)
{
	return watch->alive;
}

struct pyro_profile *pyro_watch_take_profile(struct pyro_watch *watch)
{
	struct pyro_profile *profile = watch->profile;

	watch->profile = NULL;
	return profile;
}

uint64_t pyro_watch_elapsed(const struct pyro_watch *watch)
{
	return pyro_clock_now() - watch->start_ns;
}

const struct pyro_err *pyro_watch_trouble(const struct pyro_watch *watch)
{
	return pyro_sampler_trouble(watch->sampler);
}

bool pyro_watch_any(const struct pyro_watch *watch)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(watch->profile, &counts);
	for (uint32_t i = 0; i < counts.processes; i++) {
		if (!pyro_profile_process_get(watch->profile, i)->end_ns)
			return true;
	}
	return false;
}

void pyro_watch_pause(struct pyro_watch *watch, bool pause)
{
	pyro_sampler_pause(watch->sampler, pause);
}
