/* limits.h - checks of a trigger at an interval, counted: how many true ones fail it, how many false ones it
 * needs to pass, how many unknown ones it bears. The meaning of each limit stands at struct rule_limits.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_LIMITS_H
#define JUDGE_LIMITS_H

#include "judge/rule.h"

/* Takes the condition's present truth in, where a check is due. Without limits nothing happens. The candidate
 * is routed. */
void limits_take(const struct rule_limits *limits, const struct rule_clock *clock, struct operand truth,
                 struct limits_state *state);

/* May the condition, now true, fail the rule; has it failed before? */
bool limits_object(const struct rule_limits *limits, const struct limits_state *state, struct operand truth);

/* What a pass still lacks; REASON_DECIDED: nothing. */
enum reason limits_lack(const struct rule_limits *limits, const struct limits_state *state,
                        struct operand truth);

/* When the next check is due; INT64_MAX without limits. May lie in the past. */
int64_t limits_deadline(const struct rule_limits *limits, const struct rule_clock *clock,
                        const struct limits_state *state);

#endif
