/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/pid.h"
#include "cli/recording.h"
#include "cli/screen.h"
#include "cli/show.h"
#include "cli/terminal.h"
#include "report/live.h"
#include "target/process.h"

#define HZ_MAX 100
/* A whole machine's processes are looked at less often each: together it is more. */
#define HZ_MAX_ALL     50
#define DRAIN_MS       100
#define DRAIN_QUICK_MS 20
#define USUAL_ROWS     20
#define MAX_TEXT       (64 << 20)
#define MAX_PIDS       256
#define KEYS_AT_ONCE   32
/* What a screen waits for its first figures. */
#define FIRST_NS (300 * PYRO_NS_PER_MS)
/* What showing takes is paid with so many times as much rest, whatever the interval. */
#define REST 40

struct top {
	const struct pyro_args *args;
	struct pyro_watch *watch;
	struct pyro_recent *recent;
	struct pyro_live live;
	struct pyro_live_screen lines;
	struct pyro_screen *screen; /* NULL: snapshots are printed */
	struct pyro_top_all all;
	bool all_wanted;
	int pids[MAX_PIDS];
	size_t pid_count;
	uint64_t interval_ns;
	uint64_t next_ns; /* when to show what is new */
	uint64_t count;   /* snapshots to print; 0: no end */
	uint64_t printed;
	size_t limit;
	bool json;
	int signal_fd;
	sigset_t mask_before;
	int drain_ms;
	bool done;
	bool ended; /* all that was watched */
};

/* ---- what was asked for ---- */

static enum pyro_rc read_pids(struct top *top, struct pyro_err *err)
{
	if (top->args->operand_count > MAX_PIDS)
		return pyro_err_set(err, PYRO_RC_USAGE, "top: more than %d processes", MAX_PIDS);
	if (top->args->operand_count == 0 && !top->all_wanted)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "top: which process? Try: pyrometer top PID, or pyrometer top "
				    "--all");
	for (size_t i = 0; i < top->args->operand_count; i++) {
		int pid;
		size_t j = 0;
		enum pyro_rc rc = pyro_pid_read("top", top->args->operands[i], &pid, err);

		if (rc)
			return rc;
		while (j < top->pid_count && top->pids[j] != pid)
			j++;
		if (j == top->pid_count)
			top->pids[top->pid_count++] = pid;
	}
	return PYRO_RC_OK;
}

/* The choices of the options stand in the order of the enums. */
static struct pyro_live_choice read_choice(const struct top *top, bool on_screen)
{
	const struct pyro_args *args = top->args;
	const bool several = top->all_wanted || top->pid_count > 1;
	const char *filter = pyro_args_text(args, "filter");
	struct pyro_live_choice choice = PYRO_LIVE_CHOICE;

	choice.view = (enum pyro_live_view)pyro_args_number(
		args, "by", several ? PYRO_LIVE_PROCESSES : PYRO_LIVE_FUNCTIONS);
	choice.order = (enum pyro_live_order)pyro_args_number(
		args, "sort",
		choice.view >= PYRO_LIVE_THREADS ? PYRO_LIVE_RUNNING : PYRO_LIVE_SELF);
	choice.metric = (enum pyro_report_metric)pyro_args_number(args, "mode", PYRO_REPORT_TIME);
	choice.span_ns =
		pyro_args_number(args, "window", on_screen ? choice.span_ns : top->interval_ns);
	choice.since_start = pyro_args_flag(args, "since-start");
	choice.unfold = pyro_args_flag(args, "library");
	choice.split = pyro_args_flag(args, "threads");
	if (filter)
		snprintf(choice.filter, sizeof(choice.filter), "%s", filter);
	return choice;
}

/* ---- signals ---- */

static enum pyro_rc take_signals(struct top *top, struct pyro_err *err)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < PYRO_COUNT(numbers); i++)
		sigaddset(&mask, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &mask, &top->mask_before) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot block signals");
	top->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (top->signal_fd < 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot watch for signals");
	return PYRO_RC_OK;
}

static void give_signals_back(struct top *top)
{
	struct signalfd_siginfo info;

	if (top->signal_fd < 0)
		return;
	while (read(top->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	close(top->signal_fd);
	sigprocmask(SIG_SETMASK, &top->mask_before, NULL);
}

/* ---- showing ---- */

static enum pyro_rc draw(struct top *top, struct pyro_err *err)
{
	struct pyro_report_look look;
	enum pyro_rc rc;

	pyro_screen_look(top->screen, &look);
	rc = pyro_live_draw(&top->live, &look, &top->lines, err);
	if (!rc)
		pyro_screen_draw(top->screen, &top->lines);
	return rc;
}

static enum pyro_rc print(struct top *top, struct pyro_err *err)
{
	struct pyro_report_look look;
	struct pyro_buf buf;
	enum pyro_rc rc;

	pyro_show_look(STDOUT_FILENO, &look);
	pyro_buf_init(&buf, MAX_TEXT);
	if (top->json) {
		rc = pyro_live_json(&top->live, pyro_clock_realtime(), top->limit, &buf, err);
	} else {
		if (top->printed > 0)
			pyro_buf_add_char(&buf, '\n');
		rc = pyro_live_print(&top->live, &look, top->limit, &buf, err);
	}
	if (!rc)
		rc = pyro_show_buf(&buf, stdout, err);
	pyro_buf_deinit(&buf);
	if (!rc)
		rc = pyro_terminal_flush(err);
	top->printed++;
	return rc;
}

static enum pyro_rc show(struct top *top, struct pyro_err *err)
{
	const uint64_t now_ns = pyro_clock_now(), before_ns = pyro_clock_thread_cpu();
	uint64_t rest_ns;
	enum pyro_rc rc = pyro_live_refresh(&top->live, pyro_watch_elapsed(top->watch), err);

	if (!rc)
		rc = top->screen ? draw(top, err) : print(top, err);
	if (!top->screen && top->count && top->printed >= top->count)
		top->done = true;
	/* In step with the clock, so that snapshots do not drift. */
	rest_ns = (pyro_clock_thread_cpu() - before_ns) * REST;
	top->next_ns += top->interval_ns;
	if (top->next_ns < now_ns + rest_ns)
		top->next_ns = now_ns + rest_ns;
	return rc;
}

/* ---- what happens ---- */

static enum pyro_rc on_stop(struct top *top, struct pyro_err *err)
{
	/* Stopped, we must not leave a timer in the kernel to interrupt the program. */
	pyro_watch_pause(top->watch, true);
	if (top->screen)
		pyro_screen_suspend(top->screen);
	raise(SIGSTOP);
	if (top->screen)
		pyro_screen_resume(top->screen);
	pyro_watch_pause(top->watch, false);
	return top->screen ? draw(top, err) : PYRO_RC_OK;
}

static enum pyro_rc on_signal(struct top *top, uint32_t number, struct pyro_err *err)
{
	switch (number) {
	case SIGTSTP:
		return on_stop(top, err);
	case SIGWINCH:
		if (!top->screen)
			return PYRO_RC_OK;
		pyro_screen_resize(top->screen);
		return draw(top, err);
	default:
		top->done = true;
		return PYRO_RC_OK;
	}
}

/* What a key asks for is done before the next is looked at, which may depend on it. */
static enum pyro_rc on_key(struct top *top, uint32_t key, bool *ret_draw, struct pyro_err *err)
{
	*ret_draw = true;
	if (key == 'L' - '@') {
		pyro_screen_forget(top->screen);
		return PYRO_RC_OK;
	}
	switch (pyro_live_key(&top->live, key)) {
	case PYRO_LIVE_NOTHING:
		*ret_draw = false;
		return PYRO_RC_OK;
	case PYRO_LIVE_DRAW:
		return PYRO_RC_OK;
	case PYRO_LIVE_ARRANGE:
		return pyro_live_arrange(&top->live, err);
	case PYRO_LIVE_RENEW:
		return pyro_live_refresh(&top->live, pyro_watch_elapsed(top->watch), err);
	case PYRO_LIVE_RESET:
		return pyro_live_reset(&top->live, err);
	case PYRO_LIVE_QUIT:
		top->done = true;
		return PYRO_RC_OK;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc take_keys(struct top *top, struct pyro_err *err)
{
	bool any = false;
	enum pyro_rc rc = PYRO_RC_OK;
	uint32_t key;

	for (int i = 0; !rc && i < KEYS_AT_ONCE && !top->done && pyro_screen_key(top->screen, &key);
	     i++) {
		bool changed;

		rc = on_key(top, key, &changed, err);
		any = any || changed;
	}
	return rc || !any ? rc : draw(top, err);
}

static bool all_ended(const struct top *top)
{
	if (top->all_wanted || pyro_watch_any(top->watch))
		return false;
	for (size_t i = 0; i < top->pid_count; i++) {
		if (!pyro_process_gone(top->pids[i]))
			return false;
	}
	return true;
}

static enum pyro_rc look_for_more(struct top *top, struct pyro_err *err)
{
	bool refused;
	enum pyro_rc rc = pyro_top_all_scan(&top->all, top->watch, &refused, err);

	if (rc || !refused)
		return rc;
	snprintf(top->live.notice, sizeof(top->live.notice),
		 "%zu Python process%s may not be read. Try: sudo pyrometer top --all",
		 top->all.refused, top->all.refused == 1 ? "" : "es");
	top->live.notice_until_ns = pyro_watch_elapsed(top->watch) + 10 * PYRO_NS_PER_S;
	return PYRO_RC_OK;
}

static enum pyro_rc drain(struct top *top, struct pyro_err *err)
{
	bool busy;
	enum pyro_rc rc = pyro_watch_drain(top->watch, &busy, err);

	top->drain_ms = busy ? DRAIN_QUICK_MS : DRAIN_MS;
	if (!rc && top->all_wanted)
		rc = look_for_more(top, err);
	if (!rc && all_ended(top))
		top->ended = top->done = true;
	return rc;
}

static int wait_ms(const struct top *top)
{
	const uint64_t now_ns = pyro_clock_now();
	const uint64_t left_ns = top->next_ns > now_ns ? top->next_ns - now_ns : 0;

	return left_ns < (uint64_t)top->drain_ms * PYRO_NS_PER_MS
		       ? (int)((left_ns + PYRO_NS_PER_MS - 1) / PYRO_NS_PER_MS)
		       : top->drain_ms;
}

static enum pyro_rc loop(struct top *top, struct pyro_err *err)
{
	struct pollfd fds[] = {
		{.fd = top->signal_fd, .events = POLLIN},
		{.fd = top->screen ? pyro_screen_fd(top->screen) : -1, .events = POLLIN},
	};
	enum pyro_rc rc = PYRO_RC_OK;

	top->next_ns = pyro_clock_now() + top->interval_ns;
	if (top->screen && top->interval_ns > FIRST_NS)
		top->next_ns = pyro_clock_now() + FIRST_NS;
	while (!rc && !top->done) {
		struct signalfd_siginfo info;

		if (poll(fds, PYRO_COUNT(fds), wait_ms(top)) < 0)
			fds[0].revents = fds[1].revents = 0;
		while (!rc && read(top->signal_fd, &info, sizeof(info)) == sizeof(info))
			rc = on_signal(top, info.ssi_signo, err);
		if (!rc && (fds[1].revents & POLLIN))
			rc = take_keys(top, err);
		/* The terminal has gone away. */
		if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
			top->done = true;
		if (!rc)
			rc = drain(top, err);
		if (!rc && !top->done && pyro_clock_now() >= top->next_ns)
			rc = show(top, err);
	}
	return rc;
}

/* ---- from beginning to end ---- */

static enum pyro_rc start(struct top *top, struct pyro_err *err)
{
	struct pyro_record_options options;
	enum pyro_rc rc;

	pyro_recording_options(top->args, top->all_wanted ? HZ_MAX_ALL : HZ_MAX, &options);
	options.sampler.async = options.sampler.each = !pyro_args_flag(top->args, "no-async");
	rc = pyro_watch_create(&options, &top->watch, err);
	for (size_t i = 0; !rc && i < top->pid_count; i++)
		rc = pyro_watch_add(top->watch, top->pids[i], "top", err);
	if (!rc)
		rc = pyro_watch_start(top->watch, NULL, err);
	if (!rc && pyro_recent_create(pyro_watch_profile(top->watch), pyro_watch_alive(top->watch),
				      PYRO_LIVE_LONGEST, &top->recent))
		rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	return rc;
}

/* A terminal on which nothing can be drawn gets what a pipe would get. */
static enum pyro_rc open_screen(struct top *top, struct pyro_err *err)
{
	const bool wanted = isatty(STDOUT_FILENO) && !top->json && top->count == 0;
	enum pyro_rc rc = wanted ? pyro_screen_open(&top->screen, err) : PYRO_RC_OK;

	if (rc != PYRO_RC_UNSUPPORTED)
		return rc;
	fprintf(stderr, "pyrometer: %s: printing snapshots instead\n", err->message);
	*err = (struct pyro_err){.rc = PYRO_RC_OK};
	return PYRO_RC_OK;
}

/* What is left to say when all has ended: the rest of the last snapshot's time, or of a screen that
 * is gone now all since the start. */
static enum pyro_rc say_last(struct top *top, bool from_screen, struct pyro_err *err)
{
	enum pyro_rc rc;

	if (from_screen)
		pyro_live_sum_up(&top->live);
	rc = pyro_live_refresh(&top->live, pyro_watch_elapsed(top->watch), err);
	if (!rc && (from_screen || top->live.scope.all.of[PYRO_METRIC_SAMPLES] > 0))
		rc = print(top, err);
	if (!rc)
		fprintf(stderr, "%s\n", top->live.notice);
	return rc;
}

static enum pyro_rc run(struct top *top, struct pyro_err *err)
{
	struct pyro_live_choice choice;
	bool from_screen;
	enum pyro_rc rc = start(top, err);

	if (!rc)
		rc = open_screen(top, err);
	if (rc)
		return rc;
	from_screen = top->screen != NULL;
	choice = read_choice(top, from_screen);
	pyro_live_init(&top->live, pyro_watch_profile(top->watch), top->recent, &choice);
	if (from_screen)
		rc = draw(top, err);
	if (!rc)
		rc = loop(top, err);
	pyro_screen_close(top->screen);
	top->screen = NULL;
	if (!rc && top->ended)
		rc = say_last(top, from_screen, err);
	return rc;
}

int pyro_cmd_top(const struct pyro_args *args, struct pyro_err *err)
{
	struct top top = {
		.args = args,
		.all_wanted = pyro_args_flag(args, "all"),
		.interval_ns = pyro_args_number(args, "interval", PYRO_NS_PER_S),
		.count = pyro_args_number(args, "count", 0),
		.limit = pyro_args_number(args, "limit", USUAL_ROWS),
		.json = pyro_args_flag(args, "json"),
		.drain_ms = DRAIN_MS,
		.signal_fd = -1,
	};
	enum pyro_rc rc = read_pids(&top, err);

	if (rc)
		return pyro_rc_exit_status(rc);
	pyro_live_screen_init(&top.lines);
	pyro_top_all_init(&top.all);
	rc = take_signals(&top, err);
	if (!rc)
		rc = run(&top, err);
	pyro_screen_close(top.screen);
	pyro_live_deinit(&top.live);
	pyro_recent_destroy(top.recent);
	pyro_watch_destroy(top.watch);
	pyro_top_all_deinit(&top.all);
	pyro_live_screen_deinit(&top.lines);
	give_signals_back(&top);
	return pyro_rc_exit_status(rc);
}
