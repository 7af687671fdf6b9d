/* plan_part.h - what plans say of commands: how they may be repeated, what a way back does about them, and
 * the
 * parts that hosts go through. SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_PLAN_PART_H
#define ORCHESTRATOR_PLAN_PART_H

#include <stdint.h>

/* May a command be started again when its fate is unknown? */
enum command_repeat {
    REPEAT_UNSAFE,     /* never twice: unknown is a failure */
    REPEAT_IDEMPOTENT, /* again with the same key */
    REPEAT_PROBE       /* a probe tells whether it was done; the exit status alone proves nothing */
};

/* What a rollback does about a command that was started. */
enum command_on_rollback {
    ON_ROLLBACK_UNDO, /* run its undo, if it has one */
    ON_ROLLBACK_KEEP, /* old code runs on it: leave it */
    ON_ROLLBACK_HOLD  /* old code does not run on it: freeze the weights and call people */
};

/* What happens to the hosts of a batch, one after the other; all of them must be through before the next. The
 * numbers are those of the journal, the order is the plan's: as replace.c takes them. */
enum replace_part {
    REPLACE_DRAIN,     /* they get no new work; from here on they are out of service */
    REPLACE_DEPLOY,    /* the version is put there */
    REPLACE_SMOKE,     /* it answers well at their addresses */
    REPLACE_RESTORE,   /* they get work again; then they are in service */
    REPLACE_CONFIGURE, /* its files are written, before it is put there; on a way back, put back */
    REPLACE_PART_COUNT
};

struct plan_part {
    uint16_t reference; /* command, for SMOKE smoke test; PLAN_NONE: the part is left out (DEPLOY never) */
    uint16_t undo;      /* DEPLOY: command that undoes it; PLAN_NONE: itself, with the version before;
                           CONFIGURE: command that undoes it */
    uint16_t tries_max;
    enum command_repeat repeat;
    int64_t limit_ms;
};

#endif
