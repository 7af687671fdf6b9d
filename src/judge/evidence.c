/* evidence.c - from test and silence to a verdict.
 * SPDX-License-Identifier: MIT */
#include "judge/evidence.h"

#include "judge/series_window.h"

int64_t evidence_from_ms(const struct rule *rule, const struct rule_clock *clock)
{
    return clock->confirmed_ms == SERIES_NEVER ? INT64_MAX : clock->confirmed_ms + rule->warmup_ms;
}

static bool is_silent(const struct rule_metric *metric, const struct series_view *view,
                      enum no_data_answer answer)
{
    return metric->no_data == answer && view != NULL && view->trouble == SERIES_NO_DATA;
}

bool evidence_is_silent(const struct rule *rule, const struct metric_views *views, unsigned metrics,
                        enum no_data_answer answer)
{
    for (uint8_t index = 0; index < rule->metric_count; index++) {
        if ((metrics >> index & 1) != 0 &&
            is_silent(&rule->metrics[index], views[index].side[SIDE_CANDIDATE], answer))
            return true;
    }
    return false;
}

int64_t evidence_silence_deadline(const struct rule *rule, const struct metric_views *views,
                                  const struct rule_clock *clock, unsigned metrics)
{
    int64_t deadline = INT64_MAX;

    for (uint8_t index = 0; index < rule->metric_count; index++) {
        const struct rule_metric *metric = &rule->metrics[index];
        const struct series_view *view = views[index].side[SIDE_CANDIDATE];

        if ((metrics >> index & 1) == 0 || !is_silent(metric, view, NO_DATA_FAIL))
            continue;
        int64_t end_ms = series_end_ms(view);
        int64_t since_ms = end_ms > clock->routed_ms ? end_ms : clock->routed_ms;
        if (since_ms + metric->age_max_ms + 1 < deadline)
            deadline = since_ms + metric->age_max_ms + 1;
    }
    return deadline;
}

static void set(struct judgement *judgement, enum verdict verdict, enum reason reason)
{
    judgement->verdict = verdict;
    judgement->reason = reason;
}

void evidence_conclude(const struct rule *rule, const struct metric_views *views,
                       const struct rule_clock *clock, const struct evidence *evidence,
                       struct judgement *ret_judgement)
{
    if (evidence->objects)
        set(ret_judgement, VERDICT_FAIL, REASON_DECIDED);
    else if (clock->now_ms >= evidence_silence_deadline(rule, views, clock, evidence->metrics))
        set(ret_judgement, VERDICT_FAIL, REASON_NO_DATA);
    else if (evidence->lacks != REASON_DECIDED)
        set(ret_judgement, VERDICT_INCONCLUSIVE, evidence->lacks);
    else if (clock->now_ms < evidence_from_ms(rule, clock))
        set(ret_judgement, VERDICT_INCONCLUSIVE, REASON_WARMUP);
    else
        set(ret_judgement, VERDICT_PASS, evidence->is_declared ? REASON_NO_DATA : REASON_DECIDED);
}
