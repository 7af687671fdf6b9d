/* test_api.c - starts, views, long polls and verbs over a real socket and journal.
 * SPDX-License-Identifier: MIT */
#include "api/call.h"
#include "api/parts.h"
#include "orchestrator/deployment.h"
#include "support/api_bench.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char good[] =
    "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\",\"reason\":\"why not\"}";

static void assert_problem(const struct api_bench_call *call, int status, const char *code, const char *words)
{
    if (call->status != status || strstr(api_bench_field(call, ".detail"), words) == NULL)
        fail_msg("%d %s", call->status, call->body);
    assert_string_equal(api_bench_field(call, ".code"), code);
}

static void a_start_is_durable_and_found(void **state)
{
    struct api_bench *bench = *state;
    const struct api_bench_call *call = api_bench_ask(bench, "POST", "/v1/deployments", good);
    char wanted[160];
    const struct passwd *me = getpwuid(getuid());

    assert_int_equal(call->status, 201);
    assert_string_equal(call->location, "/v1/deployments/dep_1");
    assert_string_equal(api_bench_field(call, ".id"), "dep_1");
    assert_string_equal(api_bench_field(call, ".state"), "queued");
    assert_string_equal(api_bench_field(call, ".done"), "false");
    assert_string_equal(api_bench_field(call, ".previous"), "1.0.0");
    (void)snprintf(wanted, sizeof(wanted), "shop/prod 2.0.0   by %s for %s: why not", me->pw_name,
                   me->pw_name);
    assert_string_equal(bench->last.text, wanted);
    call = api_bench_ask(bench, "GET", "/v1/deployments/shop/prod", NULL);
    assert_int_equal(call->status, 200);
    assert_string_equal(api_bench_field(call, ".id"), "dep_1");
    assert_string_equal(api_bench_field(call, ".rules[0].name"), "errors");
    assert_string_equal(api_bench_field(call, ".rules[0].unit"), "ratio");
    assert_string_equal(api_bench_field(call, ".rules[0].value"), "0.01");
    call = api_bench_ask(bench, "GET", "/v1/deployments/dep_77", NULL);
    assert_problem(call, 404, "not-found", "no such deployment");
}

static void a_start_that_attaches_is_200(void **state)
{
    struct api_bench *bench = *state;

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->attaches = true;
    const struct api_bench_call *call = api_bench_ask(bench, "POST", "/v1/deployments", good);
    assert_int_equal(call->status, 200);
    assert_string_equal(api_bench_field(call, ".id"), "dep_1");
}

static void the_same_key_is_the_same_deployment(void **state)
{
    struct api_bench *bench = *state;
    const char *path = "/v1/deployments";
    const struct api_bench_call *call =
        api_bench_ask_with(bench, "POST", path, good, "Idempotency-Key", "\"run \\\"7\\\"\"");

    assert_int_equal(call->status, 201);
    call = api_bench_ask_with(bench, "POST", path, good, "Idempotency-Key", "run \"7\"");
    assert_int_equal(call->status, 201);
    assert_string_equal(api_bench_field(call, ".id"), "dep_1");
    assert_string_equal(call->location, "/v1/deployments/dep_1");
    assert_int_equal(bench->start_count, 1);
    call = api_bench_ask_with(bench, "POST", path,
                              "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"3\"}",
                              "Idempotency-Key", "run \"7\"");
    assert_problem(call, 422, "idempotency-key-reused", "another body");
    call = api_bench_ask_with(bench, "POST", path, good, "Idempotency-Key", "\"open");
    assert_problem(call, 400, "invalid", "Idempotency-Key");
    assert_int_equal(bench->start_count, 1);
}

static void a_key_under_way_is_409_and_free_after_a_refusal(void **state)
{
    struct api_bench *bench = *state;
    static const char *const header[] = {"Idempotency-Key", "k", NULL};
    struct api_bench_call first;

    bench->is_slow = true;
    api_bench_send(bench, &first, "POST", "/v1/deployments", good, header);
    while (bench->start_count == 0)
        assert_false(loop_run_until(bench->loop, &first.is_over, 10));
    struct api_bench_call *call =
        api_bench_ask_with(bench, "POST", "/v1/deployments", good, header[0], header[1]);
    if (call->status != 201) /* unless the batch was durable already */
        assert_problem(call, 409, "still-running", "under way");
    api_bench_answer(bench);
    api_bench_wait(bench, &first);
    assert_int_equal(first.status, 201);
    /* The journal takes one batch at a time; a real daemon's engine waits for it, this one does not. */
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));

    bench->is_slow = false;
    err_set(&bench->refusal, ERR_INVALID, "nothing proven serves here");
    call = api_bench_ask_with(bench, "POST", "/v1/deployments", good, header[0], "other");
    assert_problem(call, 422, "invalid", "nothing proven");
    call = api_bench_ask_with(bench, "POST", "/v1/deployments", good, header[0], "other");
    assert_int_equal(call->status, 201);
}

struct refusal {
    const char *body;
    int status;
    const char *pointer;
    const char *words;
};

static void bad_starts_are_refused_by_name(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"versoin\":\"2\"}", 400, "#/versoin", "version"},
        {"{\"service\":\"shop\",\"environment\":\"prod\"}", 400, "#/version", ""},
        {"{\"service\":\"Shop\",\"environment\":\"prod\",\"version\":\"2\"}", 400, "#/service", "name"},
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"-2\"}", 400, "#/version", "version"},
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"version\":2}", 400, "#/version", ""},
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2\",\"digest\":\"x\"}", 400,
         "#/digest", ""},
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2\",\"reason\":\"a\\nb\"}", 400,
         "#/reason", ""},
        {"{\"service\":\"shop\",\"service\":\"shop\"}", 400, "", ""},
        {"[]", 400, "", ""},
        {"", 400, "", ""},
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2\",\"emergency\":true}", 400,
         "#/reason", "emergency"},
        {"{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2\",\"stable_is_bad\":true}", 400,
         "#/stable_is_bad", "emergency"},
    };
    struct api_bench *bench = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        const struct api_bench_call *call = api_bench_ask(bench, "POST", "/v1/deployments", refusals[i].body);
        if (call->status != refusals[i].status || strstr(call->body, refusals[i].words) == NULL)
            fail_msg("%s: %d %s", refusals[i].body, call->status, call->body);
        if (refusals[i].pointer[0] != '\0')
            assert_string_equal(api_bench_field(call, ".errors[0].pointer"), refusals[i].pointer);
    }
    assert_int_equal(bench->start_count, 0);
}

static void a_large_body_is_413(void **state)
{
    struct api_bench *bench = *state;
    size_t size = 128 * 1024;
    char *body = malloc(size);

    assert_non_null(body);
    memset(body, ' ', size - 1);
    body[size - 1] = '\0';
    assert_int_equal(api_bench_ask(bench, "POST", "/v1/deployments", body)->status, 413);
    free(body);
}

static void refusals_of_the_engine_have_their_status(void **state)
{
    static const struct {
        enum err_code code;
        int status;
    } rows[] = {{ERR_NOT_FOUND, 404}, {ERR_INVALID, 422}, {ERR_CONFLICT, 409},
                {ERR_FORBIDDEN, 403}, {ERR_LIMIT, 503},   {ERR_IO, 507}};
    struct api_bench *bench = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        err_set(&bench->refusal, rows[i].code, "so it is");
        const struct api_bench_call *call = api_bench_ask(bench, "POST", "/v1/deployments", good);
        assert_int_equal(call->status, rows[i].status);
        assert_string_equal(api_bench_field(call, ".detail"), "so it is");
    }
}

static void lists_have_filters_and_cursors(void **state)
{
    struct api_bench *bench = *state;
    char path[64];

    for (int i = 0; i < 3; i++)
        (void)api_bench_deployment(bench, i == 1 ? PHASE_RUNNING : PHASE_CANCELLED);
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/deployments?limit=2", NULL);
    assert_string_equal(api_bench_field(call, ".deployments[0].id"), "dep_3");
    assert_string_equal(api_bench_field(call, ".deployments[1].id"), "dep_2");
    assert_string_equal(api_bench_field(call, ".deployments[2].id"), "");
    (void)snprintf(path, sizeof(path), "/v1/deployments?limit=2&cursor=%s", api_bench_field(call, ".cursor"));
    call = api_bench_ask(bench, "GET", path, NULL);
    assert_string_equal(api_bench_field(call, ".deployments[0].id"), "dep_1");
    assert_string_equal(api_bench_field(call, ".cursor"), "");
    call = api_bench_ask(bench, "GET", "/v1/deployments?service=shop&environment=prod&state=active", NULL);
    assert_string_equal(api_bench_field(call, ".deployments[0].id"), "dep_2");
    assert_string_equal(api_bench_field(call, ".deployments[1].id"), "");
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments?state=odd", NULL)->status, 400);
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments?limit=0", NULL)->status, 400);
    call = api_bench_ask(bench, "GET", "/v1/status", NULL);
    assert_string_equal(api_bench_field(call, ".services[0].service"), "shop");
    assert_string_equal(api_bench_field(call, ".deployments[0].id"), "dep_2");
}

static void a_known_state_is_304(void **state)
{
    struct api_bench *bench = *state;
    char etag[96];

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    (void)snprintf(etag, sizeof(etag), "%s",
                   api_bench_ask(bench, "GET", "/v1/deployments/dep_1", NULL)->etag);
    assert_int_equal(strncmp(etag, "\"dep_1-", 7), 0);
    const struct api_bench_call *call =
        api_bench_ask_with(bench, "GET", "/v1/deployments/dep_1", NULL, "If-None-Match", etag);
    assert_int_equal(call->status, 304);
    bench->states[0].step_state = STEP_HELD;
    call = api_bench_ask_with(bench, "GET", "/v1/deployments/dep_1", NULL, "If-None-Match", etag);
    assert_int_equal(call->status, 200);
    assert_string_equal(api_bench_field(call, ".exit_code"), "5");
    assert_string_equal(api_bench_field(call, ".done"), "false");
}

static void take_given(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                       const void *body, size_t length)
{
    bool *is_answered = data;

    (void)headers, (void)count, (void)body, (void)length;
    assert_int_equal(status, 200);
    *is_answered = true;
}

static void what_was_read_is_kept_until_it_changes(void **state)
{
    struct api_bench *bench = *state;
    const struct kept *kept = &bench->api->kept;
    const char *path = "/v1/deployments/dep_1";

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    assert_string_equal(api_bench_field(api_bench_ask(bench, "GET", path, NULL), ".state"), "running");
    const struct reading *reading = kept_find(kept, 1);
    assert_true(reading != NULL && reading->is_light);
    assert_null(kept_find(kept, 1 + KEPT_MAX));
    bench->states[0].confirmed_share = 500; /* the engine's, at every answer */
    assert_string_equal(api_bench_field(api_bench_ask(bench, "GET", path, NULL), ".share"), "5");
    assert_ptr_equal(kept_find(kept, 1), reading);
    api_changed(bench->api, 2);
    assert_ptr_equal(kept_find(kept, 1), reading);
    api_changed(bench->api, 1);
    assert_null(kept_find(kept, 1));
    /* It left the engine's memory, which had its definition. */
    assert_int_equal(api_bench_ask(bench, "GET", path, NULL)->status, 200);
    bench->states[0].phase = PHASE_PROMOTED;
    api_bench_release(bench, 1);
    for (int i = 0; i < 2; i++)
        assert_string_equal(api_bench_field(api_bench_ask(bench, "GET", path, NULL), ".state"), "promoted");
    assert_false(kept_find(kept, 1)->is_light);
}

static void what_changes_while_it_is_read_is_not_kept(void **state)
{
    struct api_bench *bench = *state;
    bool is_answered = false;
    struct http_server_given given = {.answer = take_given, .data = &is_answered};
    struct http_server_request request = {.method = "GET",
                                          .path = "/v1/deployments/dep_1",
                                          .body = "",
                                          .peer = {.is_unix = true},
                                          .given = &given};

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    api_handle(bench->api, &request);
    api_changed(bench->api, 1);
    assert_true(loop_run_until(bench->loop, &is_answered, API_BENCH_DEADLINE_MS));
    assert_null(kept_find(&bench->api->kept, 1));
}

static void a_long_poll_wakes_on_change(void **state)
{
    struct api_bench *bench = *state;
    struct api_bench_call poll;
    char etag[96];
    const char *const header[] = {"If-None-Match", etag, NULL};

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    (void)snprintf(etag, sizeof(etag), "%s",
                   api_bench_ask(bench, "GET", "/v1/deployments/dep_1", NULL)->etag);
    api_bench_send(bench, &poll, "GET", "/v1/deployments/shop/prod?wait=60s", NULL, header);
    assert_false(loop_run_until(bench->loop, &poll.is_over, 100));
    api_changed(bench->api, 1); /* a change that does not show */
    api_changed(bench->api, 2);
    assert_false(loop_run_until(bench->loop, &poll.is_over, 100));
    bench->states[0].confirmed_share = 500;
    api_changed(bench->api, 1);
    api_bench_wait(bench, &poll);
    assert_int_equal(poll.status, 200);
    assert_string_equal(api_bench_field(&poll, ".share"), "5");
}

static void a_long_poll_without_etag_waits_for_the_end(void **state)
{
    struct api_bench *bench = *state;
    struct api_bench_call poll;

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    api_bench_send(bench, &poll, "GET", "/v1/deployments/dep_1?wait=60s", NULL, NULL);
    bench->states[0].step = 1;
    api_changed(bench->api, 1);
    assert_false(loop_run_until(bench->loop, &poll.is_over, 100));
    bench->states[0].is_escalated = true;
    api_changed(bench->api, 1);
    api_bench_wait(bench, &poll);
    assert_string_equal(api_bench_field(&poll, ".done"), "true");
    assert_string_equal(api_bench_field(&poll, ".exit_code"), "4");
    /* Over: no waiting. Up: what is known, unchanged or not. */
    bench->states[0].is_escalated = false;
    struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/deployments/dep_1?wait=20ms", NULL);
    assert_int_equal(call->status, 200);
    char etag[96];
    (void)snprintf(etag, sizeof(etag), "%s", call->etag);
    call = api_bench_ask_with(bench, "GET", "/v1/deployments/dep_1?wait=20ms", NULL, "If-None-Match", etag);
    assert_int_equal(call->status, 304);
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments/dep_1?wait=soon", NULL)->status, 400);
}

static void clients_that_go_are_forgotten(void **state)
{
    struct api_bench *bench = *state;
    struct api_bench_call poll;
    struct api_bench_call start;
    bool never = false;

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->is_slow = true;
    api_bench_send(bench, &poll, "GET", "/v1/deployments/dep_1?wait=60s", NULL, NULL);
    api_bench_send(bench, &start, "POST", "/v1/deployments", good, NULL);
    while (bench->start_count == 0 || http_server_counts(bench->server).long_polls == 0)
        assert_false(loop_run_until(bench->loop, &never, 5));
    http_request_cancel(poll.http);
    http_request_cancel(start.http);
    while (http_server_counts(bench->server).waiting > 0)
        assert_false(loop_run_until(bench->loop, &never, 5));
    api_changed(bench->api, 1);
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
    api_bench_answer(bench);
    assert_int_equal(http_server_counts(bench->server).gone, 2);
    bench->is_slow = false;
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments/dep_2", NULL)->status, 200);
}

static void what_is_under_way_at_the_end_is_dropped(void **state)
{
    struct api_bench *bench = *state;
    static struct api_bench_call calls[3];
    bool never = false;

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->is_slow = true;
    api_bench_send(bench, &calls[0], "GET", "/v1/deployments/dep_1?wait=60s", NULL, NULL);
    api_bench_send(bench, &calls[1], "POST", "/v1/deployments/dep_1/hold", NULL, NULL);
    api_bench_send(bench, &calls[2], "GET", "/v1/deployments/dep_1/report", NULL, NULL);
    while (bench->verb_count == 0)
        assert_false(loop_run_until(bench->loop, &never, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(a_start_is_durable_and_found),
        WITH_API(a_start_that_attaches_is_200),
        WITH_API(the_same_key_is_the_same_deployment),
        WITH_API(a_key_under_way_is_409_and_free_after_a_refusal),
        WITH_API(bad_starts_are_refused_by_name),
        WITH_API(a_large_body_is_413),
        WITH_API(refusals_of_the_engine_have_their_status),
        WITH_API(lists_have_filters_and_cursors),
        WITH_API(a_known_state_is_304),
        WITH_API(a_long_poll_wakes_on_change),
        WITH_API(what_was_read_is_kept_until_it_changes),
        WITH_API(what_changes_while_it_is_read_is_not_kept),
        WITH_API(a_long_poll_without_etag_waits_for_the_end),
        WITH_API(clients_that_go_are_forgotten),
        WITH_API(what_is_under_way_at_the_end_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
