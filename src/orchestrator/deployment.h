/* deployment.h - one deployment as a machine: (plan, state before, event) → state after, decision.
 * SPDX-License-Identifier: MIT
 *
 * No clock (time comes in the event), no memory, no error; one machine executes every plan.
 * What each state does with each event is the table in the design; S1.. and L1.. name the invariants. */
#ifndef ORCHESTRATOR_DEPLOYMENT_H
#define ORCHESTRATOR_DEPLOYMENT_H

#include "orchestrator/deployment_state.h"
#include "orchestrator/event.h"
#include "orchestrator/plan.h"

enum {
    BACKOFF_FIRST_MS = 200,
    BACKOFF_MAX_MS = 10000,
    ADMISSION_LIMIT_MS = 5000,
    COMMAND_SLACK_MS = 60000, /* beyond its limit: to reach the runner, to be ended by it, to hear of it */
    ROUTE_LIMIT_MS = 5000,    /* one try of a route that no step gives a limit */
    SETTLE_LIMIT_MS = 30000,  /* a command is told to stop, and has */
    VERIFY_LIMIT_MS = 30000,
    GATE_ASK_LIMIT_MS = 30000, /* one ask; a driver gives up before */
    CARE_LIMIT_MS = 300000
};

enum {
    DEPLOYMENT_EXIT_TRIED = 8
}; /* a trial passed, and was taken away as it was to be: nothing serves it */

/* A new deployment, queued. */
void deployment_init(uint64_t id, int64_t now_ms, struct deployment_state *ret_state);

/* The machine. `ret_after` may not alias `before`. Events that mean nothing in a state change nothing but
 * last_seen. */
void deployment_step(const struct plan *plan, const struct deployment_state *before,
                     const struct event *event, struct deployment_state *ret_after,
                     struct decision *ret_decision);

/* When the machine wants its next EVENT_TICK, or DEPLOYMENT_NEVER. */
int64_t deployment_deadline(const struct plan *plan, const struct deployment_state *state);

/* The action that is in flight and must be driven again after a restart (same key); kind ACTION_NONE: none,
 * or none any more. A command of class unsafe is returned too: whoever drives it asks for its fate by its key
 * and never starts it twice. */
struct action deployment_redrive(const struct plan *plan, const struct deployment_state *state);

/* The flight's next try waits for the end of a hold. What gives the candidate less than it has does not. */
bool deployment_is_stopped(const struct deployment_state *state);

/* A share is being set; a try that waits for the end of a hold is not. */
bool deployment_is_routing(const struct deployment_state *state);

/* A try of a command is under way. */
bool deployment_is_commanding(const struct deployment_state *state);

bool phase_is_terminal(enum deployment_phase phase);

/* Past `queued` and not terminal: it owns its service and environment (S8). */
bool phase_is_active(enum deployment_phase phase);

/* What `wait` answers; -1 while it moves (states.md, "How it ends"). Held and waiting are 5, escalated is 4.
 */
int deployment_exit_code(const struct deployment_state *state);

/* Lower-case words for API, CLI, logs: "rolling_back", "no_evidence", "route", ... */
const char *phase_name(enum deployment_phase phase);
const char *step_state_name(enum step_state state);
const char *ending_name(enum ending ending);
const char *step_kind_name(enum step_kind kind);
const char *verb_name(enum verb verb);
const char *action_kind_name(enum action_kind kind);
const char *trace_kind_name(enum trace_kind kind);
const char *hold_cause_name(enum hold_cause cause);
const char *gate_answer_name(enum gate_answer answer);

#endif
