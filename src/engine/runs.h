/* runs.h - runs of pipelines beside deployments: the same queue, the same batch, the same transaction.
 * SPDX-License-Identifier: MIT
 *
 * An engine without attached runs has none. A run's deployment starts in the batch in which its stage begins,
 * and ends as an event to the run in the batch in which it ends: after a crash neither is lost, and no second
 * one is started. Commands leave once their try is durable; their key is (run, task, tries). */
#ifndef ENGINE_RUNS_H
#define ENGINE_RUNS_H

#include "engine/engine.h"
#include "orchestrator/run.h"

enum { ENGINE_RUNS_MAX = 64 };

/* What a run brings; the plan stays valid and in place until run_released(), or until an answer that is not
 * ENGINE_DONE. */
struct engine_run_start {
    uint64_t token;       /* of the request; 0: nobody waits */
    uint64_t pipeline;    /* hash of its name: runs of one pipeline go one after the other */
    uint64_t version_key; /* as asked for, never 0 */
    bool is_fixed;        /* with its digest */
    uint8_t first_stage;
    const struct run_plan *plan;
};

struct engine_run_env {
    void *data;
    /* The deployment that a task of the run starts: everything of *ret_start, but the version only where its
     * stage stands or falls together: else it is the run's. With a token of its own that `answered` answers
     * later. `token`: of the run's start, by which alone a run is known whose first batch is not durable.
     * False: it cannot be (no such environment any more). Called inside the turn: notes down, changes
     * nothing. */
    bool (*deployment)(void *data, const struct run_state *state, uint64_t token, uint8_t task,
                       struct engine_start *ret_start);
    /* Starts a command, finds it again or cancels it; answered by engine_run_result(), never from inside this
     * call. */
    void (*act)(void *data, const struct run_state *state, const struct run_action *action);
    /* A terminal run left the engine's memory. */
    void (*released)(void *data, uint64_t run);
};

size_t engine_runs_size(uint32_t runs_max);

/* Before anything else happens, on the caller's memory (zeroed, aligned for any type) of that size. Answers
 * come by the engine's `answered`, with the run's id. */
void engine_attach_runs(struct engine *engine, void *memory, uint32_t runs_max,
                        const struct engine_run_env *env);

/* Recovery, before the first turn, after the deployments; then the next id. */
MUST_CHECK bool engine_recover_run(struct engine *engine, const struct engine_run_start *start,
                                   const struct run_state *state, int64_t gap_ms);
void engine_recover_run_ids(struct engine *engine, uint64_t next_run);

/* Inputs. False: the queue is full. A start whose first stage is deployments together is refused where one of
 * them is, and answered with its task, counted from 1, in the place of the run. */
MUST_CHECK bool engine_run_start(struct engine *engine, const struct engine_run_start *start);
MUST_CHECK bool engine_run_abort(struct engine *engine, uint64_t token, uint64_t run);
/* An awaited task, or one that failed and asks. `version_key`: of a digest that came with it, or 0. */
MUST_CHECK bool engine_run_answer(struct engine *engine, uint64_t token, uint64_t run, uint8_t task,
                                  bool is_good, uint64_t version_key);
bool engine_run_result(struct engine *engine, uint64_t run, const struct run_action *action,
                       enum run_result result, uint64_t version_key);

/* The published state of a run in memory, or NULL. */
const struct run_state *engine_run_state(const struct engine *engine, uint64_t run);

#endif
