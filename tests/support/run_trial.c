/* run_trial.c - the bench of the run's machine.
 * SPDX-License-Identifier: MIT */
#include "support/run_trial.h"

#include <string.h>

static void add_stage(struct run_plan *plan, uint8_t count)
{
    struct run_plan_stage *stage = &plan->stages[plan->stage_count++];

    *stage = (struct run_plan_stage){
        .first = plan->task_count, .count = count, .parallel = 2, .ask_limit_ms = RUN_TRIAL_ASK_MS};
}

static struct run_plan_task *add_task(struct run_plan *plan, enum run_task_kind kind)
{
    struct run_plan_task *task = &plan->tasks[plan->task_count];

    *task =
        (struct run_plan_task){.kind = kind,
                               .reference = plan->task_count++,
                               .tries_max = 1,
                               .limit_ms = kind == RUN_TASK_AWAIT ? RUN_TRIAL_AWAIT_MS : RUN_TRIAL_LIMIT_MS};
    return task;
}

void run_trial_plan(struct run_plan *plan)
{
    memset(plan, 0, sizeof(*plan));
    add_stage(plan, 1);
    add_task(plan, RUN_TASK_COMMAND);
    add_stage(plan, 3);
    add_task(plan, RUN_TASK_COMMAND);
    struct run_plan_task *integration = add_task(plan, RUN_TASK_COMMAND);
    integration->repeat = REPEAT_IDEMPOTENT;
    integration->tries_max = 3;
    add_task(plan, RUN_TASK_AWAIT);
    add_stage(plan, 1);
    add_task(plan, RUN_TASK_COMMAND);
    add_stage(plan, 1);
    add_task(plan, RUN_TASK_DEPLOY)->reference = 0;
    add_stage(plan, 1);
    add_task(plan, RUN_TASK_DEPLOY)->reference = 1;
    add_stage(plan, 1);
    add_task(plan, RUN_TASK_COMMAND);
}

void run_trial_init(struct run_trial *trial)
{
    memset(trial, 0, sizeof(*trial));
    trial->now_ms = 1000000;
    run_trial_plan(&trial->plan);
    run_init(1, trial->now_ms, 0, RUN_TRIAL_VERSION, false, &trial->state);
}

void run_trial_event(struct run_trial *trial, struct run_event event)
{
    struct run_state before = trial->state;

    event.now_ms = trial->now_ms;
    run_step(&trial->plan, &before, &event, &trial->state, &trial->decision);
}

void run_trial_turn(struct run_trial *trial)
{
    run_trial_event(trial, (struct run_event){.kind = RUN_EVENT_TURN});
}

void run_trial_tick(struct run_trial *trial, int64_t later_ms)
{
    trial->now_ms += later_ms;
    run_trial_event(trial, (struct run_event){.kind = RUN_EVENT_TICK});
}

void run_trial_result(struct run_trial *trial, uint8_t task, enum run_result result)
{
    run_trial_event(trial, (struct run_event){.kind = RUN_EVENT_RESULT,
                                              .task = task,
                                              .tries = trial->state.tasks[task].tries,
                                              .result = result});
}

enum answer run_trial_answer(struct run_trial *trial, uint8_t task, enum run_result result)
{
    run_trial_event(trial, (struct run_event){.kind = RUN_EVENT_ANSWER, .task = task, .result = result});
    return trial->decision.answer;
}

enum answer run_trial_abort(struct run_trial *trial)
{
    run_trial_event(trial, (struct run_event){.kind = RUN_EVENT_ABORT});
    return trial->decision.answer;
}

void run_trial_started(struct run_trial *trial, uint8_t task, uint64_t deployment)
{
    run_trial_event(trial,
                    (struct run_event){.kind = RUN_EVENT_STARTED, .task = task, .deployment = deployment});
}

void run_trial_deployed(struct run_trial *trial, uint8_t task, int exit_code)
{
    run_trial_event(trial, (struct run_event){.kind = RUN_EVENT_DEPLOYMENT,
                                              .task = task,
                                              .has_ended = true,
                                              .exit_code = (uint8_t)exit_code});
}

static void pass_task(struct run_trial *trial, uint8_t task)
{
    switch (trial->plan.tasks[task].kind) {
    case RUN_TASK_COMMAND:
        run_trial_result(trial, task, RUN_RESULT_DONE);
        return;
    case RUN_TASK_AWAIT:
        (void)run_trial_answer(trial, task, RUN_RESULT_DONE);
        return;
    case RUN_TASK_DEPLOY:
        run_trial_started(trial, task, 100U + task);
        run_trial_deployed(trial, task, 0);
        return;
    }
}

void run_trial_to_stage(struct run_trial *trial, uint8_t stage)
{
    run_trial_turn(trial);
    for (uint8_t i = 0; trial->state.stage < stage; i++)
        pass_task(trial, i);
}

enum run_task_phase run_trial_phase(const struct run_trial *trial, uint8_t task)
{
    return trial->state.tasks[task].phase;
}

int run_trial_actions(const struct run_trial *trial, enum run_action_kind kind)
{
    int count = 0;

    for (uint8_t i = 0; i < trial->decision.action_count; i++)
        count += trial->decision.actions[i].kind == kind;
    return count;
}
