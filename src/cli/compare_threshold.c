/* compare_threshold.c - threshold of verdict compare: a condition over one sample after the other, and
 * limits.
 * SPDX-License-Identifier: MIT */
#include "cli/compare_read.h"
#include "cli/compare_test.h"
#include "config/condition.h"
#include "io/memory.h"
#include "judge/check_run.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_MS = 1000, CONDITION_SIZE_MAX = 4096, LIMIT_MAX = 1000000 };

/* Samples are steps of a gauge, one second apart, read by the judge's own evaluator. */
struct threshold {
    struct condition condition;
    struct check_run_limits limits;
    struct expression_timer timers[EXPRESSION_TIMERS_MAX];
    struct series_step *ring; /* [sample_count + 2] */
    struct series_view view;
    enum check_run_phase *results; /* [sample_count] */
    size_t sample_count;
};

static bool read_condition(const struct json_node *item, struct threshold *threshold, struct err *err)
{
    static const struct condition_metric metric = {
        .name = "value", .kind = SERIES_GAUGE, .unit = "", .names_side = false};
    const char *text = NULL;
    struct err found;

    if (!json_text(item, "when", JSON_REQUIRED, CONDITION_SIZE_MAX, &text, err))
        return false;
    if (!condition_parse(text, &metric, 1, NULL, 0, &threshold->condition, &found))
        return compare_refuse(item, "when", err, "%s", found.text);
    return true;
}

static bool read_limits(const struct json_node *item, struct check_run_limits *limits, struct err *err)
{
    static const char *const names[] = {
        "failure_limit", "inconclusive_limit",       "consecutive_error_limit", "consecutive_success_limit",
        "count",         "consecutive_failure_limit"};
    struct json_node object = {0};

    *limits = CHECK_RUN_DEFAULTS;
    if (!json_object(item, "limits", JSON_OPTIONAL, &object, err))
        return false;
    if (object.item == NULL)
        return true;
    if (!json_known_keys(&object, names, ARRAY_LENGTH(names), err) ||
        !compare_read_integer(&object, names[0], -1, LIMIT_MAX, &limits->failures, err) ||
        !compare_read_integer(&object, names[1], 0, LIMIT_MAX, &limits->inconclusive, err) ||
        !compare_read_integer(&object, names[2], 0, LIMIT_MAX, &limits->consecutive_errors, err) ||
        !compare_read_integer(&object, names[3], 0, LIMIT_MAX, &limits->successes, err) ||
        !compare_read_integer(&object, names[4], 0, LIMIT_MAX, &limits->count, err) ||
        !compare_read_integer(&object, names[5], -1, LIMIT_MAX, &limits->consecutive_failures, err))
        return false;
    if (limits->failures < 0 && limits->consecutive_failures < 0 && limits->successes == 0)
        return compare_refuse(item, "limits", err,
                              "nothing could end it: no limit of failures and no "
                              "consecutive_success_limit");
    int64_t failures = limits->failures > 0 ? limits->failures : 0;
    if (limits->count > 0 && limits->count < failures + limits->successes)
        return compare_refuse(&object, "count", err,
                              "is less than failure_limit and "
                              "consecutive_success_limit together");
    return true;
}

/* {"error": "what the source said"} is a measurement that could not be made. */
static bool is_error(const struct json_node *node)
{
    return json_is_object(node) && cJSON_IsString(json_member(node, "error").item);
}

static bool is_missing(const struct json_node *node)
{
    const char *text = cJSON_GetStringValue(node->item);

    return cJSON_IsNull(node->item) || (text != NULL && strcmp(text, "NaN") == 0);
}

static enum check_run_phase measure(struct threshold *threshold, int64_t now_ms)
{
    const struct rule_metric metric = {.age_max_ms = 0};
    const struct metric_views views = {.side = {&threshold->view, NULL, NULL}};
    const struct expression_input input = {
        .views = &views, .metrics = &metric, .metric_count = 1, .now_ms = now_ms, .from_ms = SERIES_NEVER};
    struct judgement judgement;
    struct operand found =
        expression_evaluate(&threshold->condition.expression, &input, threshold->timers, &judgement);

    if (!found.is_known)
        return CHECK_RUN_INCONCLUSIVE;
    return found.number != 0 ? CHECK_RUN_FAILED : CHECK_RUN_SUCCESSFUL;
}

static bool take_sample(struct threshold *threshold, const struct json_node *node, int64_t step,
                        struct err *err)
{
    double value = NAN;

    if (is_error(node)) {
        threshold->results[step] = CHECK_RUN_ERROR;
        return true;
    }
    if (!is_missing(node)) {
        if (!json_as_number(node, &value, err))
            return false;
        *series_ring_slot(&threshold->view, threshold->ring, step) = (struct series_step){.value = value};
    }
    threshold->results[step] = measure(threshold, (step + 1) * STEP_MS);
    return true;
}

static bool take_samples(const struct json_node *item, struct threshold *threshold, struct err *err)
{
    struct json_node array = {0};
    int64_t step = 0;

    if (!json_array(item, "samples", JSON_REQUIRED, SIZE_MAX, &array, &threshold->sample_count, err))
        return false;
    size_t capacity = threshold->sample_count + 2;
    threshold->ring = memory_take_array(capacity, sizeof(*threshold->ring));
    threshold->results = memory_take_array(capacity, sizeof(*threshold->results));
    threshold->view = (struct series_view){
        .kind = SERIES_GAUGE, .step_ms = STEP_MS, .capacity = (uint32_t)capacity, .ring = threshold->ring};
    series_ring_clear(&threshold->view, threshold->ring);
    for (struct json_node child = json_first(&array); child.item != NULL; child = json_next(&array, &child))
        if (!take_sample(threshold, &child, step++, err))
            return false;
    return true;
}

static void add_threshold(cJSON *answer, const struct threshold *threshold)
{
    struct check_run state = {0};
    cJSON *measurements = cJSON_CreateArray();
    size_t used = 0;

    for (; used < threshold->sample_count && state.phase == CHECK_RUN_RUNNING; used++) {
        check_run_add(&threshold->limits, &state, threshold->results[used]);
        cJSON_AddItemToArray(measurements,
                             cJSON_CreateString(check_run_phase_name(threshold->results[used])));
    }
    if (threshold->limits.count == 0)
        check_run_stop(&state);
    cJSON_AddStringToObject(answer, "phase", check_run_phase_name(state.phase));
    cJSON_AddItemToObject(answer, "measurements", measurements);
    cJSON *counts = cJSON_AddObjectToObject(answer, "n");
    cJSON_AddNumberToObject(counts, "measurements", (double)used);
    cJSON_AddNumberToObject(counts, "failed", (double)state.failures);
    cJSON_AddNumberToObject(counts, "inconclusive", (double)state.inconclusive);
}

static bool run(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct threshold threshold = {.sample_count = 0};
    bool is_good = read_condition(item, &threshold, err) && read_limits(item, &threshold.limits, err) &&
                   take_samples(item, &threshold, err);

    if (is_good)
        add_threshold(answer, &threshold);
    free(threshold.ring);
    free(threshold.results);
    return is_good;
}

static const char *const keys[] = {"when", "samples", "limits", NULL};

const struct compare_test compare_threshold = {"threshold", run, keys};
