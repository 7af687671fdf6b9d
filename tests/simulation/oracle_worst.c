/* oracle_worst.c - what is wanted once more, and what is run when a way back does not get there.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"
#include "tests/simulation/world.h"

/* Once more is a new deployment of what has ended, and somebody wants it. */
static void check_retry(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);

    if (row->token == 0)
        oracle_violate(world, "S14", deployment, "it is wanted once more, and nobody says so");
    if (row->trace.a == 0 || row->trace.a >= deployment) {
        oracle_violate(world, "states", deployment, "%u cannot have ended before it", row->trace.a);
        return;
    }
    const struct ledger_deployment *ended = ledger_find(world, row->trace.a);
    enum deployment_phase phase = oracle_history(world, row->trace.a)->state.phase;
    if (!ended->exists || !phase_is_terminal(phase) || phase == PHASE_PROMOTED ||
        ended->version != stored->version || ended->site != stored->site)
        oracle_violate(world, "states", deployment, "%u is not over, or was something else", row->trace.a);
}

static bool is_disaster(const struct plan *plan, const struct oracle_action *action)
{
    return plan->has_disaster && action->kind == ACTION_COMMAND &&
           action->reference == plan->disaster.reference;
}

/* What was declared for the worst: once, and only where a way back did not get there. */
static void check_disaster(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    uint32_t times = 0;

    for (uint32_t i = 0; i < history->action_count; i++)
        times += is_disaster(plan, &history->actions[i]);
    if (times > 0)
        oracle_violate(world, "disaster", deployment, "it was run before");
    if (!row->state->is_escalated || history->state.phase != PHASE_ROLLING_BACK)
        oracle_violate(world, "disaster", deployment, "nobody was called, or nothing goes back");
}

/* Nothing else is tried on before it; but hosts that wait behind one that does not come back have their turn.
 */
void oracle_check_overdue(struct world *world, uint64_t deployment, const struct action *action)
{
    const struct deployment_state *state = &oracle_history(world, deployment)->state;
    const struct plan *plan = oracle_plan(world, deployment);
    bool is_disaster = action->kind == ACTION_COMMAND && action->reference == plan->disaster.reference;

    if (state->phase == PHASE_ROLLING_BACK && state->disaster == DISASTER_DUE && plan->host_count == 0 &&
        action->kind != ACTION_CANCEL && action->kind != ACTION_ROUTE && !is_disaster)
        oracle_violate(world, "disaster", deployment, "%s %u is tried, and disaster recovery is due",
                       action_kind_name(action->kind), action->sequence);
}

/* Before it is taken in. */
void oracle_note_trace(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    world->tally->traces[row->trace.kind]++;
    if (world->trail != NULL)
        world_say(world, deployment, "durable: %s %u %u", trace_kind_name(row->trace.kind), row->trace.a,
                  row->trace.b);
    oracle_brake_row(world, deployment, row);
    if (row->trace.kind == TRACE_RETRIED)
        check_retry(world, deployment, row);
    if (row->trace.kind == TRACE_DISASTER)
        check_disaster(world, deployment, row);
}
