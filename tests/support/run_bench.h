/* run_bench.h - runs on the engine's bench: what they want of commands and deployments is noted down, and a
 * restart brings back what the journal holds.
 * SPDX-License-Identifier: MIT
 *
 * Fails a test that sees a command leave before its try was durable (S5). */
#ifndef SUPPORT_RUN_BENCH_H
#define SUPPORT_RUN_BENCH_H

#include "engine/runs.h"
#include "support/engine_bench.h"
#include "support/run_trial.h"

enum {
    RUN_BENCH_RUNS = 4,
    RUN_BENCH_DEPLOYMENTS = 64,
    RUN_BENCH_LIVES = 16,
    RUN_BENCH_ACTIONS = 256,
    RUN_BENCH_PIPELINE = 77,
    RUN_BENCH_FIRST = BENCH_TARGET, /* of two that stand or fall together */
    RUN_BENCH_SECOND = BENCH_TARGET + 1,
    RUN_BENCH_MEMBER = 900 /* and its task: the version of one that stands or falls with others */
};

/* What one start brought, and what the journal holds of it. */
struct run_bench_live {
    uint64_t id; /* 0: was never durable */
    struct engine_run_start start;
    struct run_plan plan;
    bool is_released;
    size_t length; /* of the snapshot in the journal */
    unsigned char bytes[SNAPSHOT_RUN_MAX];
};

struct run_bench {
    struct engine_bench engine;
    void *memory;
    bool has_no_environment; /* the next deployments are refused by the shell */
    uint8_t no_task;         /* nor has this one any; 0: it has */
    bool queues;             /* the next ones wait behind others */
    uint64_t lock;           /* the next ones name it, or each one of its own */
    bool has_own_locks;
    bool replaces;               /* the next ones take the place of what has no effect yet */
    const int64_t *window;       /* the next ones' */
    uint64_t later;              /* the next ones' versions are so much higher */
    struct bench_live *deployed; /* newest one that a run started */
    uint32_t live_count;
    struct run_bench_live lives[RUN_BENCH_LIVES];
    uint32_t action_count;
    struct run_action actions[RUN_BENCH_ACTIONS];
    uint64_t last_run;
};

void run_bench_open(struct run_bench *bench);
/* Opens it, and prepares the start of two that stand or fall together; both targets have a stable version. */
struct run_bench_live *run_bench_open_together(struct run_bench *bench, uint64_t version_key);
void run_bench_close(struct run_bench *bench);

/* A start of the usual plan, to be changed before it is pushed. */
struct run_bench_live *run_bench_prepare(struct run_bench *bench, uint64_t version_key);
/* A start of two deployments that stand or fall together, at the usual target and at the one after it. */
struct run_bench_live *run_bench_prepare_together(struct run_bench *bench, uint64_t version_key);
enum engine_answer run_bench_start(struct run_bench *bench, struct run_bench_live *live);
enum engine_answer run_bench_abort(struct run_bench *bench, uint64_t run);
enum engine_answer run_bench_answer(struct run_bench *bench, uint64_t run, uint8_t task, bool is_good);
/* Of its present try. */
void run_bench_result(struct run_bench *bench, uint64_t run, uint8_t task, enum run_result result);
/* The good way up to a stage; deployments are promoted. */
void run_bench_to_stage(struct run_bench *bench, const struct run_bench_live *live, uint8_t stage);
const struct run_state *run_bench_state(const struct run_bench *bench, const struct run_bench_live *live);
/* The deployment of a task that has one; fails where there is none. */
struct bench_live *run_bench_member(const struct run_bench *bench, const struct run_bench_live *live,
                                    uint8_t task);
enum deployment_phase run_bench_phase(const struct run_bench *bench, const struct run_bench_live *live,
                                      uint8_t task);
/* Commands and cancels of a task that left so far. */
int run_bench_count(const struct run_bench *bench, enum run_action_kind kind, uint8_t task);

/* For the engine's bench. */
void run_bench_attach(struct engine_bench *bench);
void run_bench_write(struct engine_bench *bench, const struct batch_row *row);
uint64_t run_bench_hash(const struct batch_row *row);
void run_bench_recover(struct engine_bench *bench);

#endif
