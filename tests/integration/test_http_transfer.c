/* test_http_transfer.c - what one request sends and what its answer becomes, against a real server.
 * SPDX-License-Identifier: MIT */
#include "io/json.h"
#include "support/http_fixture.h"

#include <time.h>

static void test_reads_answers(void **state)
{
    struct fixture *fixture = *state;
    const struct http_answer headers = {.headers = fixture->headers};
    int64_t value = 0;
    char type[32];

    ask_for(fixture, "/ok");
    assert_int_equal(fixture->status, 200);
    assert_string_equal(fixture->body, "fine");
    assert_true(http_answer_header(&headers, "content-type", type, sizeof(type)));
    assert_string_equal(type, "text/plain");
    assert_true(http_answer_retry_after(&headers, &value));
    assert_int_equal(value, 7000);
    assert_true(http_answer_date(&headers, &value));
    assert_true(llabs(value - time(NULL)) < 60);
    ask_for(fixture, "/broken");
    assert_int_equal(fixture->status, 500);
    assert_string_equal(fixture->body, "broken");
    assert_false(http_answer_header(&headers, "content-type", type, sizeof(type)));
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

/* A port of the loopback where nobody listens: bound, so that nobody else takes it, but not listening. */

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

/* Stands before libc's: a look-up of slow.test hangs until the test lets it go. */

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
    assert_string_equal(err.text,
                        "unix:/nonexistent/socket: nobody answers there: No such file or directory");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(test_reads_answers),
        WITH_CLIENT(test_sends_requests),
        WITH_CLIENT(test_sends_methods),
        WITH_CLIENT(test_signs_for_aws),
        WITH_CLIENT(test_ignores_proxies_of_the_environment),
        WITH_CLIENT(test_caps_after_decoding),
        WITH_CLIENT(test_wrong_requests_are_answers),
        WITH_CLIENT(test_blocking_calls),
        cmocka_unit_test(test_reads_headers),
    };

    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
