/* test_defaults.c - triggers that blue_green brings along: where, what they are, and what puts them away.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_definitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PROD(strategy, traffic, rules)                                                                       \
    "services: { shop: { " rules " environments: { prod: { strategy = \"" strategy "\"; " traffic            \
    " slots: { blue: { servers = [ \"one\" ]; }; green: { servers = [ \"two\" ]; }; }; }; }; }; };\n"
#define HAPROXY "traffic = \"haproxy:edge\"; backend = \"shop\";"
#define OWN                                                                                                  \
    "strategies: { slowly: { kind = \"blue_green\"; switch = [ \"25%\", \"100%\" ]; observe = \"10s\"; }; "  \
    "};\n"
#define UP "triggers: { up: { when = \"lb_up < 50%\"; }; };\n"

static void assert_default(const struct definition *definition, size_t index, const char *name,
                           const char *text, const char *metric)
{
    const struct rule_definition *rule = &definition->rules[index];

    assert_string_equal(rule->name, name);
    assert_string_equal(rule->text, text);
    assert_int_equal(rule->rule.kind, RULE_TRIGGER);
    assert_int_equal(definition->plan->rules[index], PLAN_RULE_ACT_ROLLBACK);
    assert_string_equal(definition->metrics[rule->metrics[0]].name, metric);
}

static void assert_defaults(const struct definition *definition)
{
    assert_int_equal(definition->rule_count, 3);
    assert_default(definition, 0, "default-errors", "avg(lb_errors, 30s) > 5% for 10s", "lb_errors");
    assert_true(definition->rules[0].rule.need == 20);
    assert_default(definition, 1, "default-latency", "lb_time > 1000ms for 10s", "lb_time");
    assert_default(definition, 2, "default-availability", "lb_up < 99% for 10s", "lb_up");
}

/* Sealed they are as if they had been written. */
static void test_they_are_there_and_sealed(void **state)
{
    static const char *const texts[] = {PROD("blue_green", HAPROXY, ""), OWN PROD("slowly", HAPROXY, ""),
                                        PROD("canary", HAPROXY, "rules: { baselines = [ ]; };")};
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct config *config = read_text(texts[i]);
        struct definition *definition = resolve(config, "shop", "prod", "blue_green", false);
        assert_defaults(definition);
        definition_free(definition);
        char *sealed = config_seal(config, "shop", "prod", i == 1 ? NULL : "blue_green", false, &err);
        assert_non_null(sealed);
        assert_non_null(strstr(sealed, "default-availability"));
        config_free(config);
        definition = config_unseal(sealed, &test_schemas, &err);
        assert_non_null(definition);
        assert_defaults(definition);
        definition_free(definition);
        free(sealed);
    }
}

static void assert_rules(const char *text, size_t count, const char *first)
{
    struct config *config = read_text(text);
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);

    assert_int_equal(definition->rule_count, count);
    if (count > 0)
        assert_string_equal(definition->rules[0].name, first);
    definition_free(definition);
    config_free(config);
}

static void test_what_puts_them_away(void **state)
{
    (void)state;
    assert_rules(UP PROD("blue_green", HAPROXY, "rules: { triggers = [ \"up\" ]; };"), 1, "up");
    assert_rules(PROD("blue_green", HAPROXY, "rules: { triggers = [ ]; };"), 0, NULL);
    assert_rules(PROD("blue_green", HAPROXY "rules: { triggers = [ ]; };", ""), 0, NULL);
    assert_rules(PROD("canary", HAPROXY, ""), 0, NULL);
    assert_rules(PROD("blue_green", "traffic = \"nginx:edge\"; backend = \"shop\";", ""), 0, NULL);
    assert_rules(PROD("blue_green", HAPROXY, "") "metrics: { lb_errors: { source = \"push\"; }; };\n", 2,
                 "default-latency");
}

static void test_in_mode_record_they_only_record(void **state)
{
    struct config *config = read_text(PROD("blue_green", HAPROXY, ""));
    struct definition *definition = resolve(config, "shop", "prod", NULL, true);

    (void)state;
    assert_int_equal(definition->rule_count, 3);
    assert_int_equal(definition->plan->rules[0], PLAN_RULE_RECORD);
    definition_free(definition);
    config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_are_there_and_sealed),
        cmocka_unit_test(test_what_puts_them_away),
        cmocka_unit_test(test_in_mode_record_they_only_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
