/* oracle_runs.c - what runs of pipelines must hold, by what is on the disk of them and what leaves.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <string.h>

/* The longest that a run may rest at one thing which is not a deployment: a command's limit and its slack,
 * the pause before the next try, a stop; then commits, starts of the process, and answers that come late. */
enum { SLACK_MS = 60000 };

static const struct run_plan *plan_of(struct world *world, const struct run_stored *stored)
{
    return &world->runs.plans[stored->pipeline];
}

static void violate(struct world *world, const char *invariant, uint64_t run, const char *what, uint32_t task)
{
    oracle_violate(world, invariant, 0, "run %llu: %s (task %u)", (unsigned long long)run, what, task);
}

/* Does this end of a task let its stage go on? */
static bool is_well(const struct run_plan *plan, uint8_t task, enum run_task_phase phase)
{
    bool goes_on = plan->stages[run_stage_of(plan, task)].on_failure == RUN_OUTCOME_GO_ON;

    return phase == TASK_DONE || phase == TASK_SKIPPED || (phase == TASK_FAILED && goes_on);
}

static void check_stage_is_over(struct world *world, uint64_t run, uint8_t stage)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    const struct run_plan *plan = plan_of(world, stored);
    const struct run_plan_stage *of = &plan->stages[stage];

    for (uint8_t i = of->first; i < of->first + of->count; i++)
        if (!is_well(plan, i, stored->tasks[i]))
            violate(world, "run", run, "it goes on, and its stage is not over or not well", i);
}

/* One run of a pipeline is under way, and the one that waited longest has the turn. */
static void check_turn(struct world *world, uint64_t run)
{
    const struct run_stored *stored = runs_find_stored(world, run);

    for (uint64_t id = 1; id < world->runs.next_id; id++) {
        const struct run_stored *other = runs_find_stored(world, id);
        if (id == run || !other->exists || other->pipeline != stored->pipeline)
            continue;
        if (run_phase_is_active(other->phase))
            violate(world, "S8", run, "another one of its pipeline is under way", 0);
        if (other->phase == RUN_QUEUED && id < run)
            violate(world, "run", run, "another one of its pipeline waited for longer", 0);
    }
}

static void check_end(struct world *world, uint64_t run, enum run_phase phase)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    const struct run_plan *plan = plan_of(world, stored);
    bool has_failed = false;

    for (uint8_t i = 0; i < plan->task_count; i++) {
        enum run_task_phase task = stored->tasks[i];
        has_failed = has_failed || (task == TASK_FAILED && !is_well(plan, i, task));
        if (task != TASK_IDLE && !run_task_is_over(task))
            violate(world, "run", run, "it ended, and a task of it did not", i);
    }
    if (phase == RUN_RELEASED && stored->stage + 1 != plan->stage_count)
        violate(world, "run", run, "it is released before its last stage", stored->stage);
    if (phase == RUN_RELEASED)
        check_stage_is_over(world, run, stored->stage);
    if (phase == RUN_FAILED && !has_failed)
        violate(world, "run", run, "it failed, and none of its tasks did", 0);
}

static void take_phase(struct world *world, uint64_t run, enum run_phase phase)
{
    struct run_stored *stored = runs_find_stored(world, run);

    if (phase == RUN_RUNNING && stored->phase == RUN_QUEUED)
        check_turn(world, run);
    if (run_phase_is_terminal(phase))
        check_end(world, run, phase);
    stored->phase = phase;
    world->tally->run_phases[phase]++;
}

static void take_stage(struct world *world, uint64_t run, uint8_t stage)
{
    struct run_stored *stored = runs_find_stored(world, run);
    bool is_first = !stored->has_begun && stage == stored->first_stage;

    stored->has_begun = true;
    if (!is_first && stage != stored->stage + 1)
        violate(world, "run", run, "a stage was left out", stage);
    if (!is_first)
        check_stage_is_over(world, run, stored->stage);
    stored->stage = stage;
}

static void check_places(struct world *world, uint64_t run, uint8_t task)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    const struct run_plan *plan = plan_of(world, stored);
    const struct run_plan_stage *stage = &plan->stages[stored->stage];
    uint8_t busy = 0;

    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        busy = (uint8_t)(busy + (stored->tasks[i] == TASK_RUNNING || stored->tasks[i] == TASK_RESTING));
    if (busy > stage->parallel)
        violate(world, "run", run, "more at once than its stage allows", task);
}

/* One by one, as the audit has them. */
static void take_approval(struct world *world, uint64_t run, uint8_t task, uint32_t count)
{
    struct run_stored *stored = runs_find_stored(world, run);

    if (stored->tasks[task] != TASK_AWAITING || count != ++stored->approvals[task])
        violate(world, "S14", run, "an approval that nothing waits for, or that is counted wrong", task);
}

/* Silence aside, which may be a yes too. */
static void check_approved(struct world *world, uint64_t run, uint8_t task)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    const struct run_plan_task *planned = &plan_of(world, stored)->tasks[task];

    if (planned->kind == RUN_TASK_AWAIT && stored->tasks[task] == TASK_AWAITING && !planned->passes_silent &&
        planned->need > 1 && stored->approvals[task] < planned->need)
        violate(world, "S14", run, "it goes on with fewer approvals than it needs", task);
}

static void take_task(struct world *world, uint64_t run, uint8_t task, enum run_task_phase phase)
{
    struct run_stored *stored = runs_find_stored(world, run);

    if (run_task_is_over(stored->tasks[task]))
        violate(world, "S7", run, "a task that is over becomes something else", task);
    if (run_stage_of(plan_of(world, stored), task) != stored->stage)
        violate(world, "run", run, "a task of another stage moves", task);
    if (phase == TASK_RUNNING && stored->phase == RUN_STOPPING)
        violate(world, "run", run, "a task begins, and it is stopping", task);
    if (phase == TASK_DONE)
        check_approved(world, run, task);
    stored->tasks[task] = phase;
    if (phase == TASK_AWAITING)
        stored->awaited_up_ms[task] = shell_up_ms(world);
    oracle_due_drop(world, DUE_TASK, run, task);
    if (phase == TASK_RUNNING)
        check_places(world, run, task);
    world->tally->run_tasks[phase]++;
}

void oracle_run_row(struct world *world, const struct batch_row *row)
{
    uint64_t run = row->run->id;
    const struct run_trace *trace = &row->run_trace;
    struct run_stored *stored = runs_find_stored(world, run);

    if (world->trail != NULL)
        world_say(world, 0, "audit of run %llu: %s %u %u", (unsigned long long)run,
                  run_trace_kind_name(trace->kind), trace->a, trace->b);
    if (run_phase_is_terminal(stored->phase))
        violate(world, "S7", run, "something happens to it after its end", 0);
    stored->moved_up_ms = shell_up_ms(world);
    switch (trace->kind) {
    case RUN_TRACE_PHASE:
        take_phase(world, run, (enum run_phase)trace->a);
        return;
    case RUN_TRACE_STAGE:
        take_stage(world, run, (uint8_t)trace->a);
        return;
    case RUN_TRACE_TASK:
        oracle_run_check_silence(world, row, (uint8_t)trace->a);
        take_task(world, run, (uint8_t)trace->a, (enum run_task_phase)trace->b);
        return;
    case RUN_TRACE_REMINDED:
        oracle_run_reminded(world, row);
        return;
    case RUN_TRACE_TRY:
        return;
    case RUN_TRACE_GIVEN_UP:
        stored->has_given_up = true;
        return;
    case RUN_TRACE_APPROVED:
        take_approval(world, run, (uint8_t)trace->a, trace->b);
        return;
    case RUN_TRACE_FALLS:
        world->tally->together[TALLY_FALLS]++;
        return;
    }
}

/* The state on the disk */

static void check_deployment(struct world *world, const struct run_state *state, uint8_t task)
{
    const struct run_task *of = &state->tasks[task];
    const struct run_task *before = &runs_find_stored(world, state->id)->state.tasks[task];

    if (before->deployment != 0 && before->deployment != of->deployment)
        violate(world, "run", state->id, "a task has another deployment than before", task);
    if (of->deployment == 0) {
        if (of->phase == TASK_RUNNING || of->phase == TASK_DONE)
            violate(world, "S1", state->id, "its deployment was never begun", task);
        return;
    }
    const struct oracle_history *history = oracle_history(world, of->deployment);
    if (!history->exists) {
        violate(world, "S1", state->id, "its deployment is not in the journal", task);
        return;
    }
    if (ledger_find(world, of->deployment)->version != state->version_key)
        violate(world, "run", state->id, "another version is deployed than what it is about", task);
    bool is_over = phase_is_terminal(history->state.phase);
    int exit_code = deployment_exit_code(&history->state);
    bool is_well = is_over && (exit_code == 0 || exit_code == DEPLOYMENT_EXIT_TRIED);
    if (is_over != run_task_is_over(of->phase) || is_well != (of->phase == TASK_DONE))
        violate(world, "run", state->id, "its deployment's end is not that of the task", task);
}

static void check_task(struct world *world, const struct run_state *state, uint8_t task)
{
    const struct run_stored *stored = runs_find_stored(world, state->id);
    const struct run_plan_task *planned = &plan_of(world, stored)->tasks[task];
    const struct run_task *of = &state->tasks[task];

    if (of->phase != stored->tasks[task])
        violate(world, "S13", state->id, "the state of a task is not what its audit says", task);
    if (of->tries < stored->state.tasks[task].tries || of->tries > planned->tries_max)
        violate(world, "run", state->id, "tries go back, or there are too many", task);
    if (state->approvals[task] != stored->approvals[task])
        violate(world, "S13", state->id, "approvals are not what its audit says", task);
    if (of->phase == TASK_FAILED && stored->state.tasks[task].phase != TASK_FAILED)
        world->tally->run_causes[of->cause]++;
    if (planned->kind == RUN_TASK_DEPLOY)
        check_deployment(world, state, task);
}

/* Nothing of it goes on behind its end, but for what it gave up. */
static void check_silence(struct world *world, uint64_t run)
{
    for (size_t i = 0; i < RUNS_JOBS_MAX; i++) {
        const struct run_job *job = &world->runs.jobs[i];
        if (job->state == JOB_RUNNING && job->run == run && !runs_find_stored(world, run)->has_given_up &&
            job->asked_life != 0 &&
            runs_find_stored(world, run)->state.tasks[job->task].cause != CAUSE_UNKNOWN)
            violate(world, "run", run, "it ended, and a command of it runs", job->task);
    }
}

void oracle_run_state(struct world *world, const struct batch_row *row)
{
    struct run_stored *stored = runs_find_stored(world, row->run->id);
    unsigned char bytes[SNAPSHOT_RUN_MAX];
    struct run_state state;

    if (!snapshot_read_run(stored->bytes, stored->length, &state)) {
        violate(world, "S16", row->run->id, "it cannot be read back", 0);
        return;
    }
    if (snapshot_write_run(&state, bytes) != stored->length ||
        memcmp(bytes, stored->bytes, stored->length) != 0)
        violate(world, "S16", state.id, "it is written differently once read", 0);
    if (state.phase != stored->phase || state.stage != stored->stage)
        violate(world, "S13", state.id, "its state is not what its audit says", state.stage);
    if (row->is_new) {
        world->tally->runs++;
        stored->state.version_key = stored->version;
        stored->state.is_fixed = stored->is_fixed;
    }
    if (state.last_seen_ms < stored->state.last_seen_ms)
        violate(world, "S7", state.id, "it goes back in time", 0);
    bool was_fixed = stored->state.is_fixed && state.version_key != stored->state.version_key;
    if (was_fixed || (stored->state.is_fixed && !state.is_fixed))
        violate(world, "run", state.id, "its artifact was fixed, and is another one", 0);
    for (uint8_t i = 0; i < plan_of(world, stored)->task_count; i++)
        check_task(world, &state, i);
    stored->state = state;
    if (run_phase_is_terminal(state.phase))
        check_silence(world, state.id);
}

/* What leaves */

void oracle_run_effect(struct world *world, uint64_t run, const struct run_action *action)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    const struct run_task *of = &stored->state.tasks[action->task];
    bool is_cancel = action->kind == RUN_ACTION_CANCEL;

    oracle_due_drop(world, DUE_TASK, run, action->task);
    if (!stored->exists || of->phase != (is_cancel ? TASK_STOPPING : TASK_RUNNING) ||
        of->tries != action->tries)
        violate(world, "S5", run, "what leaves is not what the journal says", action->task);
}

/* Whatever ran, by the journal, is asked for again, or becomes something else. */
void oracle_runs_restarted(struct world *world, int64_t due_up_ms)
{
    for (uint64_t id = 1; world->runs.is_used && id < world->runs.next_id; id++) {
        const struct run_stored *stored = runs_find_stored(world, id);
        for (uint8_t i = 0; stored->exists && i < plan_of(world, stored)->task_count; i++)
            if (plan_of(world, stored)->tasks[i].kind == RUN_TASK_COMMAND &&
                (stored->tasks[i] == TASK_RUNNING || stored->tasks[i] == TASK_STOPPING))
                oracle_due_add(world, &(struct oracle_due){
                                          .kind = DUE_TASK, .deployment = id, .site = i, .up_ms = due_up_ms});
    }
}

void oracle_run_begins(struct world *world, const struct run_job *started)
{
    const struct run_plan_task *planned =
        &plan_of(world, runs_find_stored(world, started->run))->tasks[started->task];

    for (size_t i = 0; i < RUNS_JOBS_MAX; i++) {
        const struct run_job *job = &world->runs.jobs[i];
        if (job == started || job->state == JOB_FREE || job->run != started->run ||
            job->task != started->task)
            continue;
        if (job->state == JOB_RUNNING)
            violate(world, "S5", started->run, "a command runs twice at the same time", started->task);
        bool has_failed =
            job->is_told && (job->result == RUN_RESULT_FAILED || job->result == RUN_RESULT_AGAIN);
        bool is_well = job->result == RUN_RESULT_DONE || job->result == RUN_RESULT_SKIPPED;
        if (!has_failed && planned->repeat != REPEAT_IDEMPOTENT)
            violate(world, "S5", started->run, "a command is started again, its fate unknown", started->task);
        if (job->is_heard && is_well)
            violate(world, "run", started->run, "a command is started again that ended well", started->task);
    }
}

void oracle_run_answer(struct world *world, const struct asked *asked, enum engine_answer answer,
                       uint64_t run)
{
    oracle_mix(world, answer);
    if (answer == ENGINE_DONE && !asked->is_durable)
        violate(world, "S1", run, "answered, and not on the disk", 0);
    if (asked->kind != ASKED_RUN_START || (answer != ENGINE_DONE && answer != ENGINE_ALREADY))
        return;
    const struct run_request *request = &world->runs.requests[asked->request];
    const struct run_stored *stored = runs_find_stored(world, run);
    if (!stored->exists || stored->version != request->version || stored->pipeline != request->pipeline)
        violate(world, "S1", run, "somebody asked for something else", 0);
}

/* Its end (L1) */

static bool is_deploying(struct world *world, const struct run_stored *stored)
{
    for (uint8_t i = 0; i < plan_of(world, stored)->task_count; i++) {
        uint64_t deployment = stored->state.tasks[i].deployment;
        if (deployment != 0 && !phase_is_terminal(oracle_history(world, deployment)->state.phase))
            return true;
    }
    return false;
}

static int64_t longest_ms(const struct run_plan *plan)
{
    int64_t longest = RUN_BACKOFF_MAX_MS + RUN_STOP_LIMIT_MS;

    for (uint8_t i = 0; i < plan->task_count; i++) {
        const struct run_plan_stage *stage = &plan->stages[run_stage_of(plan, i)];
        int64_t rest_ms = plan->tasks[i].limit_ms + RUN_COMMAND_SLACK_MS + stage->ask_limit_ms;
        longest = rest_ms > longest ? rest_ms : longest;
    }
    return longest;
}

void oracle_runs_end(struct world *world, int64_t quiet_for_ms)
{
    bool is_first[RUNS_PIPELINES];

    memset(is_first, true, sizeof(is_first));
    for (uint64_t id = 1; world->runs.is_used && id < world->runs.next_id; id++) {
        struct run_stored *stored = runs_find_stored(world, id);
        if (!stored->exists || run_phase_is_terminal(stored->phase))
            continue;
        bool is_its_turn = is_first[stored->pipeline];
        is_first[stored->pipeline] = false;
        if (!is_its_turn || is_deploying(world, stored))
            stored->moved_up_ms = shell_up_ms(world);
        int64_t for_ms = shell_up_ms(world) - stored->moved_up_ms;
        for_ms = for_ms < quiet_for_ms ? for_ms : quiet_for_ms;
        if (for_ms > longest_ms(plan_of(world, stored)) + SLACK_MS)
            violate(world, "L1", id, "nothing happens to it any more", stored->stage);
    }
}
