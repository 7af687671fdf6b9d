/* test_api_events.c - POST /v1/events over a real socket and journal: the forms of CloudEvents, one start for
 * the same event, and what a batch answers.
 * SPDX-License-Identifier: MIT */
#include "support/api_bench.h"

#include <stdio.h>
#include <string.h>

#define ATTRIBUTES "\"specversion\":\"1.0\",\"source\":\"ci\",\"type\":\"verdict.deployment.start\""
#define START      "\"data\":{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\"}"

static const char structured[] = "application/cloudevents+json; charset=utf-8";
static const char batch[] = "application/cloudevents-batch+json";
static const char one[] = "{\"id\":\"1\"," ATTRIBUTES "," START "}";

static const struct api_bench_call *post(struct api_bench *bench, const char *type, const char *body)
{
    return api_bench_ask_with(bench, "POST", "/v1/events", body, "Content-Type", type);
}

static void expect(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

static void the_same_event_is_one_start(void **state)
{
    struct api_bench *bench = *state;

    expect(post(bench, structured, one), 202, "\"status\":201,\"deployment\":\"dep_1\"");
    assert_non_null(strstr(bench->last.text, "shop/prod 2.0.0"));
    expect(post(bench, structured, one), 202, "\"deployment\":\"dep_1\"");
    assert_int_equal(bench->start_count, 1);
    expect(post(bench, structured,
                "{\"id\":\"1\"," ATTRIBUTES ",\"data\":{\"service\":\"shop\",\"environment\":\"prod\","
                "\"version\":\"3.0.0\"}}"),
           422, "another body");
    expect(post(bench, structured, "{\"id\":\"2\"," ATTRIBUTES "," START "}"), 202, "\"dep_2\"");
    assert_int_equal(bench->start_count, 2);
}

static void headers_may_carry_it(void **state)
{
    struct api_bench *bench = *state;
    static const char *const headers[] = {"Content-Type",
                                          "application/json",
                                          "ce-specversion",
                                          "1.0",
                                          "ce-id",
                                          "7",
                                          "ce-source",
                                          "jenkins",
                                          "ce-type",
                                          "dev.cdevents.deployment.queued.0.1.0",
                                          NULL};
    static const char *const no_id[] = {"Content-Type", "application/json", "ce-specversion", "1.0", NULL};
    static const char *const old[] = {"Content-Type", "application/json", "ce-specversion", "0.3", NULL};
    static const char body[] = "{\"subject\":{\"id\":\"shop\",\"content\":{\"environment\":{\"id\":\"prod\"},"
                               "\"artifactId\":\"pkg:generic/shop@2.0.0\"}}}";
    struct api_bench_call call;

    api_bench_send(bench, &call, "POST", "/v1/events", body, headers);
    api_bench_wait(bench, &call);
    expect(&call, 202, "{\"id\":\"7\",\"source\":\"jenkins\",\"status\":201,\"deployment\":\"dep_1\"}");
    api_bench_send(bench, &call, "POST", "/v1/events", body, no_id);
    api_bench_wait(bench, &call);
    expect(&call, 400, "header ce-id");
    api_bench_send(bench, &call, "POST", "/v1/events", body, old);
    api_bench_wait(bench, &call);
    expect(&call, 400, "specversion");
    assert_int_equal(bench->start_count, 1);
}

static void each_of_a_batch_has_its_answer(void **state)
{
    struct api_bench *bench = *state;
    static const char body[] = "[{\"id\":\"a\"," ATTRIBUTES "," START "},"
                               "{\"id\":\"b\",\"specversion\":\"1.0\",\"source\":\"ci\",\"type\":\"dev."
                               "cdevents.change.merged.0.3.0\"},"
                               "{\"id\":\"c\"," ATTRIBUTES ",\"data\":{\"service\":\"shop\"}},"
                               "{\"id\":\"d\"," ATTRIBUTES "}]";
    const struct api_bench_call *call = post(bench, batch, body);

    expect(call, 202, "");
    assert_string_equal(api_bench_field(call, ".events[0].deployment"), "dep_1");
    assert_string_equal(api_bench_field(call, ".events[1].status"), "202");
    assert_string_equal(api_bench_field(call, ".events[1].detail"), "it concerns nothing here");
    assert_string_equal(api_bench_field(call, ".events[2].status"), "400");
    assert_string_equal(api_bench_field(call, ".events[3].status"), "422");
    assert_non_null(strstr(api_bench_field(call, ".events[3].detail"), "data: is missing"));
    /* What may go well later is to come again; what went well is known then. */
    bench->refusal = (struct err){.code = ERR_LIMIT, .text = "too much at once"};
    expect(post(bench, batch, "[{\"id\":\"e\"," ATTRIBUTES "," START "}]"), 503, "too much at once");
    expect(post(bench, batch, "[{\"id\":\"e\"," ATTRIBUTES "," START "}]"), 202, "dep_2");
    expect(post(bench, batch, "[]"), 400, "no event");
    expect(post(bench, batch, one), 400, "a list");
}

static void what_is_none_is_refused(void **state)
{
    struct api_bench *bench = *state;
    char many[64 * 17] = "[";

    expect(post(bench, "application/json", one), 415, "CloudEvents");
    expect(post(bench, "text/plain", one), 415, "CloudEvents");
    expect(post(bench, structured, "{"), 400, "offset");
    expect(post(bench, structured, "[]"), 400, "object");
    expect(post(bench, structured, "{\"id\":\"\"," ATTRIBUTES "}"), 400, "#/id");
    expect(post(bench, structured, "{\"id\":\"1\"," ATTRIBUTES ",\"data_base64\":\"e30=\"}"), 400,
           "data_base64");
    expect(post(bench, structured, "{\"id\":\"1\"," ATTRIBUTES ",\"data\":7}"), 400, "#/data");
    expect(post(bench, structured, "{\"id\":\"1\"," ATTRIBUTES "}"), 422, "data: is missing");
    for (int i = 0; i < 17; i++)
        (void)snprintf(many + strlen(many), sizeof(many) - strlen(many),
                       "%s{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"s\",\"type\":\"t\"}",
                       i == 0 ? "" : ",", i);
    (void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "]");
    expect(post(bench, batch, many), 400, "more than 16");
    assert_int_equal(bench->start_count, 0);
    expect(api_bench_ask(bench, "OPTIONS", "/v1/events", NULL), 200, "");
}

/* Who asks goes away before the answer: the start goes on, and nothing is left behind. */
static void who_goes_away_leaves_nothing(void **state)
{
    struct api_bench *bench = *state;
    const char *const headers[] = {"Content-Type", structured, NULL};
    struct api_bench_call call;

    bench->is_slow = true;
    api_bench_send(bench, &call, "POST", "/v1/events", one, headers);
    while (bench->start_count == 0)
        assert_false(loop_run_until(bench->loop, &call.is_over, 10));
    http_request_cancel(call.http);
    assert_false(loop_run_until(bench->loop, &call.is_over, 50));
    api_bench_answer(bench);
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
    bench->is_slow = false;
    expect(post(bench, structured, one), 202, "dep_1");
    assert_int_equal(bench->start_count, 1);
}

/* Neither does a daemon that stops while one waits. */
static void a_stop_ends_it(void **state)
{
    struct api_bench *bench = *state;
    const char *const headers[] = {"Content-Type", batch, NULL};
    struct api_bench_call call;

    bench->is_slow = true;
    api_bench_send(bench, &call, "POST", "/v1/events", "[{\"id\":\"a\"," ATTRIBUTES "," START "}]", headers);
    while (bench->start_count == 0)
        assert_false(loop_run_until(bench->loop, &call.is_over, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_event_is_one_start, api_bench_set_up, api_bench_tear_down),
        cmocka_unit_test_setup_teardown(headers_may_carry_it, api_bench_set_up, api_bench_tear_down),
        cmocka_unit_test_setup_teardown(each_of_a_batch_has_its_answer, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(what_is_none_is_refused, api_bench_set_up, api_bench_tear_down),
        cmocka_unit_test_setup_teardown(who_goes_away_leaves_nothing, api_bench_set_up, api_bench_tear_down),
        cmocka_unit_test_setup_teardown(a_stop_ends_it, api_bench_set_up, api_bench_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
