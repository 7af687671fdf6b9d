/* test_expression.c - arithmetic, three-valued logic, `for` and `in N of M checks`.
 * SPDX-License-Identifier: MIT */
#include "judge/expression.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Extract 0 is 1, extract 1 is 0, what lies beyond is unknown. */
static const double extracts[] = {1, 0, NAN, INFINITY};

static struct operand evaluate(const struct expression *expression, struct judgement *ret_judgement)
{
    const struct expression_input input = {.extracts = extracts, .extract_count = ARRAY_LENGTH(extracts)};

    return expression_evaluate(expression, &input, NULL, ret_judgement);
}

static void add_extract(struct expression *expression, uint8_t index)
{
    fake_node(expression, EXPRESSION_EXTRACT)->index = index;
}

static const struct {
    enum expression_op op;
    double left, right, result;
} calculations[] = {
    {EXPRESSION_ADD, 7, 2, 9},           {EXPRESSION_SUBTRACT, 7, 2, 5},
    {EXPRESSION_MULTIPLY, 7, 2, 14},     {EXPRESSION_DIVIDE, 7, 2, 3.5},
    {EXPRESSION_LESS, 1, 2, 1},          {EXPRESSION_LESS, 2, 2, 0},
    {EXPRESSION_LESS_EQUAL, 2, 2, 1},    {EXPRESSION_LESS_EQUAL, 3, 2, 0},
    {EXPRESSION_GREATER, 3, 2, 1},       {EXPRESSION_GREATER, 2, 2, 0},
    {EXPRESSION_GREATER_EQUAL, 2, 2, 1}, {EXPRESSION_GREATER_EQUAL, 1, 2, 0},
    {EXPRESSION_EQUAL, 2, 2, 1},         {EXPRESSION_EQUAL, 1, 2, 0},
    {EXPRESSION_NOT_EQUAL, 1, 2, 1},     {EXPRESSION_NOT_EQUAL, 2, 2, 0},
};

static void test_numbers_are_calculated_and_compared(void **state)
{
    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(calculations); index++) {
        struct expression expression = {0};
        struct judgement judgement = {0};

        fake_number(&expression, calculations[index].left);
        fake_number(&expression, calculations[index].right);
        (void)fake_node(&expression, calculations[index].op);
        struct operand result = evaluate(&expression, &judgement);
        assert_true(result.is_known && result.number == calculations[index].result);
        if (calculations[index].op >= EXPRESSION_LESS)
            assert_true(judgement.value == calculations[index].left &&
                        judgement.bound == calculations[index].right);
        else
            assert_true(isnan(judgement.value) && isnan(judgement.bound));
    }
}

static void test_numbers_that_are_not_finite_never_compare(void **state)
{
    static const double divisors[] = {0, -0.0, 1e-320};
    struct judgement judgement;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(divisors); index++) {
        struct expression expression = {0};

        fake_number(&expression, 1e10);
        fake_number(&expression, divisors[index]);
        (void)fake_node(&expression, EXPRESSION_DIVIDE);
        fake_number(&expression, 5);
        (void)fake_node(&expression, EXPRESSION_GREATER);
        struct operand result = evaluate(&expression, &judgement);
        assert_false(result.is_known);
        assert_int_equal(result.reason, REASON_NOT_FINITE);
        assert_true(isnan(result.number) && isnan(judgement.value));
    }
}

/* Unknown on either side, of either kind of operation, is unknown with its own reason. */
static void test_unknown_operands(void **state)
{
    static const enum expression_op ops[] = {EXPRESSION_ADD, EXPRESSION_LESS};

    (void)state;
    for (size_t index = 0; index < 2 * ARRAY_LENGTH(ops); index++) {
        struct expression expression = {0};
        struct judgement judgement;

        add_extract(&expression, index % 2 == 0 ? 2 : 0);
        add_extract(&expression, index % 2 == 0 ? 0 : 3);
        (void)fake_node(&expression, ops[index / 2]);
        struct operand result = evaluate(&expression, &judgement);
        assert_false(result.is_known);
        assert_int_equal(result.reason, REASON_NO_DATA);
        assert_true(isnan(judgement.value));
    }
}

enum { FALSE, TRUE, UNKNOWN };

static const struct {
    int left, right, both, either;
} truths[] = {
    {FALSE, FALSE, FALSE, FALSE},   {FALSE, TRUE, FALSE, TRUE},       {TRUE, FALSE, FALSE, TRUE},
    {TRUE, TRUE, TRUE, TRUE},       {FALSE, UNKNOWN, FALSE, UNKNOWN}, {UNKNOWN, FALSE, FALSE, UNKNOWN},
    {TRUE, UNKNOWN, UNKNOWN, TRUE}, {UNKNOWN, TRUE, UNKNOWN, TRUE},   {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
};

static int logic(enum expression_op op, int left, int right)
{
    static const uint8_t extract_of[] = {[FALSE] = 1, [TRUE] = 0, [UNKNOWN] = 2};
    struct expression expression = {0};
    struct judgement judgement;

    add_extract(&expression, extract_of[left]);
    if (op != EXPRESSION_NOT)
        add_extract(&expression, extract_of[right]);
    (void)fake_node(&expression, op);
    struct operand result = evaluate(&expression, &judgement);
    if (!result.is_known)
        return UNKNOWN;
    assert_true(result.number == 0 || result.number == 1);
    return result.number == 1 ? TRUE : FALSE;
}

static void test_logic_is_kleenes(void **state)
{
    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(truths); index++) {
        assert_int_equal(logic(EXPRESSION_AND, truths[index].left, truths[index].right), truths[index].both);
        assert_int_equal(logic(EXPRESSION_OR, truths[index].left, truths[index].right), truths[index].either);
    }
    assert_int_equal(logic(EXPRESSION_NOT, TRUE, 0), FALSE);
    assert_int_equal(logic(EXPRESSION_NOT, FALSE, 0), TRUE);
    assert_int_equal(logic(EXPRESSION_NOT, UNKNOWN, 0), UNKNOWN);
}

/* Which reason is told where several parts are unknown: 1/0 is NOT_FINITE, a missing extract NO_DATA. */
static enum reason reason_of(enum expression_op op, bool silent_left, bool silent_right)
{
    const bool is_silent[] = {silent_left, silent_right};
    struct expression expression = {0};
    struct judgement judgement;

    for (size_t side = 0; side < 2; side++) {
        if (is_silent[side]) {
            add_extract(&expression, 2);
            continue;
        }
        fake_number(&expression, 1);
        fake_number(&expression, 0);
        (void)fake_node(&expression, EXPRESSION_DIVIDE);
    }
    (void)fake_node(&expression, op);
    struct operand result = evaluate(&expression, &judgement);
    assert_false(result.is_known);
    return result.reason;
}

static void test_reason_of_two_unknowns(void **state)
{
    (void)state;
    /* Numbers: silence first, as it may be declared to mean something for the whole comparison. */
    assert_int_equal(reason_of(EXPRESSION_LESS, true, false), REASON_NO_DATA);
    assert_int_equal(reason_of(EXPRESSION_LESS, false, true), REASON_NO_DATA);
    assert_int_equal(reason_of(EXPRESSION_LESS, false, false), REASON_NOT_FINITE);
    /* Conditions: silence of the one must not hide the trouble of the other. */
    assert_int_equal(reason_of(EXPRESSION_AND, true, false), REASON_NOT_FINITE);
    assert_int_equal(reason_of(EXPRESSION_OR, false, true), REASON_NOT_FINITE);
    assert_int_equal(reason_of(EXPRESSION_OR, true, true), REASON_NO_DATA);
}

static void test_extracts_beyond_the_last_are_unknown(void **state)
{
    struct expression expression = {0};
    struct judgement judgement;

    (void)state;
    add_extract(&expression, ARRAY_LENGTH(extracts));
    assert_false(evaluate(&expression, &judgement).is_known);
}

/* A condition over one gauge, and its timers, at times of the test's choosing. */
struct timed {
    struct fake_series series;
    struct metric_views views;
    struct rule_metric metric;
    struct expression expression;
    struct expression_timer timers[EXPRESSION_TIMERS_MAX];
};

static void start_timed(struct timed *timed)
{
    memset(timed, 0, sizeof(*timed));
    fake_start(&timed->series, SERIES_GAUGE, 1000, 60);
    timed->views.side[SIDE_CANDIDATE] = &timed->series.view;
    timed->metric.age_max_ms = 15000;
    timed->expression.timer_count = 1;
    fake_greater(&timed->expression, 5);
}

static struct operand evaluate_at(struct timed *timed, int64_t now_ms)
{
    const struct expression_input input = {.views = &timed->views,
                                           .metrics = &timed->metric,
                                           .metric_count = 1,
                                           .now_ms = now_ms,
                                           .from_ms = SERIES_NEVER};
    struct judgement judgement;

    return expression_evaluate(&timed->expression, &input, timed->timers, &judgement);
}

/* A value in the step of this time; NAN: none comes, and the source says so. */
static int value_at(struct timed *timed, int64_t now_ms, double value)
{
    timed->series.view.trouble = isnan(value) ? SERIES_ERROR : SERIES_FINE;
    if (!isnan(value))
        fake_put(&timed->series, now_ms / 1000, value, 0);
    struct operand result = evaluate_at(timed, now_ms);
    if (!result.is_known)
        return result.reason == REASON_PENDING ? -1 : -2;
    return result.number != 0;
}

enum { PENDING = -1, GAP = -2 };

static void start_for(struct timed *timed, int64_t span_ms)
{
    start_timed(timed);
    fake_node(&timed->expression, EXPRESSION_FOR)->span_ms = span_ms;
}

static void test_for_fires_to_the_millisecond(void **state)
{
    struct timed timed;

    (void)state;
    start_for(&timed, 10000);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), INT64_MAX);
    assert_int_equal(value_at(&timed, 2500, 6), PENDING);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), 12500);
    assert_int_equal(value_at(&timed, 8000, 6), PENDING);
    assert_false(evaluate_at(&timed, 12499).is_known);
    assert_true(evaluate_at(&timed, 12500).is_known); /* no new value is needed */
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), INT64_MAX);
    assert_int_equal(value_at(&timed, 30000, 6), 1);
}

static void test_for_starts_anew_after_a_known_false(void **state)
{
    struct timed timed;

    (void)state;
    start_for(&timed, 10000);
    assert_int_equal(value_at(&timed, 1000, 6), PENDING);
    assert_int_equal(value_at(&timed, 10000, 5), 0);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), INT64_MAX);
    assert_int_equal(value_at(&timed, 11000, 6), PENDING);
    assert_int_equal(value_at(&timed, 20000, 6), PENDING);
    assert_int_equal(value_at(&timed, 21000, 6), 1);
    assert_int_equal(value_at(&timed, 22000, 4), 0);
    assert_int_equal(value_at(&timed, 23000, 6), PENDING);
}

static void test_a_gap_neither_counts_nor_resets_a_for(void **state)
{
    struct timed timed;

    (void)state;
    start_for(&timed, 10000);
    assert_int_equal(value_at(&timed, 500, NAN), GAP); /* before it ran */
    assert_int_equal(value_at(&timed, 1000, 6), PENDING);
    assert_int_equal(value_at(&timed, 4000, 6), PENDING); /* 3 s */
    assert_int_equal(value_at(&timed, 6000, NAN), GAP);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), INT64_MAX);
    assert_int_equal(value_at(&timed, 50000, NAN), GAP); /* never fires on unknown */
    assert_int_equal(value_at(&timed, 60000, 6), PENDING);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), 67000);
    assert_int_equal(value_at(&timed, 66999, 6), PENDING);
    assert_int_equal(value_at(&timed, 67000, 6), 1);
    assert_int_equal(value_at(&timed, 68000, NAN), GAP);
    assert_int_equal(value_at(&timed, 90000, 6), 1); /* what it ran before the gap is not lost */
}

static void test_earliest_deadline_of_several_timers(void **state)
{
    struct timed timed;

    (void)state;
    start_for(&timed, 10000);
    fake_greater(&timed.expression, 4);
    struct expression_node *second = fake_node(&timed.expression, EXPRESSION_FOR);
    second->span_ms = 30000;
    second->timer = 1;
    (void)fake_node(&timed.expression, EXPRESSION_OR);
    assert_int_equal(value_at(&timed, 1000, 5), PENDING); /* the second alone */
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), 31000);
    assert_int_equal(value_at(&timed, 2000, 6), PENDING);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), 12000);
    assert_int_equal(value_at(&timed, 12000, 6), 1);
    assert_int_equal(expression_deadline(&timed.expression, timed.timers), 31000);
}

static void start_checks(struct timed *timed, uint8_t least, uint8_t of)
{
    start_timed(timed);
    struct expression_node *node = fake_node(&timed->expression, EXPRESSION_CHECKS);
    node->least = least;
    node->index = of;
}

static void test_checks_count_one_per_step(void **state)
{
    struct timed timed;

    (void)state;
    start_checks(&timed, 2, 3);
    assert_int_equal(value_at(&timed, 1000, 6), PENDING);
    assert_int_equal(value_at(&timed, 1500, 7), PENDING); /* the same step: not a second check */
    assert_int_equal(value_at(&timed, 1600, 5), PENDING); /* the step's value is the last one: false */
    assert_int_equal(value_at(&timed, 2000, 6), PENDING);
    assert_int_equal(value_at(&timed, 3000, 5), 0); /* 1 of 3 */
    assert_int_equal(value_at(&timed, 4000, 6), 1); /* true, false, true */
    assert_int_equal(value_at(&timed, 5000, 5), 0);
    assert_int_equal(timed.timers[0].seen, 5);
}

static void test_checks_decide_as_soon_as_they_can(void **state)
{
    struct timed timed;

    (void)state;
    start_checks(&timed, 3, 5);
    assert_int_equal(value_at(&timed, 1000, 5), PENDING);
    assert_int_equal(value_at(&timed, 2000, 5), PENDING);
    assert_int_equal(value_at(&timed, 3000, 5), 0); /* two more could not make three */
    start_checks(&timed, 2, 64);
    assert_int_equal(value_at(&timed, 1000, 6), PENDING);
    assert_int_equal(value_at(&timed, 2000, 6), 1); /* two of the next 62 more do not matter */
}

static void test_checks_skip_what_is_unknown(void **state)
{
    struct timed timed;

    (void)state;
    start_checks(&timed, 2, 2);
    assert_int_equal(value_at(&timed, 1000, 6), PENDING);
    assert_int_equal(value_at(&timed, 2000, NAN), GAP);
    assert_int_equal(value_at(&timed, 9000, 6), 1); /* two known ones in a row */
    assert_int_equal(value_at(&timed, 10000, NAN), GAP);
}

static void test_checks_remember_64(void **state)
{
    struct timed timed;

    (void)state;
    start_checks(&timed, 64, 64);
    for (int64_t step = 1; step <= 70; step++)
        assert_int_equal(value_at(&timed, step * 1000, 6), step < 64 ? PENDING : 1);
    assert_int_equal(value_at(&timed, 71000, 1), 0);
    for (int64_t step = 72; step < 135; step++)
        assert_int_equal(value_at(&timed, step * 1000, 6), 0);
    assert_int_equal(value_at(&timed, 135000, 6), 1);
    assert_int_equal(timed.timers[0].seen, 64);
}

/* A step of either series is a check; series of different resolution have different step numbers. */
static void test_checks_over_two_series(void **state)
{
    struct timed timed;
    struct fake_series slow;
    struct metric_views views[2];
    const struct rule_metric metrics[2] = {{.age_max_ms = 60000}, {.age_max_ms = 60000}};
    struct judgement judgement;
    struct expression_input input = {
        .views = views, .metrics = metrics, .metric_count = 2, .from_ms = SERIES_NEVER};

    (void)state;
    start_timed(&timed);
    fake_node(&timed.expression, EXPRESSION_VALUE)->metric = 1;
    fake_number(&timed.expression, 5);
    (void)fake_node(&timed.expression, EXPRESSION_GREATER);
    (void)fake_node(&timed.expression, EXPRESSION_AND);
    struct expression_node *node = fake_node(&timed.expression, EXPRESSION_CHECKS);
    node->least = 1;
    node->index = 4;
    fake_start(&slow, SERIES_GAUGE, 10000, 10);
    views[0] = timed.views;
    views[1] = (struct metric_views){.side = {&slow.view}};
    fake_put(&slow, 2, 6, 0); /* from 20 s on */
    fake_put(&timed.series, 19, 5, 0);
    input.now_ms = 20500;
    (void)expression_evaluate(&timed.expression, &input, timed.timers, &judgement);
    assert_int_equal(timed.timers[0].seen, 1);
    fake_put(&timed.series, 20, 5, 0); /* begins when slow's began: the same check */
    (void)expression_evaluate(&timed.expression, &input, timed.timers, &judgement);
    assert_int_equal(timed.timers[0].seen, 1);
    fake_put(&timed.series, 21, 5, 0);
    (void)expression_evaluate(&timed.expression, &input, timed.timers, &judgement);
    assert_int_equal(timed.timers[0].seen, 2);
    fake_put(&slow, 3, 6, 0);
    (void)expression_evaluate(&timed.expression, &input, timed.timers, &judgement);
    assert_int_equal(timed.timers[0].seen, 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_calculated_and_compared),
        cmocka_unit_test(test_numbers_that_are_not_finite_never_compare),
        cmocka_unit_test(test_unknown_operands),
        cmocka_unit_test(test_logic_is_kleenes),
        cmocka_unit_test(test_reason_of_two_unknowns),
        cmocka_unit_test(test_extracts_beyond_the_last_are_unknown),
        cmocka_unit_test(test_for_fires_to_the_millisecond),
        cmocka_unit_test(test_for_starts_anew_after_a_known_false),
        cmocka_unit_test(test_a_gap_neither_counts_nor_resets_a_for),
        cmocka_unit_test(test_earliest_deadline_of_several_timers),
        cmocka_unit_test(test_checks_count_one_per_step),
        cmocka_unit_test(test_checks_decide_as_soon_as_they_can),
        cmocka_unit_test(test_checks_skip_what_is_unknown),
        cmocka_unit_test(test_checks_remember_64),
        cmocka_unit_test(test_checks_over_two_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
