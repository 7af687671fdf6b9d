/* otlp.c - watches that wait for points.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp.h"

#include "collectors/otlp_request.h"
#include "collectors/otlp_series.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { PASS_MS = 1000 };

struct collector {
    struct collector_env env;
    struct collector_watch *watches;
    struct loop_timer *timer;
};

struct collector_watch {
    struct collector *collector;
    struct collector_watch *next;
    struct otlp_series *series;
    char *service, *environment;
    bool is_told; /* the request under way is for it */
};

struct posting {
    struct collector *collector;
    struct otlp_answer answer;
};

static int64_t now_ms(const struct collector *collector)
{
    return collector->env.now_ms(collector->env.data);
}

/* ---- a request ---- */

static void note_rejected(struct otlp_answer *answer, const struct err *err)
{
    if (answer->rejected++ == 0)
        (void)snprintf(answer->why, sizeof(answer->why), "%.200s", err->text);
}

static void take(void *data, const struct otlp_point *point)
{
    struct posting *posting = data;
    struct err err = {0};
    bool is_good = true;

    for (struct collector_watch *watch = posting->collector->watches; watch != NULL; watch = watch->next)
        if (watch->is_told)
            is_good = otlp_series_take(watch->series, point, &err) && is_good;
    if (!is_good)
        note_rejected(&posting->answer, &err);
}

static void begin(struct collector *collector, const struct otlp_sender *sender)
{
    int64_t wall_ms = clock_wall_ms();

    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next) {
        watch->is_told = sender->allows(sender->data, watch->service, watch->environment);
        otlp_series_begin(watch->series, now_ms(collector), wall_ms);
    }
}

bool otlp_post(struct collector *collector, const char *bytes, size_t length,
               const struct otlp_sender *sender, struct otlp_answer *ret_answer, struct err *err)
{
    struct posting posting = {.collector = collector};
    struct otlp_request *request = NULL;

    if (!otlp_request_parse(bytes, length, &request, err))
        return false;
    source_tally_hear(collector->env.tally);
    begin(collector, sender);
    if (collector->watches != NULL)
        otlp_request_each(request, take, &posting);
    otlp_request_free(request);
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        if (watch->is_told)
            otlp_series_end(watch->series);
    *ret_answer = posting.answer;
    return true;
}

/* ---- the interface ---- */

static void pass_second(void *data)
{
    struct collector *collector = data;

    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        otlp_series_pass(watch->series, now_ms(collector));
}

static bool check_metric(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                         const char **ret_option, struct err *err)
{
    (void)kind;
    (void)every_ms;
    return otlp_series_check(options, ret_option, err);
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    (void)name;
    (void)options;
    (void)err;
    collector->env = *env;
    collector->timer = loop_timer_start(env->loop, PASS_MS, PASS_MS, pass_second, collector);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->timer);
    free(collector);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    struct otlp_series *its = NULL;

    if (!otlp_series_new(series, now_ms(collector), clock_wall_ms(), &its, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->collector = collector;
    watch->series = its;
    watch->service = memory_copy_text(series->service);
    watch->environment = memory_copy_text(series->environment);
    watch->next = collector->watches;
    collector->watches = watch;
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector_watch **place = &watch->collector->watches;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    otlp_series_free(watch->series);
    free(watch->service);
    free(watch->environment);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    (void)collector;
    return NULL;
}

const struct collector_type otlp_collector = {
    .name = "otlp",
    .is_implicit = true,
    .is_posted = true,
    .metric_options = otlp_metric_options,
    .metric_option_count = OTLP_METRIC_OPTION_COUNT,
    .check_metric = check_metric,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};
