/* people_answers.c - what people do about what they are told: approve, act on what is held, take back.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/people.h"

#include "tests/simulation/world.h"

static void answer_approval(struct world *world, uint64_t deployment, uint32_t need)
{
    uint32_t mood = dice_below(&world->dice, 100);
    int64_t in_ms = dice_between(&world->dice, 100, 1500);

    if (world_fault(world, FAULT_APPROVAL_RACE)) {
        people_say(world, deployment, VERB_REJECT, in_ms);
        people_say(world, deployment, VERB_APPROVE, in_ms);
    }
    if (mood < 8)
        people_say(world, deployment, VERB_REJECT, in_ms);
    else if (mood < 88)
        for (uint32_t i = 0; i < need; i++)
            people_say(world, deployment, VERB_APPROVE, in_ms + (int64_t)i * dice_below(&world->dice, 300));
}

static void answer_trouble(struct world *world, uint64_t deployment, bool is_escalated)
{
    static const uint8_t held[] = {VERB_RESUME, VERB_RESUME, VERB_PROMOTE, VERB_ABORT, VERB_PROMOTE_FULL};
    static const uint8_t escalated[] = {VERB_ABORT,   VERB_ROLLBACK_PAST, VERB_PROMOTE_FULL,
                                        VERB_PROMOTE, VERB_RESUME,        VERB_ADOPT};
    enum verb verb = (enum verb)held[dice_below(&world->dice, sizeof(held))];

    if (world->now_ms >= world->people.quiet_ms)
        return; /* the caretaker speaks */
    if (is_escalated)
        verb = (enum verb)escalated[dice_below(&world->dice, sizeof(escalated))];
    if (!dice_chance(&world->dice, 5500))
        return;
    if (verb == VERB_ADOPT)
        people_adopt(world, ledger_find(world, deployment)->site);
    else
        people_say(world, deployment, verb, dice_between(&world->dice, 200, 4000));
}

void people_published(struct world *world, const struct batch_row *row)
{
    uint64_t deployment = row->deployment;
    enum trace_kind kind = row->trace.kind;

    if (kind == TRACE_APPROVAL_WANTED)
        answer_approval(world, deployment, row->trace.b);
    else if (kind == TRACE_HELD || kind == TRACE_ESCALATED)
        answer_trouble(world, deployment, kind == TRACE_ESCALATED);
    else if (kind == TRACE_ACTION && world_fault(world, FAULT_ABORT_RACE))
        people_say(world, deployment, dice_chance(&world->dice, 5000) ? VERB_ABORT : VERB_ROLLBACK,
                   dice_between(&world->dice, 0, 15));
    else if (kind == TRACE_PHASE && row->trace.a == PHASE_PROMOTED && dice_chance(&world->dice, 2500))
        world_later(world, dice_between(&world->dice, 10, 2000),
                    &(struct occurrence){.kind = OCCURS_PERSON, .deployment = deployment});
}
