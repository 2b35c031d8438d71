/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c, layouts.c, offsets.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake.h"

static void test_rows(void **state)
{
	(void)state;
	for (uint32_t minor = 0; minor < 32; minor++) {
		const struct pyro_layout *row = pyro_layout_row(minor);

		assert_true((row != NULL) == (minor >= 8 && minor <= 12));
		assert_true((pyro_offsets_size(minor) != 0) == (minor >= 13 && minor <= 15));
		if (row) {
			assert_int_equal(row->minor, minor);
			assert_true(pyro_layout_is_sound(row));
		}
	}
}

/* Sizes of struct _Py_DebugOffsets up to what is used: counted in the headers, 8 bytes each. */
static void test_table_sizes(void **state)
{
	(void)state;
	assert_int_equal(pyro_offsets_size(13),
			 24 + 8 * (3 + 13 + 9 + 6 + 10 + 2 + 4 + 3 + 3 + 3 + 2 + 3 + 3 + 4 + 2));
	assert_int_equal(pyro_offsets_size(14), 24 + 8 * (3 + 16 + 9 + 8 + 11 + 2 + 4 + 3 + 3 + 4 +
							  3 + 2 + 3 + 3 + 4 + 2 + 4));
	assert_int_equal(pyro_offsets_size(15), 24 + 8 * (3 + 16 + 16 + 1 + 8 + 11 + 2 + 6 + 2 + 3 +
							  3 + 4 + 3 + 2 + 3 + 3 + 5 + 5 + 4));
}

static enum pyro_rc find(struct fake *fake, uint32_t version, bool free_threaded)
{
	struct pyro_layout layout;

	fake->origin.version = version;
	fake->origin.free_threaded = free_threaded;
	return pyro_layout_find(&fake->reader, &fake->origin, &layout, NULL);
}

static void test_versions(void **state)
{
	struct fake *fake = fake_create(14, false);

	(void)state;
	assert_int_equal(find(fake, 0x030812f0, false), PYRO_RC_OK);
	assert_int_equal(find(fake, 0x030c00c1, false), PYRO_RC_OK);
	assert_int_equal(find(fake, 0x030c00f0, true), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x030c00b1, false), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x030700f0, false), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x031000f0, false), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x020700f0, false), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x040800f0, false), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x030e00a1, false), PYRO_RC_UNSUPPORTED);
	assert_int_equal(find(fake, 0x030e00f0, false), PYRO_RC_OK);
	/* The table is of 3.14.0 and says so. */
	assert_int_equal(find(fake, 0x030e01f0, false), PYRO_RC_FORMAT);
	assert_int_equal(find(fake, 0x030f00f0, false), PYRO_RC_FORMAT);
	fake->fail = PYRO_RC_GONE;
	assert_int_equal(find(fake, 0x030e00f0, false), PYRO_RC_GONE);
	fake_destroy(fake);
}

/* Every number of the table in turn is made senseless: an error, or a layout that is sound. */
static void test_hostile_tables(void **state)
{
	static const uint64_t values[] = {UINT64_MAX, UINT64_MAX - 7, 1ull << 63, 1u << 24,
					  UINT32_MAX, 1u << 14,       4096,       0};
	struct fake *fake = fake_create(14, true);
	const uint32_t size = pyro_offsets_size(14);
	uint8_t table[2048];
	size_t refused = 0;

	(void)state;
	for (uint32_t at = 0; at < size; at += 8) {
		for (size_t i = 0; i < PYRO_COUNT(values); i++) {
			struct pyro_layout layout;
			enum pyro_rc rc;

			memcpy(table, fake_at(fake, fake->origin.runtime_addr), size);
			memcpy(table + at, &values[i], 8);
			rc = pyro_offsets_decode(table, size, &fake->origin, &layout, NULL);
			if (rc == PYRO_RC_OK)
				assert_true(pyro_layout_is_sound(&layout));
			else
				assert_int_equal(rc, PYRO_RC_FORMAT);
			refused += rc != PYRO_RC_OK;
		}
	}
	assert_true(refused > 300);
	for (uint32_t cut = 0; cut < size; cut += 8) {
		struct pyro_layout layout;

		assert_int_equal(pyro_offsets_decode(fake_at(fake, fake->origin.runtime_addr), cut,
						     &fake->origin, &layout, NULL),
				 PYRO_RC_FORMAT);
	}
	fake_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_table_sizes),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_hostile_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
