/* command_texts.h - what a command is started with: arguments and environment, filled in.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_COMMAND_TEXTS_H
#define DAEMON_COMMAND_TEXTS_H

#include "daemon/acting.h"
#include "io/runner_client.h"

enum {
    COMMAND_ENVIRONMENT_MAX = 16 + DEFINITION_VALUES_MAX,
    COMMAND_PAIR_MAX = 1024,
    COMMAND_ENVIRONMENT_BYTES = 40 * 1024
};

struct command_texts {
    char key[COMMAND_KEY_MAX];
    char arguments[DEFINITION_ARGUMENTS_MAX][COMMAND_PAIR_MAX];
    char environment[COMMAND_ENVIRONMENT_BYTES]; /* one behind the other */
    size_t environment_used, environment_count;
    char baggage[RUNNER_ARGUMENT_MAX];
    const char *argv[DEFINITION_ARGUMENTS_MAX + 1];
    const char *envp[COMMAND_ENVIRONMENT_MAX + 1];
};

struct command_about {
    const char *name;
    const struct slot_definition *slot; /* NULL: none */
    uint16_t host;                      /* or ACTING_NO_HOST */
    const char *address;                /* NULL: the host's, or the slot's first */
    const char *version;                /* NULL: the deployment's */
    const struct acting *acting;        /* whose command it is; NULL: of none */
};

/* Sets arguments and argv. */
MUST_CHECK bool command_texts_fill(const char *const *arguments, size_t count, const char *const *pairs,
                                   size_t pair_count, struct command_texts *texts, struct err *err);

/* Sets environment and envp; `key` is set before. What the environment of the deployment says of itself is
 * part of it. */
void command_texts_tell(const struct live *live, const struct command_about *about,
                        struct command_texts *texts);
/* Adds the command's own values. */
MUST_CHECK bool command_texts_add(const struct command_definition *command, const char *const *pairs,
                                  size_t pair_count, struct command_texts *texts, struct err *err);

#endif
