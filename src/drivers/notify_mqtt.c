/* notify_mqtt.c - notices over MQTT: the CloudEvents body as it is, QoS 1, over a connection of its own.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_facts.h"
#include "drivers/notifier.h"
#include "io/digest.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/mqtt_client.h"
#include "io/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_URL,
    OPTION_TOPIC,
    OPTION_USERNAME,
    OPTION_PASSWORD,
    OPTION_TIMEOUT,
    OPTION_CA,
    OPTION_VERSION,
    OPTION_COUNT
};
enum { RANDOM_SIZE = 8, REASON_SIZE = 256 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "the broker, mqtt://host or mqtts://host"},
    [OPTION_TOPIC] = {.name = "topic",
                      .type = OPTION_TEXT,
                      .help = "where they go; verdict/INSTANCE/events where it is not given"},
    [OPTION_USERNAME] = {.name = "username", .type = OPTION_TEXT, .help = "login at the broker"},
    [OPTION_PASSWORD] = {.name = "password", .type = OPTION_SECRET, .help = "its password, by reference"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 60000,
                        .fallback = "15s",
                        .help = "for one try"},
    [OPTION_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
    [OPTION_VERSION] = {.name = "version",
                        .type = OPTION_CHOICE,
                        .choices = mqtt_client_versions,
                        .fallback = "3.1.1",
                        .help = "of MQTT"},
};

struct notifier {
    struct notifier_env env;
    char *url, *topic, *username, *password, *ca; /* password: a reference */
    bool is_v5;
    int64_t timeout_ms;
    struct mqtt_client *client;  /* NULL: its password could not be read */
    char reason[REASON_SIZE];    /* why the broker was not reached last */
    struct delivery *deliveries; /* on their way */
};

struct delivery {
    struct delivery *next;
    struct notifier *notifier;
    struct loop_timer *timer;
    char *topic, *body;
    bool is_published; /* the client calls us back about it, whatever happens */
    enum notice_fate fate;
    struct err err;
    notifier_done *done; /* NULL: told */
    void *data;
};

static void end_late(void *data);

/* Out of the list already. */
static void free_delivery(struct delivery *delivery)
{
    loop_timer_stop(delivery->timer);
    loop_defer_cancel(delivery->notifier->env.loop, end_late, delivery);
    free(delivery->topic);
    free(delivery->body);
    free(delivery);
}

static void forget(struct delivery *delivery)
{
    struct delivery **at = &delivery->notifier->deliveries;

    while (*at != delivery)
        at = &(*at)->next;
    *at = delivery->next;
    free_delivery(delivery);
}

/* What `done` does may close the notifier, so it comes last. What is published lives until it is over. */
static void tell(struct delivery *delivery, enum notice_fate fate, const char *why)
{
    notifier_done *done = delivery->done;
    void *data = delivery->data;

    delivery->done = NULL;
    loop_timer_pause(delivery->timer);
    if (!delivery->is_published)
        forget(delivery);
    if (done != NULL)
        done(data, fate, 0, why);
}

static void end_late(void *data)
{
    struct delivery *delivery = data;
    struct err err = delivery->err;

    tell(delivery, delivery->fate, err.text);
}

static void timed_out(void *data)
{
    struct delivery *delivery = data;
    const struct notifier *notifier = delivery->notifier;
    char why[ERR_TEXT_MAX];

    (void)snprintf(why, sizeof(why), "the broker did not take it in time%s%s",
                   notifier->reason[0] == '\0' ? "" : ": ", notifier->reason);
    tell(delivery, NOTICE_RETRY, why);
}

static void published(void *data, bool is_acknowledged)
{
    struct delivery *delivery = data;

    delivery->is_published = false;
    tell(delivery, is_acknowledged ? NOTICE_DELIVERED : NOTICE_RETRY,
         is_acknowledged ? "the broker has it" : "the connection to the broker went");
}

/* Later where it is not up, or takes no more now: on_up or the next try. */
static void publish(struct delivery *delivery)
{
    struct mqtt_client *client = delivery->notifier->client;

    if (delivery->done == NULL || delivery->is_published || client == NULL || !mqtt_client_is_up(client))
        return;
    delivery->is_published =
        mqtt_client_publish(client, delivery->topic, delivery->body, strlen(delivery->body), 1, false,
                            published, delivery, &delivery->err);
    if (delivery->is_published || delivery->err.code == ERR_UNAVAILABLE)
        return;
    delivery->fate = delivery->err.code == ERR_INVALID ? NOTICE_REFUSED : NOTICE_RETRY;
    loop_defer(delivery->notifier->env.loop, end_late, delivery);
}

static void came_up(void *data)
{
    struct notifier *notifier = data;

    notifier->reason[0] = '\0';
    for (struct delivery *delivery = notifier->deliveries; delivery != NULL; delivery = delivery->next)
        publish(delivery);
}

static void went_down(void *data, const char *reason)
{
    struct notifier *notifier = data;

    (void)snprintf(notifier->reason, sizeof(notifier->reason), "%s", reason);
}

/* With the password of today. */
static bool connect_broker(struct notifier *notifier, struct err *err)
{
    static const struct mqtt_client_callbacks callbacks = {.on_up = came_up, .on_down = went_down};
    CLEANUP(secret_drop) struct secret password = {0};
    unsigned char random[RANDOM_SIZE];
    char hex[2 * RANDOM_SIZE + 1];
    char id[sizeof(hex) + 16];

    if (notifier->password != NULL && !secret_load(notifier->env.secrets, notifier->password, &password, err))
        return err_wrap(err, "password");
    digest_random(random, sizeof(random));
    digest_hex(random, sizeof(random), hex);
    (void)snprintf(id, sizeof(id), "verdict-%s", hex);
    const struct mqtt_client_settings settings = {.url = notifier->url,
                                                  .client_id = id,
                                                  .username = notifier->username,
                                                  .password = password.bytes,
                                                  .ca_file = notifier->ca,
                                                  .is_v5 = notifier->is_v5};
    return mqtt_client_new(notifier->env.loop, &settings, &callbacks, notifier, &notifier->client, err);
}

static void close_mqtt(struct notifier *notifier)
{
    for (struct delivery *delivery = notifier->deliveries; delivery != NULL; delivery = delivery->next)
        delivery->done = NULL;
    if (notifier->client != NULL)
        mqtt_client_free(notifier->client);
    while (notifier->deliveries != NULL) {
        struct delivery *delivery = notifier->deliveries;
        notifier->deliveries = delivery->next;
        free_delivery(delivery);
    }
    free(notifier->url);
    free(notifier->topic);
    free(notifier->username);
    free(notifier->password);
    free(notifier->ca);
    free(notifier);
}

static bool check_options(const struct option_value *values, struct err *err)
{
    const char *topic = values[OPTION_TOPIC].text;
    const char *password = values[OPTION_PASSWORD].text;

    if (topic != NULL && (topic[0] == '\0' || strpbrk(topic, "+#") != NULL))
        return err_set(err, ERR_INVALID, "topic: '%s' is one to listen to, not to publish to", topic);
    if (password != NULL && !secret_is_reference(password))
        return err_set(err, ERR_INVALID,
                       "password: takes a reference such as file:/path or cred:name, not the password");
    return true;
}

static bool open_mqtt(const struct notifier_type *type, const struct notifier_env *env, const char *name,
                      const struct option_value *values, struct notifier **ret_notifier, struct err *err)
{
    struct err trouble = {0};

    (void)type;
    (void)name;
    if (!check_options(values, err))
        return false;
    struct notifier *notifier = memory_take(sizeof(*notifier));
    notifier->env = *env;
    notifier->url = memory_copy_text(values[OPTION_URL].text);
    notifier->topic = memory_copy_text(values[OPTION_TOPIC].text);
    notifier->username = memory_copy_text(values[OPTION_USERNAME].text);
    notifier->password = memory_copy_text(values[OPTION_PASSWORD].text);
    notifier->ca = memory_copy_text(values[OPTION_CA].text);
    notifier->is_v5 = values[OPTION_VERSION].choice == MQTT_CLIENT_5;
    notifier->timeout_ms = values[OPTION_TIMEOUT].duration_ms;
    /* A password that cannot be read may come; a URL that is none stays one. */
    if (!connect_broker(notifier, &trouble) && strncmp(trouble.text, "password", 8) != 0) {
        close_mqtt(notifier);
        if (err != NULL)
            *err = trouble;
        return false;
    }
    *ret_notifier = notifier;
    return true;
}

/* What was not up until now may have another password. */
static bool renew(struct notifier *notifier, struct err *err)
{
    bool is_lost = notifier->client != NULL && notifier->password != NULL && notifier->reason[0] != '\0' &&
                   !mqtt_client_is_up(notifier->client);

    if (is_lost) {
        mqtt_client_free(notifier->client);
        notifier->client = NULL;
    }
    return notifier->client != NULL || connect_broker(notifier, err);
}

static char *topic_of(const struct notifier *notifier, const struct notice_facts *facts)
{
    size_t size = strlen(facts->source) + sizeof("/events");

    if (notifier->topic != NULL)
        return memory_copy_text(notifier->topic);
    char *topic = memory_take(size);
    (void)snprintf(topic, size, "%s/events", facts->source + (facts->source[0] == '/'));
    return topic;
}

static void send_notice(struct notifier *notifier, const struct notice *notice, notifier_done *done,
                        void *data)
{
    struct delivery *delivery = memory_take(sizeof(*delivery));
    struct notice_facts facts;

    *delivery = (struct delivery){.next = notifier->deliveries,
                                  .notifier = notifier,
                                  .fate = NOTICE_REFUSED,
                                  .body = memory_copy_text(notice->body),
                                  .done = done,
                                  .data = data};
    notifier->deliveries = delivery;
    delivery->timer = loop_timer_start(notifier->env.loop, notifier->timeout_ms, 0, timed_out, delivery);
    if (notice_facts_read(notice->body, &facts, &delivery->err)) {
        delivery->topic = topic_of(notifier, &facts);
        notice_facts_done(&facts);
        delivery->fate = NOTICE_RETRY;
        if (renew(notifier, &delivery->err)) {
            publish(delivery);
            return;
        }
    }
    loop_defer(notifier->env.loop, end_late, delivery);
}

const struct notifier_type notifier_mqtt = {
    .name = "mqtt",
    .options = options,
    .option_count = OPTION_COUNT,
    .open = open_mqtt,
    .close = close_mqtt,
    .send = send_notice,
};
