/* rehearsal.h - what is asked before a deployment may begin, and changes nothing: the lever, the runner about
 * every command that the plan may need, on every host, and every program that prints a metric, and the places
 * that its smoke tests will ask.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_REHEARSAL_H
#define DAEMON_REHEARSAL_H

#include "daemon/live.h"

struct rehearsal;

struct rehearsal_finding {
    const char *what;    /* "traffic", "command deploy", "smoke target m1:80" */
    const char *host;    /* NULL: of none, or of all the same */
    const char *why;     /* a sentence; NULL: all is well */
    const char *reasons; /* all so far; "" none */
};

struct rehearsal_ear {
    void (*told)(void *data, const struct rehearsal_finding *finding);
    /* Once, from the loop, never inside rehearsal_start(); the rehearsal is gone then. */
    void (*over)(void *data, bool is_good, const char *reasons);
    void *data;
};

/* Ends by itself within ADMISSION_LIMIT_MS. `live` outlives it, or is found by its id. */
struct rehearsal *rehearsal_start(struct live *live, const struct deployment_state *state,
                                  const struct rehearsal_ear *ear);
/* Forgets it; nothing is told any more. For the end of the daemon: its levers and its runner are gone. */
void rehearsal_drop(struct rehearsal *rehearsal); /* NULL is fine */

/* rehearsing.c: of struct api_env; and the end of those that are under way. */
void rehearsing_start(void *daemon, const struct api_rehearsal *asked, api_told *done, void *done_data);
void rehearsing_drop(struct daemon *daemon);
/* Before the sources are closed: what asks them, asks no more. */
void rehearsing_leave_sources(struct daemon *daemon);

#endif
