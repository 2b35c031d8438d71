/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/snapshot.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include "target/thread.h"

#define PAGE 4096u

/* As much of the stack as is there: it ends somewhere, and what is behind it need not be mapped. */
static void take_stack(struct pyro_snapshot *snapshot, struct pyro_reader *reader)
{
	struct pyro_span spans[PYRO_INTERRUPT_STACK / PAGE + 1];
	const uint64_t addr = snapshot->stack_addr;
	size_t count = 0, done, size = 0;
	enum pyro_rc rc;

	snapshot->stack_size = 0;
	if (addr > UINT64_MAX - PYRO_INTERRUPT_STACK)
		return;
	for (; size < PYRO_INTERRUPT_STACK; count++) {
		size_t rest = PAGE - (size_t)((addr + size) % PAGE);

		if (rest > PYRO_INTERRUPT_STACK - size)
			rest = PYRO_INTERRUPT_STACK - size;
		spans[count] = (struct pyro_span){
			.addr = addr + size, .into = snapshot->stack + size, .size = rest};
		size += rest;
	}
	rc = pyro_reader_readv(reader, spans, count, &done);
	if (rc && rc != PYRO_RC_FAULT)
		return;
	for (size_t i = 0; i < done && i < count; i++)
		snapshot->stack_size += spans[i].size;
}

static void empty(struct pyro_snapshot *snapshot)
{
	snapshot->kind = PYRO_SNAPSHOT_EMPTY;
	snapshot->stack_size = 0;
	snapshot->rest = NULL;
	snapshot->within.count = 0;
}

static void take_registers(struct pyro_snapshot *snapshot, const struct user_regs_struct *registers,
			   size_t size)
{
	_Static_assert(sizeof(*registers) <= sizeof(snapshot->words), "all of them");
	snapshot->kind = PYRO_SNAPSHOT_WHOLE;
	snapshot->word_count = size / sizeof(snapshot->words[0]);
	memcpy(snapshot->words, registers, size);
#if defined(__x86_64__)
	snapshot->stack_addr = registers->rsp;
	snapshot->in_kernel = (int64_t)registers->orig_rax >= 0;
#elif defined(__aarch64__)
	snapshot->stack_addr = registers->sp;
	snapshot->in_kernel = false; /* the registers do not say */
#endif
}

void pyro_snapshot_take_interrupted(struct pyro_snapshot *snapshot,
				    const struct pyro_interrupt *interrupt)
{
	struct pyro_interrupt_native native;

	empty(snapshot);
	if (!pyro_interrupt_native(interrupt, &native) ||
	    native.word_count > PYRO_COUNT(snapshot->words) ||
	    native.stack_size > sizeof(snapshot->stack))
		return;
	snapshot->kind = PYRO_SNAPSHOT_WHOLE;
	snapshot->in_kernel = native.in_kernel;
	snapshot->word_count = native.word_count;
	memcpy(snapshot->words, native.words, native.word_count * sizeof(snapshot->words[0]));
	snapshot->stack_addr = native.stack_addr;
	snapshot->stack_size = native.stack_size;
	memcpy(snapshot->stack, native.stack, native.stack_size);
	if (snapshot->kernel)
		pyro_kernel_at(snapshot->kernel, native.kernel, native.kernel_count,
			       &snapshot->within);
}

void pyro_snapshot_take_stopped(struct pyro_snapshot *snapshot, int tid, struct pyro_reader *reader)
{
	struct user_regs_struct registers;
	struct iovec into = {.iov_base = &registers, .iov_len = sizeof(registers)};

	empty(snapshot);
	if (ptrace(PTRACE_GETREGSET, tid, (void *)(uintptr_t)NT_PRSTATUS, &into) != 0)
		return;
	take_registers(snapshot, &registers, into.iov_len);
	take_stack(snapshot, reader);
}

void pyro_snapshot_take_stored(struct pyro_snapshot *snapshot, const void *registers, size_t size,
			       struct pyro_reader *reader)
{
	struct user_regs_struct kept = {0};

	empty(snapshot);
	if (size > sizeof(kept))
		size = sizeof(kept);
	memcpy(&kept, registers, size);
	take_registers(snapshot, &kept, size);
	snapshot->rest = reader;
}

void pyro_snapshot_take_waiting(struct pyro_snapshot *snapshot, int pid, int tid,
				struct pyro_reader *reader)
{
	struct pyro_thread_syscall call;
	enum pyro_rc rc;
	int fd;

	empty(snapshot);
	if (pyro_thread_syscall_open(pid, tid, &fd, NULL) != PYRO_RC_OK)
		return;
	rc = pyro_thread_syscall_read(fd, &call);
	close(fd);
	if (rc || call.number == -2)
		return;
	snapshot->kind = PYRO_SNAPSHOT_CALL;
	snapshot->in_kernel = true;
	snapshot->pc = call.pc;
	snapshot->stack_addr = call.sp;
	take_stack(snapshot, reader);
	if (snapshot->kernel)
		pyro_kernel_waiting(snapshot->kernel, pid, tid, &snapshot->within);
}
