/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "elf_build.h"

static struct pyro_elf *open_build(const struct build *build, int *ret_fd)
{
	uint8_t file[BUILD_SIZE];
	struct pyro_elf *elf = NULL;

	build_elf(build, file);
	*ret_fd = build_open(file, sizeof(file));
	assert_int_equal(pyro_elf_create_from_fd(*ret_fd, &elf, NULL), PYRO_RC_OK);
	return elf;
}

static void check_symbols(struct pyro_elf *elf)
{
	struct pyro_elf_symbol symbol;

	assert_int_equal(pyro_elf_dynamic_symbol(elf, "alpha", &symbol), PYRO_RC_OK);
	assert_int_equal(symbol.value, BUILD_ALPHA);
	assert_int_equal(symbol.size, 10);
	assert_int_equal(symbol.type, STT_FUNC);
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "beta", &symbol), PYRO_RC_OK);
	assert_int_equal(symbol.value, BUILD_BETA);
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "_PyRuntime", &symbol), PYRO_RC_OK);
	assert_int_equal(symbol.value, BUILD_RUNTIME);
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "undefined", &symbol), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "alph", &symbol), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "alphabet", &symbol), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "", &symbol), PYRO_RC_NOTFOUND);
}

static void test_by_either_hash_table(void **state)
{
	static const struct build builds[] = {{.gnu_hash = true}, {.sysv_hash = true}};
	int fd;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pyro_elf *elf = open_build(&builds[i], &fd);

		check_symbols(elf);
		pyro_elf_destroy(elf);
		close(fd);
	}
}

static void test_no_table_no_symbol(void **state)
{
	static const struct build build = {.sections = true};
	struct pyro_elf_symbol symbol;
	int fd;
	struct pyro_elf *elf = open_build(&build, &fd);

	(void)state;
	assert_int_equal(pyro_elf_dynamic_symbol(elf, "alpha", &symbol), PYRO_RC_NOTFOUND);
	pyro_elf_destroy(elf);
	close(fd);
}

/* glibc turns the addresses of the dynamic segment into real ones, musl leaves them. */
static void test_from_memory_of_either_loader(void **state)
{
	static const struct build build = {.gnu_hash = true};
	const uint64_t bias = 0x7f0000000000;
	struct build_memory *memory = malloc(sizeof(*memory));
	uint8_t file[BUILD_SIZE];

	(void)state;
	assert_non_null(memory);
	build_elf(&build, file);
	for (int glibc = 0; glibc < 2; glibc++) {
		struct pyro_elf *elf = NULL;
		Elf64_Dyn entry;

		build_load(file, bias, memory);
		for (size_t i = 0; glibc && i < 6; i++) {
			uint8_t *at = memory->bytes + BUILD_DYNAMIC + i * sizeof(entry);

			memcpy(&entry, at, sizeof(entry));
			if (entry.d_un.d_ptr >= BUILD_BASE)
				entry.d_un.d_ptr += bias;
			memcpy(at, &entry, sizeof(entry));
		}
		assert_int_equal(
			pyro_elf_create_from_memory(&memory->reader, bias + BUILD_BASE, &elf, NULL),
			PYRO_RC_OK);
		check_symbols(elf);
		pyro_elf_destroy(elf);
	}
	free(memory);
}

static void test_finds_entries(void **state)
{
	static const struct build build = {.gnu_hash = true};
	uint64_t addr = 0;
	int fd;
	struct pyro_elf *elf = open_build(&build, &fd);

	(void)state;
	assert_int_equal(pyro_elf_dynamic_entry(elf, DT_DEBUG, &addr), PYRO_RC_OK);
	assert_int_equal(addr, BUILD_BASE + BUILD_DYNAMIC + 8);
	assert_int_equal(pyro_elf_dynamic_entry(elf, DT_STRSZ, &addr), PYRO_RC_OK);
	assert_int_equal(addr, BUILD_BASE + BUILD_DYNAMIC + 3 * 16 + 8);
	assert_int_equal(pyro_elf_dynamic_entry(elf, DT_SONAME, &addr), PYRO_RC_NOTFOUND);
	pyro_elf_destroy(elf);
	close(fd);
}

/* Every byte of the tables set to values that lead astray: no answer but a right or no symbol. */
static void test_broken_tables_end(void **state)
{
	static const struct {
		struct build build;
		size_t start, end;
	} parts[] = {
		{{.gnu_hash = true}, BUILD_DYNAMIC, BUILD_DYNAMIC + 96},
		{{.gnu_hash = true}, BUILD_GNU_HASH, BUILD_GNU_HASH + 40},
		{{.sysv_hash = true}, BUILD_SYSV_HASH, BUILD_SYSV_HASH + 32},
		{{.sysv_hash = true}, BUILD_SYMBOLS, BUILD_SYMBOLS + 120},
	};
	static const uint8_t bytes[] = {0, 1, 2, 3, 4, 0x7f, 0x80, 0xff};
	uint8_t file[BUILD_SIZE];
	struct pyro_elf_symbol symbol;
	size_t answers = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t at = parts[i].start; at < parts[i].end; at++) {
			for (size_t j = 0; j < sizeof(bytes); j++) {
				struct pyro_elf *elf = NULL;
				int fd;

				build_elf(&parts[i].build, file);
				file[at] = bytes[j];
				fd = build_open(file, sizeof(file));
				assert_int_equal(pyro_elf_create_from_fd(fd, &elf, NULL),
						 PYRO_RC_OK);
				answers += pyro_elf_dynamic_symbol(elf, "_PyRuntime", &symbol) ==
					   PYRO_RC_OK;
				pyro_elf_destroy(elf);
				close(fd);
			}
		}
	}
	assert_true(answers > 0); /* most bytes do not matter */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_either_hash_table),
		cmocka_unit_test(test_no_table_no_symbol),
		cmocka_unit_test(test_from_memory_of_either_loader),
		cmocka_unit_test(test_finds_entries),
		cmocka_unit_test(test_broken_tables_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
