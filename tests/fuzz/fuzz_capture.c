/* SPDX-License-Identifier: Apache-2.0 */
/* Opens bytes as a capture and asks all that a report would ask. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/query.h"
#include "profile/aggregate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void remove_file(void)
{
	unlink(path);
	path[sizeof("/dev/shm/pyrometer-fuzz-XXXXXX") - 1] = '\0';
	rmdir(path);
}

static void make_place(void)
{
	char directory[] = "/dev/shm/pyrometer-fuzz-XXXXXX";
	if (path[0])
		return;
	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/a.pyro", directory);
	atexit(remove_file);
}

static enum pyro_rc each_sample(void *context, const struct pyro_capture_sample *sample)
{
	uint64_t *count = context;
	(void)sample;
	/* A run packs a thousand samples into a few bytes: enough is enough. */
	return ++*count < 100000 ? PYRO_RC_OK : PYRO_RC_LIMIT;
}

static void ask(struct pyro_profile *profile)
{
	struct pyro_aggregate *aggregate = NULL;
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_rows_options by = {.metric = PYRO_METRIC_WALL};
	struct pyro_rows rows;
	struct pyro_tree tree;
	options.fold_library = true;
	if (pyro_aggregate_create(profile, &options, &aggregate, NULL) != PYRO_RC_OK)
		return;
	for (unsigned group = 0; group < PYRO_GROUP_COUNT; group++) {
		by.group = (enum pyro_group)group;
		if (pyro_aggregate_rows(aggregate, &by, &rows, NULL) == PYRO_RC_OK)
			pyro_rows_deinit(&rows);
	}
	if (pyro_aggregate_tree(aggregate, true, PYRO_METRIC_CPU, &tree, NULL) == PYRO_RC_OK)
		pyro_tree_deinit(&tree);
	pyro_aggregate_destroy(aggregate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pyro_err err;
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	uint64_t count = 0;
	make_place();
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (pyro_capture_reader_create(path, &reader, &err) != PYRO_RC_OK)
		return 0;
	if (pyro_capture_reader_profile(reader, &profile, &err) == PYRO_RC_OK)
		ask(profile);
	if (pyro_capture_reader_samples(reader, each_sample, &count, &err) != PYRO_RC_OK)
		count = 0;
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
	return 0;
}
