/* commands.c - `commands: { NAME: { exec = [ ... ];  undo: { ... };  probe: { ... }; } }`.
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
    COMMAND_SECRETS,
    COMMAND_OPTION_COUNT
};
enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, TRIES_MAX = 20, TRIES = 3 };
enum { VARIABLE_MAX = 64 };

static const char *const repeats[] = {"unsafe", "idempotent", "probe", NULL}; /* as enum command_repeat */
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
                       .help = "how often it is tried: exit 75, busy, or as `repeat` allows; default 3"},
    [COMMAND_SECRETS] = COMMANDS_SECRETS_OPTION,
};

uint16_t commands_find(const struct definition *definition, const char *name)
{
    for (size_t i = 0; i < definition->command_count; i++)
        if (strcmp(definition->commands[i].name, name) == 0)
            return (uint16_t)i;
    return PLAN_NONE;
}

bool commands_check_exec(const struct build *build, const struct node *node, const char *const *arguments,
                         size_t count)
{
    if (arguments[0][0] == '\0')
        return report_node(build->report, tree_find(node, "exec"), "exec: the name of the program is empty");
    if (count == 1 && strchr(arguments[0], ' ') != NULL)
        return report_node(build->report, tree_find(node, "exec"),
                           "exec: no shell takes '%s' apart; write each word by itself, like "
                           "[ \"/usr/bin/env\", \"true\" ]",
                           arguments[0]);
    return true;
}

/* Letters of a variable's name, and none of ours. */
static bool is_variable(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return length > 0 && length <= VARIABLE_MAX && name[length] == '\0' && (name[0] < '0' || name[0] > '9') &&
           strncmp(name, "VERDICT_", 8) != 0;
}

bool commands_check_secrets(const struct build *build, const struct node *node,
                            const struct option_value *value)
{
    for (size_t i = 0; i < value->list_length; i += 2)
        if (!is_variable(value->list[i]))
            return report_node(build->report, tree_find(node, "secrets"),
                               "secrets: '%s' is no name of a variable: large letters, digits and _, at most "
                               "%d, and not VERDICT_...",
                               value->list[i], VARIABLE_MAX);
    return true;
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
    command->tries_max = values[COMMAND_TRIES].is_set ? (uint16_t)values[COMMAND_TRIES].number : TRIES;
    command->secrets = values[COMMAND_SECRETS].list;
    command->secret_count = values[COMMAND_SECRETS].list_length / 2;
    command->undo = PLAN_NONE;
    command->probe = PLAN_NONE;
    return commands_check_exec(build, node, command->arguments, command->argument_count) &&
           commands_check_secrets(build, node, &values[COMMAND_SECRETS]);
}

/* A command that belongs to another one is called NAME/PART. */
static bool build_part(const struct build *build, const struct node *node, const char *name, const char *part,
                       struct command_definition *command)
{
    static const struct shape shape = {.options = options, .count = COMMAND_OPTION_COUNT};
    char text[NAME_MAX_LENGTH + sizeof("/probe")];
    const struct node *repeat = tree_find(node, "repeat");

    if (!read_command(build, node, &shape, command))
        return false;
    if (command->repeat == REPEAT_PROBE)
        return report_node(build->report, repeat, "repeat: only a step's command has a probe");
    if (command->is_once)
        return report_node(build->report, tree_find(node, "once"),
                           "once: of an undo or a probe it makes no sense; it is the command's own");
    /* A way back is tried until it is done, and a probe changes nothing: both have to bear being repeated. */
    if (repeat == NULL)
        command->repeat = REPEAT_IDEMPOTENT;
    (void)snprintf(text, sizeof(text), "%s/%s", name, part);
    command->name = options_keep(build, node, text);
    return command->name != NULL;
}

/* The probe answers within the time that its command has: the machine waits no longer. */
static bool build_probe(const struct build *build, const struct node *node, const char *name,
                        const struct command_definition *command, struct command_definition *probe)
{
    if (!build_part(build, node, name, "probe", probe))
        return false;
    probe->is_probe = true;
    if (tree_find(node, "timeout") == NULL || probe->timeout_ms <= command->timeout_ms) {
        if (probe->timeout_ms > command->timeout_ms)
            probe->timeout_ms = command->timeout_ms;
        return true;
    }
    return report_node(build->report, tree_find(node, "timeout"),
                       "timeout: a probe may not take longer than its command (%lld ms)",
                       (long long)command->timeout_ms);
}

/* Commands that are no step's. */
static bool is_aside(const char *name)
{
    return strcmp(name, "retire") == 0 || strcmp(name, "rollback") == 0 || strcmp(name, "disaster") == 0;
}

/* What may be repeated when it is lost is not one that runs once; and both of these run as often as they are
 * needed. */
static bool check_once(const struct build *build, const struct node *node,
                       const struct command_definition *command)
{
    const struct node *once = tree_find(node, "once");

    if (!command->is_once)
        return true;
    if (is_aside(node->name))
        return report_node(build->report, once, "once: only a step's command runs once");
    if (command->repeat == REPEAT_IDEMPOTENT)
        return report_node(build->report, once,
                           "once: what runs once is never repeated: repeat = \"unsafe\", or a probe");
    return true;
}

/* A probe makes the class, and the class needs one. */
static bool check_probe(const struct build *build, const struct node *node,
                        struct command_definition *command)
{
    const struct node *repeat = tree_find(node, "repeat");
    const struct node *probe = tree_find(node, "probe");

    if (probe != NULL && is_aside(node->name))
        return report_node(build->report, probe, "probe: only a step's command has one");
    if (probe == NULL && command->repeat == REPEAT_PROBE)
        return report_node(build->report, repeat,
                           "repeat = \"probe\" needs what to ask: probe: { exec = [ \"...\" ]; };");
    if (probe != NULL && repeat != NULL && command->repeat != REPEAT_PROBE)
        return report_node(build->report, repeat, "repeat: with a probe it is \"probe\", or left out");
    if (probe != NULL)
        command->repeat = REPEAT_PROBE;
    return true;
}

static bool check_disaster(const struct build *build, const struct node *node)
{
    const struct node *undo = tree_find(node, "undo");

    if (undo == NULL || strcmp(node->name, "disaster") != 0)
        return true;
    return report_node(build->report, undo, "undo: what is run for the worst has none");
}

bool commands_read(const struct build *build, const struct node *node, struct command_definition *command)
{
    static const char *const parts[] = {"undo", "probe", NULL};
    static const struct shape shape = {.options = options, .count = COMMAND_OPTION_COUNT, .parts = parts};

    if (!text_is_name(node->name))
        return report_node(build->report, node, "command '%s' is no name: small letters, digits, -",
                           node->name);
    command->name = options_keep(build, node, node->name);
    return command->name != NULL && read_command(build, node, &shape, command) &&
           check_probe(build, node, command) && check_once(build, node, command) &&
           check_disaster(build, node);
}

static size_t count_parts(const struct node *commands)
{
    size_t count = 0;

    for (size_t i = 0; i < commands->count; i++) {
        count += tree_find(&commands->children[i], "undo") != NULL;
        count += tree_find(&commands->children[i], "probe") != NULL;
    }
    return count;
}

/* The command and what belongs to it; `next` is the first free place behind the commands. */
static bool build_whole(const struct build *build, const struct node *node, struct command_definition *array,
                        size_t index, size_t *next)
{
    struct command_definition *command = &array[index];
    const struct node *undo = tree_find(node, "undo");
    const struct node *probe = tree_find(node, "probe");
    bool is_good = commands_read(build, node, command);

    if (undo != NULL) {
        is_good = build_part(build, undo, node->name, "undo", &array[*next]) && is_good;
        command->undo = (uint16_t)(*next)++;
    }
    if (probe != NULL) {
        is_good = build_probe(build, probe, node->name, command, &array[*next]) && is_good;
        command->probe = (uint16_t)(*next)++;
    }
    return is_good;
}

bool commands_build(const struct build *build, const struct node *commands, struct definition *definition)
{
    bool is_good = true;

    if (commands == NULL)
        return true;
    if (commands->kind != NODE_GROUP)
        return report_node(build->report, commands,
                           "commands: takes a group { NAME: { exec = [ \"...\" ]; }; }");
    size_t count = commands->count + count_parts(commands);
    size_t next = commands->count;
    if (count > DEFINITION_COMMANDS_MAX)
        return report_node(build->report, commands, "more than %d commands with their undos and probes",
                           DEFINITION_COMMANDS_MAX);
    struct command_definition *array = options_array(build, commands, count + 1, sizeof(*array));
    if (array == NULL)
        return false;
    for (size_t i = 0; i < commands->count; i++)
        is_good = build_whole(build, &commands->children[i], array, i, &next) && is_good;
    definition->commands = array;
    definition->command_count = count;
    return is_good;
}
