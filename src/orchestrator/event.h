/* event.h - what can happen to a deployment, and what the machine decides about it.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_EVENT_H
#define ORCHESTRATOR_EVENT_H

#include "judge/judgement.h"
#include "orchestrator/deployment_state.h"
#include "orchestrator/trace.h"

#include <stdbool.h>
#include <stdint.h>

enum { DECISION_ACTIONS_MAX = 2, DECISION_TRACES_MAX = 12 };

enum event_kind {
    EVENT_TURN,      /* queued: nobody is before it any more; slot, stable_slot */
    EVENT_TICK,      /* only time passed */
    EVENT_GAP,       /* gap_ms before now were not observed: a stop, a stall, a suspended machine */
    EVENT_RECOVERED, /* the daemon restarted: what is in flight was driven again; gap_ms as above */
    EVENT_AHEAD,     /* a route to stable left before its verdict was durable, and that is lost: FAIL (S5) */
    EVENT_RESULT,    /* an action's try ended */
    EVENT_JUDGEMENT, /* a rule's verdict changed */
    EVENT_DRIFT,     /* the share read back is not the confirmed one */
    EVENT_VERB,      /* a person or a pipeline says something */
    EVENT_CARE_OVER, /* promoted: the old slot is needed by the next deployment, the way back is given up */
    EVENT_REPLACED,  /* a newer one takes its place: superseded before any effect, else back; watches go on */
    EVENT_OVERTAKEN, /* an emergency takes its place: as above, but a watch ends here, and who is escalated on
                        the way back is taken over */
    EVENT_HURRIED,   /* it is an emergency itself from now on */
    EVENT_BARRIER,   /* whoever it stands or falls with stands at a barrier as well: on */
    EVENT_FALLS      /* another part of its run went wrong: as an abort, but nobody said so */
};

enum result {
    RESULT_DONE,
    RESULT_AGAIN,  /* failed, and says that trying again may help */
    RESULT_FAILED, /* a smoke test: it failed; rehearsal: refused */
    RESULT_UNKNOWN /* nobody can tell whether it happened */
};

enum verb {
    VERB_PROMOTE,
    VERB_PROMOTE_FULL,
    VERB_HOLD,
    VERB_RESUME,
    VERB_ABORT,
    VERB_ROLLBACK,
    VERB_ROLLBACK_PAST, /* rollback --past-no-return */
    VERB_APPROVE,       /* one person's; who may and who already did is checked at the door */
    VERB_REJECT,
    VERB_MUTE, /* rule */
    VERB_ADOPT,
    VERB_COUNT
};

struct event {
    enum event_kind kind;
    int64_t now_ms;
    int64_t gap_ms;            /* GAP, RECOVERED */
    uint32_t sequence;         /* RESULT: the action's */
    uint16_t tries;            /* RESULT: the try that ended, as in the action */
    enum result result;        /* RESULT */
    uint8_t rule;              /* JUDGEMENT, MUTE */
    enum verdict verdict;      /* JUDGEMENT */
    uint16_t share;            /* DRIFT: what was read */
    bool is_anew;              /* DRIFT: the proxy began anew since the share was confirmed */
    uint32_t blind;            /* bit r: rule r is inconclusive because its source errs */
    uint8_t slot, stable_slot; /* TURN */
    enum verb verb;            /* VERB */
    bool is_stable_bad;        /* HURRIED */
    bool is_stopped;           /* a freeze or a brake: no step forward */
    bool is_shared;            /* so many other services failed just now that it may be no version's fault */
};

enum answer {
    ANSWER_NONE,    /* not a verb */
    ANSWER_DONE,    /* it happened */
    ANSWER_ALREADY, /* nothing new happens: as the first time */
    ANSWER_CONFLICT /* the state forbids it; nothing changed */
};

struct action {
    enum action_kind kind;
    uint32_t sequence;
    uint16_t reference;
    uint16_t share;
    uint32_t cancels;       /* CANCEL: sequence of the command */
    uint16_t cancels_tries; /* CANCEL: its tries */
    uint16_t tries;         /* rises after each try: a command's key is deployment, sequence, tries */
    uint16_t host, batch; /* of hosts: the first one, and how many, each with a key of its own; 0: of none */
    bool is_previous;     /* of hosts: the version before is put there */
    bool is_new;          /* false: driven again; its intent is durable already */
    bool is_rollback;     /* part of a way back: of the high priority */
    int64_t limit_ms;     /* longest time of this try */
};

struct decision {
    enum answer answer;
    bool is_durable;  /* the state after must be journaled before anything of this leaves; else it may wait */
    bool promotes;    /* the candidate becomes the stable version of its service and environment */
    bool quarantines; /* the version must not come back by itself */
    bool is_fall;     /* it failed: for want of evidence, by an action or by a verdict; by no person's word */
    uint8_t action_count;
    uint8_t trace_count;
    struct action actions[DECISION_ACTIONS_MAX];
    struct trace traces[DECISION_TRACES_MAX];
};

#endif
