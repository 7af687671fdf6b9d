/* test_limits.c - series of measurements, a letter each, and how they end.
 * SPDX-License-Identifier: MIT */
#include "judge/limits.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct course {
    const char *measurements; /* s f i e; a final dot: no more will come */
    struct limits limits;
    enum limits_phase phase;
};

#define OFF .consecutive_failures = -1
#define DEFAULTS                                                                                             \
    {                                                                                                        \
        OFF, .consecutive_errors = 4                                                                         \
    }

static const struct course courses[] = {
    {"", DEFAULTS, LIMITS_RUNNING},
    {".", DEFAULTS, LIMITS_INCONCLUSIVE},
    {"e.", DEFAULTS, LIMITS_INCONCLUSIVE},
    {"ss", DEFAULTS, LIMITS_RUNNING},
    {"ss.", DEFAULTS, LIMITS_SUCCESSFUL},
    {"sf", DEFAULTS, LIMITS_FAILED},
    {"sfs.", DEFAULTS, LIMITS_FAILED}, /* the first end stays */
    {"si", DEFAULTS, LIMITS_INCONCLUSIVE},
    {"eeee", DEFAULTS, LIMITS_RUNNING},
    {"eeeee", DEFAULTS, LIMITS_ERROR},
    {"eeeeseeee", DEFAULTS, LIMITS_RUNNING},
    {"fff", {OFF, .failures = 3, .consecutive_errors = 4}, LIMITS_RUNNING},
    {"fsfff", {OFF, .failures = 3, .consecutive_errors = 4}, LIMITS_FAILED},
    {"fsff", {OFF, .failures = -1, .consecutive_errors = 4}, LIMITS_RUNNING},
    {"ii", {OFF, .inconclusive = 2, .consecutive_errors = 4}, LIMITS_RUNNING},
    {"isiii", {OFF, .inconclusive = 2, .consecutive_errors = 4}, LIMITS_INCONCLUSIVE},
    {"ffsff", {.failures = -1, .consecutive_failures = 2, .consecutive_errors = 4}, LIMITS_RUNNING},
    {"ffsfff", {.failures = -1, .consecutive_failures = 2, .consecutive_errors = 4}, LIMITS_FAILED},
    {"ffef", {.failures = -1, .consecutive_failures = 2, .consecutive_errors = 4}, LIMITS_RUNNING},
    {"sss", {OFF, .consecutive_errors = 4, .count = 3}, LIMITS_SUCCESSFUL},
    {"sees", {OFF, .consecutive_errors = 4, .count = 3}, LIMITS_RUNNING}, /* errors do not count */
    {"seess", {OFF, .consecutive_errors = 4, .count = 3}, LIMITS_SUCCESSFUL},
    {"sf", {OFF, .consecutive_errors = 4, .count = 2}, LIMITS_FAILED},
    {"ss", {OFF, .consecutive_errors = 4, .successes = 2, .count = 9}, LIMITS_SUCCESSFUL},
    {"sess", {OFF, .consecutive_errors = 4, .successes = 3, .count = 9}, LIMITS_RUNNING},
    {"sfsfsf",
     {OFF, .failures = 9, .consecutive_errors = 4, .successes = 2, .count = 6},
     LIMITS_INCONCLUSIVE},
    {"sfsfsf", {OFF, .failures = -1, .consecutive_errors = 4, .successes = 2, .count = 6}, LIMITS_FAILED},
};

static enum limits_phase measurement(char letter)
{
    switch (letter) {
    case 's':
        return LIMITS_SUCCESSFUL;
    case 'f':
        return LIMITS_FAILED;
    case 'i':
        return LIMITS_INCONCLUSIVE;
    default:
        return LIMITS_ERROR;
    }
}

static void test_courses(void **state)
{
    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(courses); at++) {
        struct limits_state limits = {0};
        for (const char *letter = courses[at].measurements; *letter != '\0'; letter++) {
            if (*letter == '.')
                limits_stop(&limits);
            else
                limits_add(&courses[at].limits, &limits, measurement(*letter));
        }
        if (limits.phase != courses[at].phase)
            fail_msg("%s: %s", courses[at].measurements, limits_phase_name(limits.phase));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(limits_phase_name(LIMITS_RUNNING), "running");
    assert_string_equal(limits_phase_name(LIMITS_ERROR), "error");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_courses), cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
