/* SPDX-License-Identifier: Apache-2.0 */
#include "view/pack.h"

#define ZLIB_CONST
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"

#define ELEMENT_OPEN  "<script type=\"text/plain\" class=\"pyro-data\">"
#define ELEMENT_CLOSE "</script>\n"
/* Bytes of gzip in one element: a multiple of 3, so that only the last one ends in padding and
 * each can be decoded by itself. */
#define ELEMENT_BYTES (3u * 256 * 1024)
#define GZIP_WINDOW   (15 + 16) /* zlib's way to ask for a gzip header */

struct pyro_view_pack {
	struct pyro_view_sink sink;
	z_stream deflate;
	bool deflating;
	size_t used; /* of raw */
	unsigned char raw[ELEMENT_BYTES];
	char text[ELEMENT_BYTES / 3 * 4];
};

enum pyro_rc pyro_view_pack_create(const struct pyro_view_sink *sink,
				   struct pyro_view_pack **ret_pack, struct pyro_err *err)
{
	struct pyro_view_pack *pack = calloc(1, sizeof(*pack));

	if (!pack)
		return pyro_err_set(err, PYRO_RC_NOMEM, "cannot pack the page: out of memory");
	pack->sink = *sink;
	if (deflateInit2(&pack->deflate, 6, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK) {
		free(pack);
		return pyro_err_set(err, PYRO_RC_NOMEM, "cannot pack the page: out of memory");
	}
	pack->deflating = true;
	*ret_pack = pack;
	return PYRO_RC_OK;
}

void pyro_view_pack_destroy(struct pyro_view_pack *pack)
{
	if (!pack)
		return;
	if (pack->deflating)
		deflateEnd(&pack->deflate);
	free(pack);
}

static size_t base64(const unsigned char *raw, size_t size, char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t at = 0;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t left = size - i < 3 ? (uint32_t)(size - i) : 3;
		uint32_t bits = (uint32_t)raw[i] << 16;

		if (left > 1)
			bits |= (uint32_t)raw[i + 1] << 8;
		if (left > 2)
			bits |= raw[i + 2];
		text[at++] = digits[bits >> 18];
		text[at++] = digits[bits >> 12 & 63];
		text[at++] = left > 1 ? digits[bits >> 6 & 63] : '=';
		text[at++] = left > 2 ? digits[bits & 63] : '=';
	}
	return at;
}

static enum pyro_rc write_element(struct pyro_view_pack *pack, struct pyro_err *err)
{
	const struct pyro_view_sink *sink = &pack->sink;
	size_t size = base64(pack->raw, pack->used, pack->text);
	enum pyro_rc rc;

	pack->used = 0;
	rc = sink->write(sink->context, ELEMENT_OPEN, strlen(ELEMENT_OPEN), err);
	if (rc == PYRO_RC_OK)
		rc = sink->write(sink->context, pack->text, size, err);
	if (rc == PYRO_RC_OK)
		rc = sink->write(sink->context, ELEMENT_CLOSE, strlen(ELEMENT_CLOSE), err);
	return rc;
}

/* Runs deflate until it has taken all input (and, with Z_FINISH, given all output). */
static enum pyro_rc pump(struct pyro_view_pack *pack, int flush, struct pyro_err *err)
{
	for (;;) {
		int status;

		if (pack->used == ELEMENT_BYTES) {
			enum pyro_rc rc = write_element(pack, err);

			if (rc != PYRO_RC_OK)
				return rc;
		}
		pack->deflate.next_out = pack->raw + pack->used;
		pack->deflate.avail_out = (uInt)(ELEMENT_BYTES - pack->used);
		status = deflate(&pack->deflate, flush);
		pack->used = ELEMENT_BYTES - pack->deflate.avail_out;
		if (status == Z_STREAM_END)
			return PYRO_RC_OK;
		if (status == Z_STREAM_ERROR)
			return pyro_err_set(err, PYRO_RC_FORMAT,
					    "cannot pack the page: zlib error");
		if (flush == Z_NO_FLUSH && pack->deflate.avail_out > 0)
			return PYRO_RC_OK;
	}
}

enum pyro_rc pyro_view_pack_add(struct pyro_view_pack *pack, const void *bytes, size_t size,
				struct pyro_err *err)
{
	const unsigned char *at = bytes;

	while (size > 0) {
		uInt step = size > (1u << 30) ? 1u << 30 : (uInt)size;
		enum pyro_rc rc;

		pack->deflate.next_in = at;
		pack->deflate.avail_in = step;
		rc = pump(pack, Z_NO_FLUSH, err);
		if (rc != PYRO_RC_OK)
			return rc;
		at += step;
		size -= step;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_view_pack_finish(struct pyro_view_pack *pack, struct pyro_err *err)
{
	enum pyro_rc rc;

	pack->deflate.next_in = NULL;
	pack->deflate.avail_in = 0;
	rc = pump(pack, Z_FINISH, err);
	if (rc == PYRO_RC_OK && pack->used > 0)
		rc = write_element(pack, err);
	return rc;
}
