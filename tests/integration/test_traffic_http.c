/* test_traffic_http.c - the lever of routers with an HTTP API, against one that behaves as it is told.
 * SPDX-License-Identifier: MIT */
#include "io/http_client.h"
#include "io/loop.h"
#include "support/lever_bench.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { URL_MAX = 128, MEASURED = 10 };

struct fixture {
    struct lever_bench *bench;
    struct peer peer;
    char url[URL_MAX];
};

static struct lever_bench_option both[] = {
    {"url", NULL}, {"pointer", "/routes/0/weight /routes/1/weight"}, {"scale", "10000"}, {NULL, NULL}};
static struct lever_bench_option second[] = {
    {"url", NULL}, {"pointer", "/routes/1/weight"}, {"scale", "100"}, {NULL, NULL}};

static void open_lever(struct fixture *fixture, const struct lever_bench_option *options)
{
    lever_bench_close(fixture->bench);
    lever_bench_open(fixture->bench, "http", options);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    static const struct lever_bench_option options[] = {{"timeout", "1s"}, {NULL, NULL}};
    char *argv[] = {"/usr/bin/python3", "tests/support/weight_peer.py", NULL};

    assert_non_null(fixture);
    assert_true(peer_start(&fixture->peer, argv));
    (void)snprintf(fixture->url, sizeof(fixture->url), "http://127.0.0.1:%s/routes", fixture->peer.line);
    both[0].text = second[0].text = fixture->url;
    fixture->bench = lever_bench_new(traffic_types);
    open_lever(fixture, options);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    lever_bench_free(fixture->bench);
    peer_stop(&fixture->peer);
    free(fixture);
    return 0;
}

/* How the router behaves from now on. */
static void tell(const struct fixture *fixture, const char *how)
{
    struct http_request request = {.url = fixture->url,
                                   .body = how,
                                   .body_length = strlen(how),
                                   .timeout_ms = LEVER_BENCH_WAIT_MS,
                                   .answer_max = 1024};
    struct http_answer answer;
    struct err err;

    if (!http_perform(&request, &answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, 204);
    http_answer_done(&answer);
}

static void expect_document(const struct fixture *fixture, const char *document)
{
    struct http_request request = {
        .url = fixture->url, .timeout_ms = LEVER_BENCH_WAIT_MS, .answer_max = 65536};
    struct http_answer answer;

    assert_true(http_perform(&request, &answer, NULL));
    assert_string_equal(answer.body, document);
    http_answer_done(&answer);
}

static void expect_set(struct fixture *fixture, const struct traffic_split *split, uint64_t number,
                       uint16_t share)
{
    struct lever_told told = lever_bench_set_now(fixture->bench, split, number, share);

    lever_bench_expect_done(&told, share);
}

static void expect_read(struct fixture *fixture, const struct traffic_split *split, uint16_t share)
{
    struct lever_told told = lever_bench_read(fixture->bench, split);

    lever_bench_expect_done(&told, share);
}

static void sets_and_reads_back(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);
    struct lever_told told = lever_bench_rehearse(fixture->bench, &split);

    lever_bench_expect_done(&told, 0);
    assert_false(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
    expect_set(fixture, &split, 1, 1234);
    assert_true(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
    expect_document(fixture, "{\"id\":\"r1\",\"routes\":[{\"name\":\"blue\",\"weight\":8766},"
                             "{\"name\":\"green\",\"weight\":1234}]}");
    expect_read(fixture, &split, 1234);
    split = lever_bench_split(fixture->bench, 0, both);
    expect_read(fixture, &split, 8766);
    expect_set(fixture, &split, 2, 0);
    split = lever_bench_split(fixture->bench, 1, second);
    expect_set(fixture, &split, 3, 100);
    expect_document(fixture, "{\"id\":\"r1\",\"routes\":[{\"name\":\"blue\",\"weight\":0},"
                             "{\"name\":\"green\",\"weight\":1}]}");
    struct lever_told odd = lever_bench_set_now(fixture->bench, &split, 4, 123);
    lever_bench_expect_failed(&odd, true, "1.23 % is no whole weight of 100");
}

static void expect_failed(struct fixture *fixture, const char *how, bool is_final, const char *part)
{
    static uint64_t number = 1;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);

    tell(fixture, how);
    struct lever_told told = lever_bench_set_now(fixture->bench, &split, number++, 100);
    lever_bench_expect_failed(&told, is_final, part);
}

static void every_failure_is_named(void **state)
{
    struct fixture *fixture = *state;

    expect_failed(fixture, "{\"status\":503}", false, "the router answered 503");
    expect_failed(fixture, "{\"status\":429}", false, "the router answered 429");
    expect_failed(fixture, "{\"status\":302}", false, "the router answered 302");
    expect_failed(fixture, "{\"status\":422}", true, "the router answered 422");
    expect_failed(fixture, "{\"status\":403}", true, "the router answered 403");
    expect_failed(fixture, "{\"touch\":1}", false, "the router answered 412");
    expect_failed(fixture, "{\"deaf\":1}", false, "asked for 1.00 %, read back 0.00 %");
    expect_failed(fixture, "{\"slow\":5}", false, "the deadline has passed");
    expect_failed(fixture, "{\"secret\":\"s3cret\"}", true, "the router answered 401");
    expect_failed(fixture, "{\"text\":\"{}\"}", true, "leads to no number");
    expect_failed(fixture, "{\"text\":\"{\"}", true, "offset");
    peer_stop(&fixture->peer);
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);
    struct lever_told told = lever_bench_set_now(fixture->bench, &split, 1000, 0);
    lever_bench_expect_failed(&told, false, "");
}

static void tells_its_trace(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);

    tell(fixture, "{\"trace\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}");
    struct lever_told told = lever_bench_set_now(fixture->bench, &split, 1, 100);
    lever_bench_expect_failed(&told, true, "the router answered 401");
    split.trace.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    expect_set(fixture, &split, 2, 100);
}

static void shows_its_secret_to_the_router_only(void **state)
{
    struct fixture *fixture = *state;
    struct bench *runner = fixture->bench->runner;
    char path[BENCH_PATH_MAX];
    char reference[BENCH_PATH_MAX + 8];

    (void)snprintf(reference, sizeof(reference), "file:%s", bench_path(runner, "secret", path));
    const struct lever_bench_option options[] = {{"secret", reference}, {NULL, NULL}};
    open_lever(fixture, options);
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);
    struct lever_told told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, true, "secret");
    bench_write(runner, "secret", "wrong\n", 0600);
    tell(fixture, "{\"secret\":\"s3cret\"}");
    told = lever_bench_set_now(fixture->bench, &split, 1, 100);
    lever_bench_expect_failed(&told, true, "the router answered 401");
    bench_write(runner, "secret", "s3cret\n", 0600); /* rotated: the next request has it */
    expect_set(fixture, &split, 2, 100);
    char *log = bench_read(runner, "lever.log");
    assert_null(strstr(log, "s3cret"));
    free(log);
    const struct lever_bench_option literal[] = {{"secret", "s3cret"}, {NULL, NULL}};
    lever_bench_close(fixture->bench);
    struct err err;
    assert_false(lever_bench_try_open(fixture->bench, "http", literal, &err));
    assert_null(strstr(err.text, "s3cret"));
}

static void newest_order_wins(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);
    struct lever_told first;
    struct lever_told newest;

    tell(fixture, "{\"slow\":0.02}");
    for (uint64_t i = 0; i < MEASURED; i++) {
        int64_t start_ms = bench_now_ms();
        lever_bench_set(fixture->bench, &split, 10 + 2 * i, 10000, &first);
        while (bench_now_ms() < start_ms + 4 * (int64_t)i)
            lever_bench_turn(fixture->bench, start_ms + LEVER_BENCH_WAIT_MS);
        lever_bench_set(fixture->bench, &split, 11 + 2 * i, 0, &newest);
        lever_bench_await(fixture->bench, &newest);
        lever_bench_expect_done(&newest, 0);
        assert_int_equal(first.count, 1);
        expect_read(fixture, &split, 0);
    }
    struct lever_told late = lever_bench_set_now(fixture->bench, &split, 1, 10000);
    lever_bench_expect_failed(&late, false, "overtaken");
}

static void end_comes_with_the_close(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, both);
    static const struct lever_bench_option options[] = {{NULL, NULL}};
    struct lever_told told;

    for (int turns = 0; turns < MEASURED; turns++) {
        lever_bench_set(fixture->bench, &split, 1, 5000, &told);
        for (int i = 0; i < turns && !told.is_there; i++)
            (void)!loop_run_until(fixture->bench->loop, &told.is_there, 1);
        int before = told.count;
        lever_bench_close(fixture->bench);
        assert_int_equal(told.count, before);
        open_lever(fixture, options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_and_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_failure_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_its_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shows_its_secret_to_the_router_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newest_order_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(end_comes_with_the_close, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("traffic_http", tests, NULL, NULL);
}
