/* references.h - the secrets that the settings name, and where.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_REFERENCES_H
#define CONFIG_REFERENCES_H

#include <stddef.h>

enum { REFERENCES_MAX = 1024 };

struct reference_use {
    const char *text;
    unsigned line;
};

struct references {
    size_t count;
    struct reference_use uses[REFERENCES_MAX];
};

#endif
