/* stepping.c - one input or one due deployment: judge, step, and write down what must be durable.
 * SPDX-License-Identifier: MIT */
#include "engine/stepping.h"

#include "engine/admission.h"
#include "engine/brakes.h"
#include "engine/judging.h"
#include "engine/runs_turn.h"
#include "engine/targets.h"
#include "engine/together.h"

#include <assert.h>
#include <string.h>

enum { PERSIST_GRID_MS = 200 }; /* of a fleet the saves of many deployments are one batch */

struct batch_row *stepping_add_row(struct engine *engine, struct engine_slot *slot, enum row_kind kind)
{
    assert(engine->batch.count < BATCH_ROWS_MAX);
    struct batch_row *row = &engine->batch.rows[engine->batch.count++];
    memset(row, 0, sizeof(*row));
    row->kind = kind;
    if (slot != NULL) {
        row->deployment = slot->id;
        row->state = &slot->after;
    }
    return row;
}

void stepping_add_target(struct engine *engine, struct engine_target *target)
{
    for (uint32_t i = 0; i < engine->batch.count; i++)
        if (engine->batch.rows[i].kind == ROW_TARGET && engine->batch.rows[i].target == &target->state)
            return;
    stepping_add_row(engine, NULL, ROW_TARGET)->target = &target->state;
}

static void add_verdict(struct engine *engine, struct engine_slot *slot, uint8_t rule)
{
    struct batch_row *row = stepping_add_row(engine, slot, ROW_VERDICT);

    row->rule = rule;
    row->judgement = slot->start.rule_states[rule].last;
}

/* What failed; of a score its members too, which only a score has. */
static void add_failure(struct engine *engine, struct engine_slot *slot, uint8_t rule)
{
    const struct score *score = &slot->start.rules[rule]->score;

    for (uint8_t i = 0; i < score->member_count; i++)
        add_verdict(engine, slot, score->members[i]);
    add_verdict(engine, slot, rule);
}

static void add_rules(struct engine *engine, struct engine_slot *slot)
{
    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++) {
        struct batch_row *row = stepping_add_row(engine, slot, ROW_RULE);
        row->rule = i;
        row->rule_state = &slot->start.rule_states[i];
    }
}

/* A pass verdict is written with every rule's judgement beside it: that is its evidence (S2). */
static void add_trace(struct engine *engine, struct engine_slot *slot, const struct trace *trace,
                      uint64_t token)
{
    struct batch_row *row = stepping_add_row(engine, slot, ROW_TRACE);

    row->trace = *trace;
    row->token = token;
    if (trace->kind == TRACE_RESULT) {
        row = stepping_add_row(engine, slot, ROW_RESULT);
        row->sequence = trace->a;
        row->result = (enum result)trace->b;
    }
    if (trace->kind == TRACE_STEP_PASS)
        for (uint8_t i = 0; i < slot->start.plan->rule_count; i++)
            add_verdict(engine, slot, i);
    bool is_failure = trace->kind == TRACE_FAIL || trace->kind == TRACE_WOULD_FAIL;
    if (is_failure && trace->a < slot->start.plan->rule_count)
        add_failure(engine, slot, (uint8_t)trace->a);
}

static void add_snapshot(struct engine *engine, struct engine_slot *slot)
{
    if (slot->has_row)
        return;
    slot->has_row = true;
    stepping_add_row(engine, slot, ROW_DEPLOYMENT);
    add_rules(engine, slot);
}

static void dispatch(struct engine *engine, const struct engine_slot *slot, const struct action *action)
{
    assert(engine->dispatch_count < BATCH_ROWS_MAX);
    engine->dispatch[engine->dispatch_count++] =
        (struct engine_dispatch){.slot = (uint32_t)(slot - engine->slots), .action = *action};
}

static void add_actions(struct engine *engine, struct engine_slot *slot, const struct decision *decision)
{
    for (uint8_t i = 0; i < decision->action_count; i++) {
        const struct action *action = &decision->actions[i];
        if (action->is_new)
            stepping_add_row(engine, slot, ROW_ACTION)->action = *action;
        dispatch(engine, slot, action);
    }
}

/* No room: the oldest one may come back by itself from now on, which somebody should hear. */
static void forget_oldest(struct engine *engine, struct engine_slot *slot, struct target_state *target)
{
    const struct trace trace = {.kind = TRACE_FORGOTTEN, .a = (uint32_t)target->quarantined[0].deployment};

    memmove(&target->quarantined[0], &target->quarantined[1],
            (TARGET_QUARANTINE_MAX - 1) * sizeof(target->quarantined[0]));
    target->quarantined_count--;
    add_trace(engine, slot, &trace, 0);
}

void stepping_quarantine(struct engine *engine, struct engine_slot *slot, struct target_state *target,
                         uint64_t version_key, uint64_t deployment)
{
    if (target->quarantined_count == TARGET_QUARANTINE_MAX)
        forget_oldest(engine, slot, target);
    target->quarantined[target->quarantined_count++] =
        (struct quarantined){.version_key = version_key, .deployment = deployment};
}

static void quarantine(struct engine *engine, struct engine_slot *slot, struct target_state *target)
{
    uint64_t version_key = slot->start.version_key;

    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version_key)
            return;
    stepping_quarantine(engine, slot, target, version_key, slot->id);
}

/* What the newest promotion replaced does not stand any more, or nobody could get there. */
void stepping_lose_way_back(struct engine *engine, uint32_t target)
{
    struct engine_target *at = engine_target_at(engine, target);

    if (at->state.way_back == 0)
        return;
    roster_touch(engine, at);
    at->state.way_back = 0;
    stepping_add_target(engine, at);
}

static void change_target(struct engine *engine, struct engine_slot *slot, const struct decision *decision)
{
    struct engine_target *target = engine_target_at(engine, slot->start.target);
    const struct plan *plan = slot->start.plan;

    roster_touch(engine, target);
    if (decision->promotes) {
        bool is_way_back = target->state.has_stable && plan->kind == PLAN_DEPLOY && !plan->is_record;
        target->state.way_back = is_way_back ? slot->id : 0;
        target->state.way_back_slot = slot->after.stable_slot;
        target->state.has_stable = true;
        target->state.stable_version_key = slot->start.version_key;
        target->state.stable_slot = slot->after.slot;
        target->state.stable_deployment = slot->id;
    }
    if (decision->quarantines)
        quarantine(engine, slot, &target->state);
    stepping_add_target(engine, target);
}

/* A new attempt asks for new evidence: what the rules said before is forgotten. */
void stepping_forget_told(struct engine_slot *slot)
{
    memset(slot->told, ENGINE_TOLD_NOTHING, sizeof(slot->told));
    slot->dirty = (uint32_t)((UINT64_C(1) << slot->start.plan->rule_count) - 1);
}

void stepping_keep_key(const struct engine_slot *slot, struct deployment_state *state)
{
    if (state->last_sequence + 1 < slot->ahead_sequence)
        state->last_sequence = slot->ahead_sequence - 1;
}

/* Rules that see nothing because their source errs. */
static uint32_t blind_rules(const struct engine_slot *slot)
{
    uint32_t bits = 0;

    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++) {
        const struct judgement *last = &slot->start.rule_states[i].last;
        if (last->verdict == VERDICT_INCONCLUSIVE && last->reason == REASON_SOURCE_ERROR)
            bits |= UINT32_C(1) << i;
    }
    return bits;
}

/* People are called, and no command of the way back runs any more. */
static bool is_free(const struct deployment_state *before, const struct deployment_state *after)
{
    return after->phase == PHASE_ROLLING_BACK && after->is_escalated && deployment_is_commanding(before) &&
           !deployment_is_commanding(after);
}

/* What left ahead of the journal has gone back, whoever else did. */
void stepping_look_around(const struct engine *engine, const struct engine_slot *slot, struct event *event)
{
    event->is_stopped = brakes_stop(engine, slot);
    event->is_shared = event->kind != EVENT_AHEAD && brakes_are_shared(engine, slot);
}

static void add_rows(struct engine *engine, struct engine_slot *slot, const struct decision *decision,
                     uint64_t token)
{
    if (decision->is_durable)
        add_snapshot(engine, slot);
    for (uint8_t i = 0; i < decision->trace_count; i++)
        add_trace(engine, slot, &decision->traces[i], token);
    add_actions(engine, slot, decision);
}

/* Does an observation end, or hold, at its limit because of what nobody saw? */
static bool lacks_evidence(const struct deployment_state *before, const struct decision *decision)
{
    bool lacks = false;

    for (uint8_t i = 0; i < decision->trace_count && before->step_state == STEP_OBSERVING; i++) {
        const struct trace *trace = &decision->traces[i];
        bool is_back = trace->kind == TRACE_PHASE && trace->b == ENDING_NO_EVIDENCE;
        bool is_limit = trace->a == HOLD_RULE || trace->a == HOLD_ESCALATED;
        lacks |= is_back || (trace->kind == TRACE_HELD && trace->b == UINT8_MAX && is_limit);
    }
    return lacks;
}

/* What kept it from passing, with the reason that decided: it is written as a verdict is. */
static void add_doubts(struct engine *engine, struct engine_slot *slot)
{
    const struct plan *plan = slot->start.plan;

    for (uint8_t i = 0; i < plan->rule_count; i++) {
        bool acts = plan->rules[i] != PLAN_RULE_RECORD && (slot->after.muted >> i & 1) == 0;
        if (acts && slot->start.rule_states[i].last.verdict == VERDICT_INCONCLUSIVE)
            add_verdict(engine, slot, i);
    }
}

static void step(struct engine *engine, struct engine_slot *slot, const struct event *event, uint64_t token)
{
    struct event seen = *event;

    stepping_keep_key(slot, &slot->after);
    struct deployment_state before = slot->after;
    struct decision decision;

    if (slot->start.plan->source_extend_ms > 0)
        seen.blind = blind_rules(slot);
    stepping_look_around(engine, slot, &seen);
    deployment_step(slot->start.plan, &before, &seen, &slot->after, &decision);
    slot->is_touched = true;
    roster_involve(engine, slot);
    if (decision.answer != ANSWER_NONE)
        engine_answer(engine, token, stepping_answer(decision.answer), slot->id);
    if (slot->after.attempt != before.attempt)
        stepping_forget_told(slot);
    add_rows(engine, slot, &decision, token);
    if (lacks_evidence(&before, &decision))
        add_doubts(engine, slot);
    if (decision.promotes || decision.quarantines)
        change_target(engine, slot, &decision);
    if (decision.is_fall)
        brakes_fell(engine, slot);
    if (slot->after.care == CARE_ACTING && before.care != CARE_ACTING)
        stepping_lose_way_back(engine, slot->start.target);
    bool has_ended = phase_is_terminal(slot->after.phase) && !phase_is_terminal(before.phase);
    bool has_cared = slot->after.care != before.care;
    if (has_ended)
        admission_ended(engine, slot);
    else if (has_cared)
        admission_next(engine, slot->start.target);
    bool is_called = slot->after.is_escalated != before.is_escalated;
    bool falls = slot->after.together != 0 && slot->after.phase == PHASE_ROLLING_BACK &&
                 before.phase != PHASE_ROLLING_BACK;
    if (has_ended || falls || is_called)
        runs_deployment_changed(engine, slot);
    if (is_called || is_free(&before, &slot->after)) /* an emergency that waits takes it over */
        admission_next(engine, slot->start.target);
    together_try_barrier(engine, slot);
}

bool stepping_is_judged(const struct deployment_state *state)
{
    return state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;
}

bool stepping_has_left(const struct engine_slot *slot, const struct deployment_state *state)
{
    return slot->has_left && stepping_is_judged(state) && state->ending == ENDING_NONE;
}

/* What was in flight when we stopped is driven again under its key (L4), unless it has gone back meanwhile
 * (S3). */
static void redrive(struct engine *engine, struct engine_slot *slot)
{
    struct action action = deployment_redrive(slot->start.plan, &slot->after);

    if (action.kind != ACTION_NONE && !stepping_has_left(slot, &slot->after))
        dispatch(engine, slot, &action);
}

bool stepping_has_gap(const struct engine_slot *slot)
{
    return (slot->is_recovered || slot->gap_ms != 0) && !slot->was_told;
}

static void tell_gap(struct engine *engine, struct engine_slot *slot)
{
    struct event event = {.kind = slot->is_recovered ? EVENT_RECOVERED : EVENT_GAP,
                          .now_ms = engine->batch.now_ms,
                          .gap_ms = slot->gap_ms};

    slot->was_told = true;
    slot->told_gap_ms = slot->gap_ms;
    if (slot->is_recovered)
        redrive(engine, slot);
    step(engine, slot, &event, 0);
}

/* What went back ahead of the journal did so for a FAIL (S3), whatever takes it back now; only a rule may say
 * so by its own name. */
static void tell_left(struct engine *engine, struct engine_slot *slot, const struct event *event)
{
    const struct event ahead = {.kind = EVENT_AHEAD, .now_ms = engine->batch.now_ms};

    if (event->kind != EVENT_JUDGEMENT && stepping_has_left(slot, &slot->after))
        step(engine, slot, &ahead, 0);
}

/* A gap is told before anything else is asked of the deployment's clock: nobody watched, so nothing passed
 * (S11). */
void stepping_event(struct engine *engine, struct engine_slot *slot, const struct event *event,
                    uint64_t token)
{
    engine->env.stepping(engine->env.data, slot->id);
    if (stepping_has_gap(slot))
        tell_gap(engine, slot);
    tell_left(engine, slot, event);
    step(engine, slot, event, token);
}

/* Is traffic ours to keep, and does nothing of ours change it just now? */
bool stepping_is_reconciled(const struct engine_slot *slot, const struct deployment_state *state)
{
    bool is_under_way = phase_is_active(state->phase) && state->phase != PHASE_ADMITTING;

    return slot->start.plan->has_traffic && is_under_way && !deployment_is_routing(state);
}

static void ask_traffic(struct engine *engine, struct engine_slot *slot)
{
    if (!stepping_is_reconciled(slot, &slot->after))
        return;
    slot->read_sequence = slot->after.last_sequence;
    engine->env.read_back(engine->env.data, &slot->after);
}

static void reconcile(struct engine *engine, struct engine_slot *slot)
{
    if (!stepping_is_reconciled(slot, &slot->after) || engine->reconcile_ms == 0 ||
        engine->batch.now_ms < slot->reconcile_at_ms)
        return;
    slot->reconcile_at_ms = engine->batch.now_ms + engine->reconcile_ms;
    ask_traffic(engine, slot);
}

int64_t stepping_persists_at_ms(const struct engine_slot *slot)
{
    int64_t latest_ms = slot->persisted_ms + ENGINE_PERSIST_MS;

    return latest_ms - latest_ms % PERSIST_GRID_MS;
}

/* What the deployment's own clock wants; before an observation may end, everything is judged once more. */
void stepping_due(struct engine *engine, struct engine_slot *slot)
{
    struct event event = {.kind = EVENT_TICK, .now_ms = engine->batch.now_ms};

    engine->env.stepping(engine->env.data, slot->id);
    if (stepping_has_gap(slot))
        tell_gap(engine, slot);
    if (slot->after.phase == PHASE_QUEUED)
        admission_ask_again(engine, slot);
    bool is_due = engine->batch.now_ms >= deployment_deadline(slot->start.plan, &slot->after) ||
                  brakes_let_go(engine, slot);
    if (stepping_is_judged(&slot->after))
        judging_judge(engine, slot, is_due);
    reconcile(engine, slot);
    if (is_due || stepping_has_left(slot, &slot->after))
        stepping_event(engine, slot, &event, 0);
    if (!stepping_is_judged(&slot->after) || engine->batch.now_ms < stepping_persists_at_ms(slot))
        return;
    if (!is_due)
        stepping_event(engine, slot, &event, 0);
    add_snapshot(engine, slot);
}

/* No try is left to a smoke test that failed: what it looked at goes back. */
static bool is_failed_smoke(const struct engine_slot *slot, const struct input *input)
{
    const struct flight *flight = &slot->after.flight;

    return input->kind == INPUT_RESULT && flight->kind == ACTION_SMOKE &&
           input->event.sequence == flight->sequence && input->event.tries == flight->tries &&
           input->event.result == RESULT_FAILED;
}

/* May this waiting input take a deployment back? */
bool stepping_leads_back(const struct engine_slot *slot, const struct input *input, struct event *ret_event)
{
    if (input->is_void || input->is_done)
        return false;
    if ((input->kind == INPUT_VERB && stepping_is_way_back(input->event.verb)) ||
        is_failed_smoke(slot, input))
        *ret_event = input->event;
    else if (input->kind == INPUT_JUDGEMENT && input->judged.rule < slot->start.plan->rule_count &&
             input->judged.judgement.verdict == VERDICT_FAIL)
        *ret_event =
            (struct event){.kind = EVENT_JUDGEMENT, .rule = input->judged.rule, .verdict = VERDICT_FAIL};
    else
        return false;
    return true;
}

/* What went back ahead of the journal for a FAIL is told before all that came since. */
static void take_for(struct engine *engine, struct engine_slot *slot, const struct input *input)
{
    struct event event = input->event;

    if (stepping_has_left(slot, &slot->after))
        stepping_due(engine, slot);
    if (input->kind == INPUT_JUDGEMENT) {
        judging_take(engine, slot, input);
        return;
    }
    /* Asked before our own last change, it may tell of what was before: it is asked again at once (S6). */
    if (input->kind == INPUT_READ_BACK && slot->read_sequence != slot->after.last_sequence) {
        ask_traffic(engine, slot);
        return;
    }
    event.now_ms = engine->batch.now_ms;
    stepping_event(engine, slot, &event, input->token);
}

static void take(struct engine *engine, const struct input *input)
{
    struct engine_slot *slot;

    switch (input->kind) {
    case INPUT_START:
        admission_start(engine, input);
        return;
    case INPUT_TARGET_VERB:
        targets_verb(engine, input);
        return;
    case INPUT_VERB:
    case INPUT_JUDGEMENT:
    case INPUT_RESULT:
    case INPUT_READ_BACK:
        slot = roster_find(engine, input->deployment);
        if (slot != NULL)
            take_for(engine, slot, input);
        else
            engine_answer(engine, input->token, ENGINE_NOT_FOUND, 0);
        return;
    case INPUT_RUN_START:
    case INPUT_RUN_EVENT:
        runs_take(engine, input);
        return;
    }
}

/* Who heard that nothing is durable hears nothing more, whatever comes of it. */
void stepping_take(struct engine *engine, const struct input *input)
{
    uint32_t answered_count = engine->answered_count;

    take(engine, input);
    if (input->is_answered)
        engine->answered_count = answered_count;
}
