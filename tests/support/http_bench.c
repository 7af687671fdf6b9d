/* http_bench.c - server, handler and clients of the tests of the HTTP server.
 * SPDX-License-Identifier: MIT */
#include "support/http_bench.h"

#include "base/attributes.h"
#include "support/process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

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

void http_bench_answer_waiters(void *data)
{
    struct http_bench *bench = data;

    for (size_t i = 0; i < bench->waiter_count; i++)
        answer_text(bench->waiters[i], 200, "later");
    bench->waiter_count = 0;
}

static void handle(void *data, struct http_server_request *request)
{
    struct http_bench *bench = data;

    bench->handled++;
    if (strcmp(request->path, "/echo") == 0) {
        answer_echo(request);
    } else if (strstr(request->path, "/body") != NULL) {
        http_server_answer(request, 201, NULL, 0, request->body, request->body_length);
    } else if (strcmp(request->path, "/poll") == 0 && !http_server_begin_long_poll(request)) {
        answer_text(request, 200, "too many wait");
    } else {
        assert_true(bench->waiter_count < HTTP_BENCH_WAITERS_MAX);
        request->waiter = &bench->waiters[bench->waiter_count];
        bench->waiters[bench->waiter_count++] = request;
        bench->is_first_waiting = true;
    }
}

/* One path takes twice as much. */
static size_t body_max(void *data, const struct http_server_request *request)
{
    (void)data;
    return strcmp(request->path, "/large/body") == 0  ? 2 * (size_t)HTTP_SERVER_BODY_MAX_BYTES
           : strcmp(request->path, "/huge/body") == 0 ? SIZE_MAX
                                                      : 0;
}

static void note_gone(void *data, struct http_server_request *request)
{
    struct http_bench *bench = data;
    struct http_server_request **waiter = request->waiter;

    assert_ptr_equal(*waiter, request);
    *waiter = bench->waiters[--bench->waiter_count];
    (*waiter)->waiter = waiter;
    bench->has_gone = true;
}

static void note_log(void *data, const char *line)
{
    struct http_bench *bench = data;

    assert_null(strchr(line, '\n'));
    bench->has_log = true;
}

static void note_flag(void *data)
{
    bool *flag = data;

    *flag = true;
}

const struct http_server_callbacks http_bench_callbacks = {
    .body_max = body_max, .handle = handle, .on_gone = note_gone, .on_log = note_log};

void http_bench_start(struct http_bench *bench, struct http_server_settings settings)
{
    const struct http_server_listener listeners[] = {{.unix_path = bench->socket_path},
                                                     {.address = "127.0.0.1:0"}};
    struct err err = {0};

    settings.listeners = listeners;
    settings.listener_count = 2;
    if (!http_server_start(bench->loop, &settings, &http_bench_callbacks, bench, &bench->server, &err))
        fail_msg("%s", err.text);
    bench->port = http_server_port(bench->server, 1);
    assert_int_not_equal(bench->port, 0);
}

void http_bench_stop(struct http_bench *bench, int64_t deadline_ms)
{
    if (bench->server == NULL)
        return;
    bench->is_stopped = false;
    http_server_stop(bench->server, deadline_ms, note_flag, &bench->is_stopped);
    assert_true(loop_run_until(bench->loop, &bench->is_stopped, HTTP_BENCH_DEADLINE_MS));
    bench->server = NULL;
}

int http_bench_set_up(void **state)
{
    struct http_bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    (void)folder_path(&bench->folder, "s.sock", bench->socket_path);
    bench->loop = loop_new();
    bench->wake = loop_wake_start(bench->loop, note_flag, &bench->is_client_done);
    *state = bench;
    return 0;
}

int http_bench_tear_down(void **state)
{
    struct http_bench *bench = *state;

    http_bench_stop(bench, 2000);
    loop_wake_stop(bench->wake);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

static size_t keep(char *bytes, size_t size, size_t count, void *data)
{
    struct http_bench_call *call = data;
    size_t length = size * count;

    if (length > HTTP_BENCH_ANSWER_MAX - 1 - call->length)
        return 0;
    memcpy(call->answer + call->length, bytes, length);
    call->length += length;
    call->answer[call->length] = '\0';
    return length;
}

void http_bench_curl(struct http_bench *bench, struct http_bench_call *call)
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
void http_bench_curl_twice(struct http_bench *bench, struct http_bench_call *call)
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

int http_bench_connect(const struct http_bench *bench, bool uses_unix)
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

static void read_to_end(int fd, struct http_bench_call *call)
{
    ssize_t got = 1;

    while (got > 0 && call->length < HTTP_BENCH_ANSWER_MAX - 1) {
        got = recv(fd, call->answer + call->length, HTTP_BENCH_ANSWER_MAX - 1 - call->length, 0);
        call->length += got > 0 ? (size_t)got : 0;
    }
    call->answer[call->length] = '\0';
}

void http_bench_raw(struct http_bench *bench, struct http_bench_call *call)
{
    int fd = http_bench_connect(bench, call->uses_unix);
    size_t length = call->body_length != 0 ? call->body_length : strlen(call->bytes);

    if (fd < 0)
        return;
    if (call->pause_ms > 0)
        (void)send_slowly(fd, call->bytes, length, call->pause_ms);
    else
        (void)send(fd, call->bytes, length, MSG_NOSIGNAL);
    read_to_end(fd, call);
    (void)close(fd);
}

/* HTTP_BENCH_PARALLEL connections, all open at once, each with a request that is answered later. */
void http_bench_parallel(struct http_bench *bench, struct http_bench_call *call)
{
    int fds[HTTP_BENCH_PARALLEL];

    for (size_t i = 0; i < HTTP_BENCH_PARALLEL; i++) {
        fds[i] = http_bench_connect(bench, call->uses_unix);
        if (fds[i] >= 0)
            (void)send(fds[i], call->bytes, strlen(call->bytes), MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < HTTP_BENCH_PARALLEL; i++) {
        char start[16] = "";
        if (fds[i] >= 0 && recv(fds[i], start, sizeof(start) - 1, 0) > 0)
            call->answered += strncmp(start, "HTTP/1.1 200", 12) == 0;
    }
    for (size_t i = 0; i < HTTP_BENCH_PARALLEL; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
}

static void *run_client(void *data)
{
    struct http_bench *bench = data;

    bench->client(bench, &bench->call);
    loop_wake_send(bench->wake);
    return NULL;
}

pthread_t http_bench_start_client(struct http_bench *bench, http_bench_client *client,
                                  const struct http_bench_call *call)
{
    pthread_t thread;

    bench->is_client_done = false;
    bench->client = client;
    bench->call = *call;
    assert_int_equal(pthread_create(&thread, NULL, run_client, bench), 0);
    return thread;
}

void http_bench_end_client(struct http_bench *bench, pthread_t thread)
{
    bool is_done = loop_run_until(bench->loop, &bench->is_client_done, HTTP_BENCH_DEADLINE_MS);

    (void)pthread_join(thread, NULL);
    assert_true(is_done);
}

struct http_bench_call *http_bench_ask(struct http_bench *bench, http_bench_client *client,
                                       const struct http_bench_call *call)
{
    http_bench_end_client(bench, http_bench_start_client(bench, client, call));
    return &bench->call;
}

void http_bench_wait_until_closed(struct http_bench *bench)
{
    const bool never = false;
    int64_t end_ms = process_now_ms() + HTTP_BENCH_DEADLINE_MS;

    while (http_server_counts(bench->server).connections > 0 && process_now_ms() < end_ms)
        (void)!loop_run_until(bench->loop, &never, 5);
    assert_int_equal(http_server_counts(bench->server).connections, 0);
}
