/* smoke_targets.h - the places that a deployment's smoke tests will ask: is each one's name known, and does
 * anything listen there now?
 * SPDX-License-Identifier: MIT
 *
 * Nobody has to listen before a deployment: the candidate may well be down until it is deployed. A name that
 * nobody knows is another matter: the smoke test could never pass. */
#ifndef DAEMON_SMOKE_TARGETS_H
#define DAEMON_SMOKE_TARGETS_H

#include "daemon/live.h"

struct smoke_targets;

struct smoke_targets_ear {
    void (*unknown)(void *data, const char *place, const char *why);
    /* Once, from the loop; the handle is gone then. Behind a place that does not answer within a second no
     * other one is asked. */
    void (*over)(void *data, size_t asked, size_t reached);
    void *data;
};

/* NULL: there is no place to ask, and nothing is told. */
struct smoke_targets *smoke_targets_start(struct live *live, const struct deployment_state *state,
                                          int64_t within_ms, const struct smoke_targets_ear *ear);
void smoke_targets_drop(struct smoke_targets *targets); /* NULL is fine */

#endif
