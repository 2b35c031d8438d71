/* SPDX-License-Identifier: Apache-2.0 */
/* Values of every kind in synthesised memory, and memory that lies about them: values.c,
 * value_types.c, value_kinds.c and those that write. What real interpreters have is compared with
 * their own repr in tests/cpython/test_locals.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "objects.h"

#define UNREADABLE "<unreadable>"
#define MAX_READS  (PYRO_MAX_VALUE_READS + 512)
#define MAX_TEXT   (PYRO_MAX_VALUE_TEXT + 8192)

static struct objects o;

static void with_each(void (*test)(void))
{
	static const struct {
		uint32_t minor;
		bool free_threaded;
	} builds[] = {{8, 0}, {9, 0}, {10, 0}, {11, 0}, {12, 0}, {14, 0}, {14, 1}};

	for (size_t i = 0; i < PYRO_COUNT(builds); i++) {
		objects_create(&o, builds[i].minor, builds[i].free_threaded);
		test();
		objects_destroy(&o);
	}
}

#define shows(object, expected) assert_string_equal(objects_text(&o, object), expected)

static void numbers(void)
{
	static const int64_t values[] = {0, 1, -1, 1 << 29, -(1 << 30), INT64_MAX, INT64_MIN + 1};
	const uint64_t type_bool = objects_type(&o, "bool", 1u << 24, o.type_int);
	const uint64_t type_float = objects_type(&o, "float", 0, 0);
	const uint64_t derived = objects_type(&o, "my.Number", 0, o.type_int);
	const double number = 1e16, thin = -0.0001;
	uint64_t object, bits;
	char text[32];

	for (size_t i = 0; i < PYRO_COUNT(values); i++) {
		snprintf(text, sizeof(text), "%lld", (long long)values[i]);
		shows(objects_int(&o, values[i]), text);
	}
	object = objects_int(&o, 1);
	fake_put(o.fake, object + o.fake->layout.ob_type, type_bool, 8);
	shows(object, "True");
	object = objects_int(&o, 12);
	fake_put(o.fake, object + o.fake->layout.ob_type, derived, 8);
	shows(object, "Number(12)");
	object = objects_new(&o, type_float, 8);
	memcpy(&bits, &number, 8);
	objects_put(&o, object, 0, bits);
	shows(object, "1e+16");
	memcpy(&bits, &thin, 8);
	objects_put(&o, object, 0, bits);
	shows(object, "-0.0001");
}

static void hostile_numbers(void)
{
	const struct pyro_layout *l = &o.fake->layout;
	const uint64_t counts[] = {1ull << 60, 1ull << 45, 100000, UINT64_MAX >> 3};
	uint64_t object;

	for (size_t i = 0; i < PYRO_COUNT(counts); i++) {
		object = objects_int(&o, 5);
		fake_put(o.fake, object + l->long_digits - 8,
			 l->minor >= 12 ? counts[i] << 3 : counts[i], 8);
		shows(object, UNREADABLE);
	}
	object = objects_int(&o, 5);
	fake_put(o.fake, object + l->long_digits, UINT32_MAX, 4); /* digits have 30 bits */
	shows(object, UNREADABLE);
}

static void containers(void)
{
	const uint64_t one = objects_int(&o, 1), two = objects_str(&o, "it's");
	uint64_t items[40], list, dict, deep;
	char many[200];
	size_t used = 0;

	items[0] = one;
	items[1] = two;
	shows(objects_list(&o, items, 2), "[1, \"it's\"]");
	shows(objects_list(&o, items, 0), "[]");
	shows(objects_tuple(&o, items, 1), "(1,)");
	shows(objects_tuple(&o, items, 2), "(1, \"it's\")");
	shows(objects_dict(&o, items, 1), "{1: \"it's\"}");
	shows(objects_dict(&o, items, 0), "{}");
	/* Inside of itself. */
	items[1] = one;
	list = objects_list(&o, items, 2);
	items[1] = list;
	dict = objects_dict(&o, items, 1);
	objects_put(&o, list, 0, 1);
	shows(dict, "{1: [1]}");
	fake_put(o.fake, objects_keys(&o, dict) + (o.fake->layout.minor <= 10 ? 48 : 40) + 16, dict,
		 8);
	shows(dict, "{1: {...}}");
	/* Too deep, too long. */
	deep = objects_list(&o, items, 1);
	for (int i = 0; i < 6; i++)
		deep = objects_list(&o, &deep, 1);
	shows(deep, "[[[[[... 1 more]]]]]");
	for (size_t i = 0; i < PYRO_COUNT(items); i++) {
		items[i] = one;
		if (i < PYRO_MAX_VALUE_ITEMS)
			used += (size_t)snprintf(many + used, sizeof(many) - used, "%s1, ",
						 i ? "" : "[");
	}
	snprintf(many + used, sizeof(many) - used, "... 24 more]");
	shows(objects_list(&o, items, PYRO_COUNT(items)), many);
}

static void hostile_containers(void)
{
	const struct pyro_layout *l = &o.fake->layout;
	const uint64_t one = objects_int(&o, 1);
	const uint64_t pair[] = {one, one};
	uint64_t object, keys;

	/* Sizes that are no sizes, items that are not there. */
	object = objects_list(&o, pair, 2);
	objects_put(&o, object, 0, UINT64_MAX);
	shows(object, UNREADABLE);
	objects_put(&o, object, 0, 1ull << 39);
	fake_put(o.fake, object + l->list_items, FAKE_BASE + FAKE_SIZE - 16, 8);
	shows(object, UNREADABLE);
	fake_put(o.fake, object + l->list_items, 0, 8);
	shows(object, UNREADABLE);
	object = objects_tuple(&o, pair, 2);
	objects_put(&o, object, 0, 1ull << 41);
	shows(object, UNREADABLE);
	/* An item that is no object, and one that was freed. */
	object = objects_list(&o, (uint64_t[]){one, 0xdeadbeef0}, 2);
	shows(object, "[1, " UNREADABLE "]");
	object = objects_list(&o, (uint64_t[]){0, 1, UINT64_MAX, 4096}, 4);
	shows(object, "[" UNREADABLE ", " UNREADABLE ", " UNREADABLE ", " UNREADABLE "]");
	/* More than there is, in a dict. */
	object = objects_dict(&o, pair, 1);
	fake_put(o.fake, object + l->di_used, 1000, 8);
	shows(object, "{1: 1, ... 999 more}");
	fake_put(o.fake, object + l->di_used, UINT64_MAX, 8);
	shows(object, UNREADABLE);
	/* Indices or entries beyond all measure. */
	object = objects_dict(&o, pair, 1);
	keys = objects_keys(&o, object);
	fake_put(o.fake, keys + 8, l->minor <= 10 ? 1ull << 60 : 3 | 255 << 8, 8);
	shows(object, UNREADABLE);
	object = objects_dict(&o, pair, 1);
	fake_put(o.fake, objects_keys(&o, object) + (l->minor <= 10 ? 32 : 24), 1ull << 62, 8);
	shows(object, UNREADABLE);
	/* Values of their own that are not there. */
	object = objects_dict(&o, pair, 1);
	fake_put(o.fake, object + l->di_values, 0xdead0000, 8);
	shows(object, UNREADABLE);
}

static void sets_and_queues(void)
{
	const struct pyro_layout *l = &o.fake->layout;
	const uint64_t set = objects_new(&o, objects_type(&o, "set", 0, 0), 64);
	const uint64_t queue = objects_new(&o, objects_type(&o, "collections.deque", 0, 0), 64);
	const uint64_t table = fake_alloc(o.fake, 8 * 16), block = fake_alloc(o.fake, 66 * 8);
	const uint64_t one = objects_int(&o, 1), two = objects_int(&o, 2);

	fake_put(o.fake, set + l->set_mask, 7, 8);
	fake_put(o.fake, set + l->set_table, table, 8);
	shows(set, "set()");
	fake_put(o.fake, set + l->set_used, 2, 8);
	fake_put(o.fake, table + 16, one, 8);
	fake_put(o.fake, table + 24, 1, 8);
	fake_put(o.fake, table + 32, one, 8); /* deleted: a dummy with the hash -1 */
	fake_put(o.fake, table + 40, UINT64_MAX, 8);
	fake_put(o.fake, table + 48, two, 8);
	fake_put(o.fake, table + 56, 2, 8);
	shows(set, "{1, 2}");
	fake_put(o.fake, set + l->set_used, 5, 8);
	shows(set, "{1, 2, ... 3 more}");
	fake_put(o.fake, set + l->set_used, 9, 8);
	shows(set, UNREADABLE);
	fake_put(o.fake, set + l->set_mask, UINT64_MAX - 1, 8);
	shows(set, UNREADABLE);
	/* Its last item is in the last place of a block that is followed by itself. */
	objects_put(&o, queue, 0, 3);
	objects_put(&o, queue, 8, block);
	objects_put(&o, queue, 24, 63);
	objects_put(&o, queue, 48, UINT64_MAX);
	fake_put(o.fake, block + 8 + 63 * 8, one, 8);
	fake_put(o.fake, block + 8, two, 8);
	fake_put(o.fake, block + 16, one, 8);
	fake_put(o.fake, block + 65 * 8, block, 8);
	shows(queue, "deque([1, 2, 1])");
	objects_put(&o, queue, 48, 7);
	shows(queue, "deque([1, 2, 1], maxlen=7)");
	objects_put(&o, queue, 24, 64);
	shows(queue, UNREADABLE);
}

static void hostile_strings(void)
{
	const struct pyro_layout *l = &o.fake->layout;
	const uint64_t text = objects_str(&o, "abc");

	shows(text, "'abc'");
	shows(objects_str(&o, "\n\x1b\\'"), "\"\\n\\x1b\\\\'\"");
	fake_put(o.fake, text + l->str_length, 1ull << 40, 8);
	shows(text, UNREADABLE);
	fake_put(o.fake, text + l->str_length, UINT64_MAX, 8);
	shows(text, UNREADABLE);
	/* Not ASCII where it says so. */
	fake_put(o.fake, text + l->str_length, 3, 8);
	fake_put(o.fake, text + l->str_ascii, 0xff, 1);
	shows(text, UNREADABLE);
	/* A length that goes on into nothing. */
	o.fake->used = FAKE_SIZE - 4096;
	const uint64_t last = objects_str(&o, "z");

	o.fake->used = FAKE_SIZE - 4096 - 128;
	fake_put(o.fake, last + l->str_length, 5000, 8);
	assert_non_null(strstr(objects_text(&o, last), "... 4800 more"));
}

static void hostile_types(void)
{
	const struct pyro_layout *l = &o.fake->layout;
	const uint64_t none = objects_type(&o, "thing", 0, 0);
	const uint64_t object = objects_new(&o, none, 16);
	uint64_t first, second, name;
	char expected[64];

	snprintf(expected, sizeof(expected), "<thing at %#llx>", (unsigned long long)object);
	shows(object, expected);
	/* Derived from each other. */
	first = objects_type(&o, "first", 0, 0);
	second = objects_type(&o, "second", 0, first);
	fake_put(o.fake, first + l->ty_base, second, 8);
	assert_non_null(strstr(objects_text(&o, objects_new(&o, second, 16)), "second at"));
	/* Its type is no type, has no name, or none that is text, or is not ready. */
	first = objects_type(&o, "x", 0, 0);
	fake_put(o.fake, first + l->ob_type, none, 8);
	shows(objects_new(&o, first, 16), UNREADABLE);
	first = objects_type(&o, "", 0, 0);
	shows(objects_new(&o, first, 16), UNREADABLE);
	first = objects_type(&o, "a\nb", 0, 0);
	shows(objects_new(&o, first, 16), UNREADABLE);
	first = objects_type(&o, "\xff\xfe", 0, 0);
	shows(objects_new(&o, first, 16), UNREADABLE);
	first = objects_type(&o, "x", 0, 0);
	name = fake_alloc(o.fake, 2048);
	memset(fake_at(o.fake, name), 'n', 2048);
	fake_put(o.fake, first + l->ty_name, name, 8);
	shows(objects_new(&o, first, 16), UNREADABLE);
	first = objects_type(&o, "x", 0, 0);
	fake_put(o.fake, first + l->ty_flags, 0, 8);
	shows(objects_new(&o, first, 16), UNREADABLE);
	/* The allocator's list lies where the references were counted. */
	if (!l->free_threaded) {
		fake_put(o.fake, object, FAKE_BASE + 64, 8);
		shows(object, UNREADABLE);
		fake_put(o.fake, object, 0, 8);
		shows(object, UNREADABLE);
	}
}

/* A class that a program made: its parts are apart, and so are its objects' attributes. */
static void instances(void)
{
	struct fake *fake = o.fake;
	const struct pyro_layout *l = &fake->layout;
	const uint64_t module[] = {objects_str(&o, "__module__"), objects_str(&o, "shop")};
	const uint64_t type = objects_type(&o, "Item", 1u << 9, 0);
	const uint64_t object = objects_new(&o, type, 64);
	const uint64_t members = fake_alloc(fake, 40 * 4), dict_at = l->ob_type + 8 + 24;
	uint64_t pair[] = {objects_str(&o, "price"), objects_int(&o, 9)}, self[2];
	char expected[128];

	fake_put(fake, type + l->ty_qualname, objects_str(&o, "main.<locals>.Item"), 8);
	fake_put(fake, type + l->ty_dict, objects_dict(&o, module, 1), 8);
	fake_put(fake, type + l->ty_members, members, 8);
	fake_put(fake, members, fake_alloc(fake, 128), 8);
	memcpy(fake_at(fake, fake->used + FAKE_BASE - 128), "slot", 5);
	fake_put(fake, members + 8, 16, 4);
	fake_put(fake, members + 16, l->ob_type + 8, 8);
	objects_put(&o, object, 0, objects_int(&o, 3));
	fake_put(fake, type + l->ty_dictoffset, dict_at, 8);
	fake_put(fake, object + dict_at, objects_dict(&o, pair, 1), 8);
	snprintf(expected, sizeof(expected), "<shop.main.<locals>.Item at %#llx slot=3, price=9>",
		 (unsigned long long)object);
	shows(object, expected);
	/* It knows itself. */
	self[0] = pair[0];
	self[1] = object;
	fake_put(fake, object + dict_at, objects_dict(&o, self, 1), 8);
	snprintf(expected, sizeof(expected),
		 "<shop.main.<locals>.Item at %#llx slot=3, price=<shop.main.<locals>.Item at "
		 "%#llx>>",
		 (unsigned long long)object, (unsigned long long)object);
	shows(object, expected);
	/* Nonsense where attributes should be. */
	fake_put(fake, members + 16, UINT64_MAX, 8);
	fake_put(fake, object + dict_at, 0xdead0000, 8);
	snprintf(expected, sizeof(expected), "<shop.main.<locals>.Item at %#llx>",
		 (unsigned long long)object);
	shows(object, expected);
}

/* Whatever there is, a value costs so many reads and so many bytes at most. */
static void bounds(void)
{
	uint64_t items[PYRO_MAX_VALUE_ITEMS], all[4], reads;
	const uint64_t factory = objects_type(&o, "collections.defaultdict", 1u << 29, 0);
	const uint64_t span = objects_new(&o, objects_type(&o, "range", 0, 0), 64);
	const uint64_t cut = objects_new(&o, objects_type(&o, "slice", 0, 0), 64);
	uint64_t object, long_text;
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	long_text = objects_str(&o, text);
	for (size_t i = 0; i < PYRO_COUNT(items); i++)
		items[i] = long_text;
	object = objects_list(&o, items, PYRO_COUNT(items));
	for (int depth = 0; depth < 3; depth++) {
		for (size_t i = 0; i < PYRO_COUNT(items); i++)
			items[i] = object;
		object = objects_list(&o, items, PYRO_COUNT(items));
	}
	all[0] = object;
	/* Things inside of themselves that are no containers. */
	objects_put(&o, span, 0, span);
	objects_put(&o, span, 8, span);
	objects_put(&o, span, 16, span);
	all[1] = span;
	objects_put(&o, cut, 0, cut);
	objects_put(&o, cut, 8, cut);
	objects_put(&o, cut, 16, cut);
	all[2] = cut;
	all[3] = objects_new(&o, factory, 64);
	fake_put(o.fake, all[3] + o.fake->layout.di_values + 8, all[3], 8);
	for (size_t i = 0; i < PYRO_COUNT(all); i++) {
		reads = o.fake->reads;
		assert_true(strlen(objects_text(&o, all[i])) <= MAX_TEXT);
		assert_true(o.fake->reads - reads <= MAX_READS);
	}
}

static void test_numbers(void **state)
{
	(void)state;
	with_each(numbers);
	with_each(hostile_numbers);
}

static void test_containers(void **state)
{
	(void)state;
	with_each(containers);
	with_each(hostile_containers);
	with_each(sets_and_queues);
}

static void test_strings(void **state)
{
	(void)state;
	with_each(hostile_strings);
}

static void test_types(void **state)
{
	(void)state;
	with_each(hostile_types);
	with_each(instances);
}

static void test_bounds(void **state)
{
	(void)state;
	with_each(bounds);
}

/* The process ends: that is said, not "<unreadable>" without end. */
static void test_gone(void **state)
{
	(void)state;
	objects_create(&o, 14, false);
	const uint64_t one = objects_int(&o, 1);

	o.fake->fail = PYRO_RC_GONE;
	assert_int_equal(pyro_values_object(o.values, one, &o.text), PYRO_RC_GONE);
	objects_destroy(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_containers),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_types),
		cmocka_unit_test(test_bounds),  cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
