/* test_api_otlp.c - POST /v1/metrics over a real socket: who may post, what is said of what is not read.
 * SPDX-License-Identifier: MIT */
#include "io/memory.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char path[] = "/v1/metrics";

static void assert_answer(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

static const struct api_bench_call *post(struct api_bench *bench, const char *body)
{
    return api_bench_ask_with(bench, "POST", path, body, "Content-Type", "application/json; charset=utf-8");
}

static void what_is_taken_is_said(void **state)
{
    struct api_bench *bench = *state;

    assert_string_equal(post(bench, "{}")->body, "{}");
    assert_string_equal(bench->last.text, "2 bytes, shop 1, mailer 1");
    assert_answer(post(bench, "3"), 200,
                  "{\"partialSuccess\":{\"rejectedDataPoints\":\"3\",\"errorMessage\":\"not finite\"}}");
    assert_answer(post(bench, "stop"), 400, "#/resourceMetrics");
    assert_answer(post(bench, "many"), 413, "more points");
    assert_int_equal(api_bench_ask(bench, "GET", path, NULL)->status, 405);
}

static void what_is_not_read_is_said(void **state)
{
    struct api_bench *bench = *state;

    bench->last.text[0] = '\0';
    assert_answer(api_bench_ask_with(bench, "POST", path, "x", "Content-Encoding", "gzip"), 415,
                  "compression to none");
    assert_answer(api_bench_ask_with(bench, "POST", path, "x", "Content-Type", "application/x-protobuf"), 415,
                  "http/json");
    assert_answer(api_bench_ask_with(bench, "POST", path, "{}", "Content-Type", "application/jsonl"), 415,
                  "as JSON only");
    assert_string_equal(bench->last.text, "");
}

static void a_token_tells_of_its_services_only(void **state)
{
    struct api_bench *bench = *state;
    char *token =
        api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"deploy\"],\"services\":[\"mailer\"]}");
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");

    bench->token = token;
    assert_answer(post(bench, "{}"), 200, "{}");
    assert_string_equal(bench->last.text, "2 bytes, shop 0, mailer 1");
    bench->token = reader;
    assert_answer(post(bench, "{}"), 403, "\\\"deploy\\\"");
    free(token);
    free(reader);
}

static void long_bodies_only_of_who_may_post(void **state)
{
    struct api_bench *bench = *state;
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");
    char *body = memory_take(API_OTLP_BODY_MAX + 2);

    memset(body, ' ', API_OTLP_BODY_MAX);
    assert_answer(post(bench, body), 200, "{}");
    assert_string_equal(bench->last.text, "1048576 bytes, shop 1, mailer 1");
    assert_int_equal(api_bench_ask(bench, "POST", "/v1/samples", body)->status, 413);
    bench->token = reader;
    assert_int_equal(post(bench, body)->status, 413);
    bench->token = "vd_0123456789abcdef_wrong";
    assert_int_equal(post(bench, body)->status, 413);
    bench->token = NULL;
    body[API_OTLP_BODY_MAX] = ' ';
    assert_int_equal(post(bench, body)->status, 413);
    free(body);
    free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(what_is_taken_is_said),
        WITH_API(what_is_not_read_is_said),
        WITH_API(a_token_tells_of_its_services_only),
        WITH_API(long_bodies_only_of_who_may_post),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
