/* drift.h - when somebody looks whether infrastructure still is what was made, and what is new about it:
 * (state before, event) → state after, decision.
 * SPDX-License-Identifier: MIT
 *
 * Pure: time and chance come in the event. One state for each stack in an environment; looking itself is a
 * run. Times are the engine's clock in milliseconds. */
#ifndef ORCHESTRATOR_DRIFT_H
#define ORCHESTRATOR_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DRIFT_SPREAD_MS = 10 * 60 * 1000, /* what is due at a start is looked at within this, or within `every` */
    DRIFT_AGAIN_MS = 60 * 1000,       /* something is done to it, or too many are looked at: asked again */
    DRIFT_JITTER_PART = 10            /* each look is later by up to this part of `every` */
};

#define DRIFT_NEVER INT64_MAX

enum drift_finding { DRIFT_UNKNOWN, DRIFT_NONE, DRIFT_FOUND, DRIFT_FINDING_COUNT };

struct drift_state {
    int64_t due_ms;             /* the next look; DRIFT_NEVER */
    int64_t looked_ms;          /* 0: never */
    enum drift_finding finding; /* of the last look that went well */
    bool is_failing;            /* the last look did not */
    uint32_t count;             /* FOUND: resources */
};

enum drift_event_kind {
    DRIFT_EVENT_DECLARED, /* at the start, and where rules were read anew */
    DRIFT_EVENT_YIELDED,  /* the look was ended, because something is done to it */
    DRIFT_EVENT_TICK,     /* is_busy: it cannot be looked at now */
    DRIFT_EVENT_CLEAN,    /* looked at, by whomever: it is what was made */
    DRIFT_EVENT_DRIFTED,  /* the same: it is not; count */
    DRIFT_EVENT_FAILED    /* nobody can tell */
};

struct drift_event {
    enum drift_event_kind kind;
    int64_t now_ms;
    int64_t every_ms; /* 0: nobody looks by himself */
    uint32_t draw;    /* any number, each as likely */
    uint32_t count;
    bool is_busy;
};

enum drift_news { DRIFT_NEWS_NONE, DRIFT_NEWS_FOUND, DRIFT_NEWS_GONE, DRIFT_NEWS_UNKNOWN };

struct drift_decision {
    bool starts; /* a look */
    enum drift_news news;
};

void drift_init(struct drift_state *ret_state);
struct drift_decision drift_step(const struct drift_state *before, const struct drift_event *event,
                                 struct drift_state *ret_after);

/* "unknown", "none", "found". */
const char *drift_finding_name(enum drift_finding finding);

#endif
