/* test_sharing.c - definitions that differ in nothing but their names share what they point to.
 * SPDX-License-Identifier: MIT */
#include "config/sharing.h"
#include "support/config_definitions.h"

#define SERVICE(name, trigger, limit)                                                                        \
#name ": { vars: { limit = \"" limit "\"; };  rules: { triggers = [ \"" trigger                          \
          "\" ]; };  environments: "                                                                         \
          "{ prod: { strategy = \"quiet\"; }; staging: { strategy = \"quiet\"; }; }; };\n"

static const char rules[] =
    "metrics: { share: { source = \"prometheus:main\";  kind = \"counter\";  events = "
    "\"e{v='{{version}}'}\"; "
    " "
    "total = \"t{v='{{version}}'}\"; };\n"
    "named: { source = \"prometheus:main\";  kind = \"counter\";  events = \"e{s='{{service}}'}\";  "
    "total = \"t{s='{{service}}',v='{{version}}'}\"; }; };\n"
    "triggers: { errors: { when = \"share > {{limit}}\";  then = \"rollback\"; };\n"
    "  own: { when = \"named > {{limit}}\";  then = \"rollback\"; }; };\n"
    "strategies: { quiet: { kind = \"follow\";  steps = ( { watch = \"10m\"; } ); }; };\n"
    "services: { " SERVICE(one, "errors", "5%") SERVICE(two, "errors", "5%") SERVICE(strict, "errors", "1%")
        SERVICE(named, "own", "5%") SERVICE(other, "own", "5%") " };\n";

struct bench {
    struct config *config;
    struct definition_pool *pool;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->config = read_text(rules);
    bench->pool = definition_pool_new();
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(definition_pool_bytes(bench->pool), 0);
    definition_pool_free(bench->pool);
    config_free(bench->config);
    free(bench);
    return 0;
}

static struct definition *share(const struct bench *bench, const char *service, const char *environment,
                                enum plan_kind kind)
{
    struct err err = {0};
    struct definition *definition = resolve(bench->config, service, environment, NULL, false);
    char *sealed = config_seal(bench->config, service, environment, NULL, false, &err);

    assert_non_null(sealed);
    definition->plan->kind = kind;
    struct definition *shared = definition_share(bench->pool, definition, sealed);
    free(sealed);
    assert_string_equal(shared->service, service);
    assert_string_equal(shared->environment, environment);
    return shared;
}

static void test_two_names_are_one_definition(void **state)
{
    struct bench *bench = *state;
    struct definition *one = share(bench, "one", "prod", PLAN_DEPLOY);
    size_t bytes = definition_pool_bytes(bench->pool);
    struct definition *two = share(bench, "two", "staging", PLAN_DEPLOY);

    assert_int_equal(definition_pool_bytes(bench->pool), bytes);
    assert_ptr_equal(one->rules, two->rules);
    assert_ptr_equal(one->metrics, two->metrics);
    assert_ptr_equal(one->plan, two->plan);
    assert_ptr_not_equal(one->service, two->service);
    assert_true(bytes > sizeof(struct plan) && two->bytes < sizeof(struct definition) + 64);
    /* What the first one brought stays as long as anybody has it. */
    definition_free(one);
    assert_int_equal(definition_pool_bytes(bench->pool), bytes);
    assert_string_equal(two->rules[0].name, "errors");
    assert_string_equal(two->metrics[0].name, "share");
    assert_int_equal(two->plan->count, 1);
    struct definition *again = share(bench, "one", "prod", PLAN_DEPLOY);
    assert_ptr_equal(again->rules, two->rules);
    definition_free(two);
    definition_free(again);
}

static void test_what_says_something_else_is_its_own(void **state)
{
    struct bench *bench = *state;
    struct definition *all[] = {
        share(bench, "one", "prod", PLAN_DEPLOY), share(bench, "strict", "prod", PLAN_DEPLOY),
        share(bench, "named", "prod", PLAN_DEPLOY), share(bench, "other", "prod", PLAN_DEPLOY),
        share(bench, "one", "prod", PLAN_ROLLBACK)};

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        for (size_t j = i + 1; j < ARRAY_LENGTH(all); j++) {
            assert_ptr_not_equal(all[i]->rules, all[j]->rules);
            assert_ptr_not_equal(all[i]->plan, all[j]->plan);
        }
    assert_int_equal(all[4]->plan->kind, PLAN_ROLLBACK);
    assert_int_equal(all[0]->plan->kind, PLAN_DEPLOY);
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        definition_free(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_names_are_one_definition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_says_something_else_is_its_own, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
