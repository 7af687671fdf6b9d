/* mqtt_client.h - one connection to an MQTT broker (libmosquitto) on the loop, kept up by itself.
 * SPDX-License-Identifier: MIT
 *
 * The client connects, subscribes what was asked for, and starts again with jittered exponential backoff
 * whenever the broker is gone, refuses, or is silent for longer than the keepalive. Of more than a thousand
 * messages a second each is a few milliseconds late: they are read together. libmosquitto acknowledges
 * before it calls us, so a message that arrives here can be lost by a crash: nothing that must not be lost
 * may come this way alone. Over TLS it writes where nobody may read: the process ignores SIGPIPE. Loop thread
 * only. */
#ifndef IO_MQTT_CLIENT_H
#define IO_MQTT_CLIENT_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct mqtt_client;

enum {
    MQTT_CLIENT_FILTERS_MAX = 16384,
    MQTT_CLIENT_IN_FLIGHT_MAX = 1024,           /* publications not yet acknowledged */
    MQTT_CLIENT_PAYLOAD_MAX_BYTES = 256 * 1024, /* default, of what comes in */
    MQTT_CLIENT_PUBLISH_MAX_BYTES = 4 * 1024 * 1024,
    MQTT_CLIENT_TOPIC_MAX_BYTES = 1024,
    MQTT_CLIENT_PROPERTIES_MAX = 32,    /* of a message; more are not told */
    MQTT_CLIENT_SESSION_S = 24 * 3600,  /* how long a broker of version 5 keeps what we keep */
    MQTT_CLIENT_KEEPALIVE_S = 15,       /* default; the library's least is 5 */
    MQTT_CLIENT_CONNECT_MS = 10 * 1000, /* from the start of an attempt to the broker's consent */
    MQTT_CLIENT_BACKOFF_MIN_MS = 500,
    MQTT_CLIENT_BACKOFF_MAX_MS = 30 * 1000
};

enum mqtt_client_version { MQTT_CLIENT_3_1_1, MQTT_CLIENT_5 };

/* As an option has them, in the order of enum mqtt_client_version; ends with NULL. */
extern const char *const mqtt_client_versions[];

/* Texts are copied; NULL: not given. Zero in a number means the default above. */
struct mqtt_client_settings {
    const char *url; /* mqtt://host[:1883] or mqtts://host[:8883], IPv6 in brackets; no user, no path */
    const char *client_id;
    const char *username;
    const char *password;
    const char *ca_file; /* mqtts only; NULL: the system's authorities */
    const char *certificate_file;
    const char *key_file;
    const char *will_topic; /* published by the broker, QoS 1, when we go without saying so */
    const char *will_payload;
    bool will_is_retained;
    bool waits_for_password; /* connects when mqtt_client_set_password() has been called */
    bool is_v5;              /* MQTT 5 instead of 3.1.1 */
    /* The broker keeps our subscriptions, and what comes while we are away, under our client_id. */
    bool keeps_session;
    int keepalive_s;
    size_t payload_max_bytes;
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
};

/* All from the loop, never inside a call of this module except mqtt_client_free (publications given up). Any
 * may be NULL. Calling the client from inside them is allowed, mqtt_client_free included. */
struct mqtt_client_callbacks {
    void (*on_up)(void *data);
    /* Once per lost connection and once per failed attempt. */
    void (*on_down)(void *data, const char *reason);
    /* Of the message that on_message brings next, MQTT 5: one user property; until the return. */
    void (*on_property)(void *data, const char *name, const char *value);
    /* payload: `length` bytes and a NUL behind them; topic: valid UTF-8 without wildcards. */
    void (*on_message)(void *data, const char *topic, const char *payload, size_t length, bool is_retained);
    /* Instead of on_message: the payload is longer than payload_max_bytes. */
    void (*on_too_long)(void *data, const char *topic, size_t length, bool is_retained);
    /* The broker refused this subscription (its access list). */
    void (*on_refused)(void *data, const char *filter);
};

struct mqtt_client_counts {
    uint64_t messages;          /* handed to on_message */
    uint64_t dropped_payloads;  /* longer than payload_max_bytes */
    uint64_t dropped_topics;    /* wildcard, invalid UTF-8, too long */
    uint64_t attempts;          /* to connect */
    uint64_t connections;       /* that the broker consented to */
    uint64_t refused_publishes; /* while down, or past MQTT_CLIENT_IN_FLIGHT_MAX */
    size_t in_flight;           /* publications not yet acknowledged now */
};

typedef void mqtt_client_published(void *data, bool is_acknowledged);

/* Checks the settings (ERR_INVALID; ERR_IO where a TLS file is not readable) and starts connecting; an absent
 * broker is no error. */
MUST_CHECK bool mqtt_client_new(struct loop *loop, const struct mqtt_client_settings *settings,
                                const struct mqtt_client_callbacks *callbacks, void *data,
                                struct mqtt_client **ret_client, struct err *err);

/* Says good-bye to the broker (so no Will), fails what is in flight, calls nothing afterwards. The memory
 * goes at the end of the turn, or at once where the loop does not turn, the socket when the broker has closed
 * it (io/linger.h). */
void mqtt_client_free(struct mqtt_client *client);

/* The password of the next connection, copied; a client that waits for one connects now. */
void mqtt_client_set_password(struct mqtt_client *client, const char *password);

/* From now on nothing is read: what comes is not acknowledged, so a broker that keeps our session keeps it.
 * What is published still leaves, but nobody hears that it arrived. For the last moments before
 * mqtt_client_free(). */
void mqtt_client_stop_reading(struct mqtt_client *client);

bool mqtt_client_is_up(const struct mqtt_client *client);

/* Subscribes now or when connected, and again after each reconnect; the same filter again only counts (QoS of
 * the first stands), and is left with the last unsubscribe. ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool mqtt_client_subscribe(struct mqtt_client *client, const char *filter, int qos,
                                      struct err *err);
/* Lets the broker send again what it retains for a filter that is subscribed; who subscribes first gets it
 * anyway. */
void mqtt_client_ask_retained(struct mqtt_client *client, const char *filter);
void mqtt_client_unsubscribe(struct mqtt_client *client, const char *filter);

/* Publishes; `done` (may be NULL) is called once: acknowledged (QoS 0: written), or given up because the
 * connection went: then the broker may or may not have it, and the caller repeats. False, and `done` never
 * called: ERR_UNAVAILABLE while down, ERR_LIMIT past the bound, ERR_INVALID topic or payload. */
MUST_CHECK bool mqtt_client_publish(struct mqtt_client *client, const char *topic, const void *payload,
                                    size_t length, int qos, bool is_retained, mqtt_client_published *done,
                                    void *data, struct err *err);

/* What a subscription hears: of a shared one (`$share/GROUP/FILTER`, whose messages the broker hands out
 * among the members of the group) the filter behind the group, else all of it. NULL: a shared one without a
 * group or a filter. */
const char *mqtt_client_filter(const char *subscription);

/* Whether a filter with + and # covers a topic. */
bool mqtt_client_covers(const char *filter, const char *topic);

struct mqtt_client_counts mqtt_client_counts(const struct mqtt_client *client);

#endif
