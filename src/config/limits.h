/* limits.h - `limits: { every = "30s"; failures = 2; }` of a trigger: how often it is looked at, and how many
 * checks decide. SPDX-License-Identifier: MIT */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

#include "config/rules.h"

/* Into rule->rule.limits; the rule's metrics are set already. Without the group nothing changes; false:
 * findings were added. */
MUST_CHECK bool limits_build(const struct rule_list *list, const struct node *trigger,
                             struct rule_definition *rule);

#endif
