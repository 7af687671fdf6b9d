/* events.h - `events: { broker = "mqtt:plant";  hooks = [ "ci" ]; }` of verdictd.conf.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_EVENTS_H
#define CONFIG_EVENTS_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* After the sources and the hooks. False: findings were added. */
MUST_CHECK bool events_read(const struct build *build, const struct node *root, struct settings *settings);

/* What may stand in it. */
struct settings_table events_table(void);

#endif
