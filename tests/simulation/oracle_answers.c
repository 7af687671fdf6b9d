/* oracle_answers.c - what people are answered: durable, and as the table of states says.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"
#include "tests/simulation/world.h"

/* The state that the verb met; NULL where something else happened in the same batch. */
static const struct deployment_state *state_met(struct world *world, const struct asked *asked)
{
    const struct oracle_history *history = oracle_history(world, asked->deployment);
    bool is_in_batch = world->oracle.batch_number > asked->batches;

    if (!is_in_batch || history->batch_number != world->oracle.batch_number)
        return &history->state;
    return history->only_token == asked->token ? &history->before : NULL;
}

/* It waits for another system: nobody answers in its place. */
static bool is_at_gate(struct world *world, const struct asked *asked, const struct deployment_state *met)
{
    return met->phase == PHASE_RUNNING && met->step_state == STEP_WAITING &&
           oracle_plan(world, asked->deployment)->steps[met->step].kind == STEP_GATE;
}

/* A trial has nothing that could be promoted, whoever wants it; and nothing is that stands or falls with
 * others.
 */
static bool is_allowed(struct world *world, const struct asked *asked, const struct deployment_state *met,
                       enum engine_answer answer)
{
    bool is_live = met->phase == PHASE_RUNNING || met->phase == PHASE_WATCHING;

    if (asked->verb == VERB_PROMOTE_FULL && is_live &&
        (oracle_plan(world, asked->deployment)->ends_back || met->together != 0))
        return answer == ENGINE_CONFLICT;
    if ((asked->verb == VERB_APPROVE || asked->verb == VERB_REJECT) && is_at_gate(world, asked, met))
        return answer == ENGINE_CONFLICT;
    oracle_note_verb(world, asked->verb, met, answer);
    if (answer == ENGINE_NOT_FOUND)
        return phase_is_terminal(met->phase);
    return cell_allows(asked->verb, column_of(met), answer);
}

static void check_verb(struct world *world, const struct asked *asked, enum engine_answer answer)
{
    if (!oracle_history(world, asked->deployment)->exists || answer == ENGINE_NOT_DURABLE)
        return;
    const struct deployment_state *met = state_met(world, asked);
    if (met == NULL)
        return;
    if (!is_allowed(world, asked, met, answer))
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

/* Nobody was under way when it came: no window, no freeze and nobody who waits stands in its way. */
static void check_emergency(struct world *world, uint64_t deployment, uint8_t site)
{
    const struct deployment_state *state = &oracle_history(world, deployment)->state;

    if (state->phase != PHASE_QUEUED || people_active_at(world, site) != 0)
        return;
    for (uint64_t id = 1; id <= world->oracle.highest; id++)
        if (oracle_history(world, id)->exists && ledger_find(world, id)->site == site &&
            oracle_history(world, id)->state.care == CARE_ACTING)
            return;
    oracle_violate(world, "emergency", deployment, "it waits, and nobody is under way");
}

static void check_start(struct world *world, const struct asked *asked, enum engine_answer answer,
                        uint64_t deployment)
{
    const struct request *request = &world->people.requests[asked->request];
    const struct ledger_deployment *stored = deployment == 0 ? NULL : ledger_find(world, deployment);
    const struct target_state *target = &world->oracle.targets[asked->site];
    bool is_good = answer == ENGINE_DONE || answer == ENGINE_ALREADY;

    if (answer == ENGINE_QUARANTINED && request->takes_out)
        oracle_violate(world, "quarantine", 0, "a person took it out, and it is refused for it");
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
    if (answer == ENGINE_DONE && request->is_emergency)
        check_emergency(world, deployment, asked->site);
}

void oracle_answer(struct world *world, const struct asked *asked, enum engine_answer answer,
                   uint64_t deployment)
{
    oracle_mix(world, answer);
    if (answer == ENGINE_DONE && !asked->is_durable)
        oracle_violate(world, "S1", deployment, "answered, and not on the disk");
    if (asked->kind == ASKED_TARGET_VERB && asked->target_verb == TARGET_ADOPT)
        oracle_note_adopt(world, asked, answer);
    if (asked->kind == ASKED_START)
        oracle_note_start(world, asked, answer, deployment);
    if (asked->kind == ASKED_START)
        check_start(world, asked, answer, deployment);
    else if (asked->kind == ASKED_VERB)
        check_verb(world, asked, answer);
}
