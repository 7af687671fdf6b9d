/* rates.h - `rates: { token = "2000 requests per 10s"; address = "600 requests per 10s"; connections = 128;
 * }` of verdictd.conf.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_RATES_H
#define CONFIG_RATES_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* Reads the group, or takes the defaults; false: findings were added. */
MUST_CHECK bool rates_read(const struct build *build, const struct node *root, struct settings *settings);

/* What may stand in it. */
struct settings_table rates_table(void);

#endif
