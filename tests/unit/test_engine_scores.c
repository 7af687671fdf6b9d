/* test_engine_scores.c - a score follows its members, and alone decides.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, DEPLOYMENTS = 2 };

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

static const struct rule scored = {.kind = RULE_SCORE,
                                   .score = {.pass = 95,
                                             .marginal = 75,
                                             .member_count = 2,
                                             .group_count = 2,
                                             .members = {BENCH_RULE_ROLLBACK, BENCH_RULE_HOLD},
                                             .groups = {1, 2},
                                             .weights = {80, 20}}};

/* Two members that do nothing themselves, and their score behind them. */
static struct bench_live *scored_one(struct engine_bench *bench, const struct rule *rules[BENCH_RULES + 1])
{
    struct bench_live *live = bench_prepare(bench, FIRST);

    rules[BENCH_RULE_ROLLBACK] = live->start.rules[BENCH_RULE_ROLLBACK];
    rules[BENCH_RULE_HOLD] = live->start.rules[BENCH_RULE_HOLD];
    rules[BENCH_RULES] = &scored;
    live->start.rules = rules;
    live->plan->rule_count = BENCH_RULES + 1;
    live->plan->rules[BENCH_RULE_ROLLBACK] = live->plan->rules[BENCH_RULE_HOLD] = PLAN_RULE_SCORED;
    live->plan->rules[BENCH_RULES] = PLAN_RULE_ACT_ROLLBACK;
    return live;
}

/* A member that fails moves nothing; the score does, and is written with what it is made of. */
static void test_a_score_follows_its_members(void **state)
{
    struct engine_bench *bench = *state;
    const struct rule *rules[BENCH_RULES + 1];
    struct bench_live *live = scored_one(bench, rules);

    bench_to_observe(bench, live);
    bench_forget(bench);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_GOOD);
    bench_value(bench, live, BENCH_RULE_HOLD, BENCH_BAD);
    assert_int_equal(bench_traces(bench, live, TRACE_FAIL), 0);
    assert_int_equal(bench_traces(bench, live, TRACE_WOULD_FAIL), 0);
    assert_int_equal(live->rule_states[BENCH_RULES].last.reason, REASON_MARGINAL);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_traces(bench, live, TRACE_FAIL), 1);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), BENCH_RULES + 1);
    assert_int_equal(bench_state(bench, live)->failed_rule, BENCH_RULES);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
}

/* A step whose score is marginal does not pass; one that is good does. */
static void test_a_step_waits_for_its_score(void **state)
{
    struct engine_bench *bench = *state;
    const struct rule *rules[BENCH_RULES + 1];
    struct bench_live *live = scored_one(bench, rules);

    bench_to_observe(bench, live);
    bench_value(bench, live, BENCH_RULE_HOLD, BENCH_BAD);
    bench_later(bench, BENCH_OBSERVE_MS);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_GOOD);
    assert_int_equal(bench_traces(bench, live, TRACE_STEP_PASS), 0);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_traces(bench, live, TRACE_STEP_PASS), 1);
}

/* A score that is looked at while the journal hangs does not go ahead of it; its verdict comes when it
 * answers.
 */
static void test_a_score_waits_for_the_journal(void **state)
{
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = 2};
    struct engine_bench *bench = *state;
    const struct rule *rules[BENCH_RULES + 1];
    struct bench_live *live = scored_one(bench, rules);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_forget(bench);
    bench->journal = BENCH_STUCK;
    assert_true(engine_target_verb(bench->engine, 0, &freeze));
    bench_turn(bench);
    bench_values(bench, live, BENCH_BAD);
    engine_mark(bench->engine, live->id, BENCH_RULES);
    bench_later(bench, ENGINE_AHEAD_MS + 1);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->failed_rule, BENCH_RULES);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_a_score_follows_its_members),
        BENCH_TEST(test_a_step_waits_for_its_score),
        BENCH_TEST(test_a_score_waits_for_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
