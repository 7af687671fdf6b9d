/* defaults.h - triggers that a strategy brings along. blue_green has those of what its traffic driver counts,
 * where the service names no triggers of its own; an empty list is one.
 * SPDX-License-Identifier: MIT
 *
 *   default-errors        more than 5 % of the requests fail
 *   default-latency       a request takes longer than 1 s on average
 *   default-availability  less than 99 % of the slot's servers are up
 *
 * A metric of the operator's own in place of the one that is counted takes its trigger with it. */
#ifndef CONFIG_DEFAULTS_H
#define CONFIG_DEFAULTS_H

#include "config/files.h"
#include "config/vars.h"

enum { DEFAULTS_MAX = 3 };

/* Appends those of a kind of strategy to ret_triggers[DEFAULTS_MAX], as if they stood at `at`. False: a
 * finding was added. */
MUST_CHECK bool defaults_select(const struct config *config, struct vars *vars,
                                const struct node *environment, const char *kind, struct node *ret_triggers,
                                size_t *ret_count);

#endif
