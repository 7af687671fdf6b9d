/* test_mqtt_client.c - the MQTT client against real brokers that come, go, refuse and freeze, and against a
 * broker that sends what none should. SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/loop.h"
#include "io/mqtt_client.h"
#include "io/mqtt_url.h"
#include "support/folder.h"
#include "support/process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, CLIENTS_MAX = 2, TEXT_MAX = 512, CONFIG_MAX = 4096 };

/* One client and what it was told. */
struct party {
    struct bench *bench;
    struct mqtt_client *client;
    bool is_up;
    bool is_down;
    bool has_message;
    bool is_done;
    bool is_refused;
    bool frees_itself;
    unsigned downs;
    unsigned messages;
    unsigned acknowledged;
    unsigned failed;
    bool was_retained;
    size_t length;
    char topic[TEXT_MAX];
    char payload[TEXT_MAX];
    char reason[TEXT_MAX];
    char refused[TEXT_MAX];
};

struct bench {
    struct folder folder;
    struct loop *loop;
    struct process broker;
    uint16_t port;
    char url[64];
    struct party parties[CLIENTS_MAX];
};

static void note_up(void *data)
{
    struct party *party = data;

    party->is_up = true;
}

static void note_down(void *data, const char *reason)
{
    struct party *party = data;

    party->is_down = true;
    party->downs++;
    (void)snprintf(party->reason, sizeof(party->reason), "%s", reason);
}

static void note_message(void *data, const char *topic, const char *payload, size_t length, bool is_retained)
{
    struct party *party = data;

    party->has_message = true;
    party->messages++;
    party->was_retained = is_retained;
    party->length = length;
    assert_int_equal(payload[length], '\0');
    (void)snprintf(party->topic, sizeof(party->topic), "%s", topic);
    (void)snprintf(party->payload, sizeof(party->payload), "%s", payload);
    if (party->frees_itself) {
        mqtt_client_free(party->client);
        party->client = NULL;
    }
}

static void note_refused(void *data, const char *filter)
{
    struct party *party = data;

    party->is_refused = true;
    (void)snprintf(party->refused, sizeof(party->refused), "%s", filter);
}

static void note_done(void *data, bool is_acknowledged)
{
    struct party *party = data;

    party->is_done = true;
    party->acknowledged += is_acknowledged ? 1 : 0;
    party->failed += is_acknowledged ? 0 : 1;
}

static void note_flag(void *data)
{
    bool *flag = data;

    *flag = true;
}

static const struct mqtt_client_callbacks callbacks = {
    .on_up = note_up, .on_down = note_down, .on_message = note_message, .on_refused = note_refused};

/* ---- brokers ---- */

static void start_broker(struct bench *bench, const char *more)
{
    char text[CONFIG_MAX];
    char path[FOLDER_PATH_MAX];

    (void)snprintf(text, sizeof(text), "listener %u 127.0.0.1\nuser root\nmax_queued_messages 0\n%s",
                   bench->port, more);
    folder_write(&bench->folder, "mosquitto.conf", text);
    const char *const argv[] = {"mosquitto", "-c", folder_path(&bench->folder, "mosquitto.conf", path), NULL};
    bench->broker = process_start(argv, NULL);
    process_wait_port(&bench->broker, bench->port, DEADLINE_MS);
}

static void start_open_broker(struct bench *bench)
{
    start_broker(bench, "allow_anonymous true\n");
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    bench->loop = loop_new();
    bench->port = process_free_port();
    (void)snprintf(bench->url, sizeof(bench->url), "mqtt://127.0.0.1:%u", bench->port);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        bench->parties[i].bench = bench;
    *state = bench;
    return 0;
}

static void end_turn(struct bench *bench)
{
    bool has_ended = false;

    loop_defer(bench->loop, note_flag, &has_ended);
    assert_true(loop_run_until(bench->loop, &has_ended, DEADLINE_MS));
}

static void close_client(struct party *party)
{
    mqtt_client_free(party->client);
    party->client = NULL;
    end_turn(party->bench);
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (bench->parties[i].client != NULL)
            mqtt_client_free(bench->parties[i].client);
    }
    end_turn(bench);
    loop_free(bench->loop);
    (void)process_stop(&bench->broker);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

/* ---- clients ---- */

static struct party *open_client(struct bench *bench, size_t index, struct mqtt_client_settings settings)
{
    struct party *party = &bench->parties[index];
    char name[32];
    struct err err = {0};

    party->is_up = false;
    (void)snprintf(name, sizeof(name), "test-%zu", index);
    if (settings.client_id == NULL)
        settings.client_id = name;
    if (settings.url == NULL)
        settings.url = bench->url;
    if (settings.backoff_min_ms == 0)
        settings.backoff_min_ms = 20;
    if (settings.backoff_max_ms == 0)
        settings.backoff_max_ms = 100;
    if (!mqtt_client_new(bench->loop, &settings, &callbacks, party, &party->client, &err))
        fail_msg("%s", err.text);
    return party;
}

static void wait_for(struct bench *bench, const bool *flag)
{
    assert_true(loop_run_until(bench->loop, flag, DEADLINE_MS));
}

static struct party *open_and_wait(struct bench *bench, size_t index, struct mqtt_client_settings settings)
{
    struct party *party = open_client(bench, index, settings);

    wait_for(bench, &party->is_up);
    assert_true(mqtt_client_is_up(party->client));
    return party;
}

static void subscribe(struct party *party, const char *filter)
{
    struct err err = {0};

    if (!mqtt_client_subscribe(party->client, filter, 1, &err))
        fail_msg("%s", err.text);
}

static void publish(struct party *party, const char *topic, const char *payload, int qos, bool is_retained)
{
    struct err err = {0};

    if (!mqtt_client_publish(party->client, topic, payload, strlen(payload), qos, is_retained, note_done,
                             party, &err))
        fail_msg("%s", err.text);
}

static void expect_message(struct party *party, const char *topic, const char *payload, bool is_retained)
{
    wait_for(party->bench, &party->has_message);
    party->has_message = false;
    assert_string_equal(party->topic, topic);
    assert_string_equal(party->payload, payload);
    assert_int_equal(party->was_retained, is_retained);
}

static void wait_for_acknowledged(struct party *party, unsigned count)
{
    int64_t end_ms = process_now_ms() + DEADLINE_MS;

    while (party->acknowledged < count && process_now_ms() < end_ms) {
        party->is_done = false;
        wait_for(party->bench, &party->is_done);
    }
    assert_int_equal(party->acknowledged, count);
}

/* ---- tests ---- */

static void talk(struct bench *bench, bool is_v5)
{
    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){.is_v5 = is_v5});
    struct party *two = open_and_wait(bench, 1, (struct mqtt_client_settings){.is_v5 = is_v5});
    subscribe(one, "plant/+/up");
    for (int qos = 0; qos <= 2; qos++) {
        char payload[16];
        (void)snprintf(payload, sizeof(payload), "value %d", qos);
        /* The subscription is on its way: until it stands, messages are not for us. */
        if (qos == 0) {
            publish(one, "plant/x/up", "first", 1, false);
            expect_message(one, "plant/x/up", "first", false);
        }
        publish(two, "plant/blue/up", payload, qos, false);
        assert_false(two->is_done); /* never inside the call */
        expect_message(one, "plant/blue/up", payload, false);
        wait_for(bench, &two->is_done);
        two->is_done = false;
        assert_int_equal(two->acknowledged, qos + 1);
    }
    publish(two, "plant/blue/down", "no", 1, false);
    publish(two, "plant/blue/up", "", 1, false);
    expect_message(one, "plant/blue/up", "", false);
    assert_int_equal(one->length, 0);
    wait_for_acknowledged(two, 5);
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
    struct bench *bench = *state;

    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    publish(one, "verdict/a/status", "online", 1, true);
    wait_for(bench, &one->is_done);
    struct party *two = open_client(bench, 1, (struct mqtt_client_settings){0});
    subscribe(two, "verdict/#"); /* before it is up */
    expect_message(two, "verdict/a/status", "online", true);
    publish(one, "verdict/a/status", "busy", 1, true);
    expect_message(two, "verdict/a/status", "busy", false);
}

/* A relay between client and broker: killing it is what a cut line looks like to the broker. */
static struct process start_relay(struct bench *bench, uint16_t port)
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
    struct bench *bench = *state;
    uint16_t port = process_free_port();
    char url[64];

    start_open_broker(bench);
    struct process relay = start_relay(bench, port);
    (void)snprintf(url, sizeof(url), "mqtt://127.0.0.1:%u", port);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    subscribe(one, "status/+");
    struct party *two = open_and_wait(
        bench, 1,
        (struct mqtt_client_settings){
            .url = url, .will_topic = "status/two", .will_payload = "offline", .will_is_retained = true});
    publish(two, "status/two", "online", 1, true);
    expect_message(one, "status/two", "online", false);
    (void)process_stop(&relay);
    expect_message(one, "status/two", "offline", false);
    wait_for(bench, &two->is_down);
    assert_false(mqtt_client_is_up(two->client));
}

static void test_no_will_after_a_good_bye(void **state)
{
    struct bench *bench = *state;

    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    subscribe(one, "status/+");
    struct party *two = open_and_wait(
        bench, 1, (struct mqtt_client_settings){.will_topic = "status/two", .will_payload = "offline"});
    publish(two, "status/two", "going", 1, false);
    expect_message(one, "status/two", "going", false);
    close_client(two);
    /* The broker handles one client's packets in order: had there been a Will, it would come first. */
    two = open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    publish(two, "status/two", "again", 1, false);
    expect_message(one, "status/two", "again", false);
    assert_int_equal(one->messages, 2);
    assert_int_equal(two->failed + two->acknowledged, 1);
}

static void test_freed_inside_a_callback(void **state)
{
    struct bench *bench = *state;

    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    struct party *two =
        open_and_wait(bench, 1, (struct mqtt_client_settings){.will_topic = "t/x", .will_payload = "will"});
    subscribe(one, "t/#");
    subscribe(two, "t/#");
    two->frees_itself = true;
    publish(two, "t/1", "a", 1, false);
    publish(two, "t/2", "b", 1, false);
    wait_for(bench, &two->has_message);
    assert_null(two->client);
    assert_int_equal(two->messages, 1);
    assert_int_equal(two->failed + two->acknowledged, 2);
    one->messages = 0;
    publish(one, "t/3", "end", 1, false);
    while (strcmp(one->payload, "end") != 0) {
        one->has_message = false;
        wait_for(bench, &one->has_message);
        assert_string_not_equal(one->payload, "will");
    }
}

static void test_broker_restart(void **state)
{
    struct bench *bench = *state;

    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    subscribe(one, "a/#");
    subscribe(one, "b/#");
    subscribe(one, "b/#");
    subscribe(one, "c/#");
    mqtt_client_unsubscribe(one->client, "b/#");
    mqtt_client_unsubscribe(one->client, "c/#");
    publish(one, "a/1", "before", 1, false);
    expect_message(one, "a/1", "before", false);
    (void)process_stop(&bench->broker);
    wait_for(bench, &one->is_down);
    assert_string_not_equal(one->reason, "");
    one->is_up = false;
    start_open_broker(bench);
    wait_for(bench, &one->is_up);
    publish(one, "a/1", "after", 1, false);
    expect_message(one, "a/1", "after", false);
    publish(one, "c/1", "not for us", 1, false);
    publish(one, "b/1", "still", 1, false);
    expect_message(one, "b/1", "still", false);
    assert_int_equal(mqtt_client_counts(one->client).connections, 2);
    assert_true(mqtt_client_counts(one->client).attempts >= 2);
}

static void test_broker_is_absent_at_first(void **state)
{
    struct bench *bench = *state;
    struct party *one = open_client(bench, 0, (struct mqtt_client_settings){0});
    struct err err = {0};

    subscribe(one, "a");
    wait_for(bench, &one->is_down);
    assert_string_equal(one->reason, "Connection refused");
    assert_false(mqtt_client_publish(one->client, "a", "x", 1, 1, false, note_done, one, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    start_open_broker(bench);
    wait_for(bench, &one->is_up);
    publish(one, "a", "there", 1, false);
    expect_message(one, "a", "there", false);
    assert_int_equal(mqtt_client_counts(one->client).refused_publishes, 1);
    assert_int_equal(mqtt_client_counts(one->client).connections, 1);
    assert_int_equal(one->failed, 0);
}

static void test_unknown_host(void **state)
{
    struct bench *bench = *state;
    struct party *one =
        open_client(bench, 0, (struct mqtt_client_settings){.url = "mqtt://no-such-host.invalid:1883"});

    wait_for(bench, &one->is_down);
    assert_string_not_equal(one->reason, "");
}

/* Freed while its worker connects: tear_down does it at once. */
static void test_freed_before_it_is_up(void **state)
{
    struct bench *bench = *state;
    struct party *one =
        open_client(bench, 0, (struct mqtt_client_settings){.url = "mqtt://no-such-host.invalid:1883"});
    struct party *two = open_client(bench, 1, (struct mqtt_client_settings){0});
    int64_t end_ms = process_now_ms() + DEADLINE_MS;
    const bool never = false;

    while (mqtt_client_counts(one->client).attempts == 0 && process_now_ms() < end_ms)
        (void)!loop_run_until(bench->loop, &never, 1);
    assert_int_equal(mqtt_client_counts(one->client).attempts, 1);
    mqtt_client_free(one->client);
    mqtt_client_free(two->client);
    one->client = NULL;
    two->client = NULL;
}

static void start_guarded_broker(struct bench *bench)
{
    char path[FOLDER_PATH_MAX];
    char text[CONFIG_MAX];
    char output[64];

    const char *const argv[] = {
        "mosquitto_passwd", "-b", "-c", folder_path(&bench->folder, "passwords", path), "plant",
        "secret",           NULL};
    assert_int_equal(process_run(argv, output, sizeof(output), DEADLINE_MS), 0);
    (void)snprintf(text, sizeof(text), "allow_anonymous false\npassword_file %s\n", path);
    start_broker(bench, text);
}

static void test_passwords(void **state)
{
    struct bench *bench = *state;

    start_guarded_broker(bench);
    struct party *one =
        open_client(bench, 0, (struct mqtt_client_settings){.username = "plant", .password = "wrong"});
    struct party *two =
        open_and_wait(bench, 1, (struct mqtt_client_settings){.username = "plant", .password = "secret"});
    wait_for(bench, &one->is_down);
    assert_string_equal(one->reason, "Connection Refused: not authorised.");
    one->is_down = false;
    wait_for(bench, &one->is_down); /* it tries again */
    assert_false(one->is_up);
    subscribe(two, "x/y");
    publish(two, "x/y", "yes", 1, false);
    expect_message(two, "x/y", "yes", false);
}

static void test_frozen_broker_is_noticed(void **state)
{
    struct bench *bench = *state;
    struct party *one = NULL;

    start_open_broker(bench);
    one = open_and_wait(bench, 0, (struct mqtt_client_settings){.keepalive_s = 5});
    process_signal(&bench->broker, SIGSTOP);
    publish(one, "a", "never acknowledged", 1, false);
    int64_t start_ms = process_now_ms();
    wait_for(bench, &one->is_down);
    assert_in_range(process_now_ms() - start_ms, 3000, 14000);
    assert_int_equal(one->failed, 1);
    assert_int_equal(one->acknowledged, 0);
    one->is_up = false;
    process_signal(&bench->broker, SIGCONT);
    wait_for(bench, &one->is_up);
}

static void test_in_flight_is_bounded(void **state)
{
    struct bench *bench = *state;
    struct err err = {0};

    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    for (int i = 0; i < MQTT_CLIENT_IN_FLIGHT_MAX; i++)
        publish(one, "a", "x", 1, false);
    assert_false(mqtt_client_publish(one->client, "a", "x", 1, 1, false, note_done, one, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    wait_for_acknowledged(one, MQTT_CLIENT_IN_FLIGHT_MAX);
    publish(one, "a", "x", 1, false);
    wait_for_acknowledged(one, MQTT_CLIENT_IN_FLIGHT_MAX + 1);
}

static void test_long_payloads_are_dropped(void **state)
{
    struct bench *bench = *state;
    struct err err = {0};
    char *payload = malloc(2000);

    memset(payload, 'x', 2000);
    start_open_broker(bench);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){.payload_max_bytes = 1000});
    struct party *two = open_and_wait(bench, 1, (struct mqtt_client_settings){0});
    subscribe(one, "a");
    publish(one, "a", "ready", 1, false);
    expect_message(one, "a", "ready", false);
    assert_true(mqtt_client_publish(two->client, "a", payload, 1001, 1, false, note_done, two, &err));
    assert_true(mqtt_client_publish(two->client, "a", payload, 1000, 1, false, note_done, two, &err));
    wait_for(bench, &one->has_message);
    assert_int_equal(one->length, 1000);
    assert_int_equal(mqtt_client_counts(one->client).dropped_payloads, 1);
    assert_false(mqtt_client_publish(one->client, "a", payload, 1001, 1, false, note_done, one, &err));
    assert_int_equal(err.code, ERR_INVALID);
    free(payload);
}

/* ---- a broker that nobody should trust: consents, then sends the given packets ---- */

struct liar {
    int listener;
    const unsigned char *bytes;
    size_t length;
};

static void *lie(void *data)
{
    static const unsigned char consent[] = {0x20, 0x02, 0x00, 0x00};
    const struct liar *liar = data;
    unsigned char greeting[512];
    int fd = accept(liar->listener, NULL, NULL);

    if (fd >= 0 && recv(fd, greeting, sizeof(greeting), 0) > 0) {
        (void)send(fd, consent, sizeof(consent), MSG_NOSIGNAL);
        (void)send(fd, liar->bytes, liar->length, MSG_NOSIGNAL);
        while (recv(fd, greeting, sizeof(greeting), 0) > 0)
            continue;
    }
    if (fd >= 0)
        (void)close(fd);
    return NULL;
}

static int listen_here(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {.tv_sec = DEADLINE_MS / 1000};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void test_bad_topics_are_dropped(void **state)
{
    /* PUBLISH, QoS 0: a topic with +, one that is long, one that is good. */
    static const unsigned char beginning[] = {0x30, 5, 0, 3, 'a', '/', '+'};
    static const unsigned char end[] = {0x30, 6, 0, 3, 'a', '/', 'b', '1'};
    enum { LONG = MQTT_CLIENT_TOPIC_MAX_BYTES + 1 };
    struct bench *bench = *state;
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
    struct liar liar = {listen_here(bench->port), bytes, sizeof(bytes)};
    assert_int_equal(pthread_create(&thread, NULL, lie, &liar), 0);
    struct party *one = open_and_wait(bench, 0, (struct mqtt_client_settings){0});
    expect_message(one, "a/b", "1", false);
    assert_int_equal(mqtt_client_counts(one->client).dropped_topics, 2);
    assert_int_equal(mqtt_client_counts(one->client).messages, 1);
    close_client(one);
    (void)pthread_join(thread, NULL);
    (void)close(liar.listener);
}

/* Never a message with such a topic: dropped by us, or the connection by the library. */
static void test_broken_utf8_is_no_topic(void **state)
{
    static const unsigned char bytes[] = {0x30, 5, 0, 3, 'a', 0xc3, 0x28, 0x30, 6, 0, 3, 'a', '/', 'b', '1'};
    struct bench *bench = *state;
    struct liar liar = {listen_here(bench->port), bytes, sizeof(bytes)};
    pthread_t thread;
    const bool never = false;

    assert_int_equal(pthread_create(&thread, NULL, lie, &liar), 0);
    struct party *one = open_and_wait(
        bench, 0, (struct mqtt_client_settings){.backoff_min_ms = 60000, .backoff_max_ms = 60000});
    for (int64_t end_ms = process_now_ms() + DEADLINE_MS;
         !one->is_down && !one->has_message && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_true(one->is_down || one->has_message);
    assert_true(one->messages == 0 || strcmp(one->topic, "a/b") == 0);
    close_client(one);
    (void)pthread_join(thread, NULL);
    (void)close(liar.listener);
}

static void test_refused_subscription_is_told(void **state)
{
    /* SUBACK of the second SUBSCRIBE: failure. Debian's broker refuses messages, never subscriptions. */
    static const unsigned char bytes[] = {0x90, 3, 0, 1, 1, 0x90, 3, 0, 2, 0x80};
    struct bench *bench = *state;
    struct liar liar = {listen_here(bench->port), bytes, sizeof(bytes)};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, lie, &liar), 0);
    struct party *one = open_client(bench, 0, (struct mqtt_client_settings){0});
    subscribe(one, "open/#");
    subscribe(one, "closed/#");
    wait_for(bench, &one->is_refused);
    assert_string_equal(one->refused, "closed/#");
    close_client(one);
    (void)pthread_join(thread, NULL);
    (void)close(liar.listener);
}

/* A server that takes the connection and says nothing. */
static void test_silent_server_is_given_up(void **state)
{
    struct bench *bench = *state;
    int listener = listen_here(bench->port);
    struct party *one = open_client(bench, 0, (struct mqtt_client_settings){0});
    int64_t start_ms = process_now_ms();

    wait_for(bench, &one->is_down);
    assert_in_range(process_now_ms() - start_ms, MQTT_CLIENT_CONNECT_MS - 1000,
                    MQTT_CLIENT_CONNECT_MS + 3000);
    assert_string_equal(one->reason, "the broker does not answer");
    (void)close(listener);
}

static void make_certificate(struct bench *bench, char *key, char *certificate)
{
    char output[256];

    const char *const argv[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:prime256v1",
                                "-nodes",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=localhost",
                                "-addext",
                                "subjectAltName=DNS:localhost",
                                "-keyout",
                                folder_path(&bench->folder, "key", key),
                                "-out",
                                folder_path(&bench->folder, "certificate", certificate),
                                NULL};
    assert_int_equal(process_run(argv, output, sizeof(output), DEADLINE_MS), 0);
}

static void test_tls(void **state)
{
    struct bench *bench = *state;
    char key[FOLDER_PATH_MAX];
    char certificate[FOLDER_PATH_MAX];
    char text[CONFIG_MAX];
    char by_name[64];
    char by_address[64];

    make_certificate(bench, key, certificate);
    (void)snprintf(text, sizeof(text), "allow_anonymous true\ncertfile %s\nkeyfile %s\n", certificate, key);
    start_broker(bench, text);
    (void)snprintf(by_name, sizeof(by_name), "mqtts://localhost:%u", bench->port);
    (void)snprintf(by_address, sizeof(by_address), "mqtts://127.0.0.1:%u", bench->port);
    struct party *one =
        open_and_wait(bench, 0, (struct mqtt_client_settings){.url = by_name, .ca_file = certificate});
    subscribe(one, "a");
    for (int i = 0; i < 100; i++)
        publish(one, "a", "sealed", 1, false);
    wait_for_acknowledged(one, 100);
    expect_message(one, "a", "sealed", false);
    /* The certificate is for another name, and its issuer is not the system's. */
    struct party *two =
        open_client(bench, 1, (struct mqtt_client_settings){.url = by_address, .ca_file = certificate});
    wait_for(bench, &two->is_down);
    assert_false(two->is_up);
    mqtt_client_free(two->client);
    two->is_down = false;
    two = open_client(bench, 1, (struct mqtt_client_settings){.url = by_name});
    wait_for(bench, &two->is_down);
    assert_false(two->is_up);
}

static void expect_invalid(struct bench *bench, struct mqtt_client_settings settings, enum err_code code)
{
    struct mqtt_client *client = NULL;
    struct err err = {0};

    if (settings.client_id == NULL)
        settings.client_id = "x";
    if (settings.url == NULL)
        settings.url = bench->url;
    assert_false(mqtt_client_new(bench->loop, &settings, &callbacks, NULL, &client, &err));
    assert_int_equal(err.code, code);
    assert_null(client);
}

static void test_bad_settings_are_refused(void **state)
{
    struct bench *bench = *state;

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
    struct bench *bench = *state;
    struct party *one = open_client(bench, 0, (struct mqtt_client_settings){0});
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

static void test_urls(void **state)
{
    static const char *const bad[] = {"",           "mqtt://",        "mqtt://h/",     "mqtt://u:p@h",
                                      "mqtt://h:0", "mqtt://h:65536", "mqtt://h:1x",   "mqtt://[::1",
                                      "mqtt://h:",  "tcp://h",        "mqtt://[h]:1x", "mqtt://a b"};
    struct mqtt_url url;

    (void)state;
    assert_true(mqtt_url_parse("mqtt://broker", &url, NULL));
    assert_string_equal(url.host, "broker");
    assert_true(url.port == 1883 && !url.is_tls);
    assert_true(mqtt_url_parse("mqtts://[::1]:2000", &url, NULL));
    assert_string_equal(url.host, "::1");
    assert_true(url.port == 2000 && url.is_tls);
    assert_true(mqtt_url_parse("mqtts://a-b.example.org", &url, NULL));
    assert_int_equal(url.port, 8883);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(mqtt_url_parse(bad[i], &url, NULL));
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_publish_and_receive),
        WITH_BENCH(test_publish_and_receive_by_version_5),
        WITH_BENCH(test_retained),
        WITH_BENCH(test_will_comes_when_the_line_is_cut),
        WITH_BENCH(test_no_will_after_a_good_bye),
        WITH_BENCH(test_freed_inside_a_callback),
        WITH_BENCH(test_broker_restart),
        WITH_BENCH(test_broker_is_absent_at_first),
        WITH_BENCH(test_unknown_host),
        WITH_BENCH(test_freed_before_it_is_up),
        WITH_BENCH(test_passwords),
        WITH_BENCH(test_frozen_broker_is_noticed),
        WITH_BENCH(test_in_flight_is_bounded),
        WITH_BENCH(test_long_payloads_are_dropped),
        WITH_BENCH(test_bad_topics_are_dropped),
        WITH_BENCH(test_broken_utf8_is_no_topic),
        WITH_BENCH(test_refused_subscription_is_told),
        WITH_BENCH(test_silent_server_is_given_up),
        WITH_BENCH(test_tls),
        WITH_BENCH(test_bad_settings_are_refused),
        WITH_BENCH(test_bad_filters_and_topics_are_refused),
        cmocka_unit_test(test_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
