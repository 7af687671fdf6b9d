/* rule.c - the door to triggers and comparisons.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "judge/comparison.h"
#include "judge/evidence.h"
#include "judge/limits.h"
#include "judge/losses.h"
#include "judge/series_window.h"
#include "judge/share.h"
#include "judge/trigger.h"

#include <assert.h>

enum { ALL_METRICS = (1U << RULE_METRICS_MAX) - 1 };

static bool is_routed(const struct rule_clock *clock)
{
    return clock->routed_ms != SERIES_NEVER && clock->now_ms >= clock->routed_ms;
}

void rule_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                const struct rule_state *before, struct rule_state *ret_after,
                struct judgement *ret_judgement)
{
    struct judgement judgement = {.reason = REASON_NO_TRAFFIC,
                                  .value = NAN,
                                  .bound = NAN,
                                  .estimate = NAN,
                                  .lower = NAN,
                                  .upper = NAN,
                                  .statistic = NAN,
                                  .limit = NAN,
                                  .count = NAN,
                                  .stable_count = NAN};

    assert(rule->metric_count <= RULE_METRICS_MAX);
    if (ret_after != before)
        *ret_after = *before;
    if (rule->kind == RULE_COMPARISON && ret_after->began_ms == 0)
        ret_after->began_ms = clock->now_ms;
    if (is_routed(clock) && rule->kind == RULE_TRIGGER)
        trigger_judge(rule, views, clock, ret_after, &judgement);
    else if (is_routed(clock) && rule->kind == RULE_COMPARISON)
        comparison_judge(rule, views, clock, ret_after, &judgement);
    else if (is_routed(clock))
        share_judge(rule, views, clock, &judgement);
    if (is_routed(clock))
        losses_judge(rule, views, clock, &judgement);
    ret_after->last = judgement;
    *ret_judgement = judgement;
}

/* Moves the deadline forward to an instant that is still to come. */
static void consider(int64_t *deadline, int64_t at_ms, int64_t now_ms)
{
    if (at_ms > now_ms && at_ms < *deadline)
        *deadline = at_ms;
}

static void consider_ages(const struct rule_metric *metric, const struct metric_views *views, int64_t now_ms,
                          int64_t *deadline)
{
    for (int side = SIDE_CANDIDATE; side <= SIDE_STABLE; side++) {
        const struct series_view *view = views->side[side];

        if (view != NULL && view->newest_step != SERIES_NEVER)
            consider(deadline, series_end_ms(view) + metric->age_max_ms + 1, now_ms);
    }
}

int64_t rule_deadline(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, const struct rule_state *state)
{
    int64_t deadline = INT64_MAX;

    if (clock->routed_ms == SERIES_NEVER)
        return INT64_MAX;
    if (!is_routed(clock))
        return clock->routed_ms;
    for (uint8_t metric = 0; metric < rule->metric_count; metric++)
        consider_ages(&rule->metrics[metric], &views[metric], clock->now_ms, &deadline);
    consider(&deadline, evidence_from_ms(rule, clock), clock->now_ms);
    if (rule->kind == RULE_TRIGGER)
        consider(&deadline, limits_deadline(&rule->limits, clock, &state->limits), clock->now_ms);
    consider(&deadline, evidence_silence_deadline(rule, views, clock, ALL_METRICS), clock->now_ms);
    if (rule->kind == RULE_SHARE)
        return deadline;
    int64_t due = rule->kind == RULE_TRIGGER ? expression_deadline(&rule->condition, state->timers)
                                             : comparison_deadline(rule, views, clock, state);
    consider(&deadline, due > clock->now_ms ? due : clock->now_ms + 1, clock->now_ms);
    return deadline;
}
