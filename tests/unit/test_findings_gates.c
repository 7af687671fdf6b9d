/* test_findings_gates.c - what is said about gates that are wrong, and what is read from those that are not.
 * SPDX-License-Identifier: MIT */
#include "config/gates.h"
#include "support/config_cases.h"

#define STEPS(steps) "strategies: { s: { kind = \"recreate\"; steps = ( " steps " ); }; };\n"
#define PROD(more)                                                                                           \
    "services: { shop: { environments: { prod: { strategy = \"s\"; " more                                    \
    " commands: { deploy: { exec = [ \"/d\" ]; repeat = \"idempotent\"; }; }; }; }; }; };\n"
#define REST "{ command = \"deploy\"; },\n { watch = \"1m\"; }"

static const struct finding_case cases[] = {
    {STEPS("{ gate = \"web:change\"; every = \"10s\"; timeout = \"2h\"; on_timeout = \"hold\"; },\n" REST)
         PROD("gate: { ask = \"web:freeze\"; };"),
     ""},
    {STEPS("{ gate = \"web:change\"; },\n" REST) PROD(""), ""},
    {STEPS("{ gate = \"change\"; },\n{ gate = \"wbe:change\"; },\n" REST) PROD(""),
     "x.rules:1: gate: 'change' is not like \"web:change\"\n"
     "x.rules:2: unknown kind of gate 'wbe'; did you mean 'web'?"},
    {STEPS("{ command = \"deploy\"; every = \"10s\"; },\n{ gate = \"web:a\"; observe = \"1m\"; },\n"
           "{ gate = \"web:a\"; approve = [ \"sre\" ]; },\n{ gate = \"web:a\"; every = \"100ms\"; }, " REST)
         PROD(""),
     "x.rules:1: every goes with gate\n"
     "x.rules:2: observe and watch stand with a route, mirror or replace, or in a step of their own\n"
     "x.rules:3: a step is one of command, smoke, route, mirror, replace, approve and gate\n"
     "x.rules:4: every: 100ms is not from 1s to 1h"},
    {STEPS(REST) PROD("gate = \"web:change\";"), "x.rules:3: gate: takes a group { ask = \"web:change\"; }"},
    {STEPS(REST) PROD("gate: { every = \"1s\"; };"),
     "x.rules:3: ask is missing (who is asked, like \"web:change\")"},
    {STEPS(REST) PROD("gate: { ask = \"mail:change\"; };"), "x.rules:3: unknown kind of gate 'mail'"},
    {STEPS("{ gate = \"web:a\"; }, { gate = \"web:b\"; }, { gate = \"web:c\"; }, { gate = \"web:d\"; },\n"
           "{ gate = \"web:e\"; }, { gate = \"web:f\"; }, { gate = \"web:g\"; }, { gate = \"web:h\"; },\n"
           "{ gate = \"web:i\"; }, " REST) PROD(""),
     "x.rules:3: more than 8 gates"},
};

static void test_gates(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static const char good[] =
    STEPS("{ gate = \"web:change\"; every = \"10s\"; timeout = \"2h\"; on_timeout = \"hold\"; },\n" REST)
        PROD("gate: { ask = \"web:freeze\"; };");

static void assert_good(const struct definition *definition)
{
    assert_non_null(definition);
    const struct plan_step *steps = definition->plan->steps;
    assert_int_equal(definition->gate_count, 2);
    assert_int_equal(steps[0].kind, STEP_GATE);
    assert_string_equal(definition->gates[steps[0].reference].name, "web:freeze");
    assert_int_equal(steps[0].limit_ms, 3600000);
    assert_int_equal(steps[0].every_ms, 30000);
    assert_int_equal(steps[0].on_limit, OUTCOME_ROLLBACK);
    assert_int_equal(steps[1].kind, STEP_GATE);
    assert_string_equal(definition->gates[steps[1].reference].instance, "change");
    assert_int_equal(steps[1].limit_ms, 7200000);
    assert_int_equal(steps[1].every_ms, 10000);
    assert_int_equal(steps[1].on_limit, OUTCOME_HOLD);
}

/* Sealed with the deployment; a record asks nobody. */
static void test_gates_are_sealed(void **state)
{
    char found[8192];
    struct err err = {0};
    struct config *config = read_text(good, sizeof(good) - 1, found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);
    assert_good(definition);
    definition_free(definition);
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);
    assert_non_null(sealed);
    definition = config_unseal(sealed, &test_schemas, &err);
    assert_good(definition);
    definition_free(definition);
    free(sealed);
    definition = config_resolve(config, "shop", "prod", NULL, true, &err);
    assert_non_null(definition);
    for (uint8_t i = 0; i < definition->plan->count; i++)
        assert_int_not_equal(definition->plan->steps[i].kind, STEP_GATE);
    definition_free(definition);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gates),
        cmocka_unit_test(test_gates_are_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
