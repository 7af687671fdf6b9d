/* pulumi_call.h - one call of pulumi, with its environment and its words.
 * SPDX-License-Identifier: MIT
 *
 * It gets our own environment without VERDICT_*, IAC_* and what would change what we ask for (PULUMI_STACK,
 * PULUMI_OPTION_*, ...). What it complains of is shown. */
#ifndef IAC_PULUMI_CALL_H
#define IAC_PULUMI_CALL_H

#include "iac/tool.h"

enum { PULUMI_WORDS_MAX = 320, PULUMI_OPTION_SIZE = WORK_PATH_MAX + 64 };

#define PULUMI_CONFIG "config.yaml" /* in the run's folder: the stack's configuration with the variables */

/* Of one call; ends with NULL. */
struct pulumi_words {
    const char *at[PULUMI_WORDS_MAX + 1];
    size_t count;
    char config[PULUMI_OPTION_SIZE];
};

/* "pulumi COMMAND --non-interactive ... --stack ENVIRONMENT"; `command` ends with NULL. */
void pulumi_words_begin(struct pulumi_words *words, const struct job *job, const char *const *command);
/* The run's own configuration, where it has one. */
void pulumi_words_add_config(struct pulumi_words *words, const struct job *job);
void pulumi_words_add(struct pulumi_words *words, const char *word);

/* Its stdout goes to the run's file `name`, and is given back (malloc'ed, with a NUL behind it). */
enum iac_exit pulumi_read(struct job *job, const struct pulumi_words *words, const char *name,
                          char **ret_text, size_t *ret_length);

/* Its stdout goes to this file. */
enum iac_exit pulumi_write(struct job *job, const struct pulumi_words *words, int output);

/* Each line of its stdout is heard as it comes; false: it is interrupted (and what it did is in its state).
 */
enum iac_exit pulumi_watch(struct job *job, const struct pulumi_words *words,
                           bool (*hear)(void *data, const char *line, size_t length), void *data);

#endif
