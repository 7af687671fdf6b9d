/* levels.h - comparisons of levels: means of blocks, by mean difference or by Mann and Whitney's test.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_LEVELS_H
#define JUDGE_LEVELS_H

#include "judge/rule.h"

enum { LEVELS_BLOCKS_MAX = 512, LEVELS_BLOCKS_MIN = 10 };

/* Means of the blocks, each side's, in any order. */
struct levels {
    size_t count;
    double candidate[LEVELS_BLOCKS_MAX];
    double stable[LEVELS_BLOCKS_MAX];
};

/* Mean difference: one block more; the numbers of it go to the judgement with the next call below. */
void levels_add(const struct rule *rule, struct rule_state *state, double candidate, double stable);

/* Estimate, interval, statistic and limit after a new block. `levels` (sorted here) is of Mann-Whitney alone.
 */
void levels_report_means(const struct rule *rule, const struct rule_state *state,
                         struct judgement *ret_judgement);
void levels_report_mann_whitney(const struct rule *rule, struct levels *levels, struct rule_state *state,
                                struct judgement *ret_judgement);

/* The test says fail, by what the state holds. */
bool levels_is_worse(const struct rule *rule, const struct rule_state *state);

/* What the test lacks for a pass; REASON_DECIDED: nothing. */
enum reason levels_lacks(const struct rule *rule, const struct rule_state *state);

#endif
