/* test_probe_places.c - smoke tests that connect: ports of real processes, certificates of a real TLS server.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/probe.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/reach.h"
#include "support/certificate.h"
#include "support/folder.h"
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

enum { DEADLINE_MS = 20000, TIMEOUT_MS = 5000, SHORT_MS = 200, PLACE_MAX = 64 };
enum { GREETS, GREETS_SLOWLY, SILENT, HALF, CLOSES, PEER_COUNT };

struct world {
    struct peer peer;
    char ports[PEER_COUNT][8];
    struct folder folder;
    struct process tls;
    char tls_place[PLACE_MAX];
    char certificate[FOLDER_PATH_MAX];
    struct loop *loop;
    struct http_client *http;
    bool is_done;
    enum verdict verdict;
    char why[PROBE_WHY_MAX];
};

/* A certificate for shop.example and this address that lasts for ten days, and nginx that shows it. */
static void start_tls(struct world *world)
{
    char key[FOLDER_PATH_MAX];
    char config[FOLDER_PATH_MAX];
    char text[8 * FOLDER_PATH_MAX];
    uint16_t port = process_free_port();

    certificate_make("shop.example", "DNS:shop.example,IP:127.0.0.1", "10",
                     folder_path(&world->folder, "key", key),
                     folder_path(&world->folder, "certificate", world->certificate));
    (void)snprintf(text, sizeof(text),
                   "daemon off; pid %s/pid; error_log %s/log; events { }\n"
                   "http { access_log off; server { listen 127.0.0.1:%u ssl; ssl_certificate %s;"
                   " ssl_certificate_key %s; return 500; } }\n",
                   world->folder.path, world->folder.path, port, world->certificate, key);
    folder_write(&world->folder, "nginx.conf", text);
    const char *const nginx[] = {
        "nginx", "-e", "stderr", "-c", folder_path(&world->folder, "nginx.conf", config), NULL};
    world->tls = process_start(nginx, NULL);
    process_wait_port(&world->tls, port, DEADLINE_MS);
    (void)snprintf(world->tls_place, sizeof(world->tls_place), "127.0.0.1:%u", port);
}

static int set_up_group(void **state)
{
    static struct world world;
    char *peer[] = {"/usr/bin/python3", "tests/support/place_peer.py",
                    "greets",           "greets-slowly",
                    "silent",           "half",
                    "closes",           NULL};

    *state = &world;
    if (!peer_start(&world.peer, peer) ||
        sscanf(world.peer.line, "%7s %7s %7s %7s %7s", world.ports[GREETS], world.ports[GREETS_SLOWLY],
               world.ports[SILENT], world.ports[HALF], world.ports[CLOSES]) != PEER_COUNT)
        return -1;
    world.folder = folder_make();
    start_tls(&world);
    return 0;
}

static int tear_down_group(void **state)
{
    struct world *world = *state;

    (void)process_stop(&world->tls);
    folder_remove(&world->folder);
    peer_stop(&world->peer);
    return 0;
}

static int set_up(void **state)
{
    static const struct http_client_limits limits = {.in_flight_max = 64, .queue_max = 1000};
    struct world *world = *state;
    struct err err = {0};

    world->loop = loop_new();
    world->is_done = false;
    return http_client_new(world->loop, &limits, &world->http, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    http_client_free(world->http);
    loop_free(world->loop);
    return 0;
}

static void note_done(void *data, enum verdict verdict, const char *why)
{
    struct world *world = data;

    assert_false(world->is_done);
    world->is_done = true;
    world->verdict = verdict;
    (void)snprintf(world->why, sizeof(world->why), "%s", why);
}

static const struct expression always = {.count = 1, .nodes = {{.op = EXPRESSION_NUMBER, .number = 1}}};
static const struct expression is_one = {
    .count = 3,
    .nodes = {{.op = EXPRESSION_EXTRACT}, {.op = EXPRESSION_NUMBER, .number = 1}, {.op = EXPRESSION_EQUAL}}};

static struct expression more_than(double number)
{
    return (struct expression){.count = 3,
                               .nodes = {{.op = EXPRESSION_EXTRACT},
                                         {.op = EXPRESSION_NUMBER, .number = number},
                                         {.op = EXPRESSION_GREATER}}};
}

static void run(struct world *world, const struct probe_check *check, int64_t timeout_ms)
{
    const struct probe_plan plan = {.settle_ms = 1,
                                    .timeout_ms = timeout_ms,
                                    .every_ms = 10,
                                    .attempts = 1,
                                    .check_count = 1,
                                    .checks = check};

    world->is_done = false;
    (void)probe_start(world->loop, world->http, &plan, note_done, world);
    assert_true(loop_run_until(world->loop, &world->is_done, DEADLINE_MS));
}

static void expect(const struct world *world, enum verdict verdict, const char *why)
{
    if (world->verdict != verdict || strstr(world->why, why) == NULL)
        fail_msg("%s, '%s' instead of %s, '%s'", verdict_name(world->verdict), world->why,
                 verdict_name(verdict), why);
}

static void run_tcp(struct world *world, const char *host, const char *port, const char *pattern,
                    int64_t timeout_ms)
{
    char place[PLACE_MAX];
    const struct smoke_extract banner = {.kind = EXTRACT_BANNER_MATCHES, .path = pattern};
    const struct probe_check check = {.name = "port",
                                      .kind = PROBE_TCP,
                                      .place = place,
                                      .expectation = pattern == NULL ? &always : &is_one,
                                      .extract_count = pattern == NULL ? 0 : 1,
                                      .extracts = &banner};

    (void)snprintf(place, sizeof(place), "%s:%s", host, port);
    run(world, &check, timeout_ms);
}

static void test_a_port_accepts(void **state)
{
    struct world *world = *state;
    char port[8];

    run_tcp(world, "127.0.0.1", world->ports[GREETS], NULL, TIMEOUT_MS);
    expect(world, VERDICT_PASS, "");
    run_tcp(world, "127.0.0.1", world->ports[SILENT], NULL, TIMEOUT_MS); /* not waited for */
    expect(world, VERDICT_PASS, "");
    run_tcp(world, "localhost", world->ports[SILENT], NULL, TIMEOUT_MS);
    expect(world, VERDICT_PASS, "");
    (void)snprintf(port, sizeof(port), "%u", process_free_port());
    run_tcp(world, "127.0.0.1", port, NULL, TIMEOUT_MS);
    expect(world, VERDICT_FAIL, "Connection refused");
    run_tcp(world, "localhost", port, NULL, TIMEOUT_MS); /* each of its addresses is tried */
    expect(world, VERDICT_FAIL, "Connection refused");
    run_tcp(world, "no.such.host.invalid", "22", NULL, TIMEOUT_MS);
    expect(world, VERDICT_FAIL, "no.such.host.invalid");
    run_tcp(world, "127.0.0.1", "ssh", NULL, TIMEOUT_MS);
    expect(world, VERDICT_FAIL, "is not like");
}

static void test_what_it_says_first(void **state)
{
    struct world *world = *state;

    run_tcp(world, "127.0.0.1", world->ports[GREETS], "^SSH-2\\.0", TIMEOUT_MS);
    expect(world, VERDICT_PASS, "");
    run_tcp(world, "127.0.0.1", world->ports[GREETS], "^SSH-1", TIMEOUT_MS);
    expect(world, VERDICT_FAIL, "banner 'SSH-2.0-Peer_1.0' does not match");
    run_tcp(world, "127.0.0.1", world->ports[GREETS_SLOWLY], "^220 mail ready", TIMEOUT_MS);
    expect(world, VERDICT_PASS, "");
    run_tcp(world, "127.0.0.1", world->ports[SILENT], "^220", SHORT_MS);
    expect(world, VERDICT_FAIL, "nothing was said in time");
    run_tcp(world, "127.0.0.1", world->ports[HALF], "no end", SHORT_MS);
    expect(world, VERDICT_PASS, "");
    run_tcp(world, "127.0.0.1", world->ports[CLOSES], "^220", TIMEOUT_MS);
    expect(world, VERDICT_FAIL, "banner ''");
}

static void run_tls(struct world *world, const char *place, const char *name, const char *trust,
                    double days_more_than)
{
    const struct smoke_extract days = {.kind = EXTRACT_DAYS_LEFT};
    const struct expression expectation = more_than(days_more_than);
    const struct probe_check check = {.name = "cert",
                                      .kind = PROBE_TLS,
                                      .place = place,
                                      .server_name = name,
                                      .trust = trust,
                                      .expectation = &expectation,
                                      .extract_count = 1,
                                      .extracts = &days};

    run(world, &check, TIMEOUT_MS);
}

static void test_certificates(void **state)
{
    struct world *world = *state;
    char place[PLACE_MAX];

    run_tls(world, world->tls_place, NULL, world->certificate, 9);
    expect(world, VERDICT_PASS, "");
    run_tls(world, world->tls_place, "shop.example", world->certificate, 9);
    expect(world, VERDICT_PASS, "");
    run_tls(world, world->tls_place, NULL, world->certificate, 14);
    expect(world, VERDICT_FAIL, "days_left 10.0");
    run_tls(world, world->tls_place, "other.example", world->certificate, 9);
    expect(world, VERDICT_FAIL, "other.example");
    run_tls(world, world->tls_place, NULL, NULL, 9); /* nobody's authority signed it */
    expect(world, VERDICT_FAIL, "certificate");
    (void)snprintf(place, sizeof(place), "127.0.0.1:%s", world->ports[GREETS]);
    run_tls(world, place, NULL, world->certificate, 9);
    expect(world, VERDICT_FAIL, place);
    (void)snprintf(place, sizeof(place), "127.0.0.1:%u", process_free_port());
    run_tls(world, place, NULL, world->certificate, 9);
    expect(world, VERDICT_FAIL, "connect");
}

static void never(void *data, const struct reach_answer *answer)
{
    (void)data;
    (void)answer;
    fail_msg("a cancelled one has ended");
}

static void test_cancelled_ones_do_not_end(void **state)
{
    struct world *world = *state;
    char place[PLACE_MAX];

    (void)snprintf(place, sizeof(place), "127.0.0.1:%s", world->ports[SILENT]);
    struct reach *reading = reach_start(world->loop, place, true, DEADLINE_MS, never, NULL);
    struct reach *wrong = reach_start(world->loop, "nowhere", true, DEADLINE_MS, never, NULL);
    struct reach *named = reach_start(world->loop, "localhost:1", true, DEADLINE_MS, never, NULL);
    reach_cancel(wrong);
    reach_cancel(named);
    run_tcp(world, "127.0.0.1", world->ports[GREETS], NULL, TIMEOUT_MS); /* turns of the loop meanwhile */
    reach_cancel(reading);
    reach_cancel(NULL);
    run_tcp(world, "127.0.0.1", world->ports[GREETS], NULL, TIMEOUT_MS);
    expect(world, VERDICT_PASS, "");
}

static void test_places(void **state)
{
    static const struct {
        const char *place, *host, *port; /* host NULL: it is none */
    } cases[] = {
        {"10.0.0.1:22", "10.0.0.1", "22"},
        {"[::1]:443", "::1", "443"},
        {"db.prod:5432", "db.prod", "5432"},
        {"db.prod", NULL, NULL},
        {":22", NULL, NULL},
        {"db:0", NULL, NULL},
        {"db:65536", NULL, NULL},
        {"db:ssh", NULL, NULL},
        {"::1:22", NULL, NULL},
        {"[]:22", NULL, NULL},
        {"[::1:22", NULL, NULL},
        {"db:22/x", NULL, NULL},
        {"db:00000000000022", NULL, NULL},
    };
    char host[REACH_HOST_MAX];
    char port[REACH_PORT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (reach_place(cases[i].place, host, port) != (cases[i].host != NULL))
            fail_msg("%s", cases[i].place);
        if (cases[i].host == NULL)
            continue;
        assert_string_equal(host, cases[i].host);
        assert_string_equal(port, cases[i].port);
    }
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_a_port_accepts), WITH_WORLD(test_what_it_says_first),
        WITH_WORLD(test_certificates),   WITH_WORLD(test_cancelled_ones_do_not_end),
        cmocka_unit_test(test_places),
    };

    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
