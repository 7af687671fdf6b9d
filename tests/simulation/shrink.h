/* shrink.h - a seed that fails, reduced to what its failure needs.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_SHRINK_H
#define SIMULATION_SHRINK_H

#include "tests/simulation/world.h"

/* Leaves out faults, requests and verbs as long as the same is violated (or it crashes as well), and tells
 * the short story. `world` is prepared and quiet. False: this seed fails nowhere. */
MUST_CHECK bool shrink_seed(struct world *world, uint64_t seed, FILE *to);

#endif
