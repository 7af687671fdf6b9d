/* schemas.c - the kinds of this build as option schemas.
 * SPDX-License-Identifier: MIT */
#include "cli/schemas.h"

#include "collectors/collector.h"
#include "drivers/gate.h"
#include "drivers/notifier.h"
#include "drivers/traffic.h"
#include "io/memory.h"
#include "io/zone.h"

enum { KINDS_MAX = 32 };

struct schemas {
    struct option_schemas all;
    struct option_schema collectors[KINDS_MAX], drivers[KINDS_MAX], notifiers[KINDS_MAX], gates[KINDS_MAX];
};

struct option_schemas *schemas_new(void)
{
    struct schemas *schemas = memory_take(sizeof(*schemas));

    for (size_t i = 0; collector_types[i] != NULL && i < KINDS_MAX; i++) {
        const struct collector_type *type = collector_types[i];
        schemas->collectors[schemas->all.collector_count++] =
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
        schemas->drivers[schemas->all.driver_count++] =
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
        schemas->notifiers[schemas->all.notifier_count++] =
            (struct option_schema){.name = type->name,
                                   .instance = type->options,
                                   .instance_count = type->option_count,
                                   .takes_traces = type->takes_traces};
    }
    for (size_t i = 0; gate_types[i] != NULL && i < KINDS_MAX; i++) {
        const struct gate_type *type = gate_types[i];
        schemas->gates[schemas->all.gate_count++] = (struct option_schema){
            .name = type->name, .instance = type->options, .instance_count = type->option_count};
    }
    schemas->all.collectors = schemas->collectors;
    schemas->all.drivers = schemas->drivers;
    schemas->all.notifiers = schemas->notifiers;
    schemas->all.gates = schemas->gates;
    schemas->all.knows_zone = zone_is_known;
    return &schemas->all;
}
