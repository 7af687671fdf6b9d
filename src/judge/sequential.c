/* sequential.c - share betting block by block, and the interval of the ratio beside it.
 * SPDX-License-Identifier: MIT */
#include "judge/sequential.h"

#include "judge/beta.h"
#include "judge/wealth.h"

#include <float.h>
#include <math.h>

static const double bets[SEQUENTIAL_BETS] = {.01, .02, .05, .1, .2, .4, .8};

/* x / (e * m0), written so that neither huge counts nor a vanishing share overflow: the candidate's part of
 * the events over its part under H0. */
static double relative_share(const struct sequential_block *block, double allowed_ratio)
{
    double share = 1 / (1 + block->stable_events / block->events);
    double odds = block->stable_total / block->total / allowed_ratio;

    return share > 0 ? fmin(share * (1 + odds), DBL_MAX) : 0;
}

bool sequential_count(struct sequential_state *state, const struct sequential_block *block)
{
    if (!(block->total > 0 && block->stable_total > 0))
        return false;
    state->events += block->events;
    state->total += block->total;
    state->stable_events += block->stable_events;
    state->stable_total += block->stable_total;
    state->blocks++;
    state->event_blocks += block->events > 0;
    return true;
}

void sequential_add(struct sequential_state *state, const struct sequential_block *block,
                    double allowed_ratio)
{
    if (!sequential_count(state, block) || !(block->events + block->stable_events > 0))
        return;
    double gain = relative_share(block, allowed_ratio) - 1;
    for (int bet = 0; bet < SEQUENTIAL_BETS; bet++)
        state->log_wealth[bet] += log1p(bets[bet] * gain);
    state->log_e_max = fmax(state->log_e_max, sequential_log_e(state));
}

double sequential_log_e(const struct sequential_state *state)
{
    return wealth_log_mean(state->log_wealth, SEQUENTIAL_BETS);
}

void sequential_interval(const struct sequential_state *state, double level, double *ret_estimate,
                         double *ret_lower, double *ret_upper)
{
    double x = state->events;
    double y = state->stable_events;
    double per_odds =
        state->stable_total / state->total; /* ratio of rates = odds of x against y, times this */
    double tail = (1 - level) / 2;

    *ret_estimate = *ret_lower = *ret_upper = NAN;
    if (!(x + y > 0))
        return;
    *ret_estimate = x / y * per_odds;
    *ret_lower = x > 0 ? beta_odds(x, y + 1, tail) * per_odds : 0;
    *ret_upper = y > 0 ? beta_odds(x + 1, y, 1 - tail) * per_odds : INFINITY;
}
