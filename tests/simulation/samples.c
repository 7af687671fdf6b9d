/* samples.c - one value per second, side and metric.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/samples.h"

#include "tests/simulation/farm.h"
#include "tests/simulation/world.h"

#include <string.h>

enum { REQUESTS_PER_SECOND = 300, TROUBLE_MS = 9000, STRANGE_MS = 60000 };

/* What one side is like in this second. */
struct nature {
    double requests;
    double error_rate;
    double memory;
    double crashes; /* per second */
    bool is_mute;
};

static const enum series_kind kinds[MEASURE_COUNT] = {
    [MEASURE_ERRORS] = SERIES_COUNT, [MEASURE_MEMORY] = SERIES_GAUGE, [MEASURE_CRASHES] = SERIES_COUNT};

static void empty(struct sample_series *series, enum series_kind kind)
{
    *series = (struct sample_series){0};
    series->view = (struct series_view){
        .kind = kind, .step_ms = SAMPLES_STEP_MS, .capacity = SAMPLES_STEPS, .ring = series->ring};
    series_ring_clear(&series->view, series->ring);
}

static void empty_site(struct world *world, uint8_t site)
{
    for (int side = 0; side < SAMPLES_SIDES; side++)
        for (int measure = 0; measure < MEASURE_COUNT; measure++)
            empty(&world->samples.series[site][side][measure], kinds[measure]);
    world->samples.idle_until_ms[site] = 0;
}

void samples_forget(struct world *world)
{
    for (uint8_t i = 0; i < world->site_count; i++) {
        world->samples.owner[i] = 0;
        empty_site(world, i);
    }
}

void samples_init(struct world *world)
{
    samples_forget(world);
}

/* Traffic of the candidate: what the proxy says; a pipeline that moves it itself gives half. */
static uint16_t candidate_share(const struct site *site, const struct deployment_state *state,
                                uint64_t version)
{
    if (site->kind == SITE_DEV)
        return SHARE_WHOLE / 2;
    if (site->kind == SITE_FARM)
        return farm_share(site, version);
    return state->slot == state->stable_slot ? SHARE_WHOLE : site->lever.share[state->slot];
}

/* What it gets copies of, beside what is routed to it. */
static uint16_t copied_share(const struct site *site, const struct deployment_state *state)
{
    return state->slot == state->stable_slot ? 0 : site->lever.mirror;
}

static struct nature nature_of(uint64_t version, uint16_t share)
{
    enum health health = version_health(version);
    struct nature nature = {.requests = REQUESTS_PER_SECOND * (double)share / SHARE_WHOLE,
                            .error_rate = .008,
                            .memory = 55,
                            .crashes = .02};

    if (health == HEALTH_BAD || health == HEALTH_SMOKE_BAD || (health == HEALTH_OVERLOAD && share > 5000)) {
        nature.error_rate = .12;
        nature.memory = 80;
        nature.crashes = 1;
    }
    nature.is_mute = health == HEALTH_MURKY;
    return nature;
}

static struct series_step draw(struct world *world, const struct nature *nature, enum measure measure)
{
    struct series_step step = {.total = dice_count(&world->dice, nature->requests)};

    if (measure == MEASURE_ERRORS)
        step.value = fmin(step.total, dice_count(&world->dice, step.total * nature->error_rate));
    else if (measure == MEASURE_CRASHES)
        step.value = dice_count(&world->dice, nature->crashes);
    else
        step.value = nature->memory + 18 * dice_unit(&world->dice);
    return step;
}

static void spoil(struct world *world, struct sample_series *series, struct series_step *step)
{
    if (world_fault(world, FAULT_SAMPLE_NOT_FINITE))
        series->strange_until_ms = world->now_ms + dice_between(&world->dice, 1, STRANGE_MS);
    if (world->now_ms < series->strange_until_ms)
        step->value = dice_chance(&world->dice, 5000) ? NAN : INFINITY;
    if (series->view.kind == SERIES_COUNT && world_fault(world, FAULT_SAMPLE_NEGATIVE))
        step->value = -1;
    if (world_fault(world, FAULT_SAMPLE_STALE))
        series->silent_until_ms = world->now_ms + dice_between(&world->dice, 1000, TROUBLE_MS);
    if (world_fault(world, FAULT_SAMPLE_FROZEN))
        series->frozen_until_ms = world->now_ms + dice_between(&world->dice, 1000, TROUBLE_MS);
}

static void trouble(struct world *world, struct sample_series *series)
{
    if (world->now_ms >= series->trouble_until_ms)
        series->view.trouble = SERIES_FINE;
    if (world_fault(world, FAULT_SOURCE_ERROR))
        series->view.trouble = dice_chance(&world->dice, 5000) ? SERIES_ERROR : SERIES_AMBIGUOUS;
    else if (world_fault(world, FAULT_SOURCE_EMPTY))
        series->view.trouble = SERIES_NO_DATA;
    else
        return;
    series->trouble_until_ms = world->now_ms + dice_between(&world->dice, 1000, TROUBLE_MS);
}

/* In the first second of a process no step is over yet: number -1. */
static void put(struct sample_series *series, int64_t number, struct series_step step)
{
    if (number < 0 || number <= series->view.newest_step)
        return;
    *series_ring_slot(&series->view, series->ring, number) = step;
}

static void measure(struct world *world, struct sample_series *series, const struct nature *nature,
                    enum measure what, int64_t number)
{
    struct series_step step = draw(world, nature, what);

    trouble(world, series);
    spoil(world, series, &step);
    if (nature->is_mute || series->view.trouble != SERIES_FINE || world->now_ms < series->silent_until_ms ||
        world_fault(world, FAULT_SAMPLE_MISSING))
        return;
    if (world->now_ms < series->frozen_until_ms)
        number = series->view.newest_step;
    put(series, number, step);
}

static uint64_t judged_at(const struct world *world, uint8_t site)
{
    for (int i = 0; i < SHELL_LIVES_MAX; i++) {
        const struct live *live = &world->shell.lives[i];
        if (!live->is_used || live->id == 0 || live->site != site)
            continue;
        const struct oracle_history *history = &world->oracle.histories[live->id - 1];
        if (history->exists &&
            (history->state.phase == PHASE_RUNNING || history->state.phase == PHASE_WATCHING))
            return live->id;
    }
    return 0;
}

static void measure_site(struct world *world, uint8_t index, uint64_t deployment, int64_t number)
{
    struct samples *samples = &world->samples;
    const struct site *site = &world->sites[index];
    const struct deployment_state *state = &world->oracle.histories[deployment - 1].state;
    uint16_t share = candidate_share(site, state, ledger_find(world, deployment)->version);

    if (world_fault(world, FAULT_NO_TRAFFIC))
        samples->idle_until_ms[index] = world->now_ms + dice_between(&world->dice, 1000, TROUBLE_MS);
    uint16_t copied = copied_share(site, state);
    if (world->now_ms < samples->idle_until_ms[index])
        share = copied = 0;
    struct nature sides[SAMPLES_SIDES] = {
        nature_of(ledger_find(world, deployment)->version, (uint16_t)(share + copied)),
        nature_of(HEALTH_GOOD, (uint16_t)(SHARE_WHOLE - share)),
    };
    int side_count = site->kind == SITE_WIKI ? 1 : SAMPLES_SIDES;
    for (int side = 0; side < side_count; side++)
        for (int what = 0; what < MEASURE_COUNT; what++)
            measure(world, &samples->series[index][side][what], &sides[side], (enum measure)what, number);
}

void samples_tick(struct world *world)
{
    int64_t number = shell_now_ms(world) / SAMPLES_STEP_MS - 1;

    world_later(world, SAMPLES_STEP_MS, &(struct occurrence){.kind = OCCURS_SAMPLE});
    if (!world->shell.is_up || world->shell.is_stopped)
        return;
    for (uint8_t i = 0; i < world->site_count; i++) {
        uint64_t deployment = judged_at(world, i);
        if (deployment == 0)
            continue;
        if (deployment != world->samples.owner[i])
            empty_site(world, i);
        world->samples.owner[i] = deployment;
        measure_site(world, i, deployment, number);
        const struct plan *plan = oracle_plan(world, deployment);
        for (uint8_t rule = 0; rule < plan->rule_count; rule++)
            engine_mark(world->shell.engine, deployment, rule);
    }
    shell_turn(world);
}

bool samples_views(struct world *world, uint64_t deployment, uint8_t rule, struct metric_views *ret_views)
{
    const struct live *live = shell_live(world, deployment);

    if (live == NULL || world->samples.owner[live->site] != deployment)
        return false;
    const struct play *play = &world->playbook->plays[live->play];
    struct sample_series(*sides)[MEASURE_COUNT] = world->samples.series[live->site];
    for (uint8_t i = 0; i < play->rules[rule]->metric_count; i++) {
        uint8_t what = play->measured[rule][i];
        const struct series_view *stable = &sides[SIDE_STABLE][what].view;
        ret_views[i] = (struct metric_views){
            .side = {[SIDE_CANDIDATE] = &sides[SIDE_CANDIDATE][what].view,
                     [SIDE_STABLE] = world->sites[live->site].kind == SITE_WIKI ? NULL : stable}};
    }
    return true;
}
