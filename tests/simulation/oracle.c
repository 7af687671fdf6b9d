/* oracle.c - violations, and promises that run out.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    BACK_MS = 1000,
    REDRIVE_MS = 2000,
    DRIFT_MS = SHELL_RECONCILE_MS + 1500,
    MEND_MS = SHELL_RECONCILE_MS
};

void oracle_init(struct world *world)
{
    struct oracle *oracle = &world->oracle;

    for (uint64_t i = 0; i < LEDGER_DEPLOYMENTS_MAX; i++) {
        oracle->histories[i].exists = false;
        oracle->is_evident[i] = true;
    }
    memset(oracle->targets, 0, sizeof(oracle->targets));
    for (int i = 0; i < SITES_TARGETS; i++)
        oracle->brakes[i] = (struct oracle_brake){0};
    memset(oracle->changed_by, 0, sizeof(oracle->changed_by));
    memset(oracle->route_owner, 0, sizeof(oracle->route_owner));
    memset(oracle->adopted_by, 0, sizeof(oracle->adopted_by));
    memset(oracle->free_up_ms, 0, sizeof(oracle->free_up_ms));
    oracle->is_violated = false;
    oracle->is_hashing = world->seed % 16 == 0;
    oracle->name[0] = oracle->text[0] = '\0';
    oracle->deployment = 0;
    oracle->hash = world->seed;
    oracle->due_count = 0;
    oracle->due_up_ms = INT64_MAX;
    oracle->highest = 0;
    oracle->row_count = 0;
}

void oracle_mix(struct world *world, uint64_t number)
{
    world->oracle.hash = (world->oracle.hash ^ number) * UINT64_C(0x100000001b3) + 1;
}

void oracle_violate(struct world *world, const char *invariant, uint64_t deployment, const char *format, ...)
{
    struct oracle *oracle = &world->oracle;
    va_list arguments;

    if (oracle->is_violated)
        return;
    oracle->is_violated = true;
    oracle->format = format;
    oracle->deployment = deployment;
    (void)snprintf(oracle->name, sizeof(oracle->name), "%s", invariant);
    va_start(arguments, format);
    (void)vsnprintf(oracle->text, sizeof(oracle->text), format, arguments);
    va_end(arguments);
    world_say(world, deployment, "VIOLATED %s: %s", oracle->name, oracle->text);
}

struct oracle_history *oracle_history(struct world *world, uint64_t deployment)
{
    return &world->oracle.histories[deployment - 1];
}

const struct plan *oracle_plan(struct world *world, uint64_t deployment)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);

    return play_plan(&world->playbook->plays[stored->play], stored->is_back);
}

/* Promises */

static void find_earliest(struct oracle *oracle)
{
    oracle->due_up_ms = INT64_MAX;
    for (uint32_t i = 0; i < oracle->due_count; i++)
        if (oracle->dues[i].up_ms < oracle->due_up_ms)
            oracle->due_up_ms = oracle->dues[i].up_ms;
}

void oracle_due_add(struct world *world, const struct oracle_due *due)
{
    struct oracle *oracle = &world->oracle;

    for (uint32_t i = 0; i < oracle->due_count; i++)
        if (oracle->dues[i].kind == due->kind && oracle->dues[i].deployment == due->deployment &&
            oracle->dues[i].site == due->site)
            return;
    if (oracle->due_count == ORACLE_DUES_MAX)
        return;
    oracle->dues[oracle->due_count++] = *due;
    find_earliest(oracle);
}

void oracle_due_drop(struct world *world, enum due_kind kind, uint64_t deployment, uint8_t site)
{
    struct oracle *oracle = &world->oracle;

    for (uint32_t i = 0; i < oracle->due_count; i++) {
        const struct oracle_due *due = &oracle->dues[i];
        if (due->kind != kind || due->deployment != deployment || due->site != site)
            continue;
        oracle->dues[i--] = oracle->dues[--oracle->due_count];
    }
    find_earliest(oracle);
}

/* A command was started that old code does not run on, or stable is bad and users are at stake: people
 * decide. */
static bool is_past_return(const struct oracle_history *history, const struct plan *plan)
{
    if (history->is_stable_bad && history->share_most > 0)
        return true;
    for (uint32_t i = 0; i < history->action_count; i++) {
        const struct oracle_action *action = &history->actions[i];
        if (action->kind == ACTION_COMMAND && !action->is_rollback && action->step < plan->count &&
            plan->steps[action->step].on_rollback == ON_ROLLBACK_HOLD)
            return !history->state.past_no_return;
    }
    return false;
}

/* On its way to the disk: a person says that stable is bad. */
static bool is_being_barred(const struct world *world, uint64_t deployment)
{
    const struct batch *batch = world->shell.commit;

    for (uint32_t i = 0; batch != NULL && i < batch->count; i++)
        if (batch->rows[i].kind == ROW_TRACE && batch->rows[i].deployment == deployment &&
            batch->rows[i].trace.kind == TRACE_EMERGENCY && batch->rows[i].trace.a != 0)
            return true;
    return false;
}

/* A rule that may take it back said FAIL: without traffic nothing can go ahead of the journal. */
void oracle_failed(struct world *world, uint64_t deployment, uint8_t rule)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    const struct deployment_state *state = &history->state;
    bool is_judged = state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;

    if (!is_judged || plan->rules[rule] != PLAN_RULE_ACT_ROLLBACK || state->ending != ENDING_NONE ||
        (state->muted & (UINT32_C(1) << rule)) != 0 || !plan->has_traffic || history->went_ahead ||
        is_past_return(history, plan) || is_being_barred(world, deployment) ||
        oracle_may_be_held(world, deployment, ledger_find(world, deployment)->site))
        return;
    oracle_due_add(world, &(struct oracle_due){.kind = DUE_BACK,
                                               .deployment = deployment,
                                               .sequence = rule,
                                               .up_ms = shell_up_ms(world) + BACK_MS});
}

/* What was in flight, by the journal, when the process came back. */
static void expect_redrive(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct deployment_state *state = &history->state;
    bool is_driven =
        !phase_is_terminal(state->phase) || (state->phase == PHASE_PROMOTED && state->care == CARE_ACTING);

    bool is_frozen = state->step_state == STEP_HELD && state->ending != ENDING_NONE;
    if (!is_driven || state->flight.kind == ACTION_NONE || state->flight.is_waiting || is_frozen)
        return;
    oracle_due_add(world, &(struct oracle_due){.kind = DUE_REDRIVE,
                                               .deployment = deployment,
                                               .sequence = state->flight.sequence,
                                               .up_ms = shell_up_ms(world) + REDRIVE_MS});
}

/* A sign in the runtime folder is a FAIL that did not reach the journal (S5), unless it is doomed already. */
static bool expect_back(struct world *world, uint64_t deployment)
{
    struct oracle_history *history = oracle_history(world, deployment);
    bool is_judged = history->state.phase == PHASE_RUNNING || history->state.phase == PHASE_WATCHING;

    if (!is_judged || history->state.ending != ENDING_NONE || !ledger_find(world, deployment)->has_tombstone)
        return false;
    history->has_failed = history->had_fail = history->has_sign = true;
    if (!is_past_return(history, oracle_plan(world, deployment)))
        oracle_due_add(world, &(struct oracle_due){.kind = DUE_BACK,
                                                   .deployment = deployment,
                                                   .sequence = UINT8_MAX,
                                                   .up_ms = shell_up_ms(world) + BACK_MS});
    return true;
}

/* More than wanted is known, and is to be mended. */
void oracle_expect_mend(struct world *world, uint64_t deployment)
{
    oracle_due_add(world, &(struct oracle_due){.kind = DUE_MEND,
                                               .deployment = deployment,
                                               .up_ms = shell_up_ms(world) + MEND_MS});
}

void oracle_restarted(struct world *world)
{
    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (!history->exists)
            continue;
        if (world->shell.life > 1)
            oracle_note_restart(world, id);
        if (!expect_back(world, id))
            expect_redrive(world, id);
        if (history->state.confirmed_share > history->state.desired_share)
            oracle_expect_mend(world, id);
    }
    oracle_runs_restarted(world, shell_up_ms(world) + REDRIVE_MS);
}

/* What had left ahead of the journal is forgotten where neither it nor a sign of it is left. */
void oracle_rebooted(struct world *world)
{
    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        struct oracle_history *history = oracle_history(world, id);
        if (!history->has_gone_back)
            history->went_ahead = false;
        if (history->has_sign)
            history->has_failed = false;
        history->has_sign = false;
    }
}

/* Verdicts that were not written yet are lost with the process; what is on the disk stays promised. */
void oracle_died(struct world *world)
{
    struct oracle *oracle = &world->oracle;

    for (uint32_t i = 0; i < oracle->due_count; i++)
        if (oracle->dues[i].kind != DUE_DRIFT)
            oracle->dues[i--] = oracle->dues[--oracle->due_count];
    for (uint32_t i = 0; i < oracle->due_count; i++)
        oracle->dues[i].up_ms += DRIFT_MS;
    find_earliest(oracle);
    memset(oracle->route_owner, 0, sizeof(oracle->route_owner));
}

static uint64_t shifted_at(const struct world *world, uint8_t site)
{
    for (uint64_t id = world->oracle.highest; id > 0; id--) {
        const struct oracle_history *history = &world->oracle.histories[id - 1];
        if (history->exists && world->ledger.deployments[id - 1].site == site &&
            (history->state.phase == PHASE_RUNNING || history->state.phase == PHASE_WATCHING))
            return id;
    }
    return 0;
}

void oracle_hand(struct world *world, uint8_t site, uint16_t before)
{
    uint64_t deployment = shifted_at(world, site);

    if (deployment == 0 || !oracle_plan(world, deployment)->has_traffic)
        return;
    const struct deployment_state *state = &oracle_history(world, deployment)->state;
    uint16_t candidate = state->slot == 1 ? before : (uint16_t)(SHARE_WHOLE - before);
    if (candidate <= state->desired_share) /* not too much until now */
        oracle_due_drop(world, DUE_DRIFT, deployment, site);
    oracle_due_add(world, &(struct oracle_due){.kind = DUE_DRIFT,
                                               .deployment = deployment,
                                               .site = site,
                                               .up_ms = shell_up_ms(world) + DRIFT_MS});
}

/* Is it still more than anybody asked for, and did nobody notice? */
static bool is_drifted(struct world *world, const struct oracle_due *due)
{
    const struct oracle_history *history = oracle_history(world, due->deployment);
    const struct deployment_state *state = &history->state;
    const struct site *site = &world->sites[due->site];

    if (state->phase != PHASE_RUNNING && state->phase != PHASE_WATCHING)
        return false;
    return state->flight.kind != ACTION_ROUTE && world->oracle.route_owner[due->site] == 0 &&
           site->lever.share[state->slot] > history->confirmed &&
           site->lever.share[state->slot] > state->desired_share;
}

/* Where the lever does not obey, people are called. */
static bool has_called(const struct oracle_history *history)
{
    const struct oracle_action *newest = &history->actions[history->action_count - 1];

    return history->action_count > 0 && history->state.is_escalated && newest->kind == ACTION_ROUTE &&
           newest->has_end && !newest->is_done;
}

/* It is still more than the last intent. */
static bool is_unmended(const struct oracle_history *history)
{
    const struct deployment_state *state = &history->state;
    bool is_judged = state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;

    return is_judged && history->confirmed > state->desired_share && !has_called(history);
}

bool oracle_is_journal_well(const struct world *world, int64_t since_ms)
{
    const struct shell *shell = &world->shell;

    return world->ledger.mode == LEDGER_FINE && shell->commit == NULL &&
           shell_up_ms(world) > shell->trouble_up_ms + since_ms;
}

/* Is this the intent of a command that old code does not run on? */
static bool is_of_no_return(const struct plan *plan, const struct batch_row *row)
{
    const struct plan_step *step = &plan->steps[row->state->step];

    return row->kind == ROW_ACTION && row->action.kind == ACTION_COMMAND && !row->action.is_rollback &&
           row->state->step < plan->count && step->on_rollback == ON_ROLLBACK_HOLD;
}

/* Does this row of the batch that the journal has in hand take the ground from a FAIL that came since? */
static bool takes_ground(const struct plan *plan, const struct batch_row *row)
{
    if (is_of_no_return(plan, row))
        return true;
    if (row->kind != ROW_TRACE)
        return false;
    if (row->trace.kind == TRACE_PHASE && row->trace.a == PHASE_PROMOTED)
        return true;
    return row->token != 0 && (row->trace.kind == TRACE_OVERRIDE || row->trace.kind == TRACE_MUTED ||
                               row->trace.kind == TRACE_STEP_PASS);
}

/* It was promoted, or past the point of no return, or somebody said to go on, before the rule said FAIL, and
 * the journal still has it in hand. */
static bool is_superseded(struct world *world, uint64_t deployment, uint32_t rule)
{
    const struct batch *batch = world->shell.commit;

    if ((world->oracle.histories[deployment - 1].state.muted & (UINT32_C(1) << rule)) != 0)
        return true;
    for (uint32_t i = 0; batch != NULL && i < batch->count; i++)
        if (batch->rows[i].deployment == deployment &&
            takes_ground(oracle_plan(world, deployment), &batch->rows[i]))
            return true;
    return false;
}

static void put_off(struct world *world, const struct oracle_due *due, int64_t for_ms)
{
    struct oracle_due later = *due;

    later.up_ms = shell_up_ms(world) + for_ms;
    oracle_due_add(world, &later);
}

static void back_is_due(struct world *world, const struct oracle_due *due)
{
    const struct oracle_history *history = oracle_history(world, due->deployment);

    if (!is_superseded(world, due->deployment, due->sequence) &&
        !is_past_return(history, oracle_plan(world, due->deployment)))
        oracle_violate(world, "L2", due->deployment, "no way back within a second of a FAIL");
}

static void redrive_is_due(struct world *world, const struct oracle_due *due)
{
    if (!oracle_is_journal_well(world, REDRIVE_MS))
        put_off(world, due, REDRIVE_MS);
    else
        oracle_violate(world, "L4", due->deployment, "action %u is not driven again after a restart",
                       due->sequence);
}

static void task_is_due(struct world *world, const struct oracle_due *due)
{
    if (!oracle_is_journal_well(world, REDRIVE_MS))
        put_off(world, due, REDRIVE_MS);
    else
        oracle_violate(world, "L4", 0, "task %u of run %llu is not driven again after a restart", due->site,
                       (unsigned long long)due->deployment);
}

static void drift_is_due(struct world *world, const struct oracle_due *due)
{
    int64_t quiet_ms = world->people.quiet_ms;
    bool is_just_quiet = world->now_ms >= quiet_ms && world->now_ms < quiet_ms + DRIFT_MS;

    if (!is_drifted(world, due))
        return;
    if (!oracle_is_journal_well(world, DRIFT_MS) || world->rates.per_myriad[FAULT_READ_BACK_LOST] != 0 ||
        is_just_quiet)
        put_off(world, due, DRIFT_MS);
    else
        oracle_violate(world, "S6", due->deployment, "site %u: more traffic than wanted, and nobody notices",
                       due->site + 1);
}

static void mend_is_due(struct world *world, const struct oracle_due *due)
{
    const struct oracle_history *history = oracle_history(world, due->deployment);

    if (!is_unmended(history))
        return;
    if (!oracle_is_journal_well(world, MEND_MS) || history->state.flight.kind != ACTION_NONE)
        put_off(world, due, MEND_MS);
    else
        oracle_violate(world, "S6", due->deployment, "more traffic than wanted is known, and not mended");
}

static void run_out(struct world *world, const struct oracle_due *due)
{
    switch (due->kind) {
    case DUE_BACK:
        back_is_due(world, due);
        return;
    case DUE_REDRIVE:
        redrive_is_due(world, due);
        return;
    case DUE_DRIFT:
        drift_is_due(world, due);
        return;
    case DUE_MEND:
        mend_is_due(world, due);
        return;
    case DUE_TASK:
        task_is_due(world, due);
        return;
    }
}

void oracle_check(struct world *world)
{
    struct oracle *oracle = &world->oracle;
    int64_t up_ms = shell_up_ms(world);

    if (up_ms <= oracle->due_up_ms)
        return;
    for (uint32_t i = 0; i < oracle->due_count; i++) {
        if (up_ms <= oracle->dues[i].up_ms)
            continue;
        struct oracle_due due = oracle->dues[i];
        oracle->dues[i--] = oracle->dues[--oracle->due_count];
        run_out(world, &due);
    }
    find_earliest(oracle);
}
