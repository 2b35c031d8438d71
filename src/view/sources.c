/* SPDX-License-Identifier: Apache-2.0 */
#include "view/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

static bool has_python_suffix(const char *name)
{
	static const char *const suffixes[] = {".py", ".pyw", ".pyx", ".pxd", ".pyi"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < PYRO_COUNT(suffixes); i++)
		if (strcmp(dot, suffixes[i]) == 0)
			return true;
	return false;
}

static bool has_python_shebang(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);
	size_t line = end ? (size_t)(end - text) : size;

	return line > 2 && line < 256 && text[0] == '#' && text[1] == '!' &&
	       memmem(text, line, "python", 6);
}

static enum pyro_rc read_all(int fd, size_t size, struct pyro_view_source *source)
{
	PYRO_AUTO_FREE char *text = malloc(size + 1);
	size_t got = 0;

	if (!text)
		return PYRO_RC_NOMEM;
	while (got < size) {
		ssize_t step = read(fd, text + got, size - got);

		if (step < 0 && errno == EINTR)
			continue;
		if (step <= 0)
			break;
		got += (size_t)step;
	}
	text[got] = '\0';
	source->size = got;
	source->text = PYRO_TAKE_POINTER(text);
	return PYRO_RC_OK;
}

static const char *open_problem(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return "not found";
	case EACCES:
	case EPERM:
		return "no permission to read it";
	default:
		return "could not be read";
	}
}

/* Reads one file of at most @room bytes; @ret_why says why there is no text, NULL if there is. */
static enum pyro_rc read_source(const char *path, size_t room, struct pyro_view_source *source,
				const char **ret_why)
{
	/* O_NONBLOCK: opening a FIFO or a device must not hang before we can see what it is. */
	PYRO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	enum pyro_rc rc;

	*ret_why = NULL;
	if (fd < 0 || fstat(fd, &status) < 0)
		*ret_why = open_problem(errno);
	else if (!S_ISREG(status.st_mode))
		*ret_why = "not a regular file";
	else if (status.st_size > (off_t)PYRO_VIEW_MAX_SOURCE)
		*ret_why = "larger than 2 MB";
	else if ((size_t)status.st_size > room)
		*ret_why = "the page holds 12 MB of hotter sources already";
	if (*ret_why)
		return PYRO_RC_OK;
	rc = read_all(fd, (size_t)status.st_size, source);
	if (rc != PYRO_RC_OK)
		return rc;
	if (!has_python_suffix(path) && !has_python_shebang(source->text, source->size))
		*ret_why = "does not look like Python";
	else if (memchr(source->text, '\0', source->size))
		*ret_why = "not text";
	if (*ret_why) {
		free(source->text);
		source->text = NULL;
	}
	return PYRO_RC_OK;
}

/* The path to open, NULL if the name cannot be one. */
static const char *path_of(const struct pyro_profile *profile, uint32_t string, const char *folder,
			   struct pyro_buf *buf)
{
	size_t size = 0;
	const char *name = pyro_profile_string_get(profile, string, &size);

	if (!name || size == 0 || size > PYRO_MAX_PATH || memchr(name, '\0', size))
		return NULL;
	if (name[0] == '/')
		return name;
	if (!folder)
		return NULL;
	pyro_buf_reset(buf);
	pyro_buf_add_text(buf, folder);
	pyro_buf_add_char(buf, '/');
	pyro_buf_add(buf, name, size);
	return pyro_buf_status(buf) == PYRO_RC_OK ? buf->data : NULL;
}

struct by_heat {
	uint64_t heat;
	uint32_t file;
};

static int hotter_first(const void *a, const void *b)
{
	const struct by_heat *left = a, *right = b;

	if (left->heat != right->heat)
		return left->heat < right->heat ? 1 : -1;
	return (left->file > right->file) - (left->file < right->file);
}

static enum pyro_rc read_by_heat(struct pyro_view_sources *sources,
				 const struct pyro_profile *profile,
				 const struct pyro_view_files *files, const struct by_heat *order,
				 size_t count, const char *folder)
{
	PYRO_CLEANUP(pyro_buf_deinit) struct pyro_buf path;
	size_t room = PYRO_VIEW_MAX_SOURCES;

	pyro_buf_init(&path, (size_t)3 * PYRO_MAX_PATH);
	for (size_t i = 0; i < count; i++) {
		struct pyro_view_source *source = &sources->sources[sources->count];
		uint32_t string = files->files[order[i].file].string;
		const char *name = path_of(profile, string, folder, &path);
		const char *why = "not a file name that can be opened from here";

		if (i >= PYRO_VIEW_MAX_SOURCE_FILES) {
			why = "too many files";
		} else if (name) {
			enum pyro_rc rc = read_source(name, room, source, &why);

			if (rc != PYRO_RC_OK)
				return rc;
		}
		if (why) {
			sources->left_out[sources->left_out_count++] =
				(struct pyro_view_left_out){.string = string, .why = why};
			continue;
		}
		source->file = order[i].file;
		room -= source->size;
		sources->count++;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_view_sources_init(struct pyro_view_sources *sources,
				    const struct pyro_profile *profile,
				    const struct pyro_view_files *files, const char *folder,
				    struct pyro_err *err)
{
	PYRO_AUTO_FREE struct by_heat *order = calloc(files->count + 1, sizeof(*order));
	enum pyro_rc rc = PYRO_RC_NOMEM;
	size_t count = 0;

	*sources = (struct pyro_view_sources){
		.sources = calloc(files->count + 1, sizeof(*sources->sources)),
		.left_out = calloc(files->count + 1, sizeof(*sources->left_out)),
	};
	if (order && sources->sources && sources->left_out) {
		/* What is in no file (<string>, <frozen …>) or took no time is not missed. */
		for (uint32_t i = 0; i < files->count; i++) {
			const char *name =
				pyro_profile_string_get(profile, files->files[i].string, NULL);

			if (files->files[i].place->kind != PYRO_PLACE_NOWHERE &&
			    files->files[i].place->kind != PYRO_PLACE_NATIVE &&
			    files->files[i].place->kind != PYRO_PLACE_KERNEL &&
			    files->files[i].heat > 0 && name && name[0] != '<')
				order[count++] = (struct by_heat){files->files[i].heat, i};
		}
		qsort(order, count, sizeof(*order), hotter_first);
		rc = read_by_heat(sources, profile, files, order, count, folder);
	}
	if (rc != PYRO_RC_OK) {
		pyro_view_sources_deinit(sources);
		return pyro_err_set(err, rc, "cannot put sources into the page: out of memory");
	}
	return PYRO_RC_OK;
}

void pyro_view_sources_deinit(struct pyro_view_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		free(sources->sources[i].text);
	free(sources->sources);
	free(sources->left_out);
	*sources = (struct pyro_view_sources){0};
}
