/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rc.h"

#include "base/cleanup.h"

static const struct {
	const char *name;
	const char *text;
	int status;
} table[] = {
#define PYRO_RC_ROW(suffix, name, text, status) {name, text, status},
	PYRO_RC_MAP(PYRO_RC_ROW)
#undef PYRO_RC_ROW
};

const char *pyro_rc_name(enum pyro_rc rc)
{
	return (unsigned int)rc < PYRO_COUNT(table) ? table[rc].name : "unknown";
}

const char *pyro_rc_text(enum pyro_rc rc)
{
	return (unsigned int)rc < PYRO_COUNT(table) ? table[rc].text : "unknown error";
}

int pyro_rc_exit_status(enum pyro_rc rc)
{
	return (unsigned int)rc < PYRO_COUNT(table) ? table[rc].status : 125;
}
