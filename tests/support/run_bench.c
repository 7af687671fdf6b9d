/* run_bench.c - the scripted outside of an engine's runs.
 * SPDX-License-Identifier: MIT */
#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FIRST_TOKEN = 500000 };

static struct run_bench *of(struct engine_bench *bench)
{
    return (struct run_bench *)bench; /* its first member */
}

static struct run_bench_live *find(struct run_bench *bench, uint64_t run)
{
    for (uint32_t i = 0; i < bench->live_count; i++)
        if (bench->lives[i].id == run && run != 0)
            return &bench->lives[i];
    return NULL;
}

static bool deployment(void *data, const struct run_state *state, uint64_t token, uint8_t task,
                       struct engine_start *ret_start)
{
    struct run_bench *bench = data;
    const struct run_bench_live *live = find(bench, state->id);

    for (uint32_t i = 0; live == NULL && i < bench->live_count;
         i++) /* not durable: its start's token tells */
        live = bench->lives[i].start.token == token ? &bench->lives[i] : NULL;
    assert_non_null(live);
    if (bench->has_no_environment || (bench->no_task != 0 && task == bench->no_task))
        return false;
    bench->deployed = bench_prepare(&bench->engine, state->version_key);
    *ret_start = bench->deployed->start;
    ret_start->target = BENCH_TARGET + live->plan.tasks[task].reference;
    ret_start->replaces = bench->replaces;
    ret_start->lock = bench->lock + (bench->has_own_locks ? task : 0);
    ret_start->queues = bench->replaces || bench->queues;
    bool is_together = live->plan.stages[run_stage_of(&live->plan, task)].is_together;
    ret_start->window = bench->window;
    ret_start->version_key =
        is_together ? RUN_BENCH_MEMBER + task + bench->later : 0; /* else the engine knows which */
    if (is_together)
        bench->deployed->start = *ret_start; /* as it comes back after a restart */
    return true;
}

static void act(void *data, const struct run_state *state, const struct run_action *action)
{
    struct run_bench *bench = data;
    const struct run_bench_live *live = find(bench, state->id);
    struct run_state durable;

    assert_non_null(live);
    assert_true(snapshot_read_run(live->bytes, live->length, &durable));
    if (bench->engine.pending != NULL || durable.tasks[action->task].tries < action->tries)
        fail_msg("S5: task %u leaves before its try is durable", action->task);
    assert_true(bench->action_count < RUN_BENCH_ACTIONS);
    bench->actions[bench->action_count++] = *action;
}

static void released(void *data, uint64_t run)
{
    struct run_bench_live *live = find(data, run);

    assert_non_null(live);
    live->is_released = true;
}

void run_bench_attach(struct engine_bench *engine)
{
    struct run_bench *bench = of(engine);
    const struct engine_run_env env = {
        .data = bench, .deployment = deployment, .act = act, .released = released};

    free(bench->memory);
    bench->memory = calloc(1, engine_runs_size(RUN_BENCH_RUNS));
    assert_non_null(bench->memory);
    engine_attach_runs(engine->engine, bench->memory, RUN_BENCH_RUNS, &env);
}

void run_bench_write(struct engine_bench *engine, const struct batch_row *row)
{
    struct run_bench *bench = of(engine);

    if (row->kind != ROW_RUN)
        return;
    for (uint32_t i = 0; row->is_new && i < bench->live_count; i++)
        if (bench->lives[i].start.token == row->token)
            bench->lives[i].id = row->run->id;
    struct run_bench_live *live = find(bench, row->run->id);
    assert_non_null(live);
    live->length = snapshot_write_run(row->run, live->bytes);
    if (row->run->id > bench->last_run)
        bench->last_run = row->run->id;
}

uint64_t run_bench_hash(const struct batch_row *row)
{
    unsigned char bytes[SNAPSHOT_RUN_MAX];

    return row->kind == ROW_RUN ? snapshot_hash(bytes, snapshot_write_run(row->run, bytes)) : 1;
}

void run_bench_recover(struct engine_bench *engine)
{
    struct run_bench *bench = of(engine);

    for (uint32_t i = 0; i < bench->live_count; i++) {
        struct run_bench_live *live = &bench->lives[i];
        struct run_state state;
        if (live->length == 0)
            continue;
        assert_true(snapshot_read_run(live->bytes, live->length, &state));
        if (!run_phase_is_terminal(state.phase))
            assert_true(engine_recover_run(engine->engine, &live->start, &state,
                                           engine->now_ms - state.last_seen_ms));
    }
    engine_recover_run_ids(engine->engine, bench->last_run + 1);
}

void run_bench_open(struct run_bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    bench_open(&bench->engine, RUN_BENCH_DEPLOYMENTS);
    bench->engine.has_runs = true;
    run_bench_attach(&bench->engine);
}

void run_bench_close(struct run_bench *bench)
{
    bench_close(&bench->engine);
    free(bench->memory);
}

struct run_bench_live *run_bench_prepare(struct run_bench *bench, uint64_t version_key)
{
    assert_true(bench->live_count < RUN_BENCH_LIVES);
    struct run_bench_live *live = &bench->lives[bench->live_count++];

    run_trial_plan(&live->plan);
    live->start = (struct engine_run_start){.token = FIRST_TOKEN + bench->live_count,
                                            .pipeline = RUN_BENCH_PIPELINE,
                                            .version_key = version_key,
                                            .plan = &live->plan};
    return live;
}

struct run_bench_live *run_bench_prepare_together(struct run_bench *bench, uint64_t version_key)
{
    struct run_bench_live *live = run_bench_prepare(bench, version_key);

    live->plan = (struct run_plan){.stage_count = 1, .task_count = 2};
    live->plan.stages[0] = (struct run_plan_stage){.count = 2, .parallel = 2, .is_together = true};
    for (uint16_t i = 0; i < 2; i++)
        live->plan.tasks[i] = (struct run_plan_task){.kind = RUN_TASK_DEPLOY, .reference = i, .tries_max = 1};
    return live;
}

struct run_bench_live *run_bench_open_together(struct run_bench *bench, uint64_t version_key)
{
    struct target_verb verb = {.kind = TARGET_ADOPT, .version_key = 1};

    run_bench_open(bench);
    for (verb.target = RUN_BENCH_FIRST; verb.target <= RUN_BENCH_SECOND; verb.target++)
        assert_int_equal(bench_target_verb(&bench->engine, &verb), ENGINE_DONE);
    return run_bench_prepare_together(bench, version_key);
}

struct bench_live *run_bench_member(const struct run_bench *bench, const struct run_bench_live *live,
                                    uint8_t task)
{
    uint64_t deployment = run_bench_state(bench, live)->tasks[task].deployment;

    for (uint32_t i = 0; i < bench->engine.live_count; i++)
        if (bench->engine.lives[i]->id == deployment)
            return bench->engine.lives[i];
    fail_msg("no such deployment");
    return NULL;
}

enum deployment_phase run_bench_phase(const struct run_bench *bench, const struct run_bench_live *live,
                                      uint8_t task)
{
    return bench_state(&bench->engine, run_bench_member(bench, live, task))->phase;
}

enum engine_answer run_bench_start(struct run_bench *bench, struct run_bench_live *live)
{
    assert_true(engine_run_start(bench->engine.engine, &live->start));
    bench_turn(&bench->engine);
    return bench_answer_of(&bench->engine, live->start.token);
}

enum engine_answer run_bench_abort(struct run_bench *bench, uint64_t run)
{
    uint64_t token = 2000000 + bench->engine.note_count;

    assert_true(engine_run_abort(bench->engine.engine, token, run));
    bench_turn(&bench->engine);
    return bench_answer_of(&bench->engine, token);
}

enum engine_answer run_bench_answer(struct run_bench *bench, uint64_t run, uint8_t task, bool is_good)
{
    uint64_t token = 2000000 + bench->engine.note_count;

    assert_true(engine_run_answer(bench->engine.engine, token, run, task, is_good, 0));
    bench_turn(&bench->engine);
    return bench_answer_of(&bench->engine, token);
}

void run_bench_result(struct run_bench *bench, uint64_t run, uint8_t task, enum run_result result)
{
    const struct run_state *state = engine_run_state(bench->engine.engine, run);

    assert_non_null(state);
    const struct run_action action = {.task = task, .tries = state->tasks[task].tries};
    assert_true(engine_run_result(bench->engine.engine, run, &action, result, 0));
    bench_turn(&bench->engine);
}

const struct run_state *run_bench_state(const struct run_bench *bench, const struct run_bench_live *live)
{
    const struct run_state *state = engine_run_state(bench->engine.engine, live->id);

    assert_non_null(state);
    return state;
}

static void pass_task(struct run_bench *bench, const struct run_bench_live *live, uint8_t task)
{
    switch (live->plan.tasks[task].kind) {
    case RUN_TASK_COMMAND:
        run_bench_result(bench, live->id, task, RUN_RESULT_DONE);
        return;
    case RUN_TASK_AWAIT:
        assert_int_equal(run_bench_answer(bench, live->id, task, true), ENGINE_DONE);
        return;
    case RUN_TASK_DEPLOY:
        bench_to_promoted(&bench->engine, bench->deployed);
        return;
    }
}

void run_bench_to_stage(struct run_bench *bench, const struct run_bench_live *live, uint8_t stage)
{
    for (uint8_t i = 0; run_bench_state(bench, live)->stage < stage; i++)
        if (run_stage_of(&live->plan, i) == run_bench_state(bench, live)->stage)
            pass_task(bench, live, i);
}

int run_bench_count(const struct run_bench *bench, enum run_action_kind kind, uint8_t task)
{
    int count = 0;

    for (uint32_t i = 0; i < bench->action_count; i++)
        count += bench->actions[i].kind == kind && bench->actions[i].task == task;
    return count;
}
