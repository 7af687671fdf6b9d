/* test_findings_hosts.c - hosts and the steps that replace them: what is read, and what is wrong with it.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#define HOSTS(steps, environment)                                                                            \
    "strategies: { own: { kind = \"rolling\"; steps = ( " steps                                              \
    " ); }; };\n" SERVICE("strategy = \"own\"; " environment)
#define DEPLOY "commands: { deploy: { exec = [ \"x\", \"{{host}}\", \"{{address}}\" ]; }; };"
#define GOOD   "{ replace = 1; observe = \"5m\"; }, { replace = \"100%\"; batch = 2; watch = \"5m\"; }"

static const struct finding_case hosts_cases[] = {
    {HOSTS(GOOD, "hosts = [ \"m1\", \"m2.prod:80\", \"m3=10.0.0.1:80\" ];" DEPLOY), ""},
    {SERVICE("strategy = \"rolling\"; hosts = \"m1\";" DEPLOY), ""},
    {SERVICE("strategy = \"rolling\";" DEPLOY), "x.rules:1: strategy 'rolling' for shop/prod, step 1: hosts "
                                                "are replaced, but the environment names none; "
                                                "set `hosts`"},
    {SERVICE("strategy = \"rolling\"; hosts = [ \"m1\" ];"),
     "x.rules:1: strategy 'rolling' for shop/prod, step 1: hosts are replaced by the environment's command "
     "`deploy`; it has none"},
    {HOSTS(GOOD, "hosts = [ ];" DEPLOY), "x.rules:3: hosts: 0 elements; 1 to 512 are allowed"},
    {HOSTS(GOOD, "hosts = [ \"m 1\", \"=a\", \"b:\", \"c=\" ];" DEPLOY),
     "x.rules:3: hosts: '=a' is not like \"m1.prod\", \"m1.prod:8080\" or \"m1=10.0.0.1:8080\"\n"
     "x.rules:3: hosts: 'b:' is not like \"m1.prod\", \"m1.prod:8080\" or \"m1=10.0.0.1:8080\"\n"
     "x.rules:3: hosts: 'c=' is not like \"m1.prod\", \"m1.prod:8080\" or \"m1=10.0.0.1:8080\"\n"
     "x.rules:3: hosts: 'm 1' is not like \"m1.prod\", \"m1.prod:8080\" or \"m1=10.0.0.1:8080\""},
    {HOSTS(GOOD, "hosts = [ \"a:1\", \"a:2\" ];" DEPLOY),
     "x.rules:3: two hosts are called 'a'; name them like \"m1=a:2\""},
    {HOSTS(GOOD, "hosts = [ \"a\", \"b\" ]; slots: { a: { }; };" DEPLOY),
     "x.rules:3: an environment has hosts, or slots and traffic; this one has both"},
    {HOSTS(GOOD, "hosts = [ \"a\", \"b\" ]; traffic = \"haproxy:edge\"; backend = \"b\";" DEPLOY),
     "x.rules:3: an environment has hosts, or slots and traffic; this one has both"},
};

static const struct finding_case steps_cases[] = {
    {HOSTS("{ replace = \"50\"; },\n{ replace = \"0.001%\"; },\n{ replace = \"33.333%\"; },\n{ replace = 0; "
           "},\n"
           "{ replace = [ 1 ]; },\n{ replace = 1; route = \"5%\"; },\n{ route = \"5%\"; batch = 2; },\n"
           "{ replace = 1; batch = 0; }",
           "hosts = [ \"a\", \"b\" ];" DEPLOY),
     "x.rules:1: replace: '50' is not a count of hosts, or like \"50%\"\n"
     "x.rules:2: replace: '0.001%' is not a count of hosts, or like \"50%\"\n"
     "x.rules:3: replace: '33.333%' is not a count of hosts, or like \"50%\"\n"
     "x.rules:4: replace: 0 is not from 1 to 512\n"
     "x.rules:5: replace: takes one value, not a list\n"
     "x.rules:6: a step is one of command, smoke, route, mirror, replace, approve and gate\n"
     "x.rules:7: batch goes with replace\n"
     "x.rules:8: batch: 0 is not from 1 to 512"},
    {HOSTS("{ replace = 1; observe = \"5m\"; },\n{ replace = 3; watch = \"5m\"; }",
           "hosts = [ \"a\", \"b\" ];" DEPLOY),
     "x.rules:2: strategy 'own' for shop/prod, step 2: more hosts are replaced than the environment has"},
    {HOSTS("{ replace = 1; },\n{ replace = 2; watch = \"5m\"; }", "hosts = [ \"a\", \"b\" ];" DEPLOY),
     "x.rules:2: strategy 'own' for shop/prod, step 2: the share is raised before the share before it was "
     "observed; give that step `observe`"},
    {HOSTS("{ replace = 1; watch = \"5m\"; }", "hosts = [ \"a\", \"b\" ];" DEPLOY),
     "x.rules:1: strategy 'own' for shop/prod, step 1: some hosts are never replaced; the last step is "
     "`replace = \"100%\"`"},
    {HOSTS("{ route = \"5%\"; observe = \"5m\"; }", "hosts = [ \"a\", \"b\" ];" DEPLOY),
     "x.rules:1: strategy 'own' for shop/prod, step 1: hosts have no traffic that could be routed; `replace` "
     "them"},
    {"strategies: { own: { kind = \"rolling\"; max_unavailable = 1;\nsteps = ( { replace = 2; batch = 2; "
     "watch = "
     "\"5m\"; } ); }; };\n" SERVICE("strategy = \"own\"; hosts = [ \"a\", \"b\" ];" DEPLOY),
     "x.rules:2: strategy 'own' for shop/prod, step 1: the batch takes more hosts out of service than "
     "`max_unavailable` allows"},
};

static const struct finding_case commands_cases[] = {
    {HOSTS("{ command = \"migrate\"; }, " GOOD,
           "hosts = [ \"a\", \"b\" ];\n commands: { migrate: { exec = [ \"x\", \"{{host}}\" ]; undo: { exec "
           "= [ "
           "\"x\" ]; }; }; deploy: { exec = [ \"x\", \"{{slot}}\" ]; }; };"),
     "x.rules:2: command 'deploy' has {{slot}}, but it runs for hosts: {{host}}\n"
     "x.rules:2: command 'migrate' is about one host, and runs for none: {{host}} is known to the commands "
     "drain, deploy and restore of a `replace`"},
    {HOSTS(GOOD,
           "hosts = [ \"a\", \"b\" ]; commands: { deploy: { exec = [ \"x\" ]; on_rollback = \"keep\"; }; };"),
     "x.rules:1: strategy 'own' for shop/prod, step 1: hosts go back by `deploy` with the version before, or "
     "by its undo: do not keep it"},
};

static const struct finding_case metrics_cases[] = {
    {METRIC "triggers: { t: { when = \"up > 1\"; then = \"rollback\"; }; };\n" SERVICE(
         "strategy = \"rolling\"; hosts = \"a\"; rules: { triggers = [ \"t\" ]; };" DEPLOY),
     "x.rules:3: metric 'up' has {{slot}}, but hosts are told apart by {{version}}"},
    {"smoke_tests: { s: { base_url = \"http://{{address}}\"; checks: { a: { get = \"/\"; expect = \"status "
     "== 200\"; "
     "}; b: { get = \"/\"; expect = \"status == 200\"; }; }; }; };\n"
     "strategies: { own: { kind = \"rolling\"; max_unavailable = 257; }; };\n" SERVICE(
         "strategy = \"own\"; hosts = \"a\"; rules: { smoke_tests = [ \"s\" ]; };" DEPLOY),
     "x.rules:3: 257 hosts at a time with 2 checks each; the product is at most 512"},
};

static void test_measures(void **state)
{
    (void)state;
    assert_cases(metrics_cases, ARRAY_LENGTH(metrics_cases));
}

static void test_hosts(void **state)
{
    (void)state;
    assert_cases(hosts_cases, ARRAY_LENGTH(hosts_cases));
}

static void test_steps(void **state)
{
    (void)state;
    assert_cases(steps_cases, ARRAY_LENGTH(steps_cases));
}

static void test_commands(void **state)
{
    (void)state;
    assert_cases(commands_cases, ARRAY_LENGTH(commands_cases));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
