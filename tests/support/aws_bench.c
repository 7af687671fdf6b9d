/* aws_bench.c - telling and asking the peer that plays Amazon.
 * SPDX-License-Identifier: MIT */
#include "support/aws_bench.h"

#include "io/http_client.h"
#include "io/json.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, SEEN_MAX = 256 * 1024 };

void aws_bench_clear_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_PROFILE",
                                        "AWS_SHARED_CREDENTIALS_FILE",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_DISABLED"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void)unsetenv(names[i]);
    (void)setenv("HOME", "/nonexistent", 1);
}

bool aws_bench_start(struct aws_bench *bench)
{
    char *argv[] = {"/usr/bin/python3", "-B", "tests/support/aws/peer.py", NULL};

    aws_bench_clear_environment();
    if (!peer_start(&bench->peer, argv))
        return false;
    (void)snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%.8s", bench->peer.line);
    (void)snprintf(bench->sts, sizeof(bench->sts), "%.40s/sts/", bench->url);
    (void)snprintf(bench->container, sizeof(bench->container), "%.40s/container/role", bench->url);
    return true;
}

void aws_bench_stop(struct aws_bench *bench)
{
    peer_stop(&bench->peer);
}

static struct http_answer ask(const struct aws_bench *bench, const char *path, const char *body, int status)
{
    char url[128];
    struct http_request request = {.method = body != NULL ? "PUT" : "GET",
                                   .url = url,
                                   .body = body,
                                   .body_length = body != NULL ? strlen(body) : 0,
                                   .timeout_ms = PATIENCE_MS,
                                   .answer_max = SEEN_MAX};
    struct http_answer answer;
    struct err err;

    (void)snprintf(url, sizeof(url), "%s%s", bench->url, path);
    if (!http_perform(&request, &answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, status);
    return answer;
}

void aws_bench_tell(const struct aws_bench *bench, const char *how)
{
    char *text = memory_copy_text(how);

    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    struct http_answer answer = ask(bench, "/told", text, 204);
    http_answer_done(&answer);
    free(text);
}

void aws_bench_seen_text(const struct aws_bench *bench, const char *path, char *to, size_t size)
{
    struct http_answer answer = ask(bench, "/seen", NULL, 200);
    struct cJSON *root = NULL;
    struct err err = {0};

    if (!json_parse(answer.body, answer.length, NULL, &root, &err))
        fail_msg("%s", err.text);
    if (!json_value_text(json_path(root, path), to, size))
        fail_msg("nothing at %s in %s", path, answer.body);
    json_free(root);
    http_answer_done(&answer);
}

double aws_bench_seen(const struct aws_bench *bench, const char *path)
{
    char text[64];

    aws_bench_seen_text(bench, path, text, sizeof(text));
    return strtod(text, NULL);
}
