/* cloudwatch.c - whose values are due, asked for together; and what CloudWatch's refusals mean.
 * SPDX-License-Identifier: MIT */
#include "collectors/cloudwatch.h"

#include "collectors/cloudwatch_query.h"
#include "collectors/pace.h"
#include "collectors/source_clock.h"
#include "io/aws_client.h"
#include "io/json.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDLE_MS =
        60 * 1000,  /* while nobody watches, so often it is looked whether there are keys: that is free */
    LOOK_BACK = 15, /* periods that a new watch begins with */
    PAGES_MAX = 50, /* of one answer */
    PAUSE_MIN_MS = 1000, /* after a refusal; doubled each time */
    PAUSE_MAX_MS = 300 * 1000,
    MS_PER_S = 1000,
    WHY_MAX = 384
};

#define DOLLARS_PER_METRIC 0.00001

static const char target[] = "GraniteServiceVersion20100801.GetMetricData";

static const struct option instance_options[AWS_OPTION_COUNT] = {AWS_OPTIONS(0)};

struct collector {
    struct collector_env env;
    struct aws_client *client;
    struct collector_watch *watches;
    struct loop_timer *timer; /* when the next values are due */
    struct aws_call *call;    /* one at a time */
    /* The call under way: its request, without a token, and who asked for what. */
    cJSON *request;
    uint32_t query_count, page_count;
    struct {
        struct collector_watch *watch; /* NULL: gone meanwhile */
        size_t part;
    } asked[CLOUDWATCH_QUERIES_MAX];
    int64_t pause_ms;      /* 0: it answered last time */
    int64_t not_before_ms; /* of loop_now_ms() */
    uint64_t requests, metrics_requested;
    struct source_clock clock;
    struct source_clocks clocks;
    char why[WHY_MAX]; /* "": the source is there */
};

struct collector_watch {
    struct collector *collector;
    struct collector_watch *next;
    struct cloudwatch_query *query;
    struct collector_sink sink;
    int64_t every_ms;
    int64_t open_s; /* since 1970: the first period that has not been put */
    int64_t asked_to_s;
    int64_t due_ms; /* since 1970 */
    bool is_asked;
    bool is_suspect; /* a call with it was invalid: it is asked alone */
};

static void move_timer(struct collector *collector);
static void end_call(struct collector *collector);

/* ---- the source ---- */

static void note(struct collector *collector, const struct err *err)
{
    char before[WHY_MAX];

    source_tally_ask(collector->env.tally, err == NULL);
    memcpy(before, collector->why, sizeof(before));
    (void)snprintf(collector->why, sizeof(collector->why), "%.380s", err != NULL ? err->text : "");
    if (err != NULL && strcmp(before, collector->why) != 0)
        log_say(collector->env.log, LOG_LEVEL_WARN, "%s", collector->why);
}

static void pause_for(struct collector *collector, int64_t asked_for_ms)
{
    int64_t pause_ms = 2 * collector->pause_ms;

    if (pause_ms < PAUSE_MIN_MS)
        pause_ms = PAUSE_MIN_MS;
    if (pause_ms > PAUSE_MAX_MS)
        pause_ms = PAUSE_MAX_MS;
    collector->pause_ms = pause_ms;
    collector->not_before_ms = loop_now_ms() + (asked_for_ms > pause_ms ? asked_for_ms : pause_ms);
}

static void checked(void *data, const struct aws_answer *answer)
{
    struct collector *collector = data;

    collector->call = NULL;
    note(collector, answer->err.code == ERR_NONE ? NULL : &answer->err);
    move_timer(collector);
}

/* ---- one call ---- */

/* Periods that are over and as late as they may be; none: to_s is open_s. */
static void span_of(const struct collector_watch *watch, int64_t now_ms, int64_t *from_s, int64_t *to_s)
{
    int64_t period_s = cloudwatch_query_period_s(watch->query);
    int64_t end_s = (now_ms - cloudwatch_query_delay_ms(watch->query)) / MS_PER_S;
    int64_t longest_s = CLOUDWATCH_PERIODS_MAX * period_s;

    *to_s = end_s - end_s % period_s;
    *from_s = watch->open_s < *to_s - longest_s ? *to_s - longest_s : watch->open_s;
    if (*from_s > *to_s)
        *to_s = *from_s;
}

static bool is_due(const struct collector_watch *watch, int64_t now_ms)
{
    int64_t from_s = 0;
    int64_t to_s = 0;

    span_of(watch, now_ms, &from_s, &to_s);
    return watch->due_ms <= now_ms && from_s < to_s;
}

static void add_watch(struct collector *collector, struct collector_watch *watch, int64_t now_ms,
                      cJSON *array, int64_t *start_s, int64_t *end_s)
{
    int64_t from_s = 0;
    int64_t to_s = 0;

    span_of(watch, now_ms, &from_s, &to_s);
    cloudwatch_query_begin(watch->query, from_s, to_s, collector->query_count, array);
    for (size_t part = 0; part < cloudwatch_query_parts(watch->query); part++) {
        collector->asked[collector->query_count].watch = watch;
        collector->asked[collector->query_count++].part = part;
    }
    watch->is_asked = true;
    watch->due_ms = now_ms + watch->every_ms; /* unless it is answered well */
    watch->open_s = from_s;
    watch->asked_to_s = to_s;
    *start_s = from_s < *start_s ? from_s : *start_s;
    *end_s = to_s > *end_s ? to_s : *end_s;
}

/* All that are due, of whatever deployments; one that is suspect goes alone. */
static void fill_request(struct collector *collector, int64_t now_ms)
{
    cJSON *array = cJSON_AddArrayToObject(collector->request, "MetricDataQueries");
    int64_t start_s = INT64_MAX;
    int64_t end_s = 0;

    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next) {
        bool fits = collector->query_count + CLOUDWATCH_PARTS_MAX <= CLOUDWATCH_QUERIES_MAX;
        if (!fits || !is_due(watch, now_ms) || (watch->is_suspect && collector->query_count > 0))
            continue;
        add_watch(collector, watch, now_ms, array, &start_s, &end_s);
        if (watch->is_suspect)
            break;
    }
    cJSON_AddNumberToObject(collector->request, "StartTime", (double)start_s);
    cJSON_AddNumberToObject(collector->request, "EndTime", (double)end_s);
    cJSON_AddStringToObject(collector->request, "ScanBy", "TimestampAscending");
}

static void answered(void *data, const struct aws_answer *answer);

static void send(struct collector *collector)
{
    char *body = json_print(collector->request);

    collector->requests++;
    collector->page_count++;
    collector->metrics_requested += collector->query_count;
    collector->call =
        aws_call_start(collector->client, target, body, CLOUDWATCH_ANSWER_MAX, answered, collector);
    free(body);
}

static void start_call(struct collector *collector)
{
    collector->query_count = 0;
    collector->page_count = 0;
    collector->request = cJSON_CreateObject();
    fill_request(collector, source_clock_wall_ms(&collector->clock));
    if (collector->query_count > 0)
        send(collector);
    else
        end_call(collector);
}

static void end_call(struct collector *collector)
{
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        watch->is_asked = false;
    cJSON_Delete(collector->request);
    collector->request = NULL;
    collector->query_count = 0;
    move_timer(collector);
}

static void fail_call(struct collector *collector, const struct err *err, bool is_invalid)
{
    size_t count = 0;

    note(collector, err);
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        count += watch->is_asked;
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next) {
        if (!watch->is_asked)
            continue;
        watch->sink.trouble(watch->sink.data, SERIES_ERROR, collector->why);
        watch->is_suspect = watch->is_suspect || (is_invalid && count > 1);
        if (is_invalid && count > 1) /* whose fault it is comes out at once */
            watch->due_ms = 0;
    }
    end_call(collector);
}

/* What was answered is put; the next values are due when their period is as late as it may be. */
static void end_watch(struct collector_watch *watch, int64_t now_ms)
{
    const struct collector *collector = watch->collector;
    int64_t offset_ms = collector->env.now_ms(collector->env.data) - now_ms;

    if (!cloudwatch_query_end(watch->query, offset_ms, &watch->sink))
        return;
    watch->is_suspect = false;
    watch->open_s = watch->asked_to_s;
    watch->due_ms = watch->asked_to_s * MS_PER_S + watch->every_ms + cloudwatch_query_delay_ms(watch->query);
}

static void take_page(struct collector *collector, const struct cloudwatch_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct cloudwatch_result *result = &page->results[i];
        if (result->number < collector->query_count && collector->asked[result->number].watch != NULL)
            cloudwatch_query_take(collector->asked[result->number].watch->query,
                                  collector->asked[result->number].part, result);
    }
}

static bool read_page(struct collector *collector, const struct http_answer *http,
                      struct cloudwatch_page *ret_page, struct err *err)
{
    if (!cloudwatch_read(http->body, http->length, ret_page, err))
        return err_wrap(err, "CloudWatch");
    if (ret_page->next_token == NULL || collector->page_count < PAGES_MAX)
        return true;
    cloudwatch_page_done(ret_page);
    return err_set(err, ERR_LIMIT, "CloudWatch: an answer of more than %d pages", PAGES_MAX);
}

static void answered(void *data, const struct aws_answer *answer)
{
    struct collector *collector = data;
    struct cloudwatch_page page = {0};
    struct err err = answer->err;

    collector->call = NULL;
    if (answer->http != NULL)
        source_clock_note(&collector->clock, answer->http);
    if (answer->err.code != ERR_NONE) {
        bool is_invalid = err.code == ERR_INVALID || err.code == ERR_NOT_FOUND;
        (void)err_wrap(&err, "CloudWatch");
        if (!is_invalid || answer->http == NULL)
            pause_for(collector, answer->retry_after_ms);
        fail_call(collector, &err, is_invalid && answer->http != NULL);
        return;
    }
    assert(answer->http != NULL); /* all is well */
    collector->pause_ms = 0;
    if (!read_page(collector, answer->http, &page, &err)) {
        fail_call(collector, &err, false);
        return;
    }
    take_page(collector, &page);
    bool has_more = page.next_token != NULL;
    if (has_more) {
        cJSON_DeleteItemFromObjectCaseSensitive(collector->request, "NextToken");
        cJSON_AddStringToObject(collector->request, "NextToken", page.next_token);
    }
    cloudwatch_page_done(&page);
    if (has_more) {
        send(collector);
        return;
    }
    note(collector, NULL);
    int64_t now_ms = source_clock_wall_ms(&collector->clock);
    for (struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next)
        if (watch->is_asked)
            end_watch(watch, now_ms);
    end_call(collector);
}

/* ---- when ---- */

static void fire(void *data)
{
    struct collector *collector = data;

    if (collector->call != NULL)
        return;
    if (collector->watches == NULL)
        collector->call = aws_call_start_check(collector->client, checked, collector);
    else if (loop_now_ms() >= collector->not_before_ms)
        start_call(collector);
    else
        move_timer(collector);
}

/* The time until a watch has something to ask for. */
static int64_t until_due_ms(const struct collector_watch *watch, int64_t now_ms)
{
    int64_t period_ms = cloudwatch_query_period_s(watch->query) * MS_PER_S;
    int64_t ready_ms = watch->open_s * MS_PER_S + period_ms + cloudwatch_query_delay_ms(watch->query);
    int64_t at_ms = watch->due_ms > ready_ms ? watch->due_ms : ready_ms;

    return at_ms - now_ms;
}

static void move_timer(struct collector *collector)
{
    int64_t pause_ms = collector->not_before_ms - loop_now_ms();
    int64_t now_ms = source_clock_wall_ms(&collector->clock);
    int64_t wait_ms = IDLE_MS;

    for (const struct collector_watch *watch = collector->watches; watch != NULL; watch = watch->next) {
        int64_t until_ms = until_due_ms(watch, now_ms);
        wait_ms = until_ms < wait_ms ? until_ms : wait_ms;
    }
    if (collector->watches != NULL && wait_ms < pause_ms)
        wait_ms = pause_ms;
    loop_timer_move(collector->timer, wait_ms < 1 ? 1 : wait_ms);
}

/* ---- the interface ---- */

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    collector->env = *env;
    source_clocks_open(&collector->clocks, &collector->env, "cloudwatch", name);
    collector->clock.all = &collector->clocks;
    (void)snprintf(collector->why, sizeof(collector->why), "not asked yet");
    if (!aws_client_new(env->loop, env->http, "monitoring", options, &collector->client, err)) {
        free(collector);
        return err_wrap(err, "cloudwatch %s", name);
    }
    collector->timer = loop_timer_start(env->loop, 1, 0, fire, collector);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->timer);
    aws_call_cancel(collector->call);
    aws_client_free(collector->client);
    cJSON_Delete(collector->request);
    free(collector);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    struct cloudwatch_query *query = NULL;

    if (!cloudwatch_query_new(series->kind, series->every_ms, series->options, &query, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    int64_t period_s = cloudwatch_query_period_s(query);
    int64_t end_s = (source_clock_wall_ms(&collector->clock) - cloudwatch_query_delay_ms(query)) / MS_PER_S;
    watch->collector = collector;
    watch->query = query;
    watch->sink = series->sink;
    watch->every_ms = series->every_ms;
    watch->open_s = end_s - end_s % period_s - LOOK_BACK * period_s;
    watch->next = collector->watches;
    collector->watches = watch;
    move_timer(collector);
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
    for (size_t i = 0; i < collector->query_count; i++)
        if (collector->asked[i].watch == watch)
            collector->asked[i].watch = NULL;
    cloudwatch_query_free(watch->query);
    free(watch);
    move_timer(collector);
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->why[0] != '\0' ? collector->why : NULL;
}

static void add_metrics(const struct collector *collector, const char *name, FILE *to)
{
    (void)fprintf(to, "verdict_cloudwatch_requests_total{source=\"%s\"} %llu\n", name,
                  (unsigned long long)collector->requests);
    (void)fprintf(to, "verdict_cloudwatch_metrics_requested_total{source=\"%s\"} %llu\n", name,
                  (unsigned long long)collector->metrics_requested);
    (void)fprintf(to, "verdict_cloudwatch_cost_dollars_total{source=\"%s\"} %.5f\n", name,
                  (double)collector->metrics_requested * DOLLARS_PER_METRIC);
}

const struct collector_type cloudwatch_collector = {
    .name = "cloudwatch",
    .instance_options = instance_options,
    .instance_option_count = AWS_OPTION_COUNT,
    .metric_options = cloudwatch_query_options,
    .metric_option_count = CLOUDWATCH_QUERY_OPTION_COUNT,
    .check_metric = cloudwatch_query_check,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
    .add_metrics = add_metrics,
};
