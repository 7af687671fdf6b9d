/* test_recovery_plan.c - recovery plans: what is said about broken ones, the run that one becomes in earnest
 * and on its stand-in, and the one command that it is to the machine.
 * SPDX-License-Identifier: MIT */
#include "config/recovery.h"

#include "support/config_cases.h"

#define SMOKE                                                                                                \
    "smoke_tests: { alive: { base_url = \"http://{{address}}\"; checks: { up: { get = \"/\"; expect = "      \
    "\"status == 200\"; }; }; }; };\n"
#define STACKS                                                                                               \
    "stacks: { network: { tool = \"tofu\"; directory = \"/srv/net\"; refuse_when = \"creates > 9\"; "        \
    "environments: { prod: { approval: { from = [ \"sre\" ]; }; }; drill: { }; }; }; "                       \
    "data: { tool = \"terraform\"; directory = \"/srv/data\"; state = \"daemon\"; environments: { prod: { "  \
    "}; "                                                                                                    \
    "drill: { }; }; }; };\n"
#define COMMANDS                                                                                             \
    "commands: { restore: { exec = [ \"/r\", \"{{dump}}\", \"{{environment}}\", \"{{version}}\" ]; timeout " \
    "= \"7s\"; repeat = \"idempotent\"; secrets = { KEY = \"cred:key\"; }; }; start: { exec = [ \"/s\" ]; "  \
    "tries = 1; }; };"
#define PROD(commands, recovery)                                                                             \
    "prod: { strategy = \"recreate\"; vars: { dump = \"full\"; }; slots: { only: { address = \"a:1\"; }; "   \
    "};\n" commands "\n" recovery "\n};\n"
#define DRILL                                                                                                \
    "drill: { strategy = \"recreate\"; vars: { dump = \"small\"; }; slots: { only: { address = \"b:1\"; }; " \
    "}; commands: { deploy: { exec = [ \"/d\" ]; }; }; };\n"
#define BARE "bare: { strategy = \"follow\"; vars: { dump = \"none\"; }; rules: { smoke_tests = [ ]; }; };\n"
#define SHOP(inside)                                                                                         \
    SMOKE STACKS "services: { shop: { rules: { smoke_tests = [ \"alive\" ]; }; environments: {\n" inside     \
                 "}; }; };\n"
#define PLANNED(steps) SHOP(PROD(COMMANDS, "recovery: { steps = ( " steps " ); };") DRILL BARE)
#define REHEARSED(name)                                                                                      \
    SHOP(PROD(COMMANDS, "recovery: { steps = ( { command = \"restore\"; } ); rehearse = \"" name "\"; };")   \
             DRILL BARE)

static const struct finding_case cases[] = {
    {PLANNED("{ command = \"restore\"; }, { stack = \"network\"; }"), ""},
    {REHEARSED("drill"), ""},
    {SHOP(PROD(COMMANDS, "recovery: { };")),
     "x.rules:6: recovery: steps = ( { command = \"restore\"; }, ... ) are missing"},
    {PLANNED(""), "x.rules:6: steps: takes a list ( { command = \"restore\"; }, ... ) of 1 to 8"},
    {PLANNED("{ }"),
     "x.rules:6: a step of a recovery plan is { command = \"NAME\"; } or { stack = \"NAME\"; }"},
    {PLANNED("{ command = \"restore\"; stack = \"network\"; }"),
     "x.rules:6: a step of a recovery plan is { command = \"NAME\"; } or { stack = \"NAME\"; }"},
    {PLANNED("{ command = \"restor\"; }"), "x.rules:6: command 'restor' is none of the environment"},
    {PLANNED("{ stack = \"netwrk\"; }"), "x.rules:6: unknown stack 'netwrk'; did you mean 'network'?"},
    {PLANNED("{ stack = \"network\"; }, { stack = \"network\"; }"),
     "x.rules:6: the stack 'network' stands there twice"},
    {PLANNED("{ command = \"restore\"; unattended = true; }"),
     "x.rules:6: unattended: is said of a stack; nobody approves a command"},
    {PLANNED(
         "{ stack = \"data\"; state = \"last_verified\"; }, { stack = \"network\"; state = \"as_it_is\"; }"),
     ""},
    {PLANNED("{ stack = \"network\"; state = \"last_verified\"; }"),
     "x.rules:6: state: the versions of the stack 'network' are kept by verdictd where it says state = "
     "\"daemon\""},
    {PLANNED("{ stack = \"data\"; state = \"sealed\"; }"),
     "x.rules:6: state: 'sealed' is not one of as_it_is, last_verified"},
    {PLANNED("{ command = \"restore\"; state = \"last_verified\"; }"),
     "x.rules:6: state: is said of a stack; a command has none"},
    {PLANNED("{ comand = \"restore\"; }"), "x.rules:6: unknown key 'comand'; did you mean 'command'?"},
    {SHOP(PROD(COMMANDS, "recovery: { steps = ( { command = \"restore\"; } ); stacks: { }; };")),
     "x.rules:6: unknown key 'stacks'"},
    {SHOP(PROD("commands: { restore: { exec = [ \"/r\", \"{{slot}}\" ]; }; };",
               "recovery: { steps = ( { command = \"restore\"; } ); };")),
     "x.rules:5: {{slot}} is not known in a recovery plan, which is of no slot and no host; say it as a "
     "variable of the environment"},
    {SHOP(PROD("commands: { disaster: { exec = [ \"/d\" ]; }; restore: { exec = [ \"/r\" ]; }; };",
               "recovery: { steps = ( { command = \"restore\"; } ); };")),
     "x.rules:6: recovery: the command `disaster` is none of its steps; name it, or take it out"},
    {SHOP(PROD("commands: { disaster: { exec = [ \"/d\" ]; }; };", "recovery: { };")), ""},
    {REHEARSED("prod"), "x.rules:6: rehearse: prod cannot stand in for itself; name another environment"},
    {REHEARSED("dril"), "x.rules:6: rehearse: 'dril' is no environment of shop"},
    {REHEARSED("bare"), "x.rules:6: rehearse: nothing tells whether bare is well: it needs a smoke test, and "
                        "an address that this asks"},
    {SHOP(PROD(COMMANDS, "recovery: { steps = ( { stack = \"network\"; } ); rehearse = \"bare\"; };")
              DRILL BARE),
     "x.rules:6: rehearse: nothing tells whether bare is well: it needs a smoke test, and an address that "
     "this asks"},
    {"strategies: { recovery: { kind = \"canary\"; }; };",
     "x.rules:1: no strategy can be called 'recovery': rehearsals use the word"},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void expect_stages(const struct run_definition *definition, const char *expected)
{
    char found[512];
    struct text text;

    text_init(&text, found, sizeof(found));
    for (uint8_t i = 0; i < definition->plan.stage_count; i++)
        text_add(&text, "%s%s", i == 0 ? "" : " ", definition->stages[i]);
    assert_string_equal(found, expected);
}

static const char whole[] = SHOP(
    PROD(COMMANDS, "recovery: { steps = ( { command = \"restore\"; }, { stack = \"network\"; }, { command = "
                   "\"start\"; }, { command = \"restore\"; } ); rehearse = \"drill\"; };") DRILL BARE);
static const char unattended[] =
    SHOP(PROD(COMMANDS, "recovery: { steps = ( { stack = \"network\"; unattended = true; } ); rehearse = "
                        "\"drill\"; };") DRILL BARE);

/* As a deployment would: from its sealed text, and by nothing else. */
static struct run_definition *in_earnest(const char *text, struct definition **ret_definition)
{
    struct err err = {0};
    struct config *config = read_good(text);
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);

    config_free(config);
    *ret_definition = config_unseal(sealed, &test_schemas, &err);
    assert_non_null(*ret_definition);
    struct run_definition *definition = unseal(config_seal_recovery(sealed, &err), &err);
    free(sealed);
    return definition;
}

static void test_in_earnest(void **state)
{
    struct definition *deployment = NULL;
    struct run_definition *run = in_earnest(whole, &deployment);
    const struct plan *plan = deployment->plan;

    (void)state;
    expect_stages(run, "restore network-plan network-approve network-apply network-verify start restore-2");
    assert_string_equal(run->pipeline, "recovery:shop/prod");
    assert_string_equal(run->service, "shop");
    assert_string_equal(run->environment, "prod");
    assert_false(run->is_rehearsal);
    const struct run_task_definition *restore = &run->tasks[0];
    assert_string_equal(restore->arguments[1], "full");
    assert_string_equal(restore->arguments[2], "prod");
    assert_string_equal(restore->arguments[3], "{{version}}");
    assert_string_equal(restore->secrets[1], "cred:key");
    assert_string_equal(restore->environment, "prod");
    assert_int_equal(restore->timeout_ms, 7000);
    assert_int_equal(run->plan.tasks[0].repeat, REPEAT_IDEMPOTENT);
    assert_int_equal(run->plan.tasks[5].repeat, REPEAT_UNSAFE);
    assert_int_equal(run->plan.tasks[5].tries_max, 1);
    assert_true(plan->has_disaster);
    assert_int_equal(plan->disaster.reference, deployment->recovery->reference);
    assert_string_equal(deployment->commands[plan->disaster.reference].name, RECOVERY_COMMAND);
    assert_int_equal(plan->disaster.repeat, REPEAT_IDEMPOTENT);
    assert_int_equal(deployment->recovery->command_count, 3);
    assert_string_equal(deployment->recovery->rehearse, "drill");
    definition_free(deployment);
    run_definition_free(run);
}

/* The steps are those of prod, everything else is the stand-in's. */
static void test_rehearsed(void **state)
{
    struct err err = {0};
    struct config *config = read_good(whole);
    struct run_definition *run = unseal(config_seal_rehearsal(config, "shop", "prod", &err), &err);

    (void)state;
    expect_stages(run, "restore network-plan network-apply network-verify start restore-2 health");
    assert_string_equal(run->pipeline, "rehearsal:shop/prod");
    assert_string_equal(run->environment, "drill");
    assert_true(run->is_rehearsal);
    assert_int_equal(run->begins[6], 0);
    assert_string_equal(run->tasks[0].arguments[1], "small");
    assert_string_equal(run->tasks[0].arguments[2], "drill");
    assert_string_equal(run->tasks[1].stack->environment, "drill");
    const char *health = run->tasks[run->plan.task_count - 1].health;
    struct definition *stand_in = config_unseal(health, &test_schemas, &err);
    assert_non_null(stand_in);
    assert_string_equal(stand_in->environment, "drill");
    assert_string_equal(stand_in->slots[0].addresses[0], "b:1");
    definition_free(stand_in);
    run_definition_free(run);
    config_free(config);
}

/* Nobody is asked, and so nothing that is there may go; the stack's own refusal stays. */
static void test_unattended(void **state)
{
    struct definition *deployment = NULL;
    struct run_definition *run = in_earnest(unattended, &deployment);

    (void)state;
    expect_stages(run, "network-plan network-apply network-verify");
    assert_string_equal(run->tasks[0].refuse_text, "deletes > 0 or replaces > 0 or (creates > 9)");
    definition_free(deployment);
    run_definition_free(run);
}

/* Before the plan; what failed behind it goes on from the state as it is then. */
static void test_last_verified(void **state)
{
    static const char text[] = SHOP(
        PROD(COMMANDS, "recovery: { steps = ( { stack = \"data\"; state = \"last_verified\"; } ); rehearse = "
                       "\"drill\"; };") DRILL BARE);
    struct definition *deployment = NULL;
    struct run_definition *run = in_earnest(text, &deployment);
    struct err err = {0};

    (void)state;
    expect_stages(run, "data-state data-plan data-apply data-verify");
    assert_true(run->tasks[0].restores);
    assert_string_equal(run->tasks[0].stack->name, "data");
    assert_int_equal(run->plan.tasks[0].repeat, REPEAT_IDEMPOTENT);
    assert_false(run->tasks[1].restores);
    assert_int_equal(run->begins[0], 0);
    assert_int_equal(run->begins[3], 1);
    definition_free(deployment);
    run_definition_free(run);
    struct config *config = read_good(text);
    run = unseal(config_seal_rehearsal(config, "shop", "prod", &err), &err);
    expect_stages(run, "data-state data-plan data-apply data-verify health");
    assert_string_equal(run->tasks[0].stack->environment, "drill");
    run_definition_free(run);
    config_free(config);
}

static void test_what_cannot_be_rehearsed(void **state)
{
    struct err err = {0};
    struct config *config = read_good(PLANNED("{ command = \"restore\"; }"));
    char *sealed = config_seal(config, "shop", "drill", NULL, false, &err);

    (void)state;
    assert_null(config_seal_recovery(sealed, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    free(sealed);
    assert_null(config_seal_rehearsal(config, "shop", "prod", &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "names no stand-in"));
    assert_null(config_seal_rehearsal(config, "shop", "drill", &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "declares no recovery plan"));
    assert_null(config_seal_rehearsal(config, "shop", "nowhere", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_null(config_seal_recovery("seal: {", &err));
    config_free(config);
}

static void note(void *data, const char *service, const char *environment, const char *stand_in)
{
    struct text *text = data;

    text_add(text, "%s/%s %s;", service, environment, stand_in);
}

static void test_which_there_are(void **state)
{
    struct config *config = read_good(SHOP(
        PROD(COMMANDS, "recovery: { steps = ( { command = \"restore\"; } ); rehearse = \"drill\"; };") DRILL
        "old: { strategy = \"follow\"; commands: { disaster: { exec = [ \"/d\" ]; }; }; };\n"));
    bool is_rehearsal = false;
    const char *place = "";
    char found[128];
    struct text text;

    (void)state;
    text_init(&text, found, sizeof(found));
    config_each_recovery(config, note, &text);
    assert_string_equal(found, "shop/prod drill;shop/old ;");
    config_free(config);
    assert_true(recovery_is_run("rehearsal:shop/prod", &is_rehearsal, &place));
    assert_true(is_rehearsal);
    assert_string_equal(place, "shop/prod");
    assert_true(recovery_is_run("recovery:shop/prod", &is_rehearsal, &place));
    assert_false(is_rehearsal);
    assert_false(recovery_is_run("shop/prod", &is_rehearsal, &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),        cmocka_unit_test(test_in_earnest),
        cmocka_unit_test(test_rehearsed),       cmocka_unit_test(test_unattended),
        cmocka_unit_test(test_last_verified),   cmocka_unit_test(test_what_cannot_be_rehearsed),
        cmocka_unit_test(test_which_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
