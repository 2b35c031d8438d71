/* SPDX-License-Identifier: Apache-2.0 */
#include "view/files.h"

#include <stdlib.h>

#include "base/err.h"

static enum pyro_rc number_files(struct pyro_view_files *files, const struct pyro_profile *profile,
				 const struct pyro_profile_counts *counts)
{
	PYRO_AUTO_FREE uint32_t *of_string = calloc(counts->strings + 1u, sizeof(*of_string));

	if (!of_string)
		return PYRO_RC_NOMEM;
	for (uint32_t i = 0; i < counts->functions; i++) {
		uint32_t string = pyro_profile_function_get(profile, i)->file;
		/* 0: not seen yet; else the number plus one. */
		uint32_t *number = &of_string[string < counts->strings ? string : counts->strings];

		if (*number == 0) {
			files->files[files->count] = (struct pyro_view_file){
				.string = string,
				.place = pyro_places_get(files->places, string),
			};
			files->count++;
			*number = (uint32_t)files->count;
		}
		files->of_function[i] = *number - 1;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc measure_heat(struct pyro_view_files *files, const struct pyro_profile *profile,
				 const struct pyro_profile_counts *counts)
{
	PYRO_AUTO_FREE uint64_t *heat = calloc(counts->stacks + 1u, sizeof(*heat));

	if (!heat)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < counts->totals; i++) {
		const struct pyro_total *total = pyro_profile_total_get(profile, i);

		if (total->stack < counts->stacks)
			heat[total->stack] += total->values[PYRO_METRIC_WALL];
	}
	/* A parent is older than its children, so one walk back carries all to the roots. */
	for (uint32_t i = counts->stacks; i-- > 0;) {
		const struct pyro_stack *stack = pyro_profile_stack_get(profile, i);
		const struct pyro_frame *frame = pyro_profile_frame_get(profile, stack->frame);
		struct pyro_view_file *file = &files->files[files->of_function[frame->function]];

		if (stack->parent < i)
			heat[stack->parent] += heat[i];
		if (file->heat < heat[i])
			file->heat = heat[i];
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_view_files_init(struct pyro_view_files *files, const struct pyro_profile *profile,
				  struct pyro_err *err)
{
	struct pyro_profile_counts counts;
	enum pyro_rc rc;

	*files = (struct pyro_view_files){0};
	pyro_profile_counts(profile, &counts);
	rc = pyro_places_create(profile, &files->places, err);
	if (rc != PYRO_RC_OK)
		return rc;
	files->files = calloc(counts.functions + 1u, sizeof(*files->files));
	files->of_function = calloc(counts.functions + 1u, sizeof(*files->of_function));
	rc = files->files && files->of_function ? PYRO_RC_OK : PYRO_RC_NOMEM;
	if (rc == PYRO_RC_OK)
		rc = number_files(files, profile, &counts);
	if (rc == PYRO_RC_OK)
		rc = measure_heat(files, profile, &counts);
	if (rc != PYRO_RC_OK) {
		pyro_view_files_deinit(files);
		return pyro_err_set(err, rc, "cannot make the page: out of memory");
	}
	return PYRO_RC_OK;
}

void pyro_view_files_deinit(struct pyro_view_files *files)
{
	free(files->files);
	free(files->of_function);
	pyro_places_destroy(files->places);
	*files = (struct pyro_view_files){0};
}
