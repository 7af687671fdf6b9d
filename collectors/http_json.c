/* http_json.c - when to ask an API, who we are there, and how long it wants to be left alone.
 * SPDX-License-Identifier: MIT */
#include "collectors/http_json.h"

#include "base/text.h"
#include "collectors/access.h"
#include "collectors/http_json_query.h"
#include "collectors/pace.h"
#include "collectors/source_clock.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MAX_MS = 5 * 60 * 1000, /* as an API may ask for */
    WHY_MAX = 384
};

enum instance_option {
    TIMEOUT,
    SECRET_HEADERS,
    ACCESS,
    INSTANCE_OPTION_COUNT = ACCESS + ACCESS_OPTION_COUNT
};

static const struct option instance_options[INSTANCE_OPTION_COUNT] = {
    [TIMEOUT] = {.name = "timeout",
                 .type = OPTION_DURATION,
                 .min = 100,
                 .max = 120000,
                 .fallback = "10s",
                 .help = "Longest time for one answer"},
    [SECRET_HEADERS] = {.name = "secret_headers",
                        .type = OPTION_SECRET_MAP,
                        .max = ACCESS_SECRET_HEADERS_MAX,
                        .help = "Headers whose values are secrets, like { DD-API-KEY = \"cred:datadog\"; }"},
    ACCESS_OPTIONS(ACCESS),
};

struct collector {
    struct collector_env env;
    struct access access;
    int64_t timeout_ms;
    uint64_t watches_made;
    int64_t not_before_ms; /* of loop_now_ms(): it asked to be left alone */
    struct source_clocks clocks;
    char why[WHY_MAX]; /* "": the source answers */
};

struct collector_watch {
    struct collector *collector;
    struct http_json_query *query;
    struct collector_sink sink;
    int64_t every_ms, phase_ms;
    int64_t at_ms;             /* the moment that is asked for */
    struct source_clock clock; /* of whom it asks: each has its own url */
    struct loop_timer *timer;
    struct http_call *call;
};

static int64_t engine_now_ms(const struct collector_watch *watch)
{
    return watch->collector->env.now_ms(watch->collector->env.data);
}

static void note(struct collector *collector, const struct err *err)
{
    bool was_good = collector->why[0] == '\0';

    source_tally_ask(collector->env.tally, err == NULL);
    (void)snprintf(collector->why, sizeof(collector->why), "%.380s", err != NULL ? err->text : "");
    if (was_good && err != NULL)
        log_say(collector->env.log, LOG_LEVEL_WARN, "http_json %s", collector->why);
}

static void note_pause(struct collector *collector, const struct http_answer *answer)
{
    int64_t pause_ms = 0;

    if ((answer->status == 429 || answer->status == 503) && http_answer_retry_after(answer, &pause_ms))
        collector->not_before_ms = loop_now_ms() + (pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct collector_watch *watch = data;
    struct err err = {0};

    watch->call = NULL;
    if (http_json_query_is_timed(watch->query))
        source_clock_note(&watch->clock, answer);
    note_pause(watch->collector, answer);
    bool is_good = http_json_query_take(watch->query, answer, &watch->sink, &err);
    note(watch->collector, is_good ? NULL : &err);
}

static void ask(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;
    struct http_request request = {.timeout_ms = collector->timeout_ms, .answer_max = HTTP_JSON_ANSWER_MAX};
    int64_t wall_ms = source_clock_wall_ms(&watch->clock) - (engine_now_ms(watch) - watch->at_ms);
    struct err err = {0};

    access_apply(&collector->access, &request);
    if (http_json_query_ask(watch->query, wall_ms, watch->at_ms, &request, &err))
        watch->call = http_request_start(collector->env.http, &request, answered, watch);
    else
        watch->sink.trouble(watch->sink.data, SERIES_ERROR, err.text);
}

/* A poll that is still under way leaves out this one; so does a stalled loop, without catching up. */
static void poll_due(void *data)
{
    struct collector_watch *watch = data;
    int64_t delay_ms = http_json_query_delay_ms(watch->query);
    int64_t at_ms = pace_moment_ms(engine_now_ms(watch), delay_ms, watch->every_ms);

    loop_timer_move(watch->timer,
                    pace_until_next_ms(engine_now_ms(watch), delay_ms, watch->phase_ms, watch->every_ms));
    if (watch->call != NULL || at_ms == watch->at_ms)
        return;
    watch->at_ms = at_ms;
    if (loop_now_ms() < watch->collector->not_before_ms)
        watch->sink.trouble(watch->sink.data, SERIES_ERROR,
                            "it asked to be left alone for a while (Retry-After)");
    else
        ask(watch);
}

/* ---- the interface ---- */

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    collector->env = *env;
    collector->timeout_ms = options[TIMEOUT].duration_ms;
    source_clocks_open(&collector->clocks, &collector->env, "http_json", name);
    if (!access_open(&collector->access, env->secrets, &options[ACCESS], err) ||
        !access_add_secrets(&collector->access, &options[SECRET_HEADERS], err)) {
        access_close(&collector->access);
        free(collector);
        return err_wrap(err, "http_json %s", name);
    }
    access_add_header(&collector->access, "Accept", "application/json");
    access_add_header(&collector->access, "Content-Type", "application/json");
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    access_close(&collector->access);
    free(collector);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    struct http_json_query *query = NULL;

    if (!http_json_query_new(series->kind, series->every_ms, series->options, &query, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->collector = collector;
    watch->clock.all = &collector->clocks;
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
    http_request_cancel(watch->call);
    loop_timer_stop(watch->timer);
    http_json_query_free(watch->query);
    source_clock_end(&watch->clock);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->why[0] != '\0' ? collector->why : NULL;
}

const struct collector_type http_json_collector = {
    .name = "http_json",
    .instance_options = instance_options,
    .instance_option_count = ARRAY_LENGTH(instance_options),
    .metric_options = http_json_options,
    .metric_option_count = HTTP_JSON_OPTION_COUNT,
    .check_metric = http_json_query_check,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};
