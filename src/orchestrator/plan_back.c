/* plan_back.c - the plan that takes a promoted deployment back.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/plan.h"

#include "orchestrator/expansion.h"

#include <string.h>

enum { UNDO_TRIES = 3 };

static struct plan_step *add_back_command(struct expansion *expansion, uint16_t command, int64_t limit_ms)
{
    struct plan_step *step = expansion_add(expansion, STEP_COMMAND);

    step->reference = command;
    step->tries_max = UNDO_TRIES;
    step->repeat = REPEAT_IDEMPOTENT;
    step->on_rollback = ON_ROLLBACK_KEEP;
    step->limit_ms = limit_ms;
    return step;
}

static uint8_t count_undone_first(const struct plan *plan)
{
    uint8_t count = 0;

    for (uint8_t i = 0; i < plan->count; i++)
        count = (uint8_t)(count + plan->steps[i].is_undone_first);
    return count;
}

uint8_t plan_undo_step(const struct plan *plan, uint8_t left)
{
    uint8_t others = (uint8_t)(plan->count - count_undone_first(plan));
    bool is_first = left > others;
    uint8_t wanted = is_first ? (uint8_t)(left - others) : left; /* of its kind, from the first step on */
    uint8_t step = 0;

    while (plan->steps[step].is_undone_first != is_first || --wanted > 0)
        step++;
    return step;
}

/* Without a traffic driver the way back is the pipeline's own, or what the commands declare as their undo. */
static void add_commands_back(struct expansion *expansion, const struct plan *promoted)
{
    if (promoted->rollback_command != PLAN_NONE) {
        (void)add_back_command(expansion, promoted->rollback_command, promoted->rollback_limit_ms);
        return;
    }
    for (uint8_t left = promoted->count; left > 0; left--) {
        const struct plan_step *step = &promoted->steps[plan_undo_step(promoted, left)];
        if (step->undo != PLAN_NONE && step->on_rollback == ON_ROLLBACK_UNDO)
            add_back_command(expansion, step->undo, step->limit_ms)->takes_place = step->takes_place;
    }
}

/* All of them at the pace that its largest batch had; each is tested where it is. */
static void add_hosts_back(struct expansion *expansion, const struct plan *promoted)
{
    struct plan_step *step = expansion_add(expansion, STEP_REPLACE);

    step->hosts = promoted->host_count;
    step->batch = promoted->max_unavailable;
    expansion->plan.host_count = promoted->host_count;
    expansion->plan.max_unavailable = promoted->max_unavailable;
    memcpy(expansion->plan.parts, promoted->parts, sizeof(promoted->parts));
    struct plan_part *configure = &expansion->plan.parts[REPLACE_CONFIGURE];
    configure->reference = promoted->parts[REPLACE_CONFIGURE].undo;
    configure->undo = promoted->parts[REPLACE_CONFIGURE].reference;
}

/* How long the smoke tests of the promoted deployment took at most. */
static int64_t smoke_limit(const struct plan *promoted)
{
    for (uint8_t i = 0; i < promoted->count; i++)
        if (promoted->steps[i].kind == STEP_SMOKE)
            return promoted->steps[i].limit_ms;
    return RECIPE_MINUTE_MS;
}

void plan_expand_rollback(const struct plan *promoted, uint16_t smoke, struct plan *ret_plan)
{
    struct recipe recipe = {.smoke_limit_ms = smoke_limit(promoted)};
    struct recipe_step test = {.command = PLAN_NONE, .smoke = smoke};
    struct expansion expansion;
    struct plan *plan = &expansion.plan;

    memset(&expansion, 0, sizeof(expansion));
    expansion.recipe = &recipe;
    plan->kind = PLAN_ROLLBACK;
    plan->strategy = promoted->strategy;
    plan->has_traffic = promoted->has_traffic;
    plan->is_record = promoted->is_record;
    plan->verify = PLAN_NONE;
    plan->rollback_command = PLAN_NONE;
    plan->retire = PLAN_NONE;
    plan->rollback_limit_ms = promoted->rollback_limit_ms;
    plan->held_limit_ms = promoted->held_limit_ms;
    plan->on_held_limit = OUTCOME_HOLD;
    if (promoted->host_count > 0)
        add_hosts_back(&expansion, promoted);
    else if (!promoted->has_traffic)
        add_commands_back(&expansion, promoted);
    if (smoke != PLAN_NONE)
        expansion_add_smoke(&expansion, &test);
    if (promoted->has_traffic)
        expansion_add_route(&expansion, SHARE_WHOLE);
    memcpy(ret_plan, plan, sizeof(*ret_plan));
}
