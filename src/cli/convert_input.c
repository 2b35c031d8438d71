/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/convert_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/samples.h"

static enum pyro_rc read_file(void *context, void *bytes, size_t capacity, size_t *ret_size,
			      struct pyro_err *err)
{
	const int *fd = context;
	ssize_t size;

	do
		size = read(*fd, bytes, capacity);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot read");
	*ret_size = (size_t)size;
	return PYRO_RC_OK;
}

/* Also what is no file at all: who reads captures says best what it is. */
static bool is_for_captures(int fd)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof(magic)];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode))
		return true;
	if (!S_ISREG(st.st_mode))
		return false;
	return st.st_size == 0 || (pread(fd, head, sizeof(head), 0) == sizeof(head) &&
				   memcmp(head, magic, sizeof(magic)) == 0);
}

static enum pyro_rc open_capture(const char *path, struct pyro_convert_input *input,
				 struct pyro_err *err)
{
	enum pyro_rc rc = pyro_capture_reader_create(path, &input->reader, err);

	if (rc)
		return rc;
	rc = pyro_capture_reader_profile(input->reader, &input->profile, err);
	if (rc) {
		pyro_capture_reader_destroy(input->reader);
		return rc;
	}
	input->source = pyro_capture_source(input->reader);
	input->complete = pyro_capture_reader_complete(input->reader);
	return PYRO_RC_OK;
}

static enum pyro_rc open_import(int fd, struct pyro_convert_input *input, struct pyro_err *err)
{
	const struct pyro_input_source source = {.context = &fd, .read = read_file};
	enum pyro_rc rc = pyro_import_read(&source, &input->import, &input->imported, err);

	if (rc)
		return rc;
	input->profile = input->imported.profile;
	input->source = pyro_gather_source(&input->imported.gather);
	input->complete = true;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_convert_input_open(const char *path, struct pyro_convert_input *ret_input,
				     struct pyro_err *err)
{
	const bool standard = strcmp(path, "-") == 0;
	PYRO_AUTO_CLOSE int file = standard ? -1 : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	enum pyro_rc rc;

	*ret_input = (struct pyro_convert_input){.complete = false};
	if (!standard && is_for_captures(file))
		return open_capture(path, ret_input, err);
	rc = open_import(standard ? STDIN_FILENO : file, ret_input, err);
	return rc ? pyro_err_prefix(err, rc, "%s", standard ? "standard input" : path) : rc;
}

void pyro_convert_input_close(struct pyro_convert_input *input)
{
	if (input->import) {
		pyro_imported_deinit(&input->imported);
	} else {
		pyro_profile_destroy(input->profile);
		pyro_capture_reader_destroy(input->reader);
	}
	*input = (struct pyro_convert_input){.complete = false};
}
