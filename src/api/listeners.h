/* listeners.h - those who listen to the stream of events: what is journaled is read once, and each of them is
 * given what it may see, at its own pace.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is read while nobody listens, not even env.event. A listener is a place in the order of the
 * journal. Who asks for what was before is read it from the journal, a page at a time; who is as far as
 * LISTENERS_RING events allow is served from memory; who falls behind that is cut off, and may come again
 * with its Last-Event-ID. */
#ifndef API_LISTENERS_H
#define API_LISTENERS_H

#include "api/event_page.h"

#include <sys/queue.h>

struct call;
struct listener;

enum {
    LISTENERS_RING = 1024,      /* events kept in memory: how far one may fall behind */
    LISTENERS_PAST_MAX = 10000, /* events of all deployments that are told once more */
    LISTENERS_BEAT_MS = 15000   /* a sign of life, with the place where it is */
};

struct listeners {
    TAILQ_HEAD(listener_queue, listener) queue;
    size_t count;
    uint64_t cut; /* too slow, so far */
    /* (base, tail] is in memory */
    uint64_t base, tail;
    struct event_page_event *ring; /* [LISTENERS_RING], by id; NULL while nobody listens */
    bool is_reading, is_wanted;
    bool is_telling;          /* a page of the past is being read */
    struct listener *hearing; /* for whom; NULL: it is gone */
    struct loop_timer *beat;
};

/* Begins with what comes after event `after`; UINT64_MAX: from now on. Takes the call's request over, or
 * answers it with 503. `deployment` 0: all of them. */
void listeners_add(struct call *call, uint64_t deployment, uint64_t after);

/* Reads from now on, for env.event. */
void listeners_start(struct api *api);

/* Something was journaled. */
void listeners_look(struct api *api);

/* Without a word: the server is no more. */
void listeners_free(struct api *api);

/* A worker still reads for them. */
bool listeners_are_busy(const struct api *api);

#endif
