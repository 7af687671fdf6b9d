/* figures.c - sums of what ended, and their quotients.
 * SPDX-License-Identifier: MIT */
#include "api/figures.h"

#include <math.h>
#include <string.h>

#define DAY_MS (24.0 * 3600.0 * 1000.0)

#define NO_DEPLOYMENT "no deployment with an effect ended in the span"
#define NO_PROMOTION  "no deployment was promoted in the span"
#define NO_RELEASE    "no run was released in the span"
#define NO_ROLLBACK   "nothing was taken back in the span"
#define NOBODY_LOOKED "of no deployment anybody saw whether something served all the time"

const struct figure_row figure_rows[FIGURE_COUNT] = {
    [FIGURE_SUCCESS_RATE] = {"deployment_success_rate", "deployments that succeed", "ratio", NO_DEPLOYMENT,
                             NULL, TARGET_ABOVE, 0.99, true},
    [FIGURE_DEPLOYMENT_ELAPSED] = {"deployment_elapsed", "time of a deployment, all of it", "s", NO_PROMOTION,
                                   NULL, TARGET_NONE, 0.0, true},
    [FIGURE_DEPLOYMENT_TIME] = {"deployment_time", "time of a deployment, working", "s", NO_PROMOTION, NULL,
                                TARGET_BELOW, 600.0, true},
    [FIGURE_ROLLBACK_TIME] = {"rollback_time", "time of a rollback", "s", NO_ROLLBACK, NULL, TARGET_BELOW,
                              120.0, true},
    [FIGURE_ZERO_DOWNTIME] = {"zero_downtime", "deployments without downtime", "ratio", NOBODY_LOOKED, NULL,
                              TARGET_EXACT, 1.0, true},
    [FIGURE_EFFICIENCY] = {"pipeline_efficiency", "pipelines: working of elapsed", "ratio", NO_RELEASE, NULL,
                           TARGET_ABOVE, 0.9, false},
    [FIGURE_BUILD_TIME] = {"build_time", "time of a build", "s", "no run with a stage `build` ended it", NULL,
                           TARGET_BELOW, 300.0, false},
    [FIGURE_COVERAGE] = {"test_coverage", "coverage of tests", "ratio",
                         "no task reported the output `coverage`", NULL, TARGET_ABOVE, 0.85, false},
    [FIGURE_SIZE_TREND] = {"artifact_size_trend", "size of artifacts, change", "ratio",
                           "no pipeline reported the output `artifact_bytes` twice", NULL, TARGET_NONE, 0.0,
                           false},
    [FIGURE_FREQUENCY] = {"deployment_frequency", "promotions", "per_day",
                          "the journal has nothing of the span", "deployment_frequency", TARGET_NONE, 0.0,
                          true},
    [FIGURE_ROLLBACK_RATE] = {"rollback_rate", "deployments taken back", "ratio", NO_DEPLOYMENT,
                              "change_failure_rate", TARGET_BELOW, 0.01, true},
    [FIGURE_RECOVERY_TIME] = {"recovery_time", "time from a failure to good again", "s",
                              "nothing failed and was taken back in the span",
                              "failed_deployment_recovery_time", TARGET_BELOW, 120.0, true},
    [FIGURE_AVAILABILITY] = {"availability", "availability during deployments", "ratio", NOBODY_LOOKED, NULL,
                             TARGET_ABOVE, 0.9999, true},
    [FIGURE_LEAD_TIME] = {"lead_time", "time from commit to release", "s",
                          "no released run reported the output `commit_time`", "lead_time_for_changes",
                          TARGET_NONE, 0.0, false},
    [FIGURE_DISASTER_TIME] = {"disaster_recovery_time", "time of a disaster recovery", "s",
                              "no disaster recovery ended in the span", NULL, TARGET_BELOW, 120.0, true},
};

static void add(struct figures_strategy *to, enum figure figure, double total, double weight)
{
    to->sums[figure].total += total;
    to->sums[figure].weight += weight;
    to->sums[figure].count++;
}

/* Milliseconds, as seconds; what is not known counts for nothing. */
static void add_time(struct figures_strategy *to, enum figure figure, int64_t ms)
{
    if (ms >= 0)
        add(to, figure, (double)ms / 1000.0, 1.0);
}

/* NULL: too many strategies. */
static struct figures_strategy *find_strategy(struct figures *figures, const char *name)
{
    for (size_t i = 0; i < figures->strategy_count; i++)
        if (strcmp(figures->strategies[i].name, name) == 0)
            return &figures->strategies[i];
    if (figures->strategy_count == FIGURES_STRATEGIES_MAX) {
        figures->is_cut = true;
        return NULL;
    }
    struct figures_strategy *strategy = &figures->strategies[figures->strategy_count];
    if (!text_copy(strategy->name, sizeof(strategy->name), name))
        return NULL;
    figures->strategy_count++;
    return strategy;
}

static void note_taken_back(struct figures *figures, uint64_t deployment)
{
    if (deployment == 0)
        return;
    if (figures->taken_count == FIGURES_TAKEN_MAX)
        figures->is_cut = true;
    else
        figures->taken[figures->taken_count++] = deployment;
}

/* Was it taken back by one that came before? Then that is forgotten. */
static bool was_taken_back(struct figures *figures, uint64_t deployment)
{
    for (size_t i = 0; i < figures->taken_count; i++)
        if (figures->taken[i] == deployment) {
            figures->taken[i] = figures->taken[--figures->taken_count];
            return true;
        }
    return false;
}

static bool is_hanging(const struct journal_ended *row)
{
    return row->phase == PHASE_ROLLING_BACK && row->is_escalated;
}

/* It changed what serves, or could have: not what ended before it began, nor a trial that passed. */
static bool had_effect(const struct journal_ended *row)
{
    return row->phase == PHASE_PROMOTED || is_hanging(row) ||
           (row->phase == PHASE_ROLLED_BACK && row->ending != ENDING_PASSED);
}

static void add_way_back(struct figures_strategy *to, const struct journal_ended *row)
{
    to->deployments++;
    add_time(to, FIGURE_ROLLBACK_TIME, row->back_ms);
    add_time(to, FIGURE_RECOVERY_TIME, row->recovery_ms);
}

static void add_downtime(struct figures_strategy *to, const struct journal_ended *row)
{
    double elapsed_ms = (double)row->elapsed_ms;
    double down_ms = (double)row->downtime_ms;

    if (row->downtime_ms < 0)
        return;
    add(to, FIGURE_ZERO_DOWNTIME, row->downtime_ms == 0 ? 1.0 : 0.0, 1.0);
    if (row->elapsed_ms > 0)
        add(to, FIGURE_AVAILABILITY, elapsed_ms - fmin(down_ms, elapsed_ms), elapsed_ms);
}

static void add_deployment(struct figures_strategy *to, const struct journal_ended *row, bool is_taken_back)
{
    bool is_promoted = row->phase == PHASE_PROMOTED;
    bool is_good = is_promoted && !is_taken_back;

    to->deployments++;
    add(to, FIGURE_SUCCESS_RATE, is_good ? 1.0 : 0.0, 1.0);
    add(to, FIGURE_ROLLBACK_RATE, is_good ? 0.0 : 1.0, 1.0);
    add_downtime(to, row);
    add_time(to, FIGURE_ROLLBACK_TIME, row->back_ms);
    add_time(to, FIGURE_RECOVERY_TIME, row->recovery_ms);
    add_time(to, FIGURE_DISASTER_TIME, row->disaster_ms);
    if (!is_promoted)
        return;
    add_time(to, FIGURE_DEPLOYMENT_ELAPSED, row->elapsed_ms);
    add_time(to, FIGURE_DEPLOYMENT_TIME, row->working_ms);
    add(to, FIGURE_FREQUENCY, 1.0, 0.0);
}

void figures_deployment(struct figures *figures, const struct journal_ended *row)
{
    struct figures_strategy *strategy = NULL;

    if (row->kind == PLAN_ROLLBACK) {
        if (row->phase == PHASE_PROMOTED || is_hanging(row))
            note_taken_back(figures, row->taken_back);
        else
            return;
    }
    bool is_taken_back = was_taken_back(figures, row->kind == PLAN_ROLLBACK ? 0 : row->id);
    if (row->kind == PLAN_DEPLOY && !had_effect(row))
        return;
    if (row->kind == PLAN_DEPLOY && row->disaster_ms >= 0 && figures->disaster == 0) {
        figures->disaster = row->id;
        figures->disaster_ms = row->disaster_ms;
    }
    strategy = find_strategy(figures, row->strategy);
    struct figures_strategy *const places[] = {&figures->all, strategy};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (places[i] == NULL)
            continue;
        if (row->kind == PLAN_ROLLBACK)
            add_way_back(places[i], row);
        else
            add_deployment(places[i], row, is_taken_back);
    }
}

static void add_artifact(struct figures *figures, const struct figures_run *run)
{
    size_t at = 0;

    while (at < figures->artifact_count && strcmp(figures->artifacts[at].pipeline, run->pipeline) != 0)
        at++;
    if (at == FIGURES_PIPELINES_MAX) {
        figures->is_cut = true;
        return;
    }
    struct figures_artifact *artifact = &figures->artifacts[at];
    if (at == figures->artifact_count) {
        if (!text_copy(artifact->pipeline, sizeof(artifact->pipeline), run->pipeline))
            return;
        artifact->newest = run->artifact_bytes;
        figures->artifact_count++;
    }
    artifact->oldest = run->artifact_bytes;
    artifact->count++;
}

void figures_run(struct figures *figures, const struct figures_run *run)
{
    struct figures_strategy *all = &figures->all;

    figures->runs++;
    add_time(all, FIGURE_BUILD_TIME, run->build_ms);
    if (!isnan(run->coverage_percent))
        add(all, FIGURE_COVERAGE, run->coverage_percent / 100.0, 1.0);
    if (!isnan(run->artifact_bytes) && run->artifact_bytes > 0.0)
        add_artifact(figures, run);
    if (!run->is_released)
        return;
    add_time(all, FIGURE_LEAD_TIME, run->lead_ms);
    if (run->working_ms >= 0 && run->elapsed_ms > 0)
        add(all, FIGURE_EFFICIENCY, fmin((double)run->working_ms, (double)run->elapsed_ms),
            (double)run->elapsed_ms);
}

void figures_end(struct figures *figures, int64_t span_ms)
{
    double days = fmax((double)span_ms / DAY_MS, 1.0);
    struct figure_sum *trend = &figures->all.sums[FIGURE_SIZE_TREND];

    for (size_t i = 0; i <= figures->strategy_count; i++) {
        struct figures_strategy *place = i == 0 ? &figures->all : &figures->strategies[i - 1];
        if (span_ms > 0)
            place->sums[FIGURE_FREQUENCY].weight = days;
    }
    for (size_t i = 0; i < figures->artifact_count; i++) {
        const struct figures_artifact *artifact = &figures->artifacts[i];
        if (artifact->count < 2)
            continue;
        trend->total += artifact->newest - artifact->oldest;
        trend->weight += artifact->oldest;
        trend->count += artifact->count;
    }
}

double figures_value(const struct figure_sum *sum)
{
    return sum->weight > 0.0 ? sum->total / sum->weight : (double)NAN;
}

bool figures_is_met(enum figure figure, double value)
{
    const struct figure_row *row = &figure_rows[figure];

    switch (row->target) {
    case TARGET_ABOVE:
        return value > row->bound;
    case TARGET_BELOW:
        return value < row->bound;
    case TARGET_EXACT:
        return value >= row->bound && value <= row->bound;
    case TARGET_NONE:
        return false;
    }
    return false;
}
