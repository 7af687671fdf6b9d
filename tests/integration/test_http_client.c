/* test_http_client.c - requests to a real server that behaves well, badly, slowly and without end.
 * SPDX-License-Identifier: MIT */
#include "io/http_client.h"

#include "io/json.h"
#include "support/peer.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, ANSWER_MAX = 65536, CALLS = 40 };

struct group {
    struct peer peer;
    struct peer local; /* the same over a Unix socket */
    char folder[64];
    char path[96];
};

struct fixture {
    struct group *group;
    struct loop *loop;
    struct http_client *client;
    size_t done_count;
    size_t wanted_count;
    bool is_done;
    int status;
    char body[1024];
    size_t length;
    bool is_cut;
    struct err err;
    char content_type[64];
    int64_t retry_after_ms;
    bool has_date;
};

static int start_peers(void **state)
{
    static struct group group; /* the processes must be stopped however a test ends */
    char *tcp[] = {"/usr/bin/python3", "tests/support/http_peer.py", NULL};
    char *unix_socket[] = {"/usr/bin/python3", "tests/support/http_peer.py", group.path, NULL};

    (void)snprintf(group.folder, sizeof(group.folder), "/tmp/test_http_client.XXXXXX");
    assert_non_null(mkdtemp(group.folder));
    (void)snprintf(group.path, sizeof(group.path), "%s/peer.sock", group.folder);
    assert_true(peer_start(&group.peer, tcp));
    assert_true(peer_start(&group.local, unix_socket));
    *state = &group;
    return 0;
}

static int stop_peers(void **state)
{
    struct group *group = *state;

    peer_stop(&group->peer);
    peer_stop(&group->local);
    (void)unlink(group->path);
    (void)rmdir(group->folder);
    return 0;
}

static int set_up(void **state)
{
    static const struct http_client_limits limits = {
        .in_flight_max = 4, .queue_max = CALLS, .per_host_max = 3};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct err err = {0};

    assert_non_null(fixture);
    fixture->group = *state;
    fixture->loop = loop_new();
    fixture->wanted_count = 1;
    assert_true(http_client_new(fixture->loop, &limits, &fixture->client, &err));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    http_client_free(fixture->client);
    loop_free(fixture->loop);
    *state = fixture->group;
    free(fixture);
    return 0;
}

static void answered(void *data, const struct http_answer *answer)
{
    struct fixture *fixture = data;

    fixture->is_done = ++fixture->done_count >= fixture->wanted_count;
    fixture->status = answer->status;
    (void)snprintf(fixture->body, sizeof(fixture->body), "%s", answer->body);
    fixture->length = answer->length;
    fixture->is_cut = answer->is_cut;
    fixture->err = answer->err;
    fixture->content_type[0] = '\0';
    (void)!http_answer_header(answer, "content-type", fixture->content_type, sizeof(fixture->content_type));
    fixture->retry_after_ms = -1;
    (void)!http_answer_retry_after(answer, &fixture->retry_after_ms);
    int64_t date_s = 0;
    fixture->has_date = http_answer_date(answer, &date_s) && llabs(date_s - time(NULL)) < 60;
}

static const char *url_of(const struct fixture *fixture, const char *page)
{
    static char url[256];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s%s", fixture->group->peer.line, page);
    return url;
}

static struct http_request request_for(const struct fixture *fixture, const char *page)
{
    return (struct http_request){
        .url = url_of(fixture, page), .timeout_ms = PATIENCE_MS, .answer_max = ANSWER_MAX};
}

static void ask(struct fixture *fixture, const struct http_request *request)
{
    fixture->is_done = false;
    fixture->done_count = 0;
    assert_non_null(http_request_start(fixture->client, request, answered, fixture));
    assert_int_equal(fixture->done_count, 0);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->done_count, 1);
}

static void ask_for(struct fixture *fixture, const char *page)
{
    struct http_request request = request_for(fixture, page);

    ask(fixture, &request);
}

static void assert_failed(const struct fixture *fixture, enum err_code code)
{
    assert_int_equal(fixture->status, 0);
    if (fixture->err.code != code)
        fail_msg("%s: %s", err_code_name(fixture->err.code), fixture->err.text);
    assert_int_equal(fixture->length, 0);
    assert_string_equal(fixture->body, "");
}

static void test_reads_answers(void **state)
{
    struct fixture *fixture = *state;

    ask_for(fixture, "/ok");
    assert_int_equal(fixture->status, 200);
    assert_string_equal(fixture->body, "fine");
    assert_string_equal(fixture->content_type, "text/plain");
    assert_int_equal(fixture->retry_after_ms, 7000);
    assert_true(fixture->has_date);
    ask_for(fixture, "/broken");
    assert_int_equal(fixture->status, 500);
    assert_string_equal(fixture->body, "broken");
    assert_string_equal(fixture->content_type, "");
    ask_for(fixture, "/empty");
    assert_int_equal(fixture->status, 204);
    assert_string_equal(fixture->body, "");
    ask_for(fixture, "/elsewhere");
    assert_int_equal(fixture->status, 302);
}

/* Asks /echo and gives the tree of what the server saw. */
static struct cJSON *echo(struct fixture *fixture, struct http_request *request)
{
    struct cJSON *root = NULL;
    struct err err = {0};

    request->url = url_of(fixture, "/echo?a=1");
    request->timeout_ms = PATIENCE_MS;
    request->answer_max = ANSWER_MAX;
    ask(fixture, request);
    assert_int_equal(fixture->status, 200);
    if (!json_parse(fixture->body, strlen(fixture->body), NULL, &root, &err))
        fail_msg("%s: %s", err.text, fixture->body);
    return root;
}

static const char *value_at(const struct cJSON *root, const char *path)
{
    static char text[512];

    return json_value_text(json_path(root, path), text, sizeof(text)) ? text : NULL;
}

static void test_sends_requests(void **state)
{
    struct fixture *fixture = *state;
    const struct http_header headers[] = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    struct secret token = {0};
    struct http_request request = {
        .body = "{\"a\":1}", .body_length = 7, .headers = headers, .header_count = 2, .bearer = &token};

    secret_from_bytes(&token, "hunter2", 7);
    struct cJSON *root = echo(fixture, &request);
    assert_string_equal(value_at(root, ".method"), "POST");
    assert_string_equal(value_at(root, ".body"), "{\"a\":1}");
    assert_string_equal(value_at(root, ".headers.content-type"), "application/json");
    assert_string_equal(value_at(root, ".headers.x-empty"), "");
    assert_string_equal(value_at(root, ".headers.authorization"), "Bearer hunter2");
    assert_null(value_at(root, ".headers.expect"));
    json_free(root);
    request = (struct http_request){.user = "joe", .password = &token};
    root = echo(fixture, &request);
    assert_string_equal(value_at(root, ".method"), "GET");
    assert_string_equal(value_at(root, ".path"), "/echo?a=1");
    assert_string_equal(value_at(root, ".headers.authorization"), "Basic am9lOmh1bnRlcjI=");
    json_free(root);
    secret_drop(&token);
}

static void test_sends_methods(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = {.method = "PUT", .body = "x", .body_length = 1};
    struct cJSON *root = echo(fixture, &request);

    assert_string_equal(value_at(root, ".method"), "PUT");
    assert_string_equal(value_at(root, ".body"), "x");
    assert_null(value_at(root, ".headers.content-type"));
    json_free(root);
    request = (struct http_request){.method = "POST"};
    root = echo(fixture, &request);
    assert_string_equal(value_at(root, ".method"), "POST");
    assert_string_equal(value_at(root, ".headers.content-length"), "0");
    json_free(root);
    request = (struct http_request){.method = "DELETE"};
    root = echo(fixture, &request);
    assert_string_equal(value_at(root, ".method"), "DELETE");
    json_free(root);
    request = request_for(fixture, "/ok");
    request.method = "HEAD";
    ask(fixture, &request);
    assert_int_equal(fixture->status, 200);
    assert_int_equal(fixture->length, 0);
}

static void test_signs_for_aws(void **state)
{
    struct fixture *fixture = *state;
    const struct http_header headers[] = {{"Content-Type", "application/x-amz-json-1.0"}};
    struct secret key = {0};
    struct http_request request = {.body = "{}",
                                   .body_length = 2,
                                   .headers = headers,
                                   .header_count = 1,
                                   .user = "AKID",
                                   .password = &key,
                                   .aws_sigv4 = "aws:amz:eu-central-1:monitoring"};

    secret_from_bytes(&key, "hunter2", 7);
    struct cJSON *root = echo(fixture, &request);
    const char *authorization = value_at(root, ".headers.authorization");
    assert_non_null(authorization);
    assert_non_null(strstr(authorization, "AWS4-HMAC-SHA256 Credential=AKID/"));
    assert_non_null(strstr(authorization, "/eu-central-1/monitoring/aws4_request"));
    if (strstr(authorization, "SignedHeaders=content-type;host;x-amz-date,") == NULL)
        fail_msg("signed otherwise: %s", authorization);
    json_free(root);
    secret_drop(&key);
}

static void test_ignores_proxies_of_the_environment(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    ask_for(fixture, "/ok");
    assert_int_equal(fixture->status, 200);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);
}

static void test_caps_after_decoding(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = request_for(fixture, "/gzip");

    ask(fixture, &request);
    assert_int_equal(fixture->status, 200);
    assert_int_equal(fixture->length, 900);
    assert_memory_equal(fixture->body, "squeezed squeezed ", 18);
    request.answer_max = 900;
    ask(fixture, &request);
    assert_int_equal(fixture->status, 200);
    request.answer_max = 899;
    ask(fixture, &request);
    assert_failed(fixture, ERR_LIMIT);
    ask_for(fixture, "/bomb");
    assert_failed(fixture, ERR_LIMIT);
    ask_for(fixture, "/not-gzip");
    assert_failed(fixture, ERR_PROTOCOL);
}

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

/* A port of the loopback where nobody listens: bound, so that nobody else takes it, but not listening. */
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

static void test_wrong_requests_are_answers(void **state)
{
    static const char *const urls[] = {"",
                                       "http://",
                                       "ftp://127.0.0.1/x",
                                       "file:///etc/passwd",
                                       "127.0.0.1/x",
                                       "http://127.0.0.1/a b",
                                       "http://127.0.0.1/\r\nX: y"};
    struct fixture *fixture = *state;
    const struct http_header headers[] = {{"X-Name", "a\r\nX-Other: b"}};
    struct http_request request = request_for(fixture, "/ok");

    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        request.url = urls[i];
        ask(fixture, &request);
        assert_failed(fixture, ERR_INVALID);
    }
    request = request_for(fixture, "/ok");
    request.headers = headers;
    request.header_count = 1;
    ask(fixture, &request);
    assert_failed(fixture, ERR_INVALID);
    request = request_for(fixture, "/ok");
    request.method = "get it";
    ask(fixture, &request);
    assert_failed(fixture, ERR_INVALID);
    request = request_for(fixture, "/ok");
    request.timeout_ms = 0;
    ask(fixture, &request);
    assert_failed(fixture, ERR_INVALID);
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

/* Stands before libc's: a look-up of slow.test hangs until the test lets it go. */
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

static void test_blocking_calls(void **state)
{
    const struct fixture *fixture = *state;
    struct http_request request = {.url = "http://localhost/echo",
                                   .unix_path = fixture->group->path,
                                   .timeout_ms = PATIENCE_MS,
                                   .answer_max = ANSWER_MAX};
    struct http_answer answer = {0};
    struct err err = {0};
    char value[32];

    assert_true(http_perform(&request, &answer, &err));
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"path\": \"/echo\""));
    assert_true(answer.time_total_ms > 0);
    assert_true(http_answer_header(&answer, "CONTENT-TYPE", value, sizeof(value)));
    assert_string_equal(value, "application/json");
    assert_false(http_answer_header(&answer, "Content-Type", value, 5));
    assert_false(http_answer_header(&answer, "Content", value, sizeof(value)));
    http_answer_done(&answer);
    http_answer_done(&answer);
    request.url = "http://localhost/silent";
    request.timeout_ms = 50;
    assert_false(http_perform(&request, &answer, &err));
    assert_int_equal(err.code, ERR_TIMEOUT);
    request.unix_path = "/nonexistent/socket";
    assert_false(http_perform(&request, &answer, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    request.url = "gopher://x";
    assert_false(http_perform(&request, &answer, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

static void test_reads_headers(void **state)
{
    struct http_answer answer = {.headers =
                                     "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\nA:b\nX: 1 \t\nEmpty:\n"};
    int64_t value = -1;
    char text[16];

    (void)state;
    assert_true(http_answer_retry_after(&answer, &value));
    assert_int_equal(value, 0);
    assert_true(http_answer_header(&answer, "a", text, sizeof(text)));
    assert_string_equal(text, "b");
    assert_true(http_answer_header(&answer, "x", text, sizeof(text)));
    assert_string_equal(text, "1");
    assert_true(http_answer_header(&answer, "empty", text, sizeof(text)));
    assert_string_equal(text, "");
    assert_false(http_answer_date(&answer, &value));
    answer.headers = "Retry-After: 99999999\n";
    assert_true(http_answer_retry_after(&answer, &value));
    assert_int_equal(value, 24 * 3600 * 1000);
    answer.headers = "Retry-After: soon\n";
    assert_false(http_answer_retry_after(&answer, &value));
}

#define WITH_CLIENT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(test_reads_answers),
        WITH_CLIENT(test_sends_requests),
        WITH_CLIENT(test_sends_methods),
        WITH_CLIENT(test_signs_for_aws),
        WITH_CLIENT(test_ignores_proxies_of_the_environment),
        WITH_CLIENT(test_caps_after_decoding),
        WITH_CLIENT(test_ends_endless_bodies),
        WITH_CLIENT(test_deadlines),
        WITH_CLIENT(test_failures_are_answers),
        WITH_CLIENT(test_wrong_requests_are_answers),
        WITH_CLIENT(test_queues_within_bounds),
        WITH_CLIENT(test_refuses_past_the_queue),
        WITH_CLIENT(test_queued_calls_have_deadlines),
        WITH_CLIENT(test_cancelled_calls_are_silent),
        WITH_CLIENT(test_done_may_start_the_next),
        WITH_CLIENT(test_look_ups_never_hold_the_loop),
        WITH_CLIENT(test_blocking_calls),
        cmocka_unit_test(test_reads_headers),
    };

    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
