/* journal_recovery.h - what the journal knows at the start: targets, deployments that are not over, next ids.
 * SPDX-License-Identifier: MIT
 *
 * Blocks: to be called between journal_open() and the first turn of the loop. */
#ifndef STORE_JOURNAL_RECOVERY_H
#define STORE_JOURNAL_RECOVERY_H

#include "base/arena.h"
#include "engine/batch.h"
#include "orchestrator/deployment_state.h"
#include "store/journal.h"

enum { JOURNAL_INTENTS_MAX = 64 };

/* One deployment as the journal holds it; texts never NULL. Wall-clock times in milliseconds since 1970. */
struct journal_deployment {
    uint64_t id;
    uint32_t target;
    enum plan_kind kind;
    uint64_t taken_back; /* kind rollback: of which deployment; 0 none */
    uint64_t version_key;
    uint64_t previous_key; /* 0: there was no stable version */
    uint64_t plan_hash;
    const char *service, *environment;
    const char *version, *digest;
    const char *previous; /* "" where there was none */
    const char *strategy, *actor, *reason, *run_url, *commit;
    int64_t created_ms;
    int64_t changed_ms;      /* the snapshot was written */
    int64_t ended_ms;        /* 0: not over */
    const char *why;         /* latest sentence of a lever or probe */
    const char *traceparent; /* as it was given */
    struct deployment_state state;
};

/* An intent whose end is not known (or that failed and may be tried again). */
struct journal_intent {
    uint32_t sequence;
    enum action_kind kind;
    uint16_t reference;
    uint16_t share;
    uint16_t tries; /* that ended */
};

/* A deployment that goes on. */
struct journal_recovered {
    struct journal_deployment deployment;
    const char *sealed;
    const char *tracestate, *baggage;     /* "" none */
    const char *back_actor, *back_reason; /* who takes it back; "" nobody, or it does not go back */
    uint32_t rule_bits;                   /* bit r: rules[r] was stored; the others are zero */
    struct rule_state rules[PLAN_RULES_MAX];
    size_t intent_count;
    struct journal_intent intents[JOURNAL_INTENTS_MAX]; /* the newest first */
};

struct journal_recovery {
    void *data;
    void (*target)(void *data, const struct target_state *target);
    /* Not terminal, or promoted with after-care to do; oldest first. What it points to lives until the
     * return. False (with *err) ends the recovery. */
    bool (*deployment)(void *data, const struct journal_recovered *recovered, struct err *err);
};

/* Calls both for all there is, targets first. ERR_INVALID: a snapshot that this build cannot read (its text
 * names the row); ERR_IO. */
MUST_CHECK bool journal_recover(struct journal *journal, const struct journal_recovery *recovery,
                                uint64_t *ret_next_deployment, struct err *err);

#endif
