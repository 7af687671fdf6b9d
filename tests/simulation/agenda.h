/* agenda.h - what is still to happen, by virtual time; what was put down first comes first.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_AGENDA_H
#define SIMULATION_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

enum { AGENDA_MAX = 4096 };

enum occurrence_kind {
    /* of the process: lost when it dies, late when it is stopped */
    OCCURS_ACKNOWLEDGE, /* the journal's thread answers; share: 1 durable */
    OCCURS_RESULT,      /* deployment, sequence, tries; share: enum result */
    OCCURS_RUN_RESULT,  /* deployment: run, rule: task, attempt: tries; share: enum run_result; at: version */
    OCCURS_READ_BACK,   /* deployment, share */
    OCCURS_JUDGEMENT,   /* deployment, rule, share: enum verdict, at: from when its evidence is */
    /* of clients: who finds nobody comes again or gives up */
    OCCURS_START,     /* token: index of the request */
    OCCURS_VERB,      /* deployment, rule, share: enum verb */
    OCCURS_RUN_START, /* sequence: index of the request */
    OCCURS_RUN_SAY,   /* deployment: run, rule: task; share: 0 abort, 1 yes, 2 no */
    OCCURS_TARGET_VERB,
    /* of the world */
    OCCURS_COMMIT,  /* what was written is on the disk */
    OCCURS_LEVER,   /* target: a setting or reading arrives at the proxy */
    OCCURS_JOB,     /* target; sequence: index of a job that ends */
    OCCURS_RUN_JOB, /* sequence: index of a job that ends */
    OCCURS_RUN_PERSON,
    OCCURS_SAMPLE,
    OCCURS_PIPELINE,
    OCCURS_PERSON,
    OCCURS_CARETAKER,
    OCCURS_HAND, /* somebody moves weights; target */
    OCCURS_RELOAD,
    OCCURS_KILL,
    OCCURS_REBOOT,
    OCCURS_BOOT, /* the process starts */
    OCCURS_STOP,
    OCCURS_SUSPEND,
    OCCURS_CONTINUE,
    OCCURS_JOURNAL_FAULT, /* share: which, 0 over */
    OCCURS_WALL_STEP,
    OCCURS_QUIET, /* faults are over */
    OCCURRENCE_COUNT
};

struct occurrence {
    int64_t time_ms;
    uint32_t order;
    uint8_t kind;
    uint8_t rule;
    uint16_t share;
    uint32_t target;
    uint32_t sequence;
    uint32_t life; /* of the process that it belongs to */
    uint32_t attempt;
    uint64_t deployment;
    int64_t at_ms;
};

struct agenda {
    uint32_t count;
    uint32_t order;
    struct occurrence heap[AGENDA_MAX];
};

/* `occurrence->time_ms` is set; its order is given here. */
void agenda_add(struct agenda *agenda, const struct occurrence *occurrence);

/* Not to be called on an empty one. */
void agenda_take(struct agenda *agenda, struct occurrence *ret_occurrence);

#endif
