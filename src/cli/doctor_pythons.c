/* SPDX-License-Identifier: Apache-2.0 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cli/doctor.h"
#include "cli/pythons.h"

#define MAX_COMMAND 512

static void user_name(uint32_t uid, char *name, size_t capacity)
{
	char buffer[2048];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(name, capacity, "%s", found->pw_name);
	else
		snprintf(name, capacity, "%u", uid);
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

struct finding {
	struct pyro_doctor *doctor;
	size_t capacity;
};

static enum pyro_rc look_at(void *context, int pid, struct pyro_err *err)
{
	struct finding *finding = context;
	struct pyro_process_facts facts;
	struct pyro_python_found found;
	struct pyro_doctor_python python = {.pid = pid};

	if (finding->doctor->python_count >= PYRO_MAX_PROCESSES ||
	    pyro_process_facts(pid, &facts, NULL) != PYRO_RC_OK)
		return PYRO_RC_OK;
	switch (pyro_pythons_look(&facts, &found)) {
	case PYRO_PYTHON_HIDDEN:
		finding->doctor->hidden++;
		return PYRO_RC_OK;
	case PYRO_PYTHON_NO:
		return PYRO_RC_OK;
	case PYRO_PYTHON_YES:
		break;
	}
	python.readable = found.readable;
	snprintf(python.version, sizeof(python.version), "%s", found.version);
	snprintf(python.reason, sizeof(python.reason), "%s", found.reason);
	return keep(finding->doctor, &finding->capacity, &facts, &python, err);
}

static int by_pid(const void *a, const void *b)
{
	const struct pyro_doctor_python *left = a;
	const struct pyro_doctor_python *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

enum pyro_rc pyro_doctor_pythons(struct pyro_doctor *doctor, struct pyro_err *err)
{
	struct finding finding = {.doctor = doctor};
	enum pyro_rc rc = pyro_pythons_each(look_at, &finding, err);

	if (doctor->python_count > 1)
		qsort(doctor->pythons, doctor->python_count, sizeof(*doctor->pythons), by_pid);
	return rc;
}
