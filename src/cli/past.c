/* past.c - the memory of a deployment of the past, and what of it can be judged.
 * SPDX-License-Identifier: MIT */
#include "cli/past.h"

#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void past_init(struct past *past, const struct definition *definition)
{
    memset(past, 0, sizeof(*past));
    past->definition = definition;
    for (size_t m = 0; m < definition->metric_count; m++)
        past->gaps[m] = PAST_NOTHING;
}

static void free_values(struct rejudge_values *values)
{
    free((double *)(uintptr_t)values->values);
    free((double *)(uintptr_t)values->bounds);
    *values = (struct rejudge_values){0};
}

void past_done(struct past *past)
{
    for (size_t m = 0; m < DEFINITION_METRICS_MAX; m++) {
        struct rejudge_metric *metric = &past->metrics[m];
        for (int side = 0; side < REJUDGE_SIDES; side++)
            free_values(&metric->side[side]);
        for (size_t i = 0; i < metric->ago_count; i++)
            free_values(&metric->ago[i].values);
        metric->ago_count = 0;
    }
}

/* First step that begins at or after that time. */
static int64_t step_from(int64_t at_ms, int64_t step_ms)
{
    return at_ms <= 0 ? 0 : (at_ms + step_ms - 1) / step_ms;
}

bool past_fill(const struct past *past, size_t metric, struct rejudge_values *values, int64_t from_ms,
               int64_t to_ms, double **ret_memory)
{
    const struct metric_definition *measured = &past->definition->metrics[metric];
    size_t columns = measured->kind == SERIES_HISTOGRAM ? values->bucket_count
                     : measured->kind == SERIES_COUNT   ? 2
                                                        : 1;
    int64_t first = step_from(from_ms, measured->step_ms);
    int64_t end = step_from(to_ms, measured->step_ms);

    if (end <= first || end - first > REJUDGE_STEPS_MAX)
        return false;
    double *memory = memory_take_array((size_t)(end - first), columns * sizeof(*memory));
    for (size_t i = 0; i < (size_t)(end - first) * columns; i++)
        memory[i] = NAN;
    values->first_step = first;
    values->count = (size_t)(end - first);
    values->values = memory;
    *ret_memory = memory;
    return true;
}

bool past_take_values(struct past *past, size_t metric, enum expression_side side, int64_t from_ms,
                      int64_t to_ms, double **ret_values)
{
    return past_fill(past, metric, &past->metrics[metric].side[side], from_ms, to_ms, ret_values);
}

static struct rejudge_ago *find_days(const struct rejudge_metric *metric, uint16_t days)
{
    for (size_t i = 0; i < metric->ago_count; i++)
        if (metric->ago[i].days == days)
            return (struct rejudge_ago *)(uintptr_t)&metric->ago[i];
    return NULL;
}

struct rejudge_values *past_days(struct past *past, size_t metric, uint16_t days)
{
    struct rejudge_metric *row = &past->metrics[metric];
    struct rejudge_ago *ago = find_days(row, days);

    if (ago == NULL && row->ago_count < REJUDGE_AGO_MAX) {
        ago = &row->ago[row->ago_count++];
        *ago = (struct rejudge_ago){.days = days};
    }
    return ago == NULL ? NULL : &ago->values;
}

static bool lacks_days(const struct past *past, const struct rule_definition *rule)
{
    const struct comparison *comparison = &rule->rule.comparison;

    for (uint8_t i = 0; i < comparison->against_count; i++)
        if (comparison->against[i].kind == BASELINE_DAYS &&
            find_days(&past->metrics[rule->metrics[0]], comparison->against[i].days) == NULL)
            return true;
    return false;
}

enum past_gap past_rule_gap(const struct past *past, size_t rule)
{
    const struct rule_definition *definition = &past->definition->rules[rule];

    if (definition->rule.kind == RULE_COMPARISON && lacks_days(past, definition))
        return PAST_DAYS;
    for (uint8_t i = 0; i < definition->rule.metric_count; i++)
        if (past->gaps[definition->metrics[i]] != PAST_COMPLETE)
            return past->gaps[definition->metrics[i]];
    return PAST_COMPLETE;
}

/* A value is there when its step is over: what was seen live in an open step needs that much longer here. */
static int64_t longest_step(const struct definition *definition)
{
    int64_t longest_ms = 0;

    for (size_t m = 0; m < definition->metric_count; m++)
        if (definition->metrics[m].step_ms > longest_ms)
            longest_ms = definition->metrics[m].step_ms;
    return longest_ms;
}

bool past_judge(const struct past *past, struct rejudged *ret_rules, uint32_t *ret_judged, struct err *err)
{
    struct rejudge rejudge = {.definition = past->definition,
                              .metrics = past->metrics,
                              .began_ms = past->began_ms != 0 ? past->began_ms : past->routed_ms,
                              .routed_ms = past->routed_ms,
                              .until_ms = past->until_ms + longest_step(past->definition),
                              .mark_count = past->mark_count,
                              .marks = past->marks};

    for (size_t r = 0; r < past->definition->rule_count; r++)
        if (past_rule_gap(past, r) == PAST_COMPLETE)
            rejudge.rules |= UINT32_C(1) << r;
    *ret_judged = rejudge.rules;
    return rejudge.rules == 0 || rejudge_run(&rejudge, ret_rules, err);
}

const char *past_gap_text(enum past_gap gap)
{
    static const char *const texts[PAST_GAP_COUNT] = {
        [PAST_COMPLETE] = "",
        [PAST_NOTHING] = "no values of the candidate",
        [PAST_HISTOGRAM] = "no buckets of the histogram are kept",
        [PAST_SHAPE] = "values of another kind or resolution",
        [PAST_CHANGED] = "the metric asks something else now",
        [PAST_SOURCE] = "the source told no history",
        [PAST_DAYS] = "values of days before were not read",
    };

    assert(gap < PAST_GAP_COUNT);
    return texts[gap];
}

const char *past_label_name(enum past_label label)
{
    return label == PAST_GOOD ? "good" : label == PAST_BAD ? "bad" : "unknown";
}
