/* runs.c - the front of the engine's runs: memory, inputs, and their part in the engine's turn.
 * SPDX-License-Identifier: MIT */
#include "engine/runs.h"

#include "engine/runs_state.h"

#include <assert.h>
#include <string.h>

size_t engine_runs_size(uint32_t runs_max)
{
    return sizeof(struct engine_runs) + runs_max * sizeof(struct engine_run);
}

void engine_attach_runs(struct engine *engine, void *memory, uint32_t runs_max,
                        const struct engine_run_env *env)
{
    assert(runs_max <= ENGINE_RUNS_MAX);
    engine->runs = memory;
    engine->runs->env = *env;
    engine->runs->max = runs_max;
    engine->runs->next_run = 1;
}

struct engine_run *runs_next(const struct engine *engine, uint32_t *index)
{
    struct engine_runs *runs = engine->runs;

    if (runs == NULL)
        return NULL;
    while (*index < runs->used && runs->slots[*index].id == 0)
        (*index)++;
    return *index < runs->used ? &runs->slots[(*index)++] : NULL;
}

struct engine_run *runs_find(const struct engine *engine, uint64_t run)
{
    uint32_t index = 0;
    struct engine_run *found = runs_next(engine, &index);

    while (found != NULL && found->id != run)
        found = runs_next(engine, &index);
    return found;
}

const struct run_state *engine_run_state(const struct engine *engine, uint64_t run)
{
    const struct engine_run *found = runs_find(engine, run);

    return found == NULL || found->is_new ? NULL : &found->before;
}

/* Inputs */

bool engine_run_start(struct engine *engine, const struct engine_run_start *start)
{
    struct input *input = engine_push(engine, INPUT_RUN_START);

    if (input == NULL)
        return false;
    input->token = start->token;
    input->run_start = *start;
    return true;
}

static bool push_event(struct engine *engine, uint64_t token, uint64_t run, const struct run_event *event)
{
    struct input *input = engine_push(engine, INPUT_RUN_EVENT);

    if (input == NULL)
        return false;
    input->token = token;
    input->run = run;
    input->run_event = *event;
    return true;
}

bool engine_run_abort(struct engine *engine, uint64_t token, uint64_t run)
{
    struct run_event event = {.kind = RUN_EVENT_ABORT};

    return push_event(engine, token, run, &event);
}

bool engine_run_answer(struct engine *engine, uint64_t token, uint64_t run, uint8_t task, bool is_good,
                       uint64_t version_key)
{
    struct run_event event = {.kind = RUN_EVENT_ANSWER,
                              .task = task,
                              .result = is_good ? RUN_RESULT_DONE : RUN_RESULT_FAILED,
                              .version_key = version_key};

    return push_event(engine, token, run, &event);
}

bool engine_run_result(struct engine *engine, uint64_t run, const struct run_action *action,
                       enum run_result result, uint64_t version_key)
{
    struct run_event event = {.kind = RUN_EVENT_RESULT,
                              .task = action->task,
                              .tries = action->tries,
                              .result = result,
                              .version_key = version_key};

    return push_event(engine, 0, run, &event);
}

/* Recovery */

bool engine_recover_run(struct engine *engine, const struct engine_run_start *start,
                        const struct run_state *state, int64_t gap_ms)
{
    struct engine_runs *runs = engine->runs;

    if (runs->used == runs->max)
        return false;
    struct engine_run *run = &runs->slots[runs->used++];
    memset(run, 0, sizeof(*run));
    run->id = state->id;
    run->start = *start;
    run->before = run->after = *state;
    run->is_recovered = true;
    run->gap_ms = gap_ms;
    return true;
}

void engine_recover_run_ids(struct engine *engine, uint64_t next_run)
{
    engine->runs->next_run = next_run;
}

/* The turn */

void runs_gap(struct engine *engine, int64_t gap_ms)
{
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;)
        run->gap_ms += gap_ms;
}

static void tell_gap(struct engine *engine, struct engine_run *run)
{
    struct run_event event = {.kind = run->is_recovered ? RUN_EVENT_RECOVERED : RUN_EVENT_GAP,
                              .gap_ms = run->gap_ms};

    if (!run->is_recovered && run->gap_ms == 0)
        return;
    runs_event(engine, run, &event, 0);
    run->was_told = true;
    run->told_gap_ms = run->gap_ms;
}

void runs_begin(struct engine *engine)
{
    uint32_t index = 0;

    if (engine->runs != NULL)
        engine->runs->dispatch_count = 0;
    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;)
        tell_gap(engine, run);
}

void runs_due(struct engine *engine)
{
    struct run_event event = {.kind = RUN_EVENT_TICK};
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;)
        if (engine->batch.now_ms >= run_deadline(run->start.plan, &run->after) && engine_has_room(engine))
            runs_event(engine, run, &event, 0);
}

void runs_take(struct engine *engine, const struct input *input)
{
    if (input->kind == INPUT_RUN_START) {
        runs_accept(engine, input);
        return;
    }
    struct engine_run *run = runs_find(engine, input->run);
    if (run == NULL)
        engine_answer(engine, input->token, ENGINE_NOT_FOUND, 0);
    else
        runs_event(engine, run, &input->run_event, input->token);
}

static void settle(struct engine_run *run)
{
    run->has_row = run->is_new = run->was_told = false;
}

void runs_keep(struct engine *engine)
{
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;) {
        run->before = run->after;
        if (run->was_told) {
            run->is_recovered = false;
            run->gap_ms -= run->told_gap_ms;
        }
        settle(run);
    }
}

void runs_drop(struct engine *engine)
{
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;) {
        run->after = run->before;
        if (run->is_new)
            run->id = 0;
        settle(run);
    }
}

/* What was overtaken in the same batch stays at home. */
static bool is_to_start(const struct engine_run *run, const struct run_action *action)
{
    enum run_task_phase phase = action->kind == RUN_ACTION_CANCEL ? TASK_STOPPING : TASK_RUNNING;

    return run->before.tasks[action->task].phase == phase;
}

void runs_leave(struct engine *engine)
{
    struct engine_runs *runs = engine->runs;
    uint32_t count = runs == NULL ? 0 : runs->dispatch_count;

    for (uint32_t i = 0; i < count; i++) {
        const struct engine_run *run = &runs->slots[runs->dispatch[i].run];
        if (is_to_start(run, &runs->dispatch[i].action))
            runs->env.act(runs->env.data, &run->before, &runs->dispatch[i].action);
    }
}

void runs_release(struct engine *engine)
{
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;) {
        uint64_t id = run->id;
        if (!run_phase_is_terminal(run->before.phase))
            continue;
        run->id = 0;
        engine->runs->env.released(engine->runs->env.data, id);
    }
}

int64_t runs_deadline(const struct engine *engine)
{
    int64_t at_ms = DEPLOYMENT_NEVER;
    uint32_t index = 0;

    for (const struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;) {
        int64_t own_ms = run_deadline(run->start.plan, &run->before);
        if (own_ms < at_ms)
            at_ms = own_ms;
    }
    return at_ms;
}
