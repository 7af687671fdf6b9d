/* deployment_words.h - the words of a deployment's state: phases, endings, and the parts of its ways.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_DEPLOYMENT_WORDS_H
#define ORCHESTRATOR_DEPLOYMENT_WORDS_H

enum deployment_phase {
    PHASE_QUEUED,       /* accepted; another deployment of its service and environment is under way */
    PHASE_ADMITTING,    /* the rehearsal runs: levers, target, commands */
    PHASE_RUNNING,      /* executing its steps up to the watch */
    PHASE_WATCHING,     /* serves everything; the watch observes */
    PHASE_ROLLING_BACK, /* on the way back to stable */
    PHASE_PROMOTED,     /* from here on terminal (S7) */
    PHASE_ROLLED_BACK,
    PHASE_REJECTED,
    PHASE_CANCELLED,
    PHASE_SUPERSEDED,
    PHASE_COUNT
};

enum step_state {
    STEP_IDLE,      /* no step is under way: before the first and after the last */
    STEP_ACTING,    /* an action is in flight, or waits for its next try */
    STEP_OBSERVING, /* time passes under the rules' eyes */
    STEP_WAITING,   /* for people, or for another system */
    STEP_HELD       /* stopped by a person, a rule or an unknown hand; rules go on judging */
};

/* Why it ended, or is on its way back. */
enum ending {
    ENDING_NONE,
    ENDING_PASSED,        /* every verdict was a pass; rolled back: of a trial that was to end so */
    ENDING_OVERRIDE,      /* promoted by a person with the right to */
    ENDING_FAILED,        /* a rule or smoke test failed: the version is quarantined */
    ENDING_ABORTED,       /* a person stopped it */
    ENDING_TAKEN_BACK,    /* a person rolled it back */
    ENDING_NO_EVIDENCE,   /* inconclusive until the deadline */
    ENDING_ACTION_FAILED, /* an action failed after its tries */
    ENDING_NOT_APPROVED,  /* rejected, or nobody answered */
    ENDING_HELD_TOO_LONG,
    ENDING_REFUSED,   /* the rehearsal said no */
    ENDING_ADOPTED,   /* escalated, and a person said what serves */
    ENDING_REPLACED,  /* a newer deployment took its place */
    ENDING_CUT_SHORT, /* promoted out of its watch, since an emergency wanted its place */
    ENDING_GATE_SHUT, /* another system refused, or did not say yes in time */
    ENDING_FELL       /* another part of its run went wrong */
};

enum hold_cause {
    HOLD_NONE,
    HOLD_PERSON,
    HOLD_RULE,
    HOLD_UNKNOWN_HAND,
    HOLD_ESCALATED,
    HOLD_BRAKE, /* what speaks against it speaks against several services: people decide */
    HOLD_GATE   /* another system refused, or did not say yes in time */
};

/* What the system that a step waits for said last. */
enum gate_answer { GATE_UNASKED, GATE_CLOSED, GATE_SILENT, GATE_REFUSED, GATE_OPEN };

enum action_kind {
    ACTION_NONE,
    ACTION_REHEARSE, /* read levers back, target healthy, commands there: changes nothing */
    ACTION_COMMAND,  /* reference: command */
    ACTION_CANCEL,   /* reference: command; stops the one whose key ends in `cancels` */
    ACTION_SMOKE,    /* reference: smoke test, of the candidate */
    ACTION_ROUTE,    /* share: absolute; read back; 0 ends the copies as well */
    ACTION_VERIFY,   /* reference: smoke test of stable, and traffic read back as 0 */
    ACTION_MIRROR,   /* share of the requests that are copied: absolute; read back */
    ACTION_GATE      /* reference: gate; asks another system, and changes nothing */
};

enum rollback_part { ROLLBACK_ROUTE, ROLLBACK_SETTLE, ROLLBACK_UNDO, ROLLBACK_VERIFY };

/* What is run once when the way back does not get there. */
enum disaster_part {
    DISASTER_NONE,
    DISASTER_DUE,      /* once the try under way has ended */
    DISASTER_SETTLING, /* once a command that may still run has ended */
    DISASTER_ACTING,
    DISASTER_OVER
};

enum care_part { CARE_NONE, CARE_DUE, CARE_ACTING, CARE_DONE };

#endif
