/* test_mqtt_decoders.c - what collectd, Telegraf and programs with expositions publish, by a real broker.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt.h"
#include "support/collector_bench.h"
#include "support/mqtt_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { EVERY_MS = 1000, SILENCE_MS = 3000 };

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
    collector_bench_open(&world.bench, &mqtt_collector,
                         (const char *[]){"url", world.mqtt->url, "version", mqtt_bench_version, NULL});
    COLLECTOR_BENCH_WAIT(&world.bench, world.bench.type->trouble(world.bench.collector) == NULL);
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

static void publish(struct world *world, const char *topic, const char *payload)
{
    mqtt_bench_publish(world->publisher, topic, payload, 1, false);
}

static struct collector_tally *watch(struct world *world, const char *const *options)
{
    return collector_bench_watch(&world->bench, SERIES_GAUGE, EVERY_MS, options);
}

/* A subscription is on its way for a moment: publishes until something has come. */
static void wait_for_subscription(struct world *world, const unsigned *count, const char *topic,
                                  const char *payload)
{
    int64_t until_ms = loop_now_ms() + COLLECTOR_BENCH_DEADLINE_MS;

    while (*count == 0) {
        publish(world, topic, payload);
        collector_bench_turn(&world->bench, until_ms, topic);
    }
}

static void test_gauges(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char payload[128];

    struct collector_tally *load = watch(
        world, (const char *[]){"topic", "collectd/a/load/load", "decoder", "collectd", "value", "1", NULL});
    struct collector_tally *idle = watch(world, (const char *[]){"topic", "telegraf/#", "decoder", "influx",
                                                                 "value", "cpu.idle{host='a'}", NULL});
    struct collector_tally *up =
        watch(world, (const char *[]){"topic", "app/metrics", "decoder", "openmetrics", "value", "up", NULL});
    (void)snprintf(payload, sizeof(payload), "%lld.5:0.25:0.5:0.75", (long long)time(NULL));
    wait_for_subscription(world, &load->puts, "collectd/a/load/load", payload);
    assert_true(load->value == 0.5);
    wait_for_subscription(world, &idle->puts, "telegraf/x", "cpu,host=a idle=97.5\ncpu,host=b idle=1\n");
    assert_true(idle->value == 97.5);
    wait_for_subscription(world, &up->puts, "app/metrics", "# TYPE up gauge\nup 1\n# EOF\n");
    assert_true(up->value == 1);
    publish(world, "collectd/a/load/load", "1500000000:1:2:3");
    publish(world, "telegraf/x", "cpu,host=a idle=1,5\n");
    publish(world, "app/metrics", "up{i=\"a\"} 1\nup{i=\"b\"} 1\n");
    COLLECTOR_BENCH_WAIT(bench, load->is_troubled && idle->is_troubled && up->is_troubled);
    assert_non_null(strstr(load->why, "another time"));
    assert_non_null(strstr(idle->why, "line 1"));
    assert_int_equal(up->trouble, SERIES_AMBIGUOUS);
    assert_non_null(strstr(up->why, "the payload has 2 series where one is expected"));
    assert_non_null(strstr(up->why, ": {i=\"a\"}, {i=\"b\"}"));
    publish(world, "app/metrics", "down 1\n");
    COLLECTOR_BENCH_WAIT(bench, up->trouble == SERIES_ERROR);
    assert_non_null(strstr(up->why, "the payload has no up"));
    publish(world, "app/metrics", "up NaN\n");
    COLLECTOR_BENCH_WAIT(bench, strstr(up->why, "no finite number") != NULL);
    assert_int_equal(up->puts, 1);
}

/* Restarted, born, of two topics; a first message is a beginning. */
static void test_counters(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    struct collector_tally *rate =
        collector_bench_watch(bench, SERIES_COUNT, EVERY_MS,
                              (const char *[]){"topic", "app/+/metrics", "decoder", "openmetrics", "total",
                                               "r", "events", "r{c=~'5..'}", NULL});
    wait_for_subscription(world, &rate->puts, "app/a/metrics", "r{c=\"200\"} 10\n");
    assert_true(rate->total == 0 && rate->events == 0);
    publish(world, "app/a/metrics", "r{c=\"200\"} 15\nr{c=\"503\"} 2\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 7);
    assert_true(rate->total == 7 && rate->events == 2);
    publish(world, "app/b/metrics", "r{c=\"200\"} 1000\nr{c=\"503\"} 100\n"); /* heard for the first time */
    publish(world, "app/b/metrics", "r{c=\"200\"} 1001\nr{c=\"503\"} 101\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 9);
    assert_true(rate->total == 9 && rate->events == 3);
    publish(world, "app/a/metrics", "r{c=\"200\"} 3\nr{c=\"503\"} 0\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 12);
    assert_true(rate->total == 12 && rate->events == 3);
    publish(world, "app/a/metrics", "q 3\n");
    COLLECTOR_BENCH_WAIT(bench, rate->is_troubled);
    assert_non_null(strstr(rate->why, "the payload has no r"));
    publish(world, "app/a/metrics", "r NaN\n");
    COLLECTOR_BENCH_WAIT(bench, strstr(rate->why, "no finite number") != NULL);
}

/* Each value of a payload is a reporter of its own. */
static void test_reporters_in_one_payload(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    bench->silence_max_ms = SILENCE_MS;
    struct collector_tally *sum =
        watch(world, (const char *[]){"topic", "site/+", "decoder", "influx", "value", "door.open", "combine",
                                      "sum", NULL});
    wait_for_subscription(world, &sum->puts, "site/1", "door,id=a open=1i\ndoor,id=b open=1i\n");
    publish(world, "site/2", "door,id=a open=1i");
    COLLECTOR_BENCH_WAIT(bench, sum->value == 3);
    publish(world, "site/1", "door,id=b open=0i");
    COLLECTOR_BENCH_WAIT(bench, sum->value == 2);
}

static void retain(struct world *world, const char *topic, const char *rest, int64_t age_s)
{
    char payload[128];
    unsigned before = world->publisher->acknowledged;

    (void)snprintf(payload, sizeof(payload), "%lld%s", (long long)(time(NULL) - age_s), rest);
    mqtt_bench_publish(world->publisher, topic, payload, 1, true);
    mqtt_bench_wait_for_acknowledged(world->publisher, before + 1);
}

static unsigned long long dropped(const struct collector_bench *bench)
{
    static const char name[] = "verdict_mqtt_dropped_total{source=\"main\",why=\"retained\"} ";
    char text[1024] = "";
    FILE *file = fmemopen(text, sizeof(text), "w");

    assert_non_null(file);
    bench->type->add_metrics(bench->collector, "main", file);
    assert_int_equal(fclose(file), 0);
    const char *at = strstr(text, name);
    assert_non_null(at);
    return strtoull(at + sizeof(name) - 1, NULL, 10);
}

/* What the broker kept counts as of its own time, where it has one and it is not too long ago. */
static void test_retained_by_their_own_time(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    bench->silence_max_ms = 60 * 1000;
    retain(world, "k/fresh", ":7", 20);
    retain(world, "k/old", ":8", 90);
    retain(world, "k/older", ":9", 900);
    retain(world, "k/json", "", 0);
    int64_t now_ms = loop_now_ms();
    struct collector_tally *fresh =
        watch(world, (const char *[]){"topic", "k/fresh", "decoder", "collectd", NULL});
    struct collector_tally *old =
        watch(world, (const char *[]){"topic", "k/old", "decoder", "collectd", NULL});
    struct collector_tally *never =
        watch(world, (const char *[]){"topic", "k/fresh", "decoder", "collectd", "retained", "0s", NULL});
    struct collector_tally *longer =
        watch(world, (const char *[]){"topic", "k/older", "decoder", "collectd", "retained", "20m", NULL});
    struct collector_tally *timeless = watch(world, (const char *[]){"topic", "k/json", NULL});
    COLLECTOR_BENCH_WAIT(bench, fresh->puts == 1 && longer->puts == 1 && dropped(bench) >= 3);
    assert_true(fresh->value == 7 && longer->value == 9);
    assert_true(fresh->at_ms <= now_ms - 19000 && fresh->at_ms >= now_ms - 22000);
    assert_true(longer->at_ms <= now_ms - 899000 && longer->at_ms >= now_ms - 902000);
    assert_int_equal(old->puts + never->puts + timeless->puts, 0);
    assert_int_equal(old->troubles + never->troubles + timeless->troubles, 0);
    /* Who comes second to a topic hears what is kept, too; whom it is told twice knows it. */
    struct collector_tally *second =
        watch(world, (const char *[]){"topic", "k/fresh", "decoder", "collectd", NULL});
    COLLECTOR_BENCH_WAIT(bench, second->puts == 1);
    assert_true(second->value == 7 && fresh->value == 7);
    retain(world, "k/fresh", ":70", 1); /* said while we listen: it is of now */
    COLLECTOR_BENCH_WAIT(bench, fresh->value == 70 && never->value == 70);
    assert_true(loop_now_ms() - fresh->at_ms < 10000);
}

static void test_refuses_what_cannot_be_read(void **state)
{
    static const struct {
        const char *decoder, *value, *why;
    } metrics[] = {
        {"influx", NULL, "value is missing"},
        {"openmetrics", "rate(x[1m])", "functions"},
        {"collectd", ".x", "from 0 to 63"},
        {"number", ".x", "no places"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics); i++) {
        const char *why = collector_bench_watch_refused(
            &world->bench, SERIES_GAUGE,
            (const char *[]){"topic", "t", "decoder", metrics[i].decoder,
                             metrics[i].value != NULL ? "value" : NULL, metrics[i].value, NULL});
        if (strstr(why, metrics[i].why) == NULL)
            fail_msg("%s: %s", metrics[i].decoder, why);
    }
    assert_non_null(strstr(
        collector_bench_watch_refused(&world->bench, SERIES_GAUGE,
                                      (const char *[]){"topic", "t", "value", ".x", "retained", "1m", NULL}),
        "payload says its time"));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gauges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reporters_in_one_payload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retained_by_their_own_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be_read, set_up, tear_down),
    };

    mqtt_bench_choose(count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
