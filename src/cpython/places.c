/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/decoder.h"
#include "cpython/values.h"

void pyro_python_places(const struct pyro_python *python, const struct pyro_raw_stack *stack,
			struct pyro_frame_place *places)
{
	const struct pyro_walk *walk = &python->walk;

	for (size_t i = 0; i < stack->count && i < PYRO_MAX_STACK_DEPTH; i++)
		places[i] = (struct pyro_frame_place){walk->addrs[i], walk->code_addrs[i],
						      walk->instrs[i]};
}
