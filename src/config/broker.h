/* broker.h - which broker a setting means: "mqtt:plant" is one of `sources`.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_BROKER_H
#define CONFIG_BROKER_H

#include "config/options.h"
#include "config/settings.h"
#include "config/tree.h"

/* The source's own name goes to *ret_name. False: a finding about `key` at `node` was added. */
MUST_CHECK bool broker_find(const struct build *build, const struct node *node, const char *key,
                            const char *text, const struct settings *settings, const char **ret_name);

#endif
