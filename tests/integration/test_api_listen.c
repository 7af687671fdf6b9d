/* test_api_listen.c - GET /v1/events and /v1/deployments/{id}/events over a real socket and journal: what
 * comes, in which order, for whom, from where on, and who is cut off.
 * SPDX-License-Identifier: MIT */
#include "api/listeners.h"
#include "support/api_bench.h"
#include "support/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { GOT_MAX = 256 * 1024, STREAMS = 48 /* of the 64 connections of the bench */, MANY = 250 };

struct listening {
    struct api_bench *bench;
    int fd;
    char *got;
    size_t length;
};

static struct listening listen_with(struct api_bench *bench, const char *path, const char *headers)
{
    struct listening listening = {.bench = bench, .got = calloc(1, GOT_MAX)};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char bytes[1024];

    listening.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, bench->socket_path, strnlen(bench->socket_path, sizeof(address.sun_path) - 1));
    assert_int_equal(connect(listening.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)snprintf(bytes, sizeof(bytes), "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, headers);
    assert_int_equal(send(listening.fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
    return listening;
}

static void end(struct listening *listening)
{
    (void)close(listening->fd);
    free(listening->got);
}

static void take(struct listening *listening)
{
    ssize_t got = recv(listening->fd, listening->got + listening->length, GOT_MAX - 1 - listening->length,
                       MSG_DONTWAIT);

    listening->length += got > 0 ? (size_t)got : 0;
    listening->got[listening->length] = '\0';
}

/* Where the words are, once they have come. */
static const char *wait_for(struct listening *listening, const char *words)
{
    const bool never = false;
    int64_t end_ms = process_now_ms() + API_BENCH_DEADLINE_MS;

    while (strstr(listening->got, words) == NULL && process_now_ms() < end_ms) {
        take(listening);
        (void)!loop_run_until(listening->bench->loop, &never, 2);
    }
    if (strstr(listening->got, words) == NULL)
        fail_msg("\"%s\" did not come: %s", words, listening->got);
    return strstr(listening->got, words);
}

static void expect_order(const struct listening *listening, const char *const *words)
{
    const char *at = listening->got;

    for (; *words != NULL; words++) {
        const char *found = strstr(at, *words);
        if (found == NULL)
            fail_msg("\"%s\" is not where it should be: %s", *words, listening->got);
        at = found + strlen(*words);
    }
}

static size_t count_of(const struct listening *listening, const char *words)
{
    size_t count = 0;

    for (const char *at = listening->got; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void what_is_journaled_is_told(void **state)
{
    struct api_bench *bench = *state;
    uint64_t before = api_bench_deployment(bench, PHASE_RUNNING);
    struct listening listening = listen_with(bench, "/v1/events", "");

    assert_non_null(wait_for(&listening, "retry: 2000\nid: 1\n\n"));
    assert_non_null(strstr(listening.got, "HTTP/1.1 200"));
    assert_non_null(strstr(listening.got, "Content-Type: text/event-stream\r\n"));
    api_bench_trace(bench, before, TRACE_FAIL, 0, 0, "");
    (void)wait_for(&listening, "id: 2\nevent: fail\ndata: {\"event\":2,");
    (void)wait_for(&listening, "\"deployment\":\"dep_1\",\"service\":\"shop\",\"environment\":\"prod\","
                               "\"version\":\"2.0.0\"}\n\n");
    (void)wait_for(&listening, "verdict FAIL: rule errors");
    (void)api_bench_deployment(bench, PHASE_QUEUED);
    api_bench_trace(bench, 2, TRACE_MUTED, 0, 0, "alice");
    (void)wait_for(&listening, "id: 4\n");
    expect_order(&listening, (const char *const[]){"id: 2\n", "id: 3\nevent: accepted\n", "dep_2",
                                                   "id: 4\nevent: muted\n", "dep_2", NULL});
    /* Signs of life tell the place too. */
    (void)wait_for(&listening, ": here\nid: 4\n\n");
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/metrics", NULL);
    assert_non_null(strstr(call->body, "verdict_api_listeners 1\n"));
    end(&listening);
}

static void nothing_is_told_twice_or_left_out_after_a_break(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);
    char words[64];

    /* Rows 2 to 251: more than pages, and than what is in memory, which is nothing. */
    api_bench_traces(bench, id, (struct trace){.kind = TRACE_RESUMED}, MANY, "alice", "again");
    struct listening listening = listen_with(bench, "/v1/events", "Last-Event-ID: 7\r\n");
    (void)wait_for(&listening, "id: 251\n");
    api_bench_trace(bench, id, TRACE_RESUMED, 0, 0, "bob");
    (void)wait_for(&listening, "id: 252\n");
    struct listening late = listen_with(bench, "/v1/events", "Last-Event-ID: 251\r\n");
    (void)wait_for(&late, "by bob");
    assert_int_equal(count_of(&late, "event: "), 1);
    end(&late);
    assert_int_equal(count_of(&listening, "event: resumed\n"), 245);
    const char *at = listening.got;
    for (int i = 8; i <= 252; i++) {
        (void)snprintf(words, sizeof(words), "id: %d\nevent: resumed\n", i);
        at = strstr(at, words);
        assert_non_null(at);
    }
    end(&listening);
}

static void one_deployment_is_told_from_its_beginning(void **state)
{
    struct api_bench *bench = *state;
    uint64_t first = api_bench_deployment(bench, PHASE_RUNNING);
    api_bench_traces(bench, first, (struct trace){.kind = TRACE_RESUMED}, MANY, "", "");
    uint64_t second = api_bench_deployment(bench, PHASE_QUEUED);

    api_bench_trace(bench, first, TRACE_HELD, 0, UINT8_MAX, "alice");
    struct listening listening = listen_with(bench, "/v1/deployments/dep_2/events", "");
    struct listening named = listen_with(bench, "/v1/deployments/shop/prod/events", "Last-Event-ID: 252\r\n");
    (void)wait_for(&listening, "event: accepted\n");
    (void)wait_for(&named, ": here\n");
    api_bench_trace(bench, first, TRACE_RESUMED, 0, 0, "alice");
    api_bench_trace(bench, second, TRACE_RESUMED, 0, 0, "bob");
    (void)wait_for(&listening, "id: 255\nevent: resumed\n");
    assert_int_equal(count_of(&listening, "event: "), 2);
    assert_int_equal(count_of(&listening, "dep_1"), 0);
    (void)wait_for(&named, "dep_1");
    assert_int_equal(count_of(&named, "dep_2"), 0);
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments/dep_9/events", NULL)->status, 404);
    end(&listening);
    end(&named);
}

static void a_place_that_is_none_is_said(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);

    assert_int_equal(api_bench_ask_with(bench, "GET", "/v1/events", NULL, "Last-Event-ID", "x1")->status,
                     400);
    assert_int_equal(
        api_bench_ask_with(bench, "GET", "/v1/deployments/dep_1/events", NULL, "Last-Event-ID", "-1")->status,
        400);
    /* An event of the future is one of another journal. */
    struct listening listening = listen_with(bench, "/v1/events", "Last-Event-ID: 12\r\n");
    (void)wait_for(&listening, "id: 1\nevent: reset\n");
    api_bench_trace(bench, id, TRACE_RESUMED, 0, 0, "bob");
    (void)wait_for(&listening, "id: 2\nevent: resumed\n");
    assert_int_equal(count_of(&listening, "event: "), 2);
    end(&listening);
}

static void each_hears_what_it_may(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);
    char *mail =
        api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"],\"services\":[\"mail\"]}");
    char *shop =
        api_bench_token(bench, "{\"principal\":\"panel\",\"scopes\":[\"read\"],\"services\":[\"shop\"]}");
    char *deploy = api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"deploy\"]}");
    char headers[256];

    bench->token = deploy;
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/events", NULL)->status, 403);
    bench->token = mail;
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/deployments/dep_1/events", NULL)->status, 403);
    bench->token = NULL;
    (void)snprintf(headers, sizeof(headers), "Last-Event-ID: 0\r\nAuthorization: Bearer %s\r\n", mail);
    struct listening others = listen_with(bench, "/v1/events", headers);
    (void)snprintf(headers, sizeof(headers), "Last-Event-ID: 0\r\nAuthorization: Bearer %s\r\n", shop);
    struct listening own = listen_with(bench, "/v1/events", headers);
    struct listening root = listen_with(bench, "/v1/events", "Last-Event-ID: 0\r\n");
    (void)wait_for(&root, "id: 4\nevent: token_created\n");
    api_bench_trace(bench, id, TRACE_RESUMED, 0, 0, "bob");
    (void)wait_for(&own, "id: 5\nevent: resumed\n");
    (void)wait_for(&others, ": here\nid: 5\n");
    assert_int_equal(count_of(&own, "token_created") + count_of(&others, "event: "), 0);
    /* Who lost the right to it hears the end of it at once. */
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/tokens", NULL);
    char path[64];
    (void)snprintf(path, sizeof(path), "/v1/tokens/%s", api_bench_field(call, ".tokens[1].id"));
    assert_int_equal(api_bench_ask(bench, "DELETE", path, NULL)->status, 204);
    (void)wait_for(&own, "\r\n0\r\n\r\n");
    (void)wait_for(&root, "event: token_revoked\n");
    end(&others);
    end(&own);
    end(&root);
    free(mail);
    free(shop);
    free(deploy);
}

static void who_takes_nothing_is_cut_off(void **state)
{
    static const char metric[] = "verdict_api_listeners_cut_total 1\n";
    struct api_bench *bench = *state;
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);
    struct listening slow = listen_with(bench, "/v1/events", "");
    struct listening quick = listen_with(bench, "/v1/events", "");
    char long_reason[241];
    bool is_cut = false;

    memset(long_reason, 'r', sizeof(long_reason) - 1);
    long_reason[sizeof(long_reason) - 1] = '\0';
    (void)wait_for(&slow, "id: 1\n");
    (void)wait_for(&quick, "id: 1\n");
    for (uint64_t last = 1; !is_cut && last < UINT64_C(10) * LISTENERS_RING; last += MANY) {
        char words[32];
        api_bench_traces(bench, id, (struct trace){.kind = TRACE_RESUMED}, MANY, "bob", long_reason);
        (void)snprintf(words, sizeof(words), "id: %llu\n", (unsigned long long)last + MANY);
        (void)wait_for(&quick, words);
        quick.length = 0;
        is_cut = strstr(api_bench_ask(bench, "GET", "/metrics", NULL)->body, metric) != NULL;
    }
    assert_true(is_cut);
    assert_non_null(strstr(api_bench_ask(bench, "GET", "/metrics", NULL)->body, "verdict_api_listeners 1\n"));
    end(&slow);
    end(&quick);
}

static void there_is_room_for_so_many(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);
    struct listening all[STREAMS];

    for (size_t i = 0; i < STREAMS; i++) {
        all[i] = listen_with(bench, "/v1/events", "");
        (void)wait_for(&all[i], "id: 1\n");
    }
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/events", NULL);
    assert_int_equal(call->status, 503);
    assert_string_equal(call->type, "application/problem+json");
    api_bench_trace(bench, id, TRACE_RESUMED, 0, 0, "bob");
    for (size_t i = 0; i < STREAMS; i++) {
        (void)wait_for(&all[i], "by bob");
        end(&all[i]);
    }
}

static void note(void *data)
{
    bool *flag = data;

    *flag = true;
}

static void a_stop_ends_it_whole(void **state)
{
    struct api_bench *bench = *state;
    struct listening listening = listen_with(bench, "/v1/events", "");

    (void)wait_for(&listening, "id: 0\n");
    http_server_stop(bench->server, 5000, note, &bench->is_stopped);
    (void)wait_for(&listening, "\r\n0\r\n\r\n");
    assert_true(loop_run_until(bench->loop, &bench->is_stopped, API_BENCH_DEADLINE_MS));
    end(&listening);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, api_bench_set_up, api_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(what_is_journaled_is_told),
        WITH_BENCH(nothing_is_told_twice_or_left_out_after_a_break),
        WITH_BENCH(one_deployment_is_told_from_its_beginning),
        WITH_BENCH(a_place_that_is_none_is_said),
        WITH_BENCH(each_hears_what_it_may),
        WITH_BENCH(who_takes_nothing_is_cut_off),
        WITH_BENCH(there_is_room_for_so_many),
        WITH_BENCH(a_stop_ends_it_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
