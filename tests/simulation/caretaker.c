/* caretaker.c - who brings everything to an end when the faults are over.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/world.h"

static void bring_to_end(struct world *world, uint64_t deployment, int64_t quiet_for_ms)
{
    static const uint8_t held[] = {VERB_RESUME, VERB_PROMOTE, VERB_ABORT, VERB_PROMOTE_FULL};
    const struct deployment_state *state = &world->oracle.histories[deployment - 1].state;
    bool is_doomed = state->ending != ENDING_NONE;

    if (state->phase == PHASE_ROLLING_BACK) {
        if (state->is_escalated && quiet_for_ms > 90000)
            people_adopt(world, ledger_find(world, deployment)->site);
        return;
    }
    if (state->step_state == STEP_WAITING)
        people_say(world, deployment, VERB_APPROVE, 0);
    if (state->step_state != STEP_HELD)
        return;
    if (is_doomed)
        people_say(world, deployment,
                   quiet_for_ms > 60000 || dice_chance(&world->dice, 5000) ? VERB_ROLLBACK_PAST
                                                                           : VERB_PROMOTE_FULL,
                   0);
    else if (quiet_for_ms > 60000)
        people_say(world, deployment, VERB_ABORT, 0);
    else
        people_say(world, deployment, (enum verb)held[dice_below(&world->dice, sizeof(held))], 0);
}

static void open_door(struct world *world, uint8_t index)
{
    const struct target_state *target = &world->oracle.targets[index];

    if (target->is_frozen || target->is_braked)
        people_say_target(world, index, TARGET_UNFREEZE, 0, 0, 0);
}

static bool is_ended(const struct oracle_history *history)
{
    return !history->exists || (phase_is_terminal(history->state.phase) && history->state.care != CARE_DUE &&
                                history->state.care != CARE_ACTING);
}

static bool all_ended(const struct world *world)
{
    const struct people *people = &world->people;

    for (uint32_t i = 0; i < people->request_count; i++)
        if (!people->requests[i].is_answered)
            return false;
    for (uint64_t id = 1; id <= world->oracle.highest; id++)
        if (!is_ended(&world->oracle.histories[id - 1]))
            return false;
    return world->shell.is_up && world->shell.commit == NULL;
}

void people_caretaker(struct world *world)
{
    int64_t quiet_for_ms = world->now_ms - world->people.quiet_ms;

    oracle_check_end(world, quiet_for_ms);
    oracle_runs_end(world, quiet_for_ms);
    bool is_over = runs_care(world);
    if (all_ended(world) && is_over) {
        world->people.is_over = true;
        return;
    }
    bool is_listened_to = world->shell.is_up && !world->shell.is_stopped;
    for (uint8_t i = 0; i < world->site_count && is_listened_to; i++) {
        uint64_t deployment = people_active_at(world, i);
        open_door(world, i);
        if (deployment != 0)
            bring_to_end(world, deployment, quiet_for_ms);
    }
    if (is_listened_to)
        open_door(world, SITES_ALL);
    world_later(world, 1000, &(struct occurrence){.kind = OCCURS_CARETAKER});
}
