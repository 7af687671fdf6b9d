/* iac_runs.h - verdict iac: what is done to a stack is a run.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_IAC_RUNS_H
#define CLI_IAC_RUNS_H

#include "cli/verb.h"

/* plan, apply, verify, drift, destroy STACK ENV */
int iac_runs_start(struct cli *cli);
/* approve, reject RUN */
int iac_runs_review(struct cli *cli);

#endif
