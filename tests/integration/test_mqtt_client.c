/* test_mqtt_client.c - the MQTT client and the real broker: messages, Wills, restarts, limits.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "support/mqtt_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void talk(struct mqtt_bench *bench, bool is_v5)
{
    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one =
        mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){.is_v5 = is_v5});
    struct mqtt_party *two =
        mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){.is_v5 = is_v5});
    mqtt_bench_subscribe(one, "plant/+/up");
    for (int qos = 0; qos <= 2; qos++) {
        char payload[32];
        (void)snprintf(payload, sizeof(payload), "value %d", qos);
        /* The subscription is on its way: until it stands, messages are not for us. */
        if (qos == 0) {
            mqtt_bench_publish(one, "plant/x/up", "first", 1, false);
            mqtt_bench_expect_message(one, "plant/x/up", "first", false);
        }
        mqtt_bench_publish(two, "plant/blue/up", payload, qos, false);
        assert_false(two->is_done); /* never inside the call */
        mqtt_bench_expect_message(one, "plant/blue/up", payload, false);
        mqtt_bench_wait_for(bench, &two->is_done);
        two->is_done = false;
        assert_int_equal(two->acknowledged, qos + 1);
    }
    mqtt_bench_publish(two, "plant/blue/down", "no", 1, false);
    mqtt_bench_publish(two, "plant/blue/up", "", 1, false);
    mqtt_bench_expect_message(one, "plant/blue/up", "", false);
    assert_int_equal(one->length, 0);
    mqtt_bench_wait_for_acknowledged(two, 5);
    assert_int_equal(two->failed, 0);
    assert_int_equal(mqtt_client_counts(two->client).in_flight, 0);
    assert_int_equal(mqtt_client_counts(one->client).messages, 5);
}

static void test_publish_and_receive(void **state)
{
    talk(*state, false);
}

static void test_publish_and_receive_by_version_5(void **state)
{
    talk(*state, true);
}

static void test_retained(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_publish(one, "verdict/a/status", "online", 1, true);
    mqtt_bench_wait_for(bench, &one->is_done);
    struct mqtt_party *two = mqtt_bench_open(bench, 1, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(two, "verdict/#"); /* before it is up */
    mqtt_bench_expect_message(two, "verdict/a/status", "online", true);
    mqtt_bench_publish(one, "verdict/a/status", "busy", 1, true);
    mqtt_bench_expect_message(two, "verdict/a/status", "busy", false);
}

/* A relay between client and broker: killing it is what a cut line looks like to the broker. */
static struct process start_relay(struct mqtt_bench *bench, uint16_t port)
{
    char here[64];
    char there[64];

    (void)snprintf(here, sizeof(here), "TCP-LISTEN:%u,bind=127.0.0.1,reuseaddr", port);
    (void)snprintf(there, sizeof(there), "TCP:127.0.0.1:%u", bench->port);
    const char *const argv[] = {"socat", here, there, NULL};
    return process_start(argv, NULL);
}

static void test_will_comes_when_the_line_is_cut(void **state)
{
    struct mqtt_bench *bench = *state;
    uint16_t port = process_free_port();
    char url[64];

    mqtt_bench_start_open_broker(bench);
    struct process relay = start_relay(bench, port);
    (void)snprintf(url, sizeof(url), "mqtt://127.0.0.1:%u", port);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(one, "status/+");
    struct mqtt_party *two = mqtt_bench_open_and_wait(
        bench, 1,
        (struct mqtt_client_settings){
            .url = url, .will_topic = "status/two", .will_payload = "offline", .will_is_retained = true});
    mqtt_bench_publish(two, "status/two", "online", 1, true);
    mqtt_bench_expect_message(one, "status/two", "online", false);
    two->is_down = false; /* it may have been, before the relay listened */
    (void)process_stop(&relay);
    mqtt_bench_expect_message(one, "status/two", "offline", false);
    mqtt_bench_wait_for(bench, &two->is_down);
    assert_false(mqtt_client_is_up(two->client));
}

static void test_no_will_after_a_good_bye(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(one, "status/+");
    struct mqtt_party *two = mqtt_bench_open_and_wait(
        bench, 1, (struct mqtt_client_settings){.will_topic = "status/two", .will_payload = "offline"});
    mqtt_bench_publish(two, "status/two", "going", 1, false);
    mqtt_bench_expect_message(one, "status/two", "going", false);
    mqtt_bench_close(two);
    /* The broker handles one client's packets in order: had there been a Will, it would come first. */
    two = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    mqtt_bench_publish(two, "status/two", "again", 1, false);
    mqtt_bench_expect_message(one, "status/two", "again", false);
    assert_int_equal(one->messages, 2);
    assert_int_equal(two->failed + two->acknowledged, 1);
}

static void test_freed_inside_a_callback(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    struct mqtt_party *two = mqtt_bench_open_and_wait(
        bench, 1, (struct mqtt_client_settings){.will_topic = "t/x", .will_payload = "will"});
    mqtt_bench_subscribe(one, "t/#");
    mqtt_bench_subscribe(two, "t/#");
    two->frees_itself = true;
    mqtt_bench_publish(two, "t/1", "a", 1, false);
    mqtt_bench_publish(two, "t/2", "b", 1, false);
    mqtt_bench_wait_for(bench, &two->has_message);
    assert_null(two->client);
    assert_int_equal(two->messages, 1);
    assert_int_equal(two->failed + two->acknowledged, 2);
    one->messages = 0;
    mqtt_bench_publish(one, "t/3", "end", 1, false);
    while (strcmp(one->payload, "end") != 0) {
        one->has_message = false;
        mqtt_bench_wait_for(bench, &one->has_message);
        assert_string_not_equal(one->payload, "will");
    }
}

/* Messages are still on their way to who leaves: that must not turn its good-bye into a lost connection. */
static void test_no_will_when_it_leaves_in_a_flood(void **state)
{
    enum { ROUNDS = 20, MESSAGES = 200 };
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(one, "will");
    for (int round = 0; round < ROUNDS; round++) {
        char name[32];
        /* A name of its own: who takes over a name has the broker publish the Will of the last one. */
        (void)snprintf(name, sizeof(name), "leaver-%d", round);
        struct mqtt_party *two = mqtt_bench_open_and_wait(
            bench, 1,
            (struct mqtt_client_settings){.client_id = name, .will_topic = "will", .will_payload = "will"});
        mqtt_bench_subscribe(two, "flood");
        two->has_message = false;
        two->frees_itself = true;
        for (int i = 0; i < MESSAGES; i++)
            mqtt_bench_publish(two, "flood", "a", 0, false);
        mqtt_bench_wait_for(bench, &two->has_message);
        two->frees_itself = false;
    }
    mqtt_bench_publish(one, "will", "end", 1, false);
    mqtt_bench_expect_message(one, "will", "end", false);
    assert_int_equal(one->messages, 1);
}

static void test_broker_restart(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(one, "a/#");
    mqtt_bench_subscribe(one, "b/#");
    mqtt_bench_subscribe(one, "b/#");
    mqtt_bench_subscribe(one, "c/#");
    mqtt_client_unsubscribe(one->client, "b/#");
    mqtt_client_unsubscribe(one->client, "c/#");
    mqtt_bench_publish(one, "a/1", "before", 1, false);
    mqtt_bench_expect_message(one, "a/1", "before", false);
    (void)process_stop(&bench->broker);
    mqtt_bench_wait_for(bench, &one->is_down);
    assert_string_not_equal(one->reason, "");
    one->is_up = false;
    mqtt_bench_start_open_broker(bench);
    mqtt_bench_wait_for(bench, &one->is_up);
    mqtt_bench_publish(one, "a/1", "after", 1, false);
    mqtt_bench_expect_message(one, "a/1", "after", false);
    mqtt_bench_publish(one, "c/1", "not for us", 1, false);
    mqtt_bench_publish(one, "b/1", "still", 1, false);
    mqtt_bench_expect_message(one, "b/1", "still", false);
    assert_int_equal(mqtt_client_counts(one->client).connections, 2);
    assert_true(mqtt_client_counts(one->client).attempts >= 2);
}

static void test_broker_is_absent_at_first(void **state)
{
    struct mqtt_bench *bench = *state;
    struct mqtt_party *one = mqtt_bench_open(bench, 0, (struct mqtt_client_settings){0});
    struct err err = {0};

    mqtt_bench_subscribe(one, "a");
    mqtt_bench_wait_for(bench, &one->is_down);
    assert_string_equal(one->reason, "Connection refused");
    assert_false(mqtt_client_publish(one->client, "a", "x", 1, 1, false, mqtt_bench_note_done, one, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    mqtt_bench_start_open_broker(bench);
    mqtt_bench_wait_for(bench, &one->is_up);
    mqtt_bench_publish(one, "a", "there", 1, false);
    mqtt_bench_expect_message(one, "a", "there", false);
    assert_int_equal(mqtt_client_counts(one->client).refused_publishes, 1);
    assert_int_equal(mqtt_client_counts(one->client).connections, 1);
    assert_int_equal(one->failed, 0);
}

static void test_unknown_host(void **state)
{
    struct mqtt_bench *bench = *state;
    struct mqtt_party *one =
        mqtt_bench_open(bench, 0, (struct mqtt_client_settings){.url = "mqtt://no-such-host.invalid:1883"});

    mqtt_bench_wait_for(bench, &one->is_down);
    assert_string_not_equal(one->reason, "");
}

/* Freed while its worker connects: tear_down does it at once. */
static void test_freed_before_it_is_up(void **state)
{
    struct mqtt_bench *bench = *state;
    struct mqtt_party *one =
        mqtt_bench_open(bench, 0, (struct mqtt_client_settings){.url = "mqtt://no-such-host.invalid:1883"});
    struct mqtt_party *two = mqtt_bench_open(bench, 1, (struct mqtt_client_settings){0});
    int64_t end_ms = process_now_ms() + MQTT_BENCH_DEADLINE_MS;
    const bool never = false;

    while (mqtt_client_counts(one->client).attempts == 0 && process_now_ms() < end_ms)
        (void)!loop_run_until(bench->loop, &never, 1);
    assert_int_equal(mqtt_client_counts(one->client).attempts, 1);
    mqtt_client_free(one->client);
    mqtt_client_free(two->client);
    one->client = NULL;
    two->client = NULL;
}

static void test_in_flight_is_bounded(void **state)
{
    struct mqtt_bench *bench = *state;
    struct err err = {0};

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    for (int i = 0; i < MQTT_CLIENT_IN_FLIGHT_MAX; i++)
        mqtt_bench_publish(one, "a", "x", 1, false);
    assert_false(mqtt_client_publish(one->client, "a", "x", 1, 1, false, mqtt_bench_note_done, one, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    mqtt_bench_wait_for_acknowledged(one, MQTT_CLIENT_IN_FLIGHT_MAX);
    mqtt_bench_publish(one, "a", "x", 1, false);
    mqtt_bench_wait_for_acknowledged(one, MQTT_CLIENT_IN_FLIGHT_MAX + 1);
}

static void test_long_payloads_are_dropped(void **state)
{
    struct mqtt_bench *bench = *state;
    struct err err = {0};
    char *payload = malloc(2000);

    memset(payload, 'x', 2000);
    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one =
        mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){.payload_max_bytes = 1000});
    struct mqtt_party *two = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(one, "a");
    mqtt_bench_publish(one, "a", "ready", 1, false);
    mqtt_bench_expect_message(one, "a", "ready", false);
    assert_true(
        mqtt_client_publish(two->client, "a", payload, 1001, 1, false, mqtt_bench_note_done, two, &err));
    assert_true(
        mqtt_client_publish(two->client, "a", payload, 1000, 1, false, mqtt_bench_note_done, two, &err));
    mqtt_bench_wait_for(bench, &one->has_message);
    assert_int_equal(one->length, 1000);
    assert_int_equal(mqtt_client_counts(one->client).dropped_payloads, 1);
    assert_false(mqtt_client_publish(one->client, "a", payload, MQTT_CLIENT_PUBLISH_MAX_BYTES + 1, 1, false,
                                     mqtt_bench_note_done, one, &err)); /* refused before it is looked at */
    assert_int_equal(err.code, ERR_INVALID);
    free(payload);
}

static void expect_invalid(struct mqtt_bench *bench, struct mqtt_client_settings settings, enum err_code code)
{
    struct mqtt_client *client = NULL;
    struct err err = {0};

    if (settings.client_id == NULL)
        settings.client_id = "x";
    if (settings.url == NULL)
        settings.url = bench->url;
    assert_false(mqtt_client_new(bench->loop, &settings, &mqtt_bench_callbacks, NULL, &client, &err));
    assert_int_equal(err.code, code);
    assert_null(client);
}

static void test_bad_settings_are_refused(void **state)
{
    struct mqtt_bench *bench = *state;

    expect_invalid(bench, (struct mqtt_client_settings){.url = "http://x"}, ERR_INVALID);
    expect_invalid(bench, (struct mqtt_client_settings){.client_id = ""}, ERR_INVALID);
    expect_invalid(bench, (struct mqtt_client_settings){.password = "x"}, ERR_INVALID);
    expect_invalid(bench, (struct mqtt_client_settings){.keepalive_s = 4}, ERR_INVALID);
    expect_invalid(bench, (struct mqtt_client_settings){.certificate_file = "x"}, ERR_INVALID);
    expect_invalid(bench, (struct mqtt_client_settings){.will_topic = "a/+"}, ERR_INVALID);
    expect_invalid(bench, (struct mqtt_client_settings){.url = "mqtts://x", .ca_file = "/does/not/exist"},
                   ERR_IO);
}

static void test_bad_filters_and_topics_are_refused(void **state)
{
    static const char *const filters[] = {"", "a/#/b", "a+", "a/\xc3\x28"};
    static const char *const topics[] = {"", "a/#", "+", "a/\xc3\x28"};
    struct mqtt_bench *bench = *state;
    struct mqtt_party *one = mqtt_bench_open(bench, 0, (struct mqtt_client_settings){0});
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(filters); i++)
        assert_false(mqtt_client_subscribe(one->client, filters[i], 1, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(topics); i++) {
        assert_false(mqtt_client_publish(one->client, topics[i], "", 0, 1, false, NULL, NULL, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
    assert_true(mqtt_client_covers("a/+/c", "a/b/c"));
    assert_true(mqtt_client_covers("a/#", "a/b/c"));
    assert_false(mqtt_client_covers("a/+", "a/b/c"));
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, mqtt_bench_set_up, mqtt_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_publish_and_receive),
        WITH_BENCH(test_publish_and_receive_by_version_5),
        WITH_BENCH(test_retained),
        WITH_BENCH(test_will_comes_when_the_line_is_cut),
        WITH_BENCH(test_no_will_after_a_good_bye),
        WITH_BENCH(test_freed_inside_a_callback),
        WITH_BENCH(test_no_will_when_it_leaves_in_a_flood),
        WITH_BENCH(test_broker_restart),
        WITH_BENCH(test_broker_is_absent_at_first),
        WITH_BENCH(test_unknown_host),
        WITH_BENCH(test_freed_before_it_is_up),
        WITH_BENCH(test_in_flight_is_bounded),
        WITH_BENCH(test_long_payloads_are_dropped),
        WITH_BENCH(test_bad_settings_are_refused),
        WITH_BENCH(test_bad_filters_and_topics_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
