/* test_aws_client.c - signed requests with keys from every place of the chain, against a peer that checks
 * them.
 * SPDX-License-Identifier: MIT */
#include "io/aws_client.h"

#include "base/arena.h"
#include "io/loop.h"
#include "support/aws_bench.h"
#include "support/folder.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { WAIT_MS = 20000, ANSWER_MAX = 64 * 1024, OPTIONS_MEMORY = 8192 };

static const char target[] = "GraniteServiceVersion20100801.GetMetricData";
static const char question[] =
    "{\"MetricDataQueries\":[{\"Id\":\"a\",\"MetricStat\":{\"Metric\":{\"Namespace\":\"N\",\"MetricName\":"
    "\"M "
    "\xC3\xBC\"},\"Period\":60,\"Stat\":\"Sum\"}}],\"StartTime\":60,\"EndTime\":120}";
static const struct option table[AWS_OPTION_COUNT] = {AWS_OPTIONS(0)};

struct fixture {
    struct aws_bench aws;
    struct folder folder;
    struct loop *loop;
    struct http_client *http;
    struct aws_client *client;
    bool is_there;
    int status;
    struct err err;
    struct aws_error error;
    struct option_value options[AWS_OPTION_COUNT];
    alignas(max_align_t) char memory[OPTIONS_MEMORY];
};

static void open_client(struct fixture *fixture, const char *profile, const char *shared_file)
{
    const char *const texts[AWS_OPTION_COUNT] = {
        [AWS_REGION] = "eu-test-1",       [AWS_ENDPOINT] = fixture->aws.url,
        [AWS_PROFILE] = profile,          [AWS_SHARED_FILE] = shared_file,
        [AWS_STS] = fixture->aws.sts,     [AWS_CONTAINER] = fixture->aws.url,
        [AWS_METADATA] = fixture->aws.url};
    struct arena arena;
    struct err err = {0};

    aws_client_free(fixture->client);
    fixture->client = NULL;
    memset(fixture->options, 0, sizeof(fixture->options));
    arena_init(&arena, fixture->memory, sizeof(fixture->memory));
    for (size_t i = 0; i < AWS_OPTION_COUNT; i++)
        if (texts[i] != NULL)
            assert_true(option_parse(&table[i], texts[i], &arena, &fixture->options[i], &err));
    assert_true(option_complete(table, AWS_OPTION_COUNT, &arena, fixture->options, &err));
    if (!aws_client_new(fixture->loop, fixture->http, "monitoring", fixture->options, &fixture->client, &err))
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    static const struct http_client_limits limits = {.in_flight_max = 8, .queue_max = 32};
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(aws_bench_start(&fixture->aws));
    fixture->folder = folder_make();
    fixture->loop = loop_new();
    assert_true(http_client_new(fixture->loop, &limits, &fixture->http, NULL));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    aws_client_free(fixture->client);
    http_client_free(fixture->http);
    loop_free(fixture->loop);
    folder_remove(&fixture->folder);
    aws_bench_stop(&fixture->aws);
    aws_bench_clear_environment();
    free(fixture);
    return 0;
}

static void note(void *data, const struct aws_answer *answer)
{
    struct fixture *fixture = data;

    assert_false(fixture->is_there);
    fixture->is_there = true;
    fixture->status = answer->http == NULL ? 0 : answer->http->status;
    fixture->err = answer->err;
    fixture->error = answer->error;
}

static void call(struct fixture *fixture)
{
    fixture->is_there = false;
    (void)aws_call_start(fixture->client, target, question, ANSWER_MAX, note, fixture);
    assert_false(fixture->is_there);
    assert_true(loop_run_until(fixture->loop, &fixture->is_there, WAIT_MS));
}

static void expect_good(struct fixture *fixture)
{
    call(fixture);
    if (fixture->err.code != ERR_NONE)
        fail_msg("%d %s", fixture->status, fixture->err.text);
    assert_int_equal(fixture->status, 200);
}

static void expect_failed(struct fixture *fixture, enum err_code code, const char *part)
{
    call(fixture);
    if (fixture->err.code != code || strstr(fixture->err.text, part) == NULL)
        fail_msg("%s \"%s\", not %s", err_code_name(fixture->err.code), fixture->err.text, part);
}

static void use_fixed_keys(void)
{
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDFIXED", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "fixed/secret+key", 1);
}

static void test_environment(void **state)
{
    struct fixture *fixture = *state;

    use_fixed_keys();
    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".given"), 0);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "another", 1);
    open_client(fixture, NULL, NULL);
    expect_failed(fixture, ERR_UNAVAILABLE, "refuses the credentials (InvalidSignatureException)");
    assert_true(fixture->error.is_refused);
    assert_null(strstr(fixture->err.text, "another"));
    assert_null(strstr(fixture->err.text, "canonical"));
    (void)setenv("AWS_SECRET_ACCESS_KEY", "fixed/secret+key",
                 1); /* corrected: what was refused is forgotten */
    expect_good(fixture);
    (void)setenv("AWS_SESSION_TOKEN", "line\nbreak", 1);
    open_client(fixture, NULL, NULL);
    expect_failed(fixture, ERR_INVALID, "the environment: the session token is none");
}

/* Another region's scope, and a clock that is off, are refused as such. */
static void test_scope_is_signed(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};

    use_fixed_keys();
    open_client(fixture, NULL, NULL);
    aws_client_free(fixture->client);
    fixture->client = NULL;
    fixture->options[AWS_REGION].text = "eu-test-2";
    assert_true(
        aws_client_new(fixture->loop, fixture->http, "monitoring", fixture->options, &fixture->client, &err));
    expect_failed(fixture, ERR_UNAVAILABLE, "InvalidSignatureException");
    fixture->options[AWS_REGION].text = "eu test";
    struct aws_client *none = NULL;
    assert_false(aws_client_new(fixture->loop, fixture->http, "monitoring", fixture->options, &none, &err));
    assert_non_null(strstr(err.text, "region"));
    fixture->options[AWS_REGION].text = "eu-test-1";
    fixture->options[AWS_SHARED_FILE].text = "[default] aws_secret_access_key = x";
    assert_false(aws_client_new(fixture->loop, fixture->http, "monitoring", fixture->options, &none, &err));
    assert_non_null(strstr(err.text, "reference"));
    fixture->options[AWS_SHARED_FILE].text = NULL;
    fixture->options[AWS_ENDPOINT].text = "ftp://x";
    assert_false(aws_client_new(fixture->loop, fixture->http, "monitoring", fixture->options, &none, &err));
    assert_non_null(strstr(err.text, "endpoint"));
}

static void test_web_identity(void **state)
{
    struct fixture *fixture = *state;
    char path[FOLDER_PATH_MAX];

    folder_write(&fixture->folder, "token", "eyJ.a+b/c=.d\n");
    (void)setenv("AWS_WEB_IDENTITY_TOKEN_FILE", folder_path(&fixture->folder, "token", path), 1);
    (void)setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/verdict", 1);
    aws_bench_tell(&fixture->aws, "{'identity': 'eyJ.a+b/c=.d'}");
    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    expect_good(fixture);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".given"), 1);
    aws_bench_tell(&fixture->aws, "{'identity': 'another'}");
    open_client(fixture, NULL, NULL);
    expect_failed(
        fixture, ERR_UNAVAILABLE,
        "AWS credentials from the web identity: InvalidIdentityToken: Couldn't retrieve verification "
        "key from your identity provider & so on");
    (void)setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token", 1);
    expect_failed(fixture, ERR_NOT_FOUND, "the web identity: ");
}

static void test_shared_file(void **state)
{
    struct fixture *fixture = *state;
    char path[FOLDER_PATH_MAX];
    char reference[FOLDER_PATH_MAX + 8];

    folder_write(&fixture->folder, "credentials",
                 "# ours\n[default]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = x\n\n[ops]\r\n"
                 "aws_access_key_id=AKIDFIXED\r\n  aws_secret_access_key = fixed/secret+key \r\nregion = x\n"
                 "[empty]\nrole_arn = x\n");
    (void)snprintf(reference, sizeof(reference), "file:%s",
                   folder_path(&fixture->folder, "credentials", path));
    assert_int_equal(chmod(path, 0600), 0);
    open_client(fixture, "ops", reference);
    expect_good(fixture);
    open_client(fixture, NULL, reference);
    expect_failed(fixture, ERR_UNAVAILABLE, "UnrecognizedClientException");
    open_client(fixture, "nobody", reference);
    expect_failed(fixture, ERR_NOT_FOUND, "the shared file: there is no profile 'nobody'");
    open_client(fixture, "empty", reference);
    expect_failed(fixture, ERR_INVALID, "profile 'empty' has no aws_access_key_id");
    (void)setenv("AWS_PROFILE", "ops", 1);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    assert_int_equal(chmod(path, 0644), 0); /* everybody's secret is none */
    open_client(fixture, NULL, NULL);
    expect_failed(fixture, ERR_FORBIDDEN, "the shared file: ");
}

static void test_container(void **state)
{
    struct fixture *fixture = *state;

    (void)setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container/role", 1);
    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    (void)unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", fixture->aws.container, 1);
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc", 1);
    aws_bench_tell(&fixture->aws, "{'container_token': 'Basic abc'}");
    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".given"), 2);
    aws_bench_tell(&fixture->aws, "{'container_token': 'Basic xyz'}");
    open_client(fixture, NULL, NULL);
    expect_failed(fixture, ERR_UNAVAILABLE, "AWS credentials from the container: ");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/role", 1);
    expect_failed(fixture, ERR_INVALID, "neither https nor of this machine");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.com/role", 1);
    expect_failed(fixture, ERR_INVALID, "neither https nor of this machine");
}

static void test_instance(void **state)
{
    struct fixture *fixture = *state;

    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    expect_good(fixture);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".given"), 1);
    aws_bench_tell(&fixture->aws, "{'no_role': true}");
    open_client(fixture, NULL, NULL);
    expect_failed(fixture, ERR_NOT_FOUND, "AWS credentials from the instance: it has no role");
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    expect_failed(fixture, ERR_NOT_FOUND, "no AWS credentials: not in the environment");
    aws_bench_stop(&fixture->aws);
    (void)unsetenv("AWS_EC2_METADATA_DISABLED");
    expect_failed(fixture, ERR_NOT_FOUND, "no AWS credentials: not in the environment");
}

/* What is about to expire is fetched again, while what is there serves; what is refused is forgotten. */
static void test_renewal(void **state)
{
    struct fixture *fixture = *state;

    aws_bench_tell(&fixture->aws, "{'lifetime': 200}"); /* less than five minutes: each call fetches */
    open_client(fixture, NULL, NULL);
    expect_good(fixture);
    expect_good(fixture);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".given"), 2);
    aws_bench_tell(&fixture->aws, "{'no_role': true}");
    expect_good(fixture);
    aws_bench_tell(&fixture->aws, "{'lifetime': -5}");
    open_client(fixture, NULL, NULL);
    expect_failed(fixture, ERR_UNAVAILABLE, "expired");
    aws_bench_tell(&fixture->aws, "{}");
    expect_good(fixture);
}

static void test_errors_are_named(void **state)
{
    struct fixture *fixture = *state;

    use_fixed_keys();
    open_client(fixture, NULL, NULL);
    aws_bench_tell(&fixture->aws,
                   "{'fail': [[400, 'ThrottlingException'], [503, 'ServiceUnavailable'], [403, "
                   "'AccessDeniedException'], [400, 'ValidationError'], [400, 'RuleNotFound'], "
                   "[403, 'ExpiredTokenException']]}");
    expect_failed(fixture, ERR_UNAVAILABLE, "ThrottlingException: as told");
    assert_true(fixture->error.is_throttled);
    expect_failed(fixture, ERR_UNAVAILABLE, "ServiceUnavailable");
    expect_failed(fixture, ERR_FORBIDDEN, "AccessDeniedException: as told");
    expect_failed(fixture, ERR_INVALID, "ValidationError: as told");
    assert_false(fixture->error.is_throttled);
    expect_failed(fixture, ERR_NOT_FOUND, "RuleNotFound");
    expect_failed(fixture, ERR_UNAVAILABLE, "it refuses the credentials (ExpiredTokenException)");
    aws_bench_stop(&fixture->aws);
    expect_failed(fixture, ERR_UNAVAILABLE, "127.0.0.1");
}

static void never(void *data, const struct aws_answer *answer)
{
    (void)data;
    (void)answer;
    fail_msg("called after it was cancelled");
}

static void test_cancelled(void **state)
{
    struct fixture *fixture = *state;

    open_client(fixture, NULL, NULL);
    struct aws_call *early = aws_call_start(fixture->client, target, question, ANSWER_MAX, never, NULL);
    aws_call_cancel(early);
    expect_good(fixture);
    aws_bench_tell(&fixture->aws, "{'slow': 0.2}");
    struct aws_call *late = aws_call_start(fixture->client, target, question, ANSWER_MAX, never, NULL);
    const bool nothing = false;
    assert_false(loop_run_until(fixture->loop, &nothing, 50));
    aws_call_cancel(late);
    aws_call_cancel(NULL);
    expect_good(fixture);
    fixture->is_there = false;
    (void)aws_call_start_check(fixture->client, note, fixture);
    assert_true(loop_run_until(fixture->loop, &fixture->is_there, WAIT_MS));
    assert_int_equal(fixture->err.code, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_environment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scope_is_signed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_web_identity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_container, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_instance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renewal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
