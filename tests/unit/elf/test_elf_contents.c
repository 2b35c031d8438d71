/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "elf/elf_file.h"
#include "elf_build.h"

#define ROOM (BUILD_SIZE - BUILD_STRTAB)

static const char text[] = "all that is said, that is said, that is said, that is said again";

/* A file whose .strtab has @size bytes of @contents and these flags. */
static struct pyro_elf *make(const void *contents, size_t size, uint64_t flags, uint32_t type,
			     struct pyro_elf_section *ret_section, int *ret_fd)
{
	static const struct build whole = {.gnu_hash = true, .sections = true, .symtab = true};
	uint8_t file[BUILD_SIZE];
	struct pyro_elf *elf = NULL;
	Elf64_Shdr section;
	size_t at = BUILD_SECTIONS;

	assert_true(size <= ROOM);
	build_elf(&whole, file);
	for (memcpy(&section, file + at, sizeof(section)); section.sh_offset != BUILD_STRTAB;
	     memcpy(&section, file + at, sizeof(section))) {
		at += sizeof(section);
		assert_true(at < BUILD_NAMES);
	}
	section.sh_flags = flags;
	section.sh_type = type;
	section.sh_size = size;
	memcpy(file + at, &section, sizeof(section));
	memcpy(file + BUILD_STRTAB, contents, size);
	*ret_fd = build_open(file, BUILD_SIZE);
	assert_int_equal(pyro_elf_create_from_fd(*ret_fd, &elf, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_elf_section(elf, ".strtab", ret_section), PYRO_RC_OK);
	return elf;
}

static size_t pack(uint32_t type, uint64_t said, uint8_t packed[ROOM])
{
	const Elf64_Chdr head = {.ch_type = type, .ch_size = said, .ch_addralign = 1};
	uLongf size = ROOM - sizeof(head);

	memcpy(packed, &head, sizeof(head));
	if (type == 2)
		size = ZSTD_compress(packed + sizeof(head), size, text, sizeof(text), 3);
	else
		assert_int_equal(
			compress(packed + sizeof(head), &size, (const Bytef *)text, sizeof(text)),
			Z_OK);
	return sizeof(head) + size;
}

static enum pyro_rc load(const void *contents, size_t size, uint64_t flags, char into[ROOM])
{
	struct pyro_elf_section section;
	uint64_t whole = 0;
	int fd;
	struct pyro_elf *elf = make(contents, size, flags, SHT_PROGBITS, &section, &fd);
	enum pyro_rc rc = pyro_elf_contents_size(elf, &section, &whole);

	assert_int_equal(section.packed, flags != 0);
	if (rc == PYRO_RC_OK) {
		assert_true(whole <= ROOM);
		memset(into, 0, ROOM);
		rc = pyro_elf_contents_load(elf, &section, into, whole);
	}
	pyro_elf_destroy(elf);
	close(fd);
	return rc;
}

static void test_what_is_packed_and_what_is_not(void **state)
{
	uint8_t packed[ROOM];
	char into[ROOM];

	(void)state;
	assert_int_equal(load(text, sizeof(text), 0, into), PYRO_RC_OK);
	assert_string_equal(into, text);
	for (uint32_t type = ELFCOMPRESS_ZLIB; type <= 2; type++) {
		const size_t size = pack(type, sizeof(text), packed);

		assert_int_equal(load(packed, size, SHF_COMPRESSED, into), PYRO_RC_OK);
		assert_string_equal(into, text);
	}
}

static void test_what_is_packed_badly(void **state)
{
	uint8_t packed[ROOM];
	char into[ROOM];

	(void)state;
	for (uint32_t type = ELFCOMPRESS_ZLIB; type <= 2; type++) {
		/* More or less than it says, or cut. */
		size_t size = pack(type, sizeof(text) - 1, packed);

		assert_int_equal(load(packed, size, SHF_COMPRESSED, into), PYRO_RC_FORMAT);
		size = pack(type, sizeof(text) + 1, packed);
		assert_int_equal(load(packed, size, SHF_COMPRESSED, into), PYRO_RC_FORMAT);
		size = pack(type, sizeof(text), packed);
		assert_int_equal(load(packed, size - 8, SHF_COMPRESSED, into), PYRO_RC_FORMAT);
	}
	assert_int_equal(load(packed, sizeof(Elf64_Chdr) - 1, SHF_COMPRESSED, into),
			 PYRO_RC_FORMAT);
	assert_int_equal(load(packed, pack(3, 8, packed), SHF_COMPRESSED, into),
			 PYRO_RC_UNSUPPORTED);
}

static void test_what_is_not_there(void **state)
{
	struct pyro_elf_section section;
	struct pyro_elf *elf;
	uint8_t packed[ROOM];
	char into[ROOM];
	uint64_t size;
	int fd;

	(void)state;
	elf = make(text, sizeof(text), 0, SHT_NOBITS, &section, &fd);
	assert_int_equal(pyro_elf_contents_size(elf, &section, &size), PYRO_RC_NOTFOUND);
	pyro_elf_destroy(elf);
	close(fd);
	elf = make(packed, pack(ELFCOMPRESS_ZLIB, sizeof(text), packed), SHF_COMPRESSED,
		   SHT_PROGBITS, &section, &fd);
	section.size = BUILD_SIZE;
	assert_int_equal(pyro_elf_contents_load(elf, &section, into, sizeof(text)), PYRO_RC_SHORT);
	section.offset = UINT64_MAX - 4;
	assert_int_equal(pyro_elf_contents_size(elf, &section, &size), PYRO_RC_SHORT);
	section.packed = false;
	assert_int_equal(pyro_elf_contents_load(elf, &section, into, 4), PYRO_RC_FORMAT);
	pyro_elf_destroy(elf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_packed_and_what_is_not),
		cmocka_unit_test(test_what_is_packed_badly),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
