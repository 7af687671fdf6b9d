/* test_mqtt_collector.c - values from a real broker: topics, decoders, retained ones, outages, our own state.
 * SPDX-License-Identifier: MIT */
#include "collectors/combine.h"
#include "collectors/decode.h"
#include "collectors/mqtt.h"
#include "io/memory.h"
#include "support/collector_bench.h"
#include "support/mqtt_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 1000, SILENCE_MS = 4000 };

struct world {
    struct mqtt_bench *mqtt;
    struct collector_bench bench;
    struct mqtt_party *publisher;
};

static int set_up(void **state)
{
    static struct world world;

    assert_int_equal(mqtt_bench_set_up(state), 0);
    memset(&world, 0, sizeof(world));
    world.mqtt = *state;
    mqtt_bench_start_open_broker(world.mqtt);
    world.publisher = mqtt_bench_open_and_wait(world.mqtt, 0, (struct mqtt_client_settings){0});
    collector_bench_start(&world.bench, world.mqtt->loop);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    collector_bench_stop(&world->bench);
    *state = world->mqtt;
    return mqtt_bench_tear_down(state);
}

static void open_source(struct world *world)
{
    struct collector_bench *bench = &world->bench;

    collector_bench_open(bench, &mqtt_collector,
                         (const char *[]){"url", world->mqtt->url, "version", mqtt_bench_version, NULL});
    assert_non_null(bench->type->trouble(bench->collector));
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) == NULL);
}

static void publish(struct world *world, const char *topic, const char *payload)
{
    mqtt_bench_publish(world->publisher, topic, payload, 1, false);
}

/* A subscription is on its way for a moment: publishes until the first value has come. */
static void wait_for_subscription(struct world *world, struct collector_tally *tally, const char *topic,
                                  const char *payload)
{
    int64_t until_ms = loop_now_ms() + COLLECTOR_BENCH_DEADLINE_MS;

    while (tally->puts == 0) {
        publish(world, topic, payload);
        collector_bench_turn(&world->bench, until_ms, topic);
    }
}

static void test_gauges_by_topic(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_source(world);
    struct collector_tally *up = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "t/shop/blue/up", "value", ".up", NULL});
    struct collector_tally *deep = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "t/shop/blue/up", "value", ".x[1].y", NULL});
    struct collector_tally *any = collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                                                        (const char *[]){"topic", "t/+/blue/load", NULL});
    wait_for_subscription(world, any, "t/shop/blue/load", " 0.75\n");
    assert_true(any->value == 0.75);
    wait_for_subscription(world, up, "t/shop/blue/up", "{\"up\":99.5,\"x\":[0,{\"y\":true}]}");
    assert_true(up->value == 99.5);
    COLLECTOR_BENCH_WAIT(bench, deep->puts >= 1);
    assert_true(deep->value == 1);
    assert_true(up->at_ms <= loop_now_ms() && up->at_ms > loop_now_ms() - 10000);
    publish(world, "t/shop/green/up", "{\"up\":0}"); /* somebody else's */
    publish(world, "t/shop/blue/up", "{\"up\":98}");
    COLLECTOR_BENCH_WAIT(bench, up->value == 98);
    assert_int_equal(deep->trouble, SERIES_ERROR); /* and says so: its place was not in there */
    assert_non_null(strstr(deep->why, ".x[1].y"));
    unsigned puts = up->puts;
    collector_bench_unwatch(up);
    publish(world, "t/shop/blue/up", "{\"up\":97,\"x\":[0,{\"y\":5}]}");
    COLLECTOR_BENCH_WAIT(bench, deep->value == 5);
    assert_int_equal(up->puts, puts);
    collector_bench_close(bench);
}

static void test_payloads_that_are_none(void **state)
{
    static const char *const payloads[] = {"", "NaN", "1,5", "1e999", "{\"up\":1}", "\xff\xfe", "12 13"};
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_source(world);
    struct collector_tally *tally =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "n", NULL});
    wait_for_subscription(world, tally, "n", "1");
    for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
        unsigned troubles = tally->troubles;
        publish(world, "n", payloads[i]);
        COLLECTOR_BENCH_WAIT(bench, tally->troubles > troubles);
        assert_int_equal(tally->trouble, SERIES_ERROR);
    }
    char *payload = memory_take(DECODE_PAYLOAD_MAX + 2);
    memset(payload, '1', DECODE_PAYLOAD_MAX + 1);
    publish(world, "n", payload);
    free(payload);
    COLLECTOR_BENCH_WAIT(bench, strstr(tally->why, "65537 bytes is longer than 65536") != NULL);
    assert_true(tally->value == 1);
    publish(world, "n", "2");
    COLLECTOR_BENCH_WAIT(bench, !tally->is_troubled && tally->value == 2);
    collector_bench_close(bench);
}

/* Each topic is a reporter: the last word of each counts, at each message and once a second, until it has
 * been silent for too long. */
static void test_several_reporters_made_one(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    bench->silence_max_ms = SILENCE_MS;
    open_source(world);
    int64_t begun_ms = loop_now_ms();
    struct collector_tally *last =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "d/+/up", NULL});
    struct collector_tally *share = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "d/+/up", "combine", "share", NULL});
    struct collector_tally *sum = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "d/#", "combine", "sum", NULL});
    wait_for_subscription(world, share, "d/one/up", "4");
    assert_true(loop_now_ms() - begun_ms >= SILENCE_MS); /* before, others may not have spoken yet */
    wait_for_subscription(world, sum, "d/one/up", "4");
    publish(world, "d/two/up", "2");
    publish(world, "d/three/up", "0");
    COLLECTOR_BENCH_WAIT(bench, share->value == 2.0 / 3 && sum->value == 6);
    assert_true(last->value == 0); /* without combine it is whoever spoke last */
    publish(world, "d/two/up", "none");
    COLLECTOR_BENCH_WAIT(bench, share->is_troubled && share->trouble == SERIES_ERROR);
    unsigned puts = share->puts;
    COLLECTOR_BENCH_WAIT(bench, share->puts > puts); /* the second passes: two said 2 before */
    assert_true(!share->is_troubled && share->value == 2.0 / 3);
    int64_t spoke_ms = loop_now_ms();
    while (share->value != 1) { /* only one goes on */
        publish(world, "d/one/up", "4");
        collector_bench_turn(bench, spoke_ms + COLLECTOR_BENCH_DEADLINE_MS, "the others are silent");
    }
    assert_true(loop_now_ms() - spoke_ms > SILENCE_MS - 1500);
    COLLECTOR_BENCH_WAIT(bench, share->is_troubled && sum->is_troubled);
    assert_int_equal(share->trouble, SERIES_NO_DATA);
    assert_true(sum->value == 4);
    publish(world, "d/two/up", "0");
    COLLECTOR_BENCH_WAIT(bench, !share->is_troubled && share->value == 0 && sum->value == 0);
    collector_bench_close(bench);
}

/* One more topic than the table holds is counted, and the value goes on without it. */
static void test_reporters_beyond_the_bound(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char topic[32];
    char text[512];

    bench->silence_max_ms = SILENCE_MS;
    open_source(world);
    struct collector_tally *sum = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "d/+", "combine", "sum", NULL});
    wait_for_subscription(world, sum, "d/0", "1");
    for (int i = 0; i <= COMBINE_REPORTERS_MAX; i++) {
        (void)snprintf(topic, sizeof(topic), "d/%d", i);
        publish(world, topic, "1");
    }
    COLLECTOR_BENCH_WAIT(bench, sum->value == COMBINE_REPORTERS_MAX);
    publish(world, "d/1", "2"); /* the last message: all before it were read */
    COLLECTOR_BENCH_WAIT(bench, sum->value == COMBINE_REPORTERS_MAX + 1);
    FILE *file = fmemopen(text, sizeof(text), "w");
    assert_non_null(file);
    bench->type->add_metrics(bench->collector, "main", file);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "verdict_mqtt_dropped_total{source=\"main\",why=\"payload\"} 0\n"));
    assert_non_null(strstr(text, "verdict_mqtt_dropped_total{source=\"main\",why=\"topic\"} 0\n"));
    assert_non_null(strstr(text, "\nverdict_mqtt_refused_reports_total{source=\"main\"} 1\n"));
    collector_bench_close(bench);
}

/* What was said before an outage is not known to be true behind it. */
static void test_reporters_are_forgotten_with_the_broker(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    bench->silence_max_ms = SILENCE_MS;
    open_source(world);
    struct collector_tally *most = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "d/+", "combine", "max", NULL});
    wait_for_subscription(world, most, "d/high", "9");
    (void)process_stop(&world->mqtt->broker);
    COLLECTOR_BENCH_WAIT(bench, most->is_troubled);
    assert_int_equal(most->trouble, SERIES_ERROR);
    world->publisher->is_up = false;
    mqtt_bench_start_open_broker(world->mqtt);
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) == NULL && world->publisher->is_up);
    int64_t up_ms = loop_now_ms();
    most->puts = 0;
    wait_for_subscription(world, most, "d/low", "2");
    assert_true(most->value == 2);
    assert_true(loop_now_ms() - up_ms > SILENCE_MS - 500);
    collector_bench_close(bench);
}

/* Each topic of a filter is a counter of its own. */
static void test_raw_counters(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_source(world);
    struct collector_tally *tally = collector_bench_watch(
        bench, SERIES_COUNT, EVERY_MS, (const char *[]){"topic", "c/#", "events", ".e", "total", ".t", NULL});
    wait_for_subscription(world, tally, "c/one", "{\"e\":5,\"t\":100}");
    publish(world, "c/two", "{\"e\":7,\"t\":1000}");
    publish(world, "c/one", "{\"e\":6,\"t\":110}");
    publish(world, "c/two", "{\"e\":9,\"t\":1005}");
    publish(world, "c/one", "{\"e\":1,\"t\":4}"); /* restarted */
    COLLECTOR_BENCH_WAIT(bench, tally->total >= 19);
    assert_true(tally->total == 19 && tally->events == 4);
    collector_bench_close(bench);
}

/* Of many topics those count whose levels are chosen. */
static void test_some_topics_of_a_filter(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_source(world);
    struct collector_tally *halls = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS,
        (const char *[]){"topic", "h/+/+/up", "only", "level1=~'hall-.',level2!='spare'", NULL});
    wait_for_subscription(world, halls, "h/hall-a/1/up", "1");
    publish(world, "h/hall-a/spare/up", "7");
    publish(world, "h/yard/1/up", "no number");
    publish(world, "h/hall-b/2/up", "2");
    COLLECTOR_BENCH_WAIT(bench, halls->value == 2);
    assert_true(halls->value_max == 2 && halls->troubles == 0);
    assert_non_null(
        strstr(collector_bench_watch_refused(bench, SERIES_GAUGE,
                                             (const char *[]){"topic", "h", "only", "level1='a'", NULL}),
               "+ or #"));
    collector_bench_close(bench);
}

static void test_what_is_retained_is_old(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    mqtt_bench_publish(world->publisher, "r", "9", 1, true);
    mqtt_bench_wait_for_acknowledged(world->publisher, 1);
    open_source(world);
    struct collector_tally *tally =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "r", NULL});
    wait_for_subscription(world, tally, "r", "2"); /* the retained one was sent before */
    assert_true(tally->value == 2 && tally->value_max == 2);
    collector_bench_close(bench);
}

static void test_a_broker_that_goes_and_comes(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_source(world);
    struct collector_tally *tally =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "b", NULL});
    wait_for_subscription(world, tally, "b", "1");
    int64_t gone_ms = loop_now_ms();
    (void)process_stop(&world->mqtt->broker);
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) != NULL);
    assert_int_equal(tally->troubles, 0); /* a restart is no trouble yet */
    COLLECTOR_BENCH_WAIT(bench, tally->is_troubled);
    assert_true(loop_now_ms() - gone_ms >= 5000);
    assert_int_equal(tally->trouble, SERIES_ERROR);
    assert_int_equal(tally->troubles, 1);
    world->publisher->is_up = false;
    mqtt_bench_start_open_broker(world->mqtt);
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) == NULL && world->publisher->is_up);
    tally->puts = 0;
    wait_for_subscription(world, tally, "b", "2");
    assert_true(tally->value == 2 && !tally->is_troubled);
    collector_bench_close(bench);
}

static void test_carries_our_state(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    struct err err = {0};

    bench->env.status_source = "main";
    bench->env.will_topic = "verdict/test/status";
    bench->env.will_payload = "offline";
    mqtt_bench_subscribe(world->publisher, "verdict/test/status");
    open_source(world);
    struct mqtt_client *client = collector_mqtt_client(bench->collector);
    bool is_sent = mqtt_client_publish(client, "verdict/test/status", "online", 6, 1, true, NULL, NULL, &err);
    assert_true(is_sent);
    mqtt_bench_expect_message(world->publisher, "verdict/test/status", "online", false);
    collector_bench_close(bench);
}

static void test_refuses_what_cannot_be_watched(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_source(world);
    assert_non_null(
        strstr(collector_bench_watch_refused(bench, SERIES_COUNT, (const char *[]){"topic", "t", NULL}),
               "events and total"));
    assert_non_null(strstr(collector_bench_watch_refused(bench, SERIES_GAUGE,
                                                         (const char *[]){"topic", "t", "value", "up", NULL}),
                           "metric"));
    assert_non_null(strstr(
        collector_bench_watch_refused(
            bench, SERIES_GAUGE, (const char *[]){"topic", "t", "value", ".up", "decoder", "number", NULL}),
        "json"));
    assert_non_null(
        strstr(collector_bench_watch_refused(
                   bench, SERIES_COUNT,
                   (const char *[]){"topic", "t", "events", ".e", "total", ".t", "combine", "max", NULL}),
               "gauges"));
    assert_non_null(
        strstr(collector_bench_watch_refused(bench, SERIES_HISTOGRAM, (const char *[]){"topic", "t", NULL}),
               "histograms"));
    (void)collector_bench_watch_refused(bench, SERIES_GAUGE, (const char *[]){"topic", "t/#/x", NULL});
    collector_bench_close(bench);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gauges_by_topic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_payloads_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_reporters_made_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reporters_beyond_the_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reporters_are_forgotten_with_the_broker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_raw_counters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_some_topics_of_a_filter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_retained_is_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_broker_that_goes_and_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_carries_our_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be_watched, set_up, tear_down),
    };

    mqtt_bench_choose(count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
