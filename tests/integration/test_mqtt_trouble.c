/* test_mqtt_trouble.c - the MQTT client and brokers that refuse, freeze, say nothing or send what none
 * should.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "support/certificate.h"
#include "support/mqtt_bench.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A file that knows "plant" by "secret". */
static const char *make_passwords(struct mqtt_bench *bench, char path[static FOLDER_PATH_MAX])
{
    const char *const argv[] = {
        "mosquitto_passwd", "-b", "-c", folder_path(&bench->folder, "passwords", path), "plant",
        "secret",           NULL};
    char output[64];

    assert_int_equal(process_run(argv, output, sizeof(output), MQTT_BENCH_DEADLINE_MS), 0);
    return path;
}

static void start_guarded_broker(struct mqtt_bench *bench)
{
    char path[FOLDER_PATH_MAX];
    char text[MQTT_BENCH_CONFIG_MAX];

    (void)snprintf(text, sizeof(text), "allow_anonymous false\npassword_file %s\n",
                   make_passwords(bench, path));
    mqtt_bench_start_broker(bench, text);
}

static void test_passwords(void **state)
{
    struct mqtt_bench *bench = *state;

    start_guarded_broker(bench);
    struct mqtt_party *one =
        mqtt_bench_open(bench, 0, (struct mqtt_client_settings){.username = "plant", .password = "wrong"});
    struct mqtt_party *two = mqtt_bench_open_and_wait(
        bench, 1, (struct mqtt_client_settings){.username = "plant", .password = "secret"});
    mqtt_bench_wait_for(bench, &one->is_down);
    assert_string_equal(one->reason, "Connection Refused: not authorised.");
    one->is_down = false;
    mqtt_bench_wait_for(bench, &one->is_down); /* it tries again */
    assert_false(one->is_up);
    mqtt_bench_subscribe(two, "x/y");
    mqtt_bench_publish(two, "x/y", "yes", 1, false);
    mqtt_bench_expect_message(two, "x/y", "yes", false);
}

static void test_frozen_broker_is_noticed(void **state)
{
    struct mqtt_bench *bench = *state;
    struct mqtt_party *one = NULL;

    mqtt_bench_start_open_broker(bench);
    one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){.keepalive_s = 5});
    process_signal(&bench->broker, SIGSTOP);
    mqtt_bench_publish(one, "a", "never acknowledged", 1, false);
    int64_t start_ms = process_now_ms();
    mqtt_bench_wait_for(bench, &one->is_down);
    assert_in_range(process_now_ms() - start_ms, 3000, 14000);
    assert_int_equal(one->failed, 1);
    assert_int_equal(one->acknowledged, 0);
    one->is_up = false;
    process_signal(&bench->broker, SIGCONT);
    mqtt_bench_wait_for(bench, &one->is_up);
}

static void test_bad_topics_are_dropped(void **state)
{
    /* PUBLISH, QoS 0: a topic with +, one that is long, one that is good. */
    static const unsigned char beginning[] = {0x30, 5, 0, 3, 'a', '/', '+'};
    static const unsigned char end[] = {0x30, 6, 0, 3, 'a', '/', 'b', '1'};
    enum { LONG = MQTT_CLIENT_TOPIC_MAX_BYTES + 1 };
    struct mqtt_bench *bench = *state;
    unsigned char bytes[sizeof(beginning) + 5 + LONG + sizeof(end)];
    pthread_t thread;

    memcpy(bytes, beginning, sizeof(beginning));
    unsigned char *next = bytes + sizeof(beginning);
    *next++ = 0x30;
    *next++ = 0x80 | ((LONG + 2) & 0x7f);
    *next++ = (LONG + 2) >> 7;
    *next++ = LONG >> 8;
    *next++ = LONG & 0xff;
    memset(next, 'x', LONG);
    memcpy(next + LONG, end, sizeof(end));
    struct mqtt_liar liar = {mqtt_bench_listen(bench->port), bytes, sizeof(bytes)};
    assert_int_equal(pthread_create(&thread, NULL, mqtt_bench_lie, &liar), 0);
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_expect_message(one, "a/b", "1", false);
    assert_int_equal(mqtt_client_counts(one->client).dropped_topics, 2);
    assert_int_equal(mqtt_client_counts(one->client).messages, 1);
    mqtt_bench_close(one);
    (void)pthread_join(thread, NULL);
    (void)close(liar.listener);
}

/* Never a message with such a topic: dropped by us, or the connection by the library. */
static void test_broken_utf8_is_no_topic(void **state)
{
    static const unsigned char bytes[] = {0x30, 5, 0, 3, 'a', 0xc3, 0x28, 0x30, 6, 0, 3, 'a', '/', 'b', '1'};
    struct mqtt_bench *bench = *state;
    struct mqtt_liar liar = {mqtt_bench_listen(bench->port), bytes, sizeof(bytes)};
    pthread_t thread;
    const bool never = false;

    assert_int_equal(pthread_create(&thread, NULL, mqtt_bench_lie, &liar), 0);
    struct mqtt_party *one = mqtt_bench_open(
        bench, 0, (struct mqtt_client_settings){.backoff_min_ms = 60000, .backoff_max_ms = 60000});
    for (int64_t end_ms = process_now_ms() + MQTT_BENCH_DEADLINE_MS;
         !one->is_down && !one->has_message && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_true(one->is_down || one->has_message);
    assert_true(one->messages == 0 || strcmp(one->topic, "a/b") == 0);
    mqtt_bench_close(one);
    (void)pthread_join(thread, NULL);
    (void)close(liar.listener);
}

static void test_refused_subscription_is_told(void **state)
{
    /* SUBACK of the second SUBSCRIBE: failure. Debian's broker refuses messages, never subscriptions. */
    static const unsigned char bytes[] = {0x90, 3, 0, 1, 1, 0x90, 3, 0, 2, 0x80};
    struct mqtt_bench *bench = *state;
    struct mqtt_liar liar = {mqtt_bench_listen(bench->port), bytes, sizeof(bytes)};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, mqtt_bench_lie, &liar), 0);
    struct mqtt_party *one = mqtt_bench_open(bench, 0, (struct mqtt_client_settings){0});
    mqtt_bench_subscribe(one, "open/#");
    mqtt_bench_subscribe(one, "closed/#");
    mqtt_bench_wait_for(bench, &one->is_refused);
    assert_string_equal(one->refused, "closed/#");
    mqtt_bench_close(one);
    (void)pthread_join(thread, NULL);
    (void)close(liar.listener);
}

/* A server that takes the connection and says nothing. */
static void test_silent_server_is_given_up(void **state)
{
    struct mqtt_bench *bench = *state;
    int listener = mqtt_bench_listen(bench->port);
    struct mqtt_party *one = mqtt_bench_open(bench, 0, (struct mqtt_client_settings){0});
    int64_t start_ms = process_now_ms();

    mqtt_bench_wait_for(bench, &one->is_down);
    assert_in_range(process_now_ms() - start_ms, MQTT_CLIENT_CONNECT_MS - 1000,
                    MQTT_CLIENT_CONNECT_MS + 3000);
    assert_string_equal(one->reason, "the broker does not answer");
    (void)close(listener);
}

static void test_tls(void **state)
{
    struct mqtt_bench *bench = *state;
    char key[FOLDER_PATH_MAX];
    char certificate[FOLDER_PATH_MAX];
    char text[MQTT_BENCH_CONFIG_MAX];
    char by_name[64];
    char by_address[64];

    certificate_make("localhost", "DNS:localhost", "2", folder_path(&bench->folder, "key", key),
                     folder_path(&bench->folder, "certificate", certificate));
    (void)snprintf(text, sizeof(text), "allow_anonymous true\ncertfile %s\nkeyfile %s\n", certificate, key);
    mqtt_bench_start_broker(bench, text);
    (void)snprintf(by_name, sizeof(by_name), "mqtts://localhost:%u", bench->port);
    (void)snprintf(by_address, sizeof(by_address), "mqtts://127.0.0.1:%u", bench->port);
    struct mqtt_party *one = mqtt_bench_open_and_wait(
        bench, 0, (struct mqtt_client_settings){.url = by_name, .ca_file = certificate});
    mqtt_bench_subscribe(one, "a");
    for (int i = 0; i < 100; i++)
        mqtt_bench_publish(one, "a", "sealed", 1, false);
    mqtt_bench_wait_for_acknowledged(one, 100);
    mqtt_bench_expect_message(one, "a", "sealed", false);
    /* The certificate is for another name, and its issuer is not the system's. */
    struct mqtt_party *two =
        mqtt_bench_open(bench, 1, (struct mqtt_client_settings){.url = by_address, .ca_file = certificate});
    mqtt_bench_wait_for(bench, &two->is_down);
    assert_false(two->is_up);
    mqtt_client_free(two->client);
    two->is_down = false;
    two = mqtt_bench_open(bench, 1, (struct mqtt_client_settings){.url = by_name});
    mqtt_bench_wait_for(bench, &two->is_down);
    assert_false(two->is_up);
}

/* Whom the broker lets in: by a certificate that it knows, and a password. */
static void test_certificate_and_password(void **state)
{
    struct mqtt_bench *bench = *state;
    char key[FOLDER_PATH_MAX], certificate[FOLDER_PATH_MAX], own_key[FOLDER_PATH_MAX], own[FOLDER_PATH_MAX];
    char passwords[FOLDER_PATH_MAX];
    char text[MQTT_BENCH_CONFIG_MAX];
    char url[64];

    certificate_make("broker", "IP:127.0.0.1", "2", folder_path(&bench->folder, "key", key),
                     folder_path(&bench->folder, "certificate", certificate));
    certificate_make("plant", "DNS:plant", "2", folder_path(&bench->folder, "own.key", own_key),
                     folder_path(&bench->folder, "own", own));
    (void)snprintf(text, sizeof(text),
                   "certfile %s\nkeyfile %s\ncafile %s\nrequire_certificate true\n"
                   "allow_anonymous false\npassword_file %s\n",
                   certificate, key, own, make_passwords(bench, passwords));
    mqtt_bench_start_broker(bench, text);
    (void)snprintf(url, sizeof(url), "mqtts://127.0.0.1:%u", bench->port);
    struct mqtt_client_settings settings = {.url = url,
                                            .ca_file = certificate,
                                            .certificate_file = own,
                                            .key_file = own_key,
                                            .username = "plant",
                                            .password = "secret"};
    struct mqtt_party *one = mqtt_bench_open_and_wait(bench, 0, settings);
    mqtt_bench_subscribe(one, "a");
    mqtt_bench_publish(one, "a", "sealed", 1, false);
    mqtt_bench_expect_message(one, "a", "sealed", false);
    struct mqtt_client_settings wrong[] = {settings, settings};
    wrong[0].password = "wrong";
    wrong[1].certificate_file = wrong[1].key_file = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct mqtt_party *two = mqtt_bench_open(bench, 1, wrong[i]);
        mqtt_bench_wait_for(bench, &two->is_down);
        assert_false(two->is_up);
        mqtt_bench_close(two);
        two->is_down = false;
    }
    assert_true(mqtt_client_is_up(one->client));
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, mqtt_bench_set_up, mqtt_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_passwords),
        WITH_BENCH(test_frozen_broker_is_noticed),
        WITH_BENCH(test_bad_topics_are_dropped),
        WITH_BENCH(test_broken_utf8_is_no_topic),
        WITH_BENCH(test_refused_subscription_is_told),
        WITH_BENCH(test_silent_server_is_given_up),
        WITH_BENCH(test_tls),
        WITH_BENCH(test_certificate_and_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
