/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/doctor.h"
#include "cpython/locate.h"
#include "target/permission.h"
#include "target/process.h"
#include "target/procfs.h"

#define MAX_MAPS    (16 << 20)
#define MAX_COMMAND 512
#define MAX_PYTHONS PYRO_MAX_PROCESSES

static void user_name(uint32_t uid, char *name, size_t capacity)
{
	char buffer[2048];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(name, capacity, "%s", found->pw_name);
	else
		snprintf(name, capacity, "%u", uid);
}

/* A cheap look before the thorough one: programs that embed Python map files named after it. */
enum suspicion {
	SUSPECT_NO,
	SUSPECT_YES,
	SUSPECT_HIDDEN
};

static enum suspicion suspect(const struct pyro_process_facts *facts)
{
	struct pyro_buf maps;
	enum suspicion result = SUSPECT_NO;
	enum pyro_rc rc;

	if (facts->state == 'Z' || facts->state == 'X')
		return SUSPECT_NO;
	if (strstr(facts->comm, "python"))
		return SUSPECT_YES;
	pyro_buf_init(&maps, MAX_MAPS);
	rc = pyro_procfs_read_all(facts->pid, "maps", &maps, NULL, NULL);
	if (rc == PYRO_RC_PERM)
		result = SUSPECT_HIDDEN;
	else if (rc == PYRO_RC_OK && maps.data && strstr(maps.data, "python"))
		result = SUSPECT_YES;
	pyro_buf_deinit(&maps);
	return result;
}

/* False if it is no Python after all. */
static bool examine(const struct pyro_process_facts *facts, struct pyro_doctor_python *python)
{
	struct pyro_err err = {.rc = PYRO_RC_OK};
	struct pyro_python_origin origin = {.version = 0};
	struct pyro_python *reading = NULL;
	struct pyro_reader *reader = NULL;
	enum pyro_rc rc = pyro_live_reader_create(facts->pid, &reader, &err);

	if (rc == PYRO_RC_OK)
		rc = pyro_python_locate(facts->pid, reader, &origin, &err);
	if (rc == PYRO_RC_OK)
		rc = pyro_python_create(reader, &origin, &reading, &err);
	pyro_python_destroy(reading);
	pyro_reader_destroy(reader);
	if (rc == PYRO_RC_NOTPYTHON || rc == PYRO_RC_GONE)
		return false;
	if (rc == PYRO_RC_PERM)
		rc = pyro_process_explain_permission(facts->pid, "attach", &err);
	if (rc == PYRO_RC_GONE)
		return false;
	*python = (struct pyro_doctor_python){.pid = facts->pid, .readable = rc == PYRO_RC_OK};
	snprintf(python->version, sizeof(python->version), "%s", origin.version_text);
	if (rc)
		snprintf(python->reason, sizeof(python->reason), "%s", err.message);
	return true;
}

static enum pyro_rc keep(struct pyro_doctor *doctor, size_t *capacity,
			 const struct pyro_process_facts *facts, struct pyro_doctor_python *python,
			 struct pyro_err *err)
{
	struct pyro_buf command;

	if (doctor->python_count == *capacity) {
		size_t more = *capacity ? *capacity * 2 : 16;
		void *grown = realloc(doctor->pythons, more * sizeof(*doctor->pythons));

		if (!grown)
			return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
		doctor->pythons = grown;
		*capacity = more;
	}
	user_name(facts->uid, python->user, sizeof(python->user));
	pyro_buf_init(&command, MAX_COMMAND);
	if (pyro_process_command(facts->pid, &command, NULL) != PYRO_RC_OK)
		pyro_buf_reset(&command);
	python->command = pyro_arena_dup(&doctor->arena, command.data ? command.data : "",
					 command.data ? command.size : 0);
	pyro_buf_deinit(&command);
	if (!python->command)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	doctor->pythons[doctor->python_count++] = *python;
	return PYRO_RC_OK;
}

static enum pyro_rc look_at(struct pyro_doctor *doctor, size_t *capacity, int pid,
			    struct pyro_err *err)
{
	struct pyro_process_facts facts;
	struct pyro_doctor_python python;

	if (pid == getpid() || pyro_process_facts(pid, &facts, NULL) != PYRO_RC_OK)
		return PYRO_RC_OK;
	switch (suspect(&facts)) {
	case SUSPECT_HIDDEN:
		doctor->hidden++;
		return PYRO_RC_OK;
	case SUSPECT_NO:
		return PYRO_RC_OK;
	case SUSPECT_YES:
		break;
	}
	if (!examine(&facts, &python))
		return PYRO_RC_OK;
	return keep(doctor, capacity, &facts, &python, err);
}

static int by_pid(const void *a, const void *b)
{
	const struct pyro_doctor_python *left = a;
	const struct pyro_doctor_python *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

enum pyro_rc pyro_doctor_pythons(struct pyro_doctor *doctor, struct pyro_err *err)
{
	DIR *folder = opendir("/proc");
	enum pyro_rc rc = PYRO_RC_OK;
	const struct dirent *entry;
	size_t capacity = 0;

	if (!folder)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot list /proc");
	while (rc == PYRO_RC_OK && doctor->python_count < MAX_PYTHONS &&
	       (entry = readdir(folder))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			rc = look_at(doctor, &capacity, (int)strtol(entry->d_name, NULL, 10), err);
	}
	closedir(folder);
	if (doctor->python_count > 1)
		qsort(doctor->pythons, doctor->python_count, sizeof(*doctor->pythons), by_pid);
	return rc;
}
