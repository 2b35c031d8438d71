/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/python.h"

#include <stdlib.h>

#include "cpython/decoder.h"

static void set_read_sizes(struct pyro_python *python)
{
	const struct pyro_layout *l = &python->layout;
	uint32_t size = 0;

	size = pyro_end_of(l->ts_next, size);
	size = pyro_end_of(l->ts_interp, size);
	size = pyro_end_of(l->ts_top, size);
	size = pyro_end_of(l->ts_thread_id, size);
	size = pyro_end_of(l->ts_native_id, size);
	size = pyro_end_of(l->ts_status, size);
	size = pyro_end_of(l->ts_chunk, size);
	size = pyro_end_of(l->ts_cframe, size);
	python->thread_read = pyro_end_of(l->ts_data_top, size);

	size = pyro_end_of(l->fr_previous, 0);
	size = pyro_end_of(l->fr_code, size);
	size = pyro_end_of(l->fr_instr, size);
	if (l->fr_owner != PYRO_ABSENT && l->fr_owner + 1 > size)
		size = l->fr_owner + 1;
	if (l->fr_tlbc != PYRO_ABSENT && l->fr_tlbc + 4 > size)
		size = l->fr_tlbc + 4;
	python->frame_read = size;

	size = l->co_id_end;
	size = pyro_end_of(l->ob_type, size);
	size = pyro_end_of(l->co_tlbc, size);
	python->code_read = size;
}

enum pyro_rc pyro_python_create(struct pyro_reader *reader, const struct pyro_python_origin *origin,
				struct pyro_python **ret_python, struct pyro_err *err)
{
	struct pyro_python *python;
	enum pyro_rc rc;

	*ret_python = NULL;
	python = calloc(1, sizeof(*python));
	if (!python)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	python->reader = reader;
	python->origin = *origin;
	python->origin.version_text[sizeof(python->origin.version_text) - 1] = '\0';
	python->pthread_tid = PYRO_ABSENT;
	pyro_map_init(&python->thread_index, PYRO_MAX_THREADS);
	pyro_map_init(&python->hosts, PYRO_MAX_THREADS);
	pyro_codes_init(&python->codes);
	rc = pyro_window_init(&python->window, reader);
	if (rc != PYRO_RC_OK)
		rc = pyro_err_set(err, rc, "out of memory");
	if (rc == PYRO_RC_OK)
		rc = pyro_layout_find(reader, &python->origin, &python->layout, err);
	if (rc == PYRO_RC_OK) {
		set_read_sizes(python);
		rc = pyro_threads_settle_layout(python, err);
	}
	if (rc != PYRO_RC_OK) {
		pyro_python_destroy(python);
		return rc;
	}
	*ret_python = python;
	return PYRO_RC_OK;
}

void pyro_python_destroy(struct pyro_python *python)
{
	if (!python)
		return;
	pyro_threads_deinit(python);
	pyro_codes_deinit(&python->codes);
	pyro_window_deinit(&python->window);
	pyro_map_deinit(&python->thread_index);
	pyro_map_deinit(&python->hosts);
	free(python);
}

struct pyro_reader *pyro_python_reader(const struct pyro_python *python)
{
	return python->reader;
}

const struct pyro_python_origin *pyro_python_origin(const struct pyro_python *python)
{
	return &python->origin;
}

void pyro_python_settle(struct pyro_python *python, bool proved)
{
	pyro_frames_learn(python);
	pyro_codes_settle(&python->codes, proved);
}

void pyro_python_trust(struct pyro_python *python, uint32_t epoch)
{
	python->codes.epoch = epoch;
}

void pyro_python_stack_lines(struct pyro_python *python, struct pyro_raw_stack *stack)
{
	for (size_t i = 0; i < stack->count && i < PYRO_MAX_STACK_DEPTH; i++) {
		struct pyro_raw_frame *frame = &stack->frames[i];

		frame->line = pyro_codes_line(&python->codes, &python->layout, frame->code,
					      frame->offset);
	}
}

const struct pyro_code *pyro_python_code(const struct pyro_python *python, uint32_t code)
{
	return code < python->codes.record_count ? &python->codes.records[code]->code : NULL;
}

void pyro_python_counts(const struct pyro_python *python, struct pyro_python_counts *ret_counts)
{
	*ret_counts = (struct pyro_python_counts){
		.reads = python->window.reads,
		.bytes = python->window.bytes,
		.faults = python->window.faults,
		.codes = python->codes.decoded,
		.codes_reused = python->codes.reused,
	};
}
