/* runs_people.c - who starts runs, tries them again, answers their tasks, and aborts them.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/runs.h"

#include "tests/simulation/world.h"

enum { TRIES_MAX = 60 };

static const int64_t PERSON_MS = 1500;

static void send_start(struct world *world, uint32_t request, int64_t in_ms)
{
    world_later(world, in_ms, &(struct occurrence){.kind = OCCURS_RUN_START, .sequence = request});
}

/* The newest one that failed, from its stage on; NULL: none did. */
static const struct run_stored *find_failed(const struct world *world)
{
    for (uint64_t id = world->runs.next_id - 1; id > 0; id--)
        if (world->runs.stored[id - 1].exists && world->runs.stored[id - 1].phase == RUN_FAILED)
            return &world->runs.stored[id - 1];
    return NULL;
}

static void want(struct world *world)
{
    struct runs *runs = &world->runs;
    const struct run_stored *failed = dice_chance(&world->dice, 4000) ? find_failed(world) : NULL;

    if (runs->request_count == RUNS_REQUESTS_MAX)
        return;
    struct run_request *request = &runs->requests[runs->request_count++];
    if (failed == NULL)
        *request = (struct run_request){.pipeline = (uint8_t)dice_below(&world->dice, RUNS_PIPELINES),
                                        .is_fixed = dice_chance(&world->dice, 3000),
                                        .version = people_version_for_run(world)};
    else
        *request = (struct run_request){.pipeline = failed->pipeline,
                                        .is_fixed = failed->state.is_fixed,
                                        .first_stage = failed->stage,
                                        .version = failed->state.version_key};
    send_start(world, runs->request_count - 1, 0);
}

void runs_start(struct world *world, const struct occurrence *occurrence)
{
    struct run_request *request = &world->runs.requests[occurrence->sequence];

    if (request->is_answered || request->tries > TRIES_MAX || request->durable != 0) {
        request->is_answered = true;
        return;
    }
    if (!world->shell.is_up) {
        request->tries++;
        send_start(world, occurrence->sequence, dice_between(&world->dice, 200, 1500));
        return;
    }
    if (request->life == world->shell.life)
        return;
    struct asked *asked = shell_ask(world, ASKED_RUN_START);
    asked->request = occurrence->sequence;
    request->life = world->shell.life;
    struct engine_run_start start =
        runs_start_of(world, request->pipeline, request->version, request->is_fixed, request->first_stage);
    start.token = asked->token;
    if (!engine_run_start(world->shell.engine, &start)) {
        asked->kind = ASKED_NOTHING;
        request->is_answered = true;
    }
    shell_turn(world);
}

void runs_answered(struct world *world, const struct asked *asked, enum engine_answer answer, uint64_t run)
{
    oracle_run_answer(world, asked, answer, run);
    if (asked->kind != ASKED_RUN_START)
        return;
    struct run_request *request = &world->runs.requests[asked->request];
    request->life = 0;
    if (answer == ENGINE_NOT_DURABLE && request->tries++ < TRIES_MAX)
        send_start(world, asked->request, dice_between(&world->dice, 500, 2500));
    else
        request->is_answered = true;
}

void runs_lost(struct world *world)
{
    struct runs *runs = &world->runs;

    for (size_t i = 0; i < RUNS_JOBS_MAX && runs->is_used; i++)
        runs->jobs[i].is_heard = false; /* perhaps it did not reach the journal */
    for (uint32_t i = 0; i < runs->request_count; i++)
        if (!runs->requests[i].is_answered && runs->requests[i].life == world->shell.life) {
            runs->requests[i].life = 0;
            send_start(world, i, dice_between(&world->dice, 100, 2500));
        }
}

/* An abort, or an answer to a task: share 0, else 1 yes and 2 no. */
void runs_say(struct world *world, const struct occurrence *occurrence)
{
    struct engine *engine = world->shell.engine;

    if (!world->shell.is_up)
        return;
    struct asked *asked = shell_ask(world, ASKED_RUN_VERB);
    asked->deployment = occurrence->deployment;
    world_say(world, 0, "somebody says %u of task %u of run %llu", occurrence->share, occurrence->rule,
              (unsigned long long)occurrence->deployment);
    bool is_taken = occurrence->share == 0 ? engine_run_abort(engine, asked->token, occurrence->deployment)
                                           : engine_run_answer(engine, asked->token, occurrence->deployment,
                                                               occurrence->rule, occurrence->share == 1, 0);
    if (!is_taken)
        asked->kind = ASKED_NOTHING;
    shell_turn(world);
}

static void say(struct world *world, uint64_t run, uint8_t task, uint16_t what)
{
    world_later(world, dice_between(&world->dice, 0, 20),
                &(struct occurrence){.kind = OCCURS_RUN_SAY, .deployment = run, .rule = task, .share = what});
}

static bool is_asking(const struct run_stored *stored, uint8_t task)
{
    return stored->exists && (stored->tasks[task] == TASK_AWAITING || stored->tasks[task] == TASK_ASKING);
}

/* Answers some of what waits; now and then what nobody asked, or too late. */
static void answer_some(struct world *world, uint64_t run, uint32_t per_myriad, uint32_t yes_per_myriad)
{
    const struct run_stored *stored = runs_find_stored(world, run);

    for (uint8_t i = 0; i < world->runs.plans[stored->pipeline].task_count; i++)
        if ((is_asking(stored, i) && dice_chance(&world->dice, per_myriad)) || dice_chance(&world->dice, 200))
            say(world, run, i, dice_chance(&world->dice, yes_per_myriad) ? 1 : 2);
}

void runs_person(struct world *world, const struct occurrence *occurrence)
{
    struct runs *runs = &world->runs;

    if (world->now_ms >= world->people.quiet_ms)
        return;
    if (runs->starts_left > 0 && dice_chance(&world->dice, 3000)) {
        runs->starts_left--;
        want(world);
    }
    for (uint64_t id = 1; id < runs->next_id; id++) {
        if (!runs_find_stored(world, id)->exists || run_phase_is_terminal(runs_find_stored(world, id)->phase))
            continue;
        answer_some(world, id, 3000, 8000);
        if (dice_chance(&world->dice, 150))
            say(world, id, 0, 0);
    }
    world_later(world, dice_between(&world->dice, 100, 2 * PERSON_MS), occurrence);
}

bool runs_care(struct world *world)
{
    struct runs *runs = &world->runs;
    bool is_over = true;

    if (!runs->is_used)
        return true;
    for (uint32_t i = 0; i < runs->request_count; i++)
        is_over = is_over && runs->requests[i].is_answered;
    for (uint64_t id = 1; id < runs->next_id; id++) {
        if (!runs_find_stored(world, id)->exists || run_phase_is_terminal(runs_find_stored(world, id)->phase))
            continue;
        is_over = false;
        answer_some(world, id, 9000, 9000);
    }
    return is_over;
}
