/* status.c - our state on MQTT, retained: one topic for the daemon, one for each service and environment.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt.h"
#include "daemon/event_feed.h"
#include "daemon/live.h"
#include "daemon/notices.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/mqtt_client.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_TOPIC_MAX = 512 };

/* The newest state of one topic, kept until the broker has it. */
struct status_topic {
    struct status_topic *next;
    char topic[STATUS_TOPIC_MAX];
    char *payload;
    bool is_dirty;
    bool is_sending;
    struct status *status;
};

struct status {
    struct daemon *daemon;
    struct status_topic *topics;
    struct status_topic *own, *report;
    struct status_topic *of_target[DAEMON_TARGETS_MAX + 1];
    struct event_feed *feed;  /* NULL: no broker is named for it */
    uint64_t connections;     /* of the broker, that were told all */
    struct loop_timer *timer; /* repeats what the broker did not take */
};

struct mqtt_client *status_broker(const struct daemon *daemon)
{
    const char *name = daemon->settings->status_broker;

    for (size_t i = 0; name != NULL && i < daemon->source_count; i++)
        if (strcmp(daemon->sources[i].type->name, "mqtt") == 0 &&
            strcmp(daemon->sources[i].name, name) == 0 && daemon->sources[i].collector != NULL)
            return collector_mqtt_client(daemon->sources[i].collector);
    return NULL;
}

static void published(void *data, bool is_acknowledged)
{
    struct status_topic *topic = data;

    topic->is_sending = false;
    topic->is_dirty = topic->is_dirty || !is_acknowledged;
}

static void send(struct status_topic *topic)
{
    struct mqtt_client *client = status_broker(topic->status->daemon);
    struct err err = {0};

    if (client == NULL || topic->is_sending || !topic->is_dirty)
        return;
    if (!mqtt_client_publish(client, topic->topic, topic->payload, strlen(topic->payload), 1, true, published,
                             topic, &err))
        return;
    topic->is_dirty = false;
    topic->is_sending = true;
}

/* A broker that was away may have forgotten what it retained, or published our Will meanwhile. */
static void look_for_new_connection(struct status *status)
{
    const struct mqtt_client *client = status_broker(status->daemon);
    uint64_t connections = client == NULL ? 0 : mqtt_client_counts(client).connections;

    if (connections == status->connections)
        return;
    for (struct status_topic *topic = status->topics; topic != NULL; topic = topic->next)
        topic->is_dirty = true;
    status->connections = connections;
}

static void send_all(void *data)
{
    struct status *status = data;

    look_for_new_connection(status);
    for (struct status_topic *topic = status->topics; topic != NULL; topic = topic->next)
        send(topic);
    event_feed_send(status->feed);
}

static struct status_topic *new_topic(struct status *status)
{
    struct status_topic *topic = memory_take(sizeof(*topic));

    topic->status = status;
    topic->next = status->topics;
    status->topics = topic;
    return topic;
}

static void tell(struct status_topic *topic, char *payload)
{
    free(topic->payload);
    topic->payload = payload;
    topic->is_dirty = true;
    send(topic);
}

static void tell_own(struct status *status, const char *payload)
{
    if (status->own == NULL) {
        status->own = new_topic(status);
        (void)snprintf(status->own->topic, sizeof(status->own->topic), "verdict/%s/status",
                       status->daemon->settings->instance);
    }
    tell(status->own, memory_copy_text(payload));
}

void status_tell_report(struct status *status, char *report)
{
    if (status->report == NULL) {
        status->report = new_topic(status);
        (void)snprintf(status->report->topic, sizeof(status->report->topic), "verdict/%s/report",
                       status->daemon->settings->instance);
    }
    tell(status->report, report);
}

void status_offline(const struct daemon *daemon, char word[STATUS_WORD_SIZE])
{
    (void)snprintf(word, STATUS_WORD_SIZE, "{\"state\":\"offline\",\"boot\":%" PRIu32 "}",
                   journal_starts(daemon->journal));
}

void status_tell_offline(struct status *status)
{
    char word[STATUS_WORD_SIZE];

    status_offline(status->daemon, word);
    tell_own(status, word);
}

bool status_is_quiet(const struct status *status)
{
    if (status_broker(status->daemon) == NULL)
        return true;
    for (const struct status_topic *topic = status->topics; topic != NULL; topic = topic->next)
        if (topic->is_dirty || topic->is_sending)
            return false;
    return event_feed_is_quiet(status->feed);
}

struct event_feed *status_feed(const struct status *status)
{
    return status->feed;
}

struct status *status_new(struct daemon *daemon)
{
    struct status *status = memory_take(sizeof(*status));
    char word[STATUS_WORD_SIZE];

    status->daemon = daemon;
    status->feed = event_feed_new(daemon);
    status->timer =
        loop_timer_start(daemon->loop, DAEMON_HEARTBEAT_MS, DAEMON_HEARTBEAT_MS, send_all, status);
    (void)snprintf(word, sizeof(word), "{\"state\":\"online\",\"boot\":%" PRIu32 ",\"version\":\"%s\"}",
                   journal_starts(daemon->journal), VERDICT_VERSION);
    tell_own(status, word);
    return status;
}

void status_free(struct status *status)
{
    if (status == NULL)
        return;
    loop_timer_stop(status->timer);
    event_feed_free(status->feed);
    while (status->topics != NULL) {
        struct status_topic *topic = status->topics;
        status->topics = topic->next;
        free(topic->payload);
        free(topic);
    }
    free(status);
}

void status_tell(struct status *status, const struct deployment_state *state)
{
    const struct live *live = live_find(status->daemon, state->id);
    char id[32];

    if (live == NULL || status_broker(status->daemon) == NULL)
        return;
    struct status_topic **topic = &status->of_target[live->target];
    if (*topic == NULL) {
        *topic = new_topic(status);
        (void)snprintf((*topic)->topic, sizeof((*topic)->topic), "verdict/%s/deployments/%s/%s",
                       status->daemon->settings->instance, live->definition->service,
                       live->definition->environment);
    }
    (void)snprintf(id, sizeof(id), "dep_%llu", (unsigned long long)state->id);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "deployment", id);
    cJSON_AddStringToObject(object, "version", live->version);
    cJSON_AddStringToObject(object, "previous", live->previous);
    cJSON_AddStringToObject(object, "state", phase_name(state->phase));
    cJSON_AddStringToObject(object, "ending", ending_name(state->ending));
    cJSON_AddNumberToObject(object, "step", state->step);
    cJSON_AddNumberToObject(object, "share", state->confirmed_share / 100.0);
    cJSON_AddBoolToObject(object, "escalated", state->is_escalated);
    tell(*topic, json_print(object));
    cJSON_Delete(object);
}
