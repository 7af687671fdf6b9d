/* sequential.c - share betting block by block, and the interval of the ratio beside it.
 * SPDX-License-Identifier: MIT */
#include "judge/sequential.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

static const double bets[SEQUENTIAL_BETS] = {.01, .02, .05, .1, .2, .4, .8};

/* x / (e * m0), written so that neither huge counts nor a vanishing share overflow: the candidate's part of
 * the events over its part under H0. */
static double relative_share(const struct sequential_block *block, double allowed_ratio)
{
    double share = 1 / (1 + block->stable_events / block->events);
    double odds = block->stable_total / block->total / allowed_ratio;

    return share > 0 ? fmin(share * (1 + odds), DBL_MAX) : 0;
}

void sequential_add(struct sequential_state *state, const struct sequential_block *block,
                    double allowed_ratio)
{
    if (!(block->total > 0 && block->stable_total > 0))
        return;
    state->events += block->events;
    state->total += block->total;
    state->stable_events += block->stable_events;
    state->stable_total += block->stable_total;
    state->blocks++;
    if (!(block->events + block->stable_events > 0))
        return;
    state->event_blocks += block->events > 0;
    double gain = relative_share(block, allowed_ratio) - 1;
    for (int bet = 0; bet < SEQUENTIAL_BETS; bet++)
        state->log_wealth[bet] += log1p(bets[bet] * gain);
    state->log_e_max = fmax(state->log_e_max, sequential_log_e(state));
}

double sequential_log_e(const struct sequential_state *state)
{
    double most = state->log_wealth[0];
    double sum = 0;

    for (int bet = 1; bet < SEQUENTIAL_BETS; bet++)
        most = fmax(most, state->log_wealth[bet]);
    for (int bet = 0; bet < SEQUENTIAL_BETS; bet++)
        sum += exp(state->log_wealth[bet] - most);
    return most + log(sum / SEQUENTIAL_BETS);
}

/* A beta distribution on the logit scale t = ln(p / (1 - p)), where its quantiles are well apart however rare
 * the events, and where its density p^a (1-p)^b / B(a,b) has its peak at ln(a / b). */
struct beta {
    double a, b;
    double log_norm;  /* ln B(a, b) */
    double deviation; /* of t; used where both a and b are large */
};

/* From here on t is as good as normally distributed, and the series below becomes long. */
static const double large = 1e4;

/* ln B(a, b). Beside a large one the difference of two lgamma() loses its digits: Stirling's series instead.
 */
static double log_beta(double a, double b)
{
    int sign;
    double low = fmin(a, b);
    double high = fmax(a, b);

    if (high < 1000)
        return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
    return lgamma_r(low, &sign) - (high - .5) * log1p(low / high) - low * log(low + high) + low +
           (1 / high - 1 / (low + high)) / 12;
}

/* ln(1 / (1 + e^-t)) */
static double log_logistic(double t)
{
    return t < 0 ? t - log1p(exp(t)) : -log1p(exp(-t));
}

/* 1 + p (a+b)/(a+1) + p^2 (a+b)(a+b+1)/((a+1)(a+2)) + ...; for p <= 1/2: every term is positive and they end
 * like a geometric series. */
static double beta_series(double a, double b, double p)
{
    double term = 1;
    double sum = 1;

    for (int index = 0; term > 1e-15 * sum; index++) {
        term *= p * (a + b + index) / (a + 1 + index);
        sum += term;
    }
    return sum;
}

/* Distribution function at t, and its density. */
static double beta_below(const struct beta *beta, double t, double *ret_density)
{
    double log_p = log_logistic(t);
    double log_q = log_logistic(-t);

    if (fmin(beta->a, beta->b) > large) {
        double normal = (t - log(beta->a / beta->b)) / beta->deviation;
        *ret_density = exp(-normal * normal / 2) / (beta->deviation * sqrt(2 * M_PI));
        return erfc(-normal / M_SQRT2) / 2;
    }
    *ret_density = exp(beta->a * log_p + beta->b * log_q - beta->log_norm);
    if (t <= 0)
        return *ret_density / beta->a * beta_series(beta->a, beta->b, exp(log_p));
    return 1 - *ret_density / beta->b * beta_series(beta->b, beta->a, exp(log_q));
}

/* The odds p / (1 - p) at which the distribution function is `below`. Newton's method from the peak of the
 * density: the function is convex before it and concave behind it, so no step goes past the solution. */
static double beta_odds(double a, double b, double below)
{
    struct beta beta = {.a = a, .b = b, .log_norm = log_beta(a, b), .deviation = sqrt(1 / a + 1 / b)};
    double t = log(a / b);

    for (int turn = 0; turn < 100; turn++) {
        double density;
        double step = (beta_below(&beta, t, &density) - below) / density;

        t -= step;
        if (fabs(step) <= 1e-10 * (1 + fabs(t)))
            break;
    }
    return exp(t);
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
