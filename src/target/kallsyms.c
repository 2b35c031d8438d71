/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kallsyms.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "target/procfs.h"

#define NAMELESS UINT32_MAX
#define STEP     65536
/* Symbols have no size here. What lies further behind the begin of a function, at the end of a
 * module or in code that was made at run time, is not of that function. */
#define MAX_FUNCTION 65536u

struct pyro_kallsym {
	uint64_t addr;
	uint32_t name;  /* where it begins in the text; NAMELESS: it is no function */
	uint32_t order; /* of its line: of several names of a place the kernel uses the first */
};

void pyro_kallsyms_init(struct pyro_kallsyms *symbols)
{
	*symbols = (struct pyro_kallsyms){.items = NULL};
	pyro_buf_init(&symbols->text, PYRO_MAX_KERNEL_NAMES);
}

void pyro_kallsyms_deinit(struct pyro_kallsyms *symbols)
{
	free(symbols->items);
	pyro_buf_deinit(&symbols->text);
	symbols->items = NULL;
	symbols->count = symbols->capacity = symbols->functions = 0;
}

/* ---- taking in ---- */

static bool reserve(struct pyro_kallsyms *symbols)
{
	const size_t capacity = symbols->capacity ? 2 * symbols->capacity : 4096;
	struct pyro_kallsym *items;

	if (symbols->count < symbols->capacity)
		return true;
	if (symbols->count >= PYRO_MAX_KERNEL_SYMBOLS)
		return false;
	items = reallocarray(symbols->items, capacity, sizeof(*items));
	if (!items)
		return false;
	symbols->items = items;
	symbols->capacity = capacity;
	return true;
}

static bool is_function(char kind)
{
	return kind == 'T' || kind == 't' || kind == 'W' || kind == 'w';
}

/* "vfs_read", or "ext4_file_read_iter\t[ext4]" */
static uint32_t add_name(struct pyro_kallsyms *symbols, const char *name, size_t size)
{
	const uint32_t at = (uint32_t)symbols->text.size;
	char *tab;

	if (!size || size > PYRO_MAX_NAME || memchr(name, 0, size))
		return NAMELESS;
	pyro_buf_add(&symbols->text, name, size);
	pyro_buf_add_char(&symbols->text, 0);
	if (symbols->text.failed) {
		symbols->failed = true;
		return NAMELESS;
	}
	tab = strchr(symbols->text.data + at, '\t');
	if (tab)
		*tab = ' ';
	symbols->functions++;
	return at;
}

/* "ffffffff816b96a0 T ksys_read". Addresses that are hidden are 0. */
static void parse_line(struct pyro_kallsyms *symbols, const char *line, const char *end)
{
	const char *at = line;
	uint64_t addr;
	char kind;

	if (!pyro_procfs_hex(&at, end, &addr) || !addr || end - at < 3 || at[0] != ' ' ||
	    at[2] != ' ')
		return;
	kind = at[1];
	at += 3;
	if (!reserve(symbols)) {
		symbols->failed = true;
		return;
	}
	symbols->items[symbols->count] = (struct pyro_kallsym){
		.addr = addr,
		.name = is_function(kind) ? add_name(symbols, at, (size_t)(end - at)) : NAMELESS,
		.order = (uint32_t)symbols->count,
	};
	symbols->count++;
}

size_t pyro_kallsyms_parse(struct pyro_kallsyms *symbols, const char *text, size_t size)
{
	const char *at = text, *end;

	while (at < text + size && (end = memchr(at, '\n', size - (size_t)(at - text)))) {
		parse_line(symbols, at, end);
		at = end + 1;
	}
	return (size_t)(at - text);
}

static int by_place(const void *left, const void *right)
{
	const struct pyro_kallsym *a = left, *b = right;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void pyro_kallsyms_sort(struct pyro_kallsyms *symbols)
{
	if (symbols->count)
		qsort(symbols->items, symbols->count, sizeof(*symbols->items), by_place);
}

/* 0 at the end, -1 with errno. */
static ssize_t read_some(int fd, char *into, size_t size)
{
	ssize_t got;

	do
		got = read(fd, into, size);
	while (got < 0 && errno == EINTR);
	return got;
}

static enum pyro_rc read_all(struct pyro_kallsyms *symbols, int fd)
{
	PYRO_AUTO_FREE char *text = malloc(STEP);
	size_t kept = 0, used;
	ssize_t got;

	if (!text)
		return PYRO_RC_NOMEM;
	while ((got = read_some(fd, text + kept, STEP - kept)) > 0 && !symbols->failed) {
		kept += (size_t)got;
		used = pyro_kallsyms_parse(symbols, text, kept);
		/* A line that is longer than any is none. */
		if (!used && kept == STEP)
			used = kept;
		kept -= used;
		memmove(text, text + used, kept);
	}
	if (symbols->failed)
		return PYRO_RC_LIMIT;
	return got < 0 ? pyro_procfs_rc(errno) : PYRO_RC_OK;
}

enum pyro_rc pyro_kallsyms_load(struct pyro_kallsyms *symbols, struct pyro_err *err)
{
	static const char path[] = "/proc/kallsyms";
	PYRO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum pyro_rc rc;

	if (fd < 0)
		return pyro_err_set_errno(err, pyro_procfs_rc(errno), errno, "cannot read %s",
					  path);
	rc = read_all(symbols, fd);
	if (rc)
		return pyro_err_set(err, rc, "cannot read %s: %s", path, pyro_rc_text(rc));
	pyro_kallsyms_sort(symbols);
	if (!symbols->functions)
		return pyro_err_set(err, PYRO_RC_PERM,
				    "%s hides where functions are: that takes CAP_SYSLOG and a "
				    "kernel.kptr_restrict below 2",
				    path);
	return PYRO_RC_OK;
}

/* ---- looking ---- */

/* How many begin at @addr or before. */
static size_t count_to(const struct pyro_kallsyms *symbols, uint64_t addr)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (symbols->items[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *pyro_kallsyms_at(const struct pyro_kallsyms *symbols, uint64_t addr)
{
	size_t at = count_to(symbols, addr);
	const char *name = NULL;

	if (!at || addr - symbols->items[at - 1].addr >= MAX_FUNCTION)
		return NULL;
	addr = symbols->items[at - 1].addr;
	for (; at > 0 && symbols->items[at - 1].addr == addr; at--) {
		if (symbols->items[at - 1].name != NAMELESS)
			name = symbols->text.data + symbols->items[at - 1].name;
	}
	return name;
}

bool pyro_kallsyms_find(const struct pyro_kallsyms *symbols, const char *name, uint64_t *ret_start,
			uint64_t *ret_end)
{
	for (size_t i = 0; i < symbols->count; i++) {
		const struct pyro_kallsym *item = &symbols->items[i];
		size_t next;

		if (item->name == NAMELESS || strcmp(symbols->text.data + item->name, name) != 0)
			continue;
		next = count_to(symbols, item->addr);
		*ret_start = item->addr;
		*ret_end = next < symbols->count ? symbols->items[next].addr : UINT64_MAX;
		return true;
	}
	return false;
}
