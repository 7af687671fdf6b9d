/* brakes.c - failures are counted, of a service and of the fleet; as many as are declared close a brake.
 * SPDX-License-Identifier: MIT */
#include "engine/brakes.h"

#include "engine/stepping.h"

#include <assert.h>
#include <string.h>

struct limit {
    uint8_t count; /* 0: there is no brake */
    int64_t span_ms;
};

void engine_set_brakes(struct engine *engine, const struct engine_brakes *brakes)
{
    assert(brakes->rollbacks <= TARGET_FALLS_MAX && brakes->services <= TARGET_FALLS_MAX &&
           brakes->fleet <= engine->targets_max && (brakes->services == 0 || brakes->fleet != 0));
    engine->brakes = *brakes;
}

static const struct target_state *fleet(const struct engine *engine)
{
    return engine->brakes.fleet == 0 ? NULL : &engine->targets[engine->brakes.fleet - 1].state;
}

enum engine_answer brakes_refusal(const struct engine *engine, const struct target_state *target)
{
    const struct target_state *all = fleet(engine);

    if (target->is_frozen || (all != NULL && all->is_frozen))
        return ENGINE_FROZEN;
    return target->is_braked || (all != NULL && all->is_braked) ? ENGINE_BRAKED : ENGINE_DONE;
}

/* Not what a person's word drives, nor what only records. */
bool brakes_stop(const struct engine *engine, const struct engine_slot *slot)
{
    const struct deployment_state *state = &slot->after;
    const struct plan *plan = slot->start.plan;
    bool is_under_way = state->phase > PHASE_QUEUED && state->phase < PHASE_ROLLING_BACK;

    return is_under_way && plan->kind == PLAN_DEPLOY && !plan->is_record && !state->is_emergency &&
           !state->is_full &&
           brakes_refusal(engine, &engine->targets[slot->start.target - 1].state) != ENGINE_DONE;
}

bool brakes_let_go(const struct engine *engine, const struct engine_slot *slot)
{
    bool is_under_way = slot->after.phase > PHASE_QUEUED && slot->after.phase < PHASE_ROLLING_BACK;

    return is_under_way && slot->after.is_stopped && !brakes_stop(engine, slot);
}

static void drop(struct target_state *target, uint8_t index)
{
    target->fall_count--;
    memmove(&target->falls[index], &target->falls[index + 1],
            (size_t)(target->fall_count - index) * sizeof(target->falls[0]));
    target->falls[target->fall_count] = (struct fall){0};
}

/* Nobody counts twice, what is too old not at all, and more than are asked for are not kept. */
static void count(struct target_state *target, const struct limit *limit, const struct fall *fall)
{
    for (uint8_t i = target->fall_count; i > 0; i--)
        if (target->falls[i - 1].who == fall->who ||
            target->falls[i - 1].at_ms <= fall->at_ms - limit->span_ms)
            drop(target, (uint8_t)(i - 1));
    while (target->fall_count >= limit->count)
        drop(target, 0);
    target->falls[target->fall_count++] = *fall;
}

/* It opens when the oldest of those that are enough is too old. */
static void fall(struct engine *engine, struct engine_slot *slot, uint32_t target, const struct limit *limit,
                 uint64_t who)
{
    const struct fall one = {.at_ms = engine->batch.now_ms, .who = who};

    if (limit->count == 0)
        return;
    struct engine_target *at = engine_target_at(engine, target);
    roster_touch(engine, at);
    count(&at->state, limit, &one);
    if (at->state.fall_count == limit->count) {
        const bool is_new = !at->state.is_braked;
        at->state.is_braked = true;
        at->state.opens_ms = at->state.falls[0].at_ms + limit->span_ms;
        if (at->state.opens_ms < engine->thaw_at_ms)
            engine->thaw_at_ms = at->state.opens_ms;
        if (is_new)
            stepping_add_row(engine, slot, ROW_TRACE)->trace =
                (struct trace){.kind = TRACE_BRAKED, .a = target == engine->brakes.fleet, .b = limit->count};
    }
    stepping_add_target(engine, at);
}

/* Services that stand or fall together are one. */
static uint64_t who_of(const struct engine_slot *slot)
{
    return slot->after.together != 0 ? ~slot->after.together : slot->start.service_key;
}

void brakes_fell(struct engine *engine, struct engine_slot *slot)
{
    const struct engine_brakes *brakes = &engine->brakes;
    const struct limit of_target = {.count = brakes->rollbacks, .span_ms = brakes->rollbacks_ms};
    const struct limit of_fleet = {.count = brakes->services, .span_ms = brakes->services_ms};

    if (slot->start.plan->kind != PLAN_DEPLOY || slot->start.plan->is_record)
        return;
    fall(engine, slot, slot->start.target, &of_target, slot->id);
    fall(engine, slot, brakes->fleet, &of_fleet, who_of(slot));
}

bool brakes_are_shared(const struct engine *engine, const struct engine_slot *slot)
{
    const struct target_state *all = fleet(engine);
    uint8_t others = 0;

    if (all == NULL || engine->brakes.services == 0 || slot->start.plan->kind != PLAN_DEPLOY)
        return false;
    int64_t since_ms = engine->env.now_ms(engine->env.data) - engine->brakes.services_ms;
    for (uint8_t i = 0; i < all->fall_count; i++)
        others = (uint8_t)(others + (all->falls[i].who != who_of(slot) && all->falls[i].at_ms > since_ms));
    return others + 1 >= engine->brakes.services;
}

void brakes_open(struct target_state *target)
{
    target->is_braked = false;
    target->opens_ms = 0;
    target->fall_count = 0;
    memset(target->falls, 0, sizeof(target->falls));
}

static void wake(struct engine *engine, struct engine_slot *slot)
{
    slot->asks_ms = engine->batch.now_ms;
    roster_involve(engine, slot);
}

void brakes_wake(struct engine *engine, uint32_t target)
{
    if (target != engine->brakes.fleet) {
        for (struct engine_slot *slot = roster_first(engine, target); slot != NULL;
             slot = roster_next(engine, slot))
            wake(engine, slot);
        return;
    }
    for (uint32_t i = 0; i < engine->slots_used; i++)
        if (engine->slots[i].id != 0)
            wake(engine, &engine->slots[i]);
}
