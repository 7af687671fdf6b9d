/* mqtt_series.h - what the messages of a topic mean for one metric: values out of payloads.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_MQTT_SERIES_H
#define COLLECTORS_MQTT_SERIES_H

#include "collectors/collector.h"
#include "collectors/decode.h"
#include "collectors/mqtt_options.h"

struct mqtt_series;

/* Of all series of a source, for /metrics. */
struct mqtt_series_counts {
    uint64_t refused;    /* values of reporters beyond COMBINE_REPORTERS_MAX */
    uint64_t unobserved; /* readings of counters behind a silence, which only begin */
    uint64_t retained;   /* messages that the broker had kept, and that do not count */
};

/* `log` and `counts` are the caller's. */
MUST_CHECK bool mqtt_series_new(const struct collector_series *series, const struct log *log,
                                struct mqtt_series_counts *counts, int64_t now_ms,
                                struct mqtt_series **ret_series, struct err *err);
void mqtt_series_free(struct mqtt_series *series);

/* What to subscribe, and what topics of messages are compared with (mqtt_client_filter()). */
const char *mqtt_series_topic(const struct mqtt_series *series);
const char *mqtt_series_filter(const struct mqtt_series *series);

/* A message of the topic: puts its value, or why there is none. `now_ms` is the engine's. */
void mqtt_series_take(struct mqtt_series *series, const char *topic, struct decode_message *message,
                      int64_t now_ms);

/* One that the broker had kept: a gauge that says when it was measured, and is not older than the metric
 * allows, counts as of then. All others do not, and are counted. */
void mqtt_series_take_retained(struct mqtt_series *series, const char *topic, struct decode_message *message,
                               int64_t now_ms);
bool mqtt_series_takes_retained(const struct mqtt_series *series);

/* Does a topic that the filter covers count (`only`)? False with an error: it cannot be said. */
bool mqtt_series_wants(const struct mqtt_series *series, const char *topic, struct err *err);

/* Listening begins, or begins anew: whoever spoke meanwhile was not heard. */
void mqtt_series_begin(struct mqtt_series *series, int64_t now_ms);

/* Steps in which nobody speaks have a value as well, and who falls silent leaves: once a second. */
void mqtt_series_pass(struct mqtt_series *series, int64_t now_ms);

/* There is no value, since nobody can be heard. */
void mqtt_series_trouble(struct mqtt_series *series, const char *why);

#endif
