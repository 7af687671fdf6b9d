/* hooks.h - `hooks: { github: { secret = "cred:github"; }; argocd: { ... }; }` of verdictd.conf.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_HOOKS_H
#define CONFIG_HOOKS_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* Reads the group, where there is one; false: findings were added. */
MUST_CHECK bool hooks_read(const struct build *build, const struct node *root, struct settings *settings);

/* What may stand in it. */
struct settings_table hooks_table(void);

#endif
