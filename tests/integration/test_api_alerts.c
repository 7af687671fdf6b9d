/* test_api_alerts.c - POST /v1/hooks/alertmanager over a real socket: what is taken, and who may speak.
 * SPDX-License-Identifier: MIT */
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char path[] = "/v1/hooks/alertmanager";

static void assert_answer(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

#define ALERT(status, name, where)                                                                           \
    "{\"version\":\"4\",\"alerts\":[{\"status\":\"" status "\",\"labels\":{\"alertname\":\"" name "\"" where \
    "}}]}"
#define SHOP ",\"service\":\"shop\",\"environment\":\"prod\""

static void alerts_are_signals(void **state)
{
    struct api_bench *bench = *state;

    assert_answer(api_bench_ask(bench, "POST", path, ALERT("firing", "High Errors", SHOP)), 202,
                  "{\"taken\":1,\"unwatched\":0,\"elsewhere\":0}");
    assert_string_equal(bench->last.text, "sample shop/prod service signal_high_errors 1/0");
    assert_answer(api_bench_ask(bench, "POST", path, ALERT("resolved", "High Errors", SHOP)), 202,
                  "\"taken\":1");
    assert_string_equal(bench->last.text, "sample shop/prod service signal_high_errors 0/0");
    assert_answer(api_bench_ask(bench, "POST", path, ALERT("firing", "other", SHOP)), 202,
                  "{\"taken\":0,\"unwatched\":1,\"elsewhere\":0}");
    assert_answer(api_bench_ask(bench, "POST", path, ALERT("firing", "other", "")), 202, "\"elsewhere\":1");
    assert_answer(api_bench_ask(bench, "POST", "/v1/hooks/alertmanager?service=shop&environment=prod",
                                ALERT("firing", "other", "")),
                  202, "\"unwatched\":1");
}

static void what_is_none_is_refused(void **state)
{
    struct api_bench *bench = *state;

    assert_answer(api_bench_ask(bench, "POST", path, "{}"), 400, "#/alerts");
    assert_int_equal(api_bench_ask(bench, "GET", path, NULL)->status, 405);
}

static void a_token_speaks_of_its_services_only(void **state)
{
    struct api_bench *bench = *state;
    char *mailer =
        api_bench_token(bench, "{\"principal\":\"am\",\"scopes\":[\"deploy\"],\"services\":[\"mailer\"]}");
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");

    bench->token = mailer;
    assert_answer(api_bench_ask(bench, "POST", path, ALERT("firing", "up", SHOP)), 403, "shop");
    assert_answer(api_bench_ask(bench, "POST", path, ALERT("firing", "up", "")), 202, "\"elsewhere\":1");
    bench->token = reader;
    assert_answer(api_bench_ask(bench, "POST", path, ALERT("firing", "up", SHOP)), 403, "\\\"deploy\\\"");
    free(mailer);
    free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(alerts_are_signals),
        WITH_API(what_is_none_is_refused),
        WITH_API(a_token_speaks_of_its_services_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
