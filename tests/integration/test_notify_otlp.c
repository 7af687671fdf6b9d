/* test_notify_otlp.c - traces to a collector: how they are posted, and what its answers mean.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_otlp;

#define BODY "{\"resourceSpans\":[]}"

static void open_at(struct notifier_bench *bench, const char *path)
{
    const char *const options[] = {"url", notifier_bench_url(path), NULL};

    notifier_bench_open(bench, &notifier_otlp, options);
}

static void it_is_posted_as_it_is(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {"\"body\": {\"resourceSpans\": []}", "\"path\": \"v1/traces\"",
                                 "\"status\": 200", NULL};

    open_at(bench, "/otlp/v1/traces");
    notifier_bench_expect(bench, BODY, NOTICE_DELIVERED, 0, "200");
    notifier_bench_has(notifier_bench_kept(), parts);
}

/* What was taken in part would be there twice. */
static void what_is_final_is_not_sent_again(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/otlp/part");
    notifier_bench_expect(bench, BODY, NOTICE_REFUSED, 0, "all but 2 spans: no room");
    open_at(bench, "/otlp/v1/traces");
    notifier_bench_expect(bench, "{\"resourceSpans\":1}", NOTICE_REFUSED, 0, "answered 400");
    open_at(bench, "/fail/1/404/otlp/v1/traces");
    notifier_bench_expect(bench, BODY, NOTICE_REFUSED, 0, "answered 404");
    open_at(bench, "/fail/1/500/otlp/v1/traces");
    notifier_bench_expect(bench, BODY, NOTICE_REFUSED, 0, "answered 500");
    open_at(bench, "/fail/1/302/otlp/v1/traces");
    notifier_bench_expect(bench, BODY, NOTICE_REFUSED, 0, "answered 302");
}

static void what_may_come_right_is_tried_again(void **state)
{
    static const char *const paths[] = {"/fail/1/429/otlp/v1/traces", "/fail/1/502/otlp/v1/traces",
                                        "/fail/1/503/otlp/v1/traces", "/fail/1/504/otlp/v1/traces", NULL};
    const char *const nobody[] = {"url", "http://127.0.0.1:1/v1/traces", NULL};
    struct notifier_bench *bench = *state;

    for (size_t i = 0; paths[i] != NULL; i++) {
        open_at(bench, paths[i]);
        notifier_bench_expect(bench, BODY, NOTICE_RETRY, 7000, "answered");
        notifier_bench_expect(bench, BODY, NOTICE_DELIVERED, 0, "200");
    }
    notifier_bench_open(bench, &notifier_otlp, nobody);
    notifier_bench_expect(bench, BODY, NOTICE_RETRY, 0, "127.0.0.1");
}

static void open_with_key(struct notifier_bench *bench, const char *header, const char *file)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/otlp/key/%s", header);
    const char *const options[] = {
        "url", notifier_bench_url(path), "header", header, "secret", notifier_bench_reference(bench, file),
        NULL};
    notifier_bench_open(bench, &notifier_otlp, options);
}

static void a_key_goes_where_it_is_wanted(void **state)
{
    struct notifier_bench *bench = *state;

    open_with_key(bench, "Authorization", "key");
    notifier_bench_expect(bench, BODY, NOTICE_DELIVERED, 0, "200");
    open_with_key(bench, "X-Api-Key", "key");
    notifier_bench_expect(bench, BODY, NOTICE_DELIVERED, 0, "200");
    open_with_key(bench, "Authorization", "none");
    notifier_bench_expect(bench, BODY, NOTICE_RETRY, 0, "none");
    assert_null(strstr(notifier_bench_kept(), NOTIFIER_BENCH_KEY));
}

static void wrong_options_are_told(void **state)
{
    const char *const place[] = {"url", "collector:4318", NULL};
    const char *const secret[] = {"url", "http://127.0.0.1:4318/v1/traces", "secret", "hunter2", NULL};
    struct notifier_bench *bench = *state;
    struct err err = {0};

    assert_false(notifier_bench_try_open(bench, &notifier_otlp, place, &err));
    assert_non_null(strstr(err.text, "http://"));
    assert_false(notifier_bench_try_open(bench, &notifier_otlp, secret, &err));
    assert_non_null(strstr(err.text, "reference"));
    assert_null(strstr(err.text, "hunter2"));
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(it_is_posted_as_it_is), WITH_BENCH(what_is_final_is_not_sent_again),
        WITH_BENCH(what_may_come_right_is_tried_again), WITH_BENCH(a_key_goes_where_it_is_wanted),
        WITH_BENCH(wrong_options_are_told)};
    return cmocka_run_group_tests_name("notify_otlp", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
