/* compare_counts.c - tests of verdict compare on events and totals: sequential, objective, traffic_share.
 * SPDX-License-Identifier: MIT */
#include "cli/compare_read.h"
#include "cli/compare_test.h"
#include "io/memory.h"
#include "judge/compared.h"
#include "judge/objective.h"
#include "judge/rate_ratio.h"
#include "judge/traffic_share.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { REASON_SIZE = 240 };

static bool read_alpha(const struct json_node *item, double *alpha, struct err *err)
{
    return compare_read_number(item, "error_probability", 1e-12, .5, alpha, err);
}

/* ---- sequential ---- */

/* By enum comparison_form. */
static const char *const forms[] = {"robust", "poisson", "auto", NULL};

struct sequential {
    enum comparison_form form;
    double allow, alpha, confidence, dispersion;
    int64_t block; /* steps that are one block */
    int64_t events_min;
    struct compare_blocks series;
    struct sequential_state sums;
    struct rate_ratio independent;
    double log_e, log_e_max;
    size_t crossing;
};

static bool read_sequential(const struct json_node *item, struct sequential *test, struct err *err)
{
    struct json_node form = json_member(item, "form");
    unsigned choice = FORM_ROBUST;

    if (!compare_read_side(item, "control", true, &test->series, err) ||
        !compare_read_side(item, "experiment", false, &test->series, err) ||
        !compare_read_choice(item, "form", forms, &choice, err) ||
        !compare_read_integer(item, "block", 1, COMPARE_BLOCK_MAX, &test->block, err) ||
        !compare_read_integer(item, "min_events", 0, COMPARE_BLOCK_MAX, &test->events_min, err) ||
        !compare_read_number(item, "allow", 1e-3, 1e3, &test->allow, err) ||
        !compare_read_number(item, "confidence", .5, 1 - 1e-12, &test->confidence, err) ||
        !read_alpha(item, &test->alpha, err))
        return false;
    test->form = (enum comparison_form)choice;
    if (form.item == NULL && test->series.count <= (size_t)test->block)
        test->form = FORM_POISSON; /* a single block is no series: bets on it could never win */
    return true;
}

/* Joins `block` steps to one, in place; a rest at the end is a block too. */
static void join_steps(struct sequential *test)
{
    struct sequential_block *blocks = test->series.blocks;
    size_t count = 0;

    for (size_t at = 0; at < test->series.count; at++) {
        struct sequential_block step = blocks[at];
        if (at % (size_t)test->block == 0) {
            blocks[count++] = step;
            continue;
        }
        blocks[count - 1].events += step.events;
        blocks[count - 1].total += step.total;
        blocks[count - 1].stable_events += step.stable_events;
        blocks[count - 1].stable_total += step.stable_total;
    }
    test->series.count = count;
}

static void choose_form(struct sequential *test)
{
    test->dispersion = rate_ratio_dispersion(test->series.blocks, test->series.count);
    if (test->form == FORM_AUTO) /* robust too where nothing can be measured */
        test->form = test->dispersion <= DISPERSION_ROBUST ? FORM_POISSON : FORM_ROBUST;
}

static void run_blocks(struct sequential *test)
{
    test->crossing = SIZE_MAX;
    for (size_t at = 0; at < test->series.count; at++) {
        sequential_add(&test->sums, &test->series.blocks[at], test->allow);
        rate_ratio_add(&test->independent, &test->series.blocks[at], test->allow);
        test->log_e =
            test->form == FORM_POISSON ? rate_ratio_log_e(&test->independent) : sequential_log_e(&test->sums);
        test->log_e_max = fmax(test->log_e_max, test->log_e);
        if (test->crossing == SIZE_MAX && test->log_e_max >= -log(test->alpha) &&
            test->sums.events >= (double)test->events_min)
            test->crossing = at;
    }
}

static const char *sequential_verdict(const struct sequential *test, char reason[REASON_SIZE])
{
    const struct sequential_state *sums = &test->sums;
    char evidence[COMPARE_EVIDENCE_SIZE];

    (void)compare_evidence(test->log_e_max, evidence);
    if (sums->blocks == 0) {
        (void)snprintf(reason, REASON_SIZE, "no block has traffic on both sides");
        return "inconclusive";
    }
    bool is_proven = test->crossing != SIZE_MAX;
    (void)snprintf(
        reason, REASON_SIZE,
        "%.4g of %.6g events against %.4g of %.6g: evidence %s:1, limit %.4g:1, allowed ratio %.4g",
        sums->events, sums->total, sums->stable_events, sums->stable_total, evidence, 1 / test->alpha,
        test->allow);
    return is_proven ? "fail" : "pass";
}

static void add_sequential(cJSON *answer, const struct sequential *test)
{
    char reason[REASON_SIZE];
    double estimate;
    double lower;
    double upper;

    cJSON_AddStringToObject(answer, "verdict", sequential_verdict(test, reason));
    cJSON_AddStringToObject(answer, "reason", reason);
    cJSON_AddStringToObject(answer, "form", forms[test->form]);
    compare_add_e_value(answer, test->log_e, test->log_e_max);
    cJSON_AddNumberToObject(answer, "p_value", exp(-test->log_e_max));
    rate_ratio_interval(test->series.blocks, test->series.count, 1 - test->confidence, &estimate, &lower,
                        &upper);
    cJSON_AddNumberToObject(answer, "estimate", estimate);
    compare_add_pair(answer, "interval", lower, upper);
    compare_add_crossing(answer, test->crossing);
    cJSON_AddNumberToObject(answer, "dispersion", test->dispersion);
    cJSON_AddNumberToObject(answer, "blocks", test->sums.blocks);
    compare_add_counts(answer, test->sums.stable_total, test->sums.total);
}

static bool run_sequential(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct sequential test = {.allow = 1, .alpha = .01, .confidence = .95, .block = 1};
    bool is_good = read_sequential(item, &test, err);

    if (is_good) {
        join_steps(&test);
        choose_form(&test);
        run_blocks(&test);
        add_sequential(answer, &test);
    }
    free(test.series.blocks);
    return is_good;
}

static const char *const sequential_keys[] = {
    "control", "experiment", "form", "block", "min_events", "allow", "confidence", "error_probability", NULL};

const struct compare_test compare_sequential = {"sequential", run_sequential, sequential_keys};

/* ---- objective ---- */

struct objective {
    double ratio, allow, alpha;
    struct compare_blocks series;
};

/* The ratio is given, or what a history allows at the most. */
static bool read_objective(const struct json_node *item, struct objective *test, struct err *err)
{
    struct compare_blocks history = {0};
    bool has_history = json_member(item, "history").item != NULL;
    bool has_ratio = json_member(item, "objective").item != NULL;

    if (has_history == has_ratio)
        return compare_refuse(item, "objective", err, "give either objective (a ratio) or history");
    if (!compare_read_side(item, "experiment", false, &test->series, err) ||
        !compare_read_number(item, "objective", 1e-12, 1, &test->ratio, err) ||
        !compare_read_number(item, "allow", 1, 1e3, &test->allow, err) ||
        !read_alpha(item, &test->alpha, err))
        return false;
    if (has_ratio)
        return true;
    bool is_good = compare_read_side(item, "history", false, &history, err);
    double events = 0;
    double total = 0;
    for (size_t at = 0; is_good && at < history.count; at++) {
        events += history.blocks[at].events;
        total += history.blocks[at].total;
    }
    free(history.blocks);
    if (is_good && total <= 0)
        return compare_refuse(item, "history", err, "has no requests");
    test->alpha /= 2; /* half of it for the limit, half for the test */
    test->ratio = is_good ? objective_history_limit(events, total, test->alpha) : NAN;
    return is_good;
}

static void add_objective(cJSON *answer, const struct objective *test)
{
    double bound = test->ratio * test->allow;
    double events = 0;
    double total = 0;
    double log_e = 0;
    double log_e_max = 0;
    size_t crossing = SIZE_MAX;
    char evidence[COMPARE_EVIDENCE_SIZE];
    char reason[REASON_SIZE];

    for (size_t at = 0; at < test->series.count; at++) {
        events += test->series.blocks[at].events;
        total += test->series.blocks[at].total;
        log_e = objective_log_e(events, total, bound);
        log_e_max = fmax(log_e_max, log_e);
        if (crossing == SIZE_MAX && log_e_max >= -log(test->alpha))
            crossing = at;
    }
    (void)snprintf(reason, sizeof(reason), "%.4g of %.6g events, allowed %.4g: evidence %s:1, limit %.4g:1",
                   events, total, bound, compare_evidence(log_e_max, evidence), 1 / test->alpha);
    cJSON_AddStringToObject(answer, "verdict",
                            crossing != SIZE_MAX ? "fail"
                            : total > 0          ? "pass"
                                                 : "inconclusive");
    cJSON_AddStringToObject(answer, "reason", reason);
    compare_add_e_value(answer, log_e, log_e_max);
    cJSON_AddNumberToObject(answer, "p_value", exp(-log_e_max));
    cJSON_AddNumberToObject(answer, "estimate", events / total);
    cJSON_AddNumberToObject(answer, "bound", bound);
    compare_add_crossing(answer, crossing);
    compare_add_counts(answer, 0, total);
}

static bool run_objective(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct objective test = {.allow = 1.5, .alpha = .01};
    bool is_good = read_objective(item, &test, err);

    if (is_good)
        add_objective(answer, &test);
    free(test.series.blocks);
    return is_good;
}

static const char *const objective_keys[] = {"experiment", "objective",         "history",
                                             "allow",      "error_probability", NULL};

const struct compare_test compare_objective = {"objective", run_objective, objective_keys};

/* ---- traffic_share ---- */

struct share {
    double share, alpha;
    struct compare_numbers control, experiment;
};

static bool read_share(const struct json_node *item, struct share *test, struct err *err)
{
    if (!compare_read_numbers(item, "control", false, &test->control, err) ||
        !compare_read_numbers(item, "experiment", false, &test->experiment, err))
        return false;
    if (json_member(item, "share").item == NULL)
        return compare_refuse(item, "share", err, "is missing: the part of the requests that was routed");
    if (!compare_read_number(item, "share", 1e-6, 1 - 1e-6, &test->share, err) ||
        !read_alpha(item, &test->alpha, err))
        return false;
    if (test->control.count != test->experiment.count)
        return compare_refuse(item, "experiment", err, "has %zu steps, the other side has %zu",
                              test->experiment.count, test->control.count);
    for (size_t at = 0; at < test->control.count; at++) {
        if (!(test->control.values[at] >= 0))
            return compare_refuse(item, "control", err, "step %zu is not a count of 0 or more", at);
        if (!(test->experiment.values[at] >= 0))
            return compare_refuse(item, "experiment", err, "step %zu is not a count of 0 or more", at);
    }
    return true;
}

static void add_share(cJSON *answer, const struct share *test)
{
    double control = 0;
    double experiment = 0;
    double log_e = 0;
    double log_e_max = 0;
    size_t crossing = SIZE_MAX;
    char evidence[COMPARE_EVIDENCE_SIZE];
    char reason[REASON_SIZE];

    for (size_t at = 0; at < test->control.count; at++) {
        control += test->control.values[at];
        experiment += test->experiment.values[at];
        log_e = traffic_share_log_e(experiment, control, test->share, TRAFFIC_SHARE_STRENGTH);
        log_e_max = fmax(log_e_max, log_e);
        if (crossing == SIZE_MAX && log_e_max >= -log(test->alpha))
            crossing = at;
    }
    (void)snprintf(reason, sizeof(reason), "%.6g of %.6g requests, routed %.4g: evidence %s:1, limit %.4g:1",
                   experiment, experiment + control, test->share, compare_evidence(log_e_max, evidence),
                   1 / test->alpha);
    cJSON_AddStringToObject(answer, "verdict",
                            crossing == SIZE_MAX && control + experiment > 0 ? "pass" : "inconclusive");
    cJSON_AddStringToObject(answer, "reason", reason);
    compare_add_e_value(answer, log_e, log_e_max);
    cJSON_AddNumberToObject(answer, "p_value", exp(-log_e_max));
    cJSON_AddNumberToObject(answer, "estimate", experiment / (experiment + control));
    compare_add_crossing(answer, crossing);
    compare_add_counts(answer, control, experiment);
}

static bool run_share(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct share test = {.alpha = .001};
    bool is_good = read_share(item, &test, err);

    if (is_good)
        add_share(answer, &test);
    free(test.control.values);
    free(test.experiment.values);
    return is_good;
}

static const char *const share_keys[] = {"control", "experiment", "share", "error_probability", NULL};

const struct compare_test compare_traffic_share = {"traffic_share", run_share, share_keys};
