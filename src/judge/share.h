/* share.h - a rule that passes when the candidate is seen to get the share that its route gave it. It never
 * fails: traffic that goes elsewhere is no fault of the version.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_SHARE_H
#define JUDGE_SHARE_H

#include "judge/rule.h"

#include <stdbool.h>

/* n p (1 - p): from here on the normal distribution may stand for the binomial. Requests, where p is 0 or 1.
 */
enum { SHARE_ENOUGH = 9 };

/* Do these requests, counted since the share was confirmed, show it? Within one point of it, or within the
 * interval that holds the candidate's part of them with a probability of 99.9 % (p ± 3.29 sqrt(p (1 - p) /
 * n)). Too few to tell: no. */
bool share_is_seen(double candidate, double stable, double share);

/* Of metric 0, whose totals are the requests of each side; `ret_judgement` comes in as inconclusive without
 * numbers. The candidate is routed. Value: the measured share, bound: the one that was asked for, both from 0
 * to 1. */
void share_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                 struct judgement *ret_judgement);

#endif
