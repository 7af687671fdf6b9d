/* journal_outbox.h - notices that wait for delivery; they come in with a batch (journal_text.h).
 * SPDX-License-Identifier: MIT
 *
 * At least once: a notice stays until journal_outbox_done(). Everything goes through the writer's queue, in
 * order: what a batch brought in is seen by the next journal_outbox_due(). To each receiver what is about a
 * deployment goes in the order of what happened: behind one that is to be tried again the later ones wait. At
 * most OUTBOX_RECEIVER_MAX wait per receiver; the oldest one is given up for the next, and that is counted.
 */
#ifndef STORE_JOURNAL_OUTBOX_H
#define STORE_JOURNAL_OUTBOX_H

#include "store/journal.h"

enum { OUTBOX_RECEIVER_MAX = 1000, OUTBOX_PAGE_MAX = 64, OUTBOX_KEEP_DAYS = 7 };

struct journal_outbox_row {
    char id[JOURNAL_NOTICE_ID_SIZE];
    const char *receiver;
    const char *kind;
    const char *body;
    uint64_t deployment;
    uint32_t attempts;  /* that failed so far */
    int64_t due_ms;     /* engine's clock */
    int64_t created_ms; /* wall clock */
};

struct journal_outbox_page {
    bool is_good; /* false: the journal could not be read */
    size_t count;
    const struct journal_outbox_row *rows; /* the longest due first; valid inside `done` only */
    int64_t next_ms;                       /* when the next one is due that is not yet; INT64_MAX: none */
    uint64_t given_up;                     /* since the start, because a receiver's queue was full */
    uint64_t depth;                        /* all that wait, due or not */
};

/* Of each receiver the notice that is due the longest at `now_ms`, of those due at once the one that came in
 * first. ERR_LIMIT: too much waits for the writer. */
MUST_CHECK bool journal_outbox_due(struct journal *journal, int64_t now_ms, size_t limit,
                                   void (*done)(void *data, const struct journal_outbox_page *page),
                                   void *data, struct err *err);

/* Delivered, or given up for good. ERR_LIMIT: call again later (it will be delivered twice at worst). */
MUST_CHECK bool journal_outbox_done(struct journal *journal, const char *id, bool is_delivered,
                                    struct err *err);
/* A try failed; the next one is at `due_ms`. */
MUST_CHECK bool journal_outbox_retry(struct journal *journal, const char *id, int64_t due_ms,
                                     struct err *err);
/* The receiver is there again: what was to be tried later is due at `now_ms`. */
MUST_CHECK bool journal_outbox_wake(struct journal *journal, const char *receiver, int64_t now_ms,
                                    struct err *err);

/* Calls `each` with what the receiver has had in the last OUTBOX_KEEP_DAYS, oldest first. Blocks: to be
 * called between journal_open() and the first turn of the loop. */
MUST_CHECK bool journal_outbox_delivered(const struct journal *journal, const char *receiver,
                                         void (*each)(void *data, const char *id, const char *body),
                                         void *data, struct err *err);

#endif
