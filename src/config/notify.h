/* notify.h - `notify: { all = [ "slack:deploys" ]; urgent = [ "pagerduty:shop" ]; }`: who hears of what.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_NOTIFY_H
#define CONFIG_NOTIFY_H

#include "config/options.h"
#include "config/run_definition.h"

/* Receivers of a service, a pipeline, a group or a stack; a node that is NULL names nobody. Without
 * build->schemas (a sealed text) the kinds are not looked up again. False: findings were added. */
MUST_CHECK bool notify_build(const struct build *build, const struct node *node, struct receivers *ret);

/* Escalations of a service go to all whom it names, in `all` and in `urgent`. Where these are fewer than two,
 * one receiver that is away is enough for nobody to be called: a warning. */
void notify_warn(struct config_report *report, const struct node *service, const struct receivers *receivers);

#endif
