/* test_mqtt_session.c - what a broker keeps for a client that is away, and user properties of MQTT 5.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "support/certificate.h"
#include "support/mqtt_bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct mqtt_client_settings kept(bool is_v5)
{
    return (struct mqtt_client_settings){.is_v5 = is_v5, .keeps_session = true, .client_id = "kept"};
}

/* Our own word for it: with the answer, the broker has the subscription before. */
static void subscribe_and_wait(struct mqtt_party *party, const char *topic)
{
    mqtt_bench_subscribe(party, topic);
    mqtt_bench_publish(party, topic, "ready", 1, false);
    mqtt_bench_expect_message(party, topic, "ready", false);
}

static void come_back(struct mqtt_bench *bench, bool is_v5)
{
    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, kept(is_v5));
    struct mqtt_party *two = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    subscribe_and_wait(one, "in/deployments");
    mqtt_bench_close(one);
    for (unsigned i = 1; i <= 3; i++) {
        char payload[16];
        (void)snprintf(payload, sizeof(payload), "message %u", i);
        mqtt_bench_publish(two, "in/deployments", payload, 1, false);
    }
    mqtt_bench_wait_for_acknowledged(two, 3);
    one->messages = 0;
    one = mqtt_bench_open(bench, 0, kept(is_v5));
    while (one->messages < 3) {
        one->has_message = false;
        mqtt_bench_wait_for(bench, &one->has_message);
    }
    assert_string_equal(one->payload, "message 3");
    /* It goes on: the subscription is one, however often it is made. */
    one->has_message = false;
    mqtt_bench_subscribe(one, "in/deployments");
    mqtt_bench_publish(two, "in/deployments", "message 4", 1, false);
    mqtt_bench_expect_message(one, "in/deployments", "message 4", false);
    assert_int_equal(one->messages, 4);
}

static void test_what_comes_while_it_is_away(void **state)
{
    come_back(*state, false);
}

static void test_what_comes_while_it_is_away_by_version_5(void **state)
{
    come_back(*state, true);
}

static void test_without_a_session_it_is_lost(void **state)
{
    struct mqtt_bench *bench = *state;
    const struct mqtt_client_settings forgetful = {.client_id = "kept", .is_v5 = true};

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, forgetful);
    struct mqtt_party *two = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    subscribe_and_wait(one, "in/deployments");
    mqtt_bench_close(one);
    mqtt_bench_publish(two, "in/deployments", "lost", 1, false);
    mqtt_bench_wait_for_acknowledged(two, 1);
    one = mqtt_bench_open_and_wait(bench, 0, forgetful);
    one->messages = 0;
    subscribe_and_wait(one, "in/deployments");
    assert_int_equal(one->messages, 1);
}

/* What it did not read is still the broker's, and what it said has left. */
static void leave_without_reading(struct mqtt_bench *bench, bool is_v5)
{
    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, kept(is_v5));
    struct mqtt_party *two = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    subscribe_and_wait(one, "in/deployments");
    subscribe_and_wait(two, "out");
    mqtt_client_stop_reading(one->client);
    mqtt_bench_publish(two, "in/deployments", "late", 1, false);
    mqtt_bench_publish(one, "out", "last words", 1, false);
    mqtt_bench_expect_message(two, "out", "last words", false);
    assert_false(one->has_message);
    mqtt_bench_close(one);
    one = mqtt_bench_open(bench, 0, kept(is_v5));
    mqtt_bench_expect_message(one, "in/deployments", "late", false);
}

static void test_leaves_without_reading(void **state)
{
    leave_without_reading(*state, false);
}

static void test_leaves_without_reading_by_version_5(void **state)
{
    leave_without_reading(*state, true);
}

static void test_broker_comes_late_and_again(void **state)
{
    struct mqtt_bench *bench = *state;
    struct mqtt_party *one = mqtt_bench_open(bench, 0, kept(true));

    mqtt_bench_wait_for(bench, &one->is_down);
    assert_non_null(strstr(one->reason, "refused"));
    mqtt_bench_start_open_broker(bench);
    mqtt_bench_wait_for(bench, &one->is_up);
    subscribe_and_wait(one, "a");
    one->is_down = false;
    (void)process_stop(&bench->broker);
    mqtt_bench_wait_for(bench, &one->is_down);
    one->is_up = false;
    mqtt_bench_start_open_broker(bench);
    mqtt_bench_wait_for(bench, &one->is_up);
    mqtt_bench_publish(one, "a", "again", 1, false);
    mqtt_bench_expect_message(one, "a", "again", false);
}

static void test_sealed_sessions(void **state)
{
    struct mqtt_bench *bench = *state;
    struct mqtt_client_settings settings = kept(true);
    char key[FOLDER_PATH_MAX];
    char certificate[FOLDER_PATH_MAX];
    char text[MQTT_BENCH_CONFIG_MAX];
    char url[64];

    certificate_make("localhost", "DNS:localhost", "2", folder_path(&bench->folder, "key", key),
                     folder_path(&bench->folder, "certificate", certificate));
    (void)snprintf(text, sizeof(text), "allow_anonymous true\ncertfile %s\nkeyfile %s\n", certificate, key);
    mqtt_bench_start_broker(bench, text);
    (void)snprintf(url, sizeof(url), "mqtts://localhost:%u", bench->port);
    settings.url = url;
    settings.ca_file = certificate;
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, settings);
    subscribe_and_wait(one, "a");
    mqtt_bench_close(one);
    struct mqtt_party *two =
        mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){.url = url, .ca_file = certificate});
    mqtt_bench_publish(two, "a", "sealed", 1, false);
    mqtt_bench_wait_for_acknowledged(two, 1);
    one = mqtt_bench_open(bench, 0, settings);
    mqtt_bench_expect_message(one, "a", "sealed", false);
}

/* A host that takes no more connections and refuses none. */
static void test_a_host_that_never_answers(void **state)
{
    enum { CALLERS = 8 };
    struct mqtt_bench *bench = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int callers[CALLERS];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons(bench->port);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 0), 0);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(callers[i], (const struct sockaddr *)&address, sizeof(address));
    }
    int64_t begin_ms = process_now_ms();
    struct mqtt_party *one = mqtt_bench_open(bench, 0, kept(true));
    mqtt_bench_wait_for(bench, &one->is_down);
    assert_non_null(strstr(one->reason, "no connection before the deadline"));
    assert_in_range(process_now_ms() - begin_ms, 0, MQTT_CLIENT_CONNECT_MS);
    for (size_t i = 0; i < CALLERS; i++)
        (void)close(callers[i]);
    (void)close(listener);
}

/* While it looks whether anybody is there; the second while a worker connects, or a little later. */
static void test_freed_before_it_is_up(void **state)
{
    struct mqtt_bench *bench = *state;
    const bool never = false;

    mqtt_bench_start_open_broker(bench);
    for (unsigned turns = 0; turns < 4; turns++) {
        struct mqtt_party *one = mqtt_bench_open(bench, 0, kept(true));
        for (unsigned i = 0; i < turns; i++)
            (void)!loop_run_until(bench->loop, &never, 1);
        mqtt_bench_close(one);
    }
}

/* What was said of a message, and the message, as "NAME=VALUE;...PAYLOAD". */
struct heard {
    bool has_message, is_up;
    char text[MQTT_BENCH_TEXT_MAX];
    size_t length;
};

static void hear(struct heard *heard, const char *form, const char *name, const char *value)
{
    heard->length +=
        (size_t)snprintf(heard->text + heard->length, sizeof(heard->text) - heard->length, form, name, value);
    assert_true(heard->length < sizeof(heard->text));
}

static void hear_property(void *data, const char *name, const char *value)
{
    hear(data, "%s=%s;", name, value);
}

static void hear_message(void *data, const char *topic, const char *payload, size_t length, bool is_retained)
{
    struct heard *heard = data;

    (void)topic;
    (void)length;
    (void)is_retained;
    hear(heard, "%s%s", payload, "");
    heard->has_message = true;
}

static void hear_up(void *data)
{
    struct heard *heard = data;

    heard->is_up = true;
}

/* A sender of its own, with these arguments more. */
static void publish(const struct mqtt_bench *bench, const char *const *more, size_t count)
{
    char port[16];
    char output[MQTT_BENCH_TEXT_MAX];
    const char *argv[32] = {"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-t", "a", "-m",
                            "body"};

    (void)snprintf(port, sizeof(port), "%u", bench->port);
    for (size_t i = 0; i < count; i++)
        argv[11 + i] = more[i];
    assert_int_equal(process_run(argv, output, sizeof(output), MQTT_BENCH_DEADLINE_MS), 0);
}

static void test_user_properties(void **state)
{
    static const struct mqtt_client_callbacks callbacks = {
        .on_up = hear_up, .on_property = hear_property, .on_message = hear_message};
    static const char *const with[] = {
        "-V",  "5", "-D", "PUBLISH", "content-type",  "text/x", "-D",      "PUBLISH", "user-property",
        "one", "1", "-D", "PUBLISH", "user-property", "two",    "\xc3\xbc"};
    static const char *const without[] = {"-V", "311"};
    struct mqtt_bench *bench = *state;
    struct mqtt_client_settings settings = kept(true);
    struct mqtt_client *client = NULL;
    struct heard heard = {.text = ""};
    struct err err = {0};

    mqtt_bench_start_open_broker(bench);
    settings.url = bench->url;
    assert_true(mqtt_client_new(bench->loop, &settings, &callbacks, &heard, &client, &err));
    assert_true(mqtt_client_subscribe(client, "a", 1, &err));
    mqtt_bench_wait_for(bench, &heard.is_up);
    assert_true(mqtt_client_publish(client, "a", "ready;", 6, 1, false, NULL, NULL, &err));
    mqtt_bench_wait_for(bench, &heard.has_message);
    publish(bench, with, ARRAY_LENGTH(with));
    heard.has_message = false;
    mqtt_bench_wait_for(bench, &heard.has_message);
    publish(bench, without, ARRAY_LENGTH(without));
    heard.has_message = false;
    mqtt_bench_wait_for(bench, &heard.has_message);
    assert_string_equal(heard.text, "ready;one=1;two=\xc3\xbc;bodybody");
    mqtt_client_free(client);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, mqtt_bench_set_up, mqtt_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_what_comes_while_it_is_away),
        WITH_BENCH(test_what_comes_while_it_is_away_by_version_5),
        WITH_BENCH(test_without_a_session_it_is_lost),
        WITH_BENCH(test_leaves_without_reading),
        WITH_BENCH(test_leaves_without_reading_by_version_5),
        WITH_BENCH(test_broker_comes_late_and_again),
        WITH_BENCH(test_sealed_sessions),
        WITH_BENCH(test_a_host_that_never_answers),
        WITH_BENCH(test_freed_before_it_is_up),
        WITH_BENCH(test_user_properties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
