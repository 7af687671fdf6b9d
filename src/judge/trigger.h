/* trigger.h - a rule that fails when its condition is true. The semantics stand at rule_judge().
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_TRIGGER_H
#define JUDGE_TRIGGER_H

#include "judge/rule.h"

/* `ret_judgement` comes in as inconclusive without numbers. The candidate is routed. */
void trigger_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                   struct rule_state *state, struct judgement *ret_judgement);

#endif
