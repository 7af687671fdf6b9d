/* placeholder.h - {{name}} in a text: where the next one stands.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_PLACEHOLDER_H
#define BASE_PLACEHOLDER_H

#include "base/text.h"

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
struct placeholder placeholder_find(const char *text);

#endif
