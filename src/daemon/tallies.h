/* tallies.h - what /metrics counts of deployments, since the start of the process.
 * SPDX-License-Identifier: MIT
 *
 * Labels are names of services and environments, which the journal's targets bound, and words of the machine.
 * A target has its rows, with zeros, from the first moment that something is under way or is watched there:
 * an increase from nothing would not be seen. */
#ifndef DAEMON_TALLIES_H
#define DAEMON_TALLIES_H

#include "daemon/live.h"

struct tallies;

struct tallies *tallies_new(void);
void tallies_free(struct tallies *tallies);

/* A deployment entered a phase, and that is durable. */
void tallies_enter(struct live *live, enum deployment_phase phase, enum ending ending);

void tallies_add_metrics(struct daemon *daemon, FILE *to);

#endif
