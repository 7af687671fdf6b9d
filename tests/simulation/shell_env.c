/* shell_env.c - what the engine asks of its outside.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/shell_env.h"

#include "engine/snapshot.h"
#include "tests/simulation/verdicts.h"
#include "tests/simulation/world.h"

#include <string.h>

struct engine_start shell_start_of(struct world *world, struct live *live)
{
    const struct play *play = &world->playbook->plays[live->play];
    const struct plan *plan = play_plan(play, live->is_back);
    const struct request *request = &world->people.requests[live->request];
    const char *lock = play->definition->lock;

    return (struct engine_start){
        .token = live->token,
        .target = live->site + 1u,
        .version_key = live->version,
        .takes_back = live->is_back ? request->taken_back : 0,
        .retries = request->retries,
        .takes_out = request->takes_out,
        .plan = plan,
        .rules = play->rules,
        .rule_states = live->rule_states,
        .slot_count = (uint8_t)play->definition->slot_count,
        .window = play->definition->window,
        .lock = lock == NULL ? 0 : snapshot_hash(lock, strlen(lock)),
        .queues = play->definition->concurrency != CONCURRENCY_REFUSE,
        .replaces = play->definition->concurrency == CONCURRENCY_REPLACE && !live->is_back,
        .is_emergency = world->people.requests[live->request].is_emergency,
        .is_stable_bad = world->people.requests[live->request].is_stable_bad,
        .needs_stable = plan->has_traffic || plan->host_count > 0,
        .service_key = live->site + 1u,
    };
}

static int64_t now(void *data)
{
    return shell_now_ms(data);
}

static bool views(void *data, uint64_t deployment, uint8_t rule, struct metric_views *ret_views)
{
    struct world *world = data;

    if (!world->is_samples)
        return false;
    world->tally->evaluations++;
    return samples_views(world, deployment, rule, ret_views);
}

/* Windows of this world: the first part of each period of its wall clock, whatever the file says. */
static int64_t opens_ms(void *data, const void *window)
{
    const struct world *world = data;
    int64_t now_ms = shell_now_ms(world);
    int64_t of_period_ms = shell_of_period_ms(world);

    (void)window;
    return of_period_ms < SHELL_OPEN_MS ? now_ms : now_ms + SHELL_PERIOD_MS - of_period_ms;
}

/* A new deployment's live learns its id here, before anybody asks for it. */
static void name_lives(struct world *world, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (row->kind != ROW_DEPLOYMENT || !row->is_new)
            continue;
        for (int k = 0; k < SHELL_LIVES_MAX; k++)
            if (world->shell.lives[k].is_used && world->shell.lives[k].token == row->token)
                world->shell.lives[k].id = row->deployment;
    }
}

static int64_t latency_ms(struct world *world)
{
    switch (world->ledger.mode) {
    case LEDGER_FINE:
        return dice_between(&world->dice, 1, 4);
    case LEDGER_SLOW:
        return dice_between(&world->dice, 100, 4000);
    case LEDGER_FULL:
    case LEDGER_BREAKS:
        return dice_between(&world->dice, 1, 400);
    }
    return 1;
}

static void commit(void *data, const struct batch *batch)
{
    struct world *world = data;
    struct shell *shell = &world->shell;

    if (shell->commit != NULL)
        oracle_violate(world, "commit", 0, "a second batch while one is on its way");
    shell->commit = batch;
    shell->is_written = false;
    shell->commit_serial++;
    shell->batches++;
    shell->commit_up_ms = shell_up_ms(world);
    shell->commit_of_period_ms = shell_of_period_ms(world);
    world->tally->commits++;
    name_lives(world, batch);
    oracle_committing(world, batch);
    world_later(world, latency_ms(world),
                &(struct occurrence){.kind = OCCURS_COMMIT, .sequence = shell->commit_serial});
}

/* What it was sent ahead for is journaled: no sign is needed any more. */
static void forget_tombstone(struct world *world, const struct batch_row *row)
{
    if (row->state->ending != ENDING_NONE)
        ledger_find(world, row->deployment)->has_tombstone = false;
}

static void follow_trace(struct world *world, const struct batch_row *row)
{
    if (row->deployment == 0)
        return;
    if (row->trace.kind == TRACE_STEP && !world->is_samples)
        verdicts_expected(world, row->deployment, row->state);
    people_published(world, row);
}

static void published(void *data, const struct batch *batch)
{
    struct world *world = data;

    if (world->shell.is_dying)
        return;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->rows[i].kind == ROW_DEPLOYMENT)
            forget_tombstone(world, &batch->rows[i]);
        if (batch->rows[i].kind == ROW_TRACE)
            follow_trace(world, &batch->rows[i]);
    }
}

static void start(void *data, const struct deployment_state *state, const struct action *action,
                  bool is_ahead)
{
    struct world *world = data;

    if (world->shell.is_dying)
        return;
    world->tally->effects++;
    world->tally->actions[action->kind]++;
    world->tally->ahead += is_ahead;
    if (world->trail != NULL)
        world_say(world, state->id, "leaves: %s %u.%u reference %u share %u%s%s",
                  action_kind_name(action->kind), action->sequence, action->tries, action->reference,
                  action->share, action->is_new ? "" : ", again", is_ahead ? ", ahead of the journal" : "");
    if (is_ahead && world->slip != SLIP_NO_TOMBSTONE)
        ledger_find(world, state->id)->has_tombstone = true;
    oracle_effect(world, state->id, action, is_ahead);
    site_start(world, state, action);
    world->shell.is_dying = world_fault(world, FAULT_KILL_AFTER_EFFECT);
}

static void read_back(void *data, const struct deployment_state *state)
{
    struct world *world = data;

    if (!world->shell.is_dying && state->slot != state->stable_slot)
        site_read_back(world, state);
}

static void free_refused(struct world *world, uint64_t token)
{
    for (int i = 0; i < SHELL_LIVES_MAX; i++)
        if (world->shell.lives[i].is_used && world->shell.lives[i].token == token)
            world->shell.lives[i].is_used = false;
}

static void answered(void *data, uint64_t token, enum engine_answer answer, uint64_t deployment)
{
    struct world *world = data;
    struct asked *asked = shell_asked(world, token);

    if (world->shell.is_dying)
        return;
    if (asked == NULL) {
        oracle_violate(world, "S1", deployment, "an answer that nobody waits for");
        return;
    }
    struct asked copy = *asked;
    asked->kind = ASKED_NOTHING;
    world->tally->answers[answer]++;
    if (copy.kind == ASKED_START && answer != ENGINE_DONE)
        free_refused(world, token);
    if (copy.kind >= ASKED_RUN_START) {
        runs_answered(world, &copy, answer, deployment);
        return;
    }
    oracle_answer(world, &copy, answer, deployment);
    people_answered(world, &copy, answer, deployment);
}

/* A new one whose commit failed is still its request's: the answer frees it. */
static void released(void *data, uint64_t deployment)
{
    struct world *world = data;
    struct live *live = shell_live(world, deployment);

    if (live == NULL)
        return;
    if (live->token != 0 && shell_asked(world, live->token) != NULL)
        live->id = 0;
    else
        live->is_used = false;
}

static void stepping(void *data, uint64_t deployment)
{
    (void)data;
    (void)deployment;
}

struct engine_env shell_env(struct world *world)
{
    return (struct engine_env){
        .data = world,
        .now_ms = now,
        .views = views,
        .opens_ms = opens_ms,
        .commit = commit,
        .published = published,
        .start = start,
        .read_back = read_back,
        .answered = answered,
        .released = released,
        .stepping = stepping,
    };
}
