/* runs_state.h - what the engine's runs are made of; for the engine's own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_RUNS_STATE_H
#define ENGINE_RUNS_STATE_H

#include "engine/engine_state.h"
#include "engine/runs.h"
#include "engine/runs_turn.h"

/* Every new action has a row in the batch; besides, each task may be driven again, or its cancel sent again.
 */
enum { RUNS_DISPATCH_MAX = BATCH_ROWS_MAX + 2 * ENGINE_RUNS_MAX * RUN_TASKS_MAX };

/* One run in memory, as struct engine_slot. */
struct engine_run {
    uint64_t id; /* 0: free */
    struct engine_run_start start;
    struct run_state before, after;
    bool has_row, is_new;
    bool is_recovered; /* not yet told */
    bool was_told;     /* of both, in the batch under way */
    int64_t gap_ms;    /* that nobody was there, not yet told */
    int64_t told_gap_ms;
};

struct runs_dispatch {
    uint32_t run;
    struct run_action action;
};

struct engine_runs {
    struct engine_run_env env;
    uint32_t max, used;
    uint64_t next_run;
    uint32_t dispatch_count;
    struct runs_dispatch dispatch[RUNS_DISPATCH_MAX];
    struct engine_run slots[]; /* [max] */
};

/* runs.c */
struct engine_run *runs_find(const struct engine *engine, uint64_t run);
/* The first run in memory at or behind *index, which goes past it; NULL: none is left. */
struct engine_run *runs_next(const struct engine *engine, uint32_t *index);

/* runs_stepping.c */
void runs_event(struct engine *engine, struct engine_run *run, const struct run_event *event, uint64_t token);
void runs_accept(struct engine *engine, const struct input *input);

#endif
