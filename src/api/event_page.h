/* event_page.h - a page of the journal's audit rows, read in a worker, as Server-Sent Events.
 * SPDX-License-Identifier: MIT */
#ifndef API_EVENT_PAGE_H
#define API_EVENT_PAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "config/definition.h"
#include "store/journal_view.h"

struct api;

enum { EVENT_PAGE_ROWS = 32 };

/* One event, as those who listen get it. */
struct event_page_event {
    uint64_t id; /* number of its audit row: they count up by one */
    uint64_t deployment;
    char service[NAME_MAX_LENGTH + 1]; /* whose it is; JOURNAL_FLEET: everybody's; "": of no service (runs) */
    char environment[NAME_MAX_LENGTH + 1];
    bool is_private;  /* of tokens: for admins */
    bool is_revoking; /* a token is none any more */
    char *text;       /* "id: ...", malloc'ed */
    const char *data; /* in `text`: the JSON, up to the end of its line */
};

void event_page_event_done(struct event_page_event *event);

struct event_page {
    struct api *api;
    uint64_t deployment; /* 0: of all */
    uint64_t after;
    uint64_t reached; /* the asker's: every event up to it was durable before the reading began */
    bool is_past;     /* deployments need not be in memory any more: their definitions are rebuilt */
    struct err err;
    const struct journal_audit *rows; /* [count] */
    size_t count;                     /* below EVENT_PAGE_ROWS: it was the end */
    /* whose the rows are */
    size_t known_count;
    struct event_page_deployment {
        const struct journal_deployment *row;
        struct definition *definition; /* NULL: not read */
    } known[EVENT_PAGE_ROWS];
    struct arena arena;
};

struct event_page *event_page_new(struct api *api, uint64_t deployment, uint64_t after, bool is_past);
void event_page_free(struct event_page *page);

/* In a worker; a failure is in page->err. */
void event_page_read(void *page);

/* On the loop: row `index`, for event_page_event_done(). */
void event_page_take(const struct event_page *page, size_t index, struct event_page_event *ret_event);

#endif
