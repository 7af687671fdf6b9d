/* scorecard.h - many labels to one score, as Kayenta adds them up.
 * SPDX-License-Identifier: MIT
 *
 * A group's score is 100 * pass / (pass + high + low + nodata_fail); one with nothing to count shows 0 and
 * counts as 100. The sum takes each group by its weight; groups without one share what the given weights
 * leave of 100. A weight of a group that has no metrics counts in the weights and adds nothing. Then, in this
 * order: any critical label but pass makes it 0, and so does no data in half of the metrics or more. */
#ifndef JUDGE_SCORECARD_H
#define JUDGE_SCORECARD_H

#include "judge/mann_whitney.h"

#include <stdint.h>

enum { SCORECARD_GROUPS_MAX = 64 };

enum scorecard_verdict { SCORECARD_PASS, SCORECARD_MARGINAL, SCORECARD_FAIL };

struct scorecard_metric {
    uint64_t groups; /* bit i: it belongs to group i */
    enum classification classification;
    bool is_critical; /* the label is */
    bool is_muted;
};

struct scorecard {
    size_t group_count;
    double weights[SCORECARD_GROUPS_MAX]; /* percent; NAN: none given */
    double pass, marginal;                /* thresholds, both inclusive */
};

struct scorecard_answer {
    double score; /* rounded to 2 places */
    enum scorecard_verdict verdict;
    double groups[SCORECARD_GROUPS_MAX]; /* as shown; NAN: no metric of it was judged */
};

void scorecard_run(const struct scorecard *scorecard, const struct scorecard_metric *metrics,
                   size_t metric_count, struct scorecard_answer *ret_answer);

/* "pass", "marginal", "fail" */
const char *scorecard_verdict_name(enum scorecard_verdict verdict);

#endif
