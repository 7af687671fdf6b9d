/* mqtt_traffic.c - messages, subscriptions and publications of an MQTT client.
 * SPDX-License-Identifier: MIT */
#include "io/memory.h"
#include "io/mqtt_state.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    GRANTED_REFUSED = 128,
    PACKETS_PER_TURN = 256,
    CROWD_SPAN_MS = 100,
    CROWD_PER_S = 1000, /* messages: from here on they are let gather */
    GATHER_MS = 5
};

/* The client of a library callback; NULL once it was freed. */
static struct mqtt_client *client_of(void *data)
{
    const struct mqtt_attempt *attempt = data;

    return attempt->client != NULL && !attempt->client->is_freed ? attempt->client : NULL;
}

static bool is_good_topic(const char *topic)
{
    size_t length = strlen(topic);

    return length > 0 && length <= MQTT_CLIENT_TOPIC_MAX_BYTES &&
           mosquitto_pub_topic_check(topic) == MOSQ_ERR_SUCCESS &&
           mosquitto_validate_utf8(topic, (int)length) == MOSQ_ERR_SUCCESS;
}

static void tell_property(const struct mqtt_client *client, const mosquitto_property *property)
{
    char *name = NULL;
    char *value = NULL;

    if (mosquitto_property_read_string_pair(property, MQTT_PROP_USER_PROPERTY, &name, &value, false) == NULL)
        return;
    if (!client->is_freed)
        client->callbacks.on_property(client->data, name, value);
    free(name);
    free(value);
}

static void tell_properties(const struct mqtt_client *client, const mosquitto_property *properties)
{
    size_t count = 0;

    for (; properties != NULL && count < MQTT_CLIENT_PROPERTIES_MAX;
         properties = mosquitto_property_next(properties))
        if (mosquitto_property_identifier(properties) == MQTT_PROP_USER_PROPERTY) {
            tell_property(client, properties);
            count++;
        }
}

static void note_message(struct mosquitto *library, void *data, const struct mosquitto_message *message,
                         const mosquitto_property *properties)
{
    struct mqtt_client *client = client_of(data);
    const char *payload = message->payloadlen > 0 ? message->payload : "";

    (void)library;
    if (client == NULL)
        return;
    if (!is_good_topic(message->topic)) {
        client->counts.dropped_topics++;
        return;
    }
    if ((size_t)message->payloadlen > client->settings.payload_max_bytes) {
        client->counts.dropped_payloads++;
        if (client->callbacks.on_too_long != NULL)
            client->callbacks.on_too_long(client->data, message->topic, (size_t)message->payloadlen,
                                          message->retain);
        return;
    }
    client->counts.messages++;
    if (client->callbacks.on_property != NULL)
        tell_properties(client, properties);
    if (client->callbacks.on_message != NULL && !client->is_freed)
        client->callbacks.on_message(client->data, message->topic, payload, (size_t)message->payloadlen,
                                     message->retain);
}

/* The library reads one packet a call, and leaves EAGAIN where there was none; take what is there, so that
 * one turn sees it all. */
static int read_packets(struct mqtt_client *client)
{
    struct mosquitto *library = client->attempt->library;
    int code = MOSQ_ERR_SUCCESS;
    bool has_more = true;

    for (int i = 0; i < PACKETS_PER_TURN && has_more && code == MOSQ_ERR_SUCCESS; i++) {
        errno = 0;
        code = mosquitto_loop_read(library, 1);
        client->is_drained = errno == EAGAIN;
        has_more =
            !client->is_drained && !client->is_freed && !client->is_deaf && mosquitto_socket(library) >= 0;
    }
    return code;
}

static bool is_crowded(struct mqtt_client *client)
{
    uint64_t messages = client->counts.messages;
    int64_t now_ms = loop_now_ms();
    int64_t passed_ms = now_ms - client->span_ms;

    if (passed_ms >= CROWD_SPAN_MS) {
        client->is_crowded = (messages - client->span_messages) * 1000 >= (uint64_t)passed_ms * CROWD_PER_S;
        client->span_ms = now_ms;
        client->span_messages = messages;
    }
    return client->is_crowded;
}

/* Waking up costs more than a message: where many come, the next look is a little later than the next one of
 * them. */
int mqtt_traffic_read(struct mqtt_client *client)
{
    uint64_t before = client->counts.messages;
    int code = read_packets(client);

    if (client->is_freed || code != MOSQ_ERR_SUCCESS)
        return code;
    client->is_gathering = client->is_drained && client->counts.messages > before && is_crowded(client);
    if (client->is_gathering)
        loop_timer_move(client->gather, GATHER_MS);
    return code;
}

static struct mqtt_subscription *find_subscription(struct mqtt_client *client, const char *filter)
{
    for (size_t i = 0; i < client->subscription_count; i++) {
        if (strcmp(client->subscriptions[i].filter, filter) == 0)
            return &client->subscriptions[i];
    }
    return NULL;
}

static void note_subscribed(struct mosquitto *library, void *data, int message_id, int count,
                            const int *granted)
{
    struct mqtt_client *client = client_of(data);

    (void)library;
    if (client == NULL || count < 1 || granted[0] < GRANTED_REFUSED || client->callbacks.on_refused == NULL)
        return;
    for (size_t i = 0; i < client->subscription_count; i++) {
        if (client->subscriptions[i].message_id == message_id) {
            client->callbacks.on_refused(client->data, client->subscriptions[i].filter);
            return;
        }
    }
}

static void send_subscription(struct mqtt_client *client, struct mqtt_subscription *subscription)
{
    (void)mosquitto_subscribe(client->attempt->library, &subscription->message_id, subscription->filter,
                              subscription->qos);
}

void mqtt_traffic_subscribe_all(struct mqtt_client *client)
{
    for (size_t i = 0; i < client->subscription_count; i++)
        send_subscription(client, &client->subscriptions[i]);
}

const char *mqtt_client_filter(const char *subscription)
{
    static const char shared[] = "$share/";

    if (strncmp(subscription, shared, sizeof(shared) - 1) != 0)
        return subscription;
    const char *group = subscription + sizeof(shared) - 1;
    size_t length = strcspn(group, "/+#");
    bool is_good = length > 0 && group[length] == '/' && group[length + 1] != '\0';
    return is_good ? group + length + 1 : NULL;
}

static bool is_good_filter(const char *subscription)
{
    size_t length = strlen(subscription);
    const char *filter = mqtt_client_filter(subscription);

    return filter != NULL && length > 0 && length <= MQTT_CLIENT_TOPIC_MAX_BYTES &&
           mosquitto_sub_topic_check(filter) == MOSQ_ERR_SUCCESS &&
           mosquitto_validate_utf8(subscription, (int)length) == MOSQ_ERR_SUCCESS;
}

bool mqtt_client_subscribe(struct mqtt_client *client, const char *filter, int qos, struct err *err)
{
    struct mqtt_subscription *subscription = find_subscription(client, filter);

    if (!is_good_filter(filter) || qos < 0 || qos > 2)
        return err_set(err, ERR_INVALID, "%s is no topic filter, or %d no quality of service", filter, qos);
    if (subscription != NULL) {
        subscription->uses++;
        return true;
    }
    if (client->subscription_count >= MQTT_CLIENT_FILTERS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d topic filters", MQTT_CLIENT_FILTERS_MAX);
    if (client->subscriptions == NULL)
        client->subscriptions = memory_take_array(MQTT_CLIENT_FILTERS_MAX, sizeof(*client->subscriptions));
    subscription = &client->subscriptions[client->subscription_count++];
    *subscription = (struct mqtt_subscription){.filter = memory_copy_text(filter), .qos = qos, .uses = 1};
    if (client->state == MQTT_UP) {
        send_subscription(client, subscription);
        mqtt_client_settle_soon(client);
    }
    return true;
}

void mqtt_client_ask_retained(struct mqtt_client *client, const char *filter)
{
    struct mqtt_subscription *subscription = find_subscription(client, filter);

    assert(subscription != NULL);
    if (subscription->uses == 1 || client->state != MQTT_UP)
        return;
    send_subscription(client, subscription);
    mqtt_client_settle_soon(client);
}

void mqtt_client_unsubscribe(struct mqtt_client *client, const char *filter)
{
    struct mqtt_subscription *subscription = find_subscription(client, filter);

    assert(subscription != NULL);
    if (--subscription->uses > 0)
        return;
    if (client->state == MQTT_UP) {
        (void)mosquitto_unsubscribe(client->attempt->library, NULL, filter);
        mqtt_client_settle_soon(client);
    }
    free(subscription->filter);
    *subscription = client->subscriptions[--client->subscription_count];
}

bool mqtt_client_covers(const char *filter, const char *topic)
{
    bool is_covered = false;

    return mosquitto_topic_matches_sub(filter, topic, &is_covered) == MOSQ_ERR_SUCCESS && is_covered;
}

/* QoS 0 is acknowledged while it is being written, before its id is known to us. */
static void note_published(struct mosquitto *library, void *data, int message_id)
{
    struct mqtt_client *client = client_of(data);

    (void)library;
    if (client == NULL)
        return;
    if (client->is_publishing)
        client->early_message_id = message_id;
    for (size_t i = 0; i < MQTT_CLIENT_IN_FLIGHT_MAX; i++) {
        struct mqtt_publication *publication = &client->publications[i];
        if (!publication->is_used || publication->is_acknowledged || publication->message_id != message_id)
            continue;
        publication->is_acknowledged = true;
        mqtt_client_settle_soon(client);
        return;
    }
}

void mqtt_traffic_tell_done(struct mqtt_client *client, bool has_ended)
{
    for (size_t i = 0; i < MQTT_CLIENT_IN_FLIGHT_MAX; i++) {
        struct mqtt_publication publication = client->publications[i];
        if (!publication.is_used || (!publication.is_acknowledged && !has_ended))
            continue;
        client->publications[i].is_used = false;
        client->counts.in_flight--;
        if (publication.done != NULL)
            publication.done(publication.data, publication.is_acknowledged);
    }
}

static struct mqtt_publication *find_free(struct mqtt_client *client)
{
    for (size_t i = 0; i < MQTT_CLIENT_IN_FLIGHT_MAX; i++) {
        if (!client->publications[i].is_used)
            return &client->publications[i];
    }
    return NULL;
}

/* Hands the message to the library; its code. */
static int send_publication(struct mqtt_client *client, struct mqtt_publication *publication,
                            const char *topic, const void *payload, size_t length, int qos, bool is_retained)
{
    client->is_publishing = true;
    client->early_message_id = 0;
    int code = mosquitto_publish(client->attempt->library, &publication->message_id, topic, (int)length,
                                 payload, qos, is_retained);
    client->is_publishing = false;
    publication->is_acknowledged =
        code == MOSQ_ERR_SUCCESS && client->early_message_id == publication->message_id;
    return code;
}

bool mqtt_client_publish(struct mqtt_client *client, const char *topic, const void *payload, size_t length,
                         int qos, bool is_retained, mqtt_client_published *done, void *data, struct err *err)
{
    struct mqtt_publication *publication = NULL;

    if (!is_good_topic(topic) || qos < 0 || qos > 2)
        return err_set(err, ERR_INVALID, "%s is no topic, or %d no quality of service", topic, qos);
    if (length > MQTT_CLIENT_PUBLISH_MAX_BYTES)
        return err_set(err, ERR_INVALID, "a payload of %zu bytes is too long", length);
    if (client->state == MQTT_UP)
        publication = find_free(client);
    if (publication == NULL) {
        client->counts.refused_publishes++;
        if (client->state != MQTT_UP)
            return err_set(err, ERR_UNAVAILABLE, "the broker is not connected");
        return err_set(err, ERR_LIMIT, "more than %d messages await the broker", MQTT_CLIENT_IN_FLIGHT_MAX);
    }
    int code = send_publication(client, publication, topic, payload, length, qos, is_retained);
    mqtt_client_settle_soon(client);
    if (code != MOSQ_ERR_SUCCESS) {
        client->counts.refused_publishes++;
        return err_set(err, ERR_UNAVAILABLE, "publishing %s: %s", topic, mosquitto_strerror(code));
    }
    publication->is_used = true;
    publication->done = done;
    publication->data = data;
    client->counts.in_flight++;
    return true;
}

void mqtt_traffic_attach(struct mosquitto *library)
{
    mosquitto_message_v5_callback_set(library, note_message);
    mosquitto_subscribe_callback_set(library, note_subscribed);
    mosquitto_publish_callback_set(library, note_published);
}

void mqtt_traffic_free(struct mqtt_client *client)
{
    for (size_t i = 0; i < client->subscription_count; i++)
        free(client->subscriptions[i].filter);
    free(client->subscriptions);
}
