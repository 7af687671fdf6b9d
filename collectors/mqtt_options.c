/* mqtt_options.c - what may be said of a metric that comes by MQTT.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt_options.h"

#include "collectors/combine.h"
#include "collectors/mqtt_levels.h"
#include "io/mqtt_client.h"

#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

static const char *const decoder_names[] = {
    [DECODER_NUMBER] = "number",           [DECODER_JSON] = "json",
    [DECODER_COLLECTD] = "collectd",       [DECODER_INFLUX] = "influx",
    [DECODER_OPENMETRICS] = "openmetrics", NULL};

const struct option mqtt_metric_options[MQTT_METRIC_OPTION_COUNT] = {
    [MQTT_TOPIC] = {.name = "topic",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help =
                        "Topic to listen to, + and # allowed, $share/GROUP/ in front too; templates allowed"},
    [MQTT_VALUE] = {.name = "value",
                    .type = OPTION_TEXT,
                    .help = "Place of a gauge in a payload: \".up\" in JSON, \"1\" of collectd's values, "
                            "\"disk.free{path='/'}\" of influx, \"up{job='x'}\" of openmetrics"},
    [MQTT_DECODER] = {.name = "decoder",
                      .type = OPTION_CHOICE,
                      .choices = decoder_names,
                      .help = "What payloads are; default: json where a place is given, else a number"},
    [MQTT_EVENTS] = {.name = "events",
                     .type = OPTION_TEXT,
                     .help = "Place of a raw counter in a payload: what is counted against the total"},
    [MQTT_TOTAL] = {.name = "total", .type = OPTION_TEXT, .help = "Place of the raw counter of everything"},
    [MQTT_COMBINE] = {.name = "combine",
                      .type = OPTION_CHOICE,
                      .choices = combine_names,
                      .help = "One value of what all topics said last; share: of those that are not 0"},
    [MQTT_RETAINED] = {.name = "retained",
                       .type = OPTION_DURATION,
                       .min = 0,
                       .max = DAY_MS,
                       .help = "How old a retained message may be, by the time that stands in it; default: "
                               "holds, or max_age; 0s: none counts"},
    [MQTT_ONLY] = {.name = "only",
                   .type = OPTION_TEXT,
                   .help = "Which topics of a filter count, by what its wildcards matched: "
                           "\"level1=~'hall-.',level2!='spare'\" of the first and second +, rest of #"},
};

enum decoder mqtt_options_decoder(const struct option_value *options)
{
    if (options[MQTT_DECODER].is_set)
        return (enum decoder)options[MQTT_DECODER].choice;
    bool has_place = options[MQTT_VALUE].text != NULL || options[MQTT_EVENTS].text != NULL ||
                     options[MQTT_TOTAL].text != NULL;
    return has_place ? DECODER_JSON : DECODER_NUMBER;
}

static bool check_places(enum decoder decoder, const struct option_value *options, const char **ret_option,
                         struct err *err)
{
    static const enum mqtt_metric_option places[] = {MQTT_VALUE, MQTT_EVENTS, MQTT_TOTAL};

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const char *text = options[places[i]].text;
        *ret_option = mqtt_metric_options[places[i]].name;
        if (text != NULL && strstr(text, "{{") == NULL && !decode_check_place(decoder, text, err))
            return false;
    }
    return true;
}

static bool check_only(const char *topic, const char *only, struct err *err)
{
    if (only == NULL)
        return true;
    if (topic != NULL && strpbrk(topic, "+#") == NULL)
        return err_set(err, ERR_INVALID, "only is for topics with + or #");
    return mqtt_levels_check(only, err);
}

/* Counters begin with what is said while somebody listens, and so do reporters that are told apart: before
 * all have spoken there is no value. */
static bool can_be_retained(enum series_kind kind, enum decoder decoder, const struct option_value *options)
{
    return kind == SERIES_GAUGE && decode_has_times(decoder) && !options[MQTT_COMBINE].is_set;
}

bool mqtt_options_check(enum series_kind kind, const struct option_value *options, const char **ret_option,
                        struct err *err)
{
    enum decoder decoder = mqtt_options_decoder(options);
    const char *topic = options[MQTT_TOPIC].text;

    *ret_option = mqtt_metric_options[MQTT_TOPIC].name;
    if (topic != NULL && strstr(topic, "{{") == NULL && mqtt_client_filter(topic) == NULL)
        return err_set(err, ERR_INVALID, "a shared subscription is $share/GROUP/TOPIC");
    *ret_option = mqtt_metric_options[MQTT_ONLY].name;
    if (!check_only(topic, options[MQTT_ONLY].text, err))
        return false;
    *ret_option = mqtt_metric_options[MQTT_RETAINED].name;
    if (options[MQTT_RETAINED].is_set && !can_be_retained(kind, decoder, options))
        return err_set(
            err, ERR_INVALID,
            "retained is for gauges without combine whose payload says its time: collectd, influx, "
            "openmetrics");
    *ret_option = mqtt_metric_options[MQTT_DECODER].name;
    if (decoder == DECODER_NUMBER && options[MQTT_DECODER].is_set &&
        (options[MQTT_VALUE].text != NULL || kind == SERIES_COUNT))
        return err_set(err, ERR_INVALID, "the decoder number has no places; use json");
    if (kind == SERIES_GAUGE && decode_has_many(decoder) && options[MQTT_VALUE].text == NULL)
        return err_set(err, ERR_INVALID, "value is missing: payloads of this decoder hold many");
    return check_places(decoder, options, ret_option, err);
}

bool mqtt_options_suit(enum series_kind kind, const struct option_value *options, struct err *err)
{
    if (kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "histograms do not come by MQTT");
    if (kind == SERIES_COUNT && (options[MQTT_EVENTS].text == NULL || options[MQTT_TOTAL].text == NULL))
        return err_set(err, ERR_INVALID, "a counter needs events and total");
    return kind == SERIES_GAUGE || !options[MQTT_COMBINE].is_set ||
           err_set(err, ERR_INVALID, "combine is for gauges");
}

const char *mqtt_options_value(const struct option_value *options)
{
    if (options[MQTT_VALUE].text != NULL)
        return options[MQTT_VALUE].text;
    return mqtt_options_decoder(options) == DECODER_COLLECTD ? "0" : ".";
}

int64_t mqtt_options_retained_max_ms(const struct collector_series *what)
{
    const struct option_value *limit = &what->options[MQTT_RETAINED];

    if (!can_be_retained(what->kind, mqtt_options_decoder(what->options), what->options))
        return 0;
    return limit->is_set ? limit->duration_ms : what->silence_max_ms;
}
