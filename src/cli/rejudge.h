/* rejudge.h - a deployment of the past judged again: its values into windows, step by step, and its rules at
 * every value, deadline and confirmed share, as the engine does. The windows are series/, the verdicts
 * rule_judge(); nothing of either is repeated here.
 * SPDX-License-Identifier: MIT
 *
 * A step's value arrives when the step is over, so a verdict comes up to a step later than it did live. */
#ifndef CLI_REJUDGE_H
#define CLI_REJUDGE_H

#include "base/err.h"
#include "config/definition.h"

enum {
    REJUDGE_SIDES = SIDE_BEFORE + 1,
    REJUDGE_AGO_MAX = COMPARISON_AGAINST_MAX, /* days of one metric that rules compare with */
    REJUDGE_STEPS_MAX = 400000                /* of one series */
};

/* One value per step of the metric, from first_step on; NAN: nothing came. */
struct rejudge_values {
    int64_t first_step;
    size_t count;         /* steps; 0: this side has no series */
    const double *values; /* gauge: [count]; counter: [count][2], events and total; histogram:
                             [count][bucket_count] */
    size_t bucket_count;
    const double *bounds; /* the last one INFINITY */
};

/* What it was so many days ago, from the time of the first traffic on. */
struct rejudge_ago {
    uint16_t days;
    struct rejudge_values values;
};

struct rejudge_metric {
    struct rejudge_values side[REJUDGE_SIDES];
    size_t ago_count;
    struct rejudge_ago ago[REJUDGE_AGO_MAX];
    bool is_same_series;
};

/* What the deployment did meanwhile. */
struct rejudge_mark {
    int64_t at_ms;
    bool confirms;         /* a step began to be observed: evidence for counts from here */
    bool calls_stable_bad; /* a person did, and from here on it is */
    uint16_t share;
};

struct rejudge {
    const struct definition *definition;
    const struct rejudge_metric *metrics; /* [metric_count] */
    uint32_t rules;                       /* bit r: rule r is judged */
    int64_t began_ms; /* before anything was done; on the clock that steps are counted by, as the next ones */
    int64_t routed_ms, until_ms;
    size_t mark_count;
    const struct rejudge_mark *marks; /* in order of time */
};

struct rejudged {
    struct judgement judgement; /* the first fail, or what it was at the end */
    int64_t at_ms;
};

/* `ret_rules` [rule_count]; of a rule that is not judged nothing is written. False: a series that the book
 * refuses. */
MUST_CHECK bool rejudge_run(const struct rejudge *rejudge, struct rejudged *ret_rules, struct err *err);

#endif
