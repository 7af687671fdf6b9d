/* commands.c - `commands: { NAME: { exec = [ ... ]; } }`.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/targets.h"

#include <stdio.h>
#include <string.h>

enum {
    COMMAND_EXEC,
    COMMAND_TIMEOUT,
    COMMAND_ONCE,
    COMMAND_REPEAT,
    COMMAND_ON_ROLLBACK,
    COMMAND_TRIES,
    COMMAND_OPTION_COUNT
};
enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, TRIES_MAX = 20, TRIES_IDEMPOTENT = 3 };

static const char *const repeats[] = {"unsafe", "idempotent", NULL};   /* as enum command_repeat */
static const char *const rollbacks[] = {"undo", "keep", "hold", NULL}; /* as enum command_on_rollback */

static const struct option options[COMMAND_OPTION_COUNT] = {
    [COMMAND_EXEC] = {.name = "exec",
                      .type = OPTION_LIST,
                      .is_required = true,
                      .min = 1,
                      .max = DEFINITION_ARGUMENTS_MAX,
                      .help = "program and arguments; no shell"},
    [COMMAND_TIMEOUT] = {.name = "timeout",
                         .type = OPTION_DURATION,
                         .min = 100,
                         .max = DAY_MS,
                         .fallback = "5m",
                         .help = "longest time of one try"},
    [COMMAND_ONCE] = {.name = "once",
                      .type = OPTION_BOOL,
                      .fallback = "false",
                      .help = "once per service, environment and version"},
    [COMMAND_REPEAT] = {.name = "repeat",
                        .type = OPTION_CHOICE,
                        .choices = repeats,
                        .fallback = "unsafe",
                        .help = "may it be started again when its fate is unknown?"},
    [COMMAND_ON_ROLLBACK] = {.name = "on_rollback",
                             .type = OPTION_CHOICE,
                             .choices = rollbacks,
                             .fallback = "undo",
                             .help = "what a rollback does about it"},
    [COMMAND_TRIES] = {.name = "tries",
                       .type = OPTION_INTEGER,
                       .min = 1,
                       .max = TRIES_MAX,
                       .help = "how often it may fail; 3 where it is idempotent, else 1"},
};

uint16_t commands_find(const struct definition *definition, const char *name)
{
    for (size_t i = 0; i < definition->command_count; i++)
        if (strcmp(definition->commands[i].name, name) == 0)
            return (uint16_t)i;
    return PLAN_NONE;
}

static bool read_command(const struct build *build, const struct node *node, const struct shape *shape,
                         struct command_definition *command)
{
    struct option_value values[COMMAND_OPTION_COUNT] = {{0}};

    if (!options_read(build, node, shape, values, NULL))
        return false;
    command->arguments = values[COMMAND_EXEC].list;
    command->argument_count = values[COMMAND_EXEC].list_length;
    command->timeout_ms = values[COMMAND_TIMEOUT].duration_ms;
    command->is_once = values[COMMAND_ONCE].flag;
    command->repeat = (enum command_repeat)values[COMMAND_REPEAT].choice;
    command->on_rollback = (enum command_on_rollback)values[COMMAND_ON_ROLLBACK].choice;
    command->tries_max = command->repeat == REPEAT_IDEMPOTENT ? TRIES_IDEMPOTENT : 1;
    if (values[COMMAND_TRIES].is_set)
        command->tries_max = (uint16_t)values[COMMAND_TRIES].number;
    command->undo = PLAN_NONE;
    if (command->arguments[0][0] == '\0')
        return report_node(build->report, tree_find(node, "exec"), "exec: the name of the program is empty");
    if (command->argument_count == 1 && strchr(command->arguments[0], ' ') != NULL)
        return report_node(build->report, tree_find(node, "exec"),
                           "exec: no shell takes '%s' apart; write each word by itself, like "
                           "[ \"/usr/bin/env\", \"true\" ]",
                           command->arguments[0]);
    return true;
}

/* What undoes a command has to bear being repeated: a rollback is tried until it is done. */
static bool build_undo(const struct build *build, const struct node *node, const char *name,
                       struct command_definition *undo)
{
    static const struct shape shape = {.options = options, .count = COMMAND_OPTION_COUNT};
    char text[NAME_MAX_LENGTH + sizeof("/undo")];

    if (!read_command(build, node, &shape, undo))
        return false;
    if (tree_find(node, "repeat") == NULL) {
        undo->repeat = REPEAT_IDEMPOTENT;
        undo->tries_max = TRIES_IDEMPOTENT;
    }
    (void)snprintf(text, sizeof(text), "%s/undo", name);
    undo->name = options_keep(build, node, text);
    return undo->name != NULL;
}

static bool build_command(const struct build *build, const struct node *node,
                          struct command_definition *command)
{
    static const char *const parts[] = {"undo", NULL};
    static const char *const later[] = {"probe", "disaster", NULL};
    static const struct shape shape = {
        .options = options, .count = COMMAND_OPTION_COUNT, .parts = parts, .later = later};
    const struct node *repeat = tree_find(node, "repeat");

    if (!text_is_name(node->name))
        return report_node(build->report, node, "command '%s' is no name: small letters, digits, -",
                           node->name);
    if (repeat != NULL && repeat->kind == NODE_TEXT && strcmp(repeat->text, "probe") == 0)
        return report_node(build->report, repeat, "repeat = \"probe\" is not supported by this version");
    command->name = options_keep(build, node, node->name);
    return command->name != NULL && read_command(build, node, &shape, command);
}

static size_t count_undos(const struct node *commands)
{
    size_t count = 0;

    for (size_t i = 0; i < commands->count; i++)
        count += tree_find(&commands->children[i], "undo") != NULL;
    return count;
}

bool commands_build(const struct build *build, const struct node *commands, struct definition *definition)
{
    bool is_good = true;

    if (commands == NULL)
        return true;
    if (commands->kind != NODE_GROUP)
        return report_node(build->report, commands,
                           "commands: takes a group { NAME: { exec = [ \"...\" ]; }; }");
    size_t count = commands->count + count_undos(commands);
    size_t next = commands->count;
    if (count > DEFINITION_COMMANDS_MAX)
        return report_node(build->report, commands, "more than %d commands with their undos",
                           DEFINITION_COMMANDS_MAX);
    struct command_definition *array = options_array(build, commands, count + 1, sizeof(*array));
    if (array == NULL)
        return false;
    for (size_t i = 0; i < commands->count; i++) {
        const struct node *node = &commands->children[i];
        const struct node *undo = tree_find(node, "undo");
        is_good = build_command(build, node, &array[i]) && is_good;
        if (undo == NULL)
            continue;
        is_good = build_undo(build, undo, node->name, &array[next]) && is_good;
        array[i].undo = (uint16_t)next++;
    }
    definition->commands = array;
    definition->command_count = count;
    return is_good;
}
