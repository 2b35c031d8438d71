/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/decoder.h"

void pyro_python_thread_names(struct pyro_python *python,
			      void (*each)(void *context, uint64_t pthread, const char *name),
			      void *context)
{
	(void)python;
	(void)each;
	(void)context;
}
