/* arguments.h - argv → verb, words and option values, all from the tables; and --help out of them.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/verb.h"

/* Fills entry (NULL: none was given), words, values and the flags that every verb has. False: *err says what
 * is wrong, and what was meant. Texts point into argv or cli->arena. */
MUST_CHECK bool arguments_read(int count, char **values, struct cli *cli, struct err *err);

/* Of one verb, or of all where entry is NULL. */
void arguments_print_help(const struct verb_entry *entry);

#endif
