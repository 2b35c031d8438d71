/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that never were with bytes changed: each change is a place and what is written there, a
 * number or an address inside. */
#include <stdlib.h>
#include <string.h>

#include "cpython/fake_tasks.h"
#include "cpython/tasks.h"

#define CHANGE      8 /* bytes: kind, place (3), value (4) */
#define MAX_CHANGES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_tasks scene;
static uint8_t *plain; /* the memory as it was */

static void load(void)
{
	uint64_t future, task;

	fake_tasks_init(&scene);
	future = fake_tasks_object(&scene, scene.future_type, 112);
	task = fake_tasks_add(
		&scene, "first",
		fake_tasks_coroutine(&scene,
				     fake_tasks_coroutine(&scene, fake_tasks_iter(&scene, future))),
		future);
	(void)fake_tasks_add(&scene, "second",
			     fake_tasks_coroutine(&scene, fake_tasks_iter(&scene, task)), task);
	task = fake_tasks_add(&scene, "third", fake_tasks_coroutine(&scene, 0), 0);
	fake_put(scene.fake, scene.thread + FAKE_TS_TASK, task, 8);
	plain = malloc(scene.fake->used);
	if (!plain)
		abort();
	memcpy(plain, scene.fake->memory, scene.fake->used);
}

static void check(const struct pyro_python *python, const struct pyro_tasks_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct pyro_task *task = &view->tasks[i];

		if (task->first_frame > view->frame_count ||
		    task->frame_count > view->frame_count - task->first_frame ||
		    task->first_awaited > view->awaited_count ||
		    task->awaited_count > view->awaited_count - task->first_awaited ||
		    strlen(task->name) > PYRO_MAX_NAME || strlen(task->wait_type) > PYRO_MAX_NAME)
			abort();
	}
	for (size_t i = 0; i < view->frame_count; i++) {
		if (!pyro_python_code(python, view->frames[i].code))
			abort();
	}
	for (size_t i = 0; i < view->awaited_count; i++) {
		if (view->awaited[i] >= view->count)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pyro_tasks *tasks = NULL;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	struct fake *fake;

	if (!plain)
		load();
	fake = scene.fake;
	memcpy(fake->memory, plain, fake->used);
	for (size_t i = 0; i + CHANGE <= size && i < MAX_CHANGES * CHANGE; i += CHANGE) {
		uint32_t at = 0, value;

		memcpy(&at, data + i + 1, 3);
		memcpy(&value, data + i + 4, 4);
		at = at % (fake->used - 8) & (data[i] & 2 ? ~7u : ~0u);
		fake_put(fake, FAKE_BASE + at, data[i] & 1 ? FAKE_BASE + value % fake->used : value,
			 data[i] & 4 ? 1 : 8);
	}
	if (pyro_python_create(&fake->reader, &fake->origin, &python, NULL) != PYRO_RC_OK)
		return 0;
	if (pyro_tasks_create(python, scene.published, &tasks, NULL) == PYRO_RC_OK &&
	    pyro_tasks_read(tasks, &view, NULL) == PYRO_RC_OK)
		check(python, &view);
	pyro_tasks_destroy(tasks);
	pyro_python_destroy(python);
	return 0;
}
