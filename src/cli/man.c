/* man.c - verdict man: the manual in the language of man(7), made from the tables.
 * SPDX-License-Identifier: MIT */
#include "cli/arguments.h"

#include <stdio.h>
#include <string.h>

enum { HELP_SIZE = 512 };

/* Nothing of it is taken for a request of the language. */
static void print_line(const char *line, size_t length)
{
    if (length > 0 && (line[0] == '.' || line[0] == '\''))
        (void)printf("\\&");
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\\')
            (void)printf("\\e");
        else if (line[i] == '-')
            (void)printf("\\-");
        else
            (void)putchar(line[i]);
    }
    (void)putchar('\n');
}

static void print_lines(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        print_line(text, length);
        text += length + (text[length] == '\n');
    }
}

/* Text of several lines, or of one that is indented, is an example or a schema: it stays as it is. */
static void print_text(const char *text)
{
    bool is_fixed = strchr(text, '\n') != NULL || text[0] == ' ';

    (void)fputs(is_fixed ? ".nf\n" : "", stdout);
    print_lines(text);
    (void)fputs(is_fixed ? ".fi\n" : "", stdout);
}

static void print_tagged(const char *tag, const char *text)
{
    (void)printf(".TP\n.B ");
    print_line(tag, strlen(tag));
    print_text(text);
}

static void print_option(const struct option *option)
{
    char tag_memory[ARGUMENTS_OPTION_SIZE];
    char help_memory[HELP_SIZE];
    struct text tag, help;

    text_init(&tag, tag_memory, sizeof(tag_memory));
    arguments_option(option, &tag);
    text_init(&help, help_memory, sizeof(help_memory));
    text_add(&help, "%s%s", option->help, option->is_required ? " (needed)" : "");
    if (option->fallback != NULL && option->fallback[0] != '\0')
        text_add(&help, " (default %s)", option->fallback);
    print_tagged(tag.data, help.data);
}

static void print_verb(const struct verb_entry *entry)
{
    (void)printf(".SS %s\n.B verdict %s\n", entry->name, entry->name);
    if (entry->arguments[0] != '\0')
        print_line(entry->arguments, strlen(entry->arguments));
    if (entry->option_count > 0)
        (void)printf("[options]\n");
    (void)printf(".PP\n");
    print_line(entry->summary, strlen(entry->summary));
    for (size_t i = 0; entry->text != NULL && entry->text[i] != NULL; i++) {
        (void)printf(".PP\n");
        print_text(entry->text[i]);
    }
    for (size_t i = 0; i < entry->option_count; i++)
        print_option(&entry->options[i]);
}

static void print_section(const char *title, const char *text)
{
    (void)printf(".SH %s\n", title);
    print_lines(text);
}

int man_run(struct cli *cli)
{
    (void)cli;
    (void)printf(".TH VERDICT 1 %s \"verdictd %s\" \"\"\n", VERDICT_DATE, VERDICT_VERSION);
    (void)printf(".SH NAME\nverdict \\- talks to verdictd, which decides whether a deployment lives\n");
    (void)printf(".SH SYNOPSIS\n.B verdict\n.I VERB\n[options] [arguments]\n");
    print_section("DESCRIPTION", arguments_overview.words);
    (void)printf(".SH VERBS\n");
    for (size_t i = 0; i < verb_count; i++)
        print_verb(&verb_table[i]);
    print_section("ENVIRONMENT", arguments_overview.environment);
    print_section("EXIT STATUS", arguments_overview.exits);
    return VERB_DONE;
}
