/* distribution.c - bets with the means of the past.
 * SPDX-License-Identifier: MIT */
#include "judge/distribution.h"

#include <assert.h>
#include <math.h>

static const double prior = .18;

static double sum(const double *counts, size_t count)
{
    double all = 0;

    for (size_t at = 0; at < count; at++)
        all += counts[at];
    return all;
}

void distribution_add(struct distribution *state, const double *candidate, const double *stable,
                      size_t bucket_count)
{
    double total = sum(candidate, bucket_count);
    double stable_total = sum(stable, bucket_count);

    assert(bucket_count <= DISTRIBUTION_BUCKETS_MAX);
    if (!(total > 0 && stable_total > 0))
        return;
    double past = sum(state->candidate, bucket_count) + prior * (double)bucket_count;
    double stable_past = sum(state->stable, bucket_count) + prior * (double)bucket_count;
    for (size_t at = 0; at < bucket_count; at++) {
        double mean = (state->candidate[at] + prior) / past;
        double stable_mean = (state->stable[at] + prior) / stable_past;
        double common = (total * mean + stable_total * stable_mean) / (total + stable_total);
        state->log_e += candidate[at] * log(mean / common) + stable[at] * log(stable_mean / common);
    }
    for (size_t at = 0; at < bucket_count; at++) {
        state->candidate[at] += candidate[at];
        state->stable[at] += stable[at];
    }
    state->log_e_max = fmax(state->log_e_max, state->log_e);
}
