/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/core_build.h"

#define PAGE 4096

static uint8_t pages[4][PAGE];

static int fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		memset(pages[i], 'a' + (int)i, PAGE);
	return 0;
}

/* A file's first page and its code, which is left out, its data, and a stack behind a hole. */
static void make(struct core_build *build)
{
	static const struct core_build_file files[] = {
		{0x10000, 0x11000, 0, "/bin/thing"},
		{0x11000, 0x13000, 1, "/bin/thing"},
		{0x13000, 0x14000, 3, "/bin/thing"},
	};

	core_build_init(build);
	core_build_thread(build, 17, 0, 0x11000);
	core_build_files(build, files, 3);
	core_build_vector(build, 0x10040);
	core_build_load(build, 0x10000, PAGE, PF_R, pages[0], PAGE);
	core_build_load(build, 0x11000, 2 * PAGE, PF_R | PF_X, NULL, 0);
	core_build_load(build, 0x13000, PAGE, PF_R | PF_W, pages[1], PAGE);
	core_build_load(build, 0x14000, PAGE, PF_R | PF_W, pages[2], PAGE);
	core_build_load(build, 0x20000, 2 * PAGE, PF_R | PF_W, pages[2], 2 * PAGE);
	core_build_finish(build);
}

static struct pyro_core *open_core(const struct core_build *build, size_t size)
{
	struct pyro_core *core = NULL;
	struct pyro_err err = {0};

	if (core_build_open(build, size, &core, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	return core;
}

static enum pyro_rc read_at(struct pyro_core *core, uint64_t addr, void *into, size_t size)
{
	return pyro_reader_read(pyro_core_reader(core), addr, into, size);
}

static void test_reads_what_is_there(void **state)
{
	struct core_build build;
	struct pyro_core *core;
	uint8_t into[2 * PAGE];
	size_t done;

	(void)state;
	make(&build);
	core = open_core(&build, build.file.size);
	assert_int_equal(read_at(core, 0x10000, into, PAGE), PYRO_RC_OK);
	assert_memory_equal(into, pages[0], PAGE);
	/* Across the seam of two segments. */
	assert_int_equal(read_at(core, 0x13800, into, PAGE), PYRO_RC_OK);
	assert_memory_equal(into, pages[1], PAGE / 2);
	assert_memory_equal(into + PAGE / 2, pages[2], PAGE / 2);
	assert_int_equal(read_at(core, 0x20fff, into, 2), PYRO_RC_OK);
	assert_memory_equal(into, "cd", 2);

	const struct pyro_span spans[] = {
		{0x14000, into, 4},
		{0x21fff, into, 1},
		{0x21fff, into, 2}, /* one byte too many */
		{0x14000, into, 1},
	};

	assert_int_equal(pyro_reader_readv(pyro_core_reader(core), spans, 4, &done), PYRO_RC_FAULT);
	assert_int_equal(done, 2);
	assert_int_equal(read_at(core, 0x15000, into, 1), PYRO_RC_FAULT); /* the hole */
	assert_int_equal(read_at(core, 0x11000, into, 1), PYRO_RC_FAULT); /* left out */
	assert_int_equal(read_at(core, UINT64_MAX, into, 2), PYRO_RC_FAULT);
	assert_int_equal(read_at(core, 0, into, 0), PYRO_RC_OK);
	assert_string_equal(pyro_core_exe(core), "/bin/thing");
	assert_int_equal(pyro_core_facts(core)->lost, 0);
	pyro_core_close(core);
	pyro_core_close(NULL);
	core_build_deinit(&build);
}

/* What was left out comes from the file, what was written to does not. */
static void test_a_file_gives_what_is_left_out(void **state)
{
	const int fd = memfd_create("thing", MFD_CLOEXEC);
	const struct pyro_maps *maps;
	struct core_build build;
	struct pyro_core *core;
	uint8_t file[PAGE], into[2 * PAGE];

	(void)state;
	make(&build);
	core = open_core(&build, build.file.size);
	maps = pyro_core_maps(core);
	for (int i = 0; i < 4; i++) {
		memset(file, '0' + i, sizeof(file));
		assert_int_equal(write(fd, file, PAGE), PAGE);
	}
	assert_int_equal(pyro_core_supplied(core, &maps->items[1]), -1);
	assert_int_equal(pyro_core_supply(core, &maps->items[0], fd), PYRO_RC_OK);
	assert_int_equal(pyro_core_supplied(core, &maps->items[1]), fd);
	assert_int_equal(pyro_core_supplied(core, &maps->items[3]), -1);
	assert_int_equal(read_at(core, 0x11fff, into, 2), PYRO_RC_OK);
	assert_memory_equal(into, "12", 2);
	assert_int_equal(read_at(core, 0x10fff, into, 2), PYRO_RC_OK);
	assert_memory_equal(into, "a1", 2);
	assert_int_equal(read_at(core, 0x12fff, into, 2), PYRO_RC_OK);
	assert_memory_equal(into, "2b", 2);
	/* It shrank meanwhile. */
	assert_int_equal(ftruncate(fd, PAGE), 0);
	assert_int_equal(read_at(core, 0x11fff, into, 1), PYRO_RC_FAULT);
	pyro_core_close(core);
	core_build_deinit(&build);
}

static void test_a_core_cut_short_has_the_rest(void **state)
{
	struct core_build build;
	struct pyro_core *core;
	uint8_t into[PAGE];

	(void)state;
	make(&build);
	core = open_core(&build, build.file.size - PAGE - 1);
	assert_int_equal(pyro_core_facts(core)->lost, PAGE + 1);
	assert_int_equal(read_at(core, 0x20000, into, PAGE - 1), PYRO_RC_OK);
	assert_int_equal(read_at(core, 0x20000, into, PAGE), PYRO_RC_FAULT);
	assert_int_equal(read_at(core, 0x21000, into, 1), PYRO_RC_FAULT);
	pyro_core_close(core);
	/* What was written to is not in the file as it was. */
	core = open_core(&build, build.file.size - 4 * PAGE);
	assert_int_equal(pyro_core_facts(core)->lost, 4 * PAGE);
	assert_int_equal(pyro_core_supply(core, pyro_core_maps(core)->items,
					  open("/proc/self/exe", O_RDONLY)),
			 PYRO_RC_OK);
	assert_int_equal(read_at(core, 0x13000, into, 1), PYRO_RC_FAULT);
	assert_int_equal(read_at(core, 0x12000, into, 1), PYRO_RC_OK);
	pyro_core_close(core);
	core_build_deinit(&build);
}

static void test_every_cut_is_an_error_or_says_what_is_lost(void **state)
{
	struct core_build build;
	struct pyro_core *core;
	struct pyro_err err;
	uint8_t into[PAGE];

	(void)state;
	make(&build);
	for (size_t size = 0; size < build.file.size; size += size < 2048 ? 1 : 977) {
		core = NULL;
		err = (struct pyro_err){0};
		if (core_build_open(&build, size, &core, &err) == PYRO_RC_OK) {
			(void)!read_at(core, 0x20000, into, PAGE);
			assert_true(pyro_core_facts(core)->lost > 0);
		} else {
			assert_int_equal(err.rc, PYRO_RC_FORMAT);
			assert_true(err.message[0]);
		}
		pyro_core_close(core);
	}
	core_build_deinit(&build);
}

static void expect(struct core_build *build, size_t size, enum pyro_rc rc, const char *message)
{
	struct pyro_core *core = NULL;
	struct pyro_err err = {0};

	assert_int_equal(core_build_open(build, size, &core, &err), rc);
	assert_string_equal(err.message, message);
	assert_null(core);
}

static void test_names_what_is_wrong(void **state)
{
	struct core_build build;
	size_t size;

	(void)state;
	make(&build);
	size = build.file.size;
	expect(&build, 0, PYRO_RC_FORMAT, "it is empty");
	expect(&build, 100, PYRO_RC_FORMAT,
	       "a core file of 100 bytes, which ends before its 6 segments are named: it was cut "
	       "short");
	build.file.data[EI_CLASS] = ELFCLASS32;
	expect(&build, size, PYRO_RC_UNSUPPORTED, "of a 32-bit program");
	build.file.data[EI_CLASS] = ELFCLASS64;
	build.file.data[EI_DATA] = ELFDATA2MSB;
	expect(&build, size, PYRO_RC_UNSUPPORTED, "of a big-endian machine");
	build.header.e_machine = EM_S390;
	core_build_finish(&build);
	expect(&build, size, PYRO_RC_UNSUPPORTED,
#if defined(__x86_64__)
	       "of a program for s390x (machine 22); this pyrometer reads cores of x86-64"
#else
	       "of a program for s390x (machine 22); this pyrometer reads cores of AArch64"
#endif
	);
	build.header.e_type = ET_DYN;
	core_build_finish(&build);
	expect(&build, size, PYRO_RC_FORMAT,
	       "not a core file but an ELF file of type 3: a program or a library");
	build.header.e_type = ET_CORE;
	build.header.e_machine = EM_NONE;
	build.header.e_phentsize = 32;
	memset(build.header.e_ident, 0, EI_NIDENT);
	core_build_finish(&build);
	expect(&build, size, PYRO_RC_FORMAT, "not a core file");
	core_build_deinit(&build);
}

static void test_says_how_to_unpack(void **state)
{
	struct core_build build;

	(void)state;
	make(&build);
	memcpy(build.file.data, "\x28\xb5\x2f\xfd", 4);
	expect(&build, 100, PYRO_RC_FORMAT,
	       "packed by zstd. Try: zstd -d, and what that makes of it");
	memcpy(build.file.data, "\x1f\x8b", 2);
	expect(&build, 2, PYRO_RC_FORMAT,
	       "packed by gzip. Try: gzip -dk, and what that makes of it");
	core_build_deinit(&build);
}

/* Beyond 65534 segments the first section has their number. */
static void test_more_segments_than_a_header_can_say(void **state)
{
	struct core_build build;
	struct pyro_core *core;
	Elf64_Shdr section = {.sh_info = 6};
	Elf64_Half many = PN_XNUM;
	Elf64_Off place;

	(void)state;
	make(&build);
	place = build.file.size;
	memcpy(build.file.data + offsetof(Elf64_Ehdr, e_phnum), &many, sizeof(many));
	memcpy(build.file.data + offsetof(Elf64_Ehdr, e_shoff), &place, sizeof(place));
	expect(&build, build.file.size, PYRO_RC_FORMAT,
	       "a core file that does not say how many segments it has: it was cut short");
	pyro_buf_add(&build.file, &section, sizeof(section));
	core = open_core(&build, build.file.size);
	assert_int_equal(pyro_core_maps(core)->count, 5);
	pyro_core_close(core);
	section.sh_info = UINT32_MAX;
	memcpy(build.file.data + place, &section, sizeof(section));
	expect(&build, build.file.size, PYRO_RC_LIMIT, "4294967295 segments, over 1048576");
	core_build_deinit(&build);
}

static void test_opens_by_name(void **state)
{
	struct pyro_core *core = NULL;
	struct pyro_err err = {0};

	(void)state;
	assert_int_equal(pyro_core_open("/nonexistent/core", &core, &err), PYRO_RC_NOTFOUND);
	assert_string_equal(err.message, "/nonexistent/core: No such file or directory");
	assert_int_equal(pyro_core_open("/proc/self", &core, &err), PYRO_RC_FORMAT);
	assert_string_equal(err.message, "/proc/self: not a regular file");
	assert_int_equal(pyro_core_open("/proc/self/exe", &core, &err), PYRO_RC_FORMAT);
	assert_null(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_what_is_there),
		cmocka_unit_test(test_a_file_gives_what_is_left_out),
		cmocka_unit_test(test_a_core_cut_short_has_the_rest),
		cmocka_unit_test(test_every_cut_is_an_error_or_says_what_is_lost),
		cmocka_unit_test(test_names_what_is_wrong),
		cmocka_unit_test(test_says_how_to_unpack),
		cmocka_unit_test(test_more_segments_than_a_header_can_say),
		cmocka_unit_test(test_opens_by_name),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
