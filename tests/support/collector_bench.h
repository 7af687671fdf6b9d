/* collector_bench.h - a collector on a loop, and what it put.
 * SPDX-License-Identifier: MIT
 *
 * Every failure fails the running test. */
#ifndef SUPPORT_COLLECTOR_BENCH_H
#define SUPPORT_COLLECTOR_BENCH_H

#include "collectors/collector.h"
#include "io/http_client.h"
#include "io/loop.h"

#include <stdalign.h>
#include <stddef.h>

enum {
    COLLECTOR_BENCH_DEADLINE_MS = 30000,
    COLLECTOR_BENCH_WATCHES_MAX = 40,
    COLLECTOR_BENCH_OPTIONS_MAX = 16,
    COLLECTOR_BENCH_TEXT_MAX = 16 * 1024
};

/* What one watch was told. */
struct collector_tally {
    struct collector_bench *bench;
    struct collector_watch *watch;
    unsigned puts;
    unsigned troubles;
    bool is_troubled; /* the last call was a trouble */
    enum series_trouble trouble;
    char why[512];
    int64_t at_ms;
    double value; /* of the last gauge */
    double value_max;
    double events, total; /* sums of all counts */
    size_t bucket_count;
    double bounds[SERIES_BUCKETS_MAX];
    double buckets[SERIES_BUCKETS_MAX]; /* sums */
};

struct collector_bench {
    struct loop *loop;
    struct http_client *http;
    struct collector_env env;
    const struct collector_type *type;
    struct collector *collector;
    bool has_news;
    int64_t silence_max_ms; /* of the next watch */
    int64_t ahead_ms;       /* its clock, of the loop's */
    struct collector_tally tallies[COLLECTOR_BENCH_WATCHES_MAX];
    size_t count;
    alignas(max_align_t) char memory[COLLECTOR_BENCH_TEXT_MAX];
    struct arena arena;
};

void collector_bench_start(struct collector_bench *bench, struct loop *loop);
void collector_bench_stop(struct collector_bench *bench);

/* Options as name, text, name, text ..., NULL; a list or map has its elements joined by blanks. */
void collector_bench_open(struct collector_bench *bench, const struct collector_type *type,
                          const char *const *options);
void collector_bench_close(struct collector_bench *bench); /* watches first */
struct collector_tally *collector_bench_watch(struct collector_bench *bench, enum series_kind kind,
                                              int64_t every_ms, const char *const *options);
void collector_bench_unwatch(struct collector_tally *tally);

/* The same where it must fail: the text of its error. */
const char *collector_bench_watch_refused(struct collector_bench *bench, enum series_kind kind,
                                          const char *const *options);

/* Runs the loop until something was told, or a moment; fails at the deadline. */
void collector_bench_turn(struct collector_bench *bench, int64_t deadline_ms, const char *condition);

#define COLLECTOR_BENCH_WAIT(bench, condition)                                                               \
    do {                                                                                                     \
        int64_t wait_until_ms = loop_now_ms() + COLLECTOR_BENCH_DEADLINE_MS;                                 \
        while (!(condition))                                                                                 \
            collector_bench_turn(bench, wait_until_ms, #condition);                                          \
    } while (0)

#endif
