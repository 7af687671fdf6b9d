/* test_place.c - where in the rule files something of a service stands.
 * SPDX-License-Identifier: MIT */
#include "config/place.h"
#include "support/config_definitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct expected {
    const char *environment, *what;
    unsigned line;
};

static const struct expected expectations[] = {
    {"prod", "metric error_rate", 5},
    {"prod", "metric unheard_of", 43},
    {"prod", "command deploy", 48},
    {"staging", "command deploy", 42},
    {"staging", "command deploy/undo", 42},
    {"prod", "command nothing", 43},
    {"prod", "smoke test http-basic/health", 14},
    {"prod", "smoke targets (1 of 2 answer now)", 43},
    {"prod", "traffic", 44},
    {"staging", "traffic", 41},
    {"staging", "stable", 41},
};

static void everything_stands_somewhere(void **state)
{
    struct config *config = read_example();
    struct config_place place;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(expectations); i++) {
        const struct expected *expected = &expectations[i];
        assert_true(config_place_of(config, "shop", expected->environment, expected->what, &place));
        assert_string_equal(place.file, "tests/unit/data/example.rules");
        if (place.line != expected->line)
            fail_msg("%s stands in line %u", expected->what, place.line);
    }
    assert_false(config_place_of(config, "shop", "nowhere", "traffic", &place));
    assert_false(config_place_of(config, "nobody", "prod", "traffic", &place));
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_stands_somewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
