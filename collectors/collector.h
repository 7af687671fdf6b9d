/* collector.h - where values come from: one file per source behind this interface, one static table of types.
 * SPDX-License-Identifier: MIT
 *
 * A collector is an instance of a source ("prometheus:main"). It is given watches: one per series, with the
 * metric's options already filled in for that side; it puts values into the watch's sink, on the loop, at
 * times of the engine's clock, and says why it has none. Counters are read raw and their increases taken
 * here. Nothing here blocks. */
#ifndef COLLECTORS_COLLECTOR_H
#define COLLECTORS_COLLECTOR_H

#include "base/err.h"
#include "base/option.h"
#include "collectors/source_tally.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct loop;
struct log;
struct http_client;
struct runner_client;
struct secret_keeper;
struct collector;       /* each type's own */
struct collector_watch; /* each type's own */

/* What the daemon lends to all. */
struct collector_env {
    struct loop *loop;
    const struct log *log;
    struct http_client *http;
    struct runner_client *runner;        /* NULL where no command can be started */
    const struct secret_keeper *secrets; /* of vault: references; NULL: there is none */
    const char *instance;                /* the daemon's name, for client ids */
    /* The MQTT source that also carries our state, and what its broker says of us when we are gone; or NULL
     */
    const char *status_source, *will_topic, *will_payload;
    struct source_tally *tally; /* of this source, as source_tally.h has it; NULL: nobody counts */
    void *data;
    int64_t (*now_ms)(void *data); /* the engine's clock */
};

/* Where values go, and what becomes of each (who asks may leave that); every function may be called any time
 * between watch and unwatch, on the loop, but not inside watch. It must not watch or unwatch. */
struct collector_sink {
    void *data;
    enum series_answer (*gauge)(void *data, int64_t at_ms, double value);
    /* A gauge that was said before anybody listened, and may still hold; NULL: as gauge. */
    enum series_answer (*kept)(void *data, int64_t at_ms, double value);
    enum series_answer (*count)(void *data, int64_t at_ms, double events, double total);
    enum series_answer (*histogram)(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                    size_t bucket_count);
    void (*trouble)(void *data, enum series_trouble trouble, const char *why);
};

struct collector_series {
    const char *metric;
    /* Whose it is ("slot.blue", "version.2.4.1", "service"): push needs it; else may be NULL */
    const char *service, *environment, *key;
    enum series_kind kind;
    int64_t every_ms;       /* how often to ask */
    int64_t silence_max_ms; /* who was silent for longer is gone (combine), or begins anew (mqtt) */
    const struct option_value *options; /* [schema's use_count], templates filled in; copied by watch() */
    struct collector_sink sink;
};

struct collector_type {
    const char *name;
    const struct option *instance_options;
    size_t instance_option_count;
    const struct option *metric_options;
    size_t metric_option_count;
    bool is_implicit; /* needs no instance in verdictd.conf */
    bool is_posted;   /* values come when somebody has some: nobody is asked */
    bool is_cheap;    /* may be asked each second, however seldom a metric wants it */
    /* Is it a metric as this kind can have it, beyond the table? Texts may still hold {{names}}, options may
     * be unset: these count as right. `ret_option` is the option that is wrong. NULL: all are. */
    MUST_CHECK bool (*check_metric)(enum series_kind kind, int64_t every_ms,
                                    const struct option_value *options, const char **ret_option,
                                    struct err *err);
    MUST_CHECK bool (*open)(const struct collector_env *env, const char *name,
                            const struct option_value *options, struct collector **ret_collector,
                            struct err *err);
    void (*close)(struct collector *collector); /* after the last unwatch */
    MUST_CHECK bool (*watch)(struct collector *collector, const struct collector_series *series,
                             struct collector_watch **ret_watch, struct err *err);
    void (*unwatch)(struct collector_watch *watch);
    /* Is the source there? `why` is NULL when it is. For /readyz. */
    const char *(*trouble)(const struct collector *collector);
    /* Lines for /metrics, of the instance `name`; NULL: none. */
    void (*add_metrics)(const struct collector *collector, const char *name, FILE *to);
};

/* All types, in types.c; ends with NULL. */
extern const struct collector_type *const collector_types[];

#endif
