/* stage.c - the world of a story and its clock.
 * SPDX-License-Identifier: MIT */
#include "scenarios/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPLOYMENTS = 12, TURNS_MAX = 200 };

static void adopt(struct stage *stage, uint32_t target)
{
    const char *version = stage->story->stable;
    const struct target_verb verb = {
        .kind = TARGET_ADOPT, .target = target, .version_key = snapshot_hash(version, strlen(version))};

    (void)bench_target_verb(&stage->bench, &verb);
}

bool stage_open(struct stage *stage, const struct story *story, struct err *err)
{
    uint8_t step = 0;

    memset(stage, 0, sizeof(*stage));
    enum plan_fault fault = plan_expand(&story->recipe, &stage->plan, &step);
    if (fault != PLAN_FINE)
        return err_set(err, ERR_INVALID, "step %d: %s", step + 1, plan_fault_text(fault));
    bench_open(&stage->bench, DEPLOYMENTS);
    stage->brakes = story->brakes;
    stage->brakes.fleet = STAGE_FLEET;
    engine_set_brakes(stage->bench.engine, &stage->brakes);
    stage->story = story;
    stage->start_ms = stage->feed_ms = stage->bench.now_ms;
    for (int i = 0; i <= ACTION_GATE; i++)
        stage->actions[i] = (struct deed){.result = RESULT_DONE, .takes_ms = STAGE_TAKES_MS};
    for (int i = 0; i < STORY_COMMANDS_MAX; i++)
        stage->commands[i] = (struct deed){.result = RESULT_DONE, .takes_ms = STAGE_TAKES_MS};
    for (uint32_t target = 1; story->stable != NULL && target <= STAGE_SERVICES; target++)
        adopt(stage, target);
    bench_forget(&stage->bench);
    return true;
}

void stage_close(struct stage *stage)
{
    bench_close(&stage->bench);
}

/* The world */

static struct job *add_job(struct stage *stage, uint64_t deployment)
{
    for (int i = 0; i < STAGE_JOBS_MAX; i++)
        if (stage->jobs[i].deployment == 0) {
            stage->jobs[i] = (struct job){.deployment = deployment};
            return &stage->jobs[i];
        }
    (void)fprintf(stderr, "too much is under way at once\n");
    abort();
}

static bool is_command(const struct job *job, uint64_t deployment, uint32_t sequence, uint16_t tries)
{
    return job->deployment == deployment && job->action.kind == ACTION_COMMAND &&
           job->action.sequence == sequence && job->action.tries == tries;
}

static struct job *command_of(struct stage *stage, uint64_t deployment, uint32_t sequence, uint16_t tries)
{
    for (int i = 0; i < STAGE_JOBS_MAX; i++)
        if (is_command(&stage->jobs[i], deployment, sequence, tries))
            return &stage->jobs[i];
    return NULL;
}

static void start_job(struct stage *stage, const struct bench_note *note)
{
    const struct action *action = &note->action;
    int64_t now_ms = stage->bench.now_ms;
    struct job *job = action->kind == ACTION_COMMAND
                          ? command_of(stage, note->deployment, action->sequence, action->tries)
                          : NULL;

    stage_tell_start(stage, note);
    if (job != NULL) { /* its runner knows the key: it never runs twice */
        job->is_told = false;
        if (job->ends_ms < now_ms + STAGE_TAKES_MS)
            job->ends_ms = now_ms + STAGE_TAKES_MS;
        return;
    }
    job = add_job(stage, note->deployment);
    job->action = *action;
    job->deed =
        action->kind == ACTION_COMMAND ? stage->commands[action->reference] : stage->actions[action->kind];
    job->ends_ms = job->deed.is_silent ? INT64_MAX : now_ms + job->deed.takes_ms;
}

static void read_share(struct stage *stage, uint64_t deployment)
{
    struct job *job = add_job(stage, deployment);

    job->is_read_back = true;
    job->ends_ms = stage->bench.now_ms + STAGE_READ_MS;
}

static uint32_t target_of(const struct stage *stage, uint64_t deployment)
{
    for (uint32_t i = 0; i < stage->bench.live_count; i++)
        if (stage->bench.lives[i]->id == deployment)
            return stage->bench.lives[i]->start.target;
    return BENCH_TARGET;
}

/* What a job does to the world at its end. */
static enum result effect_of(struct stage *stage, const struct job *job)
{
    uint32_t target = target_of(stage, job->deployment);

    if (job->action.kind == ACTION_ROUTE && job->deed.result == RESULT_DONE) {
        stage->shares[target] = job->action.share;
        stage->are_anew[target] = false;
    }
    if (job->action.kind == ACTION_VERIFY && stage->shares[target] != 0)
        return RESULT_AGAIN;
    if (job->action.kind == ACTION_CANCEL && job->deed.result == RESULT_DONE) {
        struct job *command =
            command_of(stage, job->deployment, job->action.cancels, job->action.cancels_tries);
        if (command != NULL)
            command->deployment = 0;
    }
    return job->deed.result;
}

static void end_job(struct stage *stage, struct job *job)
{
    struct engine *engine = stage->bench.engine;
    uint32_t target = target_of(stage, job->deployment);

    if (job->is_read_back)
        (void)engine_read_back(engine, job->deployment, stage->shares[target], stage->are_anew[target]);
    else
        (void)engine_result(engine, job->deployment, job->action.sequence, job->action.tries,
                            effect_of(stage, job));
    job->is_told = true;
    if (job->action.kind != ACTION_COMMAND)
        job->deployment = 0;
}

static void end_jobs(struct stage *stage)
{
    for (int i = 0; i < STAGE_JOBS_MAX; i++) {
        struct job *job = &stage->jobs[i];
        if (job->deployment != 0 && !job->is_told && job->ends_ms <= stage->bench.now_ms)
            end_job(stage, job);
    }
}

/* One value comes in, and so many others too late. */
static void flood(const struct stage *stage, struct bench_live *live, uint8_t rule)
{
    for (int i = 0; i < STAGE_FLOOD; i++)
        losses_note(&live->losses[rule], stage->bench.now_ms / STAGE_FEED_MS, true);
}

static void feed(struct stage *stage)
{
    if (stage->bench.now_ms < stage->feed_ms)
        return;
    stage->feed_ms = stage->bench.now_ms + STAGE_FEED_MS;
    for (uint32_t i = 0; i < stage->bench.live_count; i++) {
        struct bench_live *live = stage->bench.lives[i];
        for (uint8_t rule = 0; live->plan != NULL && rule < stage->plan.rule_count; rule++) {
            if (stage->is_flooded[rule])
                flood(stage, live, rule);
            if (!stage->is_silent[rule])
                bench_put(&stage->bench, live, rule, stage->values[live->start.target][rule]);
        }
    }
}

/* The journal answers when it is told to, or after its time. */
static void write_journal(struct stage *stage)
{
    struct engine_bench *bench = &stage->bench;

    if (bench->journal != BENCH_STUCK || bench->pending == NULL || stage->journal_takes_ms == 0) {
        bench_settle(bench);
        return;
    }
    if (bench->now_ms < stage->pending_ms + stage->journal_takes_ms)
        return;
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    bench->journal = BENCH_STUCK;
}

static void see_pending(struct stage *stage)
{
    if (stage->bench.commits != stage->commits)
        stage->pending_ms = stage->bench.now_ms;
    stage->commits = stage->bench.commits;
}

static void take_note(struct stage *stage, const struct bench_note *note)
{
    switch (note->kind) {
    case NOTE_ROW:
        stage_tell_row(stage, note);
        return;
    case NOTE_ANSWER:
        stage_tell_answer(stage, note);
        return;
    case NOTE_START:
        start_job(stage, note);
        return;
    case NOTE_READ_BACK:
        read_share(stage, note->deployment);
        return;
    case NOTE_RELEASED:
        return;
    }
}

static void turn(struct stage *stage)
{
    end_jobs(stage);
    feed(stage);
    write_journal(stage);
    bench_turn(&stage->bench);
    see_pending(stage);
    for (size_t i = 0; i < stage->bench.note_count; i++)
        take_note(stage, &stage->bench.notes[i]);
    bench_forget(&stage->bench);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_ms(const struct stage *stage)
{
    int64_t at_ms = sooner(engine_deadline(stage->bench.engine), stage->feed_ms);

    for (int i = 0; i < STAGE_JOBS_MAX; i++)
        if (stage->jobs[i].deployment != 0 && !stage->jobs[i].is_told)
            at_ms = sooner(at_ms, stage->jobs[i].ends_ms);
    if (stage->bench.pending != NULL && stage->journal_takes_ms > 0)
        at_ms = sooner(at_ms, stage->pending_ms + stage->journal_takes_ms);
    return at_ms;
}

void stage_run(struct stage *stage, int64_t until_ms)
{
    int turns = 0;

    until_ms += stage->start_ms;
    turn(stage);
    for (int64_t at_ms = next_ms(stage); at_ms <= until_ms; at_ms = next_ms(stage)) {
        turns = at_ms > stage->bench.now_ms ? 0 : turns + 1;
        if (turns > TURNS_MAX) {
            (void)fprintf(stderr, "the engine turns on the spot\n");
            abort();
        }
        if (at_ms > stage->bench.now_ms)
            stage->bench.now_ms = at_ms;
        turn(stage);
    }
    if (until_ms > stage->bench.now_ms)
        stage->bench.now_ms = until_ms;
}
