/* test_scorecard.c - group scores, weights, what overrules them, verdicts.
 * SPDX-License-Identifier: MIT */
#include "judge/scorecard.h"

#include "base/attributes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define P CLASSIFICATION_PASS
#define H CLASSIFICATION_HIGH
#define L CLASSIFICATION_LOW
#define N CLASSIFICATION_NODATA
#define F CLASSIFICATION_NODATA_FAIL
#define E CLASSIFICATION_ERROR

enum { METRICS_MAX = 6 };

struct card {
    const char *what;
    size_t metric_count;
    struct scorecard_metric metrics[METRICS_MAX];
    double weights[3];
    double score;
    enum scorecard_verdict verdict;
    double groups[3];
};

static const struct card cards[] = {
    {"all pass",
     3,
     {{1, P, 0, 0}, {1, P, 0, 0}, {2, P, 0, 0}},
     {NAN, NAN, NAN},
     100,
     SCORECARD_PASS,
     {100, 100, NAN}},
    {"one of three high",
     3,
     {{1, P, 0, 0}, {1, H, 0, 0}, {1, P, 0, 0}},
     {NAN, NAN, NAN},
     66.67,
     SCORECARD_FAIL,
     {66.666666666666671, NAN, NAN}},
    {"low and missing count too",
     4,
     {{1, P, 0, 0}, {1, L, 0, 0}, {1, F, 0, 0}, {1, P, 0, 0}},
     {NAN, NAN, NAN},
     50,
     SCORECARD_FAIL,
     {50, NAN, NAN}},
    {"weights",
     3,
     {{1, P, 0, 0}, {2, H, 0, 0}, {4, P, 0, 0}},
     {70, 20, NAN},
     80,
     SCORECARD_MARGINAL,
     {100, 0, 100}},
    {"the rest is shared",
     3,
     {{1, P, 0, 0}, {2, H, 0, 0}, {4, P, 0, 0}},
     {50, NAN, NAN},
     75,
     SCORECARD_MARGINAL,
     {100, 0, 100}},
    {"a weighted group without metrics caps it",
     1,
     {{1, P, 0, 0}},
     {50, 50, NAN},
     50,
     SCORECARD_FAIL,
     {100, NAN, NAN}},
    {"weights of more than all",
     2,
     {{1, P, 0, 0}, {2, P, 0, 0}},
     {100, 50, NAN},
     150,
     SCORECARD_PASS,
     {100, 100, NAN}},
    {"in two groups at once",
     2,
     {{3, H, 0, 0}, {1, P, 0, 0}},
     {NAN, NAN, NAN},
     25,
     SCORECARD_FAIL,
     {50, 0, NAN}},
    {"a group without anything to count",
     3,
     {{1, P, 0, 0}, {1, P, 0, 0}, {2, N, 0, 0}},
     {NAN, NAN, NAN},
     100,
     SCORECARD_PASS,
     {100, 0, NAN}},
    {"an error is no failure",
     2,
     {{1, P, 0, 0}, {2, E, 0, 0}},
     {NAN, NAN, NAN},
     100,
     SCORECARD_PASS,
     {100, 0, NAN}},
    {"muted",
     3,
     {{1, P, 0, 0}, {1, H, 1, 1}, {2, H, 0, 1}},
     {NAN, NAN, NAN},
     100,
     SCORECARD_PASS,
     {100, NAN, NAN}},
    {"all muted", 1, {{1, P, 0, 1}}, {NAN, NAN, NAN}, 0, SCORECARD_FAIL, {NAN, NAN, NAN}},
    {"in no group", 1, {{0, P, 0, 0}}, {NAN, NAN, NAN}, 0, SCORECARD_FAIL, {NAN, NAN, NAN}},
    {"nothing", 0, {{0}}, {NAN, NAN, NAN}, 0, SCORECARD_FAIL, {NAN, NAN, NAN}},
    {"critical",
     3,
     {{1, P, 0, 0}, {1, P, 1, 0}, {2, L, 1, 0}},
     {90, 10, NAN},
     0,
     SCORECARD_FAIL,
     {100, 0, NAN}},
    {"a critical metric without data",
     3,
     {{1, P, 0, 0}, {1, P, 0, 0}, {2, N, 1, 0}},
     {90, 10, NAN},
     0,
     SCORECARD_FAIL,
     {100, 0, NAN}},
    {"half without data",
     4,
     {{1, P, 0, 0}, {1, P, 0, 0}, {2, N, 0, 0}, {2, N, 0, 0}},
     {NAN, NAN, NAN},
     0,
     SCORECARD_FAIL,
     {100, 0, NAN}},
    {"less than half without data",
     3,
     {{1, P, 0, 0}, {1, P, 0, 0}, {1, N, 0, 0}},
     {NAN, NAN, NAN},
     100,
     SCORECARD_PASS,
     {100, NAN, NAN}},
};

static bool is_same(double left, double right)
{
    return left == right || (isnan(left) && isnan(right));
}

static void test_cards(void **state)
{
    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(cards); at++) {
        const struct card *card = &cards[at];
        struct scorecard scorecard = {.group_count = 3, .pass = 95, .marginal = 75};
        struct scorecard_answer answer;

        memcpy(scorecard.weights, card->weights, sizeof(card->weights));
        scorecard_run(&scorecard, card->metrics, card->metric_count, &answer);
        if (answer.score != card->score || answer.verdict != card->verdict)
            fail_msg("%s: %g, %s", card->what, answer.score, scorecard_verdict_name(answer.verdict));
        for (int group = 0; group < 3; group++)
            if (!is_same(answer.groups[group], card->groups[group]))
                fail_msg("%s: group %d is %g", card->what, group, answer.groups[group]);
    }
}

static void test_thresholds_are_inclusive(void **state)
{
    static const struct scorecard_metric metrics[] = {{1, P, 0, 0}, {1, P, 0, 0}, {1, P, 0, 0}, {1, H, 0, 0}};
    struct scorecard scorecard = {.group_count = 1, .weights = {NAN}, .pass = 75, .marginal = 75};
    struct scorecard_answer answer;

    (void)state;
    scorecard_run(&scorecard, metrics, 4, &answer);
    assert_int_equal(answer.verdict, SCORECARD_PASS);
    scorecard.pass = 75.01;
    scorecard_run(&scorecard, metrics, 4, &answer);
    assert_int_equal(answer.verdict, SCORECARD_MARGINAL);
    scorecard.marginal = 75.01;
    scorecard_run(&scorecard, metrics, 4, &answer);
    assert_int_equal(answer.verdict, SCORECARD_FAIL);
    assert_string_equal(scorecard_verdict_name(answer.verdict), "fail");
}

/* Half up, although 66.665 has no exact double. */
static void test_rounding(void **state)
{
    static const struct scorecard_metric metrics[] = {{1, P, 0, 0}, {2, P, 0, 0}, {2, H, 0, 0}};
    struct scorecard scorecard = {.group_count = 2, .weights = {33.33, 66.67}, .pass = 95, .marginal = 75};
    struct scorecard_answer answer;

    (void)state;
    scorecard_run(&scorecard, metrics, 3, &answer);
    assert_true(answer.score == 66.67); /* 66.665 */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_thresholds_are_inclusive),
        cmocka_unit_test(test_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
