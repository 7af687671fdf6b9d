/* cloudwatch_fixture.h - a collector of CloudWatch's and the peer that it asks, for tests of it.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CLOUDWATCH_FIXTURE_H
#define SUPPORT_CLOUDWATCH_FIXTURE_H

#include "collectors/cloudwatch.h"
#include "support/aws_bench.h"
#include "support/collector_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 1000 };

struct fixture {
    struct aws_bench aws;
    struct loop *loop;
    struct collector_bench bench;
};

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(aws_bench_start(&fixture->aws));
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDFIXED", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "fixed/secret+key", 1);
    fixture->loop = loop_new();
    collector_bench_start(&fixture->bench, fixture->loop);
    collector_bench_open(&fixture->bench, &cloudwatch_collector,
                         (const char *[]){"region", "eu-test-1", "endpoint", fixture->aws.url, NULL});
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;

    collector_bench_close(&fixture->bench);
    collector_bench_stop(&fixture->bench);
    loop_free(fixture->loop);
    aws_bench_stop(&fixture->aws);
    free(fixture);
    return 0;
}

static inline struct collector_tally *watch_gauge(struct fixture *fixture, const char *metric,
                                                  const char *stat)
{
    return collector_bench_watch(
        &fixture->bench, SERIES_GAUGE, EVERY_MS,
        (const char *[]){"metric", metric, "stat", stat, "period", "1s", "delay", "0s", NULL});
}

static inline struct collector_tally *watch_count(struct fixture *fixture, const char *events,
                                                  const char *total)
{
    return collector_bench_watch(&fixture->bench, SERIES_COUNT, EVERY_MS,
                                 (const char *[]){"events", events, "total", total, "dimensions",
                                                  "TargetGroup targetgroup/green/1 LoadBalancer app/shop",
                                                  "period", "1s", "delay", "0s", NULL});
}

#endif
