/* test_rejudge.c - values of the past through windows and judge, and what their verdicts add up to.
 * SPDX-License-Identifier: MIT */
#include "cli/schemas.h"
#include "cli/tally.h"
#include "config/config.h"
#include "io/memory.h"
#include "support/folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { START_MS = 120 * 1000 * 1000, DAY_MS = 24 * 3600 * 1000, STEPS = 120, ROUTED_MS = START_MS + 20500 };

static const char rules_text[] =
    "metrics: { lag: { source = \"mqtt:plant\"; kind = \"gauge\"; topic = \"t/{{slot}}\"; value = \".l\"; "
    "better = \"lower\"; };\n"
    "hits: { source = \"prometheus:main\"; kind = \"counter\"; every = \"1s\"; events = \"e{s='{{slot}}'}\"; "
    "total = \"t{s='{{slot}}'}\"; };\n"
    "slow: { source = \"prometheus:main\"; kind = \"histogram\"; every = \"1s\"; unit = \"s\"; "
    "buckets = \"b{s='{{slot}}'}\"; }; };\n"
    "triggers: { high: { when = \"lag > 10 for 5s\"; then = \"rollback\"; };\n"
    "grown: { when = \"lag > before + 100%\"; then = \"hold\"; };\n"
    "errors: { when = \"hits > 50%\"; need = \"10 requests\"; then = \"rollback\"; };\n"
    "tail: { when = \"quantile(slow, 95%, 10s) > 1s\"; then = \"rollback\"; mode = \"record\"; }; };\n"
    "baselines: { past: { against = [ \"before\" ]; every = \"1s\"; block = \"2s\"; need = \"5 requests\"; "
    "compare: { "
    "hits: { allow = \"+50%\"; }; }; };\n"
    "days: { against = [ \"1d\" ]; compare: { hits: { }; }; }; };\n"
    "strategies: { s: { kind = \"canary\"; steps = ( { route = \"100%\"; watch = \"1m\"; } ); }; };\n"
    "services: { shop: { rules: { triggers = [ \"high\", \"grown\", \"errors\", \"tail\" ]; "
    "baselines = [ \"past\", \"days\" ]; };\n"
    "environments: { prod: { strategy = \"s\"; traffic = \"haproxy:edge\"; backend = \"shop\";\n"
    "slots: { blue: { servers = [ \"b\" ]; }; green: { servers = [ \"g\" ]; }; }; }; }; }; };\n";

struct scene {
    struct option_schemas *schemas;
    struct config *config;
    struct definition *definition;
    struct past past;
    struct rejudged rules[PLAN_RULES_MAX];
    uint32_t judged;
};

static int set_up(void **state)
{
    static struct scene scene;
    struct folder folder = folder_make();
    struct config_report *report = memory_take(sizeof(*report));
    struct err err = {0};
    char path[FOLDER_PATH_MAX];

    folder_write(&folder, "x.rules", rules_text);
    const char *files[] = {folder_path(&folder, "x.rules", path)};
    scene = (struct scene){.schemas = schemas_new()};
    scene.config = config_read_files(files, 1, scene.schemas, report);
    if (report->count > 0)
        fail_msg("%u: %s", report->findings[0].line, report->findings[0].text);
    scene.definition = config_resolve(scene.config, "shop", "prod", NULL, false, &err);
    if (scene.definition == NULL)
        fail_msg("%s", err.text);
    folder_remove(&folder);
    free(report);
    past_init(&scene.past, scene.definition);
    scene.past.routed_ms = ROUTED_MS;
    scene.past.until_ms = START_MS + STEPS * 1000 - 500;
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    past_done(&scene->past);
    definition_free(scene->definition);
    config_free(scene->config);
    free(scene->schemas);
    return 0;
}

static size_t metric_of(const struct scene *scene, const char *name)
{
    for (size_t m = 0; m < scene->definition->metric_count; m++)
        if (strcmp(scene->definition->metrics[m].name, name) == 0)
            return m;
    fail_msg("no metric %s", name);
    return 0;
}

static size_t rule_of(const struct scene *scene, const char *name)
{
    for (size_t r = 0; r < scene->definition->rule_count; r++)
        if (strcmp(scene->definition->rules[r].name, name) == 0)
            return r;
    fail_msg("no rule %s", name);
    return 0;
}

static double *take(struct scene *scene, const char *metric, enum expression_side side)
{
    size_t index = metric_of(scene, metric);
    double *values = NULL;

    assert_true(past_take_values(&scene->past, index, side, START_MS, START_MS + STEPS * 1000, &values));
    scene->past.gaps[index] = PAST_COMPLETE;
    return values;
}

static const struct rejudged *judge(struct scene *scene, const char *rule)
{
    struct err err = {0};

    if (!past_judge(&scene->past, scene->rules, &scene->judged, &err))
        fail_msg("%s", err.text);
    assert_true((scene->judged >> rule_of(scene, rule) & 1) != 0);
    return &scene->rules[rule_of(scene, rule)];
}

static void test_a_span_is_over_when_it_was(void **state)
{
    struct scene *scene = *state;
    double *lag = take(scene, "lag", SIDE_CANDIDATE);

    for (int i = 0; i < STEPS; i++)
        lag[i] = i >= 50 ? 20 : 1;
    const struct rejudged *high = judge(scene, "high");
    assert_int_equal(high->judgement.verdict, VERDICT_FAIL);
    assert_int_equal(high->at_ms, START_MS + 51000 + 5000); /* the step's end, and five seconds */
    assert_true(high->judgement.value == 20 && high->judgement.bound == 10);
}

static void test_what_was_before_the_route_does_not_fail(void **state)
{
    struct scene *scene = *state;
    double *lag = take(scene, "lag", SIDE_CANDIDATE);

    for (int i = 0; i < STEPS; i++)
        lag[i] = i < 20 ? 20 : 1;
    assert_int_equal(judge(scene, "high")->judgement.verdict, VERDICT_PASS);
}

/* As live: what stable itself would fire for is no fault from the moment on that a person called it bad. */
static void test_a_stable_that_was_called_bad(void **state)
{
    struct scene *scene = *state;
    double *lag = take(scene, "lag", SIDE_CANDIDATE);
    double *stable = take(scene, "lag", SIDE_STABLE);

    for (int i = 0; i < STEPS; i++) {
        lag[i] = 20;
        stable[i] = 30;
    }
    assert_int_equal(judge(scene, "high")->judgement.verdict, VERDICT_FAIL);
    scene->past.mark_count = 1;
    scene->past.marks[0] = (struct rejudge_mark){.at_ms = START_MS, .calls_stable_bad = true};
    const struct rejudged *high = judge(scene, "high");
    assert_int_equal(high->judgement.verdict, VERDICT_PASS);
    assert_int_equal(high->judgement.reason, REASON_NOT_WORSE);
    for (int i = 100; i < STEPS; i++)
        stable[i] = 1; /* stable gets well, and it does not */
    assert_int_equal(judge(scene, "high")->judgement.verdict, VERDICT_FAIL);
    for (int i = 0; i < STEPS; i++)
        stable[i] = 30;
    scene->past.marks[0].at_ms = ROUTED_MS + 20000; /* said too late */
    assert_int_equal(judge(scene, "high")->judgement.verdict, VERDICT_FAIL);
}

static void test_gaps_prove_nothing(void **state)
{
    struct scene *scene = *state;
    double *lag = take(scene, "lag", SIDE_CANDIDATE);

    for (int i = 0; i < 60; i++)
        lag[i] = 1;
    const struct rejudged *high = judge(scene, "high");
    assert_int_equal(high->judgement.verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(high->judgement.reason, REASON_STALE);
}

static void test_before_is_a_fixed_reading(void **state)
{
    struct scene *scene = *state;
    double *lag = take(scene, "lag", SIDE_CANDIDATE);
    double *before = take(scene, "lag", SIDE_BEFORE);

    for (int i = 0; i < STEPS; i++) {
        lag[i] = i < 60 ? 3 : 5;
        before[i] = i < 20 ? 2 : 100; /* what comes after the route is not before */
    }
    const struct rejudged *grown = judge(scene, "grown");
    assert_int_equal(grown->judgement.verdict, VERDICT_FAIL);
    assert_int_equal(grown->at_ms, START_MS + 61000);
    assert_true(grown->judgement.bound == 4);
}

static void test_a_comparison_with_what_was_before(void **state)
{
    struct scene *scene = *state;
    double *hits = take(scene, "hits", SIDE_CANDIDATE);
    double *before = take(scene, "hits", SIDE_BEFORE);

    scene->past.began_ms = START_MS + 15000; /* what came while it was made ready is not its past */
    for (size_t i = 0; i < STEPS; i++) {
        hits[2 * i] = 0.1;
        hits[2 * i + 1] = 10;
        before[2 * i] = i < 15 ? 0.2 : 9;
        before[2 * i + 1] = 10;
    }
    const struct rejudged *past = judge(scene, "past/hits");
    assert_int_equal(past->judgement.verdict, VERDICT_PASS);
    assert_true(past->judgement.against == 1 && past->judgement.stable_count == 140);
    assert_true(fabs(past->judgement.bound - .02) < 1e-9);
    assert_int_equal(past_rule_gap(&scene->past, rule_of(scene, "days/hits")), PAST_DAYS);
    assert_false((scene->judged >> rule_of(scene, "days/hits") & 1) != 0);
}

/* Three minutes of hits, so many of ten bad, from that time on. */
static void fill_hits(struct scene *scene, struct rejudge_values *values, int64_t from_ms, double bad)
{
    double *rows = NULL;
    size_t hits = metric_of(scene, "hits");

    assert_true(past_fill(&scene->past, hits, values, from_ms, from_ms + 180000, &rows));
    for (size_t i = 0; i < 180; i++) {
        rows[2 * i] = bad;
        rows[2 * i + 1] = 10;
    }
}

static void test_a_comparison_with_days_ago(void **state)
{
    struct scene *scene = *state;
    size_t hits = metric_of(scene, "hits");

    scene->past.until_ms = START_MS + 180000;
    scene->past.gaps[hits] = PAST_COMPLETE;
    fill_hits(scene, &scene->past.metrics[hits].side[SIDE_CANDIDATE], START_MS, 1);
    assert_int_equal(past_rule_gap(&scene->past, rule_of(scene, "days/hits")), PAST_DAYS);
    struct rejudge_values *ago = past_days(&scene->past, hits, 1);
    assert_int_equal(judge(scene, "days/hits")->judgement.reason, REASON_NO_BASELINE);
    fill_hits(scene, ago, START_MS - DAY_MS, 1);
    const struct rejudged *days = judge(scene, "days/hits");
    assert_int_equal(days->judgement.verdict, VERDICT_PASS);
    assert_true(days->judgement.stable_count == 1500 && fabs(days->judgement.bound - .1) < 1e-9);
    assert_ptr_equal(past_days(&scene->past, hits, 1), ago);
    for (uint16_t day = 2; day <= REJUDGE_AGO_MAX; day++)
        assert_non_null(past_days(&scene->past, hits, day));
    assert_null(past_days(&scene->past, hits, REJUDGE_AGO_MAX + 1));
}

static void test_histograms_are_judged_where_there_are_buckets(void **state)
{
    static const double bounds[] = {0.5, 2, INFINITY};
    struct scene *scene = *state;
    size_t slow = metric_of(scene, "slow");
    struct rejudge_values *values = &scene->past.metrics[slow].side[SIDE_CANDIDATE];
    double *copy = memory_take(sizeof(bounds));

    memcpy(copy, bounds, sizeof(bounds));
    values->bounds = copy;
    values->bucket_count = 3;
    double *rows = take(scene, "slow", SIDE_CANDIDATE);
    for (int i = 0; i < STEPS; i++) {
        rows[3 * i] = 90;
        rows[3 * i + 1] = i >= 60 ? 30 : 1;
        rows[3 * i + 2] = 0;
    }
    assert_int_equal(judge(scene, "tail")->judgement.verdict, VERDICT_FAIL);
}

static void test_what_is_not_there_is_not_judged(void **state)
{
    struct scene *scene = *state;
    struct err err = {0};

    assert_true(past_judge(&scene->past, scene->rules, &scene->judged, &err));
    assert_int_equal(scene->judged, 0);
    assert_int_equal(past_rule_gap(&scene->past, 0), PAST_NOTHING);
    (void)take(scene, "hits", SIDE_CANDIDATE);
    assert_true(past_judge(&scene->past, scene->rules, &scene->judged, &err));
    assert_int_equal(scene->judged, 1U << rule_of(scene, "errors") | 1U << rule_of(scene, "past/hits"));
}

/* A deployment of that label, whose rules fail after so many seconds; 0: not. */
static void add(struct scene *scene, struct tally *tally, enum past_label label, int high_s, int errors_s)
{
    struct rejudged rules[PLAN_RULES_MAX] = {0};
    size_t high = rule_of(scene, "high");
    size_t errors = rule_of(scene, "errors");

    rules[high].judgement.verdict = high_s > 0 ? VERDICT_FAIL : VERDICT_PASS;
    rules[high].at_ms = ROUTED_MS + high_s * 1000;
    rules[errors].judgement.verdict = errors_s > 0 ? VERDICT_FAIL : VERDICT_PASS;
    rules[errors].at_ms = ROUTED_MS + errors_s * 1000;
    scene->past.label = label;
    tally_add(tally, &scene->past, rules, 1U << high | 1U << errors);
}

static void test_what_it_adds_up_to(void **state)
{
    struct scene *scene = *state;
    struct tally tally;

    tally_init(&tally, false);
    add(scene, &tally, PAST_BAD, 30, 10);
    add(scene, &tally, PAST_BAD, 0, 50);
    add(scene, &tally, PAST_BAD, 20, 0);
    add(scene, &tally, PAST_BAD, 0, 0);
    add(scene, &tally, PAST_GOOD, 0, 5);
    for (int i = 0; i < 3; i++)
        add(scene, &tally, PAST_GOOD, 0, 0);
    add(scene, &tally, PAST_UNKNOWN, 1, 0);
    assert_int_equal(tally.total.judged, 9);
    assert_int_equal(tally.total.failed, 5);
    assert_int_equal(tally.total.misses, 1);
    assert_int_equal(tally.total.false_alarms, 1);
    assert_int_equal(tally.unknown, 1);
    assert_true(tally_per_100(&tally.total) == 25);
    assert_int_equal(tally_delay_ms(&tally.total), 20000); /* of 1, 10, 20 and 50 */
    assert_int_equal(tally.named_count, 2);
    assert_non_null(strstr(tally.named[0], "missed"));
    assert_non_null(strstr(tally.named[1], "false alarm of errors after 5s"));
    for (size_t i = 0; i < tally.row_count; i++)
        if (strcmp(tally.rows[i].rule, "high") == 0) {
            assert_int_equal(tally.rows[i].misses, 2);
            assert_int_equal(tally_delay_ms(&tally.rows[i]), 20000);
        } else if (strcmp(tally.rows[i].rule, "grown") == 0)
            assert_int_equal(tally.rows[i].gaps[PAST_NOTHING], 9);
    tally_done(&tally);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_span_is_over_when_it_was),      TEST(test_what_was_before_the_route_does_not_fail),
        TEST(test_a_stable_that_was_called_bad),    TEST(test_gaps_prove_nothing),
        TEST(test_before_is_a_fixed_reading),       TEST(test_a_comparison_with_what_was_before),
        TEST(test_a_comparison_with_days_ago),      TEST(test_histograms_are_judged_where_there_are_buckets),
        TEST(test_what_is_not_there_is_not_judged), TEST(test_what_it_adds_up_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
