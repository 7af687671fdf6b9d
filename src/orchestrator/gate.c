/* gate.c - a step that waits for another system's word: asked again and again, until it opens, refuses, or
 * the time for it is up. SPDX-License-Identifier: MIT
 *
 * An ask changes nothing in the world: whatever else needs the flight may take it, and it is asked anew. */
#include "orchestrator/machine.h"

static bool is_gate(const struct machine *machine)
{
    return machine->state->step_state == STEP_WAITING && running_step(machine)->kind == STEP_GATE;
}

static void ask(struct machine *machine)
{
    machine_act(machine, ACTION_GATE, running_step(machine)->reference, 0, GATE_ASK_LIMIT_MS);
}

void gate_enter(struct machine *machine, const struct plan_step *step)
{
    struct deployment_state *state = machine->state;

    state->step_state = STEP_WAITING;
    state->gate = GATE_UNASKED;
    state->limit_at_ms = machine->event->now_ms + step->limit_ms;
    ask(machine);
}

void gate_leave(struct machine *machine)
{
    if (machine->state->flight.kind == ACTION_GATE)
        machine->state->flight = (struct flight){.kind = ACTION_NONE};
}

void gate_go_on(struct machine *machine)
{
    if (is_gate(machine) && machine->state->flight.kind == ACTION_NONE)
        ask(machine);
}

void gate_skip_gap(struct machine *machine)
{
    if (is_gate(machine))
        machine->state->limit_at_ms += machine->event->gap_ms;
}

void gate_shut(struct machine *machine)
{
    const struct plan_step *step = running_step(machine);
    bool is_asked = step->kind == STEP_GATE;

    gate_leave(machine);
    if (step->on_limit == OUTCOME_ROLLBACK)
        rollback_start(machine, is_asked ? ENDING_GATE_SHUT : ENDING_NOT_APPROVED);
    else
        machine_hold(machine, is_asked ? HOLD_GATE : HOLD_PERSON, UINT8_MAX);
}

/* The same answer once more is no news; nor is its key a new one after the last of them. */
static void pause_asking(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;
    enum gate_answer answer = result == RESULT_AGAIN ? GATE_CLOSED : GATE_SILENT;

    if (state->gate != answer)
        machine_trace(machine, TRACE_RESULT, state->flight.sequence, result);
    state->gate = answer;
    if (state->flight.tries < UINT16_MAX)
        state->flight.tries++;
    state->flight.is_waiting = true;
    state->flight.retry_ms = machine->event->now_ms + running_step(machine)->every_ms;
    if (!shares_are_off(state))
        return;
    gate_leave(machine);
    shares_mend(machine);
}

void gate_result(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;

    if (result == RESULT_AGAIN || result == RESULT_UNKNOWN) {
        pause_asking(machine, result);
        return;
    }
    machine_trace(machine, TRACE_RESULT, state->flight.sequence, result);
    gate_leave(machine);
    if (result == RESULT_FAILED) {
        state->gate = GATE_REFUSED;
        gate_shut(machine);
        return;
    }
    state->gate = GATE_OPEN;
    state->step_state = STEP_IDLE;
    if (shares_are_off(state))
        shares_mend(machine);
    running_go_on(machine);
}
