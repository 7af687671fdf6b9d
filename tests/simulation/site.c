/* site.c - the proxy and the probes of a site, and what can be wrong with their answers.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/site.h"

#include "tests/simulation/farm.h"
#include "tests/simulation/world.h"

#include <assert.h>
#include <string.h>

void site_init(struct world *world, struct site *site, enum site_kind kind, uint32_t target)
{
    (void)world;
    memset(site, 0, sizeof(*site));
    site->kind = kind;
    site->target = target;
    site->lever.share[0] = site->lever.file[0] = SHARE_WHOLE;
}

static struct site *site_of(struct world *world, uint64_t deployment)
{
    return &world->sites[ledger_find(world, deployment)->site];
}

/* Answers */

void site_answer(struct world *world, uint64_t deployment, const struct action *action, enum result result,
                 int64_t after_ms)
{
    struct occurrence answer = {.kind = OCCURS_RESULT,
                                .life = world->shell.life,
                                .deployment = deployment,
                                .sequence = action->sequence,
                                .attempt = action->tries,
                                .rule = (uint8_t)action->kind,
                                .share = (uint16_t)result};

    if (world_fault(world, FAULT_ANSWER_LOST))
        return;
    if (world_fault(world, FAULT_ANSWER_LATE))
        after_ms += dice_between(&world->dice, 500, 9000);
    world_later(world, after_ms, &answer);
    if (action->kind != ACTION_COMMAND && world_fault(world, FAULT_ANSWER_TWICE))
        world_later(world, after_ms + dice_between(&world->dice, 0, 1200), &answer);
}

/* The lever: everything for one proxy stays in order */

static void to_lever(struct world *world, const struct deployment_state *state, enum lever_call call,
                     const struct action *action)
{
    struct site *site = site_of(world, state->id);
    int64_t at_ms = world->now_ms + dice_between(&world->dice, 1, 12);

    if (at_ms < site->lever.busy_until_ms)
        at_ms = site->lever.busy_until_ms;
    site->lever.busy_until_ms = at_ms;
    world_later(world, at_ms - world->now_ms,
                &(struct occurrence){.kind = OCCURS_LEVER,
                                     .life = world->shell.life,
                                     .target = site->target,
                                     .deployment = state->id,
                                     .sequence = action->sequence,
                                     .share = action->share,
                                     .rule = (uint8_t)call,
                                     .attempt = (uint32_t)(state->slot | state->stable_slot << 8) |
                                                (uint32_t)action->tries << 16});
}

static void set_share(struct site *site, uint8_t slot, uint8_t stable_slot, uint16_t share)
{
    if (slot == stable_slot)
        return;
    site->lever.share[slot] = share;
    site->lever.share[stable_slot] = (uint16_t)(SHARE_WHOLE - share);
}

static void lever_set(struct world *world, struct site *site, const struct occurrence *occurrence,
                      const struct action *action)
{
    uint64_t number = (occurrence->deployment << 24) + occurrence->sequence;
    uint8_t slot = occurrence->attempt & 0xff;
    uint8_t stable_slot = (uint8_t)(occurrence->attempt >> 8);
    enum result result = RESULT_DONE;

    if (number < site->lever.number || world_fault(world, FAULT_LEVER_FAILS)) {
        site_answer(world, occurrence->deployment, action, RESULT_AGAIN, dice_between(&world->dice, 1, 30));
        return;
    }
    site->lever.number = number;
    site->lever.is_anew = false;
    site->lever.mirror = action->kind == ACTION_MIRROR ? occurrence->share : 0;
    if (action->kind != ACTION_MIRROR &&
        (world->slip != SLIP_CONFIRM_BLIND || !dice_chance(&world->dice, 2000)))
        set_share(site, slot, stable_slot, occurrence->share);
    if (dice_chance(&world->dice, 9000))
        memcpy(site->lever.file, site->lever.share, sizeof(site->lever.file));
    if (world_fault(world, FAULT_LEVER_PARTIAL))
        result = RESULT_AGAIN;
    world_say(world, occurrence->deployment, "the proxy has %u %u", site->lever.share[0],
              site->lever.share[1]);
    oracle_mix(world, site->lever.share[0]);
    site_answer(world, occurrence->deployment, action, result, dice_between(&world->dice, 1, 12));
}

static void lever_read(struct world *world, const struct site *site, const struct occurrence *occurrence)
{
    if (world_fault(world, FAULT_READ_BACK_LOST))
        return;
    world_later(world, 1,
                &(struct occurrence){.kind = OCCURS_READ_BACK,
                                     .life = occurrence->life,
                                     .deployment = occurrence->deployment,
                                     .rule = site->lever.is_anew,
                                     .share = site->lever.share[occurrence->attempt & 0xff]});
}

static bool is_stable_sick(struct world *world, struct site *site)
{
    if (world_fault(world, FAULT_STABLE_SICK))
        site->sick_until_ms = world->now_ms + dice_between(&world->dice, 500, 20000);
    return world->now_ms < site->sick_until_ms;
}

static enum result verify(struct world *world, struct site *site, const struct occurrence *occurrence)
{
    uint8_t slot = occurrence->attempt & 0xff;
    uint8_t stable_slot = (uint8_t)(occurrence->attempt >> 8);
    const struct plan *plan = oracle_plan(world, occurrence->deployment);

    if (plan->has_traffic && slot != stable_slot && site->lever.share[slot] != 0)
        return RESULT_AGAIN;
    return is_stable_sick(world, site) ? RESULT_FAILED : RESULT_DONE;
}

void site_lever(struct world *world, const struct occurrence *occurrence)
{
    struct site *site = &world->sites[occurrence->target - 1];
    struct action action = {.kind = ACTION_ROUTE,
                            .sequence = occurrence->sequence,
                            .tries = (uint16_t)(occurrence->attempt >> 16),
                            .share = occurrence->share};

    /* What a dead process had not sent in full never arrives. */
    if (occurrence->life != world->shell.life && dice_chance(&world->dice, 5000))
        return;
    switch ((enum lever_call)occurrence->rule) {
    case LEVER_MIRROR:
        action.kind = ACTION_MIRROR;
        lever_set(world, site, occurrence, &action);
        return;
    case LEVER_SET:
        lever_set(world, site, occurrence, &action);
        return;
    case LEVER_READ:
        lever_read(world, site, occurrence);
        return;
    case LEVER_VERIFY:
        action.kind = ACTION_VERIFY;
        site_answer(world, occurrence->deployment, &action, verify(world, site, occurrence),
                    dice_between(&world->dice, 1, 400));
        return;
    case LEVER_REHEARSE:
        action.kind = ACTION_REHEARSE;
        site_answer(world, occurrence->deployment, &action,
                    world_fault(world, FAULT_REHEARSAL_REFUSED) ? RESULT_FAILED : RESULT_DONE,
                    dice_between(&world->dice, 1, 300));
        return;
    }
}

static void smoke(struct world *world, const struct deployment_state *state, const struct action *action)
{
    const struct ledger_deployment *stored = ledger_find(world, state->id);
    const struct site *site = &world->sites[stored->site];
    uint64_t wanted = action->is_previous ? stored->previous : stored->version;
    bool is_there =
        action->batch > 0 ? farm_runs(site, action, wanted) : site->versions[state->slot] == wanted;
    bool is_old = stored->is_back || action->is_previous;
    bool is_bad = is_old ? !is_there : version_health(stored->version) == HEALTH_SMOKE_BAD;
    enum result result = is_bad ? RESULT_FAILED : RESULT_DONE;

    if (action->batch > 0 && !is_there)
        oracle_violate(world, "S5", state->id, "host %u is tested before version %llu is there", action->host,
                       (unsigned long long)wanted);

    if (world_fault(world, FAULT_SMOKE_UNKNOWN))
        result = dice_chance(&world->dice, 5000) ? RESULT_UNKNOWN : RESULT_AGAIN;
    site_answer(world, state->id, action, result, dice_between(&world->dice, 20, 900));
}

/* Another system: closed for now, silent, or against it for good. */
static void gate(struct world *world, const struct deployment_state *state, const struct action *action)
{
    enum result result = RESULT_DONE;

    if (world_fault(world, FAULT_GATE_SHUT))
        result = dice_chance(&world->dice, 6000)   ? RESULT_AGAIN
                 : dice_chance(&world->dice, 6000) ? RESULT_UNKNOWN
                                                   : RESULT_FAILED;
    site_answer(world, state->id, action, result, dice_between(&world->dice, 20, 900));
}

void site_start(struct world *world, const struct deployment_state *state, const struct action *action)
{
    switch (action->kind) {
    case ACTION_NONE:
        return;
    case ACTION_REHEARSE:
        to_lever(world, state, LEVER_REHEARSE, action);
        return;
    case ACTION_COMMAND:
        jobs_start(world, state, action);
        return;
    case ACTION_CANCEL:
        jobs_cancel(world, state, action);
        return;
    case ACTION_SMOKE:
        smoke(world, state, action);
        return;
    case ACTION_ROUTE:
        to_lever(world, state, LEVER_SET, action);
        return;
    case ACTION_MIRROR:
        to_lever(world, state, LEVER_MIRROR, action);
        return;
    case ACTION_VERIFY:
        to_lever(world, state, LEVER_VERIFY, action);
        return;
    case ACTION_GATE:
        gate(world, state, action);
        return;
    }
}

void site_read_back(struct world *world, const struct deployment_state *state)
{
    struct action none = {.kind = ACTION_NONE};

    to_lever(world, state, LEVER_READ, &none);
}

/* Other hands */

static void again_later(struct world *world, enum fault fault, const struct occurrence *occurrence)
{
    if (world->rates.per_myriad[fault] == 0)
        return;
    struct occurrence next = *occurrence;
    world_later(world, dice_between(&world->dice, 1000, 20000000 / world->rates.per_myriad[fault]), &next);
}

void site_reload(struct world *world, const struct occurrence *occurrence)
{
    struct site *site = &world->sites[dice_below(&world->dice, world->site_count)];

    if (world->rates.per_myriad[FAULT_PROXY_RELOAD] == 0)
        return;
    world->tally->faults[FAULT_PROXY_RELOAD]++;
    world_say(world, 0, "the proxy of site %u reloads", site->target);
    memcpy(site->lever.share, site->lever.file, sizeof(site->lever.share));
    site->lever.is_anew = true;
    again_later(world, FAULT_PROXY_RELOAD, occurrence);
}

/* Somebody thinks to know better: moves traffic of a deployment that is under way. */
void site_hand(struct world *world, const struct occurrence *occurrence)
{
    bool is_more = occurrence->share != 0;
    enum fault fault = is_more ? FAULT_HAND_MORE : FAULT_HAND_LESS;
    uint8_t index = (uint8_t)dice_below(&world->dice, world->site_count);
    struct site *site = &world->sites[index];
    uint16_t share = site->lever.share[1];
    uint16_t now = (uint16_t)(is_more ? share + dice_below(&world->dice, SHARE_WHOLE + 1u - share)
                                      : dice_below(&world->dice, share + 1u));

    if (world->rates.per_myriad[fault] == 0)
        return;
    again_later(world, fault, occurrence);
    if (now == share)
        return;
    world->tally->faults[fault]++;
    world_say(world, 0, "somebody gives slot 1 of site %u %u instead of %u", site->target, now, share);
    set_share(site, 1, 0, now);
    oracle_hand(world, index, share);
}
