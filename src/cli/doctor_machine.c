/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/doctor.h"
#include "cli/patient.h"
#include "sample/rings.h"
#include "target/interrupt.h"
#include "target/kernel.h"
#include "target/procfs.h"
#include "target/reader.h"

#define CAP_PTRACE   19
#define CAP_NICE     23
#define CAP_PERFMON_ 38
#define UNKNOWN      (-100)

/* What /proc/self/status says of this process. */
struct powers {
	uint64_t capabilities;
	int seccomp; /* 0 none, 1 strict, 2 filter */
	bool root;
};

static struct pyro_check *add(struct pyro_doctor *doctor, const char *name, const char *title)
{
	/* The list is as long as the code below; the last place is never passed. */
	size_t at =
		doctor->check_count < PYRO_MAX_CHECKS ? doctor->check_count++ : PYRO_MAX_CHECKS - 1;

	doctor->checks[at] = (struct pyro_check){.name = name, .title = title};
	return &doctor->checks[at];
}

static void __attribute__((format(printf, 3, 4)))
set_found(struct pyro_check *check, enum pyro_check_result result, const char *format, ...)
{
	va_list args;

	check->result = result;
	va_start(args, format);
	vsnprintf(check->found, sizeof(check->found), format, args);
	va_end(args);
}

static void set_remedy(struct pyro_check *check, const char *remedy)
{
	snprintf(check->remedy, sizeof(check->remedy), "%s", remedy);
}

static int read_setting(const char *path)
{
	PYRO_AUTO_FCLOSE FILE *file = fopen(path, "re");
	char text[32];
	char *end;
	long value;

	if (!file || !fgets(text, sizeof(text), file))
		return UNKNOWN;
	value = strtol(text, &end, 10);
	return end == text || value < -99 || value > 99 ? UNKNOWN : (int)value;
}

/* Three numbers separated by blanks, as files of the kernel have them. */
static bool read_three(const char *text, uint64_t numbers[3])
{
	const char *end = text + strlen(text);

	for (size_t i = 0; i < 3; i++) {
		text += strspn(text, " \t");
		if (!pyro_procfs_decimal(&text, end, &numbers[i]))
			return false;
	}
	return true;
}

static void look_powers(struct powers *powers)
{
	char text[8192];
	size_t size;
	const char *line;

	*powers = (struct powers){.root = geteuid() == 0};
	if (pyro_procfs_read((int)getpid(), "status", text, sizeof(text), &size, NULL))
		return;
	line = strstr(text, "\nCapEff:\t");
	if (line)
		powers->capabilities = strtoull(line + strlen("\nCapEff:\t"), NULL, 16);
	line = strstr(text, "\nSeccomp:\t");
	if (line)
		powers->seccomp = (int)strtol(line + strlen("\nSeccomp:\t"), NULL, 10);
}

static bool can(const struct powers *powers, int capability)
{
	return powers->capabilities >> capability & 1;
}

static void look_system(struct pyro_doctor *doctor)
{
	struct utsname name;
	char buffer[2048];
	struct passwd entry, *user = NULL;

	if (uname(&name) != 0)
		memset(&name, 0, sizeof(name));
	if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &user) != 0)
		user = NULL;
	snprintf(doctor->system, sizeof(doctor->system),
		 "%.12s %.40s, %.16s, %ld processors, %s %.30s", name.sysname, name.release,
		 name.machine, sysconf(_SC_NPROCESSORS_ONLN),
		 user ? "as" : "as a user without a name", user ? user->pw_name : "");
}

static enum pyro_rc try_read(const struct pyro_patient *patient, struct pyro_err *err)
{
	struct pyro_reader *reader = NULL;
	char word[sizeof(patient->word)] = "";
	enum pyro_rc rc = pyro_live_reader_create(patient->pid, &reader, err);

	if (rc == PYRO_RC_OK)
		rc = pyro_reader_read(reader, patient->address, word, sizeof(word));
	pyro_reader_destroy(reader);
	if (rc == PYRO_RC_OK && memcmp(word, patient->word, sizeof(word)) != 0)
		rc = PYRO_RC_FAULT;
	return rc;
}

static void check_read(struct pyro_doctor *doctor, const struct powers *powers,
		       const struct pyro_patient *own, const struct pyro_patient *stranger)
{
	struct pyro_check *check = add(doctor, "read_own", "Read what run starts");
	int scope = read_setting("/proc/sys/kernel/yama/ptrace_scope");

	doctor->run_works = try_read(own, NULL) == PYRO_RC_OK;
	if (doctor->run_works) {
		set_found(check, PYRO_CHECK_GOOD, "process_vm_readv of a child works");
	} else {
		set_found(check, PYRO_CHECK_BAD, "process_vm_readv of a child is forbidden%s",
			  powers->seccomp ? " (a seccomp filter is active)" : "");
		set_remedy(check, "docker run --cap-add=SYS_PTRACE …");
	}

	check = add(doctor, "read_others", "Read what attach names");
	doctor->attach_works = try_read(stranger, NULL) == PYRO_RC_OK;
	if (doctor->attach_works) {
		set_found(check, PYRO_CHECK_GOOD, "any process of %s",
			  can(powers, CAP_PTRACE) ? "any user (CAP_SYS_PTRACE)" : "this user");
		return;
	}
	if (scope > 0 && scope != UNKNOWN) {
		set_found(check, PYRO_CHECK_BAD,
			  "kernel.yama.ptrace_scope is %d: only one's own children", scope);
		set_remedy(check, scope >= 3 ? "use run; the kernel keeps it until the next boot"
					     : "sudo pyrometer attach PID, or sudo sysctl "
					       "kernel.yama.ptrace_scope=0");
		return;
	}
	set_found(check, PYRO_CHECK_BAD, "process_vm_readv is forbidden");
	set_remedy(check, "docker run --cap-add=SYS_PTRACE …, or sudo pyrometer attach PID");
}

static void check_switch(struct pyro_doctor *doctor, const struct powers *powers,
			 const struct pyro_patient *own, bool *ret_works)
{
	struct pyro_check *check = add(doctor, "switch_records", "Kernel's switch records");
	int paranoid = read_setting("/proc/sys/kernel/perf_event_paranoid");
	struct pyro_err err = {.rc = PYRO_RC_OK};
	struct pyro_rings *rings = NULL;
	enum pyro_rc rc = pyro_rings_create(&rings, &err);

	if (rc == PYRO_RC_OK)
		rc = pyro_rings_follow(rings, own->pid, true, &err);
	pyro_rings_destroy(rings);
	*ret_works = rc == PYRO_RC_OK;
	if (*ret_works && paranoid == UNKNOWN) {
		set_found(check, PYRO_CHECK_GOOD, "perf events with inheritance work");
		return;
	}
	if (*ret_works) {
		set_found(check, PYRO_CHECK_GOOD,
			  "perf events with inheritance work (perf_event_paranoid %d)", paranoid);
		return;
	}
	set_found(check, PYRO_CHECK_LIMITED, "%.200s", err.message);
	if (paranoid > 2 && !can(powers, CAP_PERFMON_) && !powers->root)
		set_remedy(check, "sudo sysctl kernel.perf_event_paranoid=2");
	else if (rc == PYRO_RC_LIMIT)
		set_remedy(check,
			   "ulimit -n 65536, and sudo sysctl kernel.perf_event_mlock_kb=4096");
	else if (rc == PYRO_RC_PERM)
		set_remedy(check, "docker run --cap-add=PERFMON …");
}

static bool check_proc(struct pyro_doctor *doctor, const struct pyro_patient *own)
{
	struct pyro_check *check = add(doctor, "proc_witness", "Time slices in /proc");
	char text[256];
	size_t size;
	uint64_t numbers[3]; /* time run, time waited, slices */

	if (pyro_procfs_read(own->pid, "schedstat", text, sizeof(text), &size, NULL) ==
		    PYRO_RC_OK &&
	    read_three(text, numbers) && numbers[2] > 0) {
		set_found(check, PYRO_CHECK_GOOD, "schedstat counts them");
		return true;
	}
	set_found(check, PYRO_CHECK_LIMITED,
		  "schedstat does not count them (a kernel without CONFIG_SCHED_INFO?)");
	return false;
}

static bool check_processors(struct pyro_doctor *doctor)
{
	struct pyro_check *check = add(doctor, "affinity", "Choose a processor");
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t *set = CPU_ALLOC(PYRO_MAX_THREADS);
	size_t size = CPU_ALLOC_SIZE(PYRO_MAX_THREADS);
	bool works;
	int allowed;

	if (!set || sched_getaffinity(0, size, set) != 0) {
		set_found(check, PYRO_CHECK_LIMITED, "sched_getaffinity fails");
		CPU_FREE(set);
		return false;
	}
	allowed = CPU_COUNT_S(size, set);
	works = sched_setaffinity(0, size, set) == 0;
	CPU_FREE(set);
	if (!works) {
		set_found(check, PYRO_CHECK_LIMITED, "sched_setaffinity is forbidden");
	} else if (allowed < online) {
		set_found(check, PYRO_CHECK_LIMITED,
			  "only %d of %ld: threads on the others cannot be frozen", allowed,
			  online);
		set_remedy(check, "start pyrometer with the processors of its target: taskset");
	} else {
		set_found(check, PYRO_CHECK_GOOD, "all %d", allowed);
	}
	return works;
}

/* Tried, not worked out from limits and capabilities: a control group can have its own opinion. */
static void check_priority(struct pyro_doctor *doctor)
{
	struct pyro_check *check = add(doctor, "realtime", "Preempt at once");
	const struct sched_param first = {.sched_priority = 1};
	struct sched_param own = {0};
	const int class = sched_getscheduler(0);

	if (class >= 0 && sched_getparam(0, &own) == 0 &&
	    sched_setscheduler(0, SCHED_FIFO, &first) == 0) {
		sched_setscheduler(0, class, &own);
		set_found(check, PYRO_CHECK_GOOD, "real-time priority is allowed");
		return;
	}
	/* The usual state of an ordinary user, and good enough: nothing to do about it. */
	set_found(check, PYRO_CHECK_INFO, "no real-time priority: a few looks will be late");
}

static bool check_stop(struct pyro_doctor *doctor, const struct pyro_patient *own)
{
	struct pyro_check *check = add(doctor, "ptrace_stop", "Stop one thread");
	int status = 0;
	bool works = ptrace(PTRACE_SEIZE, own->pid, 0, 0) == 0;

	if (works) {
		works = ptrace(PTRACE_INTERRUPT, own->pid, 0, 0) == 0 &&
			waitpid(own->pid, &status, __WALL) == own->pid && WIFSTOPPED(status);
		ptrace(PTRACE_DETACH, own->pid, 0, 0);
	}
	if (works)
		set_found(check, PYRO_CHECK_GOOD, "ptrace works; used only with --proof stop");
	else
		set_found(check, PYRO_CHECK_LIMITED, "ptrace is forbidden: no --proof stop");
	return works;
}

static void check_privileges(struct pyro_doctor *doctor, const struct powers *powers)
{
	struct pyro_check *check = add(doctor, "capabilities", "Privileges");

	set_found(check, PYRO_CHECK_INFO, "CAP_SYS_PTRACE %s, CAP_SYS_NICE %s, CAP_PERFMON %s",
		  can(powers, CAP_PTRACE) ? "yes" : "no", can(powers, CAP_NICE) ? "yes" : "no",
		  can(powers, CAP_PERFMON_) ? "yes" : "no");
}

static bool in_user_namespace(void)
{
	PYRO_AUTO_FCLOSE FILE *file = fopen("/proc/self/uid_map", "re");
	uint64_t numbers[3]; /* first id inside, first id outside, how many */
	char line[256];

	return file && fgets(line, sizeof(line), file) && read_three(line, numbers) &&
	       (numbers[0] != 0 || numbers[1] != 0 || numbers[2] != UINT32_MAX);
}

static void check_container(struct pyro_doctor *doctor, const struct powers *powers)
{
	struct pyro_check *check = add(doctor, "container", "Confinement");
	bool container = access("/.dockerenv", F_OK) == 0 ||
			 access("/run/.containerenv", F_OK) == 0 || getenv("container");
	bool namespace = in_user_namespace();

	if (!container && !namespace && !powers->seccomp) {
		set_found(check, PYRO_CHECK_INFO, "none seen: no container, no seccomp filter");
		return;
	}
	set_found(check, PYRO_CHECK_INFO, "%s%s%s", container ? "container; " : "",
		  namespace ? "user namespace; " : "",
		  powers->seccomp ? "seccomp filter" : "no seccomp filter");
}

static void check_files(struct pyro_doctor *doctor)
{
	struct pyro_check *check = add(doctor, "open_files", "Open files");
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		set_found(check, PYRO_CHECK_INFO, "unknown");
		return;
	}
	/* The recorder raises the soft limit to the hard one; the hard one counts. */
	if (limit.rlim_max == RLIM_INFINITY)
		set_found(check, PYRO_CHECK_GOOD, "no limit");
	else if (limit.rlim_max >= 4096)
		set_found(check, PYRO_CHECK_GOOD, "up to %llu", (unsigned long long)limit.rlim_max);
	else {
		set_found(check, PYRO_CHECK_LIMITED,
			  "up to %llu: too few for programs with many threads",
			  (unsigned long long)limit.rlim_max);
		set_remedy(check, "ulimit -Hn 65536, as root");
	}
}

/* What only makes a good thing better lacks nothing where it is not to be had. */
static bool check_interrupts(struct pyro_doctor *doctor)
{
	struct pyro_check *check = add(doctor, "interrupts", "Reads by interrupt");
	struct pyro_interrupt *interrupt = NULL;
	struct pyro_err err = {.rc = PYRO_RC_OK};
	const enum pyro_rc rc = pyro_interrupt_create(true, &interrupt, &err);

	pyro_interrupt_destroy(interrupt);
	if (rc == PYRO_RC_OK)
		set_found(check, PYRO_CHECK_GOOD, "a look costs the target a quarter as much");
	else if (rc == PYRO_RC_PERM)
		set_found(check, PYRO_CHECK_INFO, "not for this user: CAP_BPF and CAP_PERFMON");
	else
		set_found(check, PYRO_CHECK_INFO, "not on this kernel");
	return rc == PYRO_RC_OK;
}

/* What --native may show of them. Of threads that run they come by interrupt. */
static void check_kernel_frames(struct pyro_doctor *doctor, bool interrupts)
{
	struct pyro_check *check = add(doctor, "kernel_frames", "Kernel frames");
	struct pyro_kernel *kernel = NULL;
	bool waiting, running;

	if (pyro_kernel_create(&kernel, NULL)) {
		set_found(check, PYRO_CHECK_INFO, "unknown");
		return;
	}
	waiting = pyro_kernel_shows_stacks(kernel);
	running = interrupts && pyro_kernel_load(kernel, NULL) == PYRO_RC_OK;
	pyro_kernel_destroy(kernel);
	if (waiting && running) {
		set_found(check, PYRO_CHECK_GOOD, "with --native, of all threads");
		return;
	}
	set_found(check, PYRO_CHECK_INFO,
		  "with --native, %s of threads that wait and %s of those that run",
		  waiting ? "all" : "the leaf", running ? "all" : "none");
	if (interrupts && !running)
		set_remedy(check, "sudo sysctl kernel.kptr_restrict=1");
}

static enum pyro_proof_method best_method(bool interrupts, bool records, bool proc, bool processors,
					  bool stop)
{
	if (interrupts && processors && records)
		return PYRO_PROOF_BY_INTERRUPT;
	if (processors && records)
		return PYRO_PROOF_BY_SWITCH;
	if (processors && proc)
		return PYRO_PROOF_BY_PROC;
	return stop ? PYRO_PROOF_BY_STOP : PYRO_PROOF_BY_REREAD;
}

static enum pyro_rc examine(struct pyro_doctor *doctor, struct pyro_err *err)
{
	struct pyro_patient own, stranger;
	struct powers powers;
	bool interrupts, records, proc, processors, stop;
	enum pyro_rc rc = pyro_patient_admit(false, &own, err);

	if (rc)
		return rc;
	rc = pyro_patient_admit(true, &stranger, err);
	if (rc) {
		pyro_patient_release(&own);
		return rc;
	}
	look_powers(&powers);
	check_read(doctor, &powers, &own, &stranger);
	check_switch(doctor, &powers, &own, &records);
	proc = check_proc(doctor, &own);
	interrupts = check_interrupts(doctor);
	check_kernel_frames(doctor, interrupts);
	processors = check_processors(doctor);
	check_priority(doctor);
	stop = check_stop(doctor, &own);
	check_privileges(doctor, &powers);
	check_container(doctor, &powers);
	check_files(doctor);
	doctor->method = best_method(interrupts, records, proc, processors, stop);
	/* The second has inherited the leash of the first, and so goes before it. */
	pyro_patient_release(&stranger);
	pyro_patient_release(&own);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_doctor_machine(struct pyro_doctor *doctor, struct pyro_err *err)
{
	look_system(doctor);
	return examine(doctor, err);
}
