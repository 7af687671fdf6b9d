/* verdicts.c - who judges in the world of verdicts.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/verdicts.h"

#include "tests/simulation/world.h"

static void put(struct world *world, uint64_t deployment, const struct deployment_state *state, uint8_t rule,
                enum verdict verdict, int64_t in_ms)
{
    world_later(world, in_ms,
                &(struct occurrence){.kind = OCCURS_JUDGEMENT,
                                     .life = world->shell.life,
                                     .deployment = deployment,
                                     .rule = rule,
                                     .share = (uint16_t)verdict,
                                     .attempt = state->attempt,
                                     .at_ms = shell_now_ms(world)});
}

/* A rule that can take it back has more to say about a bad version than one that cannot. */
static bool does_fail(struct world *world, const struct ledger_deployment *stored,
                      const struct deployment_state *state, uint8_t part)
{
    enum health health = version_health(stored->version);
    bool is_loaded = state->phase == PHASE_WATCHING || state->desired_share > SHARE_WHOLE / 2 ||
                     state->desired_mirror > SHARE_WHOLE / 2;
    uint32_t chance = part == PLAN_RULE_ACT_ROLLBACK ? 4500 : 1200;

    if (health == HEALTH_BAD || health == HEALTH_SMOKE_BAD || (health == HEALTH_OVERLOAD && is_loaded))
        return dice_chance(&world->dice, chance);
    return health == HEALTH_GOOD && part != PLAN_RULE_ACT_ROLLBACK && dice_chance(&world->dice, 150);
}

static void judge(struct world *world, uint64_t deployment, const struct deployment_state *state,
                  uint8_t rule, int64_t duration_ms)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    int64_t in_ms = dice_between(&world->dice, duration_ms / 10, duration_ms * 11 / 10);
    bool is_silent = version_health(stored->version) == HEALTH_MURKY && dice_chance(&world->dice, 4000);

    if (does_fail(world, stored, state, plan->rules[rule])) {
        /* It looked well at first: the step may be over before it says so. */
        if (world_fault(world, FAULT_VERDICT_LATE)) {
            put(world, deployment, state, rule, VERDICT_PASS, in_ms);
            in_ms += dice_between(&world->dice, 1, 2 * duration_ms);
        }
        put(world, deployment, state, rule, VERDICT_FAIL, in_ms);
        if (dice_chance(&world->dice, 3000))
            put(world, deployment, state, rule, VERDICT_PASS, in_ms + dice_between(&world->dice, 1, 900));
        return;
    }
    if (is_silent || world_fault(world, FAULT_VERDICT_SILENT))
        return;
    if (world_fault(world, FAULT_VERDICT_LATE))
        in_ms += duration_ms * 2;
    put(world, deployment, state, rule, VERDICT_PASS, in_ms);
    if (!world_fault(world, FAULT_VERDICT_FLAPS))
        return;
    put(world, deployment, state, rule, VERDICT_INCONCLUSIVE, in_ms + dice_between(&world->dice, 1, 300));
    put(world, deployment, state, rule, VERDICT_PASS, in_ms + dice_between(&world->dice, 301, 1500));
}

void verdicts_expected(struct world *world, uint64_t deployment, const struct deployment_state *state)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct plan *plan = stored->exists ? oracle_plan(world, deployment) : NULL;

    if (plan == NULL || (state->phase != PHASE_RUNNING && state->phase != PHASE_WATCHING))
        return;
    if (state->step >= plan->count || plan->steps[state->step].kind != STEP_OBSERVE)
        return;
    for (uint8_t rule = 0; rule < plan->rule_count; rule++)
        judge(world, deployment, state, rule, plan->steps[state->step].duration_ms);
}

void verdicts_arrive(struct world *world, const struct occurrence *occurrence)
{
    struct judgement judgement = {
        .verdict = (enum verdict)occurrence->share,
        .reason = occurrence->share == VERDICT_INCONCLUSIVE ? REASON_TOO_FEW : REASON_DECIDED,
        .count = 100,
        .from_ms = occurrence->at_ms,
        .to_ms = shell_now_ms(world),
    };

    world->tally->evaluations++;
    world->tally->verdicts[occurrence->share]++;
    if (!ledger_find(world, occurrence->deployment)->exists)
        return;
    world_say(world, occurrence->deployment, "rule %u of attempt %u says %s", occurrence->rule,
              occurrence->attempt, verdict_name(judgement.verdict));
    if (judgement.verdict == VERDICT_FAIL)
        oracle_failed(world, occurrence->deployment, occurrence->rule);
    (void)engine_judgement(world->shell.engine, occurrence->deployment, occurrence->rule, &judgement);
    shell_turn(world);
}
