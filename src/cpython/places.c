/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/decoder.h"
#include "cpython/values.h"

/* Where the frames of the last stack lie. The sampling loop does not keep that: what was read for
 * it still lies in the window, and is followed once more. */

#define OWNER_SHIM 3

/* The frame that the walk began at, 0 if it is not there any more. */
static uint64_t first_frame(const struct pyro_python *python, const struct pyro_thread *thread)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_bytes cframe;

	if (l->cf_frame == PYRO_ABSENT)
		return thread->top;
	cframe = pyro_window_find(&python->window, thread->top, l->cf_previous + 8);
	return pyro_bytes_u64(cframe, l->cf_frame);
}

void pyro_python_places(const struct pyro_python *python, const struct pyro_thread *thread,
			const struct pyro_raw_stack *stack, struct pyro_place *places)
{
	const struct pyro_layout *l = &python->layout;
	const struct pyro_walk *walk = &python->walk;
	uint64_t addr = first_frame(python, thread);
	size_t at = 0, found = 0;

	memset(places, 0, stack->count * sizeof(*places));
	for (size_t i = 0; i < PYRO_MAX_STACK_WALK && addr != 0 && at < walk->count; i++) {
		const struct pyro_bytes frame =
			pyro_window_find(&python->window, addr, python->frame_read);
		uint64_t code = pyro_bytes_u64(frame, l->fr_code);

		if (!frame.data)
			return;
		if (l->minor >= 14)
			code &= PYRO_CODE_MASK;
		/* The walk passed over what belongs to the interpreter, the stack over what is no
		 * code or is hidden. */
		if (l->minor < 12 || pyro_bytes_u8(frame, l->fr_owner) < OWNER_SHIM) {
			const uint32_t slot = walk->slots[at];
			uint32_t id;

			if (code != walk->code_addrs[at] || slot >= python->codes.slot_count)
				return;
			id = python->codes.slots[slot].code;
			if (id != PYRO_CODE_NONE && !python->codes.records[id]->internal) {
				if (found == stack->count || stack->frames[found].code != id)
					return;
				places[found++] = (struct pyro_place){addr, code, walk->instrs[at]};
			}
			at++;
		}
		addr = pyro_bytes_u64(frame, l->fr_previous);
	}
}
