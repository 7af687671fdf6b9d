/* vault.h - `vault: { url = "https://vault:8200"; role_id = "..."; secret_id = "cred:..."; }` of
 * verdictd.conf.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_VAULT_H
#define CONFIG_VAULT_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* Reads the group, where there is one, after everything that may refer to it; false: findings were added. */
MUST_CHECK bool vault_read(const struct build *build, const struct node *root, struct settings *settings);

/* What may stand in it. */
struct settings_table vault_table(void);

#endif
