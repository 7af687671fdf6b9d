/* test_template.c - {{name}} in texts, filled and escaped.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "config/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const pairs[] = {"version", "2.4.1", "odd",   "a\"b\\c'd\n/é",
                                    "empty",   "",      "edges", "@AZ[`az{/09:~"};

static void assert_filled(const char *text, enum template_escape escape, const char *expected)
{
    char filled[128];
    struct err err = {0};

    if (!template_fill(text, pairs, 4, escape, filled, sizeof(filled), &err))
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(filled, expected);
}

static void assert_refused(const char *text, enum err_code code, const char *expected)
{
    char filled[16] = "untouched";
    struct err err = {0};

    assert_false(template_fill(text, pairs, 4, TEMPLATE_PLAIN, filled, sizeof(filled), &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, expected);
}

static void test_filling(void **state)
{
    (void)state;
    assert_filled("", TEMPLATE_PLAIN, "");
    assert_filled("no names { } }}", TEMPLATE_PLAIN, "no names { } }}");
    assert_filled("x{{version}}-{{ version }}{{empty}}y", TEMPLATE_PLAIN, "x2.4.1-2.4.1y");
    assert_filled("{{odd}}", TEMPLATE_PLAIN, "a\"b\\c'd\n/é");
    assert_filled("{{odd}}", TEMPLATE_URL, "a%22b%5Cc%27d%0A%2F%C3%A9");
    assert_filled("{{odd}}", TEMPLATE_PROMQL, "a\\\"b\\\\c\\'d\\n/é");
    assert_filled("{{odd}}", TEMPLATE_JSON, "a\\\"b\\\\c'd\\u000a/é");
    assert_filled("{{edges}}", TEMPLATE_URL, "%40AZ%5B%60az%7B%2F09%3A~");
    assert_filled("/%20{{version}}", TEMPLATE_URL, "/%202.4.1");
}

static void test_what_is_refused(void **state)
{
    (void)state;
    assert_refused("a {{slot}}", ERR_INVALID, "{{slot}} is not filled");
    assert_refused("a {{version", ERR_INVALID, "{{ needs a name and }} behind it");
    assert_refused("{{}}", ERR_INVALID, "{{ needs a name and }} behind it");
    assert_refused("{{9x}}", ERR_INVALID, "{{ needs a name and }} behind it");
    assert_refused("{{version}", ERR_INVALID, "{{ needs a name and }} behind it");
    assert_refused("{{a-b}}", ERR_INVALID, "{{ needs a name and }} behind it");
    assert_refused("{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}", ERR_INVALID,
                   "{{ needs a name and }} behind it");
    assert_refused("{{version}}{{version}}{{version}}{{version}}", ERR_LIMIT,
                   "longer than 15 bytes when it is filled in");
}

static void test_finding(void **state)
{
    struct placeholder found = placeholder_find("ab{{version}}cd");

    (void)state;
    assert_int_equal(found.kind, PLACEHOLDER_NAME);
    assert_int_equal(found.before, 2);
    assert_string_equal(found.name, "version");
    assert_string_equal(found.after, "cd");
    assert_int_equal(placeholder_find("abc").kind, PLACEHOLDER_NONE);
    assert_int_equal(placeholder_find("abc").before, 3);
    assert_true(template_has("{{a}}{{b}}", "b"));
    assert_false(template_has("{{a}}{{b}}", "c"));
    assert_false(template_has("{{a}} {{", "b"));
    assert_true(template_is_sidewise("slot"));
    assert_false(template_is_sidewise("service"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filling),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
