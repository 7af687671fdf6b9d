/* push.h - the collector whose values somebody posts to the API.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PUSH_H
#define COLLECTORS_PUSH_H

#include "collectors/collector.h"

extern const struct collector_type push_collector;

/* A posted value: of a gauge, or events and total of the time since the post before it (no raw counters). */
struct push_sample {
    const char *service, *environment, *key, *metric; /* key: "slot.blue", "version.2.4.1", "service" */
    int64_t at_ms;                                    /* on the engine's clock */
    bool is_count;
    double value; /* or */
    double events, total;
};

enum push_answer {
    PUSH_TAKEN,
    PUSH_UNWATCHED,  /* nobody watches a series of that name: nothing to do with it */
    PUSH_WRONG_KIND, /* a gauge for a counter, or the other way round */
    PUSH_NOT_FINITE  /* or a negative count */
};

/* `collector` was opened by this type. Every watch of that name gets it. */
enum push_answer push_put(struct collector *collector, const struct push_sample *sample);

#endif
