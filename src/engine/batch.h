/* batch.h - what one turn wants to be durable, in one transaction; and the words of the engine's answers.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "judge/rule.h"
#include "orchestrator/event.h"
#include "orchestrator/run_event.h"

enum {
    BATCH_ROWS_MAX = 3072,
    TARGET_QUARANTINE_MAX =
        64,               /* versions; a person's beyond is refused, a FAIL's pushes out the oldest, told */
    TARGET_FALLS_MAX = 16 /* of a brake */
};

enum engine_answer {
    ENGINE_DONE,      /* durable */
    ENGINE_ALREADY,   /* as the first time; for a start: attached to the active deployment of the same version
                       */
    ENGINE_CONFLICT,  /* the state forbids it; for a start: another deployment is under way */
    ENGINE_NOT_FOUND, /* no such deployment in memory */
    ENGINE_QUARANTINED, /* start: this version was taken back here before */
    ENGINE_NO_STABLE,   /* start: nothing proven to go back to; adopt first */
    ENGINE_FROZEN,      /* start: no admissions now */
    ENGINE_BRAKED,      /* start: none either, since too much failed */
    ENGINE_FULL,        /* a limit of the engine is reached */
    ENGINE_NOT_DURABLE  /* the journal refused: nothing happened (507); but a way back that was asked for is
                           tried on under the same token (engine_names()), without another answer */
};

struct quarantined {
    uint64_t version_key;
    uint64_t deployment; /* that failed; 0: a person's */
};

/* A failure that counts for a brake. */
struct fall {
    int64_t at_ms; /* engine's clock */
    uint64_t who;  /* of a service: the deployment; of the fleet: the service, or the run of those that stand
                      or  fall together */
};

/* A service in an environment, as the engine knows it; or the fleet (struct engine_brakes). Pointer-free,
 * journaled as it is. */
struct target_state {
    uint32_t id; /* row in the journal, ≥ 1 */
    bool has_stable;
    bool is_frozen;
    bool is_braked; /* too much failed here: nothing begins until opens_ms, or until a person says so */
    uint8_t fall_count;
    uint8_t stable_slot;
    uint8_t quarantined_count;
    uint8_t way_back_slot;
    int64_t thaws_ms;      /* frozen until then; 0: until somebody lifts it */
    int64_t thaws_wall_ms; /* the same as people said it, to be shown */
    uint64_t stable_version_key;
    uint64_t stable_deployment; /* whose pass proves it; 0: adopted by a person (S9) */
    uint64_t way_back; /* promoted deployment that can be taken back: what it replaced stands in way_back_slot
                          as it left it; 0: none */
    struct quarantined quarantined[TARGET_QUARANTINE_MAX]; /* oldest first */
    int64_t opens_ms;
    struct fall falls[TARGET_FALLS_MAX]; /* oldest first */
};

enum target_verb_kind {
    TARGET_ADOPT,            /* version_key, slot: serves now; ends an escalated rollback */
    TARGET_FREEZE,           /* thaws_ms, thaws_wall_ms */
    TARGET_UNFREEZE,         /* opens its brake as well */
    TARGET_QUARANTINE_ADD,   /* version_key */
    TARGET_QUARANTINE_CLEAR, /* version_key */
    TARGET_OPEN              /* its brake alone; what was counted is forgotten */
};

struct target_verb {
    enum target_verb_kind kind;
    uint32_t target;
    uint64_t version_key;
    uint8_t slot;
    int64_t thaws_ms, thaws_wall_ms; /* as in the state */
};

enum row_kind {
    ROW_DEPLOYMENT, /* state: the snapshot after; is_new: with what the start's token stands for (texts) */
    ROW_RULE,       /* rule, rule_state: what the rule remembers, its last judgement in it */
    ROW_VERDICT,  /* rule, judgement: of a FAIL, of a would-have-failed, one of the passes of a step verdict,
                     or  what was inconclusive when an observation ended for it */
    ROW_ACTION,   /* action: an intent; leaves once this is durable */
    ROW_RESULT,   /* sequence, result */
    ROW_TRACE,    /* trace: the audit row; token: who asked, 0: nobody */
    ROW_TARGET,   /* target: the state after */
    ROW_RUN,      /* run: the snapshot after; is_new: with what the start's token stands for */
    ROW_TASK,     /* run, task: entered another phase, began another try, or has its deployment */
    ROW_RUN_TRACE /* run, run_trace: the audit row; token: who asked, 0: nobody */
};

struct batch_row {
    enum row_kind kind;
    uint8_t rule;
    uint8_t task;
    bool is_new;
    enum result result;
    uint32_t sequence;
    uint64_t deployment; /* 0 for targets and runs */
    uint64_t token;
    const struct deployment_state
        *state;                  /* of the deployment, after; every row but of targets and runs has it */
    const struct run_state *run; /* after; rows of runs have it */
    union {
        const struct rule_state *rule_state;
        const struct target_state *target;
        struct judgement judgement;
        struct action action;
        struct trace trace;
        struct run_trace run_trace;
    };
};

struct batch {
    int64_t now_ms; /* engine's clock */
    uint32_t count;
    struct batch_row rows[BATCH_ROWS_MAX];
};

#endif
