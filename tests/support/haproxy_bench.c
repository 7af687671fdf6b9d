/* haproxy_bench.c - HAProxy started, asked and stopped for tests of its lever.
 * SPDX-License-Identifier: MIT */
#include "support/haproxy_bench.h"

#include "base/text.h"
#include "io/loop.h"
#include "io/runner_client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONFIG_MAX = 8192, SERVERS_MAX = 40, PAUSE_MS = 5, TELL_AGAIN_MS = 2000 };

/* $F is the folder, $N the process. */
static const char CONFIG[] =
    "global\n"
    "    stats socket $F/admin$N.sock mode 600 level admin expose-fd listeners\n"
    "    stats socket $F/operator$N.sock mode 600 level operator\n"
    "    server-state-file $F/state\n"
    "defaults\n"
    "    mode http\n"
    "    timeout connect 1s\n"
    "    timeout client 5s\n"
    "    timeout server 5s\n"
    "    default-server check inter 50ms rise 1 fall 1\n"
    "frontend blue\n    bind unix@$F/blue$N.sock\n"
    "    http-request return status 200 content-type text/plain string blue\n"
    "frontend green\n    bind unix@$F/green$N.sock\n"
    "    http-request return status 200 content-type text/plain string green\n"
    "frontend for_shop\n    bind unix@$F/shop$N.sock\n"
    "    http-request set-var(txn.share) str(shop),map_str_int($F/map,0)\n"
    "    http-request set-var(txn.draw) rand(10000),sub(txn.share)\n"
    "    use_backend shop_green if { var(txn.draw) -m int lt 0 }\n"
    "    default_backend shop_blue\n"
    "frontend for_tester\n    bind unix@$F/tester$N.sock\n    default_backend shop_green\n"
    "frontend for_sticky\n    bind unix@$F/sticky$N.sock\n"
    "    http-request set-var(txn.share) str(shop),map_str_int($F/map,0)\n"
    "    http-request set-var(txn.draw) rand(10000)\n"
    "    http-request set-var(txn.draw) req.cook(SID),crc32(1),mod(10000) if { req.cook(SID) -m found }\n"
    "    http-request set-var(txn.draw) var(txn.draw),sub(txn.share)\n"
    "    use_backend shop_green if { req.hdr(X-Tester) -m found } { var(txn.share) -m int gt 0 }\n"
    "    use_backend shop_green if { var(txn.draw) -m int lt 0 }\n"
    "    default_backend shop_blue\n"
    "frontend for_guests\n    bind unix@$F/guests$N.sock\n"
    "    http-request set-var(txn.key) str(shop)\n"
    "    http-request set-var(txn.key) str(shop.testers) if { req.hdr(X-Tester) -m found } || { "
    "req.cook(tester) -m found }\n"
    "    http-request set-var(txn.share) var(txn.key),map_str_int($F/map,0)\n"
    "    http-request set-var(txn.draw) rand(10000),sub(txn.share)\n"
    "    use_backend shop_green if { var(txn.draw) -m int lt 0 }\n"
    "    default_backend shop_blue\n"
    "frontend for_long\n    bind unix@$F/long$N.sock\n    default_backend long_green\n"
    "backend long_blue\n    server b1 unix@$F/blue$N.sock\n"
    "backend long_green\n    server g1 unix@$F/hang.sock\n"
    "backend shop_blue\n    server b1 unix@$F/blue$N.sock\n"
    "backend shop_green\n    server g1 unix@$F/green$N.sock\n"
    "backend sick_blue\n    server b1 unix@$F/blue$N.sock\n"
    "backend sick_green\n    server g1 unix@$F/nobody.sock\n"
    "frontend for_pair\n    bind unix@$F/pair$N.sock\n    default_backend pair\n"
    "backend pair\n    balance roundrobin\n    load-server-state-from-file global\n"
    "    server b1 unix@$F/blue$N.sock weight 100\n    server g1 unix@$F/green$N.sock weight 0\n"
    "frontend for_many\n    bind unix@$F/many$N.sock\n    default_backend many\n"
    "backend many\n    balance roundrobin\n"
    "    server b1 unix@$F/blue$N.sock\n    server b2 unix@$F/blue$N.sock\n    server b3 "
    "unix@$F/blue$N.sock\n"
    "    server g1 unix@$F/green$N.sock weight 0\n    server g2 unix@$F/green$N.sock weight 0\n"
    "backend least\n    balance leastconn\n"
    "    server b1 unix@$F/blue$N.sock\n    server g1 unix@$F/green$N.sock weight 0\n"
    "backend keyed\n    balance source\n"
    "    server b1 unix@$F/blue$N.sock\n    server g1 unix@$F/green$N.sock weight 0\n"
    "backend half\n    balance roundrobin\n"
    "    server b1 unix@$F/blue$N.sock\n    server g1 unix@$F/nobody.sock weight 0\n";

static void write_config(const struct haproxy_bench *bench, size_t proxy, const char *name)
{
    char text[CONFIG_MAX];
    struct text config;

    text_init(&config, text, sizeof(text));
    for (const char *at = CONFIG; *at != '\0'; at++) {
        if (*at != '$')
            text_add(&config, "%c", *at);
        else if (*++at == 'F')
            text_add(&config, "%s", bench->runner->folder);
        else
            text_add(&config, "%zu", proxy);
    }
    assert_false(config.is_cut);
    bench_write(bench->runner, name, text, 0600);
}

void haproxy_bench_start(struct haproxy_bench *bench, size_t proxy)
{
    char path[BENCH_PATH_MAX];
    char log[BENCH_PATH_MAX];
    char name[] = "haproxy0.cfg";
    char log_name[] = "haproxy0.log";

    name[7] = log_name[7] = (char)('0' + proxy);
    write_config(bench, proxy, name);
    const char *const argv[] = {"haproxy", proxy == 0 ? "-W" : "-db", "-f",
                                bench_path(bench->runner, name, path), NULL};
    bench->proxies[proxy] = process_start(argv, bench_path(bench->runner, log_name, log));
    process_wait_socket(&bench->proxies[proxy], bench->sockets[proxy], HAPROXY_BENCH_WAIT_MS);
    haproxy_bench_wait_for(bench, proxy, "show servers state sick_green", " g1 - 0 ");
    haproxy_bench_wait_for(bench, proxy, "show servers state half", " g1 - 0 ");
}

void haproxy_bench_stop(struct haproxy_bench *bench, size_t proxy)
{
    if (bench->proxies[proxy].pid == 0)
        return;
    process_signal(&bench->proxies[proxy], SIGCONT);
    (void)process_stop(&bench->proxies[proxy]);
}

int haproxy_bench_set_up(void **state)
{
    struct haproxy_bench *bench = calloc(1, sizeof(*bench));
    char config[2 * BENCH_PATH_MAX + 32];

    assert_non_null(bench);
    bench->runner = bench_new();
    for (size_t i = 0; i < HAPROXY_BENCH_PROXIES; i++)
        (void)bench_path(bench->runner, i == 0 ? "admin0.sock" : "admin1.sock", bench->sockets[i]);
    (void)bench_path(bench->runner, "map", bench->map);
    (void)bench_path(bench->runner, "state", bench->state_file);
    (void)snprintf(config, sizeof(config), "write = [ \"%s\", \"%s\" ];\n", bench->map, bench->state_file);
    bench_write(bench->runner, "runner.conf", config, 0600);
    bench_write(bench->runner, "map", "# shares\nshop 0\nother 2500\n", 0600);
    runner_bench_start(bench->runner);
    bench_write(bench->runner, "lever.log", "", 0600);
    int log = open(bench_path(bench->runner, "lever.log", config), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(log >= 0);
    log_init(&bench->log, LOG_LEVEL_INFO, log);
    bench->loop = loop_new();
    assert_true(runner_client_new(bench->loop, bench->runner->socket, &bench->client, NULL));
    haproxy_bench_start(bench, 0);
    *state = bench;
    return 0;
}

int haproxy_bench_tear_down(void **state)
{
    struct haproxy_bench *bench = *state;

    if (bench->traffic != NULL)
        bench->type->close(bench->traffic);
    runner_client_free(bench->client);
    loop_free(bench->loop);
    for (size_t i = 0; i < HAPROXY_BENCH_PROXIES; i++)
        haproxy_bench_stop(bench, i);
    (void)close(bench->log.fd);
    bench_free(bench->runner);
    free(bench);
    return 0;
}

bool haproxy_bench_ask(const char *path, const char *question, char *answer, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = 0;
    ssize_t got = 1;

    assert_true(text_copy(address.sun_path, sizeof(address.sun_path), path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_good = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                   send(fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question);
    while (is_good && length < size - 1 && (got = read(fd, answer + length, size - 1 - length)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    (void)close(fd);
    return is_good && got == 0;
}

const char *haproxy_bench_say(const struct haproxy_bench *bench, size_t proxy, const char *command)
{
    static char answer[HAPROXY_BENCH_ANSWER_MAX];
    char line[512];

    (void)snprintf(line, sizeof(line), "%s\n", command);
    if (!haproxy_bench_ask(bench->sockets[proxy], line, answer, sizeof(answer)))
        answer[0] = '\0';
    return answer;
}

void haproxy_bench_expect(const struct haproxy_bench *bench, size_t proxy, const char *command,
                          const char *part)
{
    const char *answer = haproxy_bench_say(bench, proxy, command);

    if (strstr(answer, part) == NULL)
        fail_msg("%s: no \"%s\" in \"%s\"", command, part, answer);
}

void haproxy_bench_wait_for(const struct haproxy_bench *bench, size_t proxy, const char *command,
                            const char *part)
{
    int64_t until_ms = bench_now_ms() + HAPROXY_BENCH_WAIT_MS;

    while (strstr(haproxy_bench_say(bench, proxy, command), part) == NULL)
        bench_pause(until_ms, part);
}

/* Of the worker that answers. */
static long pid_of(const struct haproxy_bench *bench)
{
    const char *pid = strstr(haproxy_bench_say(bench, 0, "show info"), "\nPid: ");

    return pid == NULL ? 0 : strtol(pid + 6, NULL, 10);
}

/* A master that has just reloaded misses a signal now and then, so it is told again. */
void haproxy_bench_reload(struct haproxy_bench *bench)
{
    int64_t until_ms = bench_now_ms() + HAPROXY_BENCH_WAIT_MS;
    int64_t tell_ms = 0;
    long before = pid_of(bench);

    for (long now = before; now == before || now == 0; now = pid_of(bench)) {
        if (bench_now_ms() >= tell_ms) {
            process_signal(&bench->proxies[0], SIGUSR2);
            tell_ms = bench_now_ms() + TELL_AGAIN_MS;
        }
        bench_pause(until_ms, "the new worker");
    }
}

size_t haproxy_bench_count_green(const struct haproxy_bench *bench, const char *backend, size_t count)
{
    char name[64];
    char path[BENCH_PATH_MAX];
    char answer[512];
    size_t greens = 0;

    (void)snprintf(name, sizeof(name), "%s0.sock", backend);
    (void)bench_path(bench->runner, name, path);
    for (size_t i = 0; i < count; i++) {
        assert_true(haproxy_bench_ask(path, "GET / HTTP/1.0\r\n\r\n", answer, sizeof(answer)));
        if (strstr(answer, " 200 ") == NULL)
            fail_msg("a user got \"%s\"", answer);
        greens += strstr(answer, "green") != NULL;
    }
    return greens;
}

void haproxy_bench_open(struct haproxy_bench *bench, const struct traffic_type *type,
                        const char *const *sockets, const char *split, const char *state_file)
{
    struct traffic_env env = {.loop = bench->loop, .log = &bench->log, .runner = bench->client};
    struct option_value values[3] = {{.is_set = true, .list = sockets},
                                     {.is_set = true, .text = split},
                                     {.is_set = state_file != NULL, .text = state_file}};
    struct err err;

    assert_int_equal(type->instance_option_count, 3);
    while (sockets[values[0].list_length] != NULL)
        values[0].list_length++;
    bench->type = type;
    if (!type->open(&env, "edge", values, &bench->traffic, &err))
        fail_msg("%s", err.text);
}

void haproxy_bench_open_map(struct haproxy_bench *bench, const struct traffic_type *type, size_t count)
{
    const char *const sockets[] = {bench->sockets[0], count > 1 ? bench->sockets[1] : NULL, NULL};
    char split[BENCH_PATH_MAX + 4];

    (void)snprintf(split, sizeof(split), "map:%s", bench->map);
    haproxy_bench_open(bench, type, sockets, split, NULL);
}

struct traffic_split haproxy_bench_split(const char *backend, uint8_t candidate, size_t blues, size_t greens)
{
    static const char *const names[] = {"blue", "green"};
    static const char *const blue[SERVERS_MAX] = {"b1", "b2", "b3"};
    static const char *const green[SERVERS_MAX] = {"g1", "g2", "g3"};
    static const char *const *const servers[] = {blue, green};
    static size_t counts[2];
    static struct option_value options[HAPROXY_BENCH_OPTIONS];

    counts[0] = blues;
    counts[1] = greens;
    options[0] = (struct option_value){.is_set = true, .text = backend};
    return (struct traffic_split){.service = "shop",
                                  .environment = "prod",
                                  .options = options,
                                  .slot_count = 2,
                                  .slot_names = names,
                                  .slot_servers = servers,
                                  .slot_server_counts = counts,
                                  .candidate = candidate,
                                  .stable = !candidate};
}

void haproxy_bench_note(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct haproxy_told *told = data;

    told->is_there = true;
    told->count++;
    told->is_done = is_done;
    told->is_final = is_final;
    told->share = share;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

void haproxy_bench_set(struct haproxy_bench *bench, const struct traffic_split *split, uint64_t number,
                       uint16_t share, struct haproxy_told *told)
{
    *told = (struct haproxy_told){.share = UINT16_MAX};
    bench->type->set(bench->traffic, split, number, share, haproxy_bench_note, told);
    assert_int_equal(told->count, 0); /* never inside the call */
}

void haproxy_bench_await(struct haproxy_bench *bench, const struct haproxy_told *told)
{
    assert_true(loop_run_until(bench->loop, &told->is_there, HAPROXY_BENCH_WAIT_MS));
    assert_int_equal(told->count, 1);
}

struct haproxy_told haproxy_bench_set_now(struct haproxy_bench *bench, const struct traffic_split *split,
                                          uint64_t number, uint16_t share)
{
    struct haproxy_told told;

    haproxy_bench_set(bench, split, number, share, &told);
    haproxy_bench_await(bench, &told);
    return told;
}

struct haproxy_told haproxy_bench_read(struct haproxy_bench *bench, const struct traffic_split *split)
{
    struct haproxy_told told = {.share = UINT16_MAX};

    bench->type->read(bench->traffic, split, haproxy_bench_note, &told);
    assert_int_equal(told.count, 0);
    haproxy_bench_await(bench, &told);
    return told;
}

struct haproxy_told haproxy_bench_rehearse(struct haproxy_bench *bench, const struct traffic_split *split)
{
    struct haproxy_told told = {.share = UINT16_MAX};

    bench->type->rehearse(bench->traffic, split, haproxy_bench_note, &told);
    assert_int_equal(told.count, 0);
    haproxy_bench_await(bench, &told);
    return told;
}

void haproxy_bench_expect_done(const struct haproxy_told *told, uint16_t share)
{
    if (!told->is_done)
        fail_msg("%s", told->why);
    assert_string_equal(told->why, "");
    assert_int_equal(told->share, share);
}

void haproxy_bench_expect_failed(const struct haproxy_told *told, bool is_final, const char *part)
{
    assert_false(told->is_done);
    if (strstr(told->why, part) == NULL || told->is_final != is_final)
        fail_msg("\"%s\" (%s), not \"%s\"", told->why, told->is_final ? "final" : "again", part);
}

static void raise_flag(void *data)
{
    *(bool *)data = true;
}

void haproxy_bench_turn(struct haproxy_bench *bench, int turns)
{
    for (int i = 0; i < turns; i++) {
        bool is_over = false;
        loop_defer(bench->loop, raise_flag, &is_over);
        assert_true(loop_run_until(bench->loop, &is_over, HAPROXY_BENCH_WAIT_MS));
    }
}

static void turn_until(struct haproxy_bench *bench, int64_t until_ms)
{
    const bool never = false;

    assert_true(bench_now_ms() < until_ms);
    assert_false(loop_run_until(bench->loop, &never, PAUSE_MS));
}

void haproxy_bench_await_log(struct haproxy_bench *bench, const char *part)
{
    int64_t until_ms = bench_now_ms() + HAPROXY_BENCH_WAIT_MS;

    for (bool is_there = false; !is_there;) {
        char *log = bench_read(bench->runner, "lever.log");
        is_there = strstr(log, part) != NULL;
        free(log);
        turn_until(bench, until_ms);
    }
}

void haproxy_bench_await_persisted(struct haproxy_bench *bench, const struct traffic_split *split)
{
    int64_t until_ms = bench_now_ms() + HAPROXY_BENCH_WAIT_MS;

    while (!bench->type->has_persisted(bench->traffic, split))
        turn_until(bench, until_ms);
}
