/* sides.h - the two sides of a comparison: the candidate, and one of the baselines that its rule names.
 * SPDX-License-Identifier: MIT
 *
 * A baseline of the past has a step for each of the candidate's: DAYS the one of the same time of day, BEFORE
 * the one that lies as far behind the beginning of the deployment as the candidate's lies past its first
 * traffic. So every step of the past is used once, and the nearest first. */
#ifndef JUDGE_SIDES_H
#define JUDGE_SIDES_H

#include "judge/sequential.h"

#include "judge/rule.h"

struct sides {
    const struct series_view *candidate;
    const struct series_view *other; /* NULL: there is none */
    bool is_same_series;
    bool is_past;      /* BEFORE or DAYS: what there is of it is known, nothing of it comes late */
    int64_t direction; /* the step of `other` beside the candidate's s is origin + direction * s */
    int64_t origin;
};

/* Of baseline number `index` of the rule, below rule_against_count(). */
struct sides sides_of(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, const struct rule_state *state, uint8_t index);

/* Why the two can never be compared, or not yet (LOADING); REASON_DECIDED: they can. */
enum reason sides_mismatch(const struct rule *rule, const struct sides *sides);

/* Adds what a step of both holds; of histograms above bucket number bound - 1. False: one side does not have
 * it, or no usable number, so neither counts. */
bool sides_add_step(const struct sides *sides, int64_t step, uint32_t bound, struct sequential_block *block);

/* One side of a step alone: the requests, or 1 of a gauge; 0 where it has nothing usable. */
double sides_candidate_total(const struct sides *sides, int64_t step);
double sides_other_total(const struct sides *sides, int64_t step);

/* Oldest step that both still hold. */
int64_t sides_oldest_kept(const struct sides *sides);

/* Until when nothing is to be expected any more from either: there are newer values, or it is too late. */
int64_t sides_settled_ms(const struct sides *sides, int64_t age_max_ms, int64_t now_ms);

/* The end of what both have; a past has all that it will ever have. */
int64_t sides_end_ms(const struct sides *sides);

#endif
