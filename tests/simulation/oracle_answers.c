/* oracle_answers.c - what people are answered: durable, and as the table of states says.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/world.h"

/* What a verb may be answered in a state; bits. */
enum { D = 1 << ENGINE_DONE, A = 1 << ENGINE_ALREADY, C = 1 << ENGINE_CONFLICT };

enum column {
    COLUMN_QUEUED,
    COLUMN_ADMITTING,
    COLUMN_ACTING, /* observing too */
    COLUMN_WAITING,
    COLUMN_HELD,
    COLUMN_WATCHING,
    COLUMN_ROLLING_BACK,
    COLUMN_PROMOTED,
    COLUMN_OTHER,
    COLUMN_COUNT
};

static const uint8_t table[VERB_COUNT][COLUMN_COUNT] = {
    /* queued, admitting, acting, waiting, held, watching, rolling back, promoted, other terminal */
    [VERB_PROMOTE] = {C, C, D | C, C, D | C, D | C, C, A, C},
    [VERB_PROMOTE_FULL] = {C, C, D | A, D | A, D, D, C, A, C},
    [VERB_HOLD] = {C, C, D, D, A, D, C, C, C},
    [VERB_RESUME] = {C, C, A, A, D | C, A, C, C, C},
    [VERB_ABORT] = {D, D, D, D, D | A, D, A, C, C},
    [VERB_ROLLBACK] = {D, D, D, D, D | A, D, A, C, C},
    [VERB_ROLLBACK_PAST] = {D, D, D, D, D, D, A, C, C},
    [VERB_APPROVE] = {C, C, C, D, C, C, C, C, C},
    [VERB_REJECT] = {C, C, C, D, C, C, C, C, C},
    [VERB_MUTE] = {C, C, D | A | C, D | A | C, D | A | C, D | A | C, C, C, C},
    [VERB_ADOPT] = {C, C, C, C, C, C, D | C, C, C},
};

static enum column column_of(const struct deployment_state *state)
{
    switch (state->phase) {
    case PHASE_QUEUED:
        return COLUMN_QUEUED;
    case PHASE_ADMITTING:
        return COLUMN_ADMITTING;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        if (state->step_state == STEP_HELD)
            return COLUMN_HELD;
        if (state->phase == PHASE_WATCHING)
            return COLUMN_WATCHING;
        return state->step_state == STEP_WAITING ? COLUMN_WAITING : COLUMN_ACTING;
    case PHASE_ROLLING_BACK:
        return COLUMN_ROLLING_BACK;
    case PHASE_PROMOTED:
        return COLUMN_PROMOTED;
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        break;
    }
    return COLUMN_OTHER;
}

/* The state that the verb met; NULL where something else happened in the same batch. */
static const struct deployment_state *state_met(struct world *world, const struct asked *asked)
{
    const struct oracle_history *history = oracle_history(world, asked->deployment);
    bool is_in_batch = world->oracle.batch_number > asked->batches;

    if (!is_in_batch || history->batch_number != world->oracle.batch_number)
        return &history->state;
    return history->only_token == asked->token ? &history->before : NULL;
}

static void check_verb(struct world *world, const struct asked *asked, enum engine_answer answer)
{
    if (!oracle_history(world, asked->deployment)->exists || answer == ENGINE_NOT_DURABLE)
        return;
    const struct deployment_state *met = state_met(world, asked);
    if (met == NULL)
        return;
    if (answer == ENGINE_NOT_FOUND && phase_is_terminal(met->phase))
        return;
    if (answer == ENGINE_NOT_FOUND || (table[asked->verb][column_of(met)] & (1u << answer)) == 0)
        oracle_violate(world, "states", asked->deployment, "%s in %s (%s) is answered %d",
                       verb_name(asked->verb), phase_name(met->phase), step_state_name(met->step_state),
                       answer);
}

static bool is_quarantined(const struct target_state *target, uint64_t version)
{
    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version)
            return true;
    return false;
}

static void check_start(struct world *world, const struct asked *asked, enum engine_answer answer,
                        uint64_t deployment)
{
    const struct request *request = &world->people.requests[asked->request];
    const struct ledger_deployment *stored = deployment == 0 ? NULL : ledger_find(world, deployment);
    const struct target_state *target = &world->oracle.targets[asked->site];
    bool is_good = answer == ENGINE_DONE || answer == ENGINE_ALREADY;

    if (!is_good)
        return;
    if (stored == NULL || !stored->exists) {
        oracle_violate(world, "S1", deployment, "named to the pipeline, and not in the journal");
        return;
    }
    if (stored->version != request->version || stored->site != request->site)
        oracle_violate(world, "S1", deployment, "the pipeline asked for something else");
    if (answer == ENGINE_DONE && !request->is_back && is_quarantined(target, request->version) &&
        world->oracle.changed_by[asked->site] != world->oracle.batch_number &&
        !oracle_history(world, deployment)->had_fail)
        oracle_violate(world, "quarantine", deployment, "its version must not come back");
}

void oracle_answer(struct world *world, const struct asked *asked, enum engine_answer answer,
                   uint64_t deployment)
{
    oracle_mix(world, answer);
    if (answer == ENGINE_DONE && !asked->is_durable)
        oracle_violate(world, "S1", deployment, "answered, and not on the disk");
    if (asked->kind == ASKED_START)
        check_start(world, asked, answer, deployment);
    else if (asked->kind == ASKED_VERB)
        check_verb(world, asked, answer);
}
