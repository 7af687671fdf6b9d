/* test_scrape.c - expositions read from their targets: Prometheus' own, a page that the test rewrites, a
 * liar's.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape.h"
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

enum { EVERY_MS = 200, START_MS = 30000, URL_MAX = 96 };
enum { LONG_COUNT = 4000, LONG_LINE = 64, MANY = 20, MIDDLES = 16 };

struct world {
    struct folder folder;
    struct process exporter, prometheus;
    char exporter_url[URL_MAX], other_url[URL_MAX], prometheus_url[URL_MAX];
    struct peer peer;
    struct loop *loop;
    struct collector_bench bench;
};

static void start_exporter(struct world *world)
{
    uint16_t number = process_free_port();
    char port[8];
    const char *const argv[] = {"/usr/bin/python3", "-m",          "http.server",      port, "--bind",
                                "127.0.0.1",        "--directory", world->folder.path, NULL};

    (void)snprintf(port, sizeof(port), "%u", number);
    (void)snprintf(world->exporter_url, URL_MAX, "http://127.0.0.1:%u/metrics", number);
    (void)snprintf(world->other_url, URL_MAX, "http://127.0.0.1:%u/other", number);
    world->exporter = process_start(argv, NULL);
    process_wait_port(&world->exporter, number, START_MS);
}

static void start_prometheus(struct world *world)
{
    uint16_t number = process_free_port();
    char config[FOLDER_PATH_MAX + 32], storage[FOLDER_PATH_MAX + 32], listen[64];
    const char *const argv[] = {"prometheus", config, storage, listen, NULL};

    folder_write(&world->folder, "prometheus.yml", "global: { scrape_interval: 1m }\n");
    (void)snprintf(config, sizeof(config), "--config.file=%s/prometheus.yml", world->folder.path);
    (void)snprintf(storage, sizeof(storage), "--storage.tsdb.path=%s/tsdb", world->folder.path);
    (void)snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%u", number);
    (void)snprintf(world->prometheus_url, URL_MAX, "http://127.0.0.1:%u/metrics", number);
    world->prometheus = process_start(argv, NULL);
    process_wait_port(&world->prometheus, number, START_MS);
}

static int set_up_group(void **state)
{
    static struct world world;
    char *peer[] = {"/usr/bin/python3", "tests/support/source_peer.py", NULL};

    world.folder = folder_make();
    start_exporter(&world);
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

static void show(struct world *world, const char *name, const char *text)
{
    char path[FOLDER_PATH_MAX], target[FOLDER_PATH_MAX];

    folder_write(&world->folder, "next", text);
    assert_int_equal(
        rename(folder_path(&world->folder, "next", path), folder_path(&world->folder, name, target)), 0);
}

static void open_scrape(struct world *world, const char *timeout)
{
    collector_bench_open(&world->bench, &scrape_collector,
                         (const char *[]){"timeout", timeout, "headers", "X-Shop blue", NULL});
}

static void test_a_real_program(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    const char *url = world->prometheus_url;

    open_scrape(world, "20s");
    struct collector_tally *up = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"url", url, "query", "prometheus_ready", NULL});
    struct collector_tally *rate = collector_bench_watch(
        bench, SERIES_COUNT, EVERY_MS,
        (const char *[]){"url", url, "total", "prometheus_http_requests_total", "events",
                         "prometheus_http_requests_total{code!~'2..'}", NULL});
    struct collector_tally *times = collector_bench_watch(
        bench, SERIES_HISTOGRAM, EVERY_MS,
        (const char *[]){"url", url, "buckets",
                         "prometheus_http_request_duration_seconds_bucket{handler='/metrics'}", NULL});
    COLLECTOR_BENCH_WAIT(bench, up->puts >= 3 && rate->total >= 3 && times->puts >= 2);
    assert_true(up->value == 1 && rate->events == 0);
    assert_true(rate->total <= up->puts); /* one request each round, for all three */
    double all = 0;
    for (size_t i = 0; i < times->bucket_count; i++)
        all += times->buckets[i];
    assert_true(all >= 2 && times->bounds[times->bucket_count - 1] == INFINITY);
    assert_null(bench->type->trouble(bench->collector));
    collector_bench_close(bench);
}

/* Restarted, born beside another, and two programs that count for one slot. */
static void test_counters(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char urls[2 * URL_MAX];

    (void)snprintf(urls, sizeof(urls), "%s %s", world->exporter_url, world->other_url);
    show(world, "metrics", "r{c=\"200\"} 100\nr{c=\"500\"} 7\n");
    show(world, "other", "r{c=\"200\"} 1000\n");
    open_scrape(world, "20s");
    struct collector_tally *rate =
        collector_bench_watch(bench, SERIES_COUNT, EVERY_MS,
                              (const char *[]){"url", urls, "total", "r", "events", "r{c=~'5..'}", NULL});
    COLLECTOR_BENCH_WAIT(bench, rate->puts >= 1);
    show(world, "metrics", "r{c=\"200\"} 150\nr{c=\"500\"} 9\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 52);
    assert_true(rate->total == 52 && rate->events == 2);
    show(world, "other", "r{c=\"200\"} 1010\nr{c=\"503\"} 1\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 63);
    assert_true(rate->total == 63 && rate->events == 3);
    show(world, "metrics", "r{c=\"200\"} 5\n");
    COLLECTOR_BENCH_WAIT(bench, rate->total >= 68);
    assert_true(rate->total == 68 && rate->events == 3);
    show(world, "other", "r{c=\"200\"} NaN\n");
    COLLECTOR_BENCH_WAIT(bench, rate->is_troubled);
    assert_int_equal(rate->trouble, SERIES_NOT_FINITE);
    show(world, "other", "r{c=\"200\"} 1011\n");
    show(world, "metrics", "q 1\n");
    COLLECTOR_BENCH_WAIT(bench, !rate->is_troubled && rate->total >= 69);
    show(world, "other", "q 1\n");
    COLLECTOR_BENCH_WAIT(bench, rate->is_troubled && rate->trouble == SERIES_NO_DATA);
    collector_bench_close(bench);
}

static void test_several_values_made_one(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    const char *url = world->exporter_url;

    show(world, "metrics", "m{i=\"a\"} 4\nm{i=\"b\"} 0\n");
    open_scrape(world, "20s");
    struct collector_tally *plain = collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                                                          (const char *[]){"url", url, "query", "m", NULL});
    struct collector_tally *share = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"url", url, "query", "m", "combine", "share", NULL});
    struct collector_tally *one = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"url", url, "query", "m{i='a'}", NULL});
    COLLECTOR_BENCH_WAIT(bench, plain->is_troubled && share->puts >= 1 && one->puts >= 1);
    assert_int_equal(plain->trouble, SERIES_AMBIGUOUS);
    assert_non_null(strstr(plain->why, ": {i=\"a\"}, {i=\"b\"}"));
    assert_true(share->value == 0.5 && one->value == 4);
    collector_bench_unwatch(plain);
    collector_bench_unwatch(one);
    unsigned before = share->puts;
    COLLECTOR_BENCH_WAIT(bench, share->puts > before);
    collector_bench_close(bench);
}

static void test_answers_that_prove_nothing(void **state)
{
    static const struct {
        const char *page, *timeout, *why;
    } pages[] = {
        {"broken", "20s", "answered with status 500"},
        {"missing-page", "20s", "answered with status 404"},
        {"elsewhere", "20s", "redirect"},
        {"html", "20s", "line 1: neither a comment nor a metric"},
        {"ok", "20s", "line 1: neither a comment nor a metric"}, /* JSON */
        {"comma", "20s", "line 2: '1,5' is not the value of up"},
        {"latin", "20s", "line 1: no UTF-8"},
        {"cut", "20s", "a part is missing"},
        {"old", "20s", "up says of itself that it is of the past"},
        {"short", "20s", "127.0.0.1"},
        {"silent", "300ms", "127.0.0.1"},
        {"endless", "20s", "127.0.0.1"},
        {"bomb", "20s", "127.0.0.1"},
    };
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        char url[URL_MAX];
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/%s", world->peer.line, pages[i].page);
        open_scrape(world, pages[i].timeout);
        struct collector_tally *tally = collector_bench_watch(
            bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"url", url, "query", "up", NULL});
        COLLECTOR_BENCH_WAIT(bench, tally->troubles >= 2); /* and it goes on asking */
        if (tally->trouble != SERIES_ERROR || strstr(tally->why, pages[i].why) == NULL)
            fail_msg("%s: %d, %s", pages[i].page, tally->trouble, tally->why);
        assert_null(strstr(tally->why, pages[i].page)); /* paths may hold secrets */
        assert_int_equal(tally->puts, 0);
        assert_true((bench->type->trouble(bench->collector) != NULL) == (strcmp(pages[i].page, "old") != 0));
        collector_bench_close(bench);
    }
}

/* One of two addresses does not answer: what the other one counts is a part. */
static void test_a_part_is_nothing(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    char whole[URL_MAX], both[2 * URL_MAX];

    open_scrape(world, "20s");
    (void)snprintf(whole, sizeof(whole), "http://127.0.0.1:%s/whole", world->peer.line);
    (void)snprintf(both, sizeof(both), "%s http://127.0.0.1:%s/broken", whole, world->peer.line);
    struct collector_tally *part = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"url", both, "query", "up", "combine", "sum", NULL});
    struct collector_tally *all = collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                                                        (const char *[]){"url", whole, "query", "up", NULL});
    COLLECTOR_BENCH_WAIT(bench, part->troubles >= 2 && all->puts >= 2);
    assert_int_equal(part->puts, 0);
    assert_true(all->value == 1);
    assert_int_equal(all->at_ms % EVERY_MS, 0);
    collector_bench_close(bench);
}

/* A page of many slices, `end` behind its values. */
static void show_long(struct world *world, const char *end)
{
    char *text = malloc(LONG_COUNT * LONG_LINE + strlen(end) + 1);
    size_t length = 0;

    assert_non_null(text);
    for (int i = 0; i < LONG_COUNT; i++)
        length +=
            (size_t)snprintf(text + length, LONG_LINE, "v{n=\"%d\",text=\"some bytes more\"} %d\n", i, i);
    memcpy(text + length, end, strlen(end) + 1);
    show(world, "metrics", text);
    free(text);
}

static struct collector_tally *watch_long(struct world *world, const char *query, bool is_sum)
{
    const char *url = world->exporter_url;

    if (is_sum)
        return collector_bench_watch(&world->bench, SERIES_GAUGE, EVERY_MS,
                                     (const char *[]){"url", url, "query", query, "combine", "sum", NULL});
    return collector_bench_watch(&world->bench, SERIES_GAUGE, EVERY_MS,
                                 (const char *[]){"url", url, "query", query, NULL});
}

/* All of a long page has one moment, whoever is told first; a wrong end makes all of it wrong. */
static void test_a_long_page(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    show_long(world, "");
    open_scrape(world, "20s");
    struct collector_tally *last = watch_long(world, "v{n='3999'}", false);
    struct collector_tally *all = watch_long(world, "v", true);
    struct collector_tally *again = watch_long(world, "v{n!='0'}", true);
    struct collector_tally *first = watch_long(world, "v{n='1'}", false);
    struct collector_tally *several = watch_long(world, "v{n=~'7|8'}", false);
    COLLECTOR_BENCH_WAIT(bench, last->puts >= 3 && last->puts == first->puts);
    assert_true(first->value == 1 && last->value == LONG_COUNT - 1);
    assert_true(all->value == LONG_COUNT / 2 * (LONG_COUNT - 1) && again->value == all->value);
    assert_true(first->at_ms == last->at_ms && all->at_ms == last->at_ms && again->at_ms == last->at_ms);
    assert_true(several->puts == 0 && several->trouble == SERIES_AMBIGUOUS);
    show_long(world, "v{n=\"1\" 5\n");
    COLLECTOR_BENCH_WAIT(bench, first->is_troubled && last->is_troubled && all->is_troubled);
    unsigned puts = first->puts;
    unsigned troubles = first->troubles;
    COLLECTOR_BENCH_WAIT(bench, first->troubles >= troubles + 2);
    assert_int_equal(first->puts, puts); /* nothing in front of the error was taken */
    assert_non_null(strstr(first->why, "line 4001"));
    show_long(world, "");
    COLLECTOR_BENCH_WAIT(bench, !first->is_troubled && !all->is_troubled);
    assert_true(first->value == 1 && all->value == LONG_COUNT / 2 * (LONG_COUNT - 1));
    collector_bench_close(bench);
}

/* Watches come and go, and the collector is closed, in the middle of a page's way: at some millisecond while
 * it is asked and read for many, or when some are told and others are not. */
static void test_ends_in_the_middle(void **state)
{
    static const bool never = false;
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    show_long(world, "");
    for (int after_ms = 0; after_ms < MIDDLES; after_ms++) {
        open_scrape(world, "20s");
        struct collector_tally *last = watch_long(world, "v", true);
        for (int i = 0; i < MANY; i++)
            (void)watch_long(world, "v{n!='0'}", true);
        struct collector_tally *first = watch_long(world, "v", true);
        if (after_ms % 3 != 0) {
            (void)!loop_run_until(world->loop, &never, after_ms);
        } else {
            COLLECTOR_BENCH_WAIT(bench, first->puts == 1);
            assert_int_equal(last->puts, 0);
        }
        collector_bench_unwatch(after_ms % 2 == 0 ? first : last);
        struct collector_tally *left = after_ms % 2 == 0 ? last : first;
        struct collector_tally *late = watch_long(world, "v{n='5'}", false);
        if (after_ms % 4 != 3) {
            COLLECTOR_BENCH_WAIT(bench, left->puts >= 1 && late->puts >= 1);
            assert_true(left->value == LONG_COUNT / 2 * (LONG_COUNT - 1) && late->value == 5);
        }
        collector_bench_close(bench);
    }
}

static void test_refuses_what_cannot_be_asked(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_scrape(world, "20s");
    const char *why = collector_bench_watch_refused(
        bench, SERIES_GAUGE, (const char *[]){"url", "http://127.0.0.1/", "query", "sum(up)", NULL});
    assert_non_null(strstr(why, "functions are Prometheus' own"));
    why = collector_bench_watch_refused(bench, SERIES_GAUGE,
                                        (const char *[]){"url", "ftp://127.0.0.1/", "query", "up", NULL});
    assert_non_null(strstr(why, "http://"));
    why = collector_bench_watch_refused(bench, SERIES_COUNT,
                                        (const char *[]){"url", "http://127.0.0.1/", "total", "r", NULL});
    assert_non_null(strstr(why, "events is missing"));
    collector_bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_real_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_values_made_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_that_prove_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_part_is_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends_in_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be_asked, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
