/* world.h - one seed: everything in it, and its time.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include "tests/simulation/agenda.h"
#include "tests/simulation/cuts.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/people.h"
#include "tests/simulation/playbook.h"
#include "tests/simulation/random.h"
#include "tests/simulation/runs.h"
#include "tests/simulation/samples.h"
#include "tests/simulation/shell.h"
#include "tests/simulation/site.h"
#include "tests/simulation/tally.h"

#include <stdio.h>

enum { WORLD_START_MS = 1000000 };

/* A mistake in the model around the engine: shows that the oracle sees it. */
enum slip {
    SLIP_NONE,
    SLIP_NO_GAP,        /* recovery forgets how long nobody watched */
    SLIP_NO_TOMBSTONE,  /* a route ahead of the journal leaves no sign */
    SLIP_TORN,          /* half of a transaction is taken for a whole one */
    SLIP_NO_KEYS,       /* idempotency keys are forgotten at a restart */
    SLIP_LOST_COMMIT,   /* a commit is acknowledged that is not on the disk */
    SLIP_WALL_CLOCK,    /* the engine's clock follows the wall's */
    SLIP_TWICE,         /* a command of class unsafe is started again under another key */
    SLIP_CONFIRM_BLIND, /* a route is confirmed without reading it back */
    SLIP_COUNT
};

struct world {
    const struct playbook *playbook;
    struct tally *tally;
    FILE *trail;   /* NULL: quiet */
    uint64_t only; /* trail of this deployment; 0: of all */
    uint64_t seed;
    uint64_t allowed; /* faults */
    enum slip slip;
    bool is_samples;
    struct cuts *cuts; /* NULL: nothing is left out, nor noted down */
    struct dice dice;  /* anew for each occurrence, from what it is: others do not change its luck */
    uint64_t origin;   /* of all dice */
    int64_t now_ms;
    uint8_t site_count;
    struct engine_brakes brakes; /* of this seed */
    struct fault_rates rates;
    struct agenda agenda;
    struct shell shell;
    struct ledger ledger;
    struct people people;
    struct oracle oracle;
    struct site sites[SITES_MAX];
    struct samples samples;
    struct runs runs;
};

/* Runs one seed to its end; false: something was violated (world->oracle says what). */
bool world_run(struct world *world, uint64_t seed);

/* Did this fault happen just now? Counts it. */
bool world_fault(struct world *world, enum fault fault);

/* Puts something on the agenda. */
void world_later(struct world *world, int64_t in_ms, const struct occurrence *occurrence);

/* One line of the trail of a deployment (0: of nobody). */
void world_say(struct world *world, uint64_t deployment, const char *format, ...) PRINTF_LIKE(3, 4);

/* The name of a mistake, and its number. */
const char *slip_name(enum slip slip);

#endif
