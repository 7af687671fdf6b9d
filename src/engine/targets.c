/* targets.c - what serves in an environment and what must not, as people say: adoption, freeze, quarantine;
 * and brakes that open.
 * SPDX-License-Identifier: MIT */
#include "engine/targets.h"

#include "engine/admission.h"
#include "engine/brakes.h"
#include "engine/stepping.h"

#include <string.h>

bool targets_is_quarantined(const struct target_state *target, uint64_t version_key)
{
    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version_key)
            return true;
    return false;
}

enum engine_answer targets_clear(struct target_state *target, uint64_t version_key)
{
    for (uint8_t i = 0; i < target->quarantined_count; i++) {
        if (target->quarantined[i].version_key != version_key)
            continue;
        memmove(&target->quarantined[i], &target->quarantined[i + 1],
                (size_t)(target->quarantined_count - i - 1) * sizeof(target->quarantined[0]));
        target->quarantined_count--;
        return ENGINE_DONE;
    }
    return ENGINE_NOT_FOUND;
}

static enum engine_answer adopt(struct engine *engine, struct engine_target *target,
                                const struct input *input)
{
    const struct target_verb *verb = &input->target_verb;
    struct event event = {.kind = EVENT_VERB, .now_ms = engine->batch.now_ms, .verb = VERB_ADOPT};
    struct engine_slot *owner = admission_owner(engine, verb->target);

    if (owner != NULL && (owner->after.phase != PHASE_ROLLING_BACK || !owner->after.is_escalated))
        return ENGINE_CONFLICT;
    /* What a promotion meant to retire may be what serves now. */
    if (!admission_end_care(engine, verb->target))
        return ENGINE_CONFLICT;
    target->state.has_stable = true;
    target->state.stable_version_key = verb->version_key;
    target->state.stable_slot = verb->slot;
    target->state.stable_deployment = 0;
    target->state.way_back = 0;
    if (owner != NULL)
        stepping_event(engine, owner, &event, 0);
    return ENGINE_DONE;
}

static enum engine_answer add_quarantine(struct target_state *target, uint64_t version_key)
{
    if (targets_is_quarantined(target, version_key))
        return ENGINE_ALREADY;
    if (target->quarantined_count == TARGET_QUARANTINE_MAX)
        return ENGINE_FULL;
    target->quarantined[target->quarantined_count++] = (struct quarantined){.version_key = version_key};
    return ENGINE_DONE;
}

static void set_freeze(struct engine *engine, struct engine_target *target, bool is_frozen,
                       const struct target_verb *verb)
{
    target->state.is_frozen = is_frozen;
    target->state.thaws_ms = is_frozen ? verb->thaws_ms : 0;
    target->state.thaws_wall_ms = is_frozen ? verb->thaws_wall_ms : 0;
    if (target->state.thaws_ms != 0 && target->state.thaws_ms < engine->thaw_at_ms)
        engine->thaw_at_ms = target->state.thaws_ms;
}

static void add_verb(struct engine *engine, enum target_verb_kind kind, uint32_t target, uint64_t token)
{
    struct batch_row *row = stepping_add_row(engine, NULL, ROW_TRACE);

    row->token = token;
    row->trace = (struct trace){.kind = TRACE_ADOPTED, .a = target, .b = (uint32_t)kind};
}

/* Whoever waits there may go on; where it stands for all of them, they have their turns one by one. */
static void open_door(struct engine *engine, uint32_t target)
{
    brakes_wake(engine, target);
    admission_next(engine, target);
}

/* When it ends by itself. */
static int64_t freeze_ends_ms(const struct target_state *state)
{
    return state->is_frozen && state->thaws_ms != 0 ? state->thaws_ms : DEPLOYMENT_NEVER;
}

static int64_t brake_opens_ms(const struct target_state *state)
{
    return state->is_braked ? state->opens_ms : DEPLOYMENT_NEVER;
}

static void thaw(struct engine *engine, struct engine_target *target)
{
    const struct target_verb verb = {.kind = TARGET_UNFREEZE, .target = target->state.id};

    roster_touch(engine, target);
    if (freeze_ends_ms(&target->state) <= engine->batch.now_ms) {
        set_freeze(engine, target, false, &verb);
        add_verb(engine, TARGET_UNFREEZE, verb.target, 0);
    }
    /* What is not too old goes on counting. */
    if (brake_opens_ms(&target->state) <= engine->batch.now_ms) {
        target->state.is_braked = false;
        target->state.opens_ms = 0;
        add_verb(engine, TARGET_OPEN, verb.target, 0);
    }
    stepping_add_target(engine, target);
    open_door(engine, verb.target);
}

/* A walk over the targets, when one is due. */
void targets_thaw(struct engine *engine)
{
    int64_t at_ms = DEPLOYMENT_NEVER;

    if (engine->batch.now_ms < engine->thaw_at_ms)
        return;
    for (uint32_t i = 0; i < engine->targets_max; i++) {
        struct engine_target *target = &engine->targets[i];
        int64_t frozen_ms = freeze_ends_ms(&target->state);
        int64_t braked_ms = brake_opens_ms(&target->state);
        int64_t ends_ms = frozen_ms < braked_ms ? frozen_ms : braked_ms;
        if (ends_ms < at_ms)
            at_ms = ends_ms;
        if (at_ms <= engine->batch.now_ms) { /* one in each turn, however many end at once */
            thaw(engine, target);
            break;
        }
    }
    engine->thaw_at_ms = at_ms;
}

static enum engine_answer change(struct engine *engine, struct engine_target *target,
                                 const struct input *input)
{
    const struct target_verb *verb = &input->target_verb;

    roster_touch(engine, target);
    switch (verb->kind) {
    case TARGET_ADOPT:
        return adopt(engine, target, input);
    case TARGET_FREEZE:
        set_freeze(engine, target, true, verb);
        return ENGINE_DONE;
    case TARGET_UNFREEZE:
        set_freeze(engine, target, false, verb);
        brakes_open(&target->state);
        open_door(engine, verb->target);
        return ENGINE_DONE;
    case TARGET_OPEN:
        brakes_open(&target->state);
        open_door(engine, verb->target);
        return ENGINE_DONE;
    case TARGET_QUARANTINE_ADD:
        return add_quarantine(&target->state, verb->version_key);
    case TARGET_QUARANTINE_CLEAR:
        break;
    }
    return targets_clear(&target->state, verb->version_key);
}

void targets_verb(struct engine *engine, const struct input *input)
{
    struct engine_target *target = engine_target_at(engine, input->target_verb.target);
    enum engine_answer answer = target == NULL ? ENGINE_FULL : change(engine, target, input);

    if (answer == ENGINE_DONE) {
        stepping_add_target(engine, target);
        add_verb(engine, input->target_verb.kind, input->target_verb.target, input->token);
    }
    engine_answer(engine, input->token, answer, 0);
}
