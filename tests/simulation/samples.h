/* samples.h - what the sources of the sample world measure: windows per site, side and metric, drawn from the
 * true
 * rates, and everything that can be wrong with them. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_SAMPLES_H
#define SIMULATION_SAMPLES_H

#include "engine/engine.h"
#include "tests/simulation/site.h"

enum { SAMPLES_SIDES = 2, SAMPLES_STEPS = 128, SAMPLES_STEP_MS = 1000 };

struct world;

/* One series; also what was really sent, for the oracle. */
struct sample_series {
    struct series_view view;
    struct series_step ring[SAMPLES_STEPS];
    int64_t silent_until_ms;  /* nothing comes */
    int64_t frozen_until_ms;  /* only old values come */
    int64_t strange_until_ms; /* what comes is no number */
    int64_t trouble_until_ms;
};

struct samples {
    uint64_t owner[SITES_MAX];        /* deployment whose sides are measured */
    int64_t idle_until_ms[SITES_MAX]; /* no traffic for the candidate */
    struct sample_series series[SITES_MAX][SAMPLES_SIDES][MEASURE_COUNT];
};

void samples_init(struct world *world);

/* A second is over: values of every site, and the rules that read them are marked. */
void samples_tick(struct world *world);

/* Of struct engine_env. */
bool samples_views(struct world *world, uint64_t deployment, uint8_t rule, struct metric_views *ret_views);

/* The windows of a new process are empty. */
void samples_forget(struct world *world);

#endif
