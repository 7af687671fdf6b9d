/* oracle.h - what must always hold, checked against what is on the disk and what left the process; never
 * against the engine's memory. SPDX-License-Identifier: MIT
 *
 * Times are those of "somebody watched" (shell_up_ms): a process that is down or stopped cannot keep a
 * promise. */
#ifndef SIMULATION_ORACLE_H
#define SIMULATION_ORACLE_H

#include "engine/engine.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle_counts.h"

enum { ORACLE_ACTIONS_MAX = 160, ORACLE_DUES_MAX = 64, ORACLE_TEXT_MAX = 240 };

struct world;
struct asked;

/* One intent, as the journal knows it. */
struct oracle_action {
    uint32_t sequence;
    enum action_kind kind;
    uint16_t reference;
    uint16_t share;
    uint16_t tries; /* as it left last */
    uint8_t said;   /* bits: results that came for that try */
    uint8_t step;
    bool is_rollback;
    bool has_left;
    bool has_left_again; /* since its newest known end */
    bool is_done;
    bool has_end; /* a known end was written, and it may leave under the next key */
};

struct oracle_step {
    uint32_t attempt;        /* of its newest entry; 0: never entered */
    uint32_t passed_attempt; /* that a pass verdict is bound to */
    bool is_done;
    bool has_failed;
    bool was_held;    /* since its newest entry */
    bool is_reminded; /* its people were asked once more, since its newest entry */
    uint16_t approvals;
    int64_t limit_up_ms; /* its limit counts from here: from its entry, or from the end of a hold */
    int64_t entered_up_ms;
    int64_t unheld_up_ms; /* watched time that was no hold: counted up to held_from_up_ms or entered */
};

/* What the journal told about one deployment so far. */
struct oracle_history {
    bool exists;
    bool has_phase;  /* the first one was written */
    bool has_failed; /* FAIL: sticky (S3) */
    bool had_fail;   /* ever */
    bool is_overridden;
    bool is_held;
    bool was_adopted, is_emergency, is_stable_bad;
    bool went_ahead;    /* a route to stable left before its intent was durable */
    bool has_sign;      /* the process came back and found only a tombstone of that */
    bool has_gone_back; /* rolling back was durable */
    bool has_fallen;    /* it was counted for brakes */
    uint8_t step;
    uint16_t hosts_ready;        /* with the candidate, and in service */
    bool is_touched[SITE_HOSTS]; /* by it */
    uint16_t confirmed;
    bool is_read_anew, is_lowered; /* since then: by a reloaded proxy; by a hand, and nobody said go on */
    uint16_t share_most;           /* of all forward routes that left */
    uint32_t action_count;
    int64_t phase_up_ms;            /* since when it is in its turn: admitted, or ended */
    int64_t confirmed_engine_ms;    /* newest entry into an observation: evidence for counts from here */
    uint64_t ahead_number;          /* newest that was given to the journal when it went ahead */
    uint64_t batch_number;          /* newest that spoke of it, */
    uint64_t only_token;            /* where everything in it was asked for by this one; else 0 */
    struct deployment_state before; /* that batch */
    struct deployment_state state;
    struct oracle_step steps[PLAN_STEPS_MAX];
    struct oracle_action actions[ORACLE_ACTIONS_MAX];
};

struct oracle {
    bool is_violated;
    bool is_hashing;    /* this seed checks S16 */
    const char *format; /* of the sentence: which rule it was */
    char name[16];
    char text[ORACLE_TEXT_MAX];
    uint64_t deployment; /* that is concerned; 0 none */
    uint64_t hash;       /* of everything that happened */
    uint32_t due_count;
    int64_t due_up_ms; /* of the earliest */
    uint64_t highest;
    uint32_t row_count;
    bool is_evident[LEDGER_DEPLOYMENTS_MAX]; /* sample world: the pass in the batch under way rests on data */
    struct oracle_due dues[ORACLE_DUES_MAX];
    const struct batch *batch; /* being looked at */
    uint64_t batch_number;     /* newest on the disk, as the shell counts */
    int64_t batch_ms;
    struct target_state targets[SITES_TARGETS];
    uint64_t changed_by[SITES_TARGETS]; /* newest batch that changed them */
    struct oracle_brake brakes[SITES_TARGETS];
    uint64_t adopted_by[SITES_MAX];  /* newest batch in which adopting ended one under way */
    int64_t free_up_ms[SITES_MAX];   /* when the newest one under way ended */
    uint64_t route_owner[SITES_MAX]; /* deployment whose route is on its way; 0 none */
    uint32_t route_sequence[SITES_MAX];
    struct oracle_history histories[LEDGER_DEPLOYMENTS_MAX];
};

void oracle_init(struct world *world);

/* `invariant`: "S4", "L2". Only the first one of a seed is kept. */
void oracle_violate(struct world *world, const char *invariant, uint64_t deployment, const char *format, ...)
    PRINTF_LIKE(4, 5);

void oracle_committing(struct world *world, const struct batch *batch);
void oracle_durable(struct world *world, const struct batch *batch, uint32_t rows);
void oracle_effect(struct world *world, uint64_t deployment, const struct action *action, bool is_ahead);
void oracle_said(struct world *world, uint64_t deployment, const struct action *action, enum result result);
void oracle_result(struct world *world, uint64_t deployment, const struct action *action); /* NULL: all */
void oracle_answer(struct world *world, const struct asked *asked, enum engine_answer answer,
                   uint64_t deployment);
/* A FAIL was told to the engine. */
void oracle_failed(struct world *world, uint64_t deployment, uint8_t rule);
void oracle_read_anew(struct world *world, uint64_t deployment);
void oracle_restarted(struct world *world);
void oracle_died(struct world *world);
void oracle_rebooted(struct world *world); /* what stood in the runtime folder is gone */
void oracle_hand(struct world *world, uint8_t site, uint16_t before); /* other weights; of slot 1 before */

/* Promises that ran out; to be called often. */
void oracle_check(struct world *world);
/* Everything has to come to an end (L1, L3). */
void oracle_check_end(struct world *world, int64_t quiet_for_ms);

/* What the journal told, and by which plan it is done. */
struct oracle_history *oracle_history(struct world *world, uint64_t deployment);
const struct plan *oracle_plan(struct world *world, uint64_t deployment);
/* Part of what happened, for the seed's hash. */
void oracle_mix(struct world *world, uint64_t number);

#endif
