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
#include <sys/queue.h>

enum { PASS_MS = 1000, ENDS_MAX = 256 /* watches whose values are put in one turn of the loop */ };

struct collector {
    struct collector_env env;
    struct collector_watch *watches;
    size_t watch_count;
    struct selector_index *index; /* of all watches; NULL: to be made */
    struct loop_timer *timer;
    uint64_t requests;                            /* taken so far */
    TAILQ_HEAD(watches, collector_watch) touched; /* what requests told them is to be put yet */
};

struct collector_watch {
    struct collector *collector;
    struct collector_watch *next;
    struct otlp_series *series;
    char *service, *environment;
    uint64_t request; /* the last one that had a point for it */
    bool is_told;     /* that one's sender may tell it something */
    size_t point;     /* of this request, tried last */
    bool is_touched;
    TAILQ_ENTRY(collector_watch) touched;
};

/* A request, and a point of it. */
struct posting {
    struct collector *collector;
    const struct otlp_sender *sender;
    int64_t now_ms, wall_ms;
    struct otlp_answer answer;
    size_t number;
    const struct otlp_point *point;
    struct err err; /* why it is no value of one that it fits */
};

static int64_t now_ms(const struct collector *collector)
{
    return collector->env.now_ms(collector->env.data);
}

/* ---- the end of a request: values, in slices ---- */

static void end_series(struct collector_watch *watch)
{
    if (!watch->is_touched)
        return;
    watch->is_touched = false;
    TAILQ_REMOVE(&watch->collector->touched, watch, touched);
    otlp_series_end(watch->series);
}

static void end_some(void *data)
{
    struct collector *collector = data;

    for (size_t i = 0; i < ENDS_MAX && !TAILQ_EMPTY(&collector->touched); i++)
        end_series(TAILQ_FIRST(&collector->touched));
    if (!TAILQ_EMPTY(&collector->touched))
        loop_defer(collector->env.loop, end_some, collector);
}

/* ---- a request ---- */

static void note_rejected(struct otlp_answer *answer, const struct err *err)
{
    if (answer->rejected++ == 0)
        (void)snprintf(answer->why, sizeof(answer->why), "%.200s", err->text);
}

/* The first point for a watch; the request before is over for it. */
static void begin_series(const struct posting *posting, struct collector_watch *watch)
{
    end_series(watch);
    watch->request = posting->collector->requests;
    watch->point = 0;
    watch->is_told = posting->sender->allows(posting->sender->data, watch->service, watch->environment);
    if (!watch->is_told)
        return;
    otlp_series_begin(watch->series, posting->now_ms, posting->wall_ms);
    watch->is_touched = true;
    TAILQ_INSERT_TAIL(&posting->collector->touched, watch, touched);
}

/* Several of its selectors may fit; its series looks at all of them. */
static void try_watch(void *data, void *owner)
{
    struct posting *posting = data;
    struct collector_watch *watch = owner;

    if (watch->request != posting->collector->requests)
        begin_series(posting, watch);
    if (!watch->is_told || watch->point == posting->number)
        return;
    watch->point = posting->number;
    (void)!otlp_series_take(watch->series, posting->point, &posting->err);
}

static void take(void *data, const struct otlp_point *point)
{
    struct posting *posting = data;

    posting->number++;
    posting->point = point;
    posting->err.code = ERR_NONE;
    (void)selector_index_each(posting->collector->index, &point->labelled, try_watch, posting);
    if (posting->err.code != ERR_NONE)
        note_rejected(&posting->answer, &posting->err);
}

static void make_index(struct collector *collector)
{
    if (collector->index != NULL)
        return;
    collector->index = selector_index_new(collector->watch_count * OTLP_PARTS_MAX);
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        otlp_series_index(watch->series, collector->index, watch);
}

static void drop_index(struct collector *collector)
{
    selector_index_free(collector->index);
    collector->index = NULL;
}

bool otlp_post(struct collector *collector, const char *bytes, size_t length,
               const struct otlp_sender *sender, struct otlp_answer *ret_answer, struct err *err)
{
    struct posting posting = {
        .collector = collector, .sender = sender, .now_ms = now_ms(collector), .wall_ms = clock_wall_ms()};
    struct otlp_request *request = NULL;
    bool is_ending = !TAILQ_EMPTY(&collector->touched);

    if (!otlp_request_parse(bytes, length, &request, err))
        return false;
    source_tally_hear(collector->env.tally);
    collector->requests++;
    make_index(collector);
    otlp_request_each(request, take, &posting);
    otlp_request_free(request);
    if (!is_ending)
        end_some(collector);
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
    TAILQ_INIT(&collector->touched);
    collector->timer = loop_timer_start(env->loop, PASS_MS, PASS_MS, pass_second, collector);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->timer);
    loop_defer_cancel(collector->env.loop, end_some, collector);
    drop_index(collector);
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
    collector->watch_count++;
    drop_index(collector);
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector_watch **place = &watch->collector->watches;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    watch->collector->watch_count--;
    drop_index(watch->collector);
    if (watch->is_touched)
        TAILQ_REMOVE(&watch->collector->touched, watch, touched);
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
