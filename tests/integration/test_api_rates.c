/* test_api_rates.c - who asks too often is told when to come again; who takes something back never is.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "support/api_bench.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT = 10 };

static const char reader[] = "{\"principal\":\"board\",\"scopes\":[\"read\",\"rollback\"]}";

/* An hour for each further one: what the test asks is far below it. */
static const struct rate_limit scarce = {.count = COUNT, .span_ms = (int64_t)COUNT * 3600 * 1000};

static unsigned ask(struct api_bench *bench, const char *method, const char *path, unsigned count, int status)
{
    unsigned met = 0;

    for (unsigned i = 0; i < count; i++)
        met += api_bench_ask(bench, method, path, NULL)->status == status;
    return met;
}

static void assert_counted(struct api_bench *bench, const char *line)
{
    bench->token = NULL;
    bench->is_tcp = false;
    struct api_bench_call *call = api_bench_ask(bench, "GET", "/metrics", NULL);
    if (strstr(call->body, line) == NULL)
        fail_msg("no \"%s\" in %s", line, call->body);
}

static void a_token_that_asks_too_often_waits(void **state)
{
    struct api_bench *bench = *state;
    char *one = api_bench_token(bench, reader);
    char *other = api_bench_token(bench, reader);

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->api->env.doors.token_rate = scarce;
    bench->token = one;
    assert_int_equal(ask(bench, "GET", "/v1/deployments", COUNT, 200), COUNT);
    struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/deployments", NULL);
    assert_int_equal(call->status, 429);
    assert_string_equal(call->type, "application/problem+json");
    assert_string_equal(api_bench_field(call, ".code"), "rate-limited");
    int64_t retry_s = 0;
    assert_true(text_to_integer(call->retry, 3000, 3600, &retry_s));
    /* The way back is never gated (S19). */
    assert_int_equal(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/rollback", NULL)->status, 200);
    assert_int_equal(api_bench_ask(bench, "POST", "/v1/deployments/shop/prod/abort", NULL)->status, 200);
    assert_int_equal(bench->verb_count, 2);
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments", NULL)->status, 429);
    bench->token = other;
    assert_int_equal(ask(bench, "GET", "/v1/deployments", 1, 200), 1);
    assert_counted(bench, "verdict_api_rate_limited_total{source=\"token\"} 2\n");
    free(one);
    free(other);
}

static void an_address_without_a_token_waits(void **state)
{
    struct api_bench *bench = *state;
    char *token = api_bench_token(bench, reader);

    bench->api->env.doors.address_rate = scarce;
    bench->is_tcp = true;
    assert_int_equal(ask(bench, "GET", "/healthz", 4, 200), 4);
    assert_int_equal(ask(bench, "GET", "/nowhere", 3, 404), 3);
    bench->token = "vd_0123456789abcdef_wrong";
    assert_int_equal(ask(bench, "POST", "/v1/deployments/dep_1/abort", 3, 401), 3);
    /* Guessing on is no use, not even at a way back. */
    assert_int_equal(ask(bench, "POST", "/v1/deployments/dep_1/abort", 3, 429), 3);
    bench->token = NULL;
    assert_int_equal(ask(bench, "GET", "/healthz", 1, 429), 1);
    bench->token = token; /* from the same address */
    assert_int_equal(ask(bench, "GET", "/v1/deployments", 2 * COUNT, 200), 2 * COUNT);
    assert_counted(bench, "verdict_api_rate_limited_total{source=\"address\"} 4\n");
    free(token);
}

/* Operators get through while the network is flooded. */
static void the_unix_socket_is_free(void **state)
{
    struct api_bench *bench = *state;

    bench->api->env.doors.address_rate = bench->api->env.doors.token_rate = scarce;
    assert_int_equal(ask(bench, "GET", "/v1/deployments", 3 * COUNT, 200), 3 * COUNT);
    assert_int_equal(ask(bench, "GET", "/healthz", 3 * COUNT, 200), 3 * COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(a_token_that_asks_too_often_waits),
        WITH_API(an_address_without_a_token_waits),
        WITH_API(the_unix_socket_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
