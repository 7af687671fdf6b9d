/* test_http_server.c - the HTTP server on its sockets, against libcurl and raw sockets in other threads.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "support/certificate.h"
#include "support/http_bench.h"
#include "support/process.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { LATER_MS = 30 };

static void test_get_and_what_the_handler_sees(void **state)
{
    struct http_bench *bench = *state;
    char expected[256];

    http_bench_start(bench, (struct http_server_settings){0});
    struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl, &(struct http_bench_call){.path = "/echo?wait=60s&flag"});
    assert_int_equal(call->code, CURLE_OK);
    assert_int_equal(call->status, 200);
    assert_string_equal(call->answer, "GET /echo wait=60s flag= none=1 header=yes unix=0 tls=0 uid=-1 "
                                      "ip=127.0.0.1");
    call = http_bench_ask(bench, http_bench_curl,
                          &(struct http_bench_call){.path = "/echo?wait=%31%26s&flag=x", .uses_unix = true});
    (void)snprintf(expected, sizeof(expected),
                   "GET /echo wait=1&s flag=x none=1 header=yes unix=1 tls=0 uid=%d ip=", (int)getuid());
    assert_string_equal(call->answer, expected);
    assert_int_equal(http_server_counts(bench->server).requests, 2);
    assert_int_equal(http_server_counts(bench->server).waiting, 0);
}

static void test_connection_is_kept(void **state)
{
    struct http_bench *bench = *state;

    http_bench_start(bench, (struct http_server_settings){0});
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl_twice, &(struct http_bench_call){0});
    assert_int_equal(call->status, 200);
    assert_int_equal(call->connects, 0); /* of the second transfer */
    assert_int_equal(bench->handled, 2);
}

static void test_post_body_comes_whole(void **state)
{
    struct http_bench *bench = *state;
    size_t length = HTTP_SERVER_BODY_MAX_BYTES;
    char *body = malloc(length);

    for (size_t i = 0; i < length; i++)
        body[i] = (char)('a' + i % 23);
    http_bench_start(bench, (struct http_server_settings){0});
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl,
                       &(struct http_bench_call){.path = "/body", .body = body, .body_length = length});
    assert_int_equal(call->status, 201);
    assert_int_equal(call->length, length);
    assert_memory_equal(call->answer, body, length);
    call = http_bench_ask(bench, http_bench_curl,
                          &(struct http_bench_call){.path = "/body", .body = "", .body_length = 0});
    assert_int_equal(call->status, 201);
    assert_int_equal(call->length, 0);
    free(body);
}

static void test_too_long_body_is_413(void **state)
{
    struct http_bench *bench = *state;
    size_t length = HTTP_SERVER_BODY_MAX_BYTES + 1;
    char *body = calloc(1, length);

    http_bench_start(bench, (struct http_server_settings){0});
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl,
                       &(struct http_bench_call){.path = "/body", .body = body, .body_length = length});
    assert_int_equal(call->code, CURLE_OK);
    assert_int_equal(call->status, 413);
    const char *huge = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n";
    call = http_bench_ask(bench, http_bench_raw, &(struct http_bench_call){.bytes = huge});
    assert_non_null(strstr(call->answer, "HTTP/1.1 413"));
    const char *chunked = "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                          "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    call = http_bench_ask(bench, http_bench_raw, &(struct http_bench_call){.bytes = chunked});
    assert_non_null(strstr(call->answer, "HTTP/1.1 201"));
    assert_non_null(strstr(call->answer, "\r\n\r\nabcde"));
    assert_int_equal(http_server_counts(bench->server).refused_body, 2);
    assert_int_equal(bench->handled, 1);
    free(body);
}

static void test_a_path_may_take_longer_bodies(void **state)
{
    static const struct {
        const char *path;
        size_t length;
        long status;
    } bodies[] = {
        {"/large/body", 2 * HTTP_SERVER_BODY_MAX_BYTES, 201},
        {"/large/body", 2 * HTTP_SERVER_BODY_MAX_BYTES + 1, 413},
        {"/other/body", 2 * HTTP_SERVER_BODY_MAX_BYTES, 413},
        {"/huge/body", HTTP_SERVER_BODY_LARGE_MAX_BYTES, 201},
        {"/huge/body", HTTP_SERVER_BODY_LARGE_MAX_BYTES + 1, 413},
    };
    struct http_bench *bench = *state;
    char *body = calloc(1, HTTP_SERVER_BODY_LARGE_MAX_BYTES + 1);

    http_bench_start(bench, (struct http_server_settings){0});
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        const struct http_bench_call *call = http_bench_ask(
            bench, http_bench_curl,
            &(struct http_bench_call){.path = bodies[i].path, .body = body, .body_length = bodies[i].length});
        assert_int_equal(call->status, bodies[i].status);
    }
    assert_int_equal(bench->handled, 2);
    free(body);
}

enum { HUGE_CLIENTS = 24, HUGE_AT_ONCE = 16 };

/* So many begin with a body that is very long: those that are refused hear of it while the others are open.
 */
static void ask_huge(struct http_bench *bench, struct http_bench_call *call)
{
    static const char head[] = "POST /huge/body HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n";
    struct pollfd clients[HUGE_CLIENTS];
    char start[16] = "";

    for (size_t i = 0; i < HUGE_CLIENTS; i++) {
        clients[i] = (struct pollfd){.fd = http_bench_connect(bench, true), .events = POLLIN};
        (void)send(clients[i].fd, head, sizeof(head) - 1, MSG_NOSIGNAL);
    }
    while (call->answered < HUGE_CLIENTS - HUGE_AT_ONCE &&
           poll(clients, HUGE_CLIENTS, HTTP_BENCH_DEADLINE_MS) > 0) {
        for (size_t i = 0; i < HUGE_CLIENTS; i++) {
            if (clients[i].revents == 0)
                continue;
            (void)recv(clients[i].fd, start, sizeof(start) - 1, 0);
            call->answered += strncmp(start, "HTTP/1.1 503", 12) == 0;
            (void)close(clients[i].fd);
            clients[i].fd = -1;
        }
    }
    for (size_t i = 0; i < HUGE_CLIENTS; i++)
        if (clients[i].fd >= 0)
            (void)close(clients[i].fd);
}

static void test_few_huge_bodies_come_at_once(void **state)
{
    struct http_bench *bench = *state;
    size_t length = 5000000;
    char *body = calloc(1, length);

    http_bench_start(bench, (struct http_server_settings){0});
    const struct http_bench_call *call = http_bench_ask(bench, ask_huge, &(struct http_bench_call){0});
    assert_int_equal(call->answered, HUGE_CLIENTS - HUGE_AT_ONCE);
    http_bench_wait_until_closed(bench);
    for (int i = 0; i < HUGE_AT_ONCE + 1; i++) { /* each gives its place back */
        call = http_bench_ask(
            bench, http_bench_curl,
            &(struct http_bench_call){.path = "/huge/body", .body = body, .body_length = length});
        assert_int_equal(call->status, 201);
    }
    free(body);
}

static void test_too_long_headers_are_431(void **state)
{
    struct http_bench *bench = *state;
    char *bytes = malloc(HTTP_BENCH_ANSWER_MAX);

    http_bench_start(bench, (struct http_server_settings){0});
    for (int length = HTTP_SERVER_HEADER_MAX_BYTES; length < 65536; length *= 4) {
        (void)snprintf(bytes, HTTP_BENCH_ANSWER_MAX,
                       "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Test: %0*d\r\n\r\n", length,
                       1);
        const struct http_bench_call *call =
            http_bench_ask(bench, http_bench_raw, &(struct http_bench_call){.bytes = bytes});
        assert_non_null(strstr(call->answer, "HTTP/1.1 431"));
    }
    assert_int_equal(bench->handled, 0);
    assert_int_equal(http_server_counts(bench->server).refused_header, 1); /* the other: the library's own */
    free(bytes);
}

static void test_answer_may_come_later(void **state)
{
    struct http_bench *bench = *state;

    http_bench_start(bench, (struct http_server_settings){0});
    pthread_t thread =
        http_bench_start_client(bench, http_bench_curl, &(struct http_bench_call){.path = "/later"});
    assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, HTTP_BENCH_DEADLINE_MS));
    assert_int_equal(http_server_counts(bench->server).waiting, 1);
    struct loop_timer *timer = loop_timer_start(bench->loop, LATER_MS, 0, http_bench_answer_waiters, bench);
    http_bench_end_client(bench, thread);
    loop_timer_stop(timer);
    assert_int_equal(bench->call.status, 200);
    assert_string_equal(bench->call.answer, "later");
    assert_int_equal(http_server_counts(bench->server).waiting, 0);
    assert_false(bench->has_gone);
}

static void test_gone_client_is_reported(void **state)
{
    static const bool kinds[] = {true, false};
    struct http_bench *bench = *state;
    const char *bytes = "GET /poll HTTP/1.1\r\nHost: x\r\n\r\n";

    http_bench_start(bench, (struct http_server_settings){0});
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        bench->has_gone = false;
        bench->is_first_waiting = false;
        int fd = http_bench_connect(bench, kinds[i]);
        assert_int_equal(send(fd, bytes, strlen(bytes), 0), (ssize_t)strlen(bytes));
        assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, HTTP_BENCH_DEADLINE_MS));
        assert_int_equal(http_server_counts(bench->server).long_polls, 1);
        (void)close(fd);
        assert_true(loop_run_until(bench->loop, &bench->has_gone, HTTP_BENCH_DEADLINE_MS));
        http_bench_wait_until_closed(bench);
        struct http_server_counts told = http_server_counts(bench->server);
        assert_int_equal(told.gone, i + 1);
        assert_int_equal(told.waiting, 0);
        assert_int_equal(told.long_polls, 0);
    }
    assert_int_equal(bench->waiter_count, 0);
}

static void test_slow_request_is_closed(void **state)
{
    static const char *const slow[] = {
        "GET /echo HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    struct http_bench *bench = *state;

    http_bench_start(bench, (struct http_server_settings){.request_ms = 200});
    for (size_t i = 0; i < ARRAY_LENGTH(slow); i++) {
        int64_t start_ms = process_now_ms();
        const struct http_bench_call *call = http_bench_ask(
            bench, http_bench_raw, &(struct http_bench_call){.bytes = slow[i], .pause_ms = 10});
        assert_int_equal(call->length, 0);
        assert_in_range(process_now_ms() - start_ms, 200, 5000);
        http_bench_wait_until_closed(bench);
        assert_int_equal(http_server_counts(bench->server).timed_out, i + 1);
    }
    assert_int_equal(bench->handled, 0);
    assert_false(bench->has_gone);
}

static void test_many_connections_at_once(void **state)
{
    struct http_bench *bench = *state;
    const char *bytes = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
    const bool never = false;

    http_bench_start(bench, (struct http_server_settings){0});
    pthread_t thread = http_bench_start_client(bench, http_bench_parallel,
                                               &(struct http_bench_call){.bytes = bytes, .uses_unix = true});
    for (int64_t end_ms = process_now_ms() + HTTP_BENCH_DEADLINE_MS;
         bench->waiter_count < HTTP_BENCH_PARALLEL && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_int_equal(http_server_counts(bench->server).connections, HTTP_BENCH_PARALLEL);
    assert_int_equal(http_server_counts(bench->server).waiting, HTTP_BENCH_PARALLEL);
    http_bench_answer_waiters(bench);
    http_bench_end_client(bench, thread);
    assert_int_equal(bench->call.answered, HTTP_BENCH_PARALLEL);
    http_bench_wait_until_closed(bench);
}

static void test_connections_per_address_are_bounded(void **state)
{
    struct http_bench *bench = *state;
    const char *bytes = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";

    http_bench_start(bench, (struct http_server_settings){.connections_per_ip_max = 16});
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_parallel, &(struct http_bench_call){.bytes = bytes});
    assert_int_equal(call->answered, 16);
    assert_true(bench->has_log); /* and not on stderr */
    http_bench_wait_until_closed(bench);
}

static void test_long_polls_are_bounded(void **state)
{
    struct http_bench *bench = *state;
    const char *bytes = "GET /poll HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    http_bench_start(bench, (struct http_server_settings){.long_polls_max = 1});
    pthread_t thread = http_bench_start_client(bench, http_bench_parallel,
                                               &(struct http_bench_call){.bytes = bytes, .uses_unix = true});
    const bool never = false;
    for (int64_t end_ms = process_now_ms() + HTTP_BENCH_DEADLINE_MS;
         bench->handled < HTTP_BENCH_PARALLEL && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_int_equal(http_server_counts(bench->server).long_polls, 1);
    assert_int_equal(bench->waiter_count, 1);
    http_bench_answer_waiters(bench);
    http_bench_end_client(bench, thread);
    assert_int_equal(bench->call.answered, HTTP_BENCH_PARALLEL);
    assert_int_equal(http_server_counts(bench->server).long_polls, 0);
}

static void test_stop_answers_what_waits(void **state)
{
    struct http_bench *bench = *state;

    http_bench_start(bench, (struct http_server_settings){0});
    pthread_t thread =
        http_bench_start_client(bench, http_bench_curl, &(struct http_bench_call){.path = "/later"});
    assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, HTTP_BENCH_DEADLINE_MS));
    http_bench_stop(bench, 2000);
    assert_true(bench->has_gone);
    http_bench_end_client(bench, thread);
    assert_int_equal(bench->call.code, CURLE_OK);
    assert_int_equal(bench->call.status, 503);
    assert_int_not_equal(access(bench->socket_path, F_OK), 0);
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl, &(struct http_bench_call){.path = "/echo"});
    assert_int_equal(call->code, CURLE_COULDNT_CONNECT);
}

/* A connection on which nothing moves does not hold up the stop. */
static void test_stop_has_a_deadline(void **state)
{
    struct http_bench *bench = *state;

    http_bench_start(bench, (struct http_server_settings){0});
    int idle = http_bench_connect(bench, true);
    assert_true(idle >= 0);
    assert_int_equal(send(idle, "GET /", 5, 0), 5);
    const bool never = false;
    for (int64_t end_ms = process_now_ms() + HTTP_BENCH_DEADLINE_MS;
         http_server_counts(bench->server).connections == 0 && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    int64_t start_ms = process_now_ms();
    http_bench_stop(bench, 50);
    assert_in_range(process_now_ms() - start_ms, 50, 2000);
    (void)close(idle);
}

static void leave_stale_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
}

static void test_stale_socket_is_replaced_a_living_one_not(void **state)
{
    struct http_bench *bench = *state;
    const struct http_server_listener again = {.unix_path = bench->socket_path};
    const struct http_server_settings settings = {.listeners = &again, .listener_count = 1};
    struct http_server *other = NULL;
    struct stat status;
    struct err err;

    leave_stale_socket(bench->socket_path);
    http_bench_start(bench, (struct http_server_settings){0});
    assert_int_equal(stat(bench->socket_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
    assert_false(http_server_start(bench->loop, &settings, &http_bench_callbacks, bench, &other, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl, &(struct http_bench_call){.path = "/echo", .uses_unix = true});
    assert_int_equal(call->status, 200);
}

static void expect_refused(struct http_bench *bench, const struct http_server_listener *listener,
                           enum err_code code)
{
    const struct http_server_settings settings = {.listeners = listener, .listener_count = 1};
    struct http_server *server = NULL;
    struct err err = {0};

    assert_false(http_server_start(bench->loop, &settings, &http_bench_callbacks, bench, &server, &err));
    assert_int_equal(err.code, code);
    assert_null(server);
}

static void test_bad_listeners_are_refused(void **state)
{
    struct http_bench *bench = *state;
    char taken[64];

    http_bench_start(bench, (struct http_server_settings){0});
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", bench->port);
    expect_refused(bench, &(struct http_server_listener){.address = taken}, ERR_EXISTS);
    expect_refused(bench, &(struct http_server_listener){.address = "localhost:80"}, ERR_INVALID);
    expect_refused(bench, &(struct http_server_listener){.address = "127.0.0.1"}, ERR_INVALID);
    expect_refused(bench, &(struct http_server_listener){.address = "127.0.0.1:70000"}, ERR_INVALID);
    expect_refused(bench, &(struct http_server_listener){0}, ERR_INVALID);
    expect_refused(bench, &(struct http_server_listener){.address = "127.0.0.1:0", .certificate = "x"},
                   ERR_INVALID);
    expect_refused(bench,
                   &(struct http_server_listener){.address = "127.0.0.1:0", .certificate = "x", .key = "y"},
                   ERR_INVALID);
    folder_write(&bench->folder, "file", "kept");
    char path[FOLDER_PATH_MAX];
    expect_refused(bench,
                   &(struct http_server_listener){.unix_path = folder_path(&bench->folder, "file", path)},
                   ERR_EXISTS);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_tls(void **state)
{
    struct http_bench *bench = *state;
    char key_path[FOLDER_PATH_MAX];
    char certificate_path[FOLDER_PATH_MAX];
    char key[8192];
    char certificate[8192];
    struct err err = {0};

    certificate_make("localhost", "DNS:localhost", "2", folder_path(&bench->folder, "key", key_path),
                     folder_path(&bench->folder, "certificate", certificate_path));
    (void)folder_read(&bench->folder, "key", key, sizeof(key));
    (void)folder_read(&bench->folder, "certificate", certificate, sizeof(certificate));
    const struct http_server_listener listener = {
        .address = "127.0.0.1:0", .certificate = certificate, .key = key};
    const struct http_server_settings settings = {.listeners = &listener, .listener_count = 1};
    if (!http_server_start(bench->loop, &settings, &http_bench_callbacks, bench, &bench->server, &err))
        fail_msg("%s", err.text);
    bench->port = http_server_port(bench->server, 0);
    pthread_t thread = http_bench_start_client(
        bench, http_bench_curl, &(struct http_bench_call){.path = "/later", .ca_file = certificate_path});
    assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, HTTP_BENCH_DEADLINE_MS));
    assert_true(bench->waiters[0]->peer.is_tls);
    http_bench_answer_waiters(bench);
    http_bench_end_client(bench, thread);
    assert_int_equal(bench->call.code, CURLE_OK);
    assert_string_equal(bench->call.answer, "later");
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl, &(struct http_bench_call){.path = "/echo"});
    assert_int_not_equal(call->code, CURLE_OK); /* plain HTTP on it */
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, http_bench_set_up, http_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_get_and_what_the_handler_sees),
        WITH_BENCH(test_connection_is_kept),
        WITH_BENCH(test_post_body_comes_whole),
        WITH_BENCH(test_too_long_body_is_413),
        WITH_BENCH(test_a_path_may_take_longer_bodies),
        WITH_BENCH(test_few_huge_bodies_come_at_once),
        WITH_BENCH(test_too_long_headers_are_431),
        WITH_BENCH(test_answer_may_come_later),
        WITH_BENCH(test_gone_client_is_reported),
        WITH_BENCH(test_slow_request_is_closed),
        WITH_BENCH(test_many_connections_at_once),
        WITH_BENCH(test_connections_per_address_are_bounded),
        WITH_BENCH(test_long_polls_are_bounded),
        WITH_BENCH(test_stop_answers_what_waits),
        WITH_BENCH(test_stop_has_a_deadline),
        WITH_BENCH(test_stale_socket_is_replaced_a_living_one_not),
        WITH_BENCH(test_bad_listeners_are_refused),
        WITH_BENCH(test_tls),
    };

    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
