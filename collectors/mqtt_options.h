/* mqtt_options.h - what may be said of a metric that comes by MQTT, and what is meant where nothing is said.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_MQTT_OPTIONS_H
#define COLLECTORS_MQTT_OPTIONS_H

#include "collectors/collector.h"
#include "collectors/decode.h"

enum mqtt_metric_option {
    MQTT_TOPIC,
    MQTT_VALUE,
    MQTT_DECODER,
    MQTT_EVENTS,
    MQTT_TOTAL,
    MQTT_COMBINE,
    MQTT_RETAINED,
    MQTT_ONLY,
    MQTT_METRIC_OPTION_COUNT
};

extern const struct option mqtt_metric_options[MQTT_METRIC_OPTION_COUNT];

/* As collector_type.check_metric: what is beyond the table, and beyond what a kind needs. */
MUST_CHECK bool mqtt_options_check(enum series_kind kind, const struct option_value *options,
                                   const char **ret_option, struct err *err);

/* Does a metric of this kind have what it needs, and nothing that is of others? */
MUST_CHECK bool mqtt_options_suit(enum series_kind kind, const struct option_value *options, struct err *err);

enum decoder mqtt_options_decoder(const struct option_value *options);

/* The place of a gauge; where none is given, all of a JSON text, or the first of collectd's values. */
const char *mqtt_options_value(const struct option_value *options);

/* How old a message may be that the broker had kept; 0: none counts. */
int64_t mqtt_options_retained_max_ms(const struct collector_series *series);

#endif
