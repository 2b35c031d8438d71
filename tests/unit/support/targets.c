/* SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 32

static void run_child(const char *const *argv, int out)
{
	const int null = open("/dev/null", O_RDONLY);

	/* A test that crashes leaves no target behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(out, 1);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

bool target_read_line(struct target *target)
{
	size_t size = 0;

	while (size + 1 < sizeof(target->line)) {
		struct pollfd fd = {.fd = target->out, .events = POLLIN};
		char c;

		if (poll(&fd, 1, 20000) <= 0 || read(target->out, &c, 1) != 1)
			return false;
		if (c == '\n')
			break;
		target->line[size++] = c;
	}
	target->line[size] = 0;
	return true;
}

bool target_start(struct target *target, const char *const *argv)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	target->pid = fork();
	if (target->pid == 0)
		run_child(argv, fds[1]);
	close(fds[1]);
	target->out = fds[0];
	if (target->pid > 0 && target_read_line(target))
		return true;
	target_stop(target);
	return false;
}

void target_stop(struct target *target)
{
	if (target->pid > 0) {
		kill(target->pid, SIGKILL);
		while (waitpid(target->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (target->out >= 0)
		close(target->out);
	target->pid = -1;
	target->out = -1;
}

/* Prints the manifest as lines of fields that end with a tab. */
static const char list_interpreters[] =
	"import json, os, sys\n"
	"cache = os.environ.get('PYROMETER_CACHE') or os.path.expanduser('~/.cache/pyrometer')\n"
	"try:\n"
	"    entries = json.load(open(os.path.join(cache, 'interpreters.json')))['interpreters']\n"
	"except OSError:\n"
	"    entries = []\n"
	"for entry in entries:\n"
	"    row = [entry['full'], 'root' if entry['root'] else 'here'] + entry['argv']\n"
	"    sys.stdout.write(''.join(field + '\\t' for field in row) + '\\n')\n"
	"print('end')\n";

static void parse_interpreter(char *line, struct interpreter *interpreter)
{
	size_t field = 0;

	memset(interpreter, 0, sizeof(*interpreter));
	for (char *at = line, *tab; (tab = strchr(at, '\t')); at = tab + 1, field++) {
		*tab = 0;
		if (field == 0)
			snprintf(interpreter->full, sizeof(interpreter->full), "%.31s", at);
		else if (field == 1)
			interpreter->in_root = strcmp(at, "root") == 0;
		else if (interpreter->argc + 1 < INTERPRETER_ARGS)
			interpreter->argv[interpreter->argc++] = strdup(at);
	}
}

void interpreters_load(struct interpreters *ret_interpreters)
{
	const char *const argv[] = {"python3", "-c", list_interpreters, NULL};
	struct target target;

	memset(ret_interpreters, 0, sizeof(*ret_interpreters));
	if (!target_start(&target, argv))
		return;
	while (strcmp(target.line, "end") != 0 && ret_interpreters->count < INTERPRETERS_MAX) {
		parse_interpreter(target.line, &ret_interpreters->items[ret_interpreters->count++]);
		if (!target_read_line(&target))
			break;
	}
	target_stop(&target);
}

void interpreters_deinit(struct interpreters *interpreters)
{
	for (size_t i = 0; i < interpreters->count; i++) {
		for (size_t j = 0; j < interpreters->items[i].argc; j++)
			free(interpreters->items[i].argv[j]);
	}
	interpreters->count = 0;
}

bool interpreter_start(const struct interpreter *interpreter, struct target *target,
		       const char *const *arguments)
{
	const char *argv[MAX_ARGS];
	size_t count = 0;

	for (size_t i = 0; i < interpreter->argc; i++)
		argv[count++] = interpreter->argv[i];
	for (size_t i = 0; arguments[i] && count + 1 < MAX_ARGS; i++)
		argv[count++] = arguments[i];
	argv[count] = NULL;
	return target_start(target, argv);
}

const struct interpreter *interpreters_find(const struct interpreters *interpreters,
					    const char *minor)
{
	const size_t size = strlen(minor);

	for (size_t i = 0; i < interpreters->count; i++) {
		const struct interpreter *interpreter = &interpreters->items[i];

		if (!interpreter->in_root && strncmp(interpreter->full, minor, size) == 0 &&
		    interpreter->full[size] == '.')
			return interpreter;
	}
	return NULL;
}
