/* prepare.h - `prepare: { command = "prepare"; replicas = 3; resources: { ... }; health: { ... }; }`: what a
 * version needs of its environment, told to all commands, and the command that makes it so.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_PREPARE_H
#define CONFIG_PREPARE_H

#include "config/options.h"

/* After the commands. `node` may be NULL. False: findings were added. */
MUST_CHECK bool prepare_build(const struct build *build, const struct node *node,
                              struct definition *definition);

#endif
