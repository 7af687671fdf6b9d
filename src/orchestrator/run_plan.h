/* run_plan.h - a pipeline made concrete for one run: stages in order, the tasks of each beside each other.
 * SPDX-License-Identifier: MIT
 *
 * Times in milliseconds. A stage's tasks stand together, in the order of the stages. */
#ifndef ORCHESTRATOR_RUN_PLAN_H
#define ORCHESTRATOR_RUN_PLAN_H

#include "orchestrator/plan.h"

enum {
    RUN_STAGES_MAX = 24,   /* of one pipeline: its own, one per environment, the release */
    RUN_TASKS_MAX = 32,    /* of all its stages */
    RUN_PARALLEL_MAX = 16, /* commands of one stage at the same time */
    RUN_TOGETHER_MAX = 8   /* deployments that stand or fall together */
};

enum run_task_kind {
    RUN_TASK_COMMAND, /* runs a command; ends with it */
    RUN_TASK_AWAIT,   /* is answered from outside */
    RUN_TASK_DEPLOY   /* starts a deployment; ends with it */
};

/* What a task that failed after its tries means for the run. */
enum run_outcome {
    RUN_OUTCOME_FAIL,
    RUN_OUTCOME_GO_ON, /* as if it had not been there */
    RUN_OUTCOME_ASK    /* a person decides */
};

struct run_plan_task {
    enum run_task_kind kind;
    enum command_repeat repeat; /* COMMAND: may it be started again when its fate is unknown? */
    bool passes_silent;         /* AWAIT: silence is an answer, and a good one */
    uint8_t need;               /* AWAIT: so many people have to say yes; 0: one answer, of whomever */
    uint16_t reference;         /* index in the definition: of the task's command, of the environment */
    uint16_t tries_max;         /* COMMAND: ≥ 1 */
    int64_t limit_ms;           /* COMMAND: of one try; AWAIT: longest silence */
    int64_t patience_ms; /* COMMAND: tries that could not begin count for nothing as long, from its stage's
                            beginning; 0: they count */
};

struct run_plan_stage {
    uint8_t first, count; /* its tasks; count ≥ 1 */
    uint8_t parallel;     /* 1..RUN_PARALLEL_MAX */
    bool is_together;     /* deployments that stand or fall together, ≤ RUN_TOGETHER_MAX, all at once */
    enum run_outcome on_failure; /* FAIL where deployments are started */
    int64_t ask_limit_ms;        /* ASK: nobody's answer after it is no */
};

struct run_plan {
    uint8_t stage_count; /* ≥ 1 */
    uint8_t task_count;
    struct run_plan_stage stages[RUN_STAGES_MAX];
    struct run_plan_task tasks[RUN_TASKS_MAX];
};

#endif
