/* strategies.h - `strategies: { NAME: { ... } }`: recipes.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_STRATEGIES_H
#define CONFIG_STRATEGIES_H

#include "config/gates.h"
#include "config/options.h"
#include "config/rules.h"
#include "orchestrator/recipe.h"

/* A recipe, and where its steps stand: steps[i] is the recipe's step i. */
struct strategy {
    struct recipe recipe; /* without what the target and the rules say */
    const struct node *steps[PLAN_STEPS_MAX];
    const char *const *approvers; /* of the steps that ask people, or NULL */
    size_t approver_count;
    size_t gate_count; /* of the steps that ask other systems, in their order */
    struct gate_definition gates[GATES_MAX];
};

/* `node` NULL: the kind that is called `name`. Steps name the commands and smoke tests of the definition
 * (NULL: they are not looked up). False: findings were added. */
MUST_CHECK bool strategies_build(const struct build *build, const struct node *node, const char *name,
                                 const struct definition *definition, const struct patience *patience,
                                 struct strategy *ret_strategy);

/* Kinds exist under their own names, so that no recipe may be called like one. */
bool strategies_is_kind(const char *name);

extern const char *const strategy_kinds[]; /* ends with NULL, as enum strategy_kind */

#endif
