/* journal_drift.h - what was found of drift, and where runs failed last: read at the start.
 * SPDX-License-Identifier: MIT
 *
 * What is found comes in with the batch of the run that found it (journal_text.h). */
#ifndef STORE_JOURNAL_DRIFT_H
#define STORE_JOURNAL_DRIFT_H

#include "store/journal.h"

/* As the journal has it: `state` without a time that is due. */
struct journal_drift_row {
    const char *stack, *environment;
    struct drift_state state;
    uint64_t run;     /* that looked last */
    int64_t wall_ms;  /* when it did */
    int64_t since_ms; /* since when the finding is what it is; 0: there is none */
};

/* Before the first turn; blocks. What it points to lives until the return of `each`. */
MUST_CHECK bool journal_recover_drifts(struct journal *journal,
                                       void (*each)(void *data, const struct journal_drift_row *row),
                                       void *data, struct err *err);

/* The pipelines, groups and stacks whose last run that was not aborted failed; of a stack for each verb. */
MUST_CHECK bool journal_recover_failed_runs(struct journal *journal,
                                            void (*each)(void *data, const char *pipeline,
                                                         const char *version),
                                            void *data, struct err *err);

#endif
