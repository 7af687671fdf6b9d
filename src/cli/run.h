/* run.h - runs that another verb starts.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/verb.h"

/* verdict start --group: a run of services that stand or fall together. */
int run_group(struct cli *cli);

#endif
