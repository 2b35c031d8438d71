/* SPDX-License-Identifier: Apache-2.0 */
#include "record/join.h"

#include "target/permission.h"
#include "target/process.h"

#define MAX_GENERATIONS 16

static enum pyro_rc say_where_to_look(int pid, enum pyro_rc rc, struct pyro_err *err)
{
	const struct pyro_err found = err ? *err : (struct pyro_err){.rc = rc};

	if (pyro_process_gone(pid))
		return pyro_err_set(err, PYRO_RC_GONE,
				    "process %d has ended. Try: pyrometer run, which is there "
				    "from the start",
				    pid);
	if (rc == PYRO_RC_NOTREADY)
		return pyro_err_set(err, rc, "process %d: %.300s. Try: the same again in a moment",
				    pid, found.message);
	if (rc != PYRO_RC_NOTPYTHON)
		return rc;
	return pyro_err_set(err, rc,
			    "%.400s. Try: pyrometer doctor, which lists the Python processes",
			    found.message);
}

enum pyro_rc pyro_join_running(struct pyro_sampler *sampler, int pid, const char *command,
			       struct pyro_err *err)
{
	enum pyro_rc rc;

	if (pyro_process_gone(pid))
		return pyro_err_set(err, PYRO_RC_GONE,
				    "there is no process %d. Try: pyrometer doctor", pid);
	rc = pyro_sampler_add_running(sampler, pid, err);
	if (rc == PYRO_RC_PERM)
		return pyro_process_explain_permission(pid, command, err);
	return rc ? say_where_to_look(pid, rc, err) : PYRO_RC_OK;
}

static void offer_children(struct pyro_sampler *sampler, int pid, int depth)
{
	struct pyro_tids children;

	if (depth > MAX_GENERATIONS || pyro_process_children(pid, &children, NULL))
		return;
	for (size_t i = 0; i < children.count; i++) {
		if (pyro_sampler_offer(sampler, children.items[i]))
			offer_children(sampler, children.items[i], depth + 1);
	}
	pyro_tids_deinit(&children);
}

void pyro_join_children(struct pyro_sampler *sampler, int pid)
{
	offer_children(sampler, pid, 0);
}
