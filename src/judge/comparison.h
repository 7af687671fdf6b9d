/* comparison.h - a rule that fails when the candidate's rate is proven higher than allowed beside stable's.
 * The semantics stand at rule_judge(). SPDX-License-Identifier: MIT */
#ifndef JUDGE_COMPARISON_H
#define JUDGE_COMPARISON_H

#include "judge/rule.h"

/* `ret_judgement` comes in as inconclusive without numbers. The candidate is routed. */
void comparison_judge(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, struct rule_state *state,
                      struct judgement *ret_judgement);

/* When the next block can be taken in although no value came; INT64_MAX where the sides cannot be compared.
 * May lie in the past. */
int64_t comparison_deadline(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state);

#endif
