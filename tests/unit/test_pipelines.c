/* test_pipelines.c - pipelines: what is said about broken ones, what whole ones become, and that sealed ones
 * stay what they were.
 * SPDX-License-Identifier: MIT */
#include "config/run_definition.h"

#include "support/config_cases.h"

#define PLACE           "strategy = \"follow\"; " SLOTS
#define TO_PROD(inside) METRIC SERVICE(PLACE) "pipelines: { shop: { service = \"shop\"; " inside " }; };"
#define STAGES(inside)  TO_PROD("stages: { " inside " };")
#define TASK(inside)    STAGES("build: { dist: { " inside " }; };")
#define COMMAND         "exec = [ \"/usr/bin/make\", \"dist-{{version}}\" ];"

static const struct finding_case cases[] = {
    {TASK(COMMAND), ""},
    {TO_PROD("environments = [ \"prod\" ];"), ""},
    {TO_PROD(""), "x.rules:5: pipeline 'shop' has no stage and no environment"},
    {METRIC "pipelines: { shop: { environments = [ \"prod\" ]; }; };",
     "x.rules:2: service is missing (the service that it builds and deploys)"},
    {METRIC "pipelines: { shop: { service = \"shp\"; environments = [ \"prod\" ]; }; };",
     "x.rules:2: unknown service 'shp'"},
    {TO_PROD("environments = [ \"prd\" ];"), "x.rules:5: unknown environment 'prd'; did you mean 'prod'?"},
    {TO_PROD("environments = [ \"prod\" ]; together = true;"),
     "x.rules:5: 'together' is not supported by this version"},
    {TO_PROD("environment = [ \"prod\" ];"),
     "x.rules:5: unknown key 'environment'; did you mean 'environments'?"},
    {TO_PROD("stages = 5;"), "x.rules:5: stages: takes a group { NAME: { ... }; }"},
    {TO_PROD("release = 5;"),
     "x.rules:5: a stage is NAME: { TASK: { ... }; }, its name small letters, digits, -"},
    {STAGES("build: { };"), "x.rules:5: stage 'build' has no task: NAME: { exec = [ ... ]; }"},
    {STAGES("build: { parallel = 2; };"), "x.rules:5: stage 'build' has no task: NAME: { exec = [ ... ]; }"},
    {STAGES("build: { on_failur = \"ask\"; dist: { " COMMAND " }; };"),
     "x.rules:5: unknown key 'on_failur'; did you mean 'on_failure'?"},
    {STAGES("build: { on_failure = \"retry\"; dist: { " COMMAND " }; };"),
     "x.rules:5: on_failure: 'retry' is not one of fail, go_on, ask"},
    {STAGES("build: { Dist: { " COMMAND " }; };"),
     "x.rules:5: task 'Dist' is no name: small letters, digits, -"},
    {STAGES("prod: { dist: { " COMMAND " }; }; }; environments = [ \"prod\" ]; release: { x: { " COMMAND
            " };"),
     "x.rules:5: two stages are called 'prod': environments and the release are stages too"},
    {TASK("approval: { from = [ \"sre\" ]; need = 2; timeout = \"2h\"; };"), ""},
    {TASK("await = \"1h\"; approval: { from = [ \"sre\" ]; };"),
     "x.rules:5: task 'dist' needs one of exec = [ \"program\", ... ], await = \"24h\" and approval: { from "
     "= [ ... ]; }"},
    {TASK("on_timeout = \"pass\"; approval: { from = [ \"sre\" ]; };"),
     "x.rules:5: 'on_timeout' makes no sense beside 'approval'"},
    {TASK("approval: { };"), "x.rules:5: from is missing (people or groups of people)"},
    {TASK(""), "x.rules:5: task 'dist' needs one of exec = [ \"program\", ... ], await = \"24h\" and "
               "approval: { from = [ ... ]; }"},
    {TASK(COMMAND " await = \"24h\";"), "x.rules:5: task 'dist' needs one of exec = [ \"program\", ... ], "
                                        "await = \"24h\" and approval: { from = [ ... ]; }"},
    {TASK(COMMAND " on_timeout = \"pass\";"), "x.rules:5: 'on_timeout' makes no sense beside 'exec'"},
    {TASK("await = \"24h\"; retries = 1;"), "x.rules:5: 'retries' makes no sense beside 'await'"},
    {TASK("await = \"\";"),
     "x.rules:5: await: '' is not a duration; write it like \"5s\", \"10m\" or \"1h30m\""},
    {TASK("exec = [ \"x\", \"{{slot}}\" ];"),
     "x.rules:5: {{slot}} is not known in a pipeline: it has no slot"},
    {TASK("exec = [ \"x\", \"{{nobody}}\" ];"),
     "x.rules:5: {{nobody}} is not filled for shop/its pipeline: set it in `vars` of the file, service, "
     "environment or slot"},
    {TASK("exec = [ \"\" ];"), "x.rules:5: exec: the name of the program is empty"},
    {TASK(COMMAND " probe = \"x\";"), "x.rules:5: 'probe' is not supported by this version"},
    {TASK(COMMAND " parse = \"sarif\"; fail_when = \"errors > 0 or findings - notes > 5\";"), ""},
    {TASK(COMMAND " parse = \"trivy\"; skip_when = \"output('changed') == 'no' and output('n') < 3\";"), ""},
    {TASK(COMMAND " skip_when = \"output('built') == version\";"), ""},
    {TASK(COMMAND " parse = \"infracost\"; fail_when = \"findings > 0\";"),
     "x.rules:5: fail_when needs parse = \"sarif\", \"trivy\", \"checkov\" or \"conftest\": what is to be "
     "counted?"},
    {TASK(COMMAND " parse = \"junit\";"),
     "x.rules:5: parse: 'junit' is not one of sarif, trivy, checkov, conftest, infracost"},
    {TASK(COMMAND " fail_when = \"errors > 0\";"), "x.rules:5: fail_when needs parse = \"sarif\", \"trivy\", "
                                                   "\"checkov\" or \"conftest\": what is to be counted?"},
    {TASK(COMMAND " parse = \"trivy\"; fail_when = \"errors > 0\";"),
     "x.rules:5: fail_when, column 1: unknown word 'errors'; such a report tells critical, high, medium, "
     "low, "
     "unknown, findings"},
    {TASK(COMMAND " parse = \"sarif\"; fail_when = \"critical > 0 || high > 5\";"),
     "x.rules:5: fail_when, column 14: write `or` instead of ||"},
    {TASK(COMMAND " parse = \"sarif\"; fail_when = \"critical\";"),
     "x.rules:5: fail_when, column 1: a comparison is missing here, like `... > 5%`"},
    {TASK(COMMAND " parse = \"sarif\"; fail_when = \"critical == 'many'\";"),
     "x.rules:5: fail_when, column 13: a text stands behind == or =~ only"},
    {TASK(COMMAND " parse = \"sarif\"; fail_when = \"errors > 0 for 5m\";"),
     "x.rules:5: fail_when, column 12: a task is judged once"},
    {TASK(COMMAND " skip_when = \"changed == 'no'\";"),
     "x.rules:5: skip_when, column 1: unknown word 'changed'; known is output('NAME')"},
    {TASK(COMMAND " skip_when = \"output('a') == slot\";"),
     "x.rules:5: skip_when: slot is not known in a pipeline"},
    {TASK("await = \"24h\"; parse = \"sarif\";"), "x.rules:5: 'parse' makes no sense beside 'await'"},
    {STAGES("build: { a23456789-123456789-123456789-123456789-123456789-12345: { " COMMAND
            " parse = \"sarif\"; }; };"),
     "x.rules:5: 'a23456789-123456789-123456789-123456789-123456789-12345' is too long a name for a task "
     "with "
     "counts: at most 54 letters"},
    {TASK(COMMAND " timeout = \"2d\";"), "x.rules:5: timeout: 2d is not from 100ms to 1d"},
    {"pipelines: { Shop: { }; };", "x.rules:1: 'Shop' is no name: small letters, digits, -, at most 63\n"
                                   "x.rules:1: service is missing (the service that it builds and deploys)"},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static struct run_definition *read_pipeline(const char *text, char **ret_sealed)
{
    char found[1024];
    struct err err = {0};
    struct config *config = read_text(text, strlen(text), found, sizeof(found));

    assert_string_equal(found, "");
    *ret_sealed = config_seal_pipeline(config, "shop", &err);
    config_free(config);
    if (*ret_sealed == NULL)
        fail_msg("%s", err.text);
    struct run_definition *definition = config_unseal_pipeline(*ret_sealed, &err);
    if (definition == NULL)
        fail_msg("%s", err.text);
    return definition;
}

static const char whole[] = METRIC "vars: { target = \"dist\"; };\n" SERVICE(
    PLACE) "pipelines: { shop: { service = \"shop\"; stages: {\n"
           "build: { dist: { exec = [ \"/usr/bin/make\", \"{{target}}-{{version}}\" ]; timeout = \"20m\"; "
           "retries = 2; "
           "repeat = \"idempotent\"; directory = \"/srv/{{service}}\"; }; };\n"
           "test: { on_failure = \"ask\"; ask_timeout = \"1h\"; parallel = 2; unit: { exec = \"/bin/true\"; "
           "};\n"
           "load: { await = \"24h\"; on_timeout = \"pass\"; }; }; };\n"
           "environments = [ \"prod\" ]; release: { tag: { exec = [ \"/bin/true\" ]; parse = \"trivy\"; "
           "fail_when = \"critical > 0\"; skip_when = \"output('built') == version\"; }; }; }; };\n";

static void test_whole(void **state)
{
    char *sealed = NULL;
    struct run_definition *definition = read_pipeline(whole, &sealed);
    const struct run_plan *plan = &definition->plan;

    (void)state;
    assert_string_equal(definition->pipeline, "shop");
    assert_string_equal(definition->service, "shop");
    assert_int_equal(plan->stage_count, 4);
    assert_int_equal(plan->task_count, 5);
    assert_string_equal(definition->stages[0], "build");
    assert_string_equal(definition->stages[2], "prod");
    assert_string_equal(definition->stages[3], "release");
    assert_string_equal(definition->tasks[0].arguments[1], "dist-{{version}}");
    assert_string_equal(definition->tasks[0].directory, "/srv/shop");
    assert_int_equal(plan->tasks[0].tries_max, 3);
    assert_int_equal(plan->tasks[0].repeat, REPEAT_IDEMPOTENT);
    assert_int_equal(plan->tasks[0].limit_ms, 20 * 60 * 1000);
    assert_int_equal(plan->stages[1].on_failure, RUN_OUTCOME_ASK);
    assert_int_equal(plan->stages[1].ask_limit_ms, 3600 * 1000);
    assert_int_equal(plan->stages[1].parallel, 2);
    assert_int_equal(plan->stages[1].first, 1);
    assert_int_equal(plan->stages[1].count, 2);
    assert_int_equal(plan->tasks[2].kind, RUN_TASK_AWAIT);
    assert_int_equal(plan->tasks[2].limit_ms, 24 * 3600 * 1000);
    assert_true(plan->tasks[2].passes_silent);
    assert_int_equal(plan->tasks[3].kind, RUN_TASK_DEPLOY);
    assert_string_equal(definition->tasks[3].environment, "prod");
    assert_int_equal(definition->tasks[0].parse, SCAN_NONE);
    assert_null(definition->tasks[0].fail_when);
    assert_null(definition->tasks[0].skip);
    assert_int_equal(definition->tasks[4].parse, SCAN_TRIVY);
    assert_string_equal(definition->tasks[4].fail_text, "critical > 0");
    assert_int_equal(definition->tasks[4].fail_when->count, 3);
    assert_int_equal(definition->tasks[4].skip->extract_count, 1);
    assert_string_equal(definition->tasks[4].skip->extracts[0].path, "built");
    assert_string_equal(definition->tasks[4].skip->extracts[0].text, "{{version}}");
    free(sealed);
    run_definition_free(definition);
}

/* What is under way was sealed: it needs no rule file, and sealed once more it is the same text. */
static void test_sealed_text_stands_alone(void **state)
{
    char *sealed = NULL;
    struct err err = {0};
    struct run_definition *definition = read_pipeline(whole, &sealed);

    (void)state;
    assert_null(strstr(sealed, "{{target}}"));
    assert_non_null(strstr(sealed, "{{version}}"));
    assert_null(config_unseal_pipeline("pipelines: { };", &err));
    assert_null(config_unseal_pipeline("pipeline = \"a\"; pipelines: { a: { service = \"b\"; }; };", &err));
    assert_int_equal(err.code, ERR_INVALID);
    free(sealed);
    run_definition_free(definition);
}

/* Who hears of the service hears of its runs, unless the pipeline says otherwise. */
static void test_who_hears(void **state)
{
    static const char *const own = "notify: { all = [ \"slack:own\" ]; }; ";
    static const char service[] =
        METRIC "services: { shop: { notify: { all = [ \"slack:ops\" ]; urgent = [ \"slack:night\" ]; }; "
               "environments: { prod: {\n" PLACE "\n}; }; }; };\n"
               "pipelines: { shop: { service = \"shop\"; %s stages: { ok: { people: { approval: { from = [ "
               "\"sre\" ]; need = 2; not_author = true; }; }; }; }; }; };";
    char text[4096];

    (void)state;
    for (int has_own = 0; has_own < 2; has_own++) {
        char *sealed = NULL;
        (void)snprintf(text, sizeof(text), service, has_own ? own : "");
        struct run_definition *definition = read_pipeline(text, &sealed);
        assert_string_equal(definition->notify.all[0], has_own ? "slack:own" : "slack:ops");
        assert_int_equal(definition->notify.urgent_count, has_own ? 0 : 1);
        assert_int_equal(definition->plan.tasks[0].kind, RUN_TASK_AWAIT);
        assert_int_equal(definition->plan.tasks[0].need, 2);
        assert_true(definition->tasks[0].review->not_author && definition->tasks[0].review->output == NULL);
        free(sealed);
        run_definition_free(definition);
    }
}

static void test_unknown_pipeline(void **state)
{
    char found[256];
    struct err err = {0};
    struct config *config = read_text(whole, strlen(whole), found, sizeof(found));

    (void)state;
    assert_null(config_seal_pipeline(config, "shp", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.text, "unknown pipeline 'shp'; did you mean 'shop'?");
    assert_null(config_seal_pipeline(config, "completely-other", &err));
    config_free(config);
}

static void add_tasks(struct text *text, int stages, int tasks)
{
    text_add(text, METRIC SERVICE(PLACE) "pipelines: { shop: { service = \"shop\"; stages: {\n");
    for (int i = 0; i < stages; i++) {
        text_add(text, "s%d: {", i);
        for (int k = 0; k < tasks; k++)
            text_add(text, " t%d: { exec = \"/bin/true\"; };", k);
        text_add(text, " };\n");
    }
    text_add(text, "}; }; };");
}

static void test_limits(void **state)
{
    static char memory[64 * 1024];
    char found[4096];
    struct text text;

    (void)state;
    text_init(&text, memory, sizeof(memory));
    add_tasks(&text, RUN_STAGES_MAX + 1, 1);
    config_free(read_text(memory, strlen(memory), found, sizeof(found)));
    assert_non_null(strstr(found, "more than 24 stages, environments and the release among them"));
    text_init(&text, memory, sizeof(memory));
    add_tasks(&text, 3, 11);
    config_free(read_text(memory, strlen(memory), found, sizeof(found)));
    assert_non_null(strstr(found, "more than 32 tasks in one pipeline"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_sealed_text_stands_alone),
        cmocka_unit_test(test_who_hears),
        cmocka_unit_test(test_unknown_pipeline),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
