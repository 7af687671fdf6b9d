/* test_api_rights.c - tokens, verbs, targets and reports over a real socket and journal.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/deployment.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char start[] = "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\"}";

static void assert_answer(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

static void a_token_has_its_scopes_only(void **state)
{
    struct api_bench *bench = *state;
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");

    bench->token = reader;
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments", NULL)->status, 200);
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments", start), 403, "\\\"deploy\\\"");
    assert_answer(api_bench_ask(bench, "GET", "/v1/tokens", NULL), 403, "\\\"admin\\\"");
    bench->token = "vd_0123456789abcdef_wrong";
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/deployments", NULL);
    assert_answer(call, 401, "not known");
    assert_non_null(strstr(call->authenticate, "Bearer"));
    assert_int_equal(api_bench_ask(bench, "GET", "/healthz", NULL)->status, 200);
    assert_int_equal(bench->start_count, 0);
    free(reader);
}

static void a_token_is_for_its_services_only(void **state)
{
    struct api_bench *bench = *state;
    char *token = api_bench_token(
        bench,
        "{\"principal\":\"ci\",\"scopes\":[\"read\",\"deploy\",\"rollback\"],\"services\":[\"mailer\"]}");

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->token = token;
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments", start), 403, "not for shop/prod");
    assert_answer(api_bench_ask(bench, "GET", "/v1/deployments/dep_1", NULL), 403, "not for shop/prod");
    assert_answer(api_bench_ask(bench, "GET", "/v1/deployments/dep_1/report", NULL), 403, "not for");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/abort", NULL), 403, "not for");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/shop/prod/abort", NULL), 403, "not for");
    assert_answer(api_bench_ask(bench, "GET", "/v1/deployments", NULL), 200, "\"deployments\":[]");
    assert_answer(api_bench_ask(bench, "GET", "/v1/status", NULL), 200, "\"services\":[]");
    assert_int_equal(bench->start_count + bench->verb_count, 0);
    free(token);
}

static void a_revoked_token_is_over(void **state)
{
    struct api_bench *bench = *state;
    char path[128];
    char *token = api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"read\"],\"expires\":\"1h\"}");

    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/tokens", NULL);
    assert_answer(call, 200, "\"principal\":\"ci\"");
    assert_null(strstr(call->body, token));
    (void)snprintf(path, sizeof(path), "/v1/tokens/%s", api_bench_field(call, ".tokens[0].id"));
    assert_int_equal(api_bench_ask(bench, "DELETE", path, NULL)->status, 204);
    assert_int_equal(api_bench_ask(bench, "DELETE", path, NULL)->status, 404);
    bench->token = token;
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments", NULL)->status, 401);
    bench->token = NULL;
    assert_answer(api_bench_ask(bench, "POST", "/v1/tokens", "{\"principal\":\"x\",\"scopes\":[\"raed\"]}"),
                  400, "#/scopes/0");
    assert_answer(api_bench_ask(bench, "POST", "/v1/tokens",
                                "{\"principal\":\"x\",\"scopes\":[\"read\"],\"expires\":\"soon\"}"),
                  400, "#/expires");
    free(token);
}

static void a_password_is_a_token(void **state)
{
    struct api_bench *bench = *state;

    assert_answer(
        api_bench_ask_with(bench, "GET", "/v1/deployments", NULL, "Authorization", "Basic dGY6dmRfMV94"), 401,
        "not known");
    assert_answer(api_bench_ask_with(bench, "GET", "/v1/deployments", NULL, "Authorization", "Digest x"), 401,
                  "no token");
}

static void verbs_reach_the_engine(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);

    assert_int_equal(id, 1);
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/abort", "{\"reason\":\"no\"}"), 200,
                  "dep_1");
    assert_non_null(strstr(bench->last.text, "abort 1 "));
    assert_non_null(strstr(bench->last.text, ": no"));
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/shop/prod/hold", NULL), 200, "dep_1");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/promote", "{\"full\":true}"), 400,
                  "#/reason");
    assert_answer(
        api_bench_ask(bench, "POST", "/v1/deployments/dep_1/promote", "{\"full\":true,\"reason\":\"r\"}"),
        200, "dep_1");
    assert_non_null(strstr(bench->last.text, "promote --full"));
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/mute", "{\"reason\":\"r\"}"), 400,
                  "#/rule");
    assert_answer(
        api_bench_ask(bench, "POST", "/v1/deployments/dep_1/mute", "{\"reason\":\"r\",\"rule\":\"errors\"}"),
        200, "");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/rollback",
                                "{\"past_no_return\":true,\"reason\":\"r\"}"),
                  200, "");
    assert_non_null(strstr(bench->last.text, "past-no-return"));
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/resume", "{\"full\":true}"), 400,
                  "#/full");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/retry", NULL), 400, "#/reason");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/retry", "{\"reason\":\"r\"}"), 409,
                  "retry is not possible");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/marks", "{\"weight\":25}"), 200,
                  "dep_1");
    assert_string_equal(bench->last.text, "1 25");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/marks", "{\"weight\":101}"), 400,
                  "#/weight");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_9/abort", NULL), 404,
                  "no such deployment");
}

/* A start with what the ended one had; out of quarantine only by who may override. */
static void a_retry_is_a_start(void **state)
{
    struct api_bench *bench = *state;
    static const char path[] = "/v1/deployments/dep_1/retry";
    char *token =
        api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"read\",\"deploy\",\"rollback\"]}");

    (void)api_bench_deployment(bench, PHASE_PROMOTED);
    api_bench_release(bench, 1);
    assert_answer(api_bench_ask(bench, "POST", path, "{\"reason\":\"r\"}"), 409, "only what ended without");
    (void)api_bench_deployment(bench, PHASE_ROLLED_BACK);
    api_bench_release(bench, 2);
    bench->token = token;
    const struct api_bench_call *call =
        api_bench_ask(bench, "POST", "/v1/deployments/shop/prod/retry", "{\"reason\":\"mended\"}");
    assert_answer(call, 201, "dep_3");
    assert_string_equal(call->location, "/v1/deployments/dep_3");
    assert_string_equal(bench->last.text, "shop/prod 2.0.0  careful by ci for ci: mended, once more 2");
    api_bench_release(bench, 3);
    bench->target.id = journal_target(bench->journal, "shop", "prod");
    bench->target.quarantined[0].version_key = journal_version_key(bench->journal, "2.0.0", "");
    bench->target.quarantined_count = 1;
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_2/retry", "{\"reason\":\"r\"}"), 403,
                  "override");
    bench->token = NULL;
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_2/retry", "{\"reason\":\"r\"}"), 201, "");
    assert_non_null(strstr(bench->last.text, ", once more 2, out of quarantine"));
    free(token);
}

static void forbidden_states_say_what_is_possible(void **state)
{
    struct api_bench *bench = *state;

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->states[0].step_state = STEP_HELD;
    err_set(&bench->refusal, ERR_CONFLICT, "no");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/promote", NULL), 409,
                  "dep_1 is held; possible now: resume");
    bench->states[0].phase = PHASE_PROMOTED;
    bench->created = 2;
    (void)api_bench_deployment(bench, PHASE_QUEUED);
    const struct api_bench_call *call = api_bench_ask(bench, "POST", "/v1/deployments/dep_1/rollback", NULL);
    assert_answer(call, 201, "dep_2");
    assert_string_equal(call->location, "/v1/deployments/dep_2");
}

static void what_is_over_is_refused_or_done(void **state)
{
    struct api_bench *bench = *state;

    (void)api_bench_deployment(bench, PHASE_PROMOTED);
    api_bench_release(bench, 1);
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/promote", NULL), 200,
                  "\"exit_code\":0");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/rollback", NULL), 409, "1.0.0");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/hold", NULL), 409, "dep_1 is promoted");
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/marks", "{\"weight\":1}"), 409,
                  "promoted");
    assert_int_equal(bench->verb_count, 0);
}

static void targets_take_what_people_say(void **state)
{
    struct api_bench *bench = *state;
    const char *adopt = "/v1/services/shop/prod/adopt";
    char path[128];

    assert_answer(api_bench_ask(bench, "POST", adopt, "{\"version\":\"1.0.0\"}"), 400, "#/reason");
    assert_answer(api_bench_ask(bench, "POST", adopt, "{\"version\":\"!\",\"reason\":\"r\"}"), 400,
                  "#/version");
    assert_answer(api_bench_ask(bench, "POST", adopt,
                                "{\"version\":\"1.0.0\",\"slot\":\"blue\",\"reason\":\"it serves\"}"),
                  200, "\"service\":\"shop\"");
    assert_non_null(strstr(bench->last.text, "shop/prod 1.0.0 blue by"));
    assert_answer(api_bench_ask(bench, "POST", "/v1/services/shop/prod/freeze",
                                "{\"until\":\"2030\",\"reason\":\"r\"}"),
                  400, "#/until");
    assert_answer(api_bench_ask(bench, "POST", "/v1/services/shop/prod/freeze", "{\"reason\":\"r\"}"), 200,
                  "frozen");
    assert_answer(api_bench_ask(bench, "POST", "/v1/freeze", "{\"reason\":\"r\"}"), 200, "\"frozen\"");
    assert_non_null(strstr(bench->last.text, "*/*"));
    assert_answer(api_bench_ask(bench, "POST", "/v1/unfreeze", NULL), 200, "\"braked\":false");
    bench->target.is_braked = true;
    bench->target.opens_ms = 65000;
    assert_string_equal(
        api_bench_field(api_bench_ask(bench, "GET", "/v1/status", NULL), ".services[0].braked"), "true");
    assert_string_equal(api_bench_field(api_bench_ask(bench, "GET", "/v1/status", NULL), ".fleet.braked"),
                        "false");
    err_set(&bench->refusal, ERR_NOT_FOUND, "no service shop");
    assert_answer(api_bench_ask(bench, "POST", "/v1/services/shop/prod/unfreeze", NULL), 404, "no service");

    bench->target.quarantined_count = 1;
    bench->target.quarantined[0] = (struct quarantined){journal_version_key(bench->journal, "6.6.6", ""), 4};
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/quarantine", NULL);
    assert_string_equal(api_bench_field(call, ".quarantine[0].version"), "6.6.6");
    assert_string_equal(api_bench_field(call, ".quarantine[0].deployment"), "dep_4");
    (void)snprintf(path, sizeof(path), "/v1/quarantine/%s", api_bench_field(call, ".quarantine[0].id"));
    assert_answer(api_bench_ask(bench, "DELETE", path, "{\"reason\":\"mended\"}"), 200, "");
    assert_non_null(strstr(bench->last.text, "shop/prod 6.6.6  by"));
    assert_int_equal(api_bench_ask(bench, "DELETE", "/v1/quarantine/q9-1", NULL)->status, 404);
    assert_answer(
        api_bench_ask(bench, "POST", "/v1/quarantine",
                      "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"7\",\"reason\":\"r\"}"),
        201, "quarantined");
}

static void a_report_has_the_evidence(void **state)
{
    struct api_bench *bench = *state;

    (void)api_bench_deployment(bench, PHASE_ROLLED_BACK);
    bench->states[0].ending = ENDING_FAILED;
    bench->states[0].failed_rule = 0;
    bench->rules[0].last =
        (struct judgement){.verdict = VERDICT_FAIL, .value = 0.2, .bound = 0.05, .count = 240};
    api_bench_trace(bench, 1, TRACE_FAIL, 0, 1, "");
    const struct api_bench_call *call =
        api_bench_ask(bench, "GET", "/v1/deployments/shop/prod/report?format=text", NULL);
    assert_answer(
        call, 200,
        "was rolled back: rule errors failed (error_rate > 5% for 10s: 20 % against 5 %); 1.0.0 serves");
    assert_answer(call, 200, "verdict FAIL: rule ");
    assert_answer(call, 200, "exit code   3");
    call = api_bench_ask(bench, "GET", "/v1/deployments/dep_1/report", NULL);
    assert_string_equal(api_bench_field(call, ".deployment.exit_code"), "3");
    assert_string_equal(api_bench_field(call, ".audit[1].what"), "fail");
    assert_string_equal(api_bench_field(call, ".audit[0].actor"), "alice");
    assert_string_equal(api_bench_field(call, ".cut"), "false");
}

static void the_rest_answers(void **state)
{
    struct api_bench *bench = *state;

    assert_int_equal(api_bench_ask(bench, "GET", "/v2", NULL)->status, 404);
    const struct api_bench_call *call = api_bench_ask(bench, "PUT", "/v1/deployments", "{}");
    assert_int_equal(call->status, 405);
    assert_string_equal(call->allow, "POST, GET");
    assert_answer(api_bench_ask(bench, "GET", "/readyz?verbose", NULL), 503, "[-]runner: away");
    call = api_bench_ask(bench, "GET", "/metrics", NULL);
    assert_answer(call, 200, "verdict_series 3");
    assert_answer(call, 200, "verdict_api_answers_total{status=\"5xx\"} 1");
    call = api_bench_ask(bench, "GET", "/openapi.json", NULL);
    assert_string_equal(api_bench_field(call, ".openapi"), "3.1.0");
    assert_answer(call, 200, "/v1/deployments/{deployment}/approvals");
    assert_answer(api_bench_ask(bench, "POST", "/v1/rules/check", "broken"), 200, "\"ok\":false");
    assert_answer(api_bench_ask(bench, "POST", "/v1/rules/check", "services: {};"), 200, "\"ok\":true");
    assert_answer(api_bench_ask(bench, "GET", "/v1/rules", NULL), 200, "sources");
}

static void samples_are_taken(void **state)
{
    struct api_bench *bench = *state;
    const char *path = "/v1/samples";

    assert_answer(
        api_bench_ask(bench, "POST", path,
                      "{\"service\":\"shop\",\"environment\":\"prod\",\"slot\":\"blue\",\"samples\":"
                      "[{\"metric\":\"nobody\",\"value\":1},{\"metric\":\"up\",\"value\":0.5,\"time\":1}]}"),
        202, "{\"taken\":1,\"unwatched\":1,\"late\":0,\"future\":0}");
    assert_string_equal(bench->last.text, "sample shop/prod slot.blue up 0.5/0");
    assert_answer(
        api_bench_ask(bench, "POST", path,
                      "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0\",\"samples\":"
                      "[{\"metric\":\"errors\",\"events\":1,\"total\":9}]}"),
        202, "{\"taken\":1,\"unwatched\":0,\"late\":0,\"future\":0}");
    assert_string_equal(bench->last.text, "sample shop/prod version.2.0 errors 1/9");
    assert_answer(api_bench_ask(bench, "POST", path,
                                "{\"service\":\"shop\",\"environment\":\"prod\",\"samples\":"
                                "[{\"metric\":\"up\",\"value\":1}]}"),
                  202, "{\"taken\":1,\"unwatched\":0,\"late\":0,\"future\":0}");
    assert_string_equal(bench->last.text, "sample shop/prod service up 1/0");
}

static const struct {
    const char *samples;
    unsigned status;
    const char *said;
} refused_samples[] = {
    {"[{\"metric\":\"errors\",\"value\":1}]", 422, "is a counter: post events and total"},
    {"[{\"metric\":\"up\",\"events\":1,\"total\":1}]", 422, "is no counter: post its value"},
    {"[{\"metric\":\"errors\",\"events\":-1,\"total\":1}]", 422, "#/samples/0: counts are not negative"},
    {"[{\"metric\":\"up\",\"value\":1,\"time\":-5}]", 422, "seconds since 1970 are meant"},
    {"[{\"value\":1}]", 422, "#/samples/0/metric"},
    {"[{\"metric\":\"up\",\"valeu\":1}]", 422, "did you mean"},
    {"[1]", 422, "#/samples/0"},
    {"5", 422, "#/samples"},
};

static void samples_that_cannot_be(void **state)
{
    struct api_bench *bench = *state;
    char body[512];

    for (size_t i = 0; i < sizeof(refused_samples) / sizeof(refused_samples[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"service\":\"shop\",\"environment\":\"prod\",\"samples\":%s}",
                       refused_samples[i].samples);
        assert_answer(api_bench_ask(bench, "POST", "/v1/samples", body), (int)refused_samples[i].status,
                      refused_samples[i].said);
    }
    /* A good one before a bad one is not taken: it would count twice when all is posted again. */
    bench->last.text[0] = '\0';
    assert_answer(api_bench_ask(bench, "POST", "/v1/samples",
                                "{\"service\":\"shop\",\"environment\":\"prod\",\"samples\":"
                                "[{\"metric\":\"up\",\"value\":1},{\"metric\":\"errors\",\"value\":1}]}"),
                  422, "#/samples/1: 'errors' is a counter");
    assert_string_equal(bench->last.text, "");
    assert_answer(
        api_bench_ask(bench, "POST", "/v1/samples",
                      "{\"service\":\"shop\",\"environment\":\"prod\",\"samples\":"
                      "[{\"metric\":\"up\",\"value\":1,\"time\":0.5},{\"metric\":\"up\",\"value\":1},"
                      "{\"metric\":\"up\",\"value\":1,\"time\":5000000000}]}"),
        202, "{\"taken\":1,\"unwatched\":0,\"late\":1,\"future\":1}");
    assert_answer(api_bench_ask(bench, "POST", "/v1/samples",
                                "{\"service\":\"shop\",\"environment\":\"prod\",\"slot\":\"a\","
                                "\"version\":\"1\",\"samples\":[]}"),
                  400, "of a slot or of a version");
    assert_answer(api_bench_ask(bench, "POST", "/v1/samples", "{\"samples\":[]}"), 400, "#/service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(samples_are_taken),
        WITH_API(samples_that_cannot_be),
        WITH_API(a_token_has_its_scopes_only),
        WITH_API(a_token_is_for_its_services_only),
        WITH_API(a_revoked_token_is_over),
        WITH_API(a_password_is_a_token),
        WITH_API(verbs_reach_the_engine),
        WITH_API(a_retry_is_a_start),
        WITH_API(forbidden_states_say_what_is_possible),
        WITH_API(what_is_over_is_refused_or_done),
        WITH_API(targets_take_what_people_say),
        WITH_API(a_report_has_the_evidence),
        WITH_API(the_rest_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
