/* run_waiting.c - who waits for whom, of those that stand or fall together.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_live.h"
#include "orchestrator/barrier.h"

static bool stands(struct daemon *daemon, uint64_t deployment)
{
    const struct live *live = live_find(daemon, deployment);
    const struct deployment_state *state = engine_state(daemon->engine, deployment);

    return live != NULL && state != NULL && barrier_of(live->definition->plan, state) != BARRIER_NONE;
}

void run_waits(struct daemon *daemon, const struct deployment_state *state, struct api_waits *ret_waits)
{
    const struct run_live *run = run_live_find(daemon, state->together);
    const struct run_state *run_state = engine_run_state(daemon->engine, state->together);

    ret_waits->count = 0;
    if (run == NULL || run_state == NULL || !stands(daemon, state->id))
        return;
    const struct run_plan_stage *stage = &run->definition->plan.stages[run_state->stage];
    for (uint8_t i = stage->first; i < stage->first + stage->count; i++) {
        const struct run_task *task = &run_state->tasks[i];
        if (!run_task_is_over(task->phase) && !stands(daemon, task->deployment) &&
            ret_waits->count < RUN_TOGETHER_MAX)
            ret_waits->names[ret_waits->count++] = run->definition->tasks[i].name;
    }
}
