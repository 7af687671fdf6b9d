/* test_rule_comparison_data.c - comparisons on missing, stale, silent and random data.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Blocks of 10 s in steps of 1 s; routed and confirmed at 100 s. On the data of start() the rule passes at
 * 131 s: 10 and 90 requests a second, 1 % of errors. */
struct scene {
    struct fake_series side[2]; /* candidate, stable */
    struct metric_views views;
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    for (int side = 0; side < 2; side++) {
        fake_start(&scene->side[side], SERIES_COUNT, 1000, 300);
        scene->views.side[side] = &scene->side[side].view;
    }
    fake_fill(&scene->side[0], 100, 131, 0.1, 10);
    fake_fill(&scene->side[1], 100, 131, 0.9, 90);
    scene->rule =
        (struct rule){.kind = RULE_COMPARISON,
                      .need = 300,
                      .metric_count = 1,
                      .metrics = {{.age_max_ms = 15000}},
                      .comparison = {.allowed_ratio = 1, .alpha = 0.01, .events_min = 5, .block_ms = 10000}};
    scene->clock = (struct rule_clock){.routed_ms = 100000, .confirmed_ms = 100000};
}

static enum verdict judge(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    return scene->judgement.verdict;
}

static bool is_inconclusive(struct scene *scene, int64_t now_ms, enum reason reason)
{
    return judge(scene, now_ms) == VERDICT_INCONCLUSIVE && scene->judgement.reason == reason;
}

static const struct {
    enum series_trouble trouble;
    enum reason candidate, stable;
} troubles[] = {
    {SERIES_LOADING, REASON_LOADING, REASON_LOADING},
    {SERIES_ERROR, REASON_SOURCE_ERROR, REASON_SOURCE_ERROR},
    {SERIES_NO_DATA, REASON_NO_DATA, REASON_NO_BASELINE},
    {SERIES_AMBIGUOUS, REASON_AMBIGUOUS, REASON_AMBIGUOUS},
    {SERIES_NOT_FINITE, REASON_NOT_FINITE, REASON_NOT_FINITE},
};

static void test_trouble_of_either_side_is_no_pass(void **state)
{
    struct scene scene;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(troubles); index++) {
        start(&scene);
        scene.side[0].view.trouble = troubles[index].trouble;
        assert_true(is_inconclusive(&scene, 131000, troubles[index].candidate));
        scene.side[0].view.trouble = SERIES_FINE;
        scene.side[1].view.trouble = troubles[index].trouble;
        assert_true(is_inconclusive(&scene, 131000, troubles[index].stable));
        scene.side[1].view.trouble = SERIES_FINE;
        assert_int_equal(judge(&scene, 131000), VERDICT_PASS);
    }
}

static void test_age_of_either_side(void **state)
{
    struct scene scene;

    (void)state;
    for (int side = 0; side < 2; side++) {
        start(&scene);
        assert_int_equal(judge(&scene, 147000), VERDICT_PASS); /* 15 s after the end of step 131 */
        fake_put(&scene.side[1 - side], 147, 0, 10);
        assert_true(is_inconclusive(&scene, 147001, REASON_STALE));
        assert_int_equal(rule_deadline(&scene.rule, &scene.views, &scene.clock, &scene.state), 155000);
    }
}

static void test_one_side_never_came(void **state)
{
    static const enum reason reasons[] = {REASON_NO_DATA, REASON_NO_BASELINE};
    struct scene scene;

    (void)state;
    for (int side = 0; side < 2; side++) {
        start(&scene);
        fake_start(&scene.side[side], SERIES_COUNT, 1000, 300);
        assert_true(is_inconclusive(&scene, 131000, reasons[side]));
        assert_int_equal(scene.state.sequential.blocks, 0);
        assert_true(is_inconclusive(&scene, 145000, reasons[side])); /* nothing to wait for any more */
        assert_int_equal(scene.state.next_block, 13);
        assert_int_equal(scene.state.sequential.blocks, 0);
    }
}

static void test_declared_silence(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.side[0].view.trouble = SERIES_NO_DATA;
    scene.rule.metrics[0].no_data = NO_DATA_PASS;
    assert_int_equal(judge(&scene, 131000), VERDICT_PASS);
    assert_int_equal(scene.judgement.reason, REASON_NO_DATA);
    scene.clock.confirmed_ms = SERIES_NEVER;
    assert_true(is_inconclusive(&scene, 131000, REASON_WARMUP));
    scene.clock.confirmed_ms = 100000;
    scene.rule.metrics[0].no_data = NO_DATA_ZERO; /* no requests: nothing that could pass */
    assert_true(is_inconclusive(&scene, 131000, REASON_NO_DATA));
    scene.rule.metrics[0].no_data = NO_DATA_FAIL;
    assert_true(is_inconclusive(&scene, 147000, REASON_NO_DATA));
    assert_int_equal(rule_deadline(&scene.rule, &scene.views, &scene.clock, &scene.state), 147001);
    assert_int_equal(judge(&scene, 147001), VERDICT_FAIL);
    assert_int_equal(scene.judgement.reason, REASON_NO_DATA);
    scene.views.is_same_series = true; /* always inconclusive */
    assert_true(is_inconclusive(&scene, 147001, REASON_SAME_SERIES));
    scene.views.is_same_series = false;
    scene.side[0].view.trouble = SERIES_FINE;
    scene.side[1].view.trouble = SERIES_NO_DATA; /* the declaration is about the candidate */
    assert_true(is_inconclusive(&scene, 147000, REASON_NO_BASELINE));
}

/* S4: `need` is exactly what is there, so whatever step is lost or is no number on either side, nothing
 * passes. */
static void test_no_data_is_never_a_pass(void **state)
{
    struct scene scene;
    int passes = 0;

    (void)state;
    for (int side = 0; side < 2; side++) {
        for (int64_t step = 100; step < 130; step++) {
            for (int damage = 0; damage < 4; damage++) {
                start(&scene);
                assert_int_equal(judge(&scene, 131000), VERDICT_PASS);
                start(&scene);
                struct series_step *held = &scene.side[side].ring[step];
                held->total = damage == 0 ? SERIES_GAP : held->total;
                held->value = damage == 1 ? NAN : held->value;
                held->total = damage == 2 ? NAN : held->total;
                held->total = damage == 3 ? INFINITY : held->total;
                passes += judge(&scene, 131000) == VERDICT_PASS;
                assert_true(isfinite(scene.judgement.statistic));
            }
        }
    }
    assert_int_equal(passes, 0);
}

struct random {
    uint64_t state;
};

static double uniform(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return ((double)(random->state >> 11) + 0.5) / 9007199254740992.0;
}

static double poisson(struct random *random, double mean)
{
    double left = exp(-mean);
    double count = -1;

    for (double product = 1; product > left; count++)
        product *= uniform(random);
    return count;
}

/* Five minutes of random values, each step judged as soon as it is there. Returns whether it ever failed. */
static bool fails(struct scene *scene, struct random *random, double rate, double ratio)
{
    start(scene);
    for (int64_t step = 100; step < 400; step++) {
        fake_put(&scene->side[0], step, poisson(random, 10 * rate * ratio), 10);
        fake_put(&scene->side[1], step, poisson(random, 90 * rate), 90);
        if (judge(scene, step * 1000 + 500) == VERDICT_FAIL)
            return true;
    }
    return false;
}

static void test_random_series(void **state)
{
    struct random random = {UINT64_C(0x2545f4914f6cdd1d)};
    struct scene scene;
    int alarms = 0;
    int found = 0;

    (void)state;
    for (int turn = 0; turn < 300; turn++) {
        bool is_alarm = fails(&scene, &random, 0.01, 1);

        alarms += is_alarm;
        assert_true(is_alarm || scene.judgement.verdict == VERDICT_PASS);
        found += fails(&scene, &random, 0.01, 10);
    }
    assert_true(alarms <= 9); /* alpha 1 %: three expected at most */
    assert_int_equal(found, 300);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trouble_of_either_side_is_no_pass),
        cmocka_unit_test(test_age_of_either_side),
        cmocka_unit_test(test_one_side_never_came),
        cmocka_unit_test(test_declared_silence),
        cmocka_unit_test(test_no_data_is_never_a_pass),
        cmocka_unit_test(test_random_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
