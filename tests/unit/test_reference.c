/* test_reference.c - how secrets are named.
 * SPDX-License-Identifier: MIT */
#include "base/reference.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(reference_kind("cred:x"), REFERENCE_CREDENTIAL);
    assert_int_equal(reference_kind("file:/x"), REFERENCE_FILE);
    assert_int_equal(reference_kind("env:X"), REFERENCE_VARIABLE);
    assert_int_equal(reference_kind("vault:kv/a#b"), REFERENCE_VAULT);
    assert_int_equal(reference_kind("vault:"), REFERENCE_NONE);
    assert_int_equal(reference_kind("hunter2"), REFERENCE_NONE);
    assert_int_equal(reference_kind(""), REFERENCE_NONE);
    assert_string_equal(reference_name("file:/run/key"), "/run/key");
    assert_string_equal(reference_name("hunter2"), "hunter2");
}

static void test_vault(void **state)
{
    struct reference_vault vault;

    (void)state;
    assert_true(reference_parse_vault("vault:kv/shop/prod-1.x~@=+:_#db_password", &vault, NULL));
    assert_string_equal(vault.mount, "kv");
    assert_string_equal(vault.path, "shop/prod-1.x~@=+:_");
    assert_string_equal(vault.key, "db_password");
    assert_true(reference_parse_vault("vault:a/.../b#!\"/", &vault, NULL));
    assert_string_equal(vault.path, ".../b");
    assert_string_equal(vault.key, "!\"/");
}

static void test_what_is_none_of_vault(void **state)
{
    static const char *const wrong[] = {
        "vault:kv",       "vault:kv/shop",  "vault:kv#db",     "vault:/shop#db",   "vault:kv/#db",
        "vault:kv/shop#", "vault:kv//a#b",  "vault:kv/a/#b",   "vault:kv/../a#b",  "vault:kv/./a#b",
        "vault:../a#b",   "vault:kv/a b#c", "vault:kv/a%2e#c", "vault:kv/a?x=1#c", "vault:k\xc3\xa9/a#c",
        "vault:kv/a#b c", "vault:kv/a#b#c", "vault:kv/a#b\n",  "vault:#kv/a",      "vault:kv/a#\xc3\xa9",
        "vault:kv/..#b",
    };
    struct reference_vault vault;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct err err = {0};
        if (reference_parse_vault(wrong[i], &vault, &err))
            fail_msg("%s is taken", wrong[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_false(reference_check(wrong[i], NULL));
    }
}

static void test_what_is_too_long(void **state)
{
    char text[REFERENCE_MAX + 16];
    struct reference_vault vault;
    struct err err = {0};

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "file:/", 6);
    assert_false(reference_check(text, &err));
    text[REFERENCE_MAX - 1] = '\0';
    assert_true(reference_check(text, &err));
    memcpy(text, "vault:", 6);
    text[6 + REFERENCE_MOUNT_MAX] = '/';
    text[400] = '#';
    text[500] = '\0';
    assert_false(reference_parse_vault(text, &vault, &err));
    text[6 + REFERENCE_MOUNT_MAX - 1] = '/';
    text[6 + REFERENCE_MOUNT_MAX] = 'a';
    assert_true(reference_parse_vault(text, &vault, &err));
    assert_int_equal(strlen(vault.mount), REFERENCE_MOUNT_MAX - 1);
    memset(text + 500, 'a', 100);
    text[600] = '\0';
    assert_false(reference_parse_vault(text, &vault, &err));
}

static void test_what_is_none_is_not_shown(void **state)
{
    struct err err = {0};

    (void)state;
    assert_false(reference_check("hunter2", &err));
    assert_null(strstr(err.text, "hunter2"));
    assert_non_null(strstr(err.text, "vault:MOUNT/PATH#KEY"));
}

static void test_who_can_listen(void **state)
{
    static const char *const near[] = {"https://vault:8200",    "http://127.0.0.1:8200", "http://127.1.2.3",
                                       "http://localhost",      "http://localhost:80/x", "http://[::1]:8200",
                                       "http://127.0.0.1?a=@b", "http://[::1]/"};
    static const char *const far[] = {"http://vault:8200",
                                      "http://127.0.0.1.example.org",
                                      "http://localhost:1@far/",
                                      "http://localhost.example.org",
                                      "http://127.0.0.1:80@far/x",
                                      "http://[::1].example.org",
                                      "http://[::2]",
                                      "ftp://127.0.0.1",
                                      "http://",
                                      "127.0.0.1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(near); i++)
        if (!text_is_private_url(near[i]))
            fail_msg("%s is refused", near[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(far); i++)
        if (text_is_private_url(far[i]))
            fail_msg("%s is taken", far[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_vault),
        cmocka_unit_test(test_what_is_none_of_vault),
        cmocka_unit_test(test_what_is_too_long),
        cmocka_unit_test(test_what_is_none_is_not_shown),
        cmocka_unit_test(test_who_can_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
