/* test_http_stream.c - answers without an end: at the client's pace, whole at their end, and never in the way
 * of anybody else.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/http_stream.h"
#include "support/certificate.h"
#include "support/http_bench.h"
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SLOW_MS = 200, TEXT_MAX = 4096 };

/* A source for one client, and that client. */
struct party {
    struct http_bench *bench;
    struct http_server_request *request; /* NULL: none streams */
    const char *text;                    /* to be read; NULL: nothing now */
    bool is_endless;
    size_t refused;
    bool has_begun, has_ended;
    enum http_stream_end why;
    int fd;
    char got[TEXT_MAX];
    size_t length;
};

static size_t read_text(void *data, char *to, size_t size)
{
    struct party *party = data;

    if (party->is_endless) {
        memset(to, 'x', size);
        return size;
    }
    if (party->text == NULL)
        return 0;
    size_t length = strnlen(party->text, size);
    memcpy(to, party->text, length);
    party->text = NULL;
    return length;
}

static void note_end(void *data, enum http_stream_end why)
{
    struct party *party = data;

    assert_false(party->has_ended);
    party->has_ended = true;
    party->why = why;
    party->request = NULL;
}

static const struct http_stream_source source = {.read = read_text, .ended = note_end};

static void handle(void *data, struct http_server_request *request)
{
    static const struct http_server_header headers[] = {{"Content-Type", "text/event-stream"}};
    struct party *party = data;

    if (strcmp(request->path, "/stream") == 0 &&
        http_stream_start(request, headers, ARRAY_LENGTH(headers), &source, party)) {
        party->request = request;
        party->has_begun = true;
        return;
    }
    party->refused += strcmp(request->path, "/stream") == 0;
    http_server_answer(request, 200, NULL, 0, "other", 5);
}

static void start_on(struct party *party, struct http_bench *bench, struct http_server_settings settings)
{
    static const struct http_server_callbacks callbacks = {.handle = handle};
    struct err err = {0};

    party->bench = bench;
    party->fd = -1;
    if (!http_server_start(bench->loop, &settings, &callbacks, party, &bench->server, &err))
        fail_msg("%s", err.text);
}

static void start(struct party *party, struct http_bench *bench, struct http_server_settings settings)
{
    const struct http_server_listener listeners[] = {{.unix_path = bench->socket_path},
                                                     {.address = "127.0.0.1:0"}};

    settings.listeners = listeners;
    settings.listener_count = ARRAY_LENGTH(listeners);
    start_on(party, bench, settings);
    bench->port = http_server_port(bench->server, 1);
}

static void ask(struct party *party, bool uses_unix)
{
    static const char bytes[] = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";

    party->fd = http_bench_connect(party->bench, uses_unix);
    assert_true(party->fd >= 0);
    assert_int_equal(send(party->fd, bytes, strlen(bytes), 0), (ssize_t)strlen(bytes));
    assert_true(loop_run_until(party->bench->loop, &party->has_begun, HTTP_BENCH_DEADLINE_MS));
}

static void wait_for(struct party *party, const char *words)
{
    const bool never = false;
    int64_t end_ms = process_now_ms() + HTTP_BENCH_DEADLINE_MS;

    while (strstr(party->got, words) == NULL && process_now_ms() < end_ms) {
        ssize_t got = recv(party->fd, party->got + party->length, TEXT_MAX - 1 - party->length, MSG_DONTWAIT);
        party->length += got > 0 ? (size_t)got : 0;
        party->got[party->length] = '\0';
        (void)!loop_run_until(party->bench->loop, &never, 2);
    }
    if (strstr(party->got, words) == NULL)
        fail_msg("\"%s\" did not come: %s", words, party->got);
}

static void say(struct party *party, const char *text)
{
    party->text = text;
    http_stream_wake(party->request);
}

static void test_it_comes_as_it_is_said(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.text = "first;"};

    start(&party, bench, (struct http_server_settings){.answer_ms = SLOW_MS});
    ask(&party, true);
    wait_for(&party, "first;");
    assert_non_null(strstr(party.got, "HTTP/1.1 200"));
    assert_non_null(strstr(party.got, "text/event-stream"));
    assert_int_equal(http_server_counts(bench->server).streams, 1);
    assert_int_equal(http_server_counts(bench->server).waiting, 0);
    /* Silence is no slowness, however long it lasts. */
    const bool never = false;
    (void)!loop_run_until(bench->loop, &never, 3 * SLOW_MS);
    assert_false(party.has_ended);
    say(&party, "second;");
    wait_for(&party, "second;");
    say(&party, "third;");
    say(&party, "fourth;"); /* what is not read yet is the source's own */
    wait_for(&party, "fourth;");
    assert_null(strstr(party.got, "third;"));
    http_stream_end(party.request);
    http_stream_end(party.request);
    wait_for(&party, "\r\n0\r\n\r\n");
    assert_true(loop_run_until(bench->loop, &party.has_ended, HTTP_BENCH_DEADLINE_MS));
    assert_int_equal(party.why, HTTP_STREAM_DONE);
    assert_int_equal(http_server_counts(bench->server).streams, 0);
    http_bench_wait_until_closed(bench);
    (void)close(party.fd);
}

static void test_a_client_that_goes_is_noticed(void **state)
{
    static const bool kinds[] = {true, false};
    struct http_bench *bench = *state;
    struct party party = {0};

    start(&party, bench, (struct http_server_settings){0});
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        party.has_begun = party.has_ended = false;
        party.length = 0;
        party.got[0] = '\0';
        party.text = "hello;";
        ask(&party, kinds[i]);
        wait_for(&party, "hello;");
        (void)close(party.fd);
        assert_true(loop_run_until(bench->loop, &party.has_ended, HTTP_BENCH_DEADLINE_MS));
        assert_int_equal(party.why, HTTP_STREAM_GONE);
        http_bench_wait_until_closed(bench);
        assert_int_equal(http_server_counts(bench->server).streams, 0);
    }
}

static void test_a_client_that_takes_nothing_is_cut_off(void **state)
{
    static const bool kinds[] = {true, false};
    struct http_bench *bench = *state;
    struct party party = {.is_endless = true};

    start(&party, bench, (struct http_server_settings){.answer_ms = SLOW_MS, .request_ms = 500});
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        party.has_begun = party.has_ended = false;
        ask(&party, kinds[i]);
        const struct http_bench_call *other = http_bench_ask(
            bench, http_bench_curl, &(struct http_bench_call){.path = "/other", .uses_unix = true});
        assert_string_equal(other->answer, "other");
        assert_true(loop_run_until(bench->loop, &party.has_ended, HTTP_BENCH_DEADLINE_MS));
        assert_int_equal(party.why, HTTP_STREAM_SLOW);
        assert_int_equal(http_server_counts(bench->server).timed_out, i + 1);
        (void)close(party.fd);
    }
    /* Or at once, where its source says so. */
    party.has_begun = party.has_ended = false;
    ask(&party, true);
    http_stream_cut(party.request);
    assert_true(loop_run_until(bench->loop, &party.has_ended, HTTP_BENCH_DEADLINE_MS));
    assert_int_equal(party.why, HTTP_STREAM_SLOW);
    assert_int_equal(http_server_counts(bench->server).timed_out, 2);
    http_bench_wait_until_closed(bench);
    (void)close(party.fd);
}

static void test_streams_are_bounded(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.text = "hello;"};

    start(&party, bench, (struct http_server_settings){.streams_max = 1});
    ask(&party, true);
    wait_for(&party, "hello;");
    const struct http_bench_call *call = http_bench_ask(
        bench, http_bench_curl, &(struct http_bench_call){.path = "/stream", .uses_unix = true});
    assert_string_equal(call->answer, "other");
    assert_int_equal(party.refused, 1);
    http_stream_end(party.request);
    wait_for(&party, "\r\n0\r\n\r\n");
    (void)close(party.fd);
}

/* Who listens leaves its address room to ask. */
static void test_an_address_has_room_beside_its_streams(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.text = "hello;"};

    start(&party, bench, (struct http_server_settings){.connections_per_ip_max = 2});
    ask(&party, false);
    wait_for(&party, "hello;");
    const struct http_bench_call *call =
        http_bench_ask(bench, http_bench_curl, &(struct http_bench_call){.path = "/stream"});
    assert_string_equal(call->answer, "other");
    assert_int_equal(party.refused, 1);
    http_stream_end(party.request);
    wait_for(&party, "\r\n0\r\n\r\n");
    (void)close(party.fd);
}

static void test_a_stop_ends_them_whole(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.text = "hello;"};

    start(&party, bench, (struct http_server_settings){0});
    ask(&party, true);
    wait_for(&party, "hello;");
    int64_t start_ms = process_now_ms();
    http_bench_stop(bench, 5000);
    assert_true(process_now_ms() - start_ms < 4000);
    assert_true(party.has_ended);
    assert_int_equal(party.why, HTTP_STREAM_DONE);
    wait_for(&party, "\r\n0\r\n\r\n");
    (void)close(party.fd);
}

/* Nobody takes anything: the stop does not wait for that. */
static void test_a_stop_does_not_wait_for_the_slow(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.is_endless = true};
    const bool never = false;

    start(&party, bench, (struct http_server_settings){0});
    ask(&party, true);
    (void)!loop_run_until(bench->loop, &never, 50);
    http_bench_stop(bench, 100);
    assert_true(party.has_ended);
    (void)close(party.fd);
}

static void test_over_tls(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.text = "first;"};
    char key_path[FOLDER_PATH_MAX];
    char certificate_path[FOLDER_PATH_MAX];
    char key[8192];
    char certificate[8192];
    const bool never = false;

    certificate_make("localhost", "DNS:localhost", "2", folder_path(&bench->folder, "key", key_path),
                     folder_path(&bench->folder, "certificate", certificate_path));
    (void)folder_read(&bench->folder, "key", key, sizeof(key));
    (void)folder_read(&bench->folder, "certificate", certificate, sizeof(certificate));
    const struct http_server_listener listener = {
        .address = "127.0.0.1:0", .certificate = certificate, .key = key};
    start_on(&party, bench, (struct http_server_settings){.listeners = &listener, .listener_count = 1});
    bench->port = http_server_port(bench->server, 0);
    pthread_t thread = http_bench_start_client(
        bench, http_bench_curl, &(struct http_bench_call){.path = "/stream", .ca_file = certificate_path});
    assert_true(loop_run_until(bench->loop, &party.has_begun, HTTP_BENCH_DEADLINE_MS));
    while (party.text != NULL)
        (void)!loop_run_until(bench->loop, &never, 5);
    say(&party, "second;");
    while (party.text != NULL)
        (void)!loop_run_until(bench->loop, &never, 5);
    http_stream_end(party.request);
    http_bench_end_client(bench, thread);
    assert_int_equal(bench->call.code, CURLE_OK);
    assert_string_equal(bench->call.answer, "first;second;");
    assert_int_equal(party.why, HTTP_STREAM_DONE);
}

/* Its answer has headers alone; one of HTTP/1.0 ends with its connection. */
static void test_other_ways_to_ask(void **state)
{
    struct http_bench *bench = *state;
    struct party party = {.text = "first;"};

    start(&party, bench, (struct http_server_settings){0});
    const struct http_bench_call *call = http_bench_ask(
        bench, http_bench_raw,
        &(struct http_bench_call){.bytes = "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n", .uses_unix = true});
    assert_non_null(strstr(call->answer, "HTTP/1.1 200"));
    assert_string_equal(call->answer + call->length - 4, "\r\n\r\n");
    assert_true(loop_run_until(bench->loop, &party.has_ended, HTTP_BENCH_DEADLINE_MS));
    party.has_begun = party.has_ended = false;
    party.text = "first;";
    pthread_t thread = http_bench_start_client(
        bench, http_bench_raw,
        &(struct http_bench_call){.bytes = "GET /stream HTTP/1.0\r\n\r\n", .uses_unix = true});
    assert_true(loop_run_until(bench->loop, &party.has_begun, HTTP_BENCH_DEADLINE_MS));
    const bool never = false;
    while (party.text != NULL)
        (void)!loop_run_until(bench->loop, &never, 5);
    http_stream_end(party.request);
    http_bench_end_client(bench, thread);
    assert_string_equal(bench->call.answer + bench->call.length - strlen("\r\n\r\nfirst;"), "\r\n\r\nfirst;");
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, http_bench_set_up, http_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_it_comes_as_it_is_said),
        WITH_BENCH(test_a_client_that_goes_is_noticed),
        WITH_BENCH(test_a_client_that_takes_nothing_is_cut_off),
        WITH_BENCH(test_streams_are_bounded),
        WITH_BENCH(test_an_address_has_room_beside_its_streams),
        WITH_BENCH(test_a_stop_ends_them_whole),
        WITH_BENCH(test_a_stop_does_not_wait_for_the_slow),
        WITH_BENCH(test_over_tls),
        WITH_BENCH(test_other_ways_to_ask),
    };

    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
