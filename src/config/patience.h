/* patience.h - `on_inconclusive: { source_error = "hold 30m, then rollback"; other = "extend 5m, then
 * rollback"; }` of a baseline: how long an observation may wait for evidence, and what then.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_PATIENCE_H
#define CONFIG_PATIENCE_H

#include "config/rules.h"
#include "orchestrator/recipe.h"

/* Reads the group, where there is one, into list->patience, which all baselines of a service share. `extend`
 * and `hold` are one: the share stays, and the observation goes on. False: findings were added. */
MUST_CHECK bool patience_read(struct rule_list *list, const struct node *baseline);

/* What is declared for both, as the recipe takes it. */
void patience_fill(const struct patience *patience, struct recipe *recipe);

#endif
