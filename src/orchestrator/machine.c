/* machine.c - the doors of the deployment machine: every phase change, every action, every hold goes through
 * here. SPDX-License-Identifier: MIT */
#include "orchestrator/machine.h"

#include <assert.h>
#include <stddef.h>

#define EDGE(phase) (1U << (phase))

/* From (row) to (bits). A rollback leads to rolled_back only (S7). */
static const uint32_t edges[PHASE_COUNT] = {
    [PHASE_QUEUED] = EDGE(PHASE_ADMITTING) | EDGE(PHASE_CANCELLED) | EDGE(PHASE_SUPERSEDED),
    [PHASE_ADMITTING] =
        EDGE(PHASE_RUNNING) | EDGE(PHASE_REJECTED) | EDGE(PHASE_CANCELLED) | EDGE(PHASE_SUPERSEDED),
    [PHASE_RUNNING] =
        EDGE(PHASE_WATCHING) | EDGE(PHASE_ROLLING_BACK) | EDGE(PHASE_PROMOTED) | EDGE(PHASE_SUPERSEDED),
    [PHASE_WATCHING] = EDGE(PHASE_PROMOTED) | EDGE(PHASE_ROLLING_BACK),
    [PHASE_ROLLING_BACK] = EDGE(PHASE_ROLLED_BACK),
};

void machine_trace(struct machine *machine, enum trace_kind kind, uint32_t a, uint32_t b)
{
    struct decision *decision = machine->decision;

    assert(decision->trace_count < DECISION_TRACES_MAX);
    decision->traces[decision->trace_count++] = (struct trace){.kind = kind, .a = a, .b = b};
    decision->is_durable = true;
}

void machine_enter_phase(struct machine *machine, enum deployment_phase phase)
{
    struct deployment_state *state = machine->state;
    bool is_legal = (edges[state->phase] & EDGE(phase)) != 0;

    assert(is_legal);
    (void)is_legal; /* the coverage build asserts nothing */
    state->phase = phase;
    state->phase_entered_ms = machine->event->now_ms;
    machine_trace(machine, TRACE_PHASE, phase, state->ending);
}

struct action machine_action(const struct plan *plan, const struct deployment_state *state)
{
    const struct flight *flight = &state->flight;
    const struct plan_part *part = replace_part(plan, state);

    return (struct action){
        .kind = flight->kind,
        .sequence = flight->sequence,
        .reference = flight->reference,
        .share = flight->share,
        .cancels = flight->kind == ACTION_CANCEL ? state->settle_sequence : 0,
        .cancels_tries = state->settle_tries,
        .tries = flight->tries,
        .host = state->host,
        .batch = state->batch,
        .is_previous = part != NULL && state->part == ROLLBACK_UNDO && flight->reference == part->reference,
        .is_rollback = state->phase == PHASE_ROLLING_BACK,
        .limit_ms = flight->limit_ms,
    };
}

static void send(struct machine *machine, bool is_new)
{
    struct decision *decision = machine->decision;
    struct action action = machine_action(machine->plan, machine->state);

    assert(decision->action_count < DECISION_ACTIONS_MAX);
    action.is_new = is_new;
    decision->actions[decision->action_count++] = action;
}

/* The runner ends a command at its limit and then says so: whoever gives up before that would start a second
 * one beside the first. */
void machine_begin_try(struct machine *machine)
{
    struct flight *flight = &machine->state->flight;
    int64_t slack_ms = flight->kind == ACTION_COMMAND ? COMMAND_SLACK_MS : 0;

    flight->deadline_ms = machine->event->now_ms + flight->limit_ms + slack_ms;
}

void machine_act(struct machine *machine, enum action_kind kind, uint16_t reference, uint16_t share,
                 int64_t limit_ms)
{
    struct deployment_state *state = machine->state;

    state->flight = (struct flight){
        .kind = kind,
        .sequence = ++state->last_sequence,
        .reference = reference,
        .share = share,
        .limit_ms = limit_ms,
    };
    machine_begin_try(machine);
    if (kind == ACTION_ROUTE)
        state->desired_share = share;
    if (kind == ACTION_MIRROR)
        state->desired_mirror = share;
    machine_trace(machine, TRACE_ACTION, state->flight.sequence, kind);
    send(machine, true);
}

void machine_drive_again(struct machine *machine)
{
    struct flight *flight = &machine->state->flight;

    flight->is_waiting = false;
    machine_begin_try(machine);
    send(machine, false);
}

/* The next try has a key of its own: a key runs at most once, so a lost one never ends. */
void machine_back_off(struct machine *machine)
{
    struct flight *flight = &machine->state->flight;
    int64_t pause_ms = BACKOFF_FIRST_MS;

    for (uint16_t i = 0; i < flight->tries && pause_ms < BACKOFF_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > BACKOFF_MAX_MS)
        pause_ms = BACKOFF_MAX_MS;
    if (flight->tries < UINT16_MAX)
        flight->tries++;
    flight->is_waiting = true;
    flight->retry_ms = machine->event->now_ms + pause_ms;
}

void machine_hold(struct machine *machine, enum hold_cause cause, uint8_t rule)
{
    struct deployment_state *state = machine->state;

    gate_leave(machine);
    if (state->step_state != STEP_HELD) {
        state->resume_to = state->step_state;
        state->step_state = STEP_HELD;
        state->hold_limit_at_ms = machine->event->now_ms + machine->plan->held_limit_ms;
    }
    state->hold = cause;
    machine_trace(machine, TRACE_HELD, cause, rule);
}

void machine_escalate(struct machine *machine)
{
    machine->state->is_escalated = true;
    machine_trace(machine, TRACE_ESCALATED, machine->state->ending, 0);
}
