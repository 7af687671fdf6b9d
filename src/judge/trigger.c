/* trigger.c - the condition, and whether there is enough to pass on.
 * SPDX-License-Identifier: MIT */
#include "judge/trigger.h"

#include "judge/evidence.h"
#include "judge/expression_side.h"
#include "judge/limits.h"
#include "judge/operand.h"
#include "judge/series_window.h"

/* The metrics whose values the condition reads on the candidate's side. */
static unsigned metrics_read(const struct expression *condition)
{
    unsigned metrics = 0;

    for (uint8_t index = 0; index < condition->count; index++) {
        const struct expression_node *node = &condition->nodes[index];
        bool is_value = node->op >= EXPRESSION_VALUE && node->op < EXPRESSION_ABSENT;

        if (is_value && node->side == SIDE_CANDIDATE)
            metrics |= 1U << node->metric;
    }
    return metrics;
}

/* What the data since `from_ms` lacks for a pass; REASON_DECIDED: nothing. */
static enum reason lacks(const struct rule_metric *metric, const struct series_view *view, double need,
                         int64_t from_ms, int64_t now_ms)
{
    enum reason reason = series_freshness(view, metric->age_max_ms, now_ms);

    if (reason != REASON_DECIDED)
        return reason;
    struct series_window window = series_window_open(view, from_ms, SERIES_EVER);
    struct series_sum sum = series_window_sum(&window, need);
    if (sum.amount > 0 && sum.amount >= need)
        return REASON_DECIDED;
    bool is_idle = view->kind != SERIES_GAUGE && sum.amount <= 0 && sum.oldest <= window.newest;
    return is_idle ? REASON_NO_TRAFFIC : REASON_TOO_FEW;
}

/* The same over all metrics that are read; a silence that is declared to be well lacks nothing. */
static enum reason rule_lacks(const struct rule *rule, const struct metric_views *views,
                              const struct rule_clock *clock, unsigned metrics)
{
    enum reason reason = REASON_DECIDED;

    for (uint8_t index = 0; index < rule->metric_count && reason == REASON_DECIDED; index++) {
        unsigned metric = metrics & 1U << index;

        if (metric != 0 && !evidence_is_silent(rule, views, metric, NO_DATA_PASS) &&
            !evidence_is_silent(rule, views, metric, NO_DATA_ZERO))
            reason = lacks(&rule->metrics[index], views[index].side[SIDE_CANDIDATE], rule->need,
                           evidence_from_ms(rule, clock), clock->now_ms);
    }
    return reason;
}

/* Does stable, which a person called bad, meet the condition as well? */
static bool is_not_worse(const struct expression *condition, const struct expression_input *input,
                         double *ret_ratio)
{
    double value = NAN;
    double stable_value = NAN;

    if (!expression_is_absolute(condition) || !expression_holds(condition, input, SIDE_CANDIDATE, &value) ||
        !expression_holds(condition, input, SIDE_STABLE, &stable_value))
        return false;
    *ret_ratio = value / stable_value;
    return true;
}

void trigger_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                   struct rule_state *state, struct judgement *ret_judgement)
{
    struct expression_input input = {.views = views,
                                     .metrics = rule->metrics,
                                     .metric_count = rule->metric_count,
                                     .need = rule->need,
                                     .now_ms = clock->now_ms,
                                     .from_ms = clock->routed_ms};
    double ratio = NAN;

    input.is_excused = clock->is_stable_bad && is_not_worse(&rule->condition, &input, &ratio);
    struct operand result = expression_evaluate(&rule->condition, &input, state->timers, ret_judgement);
    struct evidence evidence = {.metrics = metrics_read(&rule->condition)};

    if (result.reason == REASON_NO_DATA && evidence_is_silent(rule, views, evidence.metrics, NO_DATA_PASS)) {
        evidence.is_declared = true;
        result = operand_known(0);
    }
    limits_take(&rule->limits, clock, result, &state->limits);
    evidence.objects = limits_object(&rule->limits, &state->limits, result);
    evidence.lacks = limits_lack(&rule->limits, &state->limits, result);
    if (evidence.lacks == REASON_DECIDED && clock->now_ms >= evidence_from_ms(rule, clock))
        evidence.lacks = rule_lacks(rule, views, clock, evidence.metrics);
    evidence_conclude(rule, views, clock, &evidence, ret_judgement);
    if (!input.is_excused || ret_judgement->verdict != VERDICT_PASS)
        return;
    ret_judgement->reason = REASON_NOT_WORSE;
    ret_judgement->estimate = ratio;
}
