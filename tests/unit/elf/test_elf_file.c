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

static struct pyro_elf *open_file(int fd)
{
	struct pyro_elf *elf = NULL;

	assert_int_equal(pyro_elf_create_from_fd(fd, &elf, NULL), PYRO_RC_OK);
	return elf;
}

static void test_segments_and_build_id(void **state)
{
	static const struct build build = {.build_id = true, .interpreter = true};
	uint8_t file[BUILD_SIZE], id[PYRO_ELF_BUILD_ID_SIZE];
	const struct pyro_elf_segment *segments;
	struct pyro_elf *elf;
	size_t count, size = 0;
	int fd;

	(void)state;
	build_elf(&build, file);
	fd = build_open(file, sizeof(file));
	elf = open_file(fd);
	segments = pyro_elf_segments(elf, &count);
	assert_int_equal(count, 2);
	assert_true(segments[0].exec && segments[0].read && !segments[0].write);
	assert_true(segments[1].write && !segments[1].exec);
	assert_int_equal(segments[1].addr, BUILD_DATA);
	assert_int_equal(segments[1].memory_size, BUILD_DATA_MEMORY);
	assert_true(pyro_elf_has_interpreter(elf));
	assert_true(pyro_elf_is_stripped(elf));
	assert_int_equal(pyro_elf_build_id(elf, id, &size), PYRO_RC_OK);
	assert_int_equal(size, 20);
	for (uint8_t i = 0; i < 20; i++)
		assert_int_equal(id[i], i + 1);
	pyro_elf_destroy(elf);
	close(fd);
	pyro_elf_destroy(NULL);
}

static void test_bias_of_mapped_pages(void **state)
{
	static const struct build build = {0};
	const uint64_t bias = 0x7f0000000000;
	uint8_t file[BUILD_SIZE];
	struct pyro_elf *elf;
	uint64_t got = 0;
	int fd;

	(void)state;
	build_elf(&build, file);
	fd = build_open(file, sizeof(file));
	elf = open_file(fd);
	assert_int_equal(pyro_elf_bias(elf, bias + BUILD_BASE, 0, 0, &got), PYRO_RC_OK);
	assert_int_equal(got, bias);
	assert_int_equal(pyro_elf_bias(elf, bias + BUILD_BASE + 0x1000, 0x1000, 0, &got),
			 PYRO_RC_OK);
	assert_int_equal(got, bias);
	/* One page of the file is in both segments: both answers are to be had. */
	assert_int_equal(pyro_elf_bias(elf, bias + 0x20000, 0x2000, 0, &got), PYRO_RC_OK);
	assert_int_not_equal(got, bias);
	assert_int_equal(pyro_elf_bias(elf, bias + 0x20000, 0x2000, 1, &got), PYRO_RC_OK);
	assert_int_equal(got, bias);
	assert_int_equal(pyro_elf_bias(elf, bias, 0x2000, 2, &got), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_elf_bias(elf, bias, 0x8000, 0, &got), PYRO_RC_NOTFOUND);
	pyro_elf_destroy(elf);
	close(fd);
}

static void test_reads_by_address(void **state)
{
	static const struct build build = {0};
	uint8_t file[BUILD_SIZE], got[BUILD_DATA_MEMORY];
	struct pyro_elf *elf;
	int fd;

	(void)state;
	build_elf(&build, file);
	fd = build_open(file, sizeof(file));
	elf = open_file(fd);
	assert_int_equal(pyro_elf_read(elf, BUILD_DATA, got, sizeof(got)), PYRO_RC_OK);
	for (size_t i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], i < BUILD_DATA_FILE ? (uint8_t)i : 0);
	/* Within .bss alone. */
	assert_int_equal(pyro_elf_read(elf, BUILD_DATA + 0x200, got, 0x100), PYRO_RC_OK);
	assert_int_equal(got[0], 0);
	assert_int_equal(pyro_elf_read(elf, BUILD_DATA + 0x200, got, 0x101), PYRO_RC_FAULT);
	assert_int_equal(pyro_elf_read(elf, BUILD_BASE - 1, got, 1), PYRO_RC_FAULT);
	assert_int_equal(pyro_elf_read(elf, UINT64_MAX, got, 2), PYRO_RC_FAULT);
	/* The file shrinks while it is open. */
	assert_int_equal(ftruncate(fd, BUILD_DATA_OFFSET + 8), 0);
	assert_int_equal(pyro_elf_read(elf, BUILD_DATA, got, 8), PYRO_RC_OK);
	assert_int_equal(pyro_elf_read(elf, BUILD_DATA, got, 16), PYRO_RC_SHORT);
	pyro_elf_destroy(elf);
	close(fd);
}

static void test_says_what_it_cannot_read(void **state)
{
	static const struct {
		size_t offset;
		uint8_t byte;
		enum pyro_rc rc;
		const char *message;
	} wrong[] = {
		{0, 'x', PYRO_RC_FORMAT, "not an ELF file"},
		{EI_CLASS, ELFCLASS32, PYRO_RC_UNSUPPORTED, "a 32-bit ELF file"},
		{EI_DATA, ELFDATA2MSB, PYRO_RC_UNSUPPORTED, "a big-endian ELF file"},
		{18, EM_386, PYRO_RC_UNSUPPORTED, "an ELF file for machine 3"},
		{16, ET_REL, PYRO_RC_FORMAT, "an ELF file that cannot be loaded"},
		{56, 0, PYRO_RC_FORMAT, "an ELF file with broken segments"}, /* e_phnum */
		{57, 0xff, PYRO_RC_FORMAT, "an ELF file with broken segments"},
		{64 + 32 + 7, 0xff, PYRO_RC_FORMAT, "an ELF file with a broken segment 0"},
	};
	static const struct build build = {0};
	uint8_t file[BUILD_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pyro_elf *elf = NULL;
		struct pyro_err err = {0};
		int fd;

		build_elf(&build, file);
		file[wrong[i].offset] = wrong[i].byte;
		fd = build_open(file, sizeof(file));
		assert_int_equal(pyro_elf_create_from_fd(fd, &elf, &err), wrong[i].rc);
		assert_string_equal(err.message, wrong[i].message);
		assert_null(elf);
		close(fd);
	}
}

static void test_truncated_files_are_refused_or_read_in_part(void **state)
{
	static const struct build build = {
		.gnu_hash = true, .sections = true, .symtab = true, .build_id = true};
	struct pyro_elf_section section;
	struct pyro_elf_symbol symbol;
	uint8_t file[BUILD_SIZE], id[PYRO_ELF_BUILD_ID_SIZE];

	(void)state;
	build_elf(&build, file);
	for (size_t size = 0; size < sizeof(file); size += 8) {
		struct pyro_elf *elf = NULL;
		const int fd = build_open(file, size);
		size_t id_size;

		if (pyro_elf_create_from_fd(fd, &elf, NULL) == PYRO_RC_OK) {
			assert_true(size >= 64 + 4 * 56);
			assert_int_equal(pyro_elf_section(elf, ".PyRuntime", &section) ==
						 PYRO_RC_OK,
					 size >= BUILD_NAMES + 54);
			assert_int_equal(pyro_elf_table_symbol(elf, "hidden", &symbol) ==
						 PYRO_RC_OK,
					 size >= BUILD_STRTAB + 8);
			assert_int_equal(pyro_elf_build_id(elf, id, &id_size) == PYRO_RC_OK,
					 size >= BUILD_NOTE + 60);
		} else {
			assert_true(size < 64 + 4 * 56);
		}
		pyro_elf_destroy(elf);
		close(fd);
	}
}

static void test_from_memory(void **state)
{
	static const struct build build = {.gnu_hash = true, .sections = true, .build_id = true};
	uint8_t file[BUILD_SIZE], id[PYRO_ELF_BUILD_ID_SIZE];
	struct pyro_elf_section section;
	struct build_memory *memory = malloc(sizeof(*memory));
	struct pyro_elf *elf = NULL;
	struct pyro_err err = {0};
	uint8_t byte = 0;
	size_t size;

	(void)state;
	assert_non_null(memory);
	build_elf(&build, file);
	build_load(file, 0x7f0000000000, memory);
	assert_int_equal(pyro_elf_create_from_memory(&memory->reader, 0x7f0000010000, &elf, NULL),
			 PYRO_RC_OK);
	assert_int_equal(pyro_elf_build_id(elf, id, &size), PYRO_RC_OK);
	assert_int_equal(id[19], 20);
	memory->bytes[BUILD_DATA - BUILD_BASE + 5] = 99; /* as it is now, not as in the file */
	assert_int_equal(pyro_elf_read(elf, BUILD_DATA + 5, &byte, 1), PYRO_RC_OK);
	assert_int_equal(byte, 99);
	assert_int_equal(pyro_elf_section(elf, ".PyRuntime", &section), PYRO_RC_NOTFOUND);
	pyro_elf_destroy(elf);
	elf = NULL;
	assert_int_equal(pyro_elf_create_from_memory(&memory->reader, 0x1000, &elf, &err),
			 PYRO_RC_FAULT);
	assert_int_equal(err.addr, 0x1000);
	assert_int_equal(pyro_elf_create_from_memory(&memory->reader, 0x7f0000010001, &elf, &err),
			 PYRO_RC_FORMAT);
	assert_null(elf);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments_and_build_id),
		cmocka_unit_test(test_bias_of_mapped_pages),
		cmocka_unit_test(test_reads_by_address),
		cmocka_unit_test(test_says_what_it_cannot_read),
		cmocka_unit_test(test_truncated_files_are_refused_or_read_in_part),
		cmocka_unit_test(test_from_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
