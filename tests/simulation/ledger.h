/* ledger.h - the simulated journal: bytes that survive, written whole or not at all.
 * SPDX-License-Identifier: MIT
 *
 * States are kept as the snapshot codec writes them and read back from there at every recovery. */
#ifndef SIMULATION_LEDGER_H
#define SIMULATION_LEDGER_H

#include "engine/engine.h"
#include "engine/snapshot.h"
#include "tests/simulation/playbook.h"
#include "tests/simulation/site.h"

enum { LEDGER_DEPLOYMENTS_MAX = 256 };

struct ledger_deployment {
    bool exists;
    bool is_back;
    bool has_tombstone; /* in the runtime folder: survives a kill, not a reboot */
    uint8_t play;
    uint8_t site;
    uint32_t request; /* whose idempotency key it is */
    uint64_t version;
    uint64_t previous;
    uint16_t length;
    uint16_t rule_lengths[PLAYBOOK_RULES_MAX];
    unsigned char bytes[SNAPSHOT_DEPLOYMENT_MAX];
    unsigned char rules[PLAYBOOK_RULES_MAX][SNAPSHOT_RULE_MAX];
};

enum ledger_mode { LEDGER_FINE, LEDGER_SLOW, LEDGER_FULL, LEDGER_BREAKS };

struct ledger {
    enum ledger_mode mode;
    bool is_torn; /* the newest transaction on the disk does not match its checksum */
    int64_t mode_until_ms;
    int64_t offset_ms; /* of the engine's clock */
    int64_t engine_ms; /* newest time that was written */
    uint32_t boot;     /* in which this was so */
    uint64_t next_id;
    uint64_t chain; /* hash over all audit rows */
    uint32_t row_count;
    uint16_t target_lengths[SITES_TARGETS];
    unsigned char targets[SITES_TARGETS][SNAPSHOT_TARGET_MAX];
    struct ledger_deployment deployments[LEDGER_DEPLOYMENTS_MAX]; /* by id - 1 */
};

void ledger_init(struct ledger *ledger);

/* The transaction is on the disk. `rows`: how many of it (all, but for a mistake that mutants make). */
void ledger_apply(struct world *world, const struct batch *batch, uint32_t rows);

struct ledger_deployment *ledger_find(struct world *world, uint64_t deployment);

/* What is written about it, read back; false: there is none. */
MUST_CHECK bool ledger_state(struct world *world, uint64_t deployment, struct deployment_state *ret_state);

#endif
