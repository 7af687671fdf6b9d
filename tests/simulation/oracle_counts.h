/* oracle_counts.h - what the oracle keeps count of: brakes, promises.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_ORACLE_COUNTS_H
#define SIMULATION_ORACLE_COUNTS_H

#include "tests/simulation/ledger.h"

/* What was counted for a brake: of each the newest one. */
struct oracle_brake {
    uint32_t count;
    struct fall falls[LEDGER_DEPLOYMENTS_MAX];
    int64_t closed_ms; /* until then; 0: it is open */
};

/* A promise that runs out. */
enum due_kind {
    DUE_BACK,    /* L2: after a FAIL the first effect of the way back */
    DUE_REDRIVE, /* L4: what was in flight is driven again */
    DUE_DRIFT,   /* S6: too much for the candidate is noticed */
    DUE_MEND,    /* S6: what was noticed is mended */
    DUE_TASK     /* L4: of the run `deployment`, its task `site` */
};

struct oracle_due {
    enum due_kind kind;
    uint64_t deployment;
    uint32_t sequence;
    uint8_t site;
    int64_t up_ms;
};

#endif
