/* run_state.h - what one run is at an instant: pointer-free, at most 1 KiB, journaled as it is.
 * SPDX-License-Identifier: MIT
 *
 * Times are the engine's clock in milliseconds. */
#ifndef ORCHESTRATOR_RUN_STATE_H
#define ORCHESTRATOR_RUN_STATE_H

#include "orchestrator/deployment_state.h"
#include "orchestrator/run_plan.h"

enum run_phase {
    RUN_QUEUED,   /* accepted; another run of its pipeline is under way */
    RUN_RUNNING,  /* tasks of its stage are under way */
    RUN_WAITING,  /* the same, but all that is left of them is waited for */
    RUN_STOPPING, /* what is under way is being stopped, for the run's ending */
    RUN_RELEASED, /* from here on terminal */
    RUN_FAILED,
    RUN_ABORTED,
    RUN_PHASE_COUNT
};

enum run_task_phase {
    TASK_IDLE,     /* its turn has not come */
    TASK_RUNNING,  /* its command runs, its deployment moves */
    TASK_RESTING,  /* until its next try */
    TASK_AWAITING, /* an answer from outside */
    TASK_ASKING,   /* it failed, and a person says what that means */
    TASK_STOPPING, /* its command is told to end, its deployment goes back */
    TASK_DONE,     /* from here on over */
    TASK_SKIPPED,
    TASK_FAILED,
    TASK_STOPPED,
    TASK_PHASE_COUNT
};

/* Why a task failed, for people. Of one that awaits people, SILENCE: they were reminded. */
enum run_cause {
    CAUSE_NONE,
    CAUSE_COMMAND,    /* it ended badly */
    CAUSE_UNKNOWN,    /* nobody can tell how it ended */
    CAUSE_SILENCE,    /* nobody answered */
    CAUSE_ANSWER,     /* the answer was no */
    CAUSE_DIGEST,     /* it reported another digest than the one that is under way */
    CAUSE_REFUSED,    /* the deployment was refused */
    CAUSE_DEPLOYMENT, /* the deployment did not end as promoted */
    CAUSE_COUNT
};

struct run_task {
    uint64_t deployment; /* DEPLOY: 0 not started */
    int64_t at_ms;       /* RUNNING, AWAITING, ASKING: its deadline; RESTING, STOPPING: the next try; NEVER */
    enum run_task_phase phase;
    uint16_t tries;    /* of its command: counts up from 1; the key is (run, task, tries) */
    uint8_t cause;     /* enum run_cause */
    bool is_escalated; /* DEPLOY: its deployment is */
};

struct run_state {
    uint64_t id;
    enum run_phase phase;
    enum run_phase goal; /* STOPPING: how it will end */
    uint8_t stage;
    uint8_t first_stage;  /* where it began: a retry goes on from the stage that failed */
    uint8_t failed_task;  /* that decided, or UINT8_MAX */
    uint8_t exit_code;    /* of the deployment that did not end as promoted; 0 none */
    bool is_fixed;        /* the artifact is what it is: its digest is known, or a deployment of it began */
    bool is_escalated;    /* a deployment of its stage is */
    uint64_t version_key; /* of version and digest, as deployments have it; never 0 */
    int64_t phase_entered_ms;
    int64_t stage_entered_ms;
    int64_t last_seen_ms;
    int64_t stop_limit_ms; /* STOPPING: commands that do not confirm their end are given up */
    struct run_task tasks[RUN_TASKS_MAX];
    uint8_t approvals[RUN_TASKS_MAX]; /* AWAIT, of those that need several: so many said yes */
};

#endif
