/* SPDX-License-Identifier: Apache-2.0 */
#include "record/natives.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "profile/glue.h"
#include "target/reader.h"
#include "unwind/symbols.h"

struct pyro_natives {
	struct pyro_profile *profile;
	struct pyro_modules *modules;
	struct pyro_modules *own; /* the same, or NULL: they are another's */
	struct pyro_reader *reader;
	struct pyro_symbols *symbols;
	uint32_t *frames; /* of all numbers, one after the other */
	size_t frame_count;
	size_t frame_capacity;
	size_t *ends; /* of each number in `frames` */
	size_t count;
	size_t capacity;
};

/* Takes @reader and @own; of both @modules is what is looked at. */
static enum pyro_rc create(struct pyro_modules *modules, struct pyro_modules *own,
			   struct pyro_reader *reader, struct pyro_profile *profile,
			   struct pyro_natives **ret_natives, struct pyro_err *err)
{
	struct pyro_natives *natives = calloc(1, sizeof(*natives));
	enum pyro_rc rc = PYRO_RC_NOMEM;

	if (natives) {
		natives->profile = profile;
		natives->modules = modules;
		rc = pyro_symbols_create(modules, PYRO_DEBUG_TRUSTED, &natives->symbols);
	}
	if (rc) {
		free(natives);
		pyro_modules_destroy(own);
		pyro_reader_destroy(reader);
		return pyro_err_set(err, rc, "out of memory");
	}
	natives->own = own;
	natives->reader = reader;
	*ret_natives = natives;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_natives_create_of(struct pyro_modules *modules, struct pyro_profile *profile,
				    struct pyro_natives **ret_natives, struct pyro_err *err)
{
	return create(modules, NULL, NULL, profile, ret_natives, err);
}

enum pyro_rc pyro_natives_create(int pid, struct pyro_profile *profile,
				 struct pyro_natives **ret_natives, struct pyro_err *err)
{
	const struct pyro_machine *machine = pyro_machine_own();
	struct pyro_modules *modules = NULL;
	struct pyro_reader *reader = NULL;
	struct pyro_space space;
	enum pyro_rc rc;

	rc = machine ? pyro_live_reader_create(pid, &reader, err)
		     : pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "native stacks are not known on this kind of machine");
	if (rc)
		return rc;
	space = pyro_space_live(pid, reader);
	rc = pyro_modules_create(&space, machine, &modules, err);
	if (rc) {
		pyro_reader_destroy(reader);
		return rc;
	}
	return create(modules, modules, reader, profile, ret_natives, err);
}

void pyro_natives_destroy(struct pyro_natives *natives)
{
	if (!natives)
		return;
	pyro_symbols_destroy(natives->symbols);
	pyro_modules_destroy(natives->own);
	pyro_reader_destroy(natives->reader);
	free(natives->frames);
	free(natives->ends);
	free(natives);
}

static bool reserve(void **items, size_t *capacity, size_t count, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (count < *capacity)
		return true;
	if (count > PYRO_MAX_PROFILE_ROWS)
		return false;
	grown = reallocarray(*items, wanted, size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}

static enum pyro_rc add_frame(struct pyro_natives *natives, enum pyro_function_kind kind,
			      const char *name, const char *file, int32_t line)
{
	struct pyro_function function = {.kind = kind};
	struct pyro_frame frame = {.line = line};
	const size_t size = pyro_glue_own_size(name);
	uint32_t index;
	enum pyro_rc rc;

	rc = pyro_profile_string(natives->profile, name,
				 size < PYRO_MAX_NAME ? size : PYRO_MAX_NAME, &function.name);
	if (!rc)
		rc = pyro_profile_string(natives->profile, file, strnlen(file, PYRO_MAX_PATH),
					 &function.file);
	if (!rc)
		rc = pyro_profile_function(natives->profile, &function, &frame.function);
	if (!rc)
		rc = pyro_profile_frame(natives->profile, &frame, &index);
	if (rc)
		return rc;
	if (!reserve((void **)&natives->frames, &natives->frame_capacity, natives->frame_count,
		     sizeof(*natives->frames)))
		return PYRO_RC_NOMEM;
	natives->frames[natives->frame_count++] = index;
	return PYRO_RC_OK;
}

/* "libz.so.1+0x1a2b" */
static enum pyro_rc add_nameless(struct pyro_natives *natives, const char *path, uint64_t addr)
{
	const char *slash = strrchr(path, '/');
	struct pyro_buf name;
	enum pyro_rc rc;

	pyro_buf_init(&name, PYRO_MAX_NAME);
	pyro_buf_add_format(&name, "%.512s+0x%" PRIx64, slash ? slash + 1 : path, addr);
	rc = name.failed ? PYRO_RC_NOMEM
			 : add_frame(natives, PYRO_FUNCTION_NATIVE, name.data, path, 0);
	pyro_buf_deinit(&name);
	return rc;
}

/* NULL if the process has no such code, any more. */
static const struct pyro_symbol *find(struct pyro_natives *natives, uint64_t pc)
{
	const struct pyro_code_range *range;
	const struct pyro_symbol *symbol;
	bool moved;

	if (!pyro_modules_has(natives->modules, pc) &&
	    pyro_modules_refresh(natives->modules, &moved) != PYRO_RC_OK)
		return NULL;
	range = pyro_modules_find(natives->modules, pc);
	if (!range || pyro_symbols_find(natives->symbols, range->module, pc - range->bias, &symbol))
		return NULL;
	return symbol;
}

static enum pyro_rc add_symbol(struct pyro_natives *natives, const struct pyro_symbol *symbol)
{
	enum pyro_rc rc = PYRO_RC_OK;

	/* Innermost first there. */
	for (size_t i = 0; i < symbol->count && !rc; i++) {
		const struct pyro_native_name *name = &symbol->names[i];

		if (pyro_glue_is(name->function))
			continue;
		rc = add_frame(natives, PYRO_FUNCTION_NATIVE, name->function,
			       name->file ? name->file : symbol->module,
			       name->line <= INT32_MAX ? (int32_t)name->line : 0);
	}
	return rc;
}

/* What was added since is the next number's. */
static enum pyro_rc end_number(struct pyro_natives *natives)
{
	if (!reserve((void **)&natives->ends, &natives->capacity, natives->count,
		     sizeof(*natives->ends)))
		return PYRO_RC_NOMEM;
	natives->ends[natives->count++] = natives->frame_count;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_natives_add(struct pyro_natives *natives, uint64_t pc, uint64_t addr,
			      const char *path)
{
	const struct pyro_symbol *symbol = find(natives, pc);
	enum pyro_rc rc = symbol ? add_symbol(natives, symbol) : add_nameless(natives, path, addr);

	return rc ? rc : end_number(natives);
}

enum pyro_rc pyro_natives_add_kernel(struct pyro_natives *natives, const char *name)
{
	const char *module = strrchr(name, ' ');
	PYRO_AUTO_FREE char *function =
		strndup(name, module ? (size_t)(module - name) : strlen(name));
	enum pyro_rc rc = PYRO_RC_NOMEM;

	if (function)
		rc = add_frame(natives, PYRO_FUNCTION_KERNEL, function, module ? module + 1 : "",
			       0);
	return rc ? rc : end_number(natives);
}

const uint32_t *pyro_natives_frames(const struct pyro_natives *natives, uint32_t native,
				    size_t *ret_count)
{
	const size_t start = native && native <= natives->count ? natives->ends[native - 1] : 0;

	if (native >= natives->count)
		return NULL;
	*ret_count = natives->ends[native] - start;
	return natives->frames + start;
}
