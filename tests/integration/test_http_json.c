/* test_http_json.c - a JSON API that looks at how it is asked, and others that answer badly or not at all.
 * SPDX-License-Identifier: MIT */
#include "collectors/http_json.h"
#include "support/collector_bench.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 200, URL_MAX = 96 };

struct world {
    struct peer peer;
    struct loop *loop;
    struct collector_bench bench;
    char url[URL_MAX];
};

static int set_up_group(void **state)
{
    static struct world world;
    char *peer[] = {"/usr/bin/python3", "tests/support/source_peer.py", NULL};

    *state = &world;
    assert_int_equal(setenv("TEST_API_KEY", "s3cret", 1), 0);
    return peer_start(&world.peer, peer) ? 0 : -1;
}

static int tear_down_group(void **state)
{
    struct world *world = *state;

    peer_stop(&world->peer);
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

static void open_api(struct world *world, const char *timeout)
{
    collector_bench_open(&world->bench, &http_json_collector,
                         (const char *[]){"timeout", timeout, "headers", "X-Org shop", "secret_headers",
                                          "X-Api-Key env:TEST_API_KEY", NULL});
}

static const char *page(struct world *world, const char *name)
{
    (void)snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%s/%s", world->peer.line, name);
    return world->url;
}

static void test_asks_as_it_should(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_api(world, "20s");
    struct collector_tally *tally = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS,
        (const char *[]){"url", page(world, "api"), "body", "{\"from\":$(from),\"to\":$(to)}", "span", "5m",
                         "value", ".points[-1][1]", NULL});
    COLLECTOR_BENCH_WAIT(bench, tally->puts >= 2);
    assert_true(tally->value == 300);
    assert_int_equal(tally->at_ms % EVERY_MS, 0);
    assert_null(bench->type->trouble(bench->collector));
    collector_bench_close(bench);
}

/* By the clock of the other side, which is known from its first answer; that one is an hour ahead of ours. */
static void test_asks_by_the_other_clock(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    struct source_tally heard = {0};

    bench->env.tally = &heard;
    open_api(world, "20s");
    struct collector_tally *tally =
        collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                              (const char *[]){"url", page(world, "later"), "body", "{\"to\":$(to)}", "value",
                                               ".x", "time", ".at", NULL});
    COLLECTOR_BENCH_WAIT(bench, tally->puts >= 2);
    assert_int_equal(tally->troubles, 1);
    assert_true(tally->value > -1 && tally->value < 5);
    assert_true(llabs(loop_now_ms() - tally->at_ms) < 5000);
    assert_true(heard.has_skew && llabs(heard.skew_ms - 3600000) < 3000);
    collector_bench_close(bench);
    open_api(world, "20s");
    heard = (struct source_tally){0};
    tally = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS,
        (const char *[]){"url", page(world, "later"), "body", "{\"to\":0}", "value", ".x", NULL});
    COLLECTOR_BENCH_WAIT(bench, tally->puts >= 1);
    assert_false(heard.has_skew); /* no moment is asked for, so whose clock it is does not matter */
    collector_bench_close(bench);
    bench->env.tally = NULL;
}

static void test_answers_that_prove_nothing(void **state)
{
    static const struct {
        const char *page, *timeout, *why;
    } pages[] = {
        {"broken", "20s", "answered with status 500"},
        {"elsewhere", "20s", "redirect"},
        {"html", "20s", "no JSON"},
        {"truncated", "20s", "no JSON"},
        {"ok", "20s", "the answer has no .x"},
        {"short", "20s", "127.0.0.1"},
        {"silent", "300ms", "127.0.0.1"},
        {"endless", "20s", "127.0.0.1"},
        {"json-bomb", "20s", "127.0.0.1"},
    };
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        open_api(world, pages[i].timeout);
        struct collector_tally *tally =
            collector_bench_watch(bench, SERIES_GAUGE, EVERY_MS,
                                  (const char *[]){"url", page(world, pages[i].page), "value", ".x", NULL});
        COLLECTOR_BENCH_WAIT(bench, tally->troubles >= 2); /* and it goes on asking */
        if (tally->trouble != SERIES_ERROR || strstr(tally->why, pages[i].why) == NULL)
            fail_msg("%s: %d, %s", pages[i].page, tally->trouble, tally->why);
        assert_int_equal(tally->puts, 0);
        assert_non_null(bench->type->trouble(bench->collector));
        collector_bench_close(bench);
    }
}

static void test_leaves_alone_who_asks_for_it(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;

    open_api(world, "20s");
    struct collector_tally *tally = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS, (const char *[]){"url", page(world, "leave"), "value", ".x", NULL});
    COLLECTOR_BENCH_WAIT(bench, tally->troubles >= 1);
    assert_non_null(strstr(tally->why, "429"));
    int64_t refused_ms = loop_now_ms();
    COLLECTOR_BENCH_WAIT(bench, tally->troubles >= 2);
    assert_non_null(strstr(tally->why, "Retry-After"));
    COLLECTOR_BENCH_WAIT(bench, tally->puts >= 1);
    assert_true(tally->value == 7 && loop_now_ms() - refused_ms >= 1000 - EVERY_MS);
    collector_bench_close(bench);
}

static void test_refuses_what_cannot_be(void **state)
{
    struct world *world = *state;
    struct collector_bench *bench = &world->bench;
    static const char *const literal[] = {"X-Key", "s3cret-literal"};
    struct option_value values[16] = {{.is_set = true, .duration_ms = 1000},
                                      {.is_set = true, .list = literal, .list_length = 2}};
    struct err err = {0};

    open_api(world, "20s");
    assert_non_null(strstr(collector_bench_watch_refused(bench, SERIES_GAUGE,
                                                         (const char *[]){"url", "http://127.0.0.1/", NULL}),
                           "value is missing"));
    collector_bench_close(bench);
    assert_false(http_json_collector.open(&bench->env, "api", values, &bench->collector, &err));
    assert_non_null(strstr(err.text, "X-Key"));
    assert_null(strstr(err.text, "s3cret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asks_as_it_should, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asks_by_the_other_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_that_prove_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leaves_alone_who_asks_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
