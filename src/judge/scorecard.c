/* scorecard.c - groups, weights, overrides.
 * SPDX-License-Identifier: MIT */
#include "judge/scorecard.h"

#include "base/attributes.h"

#include <assert.h>
#include <math.h>

static const char *const verdict_names[] = {
    [SCORECARD_PASS] = "pass", [SCORECARD_MARGINAL] = "marginal", [SCORECARD_FAIL] = "fail"};

const char *scorecard_verdict_name(enum scorecard_verdict verdict)
{
    assert(verdict < ARRAY_LENGTH(verdict_names));
    return verdict_names[verdict];
}

struct group {
    size_t members, passed, counted;
};

static bool is_counted(enum classification classification)
{
    return classification != CLASSIFICATION_NODATA && classification != CLASSIFICATION_ERROR;
}

static struct group count_group(size_t index, const struct scorecard_metric *metrics, size_t metric_count)
{
    struct group group = {0};

    for (size_t at = 0; at < metric_count; at++) {
        if (metrics[at].is_muted || (metrics[at].groups >> index & 1) == 0)
            continue;
        group.members++;
        group.counted += is_counted(metrics[at].classification);
        group.passed += metrics[at].classification == CLASSIFICATION_PASS;
    }
    return group;
}

static double group_score(const struct group *group)
{
    return group->counted == 0 ? 0 : 100 * (double)group->passed / (double)group->counted;
}

static double add_up(const struct scorecard *scorecard, const struct group *groups)
{
    double given = 0;
    double others = 0;
    double sum = 0;

    for (size_t index = 0; index < scorecard->group_count; index++) {
        if (!isnan(scorecard->weights[index]))
            given += scorecard->weights[index];
        else
            others += groups[index].members > 0;
    }
    for (size_t index = 0; index < scorecard->group_count; index++) {
        if (groups[index].members == 0)
            continue;
        double weight = isnan(scorecard->weights[index]) ? (100 - given) / others : scorecard->weights[index];
        sum += weight / 100 * (groups[index].counted == 0 ? 100 : group_score(&groups[index]));
    }
    return floor(sum * 100 + .5 + 1e-9) / 100;
}

/* Something that makes the whole 0, whatever the groups say. */
static bool is_overruled(const struct scorecard_metric *metrics, size_t metric_count)
{
    size_t judged = 0;
    size_t silent = 0;

    for (size_t at = 0; at < metric_count; at++) {
        if (metrics[at].is_muted)
            continue;
        if (metrics[at].is_critical && metrics[at].classification != CLASSIFICATION_PASS)
            return true;
        judged++;
        silent += metrics[at].classification == CLASSIFICATION_NODATA;
    }
    return silent > 0 && 2 * silent >= judged;
}

void scorecard_run(const struct scorecard *scorecard, const struct scorecard_metric *metrics,
                   size_t metric_count, struct scorecard_answer *ret_answer)
{
    struct group groups[SCORECARD_GROUPS_MAX];

    assert(scorecard->group_count <= SCORECARD_GROUPS_MAX);
    for (size_t index = 0; index < scorecard->group_count; index++) {
        groups[index] = count_group(index, metrics, metric_count);
        ret_answer->groups[index] = groups[index].members == 0 ? NAN : group_score(&groups[index]);
    }
    ret_answer->score = is_overruled(metrics, metric_count) ? 0 : add_up(scorecard, groups);
    ret_answer->verdict = SCORECARD_FAIL;
    if (ret_answer->score >= scorecard->pass)
        ret_answer->verdict = SCORECARD_PASS;
    else if (ret_answer->score >= scorecard->marginal)
        ret_answer->verdict = SCORECARD_MARGINAL;
}
