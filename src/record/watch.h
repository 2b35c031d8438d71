/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_WATCH_H
#define PYRO_RECORD_WATCH_H

#include "capture/capture.h"
#include "profile/alive.h"
#include "record/record.h"

/** Processes that are sampled into a profile, which may be looked at while it grows, and into a
 *  capture where there is one. To be used from one thread, which blocks the signals that it takes
 * by signalfd before the start: the sampler's thread inherits that. */
struct pyro_watch;

/** Of the options, all but what is about files. Errors: as pyro_sampler_create; NOMEM. */
enum pyro_rc pyro_watch_create(const struct pyro_record_options *options,
			       struct pyro_watch **ret_watch, struct pyro_err *err) PYRO_NODISCARD;
/** Stops the sampler. Takes NULL. */
void pyro_watch_destroy(struct pyro_watch *watch);
/** Before the start: a process to watch that has yet to execute its program. */
enum pyro_rc pyro_watch_add_new(struct pyro_watch *watch, int pid,
				struct pyro_err *err) PYRO_NODISCARD;
/** Before the start: a process to watch, with what it has started already where children are
 *  followed. @command: as pyro_join_running, whose errors it has. */
enum pyro_rc pyro_watch_add(struct pyro_watch *watch, int pid, const char *command,
			    struct pyro_err *err) PYRO_NODISCARD;
/** @writer is of the profile, and borrowed until the watch is stopped; NULL: nothing is kept. */
enum pyro_rc pyro_watch_start(struct pyro_watch *watch, struct pyro_capture_writer *writer,
			      struct pyro_err *err) PYRO_NODISCARD;
/** False if the sampler hangs in a read of a target's memory: it is left behind, with what it uses,
 *  and has nothing more to say. What it said before is yet to be drained. */
bool pyro_watch_stop(struct pyro_watch *watch);
/** As pyro_sampler_offer. */
bool pyro_watch_offer(struct pyro_watch *watch, int pid);
/** Takes what the sampler has to say into the profile, facts and quality too, and the capture. To
 * be called a few times a second. *ret_busy: to be called again soon. Errors: NOMEM, LIMIT, those
 * of the capture; all after that is lost. */
enum pyro_rc pyro_watch_drain(struct pyro_watch *watch, bool *ret_busy,
			      struct pyro_err *err) PYRO_NODISCARD;
/** Borrowed; it changes in pyro_watch_drain and nowhere else. */
struct pyro_profile *pyro_watch_profile(struct pyro_watch *watch);
/** The tasks that live now, likewise borrowed; NULL: they are not told of one by one. */
struct pyro_alive *pyro_watch_alive(struct pyro_watch *watch);
/** The profile, to be destroyed by the caller. Only destroying the watch may follow. */
struct pyro_profile *pyro_watch_take_profile(struct pyro_watch *watch);
/** After the stop: as pyro_sampler_trouble. */
const struct pyro_err *pyro_watch_trouble(const struct pyro_watch *watch);
/** Since the start: the clock of the profile. Unit: ns. */
uint64_t pyro_watch_elapsed(const struct pyro_watch *watch);
/** Whether any process that was seen is still there, as of the last drain. */
bool pyro_watch_any(const struct pyro_watch *watch);
/** As pyro_sampler_pause. */
void pyro_watch_pause(struct pyro_watch *watch, bool pause);

#endif
