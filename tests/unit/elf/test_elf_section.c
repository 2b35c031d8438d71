/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "elf_build.h"

static const struct build whole = {.gnu_hash = true, .sections = true, .symtab = true};

static struct pyro_elf *open_bytes(const uint8_t *file, int *ret_fd)
{
	struct pyro_elf *elf = NULL;

	*ret_fd = build_open(file, BUILD_SIZE);
	assert_int_equal(pyro_elf_create_from_fd(*ret_fd, &elf, NULL), PYRO_RC_OK);
	return elf;
}

static void close_both(struct pyro_elf *elf, int fd)
{
	pyro_elf_destroy(elf);
	close(fd);
}

static void test_sections_by_name(void **state)
{
	struct pyro_elf_section section;
	uint8_t file[BUILD_SIZE];
	struct pyro_elf *elf;
	int fd;

	(void)state;
	build_elf(&whole, file);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_section(elf, ".PyRuntime", &section), PYRO_RC_OK);
	assert_int_equal(section.addr, BUILD_RUNTIME);
	assert_int_equal(section.offset, BUILD_DATA_OFFSET + 0x40);
	assert_int_equal(section.size, 30);
	assert_true(section.loaded);
	assert_int_equal(pyro_elf_section(elf, ".strtab", &section), PYRO_RC_OK);
	assert_false(section.loaded);
	assert_int_equal(pyro_elf_section(elf, ".Py", &section), PYRO_RC_NOTFOUND);
	assert_false(pyro_elf_is_stripped(elf));
	close_both(elf, fd);
}

static void test_symbols_of_the_full_table(void **state)
{
	struct pyro_elf_symbol symbol;
	struct build stripped = whole;
	uint8_t file[BUILD_SIZE];
	struct pyro_elf *elf;
	int fd;

	(void)state;
	build_elf(&whole, file);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_table_symbol(elf, "hidden", &symbol), PYRO_RC_OK);
	assert_int_equal(symbol.value, BUILD_HIDDEN);
	assert_int_equal(pyro_elf_table_symbol(elf, "alpha", &symbol), PYRO_RC_NOTFOUND);
	close_both(elf, fd);
	/* Without it, the dynamic one. */
	stripped.symtab = false;
	build_elf(&stripped, file);
	elf = open_bytes(file, &fd);
	assert_true(pyro_elf_is_stripped(elf));
	assert_int_equal(pyro_elf_table_symbol(elf, "alpha", &symbol), PYRO_RC_OK);
	assert_int_equal(symbol.value, BUILD_ALPHA);
	assert_int_equal(pyro_elf_table_symbol(elf, "undefined", &symbol), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_elf_table_symbol(elf, "hidden", &symbol), PYRO_RC_NOTFOUND);
	close_both(elf, fd);
}

static void set_section(uint8_t *file, size_t index, size_t field, uint64_t value, size_t size)
{
	memcpy(file + BUILD_SECTIONS + index * sizeof(Elf64_Shdr) + field, &value, size);
}

static void test_claims_beyond_the_file(void **state)
{
	struct pyro_elf_section section;
	struct pyro_elf_symbol symbol;
	uint8_t file[BUILD_SIZE];
	struct pyro_elf *elf;
	int fd;

	(void)state;
	/* Names of sections: too many bytes, no end, not text. */
	build_elf(&whole, file);
	set_section(file, 3, offsetof(Elf64_Shdr, sh_size), 1ull << 40, 8);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_section(elf, ".PyRuntime", &section), PYRO_RC_FORMAT);
	close_both(elf, fd);
	build_elf(&whole, file);
	set_section(file, 3, offsetof(Elf64_Shdr, sh_size), 5, 8);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_section(elf, ".PyRuntime", &section), PYRO_RC_FORMAT);
	close_both(elf, fd);
	/* A name that begins beyond the names. */
	build_elf(&whole, file);
	set_section(file, 4, offsetof(Elf64_Shdr, sh_name), UINT32_MAX, 4);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_section(elf, ".PyRuntime", &section), PYRO_RC_NOTFOUND);
	close_both(elf, fd);
	/* Symbols: more than the file has, at an offset that wraps, names of a terabyte. */
	build_elf(&whole, file);
	set_section(file, 5, offsetof(Elf64_Shdr, sh_size), 24 << 20, 8);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_table_symbol(elf, "none", &symbol), PYRO_RC_SHORT);
	close_both(elf, fd);
	build_elf(&whole, file);
	set_section(file, 5, offsetof(Elf64_Shdr, sh_offset), UINT64_MAX - 4, 8);
	elf = open_bytes(file, &fd);
	assert_int_not_equal(pyro_elf_table_symbol(elf, "none", &symbol), PYRO_RC_OK);
	close_both(elf, fd);
	build_elf(&whole, file);
	set_section(file, 6, offsetof(Elf64_Shdr, sh_size), 1ull << 40, 8);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_table_symbol(elf, "hidden", &symbol), PYRO_RC_LIMIT);
	close_both(elf, fd);
	build_elf(&whole, file);
	set_section(file, 5, offsetof(Elf64_Shdr, sh_link), 77, 4);
	elf = open_bytes(file, &fd);
	assert_int_equal(pyro_elf_table_symbol(elf, "hidden", &symbol), PYRO_RC_FORMAT);
	close_both(elf, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_by_name),
		cmocka_unit_test(test_symbols_of_the_full_table),
		cmocka_unit_test(test_claims_beyond_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
