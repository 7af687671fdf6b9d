/* together.h - deployments that stand or fall together: begun at once, past a barrier at once; for the
 * engine's own files.
 * SPDX-License-Identifier: MIT
 *
 * All deployments of such a stage are made in one batch, or none is. Each target gives the turn to whoever
 * waits longest, so of two runs that share targets the older one is first everywhere; and none of a run has a
 * turn before all of them can: while it waits it holds nothing that another one waits for. */
#ifndef ENGINE_TOGETHER_H
#define ENGINE_TOGETHER_H

#include "engine/runs_state.h"

/* The door of a run whose first stage is such a one: what refuses a deployment of it refuses the run
 * (ENGINE_DONE: nothing does; ENGINE_NOT_FOUND: it cannot be). *ret_task: of the one that is refused. */
enum engine_answer together_refusal(struct engine *engine, const struct engine_run_start *start,
                                    uint8_t *ret_task);

/* Starts all deployments of the run's stage, or fails the task of the one that is refused. */
void together_start(struct engine *engine, struct engine_run *run);

/* It waits longest for its target: all of its run get their turn as soon as all of them can. */
void together_take_turn(struct engine *engine, const struct engine_slot *slot);

/* After each step of one of them: where all stand at a barrier it opens. */
void together_try_barrier(struct engine *engine, const struct engine_slot *slot);

#endif
