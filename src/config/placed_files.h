/* placed_files.h - `files: { NAME: { to = "/etc/shop.conf"; template = "shop.conf.in"; values: { ... }; }; }`
 * of an environment: configuration files that are written before a version is deployed, and put back with it.
 * SPDX-License-Identifier: MIT
 *
 * What is written there becomes one command, `configure`, that runs verdict-configure, and its undo. */
#ifndef CONFIG_PLACED_FILES_H
#define CONFIG_PLACED_FILES_H

#include "config/files.h"
#include "config/options.h"
#include "config/vars.h"

enum { PLACED_FILES_MAX = 8, PLACED_FILES_BYTES_MAX = 16 * 1024 /* of all values */ };

/* Where rule files are read: the child `files`, where there is one, with its templates looked into: every
 * blank has a value of its type, every value a blank; values become texts, templates absolute, with their
 * hashes. */
MUST_CHECK bool placed_files_select(const struct config *config, struct vars *vars, struct node *children,
                                    size_t count);

/* After the commands, slots and hosts. `node` may be NULL. */
MUST_CHECK bool placed_files_build(const struct build *build, const struct node *node,
                                   struct definition *definition);

/* With the plan: do hosts get them? */
MUST_CHECK bool placed_files_check(const struct build *build, const struct node *target,
                                   const struct definition *definition);

#endif
