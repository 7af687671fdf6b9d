/* collector_bench.c - options from texts, sinks that note, a loop that runs until something is so.
 * SPDX-License-Identifier: MIT */
#include "support/collector_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOMENT_MS = 20, WORDS_MAX = 16 };

static int64_t now_ms(void *data)
{
    return loop_now_ms() + ((const struct collector_bench *)data)->ahead_ms;
}

void collector_bench_start(struct collector_bench *bench, struct loop *loop)
{
    static const struct http_client_limits limits = {.in_flight_max = 64, .queue_max = 1000};
    struct err err = {0};

    memset(bench, 0, sizeof(*bench));
    bench->loop = loop;
    if (!http_client_new(loop, &limits, &bench->http, &err))
        fail_msg("%s", err.text);
    bench->env = (struct collector_env){
        .loop = loop, .http = bench->http, .instance = "test", .data = bench, .now_ms = now_ms};
    arena_init(&bench->arena, bench->memory, sizeof(bench->memory));
}

void collector_bench_stop(struct collector_bench *bench)
{
    http_client_free(bench->http);
}

static void read_words(struct collector_bench *bench, const char *text, struct option_value *value)
{
    const char **words = arena_take_array(&bench->arena, WORDS_MAX, sizeof(*words));
    char *copy = arena_copy_text(&bench->arena, text);

    assert_non_null(words);
    assert_non_null(copy);
    while (*copy != '\0') {
        size_t length = strcspn(copy, " ");
        assert_true(value->list_length < WORDS_MAX);
        words[value->list_length++] = copy;
        copy += length;
        if (*copy == ' ')
            *copy++ = '\0';
    }
    value->list = words;
    value->is_set = true;
}

static void read_options(struct collector_bench *bench, const struct option *table, size_t count,
                         const char *const *options, struct option_value *values)
{
    struct err err = {0};

    memset(values, 0, COLLECTOR_BENCH_OPTIONS_MAX * sizeof(*values));
    assert_true(count <= COLLECTOR_BENCH_OPTIONS_MAX);
    for (; *options != NULL; options += 2) {
        size_t i = option_find(table, count, options[0]);
        if (i == count)
            fail_msg("no option %s", options[0]);
        if (table[i].type == OPTION_LIST || table[i].type == OPTION_MAP || table[i].type == OPTION_SECRET_MAP)
            read_words(bench, options[1], &values[i]);
        else if (!option_parse(&table[i], options[1], &bench->arena, &values[i], &err))
            fail_msg("%s", err.text);
    }
    if (!option_complete(table, count, &bench->arena, values, &err))
        fail_msg("%s", err.text);
}

void collector_bench_open(struct collector_bench *bench, const struct collector_type *type,
                          const char *const *options)
{
    struct option_value values[COLLECTOR_BENCH_OPTIONS_MAX];
    struct err err = {0};

    bench->type = type;
    read_options(bench, type->instance_options, type->instance_option_count, options, values);
    if (!type->open(&bench->env, "main", values, &bench->collector, &err))
        fail_msg("%s", err.text);
}

void collector_bench_close(struct collector_bench *bench)
{
    for (size_t i = 0; i < bench->count; i++)
        collector_bench_unwatch(&bench->tallies[i]);
    bench->count = 0;
    bench->type->close(bench->collector);
    arena_reset(&bench->arena);
}

static void note_put(struct collector_tally *tally, int64_t at_ms)
{
    tally->puts++;
    tally->is_troubled = false;
    tally->at_ms = at_ms;
    tally->bench->has_news = true;
}

static enum series_answer note_gauge(void *data, int64_t at_ms, double value)
{
    struct collector_tally *tally = data;

    note_put(tally, at_ms);
    tally->value = value;
    tally->value_max = value > tally->value_max ? value : tally->value_max;
    return SERIES_TAKEN;
}

static enum series_answer note_count(void *data, int64_t at_ms, double events, double total)
{
    struct collector_tally *tally = data;

    note_put(tally, at_ms);
    tally->events += events;
    tally->total += total;
    return SERIES_TAKEN;
}

static enum series_answer note_histogram(void *data, int64_t at_ms, const double *bounds,
                                         const double *counts, size_t count)
{
    struct collector_tally *tally = data;

    note_put(tally, at_ms);
    tally->bucket_count = count;
    memcpy(tally->bounds, bounds, count * sizeof(*bounds));
    for (size_t i = 0; i < count; i++)
        tally->buckets[i] += counts[i];
    return SERIES_TAKEN;
}

static void note_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct collector_tally *tally = data;

    assert_non_null(why);
    assert_int_not_equal(trouble, SERIES_FINE);
    tally->troubles++;
    tally->is_troubled = true;
    tally->trouble = trouble;
    (void)snprintf(tally->why, sizeof(tally->why), "%s", why);
    tally->bench->has_news = true;
}

static bool watch(struct collector_bench *bench, enum series_kind kind, int64_t every_ms,
                  const char *const *options, struct collector_tally *tally, struct err *err)
{
    struct option_value values[COLLECTOR_BENCH_OPTIONS_MAX];
    struct collector_series series = {.metric = "metric",
                                      .kind = kind,
                                      .every_ms = every_ms,
                                      .silence_max_ms = bench->silence_max_ms,
                                      .options = values,
                                      .sink = {.data = tally,
                                               .gauge = note_gauge,
                                               .count = note_count,
                                               .histogram = note_histogram,
                                               .trouble = note_trouble}};

    read_options(bench, bench->type->metric_options, bench->type->metric_option_count, options, values);
    *tally = (struct collector_tally){.bench = bench};
    return bench->type->watch(bench->collector, &series, &tally->watch, err);
}

struct collector_tally *collector_bench_watch(struct collector_bench *bench, enum series_kind kind,
                                              int64_t every_ms, const char *const *options)
{
    struct collector_tally *tally = &bench->tallies[bench->count];
    struct err err = {0};

    assert_true(bench->count < COLLECTOR_BENCH_WATCHES_MAX);
    if (!watch(bench, kind, every_ms, options, tally, &err))
        fail_msg("%s", err.text);
    assert_int_equal(tally->puts + tally->troubles, 0); /* never inside the call */
    bench->count++;
    return tally;
}

void collector_bench_unwatch(struct collector_tally *tally)
{
    if (tally->watch != NULL)
        tally->bench->type->unwatch(tally->watch);
    tally->watch = NULL;
}

const char *collector_bench_watch_refused(struct collector_bench *bench, enum series_kind kind,
                                          const char *const *options)
{
    static struct err err;
    struct collector_tally tally;

    err = (struct err){0};
    assert_false(watch(bench, kind, 1000, options, &tally, &err));
    return err.text;
}

void collector_bench_turn(struct collector_bench *bench, int64_t deadline_ms, const char *condition)
{
    bench->has_news = false;
    if (!loop_run_until(bench->loop, &bench->has_news, MOMENT_MS) && loop_now_ms() > deadline_ms)
        fail_msg("not within %d ms: %s", COLLECTOR_BENCH_DEADLINE_MS, condition);
}
