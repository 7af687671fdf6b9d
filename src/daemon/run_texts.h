/* run_texts.h - the texts of a task's command.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_TEXTS_H
#define DAEMON_RUN_TEXTS_H

#include "config/run_definition.h"
#include "config/stack_variables.h"
#include "daemon/daemon.h"
#include "io/runner_client.h"

enum {
    RUN_KEY_SIZE = 64,
    RUN_PAIR_SIZE = JOURNAL_OUTPUT_NAME_MAX + JOURNAL_OUTPUT_VALUE_MAX + 32,
    RUN_PAIRS_MAX = RUNNER_ENVIRONMENT_MAX,
    RUN_ARGUMENT_SIZE = 1024
};

struct run_live;

struct task_texts {
    char key[RUN_KEY_SIZE];
    char arguments[DEFINITION_ARGUMENTS_MAX][RUN_ARGUMENT_SIZE];
    char environment[RUN_PAIRS_MAX][RUN_PAIR_SIZE];
    char variables[STACK_VARIABLES_MAX + sizeof("VERDICT_VARIABLES=")];
    char baggage[RUNNER_ARGUMENT_MAX];
    const char *argv[DEFINITION_ARGUMENTS_MAX + 1];
    const char *envp[RUN_PAIRS_MAX + 1];
};

/* "r7-2.1": the same for every start of one try. */
void run_texts_key(char key[RUN_KEY_SIZE], uint64_t run, const struct run_action *action);

/* VERDICT_NAME=value, of which texts->key is one. */
void run_texts_environment(const struct run_live *live, const struct run_state *state,
                           const struct run_action *action, struct task_texts *texts);

/* False: *err says which word could not be filled in. */
MUST_CHECK bool run_texts_arguments(const struct run_live *live, const struct run_task_definition *task,
                                    struct task_texts *texts, struct err *err);

#endif
