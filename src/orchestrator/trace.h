/* trace.h - what a decision leaves behind for the audit; whoever shows it makes the words.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_TRACE_H
#define ORCHESTRATOR_TRACE_H

#include <stdint.h>

enum trace_kind {
    TRACE_PHASE,      /* a: enum deployment_phase entered, b: enum ending */
    TRACE_STEP,       /* a: step entered, b: attempt */
    TRACE_ACTION,     /* a: sequence, b: enum action_kind; an intent */
    TRACE_RESULT,     /* a: sequence, b: enum result */
    TRACE_CONFIRMED,  /* a: share */
    TRACE_STEP_PASS,  /* a: step, b: attempt: the pass verdict bound to it; used up by it (S2) */
    TRACE_OVERRIDE,   /* a: step, b: attempt: a person went on without a verdict */
    TRACE_FAIL,       /* a: rule, or enum fail_cause; b: step: the sticky FAIL (S3) */
    TRACE_WOULD_FAIL, /* a: rule: what would have taken it back */
    TRACE_HELD,       /* a: enum hold_cause, b: rule or UINT8_MAX */
    TRACE_RESUMED,
    TRACE_APPROVAL_WANTED, /* a: step, b: how many */
    TRACE_APPROVED,        /* a: how many so far */
    TRACE_REJECTED,        /* a: step */
    TRACE_ESCALATED,       /* a: enum ending so far */
    TRACE_DRIFT,           /* a: share read, b: share confirmed before */
    TRACE_MUTED,           /* a: rule */
    TRACE_QUARANTINE,
    TRACE_ADOPTED,
    TRACE_RETIRED,
    TRACE_HOSTS_TAKEN, /* a: first host, b: how many: out of service from now on */
    TRACE_HOSTS_READY, /* a, b: they serve again, with the version that was put there */
    TRACE_FORGOTTEN,   /* of the engine: the quarantine was full, and the oldest version left it; a: the low
                          half   of the deployment that had put it there, 0: a person */
    TRACE_MIRRORED,    /* a: share of the requests that are copied, as read back */
    TRACE_DOWNTIME,    /* a: milliseconds for which nothing served, until now */
    TRACE_EMERGENCY, /* a person's: queue, window, freeze and approvals are not asked; a: 1: stable is bad */
    TRACE_RETRIED,   /* of the engine: a person wants once more what has ended; a: the low half of that
                        deployment, b: 1 the version left the quarantine with it */
    TRACE_DISASTER,  /* a: sequence: what was declared for the worst is run */
    TRACE_DISASTER_OVER, /* a: 1 it ended well */
    TRACE_BRAKED,        /* of the engine: its failure closed a brake; a: 1 the fleet's, b: how many failed */
    TRACE_REMINDED       /* a: step, b: how many: half of an approval's time is over */
};

/* Whose FAIL it is, where no rule is known. */
enum fail_cause {
    FAIL_LOST = UINT8_MAX - 1, /* traffic went back for a verdict that the journal never got */
    FAIL_SMOKE = UINT8_MAX
};

struct trace {
    enum trace_kind kind;
    uint32_t a, b;
};

#endif
