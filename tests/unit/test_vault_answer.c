/* test_vault_answer.c - what Vault's answers mean, and that none of their words come back in an error.
 * SPDX-License-Identifier: MIT */
#include "io/vault_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define READ_OF(data)                                                                                        \
    "{\"lease_duration\":0,\"auth\":null,\"data\":{\"data\":" data ",\"metadata\":{\"version\":3}}}"
#define LEASE_OF(auth) "{\"data\":null,\"auth\":" auth "}"

static struct http_answer answer_of(int status, const char *body)
{
    return (struct http_answer){.status = status, .body = body, .length = strlen(body), .headers = ""};
}

static void test_lease(void **state)
{
    const struct http_answer answer =
        answer_of(200, LEASE_OF("{\"client_token\":\"hvs.hunter2\",\"lease_duration\":2764800,"
                                "\"renewable\":true,\"policies\":[\"default\"]}"));
    struct vault_lease lease = {0};
    struct err err = {0};

    (void)state;
    assert_true(vault_answer_lease(&answer, &lease, &err));
    assert_string_equal(lease.token.bytes, "hvs.hunter2");
    assert_int_equal(lease.lease_ms, INT64_C(2764800000));
    assert_true(lease.is_renewable);
    vault_lease_drop(&lease);
    assert_null(lease.token.bytes);
}

static void test_no_lease(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"auth\":null}",
        LEASE_OF("{\"client_token\":\"\",\"lease_duration\":1,\"renewable\":true}"),
        LEASE_OF("{\"client_token\":7,\"lease_duration\":1,\"renewable\":true}"),
        LEASE_OF("{\"client_token\":\"hunter2\",\"lease_duration\":-1,\"renewable\":true}"),
        LEASE_OF("{\"client_token\":\"hunter2\",\"lease_duration\":\"1h\",\"renewable\":true}"),
        LEASE_OF("{\"client_token\":\"hunter2\",\"lease_duration\":1}"),
        LEASE_OF("{\"client_token\":\"hunter2\",\"lease_duration\":1,\"renewable\":1}"),
        LEASE_OF("{\"client_token\":\"hunter2\",\"client_token\":\"hunter3\"}"),
        "<html>hunter2</html>",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        const struct http_answer answer = answer_of(200, bodies[i]);
        struct vault_lease lease = {0};
        struct err err = {0};
        if (vault_answer_lease(&answer, &lease, &err))
            fail_msg("%s is taken", bodies[i]);
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_null(strstr(err.text, "hunter"));
        assert_null(lease.token.bytes);
    }
}

static void test_statuses(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum err_code code;
        const char *words;
    } rows[] = {
        {400, "{\"errors\":[\"hunter2\"]}", ERR_INVALID, "refuses the request (400)"},
        {403, "{\"errors\":[\"hunter2\"]}", ERR_FORBIDDEN, "does not let us (403)"},
        {404, "{\"errors\":[]}", ERR_NOT_FOUND, "nothing there (404)"},
        {503, "{\"errors\":[\"Vault is sealed\"]}", ERR_UNAVAILABLE, "is sealed (503)"},
        {503, "hunter2", ERR_UNAVAILABLE, "not available (503)"},
        {500, "hunter2", ERR_UNAVAILABLE, "status 500"},
        {429, "", ERR_UNAVAILABLE, "less often (429)"},
        {307, "hunter2", ERR_PROTOCOL, "redirects (307)"},
        {204, "", ERR_PROTOCOL, "status 204"},
        {418, "hunter2", ERR_PROTOCOL, "status 418"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct http_answer answer = answer_of(rows[i].status, rows[i].body);
        struct vault_values *values = NULL;
        struct err err = {0};
        assert_false(vault_answer_values(&answer, &values, &err));
        assert_int_equal(err.code, rows[i].code);
        if (strstr(err.text, rows[i].words) == NULL)
            fail_msg("%d: %s", rows[i].status, err.text);
        assert_null(strstr(err.text, "hunter2"));
    }
}

static void test_nobody_there(void **state)
{
    struct http_answer answer = {.body = "", .headers = ""};
    struct vault_values *values = NULL;
    struct err err = {0};

    (void)state;
    (void)err_set(&answer.err, ERR_TIMEOUT, "https://vault: the deadline has passed");
    assert_false(vault_answer_values(&answer, &values, &err));
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_string_equal(err.text, "https://vault: the deadline has passed");
}

static void assert_value(const struct vault_values *values, const char *key, const char *expected)
{
    struct secret secret = {0};
    struct err err = {0};

    assert_true(vault_values_find(values, key, &secret, &err));
    assert_string_equal(secret.bytes, expected);
    secret_drop(&secret);
}

static void assert_no_value(const struct vault_values *values, const char *key, enum err_code code,
                            const char *words)
{
    struct secret secret = {0};
    struct err err = {0};

    assert_false(vault_values_find(values, key, &secret, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, words);
    assert_null(secret.bytes);
}

static void test_values(void **state)
{
    const struct http_answer answer = answer_of(
        200, READ_OF("{\"db\":\"hunter2\",\"odd "
                     "name\":\"x\\ny\",\"port\":5432,\"none\":null,\"empty\":\"\",\"in\":{\"db\":\"no\"}}"));
    struct vault_values *values = NULL;

    (void)state;
    assert_true(vault_answer_values(&answer, &values, NULL));
    assert_value(values, "db", "hunter2");
    assert_value(values, "odd name", "x\ny");
    assert_no_value(values, "DB", ERR_NOT_FOUND, "it has no such key");
    assert_no_value(values, "port", ERR_INVALID, "the value is no text");
    assert_no_value(values, "none", ERR_INVALID, "the value is no text");
    assert_no_value(values, "in", ERR_INVALID, "the value is no text");
    assert_no_value(values, "empty", ERR_INVALID, "the value is empty");
    vault_values_free(values);
    vault_values_free(NULL);
}

static void test_a_value_that_is_too_long(void **state)
{
    size_t length = SECRET_SIZE_MAX + 1;
    char *body = calloc(1, length + 256);
    struct vault_values *values = NULL;

    (void)state;
    assert_non_null(body);
    static const char begin[] = "{\"data\":{\"data\":{\"db\":\"";
    size_t head = sizeof(begin) - 1;
    memcpy(body, begin, head);
    memset(body + head, 'x', length);
    memcpy(body + head + length, "\"}}}", 5);
    const struct http_answer answer = answer_of(200, body);
    assert_true(vault_answer_values(&answer, &values, NULL));
    assert_no_value(values, "db", ERR_INVALID, "the value is longer than 65536 bytes");
    vault_values_free(values);
    free(body);
}

static void test_no_values(void **state)
{
    static const char *const bodies[] = {"{}",
                                         "{\"data\":null}",
                                         "{\"data\":{\"db\":\"hunter2\"}}",
                                         "{\"data\":{\"data\":[\"hunter2\"]}}",
                                         READ_OF("null"),
                                         "{\"data\":{\"data\":{\"db\":\"hunter2\"}}} x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        const struct http_answer answer = answer_of(200, bodies[i]);
        struct vault_values *values = NULL;
        struct err err = {0};
        if (vault_answer_values(&answer, &values, &err))
            fail_msg("%s is taken", bodies[i]);
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_null(strstr(err.text, "hunter"));
    }
}

static void test_login_body(void **state)
{
    struct secret secret_id = {0};

    (void)state;
    secret_from_bytes(&secret_id, "hun\"ter", 7);
    char *body = vault_login_body("role", &secret_id);
    assert_string_equal(body, "{\"role_id\":\"role\",\"secret_id\":\"hun\\\"ter\"}");
    vault_text_free(body);
    secret_drop(&secret_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease),     cmocka_unit_test(test_no_lease),
        cmocka_unit_test(test_statuses),  cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_values),    cmocka_unit_test(test_a_value_that_is_too_long),
        cmocka_unit_test(test_no_values), cmocka_unit_test(test_login_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
