/* score.h - many comparisons to one verdict: what each member says by now, added up as a scorecard does.
 * SPDX-License-Identifier: MIT
 *
 * A member that passes counts as pass, one that fails as high; it is undecided as long as it is inconclusive.
 * While one is undecided the score can only fail: when it would stay below `marginal` even if all of these
 * passed. With all decided: PASS from `pass` on, inconclusive (MARGINAL) from `marginal` on, else FAIL. A
 * critical member that fails makes the score 0. Muted members are left out; without any other nothing is
 * decided (UNDECIDED). */
#ifndef JUDGE_SCORE_H
#define JUDGE_SCORE_H

#include "judge/judgement.h"

#include <stdint.h>

struct rule_state;

enum { SCORE_MEMBERS_MAX = 16, SCORE_GROUPS_MAX = 16 };

/* Comparisons added up to a score from 0 to 100. */
struct score {
    double pass, marginal; /* thresholds, both inclusive */
    uint8_t member_count;
    uint8_t group_count;
    uint8_t members[SCORE_MEMBERS_MAX]; /* numbers of rules, all before this one */
    uint16_t groups[SCORE_MEMBERS_MAX]; /* bit g: the member belongs to group g */
    uint16_t critical;                  /* bit m: member m alone makes it 0 */
    double weights[SCORE_GROUPS_MAX];   /* percent; NAN: a part of what the given ones leave of 100 */
};

/* `states` are those of all rules of the deployment, their last judgements in it; `muted`: bit i for rule i.
 * Value: the score, undecided members counted as passes; bound: `pass`; limit: `marginal`; count: the members
 * that are decided. */
void score_judge(const struct score *score, const struct rule_state *states, uint32_t muted,
                 struct judgement *ret_judgement);

#endif
