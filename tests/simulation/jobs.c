/* jobs.c - commands and the runner that keeps their ends by their keys.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/farm.h"
#include "tests/simulation/world.h"

#include <assert.h>
#include <string.h>

enum { GRACE_MS = 5000, FOREVER_MS = 3600 * 1000 };

/* Of an action on hosts each host has its own. */
static struct job *find(struct site *site, uint64_t deployment, uint32_t sequence, uint16_t tries,
                        uint16_t host)
{
    for (int i = 0; i < SITE_JOBS_MAX; i++) {
        struct job *job = &site->jobs[i];
        if (job->state != JOB_FREE && job->deployment == deployment && job->sequence == sequence &&
            job->tries == tries && job->asked.host == host)
            return job;
    }
    return NULL;
}

static void answer(struct world *world, const struct job *job, int64_t after_ms)
{
    struct action action = {.kind = ACTION_COMMAND, .sequence = job->sequence, .tries = job->tries};

    site_answer(world, job->deployment, &action, job->is_lost ? RESULT_UNKNOWN : job->result, after_ms);
}

/* What the world is after it ran. */
static void take_effect(struct world *world, struct site *site, struct job *job)
{
    const struct ledger_deployment *stored = ledger_find(world, job->deployment);
    enum craft craft = world->playbook->plays[stored->play].crafts[job->reference];

    if (job->has_taken)
        return;
    job->has_taken = true;
    if (job->batch > 0) {
        farm_take_effect(world, site, job, craft);
        return;
    }
    if (craft == CRAFT_HEAL)
        site->sick_until_ms = world->now_ms;
    if (craft == CRAFT_DEPLOY)
        site->versions[job->slot] = job->version;
    if (craft == CRAFT_UNDEPLOY)
        site->versions[job->slot] = job->slot == job->stable_slot ? job->previous : 0;
    if (craft == CRAFT_RETIRE)
        site->versions[job->stable_slot] = 0;
}

/* How it will end, as dice and faults have it; returns how long it runs. */
static int64_t fate(struct world *world, struct job *job, int64_t limit_ms)
{
    int64_t runs_ms = dice_between(&world->dice, 30, limit_ms / 3);

    job->result = RESULT_DONE;
    if (world_fault(world, FAULT_COMMAND_AGAIN))
        job->result = RESULT_AGAIN;
    else if (world_fault(world, FAULT_COMMAND_FAILED))
        job->result = RESULT_FAILED;
    else if (world_fault(world, FAULT_COMMAND_LOST))
        job->is_lost = true;
    else if (world_fault(world, FAULT_COMMAND_HANGS)) {
        job->result = RESULT_FAILED;
        runs_ms = limit_ms + (dice_chance(&world->dice, 5000) ? GRACE_MS : 10);
    }
    return runs_ms;
}

static void check_overlap(struct world *world, const struct site *site, const struct job *started)
{
    for (int i = 0; i < SITE_JOBS_MAX; i++) {
        const struct job *job = &site->jobs[i];
        bool is_beside = job->sequence == started->sequence && job->asked.host != started->asked.host;
        if (job == started || job->state != JOB_RUNNING || job->deployment != started->deployment ||
            is_beside)
            continue;
        if (job->reference == started->reference)
            oracle_violate(world, "S5", job->deployment, "command %u runs twice at the same time",
                           job->reference);
        else
            oracle_violate(world, "S5", job->deployment, "command %u starts while %u still runs",
                           started->reference, job->reference);
    }
}

static void check_unsafe(struct world *world, const struct site *site, const struct job *started)
{
    const struct play *play = &world->playbook->plays[ledger_find(world, started->deployment)->play];

    if (started->is_undo || play->definition->commands[started->reference].repeat != REPEAT_UNSAFE)
        return;
    for (int i = 0; i < SITE_JOBS_MAX; i++) {
        const struct job *job = &site->jobs[i];
        if (job != started && job->state != JOB_FREE && job->deployment == started->deployment &&
            job->sequence == started->sequence && job->asked.host == started->asked.host &&
            (job->is_lost || job->state == JOB_RUNNING))
            oracle_violate(world, "S5", job->deployment,
                           "an unsafe command is started again, its fate unknown");
    }
}

/* What retires the old slot must not meet the one that serves. */
static void check_retirement(struct world *world, const struct site *site, const struct job *job)
{
    const struct play *play = &world->playbook->plays[ledger_find(world, job->deployment)->play];
    const struct target_state *target = &world->oracle.targets[site->target - 1];

    if (play->crafts[job->reference] == CRAFT_RETIRE && target->stable_slot == job->stable_slot)
        oracle_violate(world, "S9", job->deployment, "slot %u serves, and is retired", job->stable_slot);
}

static struct job *take_place(struct site *site)
{
    for (int i = 0; i < SITE_JOBS_MAX; i++) {
        struct job *job = &site->jobs[site->job_next++ % SITE_JOBS_MAX];
        if (job->state != JOB_RUNNING)
            return job;
    }
    assert(false);
    return NULL;
}

static struct job *start(struct world *world, struct site *site, const struct deployment_state *state,
                         const struct action *action, uint16_t first, uint16_t hosts)
{
    const struct ledger_deployment *stored = ledger_find(world, state->id);
    const struct definition *definition = world->playbook->plays[stored->play].definition;
    struct job *job = take_place(site);
    int64_t limit_ms = definition->commands[action->reference].timeout_ms;

    *job = (struct job){.state = JOB_RUNNING,
                        .deployment = state->id,
                        .sequence = action->sequence,
                        .tries = action->tries,
                        .reference = action->reference,
                        .is_undo = action->is_rollback,
                        .version = stored->version,
                        .previous = stored->previous,
                        .slot = state->slot,
                        .stable_slot = state->stable_slot,
                        .asked = *action,
                        .first = first,
                        .batch = hosts};
    check_overlap(world, site, job);
    check_unsafe(world, site, job);
    check_retirement(world, site, job);
    if (hosts > 0)
        farm_begin(world, site, job, world->playbook->plays[stored->play].crafts[job->reference]);
    int64_t runs_ms = fate(world, job, limit_ms);
    job->ends_ms = world->now_ms + runs_ms;
    world_later(world, runs_ms,
                &(struct occurrence){.kind = OCCURS_JOB,
                                     .target = site->target,
                                     .sequence = (uint32_t)(job - site->jobs),
                                     .at_ms = job->ends_ms});
    return job;
}

/* Of hosts: each walks through the tries of a batch until one was done; one alone has only its newest. NULL:
 * the try that comes next has not begun. */
static struct job *walk(struct site *site, uint64_t deployment, const struct action *action, uint16_t host,
                        uint16_t *ret_tries)
{
    struct job *job = NULL;

    for (*ret_tries = action->batch > 1 ? 0 : action->tries;; (*ret_tries)++) {
        job = find(site, deployment, action->sequence, *ret_tries, host);
        if (job == NULL || job->state == JOB_RUNNING || *ret_tries >= action->tries ||
            (job->result == RESULT_DONE && !job->is_lost))
            return job;
    }
}

static enum result worse(enum result a, enum result b)
{
    static const int weights[] = {
        [RESULT_DONE] = 0, [RESULT_AGAIN] = 1, [RESULT_UNKNOWN] = 2, [RESULT_FAILED] = 3};

    return weights[a] >= weights[b] ? a : b;
}

/* Whoever has not begun begins; once all are through the action is. */
static void go_on_hosts(struct world *world, struct site *site, const struct deployment_state *state,
                        const struct action *action)
{
    enum result result = RESULT_DONE;
    bool is_over = true;
    uint16_t tries = 0;

    for (uint16_t i = action->host; i < action->host + action->batch; i++) {
        struct job *job = walk(site, state->id, action, i, &tries);
        struct action one = *action;
        one.host = i;
        one.tries = tries;
        if (job == NULL)
            job = start(world, site, state, &one, action->host, action->batch);
        job->asked_life = world->shell.life;
        job->asked = *action;
        job->asked.host = i;
        is_over = is_over && job->state == JOB_ENDED;
        result = worse(job->is_lost ? RESULT_UNKNOWN : job->result, result);
    }
    if (is_over)
        site_answer(world, state->id, action, result, dice_between(&world->dice, 1, 10));
}

static void go_on_after(struct world *world, struct site *site, const struct job *job)
{
    struct deployment_state state = {
        .id = job->deployment, .slot = job->slot, .stable_slot = job->stable_slot};
    struct action action = job->asked;

    action.host = job->first;
    go_on_hosts(world, site, &state, &action);
}

/* A key runs at most once: who asks for one that is known hears of its end. */
void jobs_start(struct world *world, const struct deployment_state *state, const struct action *action)
{
    struct site *site = &world->sites[ledger_find(world, state->id)->site];
    struct action wanted = *action;

    if (world->slip == SLIP_TWICE && !action->is_new)
        wanted.tries = (uint16_t)(action->tries + 1000 + world->shell.life);
    if (action->batch > 0) {
        go_on_hosts(world, site, state, &wanted);
        return;
    }
    struct job *job = find(site, state->id, wanted.sequence, wanted.tries, 0);
    if (job == NULL)
        job = start(world, site, state, &wanted, 0, 0);
    job->asked_life = world->shell.life;
    if (job->state == JOB_ENDED)
        answer(world, job, dice_between(&world->dice, 1, 10));
}

void site_job(struct world *world, const struct occurrence *occurrence)
{
    struct site *site = &world->sites[occurrence->target - 1];
    struct job *job = &site->jobs[occurrence->sequence];

    if (job->state != JOB_RUNNING || job->ends_ms != occurrence->at_ms)
        return;
    job->state = JOB_ENDED;
    if (job->result == RESULT_DONE && (!job->is_lost || dice_chance(&world->dice, 5000)))
        take_effect(world, site, job);
    world_say(world, job->deployment, "command %u (%u.%u) ends: %d%s; the slots have %llu and %llu",
              job->reference, job->sequence, job->tries, job->result, job->is_lost ? ", and is lost" : "",
              (unsigned long long)site->versions[0], (unsigned long long)site->versions[1]);
    if (job->asked_life != world->shell.life)
        return;
    if (job->batch > 0)
        go_on_after(world, site, job);
    else
        answer(world, job, dice_between(&world->dice, 0, 5));
}

/* False: it still runs. */
static bool cancel_one(struct world *world, struct site *site, const struct deployment_state *state,
                       const struct action *action, uint16_t host)
{
    struct job *job = find(site, state->id, action->cancels, action->cancels_tries, host);
    bool is_running = job != NULL && job->state == JOB_RUNNING;

    if (is_running && job->ends_ms > world->now_ms + GRACE_MS) {
        job->ends_ms = world->now_ms + GRACE_MS;
        job->result = RESULT_FAILED;
        world_later(world, GRACE_MS,
                    &(struct occurrence){.kind = OCCURS_JOB,
                                         .target = site->target,
                                         .sequence = (uint32_t)(job - site->jobs),
                                         .at_ms = job->ends_ms});
    }
    return !is_running;
}

/* It is told to stop; whoever asks too early is told to ask again. */
void jobs_cancel(struct world *world, const struct deployment_state *state, const struct action *action)
{
    struct site *site = &world->sites[ledger_find(world, state->id)->site];
    struct action cancel = {.kind = ACTION_CANCEL, .sequence = action->sequence, .tries = action->tries};
    uint16_t count = action->batch > 0 ? action->batch : 1;
    bool is_over = true;

    for (uint16_t i = 0; i < count; i++)
        is_over = cancel_one(world, site, state, action, (uint16_t)(action->host + i)) && is_over;
    site_answer(world, state->id, &cancel, is_over ? RESULT_DONE : RESULT_AGAIN,
                dice_between(&world->dice, 1, 10));
}
