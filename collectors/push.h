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
    PUSH_LATE,       /* for its step */
    PUSH_FUTURE,     /* too far ahead of our clock */
    PUSH_UNWATCHED,  /* nobody watches a series of that name: nothing to do with it */
    PUSH_WRONG_KIND, /* a gauge for a counter, or the other way round */
    PUSH_NOT_FINITE  /* or a negative count */
};

/* Who waits for such a value: the first watch of that name, or NULL, and why. Nothing is put: of many values
 * all can be looked at first. `collector` was opened by this type. */
enum push_answer push_find(struct collector *collector, const struct push_sample *sample,
                           const struct collector_watch **ret_watch);

/* Every watch of that name gets it; `watch` is the one that was found, and none has come or gone since. */
enum push_answer push_put(const struct collector_watch *watch, const struct push_sample *sample);

#endif
