/* cells.h - the table of states as the simulation knows it: what a verb may be answered in a state, what
 * happens
 * there by itself, and which of these cells the runs reached. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_CELLS_H
#define SIMULATION_CELLS_H

#include "engine/engine.h"

#include <stdio.h>

enum column {
    COLUMN_QUEUED,
    COLUMN_ADMITTING,
    COLUMN_ACTING, /* observing too */
    COLUMN_WAITING,
    COLUMN_HELD,
    COLUMN_WATCHING,
    COLUMN_ROLLING_BACK,
    COLUMN_PROMOTED,
    COLUMN_OTHER, /* terminal */
    COLUMN_COUNT
};

/* What happens by itself, and where it leads. */
enum happening {
    HAPPENS_TURN,
    HAPPENS_ADMITTED,
    HAPPENS_REJECTED,
    HAPPENS_STEP_ENDS,
    HAPPENS_FAIL_BACK,
    HAPPENS_FAIL_HELD, /* past the point of no return */
    HAPPENS_RULE_HOLDS,
    HAPPENS_NO_EVIDENCE_BACK,
    HAPPENS_NO_EVIDENCE_HELD,
    HAPPENS_GATE_BACK,
    HAPPENS_GATE_HELD,
    HAPPENS_ACTION_BACK,
    HAPPENS_ACTION_HELD,
    HAPPENS_ACTION_AGAIN,
    HAPPENS_BACK_ESCALATED,
    HAPPENS_HELD_BACK,
    HAPPENS_HELD_ESCALATED,
    HAPPENS_BACK_ENDS,
    HAPPENS_STABLE_SICK,
    HAPPENS_NEW_QUEUES,
    HAPPENS_NEW_REFUSED,
    HAPPENS_EMERGENCY,
    HAPPENS_RESTART,
    HAPPENING_COUNT
};

enum { CELL_ANSWERS = 3 }; /* done, already, conflict */

/* Sums only. */
struct cells {
    uint64_t answered[VERB_COUNT][COLUMN_COUNT][CELL_ANSWERS];
    uint64_t happened[HAPPENING_COUNT][COLUMN_COUNT];
};

enum column column_of(const struct deployment_state *state);

/* May a verb be answered so in this column? */
bool cell_allows(enum verb verb, enum column column, enum engine_answer answer);

/* How often each cell was reached; then those that never were. */
void cells_print(const struct cells *cells, FILE *to);

#endif
