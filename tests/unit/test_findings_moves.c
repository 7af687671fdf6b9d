/* test_findings_moves.c - what a plan asks of its traffic driver, and the driver cannot do.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#define STEPS(steps) "strategies: { own: { kind = \"canary\"; steps = ( " steps " ); }; };\n"
#define BY(driver)   SERVICE("strategy = \"own\"; traffic = \"" driver ":edge\"; backend = \"b\";" SLOTS)
#define WITH_TESTERS                                                                                         \
    SERVICE("strategy = \"own\"; traffic = \"haproxy:edge\"; backend = \"b\"; testers = true;" SLOTS)
#define ALL           "{ route = \"100%\"; watch = \"5m\"; }"
#define FIRST_TESTERS STEPS("{ route = \"0%\"; }, { route = \"1%\"; observe = \"1m\"; }, " ALL)

static const struct finding_case moves_cases[] = {
    {STEPS(ALL) BY("systemd"), ""},
    {STEPS("{ route = \"5%\"; observe = \"1m\"; }, " ALL) BY("systemd"),
     "x.rules:2: strategy 'own' routes 5 %, and traffic 'systemd' moves all users or none"},
    {FIRST_TESTERS WITH_TESTERS, ""},
    {FIRST_TESTERS BY("haproxy"),
     "x.rules:2: strategy 'own' lets testers in (route = \"0%\"), and the environment has none for traffic "
     "'haproxy'; HAProxy's map knows `testers = true`"},
    {STEPS("{ route = \"1%\"; observe = \"1m\"; }, { route = \"0%\"; }, " ALL) WITH_TESTERS,
     "x.rules:1: strategy 'own' for shop/prod, step 2: `route = \"0%\"` lets testers in before anybody else: "
     "it "
     "stands once, before all shares and copies"},
    {STEPS("{ route = \"0\"; }, " ALL) WITH_TESTERS,
     "x.rules:1: route: '0' is not like \"5%\", from 0.01% to 100% in steps of 0.01%"},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(moves_cases, ARRAY_LENGTH(moves_cases));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_findings)};

    return cmocka_run_group_tests_name("findings_moves", tests, NULL, NULL);
}
