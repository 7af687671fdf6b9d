/* mqtt.c - values that a broker pushes: numbers and JSON, by topic.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt.h"

#include "base/text.h"
#include "collectors/access.h"
#include "collectors/combine.h"
#include "collectors/decode.h"
#include "collectors/increase.h"
#include "io/json.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/mqtt_client.h"
#include "io/secret.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAINS = 1024,
    DOWN_TOLERATED_MS = 5000, /* a broker that restarts is no trouble yet */
    CHECK_MS = 1000,
    QOS = 1,
    WHY_MAX = 256,
    CLIENT_ID_MAX = 128
};

enum instance_option { URL, USERNAME, PASSWORD, CA, CERTIFICATE, KEY, CLIENT_ID, KEEPALIVE };

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
};

enum metric_option { TOPIC, VALUE, DECODER, EVENTS, TOTAL, COMBINE };

static const char *const decoder_names[] = {[DECODER_NUMBER] = "number", [DECODER_JSON] = "json", NULL};

static const struct option metric_options[] = {
    [TOPIC] = {.name = "topic",
               .type = OPTION_TEXT,
               .is_required = true,
               .help = "Topic to listen to, + and # allowed; templates allowed"},
    [VALUE] = {.name = "value", .type = OPTION_TEXT, .help = "Place of a gauge in a JSON payload: \".up\""},
    [DECODER] = {.name = "decoder",
                 .type = OPTION_CHOICE,
                 .choices = decoder_names,
                 .help = "What payloads are: number, or json; default: json where a place is given"},
    [EVENTS] = {.name = "events",
                .type = OPTION_TEXT,
                .help = "Place of a raw counter in a JSON payload: what is counted against the total"},
    [TOTAL] = {.name = "total", .type = OPTION_TEXT, .help = "Place of the raw counter of everything"},
    [COMBINE] = {.name = "combine",
                 .type = OPTION_CHOICE,
                 .choices = combine_names,
                 .help = "One value of what all topics said last; share: of those that are not 0"},
};

struct collector {
    struct collector_env env;
    struct mqtt_client *client;
    struct collector_watch *chains[CHAINS]; /* by the hash of a topic without wildcards */
    struct collector_watch *wild;           /* those with */
    struct loop_timer *check;
    bool is_up;
    int64_t down_since_ms;
    uint64_t refused; /* values of reporters beyond COMBINE_REPORTERS_MAX */
    char why[WHY_MAX];
};

struct collector_watch {
    struct collector *collector;
    struct collector_watch **chain; /* where it is listed */
    struct collector_watch *next;
    struct collector_sink sink;
    enum series_kind kind;
    enum decoder decoder;
    char *metric;
    char *topic;
    char *value; /* of a gauge; NULL for plain numbers */
    char *events;
    char *total;
    struct increase *event_rises;
    struct increase *total_rises;
    struct combine *combine; /* what each topic said last; NULL: they are not told apart */
    bool is_told;            /* that the broker is gone */
    bool has_refused;        /* reporters, and said so */
};

static struct collector_watch **chain_of(struct collector *collector, const char *topic)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *topic != '\0'; topic++)
        hash = (hash ^ (unsigned char)*topic) * UINT64_C(1099511628211); /* FNV-1a */
    return &collector->chains[hash % CHAINS];
}

static int64_t now_ms(const struct collector *collector)
{
    return collector->env.now_ms(collector->env.data);
}

/* ---- values ---- */

/* False: there is nobody any more, or not everybody yet. */
static bool put_combined(struct collector_watch *watch, int64_t at_ms)
{
    double value = 0;

    if (!combine_value(watch->combine, at_ms, &value))
        return false;
    watch->sink.gauge(watch->sink.data, at_ms, value);
    if (!isfinite(value)) /* after the value, which would say that all is well */
        watch->sink.trouble(watch->sink.data, SERIES_NOT_FINITE,
                            "the values add up to more than a number holds");
    return true;
}

static void note_refused(struct collector_watch *watch, const char *topic)
{
    watch->collector->refused++;
    if (!watch->has_refused)
        log_say(watch->collector->env.log, LOG_LEVEL_WARN,
                "metric %s: more than %d topics; %.200s and further ones do not count", watch->metric,
                COMBINE_REPORTERS_MAX, topic);
    watch->has_refused = true;
}

static bool put_gauge(struct collector_watch *watch, const char *topic, struct decode_message *message,
                      int64_t at_ms, struct err *err)
{
    double value = 0;

    if (!decode_number(message, watch->decoder, watch->value, &value, err))
        return false;
    if (watch->combine == NULL)
        watch->sink.gauge(watch->sink.data, at_ms, value);
    else if (combine_put(watch->combine, topic, value, at_ms))
        (void)put_combined(watch, at_ms);
    else
        note_refused(watch, topic);
    return true;
}

static double rise_of(struct increase *increase, const char *topic, double reading)
{
    double rise = 0;

    /* Topics are met one by one, so a new one may be old: its first reading is a beginning, not a rise. */
    increase_begin(increase, false);
    return increase_take(increase, topic, reading, &rise) ? rise : 0;
}

static bool put_count(struct collector_watch *watch, const char *topic, struct decode_message *message,
                      int64_t at_ms, struct err *err)
{
    double events = 0;
    double total = 0;

    if (!decode_number(message, DECODER_JSON, watch->events, &events, err) ||
        !decode_number(message, DECODER_JSON, watch->total, &total, err))
        return false;
    events = rise_of(watch->event_rises, topic, events);
    total = rise_of(watch->total_rises, topic, total);
    watch->sink.count(watch->sink.data, at_ms, events, total);
    return true;
}

static void take(struct collector_watch *watch, const char *topic, struct decode_message *message)
{
    int64_t at_ms = now_ms(watch->collector);
    struct err err = {0};
    bool is_good = watch->kind == SERIES_GAUGE ? put_gauge(watch, topic, message, at_ms, &err)
                                               : put_count(watch, topic, message, at_ms, &err);

    if (!is_good)
        watch->sink.trouble(watch->sink.data, SERIES_ERROR, err.text);
}

/* What is retained was true once, nobody knows when. */
static void on_message(void *data, const char *topic, const char *payload, size_t length, bool is_retained)
{
    struct collector *collector = data;
    struct decode_message message;
    struct collector_watch *watch = NULL;

    if (is_retained)
        return;
    decode_init(&message, payload, length);
    for (watch = *chain_of(collector, topic); watch != NULL; watch = watch->next) {
        if (strcmp(watch->topic, topic) == 0)
            take(watch, topic, &message);
    }
    for (watch = collector->wild; watch != NULL; watch = watch->next) {
        if (mqtt_client_covers(watch->topic, topic))
            take(watch, topic, &message);
    }
    decode_done(&message);
}

/* Steps in which nobody speaks have a value as well, and who falls silent leaves. */
static void pass_second(struct collector_watch *watch)
{
    int64_t at_ms = now_ms(watch->collector);

    if (watch->combine != NULL && watch->combine->count > 0 && combine_is_complete(watch->combine, at_ms) &&
        !put_combined(watch, at_ms))
        watch->sink.trouble(watch->sink.data, SERIES_NO_DATA, "no topic says anything any more");
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
        watch->sink.trouble(watch->sink.data, SERIES_ERROR, watch->collector->why);
    watch->is_told = true;
}

static void check(void *data)
{
    struct collector *collector = data;

    if (collector->is_up)
        each_watch(collector, pass_second);
    else if (loop_now_ms() - collector->down_since_ms >= DOWN_TOLERATED_MS)
        each_watch(collector, tell_gone);
}

/* Whoever spoke meanwhile was not heard. */
static void begin_listening(struct collector_watch *watch)
{
    if (watch->combine != NULL)
        combine_begin(watch->combine, now_ms(watch->collector));
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
    struct collector_watch *watch =
        strpbrk(filter, "+#") != NULL ? collector->wild : *chain_of(collector, filter);

    for (; watch != NULL; watch = watch->next) {
        if (strcmp(watch->topic, filter) != 0)
            continue;
        begin_listening(watch);
        watch->sink.trouble(watch->sink.data, SERIES_ERROR, "the broker refuses this topic to us");
    }
}

/* ---- the interface ---- */

static bool connect_broker(struct collector *collector, const char *name, const struct option_value *options,
                           const struct secret *password, struct err *err)
{
    static const struct mqtt_client_callbacks callbacks = {
        .on_up = on_up, .on_down = on_down, .on_message = on_message, .on_refused = on_refused};
    const struct collector_env *env = &collector->env;
    bool has_will = env->status_source != NULL && strcmp(env->status_source, name) == 0;
    char *ca = access_copy_path(options[CA].text);
    char *certificate = access_copy_path(options[CERTIFICATE].text);
    char *key = access_copy_path(options[KEY].text);
    char client_id[CLIENT_ID_MAX];

    (void)snprintf(client_id, sizeof(client_id), "verdictd-%.60s-%.50s", env->instance, name);
    struct mqtt_client_settings settings = {
        .url = options[URL].text,
        .client_id = options[CLIENT_ID].text != NULL ? options[CLIENT_ID].text : client_id,
        .username = options[USERNAME].text,
        .password = password->bytes,
        .ca_file = ca,
        .certificate_file = certificate,
        .key_file = key,
        .will_topic = has_will ? env->will_topic : NULL,
        .will_payload = has_will ? env->will_payload : NULL,
        .will_is_retained = has_will,
        .keepalive_s = (int)(options[KEEPALIVE].duration_ms / 1000),
        .payload_max_bytes = DECODE_PAYLOAD_MAX};
    bool is_new = mqtt_client_new(env->loop, &settings, &callbacks, collector, &collector->client, err);
    free(ca);
    free(certificate);
    free(key);
    return is_new;
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    CLEANUP(secret_drop) struct secret password = {0};
    struct collector *collector = memory_take(sizeof(*collector));

    collector->env = *env;
    collector->down_since_ms = loop_now_ms();
    (void)snprintf(collector->why, sizeof(collector->why), "not connected yet");
    if ((options[PASSWORD].text != NULL && !secret_load(options[PASSWORD].text, &password, err)) ||
        !connect_broker(collector, name, options, &password, err)) {
        free(collector);
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
    free(collector);
}

static bool check_place(const struct option_value *option, struct err *err)
{
    return option->text == NULL || json_path_check(option->text, err);
}

static bool check_series(const struct collector_series *series, struct err *err)
{
    const struct option_value *options = series->options;
    bool is_number = options[DECODER].is_set && options[DECODER].choice == DECODER_NUMBER;

    if (series->kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "histograms do not come by MQTT");
    if (series->kind == SERIES_COUNT && (options[EVENTS].text == NULL || options[TOTAL].text == NULL))
        return err_set(err, ERR_INVALID, "a counter needs events and total");
    if (series->kind != SERIES_GAUGE && options[COMBINE].is_set)
        return err_set(err, ERR_INVALID, "combine is for gauges");
    if (is_number && (options[VALUE].text != NULL || series->kind == SERIES_COUNT))
        return err_set(err, ERR_INVALID, "the decoder number has no places; use json");
    return check_place(&options[VALUE], err) && check_place(&options[EVENTS], err) &&
           check_place(&options[TOTAL], err);
}

static enum decoder decoder_of(const struct option_value *options)
{
    if (options[DECODER].is_set)
        return (enum decoder)options[DECODER].choice;
    return options[VALUE].text != NULL ? DECODER_JSON : DECODER_NUMBER;
}

static struct combine *new_combine(const struct collector *collector, const struct collector_series *series)
{
    const struct option_value *how = &series->options[COMBINE];

    if (!how->is_set)
        return NULL;
    struct combine *combine = memory_take(sizeof(*combine));
    combine_init(combine, (enum combine_kind)how->choice, series->silence_max_ms, now_ms(collector));
    return combine;
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    const struct option_value *options = series->options;
    const char *topic = options[TOPIC].text;

    if (!check_series(series, err) || !mqtt_client_subscribe(collector->client, topic, QOS, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->collector = collector;
    watch->sink = series->sink;
    watch->kind = series->kind;
    watch->decoder = decoder_of(options);
    watch->metric = memory_copy_text(series->metric);
    watch->topic = memory_copy_text(topic);
    watch->value = memory_copy_text(options[VALUE].text != NULL ? options[VALUE].text : ".");
    watch->events = memory_copy_text(options[EVENTS].text);
    watch->total = memory_copy_text(options[TOTAL].text);
    watch->event_rises = series->kind == SERIES_COUNT ? increase_new() : NULL;
    watch->total_rises = series->kind == SERIES_COUNT ? increase_new() : NULL;
    watch->combine = new_combine(collector, series);
    watch->chain = strpbrk(topic, "+#") != NULL ? &collector->wild : chain_of(collector, topic);
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
    mqtt_client_unsubscribe(watch->collector->client, watch->topic);
    increase_free(watch->event_rises);
    increase_free(watch->total_rises);
    free(watch->combine);
    free(watch->metric);
    free(watch->topic);
    free(watch->value);
    free(watch->events);
    free(watch->total);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->is_up ? NULL : collector->why;
}

static void add_metrics(const struct collector *collector, const char *name, FILE *to)
{
    (void)fprintf(to, "verdict_mqtt_refused_reports_total{source=\"%s\"} %" PRIu64 "\n", name,
                  collector->refused);
}

struct mqtt_client *collector_mqtt_client(const struct collector *collector)
{
    return collector->client;
}

const struct collector_type mqtt_collector = {
    .name = "mqtt",
    .instance_options = instance_options,
    .instance_option_count = ARRAY_LENGTH(instance_options),
    .metric_options = metric_options,
    .metric_option_count = ARRAY_LENGTH(metric_options),
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
    .add_metrics = add_metrics,
};
