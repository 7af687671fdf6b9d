/* test_engine_runs_simulated.c - runs in worlds of random ends, refusals and crashes: a stage begins only
 * after the one before is done well, a command runs at most once per try, an environment gets what the one
 * before it promoted, and every run ends.
 * SPDX-License-Identifier: MIT */
#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum {
    WORLDS = 300,
    TURNS = 60,
    PATIENCE = 400,
    KEYS_MAX = 128,
    RUNS = 2,
    FIRST_VERSION = 31,
    STEP_MS = 1500
};

/* A command of the world: it goes on while the engine is away. */
struct key {
    uint64_t run;
    struct run_action action;
    bool has_ended;
    bool is_awaited; /* the engine asked since it was last started */
    enum run_result result;
};

struct simulated {
    struct run_bench bench;
    struct run_bench_live *runs[RUNS];
    uint64_t seed;
    uint32_t seen; /* actions of the bench that the world took */
    uint32_t key_count;
    struct key keys[KEYS_MAX];
};

static struct simulated world;
static struct run_plan run_plan;

static uint32_t below(uint32_t bound)
{
    world.seed ^= world.seed << 13;
    world.seed ^= world.seed >> 7;
    world.seed ^= world.seed << 17;
    return (uint32_t)(world.seed >> 33) % bound;
}

/* The actions of the bench do not name their run: of both, only one is past its queue at a time. */
static uint64_t active_run(void)
{
    for (size_t i = 0; i < RUNS; i++) {
        const struct run_state *state = engine_run_state(world.bench.engine.engine, world.runs[i]->id);
        if (state != NULL && run_phase_is_active(state->phase))
            return world.runs[i]->id;
    }
    return 0;
}

static struct key *find_key(uint64_t run, const struct run_action *action)
{
    for (uint32_t i = 0; i < world.key_count; i++)
        if (world.keys[i].run == run && world.keys[i].action.task == action->task &&
            world.keys[i].action.tries == action->tries)
            return &world.keys[i];
    return NULL;
}

static void take_command(uint64_t run, const struct run_action *action)
{
    static const enum run_result results[] = {RUN_RESULT_DONE,    RUN_RESULT_DONE,  RUN_RESULT_DONE,
                                              RUN_RESULT_SKIPPED, RUN_RESULT_AGAIN, RUN_RESULT_FAILED};
    struct key *key = find_key(run, action);

    if (key != NULL && key->is_awaited)
        fail_msg("task %u, try %u leaves twice", action->task, action->tries);
    if (key == NULL) {
        assert_true(world.key_count < KEYS_MAX);
        key = &world.keys[world.key_count++];
        *key =
            (struct key){.run = run,
                         .action = *action,
                         .result = below(4) != 0 ? RUN_RESULT_DONE : results[below(ARRAY_LENGTH(results))]};
    }
    key->is_awaited = true;
}

static void take_cancel(uint64_t run, const struct run_action *action)
{
    struct key *key = find_key(run, action);

    if (key == NULL || key->has_ended)
        return;
    key->has_ended = true;
    key->result = RUN_RESULT_FAILED;
}

static void take_actions(void)
{
    for (; world.seen < world.bench.action_count; world.seen++) {
        const struct run_action *action = &world.bench.actions[world.seen];
        if (action->kind == RUN_ACTION_COMMAND)
            take_command(active_run(), action);
        else
            take_cancel(active_run(), action);
    }
    world.seen = world.bench.action_count = 0;
}

static bool is_done_well(const struct run_task *task)
{
    return task->phase == TASK_DONE || task->phase == TASK_SKIPPED;
}

static const struct bench_live *deployment_of(uint64_t id)
{
    for (uint32_t i = 0; i < world.bench.engine.live_count; i++)
        if (world.bench.engine.lives[i]->id == id)
            return world.bench.engine.lives[i];
    fail_msg("deployment %u is not durable", (unsigned)id);
    return NULL;
}

/* What the journal holds, never what the engine believes. */
static void check_deployment(const struct run_state *state, uint8_t task, uint8_t before)
{
    uint64_t deployment = state->tasks[task].deployment;
    struct deployment_state earlier;

    if (deployment == 0)
        return;
    const struct target_state *target =
        engine_target(world.bench.engine.engine, BENCH_TARGET + run_plan.tasks[task].reference);
    if (target->stable_deployment == deployment)
        assert_int_equal(target->stable_version_key, state->version_key);
    if (task == before)
        return;
    const struct bench_live *one = deployment_of(state->tasks[before].deployment);
    assert_true(snapshot_read_deployment(one->state, one->state_length, &earlier));
    assert_int_equal(earlier.phase, PHASE_PROMOTED);
}

/* L4: what runs by the journal is waited for, also after a restart. */
static void check_awaited(const struct run_state *state, uint8_t task)
{
    const struct run_action action = {.task = task, .tries = state->tasks[task].tries};
    const struct key *key = find_key(state->id, &action);

    if (key == NULL || !key->is_awaited)
        fail_msg("task %u, try %u is lost", task, action.tries);
}

static void check_run(const struct run_bench_live *live)
{
    struct run_state state;

    if (live->length == 0)
        return;
    assert_true(snapshot_read_run(live->bytes, live->length, &state));
    for (uint8_t i = 0; i < live->plan.task_count; i++) {
        uint8_t stage = run_stage_of(&live->plan, i);
        assert_true(state.tasks[i].tries <= live->plan.tasks[i].tries_max);
        for (uint8_t k = 0; state.tasks[i].phase != TASK_IDLE && k < live->plan.stages[stage].first; k++)
            assert_true(is_done_well(&state.tasks[k]));
        if (world.bench.engine.journal == BENCH_WRITES && state.tasks[i].phase == TASK_RUNNING &&
            live->plan.tasks[i].kind == RUN_TASK_COMMAND)
            check_awaited(&state, i);
    }
    check_deployment(&state, RUN_TRIAL_TO_STAGING, RUN_TRIAL_TO_STAGING);
    check_deployment(&state, RUN_TRIAL_TO_PROD, RUN_TRIAL_TO_STAGING);
}

static void look(void)
{
    take_actions();
    for (size_t i = 0; i < RUNS; i++)
        check_run(world.runs[i]);
}

static void end_commands(uint32_t one_in)
{
    for (uint32_t i = 0; i < world.key_count; i++) {
        struct key *key = &world.keys[i];
        key->has_ended = key->has_ended || below(one_in) == 0;
        if (!key->has_ended || !key->is_awaited)
            continue;
        key->is_awaited = false;
        (void)engine_run_result(world.bench.engine.engine, key->run, &key->action, key->result, 0);
    }
}

static void drive_deployments(double value)
{
    struct engine_bench *bench = &world.bench.engine;

    for (uint32_t i = 0; i < bench->live_count; i++) {
        struct bench_live *live = bench->lives[i];
        const struct deployment_state *state = engine_state(bench->engine, live->id);
        if (live->plan == NULL || state == NULL)
            continue;
        for (uint8_t rule = 0; rule < live->plan->rule_count; rule++)
            bench_put(bench, live, rule, value);
        if (state->flight.kind != ACTION_NONE && !state->flight.is_waiting)
            (void)!engine_result(bench->engine, live->id, state->flight.sequence, state->flight.tries,
                                 RESULT_DONE);
    }
}

static void restart(void)
{
    for (uint32_t i = 0; i < world.key_count; i++)
        world.keys[i].is_awaited = false;
    world.seen = world.bench.action_count = 0;
    bench_restart(&world.bench.engine, 1 + (int64_t)below(2000));
}

static void happen(void)
{
    struct engine_bench *bench = &world.bench.engine;
    uint64_t run = active_run();

    bench->journal = below(6) == 0 ? BENCH_REFUSES : BENCH_WRITES;
    if (below(8) == 0)
        restart();
    if (run != 0 && below(3) == 0)
        (void)!engine_run_answer(bench->engine, 0, run, RUN_TRIAL_LOAD, below(5) != 0, 0);
    if (run != 0 && below(40) == 0)
        (void)!engine_run_abort(bench->engine, 0, run);
    if (run != 0 && below(30) == 0)
        engine_gap(bench->engine, 500);
    end_commands(2);
    drive_deployments(below(25) == 0 ? BENCH_BAD : BENCH_GOOD);
    bench_later(bench, STEP_MS);
    look();
}

static bool are_over(void)
{
    for (size_t i = 0; i < RUNS; i++)
        if (!world.runs[i]->is_released)
            return false;
    return true;
}

/* Nothing goes wrong any more: every run ends (L1). */
static void calm_down(void)
{
    struct engine_bench *bench = &world.bench.engine;

    bench->journal = BENCH_WRITES;
    for (int turn = 0; turn < PATIENCE && !are_over(); turn++) {
        uint64_t run = active_run();
        if (run != 0)
            (void)!engine_run_answer(bench->engine, 0, run, RUN_TRIAL_LOAD, true, 0);
        end_commands(1);
        drive_deployments(BENCH_GOOD);
        bench_later(bench, STEP_MS);
        look();
        bench_forget(bench);
    }
    assert_true(are_over());
}

static void run_world(uint64_t seed)
{
    memset(&world, 0, sizeof(world));
    world.seed = seed * UINT64_C(0x9e3779b97f4a7c15);
    run_trial_plan(&run_plan);
    run_bench_open(&world.bench);
    for (size_t i = 0; i < RUNS; i++) {
        world.runs[i] = run_bench_prepare(&world.bench, FIRST_VERSION + i);
        assert_int_equal(run_bench_start(&world.bench, world.runs[i]), ENGINE_DONE);
    }
    for (int turn = 0; turn < TURNS && !are_over(); turn++) {
        happen();
        bench_forget(&world.bench.engine);
    }
    calm_down();
    run_bench_close(&world.bench);
}

static void test_worlds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++)
        run_world(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worlds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
