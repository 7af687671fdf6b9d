/* test_engine_many.c - many deployments at once: a turn takes what fits, and leaves nobody behind.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEPLOYMENTS = 4, CROWD = BATCH_ROWS_MAX + 100, SEQUENCE = 7 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, DEPLOYMENTS);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *observed(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = bench_prepare(bench, target);

    live->start.target = target;
    bench_to_observe(bench, live);
    return live;
}

/* Nobody watched: who is gone has no clock any more, the others lose the time. */
static void test_a_gap_is_for_those_who_are_here(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *gone = observed(bench, 1);
    struct bench_live *here = observed(bench, 2);

    assert_int_equal(bench_verb(bench, gone, VERB_ABORT), ENGINE_DONE);
    bench_result(bench, gone, RESULT_DONE);
    bench_result(bench, gone, RESULT_DONE);
    assert_null(engine_state(bench->engine, gone->id));
    int64_t observed_ms = bench_state(bench, here)->observed_ms;
    bench->now_ms += 4000;
    engine_gap(bench->engine, 3000);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, here)->observed_ms, observed_ms + 1000);
}

/* What is asked in the same turn meets a deployment that knows of the gap. */
static void test_a_gap_comes_before_a_verb(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench, 1);
    int64_t observed_ms = bench_state(bench, live)->observed_ms;

    bench->now_ms += 5000;
    engine_gap(bench->engine, 5000);
    assert_int_equal(bench_verb(bench, live, VERB_REJECT), ENGINE_CONFLICT);
    assert_int_equal(bench_state(bench, live)->observed_ms, observed_ms);
    bench->now_ms += 5000;
    engine_gap(bench->engine, 5000);
    assert_int_equal(bench_verb(bench, live, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_state(bench, live)->observed_ms, observed_ms);
}

/* One has news that must be durable, one was only judged; the journal refuses: both go on as they were. */
static void test_a_refused_batch_leaves_the_judged_alone(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *judged = observed(bench, 1);
    struct bench_live *moved = observed(bench, 2);

    bench_values(bench, judged, BENCH_GOOD);
    uint32_t passing = bench_state(bench, judged)->passing;
    bench->journal = BENCH_REFUSES;
    bench_put(bench, judged, 0, BENCH_GOOD);
    assert_int_equal(bench_verb(bench, moved, VERB_HOLD), ENGINE_NOT_DURABLE);
    assert_int_equal(bench_state(bench, moved)->step_state, STEP_OBSERVING);
    assert_int_equal(bench_state(bench, judged)->passing, passing);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 2000);
    assert_int_equal(bench_verb(bench, moved, VERB_HOLD), ENGINE_DONE);
}

/* A crowd that was acting when the daemon died: an engine whose journal says yes at once. */
struct crowd {
    struct engine *engine;
    uint32_t started; /* actions */
};

static void crowd_stepping(void *data, uint64_t deployment)
{
    (void)data;
    (void)deployment;
}

static int64_t crowd_now_ms(void *data)
{
    (void)data;
    return 5000;
}

static void crowd_commit(void *data, const struct batch *batch)
{
    (void)data;
    fail_msg("%u rows: nothing here needs to be durable", batch->count);
}

static void crowd_start(void *data, const struct deployment_state *state, const struct action *action,
                        bool is_ahead)
{
    struct crowd *crowd = data;

    assert_false(is_ahead);
    assert_false(action->is_new);
    assert_int_equal(action->sequence, SEQUENCE);
    assert_int_equal(state->phase, PHASE_RUNNING);
    crowd->started++;
}

static void recover_one(const struct crowd *crowd, const struct plan *plan, uint64_t id)
{
    const struct engine_start start = {
        .target = (uint32_t)id, .version_key = 1, .plan = plan, .slot_count = 2};
    struct deployment_state state;

    deployment_init(id, 1000, &state);
    state.phase = PHASE_RUNNING;
    state.step_state = STEP_ACTING;
    state.last_sequence = SEQUENCE;
    state.flight = (struct flight){.kind = ACTION_COMMAND, .sequence = SEQUENCE, .limit_ms = 60000};
    assert_true(engine_recover(crowd->engine, &start, &state, 4000, false));
}

/* More than a batch may hold are driven again (L4): over several turns, each of them once. */
static void test_a_crowd_is_driven_again(void **state)
{
    const struct plan plan = {.count = 1,
                              .steps = {{.kind = STEP_COMMAND, .tries_max = 3, .limit_ms = 60000}}};
    struct crowd crowd = {0};
    const struct engine_env env = {.data = &crowd,
                                   .now_ms = crowd_now_ms,
                                   .commit = crowd_commit,
                                   .start = crowd_start,
                                   .stepping = crowd_stepping};

    (void)state;
    crowd.engine = calloc(1, engine_size(CROWD, CROWD));
    assert_non_null(crowd.engine);
    engine_init(crowd.engine, CROWD, CROWD, 0, &env);
    for (uint64_t id = 1; id <= CROWD; id++)
        recover_one(&crowd, &plan, id);
    engine_turn(crowd.engine);
    assert_in_range(crowd.started, 1, BATCH_ROWS_MAX);
    assert_true(engine_deadline(crowd.engine) <= crowd_now_ms(NULL));
    engine_turn(crowd.engine);
    assert_int_equal(crowd.started, CROWD);
    assert_true(engine_deadline(crowd.engine) > crowd_now_ms(NULL));
    engine_turn(crowd.engine);
    assert_int_equal(crowd.started, CROWD);
    free(crowd.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_gap_is_for_those_who_are_here, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_gap_comes_before_a_verb, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_refused_batch_leaves_the_judged_alone, open_bench,
                                        close_bench),
        cmocka_unit_test(test_a_crowd_is_driven_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
