/* test_mqtt_flapping.c - a broker that is killed again and again, messages that come twice and in disorder:
 * nothing is counted twice, and what is wrong is said.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt.h"
#include "support/collector_bench.h"
#include "support/mqtt_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 1000, FLAPS = 4, BURST = 20000, UNANSWERED_MAX = 512, SILENCE_MS = 700 };

struct world {
    struct mqtt_bench *mqtt;
    struct collector_bench bench;
    struct mqtt_party *publisher;
    unsigned published;
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
    collector_bench_open(&world.bench, &mqtt_collector,
                         (const char *[]){"url", world.mqtt->url, "version", mqtt_bench_version, NULL});
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    collector_bench_close(&world->bench);
    collector_bench_stop(&world->bench);
    *state = world->mqtt;
    return mqtt_bench_tear_down(state);
}

static void publish(struct world *world, const char *topic, const char *format, int first, int second)
{
    char payload[64];

    (void)snprintf(payload, sizeof(payload), format, first, second);
    mqtt_bench_publish(world->publisher, topic, payload, 1, false);
    world->published++;
}

/* A subscription is on its way for a moment: says it until it was heard. */
static void say_until(struct world *world, const char *topic, const char *format, int number,
                      const struct collector_tally *tally, unsigned puts)
{
    int64_t until_ms = loop_now_ms() + COLLECTOR_BENCH_DEADLINE_MS;

    while (tally->puts < puts) {
        publish(world, topic, format, number, number / 10);
        collector_bench_turn(&world->bench, until_ms, topic);
    }
}

static void kill_and_start(struct world *world)
{
    struct collector_bench *bench = &world->bench;

    process_signal(&world->mqtt->broker, SIGKILL);
    (void)process_stop(&world->mqtt->broker);
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) != NULL);
    world->publisher->is_up = false;
    mqtt_bench_start_open_broker(world->mqtt);
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) == NULL && world->publisher->is_up);
}

/* What a counter rose by while nobody listened was not observed and does not count; what it rises by then
 * does, and what is said again counts once. */
static void test_nothing_is_counted_twice(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    struct collector_tally *rate = collector_bench_watch(
        bench, SERIES_COUNT, EVERY_MS, (const char *[]){"topic", "c", "events", ".e", "total", ".t", NULL});
    struct collector_tally *level =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "g", NULL});
    int total = 100;

    say_until(world, "c", "{\"t\":%d,\"e\":%d}", total, rate, 1);
    for (int flap = 0; flap < FLAPS; flap++) {
        kill_and_start(world);
        total += 1000;
        say_until(world, "c", "{\"t\":%d,\"e\":%d}", total, rate, rate->puts + 2); /* twice at least */
        total += 10;
        say_until(world, "c", "{\"t\":%d,\"e\":%d}", total, rate, rate->puts + 2);
        level->puts = 0;
        say_until(world, "g", "%d", flap, level, 1);
    }
    assert_true(rate->total == 10 * FLAPS && rate->events == FLAPS);
    assert_int_equal(rate->troubles + level->troubles, 0); /* none was away for five seconds */
    publish(world, "g", "{\"%d%d\"", 1, 2);
    COLLECTOR_BENCH_WAIT(bench, level->is_troubled);
    assert_int_equal(level->trouble, SERIES_ERROR);
    publish(world, "g", "%d%d", 4, 2);
    COLLECTOR_BENCH_WAIT(bench, !level->is_troubled && level->value == 42);
}

/* Of two topics one is silent for longer than its metric's max_age: it alone begins anew, and that is
 * counted. */
static void test_a_silence_is_not_observed(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char text[1024];

    bench->silence_max_ms = SILENCE_MS;
    struct collector_tally *rate = collector_bench_watch(
        bench, SERIES_COUNT, EVERY_MS, (const char *[]){"topic", "c/+", "events", ".e", "total", ".t", NULL});
    say_until(world, "c/one", "{\"t\":%d,\"e\":%d}", 100, rate, 1);
    publish(world, "c/two", "{\"t\":%d,\"e\":%d}", 100, 10);
    publish(world, "c/one", "{\"t\":%d,\"e\":%d}", 110, 11);
    COLLECTOR_BENCH_WAIT(bench, rate->total == 10);
    int64_t silent_ms = loop_now_ms();
    for (int i = 1; loop_now_ms() - silent_ms <= 2 * SILENCE_MS; i++) {
        unsigned puts = rate->puts;
        publish(world, "c/two", "{\"t\":%d,\"e\":%d}", 100 + i, 10);
        COLLECTOR_BENCH_WAIT(bench, rate->puts > puts);
    }
    double before = rate->total;
    publish(world, "c/one", "{\"t\":%d,\"e\":%d}", 5000, 500);
    publish(world, "c/one", "{\"t\":%d,\"e\":%d}", 5003, 501);
    COLLECTOR_BENCH_WAIT(bench, rate->total == before + 3);
    assert_true(rate->events == 1 + 1);
    FILE *file = fmemopen(text, sizeof(text), "w");
    assert_non_null(file);
    bench->type->add_metrics(bench->collector, "main", file);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "\nverdict_mqtt_unobserved_total{source=\"main\"} 1\n"));
}

/* In whichever order they come: the last word counts. */
static void test_a_burst_in_disorder(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    struct collector_tally *tally =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "b", NULL});

    say_until(world, "b", "%d", 7, tally, 1);
    for (int i = 0; i < BURST; i++) {
        publish(world, "b", "%d", (i * 7919) % BURST, 0);
        COLLECTOR_BENCH_WAIT(bench, world->published - world->publisher->acknowledged < UNANSWERED_MAX);
    }
    publish(world, "b", "%d", BURST, 0);
    COLLECTOR_BENCH_WAIT(bench, tally->value == BURST);
    assert_true(tally->puts > BURST && tally->troubles == 0); /* none was lost */
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_counted_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_silence_is_not_observed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_burst_in_disorder, set_up, tear_down),
    };

    mqtt_bench_choose(count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
