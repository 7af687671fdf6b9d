/* score.h - `score: { pass; marginal; groups: { NAME = WEIGHT; }; }` of a baseline: its comparisons as one
 * rule.
 * SPDX-License-Identifier: MIT
 *
 * A comparison names its `groups`, or stands alone as a group of its own, with its `weight`. Groups without a
 * weight share what the others leave of 100; where all have one they add up to 100. */
#ifndef CONFIG_SCORE_H
#define CONFIG_SCORE_H

#include "config/rules.h"

/* What one comparison says of its part. */
struct score_part {
    const struct node *node;
    size_t rule; /* number in the list */
    bool is_critical;
    double weight; /* NAN: none given */
    const char *const *groups;
    size_t group_count;
};

/* Appends the rule "BASELINE/score" behind its members; `mode` and `outcome` are the baseline's. False:
 * findings were added. */
MUST_CHECK bool score_build(struct rule_list *list, const struct node *baseline,
                            const struct score_part *parts, size_t part_count, enum rule_mode mode,
                            enum rule_outcome outcome);

#endif
