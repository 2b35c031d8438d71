/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unwind/debug_image.h"

/* Of this very program, which is built with debug information. */

static char *contents(struct pyro_elf *elf, const char *name, uint64_t *ret_size)
{
	struct pyro_elf_section section;
	char *data;

	if (pyro_elf_section(elf, name, &section) != PYRO_RC_OK ||
	    pyro_elf_contents_size(elf, &section, ret_size) != PYRO_RC_OK)
		return NULL;
	data = malloc(*ret_size + 1);
	assert_non_null(data);
	assert_int_equal(pyro_elf_contents_load(elf, &section, data, *ret_size), PYRO_RC_OK);
	return data;
}

/* The same of an image, which has no segments; NULL: there is none. */
static const char *part_of(const struct pyro_debug_image *image, const char *name,
			   uint64_t *ret_size)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)image->data;
	const Elf64_Shdr *sections =
		(const Elf64_Shdr *)(const void *)(image->data + header->e_shoff);
	const char *text = image->data + sections[header->e_shstrndx].sh_offset;

	for (size_t i = 1; i < header->e_shnum; i++) {
		if (strcmp(text + sections[i].sh_name, name) != 0 ||
		    sections[i].sh_type == SHT_NOBITS)
			continue;
		assert_true(sections[i].sh_offset <= image->size &&
			    sections[i].sh_size <= image->size - sections[i].sh_offset);
		*ret_size = sections[i].sh_size;
		return image->data + sections[i].sh_offset;
	}
	return NULL;
}

static void test_what_is_in_it(void **state)
{
	static const char *const names[] = {".debug_info", ".debug_abbrev", ".debug_line",
					    ".debug_str"};
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct pyro_debug_image image = {NULL, 0};
	struct pyro_elf *whole = NULL;
	uint64_t sizes[2];
	enum pyro_rc rc = pyro_debug_image_create(fd, &image);

	(void)state;
	if (rc == PYRO_RC_NOTFOUND) {
		print_message("skipped: this was built without debug information\n");
		skip();
	}
	assert_int_equal(rc, PYRO_RC_OK);
	assert_int_equal(pyro_elf_create_from_fd(fd, &whole, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		char *expected = contents(whole, names[i], &sizes[0]);
		const char *part = part_of(&image, names[i], &sizes[1]);

		assert_true(expected && part);
		assert_int_equal(sizes[0], sizes[1]);
		assert_memory_equal(part, expected, sizes[0]);
		free(expected);
	}
	/* Nothing that nobody asks for. */
	assert_null(part_of(&image, ".debug_loclists", &sizes[1]));
	assert_null(part_of(&image, ".text", &sizes[1]));
	pyro_elf_destroy(whole);
	pyro_debug_image_deinit(&image);
	close(fd);
}

static int copy_of_self(char **ret_data, size_t *ret_size)
{
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	*ret_size = (size_t)st.st_size;
	*ret_data = malloc(*ret_size);
	assert_non_null(*ret_data);
	assert_int_equal(pread(fd, *ret_data, *ret_size, 0), st.st_size);
	close(fd);
	return memfd_create("copy", MFD_CLOEXEC);
}

/* Renames the section @from, and says what comes of it. */
static enum pyro_rc renamed(const char *from, size_t room, const char *to)
{
	struct pyro_debug_image image = {NULL, 0};
	size_t size;
	char *data, *at;
	int fd = copy_of_self(&data, &size);
	enum pyro_rc rc = PYRO_RC_GONE;

	at = memmem(data, size, from, room);
	/* The last one: that is in the table of names. */
	for (char *next = at; next;
	     next = memmem(next + 1, size - (size_t)(next + 1 - data), from, room))
		at = next;
	if (at) {
		memset(at, 0, room);
		memcpy(at, to, strlen(to));
		assert_int_equal(write(fd, data, size), (ssize_t)size);
		rc = pyro_debug_image_create(fd, &image);
		pyro_debug_image_deinit(&image);
	}
	free(data);
	close(fd);
	return rc;
}

static void test_what_is_refused(void **state)
{
	struct pyro_debug_image image = {NULL, 0};
	const int fd = memfd_create("nothing", MFD_CLOEXEC);
	enum pyro_rc rc;

	(void)state;
	assert_int_equal(pyro_debug_image_create(fd, &image), PYRO_RC_FORMAT);
	assert_null(image.data);
	close(fd);
	/* Without units, and where some are in a file that the object names. */
	rc = renamed(".debug_info", sizeof(".debug_info"), ".debug_none");
	assert_true(rc == PYRO_RC_NOTFOUND || rc == PYRO_RC_GONE);
	rc = renamed(".note.gnu.property", sizeof(".note.gnu.property"), ".gnu_debugaltlink");
	assert_true(rc == PYRO_RC_NOTFOUND || rc == PYRO_RC_GONE);
	/* Twice is fine. */
	pyro_debug_image_deinit(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_in_it),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
