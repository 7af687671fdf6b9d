/* collectors.c - what samples over MQTT cost, beside libmosquitto alone, and what a window takes: prints
 * figures, asserts none; run by tests/bench/collectors.
 * SPDX-License-Identifier: MIT
 *
 * `rate PORT`: a broker listens there, and lets everybody in. `listen PORT`: reads all that is published
 * there. `memory`: windows of ten minutes at a second, counts. `files FOLDER`: what librrd alone costs there.
 */
#include "base/text.h"
#include "collectors/mqtt.h"
#include "io/json.h"
#include "io/loop.h"
#include "io/memory.h"
#include "series/series.h"

#include <arpa/inet.h>
#include <errno.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <poll.h>
#include <rrd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MESSAGES = 200000,
    TOPICS = 100,
    ROUNDS = 3,
    PACKET_MAX = 256,
    CHUNK_BYTES = 32 * 1024,
    DEADLINE_MS = 60000,
    LOOK_MS = 500,
    SERIES = 2000,
    STEPS = 600,
    FILES = 2000,
    FILE_ROUNDS = 3,
    ROUND_VALUES_MAX = 120,
    VALUE_TEXT = 32
};

static const char payload[] =
    "{\"host\":\"web-07\",\"service\":\"shop\",\"at\":1764172800,\"lag\":12.5,\"up\":true,"
    "\"queue\":{\"length\":417,\"oldest\":3.25}}";

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "bench_collectors: %s\n", what);
    exit(1);
}

static double cpu_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* ---- who publishes: a process of its own, QoS 0 as fast as the broker reads ---- */

static void send_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            _exit(1);
        at += sent;
        length -= (size_t)sent;
    }
}

static size_t make_packet(unsigned topic, unsigned char packet[PACKET_MAX])
{
    size_t length = 0;
    char name[16];
    int size = snprintf(name, sizeof(name), "s/%u", topic);
    size_t rest = 2 + (size_t)size + sizeof(payload) - 1;

    packet[length++] = 0x30;
    packet[length++] = (unsigned char)(rest % 128 | (rest > 127 ? 128 : 0));
    if (rest > 127)
        packet[length++] = (unsigned char)(rest / 128);
    packet[length++] = 0;
    packet[length++] = (unsigned char)size;
    memcpy(packet + length, name, (size_t)size);
    memcpy(packet + length + size, payload, sizeof(payload) - 1);
    return length + (size_t)size + sizeof(payload) - 1;
}

static void publish_all(uint16_t port)
{
    static const unsigned char hello[] = {0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4,
                                          2,    0,  0, 0, 3,   'p', 'u', 'b'};
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static unsigned char chunk[CHUNK_BYTES + PACKET_MAX];
    unsigned char consent[4];
    size_t length = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        _exit(1);
    send_all(fd, hello, sizeof(hello));
    if (recv(fd, consent, sizeof(consent), MSG_WAITALL) != sizeof(consent))
        _exit(1);
    for (unsigned i = 0; i < MESSAGES; i++) {
        length += make_packet(i % TOPICS, chunk + length);
        if (length >= CHUNK_BYTES || i == MESSAGES - 1) {
            send_all(fd, chunk, length);
            length = 0;
        }
    }
    send_all(fd, (const unsigned char[]){0xe0, 0}, 2);
    (void)shutdown(fd, SHUT_WR);
    (void)recv(fd, consent, sizeof(consent), 0);
    _exit(0);
}

static pid_t start_publisher(uint16_t port)
{
    pid_t child = fork();

    if (child == 0)
        publish_all(port);
    return child;
}

/* ---- what was received ---- */

struct run {
    unsigned count;
    bool is_up, is_over;
    int64_t first_ms, last_ms;
    double first_cpu, last_cpu;
};

static void note(struct run *run)
{
    if (run->count++ == 0) {
        run->first_ms = loop_now_ms();
        run->first_cpu = cpu_seconds();
    }
    if (run->count == MESSAGES) {
        run->last_ms = loop_now_ms();
        run->last_cpu = cpu_seconds();
        run->is_over = true;
    }
}

static void say(const char *name, const struct run *run)
{
    double seconds = (double)(run->last_ms - run->first_ms) / 1000;

    if (!run->is_over)
        printf("%-34s %u of %d came\n", name, run->count, MESSAGES);
    else
        printf("%-34s %8.0f messages a second, %5.2f us of a processor each, none lost\n", name,
               MESSAGES / seconds, 1e6 * (run->last_cpu - run->first_cpu) / MESSAGES);
    (void)fflush(stdout);
}

/* ---- libmosquitto alone: its own loop, the payload parsed, one member read ---- */

static void note_bare(struct mosquitto *library, void *data, const struct mosquitto_message *message)
{
    struct cJSON *root = NULL;
    struct err err = {0};
    double value = 0;

    (void)library;
    if (!json_parse(message->payload, (size_t)message->payloadlen, NULL, &root, &err) ||
        !json_value_number(json_path(root, ".lag"), &value))
        give_up("a payload is not as it was sent");
    json_free(root);
    note(data);
}

static void note_subscribed(struct mosquitto *library, void *data, int id, int count, const int *granted)
{
    struct run *run = data;

    (void)library;
    (void)id;
    (void)count;
    (void)granted;
    run->is_up = true;
}

static void receive_bare(uint16_t port)
{
    struct run run = {0};
    struct mosquitto *library = mosquitto_new("bare", true, &run);
    int64_t end_ms = loop_now_ms() + DEADLINE_MS;

    if (library == NULL || mosquitto_connect(library, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS)
        give_up("no connection to the broker");
    mosquitto_message_callback_set(library, note_bare);
    mosquitto_subscribe_callback_set(library, note_subscribed);
    (void)mosquitto_subscribe(library, NULL, "s/#", 0);
    while (!run.is_up && mosquitto_loop(library, 100, 1) == MOSQ_ERR_SUCCESS)
        continue;
    pid_t child = start_publisher(port);
    while (!run.is_over && loop_now_ms() < end_ms && mosquitto_loop(library, 100, 1) == MOSQ_ERR_SUCCESS)
        continue;
    (void)waitpid(child, NULL, 0);
    say("libmosquitto alone, parsed", &run);
    (void)mosquitto_disconnect(library);
    mosquitto_destroy(library);
}

/* Everything, until it is stopped: read as mqtt_client.c does, and thrown away. */
static void listen_on(uint16_t port)
{
    (void)mosquitto_lib_init();
    struct mosquitto *library = mosquitto_new("alone", true, NULL);

    if (library == NULL || mosquitto_connect(library, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_subscribe(library, NULL, "#", 0) != MOSQ_ERR_SUCCESS)
        give_up("no connection to the broker");
    while (mosquitto_loop_misc(library) == MOSQ_ERR_SUCCESS) {
        struct pollfd socket = {.fd = mosquitto_socket(library), .events = POLLIN};
        (void)poll(&socket, 1, LOOK_MS);
        do
            errno = 0;
        while (mosquitto_loop_read(library, 1) == MOSQ_ERR_SUCCESS && errno != EAGAIN);
        if (mosquitto_want_write(library))
            (void)mosquitto_loop_write(library, 1);
    }
}

/* ---- into windows: the collector on the loop, a series for each topic ---- */

struct sink {
    struct run *run;
    struct series *series;
};

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    struct sink *sink = data;

    (void)series_put_gauge(sink->series, at_ms, loop_now_ms(), value);
    note(sink->run);
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    (void)data;
    (void)at_ms;
    (void)events;
    (void)total;
    return SERIES_TAKEN;
}

static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t count)
{
    (void)bounds;
    (void)counts;
    return put_count(data, at_ms, 0, (double)count);
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    (void)trouble;
    give_up(why);
}

static int64_t now_ms(void *data)
{
    (void)data;
    return loop_now_ms();
}

static void mark(void *data, uint64_t deployment, uint8_t rule)
{
    (void)data;
    (void)deployment;
    (void)rule;
}

static void closed(void *data, struct series *series, int64_t step)
{
    (void)data;
    (void)series;
    (void)step;
}

static const struct series_events no_events = {.marked = mark, .closed = closed};

static struct series *open_series(struct series_book *book, const char *metric, enum series_kind kind)
{
    const struct series_name name = {"shop", "prod", "slot.blue", metric};
    const struct series_shape shape = {.kind = kind, .step_ms = 1000, .capacity = STEPS};
    struct series *series = NULL;
    struct err err = {0};

    if (!series_open(book, &name, &shape, &series, &err))
        give_up(err.text);
    return series;
}

static void watch(struct collector *collector, struct series_book *book, unsigned topic, struct sink *sink)
{
    struct option_value values[32] = {0};
    struct collector_watch *watched = NULL;
    char text[2][16];
    struct err err = {0};
    const struct option *table = mqtt_collector.metric_options;
    size_t count = mqtt_collector.metric_option_count;

    (void)snprintf(text[0], sizeof(text[0]), "s/%u", topic);
    (void)snprintf(text[1], sizeof(text[1]), "m%u", topic);
    values[option_find(table, count, "topic")] = (struct option_value){.is_set = true, .text = text[0]};
    values[option_find(table, count, "value")] = (struct option_value){.is_set = true, .text = ".lag"};
    sink->series = open_series(book, text[1], SERIES_GAUGE);
    const struct collector_series series = {.metric = text[1],
                                            .kind = SERIES_GAUGE,
                                            .every_ms = 1000,
                                            .silence_max_ms = DEADLINE_MS,
                                            .options = values,
                                            .sink = {.data = sink,
                                                     .gauge = put_gauge,
                                                     .count = put_count,
                                                     .histogram = put_histogram,
                                                     .trouble = put_trouble}};
    if (!mqtt_collector.watch(collector, &series, &watched, &err))
        give_up(err.text);
}

static void receive_into_windows(uint16_t port)
{
    struct run run = {0};
    struct sink sinks[TOPICS];
    struct option_value values[16] = {0};
    struct collector *collector = NULL;
    struct err err = {0};
    char url[64];
    struct loop *loop = loop_new();
    struct series_book *book = series_book_new(&no_events);
    const struct collector_env env = {.loop = loop, .instance = "bench", .now_ms = now_ms};
    const struct option *table = mqtt_collector.instance_options;
    size_t count = mqtt_collector.instance_option_count;
    const bool never = false;

    (void)snprintf(url, sizeof(url), "mqtt://127.0.0.1:%u", port);
    values[option_find(table, count, "url")] = (struct option_value){.is_set = true, .text = url};
    values[option_find(table, count, "keepalive")] = (struct option_value){.duration_ms = 15000};
    if (!mqtt_collector.open(&env, "main", values, &collector, &err))
        give_up(err.text);
    for (unsigned i = 0; i < TOPICS; i++) {
        sinks[i].run = &run;
        watch(collector, book, i, &sinks[i]);
    }
    while (mqtt_collector.trouble(collector) != NULL)
        (void)!loop_run_until(loop, &never, 20);
    (void)!loop_run_until(loop, &never, 500); /* all subscriptions are there */
    pid_t child = start_publisher(port);
    (void)!loop_run_until(loop, &run.is_over, DEADLINE_MS);
    (void)waitpid(child, NULL, 0);
    say("into windows", &run);
    exit(0); /* of the child that this is: nothing needs an end */
}

static void bench_rate(uint16_t port)
{
    (void)mosquitto_lib_init();
    for (int round = 0; round < ROUNDS; round++) {
        receive_bare(port);
        pid_t child = fork();
        if (child == 0)
            receive_into_windows(port);
        (void)waitpid(child, NULL, 0);
    }
    (void)mosquitto_lib_cleanup();
}

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages[2] = {0};

    if (file == NULL || fscanf(file, "%lu %lu", &pages[0], &pages[1]) != 2)
        give_up("no /proc");
    (void)fclose(file);
    return pages[1] * (size_t)sysconf(_SC_PAGESIZE);
}

static void bench_memory(void)
{
    struct series_book *book = series_book_new(&no_events);
    struct series **all = memory_take_array(SERIES, sizeof(struct series *));
    size_t before = resident_bytes();
    char name[16];

    for (unsigned i = 0; i < SERIES; i++) {
        (void)snprintf(name, sizeof(name), "m%u", i);
        all[i] = open_series(book, name, SERIES_COUNT);
        for (int64_t step = 0; step < STEPS; step++)
            series_put_count(all[i], step * 1000, step * 1000, 1, 100);
    }
    printf("a window of ten minutes at a second, counts: %.1f KB resident (of %d series)\n",
           (double)(resident_bytes() - before) / SERIES / 1000, SERIES);
    for (unsigned i = 0; i < SERIES; i++)
        series_close(all[i]);
    free(all);
    series_book_free(book);
}

/* ---- librrd alone: files as a gauge's of a second are, so many values at once ---- */

static void create_file(const char *path, time_t begin)
{
    const char *parts[] = {"DS:value:GAUGE:2:U:U", "RRA:AVERAGE:0.5:1:4096", "RRA:AVERAGE:0.5:60:1024",
                           "RRA:AVERAGE:0.5:3600:1024"};

    if (rrd_create_r(path, 1, begin, 4, parts) != 0)
        give_up(rrd_get_error());
}

static void update_file(const char *path, time_t begin, int values)
{
    static char texts[ROUND_VALUES_MAX][VALUE_TEXT];
    const char *words[ROUND_VALUES_MAX];

    for (int i = 0; i < values; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%lld:%d", (long long)begin + i + 1, i % 50 + 10);
        words[i] = texts[i];
    }
    if (rrd_updatex_r(path, NULL, RRD_SKIP_PAST_UPDATES, values, words) != 0)
        give_up(rrd_get_error());
}

static void bench_files(const char *folder)
{
    static const int sizes[] = {10, 60, ROUND_VALUES_MAX};
    time_t begin = 1700000000;
    char path[4096];

    double before = cpu_seconds();
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d.rrd", folder, i);
        create_file(path, begin);
    }
    printf("librrd alone makes a file: %.0f us of a processor\n", 1e6 * (cpu_seconds() - before) / FILES);
    for (size_t k = 0; k < ARRAY_LENGTH(sizes); k++) {
        before = cpu_seconds();
        for (int round = 0; round < FILE_ROUNDS; round++, begin += sizes[k])
            for (int i = 0; i < FILES; i++) {
                (void)snprintf(path, sizeof(path), "%s/%d.rrd", folder, i);
                update_file(path, begin, sizes[k]);
            }
        double values = (double)FILE_ROUNDS * FILES * sizes[k];
        printf("librrd alone, %3d values at once: %.2f us of a processor each\n", sizes[k],
               1e6 * (cpu_seconds() - before) / values);
    }
}

int main(int count, char **words)
{
    int64_t port = 0;

    bool has_port = count == 3 && text_to_integer(words[2], 1, UINT16_MAX, &port);

    if (has_port && strcmp(words[1], "rate") == 0)
        bench_rate((uint16_t)port);
    else if (has_port && strcmp(words[1], "listen") == 0)
        listen_on((uint16_t)port);
    else if (count == 2 && strcmp(words[1], "memory") == 0)
        bench_memory();
    else if (count == 3 && strcmp(words[1], "files") == 0)
        bench_files(words[2]);
    else
        give_up("rate PORT, listen PORT, memory, or files FOLDER");
    return 0;
}
