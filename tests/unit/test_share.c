/* test_share.c - is the candidate seen to get its share?
 * SPDX-License-Identifier: MIT */
#include "judge/share.h"

#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Steps of 1 s; routed at 95 s, confirmed at 100 s with 10 %. */
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
    scene->rule = (struct rule){
        .kind = RULE_SHARE, .outcome = RULE_HOLD, .metric_count = 1, .metrics = {{.age_max_ms = 5000}}};
    scene->clock = (struct rule_clock){.routed_ms = 95000, .confirmed_ms = 100000, .share = 1000};
}

static void fill(struct scene *scene, int64_t from, int64_t to, double candidate, double stable)
{
    fake_fill(&scene->candidate, from, to, 0, candidate);
    fake_fill(&scene->stable, from, to, 0, stable);
}

static void judge(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    assert_true(rule_deadline(&scene->rule, &scene->views, &scene->clock, &scene->state) > now_ms);
}

static void expect_waiting(struct scene *scene, int64_t now_ms, enum reason reason)
{
    judge(scene, now_ms);
    assert_int_equal(scene->judgement.verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(scene->judgement.reason, reason);
}

static void expect_pass(struct scene *scene, int64_t now_ms)
{
    judge(scene, now_ms);
    assert_int_equal(scene->judgement.verdict, VERDICT_PASS);
    assert_int_equal(scene->judgement.reason, REASON_DECIDED);
}

static void test_what_is_seen(void **state)
{
    (void)state;
    assert_false(share_is_seen(0, 0, .1));
    assert_false(share_is_seen(9, 90, .1)); /* n p (1 - p) = 8.91 */
    assert_true(share_is_seen(10, 90, .1));
    assert_true(share_is_seen(19, 81, .1)); /* by chance one in a thousand goes further */
    assert_false(share_is_seen(20, 80, .1));
    assert_false(share_is_seen(0, 100, .1) && share_is_seen(0, 200, .1));
    assert_false(share_is_seen(0, 1000, .1));
    assert_true(share_is_seen(10900, 89100, .1)); /* within a point, however many there were */
    assert_false(share_is_seen(11100, 88900, .1));
    assert_false(share_is_seen(8900, 91100, .1));
    assert_false(share_is_seen(8, 0, 1));
    assert_true(share_is_seen(9, 0, 1));
    assert_true(share_is_seen(999, 9, 1)); /* what was on its way */
    assert_false(share_is_seen(900, 100, 1));
    assert_true(share_is_seen(0, 9, 0));
}

static void test_passes_on_what_was_counted_since_the_route(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 90, 99, 0, 100); /* before it was confirmed */
    expect_waiting(&scene, 100000, REASON_SHARE);
    fill(&scene, 100, 109, 1, 8);
    expect_waiting(&scene, 110000, REASON_SHARE); /* 90 requests are too few */
    fill(&scene, 110, 119, 1, 8);
    expect_pass(&scene, 120000);
    assert_true(scene.judgement.count == 20 && scene.judgement.stable_count == 160);
    assert_true(fabs(scene.judgement.value - 1 / 9.0) < 1e-9 && scene.judgement.bound == .1);
    assert_true(scene.judgement.from_ms == 100000 && scene.judgement.to_ms == 120000);
    fill(&scene, 120, 149, 0, 50); /* somebody leads it elsewhere */
    expect_waiting(&scene, 150000, REASON_SHARE);
    scene.clock.confirmed_ms = 150000; /* the next step counts anew */
    scene.clock.share = 5000;
    fill(&scene, 150, 159, 5, 5);
    expect_pass(&scene, 160000);
}

static void test_needs_both_sides(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    expect_waiting(&scene, 110000, REASON_NO_DATA);
    fake_fill(&scene.candidate, 100, 109, 0, 10);
    expect_waiting(&scene, 110000, REASON_NO_BASELINE);
    fake_fill(&scene.stable, 100, 104, 0, 90);
    expect_waiting(&scene, 111000, REASON_STALE);
    fake_fill(&scene.stable, 105, 109, 0, 90);
    expect_pass(&scene, 111000);
    scene.views.side[SIDE_STABLE] = NULL;
    expect_waiting(&scene, 111000, REASON_NO_BASELINE);
    scene.views.side[SIDE_CANDIDATE] = NULL;
    expect_waiting(&scene, 111000, REASON_NO_DATA);
}

static void test_waits_for_its_time(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fill(&scene, 90, 109, 10, 90);
    scene.rule.warmup_ms = 20000;
    expect_waiting(&scene, 110000, REASON_WARMUP);
    scene.clock.routed_ms = SERIES_NEVER;
    scene.clock.now_ms = 110000;
    rule_judge(&scene.rule, &scene.views, &scene.clock, &scene.state, &scene.state, &scene.judgement);
    assert_int_equal(scene.judgement.reason, REASON_NO_TRAFFIC);
    assert_true(rule_deadline(&scene.rule, &scene.views, &scene.clock, &scene.state) == INT64_MAX);
}

static void test_counts_only_counts(void **state)
{
    struct scene scene;

    (void)state;
    for (int side = 0; side < 2; side++) {
        start(&scene);
        fake_start(side == 0 ? &scene.candidate : &scene.stable, SERIES_GAUGE, 1000, 300);
        fill(&scene, 100, 109, 10, 90);
        expect_waiting(&scene, 110000, REASON_UNDECIDED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_seen),
        cmocka_unit_test(test_passes_on_what_was_counted_since_the_route),
        cmocka_unit_test(test_needs_both_sides),
        cmocka_unit_test(test_waits_for_its_time),
        cmocka_unit_test(test_counts_only_counts),
    };

    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
