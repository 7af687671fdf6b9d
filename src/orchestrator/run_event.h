/* run_event.h - what can happen to a run, and what the machine decides about it.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_RUN_EVENT_H
#define ORCHESTRATOR_RUN_EVENT_H

#include "orchestrator/event.h"
#include "orchestrator/run_state.h"

enum run_event_kind {
    RUN_EVENT_TURN,       /* queued: nobody is before it any more */
    RUN_EVENT_TICK,       /* only time passed */
    RUN_EVENT_GAP,        /* gap_ms before now nobody was there: commands keep the time that they had */
    RUN_EVENT_RECOVERED,  /* the daemon restarted: what is under way is driven again; gap_ms as above */
    RUN_EVENT_RESULT,     /* task, tries, result, version_key: a command's try ended, or its cancel did */
    RUN_EVENT_STARTED,    /* task, deployment: was started or attached to; 0: refused */
    RUN_EVENT_DEPLOYMENT, /* task, has_ended, exit_code, falls, is_escalated: its deployment ended, turned
                             back or is escalated */
    RUN_EVENT_ANSWER,     /* task, result, version_key: from outside; done or failed */
    RUN_EVENT_ABORT
};

enum run_result {
    RUN_RESULT_DONE,
    RUN_RESULT_SKIPPED, /* its condition said so, and nothing ran */
    RUN_RESULT_AGAIN,   /* failed, and says that trying again may help */
    RUN_RESULT_FAILED,
    RUN_RESULT_UNKNOWN, /* nobody can tell whether it happened */
    RUN_RESULT_STILL    /* of a cancel: it has not ended yet */
};

struct run_event {
    enum run_event_kind kind;
    int64_t now_ms;
    int64_t gap_ms;
    uint8_t task;
    uint16_t tries;
    enum run_result result;
    uint64_t deployment;
    bool has_ended;
    uint8_t exit_code;
    bool falls;           /* it is on its way back, or people are called, before it had passed */
    bool is_escalated;    /* and goes on */
    uint64_t version_key; /* RESULT, ANSWER: of the version with the digest that was reported; 0: none was */
};

enum { RUN_ACTIONS_MAX = 2 * RUN_TASKS_MAX, RUN_TRACES_MAX = 3 * RUN_TASKS_MAX + 8 };

enum run_action_kind {
    RUN_ACTION_COMMAND, /* starts a try under its key, or finds it again */
    RUN_ACTION_CANCEL,  /* ends the command of that key */
    RUN_ACTION_DEPLOY,  /* starts a deployment; answered by STARTED in the same turn */
    RUN_ACTION_ABORT    /* takes the deployment back */
};

struct run_action {
    enum run_action_kind kind;
    uint8_t task;
    uint16_t tries;
    uint64_t deployment; /* ABORT */
};

enum run_trace_kind {
    RUN_TRACE_PHASE,    /* a: enum run_phase entered, b: stage */
    RUN_TRACE_STAGE,    /* a: stage entered */
    RUN_TRACE_TASK,     /* a: task, b: enum run_task_phase entered */
    RUN_TRACE_TRY,      /* a: task, b: tries: one ended and another one comes */
    RUN_TRACE_GIVEN_UP, /* a: task: its command did not confirm its end */
    RUN_TRACE_FALLS,    /* a: task: its deployment goes wrong, and the others of its stage fall with it */
    RUN_TRACE_APPROVED, /* a: task, b: how many so far, of one that needs several */
    RUN_TRACE_REMINDED  /* a: task, b: how many it needs: half of an approval's time is over */
};

struct run_trace {
    enum run_trace_kind kind;
    uint32_t a, b;
};

struct run_decision {
    enum answer answer;
    bool is_durable; /* the state after must be journaled before anything of this leaves */
    uint8_t action_count;
    uint8_t trace_count;
    struct run_action actions[RUN_ACTIONS_MAX];
    struct run_trace traces[RUN_TRACES_MAX];
};

#endif
