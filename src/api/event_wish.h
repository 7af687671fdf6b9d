/* event_wish.h - what an event from outside wants of us: CDEvents matched by subject and predicate, whatever
 * their version, and our own two types. Pure.
 * SPDX-License-Identifier: MIT
 *
 * A wish is one of the native requests; it is checked, allowed and answered as that. */
#ifndef API_EVENT_WISH_H
#define API_EVENT_WISH_H

#include "api/cloud_event.h"
#include "api/route.h"

#define EVENT_TYPE_START "verdict.deployment.start"

enum event_wish_kind {
    EVENT_WISH_NOTHING, /* known or not, it concerns nothing here */
    EVENT_WISH_START,   /* POST /v1/deployments */
    EVENT_WISH_RUN,     /* POST /v1/runs */
    EVENT_WISH_ANSWER   /* POST /v1/runs/{run}/tasks/{stage}/{task} */
};

struct event_wish {
    enum event_wish_kind kind;
    struct cJSON *body; /* the native request's, json_free(); NULL for NOTHING */
    /* ANSWER: `stage` and `task` are "" where the event does not name them; then the task is meant that `id`
     * is the name of, else the only one that awaits an answer. */
    struct route_match match;
};

/* ERR_INVALID: it wants something, and does not say what. */
MUST_CHECK bool event_wish_read(const struct cloud_event *event, struct event_wish *ret_wish,
                                struct err *err);

#endif
