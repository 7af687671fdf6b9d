/* test_stacks.c - stacks: what is said about broken ones, which stages a verb becomes, variables as JSON, and
 * conditions on a plan's numbers.
 * SPDX-License-Identifier: MIT */
#include "config/run_definition.h"
#include "config/task_condition.h"

#include "judge/smoke.h"
#include "support/config_cases.h"

#include <math.h>

#define STACK(inside)        "stacks: { network: { " inside " }; };"
#define TOOL                 "tool = \"terraform\"; directory = \"/srv/infra\"; "
#define PULUMI               "tool = \"pulumi\"; directory = \"/srv/infra\"; "
#define HERE(inside)         "environments: { prod: { " inside " }; }; "
#define WHOLE(inside)        STACK(TOOL inside HERE(""))
#define REFUSE(text)         WHOLE("refuse_when = \"" text "\"; ")
#define AMAZON(inside, here) STACK("tool = \"cloudformation\"; directory = \"/srv\"; " inside HERE(here))
#define VARIABLE(inside)     WHOLE("variables: { " inside " }; ")

static const struct finding_case cases[] = {
    {WHOLE(""), ""},
    {STACK(""),
     "x.rules:1: directory is missing (absolute; where its code is, one of the runner's `directories`)\n"
     "x.rules:1: tool is missing (what makes it)"},
    {STACK("tool = \"chef\"; directory = \"/srv\"; " HERE("")),
     "x.rules:1: tool: 'chef' is not one of terraform, tofu, pulumi, cloudformation, cdk"},
    {STACK(PULUMI HERE("")), ""},
    {STACK(PULUMI "save_plan = true; " HERE("")), ""},
    {STACK(PULUMI "state = \"local\"; " HERE("")),
     "x.rules:1: state: pulumi keeps it in its own backend (`pulumi login`): state = \"own\""},
    {WHOLE("save_plan = true; "),
     "x.rules:1: save_plan: is for pulumi; the plans of terraform are saved as they are"},
    {STACK("tool = \"tofu\"; directory = \"srv\"; " HERE("")),
     "x.rules:1: directory: must be an absolute path"},
    {WHOLE("program = \"verdict-iac\"; "), "x.rules:1: program: must be an absolute path"},
    {STACK(TOOL), "x.rules:1: 'network' has no environments: environments: { prod: { ... }; }"},
    {STACK(TOOL "environments = 5;"),
     "x.rules:1: 'network' has no environments: environments: { prod: { ... }; }"},
    {STACK(TOOL "environments: { Prod: { }; };"), "x.rules:1: 'Prod' is no name: small letters, digits, -"},
    {STACK(TOOL HERE("variable: { };")), "x.rules:1: unknown key 'variable'; did you mean 'variables'?"},
    {WHOLE("verb = \"apply\"; "), "x.rules:1: unknown key 'verb'"},
    {WHOLE("timout = \"5m\"; "), "x.rules:1: unknown key 'timout'; did you mean 'timeout'?"},
    {WHOLE("timeout = \"2h\"; "), "x.rules:1: timeout: 2h is not from 1s to 1h"},
    {WHOLE("state = \"s3\"; "), "x.rules:1: state: 's3' is not one of own, local, daemon"},
    {WHOLE("state = \"daemon\"; "), ""},
    {REFUSE("deletes > 0 or replaces > 0"), ""},
    {REFUSE("delets > 0"),
     "x.rules:1: refuse_when, column 1: unknown word 'delets'; a plan tells creates, updates, "
     "deletes, replaces, changes and monthly_cost"},
    {REFUSE("deletes"), "x.rules:1: refuse_when, column 1: a comparison is missing here, like `... > 5%`"},
    {REFUSE("monthly_cost > +10%"),
     "x.rules:1: refuse_when: monthly_cost needs a program that tells it: cost: { exec = [ ... ]; }"},
    {REFUSE("deletes > +1"),
     "x.rules:1: refuse_when, column 11: + stands in a comparison of monthly_cost, like "
     "monthly_cost > +10%"},
    {REFUSE("deletes > 0 for 5m"), "x.rules:1: refuse_when, column 13: a task is judged once"},
    {WHOLE("refuse_when = \"monthly_cost > +10%\"; cost: { exec = [ \"/usr/bin/cost\" ]; }; "), ""},
    {WHOLE("refuse_when = \"monthly_cost > +x\"; cost: { exec = [ \"/usr/bin/cost\" ]; }; "),
     "x.rules:1: refuse_when, column 17: a number or a percentage is missing behind the +"},
    {WHOLE("cost: { await = \"1h\"; }; "), "x.rules:1: what reviews a plan is a program: exec = [ ... ]"},
    {WHOLE("compliance: { exec = [ \"/usr/bin/scan\" ]; parse = \"sarif\"; fail_when = \"errors > 0\"; }; "),
     ""},
    {WHOLE("compliance: { exec = [ \"/usr/bin/scan\" ]; fail_when = \"errors > 0\"; }; "),
     "x.rules:1: fail_when needs parse = \"sarif\", \"trivy\", \"checkov\" or \"conftest\": what is to be "
     "counted?"},
    {STACK(TOOL HERE("approval: { from = [ \"sre\" ]; not_author = true; timeout = \"2h\"; };")), ""},
    {STACK(TOOL HERE("approval: { need = 2; };")), "x.rules:1: from is missing (people or groups of people)"},
    {STACK(TOOL HERE("approval: { from = [ \"sre\" ]; need = 0; };")),
     "x.rules:1: need: 0 is not from 1 to 32"},
    {WHOLE("drift_every = \"6h\"; notify: { all = [ \"slack:ops\" ]; urgent = [ ]; }; "), ""},
    {WHOLE("drift_every = \"1s\"; "), "x.rules:1: drift_every: 1s is not from 5s to 31d"},
    {STACK(TOOL HERE("notify: { everybody = [ ]; };")), "x.rules:1: unknown key 'everybody'"},
    {WHOLE("notify: { all = [ \"pigeon:ops\" ]; }; "), "x.rules:1: unknown kind of notifier 'pigeon'"},
    {VARIABLE("size = 4; ratio = 0.5; on = true; zones = [ \"a\", \"b\" ]; tags: { owner = \"me\"; }; "), ""},
    {VARIABLE("a: { b: { c: { d: { e: { f: { g: { h: { }; }; }; }; }; }; }; }; "),
     "x.rules:1: variables: more than 8 groups and lists in one another"},
    {WHOLE("variables = 5; "), "x.rules:1: variables: takes a group { name = value; }, not a whole number"},
    {"vars: { where = \"/srv/code\"; };\n" STACK(
         "tool = \"tofu\"; directory = \"{{where}}/{{environment}}\"; " HERE("")),
     ""},
    {STACK("tool = \"tofu\"; directory = \"/srv/{{nobody}}\"; " HERE("")),
     "x.rules:1: {{nobody}} is not filled for network/prod: set it in `vars` of the file, service, "
     "environment or "
     "slot"},
    {AMAZON("region = \"eu-west-1\"; role = \"arn:aws:iam::1:role/x\"; template = \"a/t.yaml\"; profile = "
            "\"prod\"; "
            "capabilities = [ \"CAPABILITY_IAM\" ]; ",
            "stack_name = \"net\";"),
     ""},
    {AMAZON("", "region = \"eu-west-1\";"), ""},
    {AMAZON("", ""), "x.rules:1: region is missing (of cloudformation and cdk: where, like \"eu-west-1\")"},
    {AMAZON("region = \"eu-west-1\"; state = \"daemon\"; ", ""),
     "x.rules:1: state: cloudformation keeps it itself: own"},
    {AMAZON("region = \"eu west\"; ", ""),
     "x.rules:1: region: 'eu west' is not of letters, digits and ._:@=+~- alone, or a path that leads below"},
    {AMAZON("region = \"eu-west-1\"; template = \"../t.yaml\"; ", ""),
     "x.rules:1: template: '../t.yaml' is not of letters, digits and ._:@=+~- alone, or a path that leads "
     "below"},
    {AMAZON("region = \"eu-west-1\"; capabilities = [ \"IAM\" ]; ", ""),
     "x.rules:1: capabilities: 'IAM' is not like \"CAPABILITY_IAM\""},
    {AMAZON("region = \"eu-west-1\"; ", "regio = \"x\";"),
     "x.rules:1: unknown key 'regio'; did you mean 'region'?"},
    {WHOLE("region = \"eu-west-1\"; "), "x.rules:1: region: terraform takes none"},
    {STACK("tool = \"cdk\"; directory = \"/srv\"; region = \"eu-west-1\"; template = \"t\"; " HERE("")),
     "x.rules:1: template: cdk takes none"},
    {"stacks: { Network: { " TOOL HERE("") " }; };",
     "x.rules:1: 'Network' is no name: small letters, digits, -, at most 63"},
    {"stacks = 5;", "x.rules:1: 'stacks' takes a group { }, not a whole number"},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

/* What is longer than a command's environment takes stands in a file beside the code. */
static void test_too_many_variables(void **state)
{
    char text[8192];
    char found[1024];
    char value[3000];

    (void)state;
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int is_longer = 0; is_longer < 2; is_longer++) {
        int length =
            snprintf(text, sizeof(text), "%sa = \"%s\"; b = \"%s\"; }; %s }; };",
                     "stacks: { network: { " TOOL "variables: { ", value, is_longer ? value : "", HERE(""));
        config_free(read_text(text, (size_t)length, found, sizeof(found)));
        assert_string_equal(
            found, is_longer ? "x.rules:1: variables: longer than 3071 bytes as JSON; put them into a "
                               "file beside the stack's code"
                             : "");
    }
}

/* "plan plan | approve approve": each stage with its tasks. */
static const char *stages_of(const struct run_definition *definition, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    for (uint8_t i = 0; i < definition->plan.stage_count; i++) {
        const struct run_plan_stage *stage = &definition->plan.stages[i];
        text_add(&text, "%s%s", i == 0 ? "" : " | ", definition->stages[i]);
        for (uint8_t k = stage->first; k < stage->first + stage->count; k++)
            text_add(&text, " %s", definition->tasks[k].name);
    }
    return to;
}

static const char full[] = STACK(
    TOOL "state = \"local\"; timeout = \"10m\"; apply_timeout = \"1h\"; grace = \"5m\"; refuse_when = "
         "\"deletes > 0 or "
         "monthly_cost > +10%\"; cost: { exec = [ \"/usr/bin/cost\" ]; }; compliance: { exec = [ "
         "\"/usr/bin/scan\" ]; }; "
         "variables: { size = 1; name = \"a \\\"b\\\" \\\\\"; }; "
         "environments: { prod: { variables: { size = 4; on = true; zones = [ 1, 2 ]; tags: { x = 0.5; }; }; "
         "approval: { from = [ \"sre\" ]; not_author = true; timeout = \"2h\"; }; }; dev: { }; };");

static struct run_definition *read_stack(const char *text, const char *environment, const char *verb)
{
    struct err err = {0};
    struct config *config = read_good(text);
    char *sealed = config_seal_stack(config, "network", environment, verb, &err);

    config_free(config);
    return unseal(sealed, &err);
}

static void test_stages_of_verbs(void **state)
{
    static const struct {
        const char *environment, *verb, *stages;
    } verbs[] = {
        {"prod", "plan", "plan plan | review cost compliance"},
        {"prod", "apply",
         "plan plan | review cost compliance | approve approve | apply apply | verify verify"},
        {"dev", "apply", "plan plan | review cost compliance | apply apply | verify verify"},
        {"prod", "verify", "verify verify"},
        {"prod", "drift", "drift drift"},
        {"prod", "destroy", "plan plan | approve approve | destroy destroy"},
        {"dev", "destroy", "plan plan | approve approve | destroy destroy"},
    };
    char found[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        struct run_definition *definition = read_stack(full, verbs[i].environment, verbs[i].verb);
        assert_string_equal(stages_of(definition, found, sizeof(found)), verbs[i].stages);
        run_definition_free(definition);
    }
}

static void test_whole(void **state)
{
    struct run_definition *definition = read_stack(full, "prod", "apply");
    const struct run_plan *plan = &definition->plan;
    const struct run_task_definition *tasks = definition->tasks;

    (void)state;
    assert_string_equal(definition->pipeline, "network/prod");
    assert_string_equal(definition->service, "");
    assert_false(definition->is_group);
    assert_string_equal(definition->stack->name, "network");
    assert_string_equal(definition->stack->environment, "prod");
    assert_string_equal(
        definition->stack->variables,
        "{\"name\":\"a \\\"b\\\" \\\\\",\"size\":4,\"on\":true,\"zones\":[1,2],\"tags\":{\"x\":0.5}}");
    assert_int_equal(definition->stack->grace_ms, 5 * 60 * 1000);
    assert_int_equal(tasks[0].argument_count, 6);
    assert_string_equal(tasks[0].arguments[0], "/usr/bin/verdict-iac");
    assert_string_equal(tasks[0].arguments[1], "plan");
    assert_string_equal(tasks[0].arguments[5], "state=local");
    assert_string_equal(tasks[0].directory, "/srv/infra");
    assert_int_equal(plan->tasks[0].repeat, REPEAT_IDEMPOTENT);
    assert_int_equal(plan->tasks[0].limit_ms, 15 * 60 * 1000);
    assert_int_equal(tasks[0].timeout_ms, 10 * 60 * 1000);
    assert_null(tasks[0].refuse);
    assert_non_null(tasks[1].refuse); /* judged where the cost is known */
    assert_ptr_equal(tasks[2].stack, definition->stack);
    assert_int_equal(plan->tasks[3].kind, RUN_TASK_AWAIT);
    assert_int_equal(plan->tasks[3].limit_ms, 2 * 3600 * 1000);
    assert_false(plan->tasks[3].passes_silent);
    assert_string_equal(tasks[3].review->output, "plan");
    assert_int_equal(tasks[3].review->approver_count, 1);
    assert_true(tasks[3].review->not_author);
    assert_non_null(tasks[3].skip);
    assert_int_equal(plan->tasks[4].repeat,
                     REPEAT_UNSAFE); /* applied once, or nobody knows: a new plan tells */
    assert_int_equal(plan->tasks[4].tries_max, 1);
    assert_int_equal(plan->tasks[4].patience_ms, 3600 * 1000);
    assert_int_equal(plan->tasks[0].patience_ms, 10 * 60 * 1000);
    assert_int_equal(plan->tasks[3].patience_ms, 0);
    assert_non_null(tasks[4].skip);
    for (uint8_t i = 0; i < plan->stage_count; i++)
        assert_int_equal(definition->begins[i], 0);
    run_definition_free(definition);
}

/* An environment's own place goes before the stack's. */
static void test_words_for_amazon(void **state)
{
    static const char text[] =
        AMAZON("region = \"eu-west-1\"; stack_name = \"net-{{environment}}\"; template = \"t.json\"; "
               "capabilities = [ \"CAPABILITY_IAM\", \"CAPABILITY_AUTO_EXPAND\" ]; ",
               "region = \"us-east-1\"; profile = \"prod\";");
    static const char *const words[] = {"state=own",
                                        "region=us-east-1",
                                        "profile=prod",
                                        "stack_name=net-prod",
                                        "template=t.json",
                                        "capability=CAPABILITY_IAM",
                                        "capability=CAPABILITY_AUTO_EXPAND"};
    struct run_definition *definition = read_stack(text, "prod", "apply");

    (void)state;
    assert_int_equal(definition->tasks[0].argument_count, 5 + ARRAY_LENGTH(words));
    assert_string_equal(definition->tasks[0].arguments[2], "cloudformation");
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        assert_string_equal(definition->tasks[0].arguments[5 + i], words[i]);
    run_definition_free(definition);
}

static void see_drift(void *data, const char *stack, const char *environment, int64_t every_ms)
{
    struct text *text = data;

    text_add(text, "%s/%s %lld ", stack, environment, (long long)every_ms);
}

/* Who hears of it, how many approve and how often somebody looks are sealed with it; an environment may say
 * who hears for itself. */
static void test_who_hears_and_how_often(void **state)
{
    static const char text[] = STACK(
        TOOL
        "drift_every = \"6h\"; notify: { all = [ \"slack:ops\" ]; urgent = [ \"slack:night\" ]; }; "
        "environments: { prod: { approval: { from = [ \"sre\" ]; need = 2; }; }; dev: { notify: { all = [ "
        "\"slack:dev\" ]; }; }; };");
    struct run_definition *prod = read_stack(text, "prod", "apply");
    struct run_definition *dev = read_stack(text, "dev", "drift");
    struct config *config = read_good(text);
    char found[128];
    struct text drifts;

    (void)state;
    assert_string_equal(prod->stack->notify.all[0], "slack:ops");
    assert_string_equal(prod->stack->notify.urgent[0], "slack:night");
    assert_int_equal(prod->plan.tasks[1].need, 2);
    assert_int_equal(prod->tasks[1].review->need, 2);
    assert_int_equal(prod->tasks[2].word, STACK_WORD_APPLY);
    assert_string_equal(dev->stack->notify.all[0], "slack:dev");
    assert_int_equal(dev->stack->notify.urgent_count, 0);
    assert_int_equal(dev->tasks[0].word, STACK_WORD_DRIFT);
    text_init(&drifts, found, sizeof(found));
    config_each_drift(config, see_drift, &drifts);
    assert_string_equal(found, "network/prod 21600000 network/dev 21600000 ");
    config_free(config);
    run_definition_free(prod);
    run_definition_free(dev);
}

/* What deletes is what a destroy is for: no policy of applies, but always people. */
static void test_destroy(void **state)
{
    struct run_definition *definition = read_stack(full, "dev", "destroy");

    (void)state;
    assert_string_equal(definition->tasks[0].arguments[1], "plan-destroy");
    assert_null(definition->tasks[0].refuse);
    assert_int_equal(definition->tasks[1].review->approver_count, 0);
    assert_string_equal(definition->tasks[2].arguments[1], "destroy");
    run_definition_free(definition);
}

static void test_unknown(void **state)
{
    static const struct {
        const char *stack, *environment, *verb, *expected;
        enum err_code code;
    } wrong[] = {
        {"netwrk", "prod", "apply", "unknown stack 'netwrk'; did you mean 'network'?", ERR_NOT_FOUND},
        {"network", "stage", "apply", "the stack 'network' has no environment 'stage'", ERR_INVALID},
        {"network", "prod", "burn", "'burn' is nothing that is done to a stack", ERR_INVALID},
    };
    struct config *config = read_good(full);

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct err err = {0};
        assert_null(config_seal_stack(config, wrong[i].stack, wrong[i].environment, wrong[i].verb, &err));
        assert_int_equal(err.code, wrong[i].code);
        assert_non_null(strstr(err.text, wrong[i].expected));
    }
    config_free(config);
}

/* ---- in a pipeline ---- */

#define PIPELINE(inside)                                                                                     \
    METRIC "services: { shop: { environments: { dev: { strategy = \"follow\"; " SLOTS                        \
           " }; prod: { strategy = \"follow\"; " SLOTS " }; }; }; };\n" WHOLE(                               \
               "state = \"local\"; ") "\npipelines: { shop: { service = \"shop\"; environments = [ "         \
                                      "\"dev\", \"prod\" ]; " inside                                         \
                                      "release: { tag: { exec = [ \"/bin/true\" ]; }; }; }; };"

static const struct finding_case pipelines[] = {
    {PIPELINE("infrastructure = [ \"network\" ]; "), ""},
    {PIPELINE("infrastructure = [ \"netwrk\" ]; "),
     "x.rules:4: unknown stack 'netwrk'; did you mean 'network'?"},
    {PIPELINE("infrastructure = 5; "),
     "x.rules:4: infrastructure: takes a list of texts, like [ \"a\", \"b\" ]"},
    {PIPELINE("expanded: { }; "), "x.rules:4: unknown key 'expanded'"},
    {METRIC SERVICE("strategy = \"follow\"; " SLOTS) "stacks: { network: { " TOOL
                                                     "environments: { dev: { }; }; }; };\npipelines: { shop: "
                                                     "{ service = \"shop\"; environments = [ \"prod\" ]; "
                                                     "infrastructure = [ \"network\" ]; }; };",
     "x.rules:6: the stack 'network' has none of the environments of this pipeline"},
};

static void test_pipeline(void **state)
{
    char found[256];
    struct err err = {0};
    struct config *config = read_good(pipelines[0].text);
    char *sealed = config_seal_pipeline(config, "shop", &err);

    (void)state;
    config_free(config);
    struct run_definition *definition = unseal(sealed, &err);
    assert_string_equal(
        stages_of(definition, found, sizeof(found)),
        "dev deploy | prod-network-plan plan | prod-network-apply apply | prod-network-verify verify | "
        "prod deploy | release tag");
    static const uint8_t begins[] = {0, 1, 1, 1, 4, 5};
    assert_memory_equal(definition->begins, begins, sizeof(begins));
    assert_null(definition->stack);
    assert_string_equal(definition->tasks[1].stack->environment, "prod");
    run_definition_free(definition);
    assert_cases(pipelines, ARRAY_LENGTH(pipelines));
}

/* ---- conditions ---- */

static double given(const struct smoke_extract *extract, double deletes, double cost, double before)
{
    if (strcmp(extract->path, "deletes") == 0)
        return deletes;
    return strcmp(extract->path, "monthly_cost") == 0 ? cost : before;
}

static void test_conditions(void **state)
{
    static const struct {
        const char *text;
        double deletes, cost, before;
        enum verdict expected; /* PASS: it holds */
    } conditions[] = {
        {"deletes > 0", 1, NAN, NAN, VERDICT_PASS},
        {"deletes > 0", 0, NAN, NAN, VERDICT_FAIL},
        {"deletes > 0", NAN, NAN, NAN, VERDICT_INCONCLUSIVE},
        {"monthly_cost > +10%", 0, 110.5, 100, VERDICT_PASS},
        {"monthly_cost > +10%", 0, 109.5, 100, VERDICT_FAIL},
        {"monthly_cost > +10%", 0, 109.5, NAN, VERDICT_INCONCLUSIVE},
        {"monthly_cost > +50", 0, 151, 100, VERDICT_PASS},
        {"monthly_cost > +50", 0, 149, 100, VERDICT_FAIL},
        {"monthly_cost > 1000", 0, 999, NAN, VERDICT_FAIL},
        {"deletes > 2 or monthly_cost > +10%", 3, NAN, NAN, VERDICT_PASS},
    };
    unsigned char memory[4096];
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(conditions); i++) {
        struct task_skip refuse = {.extract_count = 0};
        double extracts[SMOKE_EXTRACTS_MAX];
        bool wants_cost = false;
        struct err err = {0};
        arena_init(&arena, memory, sizeof(memory));
        if (!task_condition_refuse(conditions[i].text, &arena, &refuse, &wants_cost, &err))
            fail_msg("%s: %s", conditions[i].text, err.text);
        assert_true(wants_cost == (strstr(conditions[i].text, "cost") != NULL));
        for (uint8_t k = 0; k < refuse.extract_count; k++)
            extracts[k] =
                given(&refuse.extracts[k], conditions[i].deletes, conditions[i].cost, conditions[i].before);
        if (smoke_judge(&refuse.when, extracts, refuse.extract_count) != conditions[i].expected)
            fail_msg("case %zu: %s", i, conditions[i].text);
    }
}

static void test_wrong_conditions(void **state)
{
    static const char why_left[] = "+ stands in a comparison of monthly_cost, like monthly_cost > +10%";
    static const char why_right[] = "a number or a percentage is missing behind the +";
    static const char *const conditions[][2] = {
        {"deletes > +10", why_left},
        {"5 > +10", why_left},
        {"+10 > 5", why_left},
        {"(monthly_cost + 1) > +10", why_left},
        {"monthly_cost > +10s", why_right},
        {"monthly_cost > +x", why_right},
        {"burns > 1", "unknown word 'burns'"},
    };
    unsigned char memory[4096];
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(conditions); i++) {
        struct task_skip refuse = {.extract_count = 0};
        bool wants_cost = false;
        struct err err = {0};
        arena_init(&arena, memory, sizeof(memory));
        bool is_good = task_condition_refuse(conditions[i][0], &arena, &refuse, &wants_cost, &err);
        if (is_good || strstr(err.text, conditions[i][1]) == NULL)
            fail_msg("%s: %d %s", conditions[i][0], is_good, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_variables),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_stages_of_verbs),
        cmocka_unit_test(test_who_hears_and_how_often),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_words_for_amazon),
        cmocka_unit_test(test_destroy),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_wrong_conditions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
