/* comparison.c - closed blocks of both sides into the rule's test, and whether there is enough to pass on.
 * SPDX-License-Identifier: MIT */
#include "judge/comparison.h"

#include "judge/baseline.h"
#include "judge/evidence.h"
#include "judge/latency_tail.h"
#include "judge/levels.h"
#include "judge/series_window.h"

#include <math.h>
#include <string.h>

enum { METRIC = 1U << 0 }; /* a comparison is of metric 0 alone */

static const double interval_level = .95;

static int64_t larger(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t smaller(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static bool is_sequential(const struct rule *rule)
{
    return rule->comparison.test == COMPARISON_SEQUENTIAL || rule->comparison.test == COMPARISON_LATENCY_TAIL;
}

/* First block that is not taken in yet, lies wholly behind the route, and that both rings still hold. */
static int64_t first_block(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                           const struct rule_state *state)
{
    int64_t block_ms = rule->comparison.block_ms;
    int64_t kept_ms = series_step_start_ms(sides->candidate, sides_oldest_kept(sides));
    int64_t from_ms = larger(clock->routed_ms, kept_ms);

    return larger(state->next_block, series_first_from(from_ms, block_ms));
}

static struct sequential_block sum_block(const struct rule *rule, const struct sides *sides, int64_t number,
                                         uint32_t bound)
{
    int64_t steps = rule->comparison.block_ms / sides->candidate->step_ms;
    struct sequential_block block = {0};

    for (int64_t step = number * steps; step < (number + 1) * steps; step++)
        (void)sides_add_step(sides, step, bound, &block);
    return block;
}

static uint32_t bound_of(const struct series_window *window)
{
    double counts[SERIES_BUCKETS_MAX] = {0};

    return series_window_buckets(window, counts) > 0 ? latency_tail_single(counts, window->view->bucket_count)
                                                     : 0;
}

/* Of a past the half that bets come to last, if at all, tells it: what chose a bound is not to be bet on. */
static uint32_t bound_of_past(const struct sides *sides)
{
    const struct series_view *view = sides->other;
    struct series_window whole = {
        .view = view, .oldest = series_oldest_kept(view), .newest = view->newest_step};

    while (whole.oldest < whole.newest && series_view_at(view, whole.oldest) == NULL)
        whole.oldest++;
    struct series_window far = whole;
    int64_t middle = whole.oldest + (whole.newest - whole.oldest) / 2;
    if (sides->direction < 0)
        far.newest = middle;
    else
        far.oldest = middle;
    uint32_t bound = bound_of(&far);
    return bound != 0 ? bound : bound_of(&whole);
}

/* A bound that was asked for, or one that fits what the other side was like before this block; 0: not yet. */
static uint32_t choose_bound(const struct rule *rule, const struct sides *sides, int64_t number)
{
    const struct series_view *other = sides->other;
    int64_t first = number * (rule->comparison.block_ms / other->step_ms);
    struct series_window past = {
        .view = other, .oldest = series_oldest_kept(other), .newest = smaller(first - 1, other->newest_step)};
    uint32_t bucket = 0;

    if (!(rule->comparison.above > 0))
        return sides->is_past ? bound_of_past(sides) : bound_of(&past);
    while (bucket + 2 < other->bucket_count && other->bounds[bucket] < rule->comparison.above)
        bucket++;
    return bucket + 1;
}

static void test_block(const struct rule *rule, const struct sequential_block *block, bool is_past,
                       struct rule_state *state)
{
    const struct comparison *comparison = &rule->comparison;

    if (is_sequential(rule)) {
        wager_add(&state->wager, &state->sequential, block, comparison->allowed_ratio,
                  wager_form(&state->wager, comparison->form, is_past));
        return;
    }
    if (sequential_count(&state->sequential, block) && comparison->test == COMPARISON_MEAN_DIFFERENCE)
        levels_add(rule, state, block->events / block->total, block->stable_events / block->stable_total);
}

static bool is_proven(const struct rule *rule, const struct rule_state *state)
{
    const struct comparison *comparison = &rule->comparison;
    const struct sequential_state *sums = &state->sequential;

    if (state->is_lost != 0)
        return true;
    if (!is_sequential(rule))
        return levels_is_worse(rule, state) &&
               (comparison->ignore_below <= 0 || sums->events >= comparison->ignore_below * sums->total);
    return sums->log_e_max >= -log(comparison->alpha) && sums->event_blocks >= 2 &&
           sums->events >= comparison->events_min && sums->events >= comparison->ignore_below * sums->total;
}

static void take_block(const struct rule *rule, const struct sides *sides, int64_t number,
                       struct rule_state *state, struct judgement *judgement)
{
    int64_t block_ms = rule->comparison.block_ms;
    uint32_t blocks = state->sequential.blocks;

    if (sides->other->kind == SERIES_HISTOGRAM && state->bound == 0)
        state->bound = choose_bound(rule, sides, number);
    if (sides->other->kind == SERIES_HISTOGRAM && state->bound == 0)
        return;
    struct sequential_block block = sum_block(rule, sides, number, state->bound);
    test_block(rule, &block, sides->is_past, state);
    if (state->sequential.blocks == blocks)
        return;
    if (blocks == 0)
        judgement->from_ms = number * block_ms;
    judgement->to_ms = (number + 1) * block_ms;
}

static void take_blocks(const struct rule *rule, const struct metric_views *views,
                        const struct rule_clock *clock, struct rule_state *state, struct judgement *judgement)
{
    struct sides sides = baseline_sides(rule, views, clock, state);
    int64_t until_ms = clock->now_ms - sides.candidate->step_ms;
    enum baseline_step choice = BASELINE_SKIP;

    until_ms = smaller(until_ms, baseline_settled_ms(rule, views, clock, state));
    int64_t next = first_block(rule, &sides, clock, state);
    for (; (next + 1) * rule->comparison.block_ms <= until_ms && choice != BASELINE_WAIT; next++) {
        choice = baseline_choose(rule, views, clock, next, is_proven(rule, state), state);
        sides = baseline_sides(rule, views, clock, state);
        if (choice == BASELINE_TAKE)
            take_block(rule, &sides, next, state, judgement);
        if (choice != BASELINE_WAIT)
            state->next_block = next + 1;
    }
}

/* What the judged steps since `from_ms` lack for a pass; REASON_DECIDED: nothing. */
static enum reason lacks(const struct rule *rule, const struct sides *sides, const struct rule_state *state,
                         int64_t from_ms)
{
    uint32_t step_ms = sides->candidate->step_ms;
    int64_t oldest = larger(series_first_from(from_ms, step_ms), sides_oldest_kept(sides));
    int64_t step = state->next_block * (rule->comparison.block_ms / step_ms) - 1;
    struct sequential_block sum = {0};
    bool is_paired = false;

    for (; step >= oldest; step--) {
        is_paired |= sides_add_step(sides, step, state->bound, &sum);
        if (sum.total > 0 && sum.total >= rule->need && sum.stable_total > 0)
            return REASON_DECIDED;
    }
    if (is_paired && sum.total <= 0)
        return REASON_NO_TRAFFIC;
    return is_paired && sum.stable_total <= 0 ? REASON_NO_BASELINE : REASON_TOO_FEW;
}

/* What stands against a pass at this time; REASON_DECIDED: nothing. */
static enum reason missing(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                           const struct rule_state *state, int64_t judged_from_ms)
{
    int64_t age_max_ms = rule->metrics[0].age_max_ms;
    enum reason reason =
        series_freshness(sides->other, sides->is_past ? SERIES_EVER : age_max_ms, clock->now_ms);

    if (reason != REASON_DECIDED)
        return reason == REASON_NO_DATA ? REASON_NO_BASELINE : reason;
    if (clock->now_ms < evidence_from_ms(rule, clock))
        return REASON_WARMUP;
    int64_t from_ms = evidence_from_ms(rule, clock);
    if (rule->comparison.test == COMPARISON_LATENCY_TAIL) /* blocks before the bound was there do not count */
        from_ms = state->sequential.blocks > 0 ? larger(from_ms, judged_from_ms) : clock->now_ms;
    reason = lacks(rule, sides, state, from_ms);
    return reason == REASON_DECIDED && !is_sequential(rule) ? levels_lacks(rule, state) : reason;
}

/* Of all blocks behind the route that both rings still hold, the newest first. */
static void gather_levels(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                          const struct rule_state *state, struct levels *levels)
{
    const struct rule_state fresh = {.next_block = 0};
    int64_t first = first_block(rule, sides, clock, &fresh);

    levels->count = 0;
    for (int64_t number = state->next_block - 1; number >= first && levels->count < LEVELS_BLOCKS_MAX;
         number--) {
        struct sequential_block block = sum_block(rule, sides, number, 0);
        if (!(block.total > 0 && block.stable_total > 0))
            continue;
        levels->candidate[levels->count] = block.events / block.total;
        levels->stable[levels->count++] = block.stable_events / block.stable_total;
    }
}

/* What a new block says. */
static void report_test(const struct rule *rule, const struct sides *sides, const struct rule_clock *clock,
                        struct rule_state *state, struct judgement *judgement)
{
    struct levels levels;

    switch (rule->comparison.test) {
    case COMPARISON_SEQUENTIAL:
    case COMPARISON_LATENCY_TAIL:
        sequential_interval(&state->sequential, interval_level, &judgement->estimate, &judgement->lower,
                            &judgement->upper);
        break;
    case COMPARISON_MEAN_DIFFERENCE:
        levels_report_means(rule, state, judgement);
        break;
    case COMPARISON_MANN_WHITNEY:
        gather_levels(rule, sides, clock, state, &levels);
        levels_report_mann_whitney(rule, &levels, state, judgement);
        break;
    }
}

static void report_sums(const struct rule *rule, const struct rule_state *state, struct judgement *judgement)
{
    const struct sequential_state *sums = &state->sequential;

    judgement->count = sums->total;
    judgement->stable_count = sums->stable_total;
    judgement->value = sums->events / sums->total;
    judgement->bound = sums->stable_events / sums->stable_total;
    if (sums->blocks > 0) {
        judgement->estimate = state->last.estimate;
        judgement->lower = state->last.lower;
        judgement->upper = state->last.upper;
        judgement->statistic = state->last.statistic;
        judgement->limit = state->last.limit;
    }
    if (is_sequential(rule)) {
        judgement->statistic = sums->log_e_max / M_LN10;
        judgement->limit = -log(rule->comparison.alpha) / M_LN10;
    }
}

/* Why nothing can be taken in; of several baselines each is looked at by itself. */
static enum reason unfit(const struct rule *rule, const struct sides *sides)
{
    if (baseline_count(rule) == 1)
        return sides_mismatch(rule, sides);
    return sides->candidate == NULL ? REASON_NO_DATA : REASON_DECIDED;
}

/* Takes in what is new, and says what is missing for a pass. */
static void look(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                 struct rule_state *state, struct evidence *evidence, struct judgement *judgement)
{
    take_blocks(rule, views, clock, state, judgement);
    struct sides sides = baseline_sides(rule, views, clock, state);
    judgement->against = (uint16_t)state->against;
    report_sums(rule, state, judgement);
    if (judgement->to_ms != state->last.to_ms) /* a block more */
        report_test(rule, &sides, clock, state, judgement);
    evidence->is_declared = evidence_is_silent(rule, views, METRIC, NO_DATA_PASS);
    if (evidence->is_declared)
        return;
    evidence->lacks = series_freshness(sides.candidate, rule->metrics[0].age_max_ms, clock->now_ms);
    if (evidence->lacks == REASON_DECIDED)
        evidence->lacks = baseline_lacks(rule, views, clock, state);
    if (evidence->lacks == REASON_DECIDED)
        evidence->lacks = missing(rule, &sides, clock, state, judgement->from_ms);
}

void comparison_judge(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, struct rule_state *state,
                      struct judgement *ret_judgement)
{
    const struct sides sides = baseline_sides(rule, views, clock, state);
    struct evidence evidence = {.metrics = METRIC, .lacks = unfit(rule, &sides)};

    if (evidence.lacks == REASON_SAME_SERIES) {
        ret_judgement->reason = REASON_SAME_SERIES;
        return;
    }
    ret_judgement->from_ms = state->last.from_ms;
    ret_judgement->to_ms = state->last.to_ms;
    ret_judgement->against = (uint16_t)state->against;
    if (evidence.lacks == REASON_DECIDED)
        look(rule, views, clock, state, &evidence, ret_judgement);
    else
        report_sums(rule, state, ret_judgement);
    evidence.objects = is_proven(rule, state);
    evidence_conclude(rule, views, clock, &evidence, ret_judgement);
}

int64_t comparison_deadline(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state)
{
    const struct sides sides = baseline_sides(rule, views, clock, state);
    int64_t age_max_ms = rule->metrics[0].age_max_ms;

    if (unfit(rule, &sides) != REASON_DECIDED)
        return INT64_MAX;
    int64_t end_ms = (first_block(rule, &sides, clock, state) + 1) * rule->comparison.block_ms;
    int64_t late_ms = sides.candidate->step_ms;
    if (!baseline_is_settled(rule, clock, state) || sides_end_ms(&sides) < end_ms)
        late_ms = larger(late_ms, age_max_ms);
    /* A block that is over and was not taken in waits for a baseline to be heard of, not for time. */
    bool is_waiting = baseline_count(rule) > 1 && end_ms + late_ms <= clock->now_ms;
    return is_waiting ? INT64_MAX : end_ms + late_ms;
}
