/* template.h - {{name}} in texts: finding and filling them.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_TEMPLATE_H
#define CONFIG_TEMPLATE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum placeholder_kind {
    PLACEHOLDER_NONE,  /* no further {{ */
    PLACEHOLDER_NAME,  /* {{name}} */
    PLACEHOLDER_BROKEN /* {{ without a name and }} behind it */
};

struct placeholder {
    enum placeholder_kind kind;
    size_t before; /* characters of the text in front of it */
    char name[METRIC_MAX_LENGTH + 1];
    const char *after;
};

/* The first placeholder of `text`. */
struct placeholder template_find(const char *text);

/* Does the text hold {{name}}? */
bool template_has(const char *text, const char *name);

/* What differs by side or moment and is filled when a side is asked, not when a definition is resolved:
 * version, previous, slot, host, address, resolution. */
bool template_is_sidewise(const char *name);

#endif
