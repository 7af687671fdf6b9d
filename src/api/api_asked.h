/* api_asked.h - what people ask of the daemon that no deployment hears of: rehearsals, pictures, tests of
 * receivers; and what it hears of events unasked.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_ASKED_H
#define API_API_ASKED_H

#include "base/err.h"

#include <stddef.h>

/* What would be asked at admission, asked for a person: nothing is started. */
struct api_rehearsal {
    const char *service, *environment;
    const char *strategy; /* "": the default */
    const char *version;  /* "": the one that serves now */
    const char *sealed;   /* instead of what the daemon's rule files say of it; NULL: these */
    bool asks_sources;    /* for every metric as well, of what serves now */
};

/* `json` lives until the return; NULL: refused (*err). Of a rehearsal: {"strategy","version","ok","checks":
 * [{"check","host"?,"ok","why"}]}. Of a notice: {"notifier","ok","fate","why"}. */
typedef void api_told(void *data, const char *json, const struct err *err);

/* A picture (NULL: *err; NOT_FOUND: nothing of it is kept, LIMIT: too many wait), until the return. */
typedef void api_drawn(void *data, const unsigned char *picture, size_t length, const struct err *err);

/* A notice that somebody sends to see whether it arrives. */
struct api_notice_test {
    const char *receiver; /* "slack:deploys" */
    const char *person;   /* who asks */
};

struct event_page_event;

/* Each event that is none of tokens, in the order of the journal, from the start on; until the return. */
typedef void api_heard(void *data, const struct event_page_event *event);

#endif
