/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "record/moment_parts.h"

/* Why the kernel sent a signal, by si_code of sigaction(2). */
static const struct {
	int signal;
	int code;
	const char *text;
} causes[] = {
	{SIGSEGV, SEGV_MAPERR, "no memory"},
	{SIGSEGV, SEGV_ACCERR, "memory that it had no right to,"},
	{SIGBUS, BUS_ADRALN, "memory out of line"},
	{SIGBUS, BUS_ADRERR, "memory that its file does not reach,"},
	{SIGBUS, BUS_OBJERR, "memory that the machine lost,"},
	{SIGILL, ILL_ILLOPC, "no instruction"},
	{SIGILL, ILL_ILLOPN, "no instruction"},
	{SIGFPE, FPE_INTDIV, "a division by zero"},
	{SIGFPE, FPE_INTOVF, "a result that is too large"},
};

static const char *signal_of(struct pyro_moment *moment, int signal)
{
	const char *abbreviation = sigabbrev_np(signal);
	char text[32];

	snprintf(text, sizeof(text), "SIG%s", abbreviation ? abbreviation : "?");
	return pyro_moment_text(moment, text);
}

static const char *cause_of(struct pyro_moment *moment, const struct pyro_core_facts *facts)
{
	char text[128] = "";

	if (facts->sender && facts->sender == facts->pid)
		snprintf(text, sizeof(text), "sent by itself");
	else if (facts->sender)
		snprintf(text, sizeof(text), "sent by process %d", facts->sender);
	/* What the processor refuses for no address of its own: one that cannot be, mostly. */
	if (facts->signal == SIGSEGV && facts->signal_code == SI_KERNEL)
		snprintf(text, sizeof(text), "a general protection fault");
	for (size_t i = 0; i < PYRO_COUNT(causes) && facts->has_fault_addr; i++) {
		if (causes[i].signal == facts->signal && causes[i].code == facts->signal_code)
			snprintf(text, sizeof(text), "%s at 0x%" PRIx64, causes[i].text,
				 facts->fault_addr);
	}
	return pyro_moment_text(moment, text);
}

void pyro_moment_take_death(struct pyro_moment *moment, const struct pyro_core *core)
{
	const struct pyro_core_facts *facts = pyro_core_facts(core);
	const struct pyro_mapping *mapping;
	const struct pyro_core_thread *threads;
	struct pyro_thread_syscall call;
	size_t count;

	if (!facts->signal)
		return;
	moment->signal = signal_of(moment, facts->signal);
	moment->cause = cause_of(moment, facts);
	moment->has_fault = facts->has_fault_addr;
	moment->fault = facts->fault_addr;
	threads = pyro_core_threads(core, &count);
	if (!count)
		return;
	pyro_core_thread_syscall(&threads[0], &call);
	moment->pc = call.pc;
	mapping = pyro_maps_find(pyro_core_maps(core), call.pc);
	if (mapping)
		moment->pc_file = pyro_moment_text(moment, mapping->path);
}
