/* oracle_rows.c - what a transaction says must fit what was said before.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/farm.h"
#include "tests/simulation/world.h"

#include <assert.h>
#include <string.h>

enum { OBSERVE_TOLERANCE_MS = 20 };

static const uint32_t edges[PHASE_COUNT] = {
    [PHASE_QUEUED] = 1u << PHASE_ADMITTING | 1u << PHASE_CANCELLED | 1u << PHASE_SUPERSEDED,
    [PHASE_ADMITTING] =
        1u << PHASE_RUNNING | 1u << PHASE_REJECTED | 1u << PHASE_CANCELLED | 1u << PHASE_SUPERSEDED,
    [PHASE_RUNNING] =
        1u << PHASE_WATCHING | 1u << PHASE_ROLLING_BACK | 1u << PHASE_PROMOTED | 1u << PHASE_SUPERSEDED,
    [PHASE_WATCHING] = 1u << PHASE_ROLLING_BACK | 1u << PHASE_PROMOTED,
    [PHASE_ROLLING_BACK] = 1u << PHASE_ROLLED_BACK,
};

static struct oracle_action *find_action(struct oracle_history *history, uint32_t sequence)
{
    for (uint32_t i = history->action_count; i-- > 0;)
        if (history->actions[i].sequence == sequence)
            return &history->actions[i];
    return NULL;
}

/* Phases */

static void check_promotion(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    char why[ORACLE_TEXT_MAX];

    if (!history->is_overridden && !oracle_gates_hold(world, deployment, plan->count, why))
        oracle_violate(world, "S2", deployment, "promoted, but %s", why);
    if (history->has_failed)
        oracle_violate(world, "S3", deployment, "promoted after a FAIL");
}

/* What ends well without serving was to end so, and was well to the end. */
static void check_trial(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct plan *plan = oracle_plan(world, deployment);
    char why[ORACLE_TEXT_MAX];

    if (row->trace.a == PHASE_PROMOTED && plan->ends_back)
        oracle_violate(world, "S9", deployment, "promoted, and no user ever saw it");
    if (row->trace.a != PHASE_ROLLED_BACK || row->trace.b != ENDING_PASSED)
        return;
    if (!plan->ends_back || oracle_history(world, deployment)->has_failed)
        oracle_violate(world, "S3", deployment, "rolled back, and said to have passed");
    if (!oracle_gates_hold(world, deployment, plan->count, why))
        oracle_violate(world, "S2", deployment, "tried and passed, but %s", why);
}

/* Nothing is copied to a version that is not on trial any more. */
static void check_copies(struct world *world, uint64_t deployment)
{
    uint8_t site = ledger_find(world, deployment)->site;

    if (!oracle_history(world, deployment)->was_adopted && world->sites[site].lever.mirror > 0)
        oracle_violate(world, "S6", deployment, "it is over, and requests are still copied to it");
}

static void count_end(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct tally *tally = world->tally;
    enum health health = version_health(ledger_find(world, deployment)->version);
    bool is_alone =
        world->sites[ledger_find(world, deployment)->site].kind != SITE_DEV; /* gets all traffic */
    bool is_bad =
        health == HEALTH_BAD || (health == HEALTH_OVERLOAD && is_alone) || health == HEALTH_SMOKE_BAD;
    bool is_sound = health == HEALTH_GOOD;

    tally->endings[row->trace.b]++;
    tally->escalated += row->state->is_escalated;
    tally->unverified += row->state->is_unverified;
    tally->good += is_sound;
    tally->bad += is_bad;
    tally->false_promotions += is_bad && row->trace.b == ENDING_PASSED && row->state->muted == 0 &&
                               !oracle_plan(world, deployment)->is_record &&
                               !ledger_find(world, deployment)->is_back;
    tally->false_rollbacks += is_sound && row->trace.b == ENDING_FAILED;
}

/* Deployments wait for it. */
static bool has_window(struct world *world, uint64_t deployment)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);

    return !oracle_is_ungated(world, deployment) &&
           world->playbook->plays[stored->play].definition->window != NULL;
}

/* Who makes room by itself had no effect yet; everybody else goes back first. */
static void check_superseded(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    for (uint32_t i = 0; i < history->action_count; i++)
        if (history->actions[i].kind != ACTION_REHEARSE)
            oracle_violate(world, "superseded", deployment, "although it began to %s",
                           action_kind_name(history->actions[i].kind));
}

static void check_admission(struct world *world, uint64_t deployment)
{
    if (has_window(world, deployment) && world->shell.commit_of_period_ms >= SHELL_OPEN_MS)
        oracle_violate(world, "window", deployment, "admitted although its window is closed");
    oracle_check_door(world, deployment);
    oracle_check_bad_stable(world, deployment);
    oracle_check_turn(world, deployment);
    oracle_check_lock(world, deployment);
}

static void check_end(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    world->oracle.free_up_ms[ledger_find(world, deployment)->site] = history->phase_up_ms;
    count_end(world, deployment, row);
    oracle_result(world, deployment, NULL);
    check_trial(world, deployment, row);
    if (history->state.phase == PHASE_PROMOTED || history->state.phase == PHASE_ROLLED_BACK)
        check_copies(world, deployment);
}

static void enter_phase(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    enum deployment_phase from = history->state.phase;
    enum deployment_phase to = (enum deployment_phase)row->trace.a;
    bool is_first = to == PHASE_QUEUED && !history->has_phase;

    if (!is_first && (edges[from] & (1u << to)) == 0)
        oracle_violate(world, "S7", deployment, "from %s to %s", phase_name(from), phase_name(to));
    history->state.phase = to;
    history->has_phase = true;
    world->tally->phases[to]++;
    if (to == PHASE_ROLLING_BACK)
        history->has_gone_back = true;
    oracle_check_overtaken(world, deployment, row);
    if (to == PHASE_ROLLING_BACK && row->trace.b == ENDING_NOT_APPROVED && row->token == 0)
        oracle_check_silence(world, deployment);
    if (to == PHASE_QUEUED || to == PHASE_ADMITTING || phase_is_terminal(to))
        history->phase_up_ms = shell_up_ms(world);
    if (phase_is_terminal(to))
        check_end(world, deployment, row);
    if (to == PHASE_ROLLED_BACK && !history->was_adopted) {
        oracle_check_way_back(world, deployment);
        farm_came_back(world, deployment);
    }
    if (to == PHASE_PROMOTED)
        check_promotion(world, deployment);
    if (to == PHASE_SUPERSEDED)
        check_superseded(world, deployment);
    if (to == PHASE_ADMITTING)
        check_admission(world, deployment);
}

/* Steps */

static void enter_step(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    uint8_t index = (uint8_t)row->trace.a;
    const struct plan *plan = oracle_plan(world, deployment);
    assert(index < PLAN_STEPS_MAX);
    bool is_next = index == history->step || index == oracle_next_step(history, plan);
    if (index >= plan->count)
        oracle_violate(world, "S2", deployment, "enters step %u of %u", index, plan->count);
    else if (!is_next && !history->is_overridden)
        oracle_violate(world, "S2", deployment, "steps from %u to %u", history->step, index);
    history->step = index;
    history->is_held = false;
    struct oracle_step *step = &history->steps[index];
    step->attempt = row->trace.b;
    step->approvals = 0;
    step->was_held = step->is_reminded = false;
    step->unheld_up_ms = 0;
    step->entered_up_ms = step->limit_up_ms = world->shell.commit_up_ms;
    history->confirmed_engine_ms = world->oracle.batch_ms;
}

static void hold(struct world *world, struct oracle_history *history, const struct batch_row *row)
{
    world->tally->holds[row->trace.a]++;
    if (row->trace.a == HOLD_PERSON && row->token == 0)
        oracle_check_silence(world, row->deployment);
    history->steps[history->step].was_held = true;
    if (history->is_held)
        return;
    history->is_held = true;
    struct oracle_step *step = &history->steps[history->step];
    step->unheld_up_ms += world->shell.commit_up_ms - step->entered_up_ms;
}

void oracle_read_anew(struct world *world, uint64_t deployment)
{
    oracle_history(world, deployment)->is_read_anew = true;
}

static void resume(struct world *world, struct oracle_history *history)
{
    history->is_lowered = false;
    if (!history->is_held)
        return;
    history->is_held = false;
    struct oracle_step *step = &history->steps[history->step];
    step->entered_up_ms = step->limit_up_ms = world->shell.commit_up_ms;
}

static const struct batch_row *verdict_of(const struct batch *batch, uint64_t deployment, uint8_t rule)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->rows[i].kind == ROW_VERDICT && batch->rows[i].deployment == deployment &&
            batch->rows[i].rule == rule)
            return &batch->rows[i];
    return NULL;
}

/* A pass stands on a pass of every rule that acts, on evidence since the step was confirmed. */
static void check_verdicts(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);

    for (uint8_t i = 0; i < plan->rule_count; i++) {
        const struct batch_row *verdict = verdict_of(world->oracle.batch, deployment, i);
        if (verdict == NULL)
            oracle_violate(world, "S2", deployment, "a pass without the judgement of rule %u", i);
        else if (oracle_is_wanted(plan, (uint8_t)row->trace.a, i, row->state->muted)) {
            if (verdict->judgement.verdict != VERDICT_PASS)
                oracle_violate(world, "S4", deployment, "a pass although rule %u says %s", i,
                               verdict_name(verdict->judgement.verdict));
            if (!world->is_samples && verdict->judgement.from_ms < history->confirmed_engine_ms)
                oracle_violate(world, "S2", deployment, "rule %u passed on evidence of another step", i);
        }
    }
}

static void pass_step(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    uint8_t index = (uint8_t)row->trace.a;
    struct oracle_step *step = &history->steps[index];

    if (index >= plan->count || plan->steps[index].kind != STEP_OBSERVE || step->attempt != row->trace.b) {
        oracle_violate(world, "S2", deployment, "a pass for attempt %u of step %u, which is at %u",
                       row->trace.b, index, step->attempt);
        return;
    }
    step->passed_attempt = row->trace.b;
    int64_t watched_ms = step->unheld_up_ms;
    if (!history->is_held)
        watched_ms += world->shell.commit_up_ms - step->entered_up_ms;
    if (row->token == 0 && watched_ms + OBSERVE_TOLERANCE_MS < plan->steps[index].duration_ms)
        oracle_violate(world, "S11", deployment, "step %u passed after %lld ms that somebody watched", index,
                       (long long)watched_ms);
    if (!world->oracle.is_evident[deployment - 1])
        oracle_violate(world, "S4", deployment, "step %u passed without the data", index);
    check_verdicts(world, deployment, row);
}

static void fail(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);

    history->has_failed = history->had_fail = true;
    bool is_told = row->trace.a != FAIL_SMOKE;
    for (uint32_t i = 0; i < world->oracle.batch->count && !is_told; i++)
        is_told = world->oracle.batch->rows[i].kind == ROW_RESULT &&
                  world->oracle.batch->rows[i].deployment == deployment &&
                  world->oracle.batch->rows[i].result == RESULT_FAILED;
    if (!is_told)
        oracle_violate(world, "quarantine", deployment, "no smoke test failed");
    if (row->trace.a == FAIL_LOST && !history->went_ahead)
        oracle_violate(world, "S3", deployment, "a lost FAIL, and nothing went back for it");
    if (row->trace.a < FAIL_LOST &&
        (row->trace.a >= plan->rule_count || plan->rules[row->trace.a] != PLAN_RULE_ACT_ROLLBACK))
        oracle_violate(world, "S3", deployment, "rule %u cannot take it back", row->trace.a);
}

static void check_quarantine(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    if (!history->has_failed && !history->went_ahead && !history->has_sign)
        oracle_violate(world, "quarantine", deployment, "nothing failed, and its version is quarantined");
}

static void override(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);

    history->is_overridden = true;
    history->is_lowered = false;
    history->has_failed = history->has_sign = false;
    if (world->oracle.batch_number > history->ahead_number)
        history->went_ahead = false;
    if (row->token == 0)
        oracle_violate(world, "S2", deployment, "an override that nobody asked for");
}

void oracle_begin_action(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    const struct action *action = &row->action;

    if (find_action(history, action->sequence) != NULL)
        oracle_violate(world, "S5", deployment, "the key %u stands for two actions", action->sequence);
    if (action->share > SHARE_WHOLE)
        oracle_violate(world, "S6", deployment, "a share of %u", action->share);
    oracle_check_overdue(world, deployment, action);
    if (history->action_count == ORACLE_ACTIONS_MAX)
        return;
    history->actions[history->action_count++] = (struct oracle_action){
        .sequence = action->sequence,
        .kind = action->kind,
        .reference = action->reference,
        .share = action->share,
        .step = history->step,
        .is_rollback = action->is_rollback,
    };
}

void oracle_end_action(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    struct oracle_action *action = find_action(history, row->sequence);
    const struct plan *plan = oracle_plan(world, deployment);

    if (action == NULL)
        return;
    /* A route to stable may have been answered before its intent was durable. */
    bool is_safe = action->kind == ACTION_ROUTE && action->share == 0;
    if (row->result != RESULT_UNKNOWN && (action->said & (1u << row->result)) == 0 && !is_safe)
        oracle_violate(world, "S5", deployment, "action %u ends by what was said of an earlier try",
                       row->sequence);
    action->has_end = true;
    action->is_done = row->result == RESULT_DONE;
    /* Its deadline is over: the lever takes no order with a lower number after the next one (S6). */
    if (action->kind == ACTION_ROUTE && row->result == RESULT_UNKNOWN)
        oracle_result(world, deployment, &(struct action){.sequence = row->sequence});
    bool is_steps = action->kind != ACTION_REHEARSE && action->kind != ACTION_CANCEL;
    bool is_own = is_steps && !action->is_rollback && action->step < plan->count;
    if (is_own && action->is_done)
        history->steps[action->step].is_done = true;
    else if (is_own)
        history->steps[action->step].has_failed = true;
}

static void confirm(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);

    history->is_lowered = row->trace.kind == TRACE_DRIFT && row->trace.a < row->trace.b &&
                          (history->is_lowered || !history->is_read_anew);
    if (row->trace.kind == TRACE_CONFIRMED)
        history->is_read_anew = false;
    history->confirmed = (uint16_t)row->trace.a;
    oracle_due_drop(world, DUE_DRIFT, deployment, ledger_find(world, deployment)->site);
    if (row->trace.kind == TRACE_DRIFT && history->confirmed > row->state->desired_share)
        oracle_expect_mend(world, deployment);
}

void oracle_trace(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);

    oracle_note_trace(world, deployment, row);
    switch (row->trace.kind) {
    case TRACE_PHASE:
        enter_phase(world, deployment, row);
        return;
    case TRACE_STEP:
        enter_step(world, deployment, row);
        return;
    case TRACE_CONFIRMED:
    case TRACE_DRIFT:
        confirm(world, deployment, row);
        return;
    case TRACE_STEP_PASS:
        pass_step(world, deployment, row);
        return;
    case TRACE_OVERRIDE:
        override(world, deployment, row);
        return;
    case TRACE_FAIL:
        fail(world, deployment, row);
        return;
    case TRACE_HELD:
        hold(world, history, row);
        return;
    case TRACE_RESUMED:
        resume(world, history);
        return;
    case TRACE_APPROVED:
    case TRACE_REMINDED:
        oracle_asked(world, deployment, row);
        return;
    case TRACE_QUARANTINE:
        check_quarantine(world, deployment);
        return;
    case TRACE_ADOPTED:
        oracle_adopted(world, deployment);
        return;
    case TRACE_EMERGENCY:
        oracle_begin_emergency(world, deployment, row);
        return;
    case TRACE_HOSTS_TAKEN:
        farm_taken(world, deployment, &row->trace);
        return;
    case TRACE_HOSTS_READY:
        farm_ready(world, deployment, &row->trace);
        return;
    case TRACE_ACTION:
    case TRACE_RESULT:
    case TRACE_WOULD_FAIL:
    case TRACE_APPROVAL_WANTED:
    case TRACE_REJECTED:
    case TRACE_ESCALATED:
    case TRACE_MUTED:
    case TRACE_RETIRED:
    case TRACE_FORGOTTEN:
    case TRACE_MIRRORED:
    case TRACE_DOWNTIME:
    case TRACE_DISASTER_OVER:
    case TRACE_DISASTER:
    case TRACE_RETRIED:
    case TRACE_BRAKED:
        return;
    }
}
