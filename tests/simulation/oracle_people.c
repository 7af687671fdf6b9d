/* oracle_people.c - people are asked once more at half of an approval's time: once, not sooner, and only
 * those who have not answered.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

enum { REMINDER_SLACK_MS = 1500 }; /* a stall, a commit, a start of the process */

static void check_reminder(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    const struct plan_step *step = &oracle_plan(world, deployment)->steps[history->step];
    struct oracle_step *seen = &history->steps[history->step];

    if (step->kind != STEP_APPROVE || row->trace.a != history->step || history->is_held)
        oracle_violate(world, "S14", deployment, "people are reminded of step %u, which asks nobody",
                       row->trace.a);
    if (seen->is_reminded || seen->approvals >= step->approvals)
        oracle_violate(world, "S14", deployment, "people are reminded in step %u of what nobody waits for",
                       history->step);
    bool is_still_there = row->state->step == row->trace.a && row->state->step_state == STEP_WAITING;
    if (is_still_there && world->oracle.batch_ms < row->state->limit_at_ms - step->limit_ms / 2)
        oracle_violate(world, "S14", deployment, "people are reminded in step %u before half of its time",
                       history->step);
    seen->is_reminded = true;
}

void oracle_asked(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);

    if (row->trace.kind == TRACE_APPROVED)
        history->steps[history->step].approvals = (uint16_t)row->trace.a;
    else
        check_reminder(world, deployment, row);
}

/* Up for longer than half of its time, with a journal that answers: people were to hear of it once more. */
static bool is_missed(const struct world *world, int64_t since_up_ms, int64_t limit_ms)
{
    const struct shell *shell = &world->shell;

    return world->ledger.mode == LEDGER_FINE && shell->trouble_up_ms <= since_up_ms &&
           shell->commit_up_ms - since_up_ms > limit_ms / 2 + REMINDER_SLACK_MS + shell->lost_ms;
}

void oracle_check_silence(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan_step *step = &oracle_plan(world, deployment)->steps[history->step];
    const struct oracle_step *seen = &history->steps[history->step];

    if (step->kind == STEP_APPROVE && !seen->is_reminded && !seen->was_held &&
        seen->approvals < step->approvals && is_missed(world, seen->entered_up_ms, step->limit_ms))
        oracle_violate(world, "S14", deployment, "nobody was reminded in step %u before silence ended it",
                       history->step);
}

void oracle_run_reminded(struct world *world, const struct batch_row *row)
{
    struct run_stored *stored = runs_find_stored(world, row->run->id);
    uint32_t task = row->run_trace.a;
    const struct run_plan_task *planned = &world->runs.plans[stored->pipeline].tasks[task];
    int64_t half_ms = row->run->tasks[task].at_ms - planned->limit_ms / 2;

    if (stored->tasks[task] != TASK_AWAITING || planned->need == 0 || stored->is_reminded[task])
        oracle_violate(world, "S14", 0, "run %llu: reminded of task %u, which nobody waits for, or again",
                       (unsigned long long)row->run->id, task);
    if (row->run->tasks[task].phase == TASK_AWAITING && world->oracle.batch_ms < half_ms)
        oracle_violate(world, "S14", 0, "run %llu: reminded of task %u before half of its time",
                       (unsigned long long)row->run->id, task);
    stored->is_reminded[task] = true;
}

void oracle_run_check_silence(struct world *world, const struct batch_row *row, uint8_t task)
{
    const struct run_stored *stored = runs_find_stored(world, row->run->id);
    const struct run_plan_task *planned = &world->runs.plans[stored->pipeline].tasks[task];
    bool is_silent = stored->tasks[task] == TASK_AWAITING && row->run->tasks[task].cause == CAUSE_SILENCE;

    if (is_silent && !stored->is_reminded[task] &&
        is_missed(world, stored->awaited_up_ms[task], planned->limit_ms))
        oracle_violate(world, "S14", 0, "run %llu: nobody was reminded of task %u before silence ended it",
                       (unsigned long long)row->run->id, task);
}
