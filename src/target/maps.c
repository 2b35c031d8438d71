/* SPDX-License-Identifier: Apache-2.0 */
#include "target/maps.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "target/procfs.h"

#define MAX_TEXT (64u << 20) /* PYRO_MAX_MAPS lines with paths of ordinary length */

static bool skip(const char **at, const char *end, char c)
{
	if (*at >= end || **at != c)
		return false;
	(*at)++;
	return true;
}

/* "rwxp" */
static bool parse_flags(const char **at, const char *end, uint32_t *ret_flags)
{
	static const char letters[] = "rwx";
	uint32_t flags = 0;

	if (end - *at < 4)
		return false;
	for (int i = 0; i < 3; i++) {
		if ((*at)[i] == letters[i])
			flags |= 1u << i;
		else if ((*at)[i] != '-')
			return false;
	}
	if ((*at)[3] == 's')
		flags |= PYRO_MAPPING_SHARED;
	*at += 4;
	*ret_flags = flags;
	return true;
}

/* The kernel writes a newline in a path as \012 and nothing else (fs/seq_file.c, seq_path). */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (strncmp(from, "\\012", 4) == 0) {
			*to++ = '\n';
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

void pyro_mapping_set_path(struct pyro_mapping *mapping, char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t mark = sizeof(deleted) - 1;

	mapping->path = path;
	if (size > mark && *path == '/' && memcmp(path + size - mark, deleted, mark) == 0) {
		path[size - mark] = 0;
		mapping->flags |= PYRO_MAPPING_DELETED;
	}
}

/* The line ends with a NUL at @end, where its newline was. */
static bool parse_line(char *line, char *end, struct pyro_mapping *ret_mapping)
{
	struct pyro_mapping mapping = {0};
	const char *at = line;
	uint64_t major, minor;

	if (!pyro_procfs_hex(&at, end, &mapping.start) || !skip(&at, end, '-') ||
	    !pyro_procfs_hex(&at, end, &mapping.end) || !skip(&at, end, ' ') ||
	    !parse_flags(&at, end, &mapping.flags) || !skip(&at, end, ' ') ||
	    !pyro_procfs_hex(&at, end, &mapping.offset) || !skip(&at, end, ' ') ||
	    !pyro_procfs_hex(&at, end, &major) || !skip(&at, end, ':') ||
	    !pyro_procfs_hex(&at, end, &minor) || !skip(&at, end, ' ') ||
	    !pyro_procfs_decimal(&at, end, &mapping.inode))
		return false;
	if (mapping.end <= mapping.start || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	mapping.dev_major = (uint32_t)major;
	mapping.dev_minor = (uint32_t)minor;
	while (at < end && *at == ' ')
		at++;
	pyro_mapping_set_path(&mapping, line + (at - line), (size_t)(end - at));
	unescape(line + (at - line));
	*ret_mapping = mapping;
	return true;
}

/* Takes @text, which has @size bytes and a NUL after them. */
static enum pyro_rc parse_take(char *text, size_t size, struct pyro_maps *ret_maps,
			       struct pyro_err *err)
{
	struct pyro_maps maps = {.text = text};
	size_t lines = 0;
	char *at = text;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n' || i + 1 == size;
	if (lines > PYRO_MAX_MAPS) {
		lines = PYRO_MAX_MAPS;
		maps.truncated = true;
	}
	maps.items = calloc(lines ? lines : 1, sizeof(*maps.items));
	if (!maps.items) {
		pyro_maps_deinit(&maps);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for %zu mappings", lines);
	}
	for (size_t i = 0; i < lines; i++) {
		char *end = memchr(at, '\n', size - (size_t)(at - text));

		if (!end)
			end = text + size;
		*end = 0;
		if (parse_line(at, end, &maps.items[maps.count]))
			maps.count++;
		if (end == text + size)
			break;
		at = end + 1;
	}
	*ret_maps = maps;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_maps_parse(const char *text, size_t size, struct pyro_maps *ret_maps,
			     struct pyro_err *err)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for the mappings");
	memcpy(copy, text, size);
	copy[size] = 0;
	return parse_take(copy, size, ret_maps, err);
}

enum pyro_rc pyro_maps_load(int pid, struct pyro_maps *ret_maps, struct pyro_err *err)
{
	struct pyro_buf buf;
	bool truncated;
	enum pyro_rc rc;

	pyro_buf_init(&buf, MAX_TEXT);
	rc = pyro_procfs_read_all(pid, "maps", &buf, &truncated, err);
	if (rc == PYRO_RC_OK && buf.size == 0)
		rc = pyro_maps_parse("", 0, ret_maps, err);
	else if (rc == PYRO_RC_OK) {
		rc = parse_take(PYRO_TAKE_POINTER(buf.data), buf.size, ret_maps, err);
		if (rc == PYRO_RC_OK && truncated)
			ret_maps->truncated = true;
		return rc;
	}
	pyro_buf_deinit(&buf);
	return rc;
}

void pyro_maps_deinit(struct pyro_maps *maps)
{
	free(maps->items);
	free(maps->text);
	*maps = (struct pyro_maps){0};
}

const struct pyro_mapping *pyro_maps_find(const struct pyro_maps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (addr < maps->items[middle].start)
			high = middle;
		else if (addr >= maps->items[middle].end)
			low = middle + 1;
		else
			return &maps->items[middle];
	}
	return NULL;
}

bool pyro_mapping_same_file(const struct pyro_mapping *a, const struct pyro_mapping *b)
{
	return a->inode && a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor;
}
