/* together.c - deployments that stand or fall together: begun at once, past a barrier at once.
 * SPDX-License-Identifier: MIT */
#include "engine/together.h"

#include "engine/admission.h"
#include "engine/brakes.h"
#include "engine/judging.h"
#include "engine/stepping.h"
#include "orchestrator/barrier.h"

/* What the deployments of a stage bring. */
struct starts {
    uint8_t count;
    struct engine_start of[RUN_TOGETHER_MAX];
};

/* Those of one run, in the order of its tasks. */
struct members {
    uint8_t count;
    struct engine_slot *of[RUN_TOGETHER_MAX];
};

static void drop(struct engine *engine, const struct starts *starts, enum engine_answer answer)
{
    for (uint8_t i = 0; i < starts->count; i++)
        engine_answer_own(engine, starts->of[i].token, answer, 0);
}

/* They would wait for each other for ever: a lock is never held twice. */
static bool shares_lock(const struct starts *starts, uint8_t index)
{
    uint64_t lock = starts->of[index].lock;

    for (uint8_t i = 0; i < index; i++)
        if (lock != 0 && starts->of[i].lock == lock)
            return true;
    return false;
}

/* Asks for all of them, then at the doors of all; what is refused leaves none behind. */
static enum engine_answer ask(struct engine *engine, const struct run_state *state, uint64_t token,
                              const struct run_plan_stage *stage, struct starts *starts, uint8_t *ret_task)
{
    const struct engine_run_env *env = &engine->runs->env;
    enum engine_answer answer = ENGINE_DONE;

    for (starts->count = 0; starts->count < stage->count; starts->count++) {
        struct engine_start *start = &starts->of[starts->count];
        *ret_task = (uint8_t)(stage->first + starts->count);
        if (!env->deployment(env->data, state, token, *ret_task, start)) {
            drop(engine, starts, ENGINE_CONFLICT);
            return ENGINE_NOT_FOUND;
        }
        start->together = state->id;
    }
    for (uint8_t i = 0; i < starts->count && answer == ENGINE_DONE; i++) {
        *ret_task = (uint8_t)(stage->first + i);
        answer = shares_lock(starts, i) ? ENGINE_CONFLICT : admission_refusal(engine, &starts->of[i]);
    }
    if (answer == ENGINE_DONE && !roster_has_room(engine, starts->count))
        answer = ENGINE_FULL;
    if (answer != ENGINE_DONE)
        drop(engine, starts, answer);
    return answer;
}

enum engine_answer together_refusal(struct engine *engine, const struct engine_run_start *start,
                                    uint8_t *ret_task)
{
    const struct run_plan_stage *stage = &start->plan->stages[start->first_stage];
    struct run_state state;
    struct starts starts;

    if (!stage->is_together)
        return ENGINE_DONE;
    run_init(engine->runs->next_run, engine->batch.now_ms, start->first_stage, start->version_key,
             start->is_fixed, &state);
    enum engine_answer answer = ask(engine, &state, start->token, stage, &starts, ret_task);
    if (answer == ENGINE_DONE)
        drop(engine, &starts, ENGINE_CONFLICT); /* they are asked for again at their turn */
    return answer;
}

static void tell_started(struct engine *engine, struct engine_run *run, uint8_t task, uint64_t deployment)
{
    const struct run_event event = {.kind = RUN_EVENT_STARTED, .task = task, .deployment = deployment};

    runs_event(engine, run, &event, 0);
}

/* All are there before any of them has its turn: whoever gets a place meanwhile is behind all of them. */
void together_start(struct engine *engine, struct engine_run *run)
{
    const struct run_plan_stage *stage = &run->start.plan->stages[run->after.stage];
    struct engine_slot *slots[RUN_TOGETHER_MAX];
    struct starts starts;
    uint8_t refused = 0;

    if (ask(engine, &run->after, run->start.token, stage, &starts, &refused) != ENGINE_DONE) {
        tell_started(engine, run, refused, 0);
        return;
    }
    for (uint8_t i = 0; i < starts.count; i++)
        slots[i] = admission_create(engine, &starts.of[i]);
    for (uint8_t i = 0; i < starts.count; i++) {
        engine_answer_own(engine, starts.of[i].token, ENGINE_DONE, slots[i]->id);
        tell_started(engine, run, (uint8_t)(stage->first + i), slots[i]->id);
    }
    for (uint8_t i = 0; i < starts.count; i++)
        admission_created(engine, slots[i]);
}

/* False: not all of them are there, or not any more. */
static bool gather(const struct engine *engine, const struct engine_slot *slot, struct members *ret_members)
{
    const struct engine_run *run = runs_find(engine, slot->after.together);

    if (run == NULL)
        return false;
    const struct run_plan_stage *stage = &run->start.plan->stages[run->after.stage];
    for (ret_members->count = 0; ret_members->count < stage->count; ret_members->count++) {
        const struct run_task *task = &run->after.tasks[stage->first + ret_members->count];
        struct engine_slot *found = roster_find(engine, task->deployment);
        if (found == NULL)
            return false;
        ret_members->of[ret_members->count] = found;
    }
    return true;
}

static bool all_are(struct engine *engine, const struct members *members,
                    bool (*is)(struct engine *engine, struct engine_slot *slot))
{
    for (uint8_t i = 0; i < members->count; i++)
        if (!is(engine, members->of[i]))
            return false;
    return true;
}

static void each(struct engine *engine, const struct members *members,
                 void (*visit)(struct engine *engine, struct engine_slot *slot))
{
    for (uint8_t i = 0; i < members->count; i++)
        visit(engine, members->of[i]);
}

/* Nobody makes room before that is all that they wait for. */
void together_take_turn(struct engine *engine, const struct engine_slot *slot)
{
    struct members members;

    if (!gather(engine, slot, &members) || !all_are(engine, &members, admission_is_next))
        return;
    each(engine, &members, admission_make_room);
    if (all_are(engine, &members, admission_is_free))
        each(engine, &members, admission_give_turn);
}

/* What nobody watched is told first, and what has gone back ahead of the journal stands nowhere. */
static bool stands(struct engine *engine, struct engine_slot *slot)
{
    (void)engine;
    return barrier_of(slot->start.plan, &slot->after) != BARRIER_NONE && !stepping_has_gap(slot) &&
           !stepping_has_left(slot, &slot->after);
}

static uint8_t count_at(const struct members *members, enum barrier barrier)
{
    uint8_t count = 0;

    for (uint8_t i = 0; i < members->count; i++)
        count =
            (uint8_t)(count + (barrier_of(members->of[i]->start.plan, &members->of[i]->after) == barrier));
    return count;
}

/* Nor does it open while one of them is stopped, and nobody told that one yet. */
static void tell_stop(struct engine *engine, struct engine_slot *slot)
{
    const struct event event = {.kind = EVENT_TICK, .now_ms = engine->batch.now_ms};

    if (brakes_stop(engine, slot) && !slot->after.is_stopped)
        stepping_event(engine, slot, &event, 0);
}

/* No barrier opens on half of the news. */
static void judge(struct engine *engine, struct engine_slot *slot)
{
    if (!stepping_is_judged(&slot->after))
        return;
    engine->env.stepping(engine->env.data, slot->id);
    judging_judge(engine, slot, true);
}

void together_try_barrier(struct engine *engine, const struct engine_slot *slot)
{
    const struct event event = {.kind = EVENT_BARRIER, .now_ms = engine->batch.now_ms};
    struct members members;

    if (slot->after.together == 0 || barrier_of(slot->start.plan, &slot->after) == BARRIER_NONE ||
        !gather(engine, slot, &members) || !all_are(engine, &members, stands))
        return;
    each(engine, &members, tell_stop);
    each(engine, &members, judge);
    engine->env.stepping(engine->env.data, slot->id);
    if (!all_are(engine, &members, stands))
        return;
    bool is_begin = count_at(&members, BARRIER_BEGIN) == members.count;
    bool is_end = count_at(&members, BARRIER_END) == members.count;
    /* Whoever has not begun yet is about to: it is asked again behind the last one. */
    if (!is_begin && count_at(&members, BARRIER_BEGIN) > 0)
        return;
    engine->is_opening = true;
    for (uint8_t i = 0; i < members.count; i++)
        if (is_begin || is_end ||
            barrier_of(members.of[i]->start.plan, &members.of[i]->after) == BARRIER_STEP)
            stepping_event(engine, members.of[i], &event, 0);
    engine->is_opening = false;
    for (uint8_t i = 0; i < members.count && is_end; i++)
        admission_next(engine, members.of[i]->start.target);
    if (is_begin)
        together_try_barrier(engine, slot);
}
