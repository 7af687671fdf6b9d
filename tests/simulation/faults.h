/* faults.h - what may go wrong, by name, and how often it does in the world of one seed.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_FAULTS_H
#define SIMULATION_FAULTS_H

#include "tests/simulation/random.h"

enum fault {
    FAULT_KILL,               /* at any instant */
    FAULT_KILL_BEFORE_COMMIT, /* what was written is lost */
    FAULT_KILL_AFTER_COMMIT,  /* durable, and nobody was told */
    FAULT_KILL_AFTER_EFFECT,  /* between an effect and its confirmation */
    FAULT_KILL_IN_RECOVERY,   /* once more, before the first commit */
    FAULT_TORN_COMMIT,        /* half of a transaction is on the disk */
    FAULT_REBOOT,             /* the monotonic clock starts anew */
    FAULT_JOURNAL_FULL,
    FAULT_JOURNAL_BROKEN, /* an I/O error: the process ends itself */
    FAULT_JOURNAL_SLOW,
    FAULT_STOP,    /* SIGSTOP, or a loop that is stuck */
    FAULT_SUSPEND, /* the whole machine, its monotonic clock too */
    FAULT_WALL_STEP,
    FAULT_LEVER_FAILS,
    FAULT_LEVER_PARTIAL, /* applied, and reported as failed */
    FAULT_ANSWER_LOST,
    FAULT_ANSWER_LATE,
    FAULT_ANSWER_TWICE,
    FAULT_READ_BACK_LOST,
    FAULT_PROXY_RELOAD, /* weights fall back to the file */
    FAULT_HAND_MORE,    /* somebody gives the candidate more */
    FAULT_HAND_LESS,
    FAULT_REHEARSAL_REFUSED,
    FAULT_SMOKE_UNKNOWN,
    FAULT_GATE_SHUT,
    FAULT_STABLE_SICK, /* a rollback cannot be verified */
    FAULT_COMMAND_AGAIN,
    FAULT_COMMAND_FAILED,
    FAULT_COMMAND_HANGS,
    FAULT_COMMAND_LOST, /* nobody knows whether it ran */
    FAULT_START_TWICE,
    FAULT_START_AT_ONCE, /* two versions at the same time */
    FAULT_APPROVAL_RACE,
    FAULT_ABORT_RACE,
    FAULT_RULES_RELOADED,
    FAULT_VERDICT_LATE, /* of an observation that is over */
    FAULT_VERDICT_FLAPS,
    FAULT_VERDICT_SILENT,
    FAULT_SAMPLE_MISSING,
    FAULT_SAMPLE_NOT_FINITE,
    FAULT_SAMPLE_STALE,  /* a side says nothing for long */
    FAULT_SAMPLE_FROZEN, /* the clock of the source stands */
    FAULT_SAMPLE_NEGATIVE,
    FAULT_NO_TRAFFIC,
    FAULT_SOURCE_ERROR,
    FAULT_SOURCE_EMPTY,
    FAULT_COUNT
};

/* Which world a fault can happen in. */
enum fault_world { FAULT_OF_BOTH, FAULT_OF_VERDICTS, FAULT_OF_SAMPLES };

struct fault_kind {
    const char *name;
    uint16_t rate_max; /* per 10000 chances that it gets; each seed draws one up to it, or none */
    enum fault_world world;
};

extern const struct fault_kind fault_kinds[FAULT_COUNT];

/* How likely each fault is in one world. */
struct fault_rates {
    uint16_t per_myriad[FAULT_COUNT];
};

/* Draws a seed's own mixture; faults that `allowed` does not name stay away. */
void fault_rates_draw(struct fault_rates *rates, struct dice *dice, uint64_t allowed);

/* Bits of a list of names ("kill,torn_commit"), or false. */
bool faults_parse(const char *list, uint64_t *ret_allowed);

#endif
