/* test_http_client.c - many requests on one loop: deadlines, bounds, failures, cancelling, look-ups that
 * hang.
 * SPDX-License-Identifier: MIT */
#include "support/http_fixture.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <time.h>

static void test_ends_endless_bodies(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/endless");

    ask(fixture, &request);
    assert_failed(fixture, ERR_LIMIT);
    request.is_cut_allowed = true;
    request.answer_max = 100;
    ask(fixture, &request);
    assert_int_equal(fixture->status, 200);
    assert_true(fixture->is_cut);
    assert_int_equal(fixture->length, 100);
    ask_for(fixture, "/many-headers");
    assert_failed(fixture, ERR_LIMIT);
    assert_non_null(strstr(fixture->err.text, "the headers"));
}

static void test_deadlines(void **state)
{
    static const char *const pages[] = {"/drip", "/stall", "/silent"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(pages); i++) {
        struct http_request request = request_for(fixture, pages[i]);
        int64_t start_ms = loop_now_ms();
        request.timeout_ms = 80;
        ask(fixture, &request);
        assert_failed(fixture, ERR_TIMEOUT);
        assert_true(loop_now_ms() - start_ms >= 80);
        assert_true(loop_now_ms() - start_ms < PATIENCE_MS / 2);
    }
    struct http_request request = request_for(fixture, "/stall");
    request.stall_timeout_ms = 1000;
    ask(fixture, &request);
    assert_failed(fixture, ERR_TIMEOUT);
}

static int reserve_port(char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    (void)snprintf(url, size, "http://127.0.0.1:%d/secret-path?token=hunter2", ntohs(address.sin_port));
    return fd;
}

static void test_failures_are_answers(void **state)
{
    struct fixture *fixture = *state;
    char url[128];
    int fd = reserve_port(url, sizeof(url));
    struct http_request request = {.url = url, .timeout_ms = PATIENCE_MS, .answer_max = ANSWER_MAX};

    ask(fixture, &request);
    assert_failed(fixture, ERR_UNAVAILABLE);
    assert_null(strstr(fixture->err.text, "hunter2"));
    assert_null(strstr(fixture->err.text, "secret-path"));
    (void)close(fd);
    ask_for(fixture, "/garbage");
    assert_failed(fixture, ERR_PROTOCOL);
    ask_for(fixture, "/short");
    assert_failed(fixture, ERR_UNAVAILABLE);
    request = request_for(fixture, "/ok");
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/", fixture->group->peer.line);
    request.url = url;
    ask(fixture, &request);
    assert_failed(fixture, ERR_PROTOCOL);
}

static void test_queues_within_bounds(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/ok");

    fixture->wanted_count = CALLS;
    for (size_t i = 0; i < CALLS; i++)
        assert_non_null(http_request_start(fixture->client, &request, answered, fixture));
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->done_count, CALLS);
    assert_int_equal(fixture->status, 200);
}

static void test_refuses_past_the_queue(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/silent");

    for (size_t i = 0; i < 4 + CALLS; i++)
        assert_non_null(http_request_start(fixture->client, &request, answered, fixture));
    request = request_for(fixture, "/ok");
    ask(fixture, &request);
    assert_failed(fixture, ERR_LIMIT);
}

static void test_queued_calls_have_deadlines(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/silent");

    for (size_t i = 0; i < 4; i++)
        assert_non_null(http_request_start(fixture->client, &request, answered, fixture));
    request.timeout_ms = 50;
    ask(fixture, &request);
    assert_failed(fixture, ERR_TIMEOUT);
}

static void test_cancelled_calls_are_silent(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/silent");
    struct http_call *calls[6];

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        calls[i] = http_request_start(fixture->client, &request, answered, fixture);
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 50));
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        http_request_cancel(calls[ARRAY_LENGTH(calls) - 1 - i]);
    http_request_cancel(NULL);
    request.timeout_ms = 0;
    http_request_cancel(http_request_start(fixture->client, &request, answered, fixture));
    ask_for(fixture, "/ok");
    assert_int_equal(fixture->status, 200);
}

static void ask_again(void *data, const struct http_answer *answer)
{
    struct fixture *fixture = data;
    struct http_request request = request_for(fixture, "/ok");

    if (fixture->done_count == 5)
        answered(fixture, answer);
    else
        (void)http_request_start(fixture->client, &request, ask_again, fixture);
    fixture->done_count++;
}

static void test_done_may_start_the_next(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/ok");

    assert_non_null(http_request_start(fixture->client, &request, ask_again, fixture));
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->status, 200);
}

static sem_t resolver_gate;

static sem_t resolver_left;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    struct timespec end;

    (void)service, (void)hints, (void)ret;
    if (node == NULL || strcmp(node, "slow.test") != 0)
        return EAI_NONAME;
    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_MS / 1000;
    (void)sem_timedwait(&resolver_gate, &end);
    (void)sem_post(&resolver_left);
    return EAI_AGAIN;
}

static void test_look_ups_never_hold_the_loop(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = {.url = "http://slow.test/", .timeout_ms = 100, .answer_max = ANSWER_MAX};
    int64_t start_ms = loop_now_ms();

    assert_int_equal(sem_init(&resolver_gate, 0, 0), 0);
    assert_int_equal(sem_init(&resolver_left, 0, 0), 0);
    ask(fixture, &request);
    assert_failed(fixture, ERR_TIMEOUT);
    request.timeout_ms = PATIENCE_MS;
    struct http_call *call = http_request_start(fixture->client, &request, answered, fixture);
    fixture->is_done = false;
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 50));
    http_request_cancel(call);
    assert_true(loop_now_ms() - start_ms < PATIENCE_MS / 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sem_post(&resolver_gate), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sem_wait(&resolver_left), 0);
    request.url = "http://nowhere.test/";
    ask(fixture, &request);
    assert_failed(fixture, ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(test_ends_endless_bodies),          WITH_CLIENT(test_deadlines),
        WITH_CLIENT(test_failures_are_answers),         WITH_CLIENT(test_queues_within_bounds),
        WITH_CLIENT(test_refuses_past_the_queue),       WITH_CLIENT(test_queued_calls_have_deadlines),
        WITH_CLIENT(test_cancelled_calls_are_silent),   WITH_CLIENT(test_done_may_start_the_next),
        WITH_CLIENT(test_look_ups_never_hold_the_loop),
    };

    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
