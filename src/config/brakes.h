/* brakes.h - `brakes: { service = "2 rollbacks per 6h"; fleet = "4 services per 5m"; }` of verdictd.conf.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_BRAKES_H
#define CONFIG_BRAKES_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* Reads the group, where there is one; false: findings were added. */
MUST_CHECK bool brakes_read(const struct build *build, const struct node *root, struct settings *settings);

/* What may stand in it. */
struct settings_table brakes_table(void);

#endif
