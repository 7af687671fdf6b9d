/* oracle_batch.c - what a transaction as a whole must hold: targets, snapshots, owners, and that it fits the
 * one before.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <assert.h>
#include <string.h>

enum { THAW_MS = 1000 };

static bool is_quarantined(const struct target_state *target, uint64_t version)
{
    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version)
            return true;
    return false;
}

/* Does this row take a version out of quarantine there, for a person who wants it once more and may? */
static bool is_retry(const struct world *world, const struct batch_row *row, uint8_t site)
{
    if (row->kind != ROW_TRACE || row->deployment == 0 || row->trace.kind != TRACE_RETRIED ||
        row->trace.b == 0 || row->token == 0)
        return false;
    const struct ledger_deployment *stored = &world->ledger.deployments[row->deployment - 1];
    const struct request *request = &world->people.requests[stored->request];
    return stored->site == site && request->retries != 0 && request->takes_out;
}

bool oracle_has_cleared(const struct world *world, const struct batch *batch, uint8_t site)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (is_retry(world, row, site))
            return true;
        if (row->kind == ROW_TRACE && row->deployment == 0 && row->trace.kind == TRACE_ADOPTED &&
            row->trace.a == site + 1u && row->trace.b == TARGET_QUARANTINE_CLEAR && row->token != 0)
            return true;
    }
    return false;
}

/* What failed must not come back by itself, and stays so until a person says otherwise. */
static void check_quarantine(struct world *world, const struct batch *batch, const struct batch_row *row)
{
    const struct ledger_deployment *stored = ledger_find(world, row->deployment);
    bool is_told = row->trace.kind == TRACE_FAIL || row->trace.kind == TRACE_QUARANTINE;
    bool is_back = row->trace.kind == TRACE_PHASE && row->trace.a == PHASE_ROLLING_BACK &&
                   oracle_history(world, row->deployment)->has_sign;

    if ((is_told || is_back) && !oracle_has_cleared(world, batch, stored->site) &&
        !is_quarantined(&world->oracle.targets[stored->site], stored->version))
        oracle_violate(world, "quarantine", row->deployment, "it failed, and its version may come back");
    if (is_told)
        oracle_history(world, row->deployment)->has_sign = false; /* it was read */
}

static void check_kept(struct world *world, const struct batch *batch, uint8_t site,
                       const struct target_state *after)
{
    const struct target_state *before = &world->oracle.targets[site];

    for (uint8_t i = 0; i < before->quarantined_count; i++)
        if (!is_quarantined(after, before->quarantined[i].version_key) &&
            after->quarantined_count < TARGET_QUARANTINE_MAX && !oracle_has_cleared(world, batch, site))
            oracle_violate(world, "quarantine", 0, "site %u: a version left it, and nobody took it out",
                           site + 1);
}

/* A freeze ends by a person's word, or when it was to end. */
static void check_thaw(struct world *world, const struct batch *batch, uint8_t site,
                       const struct target_state *after)
{
    const struct target_state *before = &world->oracle.targets[site];
    bool is_said = false;

    if (!before->is_frozen || after->is_frozen)
        return;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        is_said = is_said || (row->kind == ROW_TRACE && row->deployment == 0 && row->token != 0 &&
                              row->trace.kind == TRACE_ADOPTED && row->trace.a == site + 1u &&
                              (row->trace.b == TARGET_UNFREEZE || row->trace.b == TARGET_FREEZE));
    }
    if (!is_said && (before->thaws_ms == 0 || batch->now_ms < before->thaws_ms))
        oracle_violate(world, "freeze", 0, "that of site %u ends, and it is not time", site + 1);
}

/* One ends in each batch, however many are due; and a word that waited for the journal may be over when it is
 * heard. */
static void check_frozen(struct world *world, const struct batch *batch)
{
    for (uint32_t i = 0; i < SITES_TARGETS; i++)
        if (world->oracle.changed_by[i] == world->oracle.batch_number)
            return;
    for (uint32_t i = 0; i < SITES_TARGETS; i++) {
        const struct target_state *target = &world->oracle.targets[i];
        if (target->is_frozen && target->thaws_ms != 0 && batch->now_ms > target->thaws_ms + THAW_MS)
            oracle_violate(world, "freeze", 0, "that of site %u was to end before", i + 1);
        if (target->is_braked && batch->now_ms > target->opens_ms + THAW_MS)
            oracle_violate(world, "brake", 0, "that of site %u was to open before", i + 1);
    }
}

static void check_target(struct world *world, const struct batch *batch, const struct batch_row *row)
{
    uint32_t index = row->target->id - 1;
    struct target_state *before = &world->oracle.targets[index];
    struct target_state after;
    bool is_founded = false;

    if (!snapshot_read_target(world->ledger.targets[index], world->ledger.target_lengths[index], &after)) {
        oracle_violate(world, "S16", 0, "target %u cannot be read back", index + 1);
        return;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *other = &batch->rows[i];
        if (other->kind != ROW_TRACE)
            continue;
        bool is_promotion = other->deployment == after.stable_deployment && other->deployment != 0 &&
                            other->trace.kind == TRACE_PHASE && other->trace.a == PHASE_PROMOTED;
        bool is_adoption = other->deployment == 0 && other->trace.kind == TRACE_ADOPTED &&
                           other->trace.a == index + 1 && other->token != 0;
        is_founded = is_founded || is_promotion || is_adoption;
    }
    check_thaw(world, batch, (uint8_t)index, &after);
    if (after.stable_version_key != before->stable_version_key && !is_founded)
        oracle_violate(world, "S9", 0, "site %u has another stable version, and nothing proves it",
                       index + 1);
    check_kept(world, batch, (uint8_t)index, &after);
    world->oracle.changed_by[index] = world->oracle.batch_number;
    *before = after;
}

static void take_snapshot(struct world *world, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, row->deployment);
    const struct deployment_state *before = &history->state;
    struct deployment_state after;

    if (!ledger_state(world, row->deployment, &after))
        return;
    if (before->phase != after.phase)
        oracle_violate(world, "S13", row->deployment, "its state says %s, its audit %s",
                       phase_name(after.phase), phase_name(before->phase));
    if (!row->is_new && (after.last_sequence < before->last_sequence || after.attempt < before->attempt ||
                         after.last_seen_ms < before->last_seen_ms))
        oracle_violate(world, "S7", row->deployment, "its state goes back in time");
    if (after.flight.sequence != before->flight.sequence || after.flight.kind != before->flight.kind)
        oracle_due_drop(world, DUE_REDRIVE, row->deployment, 0);
    if (after.step_state == STEP_HELD || after.phase > PHASE_WATCHING)
        oracle_due_drop(world, DUE_BACK, row->deployment, 0);
    world->tally->steps[after.step_state]++;
    history->state = after;
    oracle_note_standing(world, row->deployment, world->shell.commit_up_ms);
}

static void begin_history(struct world *world, uint64_t deployment)
{
    struct oracle_history *history = oracle_history(world, deployment);

    memset(history, 0, offsetof(struct oracle_history, actions));
    history->exists = true;
    if (deployment > world->oracle.highest)
        world->oracle.highest = deployment;
    world->tally->deployments++;
}

static void check_owners(struct world *world)
{
    uint64_t owners[SITES_MAX] = {0};

    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (!history->exists || !phase_is_active(history->state.phase))
            continue;
        uint8_t site = ledger_find(world, id)->site;
        if (owners[site] != 0)
            oracle_violate(world, "S8", id, "site %u has two owners, %llu too", site + 1,
                           (unsigned long long)owners[site]);
        owners[site] = id;
    }
}

/* Remembers what was before, and whether one token alone asked for all of it. */
static void note_batch(struct world *world, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, row->deployment);

    if (history->batch_number != world->oracle.batch_number) {
        history->batch_number = world->oracle.batch_number;
        history->before = history->state;
        history->only_token = row->token;
    }
    if (row->token != history->only_token)
        history->only_token = 0;
}

static void take_row(struct world *world, const struct batch_row *row)
{
    switch (row->kind) {
    case ROW_TRACE:
        world->oracle.row_count++;
        if (row->deployment == 0) {
            oracle_brake_verb(world, row);
            return;
        }
        note_batch(world, row);
        oracle_trace(world, row->deployment, row);
        oracle_note_cell(world, row->deployment, row);
        return;
    case ROW_ACTION:
        oracle_begin_action(world, row->deployment, row);
        return;
    case ROW_RESULT:
        oracle_end_action(world, row->deployment, row);
        return;
    case ROW_RUN_TRACE:
        world->oracle.row_count++;
        oracle_run_row(world, row);
        return;
    case ROW_TARGET:
    case ROW_DEPLOYMENT:
    case ROW_RULE:
    case ROW_VERDICT:
    case ROW_RUN:
    case ROW_TASK:
        return;
    }
}

/* What can be said only when all of it was taken in. */
static void check_whole(struct world *world, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (row->kind == ROW_TRACE && row->deployment != 0)
            check_quarantine(world, batch, row);
        if (row->kind == ROW_RULE)
            oracle_check_rule(world, row);
        if (row->kind == ROW_RUN)
            oracle_run_state(world, row);
    }
    oracle_together(world, batch);
    oracle_check_brakes(world, batch);
}

void oracle_durable(struct world *world, const struct batch *batch, uint32_t rows)
{
    bool has_states = false;

    world->oracle.batch = batch;
    world->oracle.batch_ms = batch->now_ms;
    world->oracle.batch_number = world->shell.batches;
    for (uint32_t i = 0; i < rows; i++)
        if (batch->rows[i].kind == ROW_DEPLOYMENT && batch->rows[i].is_new)
            begin_history(world, batch->rows[i].deployment);
    for (uint32_t i = 0; i < rows; i++)
        if (batch->rows[i].kind == ROW_TARGET)
            check_target(world, batch, &batch->rows[i]);
    for (uint32_t i = 0; i < rows; i++)
        take_row(world, &batch->rows[i]);
    for (uint32_t i = 0; i < rows; i++)
        if (batch->rows[i].kind == ROW_DEPLOYMENT) {
            take_snapshot(world, &batch->rows[i]);
            has_states = true;
        }
    if (world->ledger.row_count != world->oracle.row_count)
        oracle_violate(world, "S13", 0, "%u audit rows, and %u were seen", world->ledger.row_count,
                       world->oracle.row_count);
    if (has_states)
        check_owners(world);
    check_frozen(world, batch);
    if (rows == batch->count)
        check_whole(world, batch);
    if (world->oracle.is_hashing)
        oracle_reload(world, batch);
    oracle_mix(world, world->ledger.chain);
}
