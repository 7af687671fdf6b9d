/* deployment.c - the machine's front: which handler an event meets in which phase, and when it wants the next
 * tick. SPDX-License-Identifier: MIT */
#include "orchestrator/deployment.h"

#include "orchestrator/barrier.h"
#include "orchestrator/machine.h"
#include "orchestrator/stop.h"

#include <assert.h>

static_assert(sizeof(struct deployment_state) <= 1024, "a deployment's state is at most 1 KiB");

void deployment_init(uint64_t id, int64_t now_ms, struct deployment_state *ret_state)
{
    *ret_state = (struct deployment_state){
        .id = id,
        .phase = PHASE_QUEUED,
        .failed_rule = UINT8_MAX,
        .phase_entered_ms = now_ms,
        .step_entered_ms = now_ms,
        .last_seen_ms = now_ms,
        .limit_at_ms = DEPLOYMENT_NEVER,
        .hold_limit_at_ms = DEPLOYMENT_NEVER,
        .routed_ms = DEPLOYMENT_NEVER,
        .confirmed_ms = DEPLOYMENT_NEVER,
        .care_at_ms = DEPLOYMENT_NEVER,
    };
}

bool phase_is_terminal(enum deployment_phase phase)
{
    return phase >= PHASE_PROMOTED;
}

bool phase_is_active(enum deployment_phase phase)
{
    return phase > PHASE_QUEUED && phase < PHASE_PROMOTED;
}

/* Time between events counts as observed, less the gaps that nobody watched; an unwatched wait is not held
 * against the candidate either (S11), and none at a barrier: should it lose what it stands there with, it has
 * its whole patience again. */
static void pass_time(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    const struct event *event = machine->event;
    int64_t gap_ms = event->kind == EVENT_GAP || event->kind == EVENT_RECOVERED ? event->gap_ms : 0;
    int64_t watched_ms = event->now_ms - state->last_seen_ms - gap_ms;
    bool is_waiting = barrier_of(machine->plan, state) != BARRIER_NONE || stop_holds(machine->plan, state);

    state->last_seen_ms = event->now_ms;
    if (gap_ms > 0)
        gate_skip_gap(machine);
    if (state->step_state != STEP_OBSERVING)
        return;
    if (watched_ms > 0 && state->confirmed_share >= state->desired_share &&
        state->confirmed_mirror >= state->desired_mirror)
        state->observed_ms += watched_ms;
    state->limit_at_ms += gap_ms;
    if (is_waiting)
        state->limit_at_ms = event->now_ms + running_step(machine)->limit_ms;
}

static void take_turn(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->phase != PHASE_QUEUED)
        return;
    state->slot = machine->event->slot;
    state->stable_slot = machine->event->stable_slot;
    machine_enter_phase(machine, PHASE_ADMITTING);
    machine_act(machine, ACTION_REHEARSE, PLAN_NONE, 0, ADMISSION_LIMIT_MS);
}

static void admission_answered(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;

    machine_trace(machine, TRACE_RESULT, state->flight.sequence, result);
    state->flight = (struct flight){.kind = ACTION_NONE};
    if (result != RESULT_DONE) {
        state->ending = ENDING_REFUSED;
        machine_enter_phase(machine, PHASE_REJECTED);
    } else if (state->together == 0) { /* else all of them begin at once */
        machine_enter_phase(machine, PHASE_RUNNING);
        running_go_on(machine);
    }
}

static void take_result(struct machine *machine, enum result result)
{
    switch (machine->state->phase) {
    case PHASE_ADMITTING:
        admission_answered(machine, result);
        return;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        running_result(machine, result);
        return;
    case PHASE_ROLLING_BACK:
        rollback_result(machine, result);
        return;
    case PHASE_PROMOTED:
        care_result(machine, result);
        return;
    case PHASE_QUEUED:
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        return;
    }
}

/* A result of another action than the one in flight, or of an earlier try, is history. */
static void answer_flight(struct machine *machine)
{
    const struct flight *flight = &machine->state->flight;

    if (flight->kind != ACTION_NONE && !flight->is_waiting && flight->sequence == machine->event->sequence &&
        flight->tries == machine->event->tries)
        take_result(machine, machine->event->result);
}

static void tick(struct machine *machine)
{
    const struct deployment_state *state = machine->state;

    switch (state->phase) {
    case PHASE_ADMITTING:
        if (state->flight.kind != ACTION_NONE && machine->event->now_ms >= state->flight.deadline_ms)
            admission_answered(machine, RESULT_UNKNOWN);
        return;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        running_tick(machine);
        return;
    case PHASE_ROLLING_BACK:
        rollback_tick(machine);
        return;
    case PHASE_PROMOTED:
        care_tick(machine);
        return;
    case PHASE_QUEUED:
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        return;
    }
}

static bool is_judged(const struct deployment_state *state)
{
    return state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;
}

static void take_drift(struct machine *machine)
{
    if (is_judged(machine->state) && machine->plan->has_traffic)
        running_drift(machine);
    else if (machine->state->phase == PHASE_ROLLING_BACK)
        rollback_drift(machine);
}

static void went_ahead(struct machine *machine)
{
    if (!is_judged(machine->state))
        return;
    machine->state->failed_rule = FAIL_LOST;
    machine_trace(machine, TRACE_FAIL, FAIL_LOST, machine->state->step);
    rollback_start(machine, ENDING_FAILED);
}

static void supersede(struct machine *machine)
{
    machine->state->ending = ENDING_REPLACED;
    machine->state->flight = (struct flight){.kind = ACTION_NONE};
    machine_enter_phase(machine, PHASE_SUPERSEDED);
}

/* Only the rehearsal left; even a mend of the traffic is an effect. */
static bool is_untouched(const struct deployment_state *state)
{
    return state->last_sequence <= 1;
}

/* What serves everybody already may prove itself, and what goes back or is stuck past the point of no return
 * is waited for. */
static void make_room(struct machine *machine)
{
    const struct deployment_state *state = machine->state;
    bool is_running = state->phase == PHASE_RUNNING;

    if (state->phase == PHASE_QUEUED || state->phase == PHASE_ADMITTING ||
        (is_running && is_untouched(state)))
        supersede(machine);
    else if (is_running && state->ending == ENDING_NONE && !rollback_is_barred(machine))
        rollback_start(machine, ENDING_REPLACED);
}

/* What serves everybody is what a fix would go back to. What an unknown hand took traffic from does not. */
static bool is_cut_short(const struct deployment_state *state)
{
    return state->phase == PHASE_WATCHING && state->confirmed_share == state->desired_share;
}

/* An emergency waits for traffic that goes back, for a command of that way that still runs (it would be put
 * over the fix), and for people past the point of no return, for nobody else. No watch ends early for one of
 * those that stand or fall together: it goes back, and they with it. */
static void give_way(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (is_cut_short(state) && state->together == 0) {
        machine_trace(machine, TRACE_OVERRIDE, state->step, state->attempt);
        running_promote(machine, ENDING_CUT_SHORT);
    } else if (is_judged(state) && !is_untouched(state)) {
        if (state->ending == ENDING_NONE || !rollback_is_past_return(machine))
            rollback_start(machine, ENDING_REPLACED);
    } else if (state->phase == PHASE_ROLLING_BACK && state->is_escalated) {
        if (!deployment_is_commanding(state))
            verb_end_unverified(machine);
    } else {
        make_room(machine);
    }
}

/* Somebody started it anew, as an emergency. */
static void hurry(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    bool is_bad = state->is_stable_bad || machine->event->is_stable_bad;

    if (!state->is_emergency || is_bad != state->is_stable_bad)
        machine_trace(machine, TRACE_EMERGENCY, is_bad, 0);
    state->is_emergency = true;
    state->is_stable_bad = is_bad;
    if (!is_judged(state))
        return;
    gate_leave(machine);
    running_go_on(machine);
}

/* An action slept as we did, or its result waits: it keeps the time that it had. */
static void skip_gap(struct machine *machine)
{
    machine->state->flight.deadline_ms += machine->event->gap_ms;
}

void deployment_step(const struct plan *plan, const struct deployment_state *before,
                     const struct event *event, struct deployment_state *ret_after,
                     struct decision *ret_decision)
{
    struct machine machine = {.plan = plan, .event = event, .state = ret_after, .decision = ret_decision};

    assert(ret_after != before);
    *ret_after = *before;
    ret_decision->answer = ANSWER_NONE;
    ret_decision->is_durable = false;
    ret_decision->promotes = false;
    ret_decision->quarantines = false;
    ret_decision->is_fall = false;
    ret_decision->action_count = 0;
    ret_decision->trace_count = 0;
    pass_time(&machine);
    ret_decision->is_durable = ret_after->is_stopped != event->is_stopped;
    ret_after->is_stopped = event->is_stopped;
    switch (event->kind) {
    case EVENT_TURN:
        take_turn(&machine);
        return;
    case EVENT_TICK:
        tick(&machine);
        return;
    case EVENT_GAP:
        skip_gap(&machine);
        return;
    case EVENT_RECOVERED: /* the engine drives again what was in flight, and asks the rules again (S4) */
        machine_begin_try(&machine);
        ret_after->passing = 0;
        return;
    case EVENT_AHEAD:
        went_ahead(&machine);
        return;
    case EVENT_RESULT:
        answer_flight(&machine);
        return;
    case EVENT_JUDGEMENT:
        if (is_judged(ret_after))
            running_judgement(&machine);
        return;
    case EVENT_DRIFT:
        take_drift(&machine);
        return;
    case EVENT_VERB:
        ret_decision->answer = verb_step(&machine);
        return;
    case EVENT_CARE_OVER:
        care_over(&machine);
        return;
    case EVENT_REPLACED:
        make_room(&machine);
        return;
    case EVENT_OVERTAKEN:
        give_way(&machine);
        return;
    case EVENT_HURRIED:
        hurry(&machine);
        return;
    case EVENT_BARRIER:
        barrier_opens(&machine);
        return;
    case EVENT_FALLS:
        verb_fall(&machine);
        return;
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t flight_deadline(const struct deployment_state *state)
{
    if (state->flight.kind == ACTION_NONE)
        return DEPLOYMENT_NEVER;
    if (!state->flight.is_waiting)
        return state->flight.deadline_ms;
    return deployment_is_stopped(state) ? DEPLOYMENT_NEVER : state->flight.retry_ms;
}

static int64_t observe_deadline(const struct plan *plan, const struct deployment_state *state)
{
    int64_t left_ms = plan->steps[state->step].duration_ms - state->observed_ms;

    if (barrier_of(plan, state) != BARRIER_NONE || stop_holds(plan, state))
        return DEPLOYMENT_NEVER;
    if (!running_passes(plan, state))
        return state->limit_at_ms;
    return sooner(state->last_seen_ms + (left_ms > 0 ? left_ms : 0), state->limit_at_ms);
}

static int64_t step_deadline(const struct plan *plan, const struct deployment_state *state)
{
    switch (state->step_state) {
    case STEP_IDLE:
    case STEP_ACTING:
        break;
    case STEP_OBSERVING:
        return observe_deadline(plan, state);
    case STEP_WAITING:
        return sooner(state->limit_at_ms, approval_reminder_ms(plan, state));
    case STEP_HELD:
        return state->hold_limit_at_ms;
    }
    return DEPLOYMENT_NEVER;
}

int64_t deployment_deadline(const struct plan *plan, const struct deployment_state *state)
{
    int64_t flight_ms = flight_deadline(state);

    switch (state->phase) {
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        return sooner(flight_ms, step_deadline(plan, state));
    case PHASE_ROLLING_BACK:
        return sooner(flight_ms, state->limit_at_ms);
    case PHASE_ADMITTING:
        return flight_ms;
    case PHASE_PROMOTED:
        return state->care == CARE_DUE ? state->care_at_ms : flight_ms;
    case PHASE_QUEUED:
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        break;
    }
    return DEPLOYMENT_NEVER;
}

struct action deployment_redrive(const struct plan *plan, const struct deployment_state *state)
{
    /* Held after a FAIL past the point of no return: nothing goes forward any more (S3). */
    bool is_frozen = state->step_state == STEP_HELD && state->ending != ENDING_NONE;

    if (state->flight.is_waiting || is_frozen)
        return (struct action){.kind = ACTION_NONE};
    return machine_action(plan, state);
}

bool deployment_is_stopped(const struct deployment_state *state)
{
    const struct flight *flight = &state->flight;
    bool gives_less = (flight->kind == ACTION_ROUTE && flight->share < state->confirmed_share) ||
                      (flight->kind == ACTION_MIRROR && flight->share < state->confirmed_mirror);

    return flight->is_waiting && state->step_state == STEP_HELD && !gives_less;
}

bool deployment_is_routing(const struct deployment_state *state)
{
    return state->flight.kind == ACTION_ROUTE && !deployment_is_stopped(state);
}

bool deployment_is_commanding(const struct deployment_state *state)
{
    return state->flight.kind == ACTION_COMMAND && !state->flight.is_waiting;
}

int deployment_exit_code(const struct deployment_state *state)
{
    switch (state->phase) {
    case PHASE_PROMOTED:
        return 0;
    case PHASE_ROLLED_BACK:
        if (state->is_unverified)
            return 4;
        if (state->ending == ENDING_PASSED)
            return DEPLOYMENT_EXIT_TRIED;
        if (state->ending == ENDING_REPLACED)
            return 7;
        return state->ending == ENDING_NO_EVIDENCE ? 6 : 3;
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
        return 5;
    case PHASE_SUPERSEDED:
        return 7;
    case PHASE_QUEUED:
    case PHASE_ADMITTING:
    case PHASE_RUNNING:
    case PHASE_WATCHING:
    case PHASE_ROLLING_BACK:
    case PHASE_COUNT:
        break;
    }
    if (state->is_escalated)
        return 4;
    return state->step_state == STEP_HELD || state->step_state == STEP_WAITING ? 5 : -1;
}
