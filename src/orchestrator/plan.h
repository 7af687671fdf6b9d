/* plan.h - the recipe of a strategy made concrete for one deployment: a list of steps, sealed at admission.
 * SPDX-License-Identifier: MIT
 *
 * A strategy is only a generator of a plan; one machine (deployment.h) executes every plan. Times in
 * milliseconds, shares of traffic in hundredths of a percent of the candidate (0..10000). */
#ifndef ORCHESTRATOR_PLAN_H
#define ORCHESTRATOR_PLAN_H

#include "base/attributes.h"
#include "orchestrator/plan_fault.h"
#include "orchestrator/plan_part.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAN_STEPS_MAX = 48,
    PLAN_RULES_MAX = 32,  /* rules of one deployment */
    PLAN_HOSTS_MAX = 512, /* hosts of one environment */
    SHARE_WHOLE = 10000,
    PLAN_NONE = UINT16_MAX /* of references: there is none */
};

enum step_kind {
    STEP_COMMAND, /* runs a command; ends when it has ended well */
    STEP_SMOKE,   /* runs a smoke test against the candidate; ends with its verdict */
    STEP_ROUTE,   /* sets the candidate's share; ends when it was read back */
    STEP_OBSERVE, /* lets time pass while rules judge; ends with a pass verdict bound to it */
    STEP_APPROVE, /* asks people; ends with their answer or with the declared outcome of their silence */
    STEP_REPLACE, /* puts the candidate onto hosts, batch by batch; ends when so many have it and serve */
    STEP_MIRROR,  /* copies a share of the requests to the candidate, whose answers nobody gets; ends when it
                     was read back */
    STEP_GATE     /* asks another system, again and again; ends when it says yes, or with the declared outcome
                     of its no or its silence */
};

enum strategy_kind {
    STRATEGY_CANARY,
    STRATEGY_FOLLOW,
    STRATEGY_RECREATE,
    STRATEGY_BLUE_GREEN,
    STRATEGY_ROLLING,
    STRATEGY_FEATURE_FLAG,
    STRATEGY_SHADOW,
    STRATEGY_KIND_COUNT
};

/* What an inconclusive end, a silent gate or an overlong hold leads to. */
enum step_outcome { OUTCOME_ROLLBACK, OUTCOME_HOLD };

struct plan_step {
    enum step_kind kind;
    bool is_watch;        /* OBSERVE: the last one, after 100 % */
    bool takes_place;     /* COMMAND: from its start on the version before does not serve */
    bool is_undone_first; /* COMMAND: before all others that are not, since they build on what it undoes */
    uint16_t share;       /* ROUTE, 0: testers alone are let in; MIRROR: of all requests, 0 ends the copies */
    uint16_t hosts;       /* REPLACE: the first so many have the candidate at its end; > 0 */
    uint16_t batch;       /* REPLACE: so many at a time, ≥ 1 */
    uint16_t reference;   /* COMMAND, SMOKE, GATE: index in the definition; else PLAN_NONE */
    uint16_t undo;        /* COMMAND: index of the command that undoes it, or PLAN_NONE */
    uint16_t probe;       /* COMMAND of class PROBE: index of its probe; else PLAN_NONE */
    uint16_t tries_max;   /* COMMAND, SMOKE, ROUTE, MIRROR: ≥ 1 */
    uint16_t approvals;   /* APPROVE: how many people, ≥ 1 */
    enum command_repeat repeat;
    enum command_on_rollback on_rollback;
    enum step_outcome on_limit; /* OBSERVE, APPROVE, GATE: what happens at limit_ms */
    int64_t duration_ms;        /* OBSERVE: observed time wanted */
    int64_t limit_ms; /* COMMAND, SMOKE, ROUTE, MIRROR: deadline of one try; OBSERVE: at_most, ≥ duration_ms;
                         APPROVE, GATE: timeout */
    int64_t every_ms; /* GATE: pause between two asks */
};

/* Each rule's part in a deployment's fate; the judging itself is the judge's. */
enum plan_rule {
    PLAN_RULE_ACT_ROLLBACK, /* FAIL: back */
    PLAN_RULE_ACT_HOLD,     /* fail: held */
    PLAN_RULE_ASK,          /* fail: held, a person decides */
    PLAN_RULE_RECORD,       /* fail: only written down */
    PLAN_RULE_SCORED        /* decides nothing itself: a score counts it */
};

enum plan_kind {
    PLAN_DEPLOY,
    PLAN_ROLLBACK /* takes a promoted deployment back: one route, no verdict needed */
};

struct plan {
    enum plan_kind kind;
    enum strategy_kind strategy;
    bool has_traffic; /* a traffic driver moves shares for us */
    bool is_record;   /* mode "record": judge everything, do nothing */
    bool has_mirror;  /* one of the steps copies requests */
    bool ends_back;   /* a trial: nothing is promoted; what passed to the end is taken away again */
    uint8_t count, rule_count;
    struct plan_step steps[PLAN_STEPS_MAX];
    uint16_t host_count;                        /* that steps replace; 0: none does */
    uint16_t max_unavailable;                   /* hosts out of service at a time, ≥ every batch */
    struct plan_part parts[REPLACE_PART_COUNT]; /* of every batch; where host_count > 0 */
    uint8_t rules[PLAN_RULES_MAX];              /* enum plan_rule */
    uint32_t beside_stable;    /* bit r: rule r needs stable's traffic: it cannot hold up a step at 100 % */
    uint16_t verify;           /* smoke test that stable must pass after a rollback, or PLAN_NONE */
    uint16_t rollback_command; /* follow: what takes the pipeline's traffic back, or PLAN_NONE */
    uint16_t retire;           /* after-care: command that retires the old slot, or PLAN_NONE */
    enum command_repeat retire_repeat;
    bool has_disaster;         /* a command is run once, when the way back does not get there */
    struct plan_part disaster; /* where it does: that command; it has no undo */
    int64_t retire_delay_ms;
    int64_t rollback_limit_ms; /* after it a rollback escalates, and goes on trying */
    int64_t source_extend_ms;  /* an observation whose limit comes while a source of an act rule errs waits so
                                  much longer, once; 0: not */
    enum step_outcome on_source_error; /* and where the source still errs then, leads to this */
    int64_t held_limit_ms;             /* longest hold */
    enum step_outcome on_held_limit;
};

struct recipe; /* recipe.h */

/* Expands a recipe. On a fault `ret_plan` is untouched and *ret_step names the recipe's step. */
MUST_CHECK enum plan_fault plan_expand(const struct recipe *recipe, struct plan *ret_plan, uint8_t *ret_step);

/* The step that is undone when `left` steps are left to be undone, 1..count: the last one first, but those
 * that are undone first before all others. */
uint8_t plan_undo_step(const struct plan *plan, uint8_t left);

/* The plan that takes a promoted deployment back: `smoke` against the old slot (PLAN_NONE: none), then all
 * traffic. With hosts: all of them are replaced. Without either: its rollback command, or else the undo of
 * each of its commands, last one first; then the smoke test. */
void plan_expand_rollback(const struct plan *promoted, uint16_t smoke, struct plan *ret_plan);

#endif
