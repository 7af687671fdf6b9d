/* engine_bench.h - an engine on the bench: its clock, journal, levers and metrics are in the test's hand, and
 * whatever leaves it is noted down in order.
 * SPDX-License-Identifier: MIT
 *
 * The bench itself fails a test that sees something leave before it was durable (S5), a batch that changes on
 * its way to the journal, or a call for memory that was given back. Times in milliseconds of the bench. */
#ifndef SUPPORT_ENGINE_BENCH_H
#define SUPPORT_ENGINE_BENCH_H

#include "engine/engine.h"
#include "engine/snapshot.h"
#include "judge/losses.h"

enum {
    BENCH_TARGETS = 80,
    BENCH_TARGET = 1, /* where starts go if not told otherwise */
    BENCH_RING = 16,
    BENCH_NOTES_MAX = 16384,
    BENCH_LOW = 1000,
    BENCH_OBSERVE_MS = 10000,
    BENCH_AT_MOST_MS = 60000,
    BENCH_AGE_MS = 15000, /* a value older than this is stale */
    BENCH_RECONCILE_MS = 5000,
    BENCH_HELD_MS = 600000
};

/* The usual plan's rules and steps. */
enum { BENCH_RULE_ROLLBACK, BENCH_RULE_HOLD, BENCH_RULES };
enum { BENCH_STEP_ROUTE, BENCH_STEP_OBSERVE, BENCH_STEP_WHOLE, BENCH_STEP_WATCH, BENCH_STEPS };

#define BENCH_GOOD 0.0
#define BENCH_BAD  1.0

enum bench_journal { BENCH_WRITES, BENCH_REFUSES, BENCH_STUCK };

enum bench_note_kind { NOTE_ROW, NOTE_ANSWER, NOTE_START, NOTE_READ_BACK, NOTE_RELEASED };

struct bench_note {
    enum bench_note_kind kind;
    bool is_ahead; /* START */
    int64_t now_ms;
    uint64_t deployment;
    uint64_t token;            /* ROW, ANSWER */
    enum engine_answer answer; /* ANSWER */
    struct action action;      /* START */
    enum row_kind row;         /* ROW, as published */
    uint8_t rule;              /* ROW_RULE, ROW_VERDICT */
    struct trace trace;        /* ROW_TRACE */
};

/* What one start brought, and what the journal holds of it. */
struct bench_live {
    uint64_t id;                    /* 0: was never durable */
    struct engine_start start;      /* window: an int64_t, the time at which it opens */
    struct plan *plan;              /* NULL: given back */
    struct rule_state *rule_states; /* [PLAN_RULES_MAX] */
    struct series_view views[PLAN_RULES_MAX];
    struct series_step rings[PLAN_RULES_MAX][BENCH_RING];
    struct losses losses[PLAN_RULES_MAX];
    uint32_t blind;            /* bit r: rule r cannot be judged here */
    uint32_t durable_sequence; /* newest intent in the journal */
    bool has_tombstone;
    size_t state_length; /* of the snapshot in the journal */
    unsigned char state[SNAPSHOT_DEPLOYMENT_MAX];
    size_t rule_lengths[PLAN_RULES_MAX];
    unsigned char rules[PLAN_RULES_MAX][SNAPSHOT_RULE_MAX];
};

struct engine_bench {
    struct engine *engine;
    uint32_t deployments_max;
    int64_t now_ms;       /* starts at a whole second */
    int64_t reconcile_ms; /* of the next engine */
    enum bench_journal journal;
    const struct batch *pending; /* on its way to the journal */
    uint64_t pending_hash;
    uint64_t last_deployment;
    uint64_t working_on; /* as the engine says */
    uint32_t commits;
    bool has_runs; /* it is the bench of a run_bench */
    uint32_t live_count;
    struct bench_live **lives;
    size_t target_lengths[BENCH_TARGETS + 1];
    unsigned char targets[BENCH_TARGETS + 1][SNAPSHOT_TARGET_MAX];
    size_t note_count;
    struct bench_note *notes;
};

void bench_open(struct engine_bench *bench, uint32_t deployments_max);
void bench_close(struct engine_bench *bench);

/* The process dies and is started again `away_ms` later; what the journal holds comes back. */
void bench_restart(struct engine_bench *bench, int64_t away_ms);

/* A start of this version, to be changed before it is pushed: 10 %, observe 10 s of at most 60 s, 100 %,
 * watch 10 s; two slots; refused behind another one. Fails with a value above 0.5. */
struct bench_live *bench_prepare(struct engine_bench *bench, uint64_t version_key);
/* Gives it to the engine, whose turn it is then. Returns the answer. */
enum engine_answer bench_start(struct engine_bench *bench, struct bench_live *live);

/* Runs the engine as the daemon does: again after each commit that ended. */
void bench_turn(struct engine_bench *bench);
void bench_later(struct engine_bench *bench, int64_t later_ms);
/* The journal answers what is on its way, if it is not stuck. */
void bench_settle(struct engine_bench *bench);

enum engine_answer bench_verb(struct engine_bench *bench, const struct bench_live *live, enum verb verb);
enum engine_answer bench_target_verb(struct engine_bench *bench, const struct target_verb *verb);
void bench_adopt(struct engine_bench *bench, uint64_t version_key, uint8_t slot);
/* The action in flight ends like this. */
void bench_result(struct engine_bench *bench, const struct bench_live *live, enum result result);
/* Values of now; all but the first with a turn. */
void bench_put(struct engine_bench *bench, struct bench_live *live, uint8_t rule, double value);
void bench_value(struct engine_bench *bench, struct bench_live *live, uint8_t rule, double value);
void bench_values(struct engine_bench *bench, struct bench_live *live, double value);

/* The good way of a fresh start. */
void bench_to_observe(struct engine_bench *bench, struct bench_live *live);
void bench_to_watch(struct engine_bench *bench, struct bench_live *live);
void bench_to_promoted(struct engine_bench *bench, struct bench_live *live);

const struct deployment_state *bench_state(const struct engine_bench *bench, const struct bench_live *live);

/* Looks at the notes since bench_forget(). */
void bench_forget(struct engine_bench *bench);
size_t bench_count(const struct engine_bench *bench, enum bench_note_kind kind);
size_t bench_rows(const struct engine_bench *bench, enum row_kind kind);
size_t bench_traces(const struct engine_bench *bench, const struct bench_live *live, enum trace_kind kind);
/* The only start; kind ACTION_NONE where there is none or there are several. */
struct bench_note bench_only_start(const struct engine_bench *bench);
/* The answer that this token got; fails where there is none. */
enum engine_answer bench_answer_of(const struct engine_bench *bench, uint64_t token);

#endif
