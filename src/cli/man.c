/* man.c - verdict man: the manual in the language of man(7), made from the tables.
 * SPDX-License-Identifier: MIT */
#include "base/manual.h"
#include "cli/arguments.h"
#include "cli/man_settings.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_SIZE = 512, PAGE_SIZE = 256 * 1024 };

static void add_option(struct text *page, const struct option *option)
{
    char tag_memory[ARGUMENTS_OPTION_SIZE];
    char help_memory[HELP_SIZE];
    struct text tag, help;

    text_init(&tag, tag_memory, sizeof(tag_memory));
    arguments_option(option, &tag);
    text_init(&help, help_memory, sizeof(help_memory));
    arguments_option_help(option, &help);
    manual_tagged(page, tag.data, help.data);
}

static void add_verb(struct text *page, const struct verb_entry *entry)
{
    text_add(page, ".SS %s\n.B verdict %s\n", entry->name, entry->name);
    if (entry->arguments[0] != '\0')
        manual_line(page, entry->arguments, strlen(entry->arguments));
    if (entry->option_count > 0)
        text_add(page, "[options]\n");
    text_add(page, ".PP\n");
    manual_lines(page, entry->summary);
    for (size_t i = 0; entry->text != NULL && entry->text[i] != NULL; i++) {
        text_add(page, ".PP\n");
        manual_text(page, entry->text[i]);
    }
    for (size_t i = 0; i < entry->option_count; i++)
        add_option(page, &entry->options[i]);
}

static void man_verbs(struct text *page)
{
    manual_title(page, "verdict", 1);
    text_add(page, ".SH NAME\nverdict \\- talks to verdictd, which decides whether a deployment lives\n"
                   ".SH SYNOPSIS\n.B verdict\n.I VERB\n[options] [arguments]\n");
    manual_section(page, "DESCRIPTION", arguments_overview.words);
    text_add(page, ".SH OPTIONS\nWith every verb, before or behind it:\n");
    for (size_t i = 0; arguments_flags[i].name != NULL; i++) {
        char tag[ARGUMENTS_OPTION_SIZE];
        (void)snprintf(tag, sizeof(tag), "--%s", arguments_flags[i].name);
        manual_tagged(page, tag, arguments_flags[i].help);
    }
    text_add(page, ".SH VERBS\n");
    for (size_t i = 0; i < verb_count; i++)
        add_verb(page, &verb_table[i]);
    manual_section(page, "ENVIRONMENT", arguments_overview.environment);
    manual_section(page, "EXIT STATUS", arguments_overview.exits);
    manual_section(page, "SEE ALSO", "verdictd(8), verdictd.conf(5), verdict-runner(8)");
}

int man_run(struct cli *cli)
{
    bool is_settings = cli->word_count > 0 && strcmp(cli->words[0], "verdictd.conf") == 0;

    if (cli->word_count > 0 && !is_settings) {
        verb_complain(cli,
                      "%s: verdictd.conf is the one other page; `verdictd --man` and `verdict-runner --man` "
                      "have theirs",
                      cli->words[0]);
        return VERB_REFUSED;
    }
    char *memory = memory_take(PAGE_SIZE);
    struct text page;
    text_init(&page, memory, PAGE_SIZE);
    if (is_settings)
        man_settings(&page);
    else
        man_verbs(&page);
    bool is_whole = !page.is_cut;
    (void)fputs(page.data, stdout);
    free(memory);
    if (!is_whole)
        verb_complain(cli, "the manual could not be printed");
    return is_whole ? VERB_DONE : VERB_UNKNOWN;
}
