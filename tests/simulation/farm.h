/* farm.h - the hosts of a site: which version each has, and whether it serves; and what the oracle asks of
 * them.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_FARM_H
#define SIMULATION_FARM_H

#include "tests/simulation/oracle.h"

/* All hosts have this version and serve. */
void farm_init(struct site *site, uint64_t version);

/* A command on one host begins (S6), and does what it is for. */
void farm_begin(struct world *world, struct site *site, const struct job *job, enum craft craft);
void farm_take_effect(struct world *world, struct site *site, const struct job *job, enum craft craft);

/* Does every host of the action have this version? */
bool farm_runs(const struct site *site, const struct action *action, uint64_t version);

/* What these hosts get of the traffic. */
uint16_t farm_share(const struct site *site, uint64_t version);

/* Durable. A deployment that went back leaves every host that it touched with the version before. */
void farm_taken(struct world *world, uint64_t deployment, const struct trace *trace);
void farm_ready(struct world *world, uint64_t deployment, const struct trace *trace);
void farm_came_back(struct world *world, uint64_t deployment);
/* A person saw to it that all hosts have what they adopted. */
void farm_adopted(struct world *world, uint64_t deployment);

#endif
