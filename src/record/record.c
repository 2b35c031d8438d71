/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "record/copy.h"
#include "record/launch.h"
#include "record/watch.h"
#include "target/process.h"

#define DRAIN_MS       100
#define DRAIN_QUICK_MS 20
/* Killed, we lose what came since, and what the sampler held back: less than a second together. */
#define FLUSH_EVERY_NS (500 * PYRO_NS_PER_MS)

struct recording {
	const struct pyro_record_options *options;
	struct pyro_record_result *result;
	struct pyro_watch *watch;
	struct pyro_capture_writer *writer; /* until all is in the file */
	uint64_t flush_ns;
	int drain_ms; /* until the queue is drained next */
	int pid;
	int signal_fd;
	int target_fd; /* pidfd; -1 where the kernel has none */
	sigset_t mask_before;
	struct sigaction file_size_before; /* what SIGXFSZ did */
	bool file_size_taken;
	unsigned copies_due; /* asked for by signals */
	unsigned copies;     /* the number of the last */
	bool done;
};

/* ---- the capture's name ---- */

/* The part of a program's name that makes a good file name: "shop" of "/srv/shop.py". */
static void base_name(const char *program, char *base, size_t capacity)
{
	const char *slash = strrchr(program, '/');
	const char *from = slash ? slash + 1 : program;
	size_t size = 0;

	for (; *from && size + 1 < capacity && size < 64; from++) {
		const char c = *from;
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				   (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';

		base[size++] = plain ? c : '_';
	}
	base[size] = '\0';
	if (size > 3 && strcmp(base + size - 3, ".py") == 0)
		base[size - 3] = '\0';
	if (!base[0] || base[0] == '.' || base[0] == '-')
		base[0] = '_';
}

static enum pyro_rc create_named(struct recording *recording, struct pyro_err *err)
{
	char *path = recording->result->path;
	const size_t capacity = sizeof(recording->result->path);
	char base[80], comm[80] = "python";

	if (!recording->options->name) {
		struct pyro_process_facts facts;

		if (!pyro_process_facts(recording->pid, &facts, NULL))
			snprintf(comm, sizeof(comm), "%s", facts.comm);
	}
	base_name(recording->options->name ? recording->options->name : comm, base, sizeof(base));
	for (int i = 0; i < 1000; i++) {
		enum pyro_rc rc;

		if (i)
			snprintf(path, capacity, "%s-%d-%d.pyro", base, recording->pid, i);
		else
			snprintf(path, capacity, "%s-%d.pyro", base, recording->pid);
		rc = pyro_capture_writer_create(path, pyro_watch_profile(recording->watch),
						&recording->writer, err);
		if (rc != PYRO_RC_EXISTS)
			return rc;
	}
	return PYRO_RC_EXISTS;
}

static enum pyro_rc create_capture(struct recording *recording, struct pyro_err *err)
{
	const char *path = recording->options->path;

	if (!path)
		return create_named(recording, err);
	if (strlen(path) >= sizeof(recording->result->path))
		return pyro_err_set(err, PYRO_RC_USAGE, "the name of the capture is too long");
	memcpy(recording->result->path, path, strlen(path) + 1);
	return pyro_capture_writer_create(path, pyro_watch_profile(recording->watch),
					  &recording->writer, err);
}

/* ---- signals ---- */

static enum pyro_rc take_signals(struct recording *recording, struct pyro_err *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGQUIT);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTSTP);
	sigaddset(&mask, SIGUSR2);
	if (sigprocmask(SIG_BLOCK, &mask, &recording->mask_before) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot block signals");
	recording->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (recording->signal_fd < 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot watch for signals");
	return PYRO_RC_OK;
}

/* A capture that may grow no further (ulimit -f) is an error to us, not our death. After the fork:
 * the program keeps what we came with. */
static void ignore_file_size_signal(struct recording *recording)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	recording->file_size_taken = sigaction(SIGXFSZ, &action, &recording->file_size_before) == 0;
}

static void give_signals_back(struct recording *recording)
{
	struct signalfd_siginfo info;

	if (recording->file_size_taken)
		sigaction(SIGXFSZ, &recording->file_size_before, NULL);

	/* What arrived last was meant for us as well as for the program: it is dealt with. */
	while (recording->signal_fd >= 0 &&
	       read(recording->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	if (recording->signal_fd >= 0)
		close(recording->signal_fd);
	recording->signal_fd = -1;
	sigprocmask(SIG_SETMASK, &recording->mask_before, NULL);
}

static void reap_child(struct recording *recording)
{
	siginfo_t info = {.si_pid = 0};
	int status;

	if (!recording->options->argv)
		return;
	/* A stop of a thread that the sampler traces shows here too, and is the sampler's. */
	if (waitid(P_PID, (id_t)recording->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    !info.si_pid || info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED)
		return;
	if (waitpid(recording->pid, &status, WNOHANG) != recording->pid)
		return;
	recording->result->wait_status = status;
	recording->result->target_ended = true;
	recording->done = true;
}

static void on_signal(struct recording *recording, const struct signalfd_siginfo *info)
{
	if (info->ssi_signo == SIGCHLD) {
		reap_child(recording);
		return;
	}
	if (info->ssi_signo == SIGTSTP) {
		/* Stopped, we must not leave a timer in the kernel to interrupt the program. */
		pyro_watch_pause(recording->watch, true);
		raise(SIGSTOP);
		pyro_watch_pause(recording->watch, false);
		return;
	}
	/* As perf has it. Programs have their own use for SIGUSR1 more often. */
	if (info->ssi_signo == SIGUSR2) {
		recording->copies_due++;
		return;
	}
	if (!recording->options->argv) {
		recording->result->interrupted = true;
		recording->done = true;
		return;
	}
	/* The terminal sends to the whole group, the program included; a signal sent to us alone
	 * is meant for what we run. */
	if (info->ssi_code == SI_USER || info->ssi_code == SI_QUEUE || info->ssi_code == SI_TKILL)
		kill(recording->pid, (int)info->ssi_signo);
}

/* ---- the loop ---- */

static void trouble(struct recording *recording, enum pyro_rc rc, const struct pyro_err *err)
{
	if (!rc || recording->result->trouble.rc)
		return;
	if (err && err->rc)
		recording->result->trouble = *err;
	else
		pyro_err_set(&recording->result->trouble, rc, "%s", pyro_rc_text(rc));
}

static void drain(void *context)
{
	struct recording *recording = context;
	struct pyro_err err = {0};
	bool busy;

	trouble(recording, pyro_watch_drain(recording->watch, &busy, &err), &err);
	recording->drain_ms = busy ? DRAIN_QUICK_MS : DRAIN_MS;
}

static void flush(struct recording *recording)
{
	struct pyro_err err = {0};

	recording->flush_ns = pyro_clock_now() + FLUSH_EVERY_NS;
	/* In trouble, the file holds all until then and stays as it is. */
	if (!recording->result->trouble.rc)
		trouble(recording, pyro_capture_writer_flush(recording->writer, &err), &err);
}

static void store(struct recording *recording)
{
	drain(recording);
	if (pyro_clock_now() >= recording->flush_ns)
		flush(recording);
}

/* What was asked for after the end is in the capture itself. */
static void make_copies(struct recording *recording)
{
	const struct pyro_record_options *options = recording->options;
	char path[PYRO_MAX_PATH];
	struct stat file = {.st_size = 0};

	for (; recording->copies_due; recording->copies_due--) {
		struct pyro_err err = {0};
		enum pyro_rc rc = PYRO_RC_GONE;

		if (recording->writer) {
			drain(recording);
			flush(recording);
			rc = pyro_copy_write(recording->writer, recording->result->path,
					     &recording->copies, drain, recording, path, &err);
		} else {
			pyro_err_set(&err, rc, "the recording has ended, and %s has all of it",
				     recording->result->path);
		}
		if (!options->on_copy)
			continue;
		if (!rc && stat(path, &file) != 0)
			file.st_size = 0;
		options->on_copy(options->on_copy_context, rc ? NULL : path, (uint64_t)file.st_size,
				 rc ? &err : NULL);
	}
}

static bool target_gone(const struct recording *recording)
{
	return recording->target_fd < 0 && pyro_process_gone(recording->pid);
}

/* Until there is something to store again, or the recording has lasted as long as it should. */
static int wait_ms(const struct recording *recording)
{
	const uint64_t end_ns = recording->options->duration_ns;
	const uint64_t now_ns = pyro_watch_elapsed(recording->watch);

	if (!end_ns || now_ns + (uint64_t)recording->drain_ms * PYRO_NS_PER_MS <= end_ns)
		return recording->drain_ms;
	return now_ns >= end_ns ? 0 : (int)((end_ns - now_ns) / PYRO_NS_PER_MS) + 1;
}

static void loop(struct recording *recording)
{
	struct pollfd fds[] = {
		{.fd = recording->signal_fd, .events = POLLIN},
		{.fd = recording->options->argv ? -1 : recording->target_fd, .events = POLLIN},
	};

	while (!recording->done) {
		struct signalfd_siginfo info;

		poll(fds, PYRO_COUNT(fds), wait_ms(recording));
		while (read(recording->signal_fd, &info, sizeof(info)) == sizeof(info))
			on_signal(recording, &info);
		/* Signals of the same kind melt into one: ask as well. */
		reap_child(recording);
		if (!recording->options->argv && (fds[1].revents || target_gone(recording))) {
			recording->result->target_ended = true;
			recording->done = true;
		}
		store(recording);
		make_copies(recording);
		if (recording->options->duration_ns &&
		    pyro_watch_elapsed(recording->watch) >= recording->options->duration_ns)
			break;
		/* Attached, there is nothing to stay for; a program we started goes on. */
		if (!recording->options->argv && recording->result->trouble.rc)
			break;
	}
}

/* A program that we started and stopped recording is still ours to wait for. */
static void see_through(struct recording *recording)
{
	struct pollfd fd = {.fd = recording->signal_fd, .events = POLLIN};

	while (recording->options->argv && !recording->done) {
		struct signalfd_siginfo info;

		poll(&fd, 1, 200);
		while (read(recording->signal_fd, &info, sizeof(info)) == sizeof(info))
			on_signal(recording, &info);
		make_copies(recording);
		reap_child(recording);
	}
}

/* Nothing was recorded: a Python that cannot be read is worth its own words. Everything else that a
 * program can do, from being none to ending at once, comes to the same. */
static void say_what_was_missing(struct recording *recording)
{
	const struct pyro_err *why = pyro_watch_trouble(recording->watch);
	struct pyro_err err = {0};

	if (why->rc == PYRO_RC_UNSUPPORTED || why->rc == PYRO_RC_PERM) {
		trouble(recording, why->rc, why);
		return;
	}
	if (!recording->options->argv)
		return;
	pyro_err_set(&err, PYRO_RC_NOTPYTHON,
		     "no Python was seen in '%.200s' or in what it started. Try: pyrometer run "
		     "script.py, or a command that starts Python",
		     recording->options->argv[0]);
	trouble(recording, err.rc, &err);
}

static bool nothing_seen(const struct recording *recording)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(pyro_watch_profile(recording->watch), &counts);
	return counts.processes == 0;
}

static void end_recording(struct recording *recording)
{
	const bool stopped = pyro_watch_stop(recording->watch);
	struct pyro_err err = {0};
	struct stat file;

	if (!stopped)
		trouble(recording,
			pyro_err_set(&err, PYRO_RC_IO,
				     "the sampler hangs in a read of the target's memory and was "
				     "left behind"),
			&err);
	drain(recording);
	if (stopped && nothing_seen(recording))
		say_what_was_missing(recording);
	err.rc = PYRO_RC_OK;
	trouble(recording, pyro_capture_writer_finish(recording->writer, &err), &err);
	recording->writer = NULL;
	if (stat(recording->result->path, &file) == 0)
		recording->result->size = (uint64_t)file.st_size;
}

/* ---- setting up ---- */

static enum pyro_rc begin(struct recording *recording, struct pyro_err *err)
{
	enum pyro_rc rc;

	ignore_file_size_signal(recording);
	rc = create_capture(recording, err);
	return rc ? rc : pyro_watch_start(recording->watch, recording->writer, err);
}

static enum pyro_rc start_program(struct recording *recording, struct pyro_err *err)
{
	char *const *argv = recording->options->argv;
	struct pyro_launch launch;
	enum pyro_rc rc = pyro_launch_prepare(argv, &recording->mask_before, &launch, err);

	if (rc)
		return rc;
	recording->pid = launch.pid;
	rc = pyro_watch_add_new(recording->watch, launch.pid, err);
	if (!rc)
		rc = begin(recording, err);
	if (rc) {
		pyro_launch_cancel(&launch);
		return rc;
	}
	return pyro_launch_go(&launch, argv[0], err);
}

static enum pyro_rc start_attached(struct recording *recording, struct pyro_err *err)
{
	enum pyro_rc rc;

	recording->pid = recording->options->pid;
	recording->target_fd = (int)syscall(SYS_pidfd_open, recording->pid, 0);
	rc = pyro_watch_add(recording->watch, recording->pid, "attach", err);
	return rc ? rc : begin(recording, err);
}

/* Gives what was recorded. What the sampler said last goes to the capture, and both to the profile:
 * they end in this order. */
static struct pyro_profile *clean_up(struct recording *recording)
{
	struct pyro_profile *profile = NULL;

	if (recording->watch)
		profile = pyro_watch_take_profile(recording->watch);
	pyro_watch_destroy(recording->watch);
	/* Destroying a capture that nothing was written to leaves no file worth having. */
	if (recording->writer) {
		pyro_capture_writer_destroy(recording->writer);
		unlink(recording->result->path);
	}
	give_signals_back(recording);
	if (recording->target_fd >= 0)
		close(recording->target_fd);
	return profile;
}

enum pyro_rc pyro_record(const struct pyro_record_options *options,
			 struct pyro_record_result *ret_result, struct pyro_err *err)
{
	struct recording recording = {
		.options = options,
		.result = ret_result,
		.drain_ms = DRAIN_MS,
		.signal_fd = -1,
		.target_fd = -1,
	};
	struct pyro_profile *profile;
	enum pyro_rc rc;

	*ret_result = (struct pyro_record_result){0};
	rc = take_signals(&recording, err);
	if (!rc)
		rc = pyro_watch_create(options, &recording.watch, err);
	if (!rc)
		rc = options->argv ? start_program(&recording, err)
				   : start_attached(&recording, err);
	if (!rc) {
		loop(&recording);
		end_recording(&recording);
		see_through(&recording);
	}
	profile = clean_up(&recording);
	if (rc)
		pyro_profile_destroy(profile);
	else
		ret_result->profile = profile;
	/* What was tried in vain on the way to a recording is no error. */
	if (!rc && err)
		*err = (struct pyro_err){.rc = PYRO_RC_OK};
	return rc;
}
