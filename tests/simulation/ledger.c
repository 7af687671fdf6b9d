/* ledger.c - batches into bytes, and bytes back into states.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/ledger.h"

#include "tests/simulation/world.h"

#include <assert.h>

static const struct ledger_deployment nothing;

/* What was never written is never read: only the marks are wiped. */
void ledger_init(struct ledger *ledger)
{
    for (int i = 0; i < LEDGER_DEPLOYMENTS_MAX; i++) {
        ledger->deployments[i].exists = false;
        ledger->deployments[i].has_tombstone = false;
    }
    for (int i = 0; i < SITES_TARGETS; i++)
        ledger->target_lengths[i] = 0;
    ledger->mode = LEDGER_FINE;
    ledger->engine_ms = 0;
    ledger->next_id = 1;
    ledger->chain = 0;
    ledger->row_count = 0;
}

struct ledger_deployment *ledger_find(struct world *world, uint64_t deployment)
{
    assert(deployment > 0 && deployment <= LEDGER_DEPLOYMENTS_MAX);
    return &world->ledger.deployments[deployment - 1];
}

bool ledger_state(struct world *world, uint64_t deployment, struct deployment_state *ret_state)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);

    if (!stored->exists)
        return false;
    if (snapshot_read_deployment(stored->bytes, stored->length, ret_state))
        return true;
    oracle_violate(world, "S16", deployment, "its snapshot cannot be read back");
    return false;
}

/* What the start's request says is written with the first row. */
static void insert(struct world *world, const struct batch_row *row, struct ledger_deployment *stored)
{
    const struct asked *asked = shell_asked(world, row->token);

    if (stored->exists) {
        oracle_violate(world, "S1", row->deployment, "a new deployment under an id that is taken");
        return;
    }
    if (asked == NULL || asked->kind != ASKED_START) {
        oracle_violate(world, "S1", row->deployment, "a new deployment that nobody asked for");
        return;
    }
    struct request *request = &world->people.requests[asked->request];
    *stored = nothing;
    stored->exists = true;
    stored->is_back = request->is_back;
    stored->play = request->play;
    stored->site = request->site;
    stored->request = asked->request;
    stored->version = request->version;
    stored->previous = request->previous;
    if (request->durable != 0)
        oracle_violate(world, "S1", row->deployment, "a second deployment for one key");
    request->durable = row->deployment;
    if (row->deployment >= world->ledger.next_id)
        world->ledger.next_id = row->deployment + 1;
}

static void write_deployment(struct world *world, const struct batch_row *row)
{
    struct ledger_deployment *stored = ledger_find(world, row->deployment);

    if (row->is_new)
        insert(world, row, stored);
    else if (!stored->exists)
        oracle_violate(world, "S1", row->deployment, "a state of a deployment that is not in the journal");
    /* What it replaces is known when its turn comes: before it in the queue may be others. */
    if (row->state->phase == PHASE_ADMITTING && !stored->is_back)
        stored->previous = engine_target(world->shell.engine, stored->site + 1u)->stable_version_key;
    stored->length = (uint16_t)snapshot_write_deployment(row->state, stored->bytes);
}

static void write_rule(struct world *world, const struct batch_row *row)
{
    struct ledger_deployment *stored = ledger_find(world, row->deployment);

    assert(row->rule < PLAYBOOK_RULES_MAX);
    stored->rule_lengths[row->rule] =
        (uint16_t)snapshot_write_rule(row->rule_state, stored->rules[row->rule]);
}

static void write_target(struct world *world, const struct batch_row *row)
{
    uint32_t index = row->target->id - 1;

    assert(index < SITES_TARGETS);
    world->ledger.target_lengths[index] =
        (uint16_t)snapshot_write_target(row->target, world->ledger.targets[index]);
}

/* The audit's own chain: each row's hash covers the one before (S13). */
static void chain(struct ledger *ledger, uint64_t id, uint64_t kind, uint64_t a, uint64_t b)
{
    uint64_t fields[] = {id, kind, a, b};

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        ledger->chain = (ledger->chain ^ fields[i]) * UINT64_C(0x100000001b3) + 1;
    ledger->row_count++;
}

static void write_trace(struct world *world, const struct batch_row *row)
{
    chain(&world->ledger, row->deployment, row->trace.kind, row->trace.a, row->trace.b);
}

static void write_run_trace(struct world *world, const struct batch_row *row)
{
    chain(&world->ledger, row->run->id, row->run_trace.kind, row->run_trace.a, row->run_trace.b);
}

static void note_token(struct world *world, const struct batch_row *row)
{
    struct asked *asked = row->token == 0 ? NULL : shell_asked(world, row->token);

    if (asked != NULL)
        asked->is_durable = true;
}

static void write_row(struct world *world, const struct batch_row *row)
{
    switch (row->kind) {
    case ROW_DEPLOYMENT:
        write_deployment(world, row);
        note_token(world, row);
        return;
    case ROW_RULE:
        write_rule(world, row);
        return;
    case ROW_RUN:
        runs_write(world, row);
        note_token(world, row);
        return;
    case ROW_RUN_TRACE:
        write_run_trace(world, row);
        note_token(world, row);
        return;
    case ROW_TARGET:
        write_target(world, row);
        return;
    case ROW_TRACE:
        write_trace(world, row);
        note_token(world, row);
        return;
    case ROW_VERDICT:
    case ROW_ACTION:
    case ROW_RESULT:
    case ROW_TASK:
        return;
    }
}

void ledger_apply(struct world *world, const struct batch *batch, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++)
        write_row(world, &batch->rows[i]);
    if (batch->now_ms > world->ledger.engine_ms)
        world->ledger.engine_ms = batch->now_ms;
    oracle_durable(world, batch, rows);
}
