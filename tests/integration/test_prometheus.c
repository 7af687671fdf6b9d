/* test_prometheus.c - a real Prometheus that scrapes a page which the test rewrites, and a server that lies.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus.h"
#include "support/collector_bench.h"
#include "support/folder.h"
#include "support/peer.h"
#include "support/process.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 200, START_MS = 30000 };

struct world {
    struct folder folder;
    struct process exporter;
    struct process prometheus;
    uint16_t exporter_port;
    uint16_t port;
    char url[64];
    struct peer peer;
    struct loop *loop;
    struct collector_bench bench;
};

static void start_exporter(struct world *world)
{
    char port[8];
    const char *const argv[] = {"/usr/bin/python3", "-m",          "http.server",      port, "--bind",
                                "127.0.0.1",        "--directory", world->folder.path, NULL};

    world->exporter_port = process_free_port();
    (void)snprintf(port, sizeof(port), "%u", world->exporter_port);
    world->exporter = process_start(argv, NULL);
    process_wait_port(&world->exporter, world->exporter_port, START_MS);
}

static void start_prometheus(struct world *world)
{
    char config[FOLDER_PATH_MAX + 32];
    char storage[FOLDER_PATH_MAX + 32];
    char listen[64];
    const char *const argv[] = {"prometheus", config, storage, listen, NULL};

    (void)snprintf(config, sizeof(config), "--config.file=%s/prometheus.yml", world->folder.path);
    (void)snprintf(storage, sizeof(storage), "--storage.tsdb.path=%s/tsdb", world->folder.path);
    (void)snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%u", world->port);
    world->prometheus = process_start(argv, NULL);
    process_wait_port(&world->prometheus, world->port, START_MS);
}

static int set_up_group(void **state)
{
    static struct world world;
    char text[512];
    char *peer[] = {"/usr/bin/python3", "tests/support/source_peer.py", NULL};

    world.folder = folder_make();
    start_exporter(&world);
    (void)snprintf(
        text, sizeof(text),
        "global: { scrape_interval: 500ms, scrape_timeout: 500ms }\n"
        "scrape_configs: [ { job_name: shop, static_configs: [ { targets: [ '127.0.0.1:%u' ] } ] } ]\n",
        world.exporter_port);
    folder_write(&world.folder, "prometheus.yml", text);
    folder_write(&world.folder, "metrics", "requests 1\n");
    world.port = process_free_port();
    (void)snprintf(world.url, sizeof(world.url), "http://127.0.0.1:%u/", world.port);
    start_prometheus(&world);
    *state = &world;
    return peer_start(&world.peer, peer) ? 0 : -1;
}

static int tear_down_group(void **state)
{
    struct world *world = *state;

    peer_stop(&world->peer);
    (void)process_stop(&world->prometheus);
    (void)process_stop(&world->exporter);
    folder_remove(&world->folder);
    return 0;
}

static int set_up(void **state)
{
    struct world *world = *state;

    world->loop = loop_new();
    collector_bench_start(&world->bench, world->loop);
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    collector_bench_stop(&world->bench);
    loop_free(world->loop);
    return 0;
}

static void open_prometheus(struct world *world)
{
    collector_bench_open(&world->bench, &prometheus_collector,
                         (const char *[]){"url", world->url, "lag", "0s", NULL});
}

static void show(struct world *world, const char *text)
{
    char path[FOLDER_PATH_MAX];
    char target[FOLDER_PATH_MAX];

    folder_write(&world->folder, "next", text);
    assert_int_equal(
        rename(folder_path(&world->folder, "next", path), folder_path(&world->folder, "metrics", target)), 0);
}

/* Born before the watch, born beside it, restarted, and gone: every increase is counted once. */
static void test_counters(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_prometheus(world);
    show(world, "c_requests{i=\"a\"} 100\n");
    struct collector_tally *rate = collector_bench_watch(
        bench, SERIES_COUNT, EVERY_MS, (const char *[]){"events", "c_errors", "total", "c_requests", NULL});
    struct collector_tally *none = collector_bench_watch(
        bench, SERIES_COUNT, EVERY_MS, (const char *[]){"events", "c_errors", "total", "c_nothing", NULL});
    COLLECTOR_BENCH_WAIT(bench, rate->puts >= 2);
    assert_true(rate->total == 0 && rate->events == 0); /* nothing rose: no traffic, and known so */
    show(world, "c_requests{i=\"a\"} 160\nc_requests{i=\"b\"} 30\nc_errors{i=\"a\"} 4\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 90 && rate->events >= 4);
    show(world, "c_requests{i=\"a\"} 10\nc_requests{i=\"b\"} 35\nc_errors{i=\"a\"} 1\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 105 && rate->events >= 5);
    show(world, "c_requests{i=\"b\"} 36\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 106);
    assert_true(rate->total == 106 && rate->events == 5);
    assert_true(rate->at_ms <= loop_now_ms() && rate->at_ms > loop_now_ms() - 10000);
    COLLECTOR_BENCH_WAIT(bench, none->troubles >= 2);
    assert_int_equal(none->trouble, SERIES_NO_DATA);
    assert_int_equal(none->puts, 0);
    show(world, "other 1\n");
    COLLECTOR_BENCH_WAIT(bench, rate->is_troubled);
    assert_int_equal(rate->trouble, SERIES_NO_DATA);
    assert_null(bench->type->trouble(bench->collector));
    collector_bench_close(bench);
}

static void test_histograms(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_prometheus(world);
    show(world, "h_bucket{le=\"0.1\"} 5\nh_bucket{le=\"1\"} 6\nh_bucket{le=\"+Inf\"} 6\n");
    struct collector_tally *tally = collector_bench_watch(bench, SERIES_HISTOGRAM, EVERY_MS,
                                                          (const char *[]){"buckets", "h_bucket", NULL});
    COLLECTOR_BENCH_WAIT(bench, tally->puts >= 1);
    show(world, "h_bucket{le=\"0.1\"} 7\nh_bucket{le=\"1\"} 18\nh_bucket{le=\"+Inf\"} 19\n");
    COLLECTOR_BENCH_WAIT(bench, tally->buckets[2] >= 1);
    assert_int_equal(tally->bucket_count, 3);
    assert_true(tally->bounds[0] == 0.1 && tally->bounds[1] == 1 && tally->bounds[2] == INFINITY);
    assert_true(tally->buckets[0] == 2 && tally->buckets[1] == 10 && tally->buckets[2] == 1);
    collector_bench_close(bench);
}

static void test_gauges(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_prometheus(world);
    show(world, "g{i=\"a\"} 0.5\nnan NaN\n");
    struct collector_tally *gauge =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "g", NULL});
    struct collector_tally *unknown =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "nan", NULL});
    struct collector_tally *wrong =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "sum(", NULL});
    COLLECTOR_BENCH_WAIT(bench, gauge->puts >= 1 && unknown->puts >= 1 && wrong->troubles >= 1);
    assert_true(gauge->value == 0.5 && isnan(unknown->value));
    assert_true(unknown->is_troubled && unknown->trouble == SERIES_NOT_FINITE);
    assert_non_null(strstr(unknown->why, "NaN"));
    assert_non_null(strstr(wrong->why, "parse error"));
    show(world, "g{i=\"a\"} 0.5\ng{i=\"b\"} 0.5\n");
    COLLECTOR_BENCH_WAIT(bench, gauge->is_troubled);
    assert_int_equal(gauge->trouble, SERIES_AMBIGUOUS);
    show(world, "g{i=\"b\"} 3\n");
    COLLECTOR_BENCH_WAIT(bench, !gauge->is_troubled && gauge->value == 3);
    collector_bench_close(bench);
}

static void test_several_series_made_one(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_prometheus(world);
    show(world, "m{i=\"a\"} 4\nm{i=\"b\"} 0\nm{i=\"c\"} 2\n");
    struct collector_tally *plain =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "m", NULL});
    struct collector_tally *sum = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "m", "combine", "sum", NULL});
    struct collector_tally *share = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "m", "combine", "share", NULL});
    COLLECTOR_BENCH_WAIT(bench, plain->is_troubled && plain->trouble == SERIES_AMBIGUOUS);
    assert_non_null(strstr(plain->why, "3 series"));
    assert_non_null(strstr(plain->why, "combine them: {i=\"a\"}, {i=\"b\"}, {i=\"c\"}"));
    COLLECTOR_BENCH_WAIT(bench, sum->value == 6 && share->value == 2.0 / 3);
    show(world, "m{i=\"a\"} 4\nm{i=\"b\"} 0\n"); /* c is gone: with the next scrape it is no series */
    COLLECTOR_BENCH_WAIT(bench, sum->value == 4 && share->value == 0.5);
    show(world, "m{i=\"a\"} NaN\nm{i=\"b\"} 0\n");
    COLLECTOR_BENCH_WAIT(bench, sum->is_troubled && sum->trouble == SERIES_NOT_FINITE);
    show(world, "other 1\n");
    COLLECTOR_BENCH_WAIT(bench, share->is_troubled && share->trouble == SERIES_NO_DATA);
    assert_non_null(strstr(
        collector_bench_watch_refused(bench, SERIES_COUNT,
                                      (const char *[]){"events", "e", "total", "t", "combine", "max", NULL}),
        "gauges"));
    collector_bench_close(bench);
}

static void test_stops_and_comes_back(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_prometheus(world);
    show(world, "r 10\ne 1\n");
    struct collector_tally *rate = collector_bench_watch(bench, SERIES_COUNT, EVERY_MS,
                                                         (const char *[]){"events", "e", "total", "r", NULL});
    COLLECTOR_BENCH_WAIT(bench, rate->puts >= 1);
    (void)process_stop(&world->prometheus);
    COLLECTOR_BENCH_WAIT(bench, rate->is_troubled && rate->trouble == SERIES_ERROR);
    assert_non_null(bench->type->trouble(bench->collector));
    start_prometheus(world);
    COLLECTOR_BENCH_WAIT(bench, !rate->is_troubled);
    show(world, "r 25\ne 3\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 15);
    assert_true(rate->total == 15 && rate->events == 2);
    COLLECTOR_BENCH_WAIT(bench, bench->type->trouble(bench->collector) == NULL);
    collector_bench_close(bench);
}

/* A gauge at the lying server's page; `timeout` of the source. */
static struct collector_tally *ask_peer(struct world *world, const char *page, const char *timeout)
{
    char url[96];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/%s", world->peer.line, page);
    collector_bench_open(&world->bench, &prometheus_collector,
                         (const char *[]){"url", url, "lag", "0s", "timeout", timeout, NULL});
    return collector_bench_watch(&world->bench, SERIES_GAUGE, EVERY_MS,
                                 (const char *[]){"query", "up", NULL});
}

static void test_answers_that_prove_nothing(void **state)
{
    static const struct {
        const char *page;
        const char *timeout;
        enum series_trouble trouble;
        const char *why;
    } pages[] = {
        {"broken", "2s", SERIES_ERROR, "500"},
        {"throttled", "2s", SERIES_ERROR, "429"},
        {"missing", "2s", SERIES_ERROR, "404"},
        {"elsewhere", "2s", SERIES_ERROR, "redirect"},
        {"html", "2s", SERIES_ERROR, "JSON"},
        {"truncated", "2s", SERIES_ERROR, "JSON"},
        {"short", "2s", SERIES_ERROR, "127.0.0.1"},
        {"warned", "2s", SERIES_ERROR, "a store did not answer"},
        {"silent", "300ms", SERIES_ERROR, "127.0.0.1"},
        {"endless", "5s", SERIES_ERROR, "127.0.0.1"},
        {"two", "2s", SERIES_AMBIGUOUS, "2 series"},
        {"none", "2s", SERIES_NO_DATA, "no series"},
    };
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        struct collector_tally *tally = ask_peer(world, pages[i].page, pages[i].timeout);
        COLLECTOR_BENCH_WAIT(bench, tally->troubles >= 2); /* and it goes on asking */
        if (tally->trouble != pages[i].trouble || strstr(tally->why, pages[i].why) == NULL)
            fail_msg("%s: %d, %s", pages[i].page, tally->trouble, tally->why);
        assert_int_equal(tally->puts, 0);
        collector_bench_close(bench);
    }
}

static void test_comes_round(void **state)
{
    struct world *world = *state;
    struct collector_tally *tally = ask_peer(world, "flaky", "2s");

    COLLECTOR_BENCH_WAIT(&world->bench, tally->puts >= 1);
    assert_int_equal(tally->troubles, 2);
    assert_true(tally->value == 7);
    collector_bench_close(&world->bench);
}

static void test_asks_for_the_right_moment(void **state)
{
    static const char *const pages[] = {"time", "skewed"};
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    for (size_t i = 0; i < 2; i++) {
        char url[96];
        struct source_tally heard = {0};
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/%s", world->peer.line, pages[i]);
        bench->env.tally = &heard;
        collector_bench_open(bench, &prometheus_collector,
                             (const char *[]){"url", url, "lag", "3s", "timeout", "2s", NULL});
        struct collector_tally *tally =
            collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "up", NULL});
        COLLECTOR_BENCH_WAIT(bench, tally->puts >= 3); /* the clock of the other side is known by then */
        assert_int_equal(tally->at_ms % EVERY_MS, 0);
        assert_true(loop_now_ms() - tally->at_ms >= 3000);
        if (!(tally->value > 2 && tally->value < 6))
            fail_msg("%s: %g s before its present", pages[i], tally->value);
        assert_true(heard.has_skew && llabs(heard.skew_ms - (i == 0 ? 0 : 3600000)) < 3000);
        collector_bench_close(bench);
        bench->env.tally = NULL;
    }
}

static void test_asks_as_it_should(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char url[96];

    assert_int_equal(setenv("TEST_PASSWORD", "s3cret", 1), 0);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/strict", world->peer.line);
    collector_bench_open(bench, &prometheus_collector,
                         (const char *[]){"url", url, "timeout", "2s", "user", "ops", "password",
                                          "env:TEST_PASSWORD", "headers", "X-Scope-OrgID shop", NULL});
    struct collector_tally *tally = collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                                                          (const char *[]){"query", "up{a='ü & b'}", NULL});
    COLLECTOR_BENCH_WAIT(bench, tally->puts >= 1);
    assert_true(tally->value == 1);
    collector_bench_close(bench);
}

static void test_at_most_four_at_once(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    double most = 0;

    (void)ask_peer(world, "busy", "5s");
    while (bench->count < COLLECTOR_BENCH_WATCHES_MAX)
        (void)collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"query", "up", NULL});
    for (size_t i = 0; i < bench->count; i++) {
        COLLECTOR_BENCH_WAIT(bench, bench->tallies[i].puts >= 2);
        most = fmax(most, bench->tallies[i].value_max);
    }
    assert_true(most == 4);
    for (size_t i = 0; i < bench->count; i += 2) /* some of them under way, some waiting */
        collector_bench_unwatch(&bench->tallies[i]);
    unsigned before = bench->tallies[1].puts;
    COLLECTOR_BENCH_WAIT(bench, bench->tallies[1].puts > before);
    collector_bench_close(bench);
}

static void test_refuses_what_cannot_be_asked(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_prometheus(world);
    const char *why =
        collector_bench_watch_refused(bench, SERIES_GAUGE, (const char *[]){"total", "x", NULL});
    assert_non_null(strstr(why, "query is missing"));
    why = collector_bench_watch_refused(bench, SERIES_COUNT,
                                        (const char *[]){"total", "sum(rate(x[1m]))", "events", "y", NULL});
    assert_non_null(strstr(why, "raw counter"));
    collector_bench_close(bench);
    struct option_value values[16] = {{.is_set = true, .text = "ftp://example.invalid"}};
    struct err err = {0};
    assert_false(prometheus_collector.open(&bench->env, "main", values, &bench->collector, &err));
    assert_non_null(strstr(err.text, "http://"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_histograms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gauges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_series_made_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stops_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_that_prove_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_comes_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asks_for_the_right_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asks_as_it_should, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_at_most_four_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be_asked, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
