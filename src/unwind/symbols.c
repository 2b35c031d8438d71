/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/symbols.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "elf/elf_functions.h"
#include "unwind/cfi.h"
#include "unwind/debug_files.h"
#include "unwind/debug_info.h"
#include "unwind/demangle.h"
#include "unwind/jit_files.h"

#define MAX_TEXT    (256u << 20) /* bytes of all names */
#define MAX_SYMBOLS (4u << 20)

/* What is read of one module, once. */
struct source {
	struct pyro_elf_functions functions;
	struct pyro_debug_info *debug;
	int debug_fd; /* of a file of its own, or -1 */
};

struct entry {
	struct pyro_symbol symbol;
	uint64_t key; /* of code in files: its address; of other code its name and start */
	uint32_t module;
};

struct pyro_symbols {
	struct pyro_modules *modules;
	enum pyro_debug_trust trust;
	struct source **sources; /* by module; NULL: not met */
	size_t source_count;
	struct pyro_map by_place; /* hash of module and key: address of an entry */
	struct pyro_arena arena;  /* entries and their names */
	struct pyro_intern texts;
	struct pyro_buf text; /* for work */
	struct pyro_jit_files jit;
	bool jit_read;
	uint64_t loaded;
};

enum pyro_rc pyro_symbols_create(struct pyro_modules *modules, enum pyro_debug_trust trust,
				 struct pyro_symbols **ret_symbols)
{
	struct pyro_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return PYRO_RC_NOMEM;
	symbols->modules = modules;
	symbols->trust = trust;
	pyro_map_init(&symbols->by_place, MAX_SYMBOLS);
	pyro_arena_init(&symbols->arena, MAX_TEXT);
	pyro_intern_init(&symbols->texts, MAX_TEXT);
	pyro_buf_init(&symbols->text, 1 << 20);
	pyro_jit_files_init(&symbols->jit);
	*ret_symbols = symbols;
	return PYRO_RC_OK;
}

void pyro_symbols_destroy(struct pyro_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->source_count; i++) {
		struct source *source = symbols->sources[i];

		if (!source)
			continue;
		pyro_debug_info_destroy(source->debug);
		pyro_elf_functions_deinit(&source->functions);
		pyro_cleanup_close(&source->debug_fd);
		free(source);
	}
	free(symbols->sources);
	pyro_map_deinit(&symbols->by_place);
	pyro_arena_deinit(&symbols->arena);
	pyro_intern_deinit(&symbols->texts);
	pyro_buf_deinit(&symbols->text);
	pyro_jit_files_deinit(&symbols->jit);
	free(symbols);
}

/* A table that is broken gives no names; that is all that can be done about it. */
static void add_functions(struct source *source, struct pyro_elf *elf)
{
	(void)!pyro_elf_functions_add(&source->functions, elf);
	(void)!pyro_elf_functions_add_packed(&source->functions, elf);
}

static void add_debug_file(struct source *source, const struct pyro_symbols *symbols,
			   const struct pyro_module *module)
{
	struct pyro_elf *elf = NULL;

	if (pyro_debug_files_open(pyro_modules_space(symbols->modules), module,
				  &source->debug_fd) != PYRO_RC_OK)
		return;
	if (pyro_elf_create_from_fd(source->debug_fd, &elf, NULL) == PYRO_RC_OK)
		(void)!pyro_elf_functions_add(&source->functions, elf);
	pyro_elf_destroy(elf);
}

static void open_debug(struct source *source, const struct pyro_symbols *symbols,
		       const struct pyro_module *module)
{
	const int fds[] = {module->fd, source->debug_fd};

	for (size_t i = 0; i < PYRO_COUNT(fds) && !source->debug; i++) {
		if (fds[i] < 0 || symbols->trust == PYRO_DEBUG_NONE ||
		    (symbols->trust == PYRO_DEBUG_TRUSTED && !pyro_debug_files_is_trusted(fds[i])))
			continue;
		if (pyro_debug_info_create(fds[i], &source->debug) != PYRO_RC_OK)
			source->debug = NULL;
	}
}

static struct source *source_of(struct pyro_symbols *symbols, uint32_t id,
				const struct pyro_module *module)
{
	struct source *source;

	if (id >= symbols->source_count) {
		const size_t count = (size_t)id + 16;
		struct source **sources =
			reallocarray(symbols->sources, count, sizeof(struct source *));

		if (!sources)
			return NULL;
		memset(sources + symbols->source_count, 0,
		       (count - symbols->source_count) * sizeof(struct source *));
		symbols->sources = sources;
		symbols->source_count = count;
	}
	if (symbols->sources[id])
		return symbols->sources[id];
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->debug_fd = -1;
	symbols->sources[id] = source;
	symbols->loaded++;
	if (module->elf) {
		add_functions(source, module->elf);
		add_debug_file(source, symbols, module);
		open_debug(source, symbols, module);
	}
	return source;
}

/* What begins with @text in @symbols->texts; NULL when there is no room. */
static const char *keep(struct pyro_symbols *symbols, const char *text, size_t size)
{
	uint32_t index;

	if (pyro_intern_add(&symbols->texts, text, size, &index) != PYRO_RC_OK)
		return NULL;
	return pyro_intern_get(&symbols->texts, index, NULL);
}

static const char *keep_name(struct pyro_symbols *symbols, const char *name)
{
	struct pyro_buf *text = &symbols->text;

	pyro_buf_reset(text);
	if (!pyro_demangle(name, text))
		pyro_buf_add_text(text, name);
	if (text->failed || !text->data)
		return keep(symbols, name, strnlen(name, PYRO_MAX_NAME));
	return keep(symbols, text->data, text->size < PYRO_MAX_NAME ? text->size : PYRO_MAX_NAME);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The last resort: the module and where the function begins in it, or the address itself. */
static const char *make_name(struct pyro_symbols *symbols, const struct pyro_module *module,
			     uint64_t addr)
{
	pyro_buf_reset(&symbols->text);
	pyro_buf_add_format(&symbols->text, "%.255s+0x%" PRIx64, base_name(module->path), addr);
	return symbols->text.data ? keep(symbols, symbols->text.data, symbols->text.size) : NULL;
}

/* The name of the function at @addr by tables, and where it begins. */
static const char *name_by_table(struct pyro_symbols *symbols, const struct source *source,
				 const struct pyro_module *module, uint64_t addr,
				 struct pyro_symbol *symbol)
{
	const struct pyro_elf_function *function =
		pyro_elf_functions_find(&source->functions, addr);
	struct pyro_cfi_range range;

	symbol->named = true;
	symbol->start = addr;
	if (function && source->functions.names) {
		symbol->start = function->addr;
		return keep_name(symbols, source->functions.names + function->name);
	}
	if (module->elf && pyro_cfi_range(module->elf, addr, &range) == PYRO_RC_OK)
		symbol->start = range.start;
	/* The loop's nameless pieces. */
	if (module->loop.count && pyro_loop_kind(&module->loop, addr) == PYRO_CODE_LOOP)
		return keep_name(symbols, "_PyEval_EvalFrameDefault");
	symbol->named = false;
	return make_name(symbols, module, symbol->start);
}

/* Fills @symbol of code in a file. */
static bool describe(struct pyro_symbols *symbols, const struct source *source,
		     const struct pyro_module *module, uint64_t addr, struct pyro_symbol *symbol)
{
	struct pyro_debug_place places[PYRO_DEBUG_PLACES] = {{.function = NULL}};
	struct pyro_native_name *names;
	size_t count = 0;

	if (source->debug)
		count = pyro_debug_info_find(source->debug, addr, places);
	symbol->count = count ? count : 1;
	names = pyro_arena_alloc(&symbols->arena, symbol->count * sizeof(*names));
	if (!names)
		return false;
	for (size_t i = 0; i < symbol->count; i++) {
		const bool outermost = i + 1 == symbol->count;
		const char *function = places[i].function;

		if (outermost) {
			/* The tables also know names that the compiler changed. */
			names[i].function = name_by_table(symbols, source, module, addr, symbol);
			if (!symbol->named && function) {
				names[i].function = keep_name(symbols, function);
				symbol->named = true;
			}
		} else {
			names[i].function = keep_name(symbols, function ? function : "[inlined]");
		}
		if (places[i].file)
			names[i].file = keep(symbols, places[i].file,
					     strnlen(places[i].file, PYRO_MAX_PATH));
		names[i].line = places[i].line;
		if (!names[i].function)
			return false;
	}
	symbol->names = names;
	return true;
}

static bool describe_jit(struct pyro_symbols *symbols, const char *name, uint64_t start,
			 struct pyro_symbol *symbol)
{
	struct pyro_native_name *names = pyro_arena_alloc(&symbols->arena, sizeof(*names));

	if (!names)
		return false;
	symbol->named = name != NULL;
	symbol->start = start;
	names->function = name ? keep_name(symbols, name) : keep(symbols, "[jit]", 5);
	symbol->names = names;
	symbol->count = 1;
	return names->function != NULL;
}

/* Code that is in no file: what is written about it may have grown since. */
static const char *find_jit(struct pyro_symbols *symbols, uint64_t addr, uint64_t *ret_start)
{
	const struct pyro_machine *machine = pyro_machine_own();
	const int pid = pyro_modules_space(symbols->modules)->pid;
	const char *name = NULL;

	if (symbols->jit_read)
		name = pyro_jit_names_find(&symbols->jit.names, addr, ret_start);
	/* Of one that is no more the files may be of another that had its number. */
	if (!name && machine && pid) {
		pyro_jit_files_update(&symbols->jit, pid, machine->elf);
		symbols->jit_read = true;
		name = pyro_jit_names_find(&symbols->jit.names, addr, ret_start);
	}
	if (!name)
		*ret_start = 0;
	return name;
}

enum pyro_rc pyro_symbols_find(struct pyro_symbols *symbols, uint32_t module, uint64_t addr,
			       const struct pyro_symbol **ret_symbol)
{
	const struct pyro_module *found = pyro_modules_get(symbols->modules, module);
	const struct source *source;
	const char *jit = NULL;
	struct entry *entry;
	uint64_t key = addr, hash, value, start = 0;
	enum pyro_rc rc;
	bool described;

	if (!found)
		return PYRO_RC_NOTFOUND;
	if (found->kind == PYRO_MODULE_JIT) {
		jit = find_jit(symbols, addr, &start);
		/* Code comes and goes; names stay. */
		key = pyro_hash_pair((uint64_t)(uintptr_t)jit, start);
	}
	hash = pyro_hash_pair(module, key);
	if (pyro_map_get(&symbols->by_place, hash, &value)) {
		entry = (struct entry *)(uintptr_t)value;
		if (entry->key == key && entry->module == module) {
			*ret_symbol = &entry->symbol;
			return PYRO_RC_OK;
		}
	}
	source = source_of(symbols, module, found);
	entry = pyro_arena_alloc(&symbols->arena, sizeof(*entry));
	if (!source || !entry)
		return PYRO_RC_NOMEM;
	entry->key = key;
	entry->module = module;
	entry->symbol.module = found->path;
	described = found->kind == PYRO_MODULE_JIT
			    ? describe_jit(symbols, jit, start, &entry->symbol)
			    : describe(symbols, source, found, addr, &entry->symbol);
	if (!described)
		return PYRO_RC_NOMEM;
	rc = pyro_map_put(&symbols->by_place, hash, (uint64_t)(uintptr_t)entry);
	if (rc == PYRO_RC_OK)
		*ret_symbol = &entry->symbol;
	return rc;
}

void pyro_symbols_counts(const struct pyro_symbols *symbols, struct pyro_symbols_counts *ret_counts)
{
	*ret_counts = (struct pyro_symbols_counts){
		.modules = symbols->loaded,
		.jit_malformed = symbols->jit.names.malformed,
		.jit_dropped = symbols->jit.names.dropped,
	};
}
