/* event_feed.c - events that wait for the broker; a few are on their way at once.
 * SPDX-License-Identifier: MIT */
#include "daemon/event_feed.h"

#include "daemon/notices.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/mqtt_client.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SENDING_MAX = 64, TOPIC_SIZE = 512, SUBJECT_SIZE = 2 * NAME_MAX_LENGTH + 3 };

struct fed {
    struct fed *next;
    struct event_feed *feed;
    char *body;
    bool is_sending;
};

struct event_feed {
    struct daemon *daemon;
    struct fed *first, **end; /* end: where the next one is hung */
    size_t waiting;           /* in the queue, those on their way too */
    size_t sending;
    uint64_t published, dropped;
    char topic[TOPIC_SIZE];
};

/* Among the first ones: no others are on their way, or dropped. */
static void unlink_fed(struct fed *fed)
{
    struct event_feed *feed = fed->feed;
    struct fed **at = &feed->first;

    while (*at != fed)
        at = &(*at)->next;
    *at = fed->next;
    if (feed->end == &fed->next)
        feed->end = at;
    feed->waiting--;
}

static void free_fed(struct fed *fed)
{
    if (fed != NULL)
        free(fed->body);
    free(fed);
}

/* What was given up is sent again: the broker may have it twice, with one id. */
static void published(void *data, bool is_acknowledged)
{
    struct fed *fed = data;
    struct event_feed *feed = fed->feed;

    fed->is_sending = false;
    feed->sending--;
    if (!is_acknowledged)
        return;
    feed->published++;
    unlink_fed(fed);
    event_feed_send(feed);
    free_fed(fed);
}

void event_feed_send(struct event_feed *feed)
{
    struct mqtt_client *client = feed == NULL ? NULL : status_broker(feed->daemon);
    struct err err = {0};

    if (client == NULL || !mqtt_client_is_up(client))
        return;
    for (struct fed *fed = feed->first; fed != NULL; fed = fed->next) {
        if (feed->sending == SENDING_MAX)
            return;
        if (fed->is_sending)
            continue;
        if (!mqtt_client_publish(client, feed->topic, fed->body, strlen(fed->body), 1, false, published, fed,
                                 &err))
            return;
        fed->is_sending = true;
        feed->sending++;
    }
}

/* The oldest that is not on its way has to leave, for free_fed(); NULL: there is room. */
static struct fed *make_room(struct event_feed *feed)
{
    struct fed *fed = feed->first;

    if (feed->waiting < EVENT_FEED_MAX)
        return NULL;
    while (fed->is_sending)
        fed = fed->next;
    feed->dropped++;
    unlink_fed(fed);
    return fed;
}

/* Whose it is: of a service, a run, or all. */
static void find_subject(const struct event_page_event *event, const cJSON *data, char *subject)
{
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(data, "run");

    if (event->service[0] != '\0' && strcmp(event->service, JOURNAL_FLEET) != 0)
        (void)snprintf(subject, SUBJECT_SIZE, "%s/%s", event->service, event->environment);
    else
        (void)snprintf(subject, SUBJECT_SIZE, "%s", cJSON_IsString(run) ? run->valuestring : JOURNAL_FLEET);
}

void event_feed_take(void *data, const struct event_page_event *event)
{
    const struct daemon *daemon = data;
    struct event_feed *feed = status_feed(daemon->status);
    const struct trace_given no_trace = {0};
    char id[32];
    char type[64];
    char subject[SUBJECT_SIZE];
    cJSON *json = NULL;
    struct err err = {0};

    static_assert((int)SENDING_MAX < (int)EVENT_FEED_MAX, "one that is full has one to drop");
    if (!json_parse(event->data, strcspn(event->data, "\n"), NULL, &json, &err))
        return; /* it is our own */
    (void)snprintf(id, sizeof(id), "event-%" PRIu64, event->id);
    (void)snprintf(type, sizeof(type), "event.%s",
                   cJSON_GetObjectItemCaseSensitive(json, "what")->valuestring);
    find_subject(event, json, subject);
    struct fed *dropped = make_room(feed);
    struct fed *fed = memory_take(sizeof(*fed));
    fed->feed = feed;
    fed->body = notice_envelope(daemon, id, type, subject, &no_trace, json);
    *feed->end = fed;
    feed->end = &fed->next;
    feed->waiting++;
    event_feed_send(feed);
    free_fed(dropped);
}

bool event_feed_is_quiet(const struct event_feed *feed)
{
    const struct mqtt_client *client = feed == NULL ? NULL : status_broker(feed->daemon);

    return client == NULL || !mqtt_client_is_up(client) || feed->waiting == 0;
}

void event_feed_add_metrics(const struct event_feed *feed, FILE *to)
{
    if (feed == NULL)
        return;
    (void)fprintf(to, "verdict_status_events_total{outcome=\"published\"} %" PRIu64 "\n", feed->published);
    (void)fprintf(to, "verdict_status_events_total{outcome=\"dropped\"} %" PRIu64 "\n", feed->dropped);
    (void)fprintf(to, "verdict_status_events_waiting %zu\n", feed->waiting);
}

struct event_feed *event_feed_new(struct daemon *daemon)
{
    if (daemon->settings->status_broker == NULL)
        return NULL;
    struct event_feed *feed = memory_take(sizeof(*feed));
    feed->daemon = daemon;
    feed->end = &feed->first;
    (void)snprintf(feed->topic, sizeof(feed->topic), "verdict/%s/events", daemon->settings->instance);
    return feed;
}

/* After the sources: none is on its way any more. */
void event_feed_free(struct event_feed *feed)
{
    if (feed == NULL)
        return;
    while (feed->first != NULL) {
        struct fed *fed = feed->first;
        feed->first = fed->next;
        free_fed(fed);
    }
    free(feed);
}
