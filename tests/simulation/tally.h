/* tally.h - figures over all seeds: how much, how often, and whether everything that can happen did.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_TALLY_H
#define SIMULATION_TALLY_H

#include "orchestrator/deployment.h"
#include "orchestrator/run.h"
#include "tests/simulation/cells.h"
#include "tests/simulation/faults.h"

#include <stdio.h>

enum {
    TALLY_ENDINGS = ENDING_FELL + 1,
    TALLY_HOLDS = HOLD_GATE + 1,
    TALLY_TRACES = TRACE_REMINDED + 1,
    TALLY_LEVELS = 5, /* deployments together: queued, admitting, running, and behind steps that they took */
    TALLY_FALLS = TALLY_LEVELS,
    TALLY_ENDS,
    TALLY_TOGETHER
};

/* Sums only: reports of several processes are added. */
struct tally {
    uint64_t seeds, deployments, events, commits, evaluations, effects, verdicts[3];
    uint64_t rehashed; /* S16 */
    uint64_t false_promotions, false_rollbacks, good, bad;
    uint64_t faults[FAULT_COUNT];
    uint64_t phases[PHASE_COUNT];
    uint64_t endings[TALLY_ENDINGS]; /* of terminal ones */
    uint64_t steps[STEP_HELD + 1];
    uint64_t holds[TALLY_HOLDS];
    uint64_t traces[TALLY_TRACES];
    uint64_t actions[ACTION_GATE + 1];
    uint64_t answers[16];
    uint64_t verbs[VERB_COUNT];
    uint64_t reasons[16];
    uint64_t escalated, unverified, ahead;
    uint64_t runs;
    uint64_t run_phases[RUN_PHASE_COUNT];
    uint64_t run_tasks[TASK_PHASE_COUNT];
    uint64_t run_causes[CAUSE_COUNT];
    uint64_t run_actions[RUN_ACTION_ABORT + 1];
    uint64_t together[TALLY_TOGETHER]; /* batches */
    struct cells cells;
};

void tally_add(struct tally *tally, const struct tally *other);

/* Everything, for people. `seconds`: of all processes together. */
void tally_print(const struct tally *tally, FILE *to, bool is_samples, double seconds);

/* False: something never happened; it is printed. `allowed`: faults that were wanted. */
bool tally_is_full(const struct tally *tally, FILE *to, bool is_samples, uint64_t allowed);

#endif
