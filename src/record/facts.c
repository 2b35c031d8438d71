/* SPDX-License-Identifier: Apache-2.0 */
#include "record/facts.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "target/process.h"

/* Variables that change how an interpreter runs; none of them holds a secret. */
static const char *const environment[] = {
	"PYTHONHASHSEED",   "PYTHONOPTIMIZE",       "PYTHONDEVMODE",           "PYTHONMALLOC",
	"PYTHONUNBUFFERED", "PYTHONASYNCIODEBUG",   "PYTHONPERFSUPPORT",       "PYTHON_GIL",
	"PYTHON_JIT",       "PYTHONNODEBUGRANGES",  "PYTHONPROFILEIMPORTTIME", "PYTHONTRACEMALLOC",
	"OMP_NUM_THREADS",  "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",         "LD_PRELOAD",
};

static enum pyro_rc set(struct pyro_profile *profile, enum pyro_rc before, const char *key,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum pyro_rc set(struct pyro_profile *profile, enum pyro_rc before, const char *key,
			const char *format, ...)
{
	char value[PYRO_MAX_PATH];
	va_list args;

	if (before)
		return before;
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	return pyro_profile_meta_set(profile, key, value);
}

static enum pyro_rc set_cpu(struct pyro_profile *profile, enum pyro_rc rc)
{
	char line[512];
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !value)
			continue;
		line[strcspn(line, "\n")] = '\0';
		rc = set(profile, rc, "cpu_model", "%s", value + 1 + strspn(value + 1, " "));
		break;
	}
	if (file)
		fclose(file);
	return set(profile, rc, "cpu_count", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static enum pyro_rc set_environment(struct pyro_profile *profile, enum pyro_rc rc)
{
	for (size_t i = 0; i < PYRO_COUNT(environment); i++) {
		const char *value = getenv(environment[i]);
		char key[64];

		if (!value)
			continue;
		snprintf(key, sizeof(key), "env.%s", environment[i]);
		rc = set(profile, rc, key, "%s", value);
	}
	return rc;
}

static enum pyro_rc set_command(struct pyro_profile *profile, enum pyro_rc rc,
				const struct pyro_record_options *options, int pid)
{
	struct pyro_buf command;

	if (rc)
		return rc;
	pyro_buf_init(&command, PYRO_MAX_PATH - 1);
	if (options->argv) {
		for (size_t i = 0; options->argv[i]; i++) {
			pyro_buf_add_text(&command, i ? " " : "");
			pyro_buf_add_text(&command, options->argv[i]);
		}
	} else if (pyro_process_command(pid, &command, NULL)) {
		pyro_buf_add_format(&command, "process %d", pid);
	}
	rc = pyro_profile_meta_set(profile, "command", command.data ? command.data : "");
	pyro_buf_deinit(&command);
	return rc;
}

enum pyro_rc pyro_facts_begin(struct pyro_profile *profile,
			      const struct pyro_record_options *options, int pid,
			      enum pyro_proof_method method)
{
	const uint64_t now_ns = pyro_clock_realtime();
	const time_t seconds = (time_t)(now_ns / PYRO_NS_PER_S);
	char text[PYRO_MAX_PATH];
	struct utsname host;
	struct tm utc;
	enum pyro_rc rc = set_command(profile, PYRO_RC_OK, options, pid);

	rc = set(profile, rc, "mode", "%s", options->argv ? "run" : "attach");
	rc = set(profile, rc, "pid", "%d", pid);
	rc = set(profile, rc, "profiler", "pyrometer " PYRO_VERSION);
	rc = set(profile, rc, "clock", "CLOCK_MONOTONIC");
	rc = set(profile, rc, "proof", "%s", pyro_proof_method_name(method));
	rc = set(profile, rc, "start_unix_ns", "%llu", (unsigned long long)now_ns);
	if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		rc = set(profile, rc, "start", "%s", text);
	rc = set(profile, rc, options->sampler.budget > 0 ? "rate_max_hz" : "rate_hz", "%g",
		 options->sampler.hz_max);
	if (options->sampler.budget > 0)
		rc = set(profile, rc, "overhead_budget", "%g", options->sampler.budget);
	if (options->argv ? !!getcwd(text, sizeof(text))
			  : !pyro_process_cwd(pid, text, sizeof(text), NULL))
		rc = set(profile, rc, "cwd", "%s", text);
	if (uname(&host) == 0) {
		rc = set(profile, rc, "host", "%s", host.nodename);
		rc = set(profile, rc, "kernel", "%s %s %s", host.sysname, host.release,
			 host.machine);
	}
	rc = set_cpu(profile, rc);
	return options->argv ? set_environment(profile, rc) : rc;
}

enum pyro_rc pyro_facts_update(struct pyro_profile *profile, const struct pyro_sampler *sampler,
			       uint64_t duration_ns, const char *python)
{
	struct pyro_quality *quality = pyro_profile_quality(profile);
	struct pyro_sampler_counts counts;
	double spent;
	enum pyro_rc rc = PYRO_RC_OK;

	pyro_sampler_counts(sampler, &counts);
	pyro_profile_set_duration(profile, duration_ns);
	quality->ticks_due = counts.ticks_due;
	quality->ticks_taken = counts.ticks_taken;
	quality->ticks_late = counts.ticks_late;
	quality->missed = counts.missed + counts.queue_lost;
	quality->torn = counts.torn;
	quality->faults = counts.faults;
	quality->moves = counts.moves;
	quality->native_merged = counts.merged;
	quality->native_cut = counts.cut;
	quality->native_unmerged = counts.unmerged;
	quality->kernel_seen = counts.kernel;
	quality->kernel_unseen = counts.kernel_unseen;
	quality->task_looks = counts.async.looks;
	quality->task_dropped = counts.async.dropped;
	quality->task_skipped = counts.async.skipped;
	quality->task_unread = counts.async.unread;
	quality->task_samples = counts.async.samples;
	quality->task_unjoined = counts.async.unjoined;
	quality->held_ns = counts.held_ns;
	quality->recorder_cpu_ns = pyro_clock_process_cpu();
	quality->lost_records = counts.lost_records;
	quality->code_reuse = counts.code_reuse;
	if (python[0])
		rc = set(profile, rc, "python", "CPython %s", python);
	/* What the target lost, as a share of the time it ran: unknown while it has not. */
	spent = counts.target_ns ? (double)counts.held_ns / (double)counts.target_ns : 0;
	rc = set(profile, rc, "overhead", "%.6f", isfinite(spent) ? spent : 0);
	if (duration_ns)
		rc = set(profile, rc, "rate_achieved_hz", "%.1f",
			 (double)counts.ticks_taken * (double)PYRO_NS_PER_S / (double)duration_ns);
	return rc;
}
