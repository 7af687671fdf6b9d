/* config_schemas.h - kinds of sources, traffic drivers and notifiers for tests that read rule files.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CONFIG_SCHEMAS_H
#define SUPPORT_CONFIG_SCHEMAS_H

#include "base/attributes.h"
#include "config/definition.h"

#include <string.h>

static const struct option prometheus_instance[] = {
    {.name = "url", .type = OPTION_TEXT, .is_required = true, .help = "where it answers"},
    {.name = "lag",
     .type = OPTION_DURATION,
     .min = 0,
     .max = 600000,
     .fallback = "5s",
     .help = "how late it is"},
    {.name = "timeout",
     .type = OPTION_DURATION,
     .min = 100,
     .max = 60000,
     .fallback = "5s",
     .help = "longest time of an answer"},
};

static const char *const combine_choices[] = {"max", "share", NULL};

static const struct option prometheus_use[] = {
    {.name = "query", .type = OPTION_TEXT, .help = "PromQL that answers one value"},
    {.name = "events", .type = OPTION_TEXT, .help = "PromQL of the counter of bad events"},
    {.name = "total", .type = OPTION_TEXT, .help = "PromQL of the counter of all events"},
    {.name = "buckets", .type = OPTION_TEXT, .help = "PromQL of the histogram's buckets"},
};

static const char *const decoder_choices[] = {"number", "json", NULL};

static const struct option mqtt_instance[] = {
    {.name = "url", .type = OPTION_TEXT, .is_required = true, .help = "the broker"},
    {.name = "username", .type = OPTION_TEXT, .help = "who we are"},
    {.name = "password", .type = OPTION_SECRET, .help = "and its proof"},
};

static const struct option mqtt_use[] = {
    {.name = "topic", .type = OPTION_TEXT, .is_required = true, .help = "where the values come"},
    {.name = "value", .type = OPTION_TEXT, .help = "path in the JSON"},
    {.name = "decoder",
     .type = OPTION_CHOICE,
     .choices = decoder_choices,
     .fallback = "json",
     .help = "how a value is written"},
    {.name = "labels", .type = OPTION_MAP, .max = 4, .help = "what a message must carry"},
    {.name = "combine", .type = OPTION_CHOICE, .choices = combine_choices, .help = "one value of all topics"},
};

static const char *const measure_choices[] = {"time", "up", NULL};
static const struct option haproxy_metric[] = {
    {.name = "backend", .type = OPTION_TEXT, .is_required = true, .help = "the backend"},
    {.name = "servers", .type = OPTION_LIST, .max = 8, .help = "its servers"},
    {.name = "slot", .type = OPTION_TEXT, .help = "a slot of the driver"},
    {.name = "measure",
     .type = OPTION_CHOICE,
     .choices = measure_choices,
     .fallback = "time",
     .help = "what of it"},
};

static const struct option_schema collector_schemas[] = {
    {.name = "prometheus",
     .instance = prometheus_instance,
     .instance_count = ARRAY_LENGTH(prometheus_instance),
     .use = prometheus_use,
     .use_count = ARRAY_LENGTH(prometheus_use)},
    {.name = "mqtt",
     .instance = mqtt_instance,
     .instance_count = ARRAY_LENGTH(mqtt_instance),
     .use = mqtt_use,
     .use_count = ARRAY_LENGTH(mqtt_use)},
    {.name = "push", .is_implicit = true},
    {.name = "haproxy", .use = haproxy_metric, .use_count = ARRAY_LENGTH(haproxy_metric)},
};

static const struct option haproxy_instance[] = {
    {.name = "sockets",
     .type = OPTION_LIST,
     .is_required = true,
     .min = 1,
     .max = 8,
     .help = "admin sockets"},
    {.name = "split", .type = OPTION_TEXT, .help = "what is changed"},
};

static const struct option haproxy_use[] = {
    {.name = "backend", .type = OPTION_TEXT, .is_required = true, .help = "the backend's name"},
    {.name = "sticky", .type = OPTION_TEXT, .help = "what keeps a user on one side"},
    {.name = "measured", .type = OPTION_BOOL, .fallback = "false", .help = "the share is measured"},
    {.name = "testers", .type = OPTION_BOOL, .fallback = "false", .help = "testers are told apart"},
};

static const struct option_schema driver_schemas[] = {
    {.name = "haproxy",
     .instance = haproxy_instance,
     .instance_count = ARRAY_LENGTH(haproxy_instance),
     .use = haproxy_use,
     .use_count = ARRAY_LENGTH(haproxy_use)},
    {.name = "nginx", .use = haproxy_use, .use_count = ARRAY_LENGTH(haproxy_use), .can_mirror = true},
    {.name = "systemd",
     .use = haproxy_use,
     .use_count = ARRAY_LENGTH(haproxy_use),
     .is_all_or_nothing = true},
};

static const char *const test_blanks[] = {"service", "version", "metric", NULL};

static const struct option slack_instance[] = {
    {.name = "url", .type = OPTION_SECRET, .is_required = true, .help = "the incoming webhook"},
    {.name = "text", .type = OPTION_TEXT, .blanks = test_blanks, .help = "its sentence"},
};

static const struct option pagerduty_instance[] = {
    {.name = "key", .type = OPTION_SECRET, .is_required = true, .help = "the integration's key"},
};

static const struct option_schema gate_schemas[] = {{.name = "web"}};

static const struct option_schema notifier_schemas[] = {
    {.name = "slack", .instance = slack_instance, .instance_count = ARRAY_LENGTH(slack_instance)},
    {.name = "pagerduty", .instance = pagerduty_instance, .instance_count = ARRAY_LENGTH(pagerduty_instance)},
    {.name = "otlp", .takes_traces = true},
};

/* The only two in the world of these tests. */
static bool test_knows_zone(const char *name)
{
    return strcmp(name, "Europe/Berlin") == 0 || strcmp(name, "UTC") == 0;
}

static const struct option_schemas test_schemas = {
    .knows_zone = test_knows_zone,
    .collectors = collector_schemas,
    .collector_count = ARRAY_LENGTH(collector_schemas),
    .drivers = driver_schemas,
    .driver_count = ARRAY_LENGTH(driver_schemas),
    .gates = gate_schemas,
    .gate_count = ARRAY_LENGTH(gate_schemas),
    .notifiers = notifier_schemas,
    .notifier_count = ARRAY_LENGTH(notifier_schemas),
};

#endif
