/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_CLEANUP_H
#define PYRO_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PYRO_NODISCARD  __attribute__((warn_unused_result))
#define PYRO_CLEANUP(f) __attribute__((cleanup(f)))

static inline void pyro_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}
static inline void pyro_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void pyro_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define PYRO_AUTO_FREE   PYRO_CLEANUP(pyro_cleanup_free)
#define PYRO_AUTO_CLOSE  PYRO_CLEANUP(pyro_cleanup_close)
#define PYRO_AUTO_FCLOSE PYRO_CLEANUP(pyro_cleanup_fclose)

/** Takes the value out of a variable with a cleanup attribute, so that it survives the scope. */
#define PYRO_TAKE_POINTER(variable)                                                                \
	__extension__({                                                                            \
		__auto_type taken_ = (variable);                                                   \
		(variable) = NULL;                                                                 \
		taken_;                                                                            \
	})
#define PYRO_TAKE_FD(variable)                                                                     \
	__extension__({                                                                            \
		int taken_ = (variable);                                                           \
		(variable) = -1;                                                                   \
		taken_;                                                                            \
	})

#define PYRO_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
