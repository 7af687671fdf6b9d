/* test_rule_comparison.c - comparisons: which blocks are taken in, when they fail, pass, or do neither.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Blocks of 10 s in steps of 1 s; routed at 95 s (first block: 100..110 s), confirmed at 100 s, warm-up 5 s.
 */
struct scene {
    struct fake_series candidate, stable;
    struct metric_views views;
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, SERIES_COUNT, 1000, 300);
    fake_start(&scene->stable, SERIES_COUNT, 1000, 300);
    scene->views.side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views.side[SIDE_STABLE] = &scene->stable.view;
    scene->rule =
        (struct rule){.kind = RULE_COMPARISON,
                      .need = 100,
                      .warmup_ms = 5000,
                      .metric_count = 1,
                      .metrics = {{.age_max_ms = 15000}},
                      .comparison = {.allowed_ratio = 1, .alpha = 0.01, .events_min = 5, .block_ms = 10000}};
    scene->clock = (struct rule_clock){.routed_ms = 95000, .confirmed_ms = 100000};
}

/* Both sides in the steps from..to: 10 and 90 requests, stable with 1 % of errors. */
static void fill(struct scene *scene, int64_t from, int64_t to, double events)
{
    fake_fill(&scene->candidate, from, to, events, 10);
    fake_fill(&scene->stable, from, to, 0.9, 90);
}

static int64_t deadline(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    return rule_deadline(&scene->rule, &scene->views, &scene->clock, &scene->state);
}

static enum verdict judge(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    assert_true(deadline(scene, now_ms) > now_ms);
    return scene->judgement.verdict;
}

static bool is_inconclusive(struct scene *scene, int64_t now_ms, enum reason reason)
{
    return judge(scene, now_ms) == VERDICT_INCONCLUSIVE && scene->judgement.reason == reason;
}

static bool decides(struct scene *scene, int64_t now_ms, enum verdict verdict)
{
    return judge(scene, now_ms) == verdict && scene->judgement.reason == REASON_DECIDED;
}

static void test_blocks_are_taken_in_once_when_closed(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 80, 109, 0);
    (void)judge(&scene, 110999); /* a step more must pass */
    assert_int_equal(scene.state.sequential.blocks, 0);
    assert_int_equal(scene.state.next_block, 0);
    assert_int_equal(deadline(&scene, 110999), 111000);
    assert_true(isnan(scene.judgement.value) && isnan(scene.judgement.estimate));
    assert_true(isnan(scene.judgement.lower) && isnan(scene.judgement.upper));
    assert_true(scene.judgement.count == 0 && scene.judgement.statistic == 0);
    assert_true(scene.judgement.from_ms == 0 && scene.judgement.to_ms == 0);
    assert_true(fabs(scene.judgement.limit - 2) < 1e-9);
    for (int turn = 0; turn < 3; turn++) {
        (void)judge(&scene, 111000 + turn);
        assert_int_equal(scene.state.sequential.blocks, 1);
        assert_int_equal(scene.state.next_block, 11);
        assert_true(scene.judgement.count == 100 && scene.judgement.stable_count == 900);
        assert_true(scene.judgement.from_ms == 100000 && scene.judgement.to_ms == 110000);
    }
    fill(&scene, 110, 145, 0);
    (void)judge(&scene, 146000); /* several at once, in order */
    assert_int_equal(scene.state.sequential.blocks, 4);
    assert_int_equal(scene.state.next_block, 14);
    assert_true(scene.judgement.from_ms == 100000 && scene.judgement.to_ms == 140000);
}

static void test_late_values_are_waited_for(void **state)
{
    struct scene scene;

    (void)state;
    for (int late = 0; late < 2; late++) {
        start(&scene);
        struct fake_series *side = late == 0 ? &scene.candidate : &scene.stable;
        fill(&scene, 100, 108, 1);
        fake_put(late == 0 ? &scene.stable : &scene.candidate, 120, 0, 10);
        (void)judge(&scene, 112000);
        assert_int_equal(scene.state.sequential.blocks, 0); /* step 109 of this side may still come */
        assert_int_equal(deadline(&scene, 123999), 124001); /* stale first */
        assert_int_equal(deadline(&scene, 124500), 125000);
        (void)judge(&scene, 124999);
        assert_int_equal(scene.state.sequential.blocks, 0);
        struct rule_state waiting = scene.state;
        (void)judge(&scene, 125000); /* nobody waits for ever */
        assert_int_equal(scene.state.sequential.blocks, 1);
        assert_true(scene.state.sequential.total == 90);
        scene.state = waiting;
        fake_put(side, 109, 0, 10);
        fake_put(late == 0 ? &scene.stable : &scene.candidate, 109, 0, 10);
        (void)judge(&scene, 113000);
        assert_int_equal(scene.state.sequential.blocks, 1);
        assert_true(scene.state.sequential.total == 100);
    }
}

static void test_blocks_before_the_route_do_not_count(void **state)
{
    static const struct {
        int64_t routed_ms, first;
    } cases[] = {{99999, 10}, {100000, 10}, {100001, 11}, {0, 0}};
    struct scene scene;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        start(&scene);
        fill(&scene, 0, 145, 1);
        scene.clock.routed_ms = cases[index].routed_ms;
        (void)judge(&scene, 145000);
        assert_int_equal(scene.state.sequential.blocks, 14 - cases[index].first);
        assert_true(scene.judgement.from_ms == cases[index].first * 10000);
    }
}

static void test_blocks_that_the_ring_lost_are_skipped(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.stable.view.capacity = 25; /* 121..145: the first whole block is 130 */
    fill(&scene, 100, 145, 1);
    (void)judge(&scene, 146000);
    assert_int_equal(scene.state.sequential.blocks, 1);
    assert_true(scene.state.sequential.total == 100);
    assert_true(scene.judgement.from_ms == 130000 && scene.judgement.to_ms == 140000);
    fill(&scene, 1000000, 1000010, 1); /* two weeks later: not one turn per lost block */
    (void)judge(&scene, 1000011000);
    assert_int_equal(scene.state.sequential.blocks, 2);
    assert_int_equal(scene.state.next_block, 100001);
}

static const struct {
    double value, total;
} bad[] = {{NAN, 10}, {1, NAN}, {INFINITY, 10}, {1, INFINITY}, {-1, 10}, {1, -10}};

static void test_a_step_counts_for_both_or_neither(void **state)
{
    struct scene scene;

    (void)state;
    for (int side = 0; side < 2; side++) {
        for (size_t index = 0; index <= ARRAY_LENGTH(bad); index++) {
            start(&scene);
            struct fake_series *series = side == 0 ? &scene.candidate : &scene.stable;
            fill(&scene, 100, 115, 1);
            series->ring[103].total = SERIES_GAP;
            if (index < ARRAY_LENGTH(bad))
                fake_put(series, 103, bad[index].value, bad[index].total);
            (void)judge(&scene, 115000);
            assert_true(scene.state.sequential.total == 90);
            assert_true(scene.state.sequential.stable_total == 810);
            assert_true(scene.state.sequential.events == 9);
            assert_true(isfinite(scene.judgement.statistic) && isfinite(scene.judgement.upper));
        }
    }
}

static void test_a_regression_fails(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 100, 149, 1); /* 10 % beside 1 % */
    (void)judge(&scene, 141000);
    assert_int_equal(scene.judgement.verdict, VERDICT_PASS); /* not proven yet */
    assert_true(decides(&scene, 151000, VERDICT_FAIL));
    assert_true(scene.judgement.statistic >= 2 && fabs(scene.judgement.limit - 2) < 1e-9);
    assert_true(fabs(scene.judgement.value - 0.1) < 1e-9 && fabs(scene.judgement.bound - 0.01) < 1e-9);
    assert_true(fabs(scene.judgement.estimate - 10) < 1e-9);
    assert_true(scene.judgement.lower > 1 && scene.judgement.lower < 10);
    assert_true(scene.judgement.upper > 10 && scene.judgement.upper < 100);
    struct judgement first = scene.judgement;
    assert_true(decides(&scene, 151500, VERDICT_FAIL)); /* the same numbers while no block is new */
    assert_memory_equal(&scene.judgement, &first, sizeof(first));
    scene.views.side[SIDE_STABLE] = NULL; /* proven is proven */
    assert_true(decides(&scene, 151500, VERDICT_FAIL));
    assert_memory_equal(&scene.judgement, &first, sizeof(first));
}

static void test_what_keeps_a_regression_from_failing(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 100, 151, 1);
    scene.rule.comparison.events_min = 50.5;
    assert_true(decides(&scene, 151000, VERDICT_PASS));
    assert_true(scene.judgement.statistic > 2);
    scene.rule.comparison.events_min = 50;
    assert_true(decides(&scene, 151000, VERDICT_FAIL));
    scene.rule.comparison.ignore_below = 0.101;
    assert_true(decides(&scene, 151000, VERDICT_PASS));
    scene.rule.comparison.ignore_below = 0.099;
    assert_true(decides(&scene, 151000, VERDICT_FAIL));
    scene.rule.comparison.ignore_below = 0.1;
    assert_true(decides(&scene, 151000, VERDICT_FAIL));
    scene.rule.comparison.alpha = 1e-12;
    assert_true(decides(&scene, 151000, VERDICT_PASS));
    start(&scene);
    scene.rule.comparison.allowed_ratio = 20; /* ten-fold is allowed */
    fill(&scene, 100, 151, 1);
    assert_true(decides(&scene, 151000, VERDICT_PASS));
}

static void test_one_block_alone_never_fails(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 100, 109, 10);
    fill(&scene, 110, 145, 0);
    fake_fill(&scene.candidate, 100, 109, 10, 1);
    fake_fill(&scene.stable, 100, 109, 0, 9000);
    assert_int_equal(judge(&scene, 131000), VERDICT_PASS);
    assert_true(scene.judgement.statistic > 2 && scene.state.sequential.event_blocks == 1);
    fake_put(&scene.candidate, 135, 1, 10);
    assert_int_equal(judge(&scene, 145000), VERDICT_FAIL);
}

static void test_evidence_against_adds_up_over_gaps_and_steps(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 100, 129, 1);
    (void)judge(&scene, 131000);
    double before = scene.judgement.statistic;
    assert_true(before > 1 && before < 1.5);
    scene.clock.confirmed_ms = 300000; /* the next step's share */
    fill(&scene, 300, 319, 1);
    assert_int_equal(judge(&scene, 321000), VERDICT_FAIL);
    assert_true(scene.judgement.from_ms == 100000 && scene.judgement.to_ms == 320000);
    fill(&scene, 320, 520, 0);
    (void)judge(&scene, 521000); /* better since: what was reached stays reached */
    assert_int_equal(scene.judgement.verdict, VERDICT_FAIL);
}

static void test_passes_on_need_in_judged_blocks_since_the_warmup(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 96, 108, 0);
    assert_true(is_inconclusive(&scene, 104999, REASON_WARMUP));
    assert_int_equal(deadline(&scene, 104999), 105000);
    assert_true(is_inconclusive(&scene, 105000, REASON_TOO_FEW));
    assert_true(is_inconclusive(&scene, 109000, REASON_TOO_FEW)); /* nothing judged yet */
    fill(&scene, 109, 119, 0);
    assert_true(is_inconclusive(&scene, 119999, REASON_TOO_FEW)); /* 105..109 judged: 50 */
    fill(&scene, 120, 120, 0);
    assert_true(decides(&scene, 121000, VERDICT_PASS)); /* 105..119: 150 */
    scene.rule.need = 150;
    assert_true(decides(&scene, 121000, VERDICT_PASS));
    scene.rule.need = 151;
    assert_true(is_inconclusive(&scene, 121000, REASON_TOO_FEW));
    scene.rule.need = 0;
    scene.clock.confirmed_ms = 110001; /* warm at 115.001 s: 116..119 */
    assert_true(decides(&scene, 121000, VERDICT_PASS));
    scene.rule.need = 41;
    assert_true(is_inconclusive(&scene, 121000, REASON_TOO_FEW));
    scene.clock.confirmed_ms = SERIES_NEVER;
    assert_true(is_inconclusive(&scene, 121000, REASON_WARMUP));
}

static void test_both_sides_need_traffic_to_pass(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.need = 0;
    fake_fill(&scene.candidate, 100, 120, 0, 0);
    fake_fill(&scene.stable, 100, 120, 0, 90);
    assert_true(is_inconclusive(&scene, 121000, REASON_NO_TRAFFIC));
    start(&scene);
    fake_fill(&scene.candidate, 100, 120, 0, 90);
    fake_fill(&scene.stable, 100, 120, 0, 0);
    assert_true(is_inconclusive(&scene, 121000, REASON_NO_BASELINE));
    start(&scene);
    fake_fill(&scene.candidate, 100, 120, 0, 90);
    fake_put(&scene.stable, 120, 0, 90);
    assert_true(is_inconclusive(&scene, 121000, REASON_TOO_FEW)); /* no step has both */
    start(&scene);
    fill(&scene, 100, 120, NAN);
    assert_true(is_inconclusive(&scene, 121000, REASON_TOO_FEW)); /* no step has a number */
}

static void test_the_ring_bounds_what_a_pass_rests_on(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.candidate.view.capacity = 25;
    fill(&scene, 100, 140, 0);
    (void)judge(&scene, 121000);
    scene.rule.need = 240; /* 116..139 are left */
    assert_true(decides(&scene, 141000, VERDICT_PASS));
    scene.rule.need = 241;
    assert_true(is_inconclusive(&scene, 141000, REASON_TOO_FEW));
}

static void test_what_cannot_be_compared(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 100, 145, 1);
    assert_true(is_inconclusive(&scene, 94999, REASON_NO_TRAFFIC));
    assert_int_equal(deadline(&scene, 94999), 95000);
    scene.views.is_same_series = true;
    assert_true(is_inconclusive(&scene, 145000, REASON_SAME_SERIES));
    assert_int_equal(scene.state.sequential.blocks, 0);
    scene.views.is_same_series = false;
    scene.views.side[SIDE_STABLE] = NULL;
    assert_true(is_inconclusive(&scene, 145000, REASON_NO_BASELINE));
    assert_int_equal(deadline(&scene, 145000), 161001); /* the candidate turns stale */
    scene.views.side[SIDE_CANDIDATE] = NULL;
    assert_true(is_inconclusive(&scene, 145000, REASON_NO_DATA));
    assert_int_equal(deadline(&scene, 145000), INT64_MAX);
    for (int side = 0; side < 2; side++) {
        start(&scene);
        fill(&scene, 100, 145, 1);
        (side == 0 ? &scene.candidate : &scene.stable)->view.kind = SERIES_GAUGE;
        assert_true(is_inconclusive(&scene, 145000, REASON_UNDECIDED));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_taken_in_once_when_closed),
        cmocka_unit_test(test_late_values_are_waited_for),
        cmocka_unit_test(test_blocks_before_the_route_do_not_count),
        cmocka_unit_test(test_blocks_that_the_ring_lost_are_skipped),
        cmocka_unit_test(test_a_step_counts_for_both_or_neither),
        cmocka_unit_test(test_a_regression_fails),
        cmocka_unit_test(test_what_keeps_a_regression_from_failing),
        cmocka_unit_test(test_one_block_alone_never_fails),
        cmocka_unit_test(test_evidence_against_adds_up_over_gaps_and_steps),
        cmocka_unit_test(test_passes_on_need_in_judged_blocks_since_the_warmup),
        cmocka_unit_test(test_both_sides_need_traffic_to_pass),
        cmocka_unit_test(test_the_ring_bounds_what_a_pass_rests_on),
        cmocka_unit_test(test_what_cannot_be_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
