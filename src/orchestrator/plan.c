/* plan.c - recipes expanded to plans.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/plan.h"

#include "orchestrator/expansion.h"

#include <assert.h>
#include <string.h>

enum {
    ROUTE_TRIES = 3,
    ROUTE_LIMIT_MS = 30 * 1000,
    SMOKE_TRIES = 1,
    APPROVAL_LIMIT_MS = 8 * 3600 * 1000,
    GATE_LIMIT_MS = 3600 * 1000,
    GATE_EVERY_MS = 30 * 1000,
    OBSERVE_REST_MS = 5 * RECIPE_MINUTE_MS /* least patience beyond the wanted time */
};

static void (*const strategy_steps[STRATEGY_KIND_COUNT])(const struct recipe *, struct recipe_list *) = {
    [STRATEGY_CANARY] = canary_steps,     [STRATEGY_FOLLOW] = follow_steps,
    [STRATEGY_RECREATE] = recreate_steps, [STRATEGY_BLUE_GREEN] = blue_green_steps,
    [STRATEGY_ROLLING] = rolling_steps,   [STRATEGY_FEATURE_FLAG] = feature_flag_steps,
    [STRATEGY_SHADOW] = shadow_steps,
};

struct plan_step *expansion_add(struct expansion *expansion, enum step_kind kind)
{
    struct plan *plan = &expansion->plan;

    /* Over the end the last step is written again: the plan is refused anyway. */
    if (plan->count == PLAN_STEPS_MAX) {
        expansion->is_too_long = true;
        plan->count--;
    }
    struct plan_step *step = &plan->steps[plan->count++];
    memset(step, 0, sizeof(*step));
    step->kind = kind;
    step->reference = PLAN_NONE;
    step->undo = PLAN_NONE;
    step->probe = PLAN_NONE;
    return step;
}

static void add_command(struct expansion *expansion, uint16_t reference)
{
    struct plan_step *step = expansion_add(expansion, STEP_COMMAND);

    assert(reference < expansion->recipe->command_count);
    const struct recipe_command *command = &expansion->recipe->commands[reference];
    assert(command->exists);
    step->reference = reference;
    step->undo = command->undo;
    step->is_undone_first = command->is_undone_first;
    step->takes_place = expansion->recipe->is_in_place && reference == expansion->recipe->deploy;
    if (command->repeat == REPEAT_PROBE)
        step->probe = command->probe;
    step->tries_max = command->tries_max;
    step->repeat = command->repeat;
    step->on_rollback = command->on_rollback;
    step->limit_ms = command->limit_ms;
    if (command->on_rollback == ON_ROLLBACK_HOLD)
        expansion->is_past_return = true;
}

void expansion_add_smoke(struct expansion *expansion, const struct recipe_step *from)
{
    struct plan_step *step = expansion_add(expansion, STEP_SMOKE);

    step->reference = from->smoke;
    step->tries_max = SMOKE_TRIES;
    step->limit_ms = expansion->recipe->smoke_limit_ms;
}

static void add_approval(struct expansion *expansion, uint16_t approvals, int64_t limit_ms,
                         enum step_outcome on_limit)
{
    struct plan_step *step = expansion_add(expansion, STEP_APPROVE);

    step->approvals = approvals;
    step->limit_ms = limit_ms > 0 ? limit_ms : APPROVAL_LIMIT_MS;
    step->on_limit = on_limit;
}

static void add_gate(struct expansion *expansion, const struct recipe_step *from)
{
    struct plan_step *step = expansion_add(expansion, STEP_GATE);

    step->reference = from->gate;
    step->limit_ms = from->limit_ms > 0 ? from->limit_ms : GATE_LIMIT_MS;
    step->every_ms = from->every_ms > 0 ? from->every_ms : GATE_EVERY_MS;
    step->on_limit = from->on_limit;
}

static struct plan_step *add_share(struct expansion *expansion, enum step_kind kind, uint16_t share)
{
    struct plan_step *step = expansion_add(expansion, kind);

    assert(share <= SHARE_WHOLE);
    step->share = share;
    step->tries_max = ROUTE_TRIES;
    step->limit_ms = ROUTE_LIMIT_MS;
    expansion->is_observed = false;
    return step;
}

static void add_mirror(struct expansion *expansion, uint16_t share)
{
    (void)add_share(expansion, STEP_MIRROR, share);
    expansion->mirror = share;
    expansion->plan.has_mirror = true;
}

/* What users get is never a copy's beside it: copies end first. */
void expansion_add_route(struct expansion *expansion, uint16_t share)
{
    if (expansion->mirror > 0)
        add_mirror(expansion, 0);
    (void)add_share(expansion, STEP_ROUTE, share);
    expansion->has_testers = expansion->has_testers || share == 0;
    expansion->share = share;
}

/* Field by field, into zeros: plans are compared as they lie in memory. */
static void fill_part(const struct recipe *recipe, uint16_t command, struct plan_part *part)
{
    part->reference = command;
    part->undo = PLAN_NONE;
    if (command == PLAN_NONE)
        return;
    part->undo = recipe->commands[command].undo;
    part->tries_max = recipe->commands[command].tries_max;
    part->repeat = recipe->commands[command].repeat;
    part->limit_ms = recipe->commands[command].limit_ms;
}

static void fill_parts(struct expansion *expansion)
{
    const struct recipe *recipe = expansion->recipe;
    struct plan *plan = &expansion->plan;

    plan->host_count = recipe->host_count;
    fill_part(recipe, recipe->drain, &plan->parts[REPLACE_DRAIN]);
    fill_part(recipe, recipe->has_configure ? recipe->configure : PLAN_NONE, &plan->parts[REPLACE_CONFIGURE]);
    fill_part(recipe, recipe->deploy, &plan->parts[REPLACE_DEPLOY]);
    fill_part(recipe, recipe->restore, &plan->parts[REPLACE_RESTORE]);
    fill_part(recipe, PLAN_NONE, &plan->parts[REPLACE_SMOKE]);
    plan->parts[REPLACE_SMOKE].reference = recipe->smoke;
    plan->parts[REPLACE_SMOKE].tries_max = SMOKE_TRIES;
    plan->parts[REPLACE_SMOKE].limit_ms = recipe->smoke_limit_ms;
    /* Every host that is taken back is tested there. */
    plan->verify = PLAN_NONE;
}

static void add_replace(struct expansion *expansion, uint16_t hosts, uint16_t batch)
{
    const struct recipe *recipe = expansion->recipe;
    struct plan *plan = &expansion->plan;
    struct plan_step *step = expansion_add(expansion, STEP_REPLACE);

    step->hosts = hosts;
    step->batch = batch;
    step->on_rollback = recipe->commands[recipe->deploy].on_rollback;
    expansion->hosts = hosts;
    expansion->is_observed = false;
    if (plan->max_unavailable < batch)
        plan->max_unavailable = batch;
}

static enum plan_fault check_replace(const struct expansion *expansion, const struct recipe_step *from,
                                     uint16_t batch)
{
    const struct recipe *recipe = expansion->recipe;

    if (recipe->host_count == 0)
        return PLAN_NO_HOSTS;
    if (recipe->deploy == PLAN_NONE)
        return PLAN_NO_DEPLOY;
    if (recipe->commands[recipe->deploy].on_rollback == ON_ROLLBACK_KEEP)
        return PLAN_KEPT;
    if (recipe->max_unavailable > 0 && batch > recipe->max_unavailable)
        return PLAN_UNAVAILABLE;
    if (from->hosts > recipe->host_count)
        return PLAN_FEW_HOSTS;
    if (expansion->hosts > 0 && !expansion->is_observed)
        return PLAN_NO_OBSERVE;
    return PLAN_FINE;
}

/* A share of few hosts may be no more than the step before has: then only its observation is left. */
static enum plan_fault take_replace(struct expansion *expansion, const struct recipe_step *from)
{
    uint32_t part = (uint32_t)from->share * expansion->recipe->host_count;
    uint16_t hosts = from->hosts > 0 ? from->hosts : (uint16_t)((part + SHARE_WHOLE - 1) / SHARE_WHOLE);
    uint16_t batch = from->batch > 0 ? from->batch : 1;
    enum plan_fault fault = check_replace(expansion, from, batch);

    if (fault != PLAN_FINE)
        return fault;
    fill_parts(expansion);
    if (hosts > expansion->hosts)
        add_replace(expansion, hosts, batch);
    else if (from->hosts > 0 || hosts < expansion->hosts)
        return PLAN_NOT_MORE;
    return PLAN_FINE;
}

static void add_observe(struct expansion *expansion, const struct recipe_step *from, int64_t duration_ms,
                        bool is_watch)
{
    const struct recipe *recipe = expansion->recipe;
    struct plan_step *step = expansion_add(expansion, STEP_OBSERVE);
    int64_t rest_ms = duration_ms > OBSERVE_REST_MS ? duration_ms : OBSERVE_REST_MS;

    step->is_watch = is_watch;
    step->duration_ms = duration_ms;
    step->limit_ms = from->limit_ms > 0 ? from->limit_ms : duration_ms + rest_ms;
    step->on_limit = from->on_limit;
    if (from->limit_ms == 0 && recipe->extend_ms > 0) {
        step->limit_ms = duration_ms + recipe->extend_ms;
        step->on_limit = recipe->on_inconclusive;
    }
    expansion->is_observed = true;
    expansion->is_watched = is_watch;
}

/* May the share rise to this one now? */
static enum plan_fault check_route(const struct expansion *expansion, uint16_t share)
{
    if (expansion->recipe->host_count > 0)
        return PLAN_ROUTE_HOSTS;
    if (!expansion->plan.has_traffic)
        return PLAN_NO_TRAFFIC;
    if (share == 0)
        return expansion->share > 0 || expansion->mirror > 0 || expansion->has_testers ? PLAN_TESTERS_LATE
                                                                                       : PLAN_FINE;
    if (share <= expansion->share)
        return PLAN_NOT_RISING;
    if ((expansion->share > 0 || expansion->mirror > 0) && !expansion->is_observed)
        return PLAN_NO_OBSERVE;
    return PLAN_FINE;
}

/* May this share of the requests be copied now? */
static enum plan_fault check_mirror(const struct expansion *expansion, uint16_t share)
{
    if (expansion->recipe->host_count > 0)
        return PLAN_ROUTE_HOSTS;
    if (!expansion->plan.has_traffic)
        return PLAN_NO_TRAFFIC;
    if (expansion->share > 0)
        return PLAN_MIRROR_LATE;
    if (expansion->is_past_return)
        return PLAN_MIRROR_HELD;
    if (share <= expansion->mirror)
        return PLAN_NOT_RISING;
    if (expansion->mirror > 0 && !expansion->is_observed)
        return PLAN_NO_OBSERVE;
    return PLAN_FINE;
}

static bool is_rolling(const struct expansion *expansion)
{
    return expansion->plan.strategy == STRATEGY_ROLLING && !expansion->plan.is_record;
}

static enum plan_fault add_observations(struct expansion *expansion, const struct recipe_step *from)
{
    int64_t longest_ms = from->watch_ms > from->observe_ms ? from->watch_ms : from->observe_ms;

    if (longest_ms > 0 && from->limit_ms > 0 && from->limit_ms < longest_ms)
        return PLAN_AT_MOST_SHORT;
    if (from->observe_ms > 0)
        add_observe(expansion, from, from->observe_ms, false);
    if (from->watch_ms == 0)
        return PLAN_FINE;
    if (expansion->plan.has_traffic && expansion->share != SHARE_WHOLE)
        return PLAN_NOT_WHOLE;
    if (expansion->hosts != expansion->plan.host_count || (expansion->hosts == 0 && is_rolling(expansion)))
        return PLAN_NOT_ALL;
    add_observe(expansion, from, from->watch_ms, true);
    return PLAN_FINE;
}

/* What a step does to traffic or hosts. */
static enum plan_fault add_move(struct expansion *expansion, const struct recipe_step *from)
{
    enum plan_fault fault = PLAN_FINE;

    if (from->has_route)
        fault = check_route(expansion, from->share);
    else if (from->has_mirror)
        fault = check_mirror(expansion, from->share);
    else if (from->has_replace)
        return take_replace(expansion, from);
    if (fault == PLAN_FINE && from->has_route)
        expansion_add_route(expansion, from->share);
    if (fault == PLAN_FINE && from->has_mirror)
        add_mirror(expansion, from->share);
    return fault;
}

static enum plan_fault add_step(struct expansion *expansion, const struct recipe_step *from)
{
    if (expansion->is_watched)
        return PLAN_NOT_WHOLE;
    enum plan_fault fault = add_move(expansion, from);
    if (fault != PLAN_FINE)
        return fault;
    if (from->command != PLAN_NONE)
        add_command(expansion, from->command);
    if (expansion->is_past_return && expansion->mirror > 0)
        return PLAN_MIRROR_HELD;
    if (from->smoke != PLAN_NONE)
        expansion_add_smoke(expansion, from);
    if (from->approvals > 0)
        add_approval(expansion, from->approvals, from->limit_ms, from->on_limit);
    if (from->has_gate)
        add_gate(expansion, from);
    return add_observations(expansion, from);
}

static bool is_named(const struct recipe *recipe, uint16_t command)
{
    for (uint8_t i = 0; i < recipe->step_count; i++)
        if (recipe->steps[i].command == command)
            return true;
    return false;
}

/* What an environment waits for, and does, before any step. */
static void add_environments_own(struct expansion *expansion)
{
    const struct recipe *recipe = expansion->recipe;

    if (recipe->needs_approval)
        add_approval(expansion, recipe->approvals, recipe->approval_limit_ms, recipe->approval_on_limit);
    if (recipe->gate.has_gate)
        add_gate(expansion, &recipe->gate);
    for (uint8_t i = 0; i < recipe->own_count; i++)
        if (!is_named(recipe, recipe->own[i]))
            add_command(expansion, recipe->own[i]);
}

/* Everything of the plan that does not stand in its steps. */
static void start(struct expansion *expansion, const struct recipe *recipe)
{
    struct plan *plan = &expansion->plan;
    bool is_ours = !recipe->is_record;

    memset(expansion, 0, sizeof(*expansion));
    expansion->recipe = recipe;
    plan->kind = PLAN_DEPLOY;
    plan->strategy = recipe->strategy;
    plan->is_record = recipe->is_record;
    plan->has_traffic = is_ours && recipe->has_traffic && recipe->strategy != STRATEGY_FOLLOW;
    plan->verify = is_ours ? recipe->smoke : PLAN_NONE;
    plan->rollback_command = is_ours && recipe->strategy == STRATEGY_FOLLOW ? recipe->rollback : PLAN_NONE;
    plan->retire = is_ours ? recipe->retire : PLAN_NONE;
    if (plan->retire != PLAN_NONE)
        plan->retire_repeat = recipe->commands[plan->retire].repeat;
    plan->has_disaster = is_ours && recipe->has_disaster;
    if (plan->has_disaster)
        fill_part(recipe, recipe->disaster, &plan->disaster);
    plan->retire_delay_ms = recipe->retire_delay_ms;
    plan->rollback_limit_ms = recipe->rollback_limit_ms;
    plan->source_extend_ms = recipe->source_extend_ms;
    plan->on_source_error = recipe->on_source_error;
    plan->held_limit_ms = recipe->held_limit_ms;
    plan->on_held_limit = recipe->on_held_limit;
    plan->max_unavailable = recipe->max_unavailable;
    plan->rule_count = recipe->rule_count;
    plan->beside_stable = recipe->beside_stable;
    for (uint8_t i = 0; i < recipe->rule_count; i++)
        plan->rules[i] =
            recipe->is_record && recipe->rules[i] != PLAN_RULE_SCORED ? PLAN_RULE_RECORD : recipe->rules[i];
    if (is_ours)
        add_environments_own(expansion);
}

/* Is it fine to end here? */
static enum plan_fault check_end(const struct expansion *expansion)
{
    if (expansion->is_watched)
        return PLAN_FINE;
    if (!expansion->plan.ends_back)
        return PLAN_NOT_WHOLE;
    if (expansion->mirror == 0)
        return PLAN_NO_MIRROR;
    return expansion->is_observed ? PLAN_FINE : PLAN_NO_OBSERVE;
}

static enum plan_fault walk(struct expansion *expansion, const struct recipe_step *steps, uint8_t count,
                            uint8_t *ret_step)
{
    for (uint8_t i = 0; i < count; i++) {
        *ret_step = i;
        enum plan_fault fault = add_step(expansion, &steps[i]);
        if (fault != PLAN_FINE)
            return fault;
        if (expansion->is_too_long)
            return PLAN_TOO_LONG;
    }
    return check_end(expansion);
}

/* Mode record: one watch as long as the recipe would have looked. */
static void record_steps(const struct recipe *recipe, const struct recipe_step *steps, uint8_t count,
                         struct recipe_list *list)
{
    int64_t sum_ms = 0;

    for (uint8_t i = 0; i < count; i++)
        sum_ms += steps[i].observe_ms + steps[i].watch_ms;
    recipe_add_watch(list, recipe, false);
    if (sum_ms > 0)
        list->steps[0].watch_ms = sum_ms;
}

/* A shadow that never routes a user is a trial: it has nothing to promote, nor an old slot to retire. */
static void mark_trial(struct plan *plan, const struct recipe_step *steps, uint8_t count)
{
    plan->ends_back = plan->strategy == STRATEGY_SHADOW;
    for (uint8_t i = 0; i < count; i++)
        if (steps[i].has_route)
            plan->ends_back = false;
    if (plan->ends_back)
        plan->retire = PLAN_NONE;
}

enum plan_fault plan_expand(const struct recipe *recipe, struct plan *ret_plan, uint8_t *ret_step)
{
    struct expansion expansion;
    struct recipe_list own = {0};
    struct recipe_list record = {0};
    const struct recipe_step *steps = recipe->steps;
    uint8_t count = recipe->step_count;

    assert(recipe->strategy < STRATEGY_KIND_COUNT);
    start(&expansion, recipe);
    if (count == 0) {
        strategy_steps[recipe->strategy](recipe, &own);
        steps = own.steps;
        count = own.count;
    }
    mark_trial(&expansion.plan, steps, count);
    if (recipe->is_record) {
        record_steps(recipe, steps, count, &record);
        steps = record.steps;
        count = record.count;
    }
    enum plan_fault fault = walk(&expansion, steps, count, ret_step);
    if (fault == PLAN_FINE)
        memcpy(ret_plan, &expansion.plan, sizeof(*ret_plan));
    return fault;
}
