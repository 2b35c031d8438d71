/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/modules.h"

static struct pyro_reader *live;

/* Of our own memory, but with another build-id where @hidden is the right one. */
struct liar {
	struct pyro_reader reader;
	uint8_t hidden[20];
};

static enum pyro_rc lie(struct pyro_reader *reader, const struct pyro_span *spans, size_t count,
			size_t *ret_done)
{
	const struct liar *liar = (const struct liar *)reader;
	const enum pyro_rc rc = pyro_reader_readv(live, spans, count, ret_done);

	for (size_t i = 0; rc == PYRO_RC_OK && i < count; i++) {
		uint8_t *found =
			memmem(spans[i].into, spans[i].size, liar->hidden, sizeof(liar->hidden));

		if (found)
			found[0] ^= 1;
	}
	return rc;
}

static struct pyro_modules *create(struct pyro_reader *reader)
{
	const struct pyro_space space = pyro_space_live((int)getpid(), reader);
	struct pyro_modules *modules = NULL;

	assert_int_equal(pyro_modules_create(&space, pyro_machine_own(), &modules, NULL),
			 PYRO_RC_OK);
	return modules;
}

static uint64_t code_here(void)
{
	return (uint64_t)(uintptr_t)&code_here;
}

static void test_our_own_code(void **state)
{
	struct pyro_modules *modules = create(live);
	const struct pyro_code_range *range = pyro_modules_find(modules, code_here());
	const struct pyro_module *module;
	uint8_t code[16];
	Dl_info info;

	(void)state;
	assert_non_null(range);
	module = pyro_modules_get(modules, range->module);
	assert_int_equal(module->kind, PYRO_MODULE_FILE);
	assert_non_null(module->elf);
	assert_true(module->fd >= 0);
	assert_false(module->changed);
	assert_int_not_equal(dladdr((void *)(uintptr_t)code_here(), &info), 0);
	assert_int_equal(range->bias, (uint64_t)(uintptr_t)info.dli_fbase);
	assert_true(pyro_modules_code(modules, code_here(), false, code, sizeof(code)));
	assert_memory_equal(code, (void *)(uintptr_t)code_here(), sizeof(code));
	assert_true(pyro_modules_code(modules, code_here() + 16, true, code, sizeof(code)));
	assert_memory_equal(code, (void *)(uintptr_t)code_here(), sizeof(code));
	assert_null(pyro_modules_find(modules, 0x1000));
	assert_null(pyro_modules_find(modules, (uint64_t)(uintptr_t)&live)); /* data */
	assert_null(pyro_modules_get(modules, 9999));
	pyro_modules_destroy(modules);
	pyro_modules_destroy(NULL);
}

static void test_the_kernels_code(void **state)
{
	const uint64_t header = getauxval(AT_SYSINFO_EHDR);
	struct pyro_modules *modules = create(live);
	const struct pyro_code_range *range = header ? pyro_modules_find(modules, header) : NULL;
	const struct pyro_module *module;

	(void)state;
	if (!range)
		skip(); /* this kernel gives none */
	module = pyro_modules_get(modules, range->module);
	assert_int_equal(module->kind, PYRO_MODULE_VDSO);
	assert_non_null(module->elf);
	assert_int_equal(range->bias, header);
	pyro_modules_destroy(modules);
}

static void test_a_file_that_was_replaced(void **state)
{
	struct pyro_modules *modules = create(live);
	const struct pyro_code_range *range = pyro_modules_find(modules, code_here());
	const struct pyro_module *module = pyro_modules_get(modules, range->module);
	struct liar liar = {.reader = {.readv = lie}};

	(void)state;
	if (module->build_id_size != sizeof(liar.hidden)) {
		pyro_modules_destroy(modules);
		skip(); /* built without a build-id */
	}
	memcpy(liar.hidden, module->build_id, sizeof(liar.hidden));
	pyro_modules_destroy(modules);
	modules = create(&liar.reader);
	range = pyro_modules_find(modules, code_here());
	module = pyro_modules_get(modules, range->module);
	assert_true(module->changed);
	assert_int_equal(module->fd, -1);
	assert_non_null(module->elf); /* what is loaded of it */
	assert_int_equal(module->build_id[0], liar.hidden[0] ^ 1);
	pyro_modules_destroy(modules);
}

static void copy_file(const char *from, const char *to)
{
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char bytes[65536];
	ssize_t got;

	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)got), got);
	close(in);
	close(out);
}

static void test_what_comes_and_goes(void **state)
{
	struct pyro_modules *modules = create(live);
	const struct pyro_code_range *range;
	const struct pyro_module *module;
	char path[64];
	bool moved = true;
	Dl_info info;
	void *page, *library;
	uint64_t pc;
	uint32_t number;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/pyro-modules-%d.so", (int)getpid());
	assert_int_not_equal(dladdr((void *)(uintptr_t)&_cmocka_run_group_tests, &info), 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	pc = (uint64_t)(uintptr_t)page;
	assert_false(pyro_modules_has(modules, pc));
	assert_int_equal(pyro_modules_refresh(modules, &moved), PYRO_RC_OK);
	assert_false(moved);
	range = pyro_modules_find(modules, pc);
	assert_non_null(range);
	assert_int_equal(range->bias, 0);
	number = range->module;
	assert_int_equal(pyro_modules_get(modules, number)->kind, PYRO_MODULE_JIT);
	munmap(page, 4096);
	assert_int_equal(pyro_modules_refresh(modules, &moved), PYRO_RC_OK);
	assert_true(moved);
	assert_null(pyro_modules_find(modules, pc));
	assert_non_null(pyro_modules_get(modules, number));
	/* A library that is loaded, then deleted. */
	copy_file(info.dli_fname, path);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library) {
		const void *symbol = dlsym(library, "_cmocka_run_group_tests");

		unlink(path);
		assert_int_equal(pyro_modules_refresh(modules, &moved), PYRO_RC_OK);
		range = pyro_modules_find(modules, (uint64_t)(uintptr_t)symbol);
		assert_non_null(range);
		module = pyro_modules_get(modules, range->module);
		assert_non_null(module->elf);
		assert_int_equal(module->kind, PYRO_MODULE_FILE);
		dlclose(library);
	}
	unlink(path);
	pyro_modules_destroy(modules);
}

static void test_code_that_is_no_object(void **state)
{
	const int fd = memfd_create("code", MFD_CLOEXEC);
	struct pyro_modules *modules;
	const struct pyro_code_range *range;
	void *page;

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	modules = create(live);
	range = pyro_modules_find(modules, (uint64_t)(uintptr_t)page);
	assert_non_null(range);
	/* To be seen only by who may open what is mapped. */
	if (geteuid() == 0) {
		assert_int_equal(pyro_modules_get(modules, range->module)->kind, PYRO_MODULE_JIT);
		assert_int_equal(range->bias, 0);
	}
	pyro_modules_destroy(modules);
	munmap(page, 4096);
	close(fd);
}

static int begin(void **state)
{
	(void)state;
	return pyro_live_reader_create((int)getpid(), &live, NULL) != PYRO_RC_OK;
}

static int end(void **state)
{
	(void)state;
	pyro_reader_destroy(live);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_our_own_code),
		cmocka_unit_test(test_the_kernels_code),
		cmocka_unit_test(test_a_file_that_was_replaced),
		cmocka_unit_test(test_what_comes_and_goes),
		cmocka_unit_test(test_code_that_is_no_object),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
