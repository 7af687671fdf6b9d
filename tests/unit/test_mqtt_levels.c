/* test_mqtt_levels.c - which topics count, by what wildcards matched.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt_levels.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_levels_are_labels(void **state)
{
    static const struct {
        const char *filter, *topic, *matchers;
        bool fits;
    } cases[] = {
        {"d/+/up", "d/a/up", "level1='a'", true},
        {"d/+/up", "d/a/up", "level1!='a'", false},
        {"d/+/+/up", "d/hall-b/7/up", "level1=~'hall-.',level2!='spare'", true},
        {"d/+/+/up", "d/hall-b/spare/up", "level1=~'hall-.',level2!='spare'", false},
        {"+/x/+", "a/x/b", "level1='a',level2='b'", true},
        {"d/#", "d/a/b", "rest='a/b'", true},
        {"d/#", "d", "rest=''", true},
        {"d/+/#", "d/a/b/c", "level1='a',rest='b/c'", true},
        {"#", "a/b", "rest=~'a/.*'", true},
        {"+", "a", "level1='a',level2=''", true},
        {"+/+", "/", "level1='',level2=''", true},
        {"+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "level16='16'",
         true},
    };
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct selector *selector = NULL;
        bool fits = !cases[i].fits;
        assert_true(mqtt_levels_new(cases[i].matchers, &selector, &err));
        assert_true(mqtt_levels_fit(selector, cases[i].filter, cases[i].topic, &fits, &err));
        if (fits != cases[i].fits)
            fail_msg("%s of %s: %s", cases[i].matchers, cases[i].filter, cases[i].topic);
        selector_free(selector);
    }
}

static void test_what_is_none(void **state)
{
    struct selector *selector = NULL;
    struct err err = {0};

    (void)state;
    assert_false(mqtt_levels_new("level1", &selector, &err));
    assert_false(mqtt_levels_check("level1=~'('", &err));
    assert_true(mqtt_levels_check("level1='{{slot}}'", &err));
    char *endless = memory_take(SELECTOR_LENGTH_MAX + 1);
    memset(endless, 'x', SELECTOR_LENGTH_MAX);
    assert_false(mqtt_levels_check(endless, &err));
    free(endless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_are_labels),
        cmocka_unit_test(test_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
