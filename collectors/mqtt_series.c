/* mqtt_series.c - what payloads put into the series of a metric.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt_series.h"

#include "collectors/ambiguous.h"
#include "collectors/combine_tell.h"
#include "collectors/increase.h"
#include "collectors/mqtt_levels.h"
#include "io/log.h"
#include "io/memory.h"
#include "io/mqtt_client.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 4096, MS_PER_S = 1000 };

/* Where a number is in a payload, and what it rose by. */
struct place {
    char *text;
    struct selector *selector; /* of decoders that have many values */
    struct increase *rises;    /* of counters */
};

struct mqtt_series {
    struct collector_sink sink;
    const struct log *log;
    struct mqtt_series_counts *counts;
    enum series_kind kind;
    enum decoder decoder;
    char *metric;
    char *topic;
    const char *filter;    /* in it */
    struct selector *only; /* which topics count; NULL: all */
    struct place value, events, total;
    struct increase *heard;  /* topics, of counters: since when each is heard without a gap */
    int64_t gap_max_ms;      /* what rose over a longer silence of a topic was not observed */
    struct combine *combine; /* what each reporter said last; NULL: they are not told apart */
    int64_t retained_max_ms; /* so old a retained message may be; 0: none counts */
    int64_t put_at_ms;       /* of the gauge that was put last, or SERIES_NEVER */
    bool has_refused;        /* reporters, and said so */
    bool has_silence;        /* a topic was silent for too long, and we said so */
};

/* ---- values ---- */

static void note_refused(struct mqtt_series *series, const char *reporter)
{
    series->counts->refused++;
    if (!series->has_refused)
        log_say(series->log, LOG_LEVEL_WARN,
                "metric %s: more than %d topics; %.200s and further ones do not count", series->metric,
                COMBINE_REPORTERS_MAX, reporter);
    series->has_refused = true;
}

/* The readings at a place; at least one, and none that is not finite. Ends with prometheus_vector_done. */
static bool read_place(const struct mqtt_series *series, const struct place *place,
                       struct decode_message *message, struct prometheus_vector *ret_vector, struct err *err)
{
    struct prometheus_vector vector = {0};
    double number = 0;

    if (place->selector != NULL) {
        if (!decode_selected(message, series->decoder, place->selector, &vector, err))
            return false;
    } else {
        if (!decode_number(message, series->decoder, place->text, &number, err))
            return false;
        vector.samples = memory_take(sizeof(*vector.samples));
        vector.samples[vector.count++] = (struct prometheus_sample){.labels = "", .value = number};
    }
    for (size_t i = 0; i < vector.count; i++)
        if (!isfinite(vector.samples[i].value)) {
            prometheus_vector_done(&vector);
            return err_set(err, ERR_INVALID, "%.200s in the payload is no finite number", place->text);
        }
    *ret_vector = vector;
    return true;
}

/* Who says it: the topic, and of many values in a payload which of them. */
static const char *reporter_of(const char *topic, const struct prometheus_sample *sample,
                               char name[NAME_SIZE])
{
    if (sample->labels[0] == '\0')
        return topic;
    (void)snprintf(name, NAME_SIZE, "%s\x1f%s", topic, sample->labels);
    return name;
}

static void put_gauges(struct mqtt_series *series, const char *topic, const struct prometheus_vector *vector,
                       int64_t now_ms)
{
    char name[NAME_SIZE];

    if (series->combine == NULL) {
        series->put_at_ms = now_ms;
        series->sink.gauge(series->sink.data, now_ms, vector->samples[0].value);
        return;
    }
    bool is_taken = false;
    for (size_t i = 0; i < vector->count; i++) {
        const char *reporter = reporter_of(topic, &vector->samples[i], name);
        if (combine_put(series->combine, reporter, vector->samples[i].value, now_ms))
            is_taken = true;
        else
            note_refused(series, reporter);
    }
    if (is_taken)
        (void)combine_tell(series->combine, now_ms, &series->sink);
}

static bool take_gauge(struct mqtt_series *series, const char *topic, struct decode_message *message,
                       int64_t now_ms, struct err *err)
{
    struct prometheus_vector vector = {0};
    char why[AMBIGUOUS_WHY_SIZE];

    if (!read_place(series, &series->value, message, &vector, err))
        return false;
    bool is_there = vector.count > 0;
    if (vector.count > 1 && series->combine == NULL) {
        ambiguous_format(why, "the payload", vector.samples, vector.count, vector.count);
        series->sink.trouble(series->sink.data, SERIES_AMBIGUOUS, why);
    } else if (is_there)
        put_gauges(series, topic, &vector, now_ms);
    prometheus_vector_done(&vector);
    return is_there || err_set(err, ERR_NOT_FOUND, "the payload has no %.200s", series->value.text);
}

static void note_silence(struct mqtt_series *series, const char *topic, int64_t silence_ms)
{
    series->counts->unobserved++;
    if (!series->has_silence)
        log_say(
            series->log, LOG_LEVEL_WARN,
            "metric %s: %.200s was silent for %lld s: what it rose by is not counted, here and where others "
            "are silent for more than %lld s",
            series->metric, topic, (long long)silence_ms / MS_PER_S,
            (long long)series->gap_max_ms / MS_PER_S);
    series->has_silence = true;
}

/* How a topic's readings count. */
struct hearing {
    bool is_known; /* it was heard before, so what is new in it was born since */
    int64_t now_ms, since_ms;
};

/* Topics are met one by one, so a new one may be old: its first readings are beginnings, not rises, and so
 * are those behind a gap. */
static struct hearing hear(struct mqtt_series *series, const char *topic, int64_t now_ms)
{
    struct hearing hearing = {.now_ms = now_ms, .since_ms = now_ms};
    double since_ms = 0;
    double rise = 0;
    int64_t at_ms = 0;

    if (increase_last(series->heard, topic, &since_ms, &at_ms)) {
        hearing.is_known = now_ms - at_ms <= series->gap_max_ms;
        hearing.since_ms = hearing.is_known ? (int64_t)since_ms : now_ms;
        if (!hearing.is_known)
            note_silence(series, topic, now_ms - at_ms);
    }
    increase_begin_since(series->heard, false, now_ms, 0);
    (void)!increase_take(series->heard, topic, (double)hearing.since_ms,
                         &rise); /* one a poll: there is room */
    return hearing;
}

static bool sum_rises(struct place *place, const char *topic, const struct hearing *hearing,
                      const struct prometheus_vector *vector, double *ret_sum)
{
    char name[NAME_SIZE];
    double sum = 0;

    increase_begin_since(place->rises, hearing->is_known, hearing->now_ms, hearing->since_ms);
    for (size_t i = 0; i < vector->count; i++) {
        double rise = 0;
        if (!increase_take(place->rises, reporter_of(topic, &vector->samples[i], name),
                           vector->samples[i].value, &rise))
            return false;
        sum += rise;
    }
    *ret_sum = sum;
    return true;
}

static bool put_rises(struct mqtt_series *series, const char *topic, const struct prometheus_vector *events,
                      const struct prometheus_vector *total, int64_t now_ms, struct err *err)
{
    double event_sum = 0;
    double total_sum = 0;

    if (total->count == 0)
        return err_set(err, ERR_NOT_FOUND, "the payload has no %.200s", series->total.text);
    struct hearing hearing = hear(series, topic, now_ms);
    hearing.is_known = hearing.is_known && decode_has_many(series->decoder);
    if (!sum_rises(&series->events, topic, &hearing, events, &event_sum) ||
        !sum_rises(&series->total, topic, &hearing, total, &total_sum))
        return err_set(err, ERR_LIMIT, "the payload has too many values");
    series->sink.count(series->sink.data, now_ms, event_sum, total_sum);
    return true;
}

static bool take_count(struct mqtt_series *series, const char *topic, struct decode_message *message,
                       int64_t now_ms, struct err *err)
{
    struct prometheus_vector events = {0};
    struct prometheus_vector total = {0};

    if (!read_place(series, &series->events, message, &events, err))
        return false;
    bool is_good = read_place(series, &series->total, message, &total, err) &&
                   put_rises(series, topic, &events, &total, now_ms, err);
    prometheus_vector_done(&events);
    prometheus_vector_done(&total);
    return is_good;
}

bool mqtt_series_wants(const struct mqtt_series *series, const char *topic, struct err *err)
{
    bool fits = false;

    return series->only == NULL || (mqtt_levels_fit(series->only, series->filter, topic, &fits, err) && fits);
}

void mqtt_series_take(struct mqtt_series *series, const char *topic, struct decode_message *message,
                      int64_t now_ms)
{
    struct err err = {0};

    message->age_max_ms = LABELLED_AGE_MAX_MS;
    bool is_good = mqtt_series_wants(series, topic, &err);
    if (!is_good && err.code == ERR_NONE)
        return;
    if (is_good)
        is_good = series->kind == SERIES_GAUGE ? take_gauge(series, topic, message, now_ms, &err)
                                               : take_count(series, topic, message, now_ms, &err);
    if (!is_good)
        series->sink.trouble(series->sink.data, SERIES_ERROR, err.text);
}

bool mqtt_series_takes_retained(const struct mqtt_series *series)
{
    return series->retained_max_ms > 0;
}

/* Where what was read just now goes. False: it does not say when it was measured, or we know better. */
static bool place_in_time(const struct mqtt_series *series, const struct decode_message *message,
                          int64_t now_ms, int64_t *ret_at_ms)
{
    int64_t age_ms = message->has_time ? message->now_ms - message->time_ms : INT64_MAX;

    if (age_ms > series->retained_max_ms)
        return false;
    *ret_at_ms = age_ms > 0 ? now_ms - age_ms : now_ms;
    return *ret_at_ms > series->put_at_ms;
}

static void put_kept(struct mqtt_series *series, double value, int64_t at_ms)
{
    const struct collector_sink *sink = &series->sink;

    series->put_at_ms = at_ms;
    (sink->kept != NULL ? sink->kept : sink->gauge)(sink->data, at_ms, value);
}

static bool take_retained(struct mqtt_series *series, const char *topic, struct decode_message *message,
                          int64_t now_ms)
{
    struct prometheus_vector vector = {0};
    int64_t at_ms = 0;

    message->age_max_ms = series->retained_max_ms;
    if (!mqtt_series_takes_retained(series) || !mqtt_series_wants(series, topic, NULL) ||
        !read_place(series, &series->value, message, &vector, NULL))
        return false;
    bool is_taken = vector.count == 1 && place_in_time(series, message, now_ms, &at_ms);
    if (is_taken)
        put_kept(series, vector.samples[0].value, at_ms);
    prometheus_vector_done(&vector);
    return is_taken;
}

void mqtt_series_take_retained(struct mqtt_series *series, const char *topic, struct decode_message *message,
                               int64_t now_ms)
{
    series->counts->retained += take_retained(series, topic, message, now_ms) ? 0 : 1;
}

void mqtt_series_pass(struct mqtt_series *series, int64_t now_ms)
{
    if (series->combine != NULL && series->combine->count > 0 &&
        combine_is_complete(series->combine, now_ms) && !combine_tell(series->combine, now_ms, &series->sink))
        series->sink.trouble(series->sink.data, SERIES_NO_DATA, "no topic says anything any more");
}

void mqtt_series_begin(struct mqtt_series *series, int64_t now_ms)
{
    if (series->combine != NULL)
        combine_begin(series->combine, now_ms);
    increase_free(series->heard);
    series->heard = increase_new();
}

void mqtt_series_trouble(struct mqtt_series *series, const char *why)
{
    series->sink.trouble(series->sink.data, SERIES_ERROR, why);
}

const char *mqtt_series_topic(const struct mqtt_series *series)
{
    return series->topic;
}

const char *mqtt_series_filter(const struct mqtt_series *series)
{
    return series->filter;
}

/* ---- its life ---- */

static bool set_place(const struct mqtt_series *series, const char *text, struct place *place,
                      struct err *err)
{
    place->text = memory_copy_text(text);
    place->rises = series->kind == SERIES_COUNT ? increase_new() : NULL;
    return text == NULL || !decode_has_many(series->decoder) || selector_new(text, &place->selector, err);
}

static int64_t gap_max_of(const struct collector_series *what)
{
    bool is_shorter = what->silence_max_ms > 0 && what->silence_max_ms < INCREASE_GAP_MAX_MS;

    return is_shorter ? what->silence_max_ms : INCREASE_GAP_MAX_MS;
}

static struct combine *new_combine(const struct collector_series *series, int64_t now_ms)
{
    const struct option_value *how = &series->options[MQTT_COMBINE];

    if (!how->is_set)
        return NULL;
    struct combine *combine = memory_take(sizeof(*combine));
    combine_init(combine, (enum combine_kind)how->choice, series->silence_max_ms, now_ms);
    return combine;
}

bool mqtt_series_new(const struct collector_series *what, const struct log *log,
                     struct mqtt_series_counts *counts, int64_t now_ms, struct mqtt_series **ret_series,
                     struct err *err)
{
    const struct option_value *options = what->options;
    const char *option = "";

    if (!mqtt_options_suit(what->kind, options, err) ||
        !mqtt_options_check(what->kind, options, &option, err))
        return false;
    struct mqtt_series *series = memory_take(sizeof(*series));
    series->sink = what->sink;
    series->log = log;
    series->counts = counts;
    series->kind = what->kind;
    series->decoder = mqtt_options_decoder(options);
    series->metric = memory_copy_text(what->metric);
    series->topic = memory_copy_text(options[MQTT_TOPIC].text);
    series->filter = mqtt_client_filter(series->topic);
    series->combine = new_combine(what, now_ms);
    series->heard = increase_new();
    series->gap_max_ms = gap_max_of(what);
    series->retained_max_ms = mqtt_options_retained_max_ms(what);
    series->put_at_ms = SERIES_NEVER;
    bool is_gauge = what->kind == SERIES_GAUGE;
    const char *only = options[MQTT_ONLY].text;
    if ((only != NULL && !mqtt_levels_new(only, &series->only, err)) ||
        (is_gauge && !set_place(series, mqtt_options_value(options), &series->value, err)) ||
        (!is_gauge && (!set_place(series, options[MQTT_EVENTS].text, &series->events, err) ||
                       !set_place(series, options[MQTT_TOTAL].text, &series->total, err)))) {
        mqtt_series_free(series);
        return false;
    }
    *ret_series = series;
    return true;
}

static void place_done(struct place *place)
{
    free(place->text);
    selector_free(place->selector);
    increase_free(place->rises);
}

void mqtt_series_free(struct mqtt_series *series)
{
    place_done(&series->value);
    place_done(&series->events);
    place_done(&series->total);
    selector_free(series->only);
    increase_free(series->heard);
    free(series->combine);
    free(series->metric);
    free(series->topic);
    free(series);
}
