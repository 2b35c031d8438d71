/* SPDX-License-Identifier: Apache-2.0 */
#include "objects.h"

#include <stdio.h>
#include <stdlib.h>

#define FLAGS 0x1000u /* ready */

static uint32_t head(const struct objects *objects)
{
	return objects->fake->layout.ob_type + 8;
}

static void set_header(struct objects *objects, uint64_t object, uint64_t type)
{
	fake_put(objects->fake, object, 1, 4); /* references */
	fake_put(objects->fake, object + objects->fake->layout.ob_type, type, 8);
}

uint64_t objects_type(struct objects *objects, const char *name, uint64_t flags, uint64_t base)
{
	struct fake *fake = objects->fake;
	const struct pyro_layout *l = &fake->layout;
	const uint64_t type = fake_alloc(fake, 1024), text = fake_alloc(fake, strlen(name) + 64);

	memcpy(fake_at(fake, text), name, strlen(name) + 1);
	set_header(objects, type, objects->type ? objects->type : type);
	fake_put(fake, type + l->ty_name, text, 8);
	fake_put(fake, type + l->ty_flags, FLAGS | flags, 8);
	fake_put(fake, type + l->ty_base, base, 8);
	return type;
}

uint64_t objects_new(struct objects *objects, uint64_t type, size_t size)
{
	/* What lies behind an object is read with it. */
	const uint64_t object = fake_alloc(objects->fake, head(objects) + size + 64);

	set_header(objects, object, type);
	return object;
}

void objects_put(struct objects *objects, uint64_t object, size_t offset, uint64_t value)
{
	fake_put(objects->fake, object + head(objects) + offset, value, 8);
}

uint64_t objects_int(struct objects *objects, int64_t value)
{
	const uint64_t object = objects_new(objects, objects->type_int, 32);
	const struct pyro_layout *l = &objects->fake->layout;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, count = 0;

	for (; rest; rest >>= 30)
		fake_put(objects->fake, object + l->long_digits + 4 * count++, rest & 0x3fffffff,
			 4);
	if (l->minor >= 12)
		count = count << 3 | (value < 0 ? 2u : value == 0);
	else if (value < 0)
		count = 0 - count;
	fake_put(objects->fake, object + l->long_digits - 8, count, 8);
	return object;
}

uint64_t objects_str(struct objects *objects, const char *text)
{
	const uint64_t object = fake_ascii(objects->fake, text);

	fake_alloc(objects->fake, 64);
	set_header(objects, object, objects->type_str);
	return object;
}

uint64_t objects_list(struct objects *objects, const uint64_t *items, size_t count)
{
	const uint64_t object = objects_new(objects, objects->type_list, 32);
	const uint64_t array = fake_alloc(objects->fake, count * 8 + 8);

	memcpy(fake_at(objects->fake, array), items, count * 8);
	objects_put(objects, object, 0, count);
	fake_put(objects->fake, object + objects->fake->layout.list_items, array, 8);
	return object;
}

uint64_t objects_tuple(struct objects *objects, const uint64_t *items, size_t count)
{
	const uint64_t object = objects_new(objects, objects->type_tuple, 32 + count * 8);
	const uint64_t array = object + objects->fake->layout.tuple_items;

	memcpy(fake_at(objects->fake, array), items, count * 8);
	objects_put(objects, object, 0, count);
	return object;
}

uint64_t objects_keys(struct objects *objects, uint64_t dict)
{
	uint64_t keys;

	memcpy(&keys, fake_at(objects->fake, dict + objects->fake->layout.di_keys), 8);
	return keys;
}

uint64_t objects_dict(struct objects *objects, const uint64_t *items, size_t count)
{
	struct fake *fake = objects->fake;
	const bool old = fake->layout.minor <= 10;
	const uint64_t object = objects_new(objects, objects->type_dict, 64);
	const uint64_t keys = fake_alloc(fake, 64 + count * 24);
	const uint64_t entries = keys + (old ? 40 : 32) + 8;

	fake_put(fake, keys + 8, old ? 8 : 3 | 3 << 8, 8); /* eight indices of a byte */
	fake_put(fake, keys + (old ? 32 : 24), count, 8);
	for (size_t i = 0; i < count; i++) {
		fake_put(fake, entries + i * 24 + 8, items[2 * i], 8);
		fake_put(fake, entries + i * 24 + 16, items[2 * i + 1], 8);
	}
	fake_put(fake, object + fake->layout.di_used, count, 8);
	fake_put(fake, object + fake->layout.di_keys, keys, 8);
	return object;
}

const char *objects_text(struct objects *objects, uint64_t object)
{
	pyro_buf_reset(&objects->text);
	if (pyro_values_object(objects->values, object, &objects->text) != PYRO_RC_OK)
		return "(failed)";
	return objects->text.data;
}

void objects_create(struct objects *objects, uint32_t minor, bool free_threaded)
{
	const uint64_t subclass_of = 1u << 24; /* of int; list, tuple, bytes, str, dict follow */

	*objects = (struct objects){.fake = fake_create(minor, free_threaded)};
	fake_thread(objects->fake, 0x1000, 11, 0);
	if (pyro_python_create(&objects->fake->reader, &objects->fake->origin, &objects->python,
			       NULL) != PYRO_RC_OK ||
	    pyro_values_create(objects->python, &objects->values) != PYRO_RC_OK) {
		fprintf(stderr, "no decoder of 3.%u\n", minor);
		exit(1);
	}
	pyro_buf_init(&objects->text, 1 << 20);
	objects->type = objects_type(objects, "type", 1u << 31, 0);
	objects->type_int = objects_type(objects, "int", subclass_of, 0);
	objects->type_list = objects_type(objects, "list", subclass_of << 1, 0);
	objects->type_tuple = objects_type(objects, "tuple", subclass_of << 2, 0);
	objects->type_str = objects_type(objects, "str", subclass_of << 4, 0);
	objects->type_dict = objects_type(objects, "dict", subclass_of << 5, 0);
	objects->type_cell = objects_type(objects, "cell", 0, 0);
}

void objects_destroy(struct objects *objects)
{
	pyro_buf_deinit(&objects->text);
	pyro_values_destroy(objects->values);
	pyro_python_destroy(objects->python);
	fake_destroy(objects->fake);
}
