/* template.h - {{name}} in texts: which of them there are, and filling them.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_TEMPLATE_H
#define CONFIG_TEMPLATE_H

#include "base/placeholder.h"

#include <stdbool.h>
#include <stddef.h>

/* Does the text hold {{name}}? */
bool template_has(const char *text, const char *name);

/* What differs by side or moment and is filled when a side is asked, not when a definition is resolved:
 * version, previous, slot, host, address, resolution. */
bool template_is_sidewise(const char *name);

#endif
