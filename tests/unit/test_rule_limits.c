/* test_rule_limits.c - checks of a trigger at an interval: which of them fail it, which let it pass.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "metric 0 > 5" in steps of 1 s, looked at every 10 s; routed and confirmed at 100 s. */
struct scene {
    struct fake_series series;
    struct metric_views views;
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->series, SERIES_GAUGE, 1000, 300);
    scene->views.side[SIDE_CANDIDATE] = &scene->series.view;
    scene->rule.kind = RULE_TRIGGER;
    scene->rule.need = 1;
    scene->rule.metric_count = 1;
    scene->rule.metrics[0].age_max_ms = 15000;
    scene->rule.limits.every_ms = 10000;
    fake_greater(&scene->rule.condition, 5);
    scene->clock = (struct rule_clock){.routed_ms = 100000, .confirmed_ms = 100000};
}

/* A value comes, and the rule is judged at its time. */
static enum verdict judge(struct scene *scene, int64_t second, double value)
{
    scene->clock.now_ms = second * 1000;
    if (isnan(value))
        scene->series.view.trouble = SERIES_NO_DATA;
    else {
        scene->series.view.trouble = SERIES_FINE;
        fake_put(&scene->series, second, value, 0);
    }
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    assert_true(rule_deadline(&scene->rule, &scene->views, &scene->clock, &scene->state) >
                scene->clock.now_ms);
    return scene->judgement.verdict;
}

static bool waits(struct scene *scene, int64_t second, double value, enum reason reason)
{
    return judge(scene, second, value) == VERDICT_INCONCLUSIVE && scene->judgement.reason == reason;
}

static bool waits_with(struct scene *scene, int64_t second, enum series_trouble trouble, enum reason reason)
{
    scene->series.view.trouble = trouble;
    scene->clock.now_ms = second * 1000;
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    return scene->judgement.verdict == VERDICT_INCONCLUSIVE && scene->judgement.reason == reason;
}

static void test_failures_are_counted_at_the_interval(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.limits.failures = 2;
    assert_true(waits(&scene, 101, 9, REASON_PENDING)); /* before the first check */
    assert_int_equal(rule_deadline(&scene.rule, &scene.views, &scene.clock, &scene.state), 110000);
    assert_true(waits(&scene, 110, 9, REASON_PENDING));
    assert_true(waits(&scene, 115, 9, REASON_PENDING)); /* between two checks: nothing is counted */
    assert_int_equal(scene.state.limits.failures, 1);
    assert_int_equal(judge(&scene, 121, 1), VERDICT_PASS); /* late, and the one after it is not */
    assert_int_equal(scene.state.limits.next_ms, 130000);
    assert_int_equal(judge(&scene, 130, 9), VERDICT_FAIL);
    assert_int_equal(judge(&scene, 131, 1), VERDICT_FAIL); /* for good */
}

static void test_failures_in_a_row(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.limits.failures_in_row = 2;
    assert_true(waits(&scene, 110, 9, REASON_PENDING));
    assert_int_equal(judge(&scene, 120, 1), VERDICT_PASS);
    assert_true(waits(&scene, 130, 9, REASON_PENDING));
    assert_true(waits(&scene, 140, NAN, REASON_NO_DATA)); /* a gap breaks no row */
    assert_int_equal(judge(&scene, 150, 9), VERDICT_FAIL);
    assert_int_equal(judge(&scene, 160, 1), VERDICT_FAIL); /* the row that was long enough stays */
}

static void test_a_pass_wants_checks_and_successes(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.limits.checks = 3;
    scene.rule.limits.successes = 2;
    assert_true(waits(&scene, 110, 1, REASON_TOO_FEW));
    assert_true(waits(&scene, 120, 9, REASON_PENDING));
    assert_true(waits(&scene, 130, 1, REASON_TOO_FEW)); /* three checks, but one success in a row */
    assert_int_equal(judge(&scene, 140, 1), VERDICT_PASS);
    scene.clock.confirmed_ms = 145000; /* the next step begins anew */
    assert_true(waits(&scene, 150, 1, REASON_TOO_FEW));
    assert_int_equal(scene.state.limits.failures, 1); /* what speaks against it does not */
    assert_true(waits(&scene, 160, 1, REASON_TOO_FEW));
    assert_int_equal(judge(&scene, 170, 1), VERDICT_PASS);
}

static void test_too_many_unknown_checks(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.limits.inconclusive = 1;
    assert_true(waits(&scene, 110, NAN, REASON_NO_DATA));
    assert_int_equal(judge(&scene, 120, 1), VERDICT_PASS);
    assert_true(waits(&scene, 130, NAN, REASON_NO_DATA));
    assert_true(waits(&scene, 140, 1, REASON_LIMIT)); /* well again, and too late for this step */
    assert_true(waits(&scene, 150, NAN, REASON_NO_DATA));
    assert_true(waits(&scene, 155, 1, REASON_LIMIT));
    scene.clock.confirmed_ms = 156000;
    assert_int_equal(judge(&scene, 160, 1), VERDICT_PASS);
    scene.rule.limits.inconclusive = 0; /* no limit */
    assert_true(waits(&scene, 170, NAN, REASON_NO_DATA));
    assert_int_equal(judge(&scene, 180, 1), VERDICT_PASS);
}

static void test_errors_of_the_source_have_their_own_limit(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.limits.inconclusive = 1;
    scene.rule.limits.source_errors = 2;
    assert_true(waits_with(&scene, 110, SERIES_ERROR, REASON_SOURCE_ERROR));
    assert_true(waits_with(&scene, 120, SERIES_ERROR, REASON_SOURCE_ERROR));
    assert_int_equal(judge(&scene, 130, 1), VERDICT_PASS); /* ends the row */
    for (int64_t second = 140; second <= 160; second += 10)
        assert_true(waits_with(&scene, second, SERIES_ERROR, REASON_SOURCE_ERROR));
    assert_true(waits(&scene, 170, 1, REASON_SOURCE_ERROR));
    assert_int_equal(scene.state.limits.inconclusive, 0);
    scene.rule.limits.failures = 1; /* what fails, fails all the same */
    assert_int_equal(judge(&scene, 180, 9), VERDICT_FAIL);
}

static void test_what_is_not_decided_yet_is_no_check(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fake_node(&scene.rule.condition, EXPRESSION_FOR)->span_ms = 15000;
    scene.rule.condition.timer_count = 1;
    scene.rule.limits.failures = 1;
    scene.rule.limits.inconclusive = 1;
    assert_true(waits(&scene, 105, 9, REASON_PENDING));
    assert_true(waits(&scene, 110, 9, REASON_PENDING));
    assert_true(waits_with(&scene, 112, SERIES_LOADING, REASON_LOADING));
    assert_true(waits_with(&scene, 120, SERIES_LOADING, REASON_LOADING));
    assert_int_equal(scene.state.limits.inconclusive, 0);
    assert_true(waits(&scene, 121, 9, REASON_PENDING));
    assert_int_equal(judge(&scene, 140, 9), VERDICT_FAIL);
}

static void test_silence_that_is_declared_to_pass_is_a_success(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.metrics[0].no_data = NO_DATA_PASS;
    scene.rule.limits.successes = 2;
    assert_true(waits(&scene, 110, NAN, REASON_TOO_FEW));
    assert_int_equal(judge(&scene, 120, NAN), VERDICT_PASS);
    assert_int_equal(scene.judgement.reason, REASON_NO_DATA);
}

static void test_counts_do_not_turn_over(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.limits.successes = 1;
    scene.state.limits = (struct limits_state){
        .confirmed_ms = 100000, .checks = UINT16_MAX, .successes = UINT16_MAX, .next_ms = 110000};
    assert_int_equal(judge(&scene, 110, 1), VERDICT_PASS);
    assert_int_equal(scene.state.limits.checks, UINT16_MAX);
    assert_int_equal(scene.state.limits.successes, UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_are_counted_at_the_interval),
        cmocka_unit_test(test_failures_in_a_row),
        cmocka_unit_test(test_a_pass_wants_checks_and_successes),
        cmocka_unit_test(test_too_many_unknown_checks),
        cmocka_unit_test(test_errors_of_the_source_have_their_own_limit),
        cmocka_unit_test(test_what_is_not_decided_yet_is_no_check),
        cmocka_unit_test(test_silence_that_is_declared_to_pass_is_a_success),
        cmocka_unit_test(test_counts_do_not_turn_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
