/* mqtt_bench.h - a real broker on a free port, MQTT clients that note what they are told, and a broker that
 * sends
 * what it is given. SPDX-License-Identifier: MIT */
#ifndef SUPPORT_MQTT_BENCH_H
#define SUPPORT_MQTT_BENCH_H

#include "io/loop.h"
#include "io/mqtt_client.h"
#include "support/folder.h"
#include "support/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MQTT_BENCH_DEADLINE_MS = 20000,
    MQTT_BENCH_CLIENTS_MAX = 2,
    MQTT_BENCH_TEXT_MAX = 512,
    MQTT_BENCH_CONFIG_MAX = 4096
};

/* One client and what it was told. */
struct mqtt_party {
    struct mqtt_bench *bench;
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
    char topic[MQTT_BENCH_TEXT_MAX];
    char payload[MQTT_BENCH_TEXT_MAX];
    char reason[MQTT_BENCH_TEXT_MAX];
    char refused[MQTT_BENCH_TEXT_MAX];
};

struct mqtt_bench {
    struct folder folder;
    struct loop *loop;
    struct process broker;
    uint16_t port;
    char url[64];
    struct mqtt_party parties[MQTT_BENCH_CLIENTS_MAX];
};

/* Consents to one client, then sends the bytes; a thread's function, `data` is a struct mqtt_liar. */
struct mqtt_liar {
    int listener;
    const unsigned char *bytes;
    size_t length;
};

void *mqtt_bench_lie(void *data);
int mqtt_bench_listen(uint16_t port);

/* The version of MQTT to try, as the sources' option has it: what a test program was told, else 3.1.1. */
extern const char *mqtt_bench_version;
void mqtt_bench_choose(int count, char **arguments);

/* Fixture of cmocka: a folder, a loop, a free port; frees the clients and stops the broker at the end. */
int mqtt_bench_set_up(void **state);
int mqtt_bench_tear_down(void **state);

/* mosquitto on bench->port, with these lines of configuration more; the open one lets everybody in. */
void mqtt_bench_start_broker(struct mqtt_bench *bench, const char *more);
void mqtt_bench_start_open_broker(struct mqtt_bench *bench);

/* A client to bench->url unless the settings say otherwise; the second waits until it is up. */
struct mqtt_party *mqtt_bench_open(struct mqtt_bench *bench, size_t index,
                                   struct mqtt_client_settings settings);
struct mqtt_party *mqtt_bench_open_and_wait(struct mqtt_bench *bench, size_t index,
                                            struct mqtt_client_settings settings);
void mqtt_bench_close(struct mqtt_party *party);
extern const struct mqtt_client_callbacks mqtt_bench_callbacks; /* data: the party */
void mqtt_bench_note_done(void *data, bool is_acknowledged);

/* Runs the loop until the flag is set. */
void mqtt_bench_wait_for(struct mqtt_bench *bench, const bool *flag);
void mqtt_bench_wait_for_acknowledged(struct mqtt_party *party, unsigned count);

void mqtt_bench_subscribe(struct mqtt_party *party, const char *filter);
void mqtt_bench_publish(struct mqtt_party *party, const char *topic, const char *payload, int qos,
                        bool is_retained);

/* Waits for the next message and compares it. */
void mqtt_bench_expect_message(struct mqtt_party *party, const char *topic, const char *payload,
                               bool is_retained);

#endif
