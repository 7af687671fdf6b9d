/* ahead.c - safety before bookkeeping: a route to stable leaves although the journal does not answer (S5's
 * exception). SPDX-License-Identifier: MIT */
#include "engine/judging.h"
#include "engine/stepping.h"

#include <assert.h>

static bool is_route_to_stable(const struct deployment_state *state)
{
    return state->phase == PHASE_ROLLING_BACK && state->flight.kind == ACTION_ROUTE;
}

/* Also where its next try was to come later: the journal may take longer than that. */
static struct action driven_again(const struct engine_slot *slot, const struct deployment_state *state)
{
    struct deployment_state driven = *state;

    driven.flight.is_waiting = false;
    return deployment_redrive(slot->start.plan, &driven);
}

static void send(struct engine *engine, struct engine_slot *slot, const struct deployment_state *state)
{
    int64_t now_ms = engine->env.now_ms(engine->env.data);
    struct action action = driven_again(slot, state);

    assert(action.share == 0);
    if (now_ms < slot->ahead_at_ms)
        return;
    slot->ahead_at_ms = now_ms + ENGINE_RETRY_MS;
    slot->ahead_sequence = action.sequence;
    slot->is_overtaken = engine->has_overtaken = true;
    engine->env.start(engine->env.data, state, &action, true);
}

/* The intent is durable, only its next try does not come: a batch with other news in it is refused. */
static void send_again(struct engine *engine, struct engine_slot *slot, int64_t now_ms)
{
    const struct flight *flight = &slot->before.flight;
    bool is_due = flight->is_waiting ? now_ms >= flight->retry_ms : slot->is_recovered;
    struct action action = driven_again(slot, &slot->before);

    if (!is_due || now_ms < slot->ahead_at_ms)
        return;
    slot->ahead_at_ms = now_ms + ENGINE_RETRY_MS;
    engine->env.start(engine->env.data, &slot->before, &action, false);
}

/* Where what hangs takes the deployment back already, what is durable is asked: an event that only holds
 * sends nobody back who is to be replaced by one that may still be refused. */
static const struct deployment_state *asked_state(const struct engine_slot *slot)
{
    return is_route_to_stable(&slot->after) ? &slot->before : &slot->after;
}

/* Does this event take the deployment back? Tried on a scratch state; nothing is decided here. */
static bool try_event(struct engine *engine, struct engine_slot *slot, const struct event *event)
{
    struct deployment_state before = *asked_state(slot);
    struct deployment_state scratch;
    struct event seen = *event;
    struct decision decision;

    stepping_keep_key(slot, &before);
    stepping_look_around(engine, slot, &seen);
    deployment_step(slot->start.plan, &before, &seen, &scratch, &decision);
    if (!is_route_to_stable(&scratch) || !stepping_is_judged(&slot->before))
        return false;
    send(engine, slot, is_route_to_stable(&slot->after) ? &slot->after : &scratch);
    return true;
}

static void try_rule(struct engine *engine, struct engine_slot *slot, uint8_t rule, int64_t now_ms)
{
    struct metric_views views[RULE_METRICS_MAX];
    struct rule_clock clock = judging_clock(asked_state(slot), now_ms);
    struct rule_state scratch;
    struct judgement judgement;
    struct event event = {.kind = EVENT_JUDGEMENT, .now_ms = now_ms, .rule = rule, .verdict = VERDICT_FAIL};

    /* A score is made of judgements that the journal is to have: it waits for it. */
    if (slot->start.rules[rule]->kind == RULE_SCORE ||
        !engine->env.views(engine->env.data, slot->id, rule, views))
        return;
    rule_judge(slot->start.rules[rule], views, &clock, &slot->start.rule_states[rule], &scratch, &judgement);
    if (judgement.verdict != VERDICT_FAIL || !try_event(engine, slot, &event))
        return;
    slot->has_left = true;
    roster_mark(engine, slot);
}

static void try_rules(struct engine *engine, struct engine_slot *slot, int64_t now_ms)
{
    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++)
        if ((slot->dirty & (UINT32_C(1) << i)) != 0)
            try_rule(engine, slot, i, now_ms);
}

/* A question that is not in the journal may never be asked, and its rejection then changes nothing. */
static bool is_unasked(const struct engine_slot *slot, const struct event *event)
{
    return event->kind == EVENT_VERB && event->verb == VERB_REJECT && slot->before.step_state != STEP_WAITING;
}

static void try_inputs(struct engine *engine, int64_t now_ms)
{
    for (uint32_t i = engine->input_taken; i < engine->input_count; i++) {
        const struct input *input = &engine->inputs[(engine->input_first + i) % ENGINE_INPUTS_MAX];
        struct engine_slot *slot = roster_find(engine, input->deployment);
        struct event event;
        if (slot == NULL || !stepping_leads_back(slot, input, &event) || is_unasked(slot, &event))
            continue;
        event.now_ms = now_ms;
        engine->env.stepping(engine->env.data, slot->id);
        (void)try_event(engine, slot, &event);
    }
}

/* Patience that ran out can wait for the journal, whether it did is decided anew then; and so can what falls
 * with its run, unless a person aborted that. */
static bool is_urgent(enum ending ending)
{
    return ending == ENDING_FAILED || ending == ENDING_ABORTED || ending == ENDING_TAKEN_BACK;
}

/* What went back for a rule's sake failed (S3), even if the rule sees it otherwise once the journal answers.
 * What came by the queue is still there then, and is stepped first, as what it is. */
static void try_slot(struct engine *engine, struct engine_slot *slot, int64_t now_ms)
{
    struct event ahead = {.kind = EVENT_AHEAD, .now_ms = now_ms};

    engine->env.stepping(engine->env.data, slot->id);
    if (is_route_to_stable(&slot->before)) {
        send_again(engine, slot, now_ms);
    } else if (is_route_to_stable(&slot->after) && stepping_is_judged(&slot->before) &&
               is_urgent(slot->after.ending)) {
        slot->has_left = slot->has_left || slot->after.ending == ENDING_FAILED;
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
    engine->env.stepping(engine->env.data, 0);
}

bool engine_names(const struct engine *engine, uint64_t token)
{
    for (uint32_t i = 0; i < engine->input_count; i++) {
        const struct input *input = &engine->inputs[(engine->input_first + i) % ENGINE_INPUTS_MAX];
        if (input->is_answered && input->token == token)
            return true;
    }
    return false;
}
