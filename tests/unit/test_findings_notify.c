/* test_findings_notify.c - escalations that reach fewer than two receivers: the file loads, and it is said.
 * SPDX-License-Identifier: MIT */
#include "support/config_cases.h"

#define SHOP(notify)                                                                                         \
    "services: {\n shop: { " notify                                                                          \
    "\n environments: { prod: { strategy = \"recreate\"; slots: { blue: { address = \"a:1\"; }; };"          \
    " commands: { deploy: { exec = [ \"/d\" ]; }; }; }; test: { strategy = \"follow\"; }; }; }; };"

/* The only warning of a text that loads; "": there is none. */
static void assert_warned(const char *text, unsigned line, const char *expected)
{
    char found[1024];
    struct config *config = read_text(text, strlen(text), found, sizeof(found));

    assert_string_equal(found, "");
    assert_int_equal(report.warning_count, expected[0] == '\0' ? 0 : 1);
    if (expected[0] != '\0') {
        assert_string_equal(report.warnings[0].text, expected);
        assert_int_equal(report.warnings[0].line, line);
    }
    config_free(config);
}

static void test_one_receiver_is_too_few(void **state)
{
    static const char alone[] = "when 'shop' escalates only slack:deploys is called: name another receiver "
                                "in urgent, for when that one is away";

    (void)state;
    assert_warned(SHOP("\n notify: { all = [ \"slack:deploys\" ]; };"), 3, alone);
    assert_warned(SHOP("notify: { all = [ \"slack:deploys\" ]; urgent = [ \"slack:deploys\" ]; };"), 2,
                  alone);
    assert_warned(SHOP("notify: { urgent = [ \"slack:deploys\" ]; };"), 2, alone);
}

static void test_nobody_is_too_few(void **state)
{
    (void)state;
    assert_warned(SHOP(""), 2,
                  "nobody is called when 'shop' escalates: name two receivers in "
                  "notify: { urgent = [ ... ]; }");
}

static void test_two_are_enough(void **state)
{
    (void)state;
    assert_warned(SHOP("notify: { all = [ \"slack:deploys\" ]; urgent = [ \"slack:sre\" ]; };"), 0, "");
    assert_warned(SHOP("notify: { urgent = [ \"slack:sre\", \"slack:deploys\" ]; };"), 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_receiver_is_too_few),
        cmocka_unit_test(test_nobody_is_too_few),
        cmocka_unit_test(test_two_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
