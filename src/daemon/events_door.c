/* events_door.c - messages on their way from the broker to the api, and their answers on the way back.
 * SPDX-License-Identifier: MIT
 *
 * The library acknowledges a message before we see it, and the broker forgets it then: one that a crash takes
 * with it is lost. So who sends repeats until there is an answer, and the id makes it one. */
#include "daemon/events_door.h"

#include "api/problem.h"
#include "api/rate.h"
#include "api/signed_message.h"
#include "base/text.h"
#include "collectors/mqtt.h"
#include "collectors/mqtt_password.h"
#include "daemon/events_proof.h"
#include "daemon/secrets.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/mqtt_client.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

enum {
    QOS = 1,
    QOS_LAST = 0, /* nobody hears any more that it arrived, nor lets the next one leave for it */
    TOPIC_SIZE = 512,
    CLIENT_ID_SIZE = 128,
    PATH_SIZE = 96,
    SECONDS_SIZE = 24,
    HEADERS_MAX = 7,
    LOG_EVERY_MS = 60 * 1000,
    BUSY_MS = 1000,
    UNAUTHORIZED = 401,
    TOO_MANY = 429,
    STATUS_CLASSES = 6
};

/* What becomes of a message. */
enum fate {
    FATE_TAKEN,
    FATE_UNPROVED, /* nobody's signature, or an old one */
    FATE_UNREADABLE,
    FATE_RETAINED, /* nobody knows when it was said */
    FATE_RATE,     /* more than the broker, or its hook, may bring */
    FATE_BUSY,     /* too many wait */
    FATE_REPEATED, /* of one that waits: its answer is the answer of both */
    FATE_COUNT
};

static const char *const fate_names[FATE_COUNT] = {
    [FATE_TAKEN] = "taken",       [FATE_UNPROVED] = "unproved", [FATE_UNREADABLE] = "unreadable",
    [FATE_RETAINED] = "retained", [FATE_RATE] = "rate",         [FATE_BUSY] = "busy",
    [FATE_REPEATED] = "repeated"};

/* One that was proved, from there to the broker's word for its answer. */
struct message {
    LIST_ENTRY(message) link;
    struct events_door *door;
    const struct settings_hook *hook;
    char *payload;
    struct signed_message parts;
    struct http_server_request request; /* the api's, until there is an answer */
    struct http_server_given given;
    struct http_server_header headers[HEADERS_MAX];
    char path[PATH_SIZE];
    char *answer; /* NULL: the api has it */
    bool is_sending;
};

struct events_door {
    struct daemon *daemon;
    struct mqtt_client *client; /* NULL: there can be none */
    struct mqtt_password password;
    char topic[TOPIC_SIZE], answers[TOPIC_SIZE];
    struct rate_table *rates;
    struct signed_message next; /* what was said of the message that comes now */
    LIST_HEAD(message_list, message) messages;
    size_t waiting;
    struct loop_timer *timer; /* repeats what the broker did not take */
    bool is_up, is_refused, is_stopping;
    char why[DAEMON_WHY_MAX];
    int64_t log_after_ms;
    uint64_t unsaid; /* of the log, since it said something last */
    uint64_t fates[FATE_COUNT], answered[STATUS_CLASSES];
};

/* ---- the end of a message ---- */

static void forget(struct message *message)
{
    LIST_REMOVE(message, link);
    message->door->waiting--;
    signed_message_done(&message->parts);
    free(message->payload);
    free(message->answer);
    free(message);
}

/* Whoever sends nonsense does not fill the log. */
static void drop(struct events_door *door, enum fate fate, const char *why)
{
    door->fates[fate]++;
    door->unsaid++;
    if (loop_now_ms() < door->log_after_ms)
        return;
    log_say(&door->daemon->log, LOG_LEVEL_WARN, "%s: %" PRIu64 " messages were dropped, the last one: %s",
            door->topic, door->unsaid, why);
    door->log_after_ms = loop_now_ms() + LOG_EVERY_MS;
    door->unsaid = 0;
}

/* ---- answers ---- */

static void published(void *data, bool is_acknowledged)
{
    struct message *message = data;

    message->is_sending = false;
    if (is_acknowledged)
        forget(message); /* else it waits for the broker */
}

static void send_answer(struct message *message)
{
    struct events_door *door = message->door;

    if (message->answer == NULL || message->is_sending || !door->is_up)
        return;
    message->is_sending =
        mqtt_client_publish(door->client, door->answers, message->answer, strlen(message->answer),
                            door->is_stopping ? QOS_LAST : QOS, false, published, message, NULL);
}

static void count_answer(struct events_door *door, unsigned status)
{
    door->answered[status / 100 < STATUS_CLASSES ? status / 100 : 0]++;
}

static const char *find_header(const struct http_server_header *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return NULL;
}

/* Of the api, perhaps before its handler has returned. */
static void take_answer(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                        const void *body, size_t length)
{
    struct message *message = data;
    struct events_door *door = message->door;

    if (status == UNAUTHORIZED) { /* a moment ago it was young enough */
        drop(door, FATE_UNPROVED, "it became too old");
        forget(message);
        return;
    }
    char *text = memory_copy_bytes(body, length);
    count_answer(door, status);
    message->answer =
        signed_message_answer(message->parts.id, status, find_header(headers, count, "Retry-After"), text);
    free(text);
    send_answer(message);
}

/* Who signed it is told to come again; where the broker does not take this, so be it. */
static void refuse(struct events_door *door, const char *id, enum fate fate, int64_t wait_ms, const char *why)
{
    char seconds[SECONDS_SIZE];

    (void)snprintf(seconds, sizeof(seconds), "%" PRId64, (wait_ms + 999) / 1000);
    cJSON *problem = problem_shape(TOO_MANY, fate == FATE_RATE ? "rate-limited" : "busy", why);
    char *body = json_print(problem);
    char *answer = signed_message_answer(id, TOO_MANY, seconds, body);
    count_answer(door, TOO_MANY);
    (void)!mqtt_client_publish(door->client, door->answers, answer, strlen(answer), QOS, false, NULL, NULL,
                               NULL);
    drop(door, fate, why);
    free(answer);
    free(body);
    cJSON_Delete(problem);
}

/* ---- messages ---- */

/* The same words under the same id, which the api still has. */
static bool is_repeated(const struct events_door *door, const struct settings_hook *hook,
                        const struct signed_message *parts)
{
    const struct message *message = NULL;

    LIST_FOREACH(message, &door->messages, link)
    if (message->hook == hook && message->answer == NULL && strcmp(message->parts.id, parts->id) == 0 &&
        strcmp(message->parts.body, parts->body) == 0)
        return true;
    return false;
}

static void hand_over(struct message *message)
{
    const struct signed_message *parts = &message->parts;
    const struct http_server_header headers[HEADERS_MAX] = {{"Content-Type", "application/json"},
                                                            {"webhook-id", parts->id},
                                                            {"webhook-timestamp", parts->timestamp},
                                                            {"webhook-signature", parts->signatures},
                                                            {"traceparent", parts->traceparent},
                                                            {"tracestate", parts->tracestate},
                                                            {"baggage", parts->baggage}};

    memcpy(message->headers, headers, sizeof(headers)); /* "" and NULL are none */
    (void)snprintf(message->path, sizeof(message->path), "/v1/hooks/%s", message->hook->name);
    message->given = (struct http_server_given){
        .headers = message->headers, .header_count = HEADERS_MAX, .answer = take_answer, .data = message};
    message->request = (struct http_server_request){.method = "POST",
                                                    .path = message->path,
                                                    .body = parts->body,
                                                    .body_length = parts->length,
                                                    .given = &message->given};
    message->door->fates[FATE_TAKEN]++;
    api_handle(message->door->daemon->api, &message->request);
}

static bool is_within(struct events_door *door, const char *name, const struct settings_rate *rate,
                      int64_t *ret_wait_ms)
{
    const struct rate_limit limit = {.count = rate->count, .span_ms = rate->span_ms};

    return rate_take(door->rates, name, &limit, loop_now_ms(), ret_wait_ms);
}

/* Proved: from here on it gets an answer. `parts` are taken over where it is handed on. */
static void take_proved(struct events_door *door, const struct settings_hook *hook,
                        struct signed_message *parts, const char *payload, size_t length)
{
    int64_t wait_ms = 0;

    if (is_repeated(door, hook, parts)) {
        door->fates[FATE_REPEATED]++;
        return;
    }
    if (!is_within(door, hook->name, &door->daemon->settings->token_rate, &wait_ms)) {
        refuse(door, parts->id, FATE_RATE, wait_ms,
               "this hook brings too much; see `rates` in verdictd.conf");
        return;
    }
    if (door->waiting == EVENTS_DOOR_WAITING_MAX) {
        refuse(door, parts->id, FATE_BUSY, BUSY_MS, "too many messages wait for their answers");
        return;
    }
    struct message *message = memory_take(sizeof(*message));
    message->door = door;
    message->hook = hook;
    message->payload = memory_copy_bytes(payload, length);
    message->parts = *parts;
    if (parts->envelope == NULL)
        message->parts.body = message->payload;
    *parts = (struct signed_message){.body = ""};
    LIST_INSERT_HEAD(&door->messages, message, link);
    door->waiting++;
    hand_over(message);
}

static void take(struct events_door *door, struct signed_message *parts, const char *payload, size_t length,
                 bool is_retained)
{
    const struct settings_hook *hook = NULL;
    int64_t wait_ms = 0;
    struct err err = {0};

    if (is_retained) {
        drop(door, FATE_RETAINED, "it was retained, and nobody knows since when");
        return;
    }
    /* Before the signature: proving takes time, and whoever may publish there could ask for all of it. */
    if (!is_within(door, "the broker", &door->daemon->settings->address_rate, &wait_ms)) {
        drop(door, FATE_RATE, "the broker brings too much; see `rates` in verdictd.conf");
        return;
    }
    if (!signed_message_read(parts, payload, length, &err)) {
        drop(door, FATE_UNREADABLE, err.text);
        return;
    }
    hook = events_proof(door->daemon->settings, daemon_keeper(door->daemon), parts, &err);
    if (hook == NULL)
        drop(door, FATE_UNPROVED, err.code != ERR_NONE ? err.text : "nobody signed it, or too long ago");
    else
        take_proved(door, hook, parts, payload, length);
}

/* ---- the broker ---- */

static void on_property(void *data, const char *name, const char *value)
{
    struct events_door *door = data;

    (void)signed_message_note(&door->next, name, value);
}

static void on_message(void *data, const char *topic, const char *payload, size_t length, bool is_retained)
{
    struct events_door *door = data;
    struct signed_message parts = door->next;

    (void)topic; /* we listen to one */
    door->next = (struct signed_message){.body = ""};
    take(door, &parts, payload, length, is_retained);
    signed_message_done(&parts);
}

static void send_answers(const struct events_door *door)
{
    struct message *message = NULL;

    LIST_FOREACH(message, &door->messages, link)
    send_answer(message);
}

static void beat(void *data)
{
    struct events_door *door = data;
    struct err err = {0};

    send_answers(door);
    if (!door->is_up && door->client != NULL && !mqtt_password_renew(&door->password, door->client, &err))
        (void)snprintf(door->why, sizeof(door->why), "%.250s", err.text);
}

static void on_up(void *data)
{
    struct events_door *door = data;

    door->is_up = true;
    door->is_refused = false;
    send_answers(door);
}

static void on_down(void *data, const char *reason)
{
    struct events_door *door = data;

    if (door->is_up)
        log_say(&door->daemon->log, LOG_LEVEL_WARN, "%s: the broker is gone: %s", door->topic, reason);
    door->is_up = false;
    (void)snprintf(door->why, sizeof(door->why), "the broker is gone: %s", reason);
}

static void on_refused(void *data, const char *filter)
{
    struct events_door *door = data;

    door->is_refused = true;
    (void)snprintf(door->why, sizeof(door->why), "the broker refuses %.200s to us", filter);
    log_say(&door->daemon->log, LOG_LEVEL_WARN, "%s", door->why);
}

static const struct settings_instance *find_source(const struct daemon *daemon, const char *name)
{
    const struct settings *settings = daemon->settings;

    for (size_t i = 0; i < settings->source_count; i++)
        if (collector_types[settings->sources[i].kind] == &mqtt_collector &&
            strcmp(settings->sources[i].name, name) == 0)
            return &settings->sources[i];
    return NULL;
}

static bool connect_broker(struct events_door *door, struct err *err)
{
    static const struct mqtt_client_callbacks callbacks = {.on_up = on_up,
                                                           .on_down = on_down,
                                                           .on_property = on_property,
                                                           .on_message = on_message,
                                                           .on_refused = on_refused};
    const struct settings *settings = door->daemon->settings;
    const struct settings_instance *source = find_source(door->daemon, settings->events.broker);
    char client_id[CLIENT_ID_SIZE];

    assert(source != NULL); /* the settings were checked */
    (void)snprintf(client_id, sizeof(client_id), "verdictd-%.60s-events", settings->instance);
    const struct mqtt_client_settings own = {
        .client_id = settings->events.client_id != NULL ? settings->events.client_id : client_id,
        .is_v5 = settings->events.is_v5,
        .keeps_session = true,
        .payload_max_bytes = EVENTS_DOOR_PAYLOAD_MAX};
    return mqtt_password_init(&door->password, daemon_keeper(door->daemon),
                              collector_mqtt_password(source->options), err) &&
           collector_mqtt_connect(door->daemon->loop, source->options, &door->password, &own, &callbacks,
                                  door, &door->client, err) &&
           mqtt_client_subscribe(door->client, door->topic, QOS, err);
}

/* ---- its life ---- */

struct events_door *events_door_new(struct daemon *daemon)
{
    struct err err = {0};
    uint64_t seed = 0;

    if (daemon->settings->events.broker == NULL)
        return NULL;
    struct events_door *door = memory_take(sizeof(*door));
    door->daemon = daemon;
    LIST_INIT(&door->messages);
    (void)snprintf(door->topic, sizeof(door->topic), "verdict/%.255s/in/deployments",
                   daemon->settings->instance);
    (void)snprintf(door->answers, sizeof(door->answers), "%.400s/ack", door->topic);
    (void)snprintf(door->why, sizeof(door->why), "not connected yet");
    digest_random(&seed, sizeof(seed));
    door->rates = rate_table_new(seed);
    door->timer = loop_timer_start(daemon->loop, DAEMON_HEARTBEAT_MS, DAEMON_HEARTBEAT_MS, beat, door);
    if (connect_broker(door, &err))
        return door;
    log_say(&daemon->log, LOG_LEVEL_ERROR, "events: %s", err.text);
    (void)snprintf(door->why, sizeof(door->why), "%.255s", err.text);
    return door;
}

/* The library may still hold back what waits for others to arrive. */
void events_door_stop(struct events_door *door)
{
    struct message *message = NULL;

    if (door == NULL || door->client == NULL)
        return;
    mqtt_client_stop_reading(door->client);
    door->is_stopping = true;
    LIST_FOREACH(message, &door->messages, link)
    if (message->is_sending)
        (void)!mqtt_client_publish(door->client, door->answers, message->answer, strlen(message->answer),
                                   QOS_LAST, false, NULL, NULL, NULL);
    send_answers(door);
}

bool events_door_is_quiet(const struct events_door *door)
{
    const struct message *message = door == NULL ? NULL : LIST_FIRST(&door->messages);

    while (message != NULL && message->answer != NULL)
        message = LIST_NEXT(message, link);
    return message == NULL;
}

/* To the api, each message is a client that went away. */
void events_door_free(struct events_door *door)
{
    if (door == NULL)
        return;
    loop_timer_stop(door->timer);
    if (door->client != NULL)
        mqtt_client_free(door->client);
    struct message *next = NULL;
    for (struct message *message = LIST_FIRST(&door->messages); message != NULL; message = next) {
        next = LIST_NEXT(message, link);
        if (message->answer == NULL)
            api_on_gone(door->daemon->api, &message->request);
        forget(message);
    }
    mqtt_password_done(&door->password);
    rate_table_free(door->rates);
    free(door);
}

const char *events_door_trouble(const struct events_door *door)
{
    return door->is_up && !door->is_refused ? NULL : door->why;
}

void events_door_add_metrics(const struct events_door *door, FILE *to)
{
    if (door == NULL)
        return;
    struct mqtt_client_counts counts = {0};
    if (door->client != NULL)
        counts = mqtt_client_counts(door->client);
    for (size_t i = 0; i < FATE_COUNT; i++)
        (void)fprintf(to, "verdict_events_messages_total{fate=\"%s\"} %" PRIu64 "\n", fate_names[i],
                      door->fates[i]);
    (void)fprintf(to, "verdict_events_messages_total{fate=\"too_long\"} %" PRIu64 "\n",
                  counts.dropped_payloads);
    for (size_t i = 2; i < STATUS_CLASSES; i++)
        (void)fprintf(to, "verdict_events_answers_total{status=\"%zuxx\"} %" PRIu64 "\n", i,
                      door->answered[i]);
    (void)fprintf(to, "verdict_events_waiting %zu\nverdict_mqtt_connected{client=\"events\"} %d\n",
                  door->waiting, door->is_up);
    (void)fprintf(to, "verdict_events_broker_connections_total %" PRIu64 "\n", counts.connections);
}
