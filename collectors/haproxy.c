/* haproxy.c - one `show stat` per socket and interval serves all watches.
 * SPDX-License-Identifier: MIT */
#include "collectors/haproxy.h"

#include "collectors/haproxy_stat.h"
#include "collectors/increase.h"
#include "io/exchange.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOCKETS_MAX = 16,
    SERVERS_MAX = 64,
    IDLE_MS = 10000,
    EVERY_MIN_MS = 100,
    WHY_MAX = 384,
    NAME_SIZE = 320
};

static const struct option instance_options[HAPROXY_INSTANCE_OPTION_COUNT] = {
    [HAPROXY_SOCKETS] = {.name = "sockets",
                         .type = OPTION_LIST,
                         .is_required = true,
                         .min = 1,
                         .max = SOCKETS_MAX,
                         .help = "Paths of the runtime sockets, one of each HAProxy"},
    [HAPROXY_TIMEOUT] = {.name = "timeout",
                         .type = OPTION_DURATION,
                         .min = 10,
                         .max = 60000,
                         .fallback = "1s",
                         .help = "Longest time for one answer"},
    [HAPROXY_SPLIT] = {.name = "split",
                       .type = OPTION_TEXT,
                       .fallback = "weights",
                       .help =
                           "As of the traffic driver, for metrics with a slot: \"map:FILE\" or \"weights\""},
};

static const char *const measures[] = {"time", "up", NULL};

static const struct option metric_options[HAPROXY_METRIC_OPTION_COUNT] = {
    [HAPROXY_BACKEND] = {.name = "backend",
                         .type = OPTION_TEXT,
                         .is_required = true,
                         .help = "Name of the backend; templates allowed"},
    [HAPROXY_SERVERS] = {.name = "servers",
                         .type = OPTION_LIST,
                         .max = SERVERS_MAX,
                         .help = "Names of its servers; none: the backend as a whole"},
    [HAPROXY_SLOT] = {.name = "slot",
                      .type = OPTION_TEXT,
                      .help = "A slot of the traffic driver, instead of servers; templates allowed"},
    [HAPROXY_MEASURE] = {.name = "measure",
                         .type = OPTION_CHOICE,
                         .choices = measures,
                         .fallback = "time",
                         .help = "Of a gauge: the time of a request, or how many servers are up, in percent"},
};

/* One HAProxy process. */
struct target {
    struct collector *collector;
    char *path;
    struct exchange *exchange;
    struct haproxy_stat stat; /* of this round */
};

struct collector {
    struct collector_env env;
    int64_t timeout_ms;
    bool is_map; /* a slot is a backend of its own */
    struct target targets[SOCKETS_MAX];
    size_t target_count;
    size_t asked; /* targets that have not answered in this round */
    bool is_failed;
    int64_t at_ms; /* the round's moment */
    int64_t every_ms;
    struct loop_timer *timer;
    struct collector_watch *watches;
    char why[WHY_MAX];
};

struct collector_watch {
    struct collector *collector;
    struct collector_watch *next;
    struct collector_sink sink;
    enum series_kind kind;
    bool is_up; /* the servers that are up, and nothing of requests */
    int64_t every_ms;
    char *backend;
    char *servers[SERVERS_MAX];
    size_t server_count;
    struct increase *errors;
    struct increase *requests;
    int64_t read_at_ms; /* when it was served last; SERIES_NEVER: not yet */
};

/* What one watch finds in one round. */
struct sum {
    double errors;
    double requests;
    double time_ms; /* of all requests together */
    double servers;
    double up; /* of the servers */
};

/* A backend is its servers. */
static void add_up(const struct haproxy_stat *stat, const struct haproxy_row *row, struct sum *sum)
{
    bool is_whole = strcmp(row->server, "BACKEND") == 0;

    for (size_t i = 0; i < stat->count; i++) {
        const struct haproxy_row *server = &stat->rows[i];
        bool is_wanted = is_whole ? strcmp(server->server, "BACKEND") != 0 : server == row;
        if (!is_wanted || strcmp(server->backend, row->backend) != 0)
            continue;
        sum->servers += 1;
        sum->up += server->is_up ? 1 : 0;
    }
}

static void add_row(struct collector_watch *watch, size_t target, const struct haproxy_row *row,
                    struct sum *sum)
{
    char name[NAME_SIZE];
    double errors = 0;
    double requests = 0;

    (void)snprintf(name, sizeof(name), "%zu/%.250s", target, row->server);
    if (!increase_take(watch->errors, name, row->errors, &errors) ||
        !increase_take(watch->requests, name, row->requests, &requests))
        return; /* 16 sockets of 64 servers are fewer than a table holds */
    sum->errors += errors;
    sum->requests += requests;
    sum->time_ms += requests * row->time_ms;
}

static const struct haproxy_row *find_row(const struct haproxy_stat *stat, const char *backend,
                                          const char *server)
{
    for (size_t i = 0; i < stat->count; i++) {
        if (strcmp(stat->rows[i].server, server) == 0 && strcmp(stat->rows[i].backend, backend) == 0)
            return &stat->rows[i];
    }
    return NULL;
}

/* False: a name that a HAProxy does not know. */
static bool add_target(struct collector_watch *watch, size_t target, struct sum *sum,
                       const char **ret_missing)
{
    const struct haproxy_stat *stat = &watch->collector->targets[target].stat;

    for (size_t i = 0; i < watch->server_count; i++) {
        const struct haproxy_row *row = find_row(stat, watch->backend, watch->servers[i]);
        if (row == NULL) {
            *ret_missing = watch->servers[i];
            return false;
        }
        if (watch->is_up)
            add_up(stat, row, sum);
        else
            add_row(watch, target, row, sum);
    }
    return true;
}

static void put(const struct collector_watch *watch, const struct sum *sum)
{
    const struct collector_sink *sink = &watch->sink;
    int64_t at_ms = watch->collector->at_ms;

    if (watch->kind == SERIES_COUNT && !increase_is_observed(watch->read_at_ms, at_ms))
        return;
    /* What rose in an interval belongs to the step in which the interval lay. */
    if (watch->kind == SERIES_COUNT)
        sink->count(sink->data, at_ms - at_ms % watch->collector->every_ms - 1, sum->errors, sum->requests);
    else if (watch->is_up && sum->servers > 0)
        sink->gauge(sink->data, at_ms, 100 * sum->up / sum->servers);
    else if (sum->requests > 0)
        sink->gauge(sink->data, at_ms, sum->time_ms / sum->requests);
}

static void serve(struct collector_watch *watch)
{
    bool is_living = watch->read_at_ms != SERIES_NEVER;
    struct sum sum = {0};
    const char *missing = NULL;
    char why[WHY_MAX];

    increase_begin(watch->errors, is_living);
    increase_begin(watch->requests, is_living);
    for (size_t i = 0; i < watch->collector->target_count; i++) {
        if (!add_target(watch, i, &sum, &missing)) {
            (void)snprintf(why, sizeof(why), "HAProxy at %.150s has no %.60s in %.60s",
                           watch->collector->targets[i].path, missing, watch->backend);
            watch->sink.trouble(watch->sink.data, SERIES_NO_DATA, why);
            return;
        }
    }
    if (is_living)
        put(watch, &sum);
    watch->read_at_ms = watch->collector->at_ms;
}

static void end_round(struct collector *collector)
{
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next) {
        if (collector->is_failed)
            watch->sink.trouble(watch->sink.data, SERIES_ERROR, collector->why);
        else
            serve(watch);
    }
    for (size_t i = 0; i < collector->target_count; i++)
        haproxy_stat_done(&collector->targets[i].stat);
    if (!collector->is_failed)
        collector->why[0] = '\0';
}

static void note_failure(struct collector *collector, const struct target *target, const struct err *err)
{
    char why[WHY_MAX];

    (void)snprintf(why, sizeof(why), "HAProxy at %.120s: %.240s", target->path, err->text);
    if (strcmp(why, collector->why) != 0) /* once, not every interval */
        log_say(collector->env.log, LOG_LEVEL_WARN, "%s", why);
    memcpy(collector->why, why, sizeof(why));
    collector->is_failed = true;
}

static void answered(void *data, const struct exchange_answer *answer)
{
    struct target *target = data;
    struct collector *collector = target->collector;
    struct err err = answer->err;

    target->exchange = NULL;
    bool is_good =
        answer->is_complete && haproxy_stat_read(answer->bytes, answer->length, &target->stat, &err);
    source_tally_ask(collector->env.tally, is_good);
    if (!is_good)
        note_failure(collector, target, &err);
    if (--collector->asked == 0)
        end_round(collector);
}

/* Rounds begin at multiples of the interval, so that each step has one. */
static int64_t until_next_ms(const struct collector *collector)
{
    int64_t now_ms = collector->env.now_ms(collector->env.data);

    return collector->every_ms - now_ms % collector->every_ms;
}

static void begin_round(void *data)
{
    static const char question[] = "show stat\n";
    struct collector *collector = data;

    loop_timer_move(collector->timer, until_next_ms(collector));
    if (collector->asked > 0)
        return;
    collector->at_ms = collector->env.now_ms(collector->env.data);
    collector->is_failed = false;
    collector->asked = collector->target_count;
    for (size_t i = 0; i < collector->target_count; i++)
        collector->targets[i].exchange =
            exchange_start(collector->env.loop, collector->targets[i].path, question, sizeof(question) - 1,
                           HAPROXY_STAT_MAX, collector->timeout_ms, answered, &collector->targets[i]);
}

/* ---- the interface ---- */

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    const struct option_value *sockets = &options[HAPROXY_SOCKETS];

    if (sockets->list_length == 0 || sockets->list_length > SOCKETS_MAX)
        return err_set(err, ERR_INVALID, "haproxy %s: from 1 to %d sockets", name, SOCKETS_MAX);
    struct collector *collector = memory_take(sizeof(*collector));
    collector->env = *env;
    collector->timeout_ms = options[HAPROXY_TIMEOUT].duration_ms;
    collector->is_map = options[HAPROXY_SPLIT].is_set && strncmp(options[HAPROXY_SPLIT].text, "map:", 4) == 0;
    collector->every_ms = IDLE_MS;
    (void)snprintf(collector->why, sizeof(collector->why), "not asked yet");
    for (size_t i = 0; i < sockets->list_length; i++)
        collector->targets[i] =
            (struct target){.collector = collector, .path = memory_copy_text(sockets->list[i])};
    collector->target_count = sockets->list_length;
    collector->timer = loop_timer_start(env->loop, 1, 0, begin_round, collector);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->timer);
    for (size_t i = 0; i < collector->target_count; i++) {
        exchange_cancel(collector->targets[i].exchange);
        haproxy_stat_done(&collector->targets[i].stat);
        free(collector->targets[i].path);
    }
    free(collector);
}

/* The shortest interval that a watch wants is everybody's. */
static void set_interval(struct collector *collector)
{
    int64_t every_ms = IDLE_MS;

    for (const struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        every_ms = watch->every_ms < every_ms ? watch->every_ms : every_ms;
    if (every_ms == collector->every_ms)
        return;
    collector->every_ms = every_ms < EVERY_MIN_MS ? EVERY_MIN_MS : every_ms;
    loop_timer_move(collector->timer, until_next_ms(collector));
}

/* What is to be counted: a backend, some of its servers, or what a slot is. */
static void copy_names(struct collector_watch *watch, const struct option_value *options)
{
    const struct option_value *servers = &options[HAPROXY_SERVERS];
    const struct option_value *slot = &options[HAPROXY_SLOT];
    bool is_backend_of_slot = slot->is_set && watch->collector->is_map;
    char name[NAME_SIZE];

    (void)snprintf(name, sizeof(name), "%s%s%s", options[HAPROXY_BACKEND].text, is_backend_of_slot ? "_" : "",
                   is_backend_of_slot ? slot->text : "");
    watch->backend = memory_copy_text(name);
    for (size_t i = 0; i < servers->list_length && !is_backend_of_slot; i++)
        watch->servers[watch->server_count++] = memory_copy_text(servers->list[i]);
    if (watch->server_count == 0)
        watch->servers[watch->server_count++] = memory_copy_text("BACKEND");
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    const struct option_value *servers = &series->options[HAPROXY_SERVERS];
    bool needs_servers = series->options[HAPROXY_SLOT].is_set && !collector->is_map;

    if (series->kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "metric %s: HAProxy has no histograms", series->metric);
    if (servers->list_length > SERVERS_MAX)
        return err_set(err, ERR_LIMIT, "metric %s: at most %d servers", series->metric, SERVERS_MAX);
    if (needs_servers && servers->list_length == 0)
        return err_set(err, ERR_INVALID, "metric %s: slot %s has no servers to count", series->metric,
                       series->options[HAPROXY_SLOT].text);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->collector = collector;
    watch->sink = series->sink;
    watch->kind = series->kind;
    watch->is_up =
        series->kind == SERIES_GAUGE && measures[series->options[HAPROXY_MEASURE].choice] == measures[1];
    watch->every_ms = series->every_ms;
    watch->read_at_ms = SERIES_NEVER;
    watch->errors = increase_new();
    watch->requests = increase_new();
    copy_names(watch, series->options);
    watch->next = collector->watches;
    collector->watches = watch;
    set_interval(collector);
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;
    struct collector_watch **place = &collector->watches;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    set_interval(collector);
    for (size_t i = 0; i < watch->server_count; i++)
        free(watch->servers[i]);
    increase_free(watch->errors);
    increase_free(watch->requests);
    free(watch->backend);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->why[0] != '\0' ? collector->why : NULL;
}

const struct collector_type haproxy_collector = {
    .name = "haproxy",
    .instance_options = instance_options,
    .instance_option_count = ARRAY_LENGTH(instance_options),
    .metric_options = metric_options,
    .metric_option_count = ARRAY_LENGTH(metric_options),
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};
