/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/modules.h"

enum pyro_rc pyro_module_load(struct pyro_python *python, uint64_t interp, const char *name,
			      struct pyro_items *ret_items)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_items modules PYRO_CLEANUP(pyro_items_deinit) = {0};
	struct pyro_bytes bytes;
	uint64_t module;
	enum pyro_rc rc;

	*ret_items = (struct pyro_items){0};
	pyro_window_reset(&python->window);
	rc = pyro_window_get(&python->window, interp + l->in_modules, 8, &bytes);
	if (rc == PYRO_RC_OK)
		rc = pyro_dict_load(&python->window, l, pyro_bytes_u64(bytes, 0), &modules);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(&python->window, l, &modules, name, &module);
	pyro_window_reset(&python->window);
	if (rc == PYRO_RC_OK)
		rc = pyro_window_get(&python->window, module + l->mod_dict, 8, &bytes);
	if (rc == PYRO_RC_OK)
		rc = pyro_dict_load(&python->window, l, pyro_bytes_u64(bytes, 0), ret_items);
	return rc;
}
