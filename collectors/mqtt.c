/* mqtt.c - values that a broker pushes, by topic.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt.h"

#include "base/hash.h"
#include "base/text.h"
#include "collectors/access.h"
#include "collectors/decode.h"
#include "collectors/mqtt_password.h"
#include "collectors/mqtt_series.h"
#include "collectors/pace.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/mqtt_client.h"
#include "io/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAINS = 8192,            /* a fleet has as many topics */
    DOWN_TOLERATED_MS = 5000, /* a broker that restarts is no trouble yet */
    CHECK_MS = 1000,
    QOS = 1,
    WHY_MAX = 256,
    CLIENT_ID_MAX = 128
};

enum instance_option { URL, USERNAME, PASSWORD, CA, CERTIFICATE, KEY, CLIENT_ID, KEEPALIVE, VERSION };

static const struct option instance_options[] = {
    [URL] = {.name = "url",
             .type = OPTION_TEXT,
             .is_required = true,
             .help = "Address of the broker: mqtt://host[:port] or mqtts://host[:port]"},
    [USERNAME] = {.name = "username", .type = OPTION_TEXT, .help = "Name that the broker knows us by"},
    [PASSWORD] = {.name = "password", .type = OPTION_SECRET, .help = "Password, with username"},
    [CA] = {.name = "ca",
            .type = OPTION_TEXT,
            .help = "File of the certificates to trust instead of the system's"},
    [CERTIFICATE] = {.name = "certificate",
                     .type = OPTION_TEXT,
                     .help = "File of our own certificate, with key"},
    [KEY] = {.name = "key", .type = OPTION_TEXT, .help = "File of our own certificate's key"},
    [CLIENT_ID] = {.name = "client_id",
                   .type = OPTION_TEXT,
                   .help = "Client identifier; default: made from the daemon's and the source's name"},
    [KEEPALIVE] = {.name = "keepalive",
                   .type = OPTION_DURATION,
                   .min = 5000,
                   .max = 3600000,
                   .fallback = "15s",
                   .help = "A broker that is silent for longer counts as gone"},
    [VERSION] = {.name = "version",
                 .type = OPTION_CHOICE,
                 .choices = mqtt_client_versions,
                 .fallback = "3.1.1",
                 .help = "Of MQTT, of this connection; that of events has its own"},
};

struct collector {
    struct collector_env env;
    struct mqtt_client *client;
    struct collector_watch *chains[CHAINS]; /* by the hash of a topic without wildcards */
    struct collector_watch *wild;           /* those with */
    size_t combined;                        /* watches that have a table of reporters */
    struct loop_timer *check;
    struct mqtt_password password;
    bool is_up;
    int64_t down_since_ms;
    struct mqtt_series_counts counts;
    uint64_t unwatched; /* messages on topics that no watch hears */
    char why[WHY_MAX];
};

struct collector_watch {
    struct collector *collector;
    struct collector_watch **chain; /* where it is listed */
    struct collector_watch *next;
    struct mqtt_series *series;
    uint64_t hash; /* of its filter */
    bool is_combined;
    bool is_told;  /* that the broker is gone */
    char filter[]; /* beside its hash: of a fleet every reach into other memory is what a message costs */
};

static struct collector_watch **chain_of(struct collector *collector, uint64_t hash)
{
    return &collector->chains[hash % CHAINS];
}

/* Where the watches of a filter are listed. */
static struct collector_watch **list_of(struct collector *collector, const char *filter)
{
    bool is_wild = strpbrk(filter, "+#") != NULL;

    return is_wild ? &collector->wild : chain_of(collector, hash_text(HASH_BEGIN, filter));
}

static int64_t now_ms(const struct collector *collector)
{
    return collector->env.now_ms(collector->env.data);
}

/* ---- values ---- */

/* What came on a topic. */
struct arrival {
    const char *topic;
    struct decode_message message;
    bool is_retained;
    const char *why; /* it is none; else NULL */
};

static void take(struct collector_watch *watch, struct arrival *arrival)
{
    if (arrival->why != NULL) {
        if (mqtt_series_wants(watch->series, arrival->topic, NULL))
            mqtt_series_trouble(watch->series, arrival->why);
    } else if (arrival->is_retained)
        mqtt_series_take_retained(watch->series, arrival->topic, &arrival->message, now_ms(watch->collector));
    else
        mqtt_series_take(watch->series, arrival->topic, &arrival->message, now_ms(watch->collector));
}

static bool hears(const struct collector_watch *watch, const char *topic, uint64_t hash)
{
    if (watch->chain == &watch->collector->wild)
        return mqtt_client_covers(watch->filter, topic);
    return watch->hash == hash && strcmp(watch->filter, topic) == 0;
}

static size_t hand_out_to(struct collector_watch *watch, uint64_t hash, struct arrival *arrival)
{
    size_t heard = 0;

    for (; watch != NULL; watch = watch->next)
        if (hears(watch, arrival->topic, hash)) {
            take(watch, arrival);
            heard++;
        }
    return heard;
}

static void hand_out(struct collector *collector, struct arrival *arrival)
{
    uint64_t hash = hash_text(HASH_BEGIN, arrival->topic);
    size_t heard = hand_out_to(*chain_of(collector, hash), hash, arrival);

    heard += hand_out_to(collector->wild, hash, arrival);
    collector->unwatched += heard == 0;
}

static void on_message(void *data, const char *topic, const char *payload, size_t length, bool is_retained)
{
    struct collector *collector = data;
    struct arrival arrival = {.topic = topic, .is_retained = is_retained};

    if (!is_retained)
        source_tally_hear(collector->env.tally);
    decode_init(&arrival.message, payload, length, clock_wall_ms());
    hand_out(collector, &arrival);
    decode_done(&arrival.message);
}

static void on_too_long(void *data, const char *topic, size_t length, bool is_retained)
{
    char why[WHY_MAX];
    struct arrival arrival = {.topic = topic, .why = why};

    (void)snprintf(why, sizeof(why), "a message of %zu bytes is longer than %d", length, DECODE_PAYLOAD_MAX);
    if (!is_retained)
        hand_out(data, &arrival);
}

static void pass_second(struct collector_watch *watch)
{
    mqtt_series_pass(watch->series, now_ms(watch->collector));
}

/* ---- the broker ---- */

static void each_watch(struct collector *collector, void (*visit)(struct collector_watch *watch))
{
    struct collector_watch *watch = NULL;

    for (size_t i = 0; i < CHAINS; i++)
        for (watch = collector->chains[i]; watch != NULL; watch = watch->next)
            visit(watch);
    for (watch = collector->wild; watch != NULL; watch = watch->next)
        visit(watch);
}

static void tell_gone(struct collector_watch *watch)
{
    if (!watch->is_told)
        mqtt_series_trouble(watch->series, watch->collector->why);
    watch->is_told = true;
}

static void check(void *data)
{
    struct collector *collector = data;
    struct err err = {0};

    if (!collector->is_up && !mqtt_password_renew(&collector->password, collector->client, &err))
        (void)snprintf(collector->why, sizeof(collector->why), "%.250s", err.text);
    if (collector->is_up && collector->combined > 0)
        each_watch(collector, pass_second);
    if (!collector->is_up && loop_now_ms() - collector->down_since_ms >= DOWN_TOLERATED_MS)
        each_watch(collector, tell_gone);
}

static void begin_listening(struct collector_watch *watch)
{
    mqtt_series_begin(watch->series, now_ms(watch->collector));
    watch->is_told = false;
}

static void on_up(void *data)
{
    struct collector *collector = data;

    collector->is_up = true;
    each_watch(collector, begin_listening);
}

static void on_down(void *data, const char *reason)
{
    struct collector *collector = data;

    if (collector->is_up) {
        collector->down_since_ms = loop_now_ms();
        log_say(collector->env.log, LOG_LEVEL_WARN, "the broker is gone: %s", reason);
    }
    collector->is_up = false;
    (void)snprintf(collector->why, sizeof(collector->why), "the broker is gone: %s", reason);
}

static void on_refused(void *data, const char *filter)
{
    struct collector *collector = data;

    struct collector_watch *watch = *list_of(collector, mqtt_client_filter(filter));
    for (; watch != NULL; watch = watch->next) {
        if (strcmp(mqtt_series_topic(watch->series), filter) != 0)
            continue;
        begin_listening(watch);
        mqtt_series_trouble(watch->series, "the broker refuses this topic to us");
    }
}

/* ---- the interface ---- */

const char *collector_mqtt_password(const struct option_value *options)
{
    return options[PASSWORD].text;
}

bool collector_mqtt_connect(struct loop *loop, const struct option_value *options,
                            const struct mqtt_password *password, const struct mqtt_client_settings *own,
                            const struct mqtt_client_callbacks *callbacks, void *data,
                            struct mqtt_client **ret_client, struct err *err)
{
    struct mqtt_client_settings settings = *own;

    char *ca = access_copy_path(options[CA].text);
    char *certificate = access_copy_path(options[CERTIFICATE].text);
    char *key = access_copy_path(options[KEY].text);
    settings.url = options[URL].text;
    settings.username = options[USERNAME].text;
    settings.ca_file = ca;
    settings.certificate_file = certificate;
    settings.key_file = key;
    settings.keepalive_s = (int)(options[KEEPALIVE].duration_ms / 1000);
    settings.password = password->secret.bytes;
    settings.waits_for_password = mqtt_password_is_awaited(password);
    bool is_new = mqtt_client_new(loop, &settings, callbacks, data, ret_client, err);
    free(ca);
    free(certificate);
    free(key);
    return is_new;
}

static bool connect_broker(struct collector *collector, const char *name, const struct option_value *options,
                           struct err *err)
{
    static const struct mqtt_client_callbacks callbacks = {.on_up = on_up,
                                                           .on_down = on_down,
                                                           .on_message = on_message,
                                                           .on_too_long = on_too_long,
                                                           .on_refused = on_refused};
    const struct collector_env *env = &collector->env;
    bool has_will = env->status_source != NULL && strcmp(env->status_source, name) == 0;
    char client_id[CLIENT_ID_MAX];

    (void)snprintf(client_id, sizeof(client_id), "verdictd-%.60s-%.50s", env->instance, name);
    const struct mqtt_client_settings own = {
        .client_id = options[CLIENT_ID].text != NULL ? options[CLIENT_ID].text : client_id,
        .will_topic = has_will ? env->will_topic : NULL,
        .will_payload = has_will ? env->will_payload : NULL,
        .will_is_retained = has_will,
        .is_v5 = options[VERSION].choice == MQTT_CLIENT_5,
        .payload_max_bytes = DECODE_PAYLOAD_MAX};
    return collector_mqtt_connect(env->loop, options, &collector->password, &own, &callbacks, collector,
                                  &collector->client, err);
}

static void free_collector(struct collector *collector)
{
    mqtt_password_done(&collector->password);
    free(collector);
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    collector->env = *env;
    struct err waiting = {0};
    collector->down_since_ms = loop_now_ms();
    (void)snprintf(collector->why, sizeof(collector->why), "not connected yet");
    if (!mqtt_password_init(&collector->password, env->secrets, collector_mqtt_password(options), &waiting)) {
        free(collector);
        return err_set(err, waiting.code, "mqtt %s: %s", name, waiting.text);
    }
    if (waiting.code != ERR_NONE)
        (void)snprintf(collector->why, sizeof(collector->why), "%.250s", waiting.text);
    if (!connect_broker(collector, name, options, err)) {
        free_collector(collector);
        return err_wrap(err, "mqtt %s", name);
    }
    collector->check = loop_timer_start(env->loop, CHECK_MS, CHECK_MS, check, collector);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->check);
    mqtt_client_free(collector->client);
    free_collector(collector);
}

static bool check_metric(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                         const char **ret_option, struct err *err)
{
    (void)every_ms;
    return mqtt_options_check(kind, options, ret_option, err);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    const char *topic = series->options[MQTT_TOPIC].text;
    struct mqtt_series *its = NULL;

    if (!mqtt_series_new(series, collector->env.log, &collector->counts, now_ms(collector), &its, err))
        return err_wrap(err, "metric %s", series->metric);
    if (!mqtt_client_subscribe(collector->client, topic, QOS, err)) {
        mqtt_series_free(its);
        return err_wrap(err, "metric %s", series->metric);
    }
    if (mqtt_series_takes_retained(its))
        mqtt_client_ask_retained(collector->client, topic);
    const char *filter = mqtt_series_filter(its);
    struct collector_watch *watch = memory_take(sizeof(*watch) + strlen(filter) + 1);
    memcpy(watch->filter, filter, strlen(filter) + 1);
    watch->collector = collector;
    watch->series = its;
    watch->hash = hash_text(HASH_BEGIN, filter);
    watch->is_combined = series->options[MQTT_COMBINE].is_set;
    collector->combined += watch->is_combined;
    watch->chain = list_of(collector, filter);
    watch->next = *watch->chain;
    *watch->chain = watch;
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector_watch **place = watch->chain;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    watch->collector->combined -= watch->is_combined;
    mqtt_client_unsubscribe(watch->collector->client, mqtt_series_topic(watch->series));
    mqtt_series_free(watch->series);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->is_up ? NULL : collector->why;
}

static void add_metrics(const struct collector *collector, const char *name, FILE *to)
{
    struct mqtt_client_counts counts = mqtt_client_counts(collector->client);

    (void)fprintf(to, "verdict_mqtt_connected{client=\"source:%s\"} %d\n", name, collector->is_up);
    (void)fprintf(to, "verdict_mqtt_messages_total{source=\"%s\"} %" PRIu64 "\n", name, counts.messages);
    (void)fprintf(to, "verdict_mqtt_dropped_total{source=\"%s\",why=\"payload\"} %" PRIu64 "\n", name,
                  counts.dropped_payloads);
    (void)fprintf(to, "verdict_mqtt_dropped_total{source=\"%s\",why=\"topic\"} %" PRIu64 "\n", name,
                  counts.dropped_topics);
    (void)fprintf(to, "verdict_mqtt_unwatched_total{source=\"%s\"} %" PRIu64 "\n", name,
                  collector->unwatched);
    (void)fprintf(to, "verdict_mqtt_refused_reports_total{source=\"%s\"} %" PRIu64 "\n", name,
                  collector->counts.refused);
    (void)fprintf(to, "verdict_mqtt_dropped_total{source=\"%s\",why=\"retained\"} %" PRIu64 "\n", name,
                  collector->counts.retained);
    (void)fprintf(to, "verdict_mqtt_unobserved_total{source=\"%s\"} %" PRIu64 "\n", name,
                  collector->counts.unobserved);
}

struct mqtt_client *collector_mqtt_client(const struct collector *collector)
{
    return collector->client;
}

const struct collector_type mqtt_collector = {
    .name = "mqtt",
    .instance_options = instance_options,
    .instance_option_count = ARRAY_LENGTH(instance_options),
    .metric_options = mqtt_metric_options,
    .metric_option_count = MQTT_METRIC_OPTION_COUNT,
    .check_metric = check_metric,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
    .add_metrics = add_metrics,
};
