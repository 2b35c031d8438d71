/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logical.h"

#include "profile/logical.h"

enum pyro_rc pyro_logical_apply(const struct pyro_args *args, struct pyro_profile **profile,
				struct pyro_err *err)
{
	struct pyro_profile *logical;
	enum pyro_rc rc;

	if (!pyro_args_flag(args, "async"))
		return PYRO_RC_OK;
	rc = pyro_logical_create(*profile, &logical, err);
	if (rc)
		return rc;
	pyro_profile_destroy(*profile);
	*profile = logical;
	return PYRO_RC_OK;
}
