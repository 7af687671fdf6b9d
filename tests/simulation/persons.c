/* persons.c - what people do at a moment that nobody chose: verbs, freezes, quarantines, emergencies, and
 * what
 * has ended once more. SPDX-License-Identifier: MIT */
#include "tests/simulation/people.h"
#include "tests/simulation/world.h"

/* Somebody does not look whether one is under way; where that is escalated it is left to those who do. */
static void adopt_anyhow(struct world *world, uint8_t index)
{
    const struct target_state *target = &world->oracle.targets[index];
    const struct deployment_state *state = &world->oracle.histories[people_active_at(world, index) - 1].state;

    if (target->has_stable && !state->is_escalated)
        people_say_target(world, index, TARGET_ADOPT, target->stable_version_key, target->stable_slot, 0);
}

/* A fix that cannot wait; sometimes what is on its way already. */
static void start_emergency(struct world *world, uint8_t site)
{
    struct people *people = &world->people;
    struct request *request = people_request(world, site);

    if (request == NULL)
        return;
    request->is_emergency = true;
    request->is_stable_bad = dice_chance(&world->dice, 4000);
    request->play = people_play(world, site);
    request->version =
        dice_chance(&world->dice, 3000) ? people->last_version[site] : people_version_for_run(world);
    people->last_version[site] = request->version;
    people_send_start(world, people->request_count - 1, 1);
}

/* Takes the newest promotion back while its old slot is kept. */
static void take_promotion_back(struct world *world, uint64_t deployment)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct deployment_state *state = &world->oracle.histories[deployment - 1].state;

    if (state->phase != PHASE_PROMOTED || stored->previous == 0 || stored->is_back ||
        !world->playbook->plays[stored->play].definition->plan->has_traffic ||
        (state->care != CARE_DUE && state->care != CARE_ACTING))
        return;
    struct request *request = people_request(world, stored->site);
    if (request == NULL)
        return;
    request->is_back = true;
    request->play = stored->play;
    request->version = stored->previous;
    request->previous = stored->version;
    request->taken_back = deployment;
    people_send_start(world, world->people.request_count - 1, 1);
}

/* Once more what has ended, by whoever may take it out of quarantine or may not. */
static void retry(struct world *world, uint64_t deployment)
{
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct deployment_state *state = &world->oracle.histories[deployment - 1].state;

    if (!phase_is_terminal(state->phase) || state->phase == PHASE_PROMOTED || stored->is_back)
        return;
    struct request *request = people_request(world, stored->site);
    if (request == NULL)
        return;
    request->play = stored->play;
    request->version = world->people.last_version[stored->site] = stored->version;
    request->retries = deployment;
    request->takes_out = dice_chance(&world->dice, 7000);
    people_send_start(world, world->people.request_count - 1, 1);
}

/* The newest deployment of a site; 0: there is none. */
static uint64_t newest_at(const struct world *world, uint8_t site)
{
    uint64_t id = world->oracle.highest;

    while (id > 0 &&
           (!world->oracle.histories[id - 1].exists || world->ledger.deployments[id - 1].site != site))
        id--;
    return id;
}

static void person_at_site(struct world *world, uint8_t site)
{
    uint64_t newest = newest_at(world, site);

    switch (dice_below(&world->dice, 9)) {
    case 0:
        if (dice_chance(&world->dice, 2000)) /* of all of them */
            site = SITES_ALL;
        if (dice_chance(&world->dice, 5000)) {
            people_say_target(world, site, TARGET_FREEZE, (uint64_t)dice_between(&world->dice, 1, 20000), 0,
                              0);
            return;
        }
        people_say_target(world, site, TARGET_FREEZE, 0, 0, 0);
        people_say_target(world, site, TARGET_UNFREEZE, 0, 0, dice_between(&world->dice, 500, 9000));
        return;
    case 1:
        people_say_target(world, site, TARGET_QUARANTINE_ADD, world->people.last_version[site], 0, 0);
        return;
    case 2:
    case 3:
        people_say_target(world, site, TARGET_QUARANTINE_CLEAR, world->people.last_version[site], 0, 0);
        return;
    case 4:
        if (people_active_at(world, site) == 0)
            people_adopt(world, site);
        else
            adopt_anyhow(world, site);
        return;
    case 5:
        if (newest > 0)
            take_promotion_back(world, newest);
        return;
    case 6:
        start_emergency(world, site);
        return;
    default:
        if (newest > 0)
            retry(world, newest);
        return;
    }
}

void people_person(struct world *world, const struct occurrence *occurrence)
{
    uint8_t site = (uint8_t)dice_below(&world->dice, world->site_count);
    uint64_t deployment = world->oracle.highest;
    int64_t pause_ms = PEOPLE_PERSON_MS * (int64_t)(world->is_samples ? 12 : 1);

    if (occurrence->deployment != 0) {
        take_promotion_back(world, occurrence->deployment);
        return;
    }
    if (world->now_ms >= world->people.quiet_ms)
        return;
    if (deployment > 3 && dice_chance(&world->dice, 7000))
        deployment -= dice_below(&world->dice, 3);
    if (dice_chance(&world->dice, 3500))
        person_at_site(world, site);
    else if (deployment > 0)
        people_say(world, deployment, (enum verb)dice_below(&world->dice, VERB_COUNT - 1), 0);
    world_later(world, dice_between(&world->dice, 100, 2 * pause_ms),
                &(struct occurrence){.kind = OCCURS_PERSON});
}
