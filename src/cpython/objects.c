/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/objects.h"

#include <stdlib.h>
#include <string.h>

#include "cpython/unicode.h"

#define PAGE          4096u
#define MAX_TYPES     4096
#define MAX_TEXTS     ((size_t)64 << 20) /* bytes of all names */
#define MANY_TEXTS    8192               /* names that are kept from one read to the next */
#define MAX_BASES     32                 /* types that one inherits from in a row */
#define TYPE_NAME     64                 /* bytes of a name that decide what it is */
#define WEAKLIST      184                /* PyTypeObject.tp_weaklistoffset - tp_name, since 3.8 */
#define MAX_PLANNED   900                /* pages read at once: less than half of the window */
#define BASE          232                /* PyTypeObject.tp_base - tp_name, since 3.8 */
#define FLAG_HEAPTYPE (1u << 9)          /* Py_TPFLAGS_HEAPTYPE: Python code may have made it */

/* Names that Python code gives to classes have no dot here, and their types are heap types: what C
 * code made is told from them by the one or the other. */
static const struct {
	const char *name;
	enum pyro_kind kind;
	bool own; /* not when inherited from */
} names[] = {
	{"NoneType", PYRO_KIND_NONE, true},
	{"int", PYRO_KIND_INT, true},
	{"str", PYRO_KIND_STR, false},
	{"list", PYRO_KIND_LIST, false},
	{"set", PYRO_KIND_SET, false},
	{"weakref", PYRO_KIND_REF, false},
	{"weakref.ReferenceType", PYRO_KIND_REF, false},
	{"generator", PYRO_KIND_GENERATOR, true},
	{"coroutine", PYRO_KIND_GENERATOR, true},
	{"async_generator", PYRO_KIND_GENERATOR, true},
	{"coroutine_wrapper", PYRO_KIND_WRAPPER, true},
	{"async_generator_asend", PYRO_KIND_WRAPPER, true},
	{"async_generator_athrow", PYRO_KIND_WRAPPER, true},
	{"anext_awaitable", PYRO_KIND_WRAPPER, true},
	{"_asyncio.FutureIter", PYRO_KIND_FUTURE_ITER, true},
	{"_asyncio.Task", PYRO_KIND_TASK, false},
	{"_asyncio.Future", PYRO_KIND_FUTURE, false},
	{"frame", PYRO_KIND_FRAME, true},
	{"greenlet.greenlet", PYRO_KIND_GREENLET, false},
};

enum pyro_rc pyro_objects_init(struct pyro_objects *objects, struct pyro_reader *reader,
			       const struct pyro_layout *layout)
{
	memset(objects, 0, sizeof(*objects));
	objects->layout = layout;
	objects->head = layout->mod_dict; /* the first member of a module */
	pyro_map_init(&objects->type_index, MAX_TYPES);
	pyro_intern_init(&objects->texts, MAX_TEXTS);
	return pyro_window_init(&objects->window, reader);
}

void pyro_objects_deinit(struct pyro_objects *objects)
{
	pyro_window_deinit(&objects->window);
	pyro_map_deinit(&objects->type_index);
	pyro_intern_deinit(&objects->texts);
	free(objects->types);
	objects->types = NULL;
}

void pyro_objects_forget(struct pyro_objects *objects)
{
	pyro_window_reset(&objects->window);
}

void pyro_objects_renew(struct pyro_objects *objects)
{
	if (objects->texts.count <= MANY_TEXTS && objects->type_count <= MAX_TYPES / 2)
		return;
	pyro_map_clear(&objects->type_index);
	objects->type_count = 0;
	pyro_intern_deinit(&objects->texts);
	pyro_intern_init(&objects->texts, MAX_TEXTS);
}

void pyro_objects_plan(struct pyro_objects *objects, uint64_t addr, size_t size)
{
	const struct pyro_window *window = &objects->window;
	const uint64_t page = addr & ~(uint64_t)(PAGE - 1);

	if (window->count - window->fetched >= MAX_PLANNED ||
	    window->count >= PYRO_WINDOW_SPANS / 2)
		return; /* read when it is wanted */
	pyro_window_plan(&objects->window, page, PAGE);
	if (addr % PAGE > PAGE - size)
		pyro_window_plan(&objects->window, page + PAGE, PAGE);
}

enum pyro_rc pyro_objects_fetch(struct pyro_objects *objects)
{
	return pyro_window_fetch(&objects->window);
}

/* Of what is full, all is forgotten: it is read again where it is wanted again. What was planned
 * and did not fit would be missing for ever, so there must be more room than one plan takes. */
static void make_room(struct pyro_objects *objects, size_t size)
{
	struct pyro_window *window = &objects->window;

	if (window->count >= PYRO_WINDOW_SPANS / 2 ||
	    window->large_count == PYRO_COUNT(window->large) ||
	    window->used > PYRO_WINDOW_BYTES / 2 - size)
		pyro_window_reset(window);
}

enum pyro_rc pyro_objects_get(struct pyro_objects *objects, uint64_t addr, size_t size,
			      struct pyro_bytes *ret_bytes)
{
	struct pyro_window *window = &objects->window;
	enum pyro_rc rc;

	*ret_bytes = pyro_window_find(window, addr, size);
	if (ret_bytes->data)
		return PYRO_RC_OK;
	make_room(objects, size + 4 * PAGE);
	if (size > PAGE) {
		pyro_window_plan_region(window, addr, size);
		rc = pyro_window_fetch(window);
		if (rc != PYRO_RC_OK)
			return rc;
		*ret_bytes = pyro_window_find(window, addr, size);
		return ret_bytes->data ? PYRO_RC_OK : PYRO_RC_FAULT;
	}
	if (addr % PAGE <= PAGE - size)
		pyro_window_plan(window, addr & ~(uint64_t)(PAGE - 1), PAGE);
	return pyro_window_get(window, addr, size, ret_bytes);
}

enum pyro_rc pyro_objects_u64(struct pyro_objects *objects, uint64_t addr, uint64_t *ret_value)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_objects_get(objects, addr, 8, &bytes);

	*ret_value = pyro_bytes_u64(bytes, 0);
	return rc;
}

/* Bytes of text at @addr up to a NUL, of which not all need be there. */
static enum pyro_rc read_text(struct pyro_objects *objects, uint64_t addr, char text[TYPE_NAME])
{
	const size_t rest = PAGE - addr % PAGE;
	struct pyro_bytes bytes;
	size_t size = rest < TYPE_NAME - 1 ? rest : TYPE_NAME - 1;
	enum pyro_rc rc = pyro_objects_get(objects, addr, size, &bytes);

	if (rc != PYRO_RC_OK)
		return rc;
	memset(text, 0, TYPE_NAME);
	memcpy(text, bytes.data, size);
	if (size == rest && memchr(text, 0, size) == NULL) {
		rc = pyro_objects_get(objects, addr + size, TYPE_NAME - 1 - size, &bytes);
		if (rc == PYRO_RC_OK)
			memcpy(text + size, bytes.data, TYPE_NAME - 1 - size);
		else if (rc != PYRO_RC_FAULT)
			return rc;
	}
	return PYRO_RC_OK;
}

static enum pyro_kind kind_of(const char *name, uint64_t flags, bool inherited)
{
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		if (strcmp(name, names[i].name) == 0 && !(names[i].own && inherited) &&
		    (!(flags & FLAG_HEAPTYPE) || strchr(name, '.')))
			return names[i].kind;
	}
	return PYRO_KIND_OTHER;
}

/* One type of a row of bases. */
static enum pyro_rc read_type(struct pyro_objects *objects, uint64_t addr, struct pyro_type *type,
			      char name[TYPE_NAME], uint64_t *ret_base)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_bytes bytes;
	uint64_t text;
	enum pyro_rc rc = pyro_objects_get(objects, addr, l->ty_name + BASE + 8, &bytes);

	if (rc != PYRO_RC_OK)
		return rc;
	text = pyro_bytes_u64(bytes, l->ty_name);
	type->base = addr;
	type->flags = pyro_bytes_u64(bytes, l->ty_flags);
	type->basicsize = pyro_bytes_u64(bytes, l->ty_basicsize);
	type->weaklistoffset = pyro_bytes_u64(bytes, l->ty_name + WEAKLIST);
	*ret_base = pyro_bytes_u64(bytes, l->ty_name + BASE);
	return read_text(objects, text, name);
}

static enum pyro_rc make_type(struct pyro_objects *objects, uint64_t addr,
			      struct pyro_type *ret_type)
{
	char name[TYPE_NAME], first[TYPE_NAME];
	struct pyro_type base;
	uint64_t next;
	enum pyro_rc rc = read_type(objects, addr, ret_type, first, &next);

	if (rc != PYRO_RC_OK)
		return rc;
	base = *ret_type;
	ret_type->kind = kind_of(first, base.flags, false);
	for (int i = 0; i < MAX_BASES && ret_type->kind == PYRO_KIND_OTHER && next != 0; i++) {
		const uint64_t own = ret_type->flags;

		rc = read_type(objects, next, &base, name, &next);
		if (rc != PYRO_RC_OK)
			return rc;
		base.kind = kind_of(name, base.flags, true);
		base.flags = own;
		*ret_type = base;
	}
	if (ret_type->kind == PYRO_KIND_FUTURE && strcmp(first, "_GatheringFuture") == 0)
		ret_type->kind = PYRO_KIND_GATHER;
	return pyro_intern_add(&objects->texts, first, strlen(first), &ret_type->name);
}

enum pyro_rc pyro_objects_type(struct pyro_objects *objects, uint64_t addr,
			       const struct pyro_type **ret_type)
{
	struct pyro_type type = {0};
	uint64_t type_addr, at;
	enum pyro_rc rc = pyro_objects_u64(objects, addr + objects->layout->ob_type, &type_addr);

	if (rc != PYRO_RC_OK)
		return rc;
	if (pyro_map_get(&objects->type_index, type_addr, &at)) {
		*ret_type = &objects->types[at];
		return PYRO_RC_OK;
	}
	rc = make_type(objects, type_addr, &type);
	if (rc != PYRO_RC_OK)
		return rc;
	if (objects->type_count == objects->type_capacity) {
		const size_t capacity = objects->type_capacity ? objects->type_capacity * 2 : 64;
		struct pyro_type *types = realloc(objects->types, capacity * sizeof(*types));

		if (!types)
			return PYRO_RC_NOMEM;
		objects->types = types;
		objects->type_capacity = capacity;
	}
	rc = pyro_map_put(&objects->type_index, type_addr, objects->type_count);
	if (rc != PYRO_RC_OK)
		return rc;
	objects->types[objects->type_count] = type;
	*ret_type = &objects->types[objects->type_count++];
	return PYRO_RC_OK;
}

enum pyro_kind pyro_objects_kind(struct pyro_objects *objects, uint64_t addr)
{
	const struct pyro_type *type;

	return addr != 0 && pyro_objects_type(objects, addr, &type) == PYRO_RC_OK ? type->kind
										  : PYRO_KIND_OTHER;
}

enum pyro_rc pyro_objects_str(struct pyro_objects *objects, uint64_t addr, uint32_t *ret_text)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_window *window = &objects->window;
	struct pyro_buf buf;
	struct pyro_string string;
	struct pyro_bytes bytes;
	enum pyro_rc rc;

	if (pyro_objects_kind(objects, addr) != PYRO_KIND_STR)
		return PYRO_RC_FAULT;
	make_room(objects, 8 * PYRO_MAX_NAME);
	rc = pyro_objects_get(objects, addr, l->str_compact + 8, &bytes);
	if (rc == PYRO_RC_FAULT) /* a short one at the end of a page */
		rc = pyro_objects_get(objects, addr, l->str_ascii + 1, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	if (!pyro_string_head(window, l, addr, PYRO_MAX_NAME, &string))
		return PYRO_RC_FAULT;
	pyro_string_plan_text(window, &string);
	rc = pyro_window_fetch(window);
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_buf_init(&buf, 4 * PYRO_MAX_NAME + 4);
	rc = pyro_string_utf8(window, &string, PYRO_MAX_NAME, &buf) ? PYRO_RC_OK : PYRO_RC_FAULT;
	if (rc == PYRO_RC_OK)
		rc = pyro_intern_add(&objects->texts, buf.data ? buf.data : "", buf.size, ret_text);
	pyro_buf_deinit(&buf);
	return rc;
}

/* Copies @size bytes of entries at @addr, as what was got does not last. */
static enum pyro_rc copy(struct pyro_objects *objects, uint64_t addr, size_t size, uint64_t **ret)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_objects_get(objects, addr, size, &bytes);

	if (rc != PYRO_RC_OK)
		return rc;
	*ret = malloc(size);
	if (!*ret)
		return PYRO_RC_NOMEM;
	memcpy(*ret, bytes.data, size);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_objects_members(struct pyro_objects *objects, uint64_t addr, size_t limit,
				  enum pyro_rc (*each)(void *context, uint64_t member),
				  void *context)
{
	/* PySetObject: fill, used, mask, table of key and hash. PyListObject: size, items. */
	const enum pyro_kind kind = pyro_objects_kind(objects, addr);
	const bool set = kind == PYRO_KIND_SET;
	const size_t step = set ? 2 : 1;
	uint64_t *entries PYRO_AUTO_FREE = NULL;
	struct pyro_bytes bytes;
	uint64_t count, table;
	enum pyro_rc rc;

	if (!set && kind != PYRO_KIND_LIST)
		return PYRO_RC_FAULT;
	rc = pyro_objects_get(objects, addr + objects->head, 32, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	count = pyro_bytes_u64(bytes, set ? 16 : 0);
	table = pyro_bytes_u64(bytes, set ? 24 : 8);
	if (set && count == UINT64_MAX)
		return PYRO_RC_FAULT;
	count += set;
	if (count == 0)
		return PYRO_RC_OK;
	if (count > PYRO_WINDOW_BYTES / 4 / (step * 8))
		return PYRO_RC_FAULT;
	rc = copy(objects, table, count * step * 8, &entries);
	for (uint64_t i = 0; rc == PYRO_RC_OK && i < count && limit > 0; i++) {
		if (entries[i * step] == 0)
			continue;
		rc = each(context, entries[i * step]);
		limit--;
	}
	return rc;
}

const char *pyro_objects_text(const struct pyro_objects *objects, uint32_t text)
{
	const char *found = pyro_intern_get(&objects->texts, text, NULL);

	return found ? found : "";
}
