/* arguments.h - argv → verb, words and option values, all from the tables; and --help out of them.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/verb.h"

/* Fills entry (NULL: none was given), words, values and the flags that every verb has. False: *err says what
 * is wrong, and what was meant. Texts point into argv or cli->arena. */
MUST_CHECK bool arguments_read(int count, char **values, struct cli *cli, struct err *err);

enum { ARGUMENTS_OPTION_SIZE = 128 };

/* "--on-cancel leave|abort", as help and manual have it. */
void arguments_option(const struct option *option, struct text *text);

/* "what Ctrl-C does to the deployment (default leave)". */
void arguments_option_help(const struct option *option, struct text *text);

/* What stands before the verb as well as behind it. Ends with a name that is NULL. A verb's own option of the
 * same name ("version") goes before. */
extern const struct arguments_flag {
    const char *name; /* without -- */
    const char *help;
} arguments_flags[];

/* What is true of all verbs, as help and manual have it. */
extern const struct arguments_overview {
    const char *words, *environment, *exits;
} arguments_overview;

/* Of one verb, or of all where entry is NULL. */
void arguments_print_help(const struct verb_entry *entry);

#endif
