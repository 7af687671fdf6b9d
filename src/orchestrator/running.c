/* running.c - forward: entering steps, what their actions, rules and read-backs say, and promotion.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/barrier.h"
#include "orchestrator/machine.h"
#include "orchestrator/stop.h"

#include <assert.h>
#include <stddef.h>

const struct plan_step *running_step(const struct machine *machine)
{
    return &machine->plan->steps[machine->state->step];
}

static void enter_observe(struct machine *machine, const struct plan_step *step)
{
    struct deployment_state *state = machine->state;
    int64_t now_ms = machine->event->now_ms;

    state->step_state = STEP_OBSERVING;
    state->observed_ms = 0;
    state->passing = 0;
    state->is_extended = false;
    state->confirmed_ms = now_ms;
    if (state->routed_ms == DEPLOYMENT_NEVER)
        state->routed_ms = now_ms;
    state->limit_at_ms = now_ms + step->limit_ms;
    if (step->is_watch)
        machine_enter_phase(machine, PHASE_WATCHING);
}

static void enter_action(struct machine *machine, enum action_kind kind, const struct plan_step *step)
{
    struct deployment_state *state = machine->state;

    state->step_state = STEP_ACTING;
    state->intents |= UINT64_C(1) << state->step;
    downtime_begin(machine, step);
    machine_act(machine, kind, step->reference, step->share, step->limit_ms);
}

static void enter_step(struct machine *machine, uint8_t index)
{
    struct deployment_state *state = machine->state;

    state->step = index;
    state->attempt++;
    state->step_entered_ms = machine->event->now_ms;
    state->limit_at_ms = DEPLOYMENT_NEVER;
    state->rounds = 0;
    state->flight = (struct flight){.kind = ACTION_NONE};
    machine_trace(machine, TRACE_STEP, index, state->attempt);
    const struct plan_step *step = running_step(machine);
    switch (step->kind) {
    case STEP_COMMAND:
        enter_action(machine, ACTION_COMMAND, step);
        return;
    case STEP_SMOKE:
        enter_action(machine, ACTION_SMOKE, step);
        return;
    case STEP_ROUTE:
        enter_action(machine, ACTION_ROUTE, step);
        return;
    case STEP_OBSERVE:
        enter_observe(machine, step);
        return;
    case STEP_APPROVE:
        approval_enter(machine, step);
        return;
    case STEP_REPLACE:
        replace_enter(machine);
        return;
    case STEP_MIRROR:
        enter_action(machine, ACTION_MIRROR, step);
        return;
    case STEP_GATE:
        gate_enter(machine, step);
        return;
    }
}

static bool is_waited_for(const struct plan_step *step)
{
    return step->kind == STEP_APPROVE || step->kind == STEP_GATE;
}

/* promote --full leaves commands, smoke tests, the end of copies, the whole share and the watch; an emergency
 * all but approvals and gates. */
static bool is_skipped(const struct machine *machine, const struct plan_step *step)
{
    if (machine->state->is_emergency && is_waited_for(step))
        return true;
    if (!machine->state->is_full)
        return false;
    if (step->kind == STEP_ROUTE)
        return step->share < SHARE_WHOLE;
    if (step->kind == STEP_MIRROR)
        return step->share > 0;
    return is_waited_for(step) || (step->kind == STEP_OBSERVE && !step->is_watch);
}

void running_enter_from(struct machine *machine, uint8_t next)
{
    while (next < machine->plan->count && is_skipped(machine, &machine->plan->steps[next]))
        next++;
    if (next < machine->plan->count)
        enter_step(machine, next);
    else if (machine->plan->ends_back)
        rollback_start(machine, ENDING_PASSED);
    else
        running_promote(machine, ENDING_PASSED);
}

/* Nothing of the step itself is left to wait for. */
static bool is_step_over(const struct machine *machine)
{
    const struct deployment_state *state = machine->state;
    const struct plan_step *step = running_step(machine);

    if (state->step_state == STEP_WAITING)
        return state->is_full || state->is_emergency ||
               (step->kind == STEP_APPROVE && state->approvals >= step->approvals);
    if (state->step_state == STEP_OBSERVING)
        return state->is_full && !step->is_watch;
    return state->step_state == STEP_IDLE;
}

/* One change of traffic at a time: a share that is being mended is awaited (S6). */
void running_go_on(struct machine *machine)
{
    if (machine->state->flight.kind == ACTION_NONE && is_step_over(machine) && !stop_waits(machine) &&
        (machine->state->attempt == 0 || !replace_go_on(machine)) && !barrier_waits(machine))
        running_next_step(machine);
    else
        gate_go_on(machine);
}

void running_promote(struct machine *machine, enum ending ending)
{
    struct deployment_state *state = machine->state;

    state->step_state = STEP_IDLE;
    state->hold = HOLD_NONE;
    state->ending = ending;
    state->flight = (struct flight){.kind = ACTION_NONE};
    machine->decision->promotes = true;
    if (machine->plan->retire != PLAN_NONE && !machine->plan->is_record) {
        state->care = CARE_DUE;
        state->care_at_ms = machine->event->now_ms + machine->plan->retire_delay_ms;
    }
    machine_enter_phase(machine, PHASE_PROMOTED);
}

static uint32_t act_rules(const struct plan *plan, const struct deployment_state *state)
{
    uint32_t bits = 0;

    for (uint8_t i = 0; i < plan->rule_count; i++)
        if (plan->rules[i] == PLAN_RULE_ACT_ROLLBACK || plan->rules[i] == PLAN_RULE_ACT_HOLD)
            bits |= UINT32_C(1) << i;
    if ((plan->has_traffic || plan->host_count > 0) && state->confirmed_share == SHARE_WHOLE)
        bits &= ~plan->beside_stable;
    return bits & ~state->muted;
}

static bool all_pass(const struct plan *plan, const struct deployment_state *state)
{
    uint32_t wanted = act_rules(plan, state);

    return (state->passing & wanted) == wanted;
}

bool running_passes(const struct plan *plan, const struct deployment_state *state)
{
    return state->confirmed_share == state->desired_share &&
           state->confirmed_mirror == state->desired_mirror && state->flight.kind == ACTION_NONE &&
           all_pass(plan, state);
}

void running_pass_step(struct machine *machine)
{
    machine_trace(machine, TRACE_STEP_PASS, machine->state->step, machine->state->attempt);
    running_next_step(machine);
}

/* Does a rule that counts see nothing because its source errs? */
static bool is_blind(const struct machine *machine)
{
    return (machine->event->blind & act_rules(machine->plan, machine->state)) != 0;
}

/* Inconclusive to the end: nobody saw it fail, and nobody saw it well. */
static void end_without_evidence(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    enum step_outcome outcome = running_step(machine)->on_limit;

    if (is_blind(machine) && state->is_extended)
        outcome = machine->plan->on_source_error;
    if (outcome == OUTCOME_ROLLBACK) {
        rollback_start(machine, ENDING_NO_EVIDENCE);
        return;
    }
    bool is_watching = state->phase == PHASE_WATCHING;
    machine_hold(machine, is_watching ? HOLD_ESCALATED : HOLD_RULE, UINT8_MAX);
    if (is_watching)
        machine_escalate(machine);
}

static void observe(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (barrier_of(machine->plan, state) != BARRIER_NONE || stop_holds(machine->plan, state))
        return;
    if (state->observed_ms >= running_step(machine)->duration_ms && running_passes(machine->plan, state))
        running_pass_step(machine);
    else if (machine->event->now_ms < state->limit_at_ms)
        return;
    else if (machine->plan->source_extend_ms > 0 && !state->is_extended && is_blind(machine)) {
        state->is_extended = true;
        state->limit_at_ms = machine->event->now_ms + machine->plan->source_extend_ms;
        machine->decision->is_durable = true;
    } else
        end_without_evidence(machine);
}

static void held_too_long(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    state->hold_limit_at_ms = DEPLOYMENT_NEVER;
    if (state->phase == PHASE_RUNNING && state->ending == ENDING_NONE &&
        machine->plan->on_held_limit == OUTCOME_ROLLBACK)
        rollback_start(machine, ENDING_HELD_TOO_LONG);
    else
        machine_escalate(machine);
}

/* Returns true where the flight's clock decided something. */
static bool tick_flight(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    int64_t now_ms = machine->event->now_ms;

    if (state->flight.kind == ACTION_NONE)
        return false;
    if (state->flight.is_waiting) {
        if (deployment_is_stopped(state) || now_ms < state->flight.retry_ms)
            return false;
        machine_drive_again(machine);
        return true;
    }
    if (now_ms < state->flight.deadline_ms)
        return false;
    running_result(machine, RESULT_UNKNOWN);
    return true;
}

void running_tick(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    int64_t now_ms = machine->event->now_ms;

    if (state->step_state == STEP_WAITING && now_ms >= state->limit_at_ms) {
        gate_shut(machine);
        return;
    }
    approval_remind(machine);
    if (tick_flight(machine))
        return;
    switch (state->step_state) {
    case STEP_IDLE:
        running_go_on(machine);
        return;
    case STEP_ACTING:
    case STEP_WAITING:
        return;
    case STEP_OBSERVING:
        observe(machine);
        return;
    case STEP_HELD:
        if (now_ms >= state->hold_limit_at_ms)
            held_too_long(machine);
        return;
    }
}

bool running_is_steps_own(const struct deployment_state *state)
{
    return state->step_state == STEP_ACTING ||
           (state->step_state == STEP_HELD && state->resume_to == STEP_ACTING);
}

void running_action_done(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    bool is_own = running_is_steps_own(state);

    downtime_action_done(machine);
    if (state->flight.kind == ACTION_ROUTE || state->flight.kind == ACTION_MIRROR)
        shares_confirm(machine);
    state->flight = (struct flight){.kind = ACTION_NONE};
    if (state->batch > 0)
        replace_part_done(machine);
    if (is_own && state->step_state == STEP_HELD)
        state->resume_to = STEP_IDLE;
    else if (is_own)
        state->step_state = STEP_IDLE;
    if (shares_are_off(state))
        shares_mend(machine);
    running_go_on(machine);
}

/* Back, or held past the point of no return: then the action is over all the same, and what it kept from
 * being mended is mended. A route that failed itself is people's: they are called. */
static void take_back(struct machine *machine, enum ending ending)
{
    struct deployment_state *state = machine->state;
    bool was_routing = state->flight.kind == ACTION_ROUTE;

    rollback_start(machine, ending);
    if (state->phase == PHASE_ROLLING_BACK)
        return;
    state->flight = (struct flight){.kind = ACTION_NONE};
    if (state->resume_to == STEP_ACTING)
        state->resume_to = STEP_IDLE;
    if (!was_routing && state->confirmed_share > state->desired_share)
        shares_mend(machine);
}

/* A smoke test that nobody saw the end of says nothing against the version. */
void running_action_failed(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;

    if (state->flight.kind == ACTION_SMOKE && result != RESULT_FAILED) {
        take_back(machine, ENDING_NO_EVIDENCE);
        return;
    }
    if (state->flight.kind == ACTION_SMOKE) {
        machine_trace(machine, TRACE_FAIL, FAIL_SMOKE, state->step);
        take_back(machine, ENDING_FAILED);
        return;
    }
    if (state->phase == PHASE_RUNNING) {
        take_back(machine, ENDING_ACTION_FAILED);
        return;
    }
    state->flight = (struct flight){.kind = ACTION_NONE};
    machine_hold(machine, HOLD_ESCALATED, UINT8_MAX);
    machine_escalate(machine);
}

/* Once more, after a pause. A mend of the traffic is no round of its step. */
void running_start_over(struct machine *machine)
{
    if (running_is_steps_own(machine->state))
        machine->state->rounds++;
    machine_back_off(machine);
}

/* May what ended like this be tried once more? */
static bool may_try_again(const struct machine *machine, enum result result)
{
    const struct plan_step *step = running_step(machine);
    const struct plan_part *part = replace_part(machine->plan, machine->state);
    const struct flight *flight = &machine->state->flight;
    enum command_repeat repeat = part != NULL ? part->repeat : step->repeat;

    if (result == RESULT_FAILED && flight->kind != ACTION_ROUTE && flight->kind != ACTION_MIRROR)
        return false;
    if (result == RESULT_UNKNOWN && flight->kind == ACTION_COMMAND && repeat == REPEAT_UNSAFE)
        return false;
    if (part == NULL && flight->kind == ACTION_COMMAND && step->repeat == REPEAT_PROBE)
        return machine->state->rounds + 1 < step->tries_max;
    uint16_t own_max = part != NULL ? part->tries_max : step->tries_max;
    uint16_t tries_max = running_is_steps_own(machine->state) ? own_max : 3;
    return flight->tries + 1 < tries_max;
}

void running_result(struct machine *machine, enum result result)
{
    if (machine->state->flight.kind == ACTION_GATE) {
        gate_result(machine, result);
        return;
    }
    machine_trace(machine, TRACE_RESULT, machine->state->flight.sequence, result);
    if (machine->state->is_probing)
        probing_result(machine, result);
    else if (probing_is_wanted(machine, result))
        probing_start(machine, result);
    else if (result == RESULT_DONE)
        running_action_done(machine);
    else if (may_try_again(machine, result))
        running_start_over(machine);
    else
        running_action_failed(machine, result);
}

static void rule_failed(struct machine *machine, uint8_t rule)
{
    struct deployment_state *state = machine->state;
    uint32_t bit = UINT32_C(1) << rule;
    enum plan_rule part = (enum plan_rule)machine->plan->rules[rule];

    if (part != PLAN_RULE_SCORED && (state->muted & bit) != 0)
        part = PLAN_RULE_RECORD;
    switch (part) {
    case PLAN_RULE_ACT_ROLLBACK:
        state->failed_rule = rule;
        machine_trace(machine, TRACE_FAIL, rule, state->step);
        rollback_start(machine, ENDING_FAILED);
        return;
    case PLAN_RULE_ACT_HOLD:
    case PLAN_RULE_ASK:
        if (state->step_state != STEP_HELD)
            machine_hold(machine, HOLD_RULE, rule);
        return;
    case PLAN_RULE_RECORD:
        if ((state->recorded & bit) == 0)
            machine_trace(machine, TRACE_WOULD_FAIL, rule, 0);
        state->recorded |= bit;
        state->would_roll_back = true;
        return;
    case PLAN_RULE_SCORED:
        return;
    }
}

void running_judgement(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    uint8_t rule = machine->event->rule;

    assert(rule < machine->plan->rule_count);
    uint32_t bit = UINT32_C(1) << rule;
    state->passing &= ~bit;
    if (machine->event->verdict == VERDICT_PASS)
        state->passing |= bit;
    if (machine->event->verdict == VERDICT_FAIL && state->ending == ENDING_NONE)
        rule_failed(machine, rule);
    /* Only a pass may end an observation: behind other news there may be more of them. */
    else if (machine->event->verdict == VERDICT_PASS && state->step_state == STEP_OBSERVING)
        observe(machine);
}

/* A proxy that began anew forgot what it was told. It is told again while every rule that counts passes on
 * fresh values: never blindly. */
static bool has_forgotten(const struct machine *machine)
{
    const struct deployment_state *state = machine->state;

    return machine->event->is_anew && state->step_state != STEP_HELD && state->flight.kind == ACTION_NONE &&
           all_pass(machine->plan, state);
}

/* More for the candidate than wanted is mended at once, or as soon as what is in flight has ended; less is
 * the will of an unknown hand. A share that is being set is read by who sets it. */
void running_drift(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    uint16_t share = machine->event->share;

    if (deployment_is_routing(state) || share == state->confirmed_share)
        return;
    machine_trace(machine, TRACE_DRIFT, share, state->confirmed_share);
    gate_leave(machine);
    bool is_more = share > state->confirmed_share;
    bool is_again = !is_more && has_forgotten(machine);
    state->confirmed_share = share;
    if (!is_more && !is_again && state->step_state != STEP_HELD)
        machine_hold(machine, HOLD_UNKNOWN_HAND, UINT8_MAX);
    else if (is_again || (share > state->desired_share && state->flight.kind == ACTION_NONE))
        shares_mend(machine);
    gate_go_on(machine);
}
