/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/moment.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum pyro_rc pyro_moment_create(struct pyro_moment **ret_moment, struct pyro_err *err)
{
	struct pyro_moment *moment = calloc(1, sizeof(*moment));
	enum pyro_rc rc;

	if (!moment)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	pyro_arena_init(&moment->arena, PYRO_MAX_MOMENT_BYTES);
	moment->command = moment->version = "";
	moment->tasks.error = moment->greenlets.error = "";
	moment->core = moment->signal = moment->cause = moment->pc_file = "";
	rc = pyro_profile_create(&moment->profile, err);
	if (rc) {
		pyro_moment_destroy(moment);
		return rc;
	}
	*ret_moment = moment;
	return PYRO_RC_OK;
}

void pyro_moment_destroy(struct pyro_moment *moment)
{
	if (!moment)
		return;
	pyro_profile_destroy(moment->profile);
	pyro_arena_deinit(&moment->arena);
	free(moment->files);
	free(moment);
}

static int rank_of(const struct pyro_moment_thread *thread)
{
	return thread->killed ? 0 : thread->main ? 1 : thread->python ? 2 : 3;
}

static int compare(const void *a, const void *b)
{
	const struct pyro_moment_thread *x = a;
	const struct pyro_moment_thread *y = b;

	return rank_of(x) != rank_of(y) ? rank_of(x) - rank_of(y) : x->tid - y->tid;
}

void pyro_moment_sort(struct pyro_moment *moment)
{
	if (moment->thread_count > 1)
		qsort(moment->threads, moment->thread_count, sizeof(*moment->threads), compare);
}

const char *pyro_moment_text(struct pyro_moment *moment, const char *text)
{
	const char *kept = *text ? pyro_arena_dup(&moment->arena, text, strlen(text)) : NULL;

	return kept ? kept : "";
}

enum pyro_rc pyro_moment_add_file(struct pyro_moment *moment, const char *path, const char *why)
{
	struct pyro_moment_file *files =
		reallocarray(moment->files, moment->file_count + 1, sizeof(*files));

	if (!files)
		return PYRO_RC_NOMEM;
	moment->files = files;
	moment->files[moment->file_count++] = (struct pyro_moment_file){
		.path = pyro_moment_text(moment, path), .why = pyro_moment_text(moment, why)};
	return PYRO_RC_OK;
}
