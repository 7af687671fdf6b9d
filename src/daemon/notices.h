/* notices.h - what is told to the outside about a batch, and the outbox that keeps trying.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_NOTICES_H
#define DAEMON_NOTICES_H

#include "daemon/daemon.h"
#include "io/trace_lists.h"
#include "store/journal_text.h"

#include <stdio.h>

struct cJSON;
struct event_feed;
struct mqtt_client;

/* As many as the batch has: BATCH_ROWS_MAX traces at most, each to those whom its service names. */
struct notices {
    size_t count, room;
    struct journal_notice *rows; /* malloc'ed, as their bodies are */
    struct journal_texts texts;
};

/* One row per event and receiver, in the order of the batch. */
void notices_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch);
void notices_clear(struct notices *notices);

/* A CloudEvents envelope as text, free(): `type` behind "verdict.", `data` becomes its own. `traceparent`: ""
 * none. */
char *notice_envelope(const struct daemon *daemon, const char *id, const char *type, const char *subject,
                      const struct trace_given *trace, struct cJSON *data);

/* A row that is to be filled. */
struct journal_notice *notices_add(struct notices *notices);

/* May this receiver get what the rows from `first` on are about? Traces go elsewhere, and once is enough. */
bool notices_takes(const struct notices *notices, size_t first, const char *receiver);
/* What was told there stays open until its end is told. */
bool notices_keeps_incidents(const char *receiver);

/* notice_test.c: of struct api_env; and the end of those that are under way. */
void notice_test_start(void *daemon, const struct api_notice_test *asked, api_told *done, void *done_data);
void notice_tests_drop(struct daemon *daemon);

/* outbox.c: reads what is due, sends it, tells the journal. */
struct outbox *outbox_new(struct daemon *daemon);
void outbox_free(struct outbox *outbox);
/* What receivers that forget were told before, and is not over. */
MUST_CHECK bool outbox_recover(struct outbox *outbox, struct err *err);
void outbox_look(struct outbox *outbox);
void outbox_add_metrics(const struct outbox *outbox, FILE *to);

/* status.c: retained MQTT state of the daemon and of each service and environment. */
struct status *status_new(struct daemon *daemon);
void status_free(struct status *status);
void status_tell(struct status *status, const struct deployment_state *state);
/* The report of the fleet, retained as well; takes it over. */
void status_tell_report(struct status *status, char *report);
/* What is said of us when we are gone, by the broker's Will too: it and what is said at a start have the
 * number of that start (`boot`), so that a Will that comes late is known to be of an earlier one. */
enum { STATUS_WORD_SIZE = 128 };
void status_offline(const struct daemon *daemon, char word[STATUS_WORD_SIZE]);
/* At a stop, which the broker does not tell by itself; quiet: it knows, or there is none. */
void status_tell_offline(struct status *status);
bool status_is_quiet(const struct status *status);
struct event_feed *status_feed(const struct status *status); /* NULL: none */
/* Whose settings say `status`; NULL: none, or not any more. */
struct mqtt_client *status_broker(const struct daemon *daemon);

#endif
