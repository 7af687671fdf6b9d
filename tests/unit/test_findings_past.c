/* test_findings_past.c - what is said about baselines of the past.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct finding_case cases[] = {
    {METRIC
     "baselines: { b: { against = [ \"stable\", \"before\", \"7d\" ];\n compare: { errors: { }; }; }; };",
     ""},
    {METRIC
     "baselines: { b: { against = [ \"before\" ];\n compare: { flat: { test = \"mean_difference\"; }; }; };\n"
     "c: { against = [ \"before\", \"stable\" ];\n compare: { flat: { test = \"mean_difference\"; }; }; }; "
     "};",
     ""},
    {METRIC
     "baselines: { a: { against = [ \"stable\", \"before\" ]; compare: { errors: { }; slow: { }; }; }; };",
     ""},
    {METRIC "baselines: { a: { against = [ \"0d\" ];\n compare: { errors: { }; }; };\n"
            "b: { against = [ \"29d\" ];\n compare: { errors: { }; }; };\n"
            "c: { against = [ \"36h\" ];\n compare: { errors: { }; }; };\n"
            "d: { against = [ \"7d\", \"168h\" ];\n compare: { errors: { }; }; };\n"
            "e: { against = [ \"before\", \"1d\" ];\n compare: { slow: { }; }; };\n"
            "f: { against = [ \"7d\" ]; block = \"30s\";\n compare: { errors: { }; }; }; };",
     "x.rules:2: against '0d' is not known; known: stable, before, and whole days like 7d (1d to 28d)\n"
     "x.rules:4: against '29d' is not known; known: stable, before, and whole days like 7d (1d to 28d)\n"
     "x.rules:6: against '36h' is not known; known: stable, before, and whole days like 7d (1d to 28d)\n"
     "x.rules:8: against: '168h' is said twice\n"
     "x.rules:12: block: of a past of several days minutes are kept; at least 1m"},
    {"metrics: { e: { source = \"prometheus:main\"; kind = \"counter\"; every = \"7s\"; events = \"a\"; "
     "total = "
     "\"b\"; };\n"
     "q: { source = \"push\"; resolution = \"500ms\"; }; };\n"
     "baselines: { b: { against = [ \"before\" ]; compare: { e: { }; }; };\n"
     "c: { against = [ \"before\", \"1d\" ]; compare: {\n e: { }; }; };\n"
     "d: { against = [ \"before\" ]; compare: {\n q: { test = \"mean_difference\"; }; }; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { baselines = [ \"b\", \"c\", \"d\" ]; };"),
     "x.rules:5: 'e' has a resolution that no day is a multiple of: no step of another day lies beside one "
     "of "
     "today\n"
     "x.rules:7: 'q' has a resolution below a second, which is not archived: it has no past"},
};

static void test_baselines_of_the_past(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_baselines_of_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
