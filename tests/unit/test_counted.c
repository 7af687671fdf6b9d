/* test_counted.c - lb_errors and lb_time: there where a driver counts, sealed, and missed with a sentence.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_definitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RULES                                                                                                \
    "triggers: { t: { when = \"lb_errors > 5% and lb_time > 300ms\"; need = \"10 requests\"; }; };\n"        \
    "baselines: { b: { against = [ \"stable\" ]; compare: { lb_errors: { test = \"sequential\"; }; }; }; "   \
    "};\n"
#define SHOP(keys)                                                                                           \
    "services: { shop: { rules: { triggers = [ \"t\" ]; baselines = [ \"b\" ]; }; environments: {\n"         \
    " prod: { strategy = \"follow\"; vars: { where = \"edge\"; }; " keys                                     \
    " slots: { blue: { servers = [ \"one\" ]; }; green: { }; }; }; }; }; };\n"

static const struct metric_definition *find(const struct definition *definition, const char *name)
{
    for (size_t i = 0; i < definition->metric_count; i++)
        if (strcmp(definition->metrics[i].name, name) == 0)
            return &definition->metrics[i];
    fail_msg("no metric %s", name);
    return NULL;
}

static void assert_counted(const struct definition *definition)
{
    const struct metric_definition *errors = find(definition, "lb_errors");
    const struct metric_definition *time = find(definition, "lb_time");

    assert_int_equal(definition->metric_count, 2);
    assert_string_equal(test_schemas.collectors[errors->collector].name, "haproxy");
    assert_string_equal(errors->source, "edge");
    assert_int_equal(errors->kind, SERIES_COUNT);
    assert_int_equal(errors->scope, SCOPE_SIDE);
    assert_int_equal(errors->step_ms, 1000);
    assert_true(errors->is_lower_better);
    assert_string_equal(errors->options[0].text, "shop");
    assert_false(errors->options[1].is_set);
    assert_string_equal(errors->options[2].text, "{{slot}}");
    assert_int_equal(time->kind, SERIES_GAUGE);
    assert_string_equal(time->unit, "ms");
}

static void test_they_need_no_definition(void **state)
{
    struct config *config = read_text(RULES SHOP("traffic = \"haproxy:{{where}}\"; backend = \"shop\";"));
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);
    struct err err = {0};

    (void)state;
    assert_counted(definition);
    definition_free(definition);
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);
    assert_non_null(sealed);
    config_free(config);
    definition = config_unseal(sealed, &test_schemas, &err);
    if (definition == NULL)
        fail_msg("%s", err.text);
    assert_counted(definition);
    definition_free(definition);
    free(sealed);
}

static void test_an_own_definition_goes_before(void **state)
{
    static const char *const text = "metrics: { lb_errors: { source = \"push\"; kind = \"counter\"; }; };\n"
                                    "triggers: { t: { when = \"lb_errors > 5%\"; }; };\n"
                                    "services: { shop: { rules: { triggers = [ \"t\" ]; }; environments: { "
                                    "prod: { strategy = \"follow\"; "
                                    "}; }; }; };\n";
    struct config *config = read_text(text);
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);

    (void)state;
    assert_string_equal(test_schemas.collectors[find(definition, "lb_errors")->collector].name, "push");
    definition_free(definition);
    config_free(config);
}

static void test_without_a_driver_that_counts(void **state)
{
    static const char wanted[] = "'lb_errors' is counted by the traffic driver, and shop/prod has none that "
                                 "counts; set `traffic = \"haproxy:NAME\"`, or define the metric";
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "x.rules", RULES SHOP(""));
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_folder(folder.path, NULL, &test_schemas, &report);
    folder_drop(&folder);
    assert_true(report.count >= 1);
    assert_string_equal(report.findings[0].text, wanted);
    assert_int_equal(report.findings[0].line, 1);
    config_free(config);
}

/* The last rule, in the way of every step but the last one. */
static void assert_measured(const struct definition *definition)
{
    const struct rule_definition *rule = &definition->rules[definition->rule_count - 1];
    uint32_t bit = UINT32_C(1) << (definition->rule_count - 1);

    assert_string_equal(rule->name, "share");
    assert_int_equal(rule->rule.kind, RULE_SHARE);
    assert_string_equal(definition->metrics[rule->metrics[0]].name, "lb_errors");
    assert_int_equal(definition->plan->rules[definition->rule_count - 1], PLAN_RULE_ACT_HOLD);
    assert_true((definition->plan->beside_stable & bit) != 0);
    assert_int_equal(definition->plan->rule_count, definition->rule_count);
}

static void test_a_measured_share_is_a_rule(void **state)
{
    static const char *const texts[] = {
        RULES SHOP("traffic = \"haproxy:edge\"; backend = \"shop\"; measured = true;"),
        "services: { shop: { environments: { prod: { strategy = \"follow\"; traffic = \"haproxy:edge\"; "
        "backend = \"shop\"; measured = true; slots: { blue: { }; green: { }; }; }; }; }; };\n"};
    struct err err = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct config *config = read_text(texts[i]);
        struct definition *definition = resolve(config, "shop", "prod", NULL, false);
        assert_int_equal(definition->rule_count, i == 0 ? 3 : 1);
        assert_measured(definition);
        definition_free(definition);
        char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);
        assert_non_null(sealed);
        config_free(config);
        definition = config_unseal(sealed, &test_schemas, &err);
        assert_non_null(definition);
        assert_measured(definition);
        definition_free(definition);
        free(sealed);
    }
}

static void test_it_is_none_where_nobody_asks(void **state)
{
    struct config *config =
        read_text(RULES SHOP("traffic = \"haproxy:edge\"; backend = \"shop\"; measured = false;"));
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);

    (void)state;
    assert_int_equal(definition->rule_count, 2);
    definition_free(definition);
    config_free(config);
}

/* An alert that others tell us of needs no definition either: it is posted, one for the whole service. */
static void test_signals(void **state)
{
    static const char *const text =
        "triggers: { t: { when = \"signal('HighErrors') or signal(slow)\"; }; u: { when = \"signal(slow)\"; "
        "}; };\n"
        "services: { shop: { rules: { triggers = [ \"t\", \"u\" ]; }; environments: { "
        "prod: { strategy = \"follow\"; }; }; }; };\n";
    struct config *config = read_text(text);
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);
    const struct metric_definition *signal = find(definition, "signal_higherrors");

    (void)state;
    assert_int_equal(definition->metric_count, 2);
    assert_string_equal(test_schemas.collectors[signal->collector].name, "push");
    assert_int_equal(signal->kind, SERIES_GAUGE);
    assert_int_equal(signal->scope, SCOPE_SERVICE);
    assert_int_equal(signal->age_max_ms, 15 * 60 * 1000);
    assert_int_equal(definition->rules[0].rule.metric_count, 2);
    assert_string_equal(definition->metrics[definition->rules[1].metrics[0]].name, "signal_slow");
    definition_free(definition);
    config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_measured_share_is_a_rule),
        cmocka_unit_test(test_it_is_none_where_nobody_asks),
        cmocka_unit_test(test_they_need_no_definition),
        cmocka_unit_test(test_an_own_definition_goes_before),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_without_a_driver_that_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
