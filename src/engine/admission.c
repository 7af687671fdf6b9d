/* admission.c - the door of a service and environment: who may start, whose turn it is, what serves and what
 * must not. SPDX-License-Identifier: MIT */
#include "engine/runs_turn.h"
#include "engine/stepping.h"

#include <assert.h>
#include <string.h>

static struct engine_slot *owner_of(const struct engine *engine, uint32_t target)
{
    struct engine_slot *slot = roster_first(engine, target);

    while (slot != NULL && !phase_is_active(slot->after.phase))
        slot = roster_next(engine, slot);
    return slot;
}

static struct engine_slot *same_version(const struct engine *engine, const struct engine_start *start)
{
    struct engine_slot *slot = roster_first(engine, start->target);

    while (slot != NULL &&
           (slot->start.version_key != start->version_key || slot->start.plan->kind != start->plan->kind ||
            phase_is_terminal(slot->after.phase)))
        slot = roster_next(engine, slot);
    return slot;
}

/* Neither a window nor a freeze nor who waits is asked: ways back (S19) and people's emergencies. */
static bool is_ungated(const struct engine_slot *slot)
{
    return slot->start.plan->kind == PLAN_ROLLBACK || slot->after.is_emergency;
}

static bool is_emergency(const struct engine_slot *slot)
{
    return slot->after.is_emergency && !phase_is_terminal(slot->after.phase);
}

static bool is_quarantined(const struct target_state *target, uint64_t version_key)
{
    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version_key)
            return true;
    return false;
}

/* Under way, or waiting for its turn. */
static bool has_other(const struct engine *engine, uint32_t target)
{
    const struct engine_slot *slot = roster_first(engine, target);

    while (slot != NULL && phase_is_terminal(slot->after.phase))
        slot = roster_next(engine, slot);
    return slot != NULL;
}

/* The way back of a promotion is the slot that it left: lost once somebody else had a turn, or since it is
 * being retired (S9); and nobody may be under way, not even another way back. */
static bool has_lost_way_back(const struct engine *engine, const struct target_state *target,
                              const struct engine_start *start)
{
    return start->takes_back == 0 || target->way_back != start->takes_back ||
           owner_of(engine, start->target) != NULL;
}

/* ENGINE_DONE: it may start. */
static enum engine_answer refusal(const struct engine *engine, const struct target_state *target,
                                  const struct engine_start *start)
{
    if (target->is_frozen && start->plan->kind == PLAN_DEPLOY && !start->is_emergency)
        return ENGINE_FROZEN;
    if (start->plan->kind == PLAN_DEPLOY && !start->takes_out && is_quarantined(target, start->version_key))
        return ENGINE_QUARANTINED;
    if (start->needs_stable && !target->has_stable)
        return ENGINE_NO_STABLE;
    if (start->plan->kind == PLAN_ROLLBACK && has_lost_way_back(engine, target, start))
        return ENGINE_CONFLICT;
    if (start->plan->kind == PLAN_DEPLOY && !start->queues && !start->is_emergency &&
        has_other(engine, start->target))
        return ENGINE_CONFLICT;
    return ENGINE_DONE;
}

static void create(struct engine *engine, struct engine_slot *slot, const struct engine_start *start)
{
    assert((!start->replaces && !start->is_emergency) || start->plan->kind == PLAN_DEPLOY);
    slot->start = *start;
    deployment_init(slot->id, engine->batch.now_ms, &slot->after);
    slot->after.is_emergency = start->is_emergency;
    slot->after.is_stable_bad = start->is_stable_bad;
    slot->before = slot->after;
    slot->is_touched = slot->has_row = slot->is_new = true;
    roster_involve(engine, slot);
    slot->reconcile_at_ms = engine->batch.now_ms + engine->reconcile_ms;
    slot->asks_ms = DEPLOYMENT_NEVER;
    memset(slot->told, ENGINE_TOLD_NOTHING, sizeof(slot->told));
    for (size_t i = 0; i < PLAN_RULES_MAX; i++)
        slot->rule_deadline_ms[i] = DEPLOYMENT_NEVER;
    struct batch_row *row = stepping_add_row(engine, slot, ROW_DEPLOYMENT);
    row->is_new = true;
    row->token = start->token;
    row = stepping_add_row(engine, slot, ROW_TRACE);
    row->token = start->token;
    row->trace = (struct trace){.kind = TRACE_PHASE, .a = PHASE_QUEUED, .b = ENDING_NONE};
    if (!start->is_emergency)
        return;
    slot->author = start->token;
    row = stepping_add_row(engine, slot, ROW_TRACE);
    row->token = start->token;
    row->trace = (struct trace){.kind = TRACE_EMERGENCY, .a = start->is_stable_bad};
}

static enum engine_answer clear_quarantine(struct target_state *target, uint64_t version_key)
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

/* Once more what has ended: attributed, and in the same batch as what it takes out of quarantine. */
static void note_retry(struct engine *engine, struct engine_slot *slot, struct engine_target *target)
{
    const struct engine_start *start = &slot->start;

    if (start->retries == 0)
        return;
    roster_touch(engine, target);
    bool is_out = start->takes_out && clear_quarantine(&target->state, start->version_key) == ENGINE_DONE;
    if (is_out)
        stepping_add_target(engine, target);
    struct batch_row *row = stepping_add_row(engine, slot, ROW_TRACE);
    row->token = start->token;
    row->trace = (struct trace){.kind = TRACE_RETRIED, .a = (uint32_t)start->retries, .b = is_out};
}

static void make_room(struct engine *engine, struct engine_slot *slot)
{
    const struct event event = {.kind = EVENT_REPLACED, .now_ms = engine->batch.now_ms};

    stepping_event(engine, slot, &event, 0);
}

/* Makes room for a newer one; ways back do not, nor emergencies for who is none. */
static void replace(struct engine *engine, struct engine_slot *slot)
{
    if (!is_ungated(slot))
        make_room(engine, slot);
}

static void replace_queued(struct engine *engine, struct engine_slot *by)
{
    for (struct engine_slot *slot = roster_next(engine, by); slot != NULL; slot = roster_next(engine, slot))
        if (slot->after.phase == PHASE_QUEUED)
            replace(engine, slot);
}

/* What waits longer than an emergency would be put over it later: it is superseded, each in a turn of its
 * own, however many wait. */
static void overtake_queued(struct engine *engine, struct engine_slot *by)
{
    for (struct engine_slot *slot = roster_next(engine, by); slot != NULL; slot = roster_next(engine, slot))
        if (slot->after.phase == PHASE_QUEUED) {
            slot->asks_ms = engine->batch.now_ms;
            roster_involve(engine, slot);
        }
}

static bool is_overtaken(const struct engine *engine, const struct engine_slot *queued)
{
    const struct engine_slot *slot = roster_first(engine, queued->start.target);

    while (slot != queued && !is_emergency(slot))
        slot = roster_next(engine, slot);
    return slot != queued;
}

/* Who is under way makes room for an emergency. What no verdict ends is ended by a person's word, which must
 * stand in the batch: else the watch goes on until somebody says it again. */
static void overtake(struct engine *engine, struct engine_slot *owner, const struct engine_slot *by)
{
    const struct event event = {.kind = EVENT_OVERTAKEN, .now_ms = engine->batch.now_ms};
    bool is_going_back = owner->after.phase == PHASE_ROLLING_BACK;

    if (owner->start.plan->kind == PLAN_ROLLBACK && !is_going_back)
        return;
    if (owner->after.phase != PHASE_WATCHING || by->author != 0)
        stepping_event(engine, owner, &event, by->author);
}

/* A person said so of what serves. Where the quarantine is full, the oldest one makes room, as for a FAIL. */
static void quarantine_stable(struct engine *engine, struct engine_slot *slot)
{
    struct engine_target *target = engine_target_at(engine, slot->start.target);
    struct target_state *state = &target->state;

    if (!slot->after.is_stable_bad || !state->has_stable || is_quarantined(state, state->stable_version_key))
        return;
    roster_touch(engine, target);
    stepping_quarantine(engine, slot, state, state->stable_version_key, 0);
    stepping_add_target(engine, target);
}

/* The same version, started before: it is this emergency from now on. */
static void hurry(struct engine *engine, struct engine_slot *slot, const struct engine_start *start)
{
    const struct event event = {
        .kind = EVENT_HURRIED, .now_ms = engine->batch.now_ms, .is_stable_bad = start->is_stable_bad};

    if (slot->after.phase > PHASE_WATCHING)
        return;
    slot->author = start->token;
    stepping_event(engine, slot, &event, start->token);
    if (slot->after.phase > PHASE_QUEUED)
        quarantine_stable(engine, slot);
    overtake_queued(engine, slot);
    admission_next(engine, slot->start.target);
}

enum engine_answer admission_try(struct engine *engine, const struct engine_start *start,
                                 uint64_t *ret_deployment)
{
    struct engine_target *target = engine_target_at(engine, start->target);

    if (target == NULL)
        return ENGINE_FULL;
    struct engine_slot *same = same_version(engine, start);
    /* Of a version that is just going back nothing is wanted once more. */
    if (same != NULL && start->retries != 0 && same->after.phase == PHASE_ROLLING_BACK)
        return ENGINE_CONFLICT;
    if (same != NULL) {
        *ret_deployment = same->id;
        if (start->is_emergency)
            hurry(engine, same, start);
        return ENGINE_ALREADY;
    }
    enum engine_answer answer = refusal(engine, &target->state, start);
    struct engine_slot *slot =
        answer == ENGINE_DONE ? roster_take(engine, engine->next_deployment, start->target) : NULL;
    if (answer == ENGINE_DONE && slot == NULL)
        answer = ENGINE_FULL;
    if (slot == NULL)
        return answer;
    engine->next_deployment++;
    create(engine, slot, start);
    note_retry(engine, slot, target);
    *ret_deployment = slot->id;
    if (start->is_emergency)
        overtake_queued(engine, slot);
    else if (start->replaces)
        replace_queued(engine, slot);
    admission_next(engine, start->target);
    return ENGINE_DONE;
}

void admission_start(struct engine *engine, const struct input *input)
{
    uint64_t deployment = 0;
    enum engine_answer answer = admission_try(engine, &input->start, &deployment);

    engine_answer(engine, input->token, answer, deployment);
}

/* The old slot is needed now: the way back that a promotion kept is given up. False: it is being retired. */
static bool end_care(struct engine *engine, uint32_t target)
{
    struct event event = {.kind = EVENT_CARE_OVER, .now_ms = engine->batch.now_ms};

    for (struct engine_slot *slot = roster_first(engine, target); slot != NULL;
         slot = roster_next(engine, slot)) {
        if (slot->after.phase != PHASE_PROMOTED)
            continue;
        if (slot->after.care == CARE_ACTING)
            return false;
        stepping_event(engine, slot, &event, 0);
    }
    return true;
}

/* Who waits longest; only of those that nothing gates, where nobody else may go on. */
static struct engine_slot *first_queued(const struct engine *engine, uint32_t target, bool is_ungated_only)
{
    struct engine_slot *first = NULL;
    bool is_overtaken = false; /* the list begins with the newest */

    for (struct engine_slot *slot = roster_first(engine, target); slot != NULL;
         slot = roster_next(engine, slot)) {
        bool may_go = !is_ungated_only || is_ungated(slot);
        if (slot->after.phase == PHASE_QUEUED && may_go && !is_overtaken)
            first = slot;
        is_overtaken = is_overtaken || is_emergency(slot);
    }
    return first;
}

/* Who waits for a window is asked again when that opens. */
static bool is_open(struct engine *engine, struct engine_slot *slot)
{
    if (slot->start.window == NULL)
        return true;
    int64_t opens_ms = engine->env.opens_ms(engine->env.data, slot->start.window);
    if (opens_ms <= engine->batch.now_ms)
        return true;
    slot->asks_ms = opens_ms;
    roster_involve(engine, slot);
    return false;
}

/* No deployment overtakes the one before it: that would be put over the newer version later. */
static struct engine_slot *next_queued(struct engine *engine, uint32_t target, bool is_frozen)
{
    struct engine_slot *next = first_queued(engine, target, is_frozen);

    return next == NULL || is_open(engine, next) ? next : first_queued(engine, target, true);
}

/* Where the candidate runs. A way back goes to what stands in the slot that was left; without a traffic
 * driver its commands undo what stands where it serves. */
static uint8_t slot_of(const struct target_state *target, const struct engine_start *start)
{
    if (start->plan->kind == PLAN_ROLLBACK)
        return start->plan->has_traffic ? target->way_back_slot : target->stable_slot;
    if (start->slot_count <= 1)
        return 0;
    return (uint8_t)((target->stable_slot + 1) % start->slot_count);
}

/* Gives the turn to whoever waits longest, once nobody is before them (S8). */
void admission_next(struct engine *engine, uint32_t target)
{
    const struct target_state *state = &engine_target_at(engine, target)->state;
    struct event event = {.kind = EVENT_TURN, .now_ms = engine->batch.now_ms};
    struct engine_slot *next = next_queued(engine, target, state->is_frozen);
    struct engine_slot *owner = owner_of(engine, target);

    /* Where that ends it, who waits has had its turn by now. */
    if (owner != NULL && next != NULL && next->after.is_emergency)
        overtake(engine, owner, next);
    else if (owner != NULL && next != NULL && next->start.replaces)
        replace(engine, owner);
    if (owner != NULL || next == NULL || !end_care(engine, target) || next->after.phase != PHASE_QUEUED)
        return;
    event.stable_slot = state->stable_slot;
    event.slot = slot_of(state, &next->start);
    /* A way back by traffic alone leaves both slots as they are, and may be tried again. */
    if (next->start.plan->kind == PLAN_DEPLOY || !next->start.plan->has_traffic)
        stepping_lose_way_back(engine, target);
    quarantine_stable(engine, next);
    stepping_event(engine, next, &event, 0);
}

void admission_ask_again(struct engine *engine, struct engine_slot *slot)
{
    slot->asks_ms = DEPLOYMENT_NEVER;
    if (is_overtaken(engine, slot))
        make_room(engine, slot);
    else
        admission_next(engine, slot->start.target);
}

static enum engine_answer adopt(struct engine *engine, struct engine_target *target,
                                const struct input *input)
{
    const struct target_verb *verb = &input->target_verb;
    struct event event = {.kind = EVENT_VERB, .now_ms = engine->batch.now_ms, .verb = VERB_ADOPT};
    struct engine_slot *owner = owner_of(engine, verb->target);

    if (owner != NULL && (owner->after.phase != PHASE_ROLLING_BACK || !owner->after.is_escalated))
        return ENGINE_CONFLICT;
    /* What a promotion meant to retire may be what serves now. */
    if (!end_care(engine, verb->target))
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
    if (is_quarantined(target, version_key))
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

static void add_verb(struct engine *engine, const struct target_verb *verb, uint64_t token)
{
    struct batch_row *row = stepping_add_row(engine, NULL, ROW_TRACE);

    row->token = token;
    row->trace = (struct trace){.kind = TRACE_ADOPTED, .a = verb->target, .b = (uint32_t)verb->kind};
}

static void thaw(struct engine *engine, struct engine_target *target)
{
    const struct target_verb verb = {.kind = TARGET_UNFREEZE, .target = target->state.id};

    roster_touch(engine, target);
    set_freeze(engine, target, false, &verb);
    stepping_add_target(engine, target);
    add_verb(engine, &verb, 0);
    admission_next(engine, verb.target);
}

/* A walk over the targets, when one is due. */
void admission_thaw(struct engine *engine)
{
    int64_t at_ms = DEPLOYMENT_NEVER;

    if (engine->batch.now_ms < engine->thaw_at_ms)
        return;
    for (uint32_t i = 0; i < engine->targets_max; i++) {
        struct engine_target *target = &engine->targets[i];
        if (!target->state.is_frozen || target->state.thaws_ms == 0)
            continue;
        if (target->state.thaws_ms < at_ms)
            at_ms = target->state.thaws_ms;
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
        admission_next(engine, verb->target);
        return ENGINE_DONE;
    case TARGET_QUARANTINE_ADD:
        return add_quarantine(&target->state, verb->version_key);
    case TARGET_QUARANTINE_CLEAR:
        break;
    }
    return clear_quarantine(&target->state, verb->version_key);
}

void admission_target_verb(struct engine *engine, const struct input *input)
{
    struct engine_target *target = engine_target_at(engine, input->target_verb.target);
    enum engine_answer answer = target == NULL ? ENGINE_FULL : change(engine, target, input);

    if (answer == ENGINE_DONE) {
        stepping_add_target(engine, target);
        add_verb(engine, &input->target_verb, input->token);
    }
    engine_answer(engine, input->token, answer, 0);
}
