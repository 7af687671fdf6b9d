/* run_incidents.h - what went wrong with runs and is not over: a pipeline, a group, or a verb of a stack
 * whose last run failed.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_INCIDENTS_H
#define DAEMON_RUN_INCIDENTS_H

#include "daemon/run_live.h"

enum {
    RUN_INCIDENTS_MAX = 1024, /* open at once; of more nobody is told the end */
    RUN_INCIDENT_SIZE = 2 * NAME_MAX_LENGTH + 16
};

struct run_incidents;

/* "shop", "network/prod apply": what its runs have alike. */
const char *run_incident_name(const struct run_live *live, char to[RUN_INCIDENT_SIZE]);
bool run_incident_is_open(const struct daemon *daemon, const char *name);
/* Runs that only look open no incident: what they find is one. */
bool run_looks_for_drift(const struct run_live *live);

/* The row is durable: an incident is open from now on, or over. */
void run_incidents_settle(struct daemon *daemon, const struct batch_row *row);
/* What the journal says. */
MUST_CHECK bool run_incidents_recover(struct daemon *daemon, struct err *err);
void run_incidents_free(struct run_incidents *incidents);

#endif
