/* ahead.c - safety before bookkeeping: a route to stable leaves although the journal does not answer (S5's
 * exception). SPDX-License-Identifier: MIT */
#include "engine/engine_state.h"

#include <assert.h>

static bool is_route_to_stable(const struct deployment_state *state)
{
    return state->phase == PHASE_ROLLING_BACK && state->flight.kind == ACTION_ROUTE;
}

static void send(struct engine *engine, struct engine_slot *slot, const struct deployment_state *state)
{
    int64_t now_ms = engine->env.now_ms(engine->env.data);
    struct action action = deployment_redrive(slot->start.plan, state);

    assert(action.share == 0);
    if (now_ms < slot->ahead_at_ms)
        return;
    slot->ahead_at_ms = now_ms + ENGINE_RETRY_MS;
    engine->env.start(engine->env.data, state, &action, true);
}

/* Does this event take the deployment back? Tried on a scratch state; nothing is decided here. */
static bool try_event(struct engine *engine, struct engine_slot *slot, const struct event *event)
{
    struct deployment_state scratch;
    struct decision decision;

    deployment_step(slot->start.plan, &slot->after, event, &scratch, &decision);
    if (!is_route_to_stable(&scratch) || slot->after.phase == PHASE_ROLLING_BACK)
        return false;
    send(engine, slot, &scratch);
    return true;
}

static void try_rule(struct engine *engine, struct engine_slot *slot, uint8_t rule, int64_t now_ms)
{
    struct metric_views views[RULE_METRICS_MAX];
    struct rule_clock clock = stepping_rule_clock(&slot->after, now_ms);
    struct rule_state scratch;
    struct judgement judgement;
    struct event event = {.kind = EVENT_JUDGEMENT, .now_ms = now_ms, .rule = rule, .verdict = VERDICT_FAIL};

    if (!engine->env.views(engine->env.data, slot->id, rule, views))
        return;
    rule_judge(slot->start.rules[rule], views, &clock, &slot->start.rule_states[rule], &scratch, &judgement);
    if (judgement.verdict == VERDICT_FAIL && try_event(engine, slot, &event))
        slot->has_left = true;
}

static void try_rules(struct engine *engine, struct engine_slot *slot, int64_t now_ms)
{
    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++)
        if ((slot->dirty & (UINT32_C(1) << i)) != 0)
            try_rule(engine, slot, i, now_ms);
}

/* What a waiting input says to the machine; false: nothing that could take a deployment back. */
static bool event_of(const struct engine_slot *slot, const struct input *input, struct event *ret_event)
{
    if (input->is_void)
        return false;
    if (input->kind == INPUT_VERB)
        *ret_event = input->event;
    else if (input->kind == INPUT_JUDGEMENT && input->judged.rule < slot->start.plan->rule_count)
        *ret_event = (struct event){
            .kind = EVENT_JUDGEMENT, .rule = input->judged.rule, .verdict = input->judged.judgement.verdict};
    else
        return false;
    return true;
}

static void try_inputs(struct engine *engine, int64_t now_ms)
{
    for (uint32_t i = engine->input_taken; i < engine->input_count; i++) {
        const struct input *input = &engine->inputs[(engine->input_first + i) % ENGINE_INPUTS_MAX];
        struct engine_slot *slot = engine_find(engine, input->deployment);
        struct event event;
        if (slot == NULL || !event_of(slot, input, &event))
            continue;
        event.now_ms = now_ms;
        (void)try_event(engine, slot, &event);
    }
}

/* What went back for a rule's sake failed (S3), even if the rule sees it otherwise once the journal answers.
 * What came by the queue is still there then, and is stepped as what it is. */
static void try_slot(struct engine *engine, struct engine_slot *slot, int64_t now_ms)
{
    struct event ahead = {.kind = EVENT_AHEAD, .now_ms = now_ms};

    if (is_route_to_stable(&slot->after) && slot->before.phase != PHASE_ROLLING_BACK) {
        slot->has_left = slot->after.ending == ENDING_FAILED;
        send(engine, slot, &slot->after);
    } else if (slot->has_left) {
        (void)try_event(engine, slot, &ahead);
    } else {
        try_rules(engine, slot, now_ms);
    }
}

void ahead_of_journal(struct engine *engine)
{
    int64_t now_ms = engine->env.now_ms(engine->env.data);

    if (!engine->is_failing && now_ms < engine->commit_ms + ENGINE_AHEAD_MS)
        return;
    for (uint32_t i = 0; i < engine->slots_used; i++)
        if (engine->slots[i].id != 0)
            try_slot(engine, &engine->slots[i], now_ms);
    try_inputs(engine, now_ms);
}
