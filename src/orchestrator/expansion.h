/* expansion.h - a plan while it grows; for the files that expand plans.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_EXPANSION_H
#define ORCHESTRATOR_EXPANSION_H

#include "orchestrator/plan.h"
#include "orchestrator/recipe.h"

/* What is known while the steps are walked. */
struct expansion {
    const struct recipe *recipe;
    struct plan plan;
    uint16_t share;
    uint16_t mirror; /* requests that are copied */
    uint16_t hosts;
    bool is_past_return; /* a command was there that a rollback holds at */
    bool is_observed;    /* the present share, the present copies, or the present hosts */
    bool is_watched;
    bool has_testers; /* they are let in before any user */
    bool is_too_long;
};

/* The next step, its references PLAN_NONE. Over the end the last one is written again: `is_too_long`. */
struct plan_step *expansion_add(struct expansion *expansion, enum step_kind kind);
void expansion_add_smoke(struct expansion *expansion, const struct recipe_step *from);
void expansion_add_route(struct expansion *expansion, uint16_t share);

#endif
