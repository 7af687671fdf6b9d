/* test_seal.c - definitions out of rule files, and the same ones out of their sealed texts.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_definitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

static void assert_same_list(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++)
        assert_string_equal(a[i], b[i]);
}

static void assert_same_values(const struct option_value *a, const struct option_value *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a[i].is_set, b[i].is_set);
        assert_same_text(a[i].text, b[i].text);
        assert_true(a[i].number == b[i].number);
        assert_int_equal(a[i].duration_ms, b[i].duration_ms);
        assert_int_equal(a[i].flag, b[i].flag);
        assert_int_equal(a[i].choice, b[i].choice);
        assert_same_list(a[i].list, a[i].list_length, b[i].list, b[i].list_length);
    }
}

static void assert_same_metrics(const struct definition *a, const struct definition *b)
{
    assert_int_equal(a->metric_count, b->metric_count);
    for (size_t i = 0; i < a->metric_count; i++) {
        const struct metric_definition *left = &a->metrics[i];
        const struct metric_definition *right = &b->metrics[i];
        assert_string_equal(left->name, right->name);
        assert_int_equal(left->collector, right->collector);
        assert_string_equal(left->source, right->source);
        assert_int_equal(left->kind, right->kind);
        assert_int_equal(left->scope, right->scope);
        assert_string_equal(left->unit, right->unit);
        assert_int_equal(left->step_ms, right->step_ms);
        assert_int_equal(left->every_ms, right->every_ms);
        assert_int_equal(left->age_max_ms, right->age_max_ms);
        assert_int_equal(left->holds_ms, right->holds_ms);
        assert_int_equal(left->no_data, right->no_data);
        assert_int_equal(left->is_lower_better, right->is_lower_better);
        assert_same_values(left->options, right->options, collector_schemas[left->collector].use_count);
    }
}

static void assert_same_rules(const struct definition *a, const struct definition *b)
{
    assert_int_equal(a->rule_count, b->rule_count);
    for (size_t i = 0; i < a->rule_count; i++) {
        assert_string_equal(a->rules[i].name, b->rules[i].name);
        assert_string_equal(a->rules[i].text, b->rules[i].text);
        assert_memory_equal(&a->rules[i].rule, &b->rules[i].rule, sizeof(a->rules[i].rule));
        assert_memory_equal(a->rules[i].metrics, b->rules[i].metrics, sizeof(a->rules[i].metrics));
    }
}

static void assert_same_checks(const struct smoke_definition *a, const struct smoke_definition *b)
{
    assert_int_equal(a->check_count, b->check_count);
    for (size_t i = 0; i < a->check_count; i++) {
        const struct smoke_check *left = &a->checks[i];
        const struct smoke_check *right = &b->checks[i];
        assert_string_equal(left->name, right->name);
        assert_int_equal(left->kind, right->kind);
        assert_same_text(left->method, right->method);
        assert_same_text(left->path, right->path);
        assert_same_text(left->place, right->place);
        assert_same_text(left->server_name, right->server_name);
        assert_same_text(left->trust, right->trust);
        assert_memory_equal(&left->expectation, &right->expectation, sizeof(left->expectation));
        assert_int_equal(left->extract_count, right->extract_count);
        for (uint8_t j = 0; j < left->extract_count; j++) {
            assert_int_equal(left->extracts[j].kind, right->extracts[j].kind);
            assert_same_text(left->extracts[j].path, right->extracts[j].path);
            assert_same_text(left->extracts[j].text, right->extracts[j].text);
        }
    }
}

static void assert_same_smokes(const struct definition *a, const struct definition *b)
{
    assert_int_equal(a->smoke_count, b->smoke_count);
    for (size_t i = 0; i < a->smoke_count; i++) {
        const struct smoke_definition *left = &a->smokes[i];
        const struct smoke_definition *right = &b->smokes[i];
        assert_string_equal(left->name, right->name);
        assert_same_text(left->base_url, right->base_url);
        assert_int_equal(left->settle_ms, right->settle_ms);
        assert_int_equal(left->timeout_ms, right->timeout_ms);
        assert_int_equal(left->every_ms, right->every_ms);
        assert_int_equal(left->attempts, right->attempts);
        assert_same_checks(left, right);
    }
}

static void assert_same_commands(const struct definition *a, const struct definition *b)
{
    assert_int_equal(a->command_count, b->command_count);
    for (size_t i = 0; i < a->command_count; i++) {
        const struct command_definition *left = &a->commands[i];
        const struct command_definition *right = &b->commands[i];
        assert_string_equal(left->name, right->name);
        assert_same_list(left->arguments, left->argument_count, right->arguments, right->argument_count);
        assert_int_equal(left->timeout_ms, right->timeout_ms);
        assert_int_equal(left->is_once, right->is_once);
        assert_int_equal(left->repeat, right->repeat);
        assert_int_equal(left->on_rollback, right->on_rollback);
        assert_int_equal(left->tries_max, right->tries_max);
        assert_int_equal(left->undo, right->undo);
    }
}

static void assert_same_slots(const struct definition *a, const struct definition *b)
{
    assert_int_equal(a->slot_count, b->slot_count);
    for (size_t i = 0; i < a->slot_count; i++) {
        const struct slot_definition *left = &a->slots[i];
        const struct slot_definition *right = &b->slots[i];
        assert_string_equal(left->name, right->name);
        assert_same_list(left->servers, left->server_count, right->servers, right->server_count);
        assert_same_list(left->addresses, left->address_count, right->addresses, right->address_count);
        assert_same_list(left->variables, 2 * left->variable_count, right->variables,
                         2 * right->variable_count);
    }
}

static void assert_same(const struct definition *a, const struct definition *b)
{
    assert_string_equal(a->service, b->service);
    assert_string_equal(a->environment, b->environment);
    assert_string_equal(a->strategy, b->strategy);
    assert_memory_equal(a->plan, b->plan, sizeof(*a->plan));
    assert_same_rules(a, b);
    assert_same_metrics(a, b);
    assert_same_smokes(a, b);
    assert_same_commands(a, b);
    assert_same_slots(a, b);
    assert_true(a->driver == b->driver);
    assert_same_text(a->driver_instance, b->driver_instance);
    if (a->driver != SIZE_MAX)
        assert_same_values(a->driver_options, b->driver_options, driver_schemas[a->driver].use_count);
    assert_int_equal(a->concurrency, b->concurrency);
    assert_same_list(a->notify.all, a->notify.all_count, b->notify.all, b->notify.all_count);
    assert_same_list(a->notify.urgent, a->notify.urgent_count, b->notify.urgent, b->notify.urgent_count);
    assert_int_equal(a->needs_approval, b->needs_approval);
    assert_int_equal(a->not_author, b->not_author);
    assert_same_list(a->approvers, a->approver_count, b->approvers, b->approver_count);
}

/* The sealed text resolves to the same, and is sealed already: nothing else is needed for it. */
static void assert_seals(const struct config *config, const char *service, const char *environment,
                         const char *strategy, bool is_record)
{
    struct err err = {0};
    struct definition *resolved = resolve(config, service, environment, strategy, is_record);
    char *sealed = config_seal(config, service, environment, strategy, is_record, &err);

    assert_non_null(sealed);
    struct definition *unsealed = config_unseal(sealed, &test_schemas, &err);
    if (unsealed == NULL)
        fail_msg("%s\n%s", err.text, sealed);
    assert_same(resolved, unsealed);
    definition_free(unsealed);
    definition_free(resolved);
    free(sealed);
}

static void test_seals_are_exact(void **state)
{
    struct config *config = read_example();

    (void)state;
    assert_seals(config, "shop", "prod", NULL, false);
    assert_seals(config, "shop", "prod", NULL, true);
    assert_seals(config, "shop", "prod", "blue_green", true);
    assert_seals(config, "shop", "prod", "follow", false);
    assert_seals(config, "shop", "staging", NULL, false);
    assert_seals(config, "mailer", "prod", NULL, false);
    config_free(config);
}

static void test_seal_is_canonical(void **state)
{
    struct config *config =
        read_text("vars: { odd = \"a\\\"b\\\\c\\td\\n\"; big = 5000000000L; };\n"
                  "# comments go\nservices: { shop: { environments: { prod: { strategy = \"follow\"; "
                  "commands: { migrate: { exec = [ \"{{odd}}\", \"{{big}}\", \"x\" ]; tries = 2; "
                  "once = true; timeout = \"1m\"; }; }; }; }; }; };");
    struct err err = {0};
    char *sealed = config_seal(config, "shop", "prod", NULL, true, &err);

    (void)state;
    assert_non_null(sealed);
    assert_string_equal(sealed,
                        "rules: {\n};\ntarget: {\n  commands: {\n    migrate: {\n      exec = (\n"
                        "        \"a\\\"b\\\\c\\td\\n\",\n        \"5000000000\",\n        \"x\"\n      );\n"
                        "      tries = 2;\n      once = true;\n      timeout = \"1m\";\n    };\n  };\n};\n"
                        "seal: {\n  format = 1;\n  service = \"shop\";\n  environment = \"prod\";\n"
                        "  strategy = \"follow\";\n  record = true;\n};\n");
    free(sealed);
    assert_seals(config, "shop", "prod", NULL, false);
    config_free(config);
}

static void test_slot_variables_are_sealed(void **state)
{
    struct config *config =
        read_text("vars: { tg = \"outer\"; }; services: { shop: { environments: { prod: { strategy = "
                  "\"follow\"; slots: { one: { vars: { tg = \"{{service}}-1\"; }; }; two: { }; }; }; "
                  "}; }; };");

    (void)state;
    assert_seals(config, "shop", "prod", NULL, false);
    config_free(config);
}

static void test_places_of_smoke_tests_are_sealed(void **state)
{
    struct config *config = read_text(
        "smoke_tests: { doors: { checks: { port: { tcp = \"{{address}}\"; expect = \"banner =~ '^SSH'\"; };\n"
        "cert: { tls = \"{{address}}\"; name = \"{{service}}.example\"; trust = \"/etc/ca.pem\"; };\n"
        "disk: { exec = [ \"/bin/check\", \"{{service}}\", \"{{address}}\" ]; }; }; }; };\n"
        "services: { shop: { rules: { smoke_tests = [ \"doors\" ]; }; environments: { prod: { strategy = "
        "\"follow\"; slots: { one: { address = \"10.0.0.1:443\"; }; }; }; }; }; };");
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);

    (void)state;
    assert_int_equal(definition->smoke_count, 1);
    const struct smoke_check *checks = definition->smokes[0].checks;
    assert_int_equal(checks[0].kind, SMOKE_TCP);
    assert_string_equal(checks[0].place, "{{address}}");
    assert_int_equal(checks[0].extract_count, 1);
    assert_int_equal(checks[1].kind, SMOKE_TLS);
    assert_string_equal(checks[1].server_name, "shop.example");
    assert_int_equal(checks[1].extract_count, 0);
    assert_int_equal(checks[2].kind, SMOKE_EXEC);
    assert_int_equal(checks[2].argument_count, 3);
    assert_string_equal(checks[2].arguments[1], "shop");
    assert_string_equal(checks[2].arguments[2], "{{address}}");
    assert_int_equal(checks[2].extract_count, 1); /* exit == 0 */
    definition_free(definition);
    assert_seals(config, "shop", "prod", NULL, false);
    config_free(config);
}

static void test_scores_are_sealed(void **state)
{
    struct config *config = read_text(
        "metrics: { errors: { source = \"prometheus:main\"; kind = \"counter\"; events = "
        "\"e{v='{{version}}'}\"; "
        "total = \"t{v='{{version}}'}\"; };\n"
        "slow: { source = \"prometheus:main\"; kind = \"counter\"; events = \"s{v='{{version}}'}\"; total = "
        "\"t{v='{{version}}'}\"; };\n"
        "cpu: { source = \"prometheus:main\"; kind = \"gauge\"; query = \"c{v='{{version}}'}\"; }; };\n"
        "baselines: { all: { score: { pass = 90; groups: { users = 60; }; }; then = \"hold\";\n"
        "compare: { errors: { critical = true; groups = [ \"users\" ]; }; slow: { groups = [ \"users\" ]; "
        "};\n"
        "cpu: { test = \"mean_difference\"; allow = \"+20%\"; }; }; }; };\n"
        "services: { shop: { rules: { baselines = [ \"all\" ]; }; environments: { prod: { strategy = "
        "\"follow\"; slots: { one: { address = \"10.0.0.1:443\"; }; two: { address = \"10.0.0.2:443\"; }; }; "
        "}; }; }; };");
    struct definition *definition = resolve(config, "shop", "prod", NULL, false);
    const struct rule_definition *rule = &definition->rules[3];

    (void)state;
    assert_int_equal(definition->rule_count, 4);
    assert_string_equal(rule->name, "all/score");
    assert_string_equal(rule->text, "score of 3 comparisons >= 90, fails below 75");
    assert_int_equal(rule->rule.kind, RULE_SCORE);
    assert_int_equal(rule->rule.score.member_count, 3);
    assert_int_equal(rule->rule.score.critical, 1);
    assert_int_equal(rule->rule.score.groups[0], 1);
    assert_int_equal(rule->rule.score.groups[1], 1);
    assert_int_equal(rule->rule.score.groups[2], 2);
    assert_true(rule->rule.score.weights[0] == 60 &&
                rule->rule.score.weights[1] != rule->rule.score.weights[1]);
    assert_int_equal(definition->plan->rules[0], PLAN_RULE_ACT_HOLD);
    assert_int_equal(definition->plan->rules[1], PLAN_RULE_SCORED);
    assert_int_equal(definition->plan->rules[2], PLAN_RULE_SCORED);
    assert_int_equal(definition->plan->rules[3], PLAN_RULE_ACT_HOLD);
    assert_true((definition->plan->beside_stable & 8) != 0);
    definition_free(definition);
    definition = resolve(config, "shop", "prod", NULL, true);
    assert_int_equal(definition->plan->rules[1], PLAN_RULE_SCORED);
    assert_int_equal(definition->plan->rules[3], PLAN_RULE_RECORD);
    definition_free(definition);
    assert_seals(config, "shop", "prod", NULL, false);
    config_free(config);
}

static void test_seal_does_not_need_the_files(void **state)
{
    struct config *config = read_example();
    struct err err = {0};
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);

    (void)state;
    config_free(config);
    struct definition *definition = config_unseal(sealed, &test_schemas, &err);
    assert_non_null(definition);
    memset(sealed, 'x', strlen(sealed)); /* nothing of the text is kept either */
    free(sealed);
    assert_string_equal(definition->rules[1].text, "error_rate > 2% for 10s");
    definition_free(definition);
}

static void test_damaged_seals(void **state)
{
    static const char *const cases[][2] = {
        {"", "sealed:0: this is no sealed text"},
        {"seal: { format = 2; };", ""},
        {"seal: { format = 1; service = \"s\"; environment = \"e\"; strategy = \"follow\"; record = false; "
         "};",
         ""},
        {"seal: { format = 1; service = \"s\"; environment = \"e\"; strategy = \"own\"; record = false; }; "
         "target: {};",
         ""},
        {"seal: {", ""},
        {"seal: { format = 1; service = \"s\"; environment = \"e\"; strategy = \"follow\"; record = false; "
         "}; target: "
         "{}; metrics: 5; triggers: { a: { when = \"x > 1\"; }; };",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct err err = {0};
        assert_null(config_unseal(cases[i][0], &test_schemas, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(strlen(err.text) > 0);
    }
}

/* A sealed text that is cut anywhere is refused, not misread. */
static void test_cut_seals(void **state)
{
    struct config *config = read_example();
    struct err err = {0};
    char *sealed = config_seal(config, "mailer", "prod", NULL, false, &err);

    (void)state;
    assert_non_null(sealed);
    for (size_t length = strlen(sealed) - 4; length > 0; length -= length > 7 ? 7 : length) {
        sealed[length] = '\0';
        struct definition *definition = config_unseal(sealed, &test_schemas, &err);
        if (definition != NULL)
            assert_non_null(strstr(sealed, "seal: {"));
        definition_free(definition);
    }
    free(sealed);
    config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seals_are_exact),
        cmocka_unit_test(test_seal_is_canonical),
        cmocka_unit_test(test_slot_variables_are_sealed),
        cmocka_unit_test(test_scores_are_sealed),
        cmocka_unit_test(test_places_of_smoke_tests_are_sealed),
        cmocka_unit_test(test_seal_does_not_need_the_files),

        cmocka_unit_test(test_damaged_seals),
        cmocka_unit_test(test_cut_seals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
