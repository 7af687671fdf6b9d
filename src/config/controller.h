/* controller.h - `controller: { url = "https://..."; ... }` of verdictd.conf: who hears of the fleet.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_CONTROLLER_H
#define CONFIG_CONTROLLER_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* Reads the group, where there is one, after listeners and status; false: findings were added. */
MUST_CHECK bool controller_read(const struct build *build, const struct node *root,
                                struct settings *settings);

/* What may stand in it. */
struct settings_table controller_table(void);

#endif
