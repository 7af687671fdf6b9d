/* test_child.c - programs between two pipes: what they say, and what becomes of those that do not end.
 * SPDX-License-Identifier: MIT */
#include "io/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, SHORT_MS = 300, MANY = 1024 };

static bool run(const char *script, const char *input, int64_t deadline_ms, size_t most, char **ret_output,
                struct err *err)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const struct child child = {.argv = argv, .input = input, .deadline_ms = deadline_ms, .output_max = most};
    unsigned char *output = NULL;
    size_t length = 0;

    *ret_output = NULL;
    if (!child_run(&child, &output, &length, err))
        return false;
    *ret_output = (char *)output;
    assert_int_equal(strlen(*ret_output), length);
    return true;
}

static void assert_fails(const char *script, int64_t deadline_ms, size_t most, enum err_code code,
                         const char *words)
{
    struct err err = {0};
    char *output = NULL;

    assert_false(run(script, "", deadline_ms, most, &output, &err));
    if (err.code != code || strstr(err.text, words) == NULL)
        fail_msg("%s: %s", err_code_name(err.code), err.text);
}

static void test_what_it_says(void **state)
{
    struct err err = {0};
    char *output = NULL;
    char *input = malloc(CHILD_INPUT_MAX + 1);

    (void)state;
    assert_true(run("echo \"<$HOME$SECRET>\"", "", DEADLINE_MS, MANY, &output, &err)); /* nothing of ours */
    assert_string_equal(output, "<>\n");
    free(output);
    assert_true(run("/usr/bin/tr a-z A-Z", "hello", DEADLINE_MS, MANY, &output, &err));
    assert_string_equal(output, "HELLO");
    free(output);
    assert_true(run(":", "", DEADLINE_MS, MANY, &output, &err));
    assert_string_equal(output, "");
    free(output);
    assert_non_null(input);
    memset(input, 'x', CHILD_INPUT_MAX);
    input[CHILD_INPUT_MAX] = '\0';
    assert_true(run("/usr/bin/wc -c", input, DEADLINE_MS, MANY, &output, &err));
    assert_int_equal(strtol(output, NULL, 10), CHILD_INPUT_MAX);
    free(output);
    free(input);
}

static void test_what_goes_wrong(void **state)
{
    (void)state;
    assert_fails("echo no such series; exit 1", DEADLINE_MS, MANY, ERR_INTERNAL, "no such series");
    assert_fails("exit 3", DEADLINE_MS, MANY, ERR_INTERNAL, "it failed");
    assert_fails("kill -SEGV $$", DEADLINE_MS, MANY, ERR_INTERNAL, "");
    assert_fails("exec /bin/sleep 300", SHORT_MS, MANY, ERR_TIMEOUT, "too long");
    assert_fails("exec /usr/bin/yes", DEADLINE_MS, MANY, ERR_LIMIT, "1024 bytes");
    assert_fails("echo half; exec /bin/sleep 300", SHORT_MS, MANY, ERR_TIMEOUT, "too long");
}

static void test_a_program_that_is_not_there(void **state)
{
    const char *const argv[] = {"/no/such/program", NULL};
    const struct child child = {.argv = argv, .input = "", .deadline_ms = DEADLINE_MS, .output_max = MANY};
    unsigned char *output = NULL;
    size_t length = 0;
    struct err err = {0};

    (void)state;
    assert_false(child_run(&child, &output, &length, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.text, "/no/such/program"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_what_goes_wrong),
        cmocka_unit_test(test_a_program_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
