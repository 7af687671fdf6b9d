/* normal.c - tails by erfc(), quantiles by solving for them.
 * SPDX-License-Identifier: MIT */
#include "judge/normal.h"

#include <math.h>

double normal_above(double z)
{
    return erfc(z / M_SQRT2) / 2;
}

/* A first guess that is right to 3 digits (Abramowitz and Stegun, 26.2.22), then Halley's method, which
 * triples the digits with each turn. */
static double upper_quantile(double above)
{
    double t = sqrt(-2 * log(above));
    double z = t - (2.30753 + .27061 * t) / (1 + t * (.99229 + .04481 * t));

    for (int turn = 0; turn < 3; turn++) {
        double error = (above - normal_above(z)) * sqrt(2 * M_PI) * exp(z * z / 2);
        z -= error / (1 + z * error / 2);
    }
    return z;
}

double normal_quantile_above(double above)
{
    return above <= .5 ? upper_quantile(above) : -upper_quantile(1 - above);
}
