/* test_otlp.c - the collector on a loop: whose points reach which watches, and what the sender is told.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp.h"
#include "io/clock.h"
#include "support/collector_bench.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BODY_MAX = 2048, MANY = 600, POINT_SIZE = 160 };

struct world {
    struct loop *loop;
    struct collector_bench bench;
};

static int set_up(void **state)
{
    static struct world world;

    *state = &world;
    world.loop = loop_new();
    collector_bench_start(&world.bench, world.loop);
    collector_bench_open(&world.bench, &otlp_collector, (const char *[]){NULL});
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    collector_bench_close(&world->bench);
    collector_bench_stop(&world->bench);
    loop_free(world->loop);
    return 0;
}

static bool allows(void *data, const char *service, const char *environment)
{
    (void)service;
    (void)environment;
    return *(bool *)data;
}

static struct otlp_answer post(struct collector_bench *bench, bool is_allowed, const char *metric,
                               const char *value)
{
    const struct otlp_sender sender = {.data = &is_allowed, .allows = allows};
    struct otlp_answer answer = {0};
    struct err err = {0};
    static int64_t later_ms; /* each is younger than the one before */
    char body[BODY_MAX];

    (void)snprintf(body, sizeof(body),
                   "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"%s\",\"gauge\":"
                   "{\"dataPoints\":[{\"timeUnixNano\":\"%" PRId64 "000000\",\"asDouble\":%s}]}}]}]}]}",
                   metric, clock_wall_ms() + later_ms++, value);
    if (!otlp_post(bench->collector, body, strlen(body), &sender, &answer, &err))
        fail_msg("%s", err.text);
    return answer;
}

static void points_reach_all_their_watches(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    struct collector_tally *a =
        collector_bench_watch(bench, SERIES_GAUGE, 1000, (const char *[]){"query", "depth", NULL});
    struct collector_tally *b =
        collector_bench_watch(bench, SERIES_GAUGE, 1000, (const char *[]){"query", "depth{x=''}", NULL});

    assert_int_equal(post(bench, true, "depth", "7").rejected, 0);
    assert_true(a->puts == 1 && b->puts == 1 && a->value == 7 && b->value == 7);
    assert_int_equal(post(bench, true, "other", "8").rejected, 0);
    assert_int_equal(a->puts, 1);
    struct otlp_answer answer = post(bench, true, "depth", "\"NaN\"");
    assert_int_equal(answer.rejected, 1); /* one point, of two watches */
    assert_non_null(strstr(answer.why, "not finite"));
    assert_int_equal(a->trouble, SERIES_NOT_FINITE);
    collector_bench_unwatch(a);
    assert_int_equal(post(bench, true, "depth", "9").rejected, 0);
    assert_true(a->puts == 1 && b->value == 9);
    assert_null(bench->type->trouble(bench->collector));
}

static void who_may_not_tell_is_not_heard(void **state)
{
    struct world *world = *state;
    struct collector_tally *tally =
        collector_bench_watch(&world->bench, SERIES_GAUGE, 1000, (const char *[]){"query", "depth", NULL});

    assert_int_equal(post(&world->bench, false, "depth", "7").rejected, 0);
    assert_int_equal(post(&world->bench, false, "depth", "\"NaN\"").rejected, 0);
    assert_int_equal(tally->puts + tally->troubles, 0);
}

static void a_broken_request_changes_nothing(void **state)
{
    static const char body[] = "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"depth\","
                               "\"gauge\":{\"dataPoints\":"
                               "[{\"timeUnixNano\":\"1\",\"asDouble\":1},{\"asDouble\":\"x\"}]}}]}]}]}";
    struct world *world = *state;
    bool is_allowed = true;
    const struct otlp_sender sender = {.data = &is_allowed, .allows = allows};
    struct collector_tally *tally =
        collector_bench_watch(&world->bench, SERIES_GAUGE, 1000, (const char *[]){"query", "depth", NULL});
    struct otlp_answer answer;
    struct err err = {0};

    assert_false(otlp_post(world->bench.collector, body, sizeof(body) - 1, &sender, &answer, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(tally->puts + tally->troubles, 0);
}

static void silence_makes_a_combined_gauge_unknown(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    bench->silence_max_ms = 300;
    struct collector_tally *tally = collector_bench_watch(
        bench, SERIES_GAUGE, 1000, (const char *[]){"query", "depth", "combine", "sum", NULL});
    (void)post(bench, true, "depth", "7");
    COLLECTOR_BENCH_WAIT(bench, tally->troubles > 0); /* by the second that passes */
    assert_int_equal(tally->trouble, SERIES_NO_DATA);
    (void)post(bench, true, "depth", "8");
    assert_true(tally->puts > 0 && tally->value == 8);
}

/* One of many watches, and what it was told last. */
struct one {
    struct collector_watch *watch;
    unsigned puts;
    double value;
};

static enum series_answer note(void *data, int64_t at_ms, double value)
{
    struct one *one = data;

    (void)at_ms;
    one->puts++;
    one->value = value;
    return SERIES_TAKEN;
}

static void must_not(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    (void)trouble;
    fail_msg("%s", why);
}

static void watch_many(struct collector_bench *bench, struct one *ones)
{
    for (int i = 0; i < MANY; i++) {
        char query[32];
        struct err err = {0};
        struct option_value options[COLLECTOR_BENCH_OPTIONS_MAX] = {{.text = query, .is_set = true}};
        const struct collector_series series = {
            .metric = "m",
            .service = "shop",
            .environment = "prod",
            .kind = SERIES_GAUGE,
            .every_ms = 1000,
            .options = options,
            .sink = {.data = &ones[i], .gauge = note, .trouble = must_not}};
        (void)snprintf(query, sizeof(query), "depth{n='%d'}", i);
        if (!otlp_collector.watch(bench->collector, &series, &ones[i].watch, &err))
            fail_msg("%s", err.text);
    }
}

static void unwatch_one(struct one *one)
{
    if (one->watch != NULL)
        otlp_collector.unwatch(one->watch);
    one->watch = NULL;
}

/* A point for each of many; their values are those of their numbers and `more`. */
static void post_many(struct collector_bench *bench, int64_t time_ms, int more)
{
    char *body = malloc(MANY * POINT_SIZE + BODY_MAX);
    bool is_allowed = true;
    const struct otlp_sender sender = {.data = &is_allowed, .allows = allows};
    struct otlp_answer answer = {0};
    struct err err = {0};

    assert_non_null(body);
    int length = snprintf(body, BODY_MAX,
                          "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"depth\","
                          "\"gauge\":{\"dataPoints\":[");
    for (int i = 0; i < MANY; i++)
        length += snprintf(body + length, POINT_SIZE,
                           "%s{\"timeUnixNano\":\"%" PRId64
                           "000000\",\"asInt\":%d,\"attributes\":[{\"key\":\"n\",\"value\":{"
                           "\"stringValue\":\"%d\"}}]}",
                           i == 0 ? "" : ",", time_ms, i + more, i);
    length += snprintf(body + length, BODY_MAX, "]}}]}]}]}");
    if (!otlp_post(bench->collector, body, (size_t)length, &sender, &answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer.rejected, 0);
    free(body);
}

static unsigned count_told(const struct one *ones, unsigned puts)
{
    unsigned told = 0;

    for (int i = 0; i < MANY; i++)
        told += ones[i].puts >= puts;
    return told;
}

/* A request of many watches is put turn by turn; the next one does not overtake it, and whoever leaves in
 * between is told no more. */
static void many_are_told_turn_by_turn(void **state)
{
    static const bool never = false;
    static struct one ones[MANY];
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    int64_t time_ms = clock_wall_ms();

    memset(ones, 0, sizeof(ones));
    watch_many(bench, ones);
    post_many(bench, time_ms, 0);
    unsigned told = count_told(ones, 1);
    assert_true(told > 0 && told < MANY);
    post_many(bench, time_ms + 1, 1000);
    assert_int_equal(count_told(ones, 1), MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(ones[i].value == i || ones[i].value == i + 1000);
    (void)!loop_run_until(world->loop, &never, 50);
    assert_int_equal(count_told(ones, 2), MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(ones[i].puts == 2 && ones[i].value == i + 1000);
    post_many(bench, time_ms + 2, 2000);
    for (int i = 0; i < MANY; i += 2)
        unwatch_one(&ones[i]);
    (void)!loop_run_until(world->loop, &never, 50);
    for (int i = 1; i < MANY; i += 2)
        assert_true(ones[i].puts == 3 && ones[i].value == i + 2000);
    post_many(bench, time_ms + 3, 3000); /* and it is closed before all are told */
    for (int i = 1; i < MANY; i += 2)
        unwatch_one(&ones[i]);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(points_reach_all_their_watches),         WITH_WORLD(who_may_not_tell_is_not_heard),
        WITH_WORLD(a_broken_request_changes_nothing),       WITH_WORLD(many_are_told_turn_by_turn),
        WITH_WORLD(silence_makes_a_combined_gauge_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
