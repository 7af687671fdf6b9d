/* share.c - requests of both sides since the route was confirmed, against the share that was asked for.
 * SPDX-License-Identifier: MIT */
#include "judge/share.h"

#include "judge/evidence.h"
#include "judge/series_window.h"

#include <math.h>

static const double point = .01;
static const double deviations = 3.290527; /* 99.9 % of a normal distribution, both sides */
static const double whole = 10000;

bool share_is_seen(double candidate, double stable, double share)
{
    double count = candidate + stable;
    double variance = share * (1 - share);

    if (count < (variance > 0 ? SHARE_ENOUGH / variance : SHARE_ENOUGH))
        return false;
    double miss = fabs(candidate / count - share);
    return miss <= point || miss <= deviations * sqrt(variance / count);
}

static enum reason unfit(const struct rule *rule, const struct metric_views *views,
                         const struct rule_clock *clock)
{
    const struct series_view *candidate = views[0].side[SIDE_CANDIDATE];
    const struct series_view *stable = views[0].side[SIDE_STABLE];
    enum reason reason = series_freshness(candidate, rule->metrics[0].age_max_ms, clock->now_ms);

    if (reason != REASON_DECIDED)
        return reason;
    reason = series_freshness(stable, rule->metrics[0].age_max_ms, clock->now_ms);
    if (reason != REASON_DECIDED)
        return reason == REASON_NO_DATA ? REASON_NO_BASELINE : reason;
    if (candidate->kind != SERIES_COUNT || stable->kind != SERIES_COUNT)
        return REASON_UNDECIDED;
    return clock->now_ms < evidence_from_ms(rule, clock) ? REASON_WARMUP : REASON_DECIDED;
}

static double requests(const struct series_view *view, int64_t from_ms, struct judgement *judgement)
{
    const struct series_window window = series_window_open(view, from_ms, SERIES_EVER);
    const struct series_sum sum = series_window_sum(&window, INFINITY);

    judgement->from_ms = series_step_start_ms(view, sum.oldest);
    judgement->to_ms = series_step_start_ms(view, window.newest + 1);
    return sum.total;
}

void share_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                 struct judgement *ret_judgement)
{
    int64_t from_ms = evidence_from_ms(rule, clock);

    ret_judgement->reason = unfit(rule, views, clock);
    if (ret_judgement->reason != REASON_DECIDED)
        return;
    ret_judgement->stable_count = requests(views[0].side[SIDE_STABLE], from_ms, ret_judgement);
    ret_judgement->count = requests(views[0].side[SIDE_CANDIDATE], from_ms, ret_judgement);
    ret_judgement->value = ret_judgement->count / (ret_judgement->count + ret_judgement->stable_count);
    ret_judgement->bound = clock->share / whole;
    bool is_seen = share_is_seen(ret_judgement->count, ret_judgement->stable_count, ret_judgement->bound);
    ret_judgement->verdict = is_seen ? VERDICT_PASS : VERDICT_INCONCLUSIVE;
    ret_judgement->reason = is_seen ? REASON_DECIDED : REASON_SHARE;
}
