/* run_trial.h - one run on the bench: a plan, its state, and events one after the other, for unit tests of
 * the machine and of the engine.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_RUN_TRIAL_H
#define SUPPORT_RUN_TRIAL_H

#include "orchestrator/run.h"

/* Stages of the usual plan, and its tasks. */
enum {
    RUN_TRIAL_BUILD,
    RUN_TRIAL_TEST,
    RUN_TRIAL_ARTIFACT,
    RUN_TRIAL_STAGING,
    RUN_TRIAL_PROD,
    RUN_TRIAL_RELEASE
};
enum {
    RUN_TRIAL_DIST,
    RUN_TRIAL_UNIT,
    RUN_TRIAL_INTEGRATION,
    RUN_TRIAL_LOAD,
    RUN_TRIAL_PUBLISH,
    RUN_TRIAL_TO_STAGING,
    RUN_TRIAL_TO_PROD,
    RUN_TRIAL_TAG
};
enum {
    RUN_TRIAL_LIMIT_MS = 10000,
    RUN_TRIAL_AWAIT_MS = 100000,
    RUN_TRIAL_ASK_MS = 50000,
    RUN_TRIAL_VERSION = 11,
    RUN_TRIAL_ARTIFACT_KEY = 12,
    RUN_TRIAL_OTHER_KEY = 13
};

struct run_trial {
    struct run_plan plan;
    struct run_state state;
    struct run_decision decision;
    int64_t now_ms;
};

/* The usual plan: dist; unit, integration (idempotent, 3 tries) and load (awaited) beside each other, two
 * commands at a time; publish; a deployment to staging, one to prod; tag. */
void run_trial_plan(struct run_plan *plan);
/* Queued, nothing happened yet. */
void run_trial_init(struct run_trial *trial);

void run_trial_event(struct run_trial *trial, struct run_event event); /* now_ms is filled in */
void run_trial_turn(struct run_trial *trial);
void run_trial_tick(struct run_trial *trial, int64_t later_ms);
void run_trial_result(struct run_trial *trial, uint8_t task, enum run_result result); /* of its present try */
enum answer run_trial_answer(struct run_trial *trial, uint8_t task, enum run_result result);
enum answer run_trial_abort(struct run_trial *trial);
void run_trial_started(struct run_trial *trial, uint8_t task, uint64_t deployment);
void run_trial_deployed(struct run_trial *trial, uint8_t task, int exit_code);

/* Brings a fresh trial to a stage by the good way. */
void run_trial_to_stage(struct run_trial *trial, uint8_t stage);
enum run_task_phase run_trial_phase(const struct run_trial *trial, uint8_t task);
/* Actions of that kind in the last decision. */
int run_trial_actions(const struct run_trial *trial, enum run_action_kind kind);

#endif
