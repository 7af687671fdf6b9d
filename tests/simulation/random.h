/* random.h - the simulation's dice: small, seeded, the same everywhere.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_RANDOM_H
#define SIMULATION_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t dice_throw(struct dice *dice)
{
    uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* 0 .. count-1 */
static inline uint32_t dice_below(struct dice *dice, uint32_t count)
{
    return (uint32_t)(((dice_throw(dice) >> 32) * count) >> 32);
}

/* low .. high, both inclusive */
static inline int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    return low + (int64_t)dice_below(dice, (uint32_t)(high - low + 1));
}

/* True with a probability in units of 1/10000. */
static inline bool dice_chance(struct dice *dice, uint32_t per_myriad)
{
    return per_myriad != 0 && dice_below(dice, 10000) < per_myriad;
}

/* 0 ≤ x < 1 */
static inline double dice_unit(struct dice *dice)
{
    return (double)(dice_throw(dice) >> 11) * 0x1p-53;
}

/* How many of something rare, by its mean: Poisson's distribution, a rounded normal one where it is large. */
static inline double dice_count(struct dice *dice, double mean)
{
    if (mean > 30) {
        double sum = -6;
        for (int i = 0; i < 12; i++)
            sum += dice_unit(dice);
        return fmax(0, floor(mean + sqrt(mean) * sum + .5));
    }
    double limit = exp(-mean);
    double product = dice_unit(dice);
    double count = 0;
    while (product > limit) {
        product *= dice_unit(dice);
        count++;
    }
    return count;
}

#endif
