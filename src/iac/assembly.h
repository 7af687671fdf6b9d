/* assembly.h - a cloud assembly of the CDK: which stacks its manifest names, and what one needs.
 * SPDX-License-Identifier: MIT
 *
 * Members that are not needed are not looked at. What would have to be published before the stack can be made
 * (files, images) is an error that says what, and so is context that nobody has looked up. */
#ifndef IAC_ASSEMBLY_H
#define IAC_ASSEMBLY_H

#include "base/err.h"

#include <stddef.h>

enum {
    ASSEMBLY_SIZE_MAX = 4 * 1024 * 1024, /* bytes of a manifest */
    ASSEMBLY_FILE_SIZE = 256,
    ASSEMBLY_NAME_SIZE = 129,
    ASSEMBLY_PLACE_SIZE = 32
};

struct assembly_stack {
    char name[ASSEMBLY_NAME_SIZE];
    char template_file[ASSEMBLY_FILE_SIZE];
    char assets_file[ASSEMBLY_FILE_SIZE];                           /* "" it has none */
    char account[ASSEMBLY_PLACE_SIZE], region[ASSEMBLY_PLACE_SIZE]; /* "" any */
};

/* manifest.json. `wanted`: the stack's name; NULL: there must be one alone. ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool assembly_read(const char *json, size_t length, const char *wanted,
                              struct assembly_stack *ret_stack, struct err *err);

/* A list of assets; the template itself is the only one that may be on it. */
MUST_CHECK bool assembly_check_assets(const char *json, size_t length, const char *template_file,
                                      struct err *err);

#endif
