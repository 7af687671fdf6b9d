/* test_condition_edges.c - conditions at the edges of what can be written: numbers, levels, names, sides.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "config/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES = 300 };

#define COLUMN(column) "condition, column " column ": "
#define LONG_NUMBER    "1234567890123456789012345678901234567890123456789012345678901234567890"

static const struct condition_metric metrics[] = {
    {.name = "up", .kind = SERIES_GAUGE, .unit = "", .names_side = true},
    {.name = "latency", .kind = SERIES_HISTOGRAM, .unit = "s", .names_side = true},
    {.name = "signal_high_errors", .kind = SERIES_GAUGE, .unit = "", .names_side = false},
};

static const char *const cases[][2] = {
    {"up > 5.5", ""},
    {"up > 0.5", ""},
    {"signal('High~Errors') or signal('HIGH.ERRORS')", ""},
    {"up > stable", ""},
    {"up > 5.", COLUMN("6") "this is no number"},
    {"up > 5.x", COLUMN("6") "this is no number"},
    {"up > 5.5.5", COLUMN("6") "this is no number"},
    {"up > 5%_", COLUMN("6") "this is no number"},
    {"up > " LONG_NUMBER, COLUMN("6") "this is no number"},
    {"up > 1h" LONG_NUMBER "m", COLUMN("6") "this is no number"},
    {"quantile(latency, 0, 5s) > 1s", COLUMN("19") "a level is missing here, like 95%"},
    {"quantile(latency, 1, 5s) > 1s", COLUMN("19") "a level is missing here, like 95%"},
    {"quantile(latency, 5s, 5s) > 1s", COLUMN("19") "a level is missing here, like 95%"},
    {"stable > 1", COLUMN("1") "a bare stable needs one metric left of the comparison; write stable(metric)"},
    {"5 > stable", COLUMN("5") "a bare stable needs one metric left of the comparison; write stable(metric)"},
    {"stable(up) > stable",
     COLUMN("14") "a bare stable needs one metric left of the comparison; write stable(metric)"},
    {"absent(up) > stable", COLUMN("1") "a number is missing here; this is already true or false"},
    {"up + 1 > before",
     COLUMN("10") "a bare before needs one metric left of the comparison; write before(metric)"},
};

static void test_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct condition condition;
        struct err err = {0};
        bool is_good =
            condition_parse(cases[i][0], metrics, ARRAY_LENGTH(metrics), NULL, 0, &condition, &err);
        if (is_good != (cases[i][1][0] == '\0') || strcmp(err.text, cases[i][1]) != 0)
            fail_msg("%s: %s", cases[i][0], err.text);
    }
}

/* However many names there are, the nearest of the first ones is told. */
static void test_many_names(void **state)
{
    static char memory[NAMES][16];
    static struct condition_metric many[NAMES];
    static const char *names[NAMES];
    struct condition condition;
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        (void)snprintf(memory[i], sizeof(memory[i]), "metric_%zu", i);
        many[i] = (struct condition_metric){.name = memory[i], .kind = SERIES_GAUGE, .unit = ""};
        names[i] = memory[i];
    }
    assert_false(condition_parse("metrik_7 > 1", many, NAMES, NULL, 0, &condition, &err));
    assert_string_equal(err.text, COLUMN("1") "unknown metric 'metrik_7'; did you mean 'metric_7'?");
    assert_false(condition_parse("metrik_7 > 1", metrics, 1, names, NAMES, &condition, &err));
    assert_string_equal(err.text, COLUMN("1") "unknown metric 'metrik_7'; did you mean 'metric_7'?");
    assert_false(condition_parse("elephant > 1", metrics, 1, names, 1, &condition, &err));
    assert_string_equal(err.text, COLUMN("1") "unknown metric 'elephant'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edges), cmocka_unit_test(test_many_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
