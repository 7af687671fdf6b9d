/* test_findings_switch.c - blue_green: a gradual switch, and what is wrong with one.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#define OWN(kind, more) "strategies: { own: { kind = \"" kind "\"; " more " }; };\n"
#define PROD                                                                                                 \
    SERVICE("strategy = \"own\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS                         \
            "commands: { deploy: { exec = [ \"x\" ]; }; warm-up: { exec = [ \"y\" ]; }; };")
#define WRONG                                                                                                \
    "x.rules:1: switch takes an increment like \"10%\", at least 5%, or shares that rise to \"100%\""

static const struct finding_case switch_cases[] = {
    {OWN("blue_green", "switch = [ \"10%\", \"10%\", \"100%\" ];") PROD, WRONG},
    {OWN("blue_green", "switch = [ \"10%\", \"50%\" ];") PROD, WRONG},
    {OWN("blue_green", "switch = \"10\";") PROD, WRONG},
    {OWN("blue_green", "switch = \"4%\";") PROD, WRONG},
    {OWN("canary", "switch = \"10%\";") PROD, "x.rules:1: switch belongs to kind = \"blue_green\""},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(switch_cases, ARRAY_LENGTH(switch_cases));
}

/* Shares of the routes, and 1 for a command, of the plan that this text makes. */
static void assert_steps(const char *text, const uint16_t *expected, size_t count)
{
    char found[1024];
    struct config *config = read_text(text, strlen(text), found, sizeof(found));
    struct err err = {0};
    size_t at = 0;

    assert_string_equal(found, "");
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);
    assert_non_null(definition);
    for (uint8_t i = 0; i < definition->plan->count; i++) {
        const struct plan_step *step = &definition->plan->steps[i];
        if (step->kind != STEP_ROUTE && step->kind != STEP_COMMAND)
            continue;
        assert_true(at < count);
        assert_int_equal(step->kind == STEP_COMMAND ? 1 : step->share, expected[at++]);
    }
    assert_int_equal(at, count);
    definition_free(definition);
    config_free(config);
}

static void test_shares(void **state)
{
    static const uint16_t at_once[] = {1, 1, 10000};
    static const uint16_t tenths[] = {1, 1, 3000, 6000, 9000, 10000};
    static const uint16_t listed[] = {1, 1, 1, 5000, 10000};

    (void)state;
    assert_steps(OWN("blue_green", "") PROD, at_once, ARRAY_LENGTH(at_once));
    assert_steps(OWN("blue_green", "switch = \"100%\";") PROD, at_once, ARRAY_LENGTH(at_once));
    assert_steps(OWN("blue_green", "switch = \"30%\"; observe = \"2m\";") PROD, tenths, ARRAY_LENGTH(tenths));
    assert_steps(OWN("blue_green", "switch = [ \"0.01%\", \"50%\", \"100%\" ];") PROD, listed,
                 ARRAY_LENGTH(listed));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_findings), cmocka_unit_test(test_shares)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
