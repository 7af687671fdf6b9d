/* test_rule_bad_stable.c - triggers where a person called stable bad: worse than that is a fault, not as bad.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "metric 0 > 5" in steps of 1 s; routed and confirmed at 100 s. */
struct scene {
    struct fake_series candidate, stable;
    struct metric_views views[1];
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, SERIES_GAUGE, 1000, 300);
    fake_start(&scene->stable, SERIES_GAUGE, 1000, 300);
    scene->views[0].side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views[0].side[SIDE_STABLE] = &scene->stable.view;
    scene->rule.kind = RULE_TRIGGER;
    scene->rule.need = 1;
    scene->rule.metric_count = 1;
    scene->rule.metrics[0].age_max_ms = 15000;
    fake_greater(&scene->rule.condition, 5);
    scene->clock = (struct rule_clock){.routed_ms = 100000, .confirmed_ms = 100000, .is_stable_bad = true};
}

static void append(struct scene *scene, struct expression_node node)
{
    scene->rule.condition.nodes[scene->rule.condition.count++] = node;
}

static enum verdict judge(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    return scene->judgement.verdict;
}

static void test_as_bad_as_stable_is_no_fault(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fake_fill(&scene.candidate, 100, 110, 40, 0);
    fake_fill(&scene.stable, 100, 110, 20, 0);
    assert_int_equal(judge(&scene, 110500), VERDICT_PASS);
    assert_int_equal(scene.judgement.reason, REASON_NOT_WORSE);
    assert_true(scene.judgement.value == 40 && scene.judgement.bound == 5 && scene.judgement.estimate == 2);
    assert_string_equal(reason_name(scene.judgement.reason), "not-worse");
    /* It gets well, stable does not: a pass as any other. */
    fake_put(&scene.candidate, 111, 1, 0);
    assert_int_equal(judge(&scene, 111500), VERDICT_PASS);
    assert_int_equal(scene.judgement.reason, REASON_DECIDED);
    assert_true(isnan(scene.judgement.estimate));
    /* And nobody called stable bad: the same numbers fail. */
    start(&scene);
    scene.clock.is_stable_bad = false;
    fake_fill(&scene.candidate, 100, 110, 40, 0);
    fake_fill(&scene.stable, 100, 110, 40, 0);
    assert_int_equal(judge(&scene, 110500), VERDICT_FAIL);
}

static void test_worse_than_stable_is(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fake_fill(&scene.candidate, 100, 110, 40, 0);
    fake_fill(&scene.stable, 100, 110, 1, 0);
    assert_int_equal(judge(&scene, 110500), VERDICT_FAIL);
}

static void test_a_silent_stable_excuses_nothing(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    fake_fill(&scene.candidate, 100, 130, 40, 0);
    assert_int_equal(judge(&scene, 130500), VERDICT_FAIL);
    fake_fill(&scene.stable, 100, 110, 40, 0); /* stale by now */
    assert_int_equal(judge(&scene, 130500), VERDICT_FAIL);
    fake_fill(&scene.stable, 111, 130, 40, 0);
    assert_int_equal(judge(&scene, 130500), VERDICT_PASS);
    scene.views[0].is_same_series = true;
    assert_int_equal(judge(&scene, 130500), VERDICT_FAIL);
    scene.views[0].side[SIDE_STABLE] = NULL;
    assert_int_equal(judge(&scene, 130500), VERDICT_FAIL);
}

/* `for` counts only while it is worse. */
static void test_for_begins_when_stable_gets_well(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    append(&scene, (struct expression_node){.op = EXPRESSION_FOR, .span_ms = 10000});
    scene.rule.condition.timer_count = 1;
    for (int64_t step = 100; step < 120; step++) {
        fake_put(&scene.candidate, step, 40, 0);
        fake_put(&scene.stable, step, 40, 0);
        assert_int_equal(judge(&scene, step * 1000 + 500), VERDICT_PASS);
    }
    for (int64_t step = 120; step < 130; step++) {
        fake_put(&scene.candidate, step, 40, 0);
        fake_put(&scene.stable, step, 1, 0);
        assert_int_equal(judge(&scene, step * 1000 + 500), VERDICT_INCONCLUSIVE);
    }
    assert_int_equal(judge(&scene, 130500), VERDICT_FAIL);
}

/* The same of M of N checks, and of what is turned around. */
static void test_checks_and_not(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    append(&scene, (struct expression_node){.op = EXPRESSION_NOT});
    append(&scene, (struct expression_node){.op = EXPRESSION_CHECKS, .index = 3, .least = 2});
    scene.rule.condition.timer_count = 1;
    for (int64_t step = 100; step < 105; step++) {
        fake_put(&scene.candidate, step, 1, 0);
        fake_put(&scene.stable, step, 1, 0);
        assert_int_not_equal(judge(&scene, step * 1000 + 500), VERDICT_FAIL);
    }
    for (int64_t step = 105; step < 107; step++) {
        fake_put(&scene.candidate, step, 1, 0);
        fake_put(&scene.stable, step, 9, 0);
        (void)judge(&scene, step * 1000 + 500);
    }
    assert_int_equal(scene.judgement.verdict, VERDICT_FAIL);
}

/* What compares already says itself what is worse. */
static void test_what_reads_another_side_fires_as_usual(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.condition.nodes[1] =
        (struct expression_node){.op = EXPRESSION_VALUE, .side = SIDE_STABLE, .metric = 0};
    fake_fill(&scene.candidate, 100, 110, 40, 0);
    fake_fill(&scene.stable, 100, 110, 30, 0);
    assert_int_equal(judge(&scene, 110500), VERDICT_FAIL);
}

/* Too little for a pass stays that. */
static void test_an_excuse_is_no_evidence(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    scene.rule.warmup_ms = 60000;
    fake_fill(&scene.candidate, 100, 110, 40, 0);
    fake_fill(&scene.stable, 100, 110, 40, 0);
    assert_int_equal(judge(&scene, 110500), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.reason, REASON_WARMUP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_bad_as_stable_is_no_fault),
        cmocka_unit_test(test_worse_than_stable_is),
        cmocka_unit_test(test_a_silent_stable_excuses_nothing),
        cmocka_unit_test(test_for_begins_when_stable_gets_well),
        cmocka_unit_test(test_checks_and_not),
        cmocka_unit_test(test_what_reads_another_side_fires_as_usual),
        cmocka_unit_test(test_an_excuse_is_no_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
