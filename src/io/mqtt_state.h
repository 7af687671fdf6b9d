/* mqtt_state.h - what mqtt_client.c (the connection) and mqtt_traffic.c (what goes over it) share.
 * SPDX-License-Identifier: MIT */
#ifndef IO_MQTT_STATE_H
#define IO_MQTT_STATE_H

#include "io/loop.h"
#include "io/mqtt_client.h"
#include "io/mqtt_url.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_state {
    MQTT_RESTING,    /* until the backoff is over */
    MQTT_CONNECTING, /* a worker looks up the name and connects */
    MQTT_GREETING,   /* until the broker consents */
    MQTT_UP
};

/* One attempt to connect and the connection it becomes: a library handle of its own, so that nothing of a
 * lost connection is left in the next one. The worker has it alone while CONNECTING. */
struct mqtt_attempt {
    struct mqtt_client *client; /* NULL: the client is gone, whoever is last frees the attempt */
    struct mosquitto *library;
    char *host;
    int port;
    int keepalive_s;
    uint32_t session_s;           /* of MQTT 5; 0: it ends with the connection */
    int code;                     /* of the library's connect */
    char reason[MQTT_REASON_MAX]; /* why it ended; "" while it has not */
};

struct mqtt_subscription {
    char *filter;
    int qos;
    unsigned uses;
    int message_id; /* of the last SUBSCRIBE */
};

struct mqtt_publication {
    bool is_used;
    bool is_acknowledged;
    int message_id;
    mqtt_client_published *done;
    void *data;
};

struct mqtt_client {
    struct loop *loop;
    struct mqtt_client_settings settings; /* texts are ours, and so is the URL's */
    struct mqtt_url url;
    struct mqtt_client_callbacks callbacks;
    void *data;
    enum mqtt_state state;
    struct mqtt_attempt *attempt; /* NULL while RESTING */
    struct reach *reach;          /* CONNECTING, before the worker has the attempt; else NULL */
    int fd;                       /* a duplicate of the socket, which the library closes as it likes; or -1 */
    struct loop_poll *poll;
    unsigned watched; /* by the poll */
    struct loop_timer *gather;
    bool is_gathering; /* nothing is watched for reading until `gather` fires */
    bool is_drained;   /* the last reading found the socket's end */
    bool is_crowded;   /* in the last span there were many messages */
    int64_t span_ms;   /* when this span began, and with how many messages */
    uint64_t span_messages;
    struct loop_timer *retry;
    struct loop_timer *tick;
    int64_t since_ms; /* start of the attempt; once UP, of the connection */
    unsigned failures;
    bool is_settling; /* mqtt_client_settle_soon is under way */
    bool is_deaf;     /* nothing is read any more */
    bool is_freed;
    struct mqtt_client_counts counts;
    struct mqtt_subscription *subscriptions;
    size_t subscription_count;
    struct mqtt_publication publications[MQTT_CLIENT_IN_FLIGHT_MAX];
    bool is_publishing;
    int early_message_id; /* acknowledged before the library told its id */
};

/* At the end of this turn: looks what the last library call changed, tells what was acknowledged. */
void mqtt_client_settle_soon(struct mqtt_client *client);

/* Takes in what has come, up to a bound; the library's code. Sets is_gathering. */
int mqtt_traffic_read(struct mqtt_client *client);

/* Sets the library's callbacks for messages, subscriptions and publications. */
void mqtt_traffic_attach(struct mosquitto *library);

/* Subscribes everything on a new connection. */
void mqtt_traffic_subscribe_all(struct mqtt_client *client);

/* Tells `done` of what was acknowledged; with `has_ended` of everything in flight. */
void mqtt_traffic_tell_done(struct mqtt_client *client, bool has_ended);

void mqtt_traffic_free(struct mqtt_client *client);

#endif
