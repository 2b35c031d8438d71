/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_BUNDLE_H
#define PYRO_VIEW_BUNDLE_H

#include <stddef.h>

#include "bundle_hashes.h" /* made by embed.py: PYRO_VIEW_SCRIPT_HASH, _STYLE_HASH, _ICON */

/** The viewer as built from web/: one script and one style sheet. Not NUL-terminated. */
extern const unsigned char pyro_view_script[];
extern const size_t pyro_view_script_size;
extern const unsigned char pyro_view_style[];
extern const size_t pyro_view_style_size;

#endif
