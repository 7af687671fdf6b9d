/* program.c - arguments, --help and the manual of a program, from its table.
 * SPDX-License-Identifier: MIT */
#include "base/program.h"

#include "base/manual.h"

#include <assert.h>
#include <string.h>

enum { TAG_SIZE = 96, HELP_SIZE = 256, MANUAL_SECTION = 8 };

static void add_option(struct text *text, const struct option *option)
{
    text_add(text, "--%s%s", option->name, option->type == OPTION_TEXT ? " PATH" : "");
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        text_add(text, "%s%s", i == 0 ? " " : "|", option->choices[i]);
}

static void add_help(struct text *text, const struct option *option)
{
    text_add(text, "%s", option->help);
    if (option->fallback != NULL)
        text_add(text, " (default %s)", option->fallback);
}

static bool is_choice(const struct option *option, const char *value)
{
    for (size_t i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], value) == 0)
            return true;
    return false;
}

/* One of the options of the table; *at moves on where the value is the next argument. */
static bool take(const struct option *option, int count, char **arguments, int *at, const char **value,
                 struct err *err)
{
    if (option->type == OPTION_BOOL) {
        *value = "true";
        return true;
    }
    if (*at + 1 == count)
        return err_set(err, ERR_INVALID, "--%s needs a value; see --help", option->name);
    *value = arguments[++*at];
    if (option->type != OPTION_CHOICE || is_choice(option, *value))
        return true;
    return err_set(err, ERR_INVALID, "--%s: %s is none of its values; see --help", option->name, *value);
}

static enum program_wish common_wish(const char *argument)
{
    if (strcmp(argument, "--help") == 0)
        return PROGRAM_HELP;
    if (strcmp(argument, "--version") == 0)
        return PROGRAM_VERSION;
    return strcmp(argument, "--man") == 0 ? PROGRAM_MANUAL : PROGRAM_RUN;
}

enum program_wish program_read(const struct program *program, int count, char **arguments,
                               const char *values[PROGRAM_OPTIONS_MAX], struct err *err)
{
    assert(program->option_count <= PROGRAM_OPTIONS_MAX);
    for (size_t i = 0; i < program->option_count; i++)
        values[i] = program->options[i].fallback;
    for (int at = 1; at < count; at++) {
        const char *argument = arguments[at];
        enum program_wish wish = common_wish(argument);
        if (wish != PROGRAM_RUN)
            return wish;
        bool is_option = strncmp(argument, "--", 2) == 0;
        size_t index = is_option ? option_find(program->options, program->option_count, argument + 2)
                                 : program->option_count;
        if (index == program->option_count) {
            (void)err_set(err, ERR_INVALID, "%s: no such option; see --help", argument);
            return PROGRAM_REFUSED;
        }
        if (!take(&program->options[index], count, arguments, &at, &values[index], err))
            return PROGRAM_REFUSED;
    }
    return PROGRAM_RUN;
}

static void format_tag(const struct option *option, char memory[TAG_SIZE])
{
    struct text tag;

    text_init(&tag, memory, TAG_SIZE);
    add_option(&tag, option);
}

static void tell_help(const struct program *program, struct text *text)
{
    char tag[TAG_SIZE];

    text_add(text, "%s: %s.\n\nUsage: %s", program->name, program->summary, program->name);
    for (size_t i = 0; i < program->option_count; i++) {
        format_tag(&program->options[i], tag);
        text_add(text, " [%s]", tag);
    }
    text_add(text, "\n\n");
    for (size_t i = 0; i < program->option_count; i++) {
        format_tag(&program->options[i], tag);
        text_add(text, "  %s\n      ", tag);
        add_help(text, &program->options[i]);
        text_add(text, "\n");
    }
    text_add(text, "  --help, --version, --man\n");
    for (size_t i = 0; program->about[i] != NULL; i++)
        text_add(text, "\n%s\n", program->about[i]);
}

static void tell_pairs(struct text *text, const char *title, const char *const *pairs)
{
    text_add(text, ".SH %s\n", title);
    for (size_t i = 0; pairs[i] != NULL; i += 2)
        manual_tagged(text, pairs[i], pairs[i + 1]);
}

static void tell_options(const struct program *program, struct text *text)
{
    char tag[TAG_SIZE], help_memory[HELP_SIZE];
    struct text help;

    text_add(text, ".SH OPTIONS\n");
    for (size_t i = 0; i < program->option_count; i++) {
        format_tag(&program->options[i], tag);
        text_init(&help, help_memory, sizeof(help_memory));
        add_help(&help, &program->options[i]);
        manual_tagged(text, tag, help.data);
    }
    manual_tagged(text, "--help, --version, --man", "what they say: a summary, the version, this page");
}

static void tell_manual(const struct program *program, struct text *text)
{
    manual_title(text, program->name, MANUAL_SECTION);
    text_add(text, ".SH NAME\n%s \\- ", program->name);
    manual_lines(text, program->summary);
    text_add(text, ".SH SYNOPSIS\n.B %s\n[options]\n.SH DESCRIPTION\n", program->name);
    for (size_t i = 0; program->about[i] != NULL; i++) {
        text_add(text, "%s", i == 0 ? "" : ".PP\n");
        manual_lines(text, program->about[i]);
    }
    tell_options(program, text);
    tell_pairs(text, "FILES", program->files);
    tell_pairs(text, "EXIT STATUS", program->exits);
    manual_section(text, "SEE ALSO", program->also);
}

void program_tell(const struct program *program, enum program_wish wish, struct text *text)
{
    if (wish == PROGRAM_HELP)
        tell_help(program, text);
    else if (wish == PROGRAM_MANUAL)
        tell_manual(program, text);
    else
        text_add(text, "%s %s\n", program->name, VERDICT_VERSION);
}
