/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "capture/capture.h"
#include "cli/commands.h"
#include "cli/logical.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/show.h"

/* shop-4127.pyro becomes shop-4127.html, here or where it lies. */
static enum pyro_rc name_page(const char *capture, struct pyro_buf *buf, struct pyro_err *err)
{
	static const char suffix[] = ".pyro";
	size_t size = strlen(capture);
	size_t cut = sizeof(suffix) - 1;

	if (size > cut && strcmp(capture + size - cut, suffix) == 0)
		size -= cut;
	pyro_buf_add(buf, capture, size);
	pyro_buf_add_text(buf, ".html");
	if (pyro_buf_status(buf) != PYRO_RC_OK)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	return PYRO_RC_OK;
}

static bool has_display(void)
{
	const char *x11 = getenv("DISPLAY");
	const char *wayland = getenv("WAYLAND_DISPLAY");

	return (x11 && *x11) || (wayland && *wayland);
}

/* Hands the page to the desktop and does not wait. True if that much worked. A browser is never
 * started by root on behalf of somebody else. */
static bool open_page(const char *path)
{
	PYRO_AUTO_FREE char *whole = realpath(path, NULL);
	char program[] = "xdg-open";
	char *arguments[] = {program, whole, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	bool opened = false;
	pid_t pid;

	if (!whole || !has_display() || (geteuid() == 0 && getenv("SUDO_UID")))
		return false;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	if (posix_spawnattr_init(&attributes) == 0) {
		/* A session of its own: the browser outlives the terminal, and is not in its way.
		 */
		opened = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID) == 0;
		for (int fd = 0; fd < 3 && opened; fd++)
			opened = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR,
								  0) == 0;
		opened = opened && posix_spawnp(&pid, program, &actions, &attributes, arguments,
						environ) == 0;
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return opened;
}

static void say_result(const struct pyro_output *output, bool opened, bool complete)
{
	struct pyro_buf line;
	char size[32];

	if (!complete)
		fputs("the recording was cut off: all but its last second is there\n", stderr);
	if (output->direct)
		return;
	pyro_buf_init(&line, 1 << 16);
	pyro_show_shell_word(&line, output->path);
	pyro_output_size_text(output->size, size, sizeof(size));
	pyro_buf_add_format(&line, " (%s)", size);
	if (opened) {
		pyro_buf_add_text(&line, ", opened in the browser\n");
	} else {
		pyro_buf_add_text(&line, "    xdg-open ");
		pyro_show_shell_word(&line, output->path);
		pyro_buf_add_char(&line, '\n');
	}
	if (pyro_buf_status(&line) == PYRO_RC_OK)
		fputs(line.data, stderr);
	pyro_buf_deinit(&line);
}

static enum pyro_rc write_page(const struct pyro_args *args, const char *path, struct pyro_err *err)
{
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	struct pyro_output output;
	enum pyro_rc rc = pyro_capture_reader_create(args->operands[0], &reader, err);

	if (rc)
		return rc;
	rc = pyro_capture_reader_profile(reader, &profile, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_logical_apply(args, &profile, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_output_open(path, pyro_args_flag(args, "force"), &output, err);
	if (rc == PYRO_RC_OK) {
		const struct pyro_view_options options = {
			.sources = !pyro_args_flag(args, "no-sources"),
			.incomplete = !pyro_capture_reader_complete(reader),
		};
		bool opened = false;

		rc = pyro_page_write(profile, &options, &output, err);
		if (rc == PYRO_RC_OK)
			rc = pyro_output_commit(&output, err);
		if (rc == PYRO_RC_OK && !output.direct && !pyro_args_flag(args, "no-open"))
			opened = open_page(path);
		if (rc == PYRO_RC_OK && !pyro_args_flag(args, "quiet"))
			say_result(&output, opened, !options.incomplete);
		pyro_output_close(&output);
	}
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
	return rc;
}

int pyro_cmd_view(const struct pyro_args *args, struct pyro_err *err)
{
	const char *path = pyro_args_text(args, "output");
	enum pyro_rc rc = PYRO_RC_OK;
	struct pyro_buf name;

	pyro_buf_init(&name, 1 << 16);
	if (!path) {
		rc = name_page(args->operands[0], &name, err);
		path = name.data;
	}
	if (rc == PYRO_RC_OK)
		rc = write_page(args, path, err);
	pyro_buf_deinit(&name);
	return pyro_rc_exit_status(rc);
}
