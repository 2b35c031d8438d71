/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lzma.h>
#include <string.h>
#include <unistd.h>

#include "elf/elf_functions.h"
#include "elf_build.h"

static const char *name_at(const struct pyro_elf_functions *functions, uint64_t addr)
{
	const struct pyro_elf_function *function = pyro_elf_functions_find(functions, addr);

	return function ? functions->names + function->name : "";
}

static void check(const struct pyro_elf_functions *functions)
{
	assert_int_equal(functions->count, 2); /* objects and what is not defined are left out */
	assert_string_equal(name_at(functions, BUILD_ALPHA), "alpha");
	assert_string_equal(name_at(functions, BUILD_ALPHA + 9), "alpha");
	assert_string_equal(name_at(functions, BUILD_ALPHA + 10), "");
	assert_string_equal(name_at(functions, BUILD_BETA + 19), "beta");
	assert_string_equal(name_at(functions, BUILD_BETA + 20), "");
	assert_string_equal(name_at(functions, BUILD_ALPHA - 1), "");
	assert_string_equal(name_at(functions, 0), "");
}

static void test_by_either_hash_table_and_from_memory(void **state)
{
	static const struct build builds[] = {{.gnu_hash = true}, {.sysv_hash = true}};
	static struct build_memory memory;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pyro_elf_functions functions = {.items = NULL};
		uint8_t file[BUILD_SIZE];
		struct pyro_elf *elf = NULL;
		int fd;

		build_elf(&builds[i], file);
		fd = build_open(file, sizeof(file));
		assert_int_equal(pyro_elf_create_from_fd(fd, &elf, NULL), PYRO_RC_OK);
		assert_int_equal(pyro_elf_functions_add(&functions, elf), PYRO_RC_OK);
		check(&functions);
		pyro_elf_functions_deinit(&functions);
		pyro_elf_destroy(elf);
		close(fd);
		build_load(file, 0x7f0000000000, &memory);
		assert_int_equal(pyro_elf_create_from_memory(
					 &memory.reader, 0x7f0000000000 + BUILD_BASE, &elf, NULL),
				 PYRO_RC_OK);
		assert_int_equal(pyro_elf_functions_add(&functions, elf), PYRO_RC_OK);
		check(&functions);
		pyro_elf_functions_deinit(&functions);
		pyro_elf_destroy(elf);
	}
}

static void test_truncated_files(void **state)
{
	static const struct build build = {.gnu_hash = true, .sections = true, .symtab = true};
	uint8_t file[BUILD_SIZE];

	(void)state;
	build_elf(&build, file);
	for (size_t size = 0; size < sizeof(file); size += 8) {
		struct pyro_elf_functions functions = {.items = NULL};
		struct pyro_elf *elf = NULL;
		const int fd = build_open(file, size);

		if (pyro_elf_create_from_fd(fd, &elf, NULL) == PYRO_RC_OK &&
		    pyro_elf_functions_add(&functions, elf) != PYRO_RC_OK)
			assert_int_equal(functions.count, 0);
		if (elf)
			assert_int_not_equal(pyro_elf_functions_add_packed(&functions, elf),
					     PYRO_RC_OK);
		pyro_elf_functions_deinit(&functions);
		pyro_elf_destroy(elf);
		close(fd);
	}
}

static void test_of_several_at_one_place(void **state)
{
	struct pyro_elf_function items[] = {
		{.addr = 0x100, .size = 0x100, .name = 0}, /* outer */
		{.addr = 0x120, .size = 0x10, .name = 6},  /* inner, within it */
		{.addr = 0x200, .size = 0, .name = 12},    /* hand */
		{.addr = 0x300, .size = 0x10, .name = 17}, /* last */
	};
	char names[] = "outer\0inner\0hand\0last";
	const struct pyro_elf_functions functions = {
		.items = items, .count = 4, .names = names, .names_size = sizeof(names)};

	(void)state;
	assert_string_equal(name_at(&functions, 0x11f), "outer");
	assert_string_equal(name_at(&functions, 0x125), "inner");
	assert_string_equal(name_at(&functions, 0x130), "outer");
	assert_string_equal(name_at(&functions, 0x2ff), "hand");
	assert_string_equal(name_at(&functions, 0x30f), "last");
	assert_string_equal(name_at(&functions, 0x310), "");
}

/* A file with nothing in it but .gnu_debugdata. */
static int open_packed(const uint8_t *packed, size_t size)
{
	static const char names[] = "\0.shstrtab\0.gnu_debugdata";
	const Elf64_Shdr sections[] = {
		{0},
		{.sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = 0x300, .sh_size = sizeof(names)},
		{.sh_name = 11, .sh_type = SHT_PROGBITS, .sh_offset = 0x400, .sh_size = size},
	};
	static uint8_t file[BUILD_SIZE];
	static const struct build build = {0};
	Elf64_Ehdr header;

	build_elf(&build, file);
	memcpy(&header, file, sizeof(header));
	header.e_shoff = 0x200;
	header.e_shentsize = sizeof(Elf64_Shdr);
	header.e_shnum = 3;
	header.e_shstrndx = 1;
	memcpy(file, &header, sizeof(header));
	memcpy(file + 0x200, sections, sizeof(sections));
	memcpy(file + 0x300, names, sizeof(names));
	assert_true(size < BUILD_SIZE - 0x400);
	memcpy(file + 0x400, packed, size);
	return build_open(file, sizeof(file));
}

static void test_packed(void **state)
{
	static const struct build build = {.sysv_hash = true};
	uint8_t inner[BUILD_SIZE], packed[BUILD_SIZE];
	size_t size = 0;

	(void)state;
	build_elf(&build, inner);
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, inner, sizeof(inner),
						 packed, &size, sizeof(packed)),
			 LZMA_OK);
	for (size_t broken = 0; broken < 2; broken++) {
		struct pyro_elf_functions functions = {.items = NULL};
		struct pyro_elf *elf = NULL;
		int fd;

		packed[size / 2] ^= broken ? 0xff : 0;
		fd = open_packed(packed, size);
		assert_int_equal(pyro_elf_create_from_fd(fd, &elf, NULL), PYRO_RC_OK);
		assert_int_equal(pyro_elf_functions_add_packed(&functions, elf),
				 broken ? PYRO_RC_FORMAT : PYRO_RC_OK);
		if (broken)
			assert_int_equal(functions.count, 0);
		else
			check(&functions);
		pyro_elf_functions_deinit(&functions);
		pyro_elf_destroy(elf);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_either_hash_table_and_from_memory),
		cmocka_unit_test(test_truncated_files),
		cmocka_unit_test(test_of_several_at_one_place),
		cmocka_unit_test(test_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
