/* stack_stages.c - a filled stack as the stages of a run.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/notify.h"
#include "config/pipelines.h"
#include "config/run_stages.h"
#include "config/stack_options.h"
#include "config/stack_words.h"
#include "config/stacks.h"
#include "config/targets.h"
#include "config/task_approval.h"
#include "config/task_condition.h"

#include <stdio.h>
#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, WORDS_OWN = 6, WORD_SIZE = 1024 };

static const char plan_output[] = "plan";

/* One stack on its way into a definition. */
struct expansion {
    const struct build *build;
    const struct node *node; /* filled */
    const char *prefix;
    struct option_value values[STACK_FILLED_COUNT];
    struct run_definition *definition;
    struct stack_place *place;
    uint8_t first; /* stage */
};

/* ---- what the options say ---- */

static bool check_absolute(const struct build *build, const struct node *node, const char *name,
                           const struct option_value *value)
{
    return value->text[0] == '/' ||
           report_node(build->report, tree_find(node, name), "%s: must be an absolute path", name);
}

/* Pulumi has a backend of its own, and it alone is asked to save plans. */
static bool check_tool(const struct build *build, const struct node *node, const struct option_value *values)
{
    bool is_pulumi = values[STACK_TOOL].choice == STACK_PULUMI;

    if (is_pulumi && strcmp(values[STACK_STATE].text, "own") != 0)
        return report_node(build->report, tree_find(node, "state"),
                           "state: pulumi keeps it in its own backend (`pulumi login`): state = \"own\"");
    return is_pulumi || !values[STACK_SAVE_PLAN].flag ||
           report_node(build->report, tree_find(node, "save_plan"),
                       "save_plan: is for pulumi; the plans of %s are saved as they are",
                       values[STACK_TOOL].text);
}

/* ---- stages ---- */

static bool add_stage(const struct expansion *expansion, const char *name)
{
    char whole[2 * NAME_MAX_LENGTH];
    struct run_definition *definition = expansion->definition;

    if (snprintf(whole, sizeof(whole), "%s%s", expansion->prefix, name) > NAME_MAX_LENGTH)
        return report_node(expansion->build->report, expansion->node,
                           "the stage '%s' would have too long a name: at most %d letters", whole,
                           NAME_MAX_LENGTH);
    struct run_plan_stage *stage = run_stages_add(expansion->build, expansion->node, whole, definition);
    if (stage == NULL)
        return false;
    stage->parallel = RUN_PARALLEL_MAX;
    /* Whatever fails from here on begins with a new plan. */
    definition->begins[definition->plan.stage_count - 1] = expansion->first;
    return true;
}

static bool add_word(const struct expansion *expansion, const char **words, size_t *count, const char *name,
                     const char *value)
{
    char text[WORD_SIZE];

    if (snprintf(text, sizeof(text), "%s%s", name, value) >= WORD_SIZE)
        return report_node(expansion->build->report, expansion->node, "%s is too long", name);
    words[*count] = options_keep(expansion->build, expansion->node, text);
    return words[(*count)++] != NULL;
}

/* The words of one command of verdict-iac. */
static bool take_words(const struct expansion *expansion, const char *verb, struct run_task_definition *task)
{
    const struct option_value *values = expansion->values;
    const char **words =
        options_array(expansion->build, expansion->node, WORDS_OWN + STACK_WORDS_MAX + 1, sizeof(*words));
    bool is_good = words != NULL;

    task->arguments = words;
    is_good = is_good && add_word(expansion, words, &task->argument_count, "", expansion->place->program);
    is_good = is_good && add_word(expansion, words, &task->argument_count, "", verb);
    is_good = is_good && add_word(expansion, words, &task->argument_count, "", expansion->place->tool);
    is_good = is_good && add_word(expansion, words, &task->argument_count, "", expansion->place->name);
    is_good = is_good && add_word(expansion, words, &task->argument_count, "", expansion->place->environment);
    is_good =
        is_good && add_word(expansion, words, &task->argument_count, "state=", values[STACK_STATE].text);
    is_good = is_good && (!values[STACK_SAVE_PLAN].flag ||
                          add_word(expansion, words, &task->argument_count, "plan=", "saved"));
    return is_good &&
           stack_words_add(expansion->build, expansion->node, values, words, &task->argument_count);
}

static enum stack_word word_of(const char *verb)
{
    static const struct {
        const char *verb;
        enum stack_word word;
    } words[] = {{"plan", STACK_WORD_PLAN},     {"plan-destroy", STACK_WORD_PLAN},
                 {"apply", STACK_WORD_APPLY},   {"destroy", STACK_WORD_APPLY},
                 {"verify", STACK_WORD_VERIFY}, {"drift", STACK_WORD_DRIFT}};
    enum stack_word word = STACK_WORD_NONE;

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].verb, verb) == 0)
            word = words[i].word;
    return word;
}

/* A stage with one command of verdict-iac; NULL: findings. */
static struct run_task_definition *add_command(const struct expansion *expansion, const char *name,
                                               const char *verb, bool changes_things)
{
    struct run_definition *definition = expansion->definition;
    int64_t limit_ms = expansion->values[changes_things ? STACK_APPLY_TIMEOUT : STACK_TIMEOUT].duration_ms;

    if (!add_stage(expansion, name))
        return NULL;
    uint8_t index = run_stages_add_task(expansion->build, expansion->node, definition);
    if (index == UINT8_MAX)
        return NULL;
    struct run_task_definition *task = &definition->tasks[index];
    struct run_plan_task *planned = &definition->plan.tasks[index];
    planned->kind = RUN_TASK_COMMAND;
    /* What an apply did whose end nobody knows is found by the next plan. */
    planned->repeat = changes_things ? REPEAT_UNSAFE : REPEAT_IDEMPOTENT;
    planned->tries_max = 1; /* a plan that is refused is no better the second time */
    planned->limit_ms = limit_ms + expansion->place->grace_ms;
    planned->patience_ms = limit_ms; /* a runner that is busy and a stack that is held are waited for */
    *task = (struct run_task_definition){.name = name,
                                         .directory = expansion->place->directory,
                                         .timeout_ms = limit_ms,
                                         .secrets = expansion->values[STACK_SECRETS].list,
                                         .secret_count = expansion->values[STACK_SECRETS].list_length / 2,
                                         .stack = expansion->place,
                                         .word = word_of(verb)};
    return take_words(expansion, verb, task) ? task : NULL;
}

static const struct task_skip *skip_empty(const struct expansion *expansion)
{
    struct task_skip *skip = options_array(expansion->build, expansion->node, 1, sizeof(*skip));
    struct err err = {0};

    if (skip == NULL)
        return NULL;
    if (task_condition_skip("output('changes') == 0", expansion->build->arena, skip, &err))
        return skip;
    (void)report_node(expansion->build->report, expansion->node, "%s", err.text);
    return NULL;
}

/* ---- review ---- */

static bool add_program(const struct expansion *expansion, const char *name)
{
    const struct node *node = tree_find(expansion->node, name);

    return node == NULL || pipelines_add_task(expansion->build, node, expansion->definition);
}

/* Programs that look at the plan beside each other. */
static bool add_review(const struct expansion *expansion)
{
    struct run_definition *definition = expansion->definition;
    const struct node *node = expansion->node;
    uint8_t first = definition->plan.task_count;

    if (tree_find(node, "cost") == NULL && tree_find(node, "compliance") == NULL)
        return true;
    if (!add_stage(expansion, "review") || !add_program(expansion, "cost") ||
        !add_program(expansion, "compliance"))
        return false;
    for (uint8_t i = first; i < definition->plan.task_count; i++) {
        if (definition->plan.tasks[i].kind != RUN_TASK_COMMAND)
            return report_node(expansion->build->report, node,
                               "what reviews a plan is a program: exec = [ ... ]");
        definition->tasks[i].stack = expansion->place;
    }
    return true;
}

/* Judged as soon as its numbers are there: with the plan, or behind the program that tells what it costs. */
static bool take_refusal(const struct expansion *expansion, struct run_task_definition *plan)
{
    const struct build *build = expansion->build;
    const struct node *at = tree_find(expansion->node, "refuse_when");
    const struct node *cost = tree_find(expansion->node, "cost");
    bool wants_cost = false;
    struct err err = {0};

    if (at == NULL)
        return true;
    struct task_skip *refuse = options_array(build, at, 1, sizeof(*refuse));
    if (refuse == NULL)
        return false;
    const char *text = expansion->values[STACK_REFUSE_WHEN].text;
    if (!task_condition_refuse(text, build->arena, refuse, &wants_cost, &err))
        return report_node(build->report, at, "%s", err.text);
    if (wants_cost && cost == NULL)
        return report_node(
            build->report, at,
            "refuse_when: monthly_cost needs a program that tells it: cost: { exec = [ ... ]; }");
    struct run_task_definition *task = wants_cost ? plan + 1 : plan;
    task->refuse = refuse;
    task->refuse_text = text;
    return true;
}

/* Whoever may approve, where nothing is said of it and it takes people all the same. */
static bool ask_anybody(const struct expansion *expansion, struct run_plan_task *planned,
                        struct run_task_definition *task)
{
    struct task_review *review = options_array(expansion->build, expansion->node, 1, sizeof(*review));

    if (review == NULL)
        return false;
    *review = (struct task_review){.output = plan_output, .need = 1};
    planned->kind = RUN_TASK_AWAIT;
    planned->tries_max = planned->need = 1;
    planned->limit_ms = DAY_MS;
    task->review = review;
    return true;
}

static bool add_approval(const struct expansion *expansion, bool is_always)
{
    struct run_definition *definition = expansion->definition;
    const struct build *build = expansion->build;
    const struct node *node = tree_find(tree_find(expansion->node, "here"), "approval");

    if (node == NULL && !is_always)
        return true;
    if (!add_stage(expansion, "approve"))
        return false;
    uint8_t index = run_stages_add_task(build, expansion->node, definition);
    if (index == UINT8_MAX)
        return false;
    struct run_task_definition *task = &definition->tasks[index];
    struct run_plan_task *planned = &definition->plan.tasks[index];
    *task = (struct run_task_definition){
        .name = "approve", .stack = expansion->place, .skip = skip_empty(expansion)};
    return task->skip != NULL &&
           (node == NULL ? ask_anybody(expansion, planned, task)
                         : task_approval_build(build, node, plan_output, planned, task));
}

/* ---- verbs ---- */

static bool add_plan(const struct expansion *expansion, const char *verb)
{
    struct run_task_definition *plan = add_command(expansion, "plan", verb, false);
    bool is_destroy = strcmp(verb, "plan") != 0;

    /* What is taken away is nothing that costs or has to comply, and deleting is what it is for. */
    return plan != NULL && (is_destroy || (add_review(expansion) && take_refusal(expansion, plan)));
}

static bool add_apply(const struct expansion *expansion)
{
    if (!add_plan(expansion, "plan") || !add_approval(expansion, false))
        return false;
    struct run_task_definition *apply = add_command(expansion, "apply", "apply", true);
    if (apply == NULL)
        return false;
    apply->skip = skip_empty(expansion);
    return apply->skip != NULL && add_command(expansion, "verify", "verify", false) != NULL;
}

static bool add_destroy(const struct expansion *expansion)
{
    if (!add_plan(expansion, "plan-destroy") || !add_approval(expansion, true))
        return false;
    struct run_task_definition *destroy = add_command(expansion, "destroy", "destroy", true);
    if (destroy != NULL)
        destroy->skip = skip_empty(expansion);
    return destroy != NULL && destroy->skip != NULL;
}

static bool add_verb(const struct expansion *expansion)
{
    switch ((enum stack_verb)expansion->values[STACK_VERB].choice) {
    case STACK_PLANS:
        return add_plan(expansion, "plan");
    case STACK_APPLIES:
        return add_apply(expansion);
    case STACK_VERIFIES:
        return add_command(expansion, "verify", "verify", false) != NULL;
    case STACK_FINDS_DRIFT:
        return add_command(expansion, "drift", "drift", false) != NULL;
    case STACK_DESTROYS:
        return add_destroy(expansion);
    }
    return false;
}

static bool take_place(struct expansion *expansion)
{
    const struct build *build = expansion->build;
    const struct node *node = expansion->node;
    const struct option_value *values = expansion->values;
    const struct node *variables = tree_find(node, "variables"); /* JSON by now */
    const struct node *notify = tree_find(tree_find(node, "here"), "notify");

    expansion->place = options_array(build, node, 1, sizeof(*expansion->place));
    if (expansion->place == NULL || variables == NULL || variables->text == NULL)
        return false;
    *expansion->place = (struct stack_place){.name = options_keep(build, node, node->name),
                                             .environment = values[STACK_ENVIRONMENT].text,
                                             .program = values[STACK_PROGRAM].text,
                                             .directory = values[STACK_DIRECTORY].text,
                                             .tool = values[STACK_TOOL].text,
                                             .is_kept = strcmp(values[STACK_STATE].text, "daemon") == 0,
                                             .variables = options_keep(build, node, variables->text),
                                             .grace_ms = values[STACK_GRACE].duration_ms,
                                             .drift_every_ms = values[STACK_DRIFT_EVERY].duration_ms};
    if (!notify_build(build, notify == NULL ? tree_find(node, "notify") : notify, &expansion->place->notify))
        return false;
    return expansion->place->name != NULL && expansion->place->variables != NULL;
}

bool stacks_expand(const struct build *build, const struct node *filled, const char *prefix,
                   struct run_definition *definition, const struct stack_place **ret_place)
{
    static const char *const parts[] = {"variables", "cost", "compliance", "notify", "here", NULL};
    static const struct shape shape = {.options = stack_options, .count = STACK_FILLED_COUNT, .parts = parts};
    struct expansion expansion = {.build = build,
                                  .node = filled,
                                  .prefix = prefix,
                                  .definition = definition,
                                  .first = definition->plan.stage_count};

    if (!options_read(build, filled, &shape, expansion.values, NULL) ||
        !check_absolute(build, filled, "directory", &expansion.values[STACK_DIRECTORY]) ||
        !check_absolute(build, filled, "program", &expansion.values[STACK_PROGRAM]) ||
        !check_tool(build, filled, expansion.values) ||
        !commands_check_secrets(build, filled, &expansion.values[STACK_SECRETS]) ||
        !stack_words_merge(build, tree_find(filled, "here"), expansion.values) ||
        !stack_words_check(build, filled, expansion.values) || !take_place(&expansion) ||
        !add_verb(&expansion))
        return false;
    *ret_place = expansion.place;
    return true;
}

bool stacks_build(const struct build *build, const struct node *filled, struct run_definition *definition)
{
    char whole[2 * (NAME_MAX_LENGTH + 1)];
    struct text text;

    definition->service = "";
    if (!stacks_expand(build, filled, "", definition, &definition->stack))
        return false;
    text_init(&text, whole, sizeof(whole));
    text_add(&text, "%s/%s", definition->stack->name, definition->stack->environment);
    definition->pipeline = options_keep(build, filled, whole);
    return definition->pipeline != NULL;
}
