/* admission.c - the door of a service and environment: who may start, and whose turn it is.
 * SPDX-License-Identifier: MIT */
#include "engine/admission.h"

#include "engine/brakes.h"
#include "engine/locks.h"
#include "engine/runs_turn.h"
#include "engine/stepping.h"
#include "engine/targets.h"
#include "engine/together.h"

#include <assert.h>
#include <string.h>

struct engine_slot *admission_owner(const struct engine *engine, uint32_t target)
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

bool admission_is_ungated(const struct engine_slot *slot)
{
    return slot->start.plan->kind == PLAN_ROLLBACK || slot->after.is_emergency;
}

static bool is_emergency(const struct engine_slot *slot)
{
    return slot->after.is_emergency && !phase_is_terminal(slot->after.phase);
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
           admission_owner(engine, start->target) != NULL;
}

/* ENGINE_DONE: it may start. */
static enum engine_answer refusal(const struct engine *engine, const struct target_state *target,
                                  const struct engine_start *start)
{
    enum engine_answer stopped = brakes_refusal(engine, target);

    if (stopped != ENGINE_DONE && start->plan->kind == PLAN_DEPLOY && !start->is_emergency)
        return stopped;
    if (start->plan->kind == PLAN_DEPLOY && !start->takes_out &&
        targets_is_quarantined(target, start->version_key))
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
    roster_lock(engine, slot);
    deployment_init(slot->id, engine->batch.now_ms, &slot->after);
    slot->after.is_emergency = start->is_emergency;
    slot->after.is_stable_bad = start->is_stable_bad;
    slot->after.together = start->together;
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

/* Once more what has ended: attributed, and in the same batch as what it takes out of quarantine. */
static void note_retry(struct engine *engine, struct engine_slot *slot, struct engine_target *target)
{
    const struct engine_start *start = &slot->start;

    if (start->retries == 0)
        return;
    roster_touch(engine, target);
    bool is_out = start->takes_out && targets_clear(&target->state, start->version_key) == ENGINE_DONE;
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
    if (!admission_is_ungated(slot))
        make_room(engine, slot);
}

void admission_wake(struct engine *engine, struct engine_slot *slot)
{
    if (slot->after.phase != PHASE_QUEUED)
        return;
    slot->asks_ms = engine->batch.now_ms;
    roster_involve(engine, slot);
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
        admission_wake(engine, slot);
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

    if (!slot->after.is_stable_bad || !state->has_stable ||
        targets_is_quarantined(state, state->stable_version_key))
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

/* Of those that stand or fall together each is a deployment of its own: none attaches to another one. */
enum engine_answer admission_refusal(struct engine *engine, const struct engine_start *start)
{
    const struct engine_target *target = engine_target_at(engine, start->target);

    if (target == NULL)
        return ENGINE_FULL;
    return same_version(engine, start) != NULL ? ENGINE_CONFLICT : refusal(engine, &target->state, start);
}

struct engine_slot *admission_create(struct engine *engine, const struct engine_start *start)
{
    struct engine_slot *slot = roster_take(engine, engine->next_deployment, start->target);

    if (slot == NULL)
        return NULL;
    engine->next_deployment++;
    create(engine, slot, start);
    return slot;
}

void admission_created(struct engine *engine, struct engine_slot *slot)
{
    if (slot->start.is_emergency)
        overtake_queued(engine, slot);
    else if (slot->start.replaces)
        replace_queued(engine, slot);
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
    /* Nor does one of those that stand or fall together hurry ahead of the others. */
    if (same != NULL && start->is_emergency && same->after.together != 0)
        return ENGINE_CONFLICT;
    if (same != NULL) {
        *ret_deployment = same->id;
        if (start->is_emergency)
            hurry(engine, same, start);
        return ENGINE_ALREADY;
    }
    enum engine_answer answer = refusal(engine, &target->state, start);
    struct engine_slot *slot = answer == ENGINE_DONE ? admission_create(engine, start) : NULL;
    if (answer == ENGINE_DONE && slot == NULL)
        answer = ENGINE_FULL;
    if (slot == NULL)
        return answer;
    note_retry(engine, slot, target);
    *ret_deployment = slot->id;
    admission_created(engine, slot);
    return ENGINE_DONE;
}

void admission_start(struct engine *engine, const struct input *input)
{
    uint64_t deployment = 0;
    enum engine_answer answer = admission_try(engine, &input->start, &deployment);

    engine_answer(engine, input->token, answer, deployment);
}

/* What a promotion replaced goes away just now. */
static bool is_retiring(const struct engine *engine, uint32_t target)
{
    const struct engine_slot *slot = roster_first(engine, target);

    while (slot != NULL && (slot->after.phase != PHASE_PROMOTED || slot->after.care != CARE_ACTING))
        slot = roster_next(engine, slot);
    return slot != NULL;
}

/* The old slot is needed now: the way back that a promotion kept is given up. False: it is being retired. */
bool admission_end_care(struct engine *engine, uint32_t target)
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
        bool may_go = !is_ungated_only || admission_is_ungated(slot);
        if (slot->after.phase == PHASE_QUEUED && may_go && !is_overtaken)
            first = slot;
        is_overtaken = is_overtaken || is_emergency(slot);
    }
    return first;
}

/* Who waits for a window is asked again when that opens. */
static bool is_in_window(struct engine *engine, struct engine_slot *slot)
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

static bool is_open(struct engine *engine, struct engine_slot *slot)
{
    return is_in_window(engine, slot) && locks_holder(engine, slot) == NULL;
}

/* No deployment overtakes the one before it: that would be put over the newer version later. */
static struct engine_slot *next_queued(struct engine *engine, uint32_t target)
{
    bool is_stopped = brakes_refusal(engine, &engine_target_at(engine, target)->state) != ENGINE_DONE;
    struct engine_slot *next = first_queued(engine, target, is_stopped);

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

bool admission_is_next(struct engine *engine, struct engine_slot *slot)
{
    uint32_t target = slot->start.target;

    return slot->after.phase == PHASE_QUEUED && next_queued(engine, target) == slot &&
           (slot->start.replaces || admission_owner(engine, target) == NULL);
}

/* Where that ends who was there, who waits has had its turn by now. */
void admission_make_room(struct engine *engine, struct engine_slot *slot)
{
    struct engine_slot *owner = admission_owner(engine, slot->start.target);

    if (owner == NULL || slot->after.phase != PHASE_QUEUED)
        return;
    if (slot->after.is_emergency)
        overtake(engine, owner, slot);
    else if (slot->start.replaces)
        replace(engine, owner);
}

bool admission_is_free(struct engine *engine, struct engine_slot *slot)
{
    return slot->after.phase == PHASE_QUEUED && admission_owner(engine, slot->start.target) == NULL &&
           !is_retiring(engine, slot->start.target);
}

void admission_give_turn(struct engine *engine, struct engine_slot *slot)
{
    uint32_t target = slot->start.target;
    const struct target_state *state = &engine_target_at(engine, target)->state;
    struct event event = {.kind = EVENT_TURN, .now_ms = engine->batch.now_ms};

    if (!admission_end_care(engine, target) || slot->after.phase != PHASE_QUEUED)
        return;
    event.stable_slot = state->stable_slot;
    event.slot = slot_of(state, &slot->start);
    /* A way back by traffic alone leaves both slots as they are, and may be tried again. */
    if (slot->start.plan->kind == PLAN_DEPLOY || !slot->start.plan->has_traffic)
        stepping_lose_way_back(engine, target);
    quarantine_stable(engine, slot);
    stepping_event(engine, slot, &event, 0);
}

/* Gives the turn to whoever waits longest, once nobody is before them (S8). */
void admission_next(struct engine *engine, uint32_t target)
{
    struct engine_slot *next = engine->is_opening ? NULL : next_queued(engine, target);

    if (next == NULL)
        return;
    if (next->after.together != 0)
        together_take_turn(engine, next);
    else if (admission_owner(engine, target) == NULL)
        admission_give_turn(engine, next);
    else
        admission_make_room(engine, next);
}

/* Who waits longest for its lock comes first, in whichever queue that stands. */
void admission_ended(struct engine *engine, const struct engine_slot *slot)
{
    uint32_t target = slot->start.target;

    locks_ask(engine, slot->start.lock);
    if (slot->start.lock == 0 || first_queued(engine, target, true) != NULL) {
        admission_next(engine, target);
        return;
    }
    for (struct engine_slot *next = roster_first(engine, target); next != NULL;
         next = roster_next(engine, next))
        admission_wake(engine, next);
}

void admission_ask_again(struct engine *engine, struct engine_slot *slot)
{
    slot->asks_ms = DEPLOYMENT_NEVER;
    if (is_overtaken(engine, slot))
        make_room(engine, slot);
    else
        admission_next(engine, slot->start.target);
}
