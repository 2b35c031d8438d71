/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t size = strlen(text);
	size_t suffix_size = strlen(suffix);

	return size > suffix_size && strcmp(text + size - suffix_size, suffix) == 0;
}

static bool is_script_name(const char *word)
{
	return has_suffix(word, ".py") || has_suffix(word, ".pyw") || has_suffix(word, ".pyz") ||
	       has_suffix(word, ".pyc");
}

static bool in_path(const char *word)
{
	const char *folder = getenv("PATH");

	while (folder && *folder) {
		size_t size = strcspn(folder, ":");
		char path[PYRO_MAX_PATH];
		struct stat there;

		snprintf(path, sizeof(path), "%.*s/%s", size ? (int)size : 1, size ? folder : ".",
			 word);
		if (access(path, X_OK) == 0 && stat(path, &there) == 0 && S_ISREG(there.st_mode))
			return true;
		folder += size;
		if (*folder)
			folder++;
	}
	return false;
}

/* What Python would say only after it has started, and in more than one line. */
static enum pyro_rc check_script(const char *word, struct pyro_err *err)
{
	struct stat there;
	char inner[PYRO_MAX_PATH];

	if (stat(word, &there) != 0) {
		int errnum = errno;

		if (errnum == ENOENT || errnum == ENOTDIR)
			return pyro_err_set(err, PYRO_RC_NOTARGET,
					    "there is no file or command %.300s", word);
		return pyro_err_set_errno(err, PYRO_RC_CANNOTEXEC, errnum, "cannot read %.300s",
					  word);
	}
	if (access(word, R_OK) != 0)
		return pyro_err_set_errno(err, PYRO_RC_CANNOTEXEC, errno, "cannot read %.300s",
					  word);
	if (!S_ISDIR(there.st_mode))
		return PYRO_RC_OK;
	snprintf(inner, sizeof(inner), "%s/__main__.py", word);
	if (access(inner, R_OK) == 0)
		return PYRO_RC_OK;
	return pyro_err_set(err, PYRO_RC_CANNOTEXEC,
			    "%.300s is a folder without a __main__.py. Try: a script in it", word);
}

static bool is_script(const char *word)
{
	struct stat there;

	if (is_script_name(word))
		return true;
	if (!strchr(word, '/') && in_path(word))
		return false;
	if (stat(word, &there) != 0)
		return true; /* neither: check_script() says so */
	if (S_ISDIR(there.st_mode))
		return true;
	return access(word, X_OK) != 0 || !strchr(word, '/');
}

/* python3 -X dev -m pytest: what is it that Python runs? */
static const char *name_of_command(const char *const *operands)
{
	const char *command = base_of(operands[0]);

	if (strncmp(command, "python", 6) != 0)
		return command;
	for (size_t i = 1; operands[i]; i++) {
		const char *word = operands[i];

		if (word[0] != '-')
			return base_of(word);
		if (strcmp(word, "-m") == 0 && operands[i + 1])
			return operands[i + 1];
		if (strncmp(word, "-c", 2) == 0)
			return command;
		if ((strcmp(word, "-X") == 0 || strcmp(word, "-W") == 0) && operands[i + 1])
			i++;
	}
	return command;
}

/* Module names and code may hold anything; a file is named after the result. */
static const char *name_of_option(const char *const *operands)
{
	const char *value = operands[0][2] ? operands[0] + 2 : operands[1];

	return operands[0][1] == 'm' && value ? value : "code";
}

bool pyro_program_environment(const char *invoked, char *ret_path, size_t capacity)
{
	const char *slash = strrchr(invoked, '/');
	const int size = slash ? (int)(slash - invoked) : 0;
	char mark[PYRO_MAX_PATH];

	if (!slash || (size_t)size + sizeof("/../pyvenv.cfg") > sizeof(mark) ||
	    (size_t)size + sizeof("/python3") > capacity)
		return false;
	snprintf(mark, sizeof(mark), "%.*s/../pyvenv.cfg", size, invoked);
	snprintf(ret_path, capacity, "%.*s/python3", size, invoked);
	return access(mark, F_OK) == 0 && access(ret_path, X_OK) == 0;
}

enum pyro_rc pyro_program_parse(const char *const *operands, size_t count, const char *interpreter,
				struct pyro_program *ret_program, struct pyro_err *err)
{
	const char *first = operands[0];
	bool option = first[0] == '-' && (first[1] == 'm' || first[1] == 'c');
	bool script = !option && is_script(first);
	size_t at = 0;
	enum pyro_rc rc;

	*ret_program = (struct pyro_program){.argv = NULL};
	if (script) {
		rc = check_script(first, err);
		if (rc)
			return rc;
	}
	if (!interpreter || !*interpreter)
		interpreter = "python3";
	ret_program->argv = calloc(count + 2, sizeof(*ret_program->argv));
	if (!ret_program->argv)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	if (option || script)
		ret_program->argv[at++] = (char *)interpreter;
	for (size_t i = 0; i < count; i++)
		ret_program->argv[at++] = (char *)operands[i];
	if (option)
		ret_program->name = name_of_option(operands);
	else
		ret_program->name = script ? base_of(first) : name_of_command(operands);
	return PYRO_RC_OK;
}

void pyro_program_deinit(struct pyro_program *program)
{
	free(program->argv);
	program->argv = NULL;
}
