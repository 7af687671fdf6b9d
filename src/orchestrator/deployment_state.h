/* deployment_state.h - what one deployment is at an instant: pointer-free, below 1 KiB, journaled as it is.
 * SPDX-License-Identifier: MIT
 *
 * Times are the engine's clock in milliseconds, shares hundredths of a percent. */
#ifndef ORCHESTRATOR_DEPLOYMENT_STATE_H
#define ORCHESTRATOR_DEPLOYMENT_STATE_H

#include "orchestrator/deployment_words.h"
#include "orchestrator/plan.h"

#include <stdbool.h>
#include <stdint.h>

#define DEPLOYMENT_NEVER INT64_MAX

/* Bits of hosts. */
enum { HOST_WORDS = PLAN_HOSTS_MAX / 64 };

/* The one action that is under way. Its key is (deployment, sequence), a command's (deployment, sequence,
 * tries); after a restart it is driven again under the same key. */
struct flight {
    enum action_kind kind;
    uint32_t sequence;
    uint16_t reference;
    uint16_t share;
    uint16_t tries;
    bool is_waiting; /* for retry_ms, after a try that failed */
    int64_t retry_ms;
    int64_t limit_ms;    /* of one try */
    int64_t deadline_ms; /* of the running try */
};

struct deployment_state {
    uint64_t id;
    uint64_t together; /* run that it stands or falls with, beside others; 0: it stands alone */
    enum deployment_phase phase;
    enum step_state step_state;
    enum step_state resume_to; /* HELD: what resume goes back to; STEP_IDLE: to the next step */
    enum ending ending;
    enum hold_cause hold;
    enum rollback_part part;     /* ROLLING_BACK */
    enum disaster_part disaster; /* ROLLING_BACK, where the plan has one */
    enum care_part care;         /* PROMOTED: retiring the old slot */
    enum gate_answer gate;       /* of the newest step that asks another system */
    bool is_escalated;           /* until a person clears it */
    bool is_unverified;          /* ended by adopt */
    bool is_full;                /* promote --full: only commands, smoke tests and the last route are left */
    bool is_emergency;           /* a person's: its approvals are skipped */
    bool is_stable_bad;          /* and that person quarantined stable: nothing goes back to it by itself */
    bool past_no_return;         /* a person said: go on past a command that holds */
    bool would_roll_back;        /* mode record, or a muted or recording rule failed */
    bool is_probing;             /* what is in flight is the probe of the step's command */
    bool was_lost;               /* ... whose own fate is unknown */
    uint8_t rounds;      /* how often the action of this step was started, or people were asked, before */
    uint8_t probe_tries; /* how often its probe could not tell, since the command ended */
    bool is_down;        /* nothing serves, since down_from_ms */
    bool is_stopped;     /* no step forward now: a freeze, or a brake */
    bool is_extended;    /* OBSERVING: it waits longer for a source that errs */
    bool is_single;      /* way back: host by host, since one of a batch did not come back */
    uint8_t slot;        /* where the candidate runs; index in the definition; set when its turn comes */
    uint8_t stable_slot;
    uint8_t step;
    uint8_t undo_next;           /* ROLLING_BACK: so many steps are still to be undone: plan_undo_step() */
    uint8_t failed_rule;         /* index of the rule that decided; FAIL_LOST, or UINT8_MAX: none */
    enum replace_part host_part; /* of the batch in work */
    uint16_t host;               /* first one of the batch in work */
    uint16_t batch;              /* hosts of it; 0: none is in work */
    uint16_t back_rounds;        /* way back: how often every host that is left was tried in vain */
    uint16_t approvals;
    uint16_t desired_share;   /* last intent */
    uint16_t confirmed_share; /* last read-back */
    uint16_t desired_mirror;  /* of the requests that are copied: last intent */
    uint16_t confirmed_mirror;
    uint32_t attempt;         /* rises with every entry into a step: verdicts are bound to (step, attempt) */
    uint32_t last_sequence;   /* of actions */
    uint32_t settle_sequence; /* ROLLING_BACK: command that has to end before another begins; 0 none */
    uint16_t settle_reference, settle_tries;
    uint64_t intents;  /* bit k: an action of step k was journaled */
    uint32_t passing;  /* bit r: rule r passes, on evidence since this step's route was confirmed */
    uint32_t muted;    /* bit r: rule r only records */
    uint32_t recorded; /* bit r: its failure was written down already */
    struct flight flight;
    int64_t phase_entered_ms, step_entered_ms;
    int64_t last_seen_ms; /* newest event: the time between events counts as observed unless it was a gap */
    int64_t observed_ms;  /* of this step */
    int64_t limit_at_ms;  /* of this step's wait, of the hold, or of the rollback; NEVER: none */
    int64_t hold_limit_at_ms;
    int64_t routed_ms;    /* first confirmed share > 0, or watch without traffic; NEVER: not yet */
    int64_t confirmed_ms; /* this step's share was confirmed */
    int64_t care_at_ms;
    int64_t down_from_ms;
    int64_t down_ms;              /* nothing served for so long before that, in all */
    uint64_t touched[HOST_WORDS]; /* bit h: host h has the candidate, or may have it; the first ones */
    uint64_t away[HOST_WORDS];    /* bit h: host h is out of service */
    uint64_t stuck[HOST_WORDS];   /* way back: bit h: host h was tried in vain, in this round */
};

#endif
