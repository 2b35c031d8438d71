/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdalign.h>

#include "base/arena.h"

#define BLOCKS 400

/* Sizes around everything that decides: nothing, alignment, a quarter of a block, a block. */
static size_t some_size(uint32_t *seed)
{
	static const size_t edges[] = {0, 1, 15, 16, 17, 16383, 16384, 16385, 65535, 65536, 65537};

	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 31 ? (*seed >> 8) % 300 : edges[(*seed >> 8) % PYRO_COUNT(edges)];
}

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
	struct pyro_arena arena;
	uint8_t *pieces[BLOCKS];
	size_t sizes[BLOCKS];
	uint32_t seed = 7;

	pyro_arena_init(&arena, SIZE_MAX);
	for (size_t i = 0; i < BLOCKS; i++) {
		sizes[i] = some_size(&seed);
		pieces[i] = pyro_arena_alloc(&arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], 0);
		if (sizes[i])
			memset(pieces[i], (int)(i % 255) + 1, sizes[i]);
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], i % 255 + 1);
	}
	pyro_arena_deinit(&arena);
	assert_int_equal(arena.used, 0);
	assert_null(arena.blocks);
}

/* Two pieces of no size are two pieces. */
static void nothing_is_something(void **state)
{
	struct pyro_arena arena;
	void *first, *second;

	pyro_arena_init(&arena, 1024);
	first = pyro_arena_alloc(&arena, 0);
	second = pyro_arena_alloc(&arena, 0);
	assert_non_null(first);
	assert_ptr_not_equal(first, second);
	pyro_arena_deinit(&arena);
}

static void the_limit_holds(void **state)
{
	const size_t limits[] = {0, 1, 15, 16, 100, 65536, 200000};

	for (size_t i = 0; i < PYRO_COUNT(limits); i++) {
		struct pyro_arena arena;
		size_t given = 0;

		pyro_arena_init(&arena, limits[i]);
		while (pyro_arena_alloc(&arena, 48))
			given += 48;
		assert_true(given <= limits[i]);
		assert_true(given + 48 > limits[i]);
		assert_true(arena.used <= limits[i]);
		/* What still fits is still given. */
		if (limits[i] - arena.used >= 16)
			assert_non_null(pyro_arena_alloc(&arena, 16));
		assert_null(pyro_arena_alloc(&arena, limits[i] + 1));
		pyro_arena_deinit(&arena);
	}
}

static void refuses_sizes_that_wrap(void **state)
{
	const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX / 2 + 1};
	struct pyro_arena arena;

	pyro_arena_init(&arena, SIZE_MAX);
	for (size_t i = 0; i < PYRO_COUNT(sizes); i++) {
		assert_null(pyro_arena_alloc(&arena, sizes[i]));
		assert_null(pyro_arena_dup(&arena, "", sizes[i]));
	}
	assert_int_equal(arena.used, 0);
	pyro_arena_deinit(&arena);
}

static void copies_end_in_a_nul(void **state)
{
	struct pyro_arena arena;
	const char bytes[] = {'a', 0, 'b'};
	char *copy;

	pyro_arena_init(&arena, 4096);
	assert_non_null(pyro_arena_alloc(&arena, 1));
	copy = pyro_arena_dup(&arena, bytes, sizeof(bytes));
	assert_memory_equal(copy, "a\0b", 4);
	copy = pyro_arena_dup(&arena, NULL, 0);
	assert_string_equal(copy, "");
	pyro_arena_deinit(&arena);
}

static void an_arena_of_zeroes_can_be_freed(void **state)
{
	struct pyro_arena arena = {0};

	assert_null(pyro_arena_alloc(&arena, 1));
	pyro_arena_deinit(&arena);
	pyro_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_zeroed_and_apart),
		cmocka_unit_test(nothing_is_something),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(refuses_sizes_that_wrap),
		cmocka_unit_test(copies_end_in_a_nul),
		cmocka_unit_test(an_arena_of_zeroes_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
