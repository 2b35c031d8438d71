/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "sample/queue.h"

static void hands_over_in_order(void **state)
{
	struct pyro_queue *queue;
	const char *text;
	size_t size;

	assert_int_equal(pyro_queue_create(4096, &queue), PYRO_RC_OK);
	assert_null(pyro_queue_peek(queue, &size));
	assert_true(pyro_queue_put(queue, "ab", 2, "cde", 3));
	assert_true(pyro_queue_put(queue, "x", 1, NULL, 0));
	text = pyro_queue_peek(queue, &size);
	assert_int_equal(size, 5);
	assert_memory_equal(text, "abcde", 5);
	pyro_queue_drop(queue);
	text = pyro_queue_peek(queue, &size);
	assert_int_equal(size, 1);
	assert_memory_equal(text, "x", 1);
	pyro_queue_drop(queue);
	assert_null(pyro_queue_peek(queue, &size));
	assert_int_equal(pyro_queue_used(queue), 0);
	pyro_queue_destroy(queue);
}

static void refuses_what_does_not_fit(void **state)
{
	struct pyro_queue *queue;
	char block[1000] = {0};
	int put = 0;
	size_t size;

	assert_int_equal(pyro_queue_create(4096, &queue), PYRO_RC_OK);
	assert_false(pyro_queue_put(queue, block, 5000, NULL, 0));
	while (pyro_queue_put(queue, block, sizeof(block), NULL, 0))
		put++;
	assert_int_equal(put, 4);
	/* Room returns when the other side takes. */
	assert_non_null(pyro_queue_peek(queue, &size));
	pyro_queue_drop(queue);
	assert_true(pyro_queue_put(queue, block, 900, NULL, 0));
	pyro_queue_destroy(queue);
}

/* Wherever in the ring it was emptied, an empty queue has room for as much as a new one, less one
 * record that does not fit before the ring's end. */
static void has_its_room_wherever_it_was_emptied(void **state)
{
	struct pyro_queue *queue;
	char block[56] = {0};
	size_t size;

	assert_int_equal(pyro_queue_create(1 << 20, &queue), PYRO_RC_OK);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 2100; i++)
			assert_true(pyro_queue_put(queue, block, sizeof(block), NULL, 0));
		while (pyro_queue_peek(queue, &size))
			pyro_queue_drop(queue);
		size = 0;
		while (pyro_queue_put(queue, block, sizeof(block), NULL, 0))
			size += sizeof(block) + 8;
		assert_in_range(size, (1 << 20) - 64, 1 << 20);
		while (pyro_queue_peek(queue, &size))
			pyro_queue_drop(queue);
	}
	pyro_queue_destroy(queue);
}

#define RECORDS 200000u

/* Records of many sizes, each saying its number and full of a byte that follows from it. */
static void *produce(void *context)
{
	struct pyro_queue *queue = context;
	uint8_t body[300];

	for (uint32_t i = 0; i < RECORDS; i++) {
		memset(body, (int)(i & 0xff), sizeof(body));
		while (!pyro_queue_put(queue, &i, sizeof(i), body, i % sizeof(body)))
			sched_yield();
	}
	return NULL;
}

static void loses_nothing_between_threads(void **state)
{
	struct pyro_queue *queue;
	pthread_t thread;

	assert_int_equal(pyro_queue_create(8192, &queue), PYRO_RC_OK);
	assert_int_equal(pthread_create(&thread, NULL, produce, queue), 0);
	for (uint32_t i = 0; i < RECORDS; i++) {
		const uint8_t *record;
		uint32_t number;
		size_t size;

		while (!(record = pyro_queue_peek(queue, &size)))
			sched_yield();
		memcpy(&number, record, sizeof(number));
		assert_int_equal(number, i);
		assert_int_equal(size, sizeof(number) + i % 300);
		for (size_t j = sizeof(number); j < size; j++)
			assert_int_equal(record[j], i & 0xff);
		pyro_queue_drop(queue);
	}
	pthread_join(thread, NULL);
	pyro_queue_destroy(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_over_in_order),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(has_its_room_wherever_it_was_emptied),
		cmocka_unit_test(loses_nothing_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
