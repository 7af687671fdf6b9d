/* run.h - runs that another verb starts.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/verb.h"

struct cJSON;

/* Asks for a run; the verb has the options run-url, commit, actor, reason, wait and those of wait. Takes over
 * `body`. */
int run_ask(struct cli *cli, struct cJSON *body);

/* verdict start --group: a run of services that stand or fall together. */
int run_group(struct cli *cli);

#endif
