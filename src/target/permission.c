/* SPDX-License-Identifier: Apache-2.0 */
#include "target/permission.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/process.h"
#include "target/procfs.h"

enum {
	CAPABILITY_SYS_PTRACE = 19
};

static bool have_ptrace_capability(void)
{
	char text[8192];
	const char *line, *end;
	uint64_t bits;
	size_t size;

	if (pyro_procfs_read((int)getpid(), "status", text, sizeof(text), &size, NULL) !=
	    PYRO_RC_OK)
		return false;
	line = strstr(text, "\nCapEff:\t");
	if (!line)
		return false;
	line += strlen("\nCapEff:\t");
	end = text + size;
	return pyro_procfs_hex(&line, end, &bits) && (bits >> CAPABILITY_SYS_PTRACE & 1);
}

/* 0 where there is no Yama. */
static int yama_scope(void)
{
	PYRO_AUTO_FCLOSE FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	const int c = file ? fgetc(file) : '0';

	return c >= '0' && c <= '9' ? c - '0' : 0;
}

static void user_name(uint32_t uid, char *name, size_t capacity)
{
	char buffer[2048];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(name, capacity, "%s", found->pw_name);
	else
		snprintf(name, capacity, "%u", uid);
}

/* The files of a process that may not be dumped belong to root. */
static bool is_undumpable(int pid, uint32_t uid)
{
	char path[PYRO_PROCFS_PATH_SIZE];
	struct stat st;

	pyro_procfs_path(path, pid, "environ");
	return uid != 0 && stat(path, &st) == 0 && st.st_uid != uid;
}

/* True when the process is known to live in another user namespace than we. */
static bool in_other_user_namespace(int pid)
{
	char ours[64], theirs[64];

	return pyro_procfs_link((int)getpid(), "ns/user", ours, sizeof(ours), NULL) == PYRO_RC_OK &&
	       pyro_procfs_link(pid, "ns/user", theirs, sizeof(theirs), NULL) == PYRO_RC_OK &&
	       strcmp(ours, theirs) != 0;
}

enum pyro_rc pyro_process_explain_permission(int pid, const char *command, struct pyro_err *err)
{
	struct pyro_process_facts facts;
	const bool root = geteuid() == 0;
	const int yama = yama_scope();
	char retry[96], user[64];

	if (pyro_process_facts(pid, &facts, NULL) == PYRO_RC_GONE)
		return pyro_err_set(err, PYRO_RC_GONE, "process %d has ended", pid);
	snprintf(retry, sizeof(retry), "sudo pyrometer %s %d", command ? command : "attach", pid);
	if (yama >= 3)
		return pyro_err_set(
			err, PYRO_RC_PERM,
			"cannot read process %d: kernel.yama.ptrace_scope is 3, which "
			"forbids it to everybody until the next boot. Try: pyrometer run",
			pid);
	if (root && !have_ptrace_capability())
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: root lacks CAP_SYS_PTRACE here, as in "
				    "most containers. Try: start the container with "
				    "--cap-add=SYS_PTRACE",
				    pid);
	if (root && in_other_user_namespace(pid))
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: it lives in another user namespace. "
				    "Try: %s outside the container",
				    pid, retry);
	if (root)
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: a security policy (seccomp, AppArmor "
				    "or SELinux) forbids it to root. Try: journalctl -k -g denied",
				    pid);
	if (facts.uid != geteuid()) {
		user_name(facts.uid, user, sizeof(user));
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: it belongs to user %s. Try: %s", pid,
				    user, retry);
	}
	if (is_undumpable(pid, facts.uid))
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: it is marked as not to be read (it "
				    "changed its user, or its file has capabilities). Try: %s",
				    pid, retry);
	if (yama == 2)
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: kernel.yama.ptrace_scope is 2, which "
				    "leaves it to root. Try: %s",
				    pid, retry);
	if (yama == 1)
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: kernel.yama.ptrace_scope is 1, which "
				    "allows only children. Try: %s, or once and for all: sudo "
				    "sysctl kernel.yama.ptrace_scope=0",
				    pid, retry);
	if (in_other_user_namespace(pid))
		return pyro_err_set(err, PYRO_RC_PERM,
				    "cannot read process %d: it lives in another user namespace. "
				    "Try: %s",
				    pid, retry);
	return pyro_err_set(err, PYRO_RC_PERM,
			    "cannot read process %d: the kernel or a security policy (seccomp, "
			    "AppArmor, SELinux) forbids it. Try: %s",
			    pid, retry);
}
