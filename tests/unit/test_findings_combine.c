/* test_findings_combine.c - what is said about `combine` where it cannot be.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DEVICES(more) "metrics: { x: { source = \"mqtt:plant\"; topic = \"d/+/up\";\n" more " }; };"

static const struct finding_case cases[] = {
    {DEVICES("combine = \"share\";"), ""},
    {DEVICES("combine = \"max\"; unit = \"s\";"), ""},
    {DEVICES("combine = \"{{how}}\";"), ""},
    {DEVICES("combine = \"median\";"), "x.rules:2: combine: 'median' is not one of max, share"},
    {DEVICES("combine = \"share\";\nunit = \"%\";"),
     "x.rules:3: unit: a share is from 0 to 1 and has none; conditions say it like 80%"},
    {DEVICES("kind = \"counter\";\ncombine = \"max\";"),
     "x.rules:3: combine belongs to kind = \"gauge\", this metric's kind is \"counter\""},
    {"metrics: { x: { source = \"push\";\ncombine = \"max\"; }; };",
     "x.rules:2: combine: a source of kind 'push' does not tell one reporter from another"},
    {"metrics: { x: { source = \"haproxy:edge\"; backend = \"b\";\ncombine = \"max\"; }; };",
     "x.rules:2: combine: a source of kind 'haproxy' does not tell one reporter from another"},
};

static void test_combine(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
