/* trying.h - every metric of a definition asked for once, of what serves now: does its source answer, and is
 * there anything under this name? SPDX-License-Identifier: MIT */
#ifndef DAEMON_TRYING_H
#define DAEMON_TRYING_H

#include "daemon/live.h"

enum {
    TRYING_LIMIT_MS = 10 * 1000, /* who has said nothing by then is told so */
    TRYING_EVERY_MS = 1000       /* a counter says something once it was asked twice */
};

struct trying;

struct trying_ear {
    /* `what`: "metric error_rate"; `why` NULL: a value came. */
    void (*told)(void *data, const char *what, const char *why);
    /* Once, from the loop, never inside trying_start(); it is gone then. */
    void (*over)(void *data, bool is_good);
    void *data;
};

/* `live` outlives it. */
struct trying *trying_start(struct live *live, const struct deployment_state *state,
                            const struct trying_ear *ear);
/* Forgets it; nothing is told any more. Before the sources are closed. */
void trying_drop(struct trying *trying); /* NULL is fine */

#endif
