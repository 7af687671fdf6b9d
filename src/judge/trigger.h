/* trigger.h - a rule that fails when its condition is true. The semantics stand at rule_judge().
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_TRIGGER_H
#define JUDGE_TRIGGER_H

#include "judge/rule.h"

/* Where stable is bad, a condition that reads the candidate's side alone counts as false while it holds,
 * without its `for` and `in`, for both sides: the candidate is not worse. A pass then says NOT_WORSE, its
 * estimate is value over stable's. Where stable's side is unknown it fires as usual.
 *
 * `ret_judgement` comes in as inconclusive without numbers. The candidate is routed. */
void trigger_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                   struct rule_state *state, struct judgement *ret_judgement);

#endif
