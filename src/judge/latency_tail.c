/* latency_tail.c - one sequential test for each bound.
 * SPDX-License-Identifier: MIT */
#include "judge/latency_tail.h"

#include "judge/wealth.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

static const double exceedance_min = .0005;
static const double exceedance_max = .5;
static const double exceedance_single = .05;

static double above(const double *buckets, size_t bucket_count, size_t bound)
{
    double sum = 0;

    for (size_t at = bound + 1; at < bucket_count; at++)
        sum += buckets[at];
    return sum;
}

static bool is_useful(const double *buckets, size_t bucket_count, size_t bound, double total)
{
    double share = above(buckets, bucket_count, bound) / total;

    return share >= exceedance_min && share <= exceedance_max;
}

void latency_tail_choose(struct latency_tail *state, const double *buckets, size_t bucket_count)
{
    double total = buckets[0] + above(buckets, bucket_count, 0);
    size_t first = 0;
    size_t count = 0;

    /* exceedance falls with the bound: the useful ones stand side by side */
    for (size_t bound = 0; bound + 1 < bucket_count; bound++) {
        if (!is_useful(buckets, bucket_count, bound, total))
            continue;
        if (count++ == 0)
            first = bound;
    }
    *state = (struct latency_tail){0};
    size_t chosen = count < LATENCY_TAIL_BOUNDS_MAX ? count : LATENCY_TAIL_BOUNDS_MAX;
    for (size_t at = 0; at < chosen; at++)
        state->bounds[at] = (uint8_t)(first + (chosen < 2 ? 0 : at * (count - 1) / (chosen - 1)));
    state->bound_count = (uint8_t)chosen;
}

uint8_t latency_tail_single(const double *buckets, size_t bucket_count)
{
    double total = buckets[0] + above(buckets, bucket_count, 0);
    uint8_t found = 0;

    for (size_t bound = 0; bound + 1 < bucket_count; bound++) {
        if (!is_useful(buckets, bucket_count, bound, total))
            continue;
        found = (uint8_t)(bound + 1);
        if (above(buckets, bucket_count, bound) <= exceedance_single * total)
            break;
    }
    return found;
}

void latency_tail_fix(struct latency_tail *state, uint8_t bucket)
{
    *state = (struct latency_tail){.bound_count = 1, .bounds = {bucket}};
}

void latency_tail_add(struct latency_tail *state, const double *candidate, const double *stable,
                      size_t bucket_count, double allowed_ratio)
{
    double total = candidate[0] + above(candidate, bucket_count, 0);
    double stable_total = stable[0] + above(stable, bucket_count, 0);

    assert(state->bound_count <= LATENCY_TAIL_BOUNDS_MAX);
    for (uint8_t at = 0; at < state->bound_count; at++) {
        struct sequential_block block = {.events = above(candidate, bucket_count, state->bounds[at]),
                                         .total = total,
                                         .stable_events = above(stable, bucket_count, state->bounds[at]),
                                         .stable_total = stable_total};
        sequential_add(&state->tests[at], &block, allowed_ratio);
    }
    state->log_e_max = fmax(state->log_e_max, latency_tail_log_e(state));
}

double latency_tail_log_e(const struct latency_tail *state)
{
    double logs[LATENCY_TAIL_BOUNDS_MAX];

    for (uint8_t at = 0; at < state->bound_count; at++)
        logs[at] = sequential_log_e(&state->tests[at]);
    return state->bound_count == 0 ? 0 : wealth_log_mean(logs, state->bound_count);
}

uint8_t latency_tail_worst(const struct latency_tail *state)
{
    uint8_t worst = 0;

    for (uint8_t at = 1; at < state->bound_count; at++)
        if (sequential_log_e(&state->tests[at]) > sequential_log_e(&state->tests[worst]))
            worst = at;
    return worst;
}
