/* schemas.h - what the reader of rule files must know of the kinds of sources, levers and receivers.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_SCHEMAS_H
#define CONFIG_SCHEMAS_H

#include "base/option.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stddef.h>

/* A kind of collector, traffic driver, notifier or gate, as the reader must know it. */
struct option_schema {
    const char *name;              /* "prometheus", "mqtt", "haproxy" */
    const struct option *instance; /* options of an instance in verdictd.conf */
    size_t instance_count;
    const struct option *use; /* collectors: of a metric; traffic drivers: of an environment */
    size_t use_count;
    /* Collectors: is it a metric as they can have it? NULL: whatever the table takes. What still has
     * {{names}} in it, or is not set, counts as right. `ret_option`: the option that is wrong. */
    bool (*check)(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                  const char **ret_option, struct err *err);
    bool is_implicit;       /* metrics need no instance in verdictd.conf (push, otlp) */
    bool can_mirror;        /* traffic drivers: copies requests to the candidate */
    bool is_all_or_nothing; /* traffic drivers: no share but 0 and 100 % */
    bool takes_traces;      /* notifiers: of all that ends, and nothing that `notify` could name */
};

/* The kinds that this build knows, passed in by the daemon and the CLI. */
struct option_schemas {
    const struct option_schema *collectors;
    size_t collector_count;
    const struct option_schema *drivers;
    size_t driver_count;
    const struct option_schema *notifiers;
    size_t notifier_count;
    const struct option_schema *gates;
    size_t gate_count;
    bool (*knows_zone)(const char *name); /* of time zones; NULL: all are taken */
    bool (*knows_path)(const char *path); /* into JSON; the same */
};

#endif
