/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <string.h>

#include "unwind/jit_names.h"

static const char *find(struct pyro_jit_names *names, uint64_t addr)
{
	uint64_t start;
	const char *name = pyro_jit_names_find(names, addr, &start);

	if (name)
		assert_true(start <= addr);
	return name ? name : "";
}

static void test_a_map(void **state)
{
	static const char text[] =
		"1000 20 py::f:/a b.py\n"
		"0x2000 0x10 second\n"
		"nonsense\n"
		"3000 0 empty\n"
		"3000 10 \n"
		"ffffffffffffffff 10 beyond\n"
		"1000\n"
		"1000 10 again\n"
		"4000 10 unfin";
	struct pyro_jit_names names;
	size_t used;

	(void)state;
	pyro_jit_names_init(&names);
	used = pyro_jit_names_parse_map(&names, text, sizeof(text) - 1);
	assert_int_equal(used, strlen(text) - strlen("4000 10 unfin"));
	assert_int_equal(names.malformed, 5);
	assert_string_equal(find(&names, 0x2000), "second");
	assert_string_equal(find(&names, 0x200f), "second");
	assert_string_equal(find(&names, 0x2010), "");
	/* What was made later is right where it lies; the rest of the other may be there still. */
	assert_string_equal(find(&names, 0x1008), "again");
	assert_string_equal(find(&names, 0x1018), "py::f:/a b.py");
	assert_string_equal(find(&names, 0xfff), "");
	used = pyro_jit_names_parse_map(&names, "4000 10 unfinished\n", 19);
	assert_int_equal(used, 19);
	assert_string_equal(find(&names, 0x4001), "unfinished");
	pyro_jit_names_deinit(&names);
}

static void put32(uint8_t **at, uint32_t value)
{
	memcpy(*at, &value, 4);
	*at += 4;
}

static void put64(uint8_t **at, uint64_t value)
{
	memcpy(*at, &value, 8);
	*at += 8;
}

static void put_header(uint8_t **at)
{
	put32(at, 0x4a695444);
	put32(at, 1);
	put32(at, 40);
	put32(at, EM_X86_64);
	for (int i = 0; i < 3; i++)
		put64(at, 0);
}

static void put_load(uint8_t **at, uint64_t addr, const char *name)
{
	put32(at, 0);
	put32(at, (uint32_t)(16 + 40 + strlen(name) + 1 + 4));
	put64(at, 0);
	put64(at, 0);
	put64(at, addr);
	put64(at, addr);
	put64(at, 0x20);
	put64(at, 7);
	memcpy(*at, name, strlen(name) + 1);
	*at += strlen(name) + 1;
	put32(at, 0xcccccccc); /* code */
}

static void put_move(uint8_t **at, uint64_t from, uint64_t to)
{
	put32(at, 1);
	put32(at, 16 + 48);
	put64(at, 0);
	put64(at, 0);
	put64(at, from);
	put64(at, from);
	put64(at, to);
	put64(at, 0x20);
	put64(at, 7);
}

static void test_a_dump(void **state)
{
	uint8_t data[1024] = {0}, *at = data;
	struct pyro_jit_names names;
	size_t used, cut;

	(void)state;
	pyro_jit_names_init(&names);
	put_header(&at);
	put_load(&at, 0x1000, "first");
	put32(&at, 99); /* of no interest */
	put32(&at, 24);
	put64(&at, 0);
	put64(&at, 0);
	put_move(&at, 0x1000, 0x5000);
	put_move(&at, 0x7777, 0x8000); /* of nothing */
	cut = (size_t)(at - data);
	put_load(&at, 0x2000, "second");
	used = pyro_jit_names_parse_dump(&names, data, cut + 20, 0, EM_X86_64);
	assert_int_equal(used, cut);
	assert_int_equal(names.malformed, 1);
	assert_string_equal(find(&names, 0x1001), "first");
	assert_string_equal(find(&names, 0x5010), "first");
	assert_string_equal(find(&names, 0x2001), "");
	used = pyro_jit_names_parse_dump(&names, data + cut, (size_t)(at - data) - cut, cut,
					 EM_X86_64);
	assert_int_equal(used, (size_t)(at - data) - cut);
	assert_string_equal(find(&names, 0x2001), "second");
	/* Of another machine, and no dump at all. */
	assert_int_equal(pyro_jit_names_parse_dump(&names, data, cut, 0, EM_AARCH64), 0);
	data[0] ^= 1;
	assert_int_equal(pyro_jit_names_parse_dump(&names, data, cut, 0, EM_X86_64), 0);
	pyro_jit_names_deinit(&names);
}

static void test_records_that_lie(void **state)
{
	uint8_t data[256] = {0}, *at = data;
	struct pyro_jit_names names;

	(void)state;
	pyro_jit_names_init(&names);
	put_header(&at);
	put32(&at, 0);
	put32(&at, 8); /* smaller than itself */
	put64(&at, 0);
	assert_int_equal(pyro_jit_names_parse_dump(&names, data, sizeof(data), 0, EM_X86_64),
			 sizeof(data));
	assert_int_equal(names.malformed, 1);
	at = data + 40;
	put32(&at, 0);
	put32(&at, 20); /* no name in it */
	assert_int_equal(pyro_jit_names_parse_dump(&names, data, 64, 0, EM_X86_64), 60);
	assert_int_equal(names.malformed, 2);
	assert_int_equal(names.count, 0);
	pyro_jit_names_deinit(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_map),
		cmocka_unit_test(test_a_dump),
		cmocka_unit_test(test_records_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
