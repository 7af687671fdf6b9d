/* test_mqtt_shared.c - shared subscriptions: the members of a group hear each message once among them.
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

#include <cmocka.h>

enum { EVERY_MS = 1000, MEMBERS = 2, MESSAGES = 60 };

struct world {
    struct mqtt_bench *mqtt;
    struct collector_bench members[MEMBERS];
    struct mqtt_party *publisher;
};

static int set_up(void **state)
{
    static struct world world;
    static const char *const names[MEMBERS] = {"member-one", "member-two"};

    assert_int_equal(mqtt_bench_set_up(state), 0);
    memset(&world, 0, sizeof(world));
    world.mqtt = *state;
    mqtt_bench_start_open_broker(world.mqtt);
    world.publisher = mqtt_bench_open_and_wait(world.mqtt, 0, (struct mqtt_client_settings){0});
    for (size_t i = 0; i < MEMBERS; i++) {
        struct collector_bench *member = &world.members[i];
        collector_bench_start(member, world.mqtt->loop);
        collector_bench_open(member, &mqtt_collector,
                             (const char *[]){"url", world.mqtt->url, "client_id", names[i], "version",
                                              mqtt_bench_version, NULL});
        COLLECTOR_BENCH_WAIT(member, member->type->trouble(member->collector) == NULL);
    }
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < MEMBERS; i++) {
        collector_bench_close(&world->members[i]);
        collector_bench_stop(&world->members[i]);
    }
    *state = world->mqtt;
    return mqtt_bench_tear_down(state);
}

static void publish(struct world *world, const char *topic, const char *payload)
{
    mqtt_bench_publish(world->publisher, topic, payload, 1, false);
}

/* Each of a group hears some, and together they hear all, none twice. */
static void hear_together(struct world *world, const char *filter, const char *topic)
{
    struct collector_tally *heard[MEMBERS];
    struct collector_bench *bench = &world->members[0];
    int64_t until_ms = loop_now_ms() + COLLECTOR_BENCH_DEADLINE_MS;

    for (size_t i = 0; i < MEMBERS; i++)
        heard[i] = collector_bench_watch(&world->members[i], SERIES_GAUGE, EVERY_MS,
                                         (const char *[]){"topic", filter, NULL});
    while (heard[0]->puts == 0 || heard[1]->puts == 0) { /* both subscriptions stand */
        publish(world, topic, "1");
        mqtt_bench_wait_for_acknowledged(world->publisher, world->publisher->acknowledged + 1);
        collector_bench_turn(bench, until_ms, filter);
    }
    collector_bench_turn(bench, until_ms, filter);
    heard[0]->puts = heard[1]->puts = 0;
    for (int i = 0; i < MESSAGES; i++)
        publish(world, topic, "2");
    COLLECTOR_BENCH_WAIT(bench, heard[0]->puts + heard[1]->puts >= MESSAGES);
    assert_true(heard[0]->value == 2 && heard[1]->value == 2);
    assert_int_equal(heard[0]->puts + heard[1]->puts, MESSAGES);
    assert_true(heard[0]->puts > 0 && heard[1]->puts > 0);
}

static void test_one_topic(void **state)
{
    hear_together(*state, "$share/judges/t/up", "t/up");
}

static void test_many_topics(void **state)
{
    hear_together(*state, "$share/judges/d/+/up", "d/7/up");
}

static void read_metrics(const struct collector_bench *bench, char *text, size_t size)
{
    FILE *file = fmemopen(text, size, "w");

    assert_non_null(file);
    bench->type->add_metrics(bench->collector, "main", file);
    assert_int_equal(fclose(file), 0);
}

/* What comes and is nobody's is not lost unseen. */
static void test_what_nobody_watches_is_counted(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->members[0];
    struct err err = {0};
    char text[1024] = "";

    if (!mqtt_client_subscribe(collector_mqtt_client(bench->collector), "stray/#", 1, &err))
        fail_msg("%s", err.text);
    struct collector_tally *tally =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"topic", "own", NULL});
    int64_t until_ms = loop_now_ms() + COLLECTOR_BENCH_DEADLINE_MS;
    while (tally->puts == 0) {
        publish(world, "own", "1");
        collector_bench_turn(bench, until_ms, "own");
    }
    read_metrics(bench, text, sizeof(text));
    assert_non_null(strstr(text, "\nverdict_mqtt_unwatched_total{source=\"main\"} 0\n"));
    publish(world, "stray/1", "1");
    publish(world, "stray/2", "no number");
    publish(world, "own", "2"); /* behind them */
    COLLECTOR_BENCH_WAIT(bench, tally->value == 2);
    read_metrics(bench, text, sizeof(text));
    assert_non_null(strstr(text, "\nverdict_mqtt_unwatched_total{source=\"main\"} 2\n"));
}

static void test_what_is_none_is_refused(void **state)
{
    static const char *const filters[] = {"$share/", "$share/g", "$share/g/", "$share//a", "$share/g+/a"};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
        const char *why = collector_bench_watch_refused(&world->members[0], SERIES_GAUGE,
                                                        (const char *[]){"topic", filters[i], NULL});
        assert_non_null(strstr(why, "$share/GROUP/TOPIC"));
    }
    assert_string_equal(mqtt_client_filter("$share/g/a/+"), "a/+");
    assert_string_equal(mqtt_client_filter("$SYS/broker/load"), "$SYS/broker/load");
    assert_string_equal(mqtt_client_filter("a/$share/g"), "a/$share/g");
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_topic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_topics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_nobody_watches_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_none_is_refused, set_up, tear_down),
    };

    mqtt_bench_choose(count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
