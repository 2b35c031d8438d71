/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/places.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"

/* Texts of all places together: a few times those of the profile. */
#define TEXT_LIMIT (2ull << 30)

struct pyro_places {
	struct pyro_arena arena;
	struct pyro_place *by_string;
	uint32_t count;
};

static const struct pyro_place nowhere = {.kind = PYRO_PLACE_NOWHERE, .display = "", .module = ""};

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* What follows the last directory of that name, or NULL. */
static const char *after_directory(const char *path, const char *name)
{
	const char *found = NULL;
	size_t size = strlen(name);
	for (const char *at = strstr(path, name); at; at = strstr(at + 1, name))
		if (at > path && at[-1] == '/' && at[size] == '/')
			found = at + size + 1;
	return found;
}

/* What follows "lib/python3.X/" (also "lib64/", "python3.13t/"), or NULL. */
static const char *after_standard(const char *path)
{
	const char *found = NULL;
	for (const char *at = strstr(path, "/python3."); at; at = strstr(at + 1, "/python3.")) {
		const char *digits = at + strlen("/python3.");
		size_t size = strspn(digits, "0123456789");
		const char *end = digits + size;
		if (*end == 't')
			end++;
		bool in_lib = (at - path >= 4 && strncmp(at - 4, "/lib", 4) == 0) ||
			      (at - path >= 6 && strncmp(at - 6, "/lib64", 6) == 0);
		if (size > 0 && *end == '/' && in_lib)
			found = end + 1;
	}
	return found;
}

/* lib/python3.X/lib-dynload and the archive python3X.zip count as the library too. */
static const char *after_archive(const char *path)
{
	const char *at = strstr(path, "/lib/python3");
	if (!at)
		return NULL;
	const char *digits = at + strlen("/lib/python3");
	const char *end = digits + strspn(digits, "0123456789");
	return end > digits && starts_with(end, ".zip/") ? end + 5 : NULL;
}

/* "shop/views.py" to "shop.views"; "json/__init__.py" to "json". NULL when out of memory. */
static const char *module_of(struct pyro_arena *arena, const char *path)
{
	size_t size = strlen(path);
	while (*path == '/' || (path[0] == '.' && (path[1] == '/' || path[1] == '.'))) {
		path++;
		size--;
	}
	static const char *const endings[] = {".py", ".pyc", ".pyw", ".pyx"};
	for (size_t i = 0; i < PYRO_COUNT(endings); i++) {
		size_t ending = strlen(endings[i]);
		if (size > ending && strcmp(path + size - ending, endings[i]) == 0) {
			size -= ending;
			break;
		}
	}
	static const char init[] = "__init__";
	size_t init_size = sizeof(init) - 1;
	if (size > init_size && path[size - init_size - 1] == '/' &&
	    memcmp(path + size - init_size, init, init_size) == 0)
		size -= init_size + 1;
	char *module = pyro_arena_dup(arena, path, size);
	for (char *at = module; at && *at; at++)
		if (*at == '/')
			*at = '.';
	return module;
}

/* "<frozen importlib._bootstrap>" to "importlib._bootstrap". */
static const char *frozen_module(struct pyro_arena *arena, const char *path)
{
	const char *start = path + strlen("<frozen ");
	return pyro_arena_dup(arena, start, strcspn(start, ">"));
}

/* The size of what comes before "/lib/python3…" or "/bin/NAME", where an environment lies; 0:
 * neither.
 */
static size_t root_of_packages(const char *path)
{
	const char *lib = strstr(path, "/lib/python3"), *lib64 = strstr(path, "/lib64/python3");

	return lib ? (size_t)(lib - path) : lib64 ? (size_t)(lib64 - path) : 0;
}

static size_t root_of_script(const char *path)
{
	static const char bin[] = "/bin/";
	const char *slash = strrchr(path, '/');
	const size_t size = slash ? (size_t)(slash + 1 - path) : 0;

	return size >= strlen(bin) && strncmp(slash + 1 - strlen(bin), bin, strlen(bin)) == 0
		       ? size - strlen(bin)
		       : 0;
}

/* Appends the parts of @path to @into, an absolute path of *@size so far; ".." takes the last away.
 */
static void append_parts(char *into, size_t *size, const char *path)
{
	while (*path) {
		const size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (*size > 0 && into[--*size] != '/')
				continue;
		} else if (part && !(part == 1 && path[0] == '.')) {
			into[(*size)++] = '/';
			for (size_t i = 0; i < part; i++)
				into[(*size)++] = path[i];
		}
		path += part + (path[part] == '/');
	}
}

/* A path as a shell or Python made it of others, "../venv/bin/NAME" or "/shop/../venv/lib", in
 * full. NULL without memory. */
static const char *in_full(struct pyro_arena *arena, const char *path, const char *cwd)
{
	size_t size = 0;
	char *full;

	if ((*path == '/' && !strstr(path, "/.")) || !cwd)
		return path;
	full = pyro_arena_alloc(arena, strlen(cwd) + strlen(path) + 3);
	if (!full)
		return NULL;
	if (*path != '/')
		append_parts(full, &size, cwd);
	append_parts(full, &size, path);
	full[size] = 0;
	return full;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static const char *below(const char *path, const char *directory)
{
	size_t size = directory ? strlen(directory) : 0;
	while (size > 1 && directory[size - 1] == '/')
		size--;
	if (size < 2 || strncmp(path, directory, size) != 0 || path[size] != '/')
		return NULL;
	return path + size + 1;
}

static bool fill(struct pyro_arena *arena, const char *path, const char *cwd,
		 struct pyro_place *place)
{
	const char *rest;
	*place = (struct pyro_place){.kind = PYRO_PLACE_OWN, .display = path};
	if (starts_with(path, "<frozen ")) {
		place->kind = PYRO_PLACE_STANDARD;
		place->module = frozen_module(arena, path);
		return place->module != NULL;
	}
	if (!*path || *path == '<' || strcmp(path, "~") == 0) {
		place->kind = PYRO_PLACE_NOWHERE;
		place->module = path;
		return true;
	}
	if ((rest = after_directory(path, "site-packages")) ||
	    (rest = after_directory(path, "dist-packages"))) {
		place->kind = PYRO_PLACE_PACKAGE;
		place->display = rest;
	} else if ((rest = after_standard(path)) || (rest = after_archive(path))) {
		const char *dynamic = "lib-dynload/";
		place->kind = PYRO_PLACE_STANDARD;
		place->display = starts_with(rest, dynamic) ? rest + strlen(dynamic) : rest;
	} else if ((rest = below(path, cwd))) {
		place->display = rest;
	}
	/* Far from the working directory the whole path would be no module's name. */
	const char *named = place->display;
	if (*named == '/')
		named = last_part(named);
	place->module = module_of(arena, named);
	return place->module != NULL;
}

/* python -m MODULE: what it starts by -c, as test runners start their workers, nobody typed. */
static bool runs_module(const struct pyro_profile *profile)
{
	const char *command = pyro_profile_meta_get(profile, "command");
	const char *module = command ? strstr(command, " -m ") : NULL;
	const char *code = command ? strstr(command, " -c ") : NULL;

	return module && (!code || module < code);
}

/* What somebody types: python -c, a pipe, a prompt. Libraries that make code name it otherwise,
 * but for a few. */
static bool is_typed(const struct pyro_place *place, bool module)
{
	static const char *const typed[] = {"<stdin>", "<console>", "<ipython-input-",
					    "<python-input-"};

	if (place->kind != PYRO_PLACE_NOWHERE || !place->display)
		return false;
	if (!module && starts_with(place->display, "<string>"))
		return true;
	for (size_t i = 0; i < PYRO_COUNT(typed); i++) {
		if (starts_with(place->display, typed[i]))
			return true;
	}
	return false;
}

static void tell_libraries(struct pyro_places *places, bool module)
{
	bool own = false, typed = false;

	for (uint32_t i = 0; i < places->count; i++) {
		const struct pyro_place *place = &places->by_string[i];

		own |= place->display && place->kind == PYRO_PLACE_OWN;
		typed |= is_typed(place, module);
	}
	for (uint32_t i = 0; i < places->count; i++) {
		struct pyro_place *place = &places->by_string[i];

		place->library =
			place->kind == PYRO_PLACE_STANDARD || place->kind == PYRO_PLACE_PACKAGE ||
			place->kind == PYRO_PLACE_NATIVE || place->kind == PYRO_PLACE_KERNEL ||
			(place->kind == PYRO_PLACE_NOWHERE &&
			 (own || ((typed || module) && !is_typed(place, module))));
	}
}

/* The commands that packages bring lie in the bin folder of the environment that they are in. They
 * are a few lines which call the package. */
static bool find_commands(const struct pyro_profile *profile, const char *cwd,
			  struct pyro_places *places)
{
	struct pyro_map roots;
	bool ok = true;

	pyro_map_init(&roots, places->count);
	for (uint32_t i = 0; ok && i < places->count; i++) {
		const char *path = pyro_profile_string_get(profile, i, NULL);
		const struct pyro_place *place = &places->by_string[i];

		if (!place->display || place->kind != PYRO_PLACE_PACKAGE || !root_of_packages(path))
			continue;
		path = in_full(&places->arena, path, cwd);
		ok = path &&
		     !pyro_map_put(&roots, pyro_hash_bytes(path, root_of_packages(path)), 0);
	}
	for (uint32_t i = 0; ok && i < places->count; i++) {
		const char *path = pyro_profile_string_get(profile, i, NULL);
		struct pyro_place *place = &places->by_string[i];
		uint64_t ignored;

		if (!place->display || place->kind != PYRO_PLACE_OWN || !root_of_script(path))
			continue;
		path = in_full(&places->arena, path, cwd);
		ok = path != NULL;
		if (ok && root_of_script(path) &&
		    pyro_map_get(&roots, pyro_hash_bytes(path, root_of_script(path)), &ignored))
			place->kind = PYRO_PLACE_PACKAGE;
	}
	pyro_map_deinit(&roots);
	return ok;
}

enum pyro_rc pyro_places_create(const struct pyro_profile *profile, struct pyro_places **ret_places,
				struct pyro_err *err)
{
	struct pyro_profile_counts counts;
	struct pyro_places *places = calloc(1, sizeof(*places));
	if (!places)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	pyro_arena_init(&places->arena, TEXT_LIMIT);
	pyro_profile_counts(profile, &counts);
	const char *cwd = pyro_profile_meta_get(profile, "cwd");
	bool ok = true;
	places->count = counts.strings;
	places->by_string = calloc(counts.strings ? counts.strings : 1, sizeof(*places->by_string));
	ok = places->by_string != NULL;
	for (uint32_t i = 0; ok && i < counts.functions; i++) {
		const struct pyro_function *function = pyro_profile_function_get(profile, i);
		uint32_t file = function->file;
		struct pyro_place *place = &places->by_string[file];
		if (!place->display)
			ok = fill(&places->arena, pyro_profile_string_get(profile, file, NULL), cwd,
				  place);
		if (ok && function->kind != PYRO_FUNCTION_PYTHON) {
			/* The folders of libraries, and those of who built them, say little. */
			place->kind = function->kind == PYRO_FUNCTION_KERNEL ? PYRO_PLACE_KERNEL
									     : PYRO_PLACE_NATIVE;
			place->display = last_part(place->display);
		}
	}
	if (ok)
		ok = find_commands(profile, cwd, places);
	if (ok)
		tell_libraries(places, runs_module(profile));
	if (!ok) {
		pyro_places_destroy(places);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	*ret_places = places;
	return PYRO_RC_OK;
}

void pyro_places_destroy(struct pyro_places *places)
{
	if (!places)
		return;
	pyro_arena_deinit(&places->arena);
	free(places->by_string);
	free(places);
}

const struct pyro_place *pyro_places_get(const struct pyro_places *places, uint32_t file)
{
	if (file >= places->count || !places->by_string[file].display)
		return &nowhere;
	return &places->by_string[file];
}
