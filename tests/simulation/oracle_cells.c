/* oracle_cells.c - which cell of the table of states a row of the journal stands for.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"
#include "tests/simulation/world.h"

static void note(struct world *world, enum happening happening, const struct deployment_state *before)
{
    world->tally->cells.happened[happening][column_of(before)]++;
}

static void note_phase(struct world *world, const struct oracle_history *history, const struct batch_row *row)
{
    const struct deployment_state *before = &history->before;

    switch ((enum deployment_phase)row->trace.a) {
    case PHASE_ADMITTING:
        note(world, HAPPENS_TURN, before);
        return;
    case PHASE_RUNNING:
        note(world, HAPPENS_ADMITTED, before);
        return;
    case PHASE_REJECTED:
        note(world, HAPPENS_REJECTED, before);
        return;
    case PHASE_PROMOTED:
        if (row->trace.b == ENDING_PASSED)
            note(world, HAPPENS_STEP_ENDS, before);
        return;
    case PHASE_ROLLED_BACK:
        if (!history->was_adopted)
            note(world, HAPPENS_BACK_ENDS, before);
        return;
    case PHASE_ROLLING_BACK:
        if (row->trace.b == ENDING_PASSED)
            note(world, HAPPENS_STEP_ENDS, before);
        else if (row->trace.b == ENDING_FAILED)
            note(world, HAPPENS_FAIL_BACK, before);
        else if (row->trace.b == ENDING_NO_EVIDENCE)
            note(world, HAPPENS_NO_EVIDENCE_BACK, before);
        else if ((row->trace.b == ENDING_NOT_APPROVED && row->token == 0) || row->trace.b == ENDING_GATE_SHUT)
            note(world, HAPPENS_GATE_BACK, before);
        else if (row->trace.b == ENDING_ACTION_FAILED)
            note(world, HAPPENS_ACTION_BACK, before);
        else if (row->trace.b == ENDING_HELD_TOO_LONG)
            note(world, HAPPENS_HELD_BACK, before);
        return;
    case PHASE_QUEUED:
    case PHASE_WATCHING:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        return;
    }
}

static void note_hold(struct world *world, const struct oracle_history *history, const struct batch_row *row)
{
    const struct deployment_state *before = &history->before;
    enum ending ending = row->state->ending;

    switch ((enum hold_cause)row->trace.a) {
    case HOLD_RULE:
        note(world, row->trace.b == UINT8_MAX ? HAPPENS_NO_EVIDENCE_HELD : HAPPENS_RULE_HOLDS, before);
        return;
    case HOLD_GATE:
        note(world, HAPPENS_GATE_HELD, before);
        return;
    case HOLD_PERSON:
        if (row->token == 0)
            note(world, HAPPENS_GATE_HELD, before);
        return;
    case HOLD_ESCALATED:
        if (ending == ENDING_FAILED)
            note(world, HAPPENS_FAIL_HELD, before);
        else if (ending == ENDING_ACTION_FAILED ||
                 (ending == ENDING_NONE && before->flight.kind != ACTION_NONE))
            note(world, HAPPENS_ACTION_HELD, before);
        else if (ending == ENDING_NONE)
            note(world, HAPPENS_NO_EVIDENCE_HELD, before);
        return;
    case HOLD_NONE:
    case HOLD_UNKNOWN_HAND:
    case HOLD_BRAKE:
        return;
    }
}

static void note_escalation(struct world *world, const struct oracle_history *history,
                            const struct batch_row *row)
{
    const struct deployment_state *before = &history->before;

    if (row->state->phase == PHASE_ROLLING_BACK)
        note(world, row->state->part == ROLLBACK_VERIFY ? HAPPENS_STABLE_SICK : HAPPENS_BACK_ESCALATED,
             before);
    else if (row->state->hold_limit_at_ms == DEPLOYMENT_NEVER)
        note(world, HAPPENS_HELD_ESCALATED, before);
}

/* Called after the row was taken in; `before` is what the batch began with. */
void oracle_note_cell(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    if (row->trace.kind == TRACE_PHASE)
        note_phase(world, history, row);
    else if (row->trace.kind == TRACE_STEP && row->trace.a > 0)
        note(world, HAPPENS_STEP_ENDS, &history->before);
    else if (row->trace.kind == TRACE_HELD)
        note_hold(world, history, row);
    else if (row->trace.kind == TRACE_ESCALATED)
        note_escalation(world, history, row);
    else if (row->trace.kind == TRACE_RESULT && row->trace.b != RESULT_DONE && row->state->flight.is_waiting)
        note(world, HAPPENS_ACTION_AGAIN, &history->before);
}

void oracle_note_restart(struct world *world, uint64_t deployment)
{
    const struct deployment_state *state = &oracle_history(world, deployment)->state;

    if (!phase_is_terminal(state->phase) || state->care == CARE_DUE || state->care == CARE_ACTING)
        note(world, HAPPENS_RESTART, state);
}

/* Who stands before a new one: the one under way, or the first that waits. */
static const struct deployment_state *owner_of(struct world *world, uint8_t site, uint64_t but)
{
    const struct deployment_state *found = NULL;

    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (!history->exists || id == but || ledger_find(world, id)->site != site)
            continue;
        if (phase_is_active(history->state.phase))
            return &history->state;
        if (history->state.phase == PHASE_QUEUED && found == NULL)
            found = &history->state;
    }
    return found;
}

/* Who stood there before the batch that made room. */
static void note_emergency(struct world *world, uint8_t site, uint64_t deployment)
{
    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        bool is_in_batch = history->batch_number == world->oracle.batch_number;
        const struct deployment_state *met = is_in_batch ? &history->before : &history->state;
        if (history->exists && id != deployment && ledger_find(world, id)->site == site &&
            !phase_is_terminal(met->phase))
            note(world, HAPPENS_EMERGENCY, met);
    }
}

/* Of the deployments that it met. */
void oracle_note_start(struct world *world, const struct asked *asked, enum engine_answer answer,
                       uint64_t deployment)
{
    const struct deployment_state *met = owner_of(world, asked->site, deployment);

    if (answer == ENGINE_DONE && world->people.requests[asked->request].is_emergency)
        note_emergency(world, asked->site, deployment);
    if (met != NULL && answer == ENGINE_DONE)
        note(world, HAPPENS_NEW_QUEUES, met);
    else if (met != NULL && answer == ENGINE_CONFLICT)
        note(world, HAPPENS_NEW_REFUSED, met);
}

void oracle_note_verb(struct world *world, enum verb verb, const struct deployment_state *met,
                      enum engine_answer answer)
{
    enum column column = column_of(met);

    /* What left the engine's memory is answered out of the journal. */
    if (answer == ENGINE_NOT_FOUND && column == COLUMN_OTHER)
        answer = ENGINE_CONFLICT;
    if (answer <= ENGINE_CONFLICT)
        world->tally->cells.answered[verb][column][answer]++;
}

/* Adopting is said of the service; it ends whoever is under way there. */
void oracle_note_adopt(struct world *world, const struct asked *asked, enum engine_answer answer)
{
    static const struct deployment_state ended = {.phase = PHASE_ROLLING_BACK};
    const struct deployment_state *met = owner_of(world, asked->site, 0);
    bool has_ended =
        answer == ENGINE_DONE && world->oracle.adopted_by[asked->site] == world->oracle.batch_number;

    if (has_ended)
        met = &ended;
    if (met != NULL && (has_ended || answer == ENGINE_CONFLICT))
        oracle_note_verb(world, VERB_ADOPT, met, answer);
}
