/* schemas.c - the kinds of sources, levers and receivers of this build, as the reader of rule files must know
 * them.
 * SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"
#include "io/json.h"
#include "io/zone.h"

enum { KINDS_MAX = 32 };

static struct option_schema collectors[KINDS_MAX], drivers[KINDS_MAX], notifiers[KINDS_MAX];
static struct option_schema gates[KINDS_MAX];
static struct option_schemas schemas;

static bool knows_path(const char *path)
{
    return json_path_check(path, NULL);
}

static void fill(void)
{
    for (size_t i = 0; collector_types[i] != NULL && i < KINDS_MAX; i++) {
        const struct collector_type *type = collector_types[i];
        collectors[schemas.collector_count++] =
            (struct option_schema){.name = type->name,
                                   .instance = type->instance_options,
                                   .instance_count = type->instance_option_count,
                                   .use = type->metric_options,
                                   .use_count = type->metric_option_count,
                                   .check = type->check_metric,
                                   .is_implicit = type->is_implicit};
    }
    for (size_t i = 0; traffic_types[i] != NULL && i < KINDS_MAX; i++) {
        const struct traffic_type *type = traffic_types[i];
        drivers[schemas.driver_count++] =
            (struct option_schema){.name = type->name,
                                   .instance = type->instance_options,
                                   .instance_count = type->instance_option_count,
                                   .use = type->use_options,
                                   .use_count = type->use_option_count,
                                   .can_mirror = type->mirror != NULL,
                                   .is_all_or_nothing = type->is_all_or_nothing};
    }
    for (size_t i = 0; notifier_types[i] != NULL && i < KINDS_MAX; i++) {
        const struct notifier_type *type = notifier_types[i];
        notifiers[schemas.notifier_count++] = (struct option_schema){.name = type->name,
                                                                     .instance = type->options,
                                                                     .instance_count = type->option_count,
                                                                     .takes_traces = type->takes_traces};
    }
    for (size_t i = 0; gate_types[i] != NULL && i < KINDS_MAX; i++) {
        const struct gate_type *type = gate_types[i];
        gates[schemas.gate_count++] = (struct option_schema){
            .name = type->name, .instance = type->options, .instance_count = type->option_count};
    }
    schemas.collectors = collectors;
    schemas.drivers = drivers;
    schemas.notifiers = notifiers;
    schemas.gates = gates;
    schemas.knows_zone = zone_is_known;
    schemas.knows_path = knows_path;
}

const struct option_schemas *daemon_schemas(void)
{
    if (schemas.collectors == NULL)
        fill();
    return &schemas;
}
