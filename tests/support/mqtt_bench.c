/* mqtt_bench.c - brokers and clients of the tests of the MQTT client.
 * SPDX-License-Identifier: MIT */
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

const char *mqtt_bench_version = "3.1.1";

void mqtt_bench_choose(int count, char **arguments)
{
    if (count > 1)
        mqtt_bench_version = arguments[1];
}

static void note_up(void *data)
{
    struct mqtt_party *party = data;

    party->is_up = true;
}

static void note_down(void *data, const char *reason)
{
    struct mqtt_party *party = data;

    party->is_down = true;
    party->downs++;
    (void)snprintf(party->reason, sizeof(party->reason), "%s", reason);
}

static void note_message(void *data, const char *topic, const char *payload, size_t length, bool is_retained)
{
    struct mqtt_party *party = data;

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
    struct mqtt_party *party = data;

    party->is_refused = true;
    (void)snprintf(party->refused, sizeof(party->refused), "%s", filter);
}

void mqtt_bench_note_done(void *data, bool is_acknowledged)
{
    struct mqtt_party *party = data;

    party->is_done = true;
    party->acknowledged += is_acknowledged ? 1 : 0;
    party->failed += is_acknowledged ? 0 : 1;
}

static void note_flag(void *data)
{
    bool *flag = data;

    *flag = true;
}

const struct mqtt_client_callbacks mqtt_bench_callbacks = {
    .on_up = note_up, .on_down = note_down, .on_message = note_message, .on_refused = note_refused};

void mqtt_bench_start_broker(struct mqtt_bench *bench, const char *more)
{
    char text[MQTT_BENCH_CONFIG_MAX];
    char path[FOLDER_PATH_MAX];

    (void)snprintf(text, sizeof(text), "listener %u 127.0.0.1\nuser root\nmax_queued_messages 0\n%s",
                   bench->port, more);
    folder_write(&bench->folder, "mosquitto.conf", text);
    const char *const argv[] = {"mosquitto", "-c", folder_path(&bench->folder, "mosquitto.conf", path), NULL};
    bench->broker = process_start(argv, NULL);
    process_wait_port(&bench->broker, bench->port, MQTT_BENCH_DEADLINE_MS);
}

void mqtt_bench_start_open_broker(struct mqtt_bench *bench)
{
    mqtt_bench_start_broker(bench, "allow_anonymous true\n");
}

int mqtt_bench_set_up(void **state)
{
    struct mqtt_bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    bench->loop = loop_new();
    bench->port = process_free_port();
    (void)snprintf(bench->url, sizeof(bench->url), "mqtt://127.0.0.1:%u", bench->port);
    for (size_t i = 0; i < MQTT_BENCH_CLIENTS_MAX; i++)
        bench->parties[i].bench = bench;
    *state = bench;
    return 0;
}

static void end_turn(struct mqtt_bench *bench)
{
    bool has_ended = false;

    loop_defer(bench->loop, note_flag, &has_ended);
    assert_true(loop_run_until(bench->loop, &has_ended, MQTT_BENCH_DEADLINE_MS));
}

void mqtt_bench_close(struct mqtt_party *party)
{
    mqtt_client_free(party->client);
    party->client = NULL;
    end_turn(party->bench);
}

int mqtt_bench_tear_down(void **state)
{
    struct mqtt_bench *bench = *state;

    for (size_t i = 0; i < MQTT_BENCH_CLIENTS_MAX; i++) {
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

struct mqtt_party *mqtt_bench_open(struct mqtt_bench *bench, size_t index,
                                   struct mqtt_client_settings settings)
{
    struct mqtt_party *party = &bench->parties[index];
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
    if (!mqtt_client_new(bench->loop, &settings, &mqtt_bench_callbacks, party, &party->client, &err))
        fail_msg("%s", err.text);
    return party;
}

void mqtt_bench_wait_for(struct mqtt_bench *bench, const bool *flag)
{
    assert_true(loop_run_until(bench->loop, flag, MQTT_BENCH_DEADLINE_MS));
}

struct mqtt_party *mqtt_bench_open_and_wait(struct mqtt_bench *bench, size_t index,
                                            struct mqtt_client_settings settings)
{
    struct mqtt_party *party = mqtt_bench_open(bench, index, settings);

    mqtt_bench_wait_for(bench, &party->is_up);
    assert_true(mqtt_client_is_up(party->client));
    return party;
}

void mqtt_bench_subscribe(struct mqtt_party *party, const char *filter)
{
    struct err err = {0};

    if (!mqtt_client_subscribe(party->client, filter, 1, &err))
        fail_msg("%s", err.text);
}

void mqtt_bench_publish(struct mqtt_party *party, const char *topic, const char *payload, int qos,
                        bool is_retained)
{
    struct err err = {0};

    if (!mqtt_client_publish(party->client, topic, payload, strlen(payload), qos, is_retained,
                             mqtt_bench_note_done, party, &err))
        fail_msg("%s", err.text);
}

void mqtt_bench_expect_message(struct mqtt_party *party, const char *topic, const char *payload,
                               bool is_retained)
{
    mqtt_bench_wait_for(party->bench, &party->has_message);
    party->has_message = false;
    assert_string_equal(party->topic, topic);
    assert_string_equal(party->payload, payload);
    assert_int_equal(party->was_retained, is_retained);
}

void mqtt_bench_wait_for_acknowledged(struct mqtt_party *party, unsigned count)
{
    int64_t end_ms = process_now_ms() + MQTT_BENCH_DEADLINE_MS;

    while (party->acknowledged < count && process_now_ms() < end_ms) {
        party->is_done = false;
        mqtt_bench_wait_for(party->bench, &party->is_done);
    }
    assert_int_equal(party->acknowledged, count);
}

void *mqtt_bench_lie(void *data)
{
    static const unsigned char consent[] = {0x20, 0x02, 0x00, 0x00};
    const struct mqtt_liar *liar = data;
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

int mqtt_bench_listen(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {.tv_sec = MQTT_BENCH_DEADLINE_MS / 1000};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}
