/* event_feed.h - the stream of events on MQTT too: CloudEvents on verdict/INSTANCE/events of the broker that
 * has our state, QoS 1, in the order of the journal.
 * SPDX-License-Identifier: MIT
 *
 * From the start of the daemon on. What the broker does not take waits, EVENT_FEED_MAX at most: then the
 * oldest is dropped and counted, and numbers of events that follow each other tell of it. For what must not
 * be missed there are notices, and the stream with Last-Event-ID. */
#ifndef DAEMON_EVENT_FEED_H
#define DAEMON_EVENT_FEED_H

#include "api/event_page.h"

#include <stdio.h>

struct daemon;
struct event_feed;

enum { EVENT_FEED_MAX = 1024 };

/* NULL: no broker is named for it. */
struct event_feed *event_feed_new(struct daemon *daemon);
void event_feed_free(struct event_feed *feed);

/* Of struct api_env; its feed is status_feed()'s. */
void event_feed_take(void *daemon, const struct event_page_event *event);

/* What the broker takes now; for one that comes back. */
void event_feed_send(struct event_feed *feed);

/* Nothing waits, or nobody takes it. */
bool event_feed_is_quiet(const struct event_feed *feed);
void event_feed_add_metrics(const struct event_feed *feed, FILE *to);

#endif
