/* oracle_effects.c - what leaves the process needs an intent, and everything before it must have happened.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

static bool is_gate_open(const struct oracle_history *history, const struct plan_step *step, uint8_t index)
{
    const struct oracle_step *seen = &history->steps[index];
    bool is_waived = history->is_overridden;

    switch (step->kind) {
    case STEP_COMMAND:
    case STEP_SMOKE:
        /* Past the point of no return people may go on although it failed. */
        return seen->is_done || (is_waived && seen->has_failed);
    case STEP_ROUTE:
        return seen->is_done || (is_waived && step->share < SHARE_WHOLE);
    case STEP_MIRROR:
        return seen->is_done || (is_waived && step->share > 0);
    case STEP_OBSERVE:
        return is_waived || (seen->attempt != 0 && seen->passed_attempt == seen->attempt);
    case STEP_APPROVE:
        return is_waived || history->is_emergency || seen->approvals >= step->approvals;
    case STEP_GATE:
        return is_waived || history->is_emergency || seen->is_done;
    case STEP_REPLACE:
        return history->hosts_ready >= step->hosts;
    }
    return false;
}

bool oracle_gates_hold(struct world *world, uint64_t deployment, uint8_t step, char *ret_why)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);

    for (uint8_t i = 0; i < step; i++)
        if (!is_gate_open(history, &plan->steps[i], i)) {
            (void)snprintf(ret_why, ORACLE_TEXT_MAX, "step %u (%s) is not done", i,
                           step_kind_name(plan->steps[i].kind));
            return false;
        }
    return true;
}

bool oracle_is_wanted(const struct plan *plan, uint8_t step, uint8_t rule, uint32_t muted)
{
    uint32_t bit = UINT32_C(1) << rule;
    uint16_t share = 0;

    for (uint8_t i = 0; i < step && i < plan->count; i++)
        if (plan->steps[i].kind == STEP_ROUTE)
            share = plan->steps[i].share;
    if (plan->rules[rule] != PLAN_RULE_ACT_ROLLBACK && plan->rules[rule] != PLAN_RULE_ACT_HOLD)
        return false;
    if (share == SHARE_WHOLE && (plan->beside_stable & bit) != 0)
        return false;
    return (muted & bit) == 0;
}

static void check_forward(struct world *world, uint64_t deployment, const struct action *action, uint8_t step)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    char why[ORACLE_TEXT_MAX];

    if (history->has_failed)
        oracle_violate(world, "S3", deployment, "%s %u goes forward after a FAIL",
                       action_kind_name(action->kind), action->sequence);
    if (history->has_gone_back)
        oracle_violate(world, "S3", deployment, "%s %u goes forward on the way back",
                       action_kind_name(action->kind), action->sequence);
    if (history->went_ahead)
        oracle_violate(world, "S5", deployment, "%s %u goes forward after a route to stable",
                       action_kind_name(action->kind), action->sequence);
    if (!oracle_gates_hold(world, deployment, step, why))
        oracle_violate(world, "S2", deployment, "%s %u of step %u leaves, but %s",
                       action_kind_name(action->kind), action->sequence, step, why);
}

/* The step that routes so much; shares rise from step to step. */
static uint8_t step_of_share(const struct plan *plan, uint16_t share)
{
    for (uint8_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_ROUTE && plan->steps[i].share >= share)
            return i;
    return plan->count;
}

/* Somebody promoted it past a command that had failed: what runs there, that person answers for. */
static bool is_answered_for(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    for (uint32_t i = 0; history->is_overridden && i < history->action_count; i++)
        if (history->actions[i].kind == ACTION_COMMAND && history->actions[i].has_end &&
            !history->actions[i].is_done)
            return true;
    return false;
}

static void check_back_target(struct world *world, uint64_t deployment)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct target_state *target = &world->oracle.targets[stored->site];
    const struct site *site = &world->sites[stored->site];
    const struct deployment_state *state = &oracle_history(world, deployment)->state;

    if (!target->has_stable)
        oracle_violate(world, "S9", deployment, "goes back, and nothing is proven");
    else if (target->stable_deployment != 0 && /* else a person answers for it */
             site->versions[state->stable_slot] != target->stable_version_key &&
             !is_answered_for(world, target->stable_deployment))
        oracle_violate(world, "S9", deployment, "goes back to slot %u where %llu runs, and %llu is stable",
                       state->stable_slot, (unsigned long long)site->versions[state->stable_slot],
                       (unsigned long long)target->stable_version_key);
}

static void check_forward_target(struct world *world, uint64_t deployment)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct site *site = &world->sites[stored->site];
    const struct deployment_state *state = &oracle_history(world, deployment)->state;

    if (stored->is_back && site->versions[state->slot] != stored->version)
        oracle_violate(world, "S9", deployment, "takes back to slot %u where %llu runs instead of %llu",
                       state->slot, (unsigned long long)site->versions[state->slot],
                       (unsigned long long)stored->version);
}

static void check_route(struct world *world, uint64_t deployment, const struct action *action, bool is_ahead)
{
    struct oracle *oracle = &world->oracle;
    struct oracle_history *history = oracle_history(world, deployment);
    uint8_t site = ledger_find(world, deployment)->site;
    bool is_forward = action->share > history->confirmed && action->share > 0;
    bool is_other = oracle->route_owner[site] != 0 && (oracle->route_owner[site] != deployment ||
                                                       oracle->route_sequence[site] != action->sequence);

    if (action->share > SHARE_WHOLE)
        oracle_violate(world, "S6", deployment, "a share of %u", action->share);
    if (action->share > 0 && world->sites[site].lever.mirror > 0 &&
        oracle_plan(world, deployment)->has_mirror)
        oracle_violate(world, "S6", deployment, "users are routed while their requests are copied");
    if (is_other && action->share > 0)
        oracle_violate(world, "S6", deployment, "route %u leaves while %llu's %u is on its way",
                       action->sequence, (unsigned long long)oracle->route_owner[site],
                       oracle->route_sequence[site]);
    oracle->route_owner[site] = deployment;
    oracle->route_sequence[site] = action->sequence;
    if (is_forward && history->is_lowered)
        oracle_violate(world, "S6", deployment, "gives back what another hand took");
    if (is_forward || action->share > history->share_most) {
        check_forward(world, deployment, action,
                      step_of_share(oracle_plan(world, deployment), action->share));
        check_forward_target(world, deployment);
    }
    if (action->share > history->share_most)
        history->share_most = action->share;
    if (action->share == 0) {
        check_back_target(world, deployment);
        oracle_due_drop(world, DUE_BACK, deployment, 0);
    }
    if (is_ahead) {
        history->went_ahead = true;
        history->ahead_number = world->shell.batches;
    }
}

/* Copies need what a route needs, and are never beside users of the candidate. */
static void check_mirror(struct world *world, uint64_t deployment, const struct action *action)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    uint8_t step = 0;

    while (step < plan->count &&
           (plan->steps[step].kind != STEP_MIRROR || plan->steps[step].share < action->share))
        step++;
    if (action->share > SHARE_WHOLE || step == plan->count)
        oracle_violate(world, "S6", deployment, "copies of %u that no step asks for", action->share);
    if (action->share == 0)
        return;
    check_forward(world, deployment, action, step);
    if (history->share_most > 0)
        oracle_violate(world, "S6", deployment, "copies begin, and the candidate has had %u of the users",
                       history->share_most);
}

static void check_ahead(struct world *world, uint64_t deployment, const struct action *action)
{
    const struct shell *shell = &world->shell;
    bool is_slow = shell->commit != NULL && shell_now_ms(world) - shell->commit->now_ms >= ENGINE_AHEAD_MS;

    if (action->kind != ACTION_ROUTE || action->share != 0)
        oracle_violate(world, "S5", deployment, "%s %u with share %u leaves ahead of the journal",
                       action_kind_name(action->kind), action->sequence, action->share);
    else if (!is_slow && !shell->is_refused)
        oracle_violate(world, "S5", deployment, "ahead of a journal that is well");
}

/* The same key until an end is known; the next key after it. */
static void check_key(struct world *world, uint64_t deployment, const struct action *action,
                      struct oracle_action *seen)
{
    bool is_same = action->tries == seen->tries;

    if (action->kind != seen->kind || action->reference != seen->reference || action->share != seen->share)
        oracle_violate(world, "S5", deployment, "the key %u stands for something else now", action->sequence);
    /* All of traffic to stable may be said as often as one likes, and who changes nothing be asked. */
    bool is_safe = action->kind == ACTION_GATE || (action->kind == ACTION_ROUTE && action->share == 0);
    if (seen->has_left && !is_same && !seen->has_end && !is_safe)
        oracle_violate(world, "S5", deployment, "%s %u is driven again under another key (%u, %u)",
                       action_kind_name(action->kind), action->sequence, seen->tries, action->tries);
    seen->has_left = true;
    seen->said = is_same ? seen->said : 0;
    seen->tries = action->tries;
    seen->has_end = false;
}

static struct oracle_action *find_action(struct oracle_history *history, uint32_t sequence)
{
    for (uint32_t i = history->action_count; i-- > 0;)
        if (history->actions[i].sequence == sequence)
            return &history->actions[i];
    return NULL;
}

/* Nobody is asked but for the step that waits for it. */
static void check_ask(struct world *world, uint64_t deployment, const struct action *action, uint8_t step)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    check_forward(world, deployment, action, step);
    if (history->is_held || history->step != step || history->state.phase != PHASE_RUNNING)
        oracle_violate(world, "gate", deployment, "step %u is asked for, and nobody waits for it", step);
}

static void check_back(struct world *world, uint64_t deployment, const struct action *action)
{
    const struct oracle_history *history = oracle_history(world, deployment);

    if (!history->has_gone_back)
        oracle_violate(world, "S5", deployment, "%s %u of a way back that is not durable",
                       action_kind_name(action->kind), action->sequence);
    oracle_due_drop(world, DUE_BACK, deployment, 0);
}

void oracle_effect(struct world *world, uint64_t deployment, const struct action *action, bool is_ahead)
{
    struct oracle_history *history = oracle_history(world, deployment);
    struct oracle_action *seen = find_action(history, action->sequence);

    oracle_mix(world, action->sequence + ((uint64_t)action->share << 32));
    if (is_ahead) {
        check_ahead(world, deployment, action);
    } else if (seen == NULL) {
        if (history->action_count < ORACLE_ACTIONS_MAX)
            oracle_violate(world, "S5", deployment, "%s %u leaves without a durable intent",
                           action_kind_name(action->kind), action->sequence);
    } else {
        check_key(world, deployment, action, seen);
    }
    oracle_due_drop(world, DUE_REDRIVE, deployment, 0);
    if (action->kind == ACTION_ROUTE)
        check_route(world, deployment, action, is_ahead);
    else if (action->kind == ACTION_MIRROR)
        check_mirror(world, deployment, action);
    else if (action->is_rollback)
        check_back(world, deployment, action);
    else if (seen != NULL && action->kind == ACTION_GATE)
        check_ask(world, deployment, action, seen->step);
    else if (seen != NULL && (action->kind == ACTION_COMMAND || action->kind == ACTION_SMOKE) &&
             history->state.phase != PHASE_PROMOTED)
        check_forward(world, deployment, action, seen->step);
}

/* An answer came; one of an earlier try says nothing of the newest. */
void oracle_said(struct world *world, uint64_t deployment, const struct action *action, enum result result)
{
    struct oracle_action *seen = find_action(oracle_history(world, deployment), action->sequence);

    if (seen != NULL && seen->tries == action->tries)
        seen->said |= (uint8_t)(1u << result);
}

/* An answer arrived, or the deployment ended: the lever is free again. */
void oracle_result(struct world *world, uint64_t deployment, const struct action *action)
{
    struct oracle *oracle = &world->oracle;
    uint8_t site = ledger_find(world, deployment)->site;

    if (oracle->route_owner[site] == deployment &&
        (action == NULL || oracle->route_sequence[site] == action->sequence))
        oracle->route_owner[site] = 0;
}
