/* test_resolve.c - what definitions say that rule files resolve to.
 * SPDX-License-Identifier: MIT */
#include "config/against.h"
#include "config/side.h"
#include "support/config_definitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_what_the_example_means(void **state)
{
    struct config *config = read_example();
    struct definition *shop = resolve(config, "shop", "prod", NULL, false);

    (void)state;
    assert_string_equal(shop->strategy, "careful");
    assert_int_equal(shop->plan->strategy, STRATEGY_CANARY);
    assert_int_equal(shop->plan->count, 13);
    assert_int_equal(shop->plan->steps[0].kind, STEP_APPROVE);
    assert_int_equal(shop->plan->steps[0].limit_ms, 8 * 3600 * 1000);
    assert_int_equal(shop->plan->steps[1].kind, STEP_COMMAND);
    assert_int_equal(shop->plan->steps[1].on_rollback, ON_ROLLBACK_KEEP);
    assert_int_equal(shop->plan->steps[2].tries_max, 3);
    assert_int_equal(shop->plan->steps[2].limit_ms, 300000 + 7000); /* and the runner's TERM and KILL */
    /* settle 5 s, 2 checks at 2 addresses, 3 attempts of 2 s with 1 s between, 1 s to spare */
    assert_int_equal(shop->plan->steps[3].limit_ms, 5000 + 2 * 2 * 3 * 3000 + 1000);
    assert_int_equal(shop->plan->steps[4].share, 500);
    assert_int_equal(shop->plan->steps[5].limit_ms, 30 * 60000);
    assert_int_equal(shop->plan->steps[7].limit_ms, 15 * 60000); /* 10 min and the baseline's 5 min */
    assert_int_equal(shop->plan->steps[7].on_limit, OUTCOME_ROLLBACK);
    assert_int_equal(shop->plan->steps[10].kind, STEP_APPROVE);
    assert_int_equal(shop->plan->steps[10].limit_ms, 2 * 3600 * 1000);
    assert_int_equal(shop->plan->retire, 2);
    assert_int_equal(shop->plan->retire_delay_ms, 3600 * 1000);
    assert_int_equal(shop->plan->rule_count, 4);
    assert_int_equal(shop->plan->rules[0], PLAN_RULE_ACT_ROLLBACK);
    assert_int_equal(shop->plan->rules[3], PLAN_RULE_RECORD);
    assert_string_equal(shop->rules[0].name, "http/error_rate");
    assert_string_equal(shop->rules[0].text, "error_rate <= stable +50%, ignored below 0.1%");
    assert_true(shop->rules[0].rule.comparison.allowed_ratio == 1.5);
    assert_true(shop->rules[0].rule.comparison.ignore_below == 0.001);
    assert_true(shop->rules[0].rule.comparison.alpha == 0.01);
    assert_true(shop->rules[0].rule.comparison.events_min == 5);
    assert_int_equal(shop->rules[0].rule.comparison.block_ms, 30000);
    assert_int_equal(shop->rules[0].rule.warmup_ms, 30000);
    assert_true(shop->rules[0].rule.need == 200);
    assert_string_equal(shop->metrics[shop->rules[0].metrics[0]].name, "error_rate");
    assert_string_equal(shop->metrics[shop->rules[2].metrics[0]].name, "latency");
    assert_int_equal(shop->rules[3].rule.mode, RULE_RECORD);
    assert_int_equal(shop->rules[3].rule.outcome, RULE_HOLD);
    assert_int_equal(shop->metrics[0].step_ms, 5000);
    assert_int_equal(shop->metrics[0].age_max_ms, 15000);
    assert_int_equal(shop->concurrency, CONCURRENCY_QUEUE);
    assert_string_equal(shop->driver_options[1].text, "cookie:SID");
    assert_string_equal(shop->slots[1].addresses[1], "10.0.0.14:80");
    assert_string_equal(shop->commands[2].arguments[2], "shop@{{slot}}");
    assert_string_equal(shop->smokes[0].checks[1].extracts[0].text, "{{version}}");
    assert_true(shop->needs_approval && shop->not_author);
    assert_string_equal(shop->approvers[0], "sre");
    assert_string_equal(shop->notify.urgent[0], "pagerduty:shop");
    definition_free(shop);
    config_free(config);
}

/* Each test of a comparison, in the order of the file. */
static void test_what_comparisons_mean(void **state)
{
    struct config *config =
        read_text("metrics: {\n"
                  "  errors: { source = \"prometheus:main\"; kind = \"counter\"; events = \"e{{slot}}\"; "
                  "total = \"t{{slot}}\"; };\n"
                  "  slow: { source = \"prometheus:main\"; kind = \"histogram\"; unit = \"ms\"; buckets = "
                  "\"b{{slot}}\"; };\n"
                  "  cpu: { source = \"prometheus:main\"; query = \"c{{slot}}\"; better = \"lower\"; };\n"
                  "  up: { source = \"prometheus:main\"; query = \"u{{slot}}\"; better = \"higher\"; }; };\n"
                  "baselines: { b: { compare: {\n"
                  "  slow: { above = \"0.3s\"; allow = \"+25%\"; };\n"
                  "  cpu: { test = \"mean_difference\"; allow = \"+10%\"; ignore_below = \"40\"; };\n"
                  "  up: { test = \"mann_whitney\"; allow = \"+1%\"; tolerance = 0.5; };\n"
                  "  errors: { test = \"mann_whitney\"; confidence = 0.99; }; }; };\n"
                  " c: { compare: { slow: { test = \"latency_tail\"; }; }; }; };\n"
                  "services: { shop: { rules: { baselines = [ \"b\", \"c\" ]; }; environments: { prod: { "
                  "strategy = \"follow\"; "
                  "slots: { blue: { }; green: { }; }; }; }; }; };\n");
    struct definition *shop = resolve(config, "shop", "prod", NULL, false);
    const struct rule_definition *rules = shop->rules;

    (void)state;
    assert_int_equal(shop->rule_count, 5);
    assert_int_equal(rules[0].rule.comparison.test, COMPARISON_LATENCY_TAIL);
    assert_true(rules[0].rule.comparison.above == 300 && rules[0].rule.comparison.allowed_ratio == 1.25);
    assert_string_equal(rules[0].text, "slow above 0.3s <= stable +25%");
    assert_int_equal(rules[1].rule.comparison.test, COMPARISON_MEAN_DIFFERENCE);
    assert_string_equal(rules[1].text, "mean cpu <= stable +10%, ignored below 40");
    assert_true(rules[1].rule.metrics[0].is_lower_better && rules[1].rule.comparison.ignore_below == 40);
    assert_int_equal(rules[2].rule.comparison.test, COMPARISON_MANN_WHITNEY);
    assert_true(rules[2].rule.comparison.tolerance == .5 && rules[2].rule.comparison.confidence == .98);
    assert_false(rules[2].rule.metrics[0].is_lower_better);
    assert_string_equal(rules[2].text, "level of up >= stable, 1% worse allowed");
    assert_true(rules[3].rule.comparison.tolerance == .25 && rules[3].rule.comparison.confidence == .99);
    assert_true(rules[4].rule.comparison.above == 0);
    assert_string_equal(rules[4].text, "slow slow <= stable +0%");
    definition_free(shop);
    config_free(config);
}

static void test_other_environments(void **state)
{
    struct config *config = read_example();
    struct definition *staging = resolve(config, "shop", "staging", NULL, false);
    struct definition *mailer = resolve(config, "mailer", "prod", NULL, false);

    (void)state;
    assert_int_equal(staging->rule_count, 3);
    assert_string_equal(staging->rules[0].text, "error_rate > 5% for 10s");
    assert_int_equal(staging->commands[0].undo, 1);
    assert_string_equal(staging->commands[1].name, "deploy/undo");
    assert_int_equal(staging->commands[1].repeat, REPEAT_IDEMPOTENT);
    assert_true(staging->driver == SIZE_MAX);
    assert_int_equal(staging->plan->steps[0].undo, 1);
    assert_int_equal(staging->plan->verify, 0);
    definition_free(staging);
    assert_int_equal(mailer->plan->count, 1);
    assert_int_equal(mailer->plan->rollback_command, 0);
    assert_int_equal(mailer->metrics[0].scope, SCOPE_SERVICE);
    assert_string_equal(mailer->metrics[0].options[0].text, "telemetry/prod/mailer/queue");
    definition_free(mailer);
    struct definition *record = resolve(config, "shop", "prod", NULL, true);
    assert_int_equal(record->plan->count, 1);
    assert_true(record->plan->is_record);
    assert_int_equal(record->plan->rules[0], PLAN_RULE_RECORD);
    definition_free(record);
    config_free(config);
}

static void test_a_probe_makes_the_class(void **state)
{
    static const char *const text =
        "services: { shop: { environments: { prod: { strategy = \"recreate\"; slots: { only: { address = "
        "\"h:1\"; }; }; commands: {\n"
        "  deploy: { exec = [ \"/d\" ]; timeout = \"7s\"; undo: { exec = [ \"/u\" ]; }; probe: { exec = [ "
        "\"/p\" "
        "]; }; };\n"
        "  other: { exec = [ \"/o\" ]; }; }; }; }; }; };\n";
    struct config *config = read_text(text);
    struct definition *prod = resolve(config, "shop", "prod", NULL, false);
    const struct command_definition *deploy = &prod->commands[0];

    (void)state;
    assert_int_equal(prod->command_count, 4);
    assert_int_equal(deploy->repeat, REPEAT_PROBE);
    assert_int_equal(deploy->tries_max, 3);
    assert_string_equal(prod->commands[deploy->undo].name, "deploy/undo");
    assert_string_equal(prod->commands[deploy->probe].name, "deploy/probe");
    assert_true(prod->commands[deploy->probe].is_probe && !deploy->is_probe);
    assert_int_equal(prod->commands[deploy->probe].timeout_ms, 7000);
    assert_int_equal(prod->commands[1].repeat, REPEAT_UNSAFE);
    assert_int_equal(prod->commands[1].probe, PLAN_NONE);
    assert_int_equal(prod->plan->steps[0].probe, deploy->probe);
    definition_free(prod);
    config_free(config);
}

/* Without a traffic driver one version takes the other's place: nothing serves beside the candidate. */
static void test_comparisons_without_another_side(void **state)
{
    static const char *const text = "metrics: { m: { source = \"push\"; kind = \"counter\"; }; };\n"
                                    "baselines: { b: { compare: { m: { }; }; }; };\n"
                                    "services: { shop: { rules: { baselines = [ \"b\" ]; }; environments: {\n"
                                    "  here: { strategy = \"recreate\"; };\n"
                                    "  there: { strategy = \"recreate\"; traffic = \"haproxy:edge\"; backend "
                                    "= \"b\"; slots: { a: { }; }; }; "
                                    "}; }; };\n";
    struct config *config = read_text(text);
    struct definition *here = resolve(config, "shop", "here", NULL, false);
    struct definition *there = resolve(config, "shop", "there", NULL, false);

    (void)state;
    assert_int_equal(here->plan->rules[0], PLAN_RULE_RECORD);
    assert_int_equal(there->plan->rules[0], PLAN_RULE_ACT_ROLLBACK);
    assert_int_equal(there->plan->beside_stable, 1);
    definition_free(here);
    definition_free(there);
    config_free(config);
}

/* Who may be held against the past acts there, and holds up the step at 100 % too. */
static void test_comparisons_with_the_past(void **state)
{
    static const char *const text =
        "metrics: { m: { source = \"push\"; kind = \"counter\"; scope = \"service\"; };\n"
        "  n: { source = \"push\"; kind = \"counter\"; }; g: { source = \"push\"; resolution = \"1s\"; }; "
        "};\n"
        "baselines: { b: { against = [ \"before\", \"7d\" ]; compare: { m: { allow = \"+50%\"; }; }; };\n"
        "  c: { against = [ \"stable\", \"before\" ]; alpha = 0.02; compare: {\n"
        "    g: { test = \"mean_difference\"; allow = \"+10%\"; ignore_below = \"5\"; }; n: { }; }; }; };\n"
        "services: { shop: { rules: { baselines = [ \"b\", \"c\" ]; }; environments: {\n"
        "  here: { strategy = \"recreate\"; }; }; }; };\n";
    struct config *config = read_text(text);
    struct definition *here = resolve(config, "shop", "here", NULL, false);
    const struct rule_definition *rules = here->rules;
    char name[AGAINST_TEXT_MAX];

    (void)state;
    assert_int_equal(here->rule_count, 3);
    for (size_t r = 0; r < 3; r++)
        assert_int_equal(here->plan->rules[r], PLAN_RULE_ACT_ROLLBACK);
    assert_int_equal(here->plan->beside_stable, 0);
    assert_string_equal(rules[0].text, "m <= before or else 7d +50%");
    assert_string_equal(rules[1].text, "mean g <= stable or else before +10%, ignored below 5");
    assert_int_equal(rules[0].rule.comparison.block_ms, 60000); /* of days ago minutes are kept */
    assert_int_equal(rules[1].rule.comparison.block_ms, 30000);
    assert_true(rules[1].rule.comparison.alpha == .01); /* one half beside each */
    assert_true(rules[2].rule.comparison.alpha == .02); /* one test beside both */
    against_name(&rules[0].rule.comparison, 2, name);
    assert_string_equal(name, "7d");
    against_name(&rules[0].rule.comparison, 0, name);
    assert_string_equal(name, "");
    against_name(&rules[0].rule.comparison, 9, name);
    assert_string_equal(name, "");
    assert_true(side_wants_past(here) && side_wants_before(here, 0) && side_reads_days(&rules[0], 0, 7));
    assert_false(side_reads_days(&rules[0], 0, 1) || side_reads_days(&rules[1], rules[1].metrics[0], 7));
    assert_int_equal(side_past_steps(here, 0), SIDE_PAST_STEPS);
    definition_free(here);
    config_free(config);
}

static void test_the_innermost_variable_wins(void **state)
{
    static const char *const text =
        "vars: { a = \"file\"; b = \"file\"; c = \"{{service}}.{{environment}}\"; tg = \"outer\"; };\n"
        "metrics: { m: { source = \"mqtt:plant\"; topic = \"{{a}}/{{b}}/{{c}}/{{tg}}/{{slot}}\"; }; };\n"
        "triggers: { t: { when = \"m > 1\"; }; };\n"
        "services: { shop: { vars: { b = \"service\"; }; rules: { triggers = [ \"t\" ]; }; environments: {\n"
        "  prod: { strategy = \"follow\"; vars: { a = \"environment\"; };\n"
        "    slots: { one: { vars: { tg = \"{{b}}-1\"; }; }; two: { }; }; }; }; }; };\n";
    struct config *config = read_text(text);
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);

    (void)state;
    assert_string_equal(definition->metrics[0].options[0].text,
                        "environment/service/shop.prod/{{tg}}/{{slot}}");
    assert_int_equal(definition->slots[0].variable_count, 1);
    assert_string_equal(definition->slots[0].variables[0], "tg");
    assert_string_equal(definition->slots[0].variables[1], "service-1");
    assert_string_equal(definition->slots[1].variables[1], "outer");
    definition_free(definition);
    config_free(config);
}

static void test_variables_of_the_services_file_win(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules",
                 "vars: { max = 5; min = 1; }; metrics: { m: { source = \"push\"; }; };"
                 "triggers: { t: { when = \"m > {{max}} or m < {{min}}\"; }; };");
    folder_write(
        &folder, "b.rules",
        "vars: { max = 7; }; services: { shop: { rules: { triggers = [ \"t\" ]; }; environments: { prod: { "
        "strategy = \"follow\"; }; }; }; };");
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_folder(folder.path, NULL, &test_schemas, &report);
    assert_int_equal(report.count, 0);
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);
    assert_string_equal(definition->rules[0].text, "m > 7 or m < 1");
    definition_free(definition);
    config_free(config);
    folder_drop(&folder);
}

static void assert_not_resolved(const struct config *config, const char *service, const char *environment,
                                const char *strategy, enum err_code code, const char *expected)
{
    struct err err = {0};

    assert_null(config_resolve(config, service, environment, strategy, false, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, expected);
    err = (struct err){0};
    if (code == ERR_NOT_FOUND) {
        assert_null(config_seal(config, service, environment, strategy, false, &err));
        assert_string_equal(err.text, expected);
    }
}

static struct rule_limits limits_of(const char *limits)
{
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "metrics: { m: { source = \"push\"; every = \"5s\"; }; };\n"
                   "triggers: { t: { when = \"m > 1\"; %s }; };\n"
                   "services: { shop: { rules: { triggers = [ \"t\" ]; }; environments: { prod: { strategy = "
                   "\"follow\"; }; }; }; };\n",
                   limits);
    struct config *config = read_text(text);
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);
    struct rule_limits found = definition->rules[0].rule.limits;
    definition_free(definition);
    config_free(config);
    return found;
}

static void test_limits_of_a_trigger(void **state)
{
    struct rule_limits limits = limits_of("");

    (void)state;
    assert_int_equal(limits.every_ms, 0);
    limits = limits_of("limits: { };");
    assert_int_equal(limits.every_ms, 5000); /* its metric's */
    assert_int_equal(limits.failures, 1);
    limits = limits_of("limits: { every = \"30s\"; failures_in_a_row = 2; checks = 5; successes = 3; "
                       "inconclusive = 4; source_errors = 6; };");
    assert_int_equal(limits.every_ms, 30000);
    assert_int_equal(limits.failures, 0);
    assert_int_equal(limits.failures_in_row, 2);
    assert_int_equal(limits.checks, 5);
    assert_int_equal(limits.successes, 3);
    assert_int_equal(limits.inconclusive, 4);
    assert_int_equal(limits.source_errors, 6);
}

static void test_names_that_do_not_exist(void **state)
{
    struct config *config = read_example();

    (void)state;
    assert_not_resolved(config, "shp", "prod", NULL, ERR_NOT_FOUND,
                        "unknown service 'shp'; did you mean 'shop'?");
    assert_not_resolved(config, "shop", "prd", NULL, ERR_NOT_FOUND,
                        "unknown environment 'prd'; did you mean 'prod'?");
    assert_not_resolved(config, "shop", "prod", "carefull", ERR_NOT_FOUND,
                        "unknown strategy 'carefull'; did you mean 'careful'?");
    assert_not_resolved(config, "nothing", "prod", NULL, ERR_NOT_FOUND, "unknown service 'nothing'");
    assert_not_resolved(
        config, "mailer", "prod", "canary", ERR_INVALID,
        "tests/unit/data/example.rules:51: strategy 'canary' for mailer/prod, step 1: a step routes "
        "traffic, but the environment names no traffic driver; set `traffic`");
    config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_example_means),
        cmocka_unit_test(test_a_probe_makes_the_class),
        cmocka_unit_test(test_what_comparisons_mean),
        cmocka_unit_test(test_other_environments),
        cmocka_unit_test(test_comparisons_without_another_side),
        cmocka_unit_test(test_comparisons_with_the_past),
        cmocka_unit_test(test_the_innermost_variable_wins),
        cmocka_unit_test(test_variables_of_the_services_file_win),
        cmocka_unit_test(test_limits_of_a_trigger),
        cmocka_unit_test(test_names_that_do_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
