/* dispersion.c - sums over blocks, and what they say.
 * SPDX-License-Identifier: MIT */
#include "judge/dispersion.h"

#include <math.h>

/* In standard errors: a finding; how far the limit must be away; hints of spells that keep from saying
 * independent, and that end it. */
static const double certain = 3;
static const double cautious = 2;
static const double hint = .5;
static const double doubt = 1.5;

static const double likeness_min = .2;     /* less lets the tests keep their error probability */
static const double scatter_doubted = 1.3; /* between neighbours; ends independence */

void dispersion_add(struct dispersion *dispersion, double events, double total)
{
    if (!(total > 0))
        return;
    if (dispersion->blocks > 0) {
        double both = events + dispersion->last_events;
        double share = total / (total + dispersion->last_total);
        double deviation = events - both * share;
        dispersion->scatter += deviation * deviation;
        dispersion->expected += both * share * (1 - share);
    }
    dispersion->events += events;
    dispersion->total += total;
    dispersion->squares += events / total * events;
    dispersion->last_events = events;
    dispersion->last_total = total;
    dispersion->blocks++;
}

double dispersion_of_neighbours(const struct dispersion *dispersion)
{
    bool is_measured = dispersion->blocks >= DISPERSION_BLOCKS_MIN && dispersion->expected > 0;

    return is_measured ? dispersion->scatter / dispersion->expected : NAN;
}

double dispersion_likeness(const struct dispersion *dispersion)
{
    double rate = dispersion->events / dispersion->total;
    double squares = dispersion->squares - rate * dispersion->events;
    double whole = squares / (((double)dispersion->blocks - 1) * rate);

    return 1 - dispersion_of_neighbours(dispersion) / whole;
}

/* Standard error of the first measure, of independent events, and of the likeness. */
static double error_of_neighbours(const struct dispersion *dispersion)
{
    return sqrt(3 / (double)dispersion->blocks + 1 / dispersion->events);
}

static double error_of_likeness(const struct dispersion *dispersion)
{
    return 1 / sqrt((double)dispersion->blocks);
}

bool dispersion_has_bursts(const struct dispersion *dispersion)
{
    double measured = dispersion_of_neighbours(dispersion);

    return measured > DISPERSION_ROBUST && measured > 1 + certain * error_of_neighbours(dispersion);
}

bool dispersion_has_spells(const struct dispersion *dispersion)
{
    double likeness = dispersion_likeness(dispersion);

    return likeness > likeness_min && likeness > certain * error_of_likeness(dispersion);
}

bool dispersion_is_independent(const struct dispersion *dispersion, bool was_independent)
{
    double measured = dispersion_of_neighbours(dispersion);
    double likeness = dispersion_likeness(dispersion) / error_of_likeness(dispersion);

    if (was_independent)
        return measured <= scatter_doubted && likeness <= doubt;
    return measured * (1 + cautious * error_of_neighbours(dispersion)) <= DISPERSION_ROBUST &&
           likeness <= hint;
}
