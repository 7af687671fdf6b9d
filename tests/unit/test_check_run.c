/* test_check_run.c - series of measurements, a letter each, and how they end.
 * SPDX-License-Identifier: MIT */
#include "judge/check_run.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct course {
    const char *measurements; /* s f i e; a final dot: no more will come */
    struct check_run_limits limits;
    enum check_run_phase phase;
};

#define OFF .consecutive_failures = -1
#define DEFAULTS                                                                                             \
    {                                                                                                        \
        OFF, .consecutive_errors = 4                                                                         \
    }

static const struct course courses[] = {
    {"", DEFAULTS, CHECK_RUN_RUNNING},
    {".", DEFAULTS, CHECK_RUN_INCONCLUSIVE},
    {"e.", DEFAULTS, CHECK_RUN_INCONCLUSIVE},
    {"ss", DEFAULTS, CHECK_RUN_RUNNING},
    {"ss.", DEFAULTS, CHECK_RUN_SUCCESSFUL},
    {"sf", DEFAULTS, CHECK_RUN_FAILED},
    {"sfs.", DEFAULTS, CHECK_RUN_FAILED}, /* the first end stays */
    {"si", DEFAULTS, CHECK_RUN_INCONCLUSIVE},
    {"eeee", DEFAULTS, CHECK_RUN_RUNNING},
    {"eeeee", DEFAULTS, CHECK_RUN_ERROR},
    {"eeeeseeee", DEFAULTS, CHECK_RUN_RUNNING},
    {"fff", {OFF, .failures = 3, .consecutive_errors = 4}, CHECK_RUN_RUNNING},
    {"fsfff", {OFF, .failures = 3, .consecutive_errors = 4}, CHECK_RUN_FAILED},
    {"fsff", {OFF, .failures = -1, .consecutive_errors = 4}, CHECK_RUN_RUNNING},
    {"ii", {OFF, .inconclusive = 2, .consecutive_errors = 4}, CHECK_RUN_RUNNING},
    {"isiii", {OFF, .inconclusive = 2, .consecutive_errors = 4}, CHECK_RUN_INCONCLUSIVE},
    {"ffsff", {.failures = -1, .consecutive_failures = 2, .consecutive_errors = 4}, CHECK_RUN_RUNNING},
    {"ffsfff", {.failures = -1, .consecutive_failures = 2, .consecutive_errors = 4}, CHECK_RUN_FAILED},
    {"ffef", {.failures = -1, .consecutive_failures = 2, .consecutive_errors = 4}, CHECK_RUN_RUNNING},
    {"sss", {OFF, .consecutive_errors = 4, .count = 3}, CHECK_RUN_SUCCESSFUL},
    {"sees", {OFF, .consecutive_errors = 4, .count = 3}, CHECK_RUN_RUNNING}, /* errors do not count */
    {"seess", {OFF, .consecutive_errors = 4, .count = 3}, CHECK_RUN_SUCCESSFUL},
    {"sf", {OFF, .consecutive_errors = 4, .count = 2}, CHECK_RUN_FAILED},
    {"ss", {OFF, .consecutive_errors = 4, .successes = 2, .count = 9}, CHECK_RUN_SUCCESSFUL},
    {"sess", {OFF, .consecutive_errors = 4, .successes = 3, .count = 9}, CHECK_RUN_RUNNING},
    {"sfsfsf",
     {OFF, .failures = 9, .consecutive_errors = 4, .successes = 2, .count = 6},
     CHECK_RUN_INCONCLUSIVE},
    {"sfsfsf", {OFF, .failures = -1, .consecutive_errors = 4, .successes = 2, .count = 6}, CHECK_RUN_FAILED},
};

static enum check_run_phase measurement(char letter)
{
    switch (letter) {
    case 's':
        return CHECK_RUN_SUCCESSFUL;
    case 'f':
        return CHECK_RUN_FAILED;
    case 'i':
        return CHECK_RUN_INCONCLUSIVE;
    default:
        return CHECK_RUN_ERROR;
    }
}

static void test_courses(void **state)
{
    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(courses); at++) {
        struct check_run limits = {0};
        for (const char *letter = courses[at].measurements; *letter != '\0'; letter++) {
            if (*letter == '.')
                check_run_stop(&limits);
            else
                check_run_add(&courses[at].limits, &limits, measurement(*letter));
        }
        if (limits.phase != courses[at].phase)
            fail_msg("%s: %s", courses[at].measurements, check_run_phase_name(limits.phase));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(check_run_phase_name(CHECK_RUN_RUNNING), "running");
    assert_string_equal(check_run_phase_name(CHECK_RUN_ERROR), "error");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_courses), cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
