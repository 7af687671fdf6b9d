/* oracle_back.c - what a way back has done when it is over: everything that was started is taken back.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

static bool has_result(const struct oracle_history *history, enum action_kind kind, uint16_t reference)
{
    for (uint32_t i = 0; i < history->action_count; i++) {
        const struct oracle_action *action = &history->actions[i];
        if (action->is_rollback && action->is_done && action->kind == kind &&
            (kind != ACTION_COMMAND || action->reference == reference))
            return true;
    }
    return false;
}

static bool must_be_undone(const struct oracle_action *action, const struct plan_step *step)
{
    return !action->is_rollback && action->kind == ACTION_COMMAND && step->undo != PLAN_NONE &&
           step->on_rollback == ON_ROLLBACK_UNDO;
}

/* Sequence of the newest run of a command that undid something, or 0. */
static uint32_t undone_by(const struct oracle_history *history, uint16_t undo)
{
    uint32_t sequence = 0;

    for (uint32_t i = 0; i < history->action_count; i++) {
        const struct oracle_action *action = &history->actions[i];
        if (action->is_rollback && action->is_done && action->kind == ACTION_COMMAND &&
            action->reference == undo)
            sequence = action->sequence;
    }
    return sequence;
}

static void check_traffic_back(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);

    if (plan->has_traffic && !has_result(history, ACTION_ROUTE, 0))
        oracle_violate(world, "S5", deployment, "rolled back, and its traffic did not go back");
    if ((plan->has_traffic || plan->verify != PLAN_NONE) && !has_result(history, ACTION_VERIFY, 0))
        oracle_violate(world, "S5", deployment, "rolled back, and nobody looked whether stable is well");
}

/* Of those that are undone first, or of the others; the sequence of what was undone last of them. */
static uint32_t check_undone(struct world *world, uint64_t deployment, bool is_first, uint32_t newest)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);

    for (uint32_t i = 0; i < history->action_count; i++) {
        const struct oracle_action *action = &history->actions[i];
        const struct plan_step *step = &plan->steps[action->step];
        if (!must_be_undone(action, step) || step->is_undone_first != is_first)
            continue;
        uint32_t undone = undone_by(history, step->undo);
        if (undone == 0)
            oracle_violate(world, "S5", deployment, "step %u was started and is not undone", action->step);
        if (undone > newest)
            oracle_violate(world, "S5", deployment, "step %u is undone in the wrong order", action->step);
        newest = undone;
    }
    return newest;
}

/* What wrote the files of a host is no way back; its undo is. */
static void check_files_back(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    uint16_t writes = plan->host_count > 0 ? plan->parts[REPLACE_CONFIGURE].reference : PLAN_NONE;

    for (uint32_t i = 0; i < history->action_count && writes != PLAN_NONE; i++)
        if (history->actions[i].is_rollback && history->actions[i].kind == ACTION_COMMAND &&
            history->actions[i].reference == writes)
            oracle_violate(world, "S5", deployment, "files were written on the way back");
}

/* Everything that was started is taken back, the last one first, and stable was looked at. */
void oracle_check_way_back(struct world *world, uint64_t deployment)
{
    uint32_t newest = check_undone(world, deployment, false, UINT32_MAX);

    (void)check_undone(world, deployment, true, newest);
    check_files_back(world, deployment);
    check_traffic_back(world, deployment);
}
