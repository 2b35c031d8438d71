/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/user.h>

#include "target/core.h"

#if defined(__x86_64__)

/* What a system call leaves behind that a signal cut short, and that would have been begun again
 * (include/linux/errno.h). */
static bool was_cut_short(int64_t result)
{
	return result == -4 || (result >= -516 && result <= -512 && result != -515);
}

void pyro_core_thread_syscall(const struct pyro_core_thread *thread,
			      struct pyro_thread_syscall *ret_syscall)
{
	struct user_regs_struct registers;

	memcpy(&registers, thread->registers, sizeof(registers));
	*ret_syscall = (struct pyro_thread_syscall){
		.number = -2, .sp = registers.rsp, .pc = registers.rip};
	if ((int64_t)registers.orig_rax < 0 || !was_cut_short((int64_t)registers.rax))
		return;
	ret_syscall->number = (int64_t)registers.orig_rax;
	ret_syscall->args[0] = registers.rdi;
	ret_syscall->args[1] = registers.rsi;
	ret_syscall->args[2] = registers.rdx;
	ret_syscall->args[3] = registers.r10;
	ret_syscall->args[4] = registers.r8;
	ret_syscall->args[5] = registers.r9;
}

uint64_t pyro_core_thread_pthread(const struct pyro_core_thread *thread)
{
	struct user_regs_struct registers;

	memcpy(&registers, thread->registers, sizeof(registers));
	return registers.fs_base;
}

#elif defined(__aarch64__)

/* The first operand of a call that was cut short has its result, and the thread pointer is in a
 * note of its own. */
void pyro_core_thread_syscall(const struct pyro_core_thread *thread,
			      struct pyro_thread_syscall *ret_syscall)
{
	struct user_regs_struct registers;

	memcpy(&registers, thread->registers, sizeof(registers));
	*ret_syscall =
		(struct pyro_thread_syscall){.number = -2, .sp = registers.sp, .pc = registers.pc};
}

uint64_t pyro_core_thread_pthread(const struct pyro_core_thread *thread)
{
	(void)thread;
	return 0;
}

#endif
