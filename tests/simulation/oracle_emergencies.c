/* oracle_emergencies.c - what a person's emergency may do that nobody else may, and what not even that.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/farm.h"
#include "tests/simulation/world.h"

/* Somebody wants the place of this one, and cannot wait; in the same batch, or before. */
static bool has_emergency(struct world *world, uint64_t deployment)
{
    const struct batch *batch = world->oracle.batch;
    uint8_t site = ledger_find(world, deployment)->site;

    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (row->kind == ROW_TRACE && row->trace.kind == TRACE_EMERGENCY && row->deployment != deployment &&
            ledger_find(world, row->deployment)->site == site)
            return true;
    }
    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (id != deployment && history->exists && history->is_emergency &&
            history->state.phase == PHASE_QUEUED && ledger_find(world, id)->site == site)
            return true;
    }
    return false;
}

/* Did somebody say in this batch what serves there? */
static bool is_adopted(struct world *world, uint64_t deployment)
{
    const struct batch *batch = world->oracle.batch;

    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (row->kind == ROW_TRACE && row->deployment == 0 && row->trace.kind == TRACE_ADOPTED &&
            row->trace.a == ledger_find(world, deployment)->site + 1u && row->trace.b == TARGET_ADOPT &&
            row->token != 0)
            return true;
    }
    return false;
}

void oracle_begin_emergency(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    oracle_history(world, deployment)->is_emergency = true;
    oracle_history(world, deployment)->is_stable_bad = row->trace.a != 0;
    if (row->token == 0)
        oracle_violate(world, "S14", deployment, "an emergency that nobody asked for");
}

void oracle_adopted(struct world *world, uint64_t deployment)
{
    oracle_history(world, deployment)->was_adopted = true;
    world->oracle.adopted_by[ledger_find(world, deployment)->site] = world->oracle.batch_number;
    farm_adopted(world, deployment);
    if (!is_adopted(world, deployment) && !has_emergency(world, deployment))
        oracle_violate(world, "S7", deployment, "it ended, and nobody said so");
}

/* What a person quarantined gets no users back but by a person's word. */
static void check_way_back(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct request *request = &world->people.requests[ledger_find(world, deployment)->request];
    bool is_said = row->token != 0 || request->is_of_run || row->trace.b == ENDING_ABORTED ||
                   row->trace.b == ENDING_TAKEN_BACK;

    if (history->is_stable_bad && history->before.confirmed_share > 0 && !is_said &&
        !has_emergency(world, deployment))
        oracle_violate(world, "S9", deployment, "goes back to what a person called bad (%s)",
                       ending_name((enum ending)row->trace.b));
}

void oracle_check_overtaken(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    if (row->trace.a == PHASE_ROLLING_BACK)
        check_way_back(world, deployment, row);
    if (row->trace.a == PHASE_PROMOTED && row->trace.b == ENDING_CUT_SHORT &&
        !has_emergency(world, deployment))
        oracle_violate(world, "S2", deployment, "its watch was cut short, and for nobody");
}

static bool is_stable_quarantined(const struct world *world, uint8_t site)
{
    const struct target_state *target = &world->oracle.targets[site];

    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == target->stable_version_key)
            return true;
    return !target->has_stable;
}

void oracle_check_turn(struct world *world, uint64_t deployment)
{
    uint8_t site = ledger_find(world, deployment)->site;

    for (uint64_t id = deployment + 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (history->exists && history->is_emergency && ledger_find(world, id)->site == site &&
            !phase_is_terminal(history->state.phase))
            oracle_violate(world, "emergency", deployment, "it has its turn before %llu, which cannot wait",
                           (unsigned long long)id);
    }
}

void oracle_check_bad_stable(struct world *world, uint64_t deployment)
{
    uint8_t site = ledger_find(world, deployment)->site;

    if (oracle_history(world, deployment)->is_stable_bad && !is_stable_quarantined(world, site) &&
        !oracle_has_cleared(world, world->oracle.batch, site))
        oracle_violate(world, "quarantine", deployment, "stable is said to be bad, and may come back");
}

/* A way back (S19), or what a person called an emergency. */
bool oracle_is_ungated(struct world *world, uint64_t deployment)
{
    return ledger_find(world, deployment)->is_back || oracle_history(world, deployment)->is_emergency;
}

/* Only an emergency goes past people and other systems. */
uint8_t oracle_next_step(const struct oracle_history *history, const struct plan *plan)
{
    uint8_t next = (uint8_t)(history->step + 1);

    if (history->is_emergency)
        while (next < plan->count &&
               (plan->steps[next].kind == STEP_APPROVE || plan->steps[next].kind == STEP_GATE))
            next++;
    return next;
}
