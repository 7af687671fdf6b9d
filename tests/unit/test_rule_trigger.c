/* test_rule_trigger.c - triggers: when they fail, when they pass, and why they do neither.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "metric 0 > 5" in steps of 1 s; routed at 100 s, confirmed at 102 s, warm-up 8 s. */
struct scene {
    struct fake_series series, other;
    struct metric_views views[2];
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene, enum series_kind kind, double bound, double need)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->series, kind, 1000, 300);
    fake_start(&scene->other, kind, 1000, 300);
    scene->views[0].side[SIDE_CANDIDATE] = &scene->series.view;
    scene->views[1].side[SIDE_CANDIDATE] = &scene->other.view;
    scene->rule.kind = RULE_TRIGGER;
    scene->rule.need = need;
    scene->rule.warmup_ms = 8000;
    scene->rule.metric_count = 1;
    scene->rule.metrics[0].age_max_ms = scene->rule.metrics[1].age_max_ms = 15000;
    fake_greater(&scene->rule.condition, bound);
    scene->clock = (struct rule_clock){.routed_ms = 100000, .confirmed_ms = 102000};
}

static enum verdict judge(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    assert_memory_equal(&scene->state.last, &scene->judgement, sizeof(scene->judgement));
    assert_true(rule_deadline(&scene->rule, scene->views, &scene->clock, &scene->state) > now_ms);
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

static int64_t deadline(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    return rule_deadline(&scene->rule, scene->views, &scene->clock, &scene->state);
}

static void test_nothing_counts_before_the_route(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 1);
    fake_fill(&scene.series, 50, 99, 100, 0);
    assert_true(is_inconclusive(&scene, 99999, REASON_NO_TRAFFIC));
    assert_true(isnan(scene.judgement.value) && isnan(scene.judgement.limit));
    assert_int_equal(deadline(&scene, 99999), 100000);
    assert_true(is_inconclusive(&scene, 100000, REASON_TOO_FEW)); /* all of it is older */
    scene.clock.routed_ms = SERIES_NEVER;
    assert_true(is_inconclusive(&scene, 110000, REASON_NO_TRAFFIC));
    assert_int_equal(deadline(&scene, 110000), INT64_MAX);
}

static void test_fails_on_need_since_the_route(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, 0.05, 50);
    fake_fill(&scene.series, 50, 99, 10, 10);
    fake_fill(&scene.series, 100, 103, 5, 10);
    assert_true(is_inconclusive(&scene, 103500, REASON_TOO_FEW));
    assert_true(scene.judgement.count == 40);
    fake_put(&scene.series, 104, 5, 10);
    assert_true(decides(&scene, 104500, VERDICT_FAIL)); /* during the warm-up too */
    assert_true(scene.judgement.value == 0.5 && scene.judgement.bound == 0.05);
    assert_true(scene.judgement.count == 50);
    assert_true(scene.judgement.from_ms == 100000 && scene.judgement.to_ms == 105000);
    assert_true(isnan(scene.judgement.estimate) && isnan(scene.judgement.statistic));
    assert_true(isnan(scene.judgement.lower) && isnan(scene.judgement.upper));
    scene.clock.confirmed_ms = SERIES_NEVER; /* and before the share is confirmed */
    assert_true(decides(&scene, 104500, VERDICT_FAIL));
}

static void test_passes_on_need_since_the_warmup(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, 0.05, 50);
    fake_fill(&scene.series, 100, 109, 0, 10);
    scene.clock.confirmed_ms = SERIES_NEVER;
    assert_true(is_inconclusive(&scene, 109500, REASON_WARMUP));
    assert_int_equal(deadline(&scene, 109500), 125001);
    scene.clock.confirmed_ms = 102000;
    assert_true(is_inconclusive(&scene, 109999, REASON_WARMUP));
    assert_int_equal(deadline(&scene, 109999), 110000);
    assert_true(is_inconclusive(&scene, 110000, REASON_TOO_FEW)); /* enough, but from before */
    fake_fill(&scene.series, 110, 113, 0, 10);
    assert_true(is_inconclusive(&scene, 113500, REASON_TOO_FEW));
    fake_put(&scene.series, 114, 0, 10);
    assert_true(decides(&scene, 114500, VERDICT_PASS));
    assert_true(scene.judgement.value == 0 && scene.judgement.bound == 0.05);
    scene.clock.confirmed_ms = 107000; /* the next step's share: counted anew */
    assert_true(is_inconclusive(&scene, 115000, REASON_TOO_FEW));
    scene.rule.need = 0; /* not even then without any data */
    assert_true(is_inconclusive(&scene, 115000, REASON_TOO_FEW));
    fake_put(&scene.series, 115, 0, 0);
    assert_true(is_inconclusive(&scene, 115500, REASON_NO_TRAFFIC));
    fake_put(&scene.series, 116, 0, 1);
    assert_true(decides(&scene, 116500, VERDICT_PASS));
}

static void test_gauges_count_values(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 3);
    fake_fill(&scene.series, 108, 111, 1, 0);
    assert_true(is_inconclusive(&scene, 111500, REASON_TOO_FEW));
    fake_put(&scene.series, 112, 1, 0);
    assert_true(decides(&scene, 112500, VERDICT_PASS));
    fake_put(&scene.series, 112, 5.1, 0); /* the open step is seen */
    assert_true(decides(&scene, 112600, VERDICT_FAIL));
    fake_put(&scene.series, 113, NAN, 0);
    assert_true(is_inconclusive(&scene, 113000, REASON_NOT_FINITE));
    assert_true(is_inconclusive(&scene, 129001, REASON_STALE));
}

static void test_for_is_pending_then_fails(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 1);
    scene.rule.condition.timer_count = 1;
    fake_node(&scene.rule.condition, EXPRESSION_FOR)->span_ms = 10000;
    fake_put(&scene.series, 112, 6, 0);
    assert_true(is_inconclusive(&scene, 112300, REASON_PENDING));
    assert_true(scene.judgement.value == 6 && scene.judgement.bound == 5);
    assert_int_equal(deadline(&scene, 112300), 122300);
    assert_true(is_inconclusive(&scene, 122299, REASON_PENDING));
    assert_int_equal(deadline(&scene, 122300), 122301); /* due or overdue: at once */
    assert_int_equal(deadline(&scene, 130000), 130001);
    assert_true(decides(&scene, 122300, VERDICT_FAIL));
    assert_int_equal(deadline(&scene, 122300), 128001); /* stale next */
}

static void test_state_is_copied_or_changed_in_place(void **state)
{
    struct scene scene;
    struct rule_state after;
    struct rule_state zero = {0};

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 1);
    scene.rule.condition.timer_count = 1;
    fake_node(&scene.rule.condition, EXPRESSION_FOR)->span_ms = 10000;
    fake_put(&scene.series, 112, 6, 0);
    scene.clock.now_ms = 112300;
    rule_judge(&scene.rule, scene.views, &scene.clock, &scene.state, &after, &scene.judgement);
    assert_memory_equal(&scene.state, &zero, sizeof(zero));
    assert_true(after.timers[0].is_running && after.timers[0].since_ms == 112300);
    assert_true(is_inconclusive(&scene, 112300, REASON_PENDING));
    assert_memory_equal(&scene.state.timers, &after.timers, sizeof(after.timers));
}

/* "a > 5 or b > 5": what b lacks stands against a pass, not against a fail. */
static void start_two(struct scene *scene, enum expression_op op)
{
    start(scene, SERIES_GAUGE, 5, 1);
    scene->rule.metric_count = 2;
    fake_node(&scene->rule.condition, EXPRESSION_VALUE)->metric = 1;
    fake_number(&scene->rule.condition, 5);
    (void)fake_node(&scene->rule.condition, EXPRESSION_GREATER);
    (void)fake_node(&scene->rule.condition, op);
}

static void test_every_metric_read_needs_its_data_to_pass(void **state)
{
    struct scene scene;

    (void)state;
    start_two(&scene, EXPRESSION_AND);
    fake_put(&scene.series, 112, 1, 0);
    assert_true(is_inconclusive(&scene, 112500, REASON_NO_DATA)); /* known false, but b never came */
    fake_put(&scene.other, 105, 6, 0);
    assert_true(is_inconclusive(&scene, 112500, REASON_TOO_FEW)); /* came before the warm-up was over */
    fake_put(&scene.other, 111, 6, 0);
    assert_true(decides(&scene, 112500, VERDICT_PASS));
    fake_put(&scene.series, 113, 6, 0);
    assert_true(decides(&scene, 113500, VERDICT_FAIL));
    fake_put(&scene.series, 113, 1, 0);
    scene.views[1].side[SIDE_CANDIDATE] = NULL;
    assert_true(is_inconclusive(&scene, 113500, REASON_NO_DATA));
    start_two(&scene, EXPRESSION_AND);
    fake_put(&scene.series, 105, 1, 0);
    assert_true(is_inconclusive(&scene, 112500, REASON_TOO_FEW)); /* of a, though b lacks more */
    start_two(&scene, EXPRESSION_OR);
    fake_put(&scene.series, 112, 6, 0);
    assert_true(decides(&scene, 112500, VERDICT_FAIL));
    fake_put(&scene.series, 112, 1, 0);
    assert_true(is_inconclusive(&scene, 112500, REASON_NO_DATA));
}

static void test_other_sides_need_nothing_to_pass(void **state)
{
    struct scene scene;

    (void)state;
    start_two(&scene, EXPRESSION_AND);
    scene.rule.condition.nodes[3].side = SIDE_STABLE; /* "a > 5 and b of stable > 5" */
    fake_put(&scene.series, 112, 1, 0);
    assert_true(decides(&scene, 112500, VERDICT_PASS));
    fake_put(&scene.series, 112, 6, 0);
    assert_true(is_inconclusive(&scene, 112500, REASON_NO_BASELINE));
    scene.views[1].side[SIDE_STABLE] = &scene.other.view;
    fake_put(&scene.other, 112, 6, 0);
    assert_int_equal(deadline(&scene, 112500), 128001);
    assert_true(decides(&scene, 112500, VERDICT_FAIL));
}

static void test_absent_needs_no_data(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 10);
    scene.rule.condition = (struct expression){0};
    (void)fake_node(&scene.rule.condition, EXPRESSION_ABSENT);
    fake_put(&scene.series, 99, 1, 0);
    assert_true(is_inconclusive(&scene, 109999, REASON_WARMUP));
    assert_true(decides(&scene, 110000, VERDICT_PASS));
    assert_int_equal(deadline(&scene, 110000), 115001);
    assert_true(decides(&scene, 115001, VERDICT_FAIL));
}

static void test_declared_silence_fails_when_it_has_lasted(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 1);
    scene.rule.metrics[0].no_data = NO_DATA_FAIL;
    scene.series.view.trouble = SERIES_NO_DATA;
    assert_true(is_inconclusive(&scene, 115000, REASON_NO_DATA)); /* 15 s after the route */
    assert_int_equal(deadline(&scene, 115000), 115001);
    assert_int_equal(judge(&scene, 115001), VERDICT_FAIL);
    assert_int_equal(scene.judgement.reason, REASON_NO_DATA);
    fake_put(&scene.series, 110, 1, 0); /* ends at 111 s */
    assert_true(is_inconclusive(&scene, 126000, REASON_NO_DATA));
    assert_int_equal(deadline(&scene, 126000), 126001);
    assert_int_equal(judge(&scene, 126001), VERDICT_FAIL);
    scene.series.view.trouble = SERIES_ERROR; /* no answer is no silence */
    assert_true(is_inconclusive(&scene, 126001, REASON_SOURCE_ERROR));
    scene.series.view.trouble = SERIES_NO_DATA;
    scene.rule.condition.nodes[0].side = SIDE_STABLE; /* nor is that of another side */
    assert_true(is_inconclusive(&scene, 126001, REASON_NO_BASELINE));
    scene.rule.condition.nodes[0].side = SIDE_CANDIDATE;
    scene.views[0].side[SIDE_CANDIDATE] = NULL;
    assert_true(is_inconclusive(&scene, 126001, REASON_NO_DATA));
}

static void test_earliest_of_two_silences(void **state)
{
    struct scene scene;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        start_two(&scene, EXPRESSION_AND);
        scene.rule.metrics[0].no_data = scene.rule.metrics[1].no_data = NO_DATA_FAIL;
        scene.rule.metrics[turn].age_max_ms = 40000;
        scene.rule.metrics[1 - turn].age_max_ms = 30000;
        scene.series.view.trouble = scene.other.view.trouble = SERIES_NO_DATA;
        assert_int_equal(deadline(&scene, 120000), 130001);
        assert_true(is_inconclusive(&scene, 130000, REASON_NO_DATA));
        assert_int_equal(judge(&scene, 130001), VERDICT_FAIL);
    }
}

static void test_declared_silence_passes_unless_something_objects(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 1);
    scene.rule.metrics[0].no_data = NO_DATA_PASS;
    scene.series.view.trouble = SERIES_NO_DATA;
    assert_true(is_inconclusive(&scene, 109999, REASON_WARMUP));
    assert_int_equal(judge(&scene, 110000), VERDICT_PASS);
    assert_int_equal(scene.judgement.reason, REASON_NO_DATA);
    start_two(&scene, EXPRESSION_OR);
    scene.rule.metrics[0].no_data = NO_DATA_PASS;
    scene.series.view.trouble = SERIES_NO_DATA;
    assert_true(is_inconclusive(&scene, 112500, REASON_NO_DATA)); /* b is silent too, and declared nothing */
    scene.rule.metrics[1].no_data = NO_DATA_PASS;
    scene.other.view.trouble = SERIES_NO_DATA;
    assert_int_equal(judge(&scene, 112500), VERDICT_PASS);
}

static void test_declared_pass_hides_nothing(void **state)
{
    struct scene scene;

    (void)state;
    start_two(&scene, EXPRESSION_OR);
    scene.rule.metrics[0].no_data = NO_DATA_PASS;
    scene.series.view.trouble = SERIES_NO_DATA;
    fake_put(&scene.other, 112, 6, 0);
    assert_true(decides(&scene, 112500, VERDICT_FAIL));
    scene.other.view.trouble = SERIES_ERROR;
    assert_true(is_inconclusive(&scene, 112500, REASON_SOURCE_ERROR));
    scene.other.view.trouble = SERIES_FINE;
    fake_put(&scene.other, 112, 1, 0);
    assert_int_equal(judge(&scene, 112500), VERDICT_PASS);
    scene.rule.condition.timer_count = 1; /* b > 5 is true, but not yet for as long as it must */
    scene.rule.condition.count--;
    fake_node(&scene.rule.condition, EXPRESSION_FOR)->span_ms = 10000;
    (void)fake_node(&scene.rule.condition, EXPRESSION_OR);
    fake_put(&scene.other, 112, 6, 0);
    assert_true(is_inconclusive(&scene, 112500, REASON_PENDING));
}

static void test_declared_zero_is_a_value(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, 5, 10);
    scene.rule.metrics[0].no_data = NO_DATA_ZERO;
    scene.series.view.trouble = SERIES_NO_DATA;
    assert_true(decides(&scene, 110000, VERDICT_PASS));
    assert_true(scene.judgement.value == 0 && scene.judgement.bound == 5);
    scene.rule.condition.nodes[1].number = -1;
    assert_true(decides(&scene, 110000, VERDICT_FAIL));
}

/* S4: whatever is taken away from data on which the trigger passes, it passes no more. */
static void test_no_data_is_never_a_pass(void **state)
{
    static const enum series_kind kinds[] = {SERIES_GAUGE, SERIES_COUNT};
    static const enum series_trouble troubles[] = {SERIES_LOADING, SERIES_ERROR, SERIES_NO_DATA,
                                                   SERIES_AMBIGUOUS, SERIES_NOT_FINITE};
    struct scene scene;

    (void)state;
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
        start(&scene, kinds[kind], 5, kinds[kind] == SERIES_GAUGE ? 10 : 100);
        assert_int_equal(judge(&scene, 119500), VERDICT_INCONCLUSIVE);
        fake_fill(&scene.series, 100, 119, 0, 10);
        assert_true(decides(&scene, 119500, VERDICT_PASS));
        for (size_t trouble = 0; trouble < ARRAY_LENGTH(troubles); trouble++) {
            scene.series.view.trouble = troubles[trouble];
            assert_int_equal(judge(&scene, 119500), VERDICT_INCONCLUSIVE);
        }
        scene.series.view.trouble = SERIES_FINE;
        assert_int_equal(judge(&scene, 140000), VERDICT_INCONCLUSIVE); /* stale */
        for (int64_t lost = 110; lost < 119; lost++) { /* exactly `need` since the warm-up: each counts */
            struct series_step kept = scene.series.ring[lost];

            scene.series.ring[lost].total = SERIES_GAP;
            assert_true(is_inconclusive(&scene, 119500, REASON_TOO_FEW));
            scene.series.ring[lost] = kept;
        }
        scene.series.ring[115].total = SERIES_GAP;
        assert_int_equal(judge(&scene, 119500), VERDICT_INCONCLUSIVE);
        scene.series.view.newest_step = SERIES_NEVER;
        assert_int_equal(judge(&scene, 119500), VERDICT_INCONCLUSIVE);
        scene.views[0].side[SIDE_CANDIDATE] = NULL;
        assert_int_equal(judge(&scene, 119500), VERDICT_INCONCLUSIVE);
    }
}

/* A number that is none, in any step that counts, never gives a pass and never a fail. */
static void test_nan_is_never_a_pass(void **state)
{
    static const enum expression_op ops[] = {EXPRESSION_VALUE, EXPRESSION_AVG, EXPRESSION_MAX,
                                             EXPRESSION_SUM};
    struct scene scene;

    (void)state;
    for (size_t op = 0; op < ARRAY_LENGTH(ops); op++) {
        for (int64_t step = 110; step <= 119; step++) {
            for (int field = 0; field < 2; field++) {
                start(&scene, SERIES_COUNT, op == 3 ? 50 : 0.5, 100);
                scene.rule.condition.nodes[0].op = ops[op];
                scene.rule.condition.nodes[0].span_ms = 10000;
                fake_fill(&scene.series, 110, 119, 1, 10);
                assert_true(decides(&scene, 119500, VERDICT_PASS));
                fake_put(&scene.series, step, field == 0 ? NAN : 1, field == 0 ? 10 : NAN);
                assert_true(is_inconclusive(&scene, 119500, REASON_NOT_FINITE));
            }
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_counts_before_the_route),
        cmocka_unit_test(test_fails_on_need_since_the_route),
        cmocka_unit_test(test_passes_on_need_since_the_warmup),
        cmocka_unit_test(test_gauges_count_values),
        cmocka_unit_test(test_for_is_pending_then_fails),
        cmocka_unit_test(test_state_is_copied_or_changed_in_place),
        cmocka_unit_test(test_every_metric_read_needs_its_data_to_pass),
        cmocka_unit_test(test_other_sides_need_nothing_to_pass),
        cmocka_unit_test(test_absent_needs_no_data),
        cmocka_unit_test(test_declared_silence_fails_when_it_has_lasted),
        cmocka_unit_test(test_earliest_of_two_silences),
        cmocka_unit_test(test_declared_silence_passes_unless_something_objects),
        cmocka_unit_test(test_declared_pass_hides_nothing),
        cmocka_unit_test(test_declared_zero_is_a_value),
        cmocka_unit_test(test_no_data_is_never_a_pass),
        cmocka_unit_test(test_nan_is_never_a_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
