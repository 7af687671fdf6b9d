/* baseline.h - what a candidate is held against where a rule names several baselines: the first that has
 * data, settled once per step. SPDX-License-Identifier: MIT
 *
 * Settled is it by the first block behind the step's warm-up in which the candidate had traffic: the first
 * baseline with data in that block is the step's. Before that the one of the step before goes on, and the
 * very first one is that of the first such block behind the route. A baseline whose source errs, or that is
 * loading, is waited for: only one without data is passed over.
 *
 * With another baseline the sums, means and labels begin anew; the wealth of a sequential test goes on, and
 * what had failed stays failed (is_lost). */
#ifndef JUDGE_BASELINE_H
#define JUDGE_BASELINE_H

#include "judge/sides.h"

enum baseline_step {
    BASELINE_TAKE, /* the block counts, beside the baseline in state->against */
    BASELINE_SKIP, /* nothing stands beside it */
    BASELINE_WAIT  /* it cannot be said yet */
};

/* How many the rule names, at least one: none named is stable alone. */
uint8_t baseline_count(const struct rule *rule);

/* Is one of them of this kind? A trigger has none. */
bool baseline_names(const struct rule *rule, enum baseline_kind kind);

/* The two sides as they are compared now; before any is chosen, with the first baseline. */
struct sides baseline_sides(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state);

/* The baseline of this step is settled. */
bool baseline_is_settled(const struct rule *rule, const struct rule_clock *clock,
                         const struct rule_state *state);

/* Chooses for block `number`; `is_proven`: the test says fail by now. */
enum baseline_step baseline_choose(const struct rule *rule, const struct metric_views *views,
                                   const struct rule_clock *clock, int64_t number, bool is_proven,
                                   struct rule_state *state);

/* What an unsettled baseline leaves open; REASON_DECIDED: nothing. The candidate has a series. */
enum reason baseline_lacks(const struct rule *rule, const struct metric_views *views,
                           const struct rule_clock *clock, const struct rule_state *state);

/* When all that may still be chosen has been heard of, or is too late. The candidate has a series. */
int64_t baseline_settled_ms(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state);

#endif
