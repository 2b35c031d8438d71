/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "unwind/stack_memory.h"

enum {
	START = 0x10000,
	SIZE = 3 * 4096
};

struct fake {
	struct pyro_reader reader;
	uint8_t bytes[SIZE];
	unsigned int reads;
};

static enum pyro_rc fake_readv(struct pyro_reader *reader, const struct pyro_span *spans,
			       size_t count, size_t *ret_done)
{
	struct fake *fake = (struct fake *)reader;

	for (*ret_done = 0; *ret_done < count; (*ret_done)++) {
		const uint64_t at = spans[*ret_done].addr - START;

		fake->reads++;
		if (at > SIZE || spans[*ret_done].size > SIZE - at)
			return PYRO_RC_FAULT;
		memcpy(spans[*ret_done].into, fake->bytes + at, spans[*ret_done].size);
	}
	return PYRO_RC_OK;
}

static struct fake fake = {.reader = {.readv = fake_readv}};
static struct pyro_stack_memory memory;

static void test_the_piece_comes_first(void **state)
{
	const uint8_t piece[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	uint8_t got[8];

	(void)state;
	pyro_stack_memory_init(&memory, START + 100, piece, sizeof(piece), NULL);
	assert_true(pyro_stack_memory_read(&memory, START + 101, got, sizeof(got)));
	assert_memory_equal(got, piece + 1, sizeof(got));
	assert_true(pyro_stack_memory_read(&memory, START + 108, got, sizeof(got)));
	assert_false(pyro_stack_memory_read(&memory, START + 109, got, sizeof(got)));
	assert_false(pyro_stack_memory_read(&memory, START + 99, got, sizeof(got)));
	assert_false(pyro_stack_memory_read(&memory, UINT64_MAX, got, sizeof(got)));
	pyro_stack_memory_init(&memory, START + 100, piece, sizeof(piece), &fake.reader);
	fake.bytes[99] = 42;
	assert_true(pyro_stack_memory_read(&memory, START + 99, got, 1));
	assert_int_equal(got[0], 42);
}

static void test_reads_in_blocks_up_to_the_end(void **state)
{
	uint64_t got;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		fake.bytes[i] = (uint8_t)(i / 8);
	fake.reads = 0;
	pyro_stack_memory_init(&memory, 0, NULL, 0, &fake.reader);
	for (uint64_t at = START; at <= START + SIZE - 8; at += 8) {
		assert_true(pyro_stack_memory_read(&memory, at, &got, sizeof(got)));
		assert_int_equal(got & 0xff, (at - START) / 8 & 0xff);
	}
	/* Each page once, after a try for more than there is. */
	assert_int_equal(fake.reads, 2 * SIZE / 4096);
	assert_true(pyro_stack_memory_read(&memory, START + 4092, &got, sizeof(got)));
	assert_false(pyro_stack_memory_read(&memory, START + SIZE - 4, &got, sizeof(got)));
	assert_false(pyro_stack_memory_read(&memory, START - 8, &got, sizeof(got)));
}

static void test_forgets_and_has_a_budget(void **state)
{
	uint8_t got;
	size_t reads = 0;

	(void)state;
	pyro_stack_memory_init(&memory, 0, NULL, 0, &fake.reader);
	fake.bytes[0] = 1;
	assert_true(pyro_stack_memory_read(&memory, START, &got, 1));
	fake.bytes[0] = 2;
	assert_true(pyro_stack_memory_read(&memory, START, &got, 1));
	assert_int_equal(got, 1);
	pyro_stack_memory_forget(&memory);
	assert_true(pyro_stack_memory_read(&memory, START, &got, 1));
	assert_int_equal(got, 2);
	/* To and fro, as no stack does. */
	while (pyro_stack_memory_read(&memory, START + (reads % 2 ? 0 : 8192), &got, 1))
		assert_true(++reads < PYRO_MAX_NATIVE_STACK / 4096 + 1);
	assert_true(reads > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_piece_comes_first),
		cmocka_unit_test(test_reads_in_blocks_up_to_the_end),
		cmocka_unit_test(test_forgets_and_has_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
