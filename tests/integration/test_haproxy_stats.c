/* test_haproxy_stats.c - a real HAProxy, servers that answer well, badly and not at all, requests through it.
 * SPDX-License-Identifier: MIT */
#include "collectors/haproxy.h"
#include "collectors/increase.h"
#include "support/collector_bench.h"
#include "support/folder.h"
#include "support/haproxy_bench.h"
#include "support/peer.h"
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 200, START_MS = 20000, CONFIG_MAX = 4096 };

struct world {
    struct folder folder;
    char socket[FOLDER_PATH_MAX];
    char config[FOLDER_PATH_MAX];
    struct process haproxy;
    struct peer peer;
    uint16_t port;
    struct loop *loop;
    struct collector_bench bench;
    bool is_answered;
    int status;
};

static void write_config(struct world *world)
{
    char text[CONFIG_MAX];
    uint16_t closed_port = process_free_port();

    (void)snprintf(text, sizeof(text),
                   "global\n stats socket %s mode 600 level admin\n"
                   "defaults\n mode http\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n"
                   " retries 0\n"
                   "frontend in\n bind 127.0.0.1:%u\n"
                   " use_backend %%[path,field(2,/)]\n"
                   "backend blue\n http-request replace-path /blue(.*) \\1\n server one 127.0.0.1:%s\n"
                   "backend green\n http-request replace-path /green(.*) \\1\n server two 127.0.0.1:%s\n"
                   "backend gone\n server three 127.0.0.1:%u\n"
                   "backend pair\n default-server check inter 50ms fall 1 rise 1\n"
                   " server alive 127.0.0.1:%s\n server dead 127.0.0.1:%u\n",
                   world->socket, world->port, world->peer.line, world->peer.line, closed_port,
                   world->peer.line, closed_port);
    folder_write(&world->folder, "haproxy.cfg", text);
}

static void start_haproxy(struct world *world)
{
    const char *const argv[] = {"haproxy", "-db", "-f", world->config, NULL};

    world->haproxy = process_start(argv, NULL);
    process_wait_port(&world->haproxy, world->port, START_MS);
}

static int set_up(void **state)
{
    static struct world world;
    char *peer[] = {"/usr/bin/python3", "tests/support/source_peer.py", NULL};

    world = (struct world){.folder = folder_make(), .port = process_free_port(), .loop = loop_new()};
    (void)folder_path(&world.folder, "admin.sock", world.socket);
    (void)folder_path(&world.folder, "haproxy.cfg", world.config);
    assert_true(peer_start(&world.peer, peer));
    write_config(&world);
    start_haproxy(&world);
    collector_bench_start(&world.bench, world.loop);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    collector_bench_stop(&world->bench);
    loop_free(world->loop);
    (void)process_stop(&world->haproxy);
    peer_stop(&world->peer);
    folder_remove(&world->folder);
    return 0;
}

static void note_answer(void *data, const struct http_answer *answer)
{
    struct world *world = data;

    world->is_answered = true;
    world->status = answer->status;
}

/* A request through HAProxy. */
static void ask(struct world *world, const char *path, int status)
{
    char url[128];
    struct http_request request = {.url = url, .timeout_ms = START_MS, .answer_max = 65536};

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", world->port, path);
    world->is_answered = false;
    (void)http_request_start(world->bench.http, &request, note_answer, world);
    assert_true(loop_run_until(world->loop, &world->is_answered, START_MS));
    assert_int_equal(world->status, status);
}

static struct collector_tally *watch(struct world *world, enum series_kind kind, const char *backend,
                                     const char *servers)
{
    return collector_bench_watch(
        &world->bench, kind, EVERY_MS,
        (const char *[]){"backend", backend, servers != NULL ? "servers" : NULL, servers, NULL});
}

static void test_counts_what_each_slot_answered(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    ask(world, "/blue/ok", 200); /* before anybody watched */
    collector_bench_open(bench, &haproxy_collector, (const char *[]){"sockets", world->socket, NULL});
    struct collector_tally *blue = watch(world, SERIES_COUNT, "blue", "one");
    struct collector_tally *green = watch(world, SERIES_COUNT, "green", "two");
    struct collector_tally *gone = watch(world, SERIES_COUNT, "gone", "three");
    struct collector_tally *whole = watch(world, SERIES_COUNT, "gone", NULL);
    struct collector_tally *time = watch(world, SERIES_GAUGE, "green", "two");
    struct collector_tally *up =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                              (const char *[]){"backend", "blue", "servers", "one", "measure", "up", NULL});
    struct collector_tally *wrong = watch(world, SERIES_COUNT, "blue", "nobody");
    COLLECTOR_BENCH_WAIT(bench, blue->puts >= 1 && wrong->troubles >= 1);
    assert_true(blue->total == 0);
    assert_int_equal(wrong->trouble, SERIES_NO_DATA);
    assert_non_null(strstr(wrong->why, "nobody"));
    for (int i = 0; i < 3; i++) {
        ask(world, "/blue/ok", 200);
        ask(world, "/blue/broken", 500);
        ask(world, "/blue/missing", 404);
        ask(world, "/green/slow", 200);
        ask(world, "/gone", 503);
    }
    COLLECTOR_BENCH_WAIT(bench,
                         blue->total >= 9 && green->total >= 3 && gone->total >= 3 && whole->total >= 3);
    assert_true(blue->total == 9 && blue->events == 3);
    assert_true(green->total == 3 && green->events == 0);
    assert_true(gone->total == 3 && gone->events == 3);
    assert_true(up->puts >= 1 && up->value == 100); /* requests or not, checks or not */
    assert_true(whole->total == 3 && whole->events == 3);
    COLLECTOR_BENCH_WAIT(bench, time->puts >= 1);
    if (!(time->value >= 150 && time->value < 5000))
        fail_msg("%g ms", time->value);
    unsigned puts = time->puts;
    unsigned more = blue->puts + 3;
    COLLECTOR_BENCH_WAIT(bench, blue->puts >= more);
    assert_true(time->puts <= puts + 1); /* no requests, no time */
    assert_true(blue->total == 9);
    collector_bench_close(bench);
}

/* Of a backend whose servers are checked: one lives, one does not; then the other is taken out by hand. */
static void test_servers_that_are_up(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char answer[64];

    collector_bench_open(bench, &haproxy_collector, (const char *[]){"sockets", world->socket, NULL});
    struct collector_tally *half = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"backend", "pair", "measure", "up", NULL});
    struct collector_tally *dead =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                              (const char *[]){"backend", "pair", "servers", "dead", "measure", "up", NULL});
    COLLECTOR_BENCH_WAIT(bench, half->value == 50 && dead->puts >= 1 && dead->value == 0);
    assert_true(haproxy_bench_ask(world->socket, "set weight pair/alive 0\n", answer, sizeof(answer)));
    unsigned puts = half->puts + 2;
    COLLECTOR_BENCH_WAIT(bench, half->puts >= puts);
    assert_true(half->value == 50); /* without a weight it is up all the same */
    assert_true(
        haproxy_bench_ask(world->socket, "set server pair/alive state maint\n", answer, sizeof(answer)));
    COLLECTOR_BENCH_WAIT(bench, half->value == 0);
    collector_bench_close(bench);
}

static void test_haproxy_that_goes_and_comes(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    ask(world, "/blue/ok", 200);
    collector_bench_open(bench, &haproxy_collector, (const char *[]){"sockets", world->socket, NULL});
    struct collector_tally *blue = watch(world, SERIES_COUNT, "blue", "one");
    COLLECTOR_BENCH_WAIT(bench, blue->puts >= 1);
    assert_null(bench->type->trouble(bench->collector));
    (void)process_stop(&world->haproxy);
    COLLECTOR_BENCH_WAIT(bench, blue->is_troubled);
    assert_int_equal(blue->trouble, SERIES_ERROR);
    assert_non_null(strstr(blue->why, world->socket));
    assert_non_null(bench->type->trouble(bench->collector));
    start_haproxy(world);
    COLLECTOR_BENCH_WAIT(bench, !blue->is_troubled);
    ask(world, "/blue/ok", 200);
    ask(world, "/blue/broken", 500);
    COLLECTOR_BENCH_WAIT(bench, blue->total >= 2); /* its counters began again at 0 */
    assert_true(blue->total == 2 && blue->events == 1);
    collector_bench_close(bench);
}

/* What rose while nobody looked for so long would all fall into one step. */
static void test_what_rose_in_a_gap_does_not_count(void **state)
{
    enum { SELDOM_MS = 2000 };
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    collector_bench_open(bench, &haproxy_collector, (const char *[]){"sockets", world->socket, NULL});
    struct collector_tally *blue = collector_bench_watch(
        bench, SERIES_COUNT, SELDOM_MS, (const char *[]){"backend", "blue", "servers", "one", NULL});
    COLLECTOR_BENCH_WAIT(bench, blue->puts >= 1);
    ask(world, "/blue/broken", 500);
    bench->ahead_ms += INCREASE_GAP_MAX_MS + SELDOM_MS; /* there are two seconds until it is asked again */
    unsigned puts = blue->puts;
    COLLECTOR_BENCH_WAIT(bench, blue->puts > puts);
    assert_true(blue->total == 0 && blue->events == 0);
    ask(world, "/blue/broken", 500);
    COLLECTOR_BENCH_WAIT(bench, blue->total >= 1);
    assert_true(blue->total == 1 && blue->events == 1);
    collector_bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_what_each_slot_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_servers_that_are_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_haproxy_that_goes_and_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_rose_in_a_gap_does_not_count, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
