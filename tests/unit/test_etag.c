/* test_etag.c - lists of entity tags, strictly and weakly compared.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_lists(void **state)
{
    static const struct {
        const char *list;
        bool is_weakly, is_strongly;
    } lists[] = {
        {NULL, false, false},
        {"", false, false},
        {"*", true, true},
        {" * ", true, true},
        {"*, \"a-1\"", false, false},
        {"\"a-1\"", true, true},
        {"\"a-12\"", false, false},
        {"\"a-\"", false, false},
        {"W/\"a-1\"", true, false},
        {"w/\"a-1\"", false, false},
        {"\"b\",\"a-1\"", true, true},
        {"\"b\" ,\t, W/\"c\" , \"a-1\" ", true, true},
        {", \"a-1\"", true, true},
        {"\"x, \\\", \"a-1\"", true, true},
        {"W/\"a-1\", \"a-1\"", true, true},
        {"a-1", false, false},
        {"\"a-1", false, false},
        {"b, \"a-1\"", false, false},
        {"\"b\" \"a-1\"", false, false},
        {"\"b\"x, \"a-1\"", false, false},
        {"W/, \"a-1\"", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (etag_is_listed(lists[i].list, "\"a-1\"", ETAG_WEAK) != lists[i].is_weakly ||
            etag_is_listed(lists[i].list, "\"a-1\"", ETAG_STRONG) != lists[i].is_strongly)
            fail_msg("%s", lists[i].list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
