/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/sample_profile.h"

#define MS 1000000ull

struct relay {
	uint32_t track;
	pyro_format_sample_fn *each;
	void *context;
	enum pyro_rc rc;
};

static void relay_moment(void *context, const struct sample_moment *moment)
{
	struct relay *relay = context;
	const struct pyro_format_sample sample = {
		.at_ns = moment->at_ns,
		.track = moment->track,
		.stack = moment->stack,
		.wall_ns = MS,
		.cpu_ns = moment->running ? MS : 0,
	};

	if (moment->track == relay->track && relay->rc == PYRO_RC_OK)
		relay->rc = relay->each(relay->context, &sample);
}

enum pyro_rc fixture_samples(void *context, pyro_format_sample_fn *each, void *each_context,
			     struct pyro_err *err)
{
	struct relay relay = {.each = each, .context = each_context};

	for (relay.track = 0; relay.track < 3 && relay.rc == PYRO_RC_OK; relay.track++)
		sample_profile_moments(context, relay_moment, &relay);
	return relay.rc;
}

enum pyro_rc fixture_write(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	pyro_buf_add(context, bytes, size);
	return pyro_buf_status(context);
}

void fixture_convert(const struct pyro_format *format, const struct pyro_format_options *options,
		     struct pyro_buf *buf)
{
	struct pyro_profile *profile = sample_profile_create();
	const struct pyro_sample_source source = {profile, fixture_samples};
	const struct pyro_format_sink sink = {buf, fixture_write};
	struct pyro_err err = {.rc = PYRO_RC_OK};

	assert_non_null(profile);
	pyro_buf_init(buf, 1 << 20);
	assert_int_equal(format->write(profile, &source, options, &sink, &err), PYRO_RC_OK);
	assert_int_equal(err.rc, PYRO_RC_OK);
	pyro_profile_destroy(profile);
}

void fixture_assert_golden(const struct pyro_buf *buf, const char *name)
{
	char path[512];
	static char golden[1 << 20];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/format/%s", PYRO_GOLDEN, name);
	if (getenv("PYROMETER_WRITE_GOLDEN")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(buf->data, 1, buf->size, file), buf->size);
		assert_int_equal(fclose(file), 0);
		return;
	}
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(golden, 1, sizeof(golden) - 1, file);
	fclose(file);
	golden[size] = '\0';
	assert_string_equal(buf->data, golden);
	assert_int_equal(buf->size, size);
}
