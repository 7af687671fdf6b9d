/* evidence.h - what triggers and comparisons share: from when evidence for a pass counts, what a silence that
 * a metric declares (`no_data`) means, and the verdict of it all. SPDX-License-Identifier: MIT
 *
 * `metrics` is a set of the rule's metrics: bit i for metric i. Silent is a candidate's series whose newest
 * answer was "nothing" (SERIES_NO_DATA). */
#ifndef JUDGE_EVIDENCE_H
#define JUDGE_EVIDENCE_H

#include "judge/rule.h"

/* The end of the warm-up after the confirmed route; INT64_MAX before a route is confirmed. */
int64_t evidence_from_ms(const struct rule *rule, const struct rule_clock *clock);

/* One of the metrics is silent, and this is the declared meaning of it. */
bool evidence_is_silent(const struct rule *rule, const struct metric_views *views, unsigned metrics,
                        enum no_data_answer answer);

/* When a silence that is declared to fail has lasted: neither value nor route is younger than age_max then.
 * INT64_MAX where there is none. May lie in the past. */
int64_t evidence_silence_deadline(const struct rule *rule, const struct metric_views *views,
                                  const struct rule_clock *clock, unsigned metrics);

struct evidence {
    unsigned metrics;
    bool objects;      /* the rule's own test says fail */
    bool is_declared;  /* what would pass is silence that is declared to */
    enum reason lacks; /* for a pass, beside the warm-up; REASON_DECIDED: nothing */
};

/* Sets verdict and reason. */
void evidence_conclude(const struct rule *rule, const struct metric_views *views,
                       const struct rule_clock *clock, const struct evidence *evidence,
                       struct judgement *ret_judgement);

#endif
