/* placed_files.c - files made a command.
 * SPDX-License-Identifier: MIT */
#include "config/placed_files.h"

#include "base/form.h"
#include "base/text.h"
#include "config/targets.h"
#include "config/template.h"

#include <stdio.h>
#include <string.h>

enum { FILES_TIMEOUT, FILES_PROGRAM, FILES_VIA, FILES_OPTION_COUNT };
enum {
    FILE_TO,
    FILE_TEMPLATE,
    FILE_HASH,
    FILE_KIND,
    FILE_MODE,
    FILE_OWNER,
    FILE_GROUP,
    FILE_OVERWRITE,
    FILE_CHECK,
    FILE_VALUES,
    FILE_SECRETS,
    FILE_OPTION_COUNT
};
enum {
    SECOND_MS = 1000,
    HOUR_MS = 3600 * SECOND_MS,
    TRIES = 3,
    CHECK_MAX = 24,
    MODE_LENGTH = 4,
    VIA_MAX = 16
};
enum { WORD_SIZE = 1024, COMMANDS_ADDED = 2, KEYS_MAX = PLACED_FILES_MAX + FILES_OPTION_COUNT };

static const struct option options[FILES_OPTION_COUNT] = {
    [FILES_TIMEOUT] = {.name = "timeout",
                       .type = OPTION_DURATION,
                       .min = SECOND_MS,
                       .max = HOUR_MS,
                       .fallback = "1m",
                       .help = "longest time of writing them, with their checks"},
    [FILES_PROGRAM] = {.name = "program",
                       .type = OPTION_TEXT,
                       .fallback = "/usr/bin/verdict-configure",
                       .help = "verdict-configure"},
    [FILES_VIA] =
        {.name = "via",
         .type = OPTION_LIST,
         .min = 1,
         .max = VIA_MAX,
         .help = "what starts it where the files are, like [ \"/usr/bin/ssh\", \"root@{{host}}\" ]; here"},
};

static const struct option file_options[FILE_OPTION_COUNT] = {
    [FILE_TO] = {.name = "to", .type = OPTION_TEXT, .is_required = true, .help = "where it is, absolute"},
    [FILE_TEMPLATE] = {.name = "template",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help = "its template; seen from the folder of the rule file"},
    [FILE_HASH] = {.name = "sha256",
                   .type = OPTION_TEXT,
                   .is_required = true,
                   .help = "of the template; it is sealed"},
    [FILE_KIND] = {.name = "kind",
                   .type = OPTION_CHOICE,
                   .choices = form_kind_names,
                   .fallback = "plain",
                   .help = "how values are written"},
    [FILE_MODE] = {.name = "mode", .type = OPTION_TEXT, .help = "its permissions, like \"0640\""},
    [FILE_OWNER] = {.name = "owner", .type = OPTION_TEXT, .help = "whose it is"},
    [FILE_GROUP] = {.name = "group", .type = OPTION_TEXT, .help = "its group"},
    [FILE_OVERWRITE] = {.name = "overwrite",
                        .type = OPTION_BOOL,
                        .fallback = "false",
                        .help = "also what somebody changed since it was written"},
    [FILE_CHECK] = {.name = "check",
                    .type = OPTION_LIST,
                    .min = 1,
                    .max = CHECK_MAX,
                    .help = "a program and its arguments that must like it first; %s is the new file"},
    [FILE_VALUES] = {.name = "values",
                     .type = OPTION_MAP,
                     .min = 0,
                     .max = DEFINITION_VALUES_MAX,
                     .help = "what its blanks are filled with"},
    [FILE_SECRETS] = {.name = "secrets",
                      .type = OPTION_SECRET_MAP,
                      .min = 0,
                      .max = DEFINITION_SECRETS_MAX,
                      .help = "the same of secrets, by reference"},
};

/* The command while it grows. */
struct growing {
    const struct build *build;
    const struct node *node; /* of the file in work */
    struct definition *definition;
    size_t number;          /* of the file, from 1 */
    const char **arguments; /* [DEFINITION_ARGUMENTS_MAX + 1] */
    size_t argument_count;
    const char *const *via; /* [via_count]: stand before both */
    size_t via_count;
    const char **places; /* [VIA_MAX + 2 + PLACED_FILES_MAX]: the words of the undo */
    size_t place_count, place_first;
    const char **values; /* [2 * DEFINITION_VALUES_MAX] */
    size_t value_count, value_bytes;
    const char **secrets; /* [2 * DEFINITION_SECRETS_MAX] */
    size_t secret_count;
};

/* What is reached by a program like ssh is read by a shell there: plain letters, and names that have no
 * others. */
static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@=+,%";
    static const char *const names[] = {"slot", "host", "version", "previous"};
    struct placeholder found = placeholder_find(word);

    for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(word)) {
        size_t name = 0;
        while (name < ARRAY_LENGTH(names) && strcmp(names[name], found.name) != 0)
            name++;
        if (name == ARRAY_LENGTH(names) || strspn(word, plain) < found.before)
            return false;
        word = found.after;
    }
    return word[strspn(word, plain)] == '\0';
}

static bool add_word(struct growing *growing, const char *word)
{
    if (growing->argument_count == DEFINITION_ARGUMENTS_MAX)
        return report_node(growing->build->report, growing->node,
                           "files: more than %d words of one command; fewer files, or shorter checks",
                           DEFINITION_ARGUMENTS_MAX);
    if (word != NULL && growing->argument_count > growing->via_count && growing->via_count > 0 &&
        !is_plain(word))
        return report_node(growing->build->report, growing->node,
                           "files: '%s' would be read by a shell on the other side of `via`", word);
    growing->arguments[growing->argument_count++] = word;
    return word != NULL;
}

static bool add_option(struct growing *growing, const char *name, const char *text)
{
    char word[WORD_SIZE];

    (void)snprintf(word, sizeof(word), "%s=%s", name, text);
    return add_word(growing, options_keep(growing->build, growing->node, word));
}

/* A variable's name: the blank's in large letters. */
static const char *variable(struct growing *growing, const char *prefix, const char *name)
{
    char memory[WORD_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%s", prefix);
    for (; *name != '\0'; name++)
        text_add(&text, "%c", *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
    return options_keep(growing->build, growing->node, memory);
}

static bool add_value(struct growing *growing, const char *name, const char *text)
{
    char prefix[WORD_SIZE];
    size_t max = DEFINITION_VALUES_MAX - growing->definition->value_count;

    growing->value_bytes += strlen(name) + strlen(text);
    if (growing->value_count == max || growing->value_bytes > PLACED_FILES_BYTES_MAX)
        return report_node(growing->build->report, growing->node,
                           "files: more than %zu values, or more than %d bytes of them", max,
                           PLACED_FILES_BYTES_MAX);
    (void)snprintf(prefix, sizeof(prefix), "FILE_%zu_", growing->number);
    growing->values[2 * growing->value_count] = variable(growing, prefix, name);
    growing->values[2 * growing->value_count + 1] = text;
    return growing->values[2 * growing->value_count++] != NULL;
}

/* Files share the variables of secrets: one name is one secret. */
static bool add_secret(struct growing *growing, const char *name, const char *reference)
{
    const char *kept = variable(growing, "", name);

    if (kept == NULL)
        return false;
    if (strncmp(name, "verdict_", strlen("verdict_")) == 0)
        return report_node(growing->build->report, growing->node,
                           "secrets: '%s' would be VERDICT_..., which is ours", name);
    for (size_t i = 0; i < growing->secret_count; i++)
        if (strcmp(growing->secrets[2 * i], kept) == 0)
            return strcmp(growing->secrets[2 * i + 1], reference) == 0 ||
                   report_node(growing->build->report, growing->node,
                               "secrets: '%s' of another file is another one; call one of them differently",
                               name);
    if (growing->secret_count == DEFINITION_SECRETS_MAX)
        return report_node(growing->build->report, growing->node, "files: more than %d secrets",
                           DEFINITION_SECRETS_MAX);
    growing->secrets[2 * growing->secret_count] = kept;
    growing->secrets[2 * growing->secret_count++ + 1] = reference;
    return true;
}

static bool tells_hosts_apart(const struct definition *definition, const char *text)
{
    (void)definition;
    return template_has(text, "host") || template_has(text, "address");
}

/* Is something in it that differs by slot? */
static bool tells_slots_apart(const struct definition *definition, const char *text)
{
    const struct slot_definition *slot = &definition->slots[0];

    if (template_has(text, "slot") || template_has(text, "address"))
        return true;
    for (size_t i = 0; i < slot->variable_count; i++)
        if (template_has(text, slot->variables[2 * i]))
            return true;
    return false;
}

/* By its path, or by what leads there. */
static bool is_apart(const struct growing *growing, const char *to,
                     bool (*tells)(const struct definition *definition, const char *text))
{
    bool is_it = tells(growing->definition, to);

    for (size_t i = 0; i < growing->via_count; i++)
        is_it = is_it || tells(growing->definition, growing->via[i]);
    return is_it;
}

/* One file for two places would change under the version that serves. */
static bool check_place(struct growing *growing, const struct node *file, const char *to)
{
    const struct definition *definition = growing->definition;
    const struct node *at = tree_find(file, "to");
    struct config_report *report = growing->build->report;
    char memory[FORM_NUMBER_SIZE];
    bool has_hosts = definition->host_count > 0 || definition->hosts_from != NULL;

    if (form_type_read(FORM_PATH, to, memory) == NULL || to[strlen(to) - 1] == '/')
        return report_node(report, at, "to: '%s' is no absolute path of a file", to);
    if (has_hosts && !is_apart(growing, to, tells_hosts_apart))
        return report_node(report, at, "to: each host has its own file; put {{host}} into its path");
    if (definition->slot_count > 1 && !is_apart(growing, to, tells_slots_apart))
        return report_node(report, at, "to: each slot has its own file; put {{slot}} into its path");
    for (size_t i = growing->place_first; i < growing->place_count; i++)
        if (strcmp(growing->places[i], to) == 0)
            return report_node(report, at, "to: another file is '%s' already", to);
    growing->places[growing->place_count++] = to;
    return true;
}

static bool check_mode(struct growing *growing, const struct node *file, const struct option_value *mode)
{
    if (!mode->is_set || (strlen(mode->text) == MODE_LENGTH && mode->text[0] == '0' &&
                          strspn(mode->text, "01234567") == MODE_LENGTH))
        return true;
    return report_node(growing->build->report, tree_find(file, "mode"), "mode: '%s' is not like \"0640\"",
                       mode->text);
}

static bool add_words(struct growing *growing, const struct option_value *values)
{
    bool is_good = (growing->number == 1 || add_word(growing, "--")) &&
                   add_word(growing, values[FILE_TO].text) && add_word(growing, values[FILE_TEMPLATE].text) &&
                   add_option(growing, "sha256", values[FILE_HASH].text) &&
                   add_option(growing, "kind", form_kind_names[values[FILE_KIND].choice]);

    for (int i = FILE_MODE; i <= FILE_GROUP; i++)
        is_good = is_good && (!values[i].is_set || add_option(growing, file_options[i].name, values[i].text));
    is_good = is_good && (!values[FILE_OVERWRITE].flag || add_word(growing, "overwrite"));
    is_good = is_good && (!values[FILE_CHECK].is_set || add_word(growing, "check"));
    for (size_t i = 0; i < values[FILE_CHECK].list_length; i++)
        is_good = is_good && add_word(growing, values[FILE_CHECK].list[i]);
    return is_good;
}

static bool build_file(struct growing *growing, const struct node *file)
{
    static const struct shape shape = {.options = file_options, .count = FILE_OPTION_COUNT};
    struct option_value values[FILE_OPTION_COUNT] = {{0}};

    growing->node = file;
    if (!text_is_name(file->name))
        return report_node(growing->build->report, file, "file '%s' is no name: small letters, digits, -",
                           file->name);
    if (!options_read(growing->build, file, &shape, values, NULL))
        return false;
    growing->number++;
    bool is_good = check_place(growing, file, values[FILE_TO].text);
    is_good = check_mode(growing, file, &values[FILE_MODE]) && is_good;
    is_good = (!values[FILE_CHECK].is_set || values[FILE_CHECK].list[0][0] == '/' ||
               report_node(growing->build->report, tree_find(file, "check"),
                           "check: must begin with the absolute path of a program")) &&
              is_good;
    is_good = is_good && add_words(growing, values);
    for (size_t i = 0; i < values[FILE_VALUES].list_length && is_good; i += 2)
        is_good = add_value(growing, values[FILE_VALUES].list[i], values[FILE_VALUES].list[i + 1]);
    for (size_t i = 0; i < values[FILE_SECRETS].list_length && is_good; i += 2)
        is_good = add_secret(growing, values[FILE_SECRETS].list[i], values[FILE_SECRETS].list[i + 1]);
    return is_good;
}

static bool begin(struct growing *growing, const char *program)
{
    const struct build *build = growing->build;

    growing->arguments =
        options_array(build, growing->node, DEFINITION_ARGUMENTS_MAX + 1, sizeof(*growing->arguments));
    growing->places =
        options_array(build, growing->node, VIA_MAX + 2 + PLACED_FILES_MAX, sizeof(*growing->places));
    growing->values =
        options_array(build, growing->node, (size_t)2 * DEFINITION_VALUES_MAX, sizeof(*growing->values));
    growing->secrets =
        options_array(build, growing->node, (size_t)2 * DEFINITION_SECRETS_MAX, sizeof(*growing->secrets));
    if (growing->arguments == NULL || growing->places == NULL || growing->values == NULL ||
        growing->secrets == NULL)
        return false;
    for (size_t i = 0; i < growing->via_count; i++)
        growing->places[growing->place_count++] = growing->arguments[growing->argument_count++] =
            growing->via[i];
    growing->places[growing->place_count++] = program;
    growing->places[growing->place_count++] = "restore";
    growing->place_first = growing->place_count;
    return add_word(growing, program) && add_word(growing, "apply");
}

/* Behind all others: the command, and its undo. */
static bool add_commands(struct growing *growing, int64_t timeout_ms)
{
    struct definition *definition = growing->definition;
    size_t count = definition->command_count;

    if (count + COMMANDS_ADDED > DEFINITION_COMMANDS_MAX)
        return report_node(growing->build->report, growing->node,
                           "more than %d commands, with those of `files`", DEFINITION_COMMANDS_MAX);
    struct command_definition *commands =
        options_array(growing->build, growing->node, count + COMMANDS_ADDED + 1, sizeof(*commands));
    if (commands == NULL)
        return false;
    if (count > 0)
        memcpy(commands, definition->commands, count * sizeof(*commands));
    struct command_definition both = {.timeout_ms = timeout_ms,
                                      .repeat = REPEAT_IDEMPOTENT,
                                      .tries_max = TRIES,
                                      .undo = PLAN_NONE,
                                      .probe = PLAN_NONE};
    commands[count] = commands[count + 1] = both;
    commands[count].name = "configure";
    commands[count].arguments = growing->arguments;
    commands[count].argument_count = growing->argument_count;
    commands[count].values = growing->values;
    commands[count].value_count = growing->value_count;
    commands[count].secrets = growing->secrets;
    commands[count].secret_count = growing->secret_count;
    commands[count].undo = (uint16_t)(count + 1);
    commands[count].is_undone_first = true;
    commands[count + 1].name = "configure/undo";
    commands[count + 1].arguments = growing->places;
    commands[count + 1].argument_count = growing->place_count;
    definition->commands = commands;
    definition->command_count = count + COMMANDS_ADDED;
    definition->configure = (uint16_t)count;
    return true;
}

/* What is no option is a file. */
static size_t list_files(const struct node *node, const char *names[KEYS_MAX + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < node->count && count < KEYS_MAX; i++)
        if (node->children[i].kind == NODE_GROUP)
            names[count++] = node->children[i].name;
    names[count] = NULL;
    return count;
}

bool placed_files_build(const struct build *build, const struct node *node, struct definition *definition)
{
    const char *names[KEYS_MAX + 1];
    struct shape shape = {.options = options, .count = FILES_OPTION_COUNT, .parts = names};
    struct option_value values[FILES_OPTION_COUNT] = {{0}};
    struct growing growing = {.build = build, .node = node, .definition = definition};

    definition->configure = PLAN_NONE;
    if (node == NULL)
        return true;
    if (node->kind != NODE_GROUP)
        return report_node(build->report, node, "files: takes a group { NAME: { to = \"/...\"; }; }");
    size_t count = list_files(node, names);
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    if (count == 0 || count > PLACED_FILES_MAX)
        return report_node(build->report, node, "files: takes 1 to %d of them", PLACED_FILES_MAX);
    if (commands_find(definition, "configure") != PLAN_NONE)
        return report_node(build->report, node,
                           "files: `configure` is the command that writes them; call yours "
                           "differently");
    if (values[FILES_PROGRAM].text[0] != '/')
        return report_node(build->report, tree_find(node, "program"), "program: must be an absolute path");
    if (values[FILES_VIA].is_set && values[FILES_VIA].list[0][0] != '/')
        return report_node(build->report, tree_find(node, "via"),
                           "via: must begin with the absolute path of a program");
    growing.via = values[FILES_VIA].list;
    growing.via_count = values[FILES_VIA].list_length;
    bool is_good = begin(&growing, values[FILES_PROGRAM].text);
    for (size_t i = 0; i < node->count; i++)
        if (node->children[i].kind == NODE_GROUP)
            is_good = build_file(&growing, &node->children[i]) && is_good;
    growing.node = node;
    return is_good && add_commands(&growing, values[FILES_TIMEOUT].duration_ms);
}

bool placed_files_check(const struct build *build, const struct node *target,
                        const struct definition *definition)
{
    bool has_hosts = definition->host_count > 0 || definition->hosts_from != NULL;

    return definition->configure == PLAN_NONE || definition->plan->is_record || !has_hosts ||
           definition->plan->host_count > 0 ||
           report_node(build->report, tree_find(target, "files"),
                       "files: strategy '%s' replaces no hosts, so nobody would write them",
                       definition->strategy);
}
