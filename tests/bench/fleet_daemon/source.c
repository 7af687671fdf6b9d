/* source.c - a source for the fleet bench: in the daemon's own process, a count a second for every series.
 * SPDX-License-Identifier: MIT
 *
 * Linked into the real daemon in place of collectors/types.c. The file that FLEET_CONTROL names holds
 * "SERVICE KEY": that series fails half of its requests from then on. */
#include "collectors/haproxy.h"
#include "collectors/mqtt.h"
#include "collectors/prometheus.h"
#include "collectors/push.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 20, PART_MS = 1000 / PARTS, NAME_MAX_SIZE = 160, REQUESTS = 100 };

struct collector_watch {
    struct collector_watch *next, **place;
    struct collector_sink sink;
    char name[NAME_MAX_SIZE];
    uint32_t seed;
};

struct collector {
    struct collector_env env;
    struct loop_timer *timer;
    unsigned part, next_part;
    char bad[NAME_MAX_SIZE];
    struct collector_watch *watches[PARTS];
};

static void read_control(struct collector *collector)
{
    const char *path = getenv("FLEET_CONTROL");
    FILE *file = path == NULL ? NULL : fopen(path, "re");

    if (file == NULL)
        return;
    if (fgets(collector->bad, sizeof(collector->bad), file) != NULL)
        collector->bad[strcspn(collector->bad, "\n")] = '\0';
    (void)fclose(file);
}

/* About one request of two hundred fails. */
static double failures(struct collector_watch *watch, const struct collector *collector)
{
    watch->seed = watch->seed * 1664525u + 1013904223u;
    if (strcmp(watch->name, collector->bad) == 0)
        return REQUESTS / 2.0;
    return watch->seed >> 31 == 0 ? 0 : 1;
}

static void tick(void *data)
{
    struct collector *collector = data;
    int64_t now_ms = collector->env.now_ms(collector->env.data);

    read_control(collector);
    for (struct collector_watch *watch = collector->watches[collector->part]; watch != NULL;
         watch = watch->next)
        watch->sink.count(watch->sink.data, now_ms, failures(watch, collector), REQUESTS);
    collector->part = (collector->part + 1) % PARTS;
}

static bool open_source(const struct collector_env *env, const char *name, const struct option_value *options,
                        struct collector **ret_collector, struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    (void)name;
    (void)options;
    (void)err;
    collector->env = *env;
    collector->timer = loop_timer_start(env->loop, PART_MS, PART_MS, tick, collector);
    *ret_collector = collector;
    return true;
}

static void close_source(struct collector *collector)
{
    loop_timer_stop(collector->timer);
    free(collector);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    struct collector_watch *watch = memory_take(sizeof(*watch));

    (void)err;
    (void)snprintf(watch->name, sizeof(watch->name), "%s %s", series->service, series->key);
    watch->sink = series->sink;
    watch->place = &collector->watches[collector->next_part];
    watch->next = *watch->place;
    *watch->place = watch;
    watch->seed = collector->next_part;
    collector->next_part = (collector->next_part + 1) % PARTS;
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector_watch **at = watch->place;

    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    (void)collector;
    return NULL;
}

static const struct option metric_options[] = {
    {.name = "key", .type = OPTION_TEXT, .is_required = true, .help = "whose it is: {{version}} or {{slot}}"},
};

static const struct collector_type fleet_collector = {
    .name = "fleet",
    .metric_options = metric_options,
    .metric_option_count = 1,
    .is_implicit = true,
    .open = open_source,
    .close = close_source,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};

const struct collector_type *const collector_types[] = {
    &prometheus_collector, &mqtt_collector, &haproxy_collector, &push_collector, &fleet_collector, NULL,
};
