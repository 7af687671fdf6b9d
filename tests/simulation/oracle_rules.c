/* oracle_rules.c - what the rules said by the journal, and what became of it.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

static bool is_judged(const struct deployment_state *state)
{
    return state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;
}

/* What a rule said of this attempt is said of it, whatever it said of the one before: where it fails the
 * deployment is held or goes back, unless people went on after a hold in this same attempt. */
void oracle_check_rule(struct world *world, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, row->deployment);
    const struct deployment_state *state = row->state;
    const struct judgement *last = &row->rule_state->last;

    if (last->verdict != VERDICT_FAIL || last->to_ms <= history->confirmed_engine_ms || !is_judged(state) ||
        history->steps[history->step].was_held || state->ending != ENDING_NONE ||
        (state->muted & (UINT32_C(1) << row->rule)) != 0 ||
        oracle_plan(world, row->deployment)->rules[row->rule] == PLAN_RULE_RECORD)
        return;
    oracle_violate(world, "S3", row->deployment, "rule %u says FAIL of attempt %u, and it goes on", row->rule,
                   state->attempt);
}
