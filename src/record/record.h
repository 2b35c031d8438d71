/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_RECORD_H
#define PYRO_RECORD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/limits.h"
#include "profile/profile.h"
#include "sample/sampler.h"

struct pyro_record_options {
	/** What to start, NULL-terminated; NULL to attach. argv[0] is looked up in PATH. */
	char *const *argv;
	/** Process to attach to, with argv NULL. */
	int pid;
	/** File to write; NULL: named after `name` and the process in the working directory, never
	 * one that exists. */
	const char *path;
	/** Base of that name, e.g. "shop"; NULL: the target's own name. */
	const char *name;
	/** Stop after so long; 0: when the target ends or, attached, at Ctrl-C. */
	uint64_t duration_ns;
	struct pyro_sampler_options sampler;
	/** Called for each copy of what was recorded so far that SIGUSR2 asked for: @path is the
	 *  capture, of @size bytes; or NULL, and @err says why there is none. May be NULL. */
	void (*on_copy)(void *context, const char *path, uint64_t size, const struct pyro_err *err);
	void *on_copy_context;
};

struct pyro_record_result {
	char path[PYRO_MAX_PATH]; /**< the capture */
	uint64_t size;            /**< of the capture, bytes */
	int wait_status;          /**< run: as waitpid gives it */
	bool interrupted;         /**< attach: ended by Ctrl-C */
	bool target_ended;
	/** The recording ended before its target did, or lost something: why, in words. rc OK if
	 *  all is well. The capture holds all until then. */
	struct pyro_err trouble;
	/** What was recorded, to be destroyed by the caller. Never NULL on success. */
	struct pyro_profile *profile;
};

/** Starts or attaches, records until the end, writes the capture. While it runs, SIGINT, SIGTERM,
 *  SIGHUP and SIGQUIT reach the started program and not us; attached, they end the recording.
 * SIGUSR2 has what was recorded so far written to a capture of its own beside the other,
 * NAME.1.pyro, NAME.2.pyro and so on, and nothing ends. Call from the main thread of a process
 * without other threads. Errors: NOTARGET, CANNOTEXEC, PERM, GONE, NOTPYTHON, UNSUPPORTED, EXISTS,
 * IO, FULL; the target was then not started, or was left alone. */
enum pyro_rc pyro_record(const struct pyro_record_options *options,
			 struct pyro_record_result *ret_result,
			 struct pyro_err *err) PYRO_NODISCARD;

#endif
