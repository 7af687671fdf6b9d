/* pipelines.c - pipelines read: stages of tasks, then the environments in their order, then the release.
 * SPDX-License-Identifier: MIT */
#include "config/pipelines.h"

#include "base/text.h"
#include "config/notify.h"
#include "config/pipeline_stacks.h"
#include "config/run_stages.h"
#include "config/targets.h"
#include "config/task_approval.h"
#include "config/task_condition.h"
#include "config/template.h"
#include "config/vars.h"

#include <string.h>

enum { PIPELINE_SERVICE, PIPELINE_ENVIRONMENTS, PIPELINE_INFRASTRUCTURE, PIPELINE_OPTION_COUNT };
enum { PIPELINE_STACKS_MAX = 4 };
enum { STAGE_ON_FAILURE, STAGE_ASK_TIMEOUT, STAGE_PARALLEL, STAGE_OPTION_COUNT };
enum {
    TASK_EXEC,
    TASK_DIRECTORY,
    TASK_TIMEOUT,
    TASK_RETRIES,
    TASK_REPEAT,
    TASK_AWAIT,
    TASK_ON_TIMEOUT,
    TASK_PARSE,
    TASK_FAIL_WHEN,
    TASK_SKIP_WHEN,
    TASK_SECRETS,
    TASK_OPTION_COUNT
};
enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, RETRIES_MAX = 10 };
/* "NAME.critical" is an output's name. */
enum { COUNTED_NAME_MAX = NAME_MAX_LENGTH - (int)sizeof("critical") };

#define AWAIT_MAX_MS (30.0 * DAY_MS)

static const char *const outcomes[] = {"fail", "go_on", "ask", NULL}; /* as enum run_outcome */
static const char *const repeats[] = {"unsafe", "idempotent", NULL};  /* as enum command_repeat */
static const char *const silences[] = {"fail", "pass", NULL};         /* of an awaited answer */
static const char *const pipeline_parts[] = {"stages", "release", "notify", PIPELINE_EXPANDED,
                                             NULL}; /* read one by one */
static const char *const pipeline_later[] = {"together", "group", NULL};
static const char *const task_later[] = {"probe", NULL};
static const char *const formats[] = {"sarif",    "trivy",     "checkov",
                                      "conftest", "infracost", NULL}; /* as enum scan_format, from 1 */

static const struct option pipeline_options[PIPELINE_OPTION_COUNT] = {
    [PIPELINE_SERVICE] = {.name = "service",
                          .type = OPTION_TEXT,
                          .is_required = true,
                          .help = "the service that it builds and deploys"},
    [PIPELINE_ENVIRONMENTS] = {.name = "environments",
                               .type = OPTION_LIST,
                               .max = RUN_STAGES_MAX,
                               .help = "where it is deployed, in this order"},
    [PIPELINE_INFRASTRUCTURE] = {.name = "infrastructure",
                                 .type = OPTION_LIST,
                                 .max = PIPELINE_STACKS_MAX,
                                 .help = "stacks that are applied in each environment before its deployment"},
};

static const struct option stage_options[STAGE_OPTION_COUNT] = {
    [STAGE_ON_FAILURE] = {.name = "on_failure",
                          .type = OPTION_CHOICE,
                          .choices = outcomes,
                          .fallback = "fail",
                          .help = "what a task that failed after its retries means"},
    [STAGE_ASK_TIMEOUT] = {.name = "ask_timeout",
                           .type = OPTION_DURATION,
                           .min = 1000,
                           .max = AWAIT_MAX_MS,
                           .fallback = "24h",
                           .help = "ask: nobody's answer after it is no"},
    [STAGE_PARALLEL] = {.name = "parallel",
                        .type = OPTION_INTEGER,
                        .min = 1,
                        .max = RUN_PARALLEL_MAX,
                        .fallback = "4",
                        .help = "commands at the same time"},
};

static const struct option task_options[TASK_OPTION_COUNT] = {
    [TASK_EXEC] = {.name = "exec",
                   .type = OPTION_LIST,
                   .min = 1,
                   .max = DEFINITION_ARGUMENTS_MAX,
                   .help = "program and arguments; no shell"},
    [TASK_DIRECTORY] = {.name = "directory", .type = OPTION_TEXT, .help = "where it works"},
    [TASK_TIMEOUT] = {.name = "timeout",
                      .type = OPTION_DURATION,
                      .min = 100,
                      .max = DAY_MS,
                      .help = "longest time of one try; 30m"},
    [TASK_RETRIES] = {.name = "retries",
                      .type = OPTION_INTEGER,
                      .min = 0,
                      .max = RETRIES_MAX,
                      .help = "tries beside the first one"},
    [TASK_REPEAT] = {.name = "repeat",
                     .type = OPTION_CHOICE,
                     .choices = repeats,
                     .help = "may it be started again when its fate is unknown?"},
    [TASK_AWAIT] = {.name = "await",
                    .type = OPTION_DURATION,
                    .min = 1000,
                    .max = AWAIT_MAX_MS,
                    .help = "answered from outside, within this time"},
    [TASK_ON_TIMEOUT] = {.name = "on_timeout",
                         .type = OPTION_CHOICE,
                         .choices = silences,
                         .help = "await: what silence means"},
    [TASK_PARSE] = {.name = "parse",
                    .type = OPTION_CHOICE,
                    .choices = formats,
                    .help = "a report of findings or costs: in $VERDICT_REPORT, or all that is printed"},
    [TASK_FAIL_WHEN] = {.name = "fail_when",
                        .type = OPTION_TEXT,
                        .help = "counts of the report that fail the task: \"critical > 0\""},
    [TASK_SKIP_WHEN] = {.name = "skip_when",
                        .type = OPTION_TEXT,
                        .help = "earlier outputs that make it needless: \"output('changed') == 'no'\""},
    [TASK_SECRETS] = COMMANDS_SECRETS_OPTION,
};

struct building {
    const struct build *build;
    struct run_definition *definition;
};

static bool refuse_beside(const struct building *building, const struct node *node, const char *key,
                          const char *kind)
{
    const struct node *found = tree_find(node, key);

    return found == NULL ||
           report_node(building->build->report, found, "'%s' makes no sense beside '%s'", key, kind);
}

/* Only what is known of a run can be filled in when it runs. */
static bool check_texts(const struct building *building, const struct node *exec)
{
    size_t count = exec->kind == NODE_LIST ? exec->count : 1;
    const struct node *texts = exec->kind == NODE_LIST ? exec->children : exec;

    for (size_t i = 0; i < count; i++) {
        struct placeholder found = placeholder_find(texts[i].text);
        for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(found.after))
            if (strcmp(found.name, "version") != 0)
                return report_node(building->build->report, &texts[i],
                                   "{{%s}} is not known in a pipeline: it has no slot", found.name);
    }
    return true;
}

static bool build_fail_when(const struct building *building, const struct node *node, const char *text,
                            struct run_task_definition *task)
{
    const struct node *at = tree_find(node, "fail_when");
    struct err err = {0};

    if (!scan_has(task->parse, SCAN_FINDINGS))
        return report_node(building->build->report, at,
                           "fail_when needs parse = \"sarif\", \"trivy\", \"checkov\" or \"conftest\": "
                           "what is to be counted?");
    struct expression *expression = options_array(building->build, node, 1, sizeof(*expression));
    if (expression == NULL)
        return false;
    if (!task_condition_fail(text, task->parse, expression, &err))
        return report_node(building->build->report, at, "%s", err.text);
    task->fail_when = expression;
    task->fail_text = text;
    return true;
}

static bool build_skip_when(const struct building *building, const struct node *node, const char *text,
                            struct run_task_definition *task)
{
    struct task_skip *skip = options_array(building->build, node, 1, sizeof(*skip));
    struct err err = {0};

    if (skip == NULL)
        return false;
    if (!task_condition_skip(text, building->build->arena, skip, &err))
        return report_node(building->build->report, tree_find(node, "skip_when"), "%s", err.text);
    task->skip = skip;
    return true;
}

static bool build_conditions(const struct building *building, const struct node *node,
                             const struct option_value *values, struct run_task_definition *task)
{
    if (values[TASK_PARSE].is_set)
        task->parse = (enum scan_format)(1 + values[TASK_PARSE].choice);
    if (task->parse != SCAN_NONE && strlen(node->name) > COUNTED_NAME_MAX)
        return report_node(building->build->report, node,
                           "'%s' is too long a name for a task with counts: at most %d letters", node->name,
                           COUNTED_NAME_MAX);
    return (!values[TASK_FAIL_WHEN].is_set ||
            build_fail_when(building, node, values[TASK_FAIL_WHEN].text, task)) &&
           (!values[TASK_SKIP_WHEN].is_set ||
            build_skip_when(building, node, values[TASK_SKIP_WHEN].text, task));
}

static bool build_command(const struct building *building, const struct node *node,
                          const struct option_value *values, struct run_plan_task *planned,
                          struct run_task_definition *task)
{
    const struct config_report *report = building->build->report;
    size_t before = report->said;

    if (!refuse_beside(building, node, "on_timeout", "exec") ||
        !check_texts(building, tree_find(node, "exec")))
        return false;
    planned->kind = RUN_TASK_COMMAND;
    planned->repeat = (enum command_repeat)values[TASK_REPEAT].choice;
    planned->tries_max = (uint16_t)(1 + values[TASK_RETRIES].number);
    planned->limit_ms = values[TASK_TIMEOUT].is_set ? values[TASK_TIMEOUT].duration_ms : HOUR_MS / 2;
    task->arguments = values[TASK_EXEC].list;
    task->argument_count = values[TASK_EXEC].list_length;
    task->timeout_ms = planned->limit_ms;
    task->secrets = values[TASK_SECRETS].list;
    task->secret_count = values[TASK_SECRETS].list_length / 2;
    task->directory = values[TASK_DIRECTORY].is_set ? values[TASK_DIRECTORY].text : "";
    if (task->arguments[0][0] == '\0')
        return report_node(building->build->report, tree_find(node, "exec"),
                           "exec: the name of the program is empty");
    return commands_check_secrets(building->build, node, &values[TASK_SECRETS]) &&
           build_conditions(building, node, values, task) && report->said == before;
}

static bool refuse_of_commands(const struct building *building, const struct node *node, const char *kind)
{
    static const char *const foreign[] = {"directory", "timeout",   "retries",   "repeat",
                                          "parse",     "fail_when", "skip_when", "secrets"};

    for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++)
        if (!refuse_beside(building, node, foreign[i], kind))
            return false;
    return true;
}

static bool build_approval(const struct building *building, const struct node *node,
                           struct run_plan_task *planned, struct run_task_definition *task)
{
    return refuse_of_commands(building, node, "approval") &&
           refuse_beside(building, node, "on_timeout", "approval") &&
           task_approval_build(building->build, tree_find(node, "approval"), NULL, planned, task);
}

static bool build_awaited(const struct building *building, const struct node *node,
                          const struct option_value *values, struct run_plan_task *planned)
{
    if (!refuse_of_commands(building, node, "await"))
        return false;
    planned->kind = RUN_TASK_AWAIT;
    planned->tries_max = 1;
    planned->limit_ms = values[TASK_AWAIT].duration_ms;
    planned->passes_silent = values[TASK_ON_TIMEOUT].choice == 1;
    return true;
}

static bool build_task(const struct building *building, const struct node *node,
                       struct run_plan_task *planned, struct run_task_definition *task)
{
    static const char *const parts[] = {"approval", NULL};
    static const struct shape shape = {
        .options = task_options, .count = TASK_OPTION_COUNT, .parts = parts, .later = task_later};
    struct option_value values[TASK_OPTION_COUNT] = {{0}};
    struct config_report *report = building->build->report;

    if (!text_is_name(node->name))
        return report_node(report, node, "task '%s' is no name: small letters, digits, -", node->name);
    if (!options_read(building->build, node, &shape, values, NULL))
        return false;
    bool is_approval = tree_find(node, "approval") != NULL;
    if (values[TASK_EXEC].is_set + values[TASK_AWAIT].is_set + is_approval != 1)
        return report_node(report, node,
                           "task '%s' needs one of exec = [ \"program\", ... ], await = \"24h\" and "
                           "approval: { from = [ ... ]; }",
                           node->name);
    task->name = options_keep(building->build, node, node->name);
    if (task->name == NULL)
        return false;
    if (is_approval)
        return build_approval(building, node, planned, task);
    return values[TASK_EXEC].is_set ? build_command(building, node, values, planned, task)
                                    : build_awaited(building, node, values, planned);
}

bool pipelines_add_task(const struct build *build, const struct node *node, struct run_definition *definition)
{
    const struct building building = {.build = build, .definition = definition};
    uint8_t index = run_stages_add_task(build, node, definition);

    return index != UINT8_MAX &&
           build_task(&building, node, &definition->plan.tasks[index], &definition->tasks[index]);
}

static bool read_stage(const struct building *building, const struct node *node, struct run_plan_stage *stage)
{
    struct option_value values[STAGE_OPTION_COUNT] = {{0}};
    const char *tasks[RUN_TASKS_MAX + 1] = {NULL};
    struct shape shape = {.options = stage_options, .count = STAGE_OPTION_COUNT, .parts = tasks};
    size_t count = 0;

    for (size_t i = 0; i < node->count; i++)
        if (node->children[i].kind == NODE_GROUP && count < RUN_TASKS_MAX)
            tasks[count++] = node->children[i].name;
    if (!options_read(building->build, node, &shape, values, NULL))
        return false;
    stage->on_failure = (enum run_outcome)values[STAGE_ON_FAILURE].choice;
    stage->ask_limit_ms = values[STAGE_ASK_TIMEOUT].duration_ms;
    stage->parallel = (uint8_t)values[STAGE_PARALLEL].number;
    if (count == 0)
        return report_node(building->build->report, node, "stage '%s' has no task: NAME: { exec = [ ... ]; }",
                           node->name);
    return true;
}

static bool build_stage(const struct building *building, const struct node *node)
{
    struct run_definition *definition = building->definition;
    bool is_good = true;

    if (node->kind != NODE_GROUP || !text_is_name(node->name))
        return report_node(building->build->report, node,
                           "a stage is NAME: { TASK: { ... }; }, its name small letters, digits, -");
    struct run_plan_stage *stage = run_stages_add(building->build, node, node->name, definition);
    if (stage == NULL || !read_stage(building, node, stage))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *task = &node->children[i];
        if (task->kind != NODE_GROUP)
            continue;
        is_good = pipelines_add_task(building->build, task, definition) && is_good;
    }
    return is_good;
}

static bool build_environment(const struct building *building, const struct node *at, const char *name)
{
    struct run_definition *definition = building->definition;
    uint8_t index = run_stages_add(building->build, at, name, definition) == NULL
                        ? UINT8_MAX
                        : run_stages_add_task(building->build, at, definition);

    if (index == UINT8_MAX)
        return false;
    definition->plan.tasks[index] =
        (struct run_plan_task){.kind = RUN_TASK_DEPLOY, .reference = index, .tries_max = 1};
    definition->tasks[index].name = "deploy";
    definition->tasks[index].service = definition->service;
    definition->tasks[index].environment = definition->stages[definition->plan.stage_count - 1];
    return true;
}

static bool build_stages(const struct building *building, const struct node *stages)
{
    bool is_good = true;

    if (stages == NULL)
        return true;
    if (stages->kind != NODE_GROUP)
        return report_node(building->build->report, stages, "stages: takes a group { NAME: { ... }; }");
    for (size_t i = 0; i < stages->count; i++)
        is_good = build_stage(building, &stages->children[i]) && is_good;
    return is_good;
}

bool pipelines_build(const struct build *build, const struct node *pipeline,
                     struct run_definition *definition)
{
    static const struct shape shape = {.options = pipeline_options,
                                       .count = PIPELINE_OPTION_COUNT,
                                       .parts = pipeline_parts,
                                       .later = pipeline_later};
    struct building building = {.build = build, .definition = definition};
    struct option_value values[PIPELINE_OPTION_COUNT] = {{0}};
    const struct node *release = tree_find(pipeline, "release");

    if (!options_read(build, pipeline, &shape, values, NULL))
        return false;
    definition->pipeline = options_keep(build, pipeline, pipeline->name);
    definition->service = values[PIPELINE_SERVICE].text;
    bool is_good = notify_build(build, tree_find(pipeline, "notify"), &definition->notify);
    is_good = build_stages(&building, tree_find(pipeline, "stages")) && is_good;
    const struct node *environments = tree_find(pipeline, "environments");
    for (size_t i = 0; i < values[PIPELINE_ENVIRONMENTS].list_length; i++)
        is_good = pipeline_stacks_build(build, pipeline, &values[PIPELINE_INFRASTRUCTURE],
                                        values[PIPELINE_ENVIRONMENTS].list[i], definition) &&
                  build_environment(&building, environments, values[PIPELINE_ENVIRONMENTS].list[i]) &&
                  is_good;
    if (release != NULL)
        is_good = build_stage(&building, release) && is_good;
    if (is_good && definition->plan.stage_count == 0)
        return report_node(build->report, pipeline, "pipeline '%s' has no stage and no environment",
                           pipeline->name);
    return is_good && definition->pipeline != NULL;
}

/* A run starts its deployments at once; there is no moment to ask a command for hosts. */
static bool check_hosts(const struct node *environment, const struct node *at, struct config_report *report)
{
    if (environment == NULL || tree_find(environment, "hosts_from") == NULL)
        return true;
    return report_node(
        report, at,
        "'%s' asks a command for its hosts (hosts_from), which a pipeline cannot; name them in "
        "`hosts`, or start that deployment by itself",
        environment->name);
}

static bool check_environments(const struct node *service, const struct node *pipeline,
                               struct config_report *report)
{
    const struct node *known = tree_find(service, "environments");
    const struct node *wanted = tree_find(pipeline, "environments");
    const char *names[RUN_TASKS_MAX];
    size_t count = 0;
    bool is_good = true;

    for (; count < known->count && count < ARRAY_LENGTH(names); count++)
        names[count] = known->children[count].name;
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node *one = &wanted->children[i];
        const struct node *environment = one->kind == NODE_TEXT ? tree_find(known, one->text) : NULL;
        if (one->kind == NODE_TEXT && environment == NULL)
            is_good = report_unknown(report, one, "environment", one->text, names, count) && is_good;
        else
            is_good = check_hosts(environment, one, report) && is_good;
    }
    return is_good;
}

/* Who hears of the service hears of its runs, unless the pipeline names others. */
static bool fill_notify(struct vars *vars, const struct node *service, struct node *filled)
{
    const struct node *notify = tree_find(service, "notify");
    struct node *children = arena_take_array(vars->arena, filled->count + 1, sizeof(*children));

    if (notify == NULL || tree_find(filled, "notify") != NULL)
        return true;
    if (children == NULL)
        return report_node(vars->report, filled,
                           "the definitions are larger than their memory; make them smaller");
    memcpy(children, filled->children, filled->count * sizeof(*children));
    filled->children = children;
    return vars_copy(vars, notify, false, &children[filled->count++]);
}

bool pipelines_fill(const struct config *config, const struct node *pipeline, struct arena *arena,
                    struct config_report *report, struct node *ret_filled)
{
    const struct node *name = tree_find(pipeline, "service");
    bool is_named = name != NULL && name->kind == NODE_TEXT;
    const struct node *service = is_named ? config_find(config, "services", name->text) : NULL;
    struct vars vars = {.arena = arena, .report = report};

    if (is_named && service == NULL)
        return config_unknown(config, report, name, "services", "service", name->text);
    vars.service = is_named ? name->text : NULL;
    vars.scopes[0] = tree_find(service, "vars");
    if (tree_find(pipeline, PIPELINE_EXPANDED) != NULL)
        return report_node(report, tree_find(pipeline, PIPELINE_EXPANDED), "unknown key '%s'",
                           PIPELINE_EXPANDED);
    if (!vars_copy(&vars, pipeline, true, ret_filled))
        return false;
    return service == NULL ||
           (check_environments(service, ret_filled, report) && fill_notify(&vars, service, ret_filled) &&
            pipeline_stacks_fill(config, arena, report, ret_filled));
}
