/* comparison.c - closed blocks of both sides into the sequential test, and whether there is enough to pass
 * on. SPDX-License-Identifier: MIT */
#include "judge/comparison.h"

#include "judge/evidence.h"
#include "judge/series_window.h"

#include <assert.h>

enum { METRIC = 1U << 0 }; /* a comparison is of metric 0 alone */

static const double interval_level = .95;

struct sides {
    const struct series_view *candidate;
    const struct series_view *stable;
    bool is_same_series;
};

/* Adds a step of both sides to the block; false: one side does not have it, so neither counts. */
static bool add_step(const struct sides *sides, int64_t step, struct sequential_block *block)
{
    const struct series_step *candidate = series_view_at(sides->candidate, step);
    const struct series_step *stable = series_view_at(sides->stable, step);

    if (candidate == NULL || stable == NULL)
        return false;
    if (!series_is_usable(sides->candidate, candidate) || !series_is_usable(sides->stable, stable))
        return false;
    block->events += candidate->value;
    block->total += candidate->total;
    block->stable_events += stable->value;
    block->stable_total += stable->total;
    return true;
}

static int64_t larger(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t smaller(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* Until when nothing is to be expected from a side any more: it has newer values already, or is too late. */
static int64_t settled_ms(const struct series_view *view, int64_t age_max_ms, int64_t now_ms)
{
    return larger(series_end_ms(view), now_ms - age_max_ms);
}

/* First block that is not taken in yet, lies wholly behind the route, and that both rings still hold. */
static int64_t first_block(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                           const struct rule_state *state)
{
    int64_t block_ms = rule->comparison.block_ms;
    int64_t kept = larger(series_oldest_kept(sides->candidate), series_oldest_kept(sides->stable));
    int64_t from_ms = larger(clock->routed_ms, series_step_start_ms(sides->candidate, kept));

    return larger(state->next_block, series_first_from(from_ms, block_ms));
}

static void take_block(const struct rule *rule, const struct sides *sides, int64_t number,
                       struct rule_state *state, struct judgement *judgement)
{
    int64_t block_ms = rule->comparison.block_ms;
    int64_t steps = block_ms / sides->candidate->step_ms;
    struct sequential_block block = {0};
    uint32_t blocks = state->sequential.blocks;

    for (int64_t step = number * steps; step < (number + 1) * steps; step++)
        (void)add_step(sides, step, &block);
    sequential_add(&state->sequential, &block, rule->comparison.allowed_ratio);
    if (state->sequential.blocks == blocks)
        return;
    if (blocks == 0)
        judgement->from_ms = number * block_ms;
    judgement->to_ms = (number + 1) * block_ms;
}

static void take_blocks(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                        struct rule_state *state, struct judgement *judgement)
{
    int64_t age_max_ms = rule->metrics[0].age_max_ms;
    int64_t until_ms = clock->now_ms - sides->candidate->step_ms;

    until_ms = smaller(until_ms, settled_ms(sides->candidate, age_max_ms, clock->now_ms));
    until_ms = smaller(until_ms, settled_ms(sides->stable, age_max_ms, clock->now_ms));
    int64_t next = first_block(rule, sides, clock, state);
    while ((next + 1) * rule->comparison.block_ms <= until_ms) {
        take_block(rule, sides, next, state, judgement);
        state->next_block = ++next;
    }
}

/* Why the two sides can never be compared; REASON_DECIDED: they can. */
static enum reason mismatch(const struct sides *sides)
{
    if (sides->is_same_series)
        return REASON_SAME_SERIES;
    if (sides->candidate == NULL)
        return REASON_NO_DATA;
    if (sides->stable == NULL)
        return REASON_NO_BASELINE;
    bool are_counts = sides->candidate->kind == SERIES_COUNT && sides->stable->kind == SERIES_COUNT;
    return are_counts ? REASON_DECIDED : REASON_UNDECIDED;
}

/* What the judged steps since `from_ms` lack for a pass; REASON_DECIDED: nothing. */
static enum reason lacks(const struct rule *rule, const struct sides *sides, const struct rule_state *state,
                         int64_t from_ms)
{
    uint32_t step_ms = sides->candidate->step_ms;
    int64_t kept = larger(series_oldest_kept(sides->candidate), series_oldest_kept(sides->stable));
    int64_t oldest = larger(series_first_from(from_ms, step_ms), kept);
    int64_t step = state->next_block * (rule->comparison.block_ms / step_ms) - 1;
    struct sequential_block sum = {0};
    bool is_paired = false;

    for (; step >= oldest; step--) {
        is_paired |= add_step(sides, step, &sum);
        if (sum.total > 0 && sum.total >= rule->need && sum.stable_total > 0)
            return REASON_DECIDED;
    }
    if (is_paired && sum.total <= 0)
        return REASON_NO_TRAFFIC;
    return is_paired && sum.stable_total <= 0 ? REASON_NO_BASELINE : REASON_TOO_FEW;
}

/* What stands against a pass at this time; REASON_DECIDED: nothing. */
static enum reason missing(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                           const struct rule_state *state)
{
    int64_t age_max_ms = rule->metrics[0].age_max_ms;
    enum reason reason = series_freshness(sides->candidate, age_max_ms, clock->now_ms);

    if (reason != REASON_DECIDED)
        return reason;
    reason = series_freshness(sides->stable, age_max_ms, clock->now_ms);
    if (reason != REASON_DECIDED)
        return reason == REASON_NO_DATA ? REASON_NO_BASELINE : reason;
    if (clock->now_ms < evidence_from_ms(rule, clock))
        return REASON_WARMUP;
    return lacks(rule, sides, state, evidence_from_ms(rule, clock));
}

static bool is_proven(const struct comparison *comparison, const struct sequential_state *sequential)
{
    return sequential->log_e_max >= -log(comparison->alpha) && sequential->event_blocks >= 2 &&
           sequential->events >= comparison->events_min &&
           sequential->events >= comparison->ignore_below * sequential->total;
}

static void report(const struct comparison *comparison, const struct rule_state *state, bool is_new,
                   struct judgement *judgement)
{
    const struct sequential_state *sequential = &state->sequential;

    judgement->statistic = sequential->log_e_max / M_LN10;
    judgement->limit = -log(comparison->alpha) / M_LN10;
    judgement->count = sequential->total;
    judgement->stable_count = sequential->stable_total;
    judgement->value = sequential->events / sequential->total;
    judgement->bound = sequential->stable_events / sequential->stable_total;
    if (is_new) {
        sequential_interval(sequential, interval_level, &judgement->estimate, &judgement->lower,
                            &judgement->upper);
    } else if (sequential->blocks > 0) {
        judgement->estimate = state->last.estimate;
        judgement->lower = state->last.lower;
        judgement->upper = state->last.upper;
    }
}

void comparison_judge(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, struct rule_state *state,
                      struct judgement *ret_judgement)
{
    const struct sides sides = {.candidate = views[0].side[SIDE_CANDIDATE],
                                .stable = views[0].side[SIDE_STABLE],
                                .is_same_series = views[0].is_same_series};
    uint32_t blocks = state->sequential.blocks;
    struct evidence evidence = {.metrics = METRIC, .lacks = mismatch(&sides)};

    if (evidence.lacks == REASON_SAME_SERIES) {
        ret_judgement->reason = REASON_SAME_SERIES;
        return;
    }
    ret_judgement->from_ms = state->last.from_ms;
    ret_judgement->to_ms = state->last.to_ms;
    if (evidence.lacks == REASON_DECIDED) {
        take_blocks(rule, &sides, clock, state, ret_judgement);
        evidence.is_declared = evidence_is_silent(rule, views, METRIC, NO_DATA_PASS);
        evidence.lacks = evidence.is_declared ? REASON_DECIDED : missing(rule, &sides, clock, state);
    }
    report(&rule->comparison, state, state->sequential.blocks != blocks, ret_judgement);
    evidence.objects = is_proven(&rule->comparison, &state->sequential);
    evidence_conclude(rule, views, clock, &evidence, ret_judgement);
}

int64_t comparison_deadline(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state)
{
    const struct sides sides = {.candidate = views[0].side[SIDE_CANDIDATE],
                                .stable = views[0].side[SIDE_STABLE],
                                .is_same_series = views[0].is_same_series};
    int64_t age_max_ms = rule->metrics[0].age_max_ms;

    if (mismatch(&sides) != REASON_DECIDED)
        return INT64_MAX;
    int64_t end_ms = (first_block(rule, &sides, clock, state) + 1) * rule->comparison.block_ms;
    int64_t late_ms = sides.candidate->step_ms;
    if (smaller(series_end_ms(sides.candidate), series_end_ms(sides.stable)) < end_ms)
        late_ms = larger(late_ms, age_max_ms);
    return end_ms + late_ms;
}
