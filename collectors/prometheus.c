/* prometheus.c - asks a Prometheus-compatible server: gauges by one query, counters and histograms raw.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus.h"

#include "base/text.h"
#include "collectors/access.h"
#include "collectors/combine.h"
#include "collectors/pace.h"
#include "collectors/prometheus_query.h"
#include "collectors/source_clock.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IN_FLIGHT_MAX = 4,        /* of one source: its own limit is 20, shared with dashboards and rules */
    HEARTBEAT_MS = 10 * 1000, /* a source that nobody watches is asked so often whether it is there */
    WHY_MAX = 384
};

static const struct option instance_options[] = {
    [PROMETHEUS_URL] = {.name = "url",
                        .type = OPTION_TEXT,
                        .is_required = true,
                        .help = "Address of the server, with its path prefix if it has one"},
    [PROMETHEUS_LAG] = {.name = "lag",
                        .type = OPTION_DURATION,
                        .min = 0,
                        .max = 600000,
                        .fallback = "5s",
                        .help =
                            "How far behind the present to ask: until then a sample has arrived everywhere"},
    [PROMETHEUS_TIMEOUT] = {.name = "timeout",
                            .type = OPTION_DURATION,
                            .min = 100,
                            .max = 120000,
                            .fallback = "5s",
                            .help = "Longest time for one answer"},
    ACCESS_OPTIONS(PROMETHEUS_ACCESS),
};

static const struct option metric_options[] = {
    [QUERY_VALUE] = {.name = "query",
                     .type = OPTION_TEXT,
                     .help = "PromQL of a gauge: one value; templates allowed"},
    [QUERY_EVENTS] =
        {.name = "events",
         .type = OPTION_TEXT,
         .help = "PromQL of the raw counter of what is counted against the total; templates allowed"},
    [QUERY_TOTAL] = {.name = "total",
                     .type = OPTION_TEXT,
                     .help = "PromQL of the raw counter of everything; templates allowed"},
    [QUERY_BUCKETS] = {.name = "buckets",
                       .type = OPTION_TEXT,
                       .help = "PromQL of the raw cumulative buckets, by le; templates allowed"},
    [QUERY_COMBINE] = {.name = "combine",
                       .type = OPTION_CHOICE,
                       .choices = combine_names,
                       .help = "One value of all series of the query; share: of those that are not 0"},
};

struct collector {
    struct collector_env env;
    char *url; /* of the query API */
    int64_t lag_ms;
    int64_t timeout_ms;
    struct access access;
    size_t in_flight;
    uint64_t watches_made;
    struct collector_watch *waiting; /* due, in the order in which they became so */
    struct collector_watch **waiting_end;
    struct loop_timer *heartbeat;
    struct http_call *heartbeat_call;
    bool was_heard;
    struct source_clock clock;
    struct source_clocks clocks;
    char why[WHY_MAX]; /* "": the source is there */
};

struct collector_watch {
    struct collector *collector;
    struct prometheus_query *query;
    struct collector_sink sink;
    int64_t every_ms;
    int64_t phase_ms;
    int64_t at_ms; /* the instant that is asked for */
    struct loop_timer *timer;
    struct http_call *call;
    bool is_waiting;
    struct collector_watch *next_waiting;
};

static void ask(struct collector_watch *watch);
static void ask_waiting(struct collector *collector);

static int64_t engine_now_ms(const struct collector *collector)
{
    return collector->env.now_ms(collector->env.data);
}

/* ---- the source ---- */

static void note_answer(struct collector *collector, const struct err *err)
{
    bool was_there = collector->why[0] == '\0';

    collector->was_heard = true;
    source_tally_ask(collector->env.tally, err == NULL);
    (void)snprintf(collector->why, sizeof(collector->why), "%.380s", err != NULL ? err->text : "");
    if (was_there && err != NULL)
        log_say(collector->env.log, LOG_LEVEL_WARN, "prometheus %s", collector->why);
}

static struct http_call *post(struct collector *collector, const char *body, size_t length,
                              void (*done)(void *data, const struct http_answer *answer), void *data)
{
    struct http_request request = {.method = "POST",
                                   .url = collector->url,
                                   .body = body,
                                   .body_length = length,
                                   .timeout_ms = collector->timeout_ms,
                                   .answer_max = PROMETHEUS_ANSWER_MAX};

    access_apply(&collector->access, &request);
    return http_request_start(collector->env.http, &request, done, data);
}

static void heartbeat_answered(void *data, const struct http_answer *answer)
{
    struct collector *collector = data;
    struct prometheus_vector vector = {0};
    struct err err = {0};
    bool is_good = prometheus_read(answer, &vector, &err);

    collector->heartbeat_call = NULL;
    source_clock_note(&collector->clock, answer);
    note_answer(collector, is_good ? NULL : &err);
    prometheus_vector_done(&vector);
    collector->in_flight--;
    ask_waiting(collector);
}

static void send_heartbeat(void *data)
{
    static const char body[] = "query=vector%281%29";
    struct collector *collector = data;

    if (!collector->was_heard && collector->in_flight == 0) {
        collector->in_flight++;
        collector->heartbeat_call = post(collector, body, sizeof(body) - 1, heartbeat_answered, collector);
    }
    collector->was_heard = false;
}

/* ---- who is asked for next ---- */

/* The newest instant to ask for. Those of all series of one interval are the same, so that sides compare. */
static int64_t instant_of(const struct collector_watch *watch)
{
    return pace_moment_ms(engine_now_ms(watch->collector), watch->collector->lag_ms, watch->every_ms);
}

static void push_waiting(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;

    watch->is_waiting = true;
    watch->next_waiting = NULL;
    *collector->waiting_end = watch;
    collector->waiting_end = &watch->next_waiting;
}

static void remove_waiting(struct collector_watch *watch)
{
    struct collector_watch **place = &watch->collector->waiting;

    while (*place != watch)
        place = &(*place)->next_waiting;
    *place = watch->next_waiting;
    if (watch->next_waiting == NULL)
        watch->collector->waiting_end = place;
    watch->is_waiting = false;
}

static void ask_waiting(struct collector *collector)
{
    while (collector->in_flight < IN_FLIGHT_MAX && collector->waiting != NULL) {
        struct collector_watch *watch = collector->waiting;
        remove_waiting(watch);
        collector->in_flight++;
        watch->at_ms = instant_of(watch);
        prometheus_query_begin(watch->query);
        ask(watch);
    }
}

/* ---- one poll ---- */

static void end_poll(struct collector_watch *watch)
{
    watch->collector->in_flight--;
    ask_waiting(watch->collector);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct collector_watch *watch = data;
    struct err err = {0};

    watch->call = NULL;
    source_clock_note(&watch->collector->clock, answer);
    bool is_good = prometheus_query_take(watch->query, answer, &err);
    note_answer(watch->collector, is_good ? NULL : &err);
    if (!is_good)
        watch->sink.trouble(watch->sink.data, SERIES_ERROR, err.text);
    else if (prometheus_query_text(watch->query) != NULL) {
        ask(watch);
        return;
    } else
        prometheus_query_end(watch->query, watch->at_ms, &watch->sink);
    end_poll(watch);
}

static void ask(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;
    int64_t time_ms = source_clock_wall_ms(&collector->clock) - (engine_now_ms(collector) - watch->at_ms);
    char *body = prometheus_query_form(prometheus_query_text(watch->query), time_ms, collector->timeout_ms);

    watch->call = post(collector, body, strlen(body), answered, watch);
    free(body);
}

static int64_t until_next_ms(const struct collector_watch *watch)
{
    return pace_until_next_ms(engine_now_ms(watch->collector), watch->collector->lag_ms, watch->phase_ms,
                              watch->every_ms);
}

/* A poll that is still under way leaves out this one; so does a stalled loop, without catching up. */
static void poll_due(void *data)
{
    struct collector_watch *watch = data;

    loop_timer_move(watch->timer, until_next_ms(watch));
    if (watch->is_waiting || watch->call != NULL || instant_of(watch) == watch->at_ms)
        return;
    push_waiting(watch);
    ask_waiting(watch->collector);
}

/* ---- the interface ---- */

static bool check_url(const char *url, struct err *err)
{
    return text_is_web_url(url) || err_set(err, ERR_INVALID, "the url begins with http:// or https://");
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    collector->env = *env;
    collector->lag_ms = options[PROMETHEUS_LAG].duration_ms;
    collector->timeout_ms = options[PROMETHEUS_TIMEOUT].duration_ms;
    collector->waiting_end = &collector->waiting;
    source_clocks_open(&collector->clocks, &collector->env, "prometheus", name);
    collector->clock.all = &collector->clocks;
    (void)snprintf(collector->why, sizeof(collector->why), "not asked yet");
    if (!check_url(options[PROMETHEUS_URL].text, err) ||
        !access_open(&collector->access, env->secrets, &options[PROMETHEUS_ACCESS], err)) {
        access_close(&collector->access);
        free(collector);
        return err_wrap(err, "prometheus %s", name);
    }
    access_add_header(&collector->access, "Content-Type", "application/x-www-form-urlencoded");
    collector->url = prometheus_query_url(options[PROMETHEUS_URL].text);
    collector->heartbeat = loop_timer_start(env->loop, 1, HEARTBEAT_MS, send_heartbeat, collector);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->heartbeat);
    http_request_cancel(collector->heartbeat_call);
    access_close(&collector->access);
    free(collector->url);
    free(collector);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    struct prometheus_query *query = NULL;

    if (!prometheus_query_new(series->kind, series->options, &query, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->collector = collector;
    watch->query = query;
    watch->sink = series->sink;
    watch->every_ms = series->every_ms > 0 ? series->every_ms : 1;
    watch->phase_ms = pace_phase_ms(collector->watches_made++, watch->every_ms);
    watch->at_ms = SERIES_NEVER;
    watch->timer = loop_timer_start(collector->env.loop, 1 + watch->phase_ms, 0, poll_due, watch);
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;
    bool was_asked = watch->call != NULL;

    if (watch->is_waiting)
        remove_waiting(watch);
    http_request_cancel(watch->call);
    loop_timer_stop(watch->timer);
    prometheus_query_free(watch->query);
    free(watch);
    if (was_asked) {
        collector->in_flight--;
        ask_waiting(collector);
    }
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->why[0] != '\0' ? collector->why : NULL;
}

const struct collector_type prometheus_collector = {
    .name = "prometheus",
    .is_cheap = true,
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
