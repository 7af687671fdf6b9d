/* engine_state.h - what the engine is made of; for the engine's own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_ENGINE_STATE_H
#define ENGINE_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/roster.h"
#include "engine/runs.h"

enum {
    ENGINE_TOLD_NOTHING = UINT8_MAX,
    ENGINE_ROWS_PER_EVENT = 1280, /* rows that one due deployment may add, at most: 32 rules that fail on
                                     record or pass, a promotion, the snapshot of the next one; so many of
                                     each that it stands or falls with; and the run that goes on with it, to
                                     its next deployments */
    ENGINE_RETRY_MS = 1000        /* after a failed commit */
};

enum input_kind {
    INPUT_START,
    INPUT_VERB,
    INPUT_TARGET_VERB,
    INPUT_JUDGEMENT,
    INPUT_RESULT,
    INPUT_READ_BACK,
    INPUT_RUN_START,
    INPUT_RUN_EVENT
};

struct input {
    enum input_kind kind;
    bool is_void;     /* was refused when its commit failed: nothing of it is stepped */
    bool is_answered; /* was told so as well, but is tried on: its token is only the author's */
    bool is_done;     /* was stepped in the batch under way before its turn came */
    uint64_t token;
    uint64_t deployment; /* of runs 0 */
    uint64_t run;
    union {
        struct engine_start start;
        struct target_verb target_verb;
        struct event event;
        struct engine_run_start run_start;
        struct run_event run_event;
        struct {
            uint8_t rule;
            struct judgement judgement;
        } judged;
    };
};

/* One deployment in memory. `before` is durable, `after` what the batch under way makes of it. */
struct engine_slot {
    uint64_t id; /* 0: free */
    roster_place next_in_chain, next_of_target, next_of_lock;
    uint32_t agenda_place; /* 0: none */
    int64_t at_ms;         /* of the agenda */
    bool is_marked, is_involved;
    struct engine_start start;
    struct deployment_state before, after;
    uint64_t author;              /* token of who made it an emergency in the batch under way; 0: nobody */
    bool is_touched;              /* `after` may differ */
    bool has_row;                 /* its ROW_DEPLOYMENT stands in the batch */
    bool is_new;                  /* was created by the batch under way */
    uint8_t told[PLAN_RULES_MAX]; /* enum verdict that the machine knows, or ENGINE_TOLD_NOTHING */
    uint32_t dirty;               /* bit r: rule r has new values */
    int64_t rule_deadline_ms[PLAN_RULES_MAX];
    int64_t asks_ms; /* QUEUED: it asks for its turn again then; NEVER: somebody else's end wakes it */
    int64_t persisted_ms;
    int64_t reconcile_at_ms;
    uint32_t read_sequence;  /* newest action when traffic was last asked for */
    int64_t ahead_at_ms;     /* when a route to stable may be sent ahead (again) */
    uint32_t ahead_sequence; /* key of one that was, until the way back is durable; 0: none was */
    bool has_left;           /* one was, for a FAIL that is not durable yet */
    bool is_overtaken; /* one was since the batch under way was made: nothing of it goes forward any more */
    bool is_recovered; /* not yet told; what is in flight is to be driven again */
    bool was_told;     /* of both, in the batch under way */
    int64_t gap_ms;    /* that nobody watched, not yet told */
    int64_t told_gap_ms;
};

struct engine_target {
    struct target_state state;
    roster_place saved; /* what it was before the batch under way; 0: that does not change it */
    roster_place first; /* newest deployment in memory */
};

struct engine_answered {
    uint64_t token;
    uint64_t deployment; /* or run */
    enum engine_answer answer;
    bool is_own; /* of a start that a run wanted: no input brought it */
};

struct engine_dispatch {
    uint32_t slot;
    struct action action;
};

struct engine {
    struct engine_env env;
    struct engine_brakes brakes;
    uint32_t slots_max, targets_max;
    uint32_t slots_used; /* slots beyond were never used */
    struct roster roster;
    int64_t reconcile_ms;
    uint64_t next_deployment;
    bool is_in_flight;
    bool is_failing;     /* the last commit failed */
    bool is_opening;     /* a barrier, of one after the other: nobody has their place in between */
    bool has_overtaken;  /* by a route that left ahead: some slot is_overtaken */
    int64_t thaw_at_ms;  /* the earliest end of a freeze or brake, or earlier */
    int64_t commit_ms;   /* when the one in flight was given away */
    int64_t retry_at_ms; /* no turn before, after a failed commit */
    uint32_t input_first, input_count, input_taken; /* ring; taken: stepped in the batch under way */
    uint32_t answered_count, dispatch_count;
    struct engine_slot *slots;
    struct engine_target *targets; /* [targets_max], by id - 1 */
    struct engine_runs *runs;      /* NULL: none are attached */
    uint64_t judgements[VERDICT_FAIL + 1];
    struct batch batch;
    struct input inputs[ENGINE_INPUTS_MAX];
    struct engine_answered answered[ENGINE_INPUTS_MAX + BATCH_ROWS_MAX];
    struct engine_dispatch dispatch[BATCH_ROWS_MAX];
};

/* engine.c */
struct engine_target *engine_target_at(struct engine *engine, uint32_t target);
void engine_answer(struct engine *engine, uint64_t token, enum engine_answer answer, uint64_t deployment);

/* ahead.c */
void ahead_of_journal(struct engine *engine);

#endif
