/* test_http_server.c - the HTTP server on its sockets, against libcurl and raw sockets in other threads.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "support/folder.h"
#include "support/process.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, ANSWER_MAX = 128 * 1024, WAITERS_MAX = 256, PARALLEL = 100, LATER_MS = 30 };

/* What a client thread does, and what came of it; the main thread looks only after the client's end. */
struct call {
    const char *path;
    const char *body;
    size_t body_length;
    const char *ca_file;
    const char *bytes; /* raw: what to send */
    int64_t pause_ms;  /* raw: between single bytes */
    bool is_closing;   /* raw: close once everything is sent */
    bool uses_unix;
    CURLcode code;
    long status;
    long connects;
    size_t answered; /* parallel: connections that got 200 */
    char answer[ANSWER_MAX];
    size_t length;
};

struct bench {
    struct folder folder;
    char socket_path[FOLDER_PATH_MAX];
    struct loop *loop;
    struct http_server *server;
    struct loop_wake *wake;
    uint16_t port;
    bool is_client_done;
    bool is_stopped;
    struct http_server_request *waiters[WAITERS_MAX];
    size_t waiter_count;
    size_t handled;
    bool has_gone;
    bool is_first_waiting;
    bool has_log;
    struct call call;
    void (*client)(struct bench *bench, struct call *call);
};

/* ---- the server's side ---- */

static void answer_text(struct http_server_request *request, unsigned status, const char *text)
{
    static const struct http_server_header headers[] = {{"Content-Type", "text/plain"}, {"X-Kind", "test"}};

    http_server_answer(request, status, headers, ARRAY_LENGTH(headers), text, strlen(text));
}

static void answer_echo(struct http_server_request *request)
{
    const char *wait = http_server_query(request, "wait");
    const char *flag = http_server_query(request, "flag");
    const char *header = http_server_header(request, "x-test");
    char text[512];

    (void)snprintf(text, sizeof(text), "%s %s wait=%s flag=%s none=%d header=%s unix=%d tls=%d uid=%d ip=%s",
                   request->method, request->path, wait, flag, http_server_query(request, "none") == NULL,
                   header, request->peer.is_unix, request->peer.is_tls, (int)request->peer.uid,
                   request->peer.address);
    answer_text(request, 200, text);
}

static void answer_waiters(void *data)
{
    struct bench *bench = data;

    for (size_t i = 0; i < bench->waiter_count; i++)
        answer_text(bench->waiters[i], 200, "later");
    bench->waiter_count = 0;
}

static void handle(void *data, struct http_server_request *request)
{
    struct bench *bench = data;

    bench->handled++;
    if (strcmp(request->path, "/echo") == 0) {
        answer_echo(request);
    } else if (strcmp(request->path, "/body") == 0) {
        http_server_answer(request, 201, NULL, 0, request->body, request->body_length);
    } else if (strcmp(request->path, "/poll") == 0 && !http_server_begin_long_poll(request)) {
        answer_text(request, 200, "too many wait");
    } else {
        assert_true(bench->waiter_count < WAITERS_MAX);
        request->waiter = &bench->waiters[bench->waiter_count];
        bench->waiters[bench->waiter_count++] = request;
        bench->is_first_waiting = true;
    }
}

static void note_gone(void *data, struct http_server_request *request)
{
    struct bench *bench = data;
    struct http_server_request **waiter = request->waiter;

    assert_ptr_equal(*waiter, request);
    *waiter = bench->waiters[--bench->waiter_count];
    (*waiter)->waiter = waiter;
    bench->has_gone = true;
}

static void note_log(void *data, const char *line)
{
    struct bench *bench = data;

    assert_null(strchr(line, '\n'));
    bench->has_log = true;
}

static void note_flag(void *data)
{
    bool *flag = data;

    *flag = true;
}

static const struct http_server_callbacks callbacks = {
    .handle = handle, .on_gone = note_gone, .on_log = note_log};

static void start(struct bench *bench, struct http_server_settings settings)
{
    const struct http_server_listener listeners[] = {{.unix_path = bench->socket_path},
                                                     {.address = "127.0.0.1:0"}};
    struct err err = {0};

    settings.listeners = listeners;
    settings.listener_count = 2;
    if (!http_server_start(bench->loop, &settings, &callbacks, bench, &bench->server, &err))
        fail_msg("%s", err.text);
    bench->port = http_server_port(bench->server, 1);
    assert_int_not_equal(bench->port, 0);
}

static void stop(struct bench *bench)
{
    if (bench->server == NULL)
        return;
    bench->is_stopped = false;
    http_server_stop(bench->server, 2000, note_flag, &bench->is_stopped);
    assert_true(loop_run_until(bench->loop, &bench->is_stopped, DEADLINE_MS));
    bench->server = NULL;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    (void)folder_path(&bench->folder, "s.sock", bench->socket_path);
    bench->loop = loop_new();
    bench->wake = loop_wake_start(bench->loop, note_flag, &bench->is_client_done);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    stop(bench);
    loop_wake_stop(bench->wake);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

/* ---- the clients' side, on another thread: no asserts here ---- */

static size_t keep(char *bytes, size_t size, size_t count, void *data)
{
    struct call *call = data;
    size_t length = size * count;

    if (length > ANSWER_MAX - 1 - call->length)
        return 0;
    memcpy(call->answer + call->length, bytes, length);
    call->length += length;
    call->answer[call->length] = '\0';
    return length;
}

static void ask_by_curl(struct bench *bench, struct call *call)
{
    CURL *curl = curl_easy_init();
    char url[256];
    struct curl_slist *headers = curl_slist_append(NULL, "X-Test: yes");

    (void)snprintf(url, sizeof(url), "%s://%s:%u%s", call->ca_file != NULL ? "https" : "http",
                   call->ca_file != NULL ? "localhost" : "127.0.0.1", bench->port, call->path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    if (call->ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, call->ca_file);
    if (call->uses_unix)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, bench->socket_path);
    if (call->body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)call->body_length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
    }
    call->code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &call->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

/* Two requests through one handle: libcurl keeps the connection. */
static void ask_twice(struct bench *bench, struct call *call)
{
    CURL *curl = curl_easy_init();
    char url[256];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/echo", bench->port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    call->code = curl_easy_perform(curl);
    call->code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &call->connects);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &call->status);
    curl_easy_cleanup(curl);
}

static int connect_to(const struct bench *bench, bool uses_unix)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(bench->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = 15};
    int fd = socket(uses_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(local.sun_path, bench->socket_path, strnlen(bench->socket_path, sizeof(local.sun_path) - 1));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    int code = uses_unix ? connect(fd, (const struct sockaddr *)&local, sizeof(local))
                         : connect(fd, (const struct sockaddr *)&address, sizeof(address));
    if (code == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool send_slowly(int fd, const char *bytes, size_t length, int64_t pause_ms)
{
    for (size_t i = 0; i < length; i++) {
        if (send(fd, bytes + i, 1, MSG_NOSIGNAL) != 1)
            return false;
        (void)poll(NULL, 0, (int)pause_ms);
    }
    return true;
}

static void read_to_end(int fd, struct call *call)
{
    ssize_t got = 1;

    while (got > 0 && call->length < ANSWER_MAX - 1) {
        got = recv(fd, call->answer + call->length, ANSWER_MAX - 1 - call->length, 0);
        call->length += got > 0 ? (size_t)got : 0;
    }
    call->answer[call->length] = '\0';
}

static void ask_raw(struct bench *bench, struct call *call)
{
    int fd = connect_to(bench, call->uses_unix);
    size_t length = call->body_length != 0 ? call->body_length : strlen(call->bytes);

    if (fd < 0)
        return;
    if (call->pause_ms > 0)
        (void)send_slowly(fd, call->bytes, length, call->pause_ms);
    else
        (void)send(fd, call->bytes, length, MSG_NOSIGNAL);
    if (!call->is_closing)
        read_to_end(fd, call);
    (void)close(fd);
}

/* PARALLEL connections, all open at once, each with a request that is answered later. */
static void ask_in_parallel(struct bench *bench, struct call *call)
{
    int fds[PARALLEL];

    for (size_t i = 0; i < PARALLEL; i++) {
        fds[i] = connect_to(bench, call->uses_unix);
        if (fds[i] >= 0)
            (void)send(fds[i], call->bytes, strlen(call->bytes), MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < PARALLEL; i++) {
        char start[16] = "";
        if (fds[i] >= 0 && recv(fds[i], start, sizeof(start) - 1, 0) > 0)
            call->answered += strncmp(start, "HTTP/1.1 200", 12) == 0;
    }
    for (size_t i = 0; i < PARALLEL; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
}

static void *run_client(void *data)
{
    struct bench *bench = data;

    bench->client(bench, &bench->call);
    loop_wake_send(bench->wake);
    return NULL;
}

static pthread_t start_client(struct bench *bench, void (*client)(struct bench *, struct call *),
                              const struct call *call)
{
    pthread_t thread;

    bench->is_client_done = false;
    bench->client = client;
    bench->call = *call;
    assert_int_equal(pthread_create(&thread, NULL, run_client, bench), 0);
    return thread;
}

static void end_client(struct bench *bench, pthread_t thread)
{
    bool is_done = loop_run_until(bench->loop, &bench->is_client_done, DEADLINE_MS);

    (void)pthread_join(thread, NULL);
    assert_true(is_done);
}

static struct call *ask(struct bench *bench, void (*client)(struct bench *, struct call *),
                        const struct call *call)
{
    end_client(bench, start_client(bench, client, call));
    return &bench->call;
}

/* ---- tests ---- */

static void test_get_and_what_the_handler_sees(void **state)
{
    struct bench *bench = *state;
    char expected[256];

    start(bench, (struct http_server_settings){0});
    struct call *call = ask(bench, ask_by_curl, &(struct call){.path = "/echo?wait=60s&flag"});
    assert_int_equal(call->code, CURLE_OK);
    assert_int_equal(call->status, 200);
    assert_string_equal(call->answer, "GET /echo wait=60s flag= none=1 header=yes unix=0 tls=0 uid=-1 "
                                      "ip=127.0.0.1");
    call = ask(bench, ask_by_curl, &(struct call){.path = "/echo?wait=%31%26s&flag=x", .uses_unix = true});
    (void)snprintf(expected, sizeof(expected),
                   "GET /echo wait=1&s flag=x none=1 header=yes unix=1 tls=0 uid=%d ip=", (int)getuid());
    assert_string_equal(call->answer, expected);
    assert_int_equal(http_server_counts(bench->server).requests, 2);
    assert_int_equal(http_server_counts(bench->server).waiting, 0);
}

static void test_connection_is_kept(void **state)
{
    struct bench *bench = *state;

    start(bench, (struct http_server_settings){0});
    const struct call *call = ask(bench, ask_twice, &(struct call){0});
    assert_int_equal(call->status, 200);
    assert_int_equal(call->connects, 0); /* of the second transfer */
    assert_int_equal(bench->handled, 2);
}

static void test_post_body_comes_whole(void **state)
{
    struct bench *bench = *state;
    size_t length = HTTP_SERVER_BODY_MAX_BYTES;
    char *body = malloc(length);

    for (size_t i = 0; i < length; i++)
        body[i] = (char)('a' + i % 23);
    start(bench, (struct http_server_settings){0});
    const struct call *call =
        ask(bench, ask_by_curl, &(struct call){.path = "/body", .body = body, .body_length = length});
    assert_int_equal(call->status, 201);
    assert_int_equal(call->length, length);
    assert_memory_equal(call->answer, body, length);
    call = ask(bench, ask_by_curl, &(struct call){.path = "/body", .body = "", .body_length = 0});
    assert_int_equal(call->status, 201);
    assert_int_equal(call->length, 0);
    free(body);
}

static void test_too_long_body_is_413(void **state)
{
    struct bench *bench = *state;
    size_t length = HTTP_SERVER_BODY_MAX_BYTES + 1;
    char *body = calloc(1, length);

    start(bench, (struct http_server_settings){0});
    const struct call *call =
        ask(bench, ask_by_curl, &(struct call){.path = "/body", .body = body, .body_length = length});
    assert_int_equal(call->code, CURLE_OK);
    assert_int_equal(call->status, 413);
    const char *huge = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n";
    call = ask(bench, ask_raw, &(struct call){.bytes = huge});
    assert_non_null(strstr(call->answer, "HTTP/1.1 413"));
    const char *chunked = "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                          "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    call = ask(bench, ask_raw, &(struct call){.bytes = chunked});
    assert_non_null(strstr(call->answer, "HTTP/1.1 201"));
    assert_non_null(strstr(call->answer, "\r\n\r\nabcde"));
    assert_int_equal(http_server_counts(bench->server).refused_body, 2);
    assert_int_equal(bench->handled, 1);
    free(body);
}

static void test_too_long_headers_are_431(void **state)
{
    struct bench *bench = *state;
    char *bytes = malloc(ANSWER_MAX);

    start(bench, (struct http_server_settings){0});
    for (int length = HTTP_SERVER_HEADER_MAX_BYTES; length < 65536; length *= 4) {
        (void)snprintf(bytes, ANSWER_MAX,
                       "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Test: %0*d\r\n\r\n", length,
                       1);
        const struct call *call = ask(bench, ask_raw, &(struct call){.bytes = bytes});
        assert_non_null(strstr(call->answer, "HTTP/1.1 431"));
    }
    assert_int_equal(bench->handled, 0);
    assert_int_equal(http_server_counts(bench->server).refused_header, 1); /* the other: the library's own */
    free(bytes);
}

static void test_answer_may_come_later(void **state)
{
    struct bench *bench = *state;

    start(bench, (struct http_server_settings){0});
    pthread_t thread = start_client(bench, ask_by_curl, &(struct call){.path = "/later"});
    assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, DEADLINE_MS));
    assert_int_equal(http_server_counts(bench->server).waiting, 1);
    struct loop_timer *timer = loop_timer_start(bench->loop, LATER_MS, 0, answer_waiters, bench);
    end_client(bench, thread);
    loop_timer_stop(timer);
    assert_int_equal(bench->call.status, 200);
    assert_string_equal(bench->call.answer, "later");
    assert_int_equal(http_server_counts(bench->server).waiting, 0);
    assert_false(bench->has_gone);
}

static void wait_until_closed(struct bench *bench)
{
    const bool never = false;
    int64_t end_ms = process_now_ms() + DEADLINE_MS;

    while (http_server_counts(bench->server).connections > 0 && process_now_ms() < end_ms)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_int_equal(http_server_counts(bench->server).connections, 0);
}

static void test_gone_client_is_reported(void **state)
{
    static const bool kinds[] = {true, false};
    struct bench *bench = *state;
    const char *bytes = "GET /poll HTTP/1.1\r\nHost: x\r\n\r\n";

    start(bench, (struct http_server_settings){0});
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        bench->has_gone = false;
        (void)ask(bench, ask_raw, &(struct call){.bytes = bytes, .is_closing = true, .uses_unix = kinds[i]});
        assert_true(loop_run_until(bench->loop, &bench->has_gone, DEADLINE_MS));
        wait_until_closed(bench);
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
    struct bench *bench = *state;

    start(bench, (struct http_server_settings){.request_ms = 200});
    for (size_t i = 0; i < ARRAY_LENGTH(slow); i++) {
        int64_t start_ms = process_now_ms();
        const struct call *call = ask(bench, ask_raw, &(struct call){.bytes = slow[i], .pause_ms = 10});
        assert_int_equal(call->length, 0);
        assert_in_range(process_now_ms() - start_ms, 200, 5000);
        wait_until_closed(bench);
        assert_int_equal(http_server_counts(bench->server).timed_out, i + 1);
    }
    assert_int_equal(bench->handled, 0);
    assert_false(bench->has_gone);
}

static void test_many_connections_at_once(void **state)
{
    struct bench *bench = *state;
    const char *bytes = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
    const bool never = false;

    start(bench, (struct http_server_settings){0});
    pthread_t thread =
        start_client(bench, ask_in_parallel, &(struct call){.bytes = bytes, .uses_unix = true});
    for (int64_t end_ms = process_now_ms() + DEADLINE_MS;
         bench->waiter_count < PARALLEL && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_int_equal(http_server_counts(bench->server).connections, PARALLEL);
    assert_int_equal(http_server_counts(bench->server).waiting, PARALLEL);
    answer_waiters(bench);
    end_client(bench, thread);
    assert_int_equal(bench->call.answered, PARALLEL);
    wait_until_closed(bench);
}

static void test_connections_per_address_are_bounded(void **state)
{
    struct bench *bench = *state;
    const char *bytes = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";

    start(bench, (struct http_server_settings){0});
    const struct call *call = ask(bench, ask_in_parallel, &(struct call){.bytes = bytes});
    assert_int_equal(call->answered, HTTP_SERVER_CONNECTIONS_PER_IP_MAX);
    assert_true(bench->has_log); /* and not on stderr */
    wait_until_closed(bench);
}

static void test_long_polls_are_bounded(void **state)
{
    struct bench *bench = *state;
    const char *bytes = "GET /poll HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    start(bench, (struct http_server_settings){.long_polls_max = 1});
    pthread_t thread =
        start_client(bench, ask_in_parallel, &(struct call){.bytes = bytes, .uses_unix = true});
    const bool never = false;
    for (int64_t end_ms = process_now_ms() + DEADLINE_MS;
         bench->handled < PARALLEL && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_int_equal(http_server_counts(bench->server).long_polls, 1);
    assert_int_equal(bench->waiter_count, 1);
    answer_waiters(bench);
    end_client(bench, thread);
    assert_int_equal(bench->call.answered, PARALLEL);
    assert_int_equal(http_server_counts(bench->server).long_polls, 0);
}

static void test_stop_answers_what_waits(void **state)
{
    struct bench *bench = *state;

    start(bench, (struct http_server_settings){0});
    pthread_t thread = start_client(bench, ask_by_curl, &(struct call){.path = "/later"});
    assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, DEADLINE_MS));
    stop(bench);
    assert_true(bench->has_gone);
    end_client(bench, thread);
    assert_int_equal(bench->call.code, CURLE_OK);
    assert_int_equal(bench->call.status, 503);
    assert_int_not_equal(access(bench->socket_path, F_OK), 0);
    const struct call *call = ask(bench, ask_by_curl, &(struct call){.path = "/echo"});
    assert_int_equal(call->code, CURLE_COULDNT_CONNECT);
}

/* A connection on which nothing moves does not hold up the stop. */
static void test_stop_has_a_deadline(void **state)
{
    struct bench *bench = *state;

    start(bench, (struct http_server_settings){0});
    int idle = connect_to(bench, true);
    assert_true(idle >= 0);
    assert_int_equal(send(idle, "GET /", 5, 0), 5);
    const bool never = false;
    for (int64_t end_ms = process_now_ms() + DEADLINE_MS;
         http_server_counts(bench->server).connections == 0 && process_now_ms() < end_ms;)
        (void)!loop_run_until(bench->loop, &never, 5);
    http_server_stop(bench->server, 50, note_flag, &bench->is_stopped);
    assert_true(loop_run_until(bench->loop, &bench->is_stopped, 2000));
    bench->server = NULL;
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
    struct bench *bench = *state;
    const struct http_server_listener again = {.unix_path = bench->socket_path};
    const struct http_server_settings settings = {.listeners = &again, .listener_count = 1};
    struct http_server *other = NULL;
    struct stat status;
    struct err err;

    leave_stale_socket(bench->socket_path);
    start(bench, (struct http_server_settings){0});
    assert_int_equal(stat(bench->socket_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
    assert_false(http_server_start(bench->loop, &settings, &callbacks, bench, &other, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    const struct call *call = ask(bench, ask_by_curl, &(struct call){.path = "/echo", .uses_unix = true});
    assert_int_equal(call->status, 200);
}

static void expect_refused(struct bench *bench, const struct http_server_listener *listener,
                           enum err_code code)
{
    const struct http_server_settings settings = {.listeners = listener, .listener_count = 1};
    struct http_server *server = NULL;
    struct err err = {0};

    assert_false(http_server_start(bench->loop, &settings, &callbacks, bench, &server, &err));
    assert_int_equal(err.code, code);
    assert_null(server);
}

static void test_bad_listeners_are_refused(void **state)
{
    struct bench *bench = *state;
    char taken[64];

    start(bench, (struct http_server_settings){0});
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
    struct bench *bench = *state;
    char key_path[FOLDER_PATH_MAX];
    char certificate_path[FOLDER_PATH_MAX];
    char key[8192];
    char certificate[8192];
    struct err err = {0};

    const char *const argv[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:prime256v1",
                                "-nodes",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=localhost",
                                "-addext",
                                "subjectAltName=DNS:localhost",
                                "-keyout",
                                folder_path(&bench->folder, "key", key_path),
                                "-out",
                                folder_path(&bench->folder, "certificate", certificate_path),
                                NULL};
    assert_int_equal(process_run(argv, key, sizeof(key), DEADLINE_MS), 0);
    (void)folder_read(&bench->folder, "key", key, sizeof(key));
    (void)folder_read(&bench->folder, "certificate", certificate, sizeof(certificate));
    const struct http_server_listener listener = {
        .address = "127.0.0.1:0", .certificate = certificate, .key = key};
    const struct http_server_settings settings = {.listeners = &listener, .listener_count = 1};
    if (!http_server_start(bench->loop, &settings, &callbacks, bench, &bench->server, &err))
        fail_msg("%s", err.text);
    bench->port = http_server_port(bench->server, 0);
    pthread_t thread =
        start_client(bench, ask_by_curl, &(struct call){.path = "/later", .ca_file = certificate_path});
    assert_true(loop_run_until(bench->loop, &bench->is_first_waiting, DEADLINE_MS));
    assert_true(bench->waiters[0]->peer.is_tls);
    answer_waiters(bench);
    end_client(bench, thread);
    assert_int_equal(bench->call.code, CURLE_OK);
    assert_string_equal(bench->call.answer, "later");
    const struct call *call = ask(bench, ask_by_curl, &(struct call){.path = "/echo"});
    assert_int_not_equal(call->code, CURLE_OK); /* plain HTTP on it */
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_get_and_what_the_handler_sees),
        WITH_BENCH(test_connection_is_kept),
        WITH_BENCH(test_post_body_comes_whole),
        WITH_BENCH(test_too_long_body_is_413),
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
