/* engine.c - the engine's front: memory, inputs, the turn, and what follows a commit.
 * SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/brakes.h"
#include "engine/runs_turn.h"
#include "engine/stepping.h"
#include "engine/targets.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

static size_t aligned(size_t size)
{
    size_t alignment = alignof(max_align_t);

    return (size + alignment - 1) / alignment * alignment;
}

size_t engine_size(uint32_t deployments_max, uint32_t targets_max)
{
    return aligned(sizeof(struct engine)) + aligned(deployments_max * sizeof(struct engine_slot)) +
           aligned(targets_max * sizeof(struct engine_target)) + roster_size(deployments_max, targets_max);
}

void engine_init(struct engine *engine, uint32_t deployments_max, uint32_t targets_max, int64_t reconcile_ms,
                 const struct engine_env *env)
{
    unsigned char *memory = (unsigned char *)engine + aligned(sizeof(struct engine));

    engine->env = *env;
    engine->slots_max = deployments_max;
    engine->targets_max = targets_max;
    engine->reconcile_ms = reconcile_ms;
    engine->next_deployment = 1;
    engine->thaw_at_ms = DEPLOYMENT_NEVER;
    engine->slots = (struct engine_slot *)(void *)memory;
    memory += aligned(deployments_max * sizeof(struct engine_slot));
    engine->targets = (struct engine_target *)(void *)memory;
    roster_init(engine, memory + aligned(targets_max * sizeof(struct engine_target)));
}

struct engine_target *engine_target_at(struct engine *engine, uint32_t target)
{
    if (target == 0 || target > engine->targets_max)
        return NULL;
    engine->targets[target - 1].state.id = target;
    return &engine->targets[target - 1];
}

const struct deployment_state *engine_state(const struct engine *engine, uint64_t deployment)
{
    const struct engine_slot *slot = roster_find(engine, deployment);

    return slot == NULL || slot->is_new ? NULL : &slot->before;
}

const struct rule_state *engine_rule_states(const struct engine *engine, uint64_t deployment)
{
    const struct engine_slot *slot = roster_find(engine, deployment);

    return slot == NULL ? NULL : slot->start.rule_states;
}

const struct target_state *engine_target(const struct engine *engine, uint32_t target)
{
    if (target == 0 || target > engine->targets_max)
        return NULL;
    const struct engine_target *at = &engine->targets[target - 1];
    return at->saved == 0 ? &at->state : &engine->roster.saved[at->saved - 1];
}

/* Inputs */

struct input *engine_push(struct engine *engine, enum input_kind kind)
{
    if (engine->input_count == ENGINE_INPUTS_MAX)
        return NULL;
    struct input *input = &engine->inputs[(engine->input_first + engine->input_count++) % ENGINE_INPUTS_MAX];
    memset(input, 0, sizeof(*input));
    input->kind = kind;
    return input;
}

bool engine_start(struct engine *engine, const struct engine_start *start)
{
    struct input *input = engine_push(engine, INPUT_START);

    if (input == NULL)
        return false;
    input->token = start->token;
    input->start = *start;
    return true;
}

bool engine_verb(struct engine *engine, uint64_t token, uint64_t deployment, enum verb verb, uint8_t rule)
{
    struct input *input = engine_push(engine, INPUT_VERB);

    if (input == NULL)
        return false;
    input->token = token;
    input->deployment = deployment;
    input->event = (struct event){.kind = EVENT_VERB, .verb = verb, .rule = rule};
    return true;
}

bool engine_target_verb(struct engine *engine, uint64_t token, const struct target_verb *verb)
{
    struct input *input = engine_push(engine, INPUT_TARGET_VERB);

    if (input == NULL)
        return false;
    input->token = token;
    input->target_verb = *verb;
    return true;
}

bool engine_judgement(struct engine *engine, uint64_t deployment, uint8_t rule,
                      const struct judgement *judgement)
{
    struct input *input = engine_push(engine, INPUT_JUDGEMENT);

    if (input == NULL)
        return false;
    input->deployment = deployment;
    input->judged.rule = rule;
    input->judged.judgement = *judgement;
    return true;
}

static bool push_event(struct engine *engine, enum input_kind kind, uint64_t deployment,
                       const struct event *event)
{
    struct input *input = engine_push(engine, kind);

    if (input == NULL)
        return false;
    input->deployment = deployment;
    input->event = *event;
    return true;
}

bool engine_result(struct engine *engine, uint64_t deployment, uint32_t sequence, uint16_t tries,
                   enum result result)
{
    struct event event = {.kind = EVENT_RESULT, .sequence = sequence, .tries = tries, .result = result};

    return push_event(engine, INPUT_RESULT, deployment, &event);
}

bool engine_read_back(struct engine *engine, uint64_t deployment, uint16_t share, bool is_anew)
{
    struct event event = {.kind = EVENT_DRIFT, .share = share, .is_anew = is_anew};

    return push_event(engine, INPUT_READ_BACK, deployment, &event);
}

void engine_gap(struct engine *engine, int64_t gap_ms)
{
    for (uint32_t i = 0; i < engine->slots_used; i++) {
        if (engine->slots[i].id == 0)
            continue;
        engine->slots[i].gap_ms += gap_ms;
        roster_mark(engine, &engine->slots[i]);
    }
    runs_gap(engine, gap_ms);
}

void engine_mark(struct engine *engine, uint64_t deployment, uint8_t rule)
{
    struct engine_slot *slot = roster_find(engine, deployment);

    if (slot == NULL || rule >= slot->start.plan->rule_count)
        return;
    slot->dirty |= UINT32_C(1) << rule;
    roster_mark(engine, slot);
}

/* The turn */

void engine_answer_own(struct engine *engine, uint64_t token, enum engine_answer answer, uint64_t deployment)
{
    assert(engine->answered_count < ARRAY_LENGTH(engine->answered));
    engine->answered[engine->answered_count++] =
        (struct engine_answered){.token = token, .answer = answer, .deployment = deployment, .is_own = true};
}

void engine_answer(struct engine *engine, uint64_t token, enum engine_answer answer, uint64_t deployment)
{
    if (token == 0)
        return;
    engine_answer_own(engine, token, answer, deployment);
    engine->answered[engine->answered_count - 1].is_own = false;
}

bool engine_has_room(const struct engine *engine)
{
    return engine->batch.count + ENGINE_ROWS_PER_EVENT <= BATCH_ROWS_MAX &&
           engine->dispatch_count + ENGINE_ROWS_PER_EVENT <= BATCH_ROWS_MAX;
}

static void begin_batch(struct engine *engine)
{
    engine->batch.now_ms = engine->env.now_ms(engine->env.data);
    engine->batch.count = 0;
    engine->answered_count = 0;
    engine->dispatch_count = 0;
    engine->input_taken = 0;
    for (uint32_t i = 0; engine->has_overtaken && i < engine->slots_used; i++)
        engine->slots[i].is_overtaken = false;
    engine->has_overtaken = false;
}

static struct input *input_at(struct engine *engine, uint32_t index)
{
    return &engine->inputs[(engine->input_first + index) % ENGINE_INPUTS_MAX];
}

static bool is_run_abort(const struct input *input)
{
    return input->kind == INPUT_RUN_EVENT && input->run_event.kind == RUN_EVENT_ABORT;
}

static bool is_brake(const struct engine *engine, const struct input *input)
{
    const struct engine_slot *slot = roster_find(engine, input->deployment);
    struct event event;

    if (slot == NULL || !stepping_leads_back(slot, input, &event))
        return is_run_abort(input);
    /* Of an approval and a rejection the first one counts, unless traffic went back for the rejection. */
    return event.kind != EVENT_VERB || event.verb != VERB_REJECT || slot->ahead_sequence != 0;
}

static bool is_judgement(const struct engine *engine, const struct input *input)
{
    (void)engine;
    return input->kind == INPUT_JUDGEMENT && !input->is_done;
}

/* Steps some of the inputs before their turn. */
static void step_first(struct engine *engine, bool (*is_meant)(const struct engine *, const struct input *))
{
    for (uint32_t i = 0; i < engine->input_count && engine_has_room(engine); i++) {
        struct input *input = input_at(engine, i);
        if (!is_meant(engine, input))
            continue;
        stepping_take(engine, input);
        input->is_done = true;
    }
}

/* What takes a deployment back comes first, and news before the end of the observation that they are about:
 * no step ends on half of them, and nothing overtakes what left ahead of the journal. */
static void step_all(struct engine *engine)
{
    struct engine_slot *slot;

    targets_thaw(engine);
    runs_begin(engine);
    step_first(engine, is_brake);
    step_first(engine, is_judgement);
    roster_involve_due(engine, engine->batch.now_ms);
    for (uint32_t i = 0; (slot = roster_involved(engine, i)) != NULL && engine_has_room(engine); i++)
        stepping_due(engine, slot);
    runs_due(engine);
    while (engine->input_taken < engine->input_count && engine_has_room(engine)) {
        const struct input *input = input_at(engine, engine->input_taken++);
        if (!input->is_void && !input->is_done)
            stepping_take(engine, input);
    }
}

static void forget_inputs(struct engine *engine)
{
    engine->input_first = (engine->input_first + engine->input_taken) % ENGINE_INPUTS_MAX;
    engine->input_count -= engine->input_taken;
    engine->input_taken = 0;
}

static void release(struct engine *engine, struct engine_slot *slot)
{
    uint64_t id = slot->id;

    roster_give(engine, slot);
    engine->env.released(engine->env.data, id);
}

/* Terminal, and nothing is left to do for it. */
static bool is_over(const struct deployment_state *state)
{
    return phase_is_terminal(state->phase) && (state->care == CARE_NONE || state->care == CARE_DONE);
}

static void keep_told(struct engine_slot *slot)
{
    if (!slot->was_told)
        return;
    slot->was_told = slot->is_recovered = false;
    slot->gap_ms -= slot->told_gap_ms;
}

static void keep_slots(struct engine *engine)
{
    struct engine_slot *slot;

    for (uint32_t i = 0; (slot = roster_involved(engine, i)) != NULL; i++) {
        if (!slot->is_touched)
            continue;
        slot->before = slot->after;
        keep_told(slot);
        if (slot->has_row)
            slot->persisted_ms = engine->batch.now_ms;
        if (slot->before.phase >= PHASE_ROLLING_BACK)
            slot->ahead_sequence = 0;
        if (slot->before.ending != ENDING_NONE)
            slot->has_left = false;
        slot->is_touched = slot->has_row = slot->is_new = false;
        slot->author = 0;
    }
    roster_settle_targets(engine, true);
}

static void give_answers(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->answered_count; i++)
        engine->env.answered(engine->env.data, engine->answered[i].token, engine->answered[i].answer,
                             engine->answered[i].deployment);
}

/* An action that was overtaken stays at home (S6): by another one of the same batch, by the wait for its next
 * try, or by a route to stable that left meanwhile; what that left for is stepped next. */
static bool is_to_start(const struct engine_slot *slot, const struct action *action)
{
    const struct flight *flight = &slot->before.flight;

    return flight->kind != ACTION_NONE && !flight->is_waiting && flight->sequence == action->sequence &&
           (action->is_rollback || !slot->is_overtaken);
}

static void start_actions(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->dispatch_count; i++) {
        const struct engine_dispatch *dispatch = &engine->dispatch[i];
        const struct engine_slot *slot = &engine->slots[dispatch->slot];
        if (is_to_start(slot, &dispatch->action))
            engine->env.start(engine->env.data, &slot->before, &dispatch->action, false);
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t slot_deadline(const struct engine *engine, const struct engine_slot *slot)
{
    const struct deployment_state *state = &slot->before;
    int64_t at_ms = deployment_deadline(slot->start.plan, state);

    if (stepping_has_gap(slot) || stepping_has_left(slot, state) || brakes_let_go(engine, slot))
        return engine->batch.now_ms;
    if (state->phase == PHASE_QUEUED)
        return slot->asks_ms;
    if (stepping_is_reconciled(slot, state) && engine->reconcile_ms > 0)
        at_ms = sooner(at_ms, slot->reconcile_at_ms);
    if (!stepping_is_judged(state))
        return at_ms;
    if (slot->dirty != 0)
        return engine->batch.now_ms;
    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++)
        at_ms = sooner(at_ms, slot->rule_deadline_ms[i]);
    return sooner(at_ms, stepping_persists_at_ms(slot));
}

/* The batch is over for everybody who had a part in it: gone, or due at a time of their own. */
static void leave_batch(struct engine *engine)
{
    uint32_t count = engine->roster.involved_count;

    roster_forget_involved(engine);
    for (uint32_t i = 0; i < count; i++) {
        struct engine_slot *slot = &engine->slots[engine->roster.involved[i] - 1];
        if (slot->is_new) /* who asked is told; what nobody asked for is started anew */
            roster_give(engine, slot);
        else if (is_over(&slot->before))
            release(engine, slot);
        else
            roster_schedule(engine, slot, slot_deadline(engine, slot));
    }
}

static void finish(struct engine *engine)
{
    keep_slots(engine);
    runs_keep(engine);
    forget_inputs(engine);
    if (engine->batch.count > 0)
        engine->env.published(engine->env.data, &engine->batch);
    give_answers(engine);
    start_actions(engine);
    runs_leave(engine);
    leave_batch(engine);
    runs_release(engine);
}

void engine_turn(struct engine *engine)
{
    if (engine->is_in_flight ||
        (engine->is_failing && engine->env.now_ms(engine->env.data) < engine->retry_at_ms)) {
        ahead_of_journal(engine);
        return;
    }
    begin_batch(engine);
    step_all(engine);
    engine->env.stepping(engine->env.data, 0);
    if (engine->batch.count == 0) {
        finish(engine);
        return;
    }
    engine->is_in_flight = true;
    engine->commit_ms = engine->batch.now_ms;
    engine->env.commit(engine->env.data, &engine->batch);
}

/* Of a deployment, or of all that a run has under way. */
static bool leads_back(const struct input *input)
{
    return is_run_abort(input) || (input->kind == INPUT_VERB && stepping_is_way_back(input->event.verb));
}

/* What must not be lost is stepped again; who waits for an answer is refused. */
static void drop_inputs(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->input_count; i++)
        input_at(engine, i)->is_done = false;
    for (uint32_t i = 0; i < engine->input_taken; i++) {
        struct input *input = input_at(engine, i);
        if (input->token == 0 || input->is_void || input->is_answered)
            continue;
        input->is_answered = leads_back(input);
        input->is_void = !input->is_answered;
        engine->env.answered(engine->env.data, input->token, ENGINE_NOT_DURABLE, 0);
    }
    engine->input_taken = 0;
}

static void drop_batch(struct engine *engine)
{
    struct engine_slot *slot;

    for (uint32_t i = 0; (slot = roster_involved(engine, i)) != NULL; i++) {
        slot->asks_ms = engine->batch.now_ms; /* a turn that it may have had is still to be had */
        if (!slot->is_touched)
            continue;
        slot->after = slot->before;
        stepping_forget_told(slot);
        slot->is_touched = slot->has_row = slot->was_told = false;
        slot->author = 0;
    }
    roster_settle_targets(engine, false);
    engine->thaw_at_ms = engine->batch.now_ms;
    leave_batch(engine);
    runs_drop(engine);
    for (uint32_t i = 0; i < engine->answered_count; i++) /* what runs started is nobody's input */
        if (engine->answered[i].is_own)
            engine->env.answered(engine->env.data, engine->answered[i].token, ENGINE_NOT_DURABLE, 0);
    drop_inputs(engine);
}

void engine_committed(struct engine *engine, bool is_durable)
{
    assert(engine->is_in_flight);
    engine->is_in_flight = false;
    engine->is_failing = !is_durable;
    if (is_durable) {
        finish(engine);
        return;
    }
    drop_batch(engine);
    engine->retry_at_ms = engine->env.now_ms(engine->env.data) + ENGINE_RETRY_MS;
    ahead_of_journal(engine);
}

int64_t engine_deadline(const struct engine *engine)
{
    int64_t now_ms = engine->env.now_ms(engine->env.data);

    if (engine->is_in_flight)
        return now_ms < engine->commit_ms + ENGINE_AHEAD_MS ? engine->commit_ms + ENGINE_AHEAD_MS
                                                            : now_ms + ENGINE_AHEAD_MS;
    if (engine->is_failing && now_ms < engine->retry_at_ms)
        return engine->retry_at_ms;
    if (engine->input_count > 0)
        return now_ms;
    return sooner(sooner(roster_next_ms(engine), runs_deadline(engine)), engine->thaw_at_ms);
}
