/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpython/decoder.h"

/* Before 3.11 a thread state holds only the pthread_t, which is the address of the C library's
 * struct pthread. The kernel's thread id lies in it at an offset that depends on the C library and
 * the machine: looked for where our own has it and where others are known to, and believed when
 * it gives every thread an id of its own. */

#define HEAD    1024u /* bytes of struct pthread looked at */
#define MAX_TID (1u << 22)

static uint32_t own_offset(void)
{
#ifdef __GLIBC__ /* elsewhere the struct may be smaller than what is looked at */
	const uint8_t *head = (const uint8_t *)(uintptr_t)pthread_self();
	const uint32_t tid = (uint32_t)syscall(SYS_gettid);

	for (uint32_t at = 0; at < HEAD; at += 4) {
		uint32_t value;

		memcpy(&value, head + at, sizeof(value));
		if (value == tid)
			return at;
	}
#endif
	return PYRO_ABSENT;
}

static uint32_t tid_at(const struct pyro_python *python, size_t thread, uint32_t offset)
{
	const uint64_t addr = python->threads[thread].pthread + offset;
	const uint32_t tid = pyro_bytes_u32(pyro_window_find(&python->window, addr, 4), 0);

	return tid < MAX_TID ? tid : 0;
}

/* Whether @offset gives every thread an id of its own. */
static bool is_believable(const struct pyro_python *python, uint32_t offset)
{
	const size_t count = python->look.thread_count < 64 ? python->look.thread_count : 64;

	for (size_t i = 0; i < count; i++) {
		const uint32_t tid = tid_at(python, i, offset);

		if (tid == 0)
			return false;
		for (size_t j = 0; j < i; j++) {
			if (tid_at(python, j, offset) == tid &&
			    python->threads[j].pthread != python->threads[i].pthread)
				return false;
		}
	}
	return count > 0;
}

static bool read_offset(struct pyro_python *python, uint32_t offset)
{
	pyro_window_reset(&python->window);
	for (size_t i = 0; i < python->look.thread_count; i++)
		pyro_window_plan(&python->window, python->threads[i].pthread + offset, 4);
	return pyro_window_fetch(&python->window) == PYRO_RC_OK;
}

void pyro_native_ids(struct pyro_python *python)
{
	/* glibc on x86-64 and on aarch64, musl on x86-64. */
	const uint32_t candidates[] = {python->pthread_tid, own_offset(), 0x2d0, 0xd0, 0x30};
	size_t at = 0;

	for (; at < PYRO_COUNT(candidates); at++) {
		if (candidates[at] != PYRO_ABSENT && read_offset(python, candidates[at]) &&
		    is_believable(python, candidates[at]))
			break;
	}
	if (at == PYRO_COUNT(candidates))
		return;
	python->pthread_tid = candidates[at];
	for (size_t i = 0; i < python->look.thread_count; i++)
		python->threads[i].native_id = tid_at(python, i, candidates[at]);
}

void pyro_native_ids_plan(struct pyro_python *python)
{
	if (python->layout.ts_native_id != PYRO_ABSENT || python->pthread_tid == PYRO_ABSENT)
		return;
	for (size_t i = 0; i < python->look.thread_count; i++)
		pyro_window_plan(&python->window, python->threads[i].pthread + python->pthread_tid,
				 4);
}

void pyro_native_ids_update(struct pyro_python *python)
{
	if (python->pthread_tid == PYRO_ABSENT)
		return;
	for (size_t i = 0; i < python->look.thread_count; i++) {
		const uint32_t tid = tid_at(python, i, python->pthread_tid);

		if (tid)
			python->threads[i].native_id = tid;
	}
}
