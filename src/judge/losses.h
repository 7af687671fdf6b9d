/* losses.h - how many values came for a series, and how many of them were refused, over the time of its
 * window. SPDX-License-Identifier: MIT
 *
 * Counted at the step that a value says it is of, by spans of steps, so that a window of any length costs the
 * same; what lies before the oldest span is forgotten. A value is refused when its step is closed, when it is
 * of the future, or when it is no number. */
#ifndef JUDGE_LOSSES_H
#define JUDGE_LOSSES_H

#include "judge/judgement.h"
#include "judge/rule.h"

#include <stdint.h>

enum {
    LOSSES_SPANS = 16,
    /* More than this share of what came (hundredths of a percent), and nothing passes: what is left may be
     * the lucky part. */
    LOSSES_SHARE_MAX = 1000,
    LOSSES_DROPPED_MAX = INT32_MAX /* counted no further */
};

/* All zero at first but `steps`. */
struct losses {
    int64_t newest; /* the newest span: steps newest * steps and those behind it */
    uint32_t steps; /* of one span */
    uint32_t taken[LOSSES_SPANS], dropped[LOSSES_SPANS]; /* by number of the span modulo LOSSES_SPANS */
};

/* Steps of one span, so that all of them hold `capacity` steps. */
uint32_t losses_span(uint32_t capacity);

/* A value of that step came. */
void losses_note(struct losses *losses, int64_t step, bool is_dropped);

/* Counts on in longer spans. */
void losses_stretch(struct losses *losses, uint32_t steps);

/* Sets dropped and dropped_share of a judgement, of the series of candidate and stable that the rule reads,
 * since the first route; a pass with too many of one series becomes inconclusive (DROPPED). A failure stays
 * one: a flood hides nothing. */
void losses_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                  struct judgement *judgement);

#endif
