/* figures.h - from deployments and runs that are over to the figures that people ask for, with their targets.
 * Pure.
 * SPDX-License-Identifier: MIT
 *
 * Every figure is a quotient of two sums, `total / weight`; where the weight is 0 it is not known, and is
 * NAN, never 0 and never good news: `unknown` of its row says why. What is not known of one deployment or run
 * counts for none of the sums. Seconds, ratios from 0 to 1, and counts per day.
 *
 *   deployment_success_rate   promoted and not taken back in the span, of all that had an effect: promoted,
 *                             rolled back, or hanging on their way back. Neither counts what ended before it
 *                             began (rejected, cancelled, superseded), nor a trial that passed.
 *   deployment_elapsed        from the start to the promotion, the mean of those promoted.
 *   deployment_time           the same without declared observation, waiting for people, gates and turns, and
 *                             holds: the time for which an action was under way.
 *   rollback_time             from the begin of a way back to its end, the mean.
 *   zero_downtime             share of the above with an effect for which nothing was ever down, of those
 *                             where somebody saw whether something was.
 *   pipeline_efficiency       time working of all runs that were released, by their time elapsed.
 *   build_time                from the first begin to the last end in the stage `build`, the mean.
 *   test_coverage             what tasks reported as the output `coverage`, in percent, the mean; what a
 * retry carries from a run before it counts there alone. artifact_size_trend       newest by oldest output
 * `artifact_bytes` of each pipeline, less one; of several pipelines: of their sums. deployment_frequency
 * promotions per day of what the journal covers of the span, a day at least. rollback_rate             rolled
 * back, hanging, or taken back later, of all that had an effect. recovery_time             from the first
 * FAIL, or where none came before it from its begin, to the end of the way back, the mean. availability 1 -
 * down / elapsed, of all deployments whose downtime is known: outside of deployments nobody watches, so this
 * is no figure of the service's whole life. lead_time                 from the output `commit_time` (seconds
 * since 1970) of a run to its release.
 *
 *   disaster_recovery_time    from the begin of what is declared for the worst (a recovery plan, the command
 *                             `disaster`) to stable found well, the mean of those that got there.
 *
 * A run works while a command of a stage does, or those of its deployments that works longest. A lean value
 * stream calls that share flow efficiency (Martin and Osterling, "Value Stream Mapping", 2013: activity
 * ratio).
 *
 * DORA's four (Forsgren, Humble, Kim, "Accelerate", 2018; dora.dev): deployment frequency is
 * deployment_frequency, lead time for changes is lead_time, change failure rate is rollback_rate, failed
 * deployment recovery time is recovery_time. */
#ifndef API_FIGURES_H
#define API_FIGURES_H

#include "base/text.h"
#include "store/journal_ended.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum figure {
    FIGURE_SUCCESS_RATE,
    FIGURE_DEPLOYMENT_ELAPSED,
    FIGURE_DEPLOYMENT_TIME,
    FIGURE_ROLLBACK_TIME,
    FIGURE_ZERO_DOWNTIME,
    FIGURE_EFFICIENCY,
    FIGURE_BUILD_TIME,
    FIGURE_COVERAGE,
    FIGURE_SIZE_TREND,
    FIGURE_FREQUENCY,
    FIGURE_ROLLBACK_RATE,
    FIGURE_RECOVERY_TIME,
    FIGURE_AVAILABILITY,
    FIGURE_LEAD_TIME,
    FIGURE_DISASTER_TIME,
    FIGURE_COUNT
};

enum {
    FIGURES_STRATEGIES_MAX = 32, /* further ones count for all alone */
    FIGURES_PIPELINES_MAX = 64,  /* whose artifacts are compared */
    FIGURES_TAKEN_MAX = 1024     /* taken back, and their deployment did not come yet */
};

enum figure_target { TARGET_NONE, TARGET_ABOVE, TARGET_BELOW, TARGET_EXACT };

/* What is fixed about a figure. */
struct figure_row {
    const char *name; /* "rollback_time" */
    const char *label;
    const char *unit;    /* "s", "ratio", "per_day" */
    const char *unknown; /* why it may not be known */
    const char *dora;    /* its name among the four; NULL */
    enum figure_target target;
    double bound;
    bool is_of_strategies; /* deployments make it, and each strategy has its own */
};

extern const struct figure_row figure_rows[FIGURE_COUNT];

/* A run of a pipeline that is over; JOURNAL_UNKNOWN and NAN where nobody knows. */
struct figures_run {
    const char *pipeline;
    bool is_released;
    int64_t elapsed_ms, working_ms, build_ms, lead_ms;
    double coverage_percent, artifact_bytes;
};

struct figure_sum {
    double total, weight;
    uint32_t count; /* deployments or runs that counted */
};

struct figures_strategy {
    char name[NAME_MAX_LENGTH + 1];
    uint32_t deployments;
    struct figure_sum sums[FIGURE_COUNT];
};

struct figures_artifact {
    char pipeline[NAME_MAX_LENGTH + 1];
    double newest, oldest;
    uint32_t count;
};

/* Some 200 KiB; the caller's, zero at first. */
struct figures {
    struct figures_strategy all; /* name "" */
    size_t strategy_count;
    struct figures_strategy strategies[FIGURES_STRATEGIES_MAX];
    size_t artifact_count;
    struct figures_artifact artifacts[FIGURES_PIPELINES_MAX];
    size_t taken_count;
    uint64_t taken[FIGURES_TAKEN_MAX];
    uint32_t runs;
    uint64_t disaster;   /* the last deployment whose recovery plan ended well; 0 none */
    int64_t disaster_ms; /* of it */
    bool is_cut;         /* one of the limits above was reached */
};

/* Newest first, both. */
void figures_deployment(struct figures *figures, const struct journal_ended *row);
void figures_run(struct figures *figures, const struct figures_run *run);

/* After the last one: `span_ms` is what the journal covers of the span. */
void figures_end(struct figures *figures, int64_t span_ms);

/* NAN: not known. */
double figures_value(const struct figure_sum *sum);

/* Is the target met? False too where there is none; ask TARGET_NONE and isnan() before. */
bool figures_is_met(enum figure figure, double value);

#endif
