/* test_until.c - ends as people say them. SPDX-License-Identifier: MIT */
#include "api/until.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-26T12:00:00Z */
#define NOW_MS INT64_C(1795694400000)

static void test_what_is_understood(void **state)
{
    static const struct {
        const char *text;
        int64_t after_ms;
    } cases[] = {
        {"8h", 8 * 3600000},
        {"1m30s", 90000},
        {"366d", INT64_C(366) * 86400000},
        {"2026-11-26T13:00Z", 3600000},
        {"2026-11-26 13:00:30Z", 3630000},
        {"2026-11-26T14:00+01:00", 3600000},
        {"2026-11-26T08:30:00-04:30", 3600000},
        {"2026-11-26 14:00 Europe/Berlin", 3600000},
        {"2027-07-01 14:00 Europe/Berlin", INT64_C(217) * 86400000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct err err = {0};
        int64_t at_ms = 0;
        if (!until_parse(cases[i].text, NOW_MS, &at_ms, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        if (at_ms != NOW_MS + cases[i].after_ms)
            fail_msg("%s: %lld ms later", cases[i].text, (long long)(at_ms - NOW_MS));
    }
}

static void test_what_is_not(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "span"},
        {"tomorrow", "span"},
        {"2026-11-26T13:00", "zone"},
        {"2026-11-26", "zone"},
        {"2026-13-26T13:00Z", "zone"},
        {"2026-00-26T13:00Z", "zone"},
        {"2026-11-31T13:00Z", "zone"},
        {"2026-11-00T13:00Z", "zone"},
        {"2026/11/26T13:00Z", "zone"},
        {"2026-11/26T13:00Z", "zone"},
        {"2026-x1-26T13:00Z", "zone"},
        {"2026-11-2T13:00Z", "zone"},
        {"2026-11-26T1:00Z", "zone"},
        {"2026-11-26T13:0Z", "zone"},
        {"2026-11-26T13:00+0100", "zone"},
        {"2026-11-26T13:00+01:0", "zone"},
        {"2026-11-26x13:00Z", "zone"},
        {"2026-11-26T24:00Z", "zone"},
        {"2026-11-26T13:60Z", "zone"},
        {"2026-11-26T13:00:60Z", "zone"},
        {"2026-11-26T13:00:Z", "zone"},
        {"2026-11-26T1300Z", "zone"},
        {"2026-11-26T13:00+1", "zone"},
        {"2026-11-26T13:00+15:00", "zone"},
        {"2026-11-26T13:00+01:60", "zone"},
        {"2026-11-26T13:00+01:00x", "zone"},
        {"2026-11-26T13:00 ", "zone"},
        {"2026-11-26T13:00x", "zone"},
        {"2026-11-26 13:00 Mars/Olympus", "Mars/Olympus"},
        {"2026-11-26 13:00 ../../etc/passwd", "time zone"},
        {"2026-11-26T12:00Z", "ahead"},
        {"2026-11-26T11:00Z", "ahead"},
        {"2028-11-26T11:00Z", "366 days"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct err err = {0};
        int64_t at_ms = 7;
        if (until_parse(cases[i].text, NOW_MS, &at_ms, &err))
            fail_msg("%s: understood", cases[i].text);
        if (strstr(err.text, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(at_ms, 7);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_understood),
        cmocka_unit_test(test_what_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
