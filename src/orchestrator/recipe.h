/* recipe.h - the steps that a strategy uses when its recipe names none: one generator per strategy.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_RECIPE_H
#define ORCHESTRATOR_RECIPE_H

#include "orchestrator/plan.h"

enum {
    RECIPE_LIST_MAX = 8,              /* steps of a strategy's own list */
    RECIPE_WATCH_MS = 30 * 60 * 1000, /* where the recipe does not say */
    RECIPE_MINUTE_MS = 60 * 1000
};

struct recipe_list {
    uint8_t count;
    struct recipe_step steps[RECIPE_LIST_MAX];
};

/* Append one step; a command or smoke test that does not exist (PLAN_NONE) is left out. */
void recipe_add_command(struct recipe_list *list, uint16_t command);
void recipe_add_smoke(struct recipe_list *list, uint16_t smoke);
void recipe_add_route(struct recipe_list *list, uint16_t share, int64_t observe_ms);

/* The end of every list: all traffic (where `has_route`) and the watch, which holds when it stays
 * inconclusive. */
void recipe_add_watch(struct recipe_list *list, const struct recipe *recipe, bool has_route);

/* Append the strategy's own steps to an empty list. */
void canary_steps(const struct recipe *recipe, struct recipe_list *list);
void follow_steps(const struct recipe *recipe, struct recipe_list *list);
void recreate_steps(const struct recipe *recipe, struct recipe_list *list);
void blue_green_steps(const struct recipe *recipe, struct recipe_list *list);

#endif
