/* beta.c - Halley's method on the logit scale.
 * SPDX-License-Identifier: MIT */
#include "judge/beta.h"

#include <math.h>

/* A beta distribution on the logit scale t = ln(p / (1 - p)), where its quantiles are well apart however rare
 * the events, and where its density p^a (1-p)^b / B(a,b) has its peak at ln(a / b). */
struct beta {
    double a, b;
    double log_norm;  /* ln B(a, b) */
    double deviation; /* of t, roughly; well where both a and b are large */
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
    double odds = exp(-fabs(t)); /* of the smaller of p and q */
    double log_larger = -log1p(odds);
    double log_p = t < 0 ? t + log_larger : log_larger;
    double log_q = t < 0 ? log_larger : log_larger - t;

    if (beta->a > large && beta->b > large) {
        double normal = (t - log(beta->a / beta->b)) / beta->deviation;
        *ret_density = exp(-normal * normal / 2) / (beta->deviation * sqrt(2 * M_PI));
        return erfc(-normal / M_SQRT2) / 2;
    }
    *ret_density = exp(beta->a * log_p + beta->b * log_q - beta->log_norm);
    if (t <= 0)
        return *ret_density / beta->a * beta_series(beta->a, beta->b, odds / (1 + odds));
    return 1 - *ret_density / beta->b * beta_series(beta->b, beta->a, odds / (1 + odds));
}

/* How far from the peak the solution lies, roughly: by the normal distribution, and not so far that a tail
 * which is steeper than its one would be overrun. */
static double guess(const struct beta *beta, double below)
{
    return fmax(-1, fmin(log(below / (1 - below)) / 1.7 * beta->deviation, 1));
}

/* The odds p / (1 - p) at which the distribution function is `below`, by Halley's method: Newton's step,
 * lengthened by the slope of the density, at most twofold as its logarithm is concave; behind the solution it
 * is shortened likewise, to less than the scale of the tail. What it leaves is of the step's third power. */
double beta_odds(double a, double b, double below)
{
    struct beta beta = {.a = a, .b = b, .log_norm = beta_log(a, b), .deviation = sqrt(1 / a + 1 / b)};
    double t = log(a / b) + guess(&beta, below);

    for (int turn = 0; turn < 100; turn++) {
        double density;
        double newton = (beta_below(&beta, t, &density) - below) / density;
        double slope = (a - b * exp(t)) / (1 + exp(t)); /* of the density's logarithm */
        double step = newton / (1 - fmin(newton * slope, 1) / 2);

        t -= step;
        if (fabs(step) <= 1e-5 * beta.deviation)
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
