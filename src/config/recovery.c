/* recovery.c - recovery plans read: their steps as the stages of a run.
 * SPDX-License-Identifier: MIT */
#include "config/recovery.h"

#include "config/block.h"
#include "config/run_stages.h"
#include "config/stacks.h"
#include "config/targets.h"
#include "config/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_COMMAND_NAME, STEP_STACK_NAME, STEP_UNATTENDED, STEP_STATE, STEP_OPTION_COUNT };
enum { PLAN_REHEARSE, PLAN_OPTION_COUNT };
enum { RUN_SERVICE, RUN_ENVIRONMENT, RUN_OF, RUN_HEALTH, RUN_OPTION_COUNT };
enum {
    SCRATCH_BYTES = 256 * 1024,
    HEALTH_LIMIT_MS = 10 * 60 * 1000,
    RESTORE_LIMIT_MS = 60 * 1000,
    RESTORE_TRIES = 3,
    START_TRIES = 20, /* with the pauses between them some minutes */
    HEALTH_TRIES = 6  /* with the pauses between them half a minute */
};

enum { STATE_AS_IT_IS, STATE_LAST_VERIFIED };
static const char *const states[] = {"as_it_is", "last_verified", NULL};

static const struct option step_options[STEP_OPTION_COUNT] = {
    [STEP_COMMAND_NAME] = {.name = "command", .type = OPTION_TEXT, .help = "a command of the environment"},
    [STEP_STACK_NAME] = {.name = "stack",
                         .type = OPTION_TEXT,
                         .help = "infrastructure that is applied once more"},
    [STEP_UNATTENDED] = {.name = "unattended",
                         .type = OPTION_BOOL,
                         .fallback = "false",
                         .help = "of a stack: nobody approves its plan, which may then delete nothing"},
    [STEP_STATE] = {.name = "state",
                    .type = OPTION_CHOICE,
                    .choices = states,
                    .fallback = "as_it_is",
                    .help =
                        "of a stack: last_verified writes the state back first that its last verify looked "
                        "at"},
};

static const struct option plan_options[PLAN_OPTION_COUNT] = {
    [PLAN_REHEARSE] = {.name = "rehearse",
                       .type = OPTION_TEXT,
                       .help = "environment of the service where the plan is rehearsed"},
};

static const struct option run_options[RUN_OPTION_COUNT] = {
    [RUN_SERVICE] = {.name = "service", .type = OPTION_TEXT, .is_required = true, .help = "whose"},
    [RUN_ENVIRONMENT] = {.name = "environment",
                         .type = OPTION_TEXT,
                         .is_required = true,
                         .help = "where it happens"},
    [RUN_OF] = {.name = "of",
                .type = OPTION_TEXT,
                .is_required = true,
                .help = "the environment that declares it"},
    [RUN_HEALTH] = {.name = "health",
                    .type = OPTION_TEXT,
                    .help = "sealed text of the stand-in: it is a rehearsal"},
};

/* What the steps of a plan are made of. */
struct source_nodes {
    const struct node *at; /* the group */
    const struct node *steps, *commands, *stacks;
};

/* ---- stages ---- */

/* The same command twice is two stages. */
static struct run_plan_stage *add_stage(const struct build *build, const struct node *at, const char *name,
                                        struct run_definition *definition)
{
    char whole[NAME_MAX_LENGTH + sizeof("-16")];
    unsigned times = 1;

    (void)snprintf(whole, sizeof(whole), "%.*s", NAME_MAX_LENGTH, name);
    for (uint8_t i = 0; i < definition->plan.stage_count; i++)
        if (strcmp(definition->stages[i], whole) == 0)
            (void)snprintf(whole, sizeof(whole), "%.*s-%u", NAME_MAX_LENGTH, name, ++times);
    return run_stages_add(build, at, whole, definition);
}

/* A task of a stage of its own; NULL: findings. */
static struct run_task_definition *add_task(const struct build *build, const struct node *at,
                                            const char *name, struct run_definition *definition)
{
    if (add_stage(build, at, name, definition) == NULL)
        return NULL;
    uint8_t index = run_stages_add_task(build, at, definition);
    if (index == UINT8_MAX)
        return NULL;
    struct run_task_definition *task = &definition->tasks[index];
    *task = (struct run_task_definition){.name = options_keep(build, at, name),
                                         .service = definition->service,
                                         .environment = definition->environment,
                                         .directory = ""};
    definition->plan.tasks[index].kind = RUN_TASK_COMMAND;
    return task->name == NULL ? NULL : task;
}

static bool check_texts(const struct build *build, const struct node *node,
                        const struct command_definition *command)
{
    for (size_t i = 0; i < command->argument_count; i++) {
        struct placeholder found = placeholder_find(command->arguments[i]);
        for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(found.after))
            if (strcmp(found.name, "version") != 0)
                return report_node(build->report, tree_find(node, "exec"),
                                   "{{%s}} is not known in a recovery plan, which is of no slot and no host; "
                                   "say it as a variable of the environment",
                                   found.name);
    }
    return true;
}

static bool add_command(const struct build *build, const struct source_nodes *from, const struct node *at,
                        const char *name, struct run_definition *definition)
{
    const struct node *node = tree_find(from->commands, name);
    struct command_definition command = {0};

    if (node == NULL)
        return report_node(build->report, at, "command '%s' is none of the environment", name);
    if (!commands_read(build, node, &command) || !check_texts(build, node, &command))
        return false;
    struct run_task_definition *task = add_task(build, at, name, definition);
    if (task == NULL)
        return false;
    struct run_plan_task *planned = &definition->plan.tasks[task - definition->tasks];
    /* Whether one is done that has a probe, nobody asks here. */
    planned->repeat = command.repeat == REPEAT_IDEMPOTENT ? REPEAT_IDEMPOTENT : REPEAT_UNSAFE;
    planned->tries_max = command.tries_max;
    planned->limit_ms = command.timeout_ms;
    task->arguments = command.arguments;
    task->argument_count = command.argument_count;
    task->secrets = command.secrets;
    task->secret_count = command.secret_count;
    task->timeout_ms = command.timeout_ms;
    return true;
}

/* Before all that is done to the stack; nobody asks a runner for it. */
static struct run_task_definition *add_restore(const struct build *build, const struct node *at,
                                               const char *name, struct run_definition *definition)
{
    char stage[NAME_MAX_LENGTH + sizeof("-state")];

    (void)snprintf(stage, sizeof(stage), "%.*s-state", NAME_MAX_LENGTH, name);
    struct run_task_definition *task = add_task(build, at, stage, definition);
    if (task == NULL)
        return NULL;
    struct run_plan_task *planned = &definition->plan.tasks[task - definition->tasks];
    planned->repeat = REPEAT_IDEMPOTENT; /* what is there already is not written twice */
    planned->tries_max = RESTORE_TRIES;
    planned->limit_ms = task->timeout_ms = RESTORE_LIMIT_MS;
    task->restores = true;
    return task;
}

static bool add_stack(const struct build *build, const struct source_nodes *from, const struct node *at,
                      const struct option_value *values, struct run_definition *definition)
{
    char prefix[NAME_MAX_LENGTH + sizeof("-")];
    const char *name = values[STEP_STACK_NAME].text;
    bool is_restored = values[STEP_STATE].choice == STATE_LAST_VERIFIED;
    const struct node *filled = tree_find(from->stacks, name);
    struct run_task_definition *restore = NULL;
    const struct stack_place *place = NULL;

    (void)snprintf(prefix, sizeof(prefix), "%.*s-", NAME_MAX_LENGTH, name);
    if (filled == NULL)
        return report_node(build->report, at, "stack '%s' is not in the text", name);
    if (is_restored && (restore = add_restore(build, at, name, definition)) == NULL)
        return false;
    if (!stacks_expand(build, filled, prefix, definition, &place))
        return false;
    if (restore == NULL)
        return true;
    restore->stack = place;
    return place->is_kept ||
           report_node(build->report, tree_find(at, "state"),
                       "state: the versions of the stack '%s' are kept by verdictd where it says "
                       "state = \"daemon\"",
                       name);
}

static bool add_step(const struct build *build, const struct source_nodes *from, const struct node *step,
                     struct run_definition *definition)
{
    static const struct shape shape = {.options = step_options, .count = STEP_OPTION_COUNT};
    struct option_value values[STEP_OPTION_COUNT] = {{0}};

    if (!options_read(build, step, &shape, values, NULL))
        return false;
    if (values[STEP_COMMAND_NAME].is_set == values[STEP_STACK_NAME].is_set)
        return report_node(build->report, step,
                           "a step of a recovery plan is { command = \"NAME\"; } or { stack = \"NAME\"; }");
    if (values[STEP_UNATTENDED].flag && !values[STEP_STACK_NAME].is_set)
        return report_node(build->report, tree_find(step, "unattended"),
                           "unattended: is said of a stack; nobody approves a command");
    if (tree_find(step, "state") != NULL && !values[STEP_STACK_NAME].is_set)
        return report_node(build->report, tree_find(step, "state"),
                           "state: is said of a stack; a command has none");
    return values[STEP_STACK_NAME].is_set
               ? add_stack(build, from, step, values, definition)
               : add_command(build, from, step, values[STEP_COMMAND_NAME].text, definition);
}

/* Without steps it is the one command that is called so. */
static bool add_steps(const struct build *build, const struct source_nodes *from,
                      struct run_definition *definition)
{
    const struct node *steps = from->steps;
    bool is_good = true;

    if (steps == NULL)
        return tree_find(from->commands, "disaster") == NULL
                   ? report_node(build->report, from->at,
                                 "recovery: steps = ( { command = \"restore\"; }, ... ) are missing")
                   : add_command(build, from, from->at, "disaster", definition);
    if (steps->kind != NODE_LIST || steps->count == 0 || steps->count > RECOVERY_STEPS_MAX)
        return report_node(build->report, steps,
                           "steps: takes a list ( { command = \"restore\"; }, ... ) of 1 to %d",
                           RECOVERY_STEPS_MAX);
    for (size_t i = 0; i < steps->count; i++)
        is_good = add_step(build, from, &steps->children[i], definition) && is_good;
    return is_good;
}

/* ---- of a sealed run ---- */

static bool add_health(const struct build *build, const struct node *at, const char *sealed,
                       struct run_definition *definition)
{
    struct run_task_definition *task = add_task(build, at, "health", definition);

    if (task == NULL)
        return false;
    struct run_plan_task *planned = &definition->plan.tasks[task - definition->tasks];
    planned->repeat = REPEAT_IDEMPOTENT;
    planned->tries_max = HEALTH_TRIES;
    planned->limit_ms = HEALTH_LIMIT_MS;
    task->timeout_ms = HEALTH_LIMIT_MS;
    task->health = sealed;
    return true;
}

bool recovery_build_run(const struct build *build, const struct node *sealed,
                        struct run_definition *definition)
{
    static const char *const parts[] = {"steps", "commands", "stacks", NULL};
    static const struct shape shape = {.options = run_options, .count = RUN_OPTION_COUNT, .parts = parts};
    struct option_value values[RUN_OPTION_COUNT] = {{0}};
    const struct source_nodes from = {.at = sealed,
                                      .steps = tree_find(sealed, "steps"),
                                      .commands = tree_find(sealed, "commands"),
                                      .stacks = tree_find(sealed, "stacks")};
    char name[RECOVERY_RUN_NAME_SIZE];

    if (!options_read(build, sealed, &shape, values, NULL))
        return false;
    definition->is_rehearsal = values[RUN_HEALTH].is_set;
    definition->service = values[RUN_SERVICE].text;
    definition->environment = values[RUN_ENVIRONMENT].text;
    (void)snprintf(name, sizeof(name), "%s%s/%s", definition->is_rehearsal ? REHEARSAL_RUN : RECOVERY_RUN,
                   values[RUN_SERVICE].text, values[RUN_OF].text);
    definition->pipeline = options_keep(build, sealed, name);
    if (definition->pipeline == NULL || !add_steps(build, &from, definition))
        return false;
    if (!definition->is_rehearsal)
        return true;
    bool is_good = add_health(build, sealed, values[RUN_HEALTH].text, definition);
    /* What is measured is all of it: one that is wanted once more begins anew. */
    memset(definition->begins, 0, sizeof(definition->begins));
    return is_good;
}

bool recovery_is_run(const char *pipeline, bool *ret_is_rehearsal, const char **ret_place)
{
    bool is_rehearsal = strncmp(pipeline, REHEARSAL_RUN, strlen(REHEARSAL_RUN)) == 0;

    if (!is_rehearsal && strncmp(pipeline, RECOVERY_RUN, strlen(RECOVERY_RUN)) != 0)
        return false;
    *ret_is_rehearsal = is_rehearsal;
    *ret_place = pipeline + (is_rehearsal ? strlen(REHEARSAL_RUN) : strlen(RECOVERY_RUN));
    return true;
}

/* ---- of a definition ---- */

size_t recovery_step_count(const struct node *recovery)
{
    const struct node *steps = tree_find(recovery, "steps");

    return steps == NULL ? 1 : steps->count;
}

const char *recovery_step_command(const struct node *recovery, size_t step)
{
    const struct node *steps = tree_find(recovery, "steps");
    const struct node *name = steps == NULL ? NULL : tree_find(&steps->children[step], "command");

    return steps == NULL ? "disaster" : name == NULL ? NULL : name->text;
}

/* Commands that the steps name. */
static bool take_commands(const struct build *build, const struct node *node,
                          const struct definition *definition, struct recovery_definition *recovery)
{
    uint16_t disaster = commands_find(definition, "disaster");

    recovery->step_count = recovery_step_count(node);
    for (size_t i = 0; i < recovery->step_count; i++) {
        const char *name = recovery_step_command(node, i);
        if (name == NULL)
            continue;
        uint16_t command = commands_find(definition, name);
        recovery->commands[recovery->command_count++] = command;
        disaster = command == disaster ? PLAN_NONE : disaster;
    }
    return disaster == PLAN_NONE ||
           report_node(build->report, tree_find(node, "steps"),
                       "recovery: the command `disaster` is none of its steps; name it, or take it out");
}

/* All steps are one command to the machine, behind the environment's. */
static bool enter_command(const struct build *build, const struct node *at, int64_t limit_ms,
                          struct definition *definition, struct recovery_definition *recovery)
{
    size_t count = definition->command_count;
    struct command_definition *commands = options_array(build, at, count + 1, sizeof(*commands));

    if (count == DEFINITION_COMMANDS_MAX)
        return report_node(build->report, at, "more than %d commands with their undos and probes",
                           DEFINITION_COMMANDS_MAX - 1);
    if (commands == NULL)
        return false;
    if (count > 0)
        memcpy(commands, definition->commands, count * sizeof(*commands));
    commands[count] = (struct command_definition){.name = RECOVERY_COMMAND,
                                                  .timeout_ms = limit_ms,
                                                  .repeat = REPEAT_IDEMPOTENT, /* the same run again */
                                                  .tries_max = START_TRIES,
                                                  .undo = PLAN_NONE,
                                                  .probe = PLAN_NONE};
    definition->commands = commands;
    definition->command_count = count + 1;
    recovery->reference = (uint16_t)count;
    return true;
}

/* How long its run takes at most, people and pauses included; and whether it makes one. */
static bool measure(const struct build *build, const struct source_nodes *from, int64_t *ret_limit_ms)
{
    struct arena scratch;
    struct build building = *build;
    struct run_definition *definition = NULL;

    block_arena(&scratch, SCRATCH_BYTES);
    building.arena = &scratch;
    definition = arena_take(&scratch, sizeof(*definition));
    definition->service = definition->environment = "";
    bool is_good = add_steps(&building, from, definition);
    *ret_limit_ms = 0;
    for (uint8_t i = 0; i < definition->plan.task_count; i++)
        *ret_limit_ms += definition->plan.tasks[i].tries_max * definition->plan.tasks[i].limit_ms;
    free(scratch.memory);
    return is_good;
}

bool recovery_build(const struct build *build, const struct node *target, struct definition *definition)
{
    static const char *const parts[] = {"steps", "stacks", NULL};
    static const struct shape shape = {.options = plan_options, .count = PLAN_OPTION_COUNT, .parts = parts};
    const struct node *node = tree_find(target, "recovery");
    struct option_value values[PLAN_OPTION_COUNT] = {{0}};
    int64_t limit_ms = 0;

    if (node == NULL)
        return true;
    const struct source_nodes from = {.at = node,
                                      .steps = tree_find(node, "steps"),
                                      .commands = tree_find(target, "commands"),
                                      .stacks = tree_find(node, "stacks")};
    if (!options_read(build, node, &shape, values, NULL) || !measure(build, &from, &limit_ms))
        return false;
    struct recovery_definition *recovery = options_array(build, node, 1, sizeof(*recovery));
    if (recovery == NULL || !take_commands(build, node, definition, recovery))
        return false;
    recovery->rehearse = values[PLAN_REHEARSE].is_set ? values[PLAN_REHEARSE].text : NULL;
    definition->recovery = recovery;
    return enter_command(build, node, limit_ms, definition, recovery);
}
