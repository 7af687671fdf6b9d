/* assemble.h - a selected tree (select.h) → the definition that it describes.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_ASSEMBLE_H
#define CONFIG_ASSEMBLE_H

#include "config/options.h"

enum { ASSEMBLE_BYTES_MAX = 1024 * 1024 };

/* One block of memory, for definition_free(); NULL: findings were added. `known` are names of metrics for
 * "did you mean". Nothing of the tree is kept. */
struct definition *assemble(const struct node *root, const struct option_schemas *schemas,
                            const char *const *known, size_t known_count, struct config_report *report);

#endif
