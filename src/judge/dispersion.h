/* dispersion.h - how the events of one side scatter from block to block: as independent ones do, in bursts or
 * in spells. SPDX-License-Identifier: MIT
 *
 * Two measures, both 1 for independent events (variance over that of a Poisson count of the same mean):
 * between neighbouring blocks, which bursts raise and slow changes do not, and over all blocks, which both
 * raise. What the second has beyond the first is likeness of neighbours (von Neumann's ratio): a spell longer
 * than a block. */
#ifndef JUDGE_DISPERSION_H
#define JUDGE_DISPERSION_H

#include <stdbool.h>
#include <stdint.h>

enum { DISPERSION_BLOCKS_MIN = 16 }; /* fewer measure nothing */
#define DISPERSION_ROBUST 1.5        /* above this events come in bursts */

/* All zero at first. */
struct dispersion {
    double events, total;           /* sums */
    double squares;                 /* of events² / total */
    double last_events, last_total; /* of the newest block */
    double scatter, expected; /* between neighbours: squared deviations, and those of independent events */
    uint64_t blocks;
};

/* Takes in a block of one side, finite and not negative; one without requests changes nothing. */
void dispersion_add(struct dispersion *dispersion, double events, double total);

/* Between neighbouring blocks; NAN with fewer than DISPERSION_BLOCKS_MIN, or without events. */
double dispersion_of_neighbours(const struct dispersion *dispersion);

/* Correlation of neighbouring blocks, at most 1; NAN as above. */
double dispersion_likeness(const struct dispersion *dispersion);

/* Beyond chance (three standard errors), and enough to matter. */
bool dispersion_has_bursts(const struct dispersion *dispersion);
bool dispersion_has_spells(const struct dispersion *dispersion);

/* Enough was seen to say that there are neither bursts (two standard errors below DISPERSION_ROBUST) nor
 * spells (not even a hint of them). What was said before stands until there is a hint of either: so it does
 * not change with every block. */
bool dispersion_is_independent(const struct dispersion *dispersion, bool was_independent);

#endif
