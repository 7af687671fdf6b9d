/* test_groups.c - groups of services: what is said about broken ones, and what a run of a whole one is.
 * SPDX-License-Identifier: MIT */
#include "config/run_definition.h"

#include "support/config_cases.h"

#define BLUE_GREEN "{ strategy = \"recreate\"; traffic = \"haproxy:edge\"; backend = \"b\"; " SLOTS " }"
#define LOCKED                                                                                               \
    "{ strategy = \"recreate\"; traffic = \"haproxy:edge\"; backend = \"b\"; lock = \"db\"; " SLOTS " }"
#define DEPLOY "deploy: { exec = [ \"/bin/d\" ]; "

/* One a line: cart and pay may be in a group; the others have something against it. */
static const char services[] =
    METRIC "services: {\n"
           "cart: { environments: { prod: " BLUE_GREEN "; }; };\n"
           "pay: { environments: { prod: " BLUE_GREEN "; staging: " BLUE_GREEN "; }; };\n"
           "followed: { environments: { prod: { strategy = \"follow\"; " SLOTS " }; }; };\n"
           "stuck: { environments: { prod: { strategy = \"recreate\"; " SLOTS " commands: { " DEPLOY
           " }; }; }; }; };\n"
           "undone: { environments: { prod: { strategy = \"recreate\"; " SLOTS " commands: { " DEPLOY
           "undo: { exec = [ \"/bin/u\" ]; }; }; }; }; }; };\n"
           "final: { environments: { prod: { strategy = \"recreate\"; traffic = \"haproxy:edge\"; backend = "
           "\"b\"; " SLOTS " commands: { " DEPLOY "on_rollback = \"hold\"; }; }; }; }; };\n"
           "asking: { environments: { prod: { strategy = \"rolling\"; hosts_from: { exec = [ \"/bin/h\" ]; "
           "}; commands: { "
           "deploy: { exec = [ \"/bin/d\", \"{{host}}\" ]; repeat = \"idempotent\"; }; }; }; }; };\n"
           "locked: { environments: { prod: " LOCKED "; }; };\n"
           "late: { environments: { prod: " LOCKED "; }; };\n"
           "};\n";

#define GROUP(inside) "groups: { checkout: { " inside " }; };\n"

struct group_case {
    const char *text, *expected;
};

static const struct group_case cases[] = {
    {GROUP("services = [ \"cart\", \"pay\" ]; environment = \"prod\";"), ""},
    {GROUP("services = [ \"cart\", \"undone\" ]; environment = \"prod\";"), ""},
    {GROUP(""), "x.rules:13: environment is missing (where all of them are deployed)\n"
                "x.rules:13: services is missing (what is deployed together, in this order, and goes back in "
                "reverse)"},
    {GROUP("services = [ \"cart\" ]; environment = \"prod\";"),
     "x.rules:13: services: 1 elements; 2 to 8 are allowed"},
    {GROUP("services = [ \"cart\", \"pax\" ]; environment = \"prod\";"),
     "x.rules:13: unknown service 'pax'; did you mean 'pay'?"},
    {GROUP("services = [ \"cart\", \"pay\", \"cart\" ]; environment = \"prod\";"),
     "x.rules:13: 'cart' stands in the group already"},
    {GROUP("services = [ \"cart\", \"pay\" ]; environment = \"staging\";"),
     "x.rules:13: 'cart' has no environment 'staging', where the group is deployed"},
    {GROUP("services = [ \"cart\",\n\"followed\" ]; environment = \"prod\";"),
     "x.rules:14: followed/prod is only followed: its own pipeline moves the traffic, and waits for nobody"},
    {GROUP("services = [ \"cart\", \"stuck\" ]; environment = \"prod\";"),
     "x.rules:13: stuck/prod has no way back (traffic, hosts or an `undo`), so it could not go back with the "
     "others"},
    {GROUP("services = [ \"cart\", \"final\" ]; environment = \"prod\";"),
     "x.rules:13: final/prod has a command with on_rollback = \"hold\": it could not go back with the "
     "others"},
    {GROUP("services = [ \"cart\", \"asking\" ]; environment = \"prod\";"),
     "x.rules:13: asking/prod asks a command for its hosts (hosts_from), which a group cannot; name them in "
     "`hosts`"},
    {GROUP("services = [ \"cart\", \"locked\" ]; environment = \"prod\";"), ""},
    {GROUP("services = [ \"locked\", \"late\" ]; environment = \"prod\";"),
     "x.rules:13: late/prod names the lock 'db' as another one of the group does: they would wait for each "
     "other"},
    {GROUP("services = [ \"cart\", 5 ]; environment = \"prod\";"),
     "x.rules:13: the elements of [ ] are of different kinds; use ( ) for that"},
    {GROUP("services = ( \"cart\", 5 ); environment = \"prod\";"),
     "x.rules:13: services: takes a list of texts in quotes"},
    {GROUP("services = [ \"cart\", \"pay\" ]; environment = \"prod\"; versions: { cart = \"1\"; };"),
     "x.rules:13: unknown key 'versions'"},
    {"groups: { Checkout: { services = [ \"cart\", \"pay\" ]; environment = \"prod\"; }; };",
     "x.rules:13: 'Checkout' is no name: small letters, digits, -, at most 63"},
    {GROUP("services = [ \"cart\", \"pay\" ]; environment = \"prod\";") "groups: { checkout: { }; };",
     "x.rules:14: this name stands twice in its group; rename or remove one"},
};

static void test_findings(void **state)
{
    char text[8192];
    char found[8192];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int length = snprintf(text, sizeof(text), "%s%s", services, cases[i].text);
        config_free(read_text(text, (size_t)length, found, sizeof(found)));
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu\n%s\n--- says\n%s\n--- not\n%s\n", i, cases[i].text, found, cases[i].expected);
    }
}

static struct config *read_whole(void)
{
    char text[8192];
    char found[1024];
    int length = snprintf(text, sizeof(text), "%s%s", services,
                          GROUP("services = [ \"cart\", \"pay\" ]; environment = \"prod\"; "
                                "notify: { urgent = [ \"slack:ops\" ]; };"));
    struct config *config = read_text(text, (size_t)length, found, sizeof(found));

    assert_string_equal(found, "");
    return config;
}

/* One stage, its deployments all at once, each with its own version, in the order of the group. */
static void test_run(void **state)
{
    static const struct run_member members[] = {{"pay", "2.1", "sha256:ab"}, {"cart", "2.0", ""}};
    struct err err = {0};
    struct config *config = read_whole();
    char *sealed = config_seal_group(config, "checkout", members, ARRAY_LENGTH(members), &err);

    (void)state;
    config_free(config);
    assert_non_null(sealed);
    struct run_definition *definition = config_unseal_pipeline(sealed, &err);
    assert_non_null(definition);
    const struct run_plan *plan = &definition->plan;
    assert_string_equal(definition->pipeline, "checkout");
    assert_true(definition->is_group);
    assert_string_equal(definition->service, "");
    assert_string_equal(definition->stages[0], "prod");
    assert_int_equal(plan->stage_count, 1);
    assert_int_equal(plan->task_count, 2);
    assert_true(plan->stages[0].is_together);
    assert_int_equal(plan->stages[0].count, 2);
    assert_int_equal(plan->stages[0].parallel, 2);
    assert_int_equal(plan->stages[0].on_failure, RUN_OUTCOME_FAIL);
    for (uint8_t i = 0; i < 2; i++) {
        assert_int_equal(plan->tasks[i].kind, RUN_TASK_DEPLOY);
        assert_string_equal(definition->tasks[i].environment, "prod");
    }
    assert_string_equal(definition->tasks[0].name, "cart");
    assert_string_equal(definition->tasks[0].service, "cart");
    assert_string_equal(definition->tasks[0].version, "2.0");
    assert_string_equal(definition->tasks[0].digest, "");
    assert_string_equal(definition->tasks[1].service, "pay");
    assert_string_equal(definition->tasks[1].version, "2.1");
    assert_string_equal(definition->tasks[1].digest, "sha256:ab");
    assert_int_equal(definition->notify.urgent_count, 1);
    assert_string_equal(definition->notify.urgent[0], "slack:ops");
    free(sealed);
    run_definition_free(definition);
}

static void assert_refused(const char *group, const struct run_member *members, size_t count,
                           enum err_code code, const char *expected)
{
    struct err err = {0};
    struct config *config = read_whole();

    assert_null(config_seal_group(config, group, members, count, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, expected);
    config_free(config);
}

static void test_versions_that_do_not_fit(void **state)
{
    static const struct run_member members[] = {
        {"cart", "2.0", ""}, {"pay", "2.1", ""}, {"cart", "2.2", ""}, {"mail", "1", ""}};

    (void)state;
    assert_refused("chekout", members, 2, ERR_NOT_FOUND, "unknown group 'chekout'; did you mean 'checkout'?");
    assert_refused("checkout", members, 1, ERR_INVALID,
                   "no version of 'pay' is given; a group is deployed as a whole");
    assert_refused("checkout", members, 3, ERR_INVALID, "two versions of 'cart' are given");
    assert_refused("checkout", &members[3], 1, ERR_INVALID, "the group 'checkout' has no service 'mail'");
}

/* What the journal holds may have been damaged. */
static void test_broken_seals(void **state)
{
    static const char *const texts[] = {
        "group = \"a\"; groups: { a: { services = [ \"b\", \"c\" ]; environment = \"d\"; }; };",
        "group = \"a\"; groups: { a: { services = [ \"b\", \"c\" ]; environment = \"d\"; versions: { b = "
        "\"1\"; }; "
        "}; };",
        "group = \"a\"; groups: { b: { }; };"};
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_null(config_unseal_pipeline(texts[i], &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_versions_that_do_not_fit),
        cmocka_unit_test(test_broken_seals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
