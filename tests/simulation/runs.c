/* runs.c - pipelines in the world of one seed.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/runs.h"

#include "tests/simulation/world.h"

#include <assert.h>
#include <string.h>

enum { GRACE_MS = 5000, OFTEN_IN_SEEDS = 3 };

static const uint64_t DIGEST = UINT64_C(1) << 48; /* of a version: the same, and another key */

/* Pipelines */

static void draw_command(struct world *world, struct run_plan_task *task)
{
    static const enum command_repeat repeats[] = {REPEAT_IDEMPOTENT, REPEAT_IDEMPOTENT, REPEAT_UNSAFE,
                                                  REPEAT_PROBE};

    *task = (struct run_plan_task){.kind = RUN_TASK_COMMAND,
                                   .repeat = repeats[dice_below(&world->dice, ARRAY_LENGTH(repeats))],
                                   .tries_max = (uint16_t)dice_between(&world->dice, 1, 3),
                                   .limit_ms = dice_between(&world->dice, 500, 6000)};
}

static void draw_await(struct world *world, struct run_plan_task *task)
{
    *task = (struct run_plan_task){.kind = RUN_TASK_AWAIT,
                                   .passes_silent = dice_chance(&world->dice, 5000),
                                   .limit_ms = dice_between(&world->dice, 1000, 15000)};
    task->need = (uint8_t)(1 + task->limit_ms % 3); /* not drawn: the seeds stay what they were */
}

/* Of one stage: deployments beside each other, to sites that differ; or commands and what is waited for. */
static void draw_stage(struct world *world, struct run_plan *plan, struct run_plan_stage *stage)
{
    bool is_deploying = dice_chance(&world->dice, 4500);
    uint32_t first_site = dice_below(&world->dice, world->site_count);
    int64_t most = is_deploying && world->site_count < 3 ? world->site_count : 3;

    *stage = (struct run_plan_stage){
        .first = plan->task_count,
        .count = (uint8_t)dice_between(&world->dice, 1, most),
        .parallel = (uint8_t)dice_between(&world->dice, 1, 3),
        .is_together = is_deploying && dice_chance(&world->dice, 5000),
        .on_failure = is_deploying ? RUN_OUTCOME_FAIL : (enum run_outcome)dice_below(&world->dice, 3),
        .ask_limit_ms = dice_between(&world->dice, 2000, 15000)};
    if (stage->is_together)
        stage->parallel = stage->count;
    for (uint8_t i = 0; i < stage->count; i++) {
        struct run_plan_task *task = &plan->tasks[plan->task_count++];
        if (is_deploying)
            *task = (struct run_plan_task){.kind = RUN_TASK_DEPLOY,
                                           .reference = (uint16_t)((first_site + i) % world->site_count)};
        else if (dice_chance(&world->dice, 2500))
            draw_await(world, task);
        else
            draw_command(world, task);
    }
}

static void draw_plan(struct world *world, struct run_plan *plan)
{
    memset(plan, 0, sizeof(*plan));
    plan->stage_count = (uint8_t)dice_between(&world->dice, 1, 4);
    for (uint8_t i = 0; i < plan->stage_count; i++)
        draw_stage(world, plan, &plan->stages[i]);
}

void runs_init(struct world *world)
{
    struct runs *runs = &world->runs;

    runs->is_used = dice_below(&world->dice, OFTEN_IN_SEEDS) == 0;
    runs->request_count = 0;
    if (!runs->is_used)
        return;
    runs->next_id = 1;
    runs->job_next = 0;
    runs->starts_left = (uint16_t)dice_between(&world->dice, 2, RUNS_REQUESTS_MAX / 2);
    for (size_t i = 0; i < RUNS_MAX; i++)
        runs->stored[i].exists = false;
    for (size_t i = 0; i < RUNS_JOBS_MAX; i++)
        runs->jobs[i].state = JOB_FREE;
    for (size_t i = 0; i < RUNS_PIPELINES; i++)
        draw_plan(world, &runs->plans[i]);
    world_later(world, dice_between(&world->dice, 30, 3000), &(struct occurrence){.kind = OCCURS_RUN_PERSON});
}

struct run_stored *runs_find_stored(struct world *world, uint64_t run)
{
    assert(run > 0 && run <= RUNS_MAX);
    return &world->runs.stored[run - 1];
}

/* What the engine asks of its outside */

/* A run that is not durable yet is known by its start alone. */
static uint8_t pipeline_of(struct world *world, uint64_t run, uint64_t token)
{
    const struct asked *asked = shell_asked(world, token);

    return asked == NULL ? runs_find_stored(world, run)->pipeline
                         : world->runs.requests[asked->request].pipeline;
}

static bool deployment(void *data, const struct run_state *state, uint64_t token, uint8_t task,
                       struct engine_start *ret_start)
{
    struct world *world = data;
    const struct run_plan *plan = &world->runs.plans[pipeline_of(world, state->id, token)];

    if (!people_start_for_run(world, state->id, task, (uint8_t)plan->tasks[task].reference,
                              state->version_key, ret_start))
        return false;
    if (plan->stages[state->stage].is_together)
        ret_start->version_key = state->version_key; /* each has its own */
    return true;
}

static struct run_job *find_job(struct world *world, uint64_t run, uint8_t task, uint16_t tries)
{
    for (size_t i = 0; i < RUNS_JOBS_MAX; i++) {
        struct run_job *job = &world->runs.jobs[i];
        if (job->state != JOB_FREE && job->run == run && job->task == task && job->tries == tries)
            return job;
    }
    return NULL;
}

/* A key's job, and how it says that it ended, with the faults that answers have. */
static void answer(struct world *world, const struct run_action *action, enum run_result result,
                   uint64_t version, int64_t after_ms, uint64_t run)
{
    struct occurrence occurrence = {.kind = OCCURS_RUN_RESULT,
                                    .life = world->shell.life,
                                    .deployment = run,
                                    .rule = action->task,
                                    .attempt = action->tries,
                                    .share = (uint16_t)result,
                                    .at_ms = (int64_t)version};

    if (world_fault(world, FAULT_ANSWER_LOST))
        return;
    if (world_fault(world, FAULT_ANSWER_LATE))
        after_ms += dice_between(&world->dice, 500, 9000);
    world_later(world, after_ms, &occurrence);
    if (world_fault(world, FAULT_ANSWER_TWICE))
        world_later(world, after_ms + dice_between(&world->dice, 0, 1200), &occurrence);
}

static void answer_job(struct world *world, const struct run_job *job, int64_t after_ms)
{
    const struct run_action action = {.task = job->task, .tries = job->tries};

    answer(world, &action, job->result, job->version, after_ms, job->run);
}

static void end_at(struct world *world, struct run_job *job, int64_t in_ms)
{
    job->ends_ms = world->now_ms + in_ms;
    world_later(world, in_ms,
                &(struct occurrence){.kind = OCCURS_RUN_JOB,
                                     .sequence = (uint32_t)(job - world->runs.jobs),
                                     .at_ms = job->ends_ms});
}

/* How it will end; returns how long it runs. */
static int64_t fate(struct world *world, struct run_job *job, int64_t limit_ms)
{
    int64_t runs_ms = dice_between(&world->dice, 20, limit_ms / 2);

    job->result = dice_chance(&world->dice, 600) ? RUN_RESULT_SKIPPED : RUN_RESULT_DONE;
    if (job->result == RUN_RESULT_DONE && dice_chance(&world->dice, 1500))
        job->version = world->runs.stored[job->run - 1].version | DIGEST << dice_below(&world->dice, 2);
    if (world_fault(world, FAULT_COMMAND_AGAIN))
        job->result = RUN_RESULT_AGAIN;
    else if (world_fault(world, FAULT_COMMAND_FAILED))
        job->result = RUN_RESULT_FAILED;
    else if (world_fault(world, FAULT_COMMAND_LOST))
        job->result = RUN_RESULT_UNKNOWN;
    else if (world_fault(world, FAULT_COMMAND_HANGS)) {
        job->result = RUN_RESULT_FAILED;
        runs_ms = limit_ms + GRACE_MS;
    }
    return runs_ms;
}

static struct run_job *begin(struct world *world, uint64_t run, const struct run_action *action)
{
    struct runs *runs = &world->runs;
    const struct run_plan *plan = &runs->plans[runs_find_stored(world, run)->pipeline];
    struct run_job *job = NULL;

    do
        job = &runs->jobs[runs->job_next++ % RUNS_JOBS_MAX];
    while (job->state == JOB_RUNNING);
    *job = (struct run_job){.state = JOB_RUNNING, .run = run, .task = action->task, .tries = action->tries};
    oracle_run_begins(world, job);
    end_at(world, job, fate(world, job, plan->tasks[action->task].limit_ms));
    return job;
}

/* A key runs at most once: who asks for one that is known hears of its end. */
static void start_command(struct world *world, uint64_t run, const struct run_action *action)
{
    struct run_job *job = find_job(world, run, action->task, action->tries);

    if (job == NULL)
        job = begin(world, run, action);
    job->asked_life = world->shell.life;
    if (job->state == JOB_ENDED)
        answer_job(world, job, dice_between(&world->dice, 1, 10));
}

static void cancel_command(struct world *world, uint64_t run, const struct run_action *action)
{
    struct run_job *job = find_job(world, run, action->task, action->tries);
    enum run_result result = RUN_RESULT_DONE; /* it never began */

    if (job != NULL)
        result = job->state == JOB_RUNNING ? RUN_RESULT_STILL : job->result;
    if (result == RUN_RESULT_STILL && job->ends_ms > world->now_ms + GRACE_MS) {
        job->result = RUN_RESULT_FAILED;
        end_at(world, job, dice_between(&world->dice, 10, GRACE_MS));
    }
    answer(world, action, result, 0, dice_between(&world->dice, 1, 10), run);
}

static void act(void *data, const struct run_state *state, const struct run_action *action)
{
    struct world *world = data;

    if (world->shell.is_dying)
        return;
    world->tally->run_actions[action->kind]++;
    world_say(world, 0, "leaves: run %llu, %s of task %u.%u", (unsigned long long)state->id,
              action->kind == RUN_ACTION_CANCEL ? "cancel" : "command", action->task, action->tries);
    oracle_run_effect(world, state->id, action);
    if (action->kind == RUN_ACTION_CANCEL)
        cancel_command(world, state->id, action);
    else
        start_command(world, state->id, action);
    world->shell.is_dying = world_fault(world, FAULT_KILL_AFTER_EFFECT);
}

static void released(void *data, uint64_t run)
{
    (void)data;
    (void)run;
}

void runs_attach(struct world *world, void *memory)
{
    const struct engine_run_env env = {
        .data = world, .deployment = deployment, .act = act, .released = released};

    if (!world->runs.is_used)
        return;
    memset(memory, 0, engine_runs_size(RUNS_IN_MEMORY_MAX));
    engine_attach_runs(world->shell.engine, memory, RUNS_IN_MEMORY_MAX, &env);
}

struct engine_run_start runs_start_of(const struct world *world, uint8_t pipeline, uint64_t version,
                                      bool is_fixed, uint8_t first_stage)
{
    return (struct engine_run_start){.pipeline = pipeline + 1u,
                                     .version_key = version,
                                     .is_fixed = is_fixed,
                                     .first_stage = first_stage,
                                     .plan = &world->runs.plans[pipeline]};
}

void runs_recover(struct world *world)
{
    struct runs *runs = &world->runs;

    if (!runs->is_used)
        return;
    for (uint64_t id = 1; id < runs->next_id; id++) {
        const struct run_stored *stored = runs_find_stored(world, id);
        struct run_state state;
        if (!stored->exists || !snapshot_read_run(stored->bytes, stored->length, &state) ||
            run_phase_is_terminal(state.phase))
            continue;
        struct engine_run_start start =
            runs_start_of(world, stored->pipeline, stored->version, stored->is_fixed, stored->first_stage);
        int64_t gap_ms = shell_now_ms(world) - state.last_seen_ms;
        if (!engine_recover_run(world->shell.engine, &start, &state, gap_ms < 0 ? 0 : gap_ms))
            oracle_violate(world, "L4", 0, "the engine does not take run %llu back", (unsigned long long)id);
    }
    engine_recover_run_ids(world->shell.engine, runs->next_id);
}

/* The disk */

static void insert(struct world *world, const struct batch_row *row, struct run_stored *stored)
{
    const struct asked *asked = shell_asked(world, row->token);

    if (stored->exists || asked == NULL || asked->kind != ASKED_RUN_START) {
        oracle_violate(world, "S1", 0, "a new run that nobody asked for, or under an id that is taken");
        return;
    }
    struct run_request *request = &world->runs.requests[asked->request];
    memset(stored, 0, sizeof(*stored));
    stored->exists = true;
    stored->pipeline = request->pipeline;
    stored->version = request->version;
    stored->is_fixed = request->is_fixed;
    stored->first_stage = stored->stage = request->first_stage;
    stored->moved_up_ms = shell_up_ms(world);
    if (request->durable != 0)
        oracle_violate(world, "S1", 0, "a second run for one key");
    request->durable = row->run->id;
    if (row->run->id >= world->runs.next_id)
        world->runs.next_id = row->run->id + 1;
}

void runs_write(struct world *world, const struct batch_row *row)
{
    struct run_stored *stored = runs_find_stored(world, row->run->id);

    if (row->is_new)
        insert(world, row, stored);
    else if (!stored->exists)
        oracle_violate(world, "S1", 0, "a state of a run that is not in the journal");
    stored->length = (uint16_t)snapshot_write_run(row->run, stored->bytes);
}

/* The runner */

void runs_job_ends(struct world *world, const struct occurrence *occurrence)
{
    struct run_job *job = &world->runs.jobs[occurrence->sequence];

    if (job->state != JOB_RUNNING || job->ends_ms != occurrence->at_ms)
        return;
    job->state = JOB_ENDED;
    world_say(world, 0, "task %u.%u of run %llu ends: %d", job->task, job->tries,
              (unsigned long long)job->run, job->result);
    if (job->asked_life == world->shell.life)
        answer_job(world, job, dice_between(&world->dice, 0, 5));
}

static void note_told(struct world *world, const struct occurrence *occurrence)
{
    const struct run_task *task =
        &runs_find_stored(world, occurrence->deployment)->state.tasks[occurrence->rule];
    struct run_job *job =
        find_job(world, occurrence->deployment, occurrence->rule, (uint16_t)occurrence->attempt);

    if (job == NULL || occurrence->share != job->result)
        return;
    job->is_told = true;
    job->is_heard = task->phase == TASK_RUNNING && task->tries == job->tries && world->shell.commit == NULL;
}

void runs_result(struct world *world, const struct occurrence *occurrence)
{
    const struct run_action action = {.task = occurrence->rule, .tries = (uint16_t)occurrence->attempt};

    note_told(world, occurrence);
    (void)engine_run_result(world->shell.engine, occurrence->deployment, &action,
                            (enum run_result)occurrence->share, (uint64_t)occurrence->at_ms);
    shell_turn(world);
}
