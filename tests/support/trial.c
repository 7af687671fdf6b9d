/* trial.c - the bench of the deployment machine.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <string.h>

static struct plan_step *add(struct plan *plan, enum step_kind kind, int64_t limit_ms)
{
    struct plan_step *step = &plan->steps[plan->count++];

    step->kind = kind;
    step->reference = PLAN_NONE;
    step->undo = PLAN_NONE;
    step->tries_max = 3;
    step->limit_ms = limit_ms;
    return step;
}

void trial_init(struct trial *trial)
{
    struct plan *plan = &trial->plan;

    memset(trial, 0, sizeof(*trial));
    trial->now_ms = 1000000;
    plan->has_traffic = true;
    plan->verify = 0;
    plan->retire = 3;
    plan->retire_repeat = REPEAT_IDEMPOTENT;
    plan->rollback_command = PLAN_NONE;
    plan->retire_delay_ms = 5000;
    plan->rollback_limit_ms = 60000;
    plan->held_limit_ms = 600000;
    struct plan_step *deploy = add(plan, STEP_COMMAND, 20000);
    deploy->reference = 1;
    deploy->undo = 7;
    deploy->repeat = REPEAT_IDEMPOTENT;
    add(plan, STEP_SMOKE, 20000)->reference = 0;
    add(plan, STEP_ROUTE, 5000)->share = TRIAL_LOW;
    add(plan, STEP_OBSERVE, TRIAL_AT_MOST_MS)->duration_ms = TRIAL_OBSERVE_MS;
    add(plan, STEP_APPROVE, TRIAL_APPROVE_MS)->approvals = 2;
    add(plan, STEP_ROUTE, 5000)->share = SHARE_WHOLE;
    struct plan_step *watch = add(plan, STEP_OBSERVE, TRIAL_AT_MOST_MS);
    watch->duration_ms = TRIAL_OBSERVE_MS;
    watch->is_watch = true;
    watch->on_limit = OUTCOME_HOLD;
    plan->rule_count = TRIAL_RULES;
    plan->rules[TRIAL_RULE_ACT] = PLAN_RULE_ACT_ROLLBACK;
    plan->rules[TRIAL_RULE_HOLD] = PLAN_RULE_ACT_HOLD;
    plan->rules[TRIAL_RULE_ASK] = PLAN_RULE_ASK;
    plan->rules[TRIAL_RULE_RECORD] = PLAN_RULE_RECORD;
    deployment_init(1, trial->now_ms, &trial->state);
}

void trial_event(struct trial *trial, struct event event)
{
    struct deployment_state before = trial->state;

    event.now_ms = trial->now_ms;
    deployment_step(&trial->plan, &before, &event, &trial->state, &trial->decision);
}

void trial_turn(struct trial *trial)
{
    trial_event(trial, (struct event){.kind = EVENT_TURN, .slot = 1, .stable_slot = 0});
}

void trial_result(struct trial *trial, enum result result)
{
    trial_event(trial, (struct event){.kind = EVENT_RESULT,
                                      .sequence = trial->state.flight.sequence,
                                      .tries = trial->state.flight.tries,
                                      .result = result});
}

void trial_judge(struct trial *trial, uint8_t rule, enum verdict verdict)
{
    trial_event(trial, (struct event){.kind = EVENT_JUDGEMENT, .rule = rule, .verdict = verdict});
}

void trial_judge_all(struct trial *trial, enum verdict verdict)
{
    trial_judge(trial, TRIAL_RULE_ACT, verdict);
    trial_judge(trial, TRIAL_RULE_HOLD, verdict);
}

void trial_tick(struct trial *trial, int64_t later_ms)
{
    trial->now_ms += later_ms;
    trial_event(trial, (struct event){.kind = EVENT_TICK});
}

enum answer trial_verb(struct trial *trial, enum verb verb)
{
    trial_event(trial, (struct event){.kind = EVENT_VERB, .verb = verb});
    return trial->decision.answer;
}

void trial_drift(struct trial *trial, uint16_t share)
{
    trial_event(trial, (struct event){.kind = EVENT_DRIFT, .share = share});
}

void trial_forgotten(struct trial *trial, uint16_t share)
{
    trial_event(trial, (struct event){.kind = EVENT_DRIFT, .share = share, .is_anew = true});
}

static void go_on(struct trial *trial)
{
    switch (trial->state.step_state) {
    case STEP_IDLE:
    case STEP_HELD:
        return;
    case STEP_ACTING:
        trial_result(trial, RESULT_DONE);
        return;
    case STEP_OBSERVING:
        trial_judge_all(trial, VERDICT_PASS);
        trial_tick(trial, TRIAL_OBSERVE_MS);
        return;
    case STEP_WAITING:
        (void)trial_verb(trial, VERB_APPROVE);
        return;
    }
}

void trial_to_step(struct trial *trial, uint8_t step)
{
    trial_turn(trial);
    trial_result(trial, RESULT_DONE);
    for (int i = 0; i < 100 && trial->state.step < step; i++)
        go_on(trial);
}

void trial_to_promoted(struct trial *trial)
{
    trial_to_step(trial, TRIAL_WATCH);
    go_on(trial);
}

bool trial_traced(const struct trial *trial, enum trace_kind kind)
{
    for (uint8_t i = 0; i < trial->decision.trace_count; i++)
        if (trial->decision.traces[i].kind == kind)
            return true;
    return false;
}

struct action trial_action(const struct trial *trial)
{
    return trial->decision.action_count == 1 ? trial->decision.actions[0]
                                             : (struct action){.kind = ACTION_NONE};
}
