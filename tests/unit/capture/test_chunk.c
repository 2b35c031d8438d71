/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "capture/chunk.h"

#define SAMPLES 3000

struct gathered {
	struct pyro_capture_sample samples[SAMPLES];
	size_t count;
};

static struct gathered given;
static struct gathered read_back;

static enum pyro_rc gather(void *context, const struct pyro_capture_sample *sample)
{
	struct gathered *g = context;
	if (g->count == SAMPLES)
		return PYRO_RC_LIMIT;
	g->samples[g->count++] = *sample;
	return PYRO_RC_OK;
}

static void give(struct pyro_chunk_builder *b, struct pyro_capture_sample sample)
{
	assert_int_equal(pyro_chunk_add(b, &sample), PYRO_RC_OK);
	given.samples[given.count++] = sample;
}

static struct pyro_chunk_head head_of(const struct pyro_chunk_builder *b)
{
	return (struct pyro_chunk_head){.track = 3,
					.from_us = b->from_us,
					.to_us = b->to_us,
					.samples = b->samples,
					.stacks = 1000,
					.encoding = PYRO_CHUNK_ENCODING};
}

static void fill(struct pyro_chunk_builder *b, int count)
{
	uint64_t at = 123456789;
	uint32_t seed = 7;
	memset(&given, 0, sizeof(given));
	pyro_chunk_init(b);
	for (int i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		uint64_t step = 500000 + seed % 1000000;
		bool idle = (i / 50) % 2;
		at += step;
		give(b, (struct pyro_capture_sample){
				.at_ns = at,
				.track = 3,
				.stack = idle ? 5 : seed % 900,
				.wall_ns = i % 7 == 0 ? 99 : step,
				.cpu_ns = idle ? 0 : step - seed % 1000,
				.on_cpu = !idle,
				.holds_gil = seed & 1 && !idle,
				.reason = idle ? (enum pyro_reason)(i / 50 % PYRO_REASON_COUNT)
					       : PYRO_REASON_NONE,
				.proof = (enum pyro_proof)(idle ? PYRO_PROOF_SAME : seed % 5),
			});
	}
	/* The cut-off and the outer values. */
	give(b, (struct pyro_capture_sample){.at_ns = at, .stack = PYRO_NONE, .track = 3});
}

static enum pyro_rc decode(const struct pyro_chunk_head *head, const void *data, size_t size)
{
	read_back.count = 0;
	return pyro_chunk_decode(head, data, size, gather, &read_back);
}

static void what_goes_in_comes_out(void **state)
{
	struct pyro_chunk_builder b;
	struct pyro_buf out;
	int64_t wall_off = 0;
	int64_t cpu_off = 0;
	(void)state;
	fill(&b, 2000);
	pyro_buf_init(&out, PYRO_MAX_CHUNK);
	assert_int_equal(pyro_chunk_encode(&b, &out), PYRO_RC_OK);
	struct pyro_chunk_head head = head_of(&b);
	assert_int_equal(decode(&head, out.data, out.size), PYRO_RC_OK);
	assert_int_equal(read_back.count, given.count);
	assert_true(b.records < given.count);
	for (size_t i = 0; i < given.count; i++) {
		const struct pyro_capture_sample *in = &given.samples[i];
		const struct pyro_capture_sample *got = &read_back.samples[i];
		assert_int_equal(got->stack, in->stack);
		assert_int_equal(got->on_cpu, in->on_cpu);
		assert_int_equal(got->holds_gil, in->holds_gil);
		assert_int_equal(got->reason, in->reason);
		assert_int_equal(got->proof, in->proof);
		if (in->on_cpu)
			assert_int_equal(got->at_ns, in->at_ns / 1000 * 1000);
		wall_off += (int64_t)in->wall_ns - (int64_t)got->wall_ns;
		cpu_off += (int64_t)in->cpu_ns - (int64_t)got->cpu_ns;
	}
	/* Sums are kept although each value is rounded. */
	assert_true(wall_off > -1000 && wall_off < 1000);
	assert_true(cpu_off > -1000 && cpu_off < 1000);
	pyro_buf_deinit(&out);
	pyro_chunk_deinit(&b);
}

static void encoding_does_not_end_the_open_record(void **state)
{
	struct pyro_chunk_builder b;
	struct pyro_buf first;
	struct pyro_buf second;
	struct pyro_capture_sample idle = {.stack = 1, .proof = PYRO_PROOF_SAME};
	(void)state;
	pyro_chunk_init(&b);
	pyro_buf_init(&first, 4096);
	pyro_buf_init(&second, 4096);
	for (int i = 0; i < 10; i++) {
		idle.at_ns += 1000000;
		assert_int_equal(pyro_chunk_add(&b, &idle), PYRO_RC_OK);
		pyro_buf_reset(&first);
		assert_int_equal(pyro_chunk_encode(&b, &first), PYRO_RC_OK);
	}
	assert_int_equal(b.records, 1);
	struct pyro_chunk_head head = head_of(&b);
	assert_int_equal(decode(&head, first.data, first.size), PYRO_RC_OK);
	assert_int_equal(read_back.count, 10);
	assert_int_equal(read_back.samples[9].at_ns, 10000000);
	assert_int_equal(read_back.samples[4].at_ns, 5000000);
	pyro_chunk_restart(&b);
	assert_int_equal(pyro_chunk_add(&b, &idle), PYRO_RC_OK);
	assert_int_equal(pyro_chunk_encode(&b, &second), PYRO_RC_OK);
	head = head_of(&b);
	assert_int_equal(decode(&head, second.data, second.size), PYRO_RC_OK);
	assert_int_equal(read_back.count, 1);
	pyro_buf_deinit(&first);
	pyro_buf_deinit(&second);
	pyro_chunk_deinit(&b);
}

static void the_head_must_agree(void **state)
{
	struct pyro_chunk_builder b;
	struct pyro_buf out;
	(void)state;
	fill(&b, 100);
	pyro_buf_init(&out, PYRO_MAX_CHUNK);
	assert_int_equal(pyro_chunk_encode(&b, &out), PYRO_RC_OK);
	struct pyro_chunk_head head = head_of(&b);
	head.stacks = 5;
	assert_int_equal(decode(&head, out.data, out.size), PYRO_RC_FORMAT);
	head = head_of(&b);
	head.samples--;
	assert_int_equal(decode(&head, out.data, out.size), PYRO_RC_FORMAT);
	head = head_of(&b);
	head.to_us++;
	assert_int_equal(decode(&head, out.data, out.size), PYRO_RC_FORMAT);
	for (size_t size = 0; size < out.size; size++) {
		head = head_of(&b);
		assert_int_equal(decode(&head, out.data, size), PYRO_RC_FORMAT);
	}
	pyro_buf_deinit(&out);
	pyro_chunk_deinit(&b);
}

static void flipped_bytes_do_no_harm(void **state)
{
	struct pyro_chunk_builder b;
	struct pyro_buf out;
	(void)state;
	fill(&b, 200);
	pyro_buf_init(&out, PYRO_MAX_CHUNK);
	assert_int_equal(pyro_chunk_encode(&b, &out), PYRO_RC_OK);
	struct pyro_chunk_head head = head_of(&b);
	for (size_t i = 0; i < out.size; i++)
		for (int bit = 0; bit < 8; bit++) {
			out.data[i] ^= (char)(1 << bit);
			enum pyro_rc rc = decode(&head, out.data, out.size);
			assert_true(rc == PYRO_RC_OK || rc == PYRO_RC_FORMAT);
			assert_true(read_back.count <= head.samples);
			out.data[i] ^= (char)(1 << bit);
		}
	pyro_buf_deinit(&out);
	pyro_chunk_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(encoding_does_not_end_the_open_record),
		cmocka_unit_test(the_head_must_agree),
		cmocka_unit_test(flipped_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
