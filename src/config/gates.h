/* gates.h - other systems that steps wait for, read.
 * SPDX-License-Identifier: MIT
 *
 * A step names one, `gate = "web:change"`; or an environment does, for every deployment before its first
 * step: gate: { ask = "web:change";  every = "30s";  timeout = "1h";  on_timeout = "rollback"; }; */
#ifndef CONFIG_GATES_H
#define CONFIG_GATES_H

#include "config/options.h"
#include "orchestrator/recipe.h"

enum { GATES_MAX = 8 }; /* of one deployment */

struct gate_definition {
    const char *name;     /* "web:change" */
    size_t kind;          /* index in option_schemas.gates */
    const char *instance; /* "change" */
};

/* False: findings were added. */
MUST_CHECK bool gates_take(const struct build *build, const struct node *at, const char *name,
                           struct gate_definition *ret_gate);

/* The environment's own; `node` NULL: it has none, and nothing is set. Which of the definition's it is, is
 * not. */
MUST_CHECK bool gates_build(const struct build *build, const struct node *node, struct recipe_step *ret_step,
                            struct gate_definition *ret_gate);

#endif
