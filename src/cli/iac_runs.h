/* iac_runs.h - verdict iac: what is done to a stack is a run.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_IAC_RUNS_H
#define CLI_IAC_RUNS_H

#include "cli/verb.h"

/* plan, apply, verify, drift, destroy STACK ENV */
int iac_runs_start(struct cli *cli);
/* A person's answer to the task of a run that awaits one; of a verb with the option `plan`. */
struct review {
    const char *run; /* "run_7" */
    bool is_yes;
    const char *reason;
};
int iac_runs_answer(struct cli *cli, const struct review *review);
/* approve, reject RUN */
int iac_runs_review(struct cli *cli);

#endif
