/* test_findings_secrets.c - secrets of commands and tasks: what is said of those that are wrong, and that the
 * others are sealed by name.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/run_definition.h"
#include "support/config_cases.h"

#define PROD(more)                                                                                           \
    SERVICE("strategy = \"recreate\"; vars: { path = \"kv/shop\"; }; commands: { deploy: { exec = [ \"/d\" " \
            "]; " more " }; };")
#define TASK(more)                                                                                           \
    METRIC SERVICE("strategy = \"follow\"; " SLOTS) "pipelines: { shop: { service = \"shop\"; stages: { "    \
                                                    "build: { dist: { " more " }; }; }; }; };"

static const struct finding_case cases[] = {
    {PROD("secrets = { DB_PASSWORD = \"vault:kv/shop#db\"; X_1 = \"file:/run/x\"; A = \"env:A\"; };"), ""},
    {PROD("secrets = { DB = \"vault:{{path}}/{{environment}}#db\"; };"), ""},
    {PROD("undo: { exec = [ \"/u\" ]; secrets = { DB = \"cred:db\"; }; };"), ""},
    {PROD("secrets = { DB = \"vault:{{path}}\"; };"),
     "x.rules:2: DB: 'vault:kv/shop' is not like \"vault:kv/shop#password\""},
    {PROD("secrets = { DB = \"file:/run/{{slot}}\"; };"),
     "x.rules:2: DB: what differs by side cannot stand in a reference"},
    {PROD("secrets = { DB = \"hunter2\"; };"),
     "x.rules:2: DB: a secret is a reference, cred:NAME, file:/PATH, env:NAME or vault:MOUNT/PATH#KEY in "
     "quotes, never the secret itself"},
    {PROD("secrets = { db = \"cred:db\"; };"),
     "x.rules:2: secrets: 'db' is no name of a variable: large letters, digits and _, at most 64, and not "
     "VERDICT_..."},
    {PROD("secrets = { VERDICT_KEY = \"cred:db\"; };"),
     "x.rules:2: secrets: 'VERDICT_KEY' is no name of a variable: large letters, digits and _, at most 64, "
     "and not VERDICT_..."},
    {PROD("secrets = [ \"DB\" ];"), "x.rules:2: secrets: takes a group { name = \"text\"; }"},
    {TASK("exec = [ \"/d\" ]; secrets = { TOKEN = \"vault:kv/ci#token\"; };"), ""},
    {TASK("exec = [ \"/d\" ]; secrets = { token = \"vault:kv/ci#token\"; };"),
     "x.rules:5: secrets: 'token' is no name of a variable: large letters, digits and _, at most 64, and not "
     "VERDICT_..."},
    {TASK("await = \"1h\"; secrets = { TOKEN = \"vault:kv/ci#token\"; };"),
     "x.rules:5: 'secrets' makes no sense beside 'await'"},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void assert_good(const struct definition *definition)
{
    assert_non_null(definition);
    const struct command_definition *command = &definition->commands[0];
    assert_int_equal(command->secret_count, 2);
    assert_string_equal(command->secrets[0], "DB");
    assert_string_equal(command->secrets[1], "vault:kv/shop/prod#db");
    assert_string_equal(command->secrets[2], "KEY");
    assert_string_equal(command->secrets[3], "file:/run/key");
}

static const char good[] =
    PROD("secrets = { DB = \"vault:{{path}}/{{environment}}#db\"; KEY = \"file:/run/key\"; };");

static void test_references_are_sealed(void **state)
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
    config_free(config);
}

static void test_those_of_tasks_are_sealed(void **state)
{
    static const char text[] =
        TASK("exec = [ \"/d\" ]; secrets = { TOKEN = \"vault:kv/{{service}}#token\"; };");
    char found[8192];
    struct err err = {0};
    struct config *config = read_text(text, sizeof(text) - 1, found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    char *sealed = config_seal_pipeline(config, "shop", &err);
    assert_non_null(sealed);
    struct run_definition *definition = config_unseal_pipeline(sealed, &err);
    assert_non_null(definition);
    assert_int_equal(definition->tasks[0].secret_count, 1);
    assert_string_equal(definition->tasks[0].secrets[0], "TOKEN");
    assert_string_equal(definition->tasks[0].secrets[1], "vault:kv/shop#token");
    run_definition_free(definition);
    free(sealed);
    config_free(config);
}

static void take(void *data, const char *reference, const char *file, unsigned line)
{
    struct text *text = data;

    (void)file;
    text_add(text, "%u %s\n", line, reference);
}

/* As they stand, and filled in; a command that is called so is none. */
static void test_each_of_the_files(void **state)
{
    static const char text[] = METRIC SERVICE(
        "strategy = \"recreate\"; commands: {\n"
        "deploy: { exec = [ \"/d\" ]; secrets = { A = \"vault:kv/a#a\";\n"
        "B = \"cred:b\"; C = \"vault:{{service}}/a#a\"; }; };\n"
        "secrets: { exec = [ \"/d\" ]; timeout = \"5m\"; }; };") "pipelines: { shop: { service = "
                                                                 "\"shop\"; stages: { build: {\n"
                                                                 "dist: { exec = [ \"/d\" ]; secrets = { T = "
                                                                 "\"env:T\"; }; }; }; }; }; };";
    char found[8192];
    char said[1024];
    struct text references;
    struct config *config = read_text(text, sizeof(text) - 1, found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    text_init(&references, said, sizeof(said));
    config_each_secret(config, take, &references);
    assert_string_equal(said, "4 vault:kv/a#a\n5 cred:b\n9 env:T\n2 vault:shop/a#a\n");
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_references_are_sealed),
        cmocka_unit_test(test_those_of_tasks_are_sealed),
        cmocka_unit_test(test_each_of_the_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
