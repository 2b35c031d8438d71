/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"

/* The naive map: a list that is searched. */
#define MODEL 600
struct model {
	uint64_t keys[MODEL];
	uint64_t values[MODEL];
	size_t count;
};

static size_t model_find(const struct model *model, uint64_t key)
{
	size_t i = 0;

	while (i < model->count && model->keys[i] != key)
		i++;
	return i;
}

static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void assert_same(const struct pyro_map *map, const struct model *model)
{
	uint64_t key, value;
	size_t at = 0, count = 0;

	assert_int_equal(map->count, model->count);
	while (pyro_map_next(map, &at, &key, &value)) {
		const size_t i = model_find(model, key);

		assert_true(i < model->count);
		assert_true(value == model->values[i]);
		count++;
	}
	assert_int_equal(count, model->count);
	for (size_t i = 0; i < model->count; i++) {
		assert_true(pyro_map_get(map, model->keys[i], &value));
		assert_true(value == model->values[i]);
	}
}

/* Few keys, so that most operations meet one that is there; now mostly putting, now mostly
 * removing, so that the map fills, empties, and closes gaps of every kind. */
static void behaves_like_a_list(uint64_t seed, uint64_t key_step, size_t keys)
{
	struct pyro_map map;
	struct model model = {0};

	pyro_map_init(&map, MODEL);
	for (int i = 0; i < 12000; i++) {
		const uint64_t key = draw(&seed) % keys * key_step;
		const bool filling = i / 1500 % 2 == 0;
		const bool putting = draw(&seed) % 10 < (filling ? 7u : 3u);
		const size_t at = model_find(&model, key);

		if (putting) {
			const uint64_t value = draw(&seed);

			assert_int_equal(pyro_map_put(&map, key, value), PYRO_RC_OK);
			model.keys[at] = key;
			model.values[at] = value;
			model.count += at == model.count;
		} else {
			assert_int_equal(pyro_map_remove(&map, key), at < model.count);
			if (at < model.count) {
				model.count--;
				model.keys[at] = model.keys[model.count];
				model.values[at] = model.values[model.count];
			}
		}
		if (i % 500 == 0)
			assert_same(&map, &model);
	}
	assert_same(&map, &model);
	pyro_map_deinit(&map);
}

static void many_operations_agree_with_a_list(void **state)
{
	behaves_like_a_list(1, 1, 12); /* never grows: long runs of neighbours */
	behaves_like_a_list(2, 1, MODEL);
	behaves_like_a_list(3, 4096, MODEL);                  /* addresses of pages */
	behaves_like_a_list(4, 0x100000001ull, 97);           /* equal halves */
	behaves_like_a_list(5, 0x8000000000000001ull, MODEL); /* the whole range */
}

static void every_key_is_allowed(void **state)
{
	const uint64_t keys[] = {0, UINT64_MAX, 1, 0x9e3779b97f4a7c15ull, INT64_MAX};
	struct pyro_map map;
	uint64_t value = 5;

	pyro_map_init(&map, 10);
	for (size_t i = 0; i < PYRO_COUNT(keys); i++) {
		assert_false(pyro_map_get(&map, keys[i], &value));
		assert_false(pyro_map_remove(&map, keys[i]));
		assert_int_equal(pyro_map_put(&map, keys[i], i), PYRO_RC_OK);
	}
	for (size_t i = 0; i < PYRO_COUNT(keys); i++) {
		assert_true(pyro_map_get(&map, keys[i], &value));
		assert_true(value == i);
		assert_true(pyro_map_remove(&map, keys[i]));
		assert_false(pyro_map_get(&map, keys[i], &value));
	}
	assert_int_equal(map.count, 0);
	pyro_map_deinit(&map);
}

static void the_limit_is_of_entries(void **state)
{
	struct pyro_map map;
	uint64_t value;

	pyro_map_init(&map, 3);
	for (uint64_t key = 0; key < 3; key++)
		assert_int_equal(pyro_map_put(&map, key, key), PYRO_RC_OK);
	assert_int_equal(pyro_map_put(&map, 3, 3), PYRO_RC_LIMIT);
	assert_false(pyro_map_get(&map, 3, &value));
	/* Replacing needs no room; removing makes some. */
	assert_int_equal(pyro_map_put(&map, 1, 11), PYRO_RC_OK);
	assert_true(pyro_map_get(&map, 1, &value));
	assert_true(value == 11);
	assert_true(pyro_map_remove(&map, 0));
	assert_int_equal(pyro_map_put(&map, 3, 3), PYRO_RC_OK);
	pyro_map_deinit(&map);
	pyro_map_init(&map, 0);
	assert_int_equal(pyro_map_put(&map, 1, 1), PYRO_RC_LIMIT);
	pyro_map_deinit(&map);
}

static void clearing_keeps_the_room(void **state)
{
	struct pyro_map map;
	uint64_t value;
	size_t capacity, at = 0;

	pyro_map_init(&map, 1000);
	pyro_map_clear(&map);
	for (uint64_t key = 0; key < 1000; key++)
		assert_int_equal(pyro_map_put(&map, key, key), PYRO_RC_OK);
	capacity = map.capacity;
	pyro_map_clear(&map);
	assert_int_equal(map.count, 0);
	assert_int_equal(map.capacity, capacity);
	assert_false(pyro_map_get(&map, 5, &value));
	assert_false(pyro_map_next(&map, &at, &value, &value));
	assert_int_equal(pyro_map_put(&map, 5, 6), PYRO_RC_OK);
	assert_true(pyro_map_get(&map, 5, &value));
	assert_true(value == 6);
	pyro_map_deinit(&map);
	assert_int_equal(map.limit, 1000);
}

/* Captures are compared across runs and machines: the hash is part of what must not change. */
static void hashes_are_fixed_and_spread(void **state)
{
	uint8_t bytes[40] = {0};
	uint64_t seen[sizeof(bytes) + 1];

	for (size_t size = 0; size <= sizeof(bytes); size++) {
		seen[size] = pyro_hash_bytes(bytes, size);
		for (size_t before = 0; before < size; before++)
			assert_true(seen[before] != seen[size]);
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = 1;
		assert_true(pyro_hash_bytes(bytes, sizeof(bytes)) != seen[sizeof(bytes)]);
		bytes[i] = 0;
	}
	/* An address does not matter, nor how it is aligned. */
	memmove(bytes + 3, "unaligned text", 14);
	assert_true(pyro_hash_bytes(bytes + 3, 14) == pyro_hash_bytes("unaligned text", 14));
	assert_true(pyro_hash_pair(1, 2) != pyro_hash_pair(2, 1));
	assert_true(pyro_hash_pair(0, 0) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_operations_agree_with_a_list),
		cmocka_unit_test(every_key_is_allowed),
		cmocka_unit_test(the_limit_is_of_entries),
		cmocka_unit_test(clearing_keeps_the_room),
		cmocka_unit_test(hashes_are_fixed_and_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
