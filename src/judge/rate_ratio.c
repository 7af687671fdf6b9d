/* rate_ratio.c - likelihood ratios over a grid, and their inversion.
 * SPDX-License-Identifier: MIT */
#include "judge/rate_ratio.h"

#include "judge/wealth.h"

#include <math.h>
#include <stdbool.h>

static const double grid[RATE_RATIO_GRID] = {1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64};

enum { OCTAVES = 6, POINTS_PER_OCTAVE = 2, MIDDLE = OCTAVES * POINTS_PER_OCTAVE };
enum { POINTS = 2 * MIDDLE + 1, HALVINGS = 60 };
enum { LIMIT = 60 }; /* of the logarithm of the ratio */

static bool is_informative(const struct sequential_block *block)
{
    return block->total > 0 && block->stable_total > 0 && block->events + block->stable_events > 0;
}

static double share_of(const struct sequential_block *block)
{
    return block->total / (block->total + block->stable_total);
}

void rate_ratio_add(struct rate_ratio *state, const struct sequential_block *block, double allowed_ratio)
{
    if (!is_informative(block))
        return;
    double share = share_of(block);
    double events = block->events + block->stable_events;
    double allowed = 1 - share + share * allowed_ratio;

    for (int point = 0; point < RATE_RATIO_GRID; point++) {
        double other = 1 - share + share * allowed_ratio * grid[point];
        state->log_wealth[point] += block->events * log(grid[point]) + events * log(allowed / other);
    }
}

double rate_ratio_log_e(const struct rate_ratio *state)
{
    return wealth_log_mean(state->log_wealth, RATE_RATIO_GRID);
}

struct blocks {
    const struct sequential_block *all;
    size_t count;
};

static double log_likelihood(const struct blocks *blocks, double log_ratio)
{
    double ratio = exp(log_ratio);
    double sum = 0;

    for (size_t at = 0; at < blocks->count; at++) {
        const struct sequential_block *block = &blocks->all[at];
        if (!is_informative(block))
            continue;
        double share = share_of(block);
        sum += block->events * log_ratio -
               (block->events + block->stable_events) * log(1 - share + share * ratio);
    }
    return sum;
}

/* Derivative by the logarithm of the ratio: falls, and is 0 at the estimate. */
static double slope(const struct blocks *blocks, double log_ratio)
{
    double ratio = exp(log_ratio);
    double sum = 0;

    for (size_t at = 0; at < blocks->count; at++) {
        const struct sequential_block *block = &blocks->all[at];
        if (!is_informative(block))
            continue;
        double share = share_of(block);
        sum += block->events -
               (block->events + block->stable_events) * share * ratio / (1 - share + share * ratio);
    }
    return sum;
}

static double find_estimate(const struct blocks *blocks)
{
    double low = -LIMIT;
    double high = LIMIT;

    for (int turn = 0; turn < HALVINGS; turn++) {
        double middle = (low + high) / 2;
        if (slope(blocks, middle) > 0)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* From the estimate (inside) towards `end`: where the likelihood falls below `least`; `end` if it does not.
 */
static double find_bound(const struct blocks *blocks, double inside, double end, double least)
{
    double outside = end;

    if (log_likelihood(blocks, outside) > least)
        return outside;
    for (int turn = 0; turn < HALVINGS; turn++) {
        double middle = (inside + outside) / 2;
        if (log_likelihood(blocks, middle) > least)
            inside = middle;
        else
            outside = middle;
    }
    return (inside + outside) / 2;
}

void rate_ratio_interval(const struct sequential_block *blocks, size_t count, double alpha,
                         double *ret_estimate, double *ret_lower, double *ret_upper)
{
    const struct blocks all = {.all = blocks, .count = count};
    double logs[POINTS];
    double events = 0;
    double stable_events = 0;

    for (size_t at = 0; at < count; at++) {
        events += is_informative(&blocks[at]) ? blocks[at].events : 0;
        stable_events += is_informative(&blocks[at]) ? blocks[at].stable_events : 0;
    }
    *ret_estimate = *ret_lower = *ret_upper = NAN;
    if (!(events + stable_events > 0))
        return;
    for (int point = 0; point < POINTS; point++)
        logs[point] = log_likelihood(&all, (double)(point - MIDDLE) * M_LN2 / POINTS_PER_OCTAVE);
    double least = wealth_log_mean(logs, POINTS) + log(alpha);
    double best = find_estimate(&all);
    *ret_estimate = exp(best);
    *ret_lower = exp(find_bound(&all, best, -LIMIT, least));
    *ret_upper = exp(find_bound(&all, best, LIMIT, least));
    if (!(events > 0))
        *ret_estimate = *ret_lower = 0;
    if (!(stable_events > 0))
        *ret_estimate = *ret_upper = INFINITY;
}

double rate_ratio_dispersion(const struct sequential_block *blocks, size_t count)
{
    double sum = 0;
    size_t pairs = 0;

    for (size_t at = 0; at + 1 < count; at += 2) {
        double events = blocks[at].stable_events + blocks[at + 1].stable_events;
        double share = blocks[at].stable_total / (blocks[at].stable_total + blocks[at + 1].stable_total);
        double deviation = blocks[at].stable_events - events * share;
        if (!(events > 0 && share > 0 && share < 1))
            continue;
        sum += deviation * deviation / (events * share * (1 - share));
        pairs++;
    }
    return pairs < DISPERSION_PAIRS_MIN ? NAN : sum / (double)pairs;
}
