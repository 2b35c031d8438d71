/* SPDX-License-Identifier: Apache-2.0 */
#include "target/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "target/procfs.h"
#include "target/stat.h"

#define STATUS_SIZE 8192 /* the file is under 2 KiB; long lists of processors make it longer */

static enum pyro_rc read_stat(int pid, const char *name, char *text, size_t capacity,
			      struct pyro_stat *ret_stat, struct pyro_err *err)
{
	size_t size;
	enum pyro_rc rc = pyro_procfs_read(pid, name, text, capacity, &size, err);

	if (rc != PYRO_RC_OK)
		return rc;
	if (!pyro_stat_parse(text, size, ret_stat))
		return pyro_err_set(err, PYRO_RC_FORMAT, "cannot understand /proc/%d/%s", pid,
				    name);
	return PYRO_RC_OK;
}

/* The value of a line "KEY:\tVALUE" of a status file, up to its newline. The name of the process,
 * which comes first, has its newlines escaped by the kernel. */
static const char *status_value(const char *text, const char *key, const char **ret_end)
{
	const size_t size = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, size) == 0 && line[size] == ':') {
			line += size + 1;
			*ret_end = strchrnul(line, '\n');
			return line;
		}
	}
	return NULL;
}

/* Numbers of one line separated by blanks: the last one, and how many. */
static size_t last_number(const char *at, const char *end, uint64_t *ret_last)
{
	size_t count = 0;

	while (at < end) {
		if (*at == ' ' || *at == '\t')
			at++;
		else if (pyro_procfs_decimal(&at, end, ret_last))
			count++;
		else
			break;
	}
	return count;
}

/* The innermost id in a status file; @ret_depth counts the namespaces from ours down. */
static enum pyro_rc read_ns_id(int pid, const char *name, int *ret_id, size_t *ret_depth,
			       struct pyro_err *err)
{
	char text[STATUS_SIZE];
	const char *line, *end;
	uint64_t last = 0;
	size_t size;
	enum pyro_rc rc = pyro_procfs_read(pid, name, text, sizeof(text), &size, err);

	if (rc != PYRO_RC_OK)
		return rc;
	line = status_value(text, "NSpid", &end);
	*ret_depth = line ? last_number(line, end, &last) : 0;
	if (*ret_depth == 0 || last > INT_MAX)
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "no NSpid in /proc/%d/%s", pid, name);
	*ret_id = (int)last;
	return PYRO_RC_OK;
}

/* Effective user: the second number of "Uid:". */
static uint32_t status_uid(const char *text)
{
	const char *end, *line = status_value(text, "Uid", &end);
	uint64_t uid = UINT32_MAX;

	for (int i = 0; line && i < 2; i++) {
		while (line < end && (*line == '\t' || *line == ' '))
			line++;
		if (!pyro_procfs_decimal(&line, end, &uid))
			return UINT32_MAX;
	}
	return (uint32_t)uid;
}

enum pyro_rc pyro_process_facts(int pid, struct pyro_process_facts *ret_facts, struct pyro_err *err)
{
	struct pyro_process_facts facts = {.pid = pid, .ns_pid = pid};
	char text[STATUS_SIZE];
	const char *line, *end;
	struct pyro_stat stat;
	uint64_t last;
	size_t size;
	enum pyro_rc rc = read_stat(pid, "stat", text, sizeof(text), &stat, err);

	if (rc != PYRO_RC_OK)
		return rc;
	facts.state = stat.state;
	facts.parent = stat.parent;
	facts.start_ticks = stat.start_ticks;
	facts.threads = (uint32_t)stat.threads;
	size = stat.comm_size < sizeof(facts.comm) ? stat.comm_size : sizeof(facts.comm) - 1;
	memcpy(facts.comm, stat.comm, size);
	rc = pyro_procfs_read(pid, "status", text, sizeof(text), &size, err);
	if (rc != PYRO_RC_OK)
		return rc;
	facts.uid = status_uid(text);
	line = status_value(text, "NSpid", &end);
	if (line) {
		const size_t depth = last_number(line, end, &last);

		facts.own_pids = depth > 1;
		if (depth > 0 && last <= INT_MAX)
			facts.ns_pid = (int)last;
	}
	*ret_facts = facts;
	return PYRO_RC_OK;
}

static bool is_dead(char state)
{
	return state == 'Z' || state == 'X' || state == 'x';
}

bool pyro_process_gone(int pid)
{
	char text[1024];
	struct pyro_stat stat;
	const enum pyro_rc rc = read_stat(pid, "stat", text, sizeof(text), &stat, NULL);

	if (rc != PYRO_RC_OK)
		return rc == PYRO_RC_GONE;
	/* The first thread of a process may end before the others, and is a zombie until they do.
	 */
	return is_dead(stat.state) && stat.threads <= 1;
}

bool pyro_thread_gone(int pid, int tid)
{
	char text[1024], name[64];
	struct pyro_stat stat;
	enum pyro_rc rc;

	snprintf(name, sizeof(name), "task/%d/stat", tid);
	rc = read_stat(pid, name, text, sizeof(text), &stat, NULL);
	return rc == PYRO_RC_OK ? is_dead(stat.state) : rc == PYRO_RC_GONE;
}

uint64_t pyro_process_start(int pid)
{
	char text[1024];
	struct pyro_stat stat;

	if (read_stat(pid, "stat", text, sizeof(text), &stat, NULL) != PYRO_RC_OK)
		return 0;
	return stat.start_ticks;
}

enum pyro_rc pyro_process_exe(int pid, char *path, size_t capacity, struct pyro_err *err)
{
	return pyro_procfs_link(pid, "exe", path, capacity, err);
}

enum pyro_rc pyro_process_cwd(int pid, char *path, size_t capacity, struct pyro_err *err)
{
	return pyro_procfs_link(pid, "cwd", path, capacity, err);
}

enum pyro_rc pyro_process_root(int pid, char *path, size_t capacity, struct pyro_err *err)
{
	return pyro_procfs_link(pid, "root", path, capacity, err);
}

enum pyro_rc pyro_process_arguments(int pid, struct pyro_buf *buf, struct pyro_err *err)
{
	return pyro_procfs_read_all(pid, "cmdline", buf, NULL, err);
}

static bool needs_quotes(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && !isalnum(c) && !strchr("%+,-./:=@_", c))
			return true;
	}
	return size == 0;
}

static void add_quoted(struct pyro_buf *buf, const char *text, size_t size)
{
	if (!needs_quotes(text, size)) {
		pyro_buf_add(buf, text, size);
		return;
	}
	pyro_buf_add_char(buf, '\'');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\'')
			pyro_buf_add_text(buf, "'\\''");
		else
			pyro_buf_add_char(buf, text[i]);
	}
	pyro_buf_add_char(buf, '\'');
}

enum pyro_rc pyro_process_command(int pid, struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_process_facts facts;
	struct pyro_buf arguments;
	enum pyro_rc rc;

	pyro_buf_init(&arguments, PYRO_MAX_PATH);
	rc = pyro_process_arguments(pid, &arguments, err);
	if (rc == PYRO_RC_OK && arguments.size == 0) {
		rc = pyro_process_facts(pid, &facts, err);
		if (rc == PYRO_RC_OK)
			pyro_buf_add_format(buf, "[%s]", facts.comm);
	}
	for (size_t at = 0; rc == PYRO_RC_OK && at < arguments.size;) {
		const char *argument = arguments.data + at;
		const size_t size = strnlen(argument, arguments.size - at);

		if (at > 0)
			pyro_buf_add_char(buf, ' ');
		add_quoted(buf, argument, size);
		at += size + 1;
	}
	pyro_buf_deinit(&arguments);
	return rc == PYRO_RC_OK ? pyro_buf_status(buf) : rc;
}

void pyro_tids_deinit(struct pyro_tids *tids)
{
	free(tids->items);
	*tids = (struct pyro_tids){0};
}

static enum pyro_rc tids_add(struct pyro_tids *tids, int id, struct pyro_err *err)
{
	if (tids->count == PYRO_MAX_THREADS) {
		tids->truncated = true;
		return PYRO_RC_OK;
	}
	if ((tids->count & (tids->count - 1)) == 0) { /* full at every power of two */
		const size_t capacity = tids->count ? tids->count * 2 : 1;
		int *items = reallocarray(tids->items, capacity, sizeof(*items));

		if (!items)
			return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for a list of ids");
		tids->items = items;
	}
	tids->items[tids->count++] = id;
	return PYRO_RC_OK;
}

static bool parse_id(const char *text, int *ret_id)
{
	const char *end = text + strlen(text);
	uint64_t value;

	if (!pyro_procfs_decimal(&text, end, &value) || text != end || value > INT_MAX)
		return false;
	*ret_id = (int)value;
	return true;
}

static enum pyro_rc tids_of_directory(const char *path, int pid, struct pyro_tids *ret_tids,
				      struct pyro_err *err)
{
	struct pyro_tids tids = {0};
	enum pyro_rc rc = PYRO_RC_OK;
	struct dirent *entry;
	DIR *directory = opendir(path);
	int id;

	*ret_tids = tids;
	if (!directory)
		return pyro_err_set_errno(err, pyro_procfs_rc(errno), errno,
					  "cannot list the threads of process %d", pid);
	while (rc == PYRO_RC_OK && !tids.truncated && (entry = readdir(directory))) {
		if (parse_id(entry->d_name, &id))
			rc = tids_add(&tids, id, err);
	}
	closedir(directory);
	if (rc == PYRO_RC_OK)
		*ret_tids = tids;
	else
		pyro_tids_deinit(&tids);
	return rc;
}

enum pyro_rc pyro_process_tids(int pid, struct pyro_tids *ret_tids, struct pyro_err *err)
{
	char path[PYRO_PROCFS_PATH_SIZE];
	enum pyro_rc rc;

	pyro_procfs_path(path, pid, "task");
	rc = tids_of_directory(path, pid, ret_tids, err);
	if (rc == PYRO_RC_OK && ret_tids->count == 0)
		return pyro_err_set(err, PYRO_RC_GONE, "process %d has ended", pid);
	return rc;
}

/* Where the kernel keeps no children files: everybody's parent. */
static enum pyro_rc children_by_parent(int pid, struct pyro_tids *ret_pids, struct pyro_err *err)
{
	struct pyro_tids all, pids = {0};
	enum pyro_rc rc = tids_of_directory("/proc", pid, &all, err);
	char text[1024];
	struct pyro_stat stat;

	for (size_t i = 0; rc == PYRO_RC_OK && i < all.count; i++) {
		if (read_stat(all.items[i], "stat", text, sizeof(text), &stat, NULL) ==
			    PYRO_RC_OK &&
		    stat.parent == pid)
			rc = tids_add(&pids, all.items[i], err);
	}
	if (rc != PYRO_RC_OK) {
		pyro_tids_deinit(&pids);
		return rc;
	}
	pyro_tids_deinit(&all);
	*ret_pids = pids;
	return PYRO_RC_OK;
}

static enum pyro_rc add_children_of_thread(int pid, int tid, struct pyro_tids *pids,
					   struct pyro_err *err)
{
	char name[64];
	struct pyro_buf text;
	const char *at;
	enum pyro_rc rc;

	snprintf(name, sizeof(name), "task/%d/children", tid);
	pyro_buf_init(&text, 16u * PYRO_MAX_THREADS);
	rc = pyro_procfs_read_all(pid, name, &text, NULL, err);
	at = text.data;
	while (rc == PYRO_RC_OK && (size_t)(at - text.data) < text.size) {
		uint64_t id;

		if (*at == ' ')
			at++;
		else if (pyro_procfs_decimal(&at, text.data + text.size, &id) && id <= INT_MAX)
			rc = tids_add(pids, (int)id, err);
		else
			break;
	}
	pyro_buf_deinit(&text);
	return rc;
}

enum pyro_rc pyro_process_children(int pid, struct pyro_tids *ret_pids, struct pyro_err *err)
{
	struct pyro_tids tids, pids = {0};
	char path[PYRO_PROCFS_PATH_SIZE];
	enum pyro_rc rc;

	pyro_procfs_path(path, pid, "task");
	if (access(path, F_OK) == 0) {
		char name[64];

		snprintf(name, sizeof(name), "task/%d/children", pid);
		pyro_procfs_path(path, pid, name);
		if (access(path, F_OK) != 0 && !pyro_process_gone(pid))
			return children_by_parent(pid, ret_pids, err);
	}
	rc = pyro_process_tids(pid, &tids, err);
	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = 0; rc == PYRO_RC_OK && i < tids.count; i++) {
		rc = add_children_of_thread(pid, tids.items[i], &pids, err);
		if (rc == PYRO_RC_GONE) /* this thread alone, meanwhile */
			rc = PYRO_RC_OK;
	}
	pyro_tids_deinit(&tids);
	if (rc == PYRO_RC_OK)
		*ret_pids = pids;
	else
		pyro_tids_deinit(&pids);
	return rc;
}

void pyro_thread_comm(int pid, int tid, char *comm, size_t capacity)
{
	char name[64];
	size_t size;

	if (capacity == 0)
		return;
	comm[0] = 0;
	snprintf(name, sizeof(name), "task/%d/comm", tid);
	if (pyro_procfs_read(pid, name, comm, capacity, &size, NULL) != PYRO_RC_OK)
		comm[0] = 0;
	else if (size > 0 && comm[size - 1] == '\n')
		comm[size - 1] = 0;
}

enum pyro_rc pyro_thread_ns_tid(int pid, int tid, int *ret_ns_tid, struct pyro_err *err)
{
	char name[64];
	size_t depth;

	snprintf(name, sizeof(name), "task/%d/status", tid);
	return read_ns_id(pid, name, ret_ns_tid, &depth, err);
}

enum pyro_rc pyro_process_tid_from_ns(int pid, int ns_tid, int *ret_tid, struct pyro_err *err)
{
	struct pyro_tids tids;
	size_t depth;
	int id;
	enum pyro_rc rc = read_ns_id(pid, "status", &id, &depth, err);

	if (rc != PYRO_RC_OK)
		return rc;
	if (depth == 1) {
		if (pyro_thread_gone(pid, ns_tid))
			return pyro_err_set(err, PYRO_RC_NOTFOUND, "process %d has no thread %d",
					    pid, ns_tid);
		*ret_tid = ns_tid;
		return PYRO_RC_OK;
	}
	rc = pyro_process_tids(pid, &tids, err);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = PYRO_RC_NOTFOUND;
	for (size_t i = 0; i < tids.count && rc == PYRO_RC_NOTFOUND; i++) {
		if (pyro_thread_ns_tid(pid, tids.items[i], &id, NULL) == PYRO_RC_OK &&
		    id == ns_tid) {
			*ret_tid = tids.items[i];
			rc = PYRO_RC_OK;
		}
	}
	pyro_tids_deinit(&tids);
	if (rc == PYRO_RC_NOTFOUND)
		return pyro_err_set(err, rc, "process %d has no thread that calls itself %d", pid,
				    ns_tid);
	return rc;
}
