/* run.h - one run of a pipeline as a machine: (plan, state before, event) → state after, decision.
 * SPDX-License-Identifier: MIT
 *
 * Beside deployment.h the second machine, and like it without clock, memory or error. What each state does
 * with each event is the table "Run" of the design. The artifact is fixed by the first digest that is
 * reported, or by the first deployment that starts: what passed one environment is what enters the next. */
#ifndef ORCHESTRATOR_RUN_H
#define ORCHESTRATOR_RUN_H

#include "orchestrator/run_event.h"

enum {
    RUN_BACKOFF_FIRST_MS = 1000,
    RUN_BACKOFF_MAX_MS = 60000,
    RUN_COMMAND_SLACK_MS = 60000, /* beyond a try's limit: to reach the runner, to hear of the end */
    RUN_CANCEL_AGAIN_MS = 5000,
    RUN_STOP_LIMIT_MS = 60000
};

/* A new run, queued. `first_stage`: where it begins. `is_fixed`: no task can say another digest any more. */
void run_init(uint64_t id, int64_t now_ms, uint8_t first_stage, uint64_t version_key, bool is_fixed,
              struct run_state *ret_state);

/* The machine. `ret_after` may not alias `before`. Events that mean nothing in a state change nothing but
 * last_seen. */
void run_step(const struct run_plan *plan, const struct run_state *before, const struct run_event *event,
              struct run_state *ret_after, struct run_decision *ret_decision);

/* When the machine wants its next RUN_EVENT_TICK, or DEPLOYMENT_NEVER. */
int64_t run_deadline(const struct run_plan *plan, const struct run_state *state);

bool run_phase_is_terminal(enum run_phase phase);
/* Past `queued` and not terminal: it owns its pipeline. */
bool run_phase_is_active(enum run_phase phase);
bool run_task_is_over(enum run_task_phase phase);

/* The stage of a task. */
uint8_t run_stage_of(const struct run_plan *plan, uint8_t task);

/* What `wait` answers; -1 while it moves. Released is 0; else that of the deployment that went wrong, or 5;
 * escalated is 4, waiting is 5. */
int run_exit_code(const struct run_state *state);

/* Lower-case words for API, CLI and logs. */
const char *run_phase_name(enum run_phase phase);
const char *run_task_phase_name(enum run_task_phase phase);
const char *run_trace_kind_name(enum run_trace_kind kind);
/* One sentence's end: "it ended badly". */
const char *run_cause_text(enum run_cause cause);

#endif
