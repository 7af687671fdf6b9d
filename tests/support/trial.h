/* trial.h - one deployment on the bench: a plan, its state, and events one after the other, for unit tests of
 * the machine.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_TRIAL_H
#define SUPPORT_TRIAL_H

#include "orchestrator/deployment.h"

/* Indexes of the usual plan's steps. */
enum {
    TRIAL_DEPLOY,
    TRIAL_SMOKE,
    TRIAL_ROUTE_LOW,
    TRIAL_OBSERVE,
    TRIAL_APPROVE,
    TRIAL_ROUTE_WHOLE,
    TRIAL_WATCH
};
enum { TRIAL_LOW = 1000, TRIAL_OBSERVE_MS = 10000, TRIAL_AT_MOST_MS = 30000, TRIAL_APPROVE_MS = 60000 };
enum { TRIAL_RULE_ACT, TRIAL_RULE_HOLD, TRIAL_RULE_ASK, TRIAL_RULE_RECORD, TRIAL_RULES };

struct trial {
    struct plan plan;
    struct deployment_state state;
    struct decision decision;
    int64_t now_ms;
};

/* Deploy (undone by command 7), smoke, 10 %, observe 10 s of at most 30 s, approve by 2, 100 %, watch 10 s; a
 * rule of each part; retire by command 3 after 5 s. Queued, nothing happened yet. */
void trial_init(struct trial *trial);

void trial_event(struct trial *trial, struct event event); /* now_ms is filled in */
void trial_turn(struct trial *trial);
void trial_result(struct trial *trial, enum result result); /* of what is in flight */
void trial_judge(struct trial *trial, uint8_t rule, enum verdict verdict);
void trial_judge_all(struct trial *trial, enum verdict verdict); /* the act rules */
void trial_tick(struct trial *trial, int64_t later_ms);
enum answer trial_verb(struct trial *trial, enum verb verb);
void trial_drift(struct trial *trial, uint16_t share);
void trial_forgotten(struct trial *trial, uint16_t share); /* by a proxy that began anew */

/* Brings a fresh trial to a place by the good way. */
void trial_to_step(struct trial *trial, uint8_t step);
void trial_to_promoted(struct trial *trial);

bool trial_traced(const struct trial *trial, enum trace_kind kind);
/* The only action of the last decision; kind ACTION_NONE where there was none. */
struct action trial_action(const struct trial *trial);

#endif
