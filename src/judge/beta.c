/* beta.c - Newton's method on the logit scale.
 * SPDX-License-Identifier: MIT */
#include "judge/beta.h"

#include <math.h>

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
double beta_log(double a, double b)
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
double beta_odds(double a, double b, double below)
{
    struct beta beta = {.a = a, .b = b, .log_norm = beta_log(a, b), .deviation = sqrt(1 / a + 1 / b)};
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

double beta_share_limit(double events, double total, double tail)
{
    if (!(events < total))
        return 1;
    double odds = beta_odds(events + 1, total - events, 1 - tail);
    return odds / (1 + odds);
}
