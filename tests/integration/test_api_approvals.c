/* test_api_approvals.c - who may say yes, once each, over a real socket and journal.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/deployment.h"
#include "store/journal_view.h"
#include "support/api_bench.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static void assert_answer(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

static void people_approve_once_each(void **state)
{
    struct api_bench *bench = *state;
    static const char *const approvers[] = {"dave", "sre"};
    static const char yes[] = "{\"decision\":\"approve\",\"comment\":\"fine\"}";
    const char *path = "/v1/deployments/dep_1/approvals";
    char *alice =
        api_bench_token(bench, "{\"principal\":\"alice\",\"person\":true,\"scopes\":[\"approve\"]}");
    char *bob = api_bench_token(bench, "{\"principal\":\"bob\",\"person\":true,\"scopes\":[\"approve\"]}");
    char *carol =
        api_bench_token(bench, "{\"principal\":\"carol\",\"person\":true,\"scopes\":[\"approve\"]}");
    char *robot = api_bench_token(bench, "{\"principal\":\"bob\",\"scopes\":[\"approve\"]}");

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->definition.approvers = approvers;
    bench->definition.approver_count = 2;
    bench->definition.not_author = true;
    bench->token = bob;
    assert_answer(api_bench_ask(bench, "POST", path, yes), 409, "nothing waits");
    bench->states[0].step = 2;
    bench->states[0].step_state = STEP_WAITING;
    bench->token = alice;
    assert_answer(api_bench_ask(bench, "POST", path, yes), 403, "somebody else");
    bench->token = carol;
    assert_answer(api_bench_ask(bench, "POST", path, yes), 403, "not among");
    bench->token = robot;
    assert_answer(api_bench_ask(bench, "POST", path, yes), 403, "only people");
    bench->token = bob;
    assert_answer(api_bench_ask(bench, "POST", path, "{\"decision\":\"perhaps\"}"), 400, "#/decision");
    assert_int_equal(bench->verb_count, 0);
    assert_answer(api_bench_ask(bench, "POST", path, yes), 200, "\"needed\":2");
    assert_string_equal(bench->last.text, "approve 1  by bob: fine");
    bench->states[0].approvals = 1;
    api_bench_trace(bench, 1, TRACE_APPROVED, 1, 0, "bob");
    assert_answer(api_bench_ask(bench, "POST", path, yes), 200, "\"got\":1");
    assert_int_equal(bench->verb_count, 1);
    /* In the next attempt of the step it counts anew; rejecting is for everybody on the list. */
    bench->states[0].attempt = 9;
    assert_answer(api_bench_ask(bench, "POST", path, yes), 200, "");
    assert_int_equal(bench->verb_count, 2);
    bench->token = alice;
    assert_answer(api_bench_ask(bench, "POST", path, "{\"decision\":\"reject\"}"), 200, "");
    assert_int_equal(bench->verb_count, 3);
    free(alice);
    free(bob);
    free(carol);
    free(robot);
}

static void an_approval_under_way_counts(void **state)
{
    struct api_bench *bench = *state;
    struct api_bench_call first;
    static const char yes[] = "{\"decision\":\"approve\"}";
    char *bob = api_bench_token(bench, "{\"principal\":\"bob\",\"person\":true,\"scopes\":[\"approve\"]}");

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->states[0].step = 2;
    bench->states[0].step_state = STEP_WAITING;
    bench->is_slow = true;
    bench->token = bob;
    api_bench_send(bench, &first, "POST", "/v1/deployments/dep_1/approvals", yes, NULL);
    while (bench->verb_count == 0)
        assert_false(loop_run_until(bench->loop, &first.is_over, 5));
    assert_answer(api_bench_ask(bench, "POST", "/v1/deployments/dep_1/approvals", yes), 409, "");
    api_bench_answer(bench);
    api_bench_wait(bench, &first);
    assert_int_equal(first.status, 200);
    assert_int_equal(bench->verb_count, 1);
    free(bob);
}

/* Audit rows of dep_1, as another reader of the journal finds them; the loop does not turn meanwhile. */
static size_t count_rows(const struct api_bench *bench)
{
    static alignas(max_align_t) unsigned char memory[64 * 1024];
    const struct journal_audit *rows = NULL;
    struct journal_view *view = NULL;
    struct err err = {0};
    struct arena arena;
    size_t count = 0;

    arena_init(&arena, memory, sizeof(memory));
    assert_true(journal_view_open(bench->journal_path, &view, &err));
    assert_true(journal_view_audit(view, 1, 0, 64, &arena, &rows, &count, &err));
    journal_view_close(view);
    return count;
}

static void wait_for_rows(const struct api_bench *bench, size_t wanted)
{
    for (int64_t end_ms = loop_now_ms() + API_BENCH_DEADLINE_MS; count_rows(bench) < wanted;)
        assert_true(loop_now_ms() < end_ms);
}

struct given_answer {
    unsigned status;
    bool is_there;
};

static void take_given(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                       const void *body, size_t length)
{
    struct given_answer *answer = data;

    (void)headers, (void)count, (void)body, (void)length;
    *answer = (struct given_answer){status, true};
}

/* A second yes whose page was read before the first one was durable, and is looked at behind it. */
static void a_page_that_something_happened_after_is_read_again(void **state)
{
    enum { ROUNDS = 8 };
    static const char yes[] = "{\"decision\":\"approve\"}";
    struct api_bench *bench = *state;

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    bench->states[0].step = 2;
    bench->states[0].step_state = STEP_WAITING;
    bench->is_hasty = true;
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        struct given_answer answer = {0};
        struct http_server_given given = {.answer = take_given, .data = &answer};
        struct http_server_request request = {.method = "POST",
                                              .path = i % 2 == 0 ? "/v1/deployments/dep_1/approvals"
                                                                 : "/v1/deployments/shop/prod/approvals",
                                              .body = yes,
                                              .body_length = strlen(yes),
                                              .peer = {.is_unix = true},
                                              .given = &given};
        size_t before = count_rows(bench);
        bench->states[0].attempt = i;
        api_handle(bench->api, &request);
        api_bench_trace(bench, 1, TRACE_APPROVED, i, 0, "root");
        wait_for_rows(bench, before + 1);
        api_changed(bench->api, 1);
        assert_true(loop_run_until(bench->loop, &answer.is_there, API_BENCH_DEADLINE_MS));
        assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
        assert_int_equal(answer.status, 200);
    }
    assert_int_equal(bench->verb_count, 0);
}

/* Who began something must not approve it: so no person begins it as somebody else. */
static void a_person_begins_nothing_in_another_name(void **state)
{
    struct api_bench *bench = *state;
    static const char path[] = "/v1/deployments";
    static const char as_bob[] =
        "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\",\"actor\":\"bob\"}";
    static const char as_alice[] =
        "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\",\"actor\":\"alice\"}";
    static const char run_as_bob[] = "{\"pipeline\":\"shop\",\"version\":\"2.0.0\",\"actor\":\"bob\"}";
    char *alice = api_bench_token(bench, "{\"principal\":\"alice\",\"person\":true,\"scopes\":[\"deploy\"]}");
    char *robot = api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"deploy\"]}");

    bench->token = alice;
    assert_answer(api_bench_ask(bench, "POST", path, as_bob), 403, "#/actor: alice speaks for no other");
    assert_answer(api_bench_ask(bench, "POST", "/v1/runs", run_as_bob), 403, "#/actor: alice speaks");
    assert_int_equal(bench->start_count, 0);
    assert_answer(api_bench_ask(bench, "POST", path, as_alice), 201, "");
    bench->token = robot;
    assert_answer(api_bench_ask(bench, "POST", path, as_bob), 201, "");
    assert_int_equal(bench->start_count, 2);
    assert_non_null(strstr(bench->last.text, "by ci for bob"));
    free(alice);
    free(robot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(people_approve_once_each),
        WITH_API(an_approval_under_way_counts),
        WITH_API(a_person_begins_nothing_in_another_name),
        WITH_API(a_page_that_something_happened_after_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
