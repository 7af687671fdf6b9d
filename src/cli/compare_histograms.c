/* compare_histograms.c - tests of verdict compare on counts by bucket: latency_tail and distribution.
 * SPDX-License-Identifier: MIT */
#include "cli/compare_read.h"
#include "cli/compare_test.h"
#include "judge/distribution.h"
#include "judge/latency_tail.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { REASON_SIZE = 240 };

struct sides {
    struct compare_histograms control, experiment;
    double allow, alpha;
};

static bool read_sides(const struct json_node *item, struct sides *sides, struct err *err)
{
    if (!compare_read_number(item, "allow", 1e-3, 1e3, &sides->allow, err) ||
        !compare_read_number(item, "error_probability", 1e-12, .5, &sides->alpha, err) ||
        !compare_read_histograms(item, "control", DISTRIBUTION_BUCKETS_MAX, &sides->control, err))
        return false;
    sides->experiment.bucket_count = sides->control.bucket_count;
    if (!compare_read_histograms(item, "experiment", DISTRIBUTION_BUCKETS_MAX, &sides->experiment, err))
        return false;
    return sides->experiment.block_count == sides->control.block_count ||
           compare_refuse(item, "experiment", err, "has %zu blocks, the other side has %zu",
                          sides->experiment.block_count, sides->control.block_count);
}

static void free_sides(struct sides *sides)
{
    free(sides->control.counts);
    free(sides->experiment.counts);
}

static const double *row(const struct compare_histograms *histograms, size_t block)
{
    return histograms->counts + block * histograms->bucket_count;
}

static double sum_of(const struct compare_histograms *histograms)
{
    double sum = 0;

    for (size_t at = 0; at < histograms->block_count * histograms->bucket_count; at++)
        sum += histograms->counts[at];
    return sum;
}

/* ---- latency_tail ---- */

struct tail {
    struct sides sides;
    struct compare_numbers bounds; /* upper ones; the last bucket has none */
    double bound;                  /* the one that is judged; NAN: chosen from the first block */
    size_t first;                  /* block that is judged first */
    struct latency_tail state;
    size_t crossing;
};

static bool check_bounds(const struct json_node *item, const struct tail *tail, struct err *err)
{
    const struct compare_numbers *bounds = &tail->bounds;

    if (bounds->count + 1 != tail->sides.control.bucket_count)
        return compare_refuse(item, "bounds", err,
                              "are %zu; blocks of %zu counts have one less, the last bucket being open",
                              bounds->count, tail->sides.control.bucket_count);
    for (size_t at = 1; at < bounds->count; at++)
        if (!(bounds->values[at - 1] < bounds->values[at]))
            return compare_refuse(item, "bounds", err, "do not ascend at %zu", at);
    return true;
}

static bool choose(const struct json_node *item, struct tail *tail, struct err *err)
{
    if (isnan(tail->bound)) {
        if (tail->sides.control.block_count > 0)
            latency_tail_choose(&tail->state, row(&tail->sides.control, 0), tail->bounds.count + 1);
        tail->first = 1;
        return true;
    }
    for (size_t at = 0; at < tail->bounds.count; at++)
        if (tail->bounds.values[at] == tail->bound) {
            latency_tail_fix(&tail->state, (uint8_t)at);
            return true;
        }
    return compare_refuse(item, "bound", err, "%g is none of the bounds", tail->bound);
}

static bool read_tail(const struct json_node *item, struct tail *tail, struct err *err)
{
    return read_sides(item, &tail->sides, err) &&
           compare_read_numbers(item, "bounds", false, &tail->bounds, err) && check_bounds(item, tail, err) &&
           json_number(item, "bound", JSON_OPTIONAL, &tail->bound, err) && choose(item, tail, err);
}

static void run_blocks(struct tail *tail)
{
    const struct sides *sides = &tail->sides;

    tail->crossing = SIZE_MAX;
    for (size_t at = tail->first; at < sides->control.block_count; at++) {
        latency_tail_add(&tail->state, row(&sides->experiment, at), row(&sides->control, at),
                         sides->control.bucket_count, sides->allow);
        if (tail->crossing == SIZE_MAX && tail->state.log_e_max >= -log(sides->alpha))
            tail->crossing = at;
    }
}

static void add_bounds(cJSON *answer, const struct tail *tail)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "bounds");

    for (uint8_t at = 0; at < tail->state.bound_count; at++) {
        const struct sequential_state *test = &tail->state.tests[at];
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddNumberToObject(entry, "bound", tail->bounds.values[tail->state.bounds[at]]);
        cJSON_AddNumberToObject(entry, "control_above", test->stable_events / test->stable_total);
        cJSON_AddNumberToObject(entry, "experiment_above", test->events / test->total);
        cJSON_AddNumberToObject(entry, "e_value", exp(sequential_log_e(test)));
        cJSON_AddItemToArray(list, entry);
    }
}

static const char *tail_verdict(const struct tail *tail, char reason[REASON_SIZE])
{
    const struct latency_tail *state = &tail->state;
    char evidence[COMPARE_EVIDENCE_SIZE];
    uint8_t worst = latency_tail_worst(state);
    const struct sequential_state *test = &state->tests[worst];

    if (state->bound_count == 0) {
        (void)snprintf(reason, REASON_SIZE,
                       "the control's first block has no bound with 0.05 to 50 %% of its requests above");
        return "inconclusive";
    }
    if (test->blocks == 0) {
        (void)snprintf(reason, REASON_SIZE, "no judged block has requests on both sides");
        return "inconclusive";
    }
    (void)snprintf(reason, REASON_SIZE,
                   "above %.4g: %.3g %% of the requests against %.3g %%; evidence %s:1, limit %.4g:1",
                   tail->bounds.values[state->bounds[worst]], 100 * test->events / test->total,
                   100 * test->stable_events / test->stable_total,
                   compare_evidence(state->log_e_max, evidence), 1 / tail->sides.alpha);
    return tail->crossing == SIZE_MAX ? "pass" : "fail";
}

static void add_tail(cJSON *answer, const struct tail *tail)
{
    const struct sequential_state *worst = &tail->state.tests[latency_tail_worst(&tail->state)];
    char reason[REASON_SIZE];
    double estimate = NAN;
    double lower = NAN;
    double upper = NAN;

    cJSON_AddStringToObject(answer, "verdict", tail_verdict(tail, reason));
    cJSON_AddStringToObject(answer, "reason", reason);
    compare_add_e_value(answer, latency_tail_log_e(&tail->state), tail->state.log_e_max);
    cJSON_AddNumberToObject(answer, "p_value", exp(-tail->state.log_e_max));
    if (worst->blocks > 0)
        sequential_interval(worst, .95, &estimate, &lower, &upper);
    cJSON_AddNumberToObject(answer, "estimate", estimate);
    compare_add_pair(answer, "interval", lower, upper);
    add_bounds(answer, tail);
    compare_add_crossing(answer, tail->crossing);
    compare_add_counts(answer, sum_of(&tail->sides.control), sum_of(&tail->sides.experiment));
}

static bool run_tail(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct tail tail = {.sides = {.allow = 1, .alpha = .01}, .bound = NAN};
    bool is_good = read_tail(item, &tail, err);

    if (is_good) {
        run_blocks(&tail);
        add_tail(answer, &tail);
    }
    free_sides(&tail.sides);
    free(tail.bounds.values);
    return is_good;
}

static const char *const tail_keys[] = {"control", "experiment",        "bounds", "bound",
                                        "allow",   "error_probability", NULL};

const struct compare_test compare_latency_tail = {"latency_tail", run_tail, tail_keys};

/* ---- distribution ---- */

static void add_distribution(cJSON *answer, const struct sides *sides)
{
    struct distribution state = {.log_e = 0};
    size_t crossing = SIZE_MAX;
    char evidence[COMPARE_EVIDENCE_SIZE];
    char reason[REASON_SIZE];
    double control = sum_of(&sides->control);
    double experiment = sum_of(&sides->experiment);

    for (size_t at = 0; at < sides->control.block_count; at++) {
        distribution_add(&state, row(&sides->experiment, at), row(&sides->control, at),
                         sides->control.bucket_count);
        if (crossing == SIZE_MAX && state.log_e_max >= -log(sides->alpha))
            crossing = at;
    }
    (void)snprintf(reason, sizeof(reason), "evidence %s:1 for different distributions, limit %.4g:1",
                   compare_evidence(state.log_e_max, evidence), 1 / sides->alpha);
    cJSON_AddStringToObject(answer, "verdict",
                            crossing != SIZE_MAX            ? "warning"
                            : control > 0 && experiment > 0 ? "pass"
                                                            : "inconclusive");
    cJSON_AddStringToObject(answer, "reason", reason);
    compare_add_e_value(answer, state.log_e, state.log_e_max);
    cJSON_AddNumberToObject(answer, "p_value", exp(-state.log_e_max));
    compare_add_crossing(answer, crossing);
    compare_add_counts(answer, control, experiment);
}

static bool run_distribution(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct sides sides = {.allow = 1, .alpha = .01};
    bool is_good = read_sides(item, &sides, err);

    if (is_good)
        add_distribution(answer, &sides);
    free_sides(&sides);
    return is_good;
}

static const char *const distribution_keys[] = {"control", "experiment", "error_probability", NULL};

const struct compare_test compare_distribution = {"distribution", run_distribution, distribution_keys};
