/* machine.h - the parts of the deployment machine among themselves; users include deployment.h.
 * SPDX-License-Identifier: MIT
 *
 * One step of the machine: `state` is the state after (it starts as a copy of the one before), `decision`
 * fills up. */
#ifndef ORCHESTRATOR_MACHINE_H
#define ORCHESTRATOR_MACHINE_H

#include "orchestrator/deployment.h"

struct machine {
    const struct plan *plan;
    const struct event *event;
    struct deployment_state *state;
    struct decision *decision;
};

/* machine.c: the doors that every part goes through. */
void machine_trace(struct machine *machine, enum trace_kind kind, uint32_t a, uint32_t b);
void machine_enter_phase(struct machine *machine, enum deployment_phase phase); /* asserts a legal edge */
void machine_act(struct machine *machine, enum action_kind kind, uint16_t reference, uint16_t share,
                 int64_t limit_ms);
void machine_begin_try(struct machine *machine);   /* sets the deadline of the flight's try */
void machine_drive_again(struct machine *machine); /* the flight's action, now */
void machine_back_off(struct machine *machine);
struct action machine_action(const struct plan *plan, const struct deployment_state *state);
void machine_hold(struct machine *machine, enum hold_cause cause, uint8_t rule);
void machine_escalate(struct machine *machine);

/* running.c: the steps, forward. */
void running_enter_from(struct machine *machine, uint8_t next); /* the next step that is not skipped */
void running_go_on(struct machine *machine); /* to the next step, where this one waits for nothing */
bool running_passes(const struct plan *plan, const struct deployment_state *state);
void running_pass_step(struct machine *machine);
void running_promote(struct machine *machine, enum ending ending);
void running_tick(struct machine *machine);
void running_result(struct machine *machine, enum result result);
void running_judgement(struct machine *machine);
void running_drift(struct machine *machine);
const struct plan_step *running_step(const struct machine *machine); /* the current one */
bool running_is_steps_own(const struct deployment_state *state); /* is the flight the step's, or a mend? */
void running_action_done(struct machine *machine);
void running_action_failed(struct machine *machine, enum result result);
void running_start_over(struct machine *machine);

/* Index of the next step. */
static inline uint8_t running_next(const struct deployment_state *state)
{
    return state->attempt == 0 ? 0 : (uint8_t)(state->step + 1);
}

static inline void running_next_step(struct machine *machine)
{
    running_enter_from(machine, running_next(machine->state));
}

/* approval.c: people's word. */
void approval_enter(struct machine *machine, const struct plan_step *step);
void approval_remind(struct machine *machine); /* once, at half of its time */
int64_t approval_reminder_ms(const struct plan *plan, const struct deployment_state *state); /* or NEVER */

/* gate.c: another system's word. */
void gate_enter(struct machine *machine, const struct plan_step *step);
void gate_result(struct machine *machine, enum result result);
void gate_leave(struct machine *machine); /* it is not asked any more, or not now */
void gate_go_on(struct machine *machine); /* asked again, where it is waited for and nothing is in flight */
void gate_skip_gap(struct machine *machine); /* what nobody could ask is not held against it */
void gate_shut(struct machine *machine);     /* the step, an approval as well, got no yes */

/* shares.c: what the candidate has, of the users and of copies. */
void shares_confirm(struct machine *machine); /* the flight's is what there is now */
void shares_mend(struct machine *machine);
bool shares_are_off(const struct deployment_state *state); /* so that nobody is waited for */

/* downtime.c: how long nothing serves, where one version takes the place of the other. */
void downtime_begin(struct machine *machine, const struct plan_step *step); /* its command is started */
void downtime_end(struct machine *machine);                                 /* something serves again */
void downtime_action_done(struct machine *machine);                         /* forward: the flight's */

/* probing.c: asking whether a command was done. */
bool probing_is_wanted(const struct machine *machine, enum result result);
void probing_start(struct machine *machine, enum result result);
void probing_result(struct machine *machine, enum result result); /* of the probe */

/* replace.c: hosts, batch by batch, forward and back. One batch is in work at a time, and one part of it is
 * in flight; hosts out of service are never more than the plan's max_unavailable (S6). */
void replace_enter(struct machine *machine);
bool replace_has_left(const struct plan *plan, const struct deployment_state *state); /* of this step */
bool replace_go_on(struct machine *machine); /* forward; false: the step's hosts all have it */
void replace_part_done(struct machine *machine);
bool replace_back(struct machine *machine, uint8_t step); /* false: none of its hosts is left */
void replace_back_failed(struct machine *machine);        /* others first, or later again */
const struct plan_part *replace_part(const struct plan *plan, const struct deployment_state *state);

/* stop.c: nothing goes forward now. */
bool stop_waits(struct machine *machine); /* its step is over: must it wait? */

/* barrier.c: what it stands or falls with goes on with it. */
bool barrier_waits(struct machine *machine); /* its step is over: must it wait for the others? */
void barrier_opens(struct machine *machine);

/* rollback.c: the way back, and the after-care of a promotion. */
void rollback_start(struct machine *machine, enum ending ending);
bool rollback_is_past_return(const struct machine *machine);
bool rollback_is_barred(const struct machine *machine); /* but for people: stable is bad, and has users'
                                                           requests to lose */
void rollback_tick(struct machine *machine);
void rollback_result(struct machine *machine, enum result result);
void rollback_drift(struct machine *machine);
void rollback_go_on(struct machine *machine);               /* its next action, or its end */
bool rollback_settle(struct machine *machine);              /* false: no command may still run */
void rollback_settle_later(struct deployment_state *state); /* the flight's */
void care_tick(struct machine *machine);
void care_result(struct machine *machine, enum result result);
void care_over(struct machine *machine);

/* disaster.c: the way back does not get there in time, or leads to a stable that is not well. */
void disaster_call(struct machine *machine);       /* people are called, and what is declared is due */
bool disaster_takes_over(struct machine *machine); /* between two tries; false: it is not due */
bool disaster_is_under_way(const struct deployment_state *state);
void disaster_result(struct machine *machine, enum result result);

/* verbs.c: what people say. */
enum answer verb_step(struct machine *machine);
void verb_fall(struct machine *machine);           /* as abort, for the sake of its run */
void verb_end_unverified(struct machine *machine); /* a rollback that is escalated, as adopt does */

#endif
