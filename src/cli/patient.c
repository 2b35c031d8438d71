/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/patient.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sits there until the other end of the leash is closed. Only what is safe after fork. */
static void __attribute__((noreturn)) be_patient(int leash)
{
	char byte;

	while (read(leash, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static bool wait_for(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void close_pair(int pair[2])
{
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

/* In the child: becomes the patient, or has one and leaves it alone. Tells its pid. */
static void __attribute__((noreturn)) admit(bool stranger, int leash[2], int tell)
{
	pid_t pid = stranger ? fork() : 0;

	close(leash[1]);
	if (pid < 0)
		_exit(1);
	if (pid > 0)
		_exit(0);
	/* If our parent has not yet gone it is at least no longer looked for. */
	pid = getpid();
	if (write(tell, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		_exit(1);
	close(tell);
	be_patient(leash[0]);
}

enum pyro_rc pyro_patient_admit(bool stranger, struct pyro_patient *ret_patient,
				struct pyro_err *err)
{
	int leash[2] = {-1, -1};
	int tell[2] = {-1, -1};
	pid_t pid = -1;
	pid_t told = 0;

	*ret_patient = (struct pyro_patient){.child = !stranger, .leash = -1, .word = "pyrometer"};
	ret_patient->size = sizeof(ret_patient->word);
	ret_patient->address = (uint64_t)(uintptr_t)ret_patient->word;
	if (pipe2(leash, O_CLOEXEC) == 0 && pipe2(tell, O_CLOEXEC) == 0)
		pid = fork();
	if (pid < 0) {
		int errnum = errno;

		close_pair(leash);
		close_pair(tell);
		return pyro_err_set_errno(err, PYRO_RC_IO, errnum, "cannot start a process");
	}
	if (pid == 0) {
		close(tell[0]);
		admit(stranger, leash, tell[1]);
	}
	close(tell[1]);
	close(leash[0]);
	/* The one in the middle is gone before we look: the patient is nobody's descendant. */
	if (stranger)
		(void)wait_for(pid);
	if (read(tell[0], &told, sizeof(told)) != (ssize_t)sizeof(told))
		told = 0;
	close(tell[0]);
	ret_patient->leash = leash[1];
	ret_patient->pid = told;
	if (told > 0)
		return PYRO_RC_OK;
	pyro_patient_release(ret_patient);
	return pyro_err_set(err, PYRO_RC_IO, "cannot start a process");
}

void pyro_patient_release(struct pyro_patient *patient)
{
	if (patient->leash >= 0 && (patient->pid > 0 || patient->child))
		close(patient->leash);
	if (patient->pid > 0 && patient->child)
		(void)wait_for(patient->pid);
	patient->pid = 0;
	patient->leash = -1;
}
