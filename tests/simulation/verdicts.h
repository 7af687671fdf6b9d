/* verdicts.h - the world of verdicts: judgements are drawn from how a version really is, right or wrong,
 * late,
 * flapping or never. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_VERDICTS_H
#define SIMULATION_VERDICTS_H

#include "engine/engine.h"

struct world;
struct occurrence;

/* A step of observation was entered, or the daemon came back: who judges, judges. */
void verdicts_expected(struct world *world, uint64_t deployment, const struct deployment_state *state);
void verdicts_arrive(struct world *world, const struct occurrence *occurrence);

#endif
