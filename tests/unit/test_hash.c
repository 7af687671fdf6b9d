/* test_hash.c - FNV-1a against the values that its authors publish.
 * SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_published_values(void **state)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_true(hash_text(HASH_BEGIN, rows[i].text) == rows[i].hash);
}

static void test_parts_go_on(void **state)
{
    (void)state;
    assert_true(hash_text(hash_text(HASH_BEGIN, "foo"), "bar") == hash_text(HASH_BEGIN, "foobar"));
    assert_true(hash_bytes(HASH_BEGIN, "foo", 4) != hash_text(HASH_BEGIN, "foo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_values),
        cmocka_unit_test(test_parts_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
