/* archives.h - `archives = [ "exact for 2d", "1m for 30d", "1h for 2y" ];` of verdictd.conf.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_ARCHIVES_H
#define CONFIG_ARCHIVES_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

#define ARCHIVES_DEFAULT "\"exact for 2d\", \"1m for 30d\", \"1h for 2y\""

/* Reads the list, or takes the default where there is none; false: findings were added. */
MUST_CHECK bool archives_read(const struct build *build, const struct node *root, struct settings *settings);

#endif
