/* score.c - members' judgements as labels, and the scorecard's answer as a judgement.
 * SPDX-License-Identifier: MIT */
#include "judge/score.h"

#include "judge/rule.h"
#include "judge/scorecard.h"

#include <math.h>

/* What of the members is told beside the score. */
struct tally {
    struct scorecard_metric metrics[SCORE_MEMBERS_MAX];
    unsigned counted;
    unsigned decided;
    enum reason lacks; /* of the first undecided one */
};

static void take(const struct score *score, uint8_t member, const struct judgement *last, struct tally *tally)
{
    struct scorecard_metric *metric = &tally->metrics[member];

    metric->classification = last->verdict == VERDICT_FAIL ? CLASSIFICATION_HIGH : CLASSIFICATION_PASS;
    metric->groups = score->groups[member];
    metric->is_critical = (score->critical >> member & 1) != 0;
    tally->counted++;
    if (last->verdict != VERDICT_INCONCLUSIVE)
        tally->decided++;
    else if (tally->lacks == REASON_DECIDED)
        tally->lacks = last->reason;
}

static void span(const struct judgement *last, struct judgement *judgement)
{
    if (last->to_ms == 0)
        return;
    if (judgement->to_ms == 0 || last->from_ms < judgement->from_ms)
        judgement->from_ms = last->from_ms;
    if (last->to_ms > judgement->to_ms)
        judgement->to_ms = last->to_ms;
}

static void conclude(const struct score *score, const struct tally *tally, struct judgement *judgement)
{
    judgement->reason = REASON_DECIDED;
    if (judgement->value < score->marginal)
        judgement->verdict = VERDICT_FAIL;
    else if (tally->decided < tally->counted)
        judgement->reason = tally->lacks;
    else if (judgement->value < score->pass)
        judgement->reason = REASON_MARGINAL;
    else
        judgement->verdict = VERDICT_PASS;
}

void score_judge(const struct score *score, const struct rule_state *states, uint32_t muted,
                 struct judgement *ret_judgement)
{
    struct scorecard scorecard = {
        .group_count = score->group_count, .pass = score->pass, .marginal = score->marginal};
    struct tally tally = {.lacks = REASON_DECIDED};
    struct scorecard_answer answer;
    struct judgement judgement = {.reason = REASON_UNDECIDED,
                                  .value = NAN,
                                  .bound = score->pass,
                                  .estimate = NAN,
                                  .lower = NAN,
                                  .upper = NAN,
                                  .statistic = NAN,
                                  .limit = score->marginal,
                                  .count = 0,
                                  .stable_count = NAN};

    for (uint8_t group = 0; group < score->group_count; group++)
        scorecard.weights[group] = score->weights[group];
    for (uint8_t member = 0; member < score->member_count; member++) {
        const struct judgement *last = &states[score->members[member]].last;

        tally.metrics[member] = (struct scorecard_metric){.is_muted = true};
        if ((muted >> score->members[member] & 1) != 0)
            continue;
        tally.metrics[member].is_muted = false;
        take(score, member, last, &tally);
        span(last, &judgement);
    }
    if (tally.counted > 0) {
        scorecard_run(&scorecard, tally.metrics, score->member_count, &answer);
        judgement.value = answer.score;
        judgement.count = tally.decided;
        conclude(score, &tally, &judgement);
    }
    *ret_judgement = judgement;
}
